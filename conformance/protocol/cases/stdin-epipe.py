"""A child that reads can be written to. Another one, which wants no input, is over before its parent writes to it.
Nobody reads the pipe any more, so that the write raises SIGPIPE where the library, or its runtime, leaves that as it
is."""

import signal

from player import ends

OUTCOMES = {
    "killed-by-sigpipe": (False, "said", "the writer died because its child had ended"),
    "went-on": (True, "said", "the write failed, or nothing came of it, and the program went on"),
}
NEEDS = ("spawn", "stdin", "write")
RUN = ("-o", "sigpipe=epipe")
OF_SIGPIPE = (-signal.SIGPIPE, 128 + signal.SIGPIPE)  # what stands around the program answers as a shell does
SIZE = 1000


def must_write(subject):
    subject.start_helper("control", "read", stdin="pipe")
    subject.world.report("reading")
    subject.must("write", child="control", size=SIZE)
    if "close" in subject.can:
        subject.must("close", child="control")
        if subject.world.report("read")[1] != [str(SIZE)]:
            raise ends.Broken("what is written does not arrive")


def play(subject):
    world, gate = subject.world, subject.world.gate()
    must_write(subject)
    subject.start_helper("a", "gate", gate, 0, stdin="pipe")
    pid, _ = world.report("gate")
    world.open_gate(gate)
    world.await_over(pid)
    try:
        subject.ask("write", child="a", size=SIZE)
        subject.ask("ping")  # a library may write after its answer
    except ends.Gone as gone:
        if gone.status in OF_SIGPIPE:
            return "killed-by-sigpipe"
        raise
    return "went-on"
