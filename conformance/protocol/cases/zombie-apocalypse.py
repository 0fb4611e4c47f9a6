"""A hundred and more children end, and none is waited for: each is forgotten, but the first. When one more has been
started it is counted how many of them are zombies, and the first is waited for."""

OUTCOMES = {
    "status-lost": (False, "said", "a late wait did not get the status"),
    "piled-up": (False, "said", "more than a hundred children are zombies, as many as were ever started"),
    "bounded": (True, "said", "the number of zombies does not grow, and a late wait gets the status"),
    "orphans-pile-up": (False, "said", "orphans that come to the tool stay zombies when they end"),
    "orphans-reaped": (True, "said", "orphans that come to the tool are reaped when they end"),
}
NEEDS = ("spawn", "wait", "forget")
TOOL_NEEDS = ("reap",)

COUNT, FEW = 120, 100
DAEMONS = """for n in 1 2 3 4 5; do "$0" "$1" daemon; done; exec "$0" "$1" gate "$2" 0"""


def end_one(subject, child, status=0):
    """Its pid. An event loop has its turn."""
    pid, gate = subject.start_gated(child, status)
    subject.world.open_gate(gate)
    subject.world.await_over(pid)
    subject.must("ping")
    return pid


def play(subject):
    world, pids = subject.world, [end_one(subject, "first", 7)]
    for i in range(COUNT):
        pids.append(end_one(subject, f"child-{i}"))
        subject.must("forget", child=f"child-{i}")
    end_one(subject, "last")
    is_bounded = world.until(lambda: sum(world.state(pid) == "Z" for pid in pids) <= FEW)
    if not subject.ask("wait", child="first").tells_exit(7):
        return "status-lost"
    return "bounded" if is_bounded else "piled-up"


def play_tool(tool):
    """Below it a program makes daemons, and runs on. They are killed."""
    world, gate = tool.world, tool.world.gate()
    tool.run("sh", "-c", DAEMONS, tool.settings.helper, world.reports.path, gate)
    daemons = [tool.below(world.report("daemon")[0]) for _ in range(5)]
    world.report("gate")
    tool.need(all(daemons), "what is orphaned below it comes to somebody else")
    for pid in daemons:
        world.kill(pid)
    return "orphans-reaped" if world.until(lambda: not any(map(world.state, daemons))) else "orphans-pile-up"
