"""The matrix as one page that needs nothing else: page/ has its markup, its looks and its script.

The table is there without the script, which filters it and shows the evidence. No text of a program comes into the
page but by `shown` or `packed`."""

import base64
import dataclasses
import hashlib
import html
import itertools
import json
import pathlib
from collections import Counter

from . import matrix
from .gotcha_words import FAMILIES
from .text import visible
from .verdict import BROK, FAIL, NA

HERE = pathlib.Path(__file__).resolve().parent / "page"
MARKS = ("@STYLE_HASH@", "@SCRIPT_HASH@", "@STYLE@", "@TITLE@", "@LEAD@", "@HEAD@", "@DENSE@",
         "@TABLE@", "@AFTER@", "@DATA@", "@SCRIPT@")
SAFE, UNSAFE, NOT_RUN, NOT_APPLICABLE, COMPILED, LACKING, NOTHING = "s", "u", "q", "n", "c", "l", "e"  # classes
SIGNS = {SAFE: "✓", UNSAFE: "✗", NOT_RUN: "?", NOT_APPLICABLE: "–", COMPILED: "C", LACKING: "?", NOTHING: ""}
STATES = {matrix.RAN: "", matrix.COMPILED: "compiles, not run", matrix.LACKING: "not to be had",
          matrix.BROKEN: "broken"}
PLATFORMS, LIBRARIES, TOOLS = GROUPS = ("platforms", "libraries", "tools")  # of columns, as they stand
LEADS = {matrix.PLATFORM: "A cell is a program that falls into the gotcha, and what came of it: <i>bare</i>, under "
                          "<i>forkproof run</i>, with the library <i>preload</i>ed.",
         matrix.SUBJECT: "A cell is a library or a tool that was put to the gotcha, and what came of it: <i>bare</i>, "
                         "and a library under <i>forkproof run</i> as well."}
MARKS_OF_VERDICTS = {FAIL: "F", BROK: "B"}
GAP = "g"
UNKNOWN = "Of no known family"
TWIN = "twin"  # in the place of a mode
MOST_WRONG = 200
MOST_WIDE = 24  # slots; more of them are narrow, and their names stand


def harmless(text):
    """On one line, with nothing in it that is not seen."""
    return text if text.isprintable() else visible(text)


def shown(text):
    return html.escape(harmless(text))


# --- columns ---

def group_of(column):
    return PLATFORMS if column.kind == matrix.PLATFORM else TOOLS if column.tool else LIBRARIES


def place_of(column):
    """What columns are sorted by: platforms stay as they are, subjects stand by name."""
    return GROUPS.index(group_of(column)), column.id if column.kind == matrix.SUBJECT else ""


# --- the table ---

def class_of(row, column, cell):
    if row.on != column.on or (cell and cell.verdict == NA):
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


def borders(slots):
    """A class for each: f begins a column, g a further group of columns."""
    before = None
    for column, _ in slots:
        begins = before is not None and group_of(before) != group_of(column)
        yield "" if column is before else "f g" if begins else "f"
        before = column


def td(found, row, slot, border):
    column, mode = slot
    cell = cell_in(found, row, column, mode)
    name, mark = class_of(row, column, cell), mark_of(row, column, cell)
    text = SIGNS[name] + (f"<sup>{mark}</sup>" if mark else "")
    return f'<td class="{name}{border and " "}{border}">{text}'


def share(found, column, mode):
    cells = [found.cell(row, column, mode) for row in found.rows.values() if row.on == column.on]
    seen = [cell.safe for cell in cells if cell and cell.safe is not None]
    return f"{seen.count(True)}/{len(seen)}" if seen else ""


def group_heads(slots):
    for group, width in Counter(group_of(column) for column, _ in slots).items():
        border = "f" if group == group_of(slots[0][0]) else "f g"
        yield (f'<th scope="colgroup" colspan="{width}" class="{border}" data-group="{group}">'
               f"<span>{group}</span></th>")


def column_head(number, column, width, border):
    state = f"<small>{STATES[column.state]}</small>" if STATES[column.state] else ""
    return (f'<th scope="colgroup" colspan="{width}" class="{column.state} {border}" data-column="{number}"><span>'
            f'<button type="button">{shown(column.id)}</button>{state}</span></th>')


def mode_head(found, slot, border):
    column, mode = slot
    told = "" if mode in ("", TWIN) else share(found, column, mode)
    return f'<th scope="col" class="{border}"><span>{mode} <small>{told}</small></span></th>'


