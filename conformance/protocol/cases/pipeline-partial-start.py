"""A whole pipeline can be started. Of another the right half is not there. The left half, which never writes, is to be
neither running nor a zombie afterwards. If it was not started, or ended at once, it reports nothing."""

OUTCOMES = {
    "left-behind": (False, "survivors", "the left half outlived the program"),
    "zombie": (False, "said", "what was started of it is over, and was never waited for"),
    "nothing-left": (True, "said", "nothing outlived the program"),
}
NEEDS = ("pipeline",)


def half(subject, *words):
    helper = subject.helper(*words)
    return [helper["program"], *helper["arguments"]]


def must_start(subject):
    """The pids of the library's children, which may stay zombies: nobody waits for this one."""
    subject.must("pipeline", child="control", first=half(subject, "gate", gate := subject.world.gate(), 0),
                 second=half(subject, "read"))
    for verb in ("gate", "reading"):
        subject.world.report(verb)
    found = subject.world.children(subject.pid)
    subject.world.open_gate(gate)
    return {*found}


def play(subject):
    world, others = subject.world, must_start(subject)
    subject.ask("pipeline", child="p", first=half(subject, "sleep"), second=["/no/such/program"])
    started = world.report("sleep", world.patience)
    is_over = not started or world.is_over(started[0])
    if is_over and not world.until(lambda: {*world.zombies(subject.pid)} <= others):
        return "zombie"
    return "nothing-left"
