"""The table, the counts, and each reason, for people."""

from .cases import AUDIT, WAYS
from .report import NOTHING, WRONG
from .text import painted, visible
from .verdict import BROK, CONF, FAIL, FROM_WORST, NA, PASS

COLOURS = {PASS: "green", FAIL: "red", BROK: "red", CONF: "yellow", NA: "faint"}
UNSAFE = "! "
MOST_STEPS = 40
MOST_FACTS = 20


def word_of(cell):
    """(text, colour) of one cell."""
    if cell is None:
        return "  -", "faint"
    text = "/".join(sorted(cell.counts))
    if cell.safe is None:
        return "  " + text, COLOURS[cell.verdict]
    return ("  " if cell.safe else UNSAFE) + text, "green" if cell.safe else "red"


def badness(cell):
    """To find a twin's worst."""
    return FROM_WORST.index(cell.verdict), cell.safe is not False


def columns(plan):
    """[(mode, its head)] for the bad program."""
    if plan.modes == (AUDIT,):
        return [(AUDIT, "  bad")]
    return [(mode, f"  {mode}") for mode in WAYS if mode in plan.modes or mode in plan.platform.modes]


def twin_of(result, plan):
    """Its worst cell, where there are twins: one (text, colour) or none."""
    twins = [cell for cell in result.cells if cell.program == "good"]
    return [word_of(min(twins, key=badness, default=None))] if "good" in plan.platform.programs else []


def row(result, plan):
    """[(text, colour)]"""
    bad = [word_of(result.cell("bad", mode)) for mode, _ in columns(plan)]
    return [(visible(result.gotcha.id), None), *bad, *twin_of(result, plan), (result.verdict, COLOURS[result.verdict])]


def table(results, plan, colours):
    twin = ["  good"] if "good" in plan.platform.programs else []
    head = [(text, None) for text in ("gotcha", *(text for _, text in columns(plan)), *twin, "verdict")]
    rows = [head, *(row(result, plan) for result in results)]
    widths = [max(len(r[i][0]) for r in rows) for i in range(len(head))]
    for cells in rows:
        texts = [painted(text.ljust(width), colour, colours) for (text, colour), width in zip(cells, widths)]
        yield "  ".join(texts).rstrip()


def evidence(cell):
    """What was seen in the run that the reason is about."""
    run = cell.example
    facts = [visible(line).rstrip() for line in run.facts.split("\n") if line not in ("", "done", "orphans 0")]
    yield from facts[:MOST_FACTS]
    if len(facts) > MOST_FACTS:
        yield f"... and {len(facts) - MOST_FACTS} lines more"
    for pid, text in run.steps[-MOST_STEPS:]:
        yield f"step {pid}: {visible(text)}"


def about(cells, report, result):
    """Which of a gotcha's cells; "" when it is all."""
    if len(cells) in (0, len(result.cells)) and len(cells) != 1:
        return ""
    if len({cell.program for cell in cells}) == 1:
        program = f"{cells[0].program}, " if len(report.platform.programs) > 1 else ""
        return f"{program}{' and '.join(cell.mode for cell in cells)}: "
    return ", ".join(map(report.name_of, cells)) + ": "


def reasons(report, result, colours):
    name = visible(result.gotcha.id)
    for verdict, reason, cells in report.reasons(result):
        yield f"{painted(verdict, COLOURS[verdict], colours)} {name}: {about(cells, report, result)}{visible(reason)}"
        if cells and verdict != CONF:
            yield from (f"       {line}" for line in evidence(cells[0]))
        if cells:
            yield f"     again: {report.again(*cells)}"


def exceptions(report, result):
    """Where it is as expected, and otherwise than elsewhere."""
    found = {}
    for cell in result.cells:
        if cell.verdict == PASS and cell.because:
            found.setdefault((cell.program, cell.expected, cell.because), []).append(cell)
    for (_, expected, because), cells in found.items():
        yield f"here {result.gotcha.id}: {about(cells, report, result)}{expected}, because {visible(because)}"


def inapplicable(report, colours):
    for reason, ids in report.inapplicable().items():
        yield f"{painted(NA, COLOURS[NA], colours)} {', '.join(ids)}: {visible(reason)}"


