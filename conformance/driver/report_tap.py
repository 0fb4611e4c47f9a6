"""The Test Anything Protocol, version 14: a test for each program and mode."""

import json
import re

from .report_text import evidence
from .text import visible
from .verdict import BROK, CONF, NA, PASS

SKIPPED = (CONF, NA)


def quoted(text):
    """# and \\ mean something to TAP."""
    return re.sub(r"([\\#])", r"\\\1", visible(text))


def tests(report):
    """(name, verdict, reason, lines)"""
    before = f"{report.label} " if report.label else ""
    if report.lacks:
        yield f"{before}{report.platform.column}", *report.lacks, []
    for result in report.results:
        for complaint in result.gotcha.complaints:
            yield f"{before}{result.gotcha.id} files", BROK, str(complaint), []
        for cell in result.cells:
            name = f"{before}{result.gotcha.id} {report.name_of(cell)}"
            yield name, cell.verdict, cell.reason, [*evidence(cell), f"again: {report.again(cell)}"]


def lines(reports):
    found = [test for report in reports for test in tests(report)]
    yield "TAP version 14"
    yield f"1..{len(found)}"
    for number, (name, verdict, reason, details) in enumerate(found, 1):
        is_wrong = verdict not in (PASS, *SKIPPED)
        head = f"{'not ok' if is_wrong else 'ok'} {number} - {quoted(name)}"
        yield head + (f" # SKIP {quoted(reason)}" if verdict in SKIPPED else "")
        if is_wrong:  # YAML, of which JSON's texts are a part
            yield f"  ---\n  verdict: {verdict}\n  message: {json.dumps(visible(reason))}\n  seen:"
            yield from (f"    - {json.dumps(visible(line))}" for line in details or ["nothing"])
            yield "  ..."


def render(report, colours=False):
    return render_several([report], colours)


def render_several(reports, colours=False):
    del colours
    return "".join(f"{line}\n" for line in lines(reports))
