"""A live child can be killed. For another one a thread waits; when it has begun a second thread kills it. The kill is
held before the kernel has begun it; the child ends. When the first thread reaps it nevertheless, a stranger gets its
pid, and then the kill goes on."""

OUTCOMES = {
    "stranger-killed": (False, "stranger-hit", "the kill reached the process that had got the child's pid"),
    "refused": (True, "said", "no signal was sent to a pid that was free"),
}
NEEDS = ("spawn", "wait", "kill", "await", "together")
SCENERY = ("forced-pids",)
HOLD = ("kill", "wait")


def play(subject):
    world, holding, start = subject.world, subject.holding, subject.world.gate()
    subject.must_kill()
    pid, gate = subject.start_gated("a")
    subject.hold(subject.is_wait_by_id)
    subject.send_together([("await", {"path": start}), ("kill", {"child": "a"})], [("wait", {"child": "a"})])
    holding.await_held(within=world.patience)
    holding.release()
    subject.hold(subject.is_for_children)
    world.open_gate(start)
    is_held = holding.await_held(within=world.patience)
    world.open_gate(gate)
    world.await_over(pid)
    if world.is_gone(pid):
        world.stranger(pid)
        subject.words.step(f"a stranger is born as {pid}, and the kill {'goes on' if is_held else 'was not begun'}")
    holding.release()
    subject.answers_together()
    return "refused"
