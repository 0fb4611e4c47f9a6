"""What one run came to, from the words of the program and the facts of the warden; and many runs together."""

import re
import signal
from collections import Counter
from dataclasses import dataclass, field

from .cases import AUDIT
from .text import visible

PASS, FAIL, BROK, CONF = "PASS", "FAIL", "BROK", "CONF"
VERDICTS = (PASS, FAIL, BROK, CONF)
NA = "N/A"  # a subject has nothing that the case is about: not counted among the verdicts
NO_OUTCOMES = (BROK, CONF, NA)
FROM_WORST = (FAIL, BROK, CONF, PASS, NA)
NOT_POSSIBLE = 77  # of the warden
NOT_LOADED = "from LD_PRELOAD cannot be preloaded"  # glibc goes on without it
FACT = re.compile(r"(?P<end>end) (?:(?P<how>exited|killed) (?P<number>\d+)|(?P<why>stalled|deadline))"
                  r"|stranger \d+ (?:unharmed|hit (?P<hit>\d+))"
                  r"|(?P<left>survivor) .*|member .*|orphans \d+|(?P<done>done)", re.ASCII)
WORD = re.compile(r"step (?P<pid>\d+) (?P<step>.*)|outcome (?P<outcome>.+)|broken (?P<broken>.+)|cannot (?P<cannot>.+)"
                  r"|inapplicable (?P<inapplicable>.+)", re.ASCII)


@dataclass
class Facts:
    kind: str = ""  # exited, killed, stalled, deadline
    number: int = 0
    survivors: int = 0
    hits: list = field(default_factory=list)  # signals
    done: bool = False
    wrong: str = ""  # the first line that is none of the warden's

    def end(self):
        """In words."""
        if self.kind == "killed":
            return f"it was killed by {signal_name(self.number)}"
        if self.kind == "exited":
            # forkproof run and shells answer so for a program that was killed.
            maybe = f" ({signal_name(self.number - 128)})" if 128 < self.number < 128 + signal.NSIG else ""
            return f"it exited {self.number}{maybe}"
        return {"stalled": "nothing in it moved any more", "deadline": "it was not over in time"}.get(self.kind, "")


@dataclass
class Words:
    steps: list = field(default_factory=list)  # of (pid, text)
    outcome: str = ""  # the last
    broken: str = ""  # the first
    cannot: str = ""
    inapplicable: str = ""  # why
    wrong: str = ""  # the first line that is none of case.c's


@dataclass
class Run:
    """One program, once. label: the outcome's word, or one of NO_OUTCOMES."""

    label: str
    reason: str
    facts: str = ""
    steps: list = field(default_factory=list)
    stderr: str = ""
    seconds: float = 0.0


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def read_facts(text):
    facts = Facts()
    for line in text.removesuffix("\n").split("\n"):
        found = FACT.fullmatch(line)
        if not found or (found["end"] and facts.kind) or facts.done:
            facts.wrong = facts.wrong or line
        elif found["end"]:
            facts.kind, facts.number = found["how"] or found["why"], int(found["number"] or 0)
        elif found["hit"]:
            facts.hits.append(int(found["hit"]))
        facts.survivors += bool(found and found["left"])
        facts.done |= bool(found and found["done"])
    return facts


def read_words(text):
    words = Words()
    lines = text.split("\n")
    if lines.pop():
        words.wrong = "its last line has no end"
    for line in lines:
        found = WORD.fullmatch(line)
        if not found:
            words.wrong = words.wrong or line or "an empty line"
        elif found["pid"]:
            words.steps.append((int(found["pid"]), found["step"]))
        else:
            words.outcome = found["outcome"] or words.outcome
            words.broken = words.broken or found["broken"] or ""
            words.cannot = words.cannot or found["cannot"] or ""
            words.inapplicable = words.inapplicable or found["inapplicable"] or ""
    return words


def applies(outcome, mode, facts, words):
    kind, number = outcome.when.kind, outcome.when.number
    if kind == "said":  # and it was not undone by a crash, a hang or a status of forkproof's
        return words.outcome == outcome.word and (facts.kind, facts.number) == ("exited", 0)
    if kind == "survivors":
        return facts.kind in ("exited", "killed") and facts.survivors > 0
    if kind == "stranger-hit":
        return bool(facts.hits)
    if kind == "killed":  # forkproof run answers as a shell does
        return (facts.kind, facts.number) in [(kind, number)] + [("exited", 128 + number)] * (mode in ("run", AUDIT))
    return facts.kind == kind and facts.number == number


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return visible(lines[-1][:200]) if lines else ""


def on(stderr):
    tail = last_line(stderr)
    return f"; on stderr: {tail}" if tail else ""


def nothing_applies(facts, words, stderr):
    said = f"and said {visible(words.outcome)}" if words.outcome else "and said no outcome"
    return f"no outcome applies: {facts.end()} {said}{on(stderr)}"


