"""Runs a program bare and with the shim preloaded and demands the same output and status.

The build's CTest gives two variables: FORKPROOF_TEST_SHIM, the shim's path, and FORKPROOF_TEST_BIN, the
folder of the programs. By hand: FORKPROOF_TEST_SHIM=... FORKPROOF_TEST_BIN=... python3 -m unittest
"""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

SHIM = os.environ.get("FORKPROOF_TEST_SHIM", "")
BIN = pathlib.Path(os.environ.get("FORKPROOF_TEST_BIN", "."))
SKIPPED = 77
SECONDS = int(os.environ.get("FORKPROOF_TEST_SECONDS", "60"))  # more on an emulated machine
WORD = "$PLATFORM"  # in the shim's path where there is one for each class of programs

if not BIN.is_dir():
    print(f"{BIN}: these programs could not be built here: skipped")
    sys.exit(SKIPPED)


class Outcome:
    """What a run gave: status, output, standard error; compared by all three."""

    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out, err

    def __eq__(self, other):
        return (self.status, self.out, self.err) == (other.status, other.out, other.err)

    def lines(self):
        return [f"status {self.status}", *self.out.splitlines(), *("! " + e for e in self.err.splitlines())]


def environment(options=None, shim=None, **more):
    """A small, known environment: nothing of the caller's gets into what the programs print."""
    env = {"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", **more}
    if shim is not None:
        env["LD_PRELOAD"] = f"{more['LD_PRELOAD']}:{shim}" if "LD_PRELOAD" in more else shim
        if options is not None:
            env["FORKPROOF_OPTIONS"] = options
    return env


def run(argv, env, **more):
    argv = [str(a) for a in argv]
    try:
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=SECONDS, check=False, **more)
    except subprocess.TimeoutExpired as late:
        return Outcome("timed out", (late.stdout or b"").decode(errors="replace"), "")
    return Outcome(done.returncode, done.stdout.decode(errors="replace"),
                   done.stderr.decode(errors="replace"))


def shim_copied_to(place):
    """The path of the shim in another folder, with what lies beside it for other classes."""
    copy = shutil.copy(os.path.realpath(SHIM), place)
    if WORD not in SHIM:
        return copy
    classes = pathlib.Path(SHIM).parent.parent
    shutil.copytree(classes, place / classes.name, symlinks=True)
    return str(place / classes.name / WORD / os.path.basename(SHIM))


class Differential(unittest.TestCase):
    maxDiff = 4000

    def setUp(self):
        self.assertTrue(os.path.isfile(SHIM), "FORKPROOF_TEST_SHIM does not name the shim")

    def both(self, program, *arguments, options=None, shim=SHIM, variables=None, **more):
        """(bare, shimmed). A program that exits with 77 has no place to run: the test is skipped."""
        argv = [BIN / program, *arguments]
        variables = variables or {}
        bare = run(argv, environment(**variables), **more)
        if bare.status == SKIPPED:
            self.skipTest(f"{program} cannot run here")
        return bare, run(argv, environment(options, shim, **variables), **more)

    def assert_same(self, program, *arguments, **more):
        bare, shimmed = self.both(program, *arguments, **more)
        self.assertNotEqual(bare.status, "timed out", "the bare run hangs: the test is at fault")
        self.assertEqual(bare.lines(), shimmed.lines())
        return bare
