"""Tcl's own tests of exec, channels, pipelines, events and sockets"""

import re

PACKAGES = ("tcl8.6",)
SOURCES = ("tcl8.6",)
# Skipped is what needs the commands of a test build (testchannel and others).
FILES = ("exec", "pid", "io", "chan", "event", "socket", "unixInit", "env")


def commands():
    return {name: ["tclsh8.6", f"/src/tcl8.6/tests/{name}.test", "-verbose", "pbse"] for name in FILES}


def outcomes(output):
    """As tcltest tells them."""
    found = {}
    for line in output.splitlines():
        good = re.search(r"\+\+\+\+ (\S+) (PASSED|SKIPPED)", line)
        bad = re.match(r"==== (\S+) .*FAILED$", line) or re.match(r"==== (\S+) FAILED", line)
        if good:
            found[good.group(1)] = good.group(2)
        elif bad:
            found[bad.group(1)] = "FAILED"
    return found