def head(found, slots):
    widths, edges = Counter(column.id for column, _ in slots), list(borders(slots))
    groups = list(group_heads(slots))
    yield "<thead>"
    if len(groups) > 1:
        yield f'<tr class="groups"><th class="corner"></th>{"".join(groups)}</tr>'
    yield '<tr class="names"><th rowspan="2" class="corner">gotcha</th>'
    for number, (column, border) in enumerate(zip(found.columns, filter(None, edges))):
        yield column_head(number, column, widths[column.id], border)
    yield '</tr><tr class="modes">'
    yield from (mode_head(found, slot, edge) for slot, edge in zip(slots, edges))
    yield "</tr></thead>\n"


def table_rows(found, slots):
    width, rows = len(slots) + 1, found.sorted_rows()
    edges, number = list(borders(slots)), itertools.count()
    for family, group in itertools.groupby(rows, lambda row: row.family if row.family in FAMILIES else ""):
        title = FAMILIES.get(family, UNKNOWN)
        yield (f'<tbody data-family="{family}"><tr class="family"><th colspan="{width}" scope="rowgroup">'
               f"<span>{html.escape(title)}</span></th></tr>\n")
        for row in group:
            cells = "".join(td(found, row, slot, edge) for slot, edge in zip(slots, edges))
            yield (f'<tr data-row="{next(number)}"><th scope="row"><button type="button">{shown(row.id)}</button>'
                   f"<span>{shown(row.title)}</span></th>{cells}</tr>\n")
        yield "</tbody>\n"


# --- around it ---

def title(found):
    *most, last = [group for group in GROUPS if group in map(group_of, found.columns)] or GROUPS
    return f"Gotchas across {', '.join(most)}{' and ' if most else ''}{last}"


def lead(found):
    kinds = {column.kind for column in found.columns}
    return " ".join(text for kind, text in LEADS.items() if kind in kinds or not kinds)


def summary(found):
    wrong = sum(cell.is_wrong for cell in found.cells.values())
    broken = sum(column.state == matrix.BROKEN for column in found.columns)
    states = [column.state for column in found.columns]
    told = [f"{len(found.rows)} gotchas", f"{len(found.columns)} columns",
            f"{sum(cell.safe is not None for cell in found.cells.values())} results",
            f"{wrong + broken} not as expected"]
    told += [f"{STATES[state]}: {states.count(state)}" for state in matrix.STATES[1:3] if state in states]
    return ", ".join(told)


def about_column(number, column):
    facts = "".join(f"<dt>{shown(name)}</dt><dd>{shown(text)}</dd>" for name, text in column.facts)
    state = f'<p class="state {column.state}">{STATES[column.state]}: {shown(column.note)}</p>' \
        if column.state != matrix.RAN else ""
    command = f"<p><code>{shown(column.command)}</code></p>" if column.command else ""
    return (f'<article data-column="{number}"><h3>{shown(column.id)}</h3><p>{shown(column.title)}</p>{state}'
            f"<dl>{facts}</dl>{command}</article>\n")


def wrong_ones(found):
    places = {column.id: number for number, column in enumerate(found.columns)}
    for column in found.columns:
        if column.state == matrix.BROKEN:
            yield (f'<li data-column="{places[column.id]}"><b>{BROK}</b> {shown(column.id)}: {shown(column.note)}'
                   "</li>\n")
    for cell in found.cells.values():
        if cell.is_wrong:
            which = f"{cell.row}, {cell.column}, {'good twin, ' if cell.twin else ''}{cell.mode}"
            again = f"<br><code>{shown(cell.command)}</code>" if cell.command else ""
            yield (f'<li data-column="{places[cell.column]}"><b>{cell.verdict}</b> {shown(which)}: '
                   f"{shown(cell.reason)}{again}</li>\n")


def after(found):
    wrong = list(wrong_ones(found))
    if wrong:
        yield f"<section><h2>Not as expected</h2><ul>\n{''.join(wrong[:MOST_WRONG])}</ul>"
        yield f"<p>and {len(wrong) - MOST_WRONG} more</p>" if len(wrong) > MOST_WRONG else ""
        yield "</section>\n"
    yield '<section><h2>Columns</h2><div class="columns">\n'
    yield from itertools.starmap(about_column, enumerate(found.columns))
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
                         harmless(column.note), column.on, column.modes, facts(column.facts), harmless(column.command),
                         group_of(column)]
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
    found = dataclasses.replace(found, columns=sorted(found.columns, key=place_of))
    style, script, slots = read("page.css"), read("page.js"), list(slots_of(found))
    table = "".join([*head(found, slots), *table_rows(found, slots)])
    return filled(read("page.html"), {
        "@STYLE_HASH@": digest(style), "@SCRIPT_HASH@": digest(script), "@STYLE@": style, "@SCRIPT@": script,
        "@TITLE@": title(found), "@LEAD@": lead(found), "@HEAD@": html.escape(summary(found)),
        "@DENSE@": "dense" if len(slots) > MOST_WIDE else "", "@TABLE@": table, "@AFTER@": "".join(after(found)),
        "@DATA@": packed(found, slots)})
