"""A program has a file open, and the pipe to one child, and starts another child: which of the two does that one
have?"""

OUTCOMES = {
    "not-started": (False, "said", "no child was started: the library needs its pipes to be inherited"),
    "all-inherited": (False, "said", "the child has the program's file, and the pipe to another child"),
    "file-inherited": (False, "said", "the child has the program's file"),
    "pipe-inherited": (False, "said", "the child has the pipe to another child"),
    "tool-inherited": (False, "said", "the program has descriptors of the tool's own"),
    "nothing-leaks": (True, "said", "the child has neither"),
    "none-inherited": (True, "said", "the program has no descriptor of the tool's own"),
}
NEEDS = ("spawn", "open")
TOOL_NEEDS = ()
RUN = ("-o", "pipes=cloexec")


def play(subject):
    world = subject.world
    file = str(world.work / "opened")
    subject.must("open", path=file, **{"from": subject.settings.helper})
    before = world.descriptors(subject.pid)
    if "stdin" in subject.can:
        if subject.ask("spawn", child="a", stdin="pipe", **subject.helper("read")).ok is None:
            return subject.not_started()
        world.report("reading")
    pipes = {target for target in world.descriptors(subject.pid) - before if target.startswith(("pipe:", "socket:"))}
    if subject.ask("spawn", child="b", **subject.helper("descriptors")).ok is None:
        return subject.not_started()
    _, inherited = world.report("descriptors")
    if file in inherited:
        return "all-inherited" if pipes & {*inherited} else "file-inherited"
    return "pipe-inherited" if pipes & {*inherited} else "nothing-leaks"


def play_tool(tool):
    tool.start("descriptors")
    _, inherited = tool.world.report("descriptors")
    tool.words.step(f"above 2 the program has: {', '.join(inherited) or 'nothing'}")
    return "tool-inherited" if inherited else "none-inherited"
