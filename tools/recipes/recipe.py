"""What the tests of the recipes have in common: `test_NAME.py --build DIRECTORY` plays docs/recipes/NAME.

A test in which nothing could be had on this machine ends with 77 and says what is missing.
"""

import argparse
import os
import pathlib
import re
import shutil
import signal
import sys
import tempfile
import unittest

from processes import environment

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECIPES = ROOT / "docs" / "recipes"
SKIPPED = 77


class Place:
    """The build that is tested; filled by main()."""

    build = None

    @classmethod
    def forkproof(cls):
        return cls.build / "bin" / "forkproof"

    @classmethod
    def path(cls, *before):
        """This machine's PATH, with forkproof on it."""
        return os.pathsep.join([*map(str, before), str(cls.forkproof().parent), os.environ["PATH"]])


def missing(*programs):
    """Those of PROGRAMS that are not installed."""
    return [program for program in programs if shutil.which(program) is None]


def needs(*programs):
    """A decorator: skips where one of PROGRAMS is not installed."""
    gone = missing(*programs)
    return unittest.skipIf(gone, f"not installed: {', '.join(gone)}")


def fenced(text, language):
    """The fenced blocks of that LANGUAGE in Markdown, in order."""
    return re.findall(rf"^```{re.escape(language)}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


class Case(unittest.TestCase):
    """A test with a directory of its own, which is gone afterwards."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="forkproof-recipe-"))
        self.addCleanup(shutil.rmtree, self.directory)


class Noting(Case):
    """A test whose programs add the pids of what they leave behind to the file that $DEMO_PIDS names."""

    def setUp(self):
        super().setUp()
        self.pids = self.directory / "pids"
        self.pids.touch()
        self.environ = dict(os.environ, DEMO_PIDS=str(self.pids), PATH=Place.path())
        self.addCleanup(self.end_what_is_left)

    def noted(self):
        return [int(pid) for pid in self.pids.read_text().split()]

    def left(self):
        """Those that still run; a number that is another process's by now has not this file in its environment."""
        mark = f"DEMO_PIDS={self.pids}".encode()
        return [pid for pid in self.noted() if mark in environment(pid)]

    def end_what_is_left(self):
        for pid in self.left():
            os.kill(pid, signal.SIGKILL)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True, help="a build directory, as build/dev")
    known, rest = parser.parse_known_args()
    Place.build = known.build.resolve()
    result = unittest.main(argv=[sys.argv[0], *rest], exit=False).result
    if not result.wasSuccessful():
        sys.exit(1)
    skipped = [why for _, why in result.skipped]
    if result.testsRun and len(skipped) == result.testsRun:
        sys.exit(SKIPPED)
