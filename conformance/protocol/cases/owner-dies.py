"""The program is killed by SIGKILL while a child of its runs. Is the child left? Where the library has an option
against that, the child is started with it."""

import signal

from player import ends

OUTCOMES = {
    "left-behind": (False, "survivors", "the child outlived its owner"),
    "nothing-left": (True, "said", "nothing outlived the owner"),
}
NEEDS = ("spawn",)
TOOL_NEEDS = ("owner",)


def play(subject):
    world = subject.world
    subject.start_helper("a", "sleep", **({"pdeathsig": True} if "pdeathsig" in subject.can else {}))
    child, _ = world.report("sleep")
    subject.send_signal(signal.SIGKILL)
    if not subject.events.until(lambda: subject.is_over, world.long):
        raise ends.Broken("what stands around the adapter does not end with it")
    world.is_over(child)
    return "nothing-left"


def play_tool(tool):
    """Twice: its first process is killed, and then the program's parent, which may be another one of the tool's."""
    for is_first in (True, False):
        tool.start("parent", "same")
        program, _ = tool.report("parent")
        tool.world.report("child")
        tool.world.kill(tool.pid if is_first else tool.world.parent(program), tool.pid)
        tool.await_end()
    return "nothing-left"
