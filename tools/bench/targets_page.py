"""Every target beside the figure of one run: for the terminal, and as docs/targets.md."""

from dataclasses import dataclass

import audit_page
import contenders
import page
import plan
import teardown_page

PARTS = {  # in the order in which they are measured
    "cost": "what calls cost, and memory",
    "audit": "what an audit costs",
    "teardown": "how fast a tree is ended",
    "kills": "signals in a storm of kills",
}
KILLS = 10_000_000  # that must all go without one wrong target


@dataclass(frozen=True)
class Row:
    target: str
    limit: str
    figure: str
    verdict: str  # "" when it was not measured
    rounds: int = 0
    beside: str = ""  # others', in the same rounds


def not_measured(target, limit, why):
    return Row(target, limit, f"not measured: {why}", "")


def figures_of(data, name):
    """(figures of a part, why there are none)"""
    part = data["parts"].get(name, {})
    return part.get("figures", {}), part.get("why", "not in this run")


def peers(row, data):
    if not row["peers"]:
        return ""
    absent, kinds = page.absent_of(data), row["kinds"]
    names = [one["name"] for one in data["subjects"] if one["name"] not in page.OURS]
    return ", ".join(f"{name} {absent[name] if name in absent else format(kinds[name]['ratio'], '.3f')}"
                     for name in names if name in absent or name in kinds)


def cost_rows(data):
    measured, why = figures_of(data, "cost")
    found = {one["name"]: one for one in measured.get("rows", ())}
    for row in plan.ROWS:
        one = found.get(row.name, {"left_out": why})
        limit = f"{one.get('target', row.target)} × bare"
        if "left_out" in one:
            yield not_measured(row.name, limit, one["left_out"])
        else:
            yield Row(row.name, limit, page.cell(one["kinds"], "shim", {}), one["verdict"], one["rounds"],
                      peers(one, measured))
    yield memory_row(measured.get("memory"), why)


def memory_row(memory, why):
    target = "resident memory of a program that never forks"
    if not memory:
        return not_measured(target, f"{plan.MEMORY_TARGET_KIB} KiB", why)
    shim = memory["kinds"]["shim"]
    low, high = shim["private_kib_quartiles"]
    return Row(target, f"{memory['target_kib']} KiB", f"{shim['private_kib']:.0f} KiB ({low:.0f}–{high:.0f})",
               memory["verdict"], memory["rounds"])


def audit_rows(data):
    measured, why = figures_of(data, "audit")
    limit = f"{audit_page.TARGET} × bare"
    if not measured:
        yield not_measured("audit of 10,000 programs", limit, why)
        return
    judged = {name: (figure, verdict) for name, figure, _, verdict in audit_page.verdict_rows(measured)}
    for shape in measured["shapes"]:
        target = f"audit of {shape.get('executed', 0):,} programs: {shape['name']}"
        if shape["name"] not in judged:
            yield not_measured(f"audit: {shape['name']}", limit, shape.get("failed", "no audit in this run"))
            continue
        straces = [f"{one['name'].split(' -e ')[0]} {one['absent'] or format(ratio_of(shape, one), '.2f')}"
                   for one in measured["contenders"] if one["name"].startswith("strace")]
        yield Row(target, limit, *judged[shape["name"]], shape["rounds"], ", ".join(straces))


def ratio_of(shape, contender):
    return shape["program"][contender["name"]]["ratio"]


def teardown_rows(data):
    measured, why = figures_of(data, "teardown")
    named = {
        teardown_page.RATIO_LOAD: ("teardown of 1,000", f"{teardown_page.RATIO_TARGET} × {contenders.YARDSTICK}"),
        teardown_page.BOMB_LOAD: ("setsid bomb of 2,000", f"{teardown_page.BOMB_TARGET_MS:.0f} ms"),
    }
    judged = list(teardown_page.judged(measured)) if measured else []
    loads = {load["name"]: load for load in measured.get("loads", ())}
    for name, (target, limit) in named.items():
        rungs = [rest for load, *rest in judged if load == name]
        if not rungs:
            yield not_measured(f"{target}, every rung", limit, why)
        for rung, figure, verdict in rungs:
            yardstick = loads[name].get("figures", {}).get(contenders.YARDSTICK)
            yield Row(f"{target}: {rung}", limit, figure.replace("**", ""), verdict, measured["run"]["rounds"],
                      f"{contenders.YARDSTICK} {teardown_page.cell(yardstick)}" if yardstick and verdict else "")


