"""A child makes a daemon of itself: the process that the library knows ends with 0. The program goes on to its end: is
the daemon left?"""

OUTCOMES = {
    "left-behind": (False, "survivors", "the daemon outlived the program"),
    "nothing-left": (True, "said", "nothing outlived the program"),
}
NEEDS = ("spawn",)
TOOL_NEEDS = ("contain",)


def play(subject):
    subject.start_helper("a", "daemon")
    subject.world.report("daemon")
    if "wait" in subject.can:
        subject.must("wait", child="a")
    return "nothing-left"


def play_tool(tool):
    tool.start("daemon")
    tool.await_end()
    return "nothing-left"
