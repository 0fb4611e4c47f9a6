"""The mode `audit`: what `forkproof audit` says of a gotcha's two programs.

Of the bad one it must find the gotcha; in the good one not, and no other error either. A gotcha whose entry has no
finding (`audit = ""`) is judged by its good program alone.
"""

import json
from dataclasses import dataclass

from .cases import AUDIT
from .text import visible
from .verdict import BROK, CONF, Run, read_facts, read_words, trouble, usual_label
from .world import REPORT

PATIENCE = 20  # seconds beyond the case's own deadline
STALL = "1s"
ERROR_STATUS = 99
ABSENT = "forkproof: audit: not in this forkproof"  # libdw was missing
MOST_FINDINGS = 20


@dataclass(frozen=True)
class Outcome:
    word: str
    safe: bool  # as it should be
    means: str


OUTCOMES = {outcome.word: outcome for outcome in (
    Outcome("found", True, "the audit names the gotcha"),
    Outcome("missed", False, "the audit does not name the gotcha"),
    Outcome("silent", True, "the audit has nothing against the program"),
    Outcome("accused", False, "the audit blames a program that is right"),
    Outcome("disturbed", False, "the program did not do what it does otherwise"),
)}
EXPECTED = {"bad": "found", "good": "silent"}


def options(case):
    """Not what forkproof run has against the gotcha: the program is to fall into it."""
    return [f"--stall={STALL},end", "--format=json", f"--output=../{REPORT}", f"--error-exitcode={ERROR_STATUS}",
            *(case.run if case.audit is None else case.audit)]


def texts(finding):
    return all(isinstance(finding.get(key), str) for key in ("rule", "severity", "message"))


def read_report(played):
    """(the findings, "") or (None, why not)."""
    text = played.files.get(REPORT)
    if text is None:
        return None, "the audit has written no report"
    try:
        found = json.loads(text)["findings"]
        if not all(texts(one) for one in found):
            return None, "a finding in the report has no rule, severity or message"
        return found, ""
    except (ValueError, KeyError, TypeError, AttributeError) as wrong:
        return None, f"the report is none: {visible(repr(wrong))[:80]}"


def one_line(finding):
    return f"{finding['severity']} {finding['rule']}: {finding['message']}"


def label(gotcha, program, played, facts, words):
    """(the word, the reason, the findings)."""
    wrong = trouble(gotcha.case, AUDIT, played, facts, words)
    if wrong:
        return *wrong, []
    if ABSENT in played.files.get("stderr", ""):
        return CONF, "this forkproof was built without an audit", []
    findings, why = read_report(played)
    if findings is None:
        return BROK, f"{why}: {facts.end()}", []
    if program == "bad":
        named = [one for one in findings if one["rule"] == gotcha.id]
        word = "found" if named else "missed"
        return word, visible(named[0]["message"]) if named else OUTCOMES[word].means, findings
    against = [one for one in findings if one["severity"] == "error" or one["rule"] == gotcha.id]
    if against:
        return "accused", visible(one_line(against[0])), findings
    found, reason = usual_label(gotcha.case, AUDIT, played, facts, words)
    if found in gotcha.case.outcomes and not gotcha.case.outcomes[found].safe:
        return "disturbed", f"{found}: {reason}", findings
    return (found, reason, findings) if found == BROK else ("silent", OUTCOMES["silent"].means, findings)


def judge(gotcha, program, played):
    facts, words = read_facts(played.facts), read_words(played.files.get("words", ""))
    word, reason, findings = label(gotcha, program, played, facts, words)
    lines = [visible(one_line(one)) for one in findings[:MOST_FINDINGS]]
    told = played.facts + "".join(f"finding {line}\n" for line in lines)
    return Run(word, reason, told, words.steps, played.files.get("stderr", ""), played.seconds)
