"""The pages in docs/gotchas: one a gotcha, and their index."""

import difflib
import re

from . import gotcha_words as words
from . import timeline
from .cases import NATIVE, PROGRAMS, WINE

INDEX = "README"
MADE = "<!-- Made by conformance/driver/generate.py from {}; changes belong there. -->\n\n"
ROOM = 98  # columns of a timeline


def table(head, rows):
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])


def fenced(language, text):
    fence = "`" * max([3] + [len(run) + 1 for run in re.findall(r"`{3,}", text)])
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def linked(markdown, own, known):
    """`kill-reaps` and (kill-reaps) lead to its page; what is in code blocks stays."""
    def link(found):
        name = found.group(2)
        if name == own or name not in known:
            return found.group()
        return f"[`{name}`]({name}.md)" if found.group(1) == "`" else f"([{name}]({name}.md))"

    parts = re.split(r"(^ *```.*?^ *```$)", markdown, flags=re.M | re.S)
    parts[::2] = [re.sub(r"(?<!\])([`(])([a-z0-9]+(?:-[a-z0-9]+)+)[`)](?!\()", link, part) for part in parts[::2]]
    return "".join(parts)


# --- the parts of a page ---

def facts(entry):
    sources = "; ".join(f"{document} {section}".strip() if document != "+" else "beyond the sources"
                        for document, section in entry.sources)
    return " · ".join([f"`{entry.id}`", f"**{entry.severity}**", words.FAMILIES[entry.family],
                       words.listed(words.PLATFORMS[name] for name in entry.platforms),
                       f"[from]({INDEX}.md#sources) {sources}"])


def drawn(entry):
    drawing, rest = timeline.draw(entry.sections["Timeline"], ROOM)
    return [fenced("text", drawing), rest] if drawing else [rest]


def who(case, mode, word):
    return words.listed(program for program in PROGRAMS if case.expect[program, mode] == word)


def exception(unless):
    program = unless.program or "both"
    mode = f", {words.MODES[unless.mode]}" if unless.mode else ""
    where = words.listed(map(words.condition, unless.where))
    return f"- {program}{mode}, {where}: `{unless.outcome}`, because {unless.because}"


def hardened_with(case):
    if case.run:
        yield f"`forkproof run` has `{' '.join(case.run)}` here."
    if case.preload:
        yield f"The library has `FORKPROOF_OPTIONS={case.preload}` here."


def outcomes(case):
    """What came of the two programs in each mode."""
    rows = [[f"`{found.word}`", "safe" if found.safe else "**unsafe**",
             *(who(case, mode, found.word) for mode in case.modes), found.means] for found in case.outcomes.values()]
    modes = [words.MODES[mode] for mode in case.modes]
    parts = [table(["outcome", "", *modes, "which means"], rows), " ".join(hardened_with(case))]
    if case.unless:
        parts.append("But:\n\n" + "\n".join(map(exception, case.unless)))
    if case.needs:
        parts.append(f"To be seen it needs {words.listed(words.NEEDS[need] for need in case.needs)}.")
    return [part for part in parts if part]


def sources(case):
    """bad whole, good as what is different, and the others."""
    text = {name: path.read_text() for name, path in case.programs.items()}
    names = {name: path.name for name, path in case.programs.items()}
    language = {name: "cpp" if path.suffix == ".cc" else "c" for name, path in case.programs.items()}
    yield fenced(language["bad"], text["bad"])
    diff = difflib.unified_diff(*(text[name].splitlines(True) for name in PROGRAMS), names["bad"], names["good"])
    yield f"What is different in `{names['good']}`:"
    yield fenced("diff", "".join(diff))
    for name in sorted(case.programs.keys() - set(PROGRAMS)):
        yield f"`{names[name]}`, which they use:"
        yield fenced(language[name], text[name])


def under(entry, case):
    finding = f"The finding of an audit: {entry.audit}." if entry.audit else "An audit has nothing to find here."
    run, preload = (words.answer(f"**{words.ANSWERS[getattr(entry, mode)]}**", words.options(entry, case, mode))
                    for mode in ("run", "preload"))
    return [f"`forkproof run`: {run}. The library preloaded alone: {preload}.", entry.how, finding]


def seen_by(case):
    if case.platform == NATIVE:
        return f"forkproof explain --run {case.id}"
    return f"conformance/run --platform {case.platform} {case.id}"


def page(entry, case, known):
    parts = [f"# {entry.title}", facts(entry), "## Story", entry.sections["Story"], "## Timeline", *drawn(entry)]
    if case:
        parts += ["## What comes of it", *outcomes(case)]
    parts += ["## Remedy", entry.sections["Remedy"]]
    if case:
        parts += ["## The program", *sources(case)]
    parts += ["## Under forkproof", *under(entry, case), "## Elsewhere", entry.sections["Elsewhere"]]
    if case:
        parts.append(f"See it: `{seen_by(case)}`")
    origin = f"conformance/catalogue/{entry.id}.md" + (f" and conformance/cases/{entry.id}" if case else "")
    return MADE.format(origin) + linked("\n\n".join(part for part in parts if part), entry.id, known) + "\n"


# --- the index ---

def listed(entry, case):
    answers = (words.answer(getattr(entry, mode), words.options(entry, case, mode)) for mode in ("run", "preload"))
    return [f"[{entry.id}]({entry.id}.md)", entry.title, entry.severity, *answers]


def family(name, entries, cases):
    rows = [listed(entry, cases.get(entry.id)) for entry in entries if entry.family == name]
    if rows:
        yield f"## {words.FAMILIES[name]}"
        yield table(["", "what goes wrong", "severity", "run", "preload"], rows)


def counted(entries):
    """Of each source: how many gotchas come from it. One can come from several."""
    for document, title in words.DOCUMENTS.items():
        count = sum(any(found == document for found, _ in entry.sources) for entry in entries)
        yield [document, addressed(title), str(count)]


def addressed(title):
    for name, address in words.ADDRESSES.items():
        title = title.replace(f"({name})", f"([{name}]({address}))")
    return title


def shown(entries, cases):
    """How their programs are run."""
    wine = sum(case.platform == WINE for case in (cases.get(entry.id) for entry in entries) if case)
    if not wine:
        return "`forkproof explain --run ID`"
    return (f"`forkproof explain --run ID`; the {wine} of Windows' own run in Wine: "
            "`conformance/run --platform wine ID`")


def index(entries, cases):
    parts = ["# Gotchas", f"{len(entries)} ways in which programs that start other programs go wrong, in the order of "
             f"a course. Each has a program that really falls into it ({shown(entries, cases)}), and one that does "
             "not. *run* and *preload* say what `forkproof run`, and the library preloaded alone, do about it: "
             "prevented, limited, detected (`forkproof audit` names it), or none. Options that are named there "
             "must be given, to the command or in `FORKPROOF_OPTIONS`: without them it happens."]
    for name in words.FAMILIES:
        parts += family(name, entries, cases)
    parts += ["## Sources", table(["", "document", "gotchas"], counted(entries))]
    return MADE.format("conformance/catalogue") + "\n\n".join(parts) + "\n"


def pages(entries, cases, more=frozenset()):
    """{file name: text}. more: ids of gotchas that have a page as well."""
    known = {entry.id for entry in entries} | more
    found = {f"{entry.id}.md": page(entry, cases.get(entry.id), known) for entry in entries}
    return {**found, f"{INDEX}.md": index(entries, cases)}
