"""A child that has a child of its own is killed by the library: by its own way to kill all that the child has started,
where it has one. The program goes on to its end: is the grandchild left?"""

OUTCOMES = {
    "left-behind": (False, "survivors", "the grandchild outlived the program"),
    "nothing-left": (True, "said", "nothing outlived the program"),
}
NEEDS = ("spawn", "kill")
TOOL_NEEDS = ()


def play(subject):
    world = subject.world
    op, members = ("group", {"group": True}) if "group" in subject.can else ("kill", {})
    subject.start_helper("a", "parent", "same", **members)
    child, _ = world.report("parent")
    world.report("child")
    subject.must(op, child="a")
    world.await_over(child)
    return "nothing-left"


def play_tool(tool):
    tool.need(tool.can & {"contain", "group"}, "it has neither contain nor group")
    tool.start("parent", "same")
    tool.world.report("parent")
    tool.world.report("child")
    tool.stop()
    return "nothing-left"
