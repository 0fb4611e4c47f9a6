"""One child that ends when it is asked to, and one that does not listen, are ended by the library's own way to do that.
A tool is asked to end above each of them."""

import signal

OUTCOMES = {
    "left-behind": (False, "survivors", "who had not listened outlived the one who was to end it"),
    "not-asked": (False, "said", "the program was not asked to end"),
    "ended": (True, "said", "the program was asked, and killed when the grace was over"),
    "awaited": (True, "said", "the program was asked, and the tool stayed until it had ended"),
}
NEEDS = ("spawn", "stop")
TOOL_NEEDS = ("forward",)
RUN = ("--grace=100ms",)
DEADLINE = 30

LONG, SHORT = 15000, 300  # graces, in milliseconds


def play(subject):
    world = subject.world
    subject.start_helper("polite", "polite", grace=LONG)
    world.report("ready")
    subject.ask("stop", child="polite", grace=LONG)
    if not world.report("polite", within=world.patience):
        return "not-asked"
    subject.start_helper("deaf", "deaf", grace=SHORT)
    world.report("deaf")
    subject.send("stop", child="deaf", grace=SHORT)
    if subject.answer(within=world.long) is None:
        subject.kill()
    return "ended"


def play_tool(tool):
    world = tool.world
    tool.start("polite")
    world.report("ready")
    tool.send(signal.SIGTERM)
    if not world.report("polite", within=world.patience):
        return "not-asked"
    tool.await_end()
    tool.start("deaf")
    pid, _ = tool.report("deaf")
    tool.send(signal.SIGTERM)
    if tool.is_over():
        return "ended"
    world.kill(pid)
    tool.await_end()
    return "awaited"
