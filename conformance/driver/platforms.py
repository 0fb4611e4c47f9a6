"""The platforms: one file each, TOML between two +++ lines and then Markdown. ../README.md says what is in it."""

import pathlib
from dataclasses import dataclass

from . import architecture, cases, matrix
from .catalogue import front_matter
from .schema import ID, Complaint, Complaints, Malformed, Table, read_text

DIRECTORY = pathlib.Path(__file__).resolve().parents[1] / "platforms"
NATIVE = "native"  # the tree as it is, without a file
ALL = "all"
SETS = ("gate", "extended")
SECTIONS = ("How to get it", "How it is built", "How it is run", "What it cannot do")
DENIABLE = ("pidfd_open", "pidfd_send_signal", "clone3", "close_range", "P_PIDFD")  # what deny.c knows
WHAT = ("programs", "all")
USERS = ("caller", "plain")
LONGEST = 24 * 3600  # seconds
NOT_IN_MACHINE = ("compile", "twin", "deny", "user", "cgroup", "run")
NOT_FOREIGN = ("compile", "twin", "deny", "user", "cgroup")
NOT_COMPILED = ("architecture", "machine", "libc", *NOT_IN_MACHINE)
FOREIGN = ("aarch64-macos", "x86_64-macos", "x86_64-freebsd", "x86_64-netbsd", "x86_64-openbsd")


@dataclass(frozen=True)
class Compile:
    """what: `programs`, those of the cases alone, or `all`: a tree of its own."""

    what: str
    c: str
    cxx: str  # "": there is none
    flags: tuple


@dataclass(frozen=True)
class Machine:
    """With a kernel of its own: that on which a package of a Debian suite depends. Seconds until it says that it has
    begun, and until it is over."""

    suite: str
    package: str
    boot: int
    deadline: int


@dataclass(frozen=True)
class Libc:
    """The C library of a Debian suite. packages: further ones of it that are needed."""

    suite: str
    version: str
    packages: tuple


@dataclass(frozen=True)
class Gap:
    """Where it is known that a case does not come out there as it should."""

    gotcha: str
    program: str  # "" for both
    mode: str  # "" for all
    because: str

    def speaks_of(self, gotcha, program, mode):
        return self.gotcha == gotcha and self.program in ("", program) and self.mode in ("", mode)


@dataclass(frozen=True)
class Platform:
    name: str
    title: str
    sets: tuple = ()
    kind: str = cases.NATIVE  # whose cases are run
    tools: tuple = ()  # programs that must be there
    packages: tuple = ()  # that bring them
    architecture: str = ""  # when it is another than this machine's
    compile: Compile = None
    twin: bool = False  # the library is that for the other class of programs
    deny: tuple = ()
    user: str = USERS[0]
    user_namespaces: bool = True
    cgroup: bool = False  # one is handed over
    run: tuple = ()  # further options for forkproof run
    machine: Machine = None
    libc: Libc = None
    compiles_for: str = ""  # what it is compiled for, when it is not run
    gaps: tuple = ()
    path: pathlib.Path = None

    column, modes, programs, is_tool = matrix.PLATFORM, cases.MODES, cases.PROGRAMS, False

    @property
    def again(self):
        """The words that choose it."""
        return ["--platform", self.name] if self.label else []

    @property
    def label(self):
        """Its name in what is told; "" where nothing is to be told apart."""
        return "" if self.name == NATIVE else self.name

    def gap(self, gotcha, program, mode):
        """Why the case does not come out as it should, or ""."""
        return next((gap.because for gap in self.gaps if gap.speaks_of(gotcha, program, mode)), "")


NONE = Platform(NATIVE, "as it is built, on this machine")


def read_compile(table):
    return Compile(table.choice("what", WHAT), table.text("c"), table.text("c++", "", empty=True),
                   table.texts("flags", ()))


def read_machine(table):
    return Machine(table.text("suite"), table.text("package"), table.number("boot", 1, LONGEST, kinds=(int,)),
                   table.number("deadline", 1, LONGEST, kinds=(int,)))


def read_libc(table):
    return Libc(table.text("suite"), table.text("version"), table.texts("packages", ()))


