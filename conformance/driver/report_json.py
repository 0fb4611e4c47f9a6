"""Everything, for programs. `schema` changes when a member comes, changes its meaning, or goes."""

import json

from .cases import AUDIT, PROGRAMS
from .report_text import MOST_STEPS

MOST_FACTS = 200

SCHEMA = 3


def cell(report, one):
    run = one.example
    return {"program": one.program, "mode": one.mode, "verdict": one.verdict, "reason": one.reason,
            "expected": one.expected or None, "because": one.because or None, "outcomes": dict(one.counts),
            "safe": one.safe, "means": run.reason, "seconds": round(one.seconds, 3),
            "facts": [line for line in run.facts.split("\n") if line][:MOST_FACTS],
            "steps": [{"pid": pid, "text": text} for pid, text in run.steps[-MOST_STEPS:]], "again": report.again(one)}


def gotcha(report, result):
    entry = result.gotcha.entry
    found = {"id": result.gotcha.id, "kind": result.gotcha.platform, "verdict": result.verdict,
             "complaints": [{"file": c.file, "place": c.place, "what": c.what} for c in result.gotcha.complaints]}
    if entry:
        found |= {"title": entry.title, "family": entry.family, "order": entry.order, "severity": entry.severity,
                  "tags": entry.tags,
                  "sources": [{"document": document, "section": section} for document, section in entry.sources],
                  "forkproof": {"run": entry.run, "preload": entry.preload}}
    return found | {"runs": [cell(report, one) for one in result.cells]}


def share(pair):
    return dict(zip(("good", "of"), pair))


def one_report(report):
    return {"schema": SCHEMA, "platform": report.platform.name, "column": report.platform.column,
            "title": report.platform.title, "kind": report.platform.kind, "modes": report.plan.modes,
            "command": report.again_all(), "began": report.began,
            **({"tool": True} if report.platform.is_tool else {}),
            **({"compiled": report.compiled} if report.compiled else {}),
            **({"lacks": dict(zip(("verdict", "reason"), report.lacks))} if report.lacks else {}),
            "machine": report.machine,
            "build": report.build, "repeat": report.plan.repeat, "seconds": round(report.seconds, 3),
            "counts": report.counts(), "runs": report.runs(), "left_out": report.left_out,
            "safe": {program: {mode: share(pair) for mode, pair in report.safe(program).items()}
                     for program in PROGRAMS},
            **({"audit": {program: share(pair) for program, pair in report.audited().items()}}
               if AUDIT in report.plan.modes else {}),
            "sources": {document: share(pair) for document, pair in report.documents().items()},
            "gotchas": [gotcha(report, result) for result in report.results]}


def render(report, colours=False):
    del colours
    return json.dumps(one_report(report), indent=1) + "\n"


def render_several(reports, colours=False):
    del colours
    found = {"schema": SCHEMA, "seconds": round(reports.seconds, 3), "platforms": [one_report(one) for one in reports]}
    return json.dumps(found, indent=1) + "\n"
