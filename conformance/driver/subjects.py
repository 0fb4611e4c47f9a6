"""The subjects: libraries and tools, a folder each, with subject.toml. ../../docs/adapter.md says what is in it.

For plans and reports a subject is what a platform is."""

import difflib
import os
import pathlib
import shlex
from dataclasses import dataclass

from . import cases, matrix
from .platforms import whole
from .schema import ID, REQUIRED, Complaint, Complaints, Malformed, Table, one_line, read_text, read_toml

FILE = "subject.toml"
LIBRARY, TOOL = KINDS = ("library", "tool")
SETS = ("gate", "more")
ALL = "all"
ADAPTER = "adapter"  # the name of somebody's own
MODES = ("bare", "run")
CAPABILITIES = {
    LIBRARY: ("spawn", "path", "shell", "cwd", "env", "stdin", "stdout", "stderr", "pdeathsig", "write", "close",
              "read", "communicate", "wait", "poll", "kill", "terminate", "stop", "group", "run", "pipeline", "forget",
              "reap", "handle", "open", "shut", "await", "together"),
    TOOL: ("status", "forward", "group", "contain", "reap", "owner")}


@dataclass(frozen=True)
class Expect:
    """What comes of a case, where it is not just safe."""

    case: str
    mode: str  # "" for both
    outcome: str
    because: str


@dataclass(frozen=True)
class Subject:
    name: str
    title: str
    command: tuple
    can: tuple = None  # None: what the adapter says counts
    is_tool: bool = False
    set: str = ""
    tools: tuple = ()  # programs that must be there
    packages: tuple = ()  # that bring them
    files: tuple = ()  # that must be there
    build: tuple = ()  # commands
    version: tuple = ()  # a command that tells that of a tool
    expect: tuple = ()
    folder: pathlib.Path = None
    adapter: str = ""  # the command line, when it is somebody's own

    column, kind, programs = matrix.SUBJECT, cases.NATIVE, ("bad",)

    @property
    def modes(self):
        """A tool is run as it is: it does what forkproof run does."""
        return MODES[:1] if self.is_tool else MODES

    @property
    def label(self):
        return self.name

    @property
    def again(self):
        """The words that choose it."""
        return ["--adapter", self.adapter] if self.adapter else ["--subjects", self.name]

    def expected(self, case, mode):
        """(word, why), or ("", "")."""
        return next(((one.outcome, one.because) for one in self.expect if one.case == case and one.mode in ("", mode)),
                    ("", ""))


# --- a file ---

def are_words(value):
    return isinstance(value, list) and bool(value) and all(one_line(word) and word for word in value)


def read_command(top, name):
    return tuple(top.take(name, REQUIRED, are_words, "a list of words") or ())


def read_build(top):
    found = top.take("build", [], lambda v: isinstance(v, list) and all(map(are_words, v)), "a list of lists of words")
    return tuple(map(tuple, found))


def read_expect(table):
    return Expect(table.text("case"), table.choice("mode", MODES, ""), table.text("outcome"), table.text("because"))


def check_expect(expect, complain):
    """Each case once in each mode."""
    for number, one in enumerate(expect, 1):
        if any(one.case == other.case and (one.mode == other.mode or "" in (one.mode, other.mode))
               for other in expect[:number - 1]):
            complain(f"expect[{number}]", f"{one.case} is there already, for the same mode")


def read_front(values, complain):
    top = Table(values, "", complain)
    kind = top.choice("kind", KINDS)
    found = {"title": top.text("title"), "is_tool": kind == TOOL, "set": top.choice("set", SETS),
             "tools": top.texts("tools", ()), "packages": top.texts("packages", ()), "files": top.texts("files", ()),
             "build": read_build(top), "command": read_command(top, "command"),
             "can": top.texts("can", among=CAPABILITIES.get(kind)),
             "expect": tuple(whole(table, read_expect) for table in top.tables("expect", ()))}
    if kind == TOOL:
        found["version"] = read_command(top, "version")
    top.done()
    check_expect(found["expect"], complain)
    return found


def read_subject(folder, complain):
    if not ID.fullmatch(folder.name) or folder.name in (ADAPTER, ALL, *SETS):
        complain("", f"its folder's name must be an id, lower case with hyphens, and none of {ADAPTER}, {ALL}, "
                 f"{', '.join(SETS)}")
    text = read_text(folder / FILE, complain)
    values = None if text is None else read_toml(text, complain)
    found = None if values is None else read_front(values, complain)
    return None if complain else Subject(name=folder.name, folder=folder, **found)


# --- which ---

def load(folders):
    """Of those folders; those of the gate first. Raises Malformed."""
    found, complaints = [], []
    for folder in folders:
        complain = Complaints(folder.name, folder / FILE)
        found.append(read_subject(folder, complain))
        complaints += complain
    if complaints:
        raise Malformed(complaints)
    return sorted(found, key=lambda one: SETS.index(one.set))


def load_all(directory):
    return load(sorted(path.parent for path in pathlib.Path(directory).resolve().glob(f"*/{FILE}")))


def near(word, directory):
    """What may have been meant, to be told."""
    known = [path.parent.name for path in pathlib.Path(directory).glob(f"*/{FILE}")]
    found = difflib.get_close_matches(word, [*known, ALL, *SETS], 1)
    return f" (is {found[0]} meant?)" if found else ""


def choose(words, directory):
    """The subjects that the words name, each once, in their order; of others no file is read. KeyError with the first
    word that names none; Malformed."""
    chosen = {}
    for word in words:
        if word in (ALL, *SETS):
            found = [one for one in load_all(directory) if word in (ALL, one.set)]
        else:
            folder = pathlib.Path(directory).resolve() / word
            if not ID.fullmatch(word) or not (folder / FILE).exists():
                raise KeyError(word)
            found = load([folder])
        chosen |= {one.name: one for one in found}
    return tuple(chosen.values())


def of_adapter(text):
    """Somebody's own; its words that name files here name them from anywhere. Raises ValueError."""
    words = shlex.split(text)
    if not words:
        raise ValueError("no command")
    here = [os.path.abspath(word) if os.path.isfile(word) else word for word in words[1:]]
    program = os.path.abspath(words[0]) if os.sep in words[0] else words[0]
    return Subject(ADAPTER, text, (program, *here), adapter=text)


def expects_of_nothing(subject, gotchas):
    """Complaints about expectations that are of no case, or of no outcome."""
    known = {gotcha.id: gotcha.case for gotcha in gotchas if gotcha.case}
    for number, one in enumerate(subject.expect, 1):
        file = str(subject.folder / FILE)
        if one.case not in known:
            yield Complaint(subject.name, file, f"expect[{number}].case", f"no such case: {one.case}")
        elif one.outcome not in known[one.case].outcomes:
            words = ", ".join(known[one.case].outcomes)
            yield Complaint(subject.name, file, f"expect[{number}].outcome",
                            f"{one.outcome} is none of the outcomes of {one.case}: {words}")
