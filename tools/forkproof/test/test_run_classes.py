"""Programs of both classes in one run: hooked all the way, without a word on standard error."""

import json
import os
import shutil
import subprocess
import sys
import unittest

import harness
from harness import Case

PROGRAMS = os.environ["FORKPROOF_TEST_PROGRAMS"]
WIDE = os.path.join(PROGRAMS, "show")
NARROW = os.path.join(PROGRAMS, "i386", "show")
CHAIN = [WIDE, "then", NARROW, "then", WIDE, "hooked"]
LIBRARY = os.path.realpath(os.environ["FORKPROOF_LIBRARY"])

if not os.path.exists(NARROW):
    print("no 32-bit libc to build with: skipped")
    sys.exit(77)


class Classes(Case):
    def library_copied(self, *, other):
        """The library in another place: with the shim for the other class, the empty one, or neither."""
        place = os.path.join(self.directory, "lib")
        os.mkdir(place)
        copy = shutil.copy(LIBRARY, place)
        if other is None:
            return copy
        shutil.copytree(os.path.join(os.path.dirname(LIBRARY), "forkproof"),
                        os.path.join(place, "forkproof"), symlinks=True)
        entry = os.path.join(place, "forkproof", "i686", "libforkproof.so")
        if other == "none":
            os.unlink(entry)
            os.symlink("none.so", entry)
        return copy

    def hooked(self, words, library=LIBRARY, command=harness.FORKPROOF):
        done = subprocess.run([command, "run", *words], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=harness.DEADLINE,
                              env=dict(self.environment, FORKPROOF_LIBRARY=library))
        self.assertEqual(done.returncode, 0, done.stderr)
        return [line.removeprefix("hooked ") for line in done.stdout.splitlines()], done.stderr

    def report(self, program, library):
        path = os.path.join(self.directory, "report.json")
        done = self.hooked(["--report=" + path, program, "hooked"], library)
        with open(path) as file:
            return *done, json.load(file)["hooks"]

    def test_a_chain(self):
        self.assertEqual(self.hooked(CHAIN), (["yes"] * 3, ""))
        self.assertEqual(self.hooked(CHAIN[2:]), (["yes"] * 2, ""))

    def test_a_chain_without_a_shim_for_the_other_class(self):
        library = self.library_copied(other="none")
        self.assertEqual(self.hooked(CHAIN, library), (["yes", "no", "yes"], ""))

    def test_the_report(self):
        out, err, hooks = self.report(NARROW, LIBRARY)
        self.assertEqual((out, err), (["yes"], ""))
        self.assertEqual(hooks, {"image": "dynamic", "hooks": True, "why": None})
        out, err, hooks = self.report(NARROW, self.library_copied(other="none"))
        self.assertEqual((out, hooks["image"], hooks["hooks"]), (["no"], "other-class", False))
        self.assertRegex(err, r"\Aforkproof: .* is of another class than the library: .*\n\Z")

    def test_the_library_alone(self):
        library = self.library_copied(other=None)
        self.assertEqual(self.hooked([WIDE, "hooked"], library), (["yes"], ""))
        done = subprocess.run([harness.FORKPROOF, "run", "sh", "-c", "echo $LD_PRELOAD"],
                              env=dict(self.environment, FORKPROOF_LIBRARY=library),
                              capture_output=True, text=True, timeout=harness.DEADLINE)
        self.assertEqual((done.stdout, done.stderr), (library + "\n", ""))

    def test_a_library_of_the_other_class_is_refused(self):
        narrow = os.path.join(os.path.dirname(LIBRARY), "forkproof", "i686", "libforkproof.so")
        done = subprocess.run([harness.FORKPROOF, "run", "true"], capture_output=True, text=True,
                              env=dict(self.environment, FORKPROOF_LIBRARY=narrow), timeout=harness.DEADLINE)
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr, r"\Aforkproof: cannot use the library /.*: it is for .* other class .*\n\Z")

    @unittest.skipUnless(shutil.which("cmake"), "needs cmake")
    def test_installed(self):
        place = os.path.join(self.directory, "installed")
        done = subprocess.run(["cmake", "--install", os.environ["FORKPROOF_TEST_BUILD"]], capture_output=True,
                              env=dict(os.environ, DESTDIR=place), timeout=harness.DEADLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        commands = [os.path.join(top, "forkproof") for top, _, files in os.walk(place)
                    if os.path.basename(top) == "bin" and "forkproof" in files]
        self.assertEqual(len(commands), 1)
        self.assertEqual(self.hooked(CHAIN, "", commands[0]), (["yes"] * 3, ""))


if __name__ == "__main__":
    unittest.main()
