"""A program is started by the one call that is usual for that, and fails: once with a status, once by a signal. Whoever
does not ask must be told of both. A tool must not end with 0 then."""

OUTCOMES = {
    "failure-passed-over": (False, "said", "to whoever had not asked, a program that failed was like any other"),
    "failure-told": (True, "said", "the failure was told to whoever had not asked"),
}
NEEDS = ("run",)
TOOL_NEEDS = ("status",)


def kill_helper(world):
    pid, _ = world.report("sleep")
    world.kill(pid)


def play(subject):
    exits = subject.ask("run", **subject.helper("exit", 3))
    subject.send("run", **subject.helper("sleep"))
    kill_helper(subject.world)
    is_killed = subject.answer()
    return "failure-passed-over" if exits.error == "" or is_killed.error == "" else "failure-told"


def play_tool(tool):
    tool.start("exit", 3)
    exits = tool.await_end()
    tool.start("sleep")
    tool.world.kill(tool.report("sleep")[0])
    is_killed = tool.await_end()
    return "failure-told" if exits and is_killed else "failure-passed-over"
