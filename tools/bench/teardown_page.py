"""The teardowns as tables: for the terminal, and as docs/containment.md."""

import contenders
import figures
import page

RATIO_TARGET, RATIO_LOAD = 1.1, "1,000"
BOMB_TARGET_MS, BOMB_LOAD = 500.0, "setsid bomb of 2,000"
NOT_MEASURED = "–"


def milliseconds(value):
    return f"{value:.1f}" if value < 10 else f"{value:,.0f}"


def cell(figure):
    """`67 ms (60–75)`, or `1,000 left`"""
    if figure is None:
        return NOT_MEASURED
    if "failed" in figure:
        return "failed: " + figure["failed"]
    if "median_ms" not in figure:
        return f"**{figure['left']:,} left**" if figure["left"] else "not seen to end"
    low, high = figure["quartiles_ms"]
    return f"{milliseconds(figure['median_ms'])} ms ({milliseconds(low)}–{milliseconds(high)})"


def rows(data):
    yield "", *(load["name"] for load in data["loads"])
    for one in data["contenders"]:
        if one["absent"]:
            yield one["name"], *("not run" for _ in data["loads"])
        else:
            yield (one["name"], *("left out" if "left_out" in load else cell(load["figures"].get(one["name"]))
                                  for load in data["loads"]))


def has_target(name, ours, load):
    """Has this contender one for this load?"""
    if load == BOMB_LOAD:
        return name in contenders.RUNGS  # not the preload alone
    return load == RATIO_LOAD and ours


def why_not(load, one):
    """Why there is no figure of a contender; "" when there is one."""
    if one["absent"] or "left_out" in load:
        return one["absent"] or load["left_out"]
    figure = load["figures"].get(one["name"])
    return figure.get("failed", "") if figure else "not in this run"


def judged_ratio(figure):
    """(figure, verdict) of the time, as a multiple of cgroup.kill's."""
    if "median_ms" not in figure:
        return cell(figure), "missed"
    if "ratio" not in figure:
        return f"not measured: no {contenders.YARDSTICK} beside it", ""
    low, high = figure["ratio_quartiles"]
    return f"{figure['ratio']:.2f} ({low:.2f}–{high:.2f})", figures.verdict(figure["ratio"], (low, high), RATIO_TARGET)


def judged_bomb(figure):
    if "median_ms" not in figure:
        return cell(figure), "missed"
    return cell(figure), figures.verdict(figure["median_ms"], figure["quartiles_ms"], BOMB_TARGET_MS)


JUDGES = {RATIO_LOAD: judged_ratio, BOMB_LOAD: judged_bomb}
TARGETS = {
    RATIO_LOAD: f"1,000: at most {RATIO_TARGET} × {contenders.YARDSTICK}",
    BOMB_LOAD: f"setsid bomb: under {BOMB_TARGET_MS:.0f} ms",
}


def judged(data):
    """(load, rung, figure or why there is none, verdict or "")"""
    for load in data["loads"]:
        for one in data["contenders"]:
            if has_target(one["name"], one["ours"], load["name"]):
                reason = why_not(load, one)
                yield load["name"], one["name"], *((f"not measured: {reason}", "") if reason else
                                                   JUDGES[load["name"]](load["figures"][one["name"]]))


def verdicts(data):
    yield "target", "rung", "median (quartiles)", ""
    yield from ((TARGETS[load], *rest) for load, *rest in judged(data))


def left_out(data):
    """One line for each contender that was not run and each load that was not."""
    return ([f"{one['name']}: not run: {one['absent']}" for one in data["contenders"] if one["absent"]] +
            [f"{load['name']}: left out: {load['left_out']}" for load in data["loads"] if "left_out" in load])


def terminal(data):
    tables = [page.aligned([text.replace("**", "") for text in row] for row in table)
              for table in (rows(data), verdicts(data))]
    return "\n\n".join(["From the root's end until nothing was left, median and quartiles", *tables,
                        "\n".join(left_out(data))]).rstrip()


INTRODUCTION = """# How fast, and how surely, a tree is ended

Written by `tools/bench/run teardown --write-docs`: a run changes this page, nobody else.

Milliseconds from the end of the program until the last process that came of it had gone: median and quartiles of
{rounds} rounds, all contenders by turns in one run. *Left*: so many were still there 300 ms after the tool had
returned (or ten seconds after the program's end), in the worst round.
"""

HOW = """## How it is measured

Each teardown happens in a pid namespace made for it, in which the measuring process is the first: every orphan comes to
it, so what it counts in `/proc` is everybody, whatever the tool believes. All members hold one end of a connection
that no tool holds; its end is the moment at which the last of them has gone. The measuring process runs at real-time
priority, to see that when it happens; what it measures does not.

A tree has up to ten members below each. The bombs fork without end, also to replace what dies; the second puts each
into a session of its own. 2,000 is the limit of processes of the cgroup they run in, which holds the tool as well.

*asking first* is the default: SIGTERM, and SIGKILL after five seconds for those that are left. The other rows of ours are
`--signal=KILL`, as the yardsticks and most tools do. A program that answers SIGTERM by forking lives for the
whole of the grace.
"""


def contender_rows(data):
    yield "", "version", ""
    for one in data["contenders"]:
        yield one["name"], one["version"], one["how"]


def document(data):
    facts, run = data["host"], data["run"]
    parts = [INTRODUCTION.format(rounds=run["rounds"])]
    parts += [f"**{warning}**\n" for warning in facts["warnings"]]
    parts += [page.markdown(rows(data)) + "\n", "".join(f"- {line}\n" for line in left_out(data))]
    parts.append("## Against the targets\n")
    parts += [page.markdown(verdicts(data)) + "\n", HOW, page.markdown(contender_rows(data)) + "\n", "## The machine\n"]
    parts.append("".join(f"- {line}\n" for line in page.run_list(data)))
    return "\n".join(parts)
