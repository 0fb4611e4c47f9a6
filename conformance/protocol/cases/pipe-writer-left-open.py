"""Two children are started, one of them with a pipe, which is then closed: it must come to the end of its input
although the other one stays. Where output can be read, that of a child that is over must have an end as well."""

OUTCOMES = {
    "never-ends": (False, "said", "the reader was still waiting for somebody who could write, and would not"),
    "completed": (True, "said", "what there was came, and its end"),
}
NEEDS = ("spawn", "stdin", "close")


def play(subject):
    if has_end(subject) and (not {"stdout", "read"} <= subject.can or can_be_read(subject)):
        return "completed"
    subject.words.step("the end has not come for a while: the adapter is ended")
    subject.kill()
    return "never-ends"


def has_end(subject):
    world = subject.world
    subject.start_helper("a", "read", stdin="pipe")
    subject.start_helper("b", "sleep")
    world.report("reading")
    world.report("sleep")
    subject.send("close", child="a")
    return world.report("read", world.patience) and subject.answer()


def can_be_read(subject):
    subject.start_helper("c", "exit", 0, stdout="pipe")
    subject.send("read", child="c")
    return subject.answer(subject.world.patience)
