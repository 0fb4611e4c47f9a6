"""The catalogue: one file an entry, TOML between two +++ lines and then Markdown. ../README.md says what is in it."""

import pathlib
from dataclasses import dataclass

from . import prose
from .schema import ID, REQUIRED, Complaints, Malformed, Table, read_text, read_toml

FAMILIES = ("identity", "containment", "fork-exec", "pipes", "signals", "windows")
SEVERITIES = ("error", "warning", "note")
PLATFORMS = ("linux", "macos", "bsd", "windows")
DOCUMENTS = ("S0", "S1", "S2", "S3", "S4", "+")
ANSWERS = ("prevented", "limited", "detected", "none")
SECTIONS = ("Story", "Timeline", "Remedy", "Elsewhere")
FRONT = "+++"


@dataclass(frozen=True)
class Entry:
    id: str
    title: str
    family: str
    order: int
    severity: str
    tags: tuple
    platforms: tuple
    audit: str
    sources: tuple  # of (document, section)
    run: str
    preload: str
    how: str
    sections: dict  # name: Markdown, in the order of SECTIONS
    path: pathlib.Path


def front_matter(lines, complain):
    """(top table, number of the first line after it), or None."""
    if lines[0] != FRONT:
        complain("line 1", f"must be {FRONT}")
        return None
    if FRONT not in lines[1:]:
        complain("line 1", f"a {FRONT} that no second one closes")
        return None
    end = lines.index(FRONT, 1)
    values = read_toml("\n".join(lines[1:end]), complain, 2)
    return None if values is None else (values, end + 2)


def read_sources(top):
    found = []
    for table in top.tables("sources"):
        document = table.choice("document", DOCUMENTS)
        section = table.text("section", "", empty=True) if document == "+" else table.text("section")
        table.done()
        found.append((document, section))
    if not found and top.values.get("sources") == []:
        top.complain("sources", "is empty")
    return tuple(found)


def read_answers(top):
    table = top.table("forkproof")
    if table is None:
        return {}
    how = table.take("how", REQUIRED, lambda v: isinstance(v, str) and v.strip(), "a text that says how, or why not")
    found = {"run": table.choice("run", ANSWERS), "preload": table.choice("preload", ANSWERS),
             "how": " ".join((how or "").split())}
    table.done()
    return found


def read_front(values, complain):
    top = Table(values, "", complain)
    found = {"title": top.text("title"), "family": top.choice("family", FAMILIES),
             "order": top.number("order", 0, 9999, kinds=(int,)), "severity": top.choice("severity", SEVERITIES),
             "tags": top.texts("tags", empty=False), "platforms": top.texts("platforms", among=PLATFORMS, empty=False),
             "audit": top.text("audit", empty=True), "sources": read_sources(top), **read_answers(top)}
    top.done()
    return found


def read_sections(lines, first, complain):
    prose.check(lines, first, complain)
    (_, _, before), *parts = prose.split(lines, first)
    early = next((number for number, line in enumerate(before, first) if line.strip()), None)
    if early:
        complain(f"line {early}", f"text before the first section, ## {SECTIONS[0]}")
    titles = [title for title, _, _ in parts]
    for title, number, body in parts:
        if title not in SECTIONS:
            complain(f"line {number}", f"## {title} is none of the sections: {', '.join(SECTIONS)}")
        elif not any(line.strip() for line in body):
            complain(f"line {number}", f"## {title} is empty")
        elif title == "Timeline" and not any(line.startswith("|") for line in body):
            complain(f"line {number}", "## Timeline has no table")
    for title in SECTIONS:
        if titles.count(title) != 1:
            complain("", f"## {title} is " + ("there twice" if title in titles else "missing"))
    known = [title for title in titles if title in SECTIONS]
    if sorted(known, key=SECTIONS.index) != known:
        complain("", f"its sections must be in this order: {', '.join(SECTIONS)}")
    return {title: "\n".join(body).strip("\n") for title, _, body in parts}


def read_entry(path, complain):
    """The entry, or None when there is something to complain of."""
    if not ID.fullmatch(path.stem):
        complain("", "its name must be an id: lower case with hyphens")
    text = read_text(path, complain)
    if text is None:
        return None
    lines = text.split("\n")
    front = front_matter(lines, complain)
    if front is None:
        return None
    values, first = front
    found = read_front(values, complain)
    sections = read_sections(lines[first - 1:], first, complain)
    return None if complain else Entry(id=path.stem, sections=sections, path=path, **found)


def place(entry):
    """What entries are sorted by."""
    return FAMILIES.index(entry.family), entry.order, entry.id


def load(directory, complaints=None):
    """The entries, sorted by family and order.

    A malformed one raises Malformed; when a list is given for the complaints, they are appended to it instead and only
    that entry is left out.
    """
    entries, found = [], []
    for path in sorted(pathlib.Path(directory).iterdir()):
        if path.suffix == ".md" and not path.name.startswith("."):
            complain = Complaints(path.stem, path)
            entry = read_entry(path, complain)
            found += complain
            entries += [entry] if entry else []
    if found and complaints is None:
        raise Malformed(found)
    if found:
        complaints += found
    return sorted(entries, key=place)
