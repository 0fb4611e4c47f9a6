"""CPython's own tests of subprocess, wait and fork"""

import re

PACKAGES = ("libpython3.11-testsuite",)
GATE = True
PYTHON = "/usr/bin/python3"
TESTS = ("test_subprocess", "test_wait3", "test_wait4", "test_fork1", "test_popen")


def commands():
    """name -> argv, each run on its own."""
    return {name: [PYTHON, "-B", "-m", "test", "-v", name] for name in TESTS}


def outcomes(output):
    """test -> ok, FAIL, ERROR, skipped. What a test prints may stand before its verdict."""
    found = {}
    current = None
    for line in output.splitlines():
        begun = re.match(r"(?:[\d.]+s )?(test\w*) \(([\w.]+)\)", line)
        if begun:
            current = begun.group(2)
        verdict = re.search(r"(?:\.\.\. |^)(?:[\d.]+s )?(ok|FAIL|ERROR|skipped|expected failure)\b(?! \(|:)", line)
        if current and verdict:
            found[current] = verdict.group(1)
            current = None
    return found
