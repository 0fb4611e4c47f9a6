"""Reports and matrices that were saved as JSON, by whomever: read with a complaint about the first thing that is not
as it should be."""

import json

from . import matrix, report_json, verdict
from .cases import PROGRAMS, WAYS
from .schema import REQUIRED, Complaints, Malformed, Table, one_of, read_text

MOST_BYTES = 256 << 20
LARGEST = 1 << 53
SECONDS = 1e9
OF_MACHINE = ("system", "release", "machine", "subject", "wine", "libc", "programs", "compiler", "forkproof")


def line(value):
    return isinstance(value, str)


def lines(value):
    return isinstance(value, list) and all(line(one) for one in value)


def of_texts(value):
    return isinstance(value, dict) and all(map(line, value.values()))


def known(words):
    return lambda value: lines(value) and set(value) <= set(words) and len(set(value)) == len(value)


def pairs(value):
    return isinstance(value, list) and all(lines(one) and len(one) == 2 for one in value)


class Object(Table):
    """Of JSON; what nobody asks for may be there."""

    def any_text(self, name, default=REQUIRED):
        return self.take(name, default, line, "a text")

    def name(self, name):
        return self.take(name, REQUIRED, lambda v: line(v) and v.strip(), "a text that is not empty")

    def any_texts(self, name, default=REQUIRED):
        return self.take(name, default, lines, "a list of texts")

    def answer(self, name):
        return self.take(name, REQUIRED, lambda v: v is None or isinstance(v, bool), "true, false or null")

    def whole(self, name, default=REQUIRED):
        return self.number(name, 0, LARGEST, default, (int,))

    def words(self, name, among):
        return self.take(name, REQUIRED, known(among), f"a list of different words, each {one_of(among)}")

    def objects(self, name, default=REQUIRED):
        found = self.take(name, default, lambda v: isinstance(v, list) and all(isinstance(one, dict) for one in v),
                          "a list of objects")
        return [Object(one, f"{self.key(name)}[{i}]", self.complain) for i, one in enumerate(found or [])]

    def texts_by_name(self, name, default=REQUIRED):
        return self.take(name, default, of_texts, "an object of texts")

    def object(self, name):
        found = self.take(name, REQUIRED, lambda v: isinstance(v, dict), "an object")
        return Object(found or {}, self.key(name), self.complain)


# --- a report ---

def texts_of(table, *names):
    return {name: table.any_text(name) for name in names}


def read_run(table):
    return {"program": table.choice("program", PROGRAMS), "mode": table.choice("mode", WAYS),
            "verdict": table.choice("verdict", matrix.VERDICTS), "safe": table.answer("safe"),
            **texts_of(table, "reason", "means", "again"), "facts": table.any_texts("facts"),
            "because": table.take("because", REQUIRED, lambda v: v is None or line(v), "a text or null"),
            "outcomes": table.object("outcomes").values,
            "steps": [{"pid": step.whole("pid"), "text": step.any_text("text")} for step in table.objects("steps")]}


def read_gotcha(table):
    found = {"id": table.name("id"), **texts_of(table, "kind"),
             "complaints": [texts_of(one, "file", "place", "what") for one in table.objects("complaints")]}
    if not found["complaints"]:
        found |= {**texts_of(table, "title", "family", "severity"), "order": table.whole("order"),
                  "tags": table.any_texts("tags"), "forkproof": table.texts_by_name("forkproof"),
                  "sources": [texts_of(one, "document", "section") for one in table.objects("sources")]}
    return found | {"runs": [read_run(one) for one in table.objects("runs")]}


def read_lacks(table):
    if "lacks" not in table.values:
        return {}
    lacks = table.object("lacks")
    return {"lacks": {"verdict": lacks.choice("verdict", verdict.VERDICTS), "reason": lacks.any_text("reason")}}


def read_machine(table):
    """Empty where nothing was run."""
    return {**{name: table.any_text(name, "") for name in OF_MACHINE}, "user": table.whole("user", None),
            "pid_namespace": table.flag("pid_namespace", None), "environment": table.texts_by_name("environment", {})}


