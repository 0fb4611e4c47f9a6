"""Runs a program bare and with the shim preloaded and demands the same output and status.

The build's CTest gives two variables: FORKPROOF_TEST_SHIM, the shim's path, and FORKPROOF_TEST_BIN, the
folder of the programs. By hand: FORKPROOF_TEST_SHIM=... FORKPROOF_TEST_BIN=... python3 -m unittest
With FORKPROOF_TEST_RECORD=1 the shim is the audit library, and every shimmed run writes a record.
"""

import collections
import fcntl
import os
import pathlib
import shutil
import struct
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


def make_record(chunks=64):
    """A descriptor of an empty record for members to write to, as `forkproof audit` makes it (shim/record/audit.h)."""
    head, chunk = 4096, 32768
    fd = os.memfd_create("record", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    size = head + chunks * chunk
    os.ftruncate(fd, size)
    os.pwrite(fd, struct.pack("=QIIQQQQQQQ", 0x0a74696475617066, 1, chunk, size, head,
                              os.stat("/proc/self/ns/pid").st_ino, 0, 0, 0, 0), 0)
    fcntl.fcntl(fd, 1033, 2 | 4)  # F_ADD_SEALS: neither smaller nor larger
    return fd


# Those of the last runs: whoever one has left behind may still write. Small, so that some runs find theirs full.
RECORDS = collections.deque(maxlen=64)


def next_record():
    if len(RECORDS) == RECORDS.maxlen:
        os.close(RECORDS.popleft())
    RECORDS.append(make_record())
    return f"/proc/{os.getpid()}/fd/{RECORDS[-1]}"


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
        if os.environ.get("FORKPROOF_TEST_RECORD"):
            env["FORKPROOF_RECORD"] = next_record()
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