def summary(report, colours):
    counts = report.counts()
    told = (painted(f"{verdict} {count}", count and COLOURS[verdict], colours) for verdict, count in counts.items())
    yield f"{'  '.join(told)}   of {len(report.applicable)} gotchas in {report.runs()} runs, {report.seconds:.1f} s"
    for program, name in ("bad", "safe"), ("good", "safe twins"):
        found = report.safe(program)
        if any(of for _, of in found.values()):
            yield f"{name}: " + ", ".join(f"{mode} {safe} of {of}" for mode, (safe, of) in found.items() if of)
    for program, name in ("bad", "named by the audit"), ("good", "twins that it has nothing against"):
        right, of = report.audited()[program]
        if of:
            yield f"{name}: {right} of {of}"
    documents = report.documents()
    if any(of for _, of in documents.values()):
        yield "PASS by source: " + ", ".join(f"{name} {good} of {of}" for name, (good, of) in documents.items())
    if report.left_out:
        yield f"given up after the first failure: {report.left_out} runs were not made"


def own(report, colours):
    """Of somebody's own program in the place of the bad one."""
    for cell in report.cells:
        colour = COLOURS[cell.verdict]
        yield f"{painted(cell.verdict, colour, colours)} {cell.gotcha.id}: {cell.mode}: " + \
            (f"{cell.example.label}: {cell.example.reason}" if cell.verdict == PASS else visible(cell.reason))
        yield from (f"       {line}" for line in evidence(cell))


def lack(report, colours):
    verdict, reason = report.lacks
    return f"{painted(verdict, COLOURS[verdict], colours)} {report.platform.name}: {visible(reason)}"


def lines(report, colours=False):
    if report.lacks:
        yield lack(report, colours)
        return
    if report.plan.own:
        yield from own(report, colours)
        return
    yield from table(report.applicable, report.plan, colours)
    yield f"({UNSAFE.strip()} is not {'as it should be' if report.plan.modes == (AUDIT,) else 'safe'})"
    failing = [line for result in report.results
               for line in (*reasons(report, result, colours), *exceptions(report, result))]
    failing += inapplicable(report, colours)
    if failing:
        yield ""
        yield from failing
    yield ""
    yield from summary(report, colours)


def render(report, colours=False):
    return "".join(f"{line}\n" for line in lines(report, colours))


# --- of several platforms, or subjects ---

def told_once(report, colours):
    """What is not PASS; what cannot be had is told once for all that it is about."""
    without = {}
    for result in report.results:
        if result.verdict == CONF:
            for _, reason, _ in report.reasons(result):
                without.setdefault(reason, []).append(result.gotcha.id)
        else:
            yield from reasons(report, result, colours)
    for reason, ids in without.items():
        yield f"{painted(CONF, COLOURS[CONF], colours)} {', '.join(dict.fromkeys(ids))}: {visible(reason)}"
    yield from inapplicable(report, colours)


def platform_row(report):
    counts = report.counts()
    if report.lacks:
        return [report.platform.name, *["-"] * (len(counts) + 2), report.lacks[0]]
    return [report.platform.name, str(len(report.applicable)), str(report.runs()), *map(str, counts.values()),
            f"{report.seconds:.1f}"]


def platform_table(reports, colours):
    head = [reports[0].platform.column, "gotchas", "runs", *reports[0].counts(), "seconds"]
    rows = [head, *map(platform_row, reports)]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row, report in zip(rows, [None, *reports]):
        text = "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))])
        yield painted(text, "red" if report and report.status() == WRONG else None, colours)


def lines_of_several(reports, colours):
    for report in reports:
        found = [lack(report, colours)] if report.lacks else list(told_once(report, colours))
        if found:
            yield from (f"{report.platform.name}: {report.platform.title}", *(f"  {line}" for line in found), "")
    yield from platform_table(reports, colours)
    statuses = [report.status() for report in reports]
    lacking = sum(bool(report.lacks) and report.status() == NOTHING for report in reports)
    yield ""
    yield (f"{len(reports)} {reports[0].platform.column}s: {statuses.count(WRONG)} not as they should be, "
           f"{lacking} cannot be had here, {reports.seconds:.1f} s")


def render_several(reports, colours=False):
    return "".join(f"{line}\n" for line in lines_of_several(reports, colours))
