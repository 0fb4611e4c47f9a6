"""One command of a suite in all its kinds, and what follows for each of its tests.

A test whose verdict differs from bare is repeated, in all kinds, and where it differs only sometimes bare
is repeated more often: one that varies bare is flaky and not held against the shim. One that fails bare, and the same way in the other kinds, is counted apart:
it shows nothing, so it is not equal.
"""

from dataclasses import dataclass, field

from .suite import BARE, EMPTY, is_skip

EQUAL, DIFFERENT, EXPLAINED, FLAKY, FAILING, SKIPPED = "equal", "different", "explained", "flaky", "failing", "skipped"
STATES = (EQUAL, DIFFERENT, EXPLAINED, FLAKY, FAILING, SKIPPED)
STATUS = "(exit status)"
ABSENT = "missing"
PATIENCE = 4


@dataclass
class Run:
    """One run of one command in one kind."""

    verdicts: dict
    figures: dict = field(default_factory=dict)
    seconds: float = 0.0
    output: str = ""


@dataclass
class Command:
    """All runs of one command; `states` and `reasons` come from judge()."""

    name: str
    runs: dict  # kind: [Run]
    states: dict = field(default_factory=dict)  # test: state
    reasons: dict = field(default_factory=dict)  # test: what was seen, or why

    def seen(self, kind, test):
        return sorted({run.verdicts.get(test, ABSENT) for run in self.runs[kind]})

    def count(self, state):
        return sum(s == state for t, s in self.states.items() if t != STATUS)


def suspects(command):
    tests = set().union(*(run.verdicts for runs in command.runs.values() for run in runs))
    return sorted(t for t in tests if any(command.seen(k, t) != command.seen(BARE, t) for k in command.runs))


def varying(command):
    """The tests that differ in another kind only sometimes, and have not done so bare yet."""
    return [t for t in suspects(command) if len(command.seen(BARE, t)) == 1
            and all(command.seen(BARE, t)[0] in command.seen(kind, t) for kind in command.runs)]


def state_of(command, test, suite):
    bare = command.seen(BARE, test)
    if len(bare) > 1:
        return FLAKY, " or ".join(bare)
    differing = []
    for kind in command.runs:
        seen = command.seen(kind, test)
        # Sometimes as bare and sometimes not: by the loading alone, when the empty preload shows it, too.
        if bare[0] in seen and (len(seen) == 1 or (EMPTY in command.runs and len(command.seen(EMPTY, test)) > 1)):
            continue
        differing.append(f"{kind} {' or '.join(seen)}")
    if differing:
        why = suite.explanation(f"{command.name}: {test}")
        return (EXPLAINED, why) if why else (DIFFERENT, f"bare {bare[0]}, " + ", ".join(differing))
    if is_skip(bare[0]):
        return SKIPPED, None
    return (EQUAL, None) if test == STATUS or suite.passes(bare[0]) else (FAILING, bare[0])


def judge(command, suite):
    for test in sorted(set().union(*(run.verdicts for runs in command.runs.values() for run in runs))):
        state, reason = state_of(command, test, suite)
        command.states[test] = state
        if reason:
            command.reasons[test] = reason
    # A command fails by its tests: by explained ones alone, that is explained.
    differing = {s for t, s in command.states.items() if t != STATUS} & {DIFFERENT, EXPLAINED, FLAKY}
    if command.states.get(STATUS) == DIFFERENT and differing == {EXPLAINED}:
        command.states[STATUS] = EXPLAINED


def compare(suite, name, kinds, run_once, repeats, rounds=1):
    """run_once(kind) answers a Run."""
    command = Command(name, {kind: [] for kind in kinds})
    for index in range(rounds):
        for kind in kinds[index % len(kinds):] + kinds[:index % len(kinds)]:
            command.runs[kind].append(run_once(kind))
    unexplained = [t for t in suspects(command) if not suite.explanation(f"{name}: {t}")]
    for _ in range(repeats if unexplained else 0):
        for kind in kinds:
            command.runs[kind].append(run_once(kind))
    for _ in range(repeats * PATIENCE):
        if not varying(command):
            break
        command.runs[BARE].append(run_once(BARE))
    judge(command, suite)
    return command
