"""A live child can be killed. Another one ends. Waits of the library's own for it are held before the kernel has begun
them while it is killed: the kill may look, and must not take what a wait is to tell. Then they go on, and the child is
waited for."""

OUTCOMES = {
    "status-lost": (False, "said", "the wait after the kill did not tell how the child had ended"),
    "status-delivered": (True, "said", "the wait after the kill told the child's status"),
}
NEEDS = ("spawn", "wait", "kill")
HOLD = ("wait",)


def play(subject):
    world = subject.world
    subject.must_kill()
    subject.hold(subject.is_wait_by_id)
    pid, gate = subject.start_gated("a", 7)
    world.open_gate(gate)
    world.await_over(pid)
    subject.send("kill", child="a")
    subject.answer_before_waits(pid)
    subject.send("wait", child="a")
    answer = subject.answer(within=world.hang)
    if answer is None:
        subject.kill()
    return "status-delivered" if answer and answer.tells_exit(7) else "status-lost"
