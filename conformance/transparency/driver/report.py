"""What the runs came to: the table, the ratios, the lines for what differs; JSON; a page of docs."""

import platform
import statistics
import time
import types

from . import compare
from .suite import names

HEAD = ("suite", "tests", "equal", "different", "explained", "flaky bare", "fails bare", "skipped", "seconds")


class Result:
    """Of one suite: its commands, or why it could not be run."""

    def __init__(self, suite, commands=(), impossible=None, saved=None):
        """saved: of an earlier run, as as_json() has written it; its commands come without their runs."""
        self.suite, self.commands, self.impossible, self.saved = suite, list(commands), impossible, saved
        if self.commands and not any(c.count(compare.EQUAL) for c in self.commands):
            self.impossible = "no test passes bare"

    def count(self, state):
        return sum(command.count(state) for command in self.commands)

    @property
    def tests(self):
        return sum(self.count(state) for state in compare.STATES)

    @property
    def different(self):
        """Tests, and exit statuses that differ without any test that does."""
        return sum(state == compare.DIFFERENT for c in self.commands for state in c.states.values())

    @property
    def seconds(self):
        return self.saved["seconds"] if self.saved else sum(run.seconds for c in self.commands for runs in c.runs.values() for run in runs)

    def row(self):
        if self.impossible:
            return [self.suite.name, "CONF", self.impossible]
        return [self.suite.name, self.tests] + [self.count(s) for s in compare.STATES] + [round(self.seconds)]

    def ratios(self):
        """[(figure, kind, median ratio to bare, lower and upper quartile, bare median, unit)]"""
        rows = [tuple(row) for row in self.saved["ratios"]] if self.saved else []
        for command in [] if self.saved else self.commands:
            bare = [run.figures for run in command.runs[compare.BARE]]
            for name in bare[0] if bare else ():
                for kind, runs in command.runs.items():
                    pairs = [(r.figures[name][0], b[name][0]) for r, b in zip(runs, bare)
                             if name in r.figures and name in b and b[name][0] > 0]
                    if kind == compare.BARE or not pairs:
                        continue
                    ratios = [one / other for one, other in pairs]
                    cuts = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else [ratios[0]] * 3
                    rows.append((name, kind, statistics.median(ratios), cuts[0], cuts[2],
                                 statistics.median(b for _, b in pairs), bare[0][name][1]))
        return rows

    def remarks(self, states):
        for command in self.commands:
            for test, state in command.states.items():
                if state in states:
                    yield state, f"{command.name}: {test}", command.reasons.get(test, "")


def totals(results):
    ran = [r for r in results if not r.impossible]
    return ["total", sum(r.tests for r in ran)] + [sum(r.count(s) for r in ran) for s in compare.STATES] + [
        round(sum(r.seconds for r in ran))]


def plain(results):
    rows = [HEAD] + [r.row() for r in results if not r.impossible] + [totals(results)]
    widths = [max(len(str(row[i])) for row in rows) for i in range(len(HEAD))]
    lines = ["  ".join(str(c).ljust(w) if i == 0 else str(c).rjust(w) for i, (c, w) in enumerate(zip(row, widths)))
             for row in rows]
    lines += [f"{r.suite.name}: CONF: {r.impossible}" for r in results if r.impossible]
    for result in results:
        shown = (compare.DIFFERENT, compare.EXPLAINED, compare.FLAKY)
        lines += [f"{result.suite.name}: {state}: {test}: {why}" for state, test, why in result.remarks(shown)]
        lines += [f"{result.suite.name}: {name}: {kind} {ratio:.3f} × bare ({low:.3f}–{high:.3f}), bare {bare:.6g} {unit}"
                  for name, kind, ratio, low, high, bare, unit in result.ratios()]
    return "\n".join(lines)


def host():
    return {"date": time.strftime("%Y-%m-%d"), "kernel": platform.release(), "machine": platform.machine()}


def as_json(results):
    return {"version": 1, "host": host(), "suites": [{
        "name": r.suite.name, "title": r.suite.title, "kinds": list(r.suite.kinds), "conf": r.impossible,
        "counts": {s: r.count(s) for s in compare.STATES}, "seconds": round(r.seconds, 1),
        "tests": {c.name: c.states for c in r.commands}, "reasons": {c.name: c.reasons for c in r.commands},
        "ratios": [list(row) for row in r.ratios()]} for r in results]}


def from_json(data):
    """The results that as_json() has written."""
    for one in data["suites"]:
        suite = types.SimpleNamespace(name=one["name"], title=one["title"], kinds=one["kinds"])
        commands = [compare.Command(name, {}, states, one["reasons"][name]) for name, states in one["tests"].items()]
        yield Result(suite, commands, one["conf"], one)


def markdown(head, rows):
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * (len(head) - 1)]
    return lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows]


def page(results):
    ran = [r for r in results if not r.impossible]
    facts = host()
    lines = ["# Other people's programs under forkproof", "",
             "Written by `conformance/transparency/run --write-docs`: a run changes this page, nobody else.", "",
             "Each suite runs bare, with an empty preload, with the shim, and some under `forkproof run`; the verdicts",
             "are compared test by test. *Flaky bare*: varies without us. *Fails bare*: fails the same way in every",
             "kind, so it shows nothing. What is *explained* is told in [guarantees.md](guarantees.md).", ""]
    lines += markdown(HEAD, [r.row() for r in ran] + [totals(results)])
    others = [f"`{name}`" for name in names() if name not in [r.suite.name for r in results]]
    lines += ["", f"In the tree and not in this run: {', '.join(others)}."] if others else []
    lines += ["", "What they are:", ""] + [f"- `{r.suite.name}` ({', '.join(r.suite.kinds)}): {r.suite.title}." for r in ran]
    ratios = [(r.suite.name, name, kind, f"{ratio:.3f} ({low:.3f}–{high:.3f})", f"{bare:.6g} {unit}")
              for r in ran for name, kind, ratio, low, high, bare, unit in r.ratios()]
    if ratios:
        lines += ["", "## Under load", "", "Ratio to bare within a round, median (quartiles); above 1 is more.", ""]
        lines += markdown(("suite", "figure", "kind", "ratio", "bare"), ratios)
    for title, states in (("Different", (compare.DIFFERENT, compare.EXPLAINED)), ("Flaky bare", (compare.FLAKY,))):
        remarks = [f"- `{r.suite.name}` {test}: {why}" for r in ran for _, test, why in r.remarks(states)]
        lines += ["", f"## {title}", ""] + (remarks or ["None."])
    missing = [f"- `{r.suite.name}`: {r.impossible}" for r in results if r.impossible]
    lines += (["", "## Not run (CONF)", ""] + missing) if missing else []
    lines += ["", "## This run", "", f"{facts['date']}, Linux {facts['kernel']}, {facts['machine']}.", ""]
    return "\n".join(lines)
