"""The tool is the foreground job of a terminal, on which ^Z is typed; then it is brought back as by a shell's fg, with
SIGCONT to the job. Are the program below the tool, and that program's child, stopped with it, and do they go on with
it? A tool may have given the terminal to a group of its own."""

OUTCOMES = {
    "went-on": (False, "said", "a descendant was not stopped with the job"),
    "stayed-stopped": (False, "said", "a descendant did not go on with the job"),
    "held-still": (True, "said", "all were stopped until the job went on"),
}
TOOL_NEEDS = ()
SCENERY = ("pty",)
SUSPEND = b"\x1a"  # ^Z


def play_tool(tool):
    world = tool.world
    tool.need(tool.can & {"contain", "group"}, "it has neither contain nor group")
    tool.start_on_terminal("parent", "same")
    pids = [tool.report(verb)[0] for verb in ("parent", "child")]
    tool.type(SUSPEND)
    if not world.until(lambda: all(world.state(pid) == "T" for pid in pids)):
        return "went-on"
    tool.bring_back()
    return "held-still" if world.until(lambda: not any(world.state(pid) == "T" for pid in pids)) else "stayed-stopped"