def hits(runs, who):
    """(signals that hit a stranger, kills), bare or with the shim."""
    taken = [run for name, run in runs.items() if name.partition(",")[0] == who]
    return sum(run["hits"] for run in taken), sum(run.get("kills", 0) for run in taken)  # none: it died


def kills_rows(data):
    measured, why = figures_of(data, "kills")
    target, limit = "wrong-target signals at pid_max 400", f"0 in {KILLS:,} kills"
    (wrong, count), (bare, bare_count) = (hits(measured.get("runs", {}), who) for who in ("shim", "bare"))
    if not measured or (measured["verdict"] == "BROK" and not wrong):
        yield not_measured(target, limit, "; ".join(measured.get("reasons", [why])))
        return
    verdict = "missed" if wrong else "met" if count >= KILLS else "open"
    yield Row(target, limit, f"{wrong:,} in {count:,} kills", verdict, 1, f"bare {bare:,} in {bare_count:,}")


def rows(data):
    for of_part in (cost_rows, teardown_rows, kills_rows, audit_rows):
        yield from of_part(data)


def table(data):
    yield "", "at most", "figure", "rounds", "", "beside it"
    for row in rows(data):
        yield row.target, row.limit, row.figure, str(row.rounds or ""), row.verdict, row.beside


def summary(data):
    """`14 met, 6 missed, 3 open, 1 not measured`"""
    found = [row.verdict or "not measured" for row in rows(data)]
    return ", ".join(f"{found.count(word)} {word}" for word in ("met", "missed", "open", "not measured")
                     if word in found)


def warnings(data):
    """What spoils the figures, and of which part."""
    said = {text: ["before"] for text in data["host"]["warnings"]}
    for name, part in data["parts"].items():
        for text in part.get("figures", {}).get("host", {}).get("warnings", ()):
            said.setdefault(text, []).append(name)
    for text in data["warnings_after"]:
        said.setdefault(text, []).append("after")
    yield from (f"{text} (seen: {', '.join(where)})" for text, where in said.items())
    if data["run"]["effort"] != "full":
        yield f"a {data['run']['effort']} run: coarser, and of less than the targets say"


def notes(data):
    """What a storm of kills found to be wrong, be it signals or statuses."""
    yield from (f"storm of kills: {reason}" for reason in figures_of(data, "kills")[0].get("reasons", ()))


def part_rows(data):
    yield "", "seconds", "load before", "load after"
    for name, part in data["parts"].items():
        yield PARTS[name], str(part["seconds"]), *(f"{load:.2f}" for load in part["load"])


def terminal(data):
    return "\n\n".join(["Every target beside the figure of this run: median and quartiles", page.aligned(table(data)),
                        page.aligned(part_rows(data)), "\n".join(page.run_list(data)),
                        "\n".join([*notes(data), *warnings(data), f"targets: {summary(data)}"])])


INTRODUCTION = """# Every target, beside the figures of one run

Written by `tools/bench/run targets --write-docs`: a run changes this page, nobody else.
"""

LEGEND = """Figures are medians (lower–upper quartile) over the rounds; *× bare* is the ratio to the same thing done bare in the
same round. *Missed*: more than three rounds in four lie above the target. *Open*: the median does, but not so many of
the rounds; this run cannot tell. Of kills, *missed* is one signal to a wrong target, *open* is none in too few.

*Beside it* is what others took in the same rounds; for kills, the same storms without the shim.

How they are measured: [calls, memory and the audit](bench.md), [teardown](containment.md). The kills are those of two
[storms](../conformance/storm), one that waits for its children and one that ignores SIGCHLD: threads signal pids that
they have kept, in a pid namespace where each is soon somebody else's.
"""


def document(data):
    parts = [INTRODUCTION, *(f"**{text}**\n" for text in warnings(data)), f"{summary(data)}.\n",
             page.markdown(table(data)) + "\n", "".join(f"- {text}\n" for text in notes(data)), LEGEND, "## This run\n",
             page.markdown(part_rows(data)) + "\n", "".join(f"- {line}\n" for line in page.run_list(data))]
    return "\n".join(part for part in parts if part)
