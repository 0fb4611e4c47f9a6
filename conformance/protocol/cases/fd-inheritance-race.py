"""One thread starts a child with a pipe. Each of its calls that mark an end close-on-exec is held, and meanwhile
another thread starts a child that stays. Then the pipe is closed: does the first child come to the end of its input?
Where nothing marks an end, the others are started when the first child is."""

import contextlib
import os

OUTCOMES = {
    "not-started": (False, "said", "no child was started: the library needs its pipes to be inherited"),
    "never-ends": (False, "said", "another thread's child holds the writing end, and the reader was still waiting"),
    "completed": (True, "said", "the reader came to the end of its input"),
}
NEEDS = ("spawn", "stdin", "close", "await", "together")
HOLD = ("setfd",)
RUN = ("-o", "pipes=cloexec")
MOMENTS = 4  # for two ends, and a pipe of the library's own


def play(subject):
    world, holding, gates = subject.world, subject.holding, [subject.world.gate() for _ in range(MOMENTS)]
    if subject.ask("spawn", child="first", stdin="pipe", **subject.helper("exit", 0)).ok is None:
        return subject.not_started()
    others = [[("await", {"path": gate}), ("spawn", {"child": gate, **subject.helper("sleep")})] for gate in gates]
    subject.hold(marks_of_first_thread())
    subject.send_together([("spawn", {"child": "a", "stdin": "pipe", **subject.helper("read")})], sum(others, []))
    for gate in gates:
        world.events.until(lambda: holding.held or world.find_report("reading"), world.long)
        world.open_gate(gate)
        if not world.report("sleep", world.patience if holding.held else world.long):
            break  # the other thread is kept out
        if holding.held:
            holding.release(holding.held[0])
    holding.release()
    for gate in gates:
        world.open_gate(gate)  # that are not: the others have nobody before them any more
    subject.answers_together()
    world.report("reading")
    subject.send("close", child="a")
    if world.report("read", world.patience):
        subject.answer()
        return "completed"
    subject.kill()  # its close may wait for the child
    return "never-ends"


def marks_of_first_thread():
    """A rule for `hold`: who marks a pipe first is the one that was to; the other thread waits for its gate."""
    threads = []

    def rule(call):
        descriptor, _, flag, *_ = call.arguments
        if flag and is_pipe(f"/proc/{call.thread}/fd/{descriptor}"):
            threads.append(call.thread)
        return threads[:1] == [call.thread]

    return rule


def is_pipe(link):
    with contextlib.suppress(FileNotFoundError):  # some mark all numbers that there could be
        return os.readlink(link).startswith(("pipe:", "socket:"))
    return False