def read_report(table):
    return {"platform": table.name("platform"), "column": table.choice("column", matrix.KINDS),
            **texts_of(table, "title", "kind", "command", "build", "began"), "tool": table.flag("tool", False),
            "compiled": table.any_text("compiled", ""), "modes": table.words("modes", WAYS),
            "machine": read_machine(table.object("machine")), **read_lacks(table),
            "seconds": table.number("seconds", 0, SECONDS), "repeat": table.whole("repeat"),
            "left_out": table.whole("left_out"), "gotchas": [read_gotcha(one) for one in table.objects("gotchas")]}


def of_reports(top, name):
    parts, several = [], "platforms" in top.values
    for table in top.objects("platforms") if several else [top]:
        is_known(table, "schema", report_json.SCHEMA)
        told = None if top.complain else read_report(table)
        if not top.complain:
            parts.append((name, matrix.of_report(told)))
    return parts


# --- a matrix ---

def read_column(table):
    return matrix.Column(table.name("id"), table.any_text("title"), table.choice("kind", matrix.KINDS),
                         table.choice("state", matrix.STATES), table.any_text("note", ""), table.any_text("on"),
                         tuple(table.words("modes", WAYS) or ()), read_pairs(table), table.any_text("command", ""),
                         table.flag("tool", False))


def read_pairs(table):
    found = table.take("facts", [], pairs, "a list of pairs of texts")
    return tuple((name, text) for name, text in found or [])


def read_row(table):
    return matrix.Row(table.name("id"), table.any_text("title"), table.any_text("family"), table.whole("order", 0),
                      table.any_text("on"), read_pairs(table))


def read_cell(table):
    return matrix.Cell(table.name("row"), table.name("column"), table.choice("mode", WAYS), table.flag("twin", False),
                       table.any_text("outcome", ""), table.answer("safe"), table.choice("verdict", matrix.VERDICTS),
                       table.any_text("reason", ""), tuple(table.any_texts("evidence", []) or ()),
                       table.any_text("command", ""))


def complain_of_strangers(found, tables):
    """Cells of rows or columns that are not there."""
    columns = {column.id: column for column in found.columns}
    for cell, table in tables:
        if cell.row not in found.rows:
            table.complain(table.key("row"), f"there is no such row: {cell.row}")
        if cell.column not in columns or cell.mode not in columns[cell.column].modes:
            table.complain(table.key("column"), f"there is no such column with the mode {cell.mode}: {cell.column}")


def of_matrix(top, name):
    is_known(top, "matrix", matrix.VERSION)
    columns = [] if top.complain else [read_column(one) for one in top.objects("columns")]
    rows = [] if top.complain else [read_row(one) for one in top.objects("rows")]
    tables = [] if top.complain else [(read_cell(one), one) for one in top.objects("cells")]
    found = matrix.Matrix(columns, {row.id: row for row in rows}, {cell.key: cell for cell, _ in tables})
    for name, there, given in (("columns", {column.id for column in columns}, columns), ("rows", found.rows, rows),
                               ("cells", found.cells, tables)):
        if len(there) < len(given):
            top.complain(name, "one is there twice")
    if not top.complain:
        complain_of_strangers(found, tables)
    return [(name, found)]


# --- a file ---

def is_known(table, name, version):
    value = table.take(name, REQUIRED, lambda v: type(v) is int, "a number")
    if value is not None and value != version:
        table.complain(table.key(name), f"is version {value}, and {version} is the one that is read")


def parse(text, complain):
    try:
        found = json.loads(text)
    except RecursionError:
        complain("", "is not JSON: nested too deeply")
    except json.JSONDecodeError as wrong:
        complain(f"line {wrong.lineno}", f"is not JSON: {wrong.msg}")
    except ValueError:
        complain("", "is not JSON: a number has too many digits")
    else:
        if isinstance(found, dict):
            return Object(found, "", complain)
        complain("", "is no report and no matrix: its top is no object")
    return None


def load(path):
    """[(the file's name, Matrix)]. Raises Malformed."""
    complain = Complaints(path.stem, path)
    text = read_text(path, complain, MOST_BYTES)
    top = None if text is None else parse(text, complain)
    parts = (of_matrix if "matrix" in top.values else of_reports)(top, path.name) if top else []
    if complain:
        raise Malformed(complain)
    return parts
