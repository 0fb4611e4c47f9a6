"""The matrix: gotchas, each a row, and what came of them in columns, each a platform or somebody's library. What is in
it says ../README.md, "The matrix"."""

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass, field

from . import verdict
from .cases import AUDIT, PROGRAMS, WAYS
from .catalogue import FAMILIES
from .verdict import BROK, CONF, FAIL, NA, NO_OUTCOMES, PASS

VERSION = 1
PLATFORM, SUBJECT = KINDS = ("platform", "subject")
RAN, COMPILED, LACKING, BROKEN = STATES = ("ran", "compiled", "lacking", "broken")
VERDICTS = (*verdict.VERDICTS, NA)
SILENT = ("done", "orphans 0")  # facts that tell nothing
NO_FINDING = "the gotcha's entry names no finding of an audit"


@dataclass(frozen=True)
class Column:
    id: str
    title: str
    kind: str  # KINDS
    state: str  # STATES
    note: str  # why, where it did not run
    on: str  # a row that is on something else does not apply to it
    modes: tuple
    facts: tuple  # of (name, text)
    command: str  # that repeats all of it
    tool: bool = False  # of a subject: it is one, and no library


@dataclass(frozen=True)
class Row:
    id: str
    title: str
    family: str
    order: int
    on: str
    facts: tuple

    @property
    def place(self):
        """What rows are sorted by; those of no known family are last."""
        return FAMILIES.index(self.family) if self.family in FAMILIES else len(FAMILIES), self.order, self.id


@dataclass(frozen=True)
class Cell:
    row: str
    column: str
    mode: str
    twin: bool  # of the good program
    outcome: str
    safe: bool  # None: there is no outcome
    verdict: str  # VERDICTS
    reason: str
    evidence: tuple  # lines
    command: str

    @property
    def key(self):
        return self.row, self.column, self.mode, self.twin

    @property
    def is_wrong(self):
        return self.verdict in (FAIL, BROK)

    @property
    def is_gap(self):
        """It came out otherwise than it should, and that is known."""
        return self.verdict == CONF and self.safe is not None


@dataclass
class Matrix:
    columns: list = field(default_factory=list)
    rows: dict = field(default_factory=dict)  # by id
    cells: dict = field(default_factory=dict)  # by key

    def add_cell(self, cell):
        self.cells[cell.key] = cell

    def sorted_rows(self):
        return sorted(self.rows.values(), key=lambda row: row.place)

    def cell(self, row, column, mode, twin=False):
        """None: nobody asked for it."""
        return self.cells.get((row.id, column.id, mode, twin))

    def twin(self, row, column):
        """The good program's worst cell, where it is not as expected and the bad one's does not say the same."""
        found = []
        for mode in column.modes:
            bad, good = (self.cell(row, column, mode, twin) for twin in (False, True))
            if good and (good.is_wrong or good.is_gap or
                         good.verdict == CONF and not (bad and bad.verdict in (CONF, NA))):
                found.append(good)
        return min(found, key=lambda cell: verdict.FROM_WORST.index(cell.verdict), default=None)


# --- of a report (report_json.py) ---

def facts_of_column(told):
    machine = told["machine"]
    kernel = " ".join(str(machine[name]) for name in ("system", "release", "machine") if machine.get(name))
    names = {"subject": "subject", "Wine": "wine", "C library": "libc", "programs": "programs", "compiler": "compiler",
             "forkproof": "forkproof"}
    found = [("kernel", kernel), *((name, machine.get(member, "")) for name, member in names.items())]
    if machine.get("user") is not None:
        found.append(("user", str(machine["user"])))
    if machine.get("pid_namespace") is not None:
        found.append(("worlds", "pid namespaces" if machine["pid_namespace"] else "no pid namespaces: a subreaper"))
    found += [("environment", ", ".join(f"{name}: {value}" for name, value in machine.get("environment", {}).items())),
              ("begun", told["began"]), ("took", f"{told['seconds']:.1f} s")]
    if told["repeat"] > 1:
        found.append(("each", f"{told['repeat']} times"))
    if told["left_out"]:
        found.append(("given up", f"{told['left_out']} runs, after the first failure"))
    return tuple((name, text) for name, text in found if text)


