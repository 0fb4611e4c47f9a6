"""What test runners print, as {test: verdict}: for the outcomes() of a suite."""

import re


def unittest(output):
    """Python's unittest -v. What a test prints may stand before its verdict."""
    found = {}
    current = None
    for line in output.splitlines():
        begun = re.match(r"(test\w*) \(([\w.]+)\)|([\w.]+\.test\w*) \.\.\. ", line)
        if begun:
            name, where, whole = begun.groups()
            current = whole or (where if where.endswith("." + name) else f"{where}.{name}")
        verdict = re.search(r"(?:\.\.\. |^)(ok|FAIL|ERROR|skipped|expected failure)\b(?! \(|:)", line)
        if current and verdict:
            found[current] = verdict.group(1)
            current = None
    return found


def pytest(output):
    """pytest -v: one line a test; a verdict that its own output has pushed away is not found, so missing."""
    found = re.finditer(r"^(\S+::.+?) (PASSED|FAILED|ERROR|SKIPPED|XFAIL|XPASS)\b", output, re.MULTILINE)
    return {m[1]: {"PASSED": "ok", "XFAIL": "ok", "XPASS": "unexpected pass"}.get(m[2], m[2].lower()) for m in found}


def tap(output):
    """The Test Anything Protocol; what stands after the number is the test's name, or else the number is."""
    found = {}
    for m in re.finditer(r"^(not ok|ok) (\d+)(?: -)? ?([^#\n]*)(#.*)?$", output, re.MULTILINE):
        verdict, number, name, directive = m.groups()
        word = (directive or "").lstrip("# ").upper()
        if word.startswith("SKIP"):
            verdict = "skipped"
        elif word.startswith("TODO"):
            verdict = "ok" if verdict == "not ok" else "unexpected ok"
        name = name.strip() or number
        found[f"{name} ({number})" if name in found else name] = verdict
    return found
