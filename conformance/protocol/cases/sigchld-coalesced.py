"""Thirty children end while their parent is stopped, so that all their SIGCHLD are one when it goes on. Then each is
waited for."""

import signal

OUTCOMES = {
    "some-missed": (False, "said", "fewer children were noticed than have ended, or not as they ended"),
    "all-noticed": (True, "said", "every child that ended was noticed, and its status told"),
}
NEEDS = ("spawn", "wait")

COUNT = 30


def play(subject):
    world = subject.world
    children = [subject.start_gated(f"child-{i}", i) for i in range(COUNT)]
    subject.send_signal(signal.SIGSTOP)
    world.await_state(subject.pid, "T")
    for pid, gate in children:
        world.open_gate(gate)
        world.await_over(pid)
    subject.send_signal(signal.SIGCONT)
    for i in range(COUNT):
        subject.send("wait", child=f"child-{i}")
        answer = subject.answer(within=world.hang)
        if answer is None:
            subject.kill()
        if not answer or not answer.tells_exit(i):
            return "some-missed"
    return "all-noticed"