def state_of(told):
    if told.get("compiled"):
        return COMPILED, told["compiled"]
    if told.get("lacks"):
        return LACKING if told["lacks"]["verdict"] == CONF else BROKEN, told["lacks"]["reason"]
    return RAN, ""


def column_of(told):
    state, note = state_of(told)
    seen = {one["mode"] for gotcha in told["gotchas"] for one in gotcha["runs"]}
    return Column(told["platform"], told["title"], told["column"], state, note, told["kind"],
                  tuple(mode for mode in WAYS if mode in seen) or tuple(told["modes"]), facts_of_column(told),
                  told["command"], told.get("tool", False))


def row_of(gotcha):
    answers = gotcha.get("forkproof", {})
    found = [("severity", gotcha.get("severity", "")), ("tags", ", ".join(gotcha.get("tags", ()))),
             ("sources", "; ".join(f"{one['document']} {one['section']}".strip() for one in gotcha.get("sources", ()))),
             *((f"by {name}", answers.get(name, "")) for name in ("run", "preload")),
             *(("malformed", ": ".join(c[k] for k in ("file", "place", "what") if c[k])) for c in gotcha["complaints"])]
    return Row(gotcha["id"], gotcha.get("title", ""), gotcha.get("family", ""), gotcha.get("order", 0), gotcha["kind"],
               tuple((name, text) for name, text in found if text))


def reason_of(one):
    if one["verdict"] != PASS:
        return one["reason"]
    return f"{one['means']}; here so because {one['because']}" if one["because"] else one["means"]


def step_of(column, step):
    """Of a subject it is a line of the transcript: who has written it does not matter."""
    return step["text"] if column.kind == SUBJECT else f"step {step['pid']}: {step['text']}"


def cell_of(gotcha, column, one):
    steps = [step_of(column, step) for step in one["steps"]]
    return Cell(gotcha, column.id, one["mode"], one["program"] == PROGRAMS[1],
                "/".join(sorted(set(one["outcomes"]) - set(NO_OUTCOMES))), one["safe"], one["verdict"], reason_of(one),
                (*(line for line in one["facts"] if line not in SILENT), *steps), one["again"])


def of_malformed(gotcha, column):
    for mode in column.modes:
        yield Cell(gotcha["id"], column.id, mode, False, "", None, BROK, "its files are malformed", (), "")


def of_report(told):
    column, found = column_of(told), Matrix()
    found.columns.append(column)
    for gotcha in told["gotchas"]:
        found.rows[gotcha["id"]] = row_of(gotcha)
        for one in gotcha["runs"]:
            found.add_cell(cell_of(gotcha["id"], column, one))
        for cell in of_malformed(gotcha, column) if gotcha["complaints"] else ():
            found.add_cell(cell)
        seen = {(one["program"], one["mode"]) for one in gotcha["runs"]}
        if ("good", AUDIT) in seen and ("bad", AUDIT) not in seen:
            found.add_cell(Cell(gotcha["id"], column.id, AUDIT, False, "", None, NA, NO_FINDING, (), ""))
    return found


# --- several side by side ---

def merged(parts):
    """parts: [(name of where it is from, Matrix)]. Columns of the same id are told apart by that name."""
    found, times = Matrix(), Counter(column.id for _, part in parts for column in part.columns)
    taken = set()
    for name, part in parts:
        renamed = {}
        for column in part.columns:
            new = wanted = f"{column.id} ({name})" if times[column.id] > 1 else column.id
            number = 2
            while new in taken:
                new, number = f"{wanted} {number}", number + 1
            taken.add(new)
            renamed[column.id] = new
            facts = (*column.facts, ("from", name)) if name else column.facts
            found.columns.append(dataclasses.replace(column, id=new, facts=facts))
        for row in part.rows.values():
            found.rows.setdefault(row.id, row)
        for cell in part.cells.values():
            found.add_cell(dataclasses.replace(cell, column=renamed[cell.column]))
    return found


def as_json(matrix):
    """What `of_json` in matrix_read.py reads."""
    found = {"matrix": VERSION, "columns": [dataclasses.asdict(column) for column in matrix.columns],
             "rows": [dataclasses.asdict(row) for row in matrix.sorted_rows()],
             "cells": [dataclasses.asdict(cell) for cell in matrix.cells.values()]}
    return json.dumps(found, indent=1) + "\n"
