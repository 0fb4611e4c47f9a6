"""A child and all that it has started are killed by the library's own way to do that. A process among them has a
session of its own: is it left when the program is over?"""

OUTCOMES = {
    "left-behind": (False, "survivors", "the process with a session of its own outlived the program"),
    "nothing-left": (True, "said", "nothing outlived the program"),
}
NEEDS = ("spawn", "group")
TOOL_NEEDS = ("contain",)


def play(subject):
    world = subject.world
    subject.start_helper("a", "parent", "session", group=True)
    child, _ = world.report("parent")
    world.report("child")
    subject.must("group", child="a")
    world.await_over(child)
    return "nothing-left"


def play_tool(tool):
    tool.start("parent", "session")
    tool.world.report("parent")
    tool.world.report("child")
    tool.stop()
    return "nothing-left"
