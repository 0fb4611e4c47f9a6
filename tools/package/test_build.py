#!/usr/bin/python3 -B
"""What tools/package/build refuses to package, in a clone made for it; what it calls for the rest stops it."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
SKIPPED = 77


class Build(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.clone = pathlib.Path(folder.name).resolve() / "clone"
        (self.clone / "tools").mkdir(parents=True)
        shutil.copytree(HERE, self.clone / "tools/package", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(TOP / "CMakeLists.txt", self.clone)
        programs = self.clone.parent / "bin"
        programs.mkdir()
        for name in "dh", "dpkg-buildpackage":
            (programs / name).write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
            (programs / name).chmod(0o755)
        self.environment = {"PATH": f"{programs}:{os.environ['PATH']}", "GIT_CONFIG_GLOBAL": "/dev/null",
                            "GIT_CEILING_DIRECTORIES": str(self.clone.parent)}

    def run_in_clone(self, *words):
        return subprocess.run(words, cwd=self.clone, env=self.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)

    def commit(self):
        who = ("-c", "user.name=test", "-c", "user.email=test@test.invalid")
        for words in (("init", "--quiet"), ("add", "."), (*who, "commit", "--quiet", "--message=all")):
            done = self.run_in_clone("git", *words)
            self.assertEqual(done.returncode, 0, done.stdout)

    def refuses(self, why):
        done = self.run_in_clone("tools/package/build")
        self.assertEqual((done.returncode, done.stdout.count("\n")), (125, 1), done.stdout)
        self.assertIn(why, done.stdout)

    def gets_to_dpkg(self, *options):
        done = self.run_in_clone("tools/package/build", *options)
        self.assertIn("dpkg-buildpackage failed", done.stdout)
        return done.stdout

    def test_no_clone(self):
        self.refuses("is not a git clone")

    def test_the_last_commit(self):
        self.commit()
        self.assertNotIn("not committed", self.gets_to_dpkg())

    def test_a_changed_file(self):
        self.commit()
        with open(self.clone / "CMakeLists.txt", "a", encoding="utf-8") as file:
            file.write("# changed\n")
        self.refuses("not committed")
        self.assertIn("with what is not committed", self.gets_to_dpkg("--dirty"))

    def test_a_new_file(self):
        self.commit()
        (self.clone / "new").touch()
        self.refuses("not committed")


if __name__ == "__main__":
    if not shutil.which("git"):
        print("package: skipped: no git here")
        sys.exit(SKIPPED)
    unittest.main()