def trouble(case, mode, played, facts, words):
    """(one of NO_OUTCOMES, the reason) when there is nothing to judge; or None."""
    complaint = last_line(played.complaint)
    if played.status is None:
        return BROK, "the warden did not end in time and was killed, and all in its world with it"
    if played.status == NOT_POSSIBLE:
        return CONF, complaint
    if words.broken:
        return BROK, f"the case gave up: {visible(words.broken)}{on(played.files.get('stderr', ''))}"
    if words.cannot:
        return CONF, f"the case cannot have {visible(words.cannot)}"
    if words.inapplicable:
        return NA, visible(words.inapplicable)
    if played.status != 0:
        return BROK, f"the warden failed: {complaint or f'exit status {played.status}'}"
    if facts.wrong or not facts.kind or not facts.done:
        wrong = visible(facts.wrong[:80]) or "some are missing"
        return BROK, f"the warden's facts are not what they should be: {wrong}"
    if "words" in played.too_long:
        return BROK, "words is longer than anything that is read"
    unloaded = [line for line in played.files.get("stderr", "").splitlines() if NOT_LOADED in line]
    if mode == "preload" and unloaded:
        return BROK, f"the library was not loaded: {visible(unloaded[0][:200])}"
    if words.wrong:
        return BROK, f"words has what case.c does not write: {visible(words.wrong[:80])}"
    if words.outcome and words.outcome not in case.outcomes:
        return BROK, f"it said {visible(words.outcome[:80])}, which is no outcome of case.toml"
    return None


def usual_label(case, mode, played, facts, words):
    """(word or BROK, the reason), where there is no trouble."""
    for outcome in case.outcomes.values():
        if applies(outcome, mode, facts, words):
            return outcome.word, outcome.means
    return BROK, nothing_applies(facts, words, played.files.get("stderr", ""))


def judge(case, mode, played):
    facts, words = read_facts(played.facts), read_words(played.files.get("words", ""))
    found, reason = trouble(case, mode, played, facts, words) or usual_label(case, mode, played, facts, words)
    return Run(found, reason, played.facts, words.steps, played.files.get("stderr", ""), played.seconds)


class Cell:
    """One program of a gotcha in one mode: all its runs. expected "" means: any that is safe. outcomes: those of the
    mode; None: the case's. gap: why it is known not to come out so on this platform."""

    def __init__(self, gotcha, program, mode, expected="", because="", outcomes=None, gap=""):
        self.gotcha, self.program, self.mode = gotcha, program, mode
        self.outcomes = gotcha.case.outcomes if outcomes is None else outcomes
        self.expected, self.because, self.gap = expected, because, gap
        self.counts, self.examples, self.seconds = Counter(), {}, 0.0

    @property
    def key(self):
        return f"{self.gotcha.id} {self.program} {self.mode}"

    def fits(self, found):
        """Is the label what should come of it?"""
        if self.expected:
            return found == self.expected
        return found in self.outcomes and self.outcomes[found].safe

    def is_well(self, found):
        """Whether nobody needs to look at it."""
        return found == CONF or (found == NA and not self.expected) or self.fits(found) != bool(self.gap)

    def add(self, run):
        """Answers whether it was the first of its kind."""
        self.counts[run.label] += 1
        self.seconds += run.seconds
        return self.examples.setdefault(run.label, run) is run

    @property
    def labels(self):
        return [found for found, _ in self.counts.most_common()]

    @property
    def verdict(self):
        if self.gap:
            return FAIL if self.seen == PASS else CONF
        return self.seen

    @property
    def seen(self):
        """The verdict, if nothing were known against the platform."""
        if all(self.fits(found) for found in self.counts):
            return PASS
        if len(self.counts) > 1:
            return FAIL
        only = self.labels[0]
        return only if only in NO_OUTCOMES and not (only == NA and self.expected) else FAIL

    @property
    def safe(self):
        """None when no outcome was seen."""
        seen = [self.outcomes[found].safe for found in self.counts if found not in NO_OUTCOMES]
        return all(seen) if seen else None

    @property
    def example(self):
        """The run to show: the most frequent of those that do not fit, else of all."""
        return self.examples[min(self.labels, key=self.fits)]

    @property
    def reason(self):
        if self.gap and self.seen == PASS:
            return f"the gap is closed, so that it is to go from the platform's file: {self.gap}"
        return f"known gap: {self.gap}" if self.gap and self.seen != CONF else self.reason_of_seen

    @property
    def reason_of_seen(self):
        if self.seen == PASS:
            return self.because
        if len(self.counts) > 1:
            told = ", ".join(f"{n} times {word}" for word, n in self.counts.most_common())
            return f"not always the same: {told}; {self.wanted()}; {self.example.label}: {self.example.reason}"
        if self.seen == FAIL:
            return f"{self.wanted()}, got {self.example.label}: {self.example.reason}"
        return self.example.reason

    def wanted(self):
        if not self.expected:
            return "expected a safe outcome"
        return f"expected {self.expected}" + (f" (because {self.because})" if self.because else "")


def worst(verdicts):
    return min(verdicts, key=FROM_WORST.index)


@dataclass
class Result:
    """A gotcha and what came of it; without cells when it is malformed."""

    gotcha: object
    cells: list

    @property
    def verdict(self):
        return BROK if self.gotcha.complaints else worst(cell.verdict for cell in self.cells)

    def cell(self, program, mode):
        return next((c for c in self.cells if (c.program, c.mode) == (program, mode)), None)
