"""For the driver's own tests: a suite of a few files in a temporary directory, with programs of a few lines."""

import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
CONFORMANCE = HERE.parent
BUILD = pathlib.Path(os.environ.get("FORKPROOF_BUILD", CONFORMANCE.parent / "build" / "dev"))
SKIPPED = 77

ENTRY = """+++
title = "Something goes wrong"
family = "{family}"
order = {order}
severity = "error"
tags = ["pid", "{tag}"]
platforms = ["linux"]
audit = ""

[[sources]]
document = "S0"
section = "Somewhere"

[forkproof]
run = "{run}"
preload = "limited"
how = "In some way."
+++

## Story

A story with `code` and **weight**.

## Timeline

| parent | child |
| --- | --- |
| fork | |
| | **exits** |

## Remedy

```c
wait(NULL);
```

## Elsewhere

Nowhere.
"""

CASE = """
[outcomes.went-wrong]
safe = false
when = "said"
means = "it went wrong"

[outcomes.went-well]
safe = true
when = "said"
means = "it went well"

[expect.bad]
all = "went-wrong"

[expect.good]
all = "went-well"
"""

PROGRAM = """
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "case.h"
int main(int argc, char **argv) {
    (void)argc, (void)argv;
    case_begin();
    %s
}
"""


def says(word):
    return f'case_outcome("{word}");'


BAD, GOOD = says("went-wrong"), says("went-well")


def entry(family="identity", order=1, tag="kill", run="limited"):
    return ENTRY.format(family=family, order=order, tag=tag, run=run)


def compiler():
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def need_a_build():
    """Called by setUpModule."""
    if not compiler():
        raise unittest.SkipTest("no C compiler")
    if not (BUILD / "conformance" / "warden").is_file():
        raise unittest.SkipTest(f"{BUILD} is not built")


@functools.cache
def case_object():
    path = pathlib.Path(tempfile.mkdtemp(prefix="fixture-")) / "case.o"
    subprocess.run([compiler(), "-D_GNU_SOURCE", "-c", CONFORMANCE / "cases" / "case.c", "-o", path], check=True)
    return path


def forget_object():
    """Called by tearDownModule."""
    if case_object.cache_info().currsize:
        shutil.rmtree(case_object().parent)
        case_object.cache_clear()


@functools.cache
def compiled(body):
    """A program of these lines: its bytes."""
    with tempfile.TemporaryDirectory() as work:
        source, program = pathlib.Path(work) / "x.c", pathlib.Path(work) / "x"
        source.write_text(PROGRAM % body, encoding="utf-8")
        subprocess.run([compiler(), "-D_GNU_SOURCE", "-w", f"-I{CONFORMANCE / 'cases'}", source, case_object(), "-o",
                        program],
                       check=True)
        return program.read_bytes()


def put_program(path, body):
    path.write_bytes(compiled(body))
    path.chmod(0o755)


class Suite:
    """catalogue/, cases/ and build/ in a directory of its own."""

    def __init__(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="fixture-")).resolve()
        self.catalogue, self.cases, self.build = self.top / "catalogue", self.top / "cases", self.top / "build"
        self.platforms = self.top / "platforms"
        for name in "catalogue", "cases", "platforms", "build/bin", "build/lib", "build/conformance/cases":
            (self.top / name).mkdir(parents=True)
        for name in "conformance/warden", "conformance/deny", "bin/forkproof", "lib/libforkproof.so":
            (self.build / name).symlink_to((BUILD / name).resolve())

    def remove(self):
        shutil.rmtree(self.top)

    def text(self, identity, toml=CASE, markdown=None):
        """The files of a gotcha, without programs that are built."""
        (self.catalogue / f"{identity}.md").write_text(markdown or entry(), encoding="utf-8")
        (self.cases / identity).mkdir(exist_ok=True)
        for name in "bad", "good":
            (self.cases / identity / f"{name}.c").write_text("", encoding="utf-8")
        (self.cases / identity / "case.toml").write_text(toml, encoding="utf-8")

    def add(self, identity, bad=BAD, good=GOOD, toml=CASE, markdown=None):
        self.text(identity, toml, markdown)
        folder = self.build / "conformance" / "cases" / identity
        folder.mkdir(exist_ok=True)
        for name, body in ("bad", bad), ("good", good):
            put_program(folder / name, body)

    def command(self, *words):
        return [CONFORMANCE / "run", "--build", self.build, "--catalogue", self.catalogue, "--cases", self.cases,
                "--platforms", self.platforms, *words]

    def run(self, *words, environment=None, **more):
        return subprocess.run(self.command(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False,
                              env=environment, **more)

    def json(self, *words, **more):
        """(exit status, {id: gotcha}, all of it)."""
        done = self.run("--format", "json", *words, **more)
        try:
            found = json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"{done.stdout}{done.stderr}") from None
        return done.returncode, {one["id"]: one for one in found["gotchas"]}, found


class TestCase(unittest.TestCase):
    """With a Suite that is gone after the test."""

    def setUp(self):
        self.suite = Suite()
        self.addCleanup(self.suite.remove)


def main():
    """As unittest.main, and 77 when all was skipped."""
    result = unittest.main(exit=False).result
    if result.wasSuccessful() and result.skipped and len(result.skipped) >= result.testsRun:
        sys.exit(SKIPPED)
    sys.exit(not result.wasSuccessful())
