"""The catalogue and the cases as a C table for the command: tools/forkproof/explain/gotcha.h."""

from . import gotcha_words as words
from .cases import MODES, NATIVE, PROGRAMS

HEAD = """/* Made by conformance/driver/generate.py. */
#include "explain/gotcha.h"
"""
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "?": "\\?"}


def literal(text):
    """A literal for each line."""
    pieces = text.split("\n")
    lines = [piece + "\n" for piece in pieces[:-1]] + pieces[-1:]
    return " ".join('"' + "".join(ESCAPES.get(c, c) for c in line) + '"' for line in lines if line) or '""'


def strings(values):
    return "(const char *const[]){" + ", ".join([*map(literal, values), "NULL"]) + "}"


def array(kind, rows):
    """A pointer to the rows and their number; without any NULL and 0."""
    return f"(const struct {kind}[]){{{', '.join(rows)}}}, {len(rows)}" if rows else "NULL, 0"


def outcome(found):
    when = f"{found.when.kind} {found.when.number}" if found.when.kind in ("exited", "killed") else found.when.kind
    fields = *map(literal, (found.word, when, found.means)), "true" if found.safe else "false"
    return "{" + ", ".join(fields) + "}"


def exception(unless):
    where = words.listed(map(words.condition, unless.where))
    return "{" + ", ".join(map(literal, (unless.program, unless.mode, where, unless.outcome, unless.because))) + "}"


def example(case):
    if case is None or case.platform != NATIVE:  # the command does not run it
        return "NULL"
    expected = ", ".join("{" + ", ".join(literal(case.expect[program, mode]) for mode in MODES) + "}"
                         for program in PROGRAMS)
    fields = (strings(case.needs), strings(case.run), strings(case.arguments), literal(case.preload),
              "true" if case.stall else "false", literal(f"{case.deadline:g}"), str(case.pids),
              array("fp_outcome", [outcome(found) for found in case.outcomes.values()]), "{" + expected + "}",
              array("fp_exception", [exception(unless) for unless in case.unless]))
    return "&(const struct fp_case){" + ",\n     ".join(fields) + "}"


def source(document, section):
    return "{" + ", ".join(map(literal, (document, words.DOCUMENTS[document], section))) + "}"


def row(entry, case):
    fields = [*map(literal, (entry.id, entry.title, entry.family, words.FAMILIES[entry.family], entry.severity)),
              strings(entry.tags), strings(words.PLATFORMS[name] for name in entry.platforms),
              array("fp_source", [source(*found) for found in entry.sources]),
              *map(literal, (entry.run, entry.preload, *(words.options(entry, case, mode) for mode in MODES[1:]))),
              *map(literal, (entry.how, entry.audit)),
              *(literal(entry.sections[name]) for name in ("Story", "Timeline", "Remedy", "Elsewhere")), example(case)]
    return "    {" + ",\n     ".join(fields) + "},\n"


def text(entries, cases):
    rows = "".join(row(entry, cases.get(entry.id)) for entry in entries)
    # C has no empty arrays.
    return (f"{HEAD}\nconst struct fp_gotcha fp_gotchas[] = {{\n{rows or '    {0},'}}};\n"
            f"const size_t fp_gotcha_count = {len(entries)};\n")
