"""The matrix as one page that needs nothing else: page/ has its markup, its looks and its script.

The table is there without the script, which filters it and shows the evidence. No text of a program comes into the
page but by `shown` or `packed`."""

import base64
import hashlib
import html
import itertools
import json
import pathlib

from . import matrix
from .gotcha_words import FAMILIES
from .text import visible
from .verdict import BROK, FAIL

HERE = pathlib.Path(__file__).resolve().parent / "page"
MARKS = ("@STYLE_HASH@", "@SCRIPT_HASH@", "@STYLE@", "@TITLE@", "@HEAD@", "@TABLE@", "@AFTER@", "@DATA@", "@SCRIPT@")
SAFE, UNSAFE, NOT_RUN, NOT_APPLICABLE, COMPILED, LACKING, NOTHING = "s", "u", "q", "n", "c", "l", "e"  # classes
SIGNS = {SAFE: "✓", UNSAFE: "✗", NOT_RUN: "?", NOT_APPLICABLE: "–", COMPILED: "C", LACKING: "?", NOTHING: ""}
STATES = {matrix.RAN: "", matrix.COMPILED: "compiles, not run", matrix.LACKING: "not to be had",
          matrix.BROKEN: "broken"}
KINDS = {matrix.PLATFORM: "platforms", matrix.SUBJECT: "libraries"}
MARKS_OF_VERDICTS = {FAIL: "F", BROK: "B"}
GAP = "g"
UNKNOWN = "Of no known family"
TWIN = "twin"  # in the place of a mode
MOST_WRONG = 200


def harmless(text):
    """On one line, with nothing in it that is not seen."""
    return text if text.isprintable() else visible(text)


def shown(text):
    return html.escape(harmless(text))


# --- the table ---

def class_of(row, column, cell):
    if row.on != column.on or (cell and cell.verdict == matrix.NOT_APPLICABLE):
        return NOT_APPLICABLE
    if column.state != matrix.RAN:
        return COMPILED if column.state == matrix.COMPILED else LACKING
    if cell is None:
        return NOTHING
    return NOT_RUN if cell.safe is None else SAFE if cell.safe else UNSAFE


def mark_of(row, column, cell):
    if cell is None or row.on != column.on:
        return ""
    return MARKS_OF_VERDICTS.get(cell.verdict, GAP if cell.is_gap else "")


def has_twin(found, column):
    return any(found.twin(row, column) for row in found.rows.values() if row.on == column.on)


def slots_of(found):
    """[(column, mode)]: what stands in a row, from left to right. A column that did not run has one, and no mode."""
    for column in found.columns:
        if column.state != matrix.RAN:
            yield column, ""
            continue
        yield from ((column, mode) for mode in column.modes or ("",))
        if has_twin(found, column):
            yield column, TWIN


def cell_in(found, row, column, mode):
    return found.twin(row, column) if mode == TWIN else found.cell(row, column, mode)


def td(found, row, slot, is_first):
    column, mode = slot
    cell = cell_in(found, row, column, mode)
    name, mark = class_of(row, column, cell), mark_of(row, column, cell)
    text = SIGNS[name] + (f"<sup>{mark}</sup>" if mark else "")
    return f'<td class="{name}{" f" if is_first else ""}">{text}'


def share(found, column, mode):
    cells = [found.cell(row, column, mode) for row in found.rows.values() if row.on == column.on]
    seen = [cell.safe for cell in cells if cell and cell.safe is not None]
    return f"{seen.count(True)}/{len(seen)}" if seen else ""


def head(found, slots):
    by_column = [(column, [mode for _, mode in group]) for column, group in itertools.groupby(slots, lambda s: s[0])]
    yield '<thead><tr><th rowspan="2" class="corner">gotcha</th>'
    for number, (column, modes) in enumerate(by_column):
        state = f"<small>{STATES[column.state]}</small>" if STATES[column.state] else ""
        yield (f'<th scope="colgroup" colspan="{len(modes)}" class="{column.state} f" data-column="{number}">'
               f'<button type="button">{shown(column.id)}</button>{state}</th>')
    yield "</tr><tr>"
    for column, modes in by_column:
        for number, mode in enumerate(modes):
            told = "" if mode in ("", TWIN) else share(found, column, mode)
            yield f'<th scope="col"{"" if number else " class=f"}>{mode}<small>{told}</small></th>'
    yield "</tr></thead>\n"


def table_rows(found, slots):
    width, rows = len(slots) + 1, found.sorted_rows()
    firsts = [number == 0 or slots[number - 1][0] is not slot[0] for number, slot in enumerate(slots)]
    number = itertools.count()
    for family, group in itertools.groupby(rows, lambda row: row.family if row.family in FAMILIES else ""):
        title = FAMILIES.get(family, UNKNOWN)
        yield (f'<tbody data-family="{family}"><tr class="family"><th colspan="{width}" scope="rowgroup">'
               f"<span>{html.escape(title)}</span></th></tr>\n")
        for row in group:
            cells = "".join(td(found, row, slot, first) for slot, first in zip(slots, firsts))
            yield (f'<tr data-row="{next(number)}"><th scope="row"><button type="button">{shown(row.id)}</button>'
                   f"<span>{shown(row.title)}</span></th>{cells}</tr>\n")
        yield "</tbody>\n"


