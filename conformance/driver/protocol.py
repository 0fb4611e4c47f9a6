"""The protocol cases: what is done with a subject, one file each (../../docs/adapter.md). They are played in a world of
their own by ../protocol/play; here it is read what can come of each, and what it needs."""

import contextlib
import importlib.util
import pathlib
import signal
import sys
import traceback
from dataclasses import dataclass

from . import cases, catalogue
from .gotcha import Gotcha
from .schema import ID, REQUIRED, Complaints, Table
from .subjects import CAPABILITIES, LIBRARY, MODES, TOOL

PLAYER = pathlib.Path(__file__).resolve().parents[1] / "protocol" / "play"
HOLD = "hold"  # what a machine must have for a case with HOLD
DEADLINE = 20
IMPORT = 10  # seconds
OUTCOME = ("safe", "when", "means")
PLAYS = {"NEEDS": "play", "TOOL_NEEDS": "play_tool"}


@dataclass(frozen=True)
class Case:
    id: str
    path: pathlib.Path
    outcomes: dict  # word: Outcome, in the order in which they are tried
    needs_of: dict  # kind of subject: capabilities; a kind that it is not put to is absent
    needs: tuple  # of the machine
    run: tuple  # further options for forkproof run
    deadline: float
    pids: int  # 0: no limit

    platform, modes = cases.NATIVE, MODES

    @property
    def stall(self):
        return any(outcome.when.kind == "stalled" for outcome in self.outcomes.values())

    def inapplicable(self, is_tool, can):
        """Why it is not put to such a subject, or "". can: None where only the adapter knows."""
        needs = self.needs_of.get(TOOL if is_tool else LIBRARY)
        if needs is None:
            return f"it is for {'libraries' if is_tool else 'tools'}"
        lacking = () if can is None else sorted(set(needs) - set(can))
        return f"it has no {', '.join(lacking)}" if lacking else ""


# --- a file ---

def line_in(wrong, path):
    """Of the case in which it went wrong, as a place."""
    if isinstance(wrong, SyntaxError) and wrong.filename == str(path):
        return f"line {wrong.lineno}"
    lines = [frame.lineno for frame in traceback.extract_tb(wrong.__traceback__) if frame.filename == str(path)]
    return f"line {lines[-1]}" if lines else ""


@contextlib.contextmanager
def at_most(seconds):
    """TimeoutError when it is not over by then."""
    def end(*_):
        raise TimeoutError(f"it was not over in {seconds} s")

    before = signal.signal(signal.SIGALRM, end)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def load_module(path, complain):
    """None when it cannot be imported."""
    if str(PLAYER.parent) not in sys.path:  # as when it is played
        sys.path.append(str(PLAYER.parent))
    spec = importlib.util.spec_from_file_location(f"case {path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    try:
        with at_most(IMPORT):
            spec.loader.exec_module(module)
        return module
    except (Exception, SystemExit) as wrong:  # whatever it is: the others go on
        complain(line_in(wrong, path), f"cannot be imported: {type(wrong).__name__}: {wrong}")
        return None


def values_of(module):
    """As of a TOML file: its constants."""
    return {name: list(value) if isinstance(value, tuple) else value
            for name, value in vars(module).items() if name.isupper()}


def read_outcomes(top):
    found = top.take("OUTCOMES", REQUIRED, lambda v: isinstance(v, dict) and v, "a dictionary with something in it")
    outcomes = {}
    for word, value in (found or {}).items():
        place = f"OUTCOMES.{word}"
        if isinstance(word, str) and isinstance(value, tuple) and len(value) == len(OUTCOME):
            outcomes[word] = cases.read_outcome(word, Table(dict(zip(OUTCOME, value)), place, top.complain))
        else:
            top.complain(place, f"must be ({', '.join(OUTCOME)})")
    return outcomes


def read_needs(top, module):
    """{kind: capabilities}"""
    found = {}
    for (name, function), kind in zip(PLAYS.items(), (LIBRARY, TOOL)):
        plays = callable(getattr(module, function, None))
        if plays or name in top.values:
            found[kind] = top.texts(name, among=CAPABILITIES[kind])
        if name in top.values and not plays:
            top.complain(function, f"is missing, and there is {name}")
    if not found:
        top.complain("", f"has neither {' nor '.join(PLAYS.values())}")
    return found


def read_module(module, complain):
    top = Table(values_of(module), "", complain)
    if not module.__doc__:
        complain("", "has no docstring, which says what is forced and how")
    found = {"outcomes": read_outcomes(top), "needs_of": read_needs(top, module),
             "needs": top.texts("SCENERY", (), among=cases.NEEDS), "run": top.texts("RUN", ()),
             "deadline": top.number("DEADLINE", 0.1, cases.LONGEST, DEADLINE),
             "pids": top.number("PIDS", 1, 1 << 22, 0, kinds=(int,))}
    if ("pid-limit" in found["needs"]) != bool(found["pids"]):
        complain("PIDS", 'goes with "pid-limit" in SCENERY')
    if top.texts("HOLD", ()):  # of which kinds, hold.c knows
        found["needs"] += (HOLD,)
    return found


def read_case(path, complain):
    """The case, or None when there is something to complain of."""
    if not ID.fullmatch(path.stem):
        complain("", "its name must be an id: lower case with hyphens")
    module = load_module(path, complain)
    found = module and read_module(module, complain)
    return None if complain else Case(id=path.stem, path=path.resolve(), **found)


# --- all of them ---

def gather(catalogue_directory, cases_directory):
    """The gotchas that have such a case, as the catalogue sorts them; at the end those without a good entry."""
    of_entries, gotchas = [], []
    entries = {entry.id: entry for entry in catalogue.load(catalogue_directory, of_entries)}
    for path in sorted(pathlib.Path(cases_directory).glob("[!._]*.py")):
        complain, entry = Complaints(path.stem, path), entries.get(path.stem)
        case = read_case(path, complain)
        about_entry = [one for one in of_entries if one.id == path.stem]
        if not entry and not about_entry:
            complain("", f"has no entry {catalogue_directory}/{path.stem}.md")
        gotchas.append(Gotcha(path.stem, entry, case, [*complain, *about_entry]))
    return sorted(gotchas, key=lambda gotcha: gotcha.place)
