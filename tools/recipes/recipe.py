"""What the tests of the recipes have in common: `test_NAME.py --build DIRECTORY` plays docs/recipes/NAME.

A test in which nothing could be had on this machine ends with 77 and says what is missing.
"""

import argparse
import pathlib
import re
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECIPES = ROOT / "docs" / "recipes"
SKIPPED = 77


class Place:
    """The build that is tested; filled by main()."""

    build = None

    @classmethod
    def forkproof(cls):
        return cls.build / "bin" / "forkproof"


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
