"""Go's own tests of os/exec, os/signal, os and syscall, by a program linked with libc"""

import re

PACKAGES = ("golang-1.19-go", "golang-1.19-src", "gcc")
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
GO = "/usr/lib/go-1.19"
TESTS = ("os/exec", "os/signal", "os", "syscall")
BINARY = "/home/tester/golang/"
BUILD = f"export HOME=/home/tester CGO_ENABLED=1\nmkdir -p {BINARY}\n" + "".join(
    f"{GO}/bin/go test -c -o {BINARY}{name.replace('/', '-')} {name}\n" for name in TESTS)


def commands():
    # Without exec: a test binary that leads a session makes the terminal its own that it opens for a shell.
    start = f'cd "{GO}/src/$1"; PATH={GO}/bin:$PATH "{BINARY}$2" -test.v; exit $?'
    return {name: ["sh", "-c", start, "sh", name, name.replace("/", "-")] for name in TESTS}


def outcomes(output):
    found = re.finditer(r"--- (PASS|FAIL|SKIP): (\S+) \(", output)
    return {m[2]: {"PASS": "ok", "FAIL": "failed", "SKIP": "skipped"}[m[1]] for m in found}