def read_gap(table):
    return Gap(table.text("gotcha"), table.choice("program", cases.PROGRAMS, ""), table.choice("mode", cases.WAYS, ""),
               table.text("because"))


def whole(table, read):
    """With a complaint about what it does not read."""
    found = read(table)
    table.done()
    return found


def part(top, name, read):
    """None where there is none, or it is no table."""
    table = top.table(name) if name in top.values else None
    return None if table is None else whole(table, read)


def read_front(values, complain):
    top = Table(values, "", complain)
    found = {"title": top.text("title"), "sets": top.texts("sets", among=SETS, empty=False),
             "kind": top.choice("cases", cases.PLATFORMS, cases.NATIVE), "tools": top.texts("tools", ()),
             "packages": top.texts("packages", ()),
             "architecture": top.choice("architecture", tuple(architecture.KNOWN), ""),
             "compile": part(top, "compile", read_compile), "twin": top.flag("twin", False),
             "deny": top.texts("deny", (), among=DENIABLE), "user": top.choice("user", USERS, USERS[0]),
             "user_namespaces": top.flag("user-namespaces", True), "cgroup": top.flag("cgroup", False),
             "run": top.texts("run", ()), "machine": part(top, "machine", read_machine),
             "libc": part(top, "libc", read_libc),
             "compiles_for": top.choice("compiles-for", FOREIGN, ""),
             "gaps": tuple(whole(table, read_gap) for table in top.tables("gaps", ()))}
    top.done()
    if found["user"] != "plain" and (found["cgroup"] or not found["user_namespaces"]):
        complain("user", 'must be plain: a cgroup is handed over to one, and user namespaces are taken from one')
    if found["libc"] and not (found["compile"] and found["compile"].what == WHAT[0]):
        complain("libc", "goes with [compile] of programs")
    for key, others in ("machine", NOT_IN_MACHINE), ("architecture", NOT_FOREIGN), ("compiles_for", NOT_COMPILED):
        if found[key] and any(name in values for name in others):
            complain(key.replace("_", "-"), f"goes with none of {', '.join(others)}")
    return found


def check_sections(lines, complain):
    titles = tuple(line.removeprefix("## ") for line in lines if line.startswith("## "))
    if titles != SECTIONS:
        complain("", f"must have these sections, in this order: {', '.join(SECTIONS)}")


def read_platform(path, complain):
    if not ID.fullmatch(path.stem) or path.stem in (NATIVE, ALL, *SETS):
        complain("", "its name must be an id, lower case with hyphens, and no word of --platform")
    text = read_text(path, complain)
    lines = (text or "").split("\n")
    front = None if text is None else front_matter(lines, complain)
    if front is None:
        return None
    values, first = front
    found = read_front(values, complain)
    check_sections(lines[first - 1:], complain)
    return None if complain else Platform(name=path.stem, path=path, **found)


def load(directory=DIRECTORY):
    """{name: Platform}, the gate first. Raises Malformed."""
    found, complaints = [], []
    for path in sorted(pathlib.Path(directory).glob("*.md"), key=lambda path: path.stem):
        complain = Complaints(path.stem, path)
        found.append(read_platform(path, complain))
        complaints += complain
    if complaints:
        raise Malformed(complaints)
    return {one.name: one for one in sorted(found, key=lambda one: min(map(SETS.index, one.sets)))}


def gaps_of_nothing(platform, gotchas):
    """Complaints about gaps that are of no case."""
    ids = {gotcha.id for gotcha in gotchas}
    for number, gap in enumerate(platform.gaps, 1):
        if gap.gotcha not in ids:
            yield Complaint(platform.name, str(platform.path), f"gaps[{number}].gotcha",
                            f"no such gotcha: {gap.gotcha}")


def choose(words, known):
    """The platforms that the words name, each once, in their order; KeyError with the first word that names none."""
    chosen = {}
    for word in words:
        if word == NATIVE:
            chosen[word] = NONE
        elif word in (ALL, *SETS):
            chosen |= {name: one for name, one in known.items() if word == ALL or word in one.sets}
        else:
            chosen[word] = known[word]
    return tuple(chosen.values())
