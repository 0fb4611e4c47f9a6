"""forkproof audit --stall: a run that hangs is told of while it hangs."""

import json
import os
import re
import signal
import sys
import unittest

import harness
from harness import RUNGS, read_until, send

SCENES = {
    "pipe-writer-left-open": "r, w = os.pipe(); os.read(r, 1)",
    "pipe-reader-left-open": "r, w = os.pipe(); fill(w)",
    "pipe-full-deadlock": """
a, b = os.pipe(), os.pipe()
if os.fork() == 0:
    os.close(a[1]), os.close(b[0])
    while data := os.read(a[0], 4096):
        os.write(b[1], data)
os.close(a[0]), os.close(b[1])
fill(a[1])
""",
    "sequential-capture": """
talk, one, two = os.pipe(), os.pipe(), os.pipe()
if os.fork() == 0:
    keep(talk[0], one[1])
    os.read(talk[0], 1)
    os._exit(0)
if os.fork() == 0:
    keep(talk[1], two[1])
    fill(two[1])
keep(one[0], two[0])
os.read(one[0], 1)
""",
    "wait-blocks-on-held-pipe": """
r, w = os.pipe()
if os.fork() == 0:
    if os.fork() == 0:
        signal.pause()
    os._exit(0)
os.wait()
os.close(w)
os.read(r, 1)
""",
}
HEAD = """
import os, signal
def fill(fd):
    while True:
        os.write(fd, bytes(4096))
def keep(*fds):
    for fd in range(3, 64):
        if fd not in fds:
            try:
                os.close(fd)
            except OSError:
                pass
"""


def scene(name):
    return [sys.executable, "-I", "-S", "-c", HEAD + SCENES[name]]


class Stall(harness.Case):
    def command(self, *words):
        return [self.forkproof, "audit", *words]

    def findings(self, *words):
        """Of the report of a run that has come to its end: {rule: finding}, and how that was."""
        path = os.path.join(self.directory, "report.json")
        done = self.run_to_end("--format=json", "--output=" + path, *words)
        with open(path, encoding="utf-8") as file:
            return {one["rule"]: one for one in json.load(file)["findings"]}, done

    def test_each_is_named_and_the_run_is_ended(self):
        for name in SCENES:
            with self.subTest(name):
                findings, done = self.findings("--stall=300ms,end", *scene(name))
                self.assertEqual(done.returncode, 99, done.stderr)
                self.assertIn(b"forkproof: this has not moved for 300ms: ", done.stderr)
                self.assertIn(b"forkproof explain %s\n" % name.encode(), done.stderr)
                self.assertIn(b"forkproof: the run is ended because it has stalled (--stall)\n", done.stderr)
                self.assertIn(name, findings)
                self.assertRegex(findings[name]["message"], r"waits to (read|write) pipe:\[\d+\], which is ")
                self.assertRegex("\n".join(findings[name]["evidence"]), r"pipe:\[\d+\] can be (read|written) by .*, "
                                 r"as descriptor \d+: ")

    def test_whatever_holds_the_run(self):
        for rung in RUNGS:
            with self.subTest(rung):
                findings, done = self.findings("--contain=" + rung, "--stall=300ms,end",
                                               *scene("pipe-writer-left-open"))
                self.assertEqual((done.returncode, ["pipe-writer-left-open"]), (99, list(findings)), done.stderr)
                found = findings["pipe-writer-left-open"]
                self.assertIsNotNone(found["process"], found)

    def test_told_while_it_hangs_and_the_run_goes_on(self):
        process, read = self.start_held("--stall=200ms", *scene("pipe-full-deadlock"))
        told = read_until(process.stderr.fileno(), b"explain pipe-full-deadlock\n")
        self.assertIsNone(process.poll())
        self.assertRegex(told.decode(), r"(?s)waits to write.*full, \d+ bytes.*read only by")
        send(process.pid, "TERM")
        status, _, rest = self.finish(process)
        self.assertEqual(status, 128 + signal.SIGTERM)
        self.assertNotIn(b"not moved", rest)
        self.assertNotIn(b"the run is ended", rest)
        self.assert_all_gone(read)

    def test_end_without_a_finding_that_fails_has_failed_as_well(self):
        _, done = self.findings("--stall=200ms,end", "--fail-on=never", "--error-exitcode=42",
                                *scene("pipe-writer-left-open"))
        self.assertEqual(done.returncode, 42)

    def test_what_it_tells_is_harmless(self):
        program = "open('/proc/self/comm', 'w').write('\\x1b[31m'); " + SCENES["pipe-writer-left-open"]
        _, done = self.findings("--stall=200ms,end", sys.executable, "-I", "-S", "-c", HEAD + program)
        self.assertIn(rb"\x1b[31m (", done.stderr)
        self.assertNotIn(b"\x1b", done.stderr)

    def test_nobody_looks_at_a_program_that_goes_on(self):
        findings, done = self.findings("--stall=100ms", "sh", "-c", "exit 3")
        self.assertEqual((3, {}), (done.returncode, findings))

    def test_the_thread_is_no_member_and_leaves_with_the_run(self):
        _, done = self.findings("--stall=never", "true")
        self.assertEqual((0, None), (done.returncode, re.search(rb"moved|stalled", done.stderr)))

    def test_values(self):
        for value in ("", "x", "10", "10s,", "10s,END", ",end", "0,end", "never,end", "1" * 40 + "s"):
            done = self.run_to_end("--stall=" + value, "true")
            good = value == "10"
            self.assertEqual(done.returncode, 0 if good else 125, value)
            if not good:
                self.assertEqual(done.stderr, b"forkproof: audit: bad value '%s' for --stall: expected a time such as "
                                 b"10s, or 10s,end, or never\n" % value.encode())


if __name__ == "__main__":
    unittest.main()
