"""The cases: one folder each, with its programs and case.toml. ../README.md says what is in it."""

import pathlib
import re
import signal
from dataclasses import dataclass

from .schema import ID, REQUIRED, Complaints, Malformed, Table, one_of, read_text, read_toml, shown

MODES = ("bare", "run", "preload")
AUDIT = "audit"  # its outcomes are no case's: audit.py
WAYS = (*MODES, AUDIT)
PROGRAMS = ("bad", "good")
NEEDS = ("forced-pids", "pid-limit", "root", "pty", "threads", "c++")
SUFFIXES = (".c", ".cc")
NATIVE, WINE = PLATFORMS = ("native", "wine")
ON_WINE = ".windows.c"
DEADLINE = 10
LONGEST = 600
CONDITION = re.compile(r"!?(root|plain-user|cgroup|glibc|musl|(?:glibc|linux)-[0-9]{1,4}\.[0-9]{1,4})")
CONDITIONS = ("root", "plain-user", "cgroup", "glibc", "musl", "glibc-N.M", "linux-N.M")
ENDS = ("said", "survivors", "stranger-hit", "stalled", "deadline")
ALL = "all"


@dataclass(frozen=True)
class When:
    """kind: one of ENDS, or `exited` or `killed` with the number."""

    kind: str
    number: int = 0


@dataclass(frozen=True)
class Outcome:
    word: str
    safe: bool
    when: When
    means: str


@dataclass(frozen=True)
class Unless:
    program: str  # "" for both
    mode: str  # "" for all
    where: tuple  # conditions, all of which must hold
    outcome: str
    because: str

    def speaks_of(self, program, mode):
        return self.program in ("", program) and self.mode in ("", mode)


@dataclass(frozen=True)
class Case:
    id: str
    directory: pathlib.Path
    needs: tuple
    stall: bool
    deadline: float
    pids: int  # 0: no limit
    run: tuple
    preload: str
    arguments: tuple
    outcomes: dict  # word: Outcome, in the order in which they are tried
    expect: dict  # (program, mode): word
    unless: tuple
    programs: dict  # name: its source
    platform: str = NATIVE
    audit: tuple = None  # options of forkproof audit; None: those of run

    @property
    def modes(self):
        """In which it can be run: forkproof is for Unix."""
        return modes_on(self.platform)

    def expected(self, program, mode, holds):
        """(word, why it is not the usual one or ""); holds(condition) answers whether it is so here."""
        found = self.expect[program, mode], ""
        for other in self.unless:
            if other.speaks_of(program, mode) and all(holds(condition) for condition in other.where):
                found = other.outcome, other.because
        return found


def modes_on(platform):
    return MODES if platform == NATIVE else ("bare",)


def parse_when(text):
    """A When, or None."""
    kind, _, detail = text.partition(" ")
    if text in ENDS:
        return When(text)
    if kind == "exited" and re.fullmatch(r"[0-9]{1,3}", detail) and int(detail) <= 255:
        return When(kind, int(detail))
    if kind == "killed" and detail in signal.Signals.__members__:
        return When(kind, int(signal.Signals[detail]))
    return None


def read_outcome(word, table):
    if not ID.fullmatch(word):
        table.complain(table.place, "its word must be lower case with hyphens")
    safe, means = table.flag("safe"), table.text("means")
    text = table.take("when", REQUIRED, lambda v: isinstance(v, str) and parse_when(v),
                      one_of(ENDS) + ", exited N, killed SIGNAME")
    table.done()
    return Outcome(word, safe, parse_when(text or ""), means)


def read_outcomes(top):
    table = top.table("outcomes")
    if table is None:
        return {}
    if not table.values:
        top.complain("outcomes", "is empty")
    found = {}
    for word in table.values:
        inner = table.table(word)
        if inner is not None:
            found[word] = read_outcome(word, inner)
    return found


def read_expect(top, outcomes, modes):
    """{(program, mode): word}, as far as they are good."""
    found, table = {}, top.table("expect")
    if table is None:
        return found
    for program in PROGRAMS:
        inner = table.table(program)
        if inner is None:
            continue
        rest = inner.choice(ALL, outcomes, None)
        for mode in modes:
            word = inner.choice(mode, outcomes, rest if ALL in inner.values else REQUIRED)
            if word is not None:
                found[program, mode] = word
        if ALL in inner.values and all(mode in inner.values for mode in modes):
            inner.complain(inner.key(ALL), "is left for nothing: each mode has its own")
        inner.done()
    table.done()
    return found


def read_unless(table, outcomes):
    program, mode = table.choice("program", PROGRAMS, ""), table.choice("mode", MODES, "")
    where = table.text("where")
    for condition in (where or "").split():
        if not CONDITION.fullmatch(condition):
            table.complain(table.key("where"),
                           f"{shown(condition)} is no condition: {', '.join(CONDITIONS)}, each also with !")
    outcome, because = table.choice("outcome", outcomes), table.text("because")
    table.done()
    if program != "bad" and outcome and not outcomes[outcome].safe:
        table.complain(table.key("outcome"), f"{outcome} is not safe, and it is about good")
    return Unless(program, mode, tuple((where or "").split()), outcome, because)


