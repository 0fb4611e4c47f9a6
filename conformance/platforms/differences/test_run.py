#!/usr/bin/python3 -B
"""That `run` notices a table that is wrong, and says what it could not try."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1]))

from driver import fixture  # noqa: E402

TABLE = (HERE / "differences.toml").read_text(encoding="utf-8")


def setUpModule():
    fixture.need_a_build()


class Differences(unittest.TestCase):
    def run_with(self, table, *words, **environment):
        with tempfile.NamedTemporaryFile("w", suffix=".toml", encoding="utf-8") as file:
            file.write(table)
            file.flush()
            done = subprocess.run([HERE / "run", "--build", fixture.BUILD, "--table", file.name, *words], text=True,
                                  capture_output=True, check=False, env={**os.environ, **environment}, timeout=120)
        return done.returncode, done.stdout + done.stderr

    def changed(self, old, new):
        self.assertIn(old, TABLE)
        return TABLE.replace(old, new)

    def test_line_that_is_another_is_told(self):
        wrong = self.changed('usual = "the parent sees what the child wrote"', 'usual = "nothing"')
        status, said = self.run_with(wrong, "vfork-memory", "--platform", "glibc")
        self.assertIn("FAIL glibc: vfork-memory: 'the parent sees what the child wrote', and the table says 'nothing'",
                      said)
        self.assertEqual(status, 1)

    def test_exception_that_is_forgotten_is_told(self):
        wrong = self.changed('where = "old"\nline = "Invalid argument"', 'where = "wine"\nline = "Invalid argument"')
        status, said = self.run_with(wrong, "wait-pidfd", "--platform", "glibc,old-kernel-none")
        self.assertNotIn("FAIL glibc:", said)
        self.assertIn("FAIL old-kernel-none: wait-pidfd: 'Invalid argument'", said)
        self.assertEqual(status, 1)

    def test_version_counts(self):
        wrong = self.changed('where = "!linux-6.9"\nline = "no"', 'where = "linux-2.6"\nline = "no"')
        status, said = self.run_with(wrong, "pidfd-inode", "--platform", "glibc")
        self.assertIn("and the table says 'no'", said)
        self.assertEqual(status, 1)

    def test_what_is_not_there_is_told_and_is_no_success(self):
        status, said = self.run_with(TABLE, "sigrtmin", PATH="/nowhere")
        self.assertEqual(said.count("CONF "), 4, said)
        self.assertEqual(status, fixture.SKIPPED)

    def test_malformed_tables_are_refused(self):
        for old, new, complaint in (
                ('where = "s390x"', 'where = "s390"', "no such condition: s390"),
                ('where = "!linux-6.14"', 'where = "linux-new"', "no such condition: linux-new"),
                ('program = "sigrtmin"', 'program = "sigrtmax"', "there is no sigrtmax.c"),
                ('program = "sigrtmin"', 'program = "exit-256"', "sigrtmin.c is in no [[difference]]"),
                ('because = "they came', 'becuase = "they came', "is no key that is known"),
                ("usual", "usual =", "is not TOML")):
            with self.subTest(new):
                status, said = self.run_with(self.changed(old, new))
                self.assertIn(complaint, said)
                self.assertEqual(status, 2)

    def test_unknown_names_are_refused(self):
        for words in ("no-such",), ("--platform", "no-such"):
            self.assertEqual(self.run_with(TABLE, *words)[0], 2)


if __name__ == "__main__":
    fixture.main()
