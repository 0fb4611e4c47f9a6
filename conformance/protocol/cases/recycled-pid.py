"""A live child can be killed. Another one is waited for, and its pid goes to a stranger. Then that child is killed, and
asked to end, once more."""

OUTCOMES = {
    "stranger-killed": (False, "stranger-hit", "the signal reached the process that had got the child's pid"),
    "refused": (True, "said", "no signal was sent"),
}
NEEDS = ("spawn", "wait", "kill")
SCENERY = ("forced-pids",)


def play(subject):
    world = subject.world
    subject.must_kill()
    pid, gate = subject.start_gated("a")
    world.open_gate(gate)
    subject.must("wait", child="a")
    world.await_state(pid, "")
    world.stranger(pid)
    subject.words.step(f"a stranger is born as {pid}")
    subject.ask("kill", child="a")
    if "terminate" in subject.can:
        subject.ask("terminate", child="a")
    return "refused"
