"""The Test Anything Protocol, version 14: a test for each program and mode."""

import json
import re

from .report_text import evidence
from .text import visible
from .verdict import BROK, CONF, PASS


def quoted(text):
    """# and \\ mean something to TAP."""
    return re.sub(r"([\\#])", r"\\\1", visible(text))


def tests(report):
    """(name, verdict, reason, lines)"""
    for result in report.results:
        for complaint in result.gotcha.complaints:
            yield f"{result.gotcha.id} files", BROK, str(complaint), []
        for cell in result.cells:
            yield cell.key, cell.verdict, cell.reason, [*evidence(cell), f"again: {report.again(cell)}"]


def lines(report):
    found = list(tests(report))
    yield "TAP version 14"
    yield f"1..{len(found)}"
    for number, (name, verdict, reason, details) in enumerate(found, 1):
        head = f"{'ok' if verdict in (PASS, CONF) else 'not ok'} {number} - {quoted(name)}"
        yield head + (f" # SKIP {quoted(reason)}" if verdict == CONF else "")
        if verdict not in (PASS, CONF):  # YAML, of which JSON's texts are a part
            yield f"  ---\n  verdict: {verdict}\n  message: {json.dumps(visible(reason))}\n  seen:"
            yield from (f"    - {json.dumps(visible(line))}" for line in details or ["nothing"])
            yield "  ..."


def render(report, colours=False):
    del colours
    return "".join(f"{line}\n" for line in lines(report))
