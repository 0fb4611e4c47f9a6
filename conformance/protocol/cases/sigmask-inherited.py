"""A program tells which signals are blocked and which are ignored as it begins. It is started by the suite itself, and
by the subject, which the suite has started in the same way."""

import signal
import subprocess

OUTCOMES = {
    "deaf": (False, "said", "the child began with signals blocked or ignored that were not so when its parent began"),
    "as-they-were": (True, "said", "nothing was blocked or ignored in the child that was not so when its parent began"),
}
NEEDS = ("spawn",)
TOOL_NEEDS = ()


def told(world):
    """{"blocked" or "ignored": numbers}"""
    _, words = world.report("signals")
    return {name: set(filter(None, numbers.split(","))) for name, _, numbers in (word.partition("=") for word in words)}


def compare(subject):
    """Its child has been started."""
    of_child = told(subject.world)
    subprocess.run([subject.settings.helper, subject.world.reports.path, "signals"], check=True)
    before = told(subject.world)
    further = {name: sorted(of_child[name] - before[name], key=int) for name in before}
    for name, numbers in further.items():
        subject.words.step(f"{name}: {', '.join(signal.Signals(int(number)).name for number in numbers) or 'no other'}")
    return "deaf" if any(further.values()) else "as-they-were"


def play(subject):
    subject.start_helper("a", "signals")
    return compare(subject)


def play_tool(tool):
    tool.start("signals")
    return compare(tool)
