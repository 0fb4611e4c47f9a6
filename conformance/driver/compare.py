"""What changed between two matrices, of two days or two versions."""

import dataclasses
import json
from dataclasses import dataclass

from .matrix import BROKEN, RAN
from .text import visible
from .verdict import BROK, FAIL

VERSION = 1
WORSE, BETTER, OTHER = KINDS = ("worse", "better", "other")
WRONG = (FAIL, BROK)
OF_RUN = ("begun", "took", "each", "given up", "from")  # facts that say nothing of what was judged
SAFE = {True: "safe", False: "not safe", None: "no outcome"}


def where(row, column, mode, twin):
    return f"{row}, {column} {mode}{', good twin' if twin else ''}"


@dataclass(frozen=True)
class Change:
    """Of a cell, or of what became of a whole column: then there is no row."""

    kind: str  # KINDS
    row: str
    column: str
    mode: str
    twin: bool
    before: str
    after: str
    command: str = ""  # that repeats it

    @property
    def where(self):
        return where(self.row, self.column, self.mode, self.twin) if self.row else self.column


@dataclass(frozen=True)
class Fact:
    """Something that a column was run with."""

    column: str
    name: str
    before: str
    after: str


@dataclass
class Comparison:
    """came, went: {"columns", "modes", "rows", "cells"}: names; of each only where both have the rest."""

    changes: list
    facts: list
    came: dict
    went: dict
    common: int  # cells that both have

    def of(self, kind):
        return [change for change in self.changes if change.kind == kind]


# --- of cells ---

def told(cell):
    return f"{cell.verdict} {SAFE[cell.safe]}" + (f" ({cell.outcome})" if cell.outcome else "")


def kind_of(before, after):
    """Safety comes first: what is expected may change with it."""
    if before.safe is not None and after.safe is not None and before.safe != after.safe:
        return BETTER if after.safe else WORSE
    if (before.verdict in WRONG) != (after.verdict in WRONG):
        return WORSE if after.verdict in WRONG else BETTER
    return OTHER


def changed_cells(before, after):
    for key in sorted(before.cells.keys() & after.cells.keys()):
        old, new = before.cells[key], after.cells[key]
        if told(old) != told(new):
            yield Change(kind_of(old, new), *key, told(old), told(new), new.command)


# --- of columns ---

def columns_of(matrix):
    return {column.id: column for column in matrix.columns}


def changed_states(before, after):
    for name in sorted(before.keys() & after.keys()):
        old, new = before[name].state, after[name].state
        if old != new:
            kind = WORSE if new == BROKEN else BETTER if old == BROKEN else OTHER
            yield Change(kind, "", name, "", False, old, new, after[name].command)


def changed_facts(before, after):
    for name in sorted(before.keys() & after.keys()):
        old, new = dict(before[name].facts), dict(after[name].facts)
        for fact in [*old, *(new.keys() - old.keys())]:
            if fact not in OF_RUN and old.get(fact) != new.get(fact):
                yield Fact(name, fact, old.get(fact, ""), new.get(fact, ""))


# --- all of it ---

def only_in(one, other):
    """What `other` has not."""
    modes = {column.id: column.modes for column in other.columns if column.state == RAN}
    ran = [column for column in one.columns if column.id in modes and column.state == RAN]
    cells = sorted(key for key in one.cells.keys() - other.cells.keys()
                   if key[0] in other.rows and key[2] in modes.get(key[1], ()))
    return {"columns": [column.id for column in one.columns if column.id not in columns_of(other)],
            "modes": [f"{column.id} {mode}" for column in ran for mode in column.modes if mode not in modes[column.id]],
            "rows": [row.id for row in one.sorted_rows() if row.id not in other.rows],
            "cells": [where(*key) for key in cells]}


def compared(before, after):
    """A Comparison of two Matrices."""
    columns = columns_of(before), columns_of(after)
    return Comparison([*changed_states(*columns), *changed_cells(before, after)], list(changed_facts(*columns)),
                      only_in(after, before), only_in(before, after), len(before.cells.keys() & after.cells.keys()))


# --- what is told ---

def as_json(found):
    said = {"compare": VERSION, **{kind: [dataclasses.asdict(change) for change in found.of(kind)] for kind in KINDS},
            "facts": [dataclasses.asdict(fact) for fact in found.facts], "came": found.came, "went": found.went,
            "common": found.common}
    return json.dumps(said, indent=1) + "\n"


def lines(found):
    for kind in KINDS:
        for change in found.of(kind):
            yield f"{kind:6} {change.where}: {change.before} -> {change.after}"
            if kind == WORSE and change.command:
                yield f"         again: {change.command}"
    for word, part in ("came", found.came), ("went", found.went):
        for what, names in part.items():
            yield from (f"{word:6} {what.removesuffix('s')} {name}" for name in names)
    for fact in found.facts:
        yield f"with   {fact.column}: {fact.name}: {fact.before or 'not known'} -> {fact.after or 'not known'}"
    counts = ", ".join(f"{len(found.of(kind))} {kind}" for kind in KINDS)
    yield f"{counts}, of {found.common} cells that both have"


def as_text(found):
    return "".join(f"{visible(line)}\n" for line in lines(found))
