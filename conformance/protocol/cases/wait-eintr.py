"""The program has a handler of its own for SIGUSR1. A thread sleeps in a wait. Another child ends, that signal comes,
and others that a runtime may handle and that do nothing otherwise: each that is handled may interrupt the wait. Only
then its child ends."""

import signal

OUTCOMES = {
    "given-up": (False, "said", "the interrupted wait was taken for a failure"),
    "status-known": (True, "said", "the wait went on, and told the child's status"),
}
NEEDS = ("spawn", "wait", "handle")

HARMLESS = (signal.SIGUSR1, signal.SIGCHLD, signal.SIGURG, signal.SIGWINCH)


def play(subject):
    world = subject.world
    subject.must("handle")
    _, gate = subject.start_gated("a", 7)
    other, gate_of_other = subject.start_gated("b")
    subject.send("wait", child="a")
    world.until(lambda: world.is_waiting(subject.pid))
    world.open_gate(gate_of_other)
    world.await_over(other)
    for number in HARMLESS:
        subject.send_signal(number)
    world.until(lambda: not world.has_pending(subject.pid))
    world.open_gate(gate)
    return "status-known" if subject.answer().tells_exit(7) else "given-up"
