"""Twisted's own tests of processes, SIGCHLD, pipes and daemonising"""

import re

PACKAGES = ("python3-twisted",)
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
TESTS = ("twisted.test.test_process", "twisted.internet.test.test_process", "twisted.internet.test.test_sigchld",
         "twisted.internet.test.test_posixprocess", "twisted.internet.test.test_baseprocess", "twisted.test.test_stdio",
         "twisted.test.test_twistd", "twisted.internet.test.test_stdio")


def commands():
    trial = ["/usr/bin/trial3", "--reporter=bwverbose", "--temp-directory=/tmp/work/trial"]
    return {name: [*trial, name] for name in TESTS}


def outcomes(output):
    """trial's tree: modules, classes and tests, each two columns further in."""
    found, path = {}, []
    for line in output.split("\n====", 1)[0].splitlines():
        m = re.match(r"( *)(\w[\w.]*)(?: \.\.\. +\[(.*)\])?", line)
        if not m:
            continue
        depth = len(m[1]) // 2
        path[depth:] = [m[2]]
        if m[3]:
            found[".".join(path)] = m[3].lower().replace("skipped", "skip")
    return found
