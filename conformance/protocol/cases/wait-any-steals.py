"""A child ends while its parent is stopped. When it goes on another component waits for any child, and takes it. Waits
of the library's own for this one are held before the kernel has begun them until that is done, so that they come too
late. Where that holds up the other component too, there is one loop for both, and the library was first."""

import signal

OUTCOMES = {
    "status-invented": (False, "said", "the wait told a status that is not the child's"),
    "hung": (False, "said", "the wait did not return"),
    "loss-told": (True, "said", "the wait told that the status is not known"),
    "status-kept": (True, "said", "the library had the child's status before"),
}
NEEDS = ("spawn", "wait", "reap")
HOLD = ("wait",)


def play(subject):
    world = subject.world
    subject.hold(subject.is_wait_by_id)
    pid, gate = subject.start_gated("a", 7)
    subject.send_signal(signal.SIGSTOP)
    world.await_state(subject.pid, "T")
    world.open_gate(gate)
    world.await_over(pid)
    subject.send("reap")
    subject.send_signal(signal.SIGCONT)
    subject.answer_before_waits(pid)
    subject.send("wait", child="a")
    answer = subject.answer(within=world.hang)
    if answer is None:
        subject.kill()
        return "hung"
    if answer.tells_exit(7):
        return "status-kept"
    return "status-invented" if answer.status else "loss-told"