# --- around it ---

def title(found):
    kinds = {column.kind for column in found.columns}
    return "Gotchas across " + " and ".join(name for kind, name in KINDS.items() if kind in kinds or not kinds)


def summary(found):
    wrong = sum(cell.is_wrong for cell in found.cells.values())
    broken = sum(column.state == matrix.BROKEN for column in found.columns)
    states = [column.state for column in found.columns]
    told = [f"{len(found.rows)} gotchas", f"{len(found.columns)} columns",
            f"{sum(cell.safe is not None for cell in found.cells.values())} results",
            f"{wrong + broken} not as expected"]
    told += [f"{STATES[state]}: {states.count(state)}" for state in matrix.STATES[1:3] if state in states]
    return ", ".join(told)


def about_column(column):
    facts = "".join(f"<dt>{shown(name)}</dt><dd>{shown(text)}</dd>" for name, text in column.facts)
    state = f'<p class="state {column.state}">{STATES[column.state]}: {shown(column.note)}</p>' \
        if column.state != matrix.RAN else ""
    command = f"<p><code>{shown(column.command)}</code></p>" if column.command else ""
    return (f"<article><h3>{shown(column.id)}</h3><p>{shown(column.title)}</p>{state}<dl>{facts}</dl>{command}"
            "</article>\n")


def wrong_ones(found):
    for column in found.columns:
        if column.state == matrix.BROKEN:
            yield f"<li><b>{BROK}</b> {shown(column.id)}: {shown(column.note)}</li>\n"
    for cell in found.cells.values():
        if cell.is_wrong:
            which = f"{cell.row}, {cell.column}, {'good twin, ' if cell.twin else ''}{cell.mode}"
            again = f"<br><code>{shown(cell.command)}</code>" if cell.command else ""
            yield f"<li><b>{cell.verdict}</b> {shown(which)}: {shown(cell.reason)}{again}</li>\n"


def after(found):
    wrong = list(wrong_ones(found))
    if wrong:
        yield f"<section><h2>Not as expected</h2><ul>\n{''.join(wrong[:MOST_WRONG])}</ul>"
        yield f"<p>and {len(wrong) - MOST_WRONG} more</p>" if len(wrong) > MOST_WRONG else ""
        yield "</section>\n"
    yield '<section><h2>Columns</h2><div class="columns">\n'
    yield from map(about_column, found.columns)
    yield "</div></section>"


# --- the data ---

class Texts(dict):
    """Each text once: its number."""

    def number(self, text):
        return self.setdefault(harmless(text), len(self))


def packed_cell(cell, places, texts, commands):
    """A command that begins as its column's is written as what follows, and its number as -1 - number."""
    before = commands[cell.column] + " "
    shortened = before != " " and cell.command.startswith(before)
    command = texts.number(cell.command.removeprefix(before) if shortened else cell.command)
    evidence = "\n".join(map(harmless, cell.evidence))
    return [*places, cell.mode, int(cell.twin), texts.number(cell.outcome), cell.safe, cell.verdict,
            texts.number(cell.reason), texts.setdefault(evidence, len(texts)), -1 - command if shortened else command]


def packed(found, slots):
    """For the script: as page.js unpacks it. Nothing in it ends a script element."""
    rows, texts = found.sorted_rows(), Texts()
    row_places = {row.id: number for number, row in enumerate(rows)}
    column_places = {column.id: number for number, column in enumerate(found.columns)}
    commands = {column.id: column.command for column in found.columns}
    cells = [packed_cell(cell, (row_places[cell.row], column_places[cell.column]), texts, commands)
             for cell in found.cells.values()]
    data = {"rows": [[harmless(row.id), harmless(row.title), row.family if row.family in FAMILIES else "", row.on,
                      facts(row.facts)] for row in rows],
            "columns": [[harmless(column.id), harmless(column.title), column.state, STATES[column.state],
                         harmless(column.note), column.on, column.modes, facts(column.facts), harmless(column.command)]
                        for column in found.columns],
            "slots": [[column_places[column.id], mode] for column, mode in slots],
            "families": {**FAMILIES, "": UNKNOWN}, "cells": cells, "texts": list(texts)}
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def facts(pairs):
    return [[harmless(name), harmless(text)] for name, text in pairs]


# --- the page ---

def read(name):
    return (HERE / name).read_text("utf-8")


def digest(text):
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def filled(template, values):
    """Each mark once; what is put in is not looked through for marks."""
    pieces = []
    for mark in MARKS:
        before, found, template = template.partition(mark)
        if not found:
            raise ValueError(f"{mark} is not in its place in page.html")
        pieces += [before, values[mark]]
    return "".join([*pieces, template])


def render(found):
    style, script, slots = read("page.css"), read("page.js"), list(slots_of(found))
    table = "".join([*head(found, slots), *table_rows(found, slots)])
    return filled(read("page.html"), {
        "@STYLE_HASH@": digest(style), "@SCRIPT_HASH@": digest(script), "@STYLE@": style, "@SCRIPT@": script,
        "@TITLE@": title(found), "@HEAD@": html.escape(summary(found)), "@TABLE@": table,
        "@AFTER@": "".join(after(found)), "@DATA@": packed(found, slots)})
