"""CPython's own tests of subprocess, wait and fork, as installed by libpython3-testsuite."""

import re
import subprocess

PYTHON = "/usr/bin/python3"
TESTS = ("test_subprocess", "test_wait3", "test_wait4", "test_fork1", "test_popen")
SECONDS = 300


def available():
    probe = subprocess.run([PYTHON, "-c", "import test.support, test.test_subprocess"],
                           capture_output=True, check=False)
    return probe.returncode == 0


def commands():
    """name -> argv, each run on its own."""
    return {name: [PYTHON, "-B", "-m", "test", "-v", name] for name in TESTS}


def outcomes(output):
    """test -> ok, FAIL, ERROR, skipped. What a test prints may stand before its verdict."""
    found = {}
    current = None
    for line in output.splitlines():
        begun = re.match(r"(test\w*) \(([\w.]+)\)", line)
        if begun:
            current = begun.group(2)
        verdict = re.search(r"(?:\.\.\. |^)(ok|FAIL|ERROR|skipped|expected failure)\b(?! \(|:)", line)
        if current and verdict:
            found[current] = verdict.group(1)
            current = None
    return found
