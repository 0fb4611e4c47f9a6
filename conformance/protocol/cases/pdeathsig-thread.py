"""A thread starts a child that is to be killed when its parent is gone; when the child is at work the thread ends. The
program lives on."""

OUTCOMES = {
    "killed": (False, "said", "the child was killed although the program lived"),
    "served": (True, "said", "the child lived as long as the program"),
}
NEEDS = ("spawn", "pdeathsig", "await", "together")


def play(subject):
    world, gate = subject.world, subject.world.gate()
    spawn = ("spawn", {"child": "a", "pdeathsig": True, **subject.helper("sleep")})
    subject.send_together([spawn, ("await", {"path": gate})], [("ping", {})])
    pid, _ = world.report("sleep")
    world.open_gate(gate)
    subject.answers_together()
    return "killed" if world.is_over(pid) else "served"
