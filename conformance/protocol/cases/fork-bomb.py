"""Below the tool a program forks until that is refused, and then again whenever one of its processes ends. Then the
tool is asked to end, and killed when it does not."""

import sys

OUTCOMES = {
    "left-behind": (False, "survivors", "the bomb outlived the tool"),
    "nothing-left": (True, "said", "the bomb was ended with the tool"),
}
TOOL_NEEDS = ("contain",)
SCENERY = ("pid-limit",)
PIDS = 400
BOMB = """
import os, signal, sys
while True:
    try:
        os.fork()
    except OSError:
        if len(sys.argv) > 1:
            with open(sys.argv.pop(), "w") as reports:
                reports.write(f"refused {os.getpid()}\\n")
        try:
            os.wait()
        except ChildProcessError:
            signal.pause()
"""


def play_tool(tool):
    tool.run(sys.executable, "-I", "-S", "-c", BOMB, tool.world.reports.path)
    tool.world.report("refused")
    tool.stop()
    return "nothing-left"