def check_expect(case, complain):
    for (program, mode), word in case["expect"].items():
        safe = case["outcomes"][word].safe
        if program == "good" and not safe:
            complain(f"expect.{program}.{mode}", f"{word} is not safe, and good must be")
        if (program, mode) == ("bad", "bare") and safe:
            complain(f"expect.{program}.{mode}", f"{word} is safe, and bad must fail when it is run bare")


def check_needs(case, complain):
    if "pid-limit" in case["needs"] and not case["pids"]:
        complain("pids", 'is missing, and needs has "pid-limit"')
    if any(o.when and o.when.kind == "stalled" for o in case["outcomes"].values()) and not case["stall"]:
        complain("stall", 'must be true: an outcome has when = "stalled"')


def check_platform(case, complain):
    if case["platform"] == NATIVE:
        return
    for key in "needs", "stall", "pids", "run", "preload", "audit":
        if case[key]:
            complain(key, "is for native programs")
    for outcome in case["outcomes"].values():
        if outcome.when.kind != "said":  # there are processes of Wine's as well
            complain(f"outcomes.{outcome.word}.when", f'must be said, since platform = "{case["platform"]}"')


def are_arguments(value):
    return isinstance(value, list) and all(isinstance(word, str) and "\0" not in word for word in value)


def read_case(values, complain):
    """The keys of case.toml; some are None or missing when there is something to complain of."""
    top = Table(values, "", complain)
    found = {"needs": top.texts("needs", (), among=NEEDS), "stall": top.flag("stall", False),
             "deadline": top.number("deadline", 0.1, LONGEST, DEADLINE),
             "pids": top.number("pids", 1, 1 << 22, 0, kinds=(int,)),
             "run": top.texts("run", ()), "preload": top.text("preload", "", empty=True),
             "audit": top.texts("audit", ()) if "audit" in values else None,
             "arguments": tuple(top.take("arguments", [], are_arguments, "a list of texts")),
             "platform": top.choice("platform", PLATFORMS, NATIVE)}
    outcomes = found["outcomes"] = {w: o for w, o in read_outcomes(top).items() if o.when and o.safe is not None}
    found["expect"] = read_expect(top, outcomes, modes_on(found["platform"]))
    found["unless"] = tuple(read_unless(table, outcomes) for table in top.tables("unless", ()))
    top.done()
    check_expect(found, complain)
    check_needs(found, complain)
    check_platform(found, complain)
    return found


def program_name(path, platform):
    """What the source is the source of on that platform, or None."""
    if path.name.startswith(".") or path.name.endswith(ON_WINE) != (platform == WINE):
        return None
    return path.name.removesuffix(ON_WINE) if platform == WINE else path.stem if path.suffix in SUFFIXES else None


def read_programs(folder, platform, complain):
    found = {}
    for path in sorted(folder.iterdir()):
        name = program_name(path, platform)
        if name in found:
            complain("", f"{path.name} and {found[name].name} are one program")
        if name:
            found[name] = path
    for program in PROGRAMS:
        if program not in found:
            complain("", f"{folder / program}{ON_WINE if platform == WINE else '.c'} is missing")
    return found


def implied(needs, pids, platform, programs):
    """What a case needs without saying so."""
    found = tuple(need for need in NEEDS if need in needs or (need == "pid-limit" and pids)
                  or (need == "c++" and any(path.suffix == ".cc" for path in programs.values())))
    return found if platform == NATIVE else (*found, platform)


def read_folder(folder, complain):
    """The case, or None when there is something to complain of."""
    if not ID.fullmatch(folder.name):
        complain("", "its folder's name must be an id: lower case with hyphens")
    text = read_text(folder / "case.toml", complain)
    values = None if text is None else read_toml(text, complain)
    programs = read_programs(folder, (values or {}).get("platform", NATIVE), complain)
    if values is None:
        return None
    found = read_case(values, complain)
    if complain:
        return None
    found["needs"] = implied(found["needs"], found["pids"], found["platform"], programs)
    return Case(id=folder.name, directory=folder, programs=programs, **found)


def load(directory, complaints=None, platforms=(NATIVE,)):
    """{id: Case} of those platforms. A malformed one raises Malformed; when a list is given for the complaints, they
    are appended to it instead and only that case is left out."""
    cases, found = {}, []
    for folder in sorted(pathlib.Path(directory).iterdir()):
        if folder.is_dir() and not folder.name.startswith((".", "_")):
            complain = Complaints(folder.name, folder / "case.toml")
            case = read_folder(folder, complain)
            found += complain
            if case and case.platform in platforms:
                cases[case.id] = case
    if found and complaints is None:
        raise Malformed(found)
    if found:
        complaints += found
    return cases
