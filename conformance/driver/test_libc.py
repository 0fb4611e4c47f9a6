#!/usr/bin/python3 -B
"""Platforms with another C library, which is fetched once and which programs then really run on; and one-object."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import apt, fixture, libc, place, platforms  # noqa: E402
from driver.build import Build  # noqa: E402
from driver.fixture import CONFORMANCE  # noqa: E402
from driver.verdict import CONF  # noqa: E402

OLD = "glibc-2-31"  # than this machine's


def setUpModule():
    fixture.need_a_build()


def tearDownModule():
    fixture.forget_object()


class Fetching(fixture.TestCase):
    """With other programs in the place of apt's."""

    def setUp(self):
        super().setUp()
        self.bin = self.suite.top / "bin"
        self.bin.mkdir()
        self.program("apt-get", 'case $* in *download*) touch "$PWD/asked.deb" ;; esac\n')
        self.program("dpkg-deb", 'mkdir -p "$3/usr/lib/x86_64-linux-gnu"\n'
                     'touch "$3/usr/lib/x86_64-linux-gnu/libstdc++.so.6"\n')
        wanted = platforms.Platform("old", "old", compile=platforms.Compile("programs", "cc", "", ("-O1",)),
                                    libc=platforms.Libc("some", "1.0", ("one-more",)))
        self.place = libc.LibcPlace(wanted, Build(self.suite.build))

    def program(self, name, script):
        (self.bin / name).write_text(f"#!/bin/sh\necho {name} $* >>{self.suite.top}/asked\n{script}")
        (self.bin / name).chmod(0o755)

    def take(self):
        with mock.patch.dict(os.environ, PATH=f"{self.bin}:{os.environ['PATH']}"):
            self.place.take_library()

    def lacks(self):
        with self.assertRaises(place.Unavailable) as raised:
            self.take()
        return raised.exception.verdict, str(raised.exception)

    def test_once_and_then_it_is_compiled_for(self):
        self.take()
        first = self.place.platform.compile.flags
        self.take()
        self.assertEqual(["update", "download libc6", "download libc6-dev", "download linux-libc-dev",
                          "download one-more"], [line.removeprefix("apt-get -q ").split(" --config-file=")[0]
                                                 for line in (self.suite.top / "asked").read_text().splitlines()
                                                 if line.startswith("apt-get")])
        self.assertEqual(("-O1", f"--sysroot={self.suite.build}/platforms/old.root"), first[:2])
        self.assertEqual(["old.root", "old.root.lock"], sorted(os.listdir(self.suite.build / "platforms")))

    def test_what_its_cxx_library_is_linked_by(self):
        self.take()
        self.assertEqual("libstdc++.so.6", os.readlink(self.place.root / libc.FOLDER / "libstdc++.so"))

    def test_what_the_machine_lets_its_apt_do_besides_is_not_done(self):
        """Hooks that have to do with its own lists: they are read before ours."""
        if not shutil.which("apt-config"):
            self.skipTest("no apt")
        with mock.patch.dict(os.environ, PATH=f"{self.bin}:{os.environ['PATH']}"):
            directory = apt.Apt(self.suite.top / "apt", "some").directory
        self.assertIn(f"update --config-file={directory}/conf\n", (self.suite.top / "asked").read_text())
        hooks = self.suite.top / "hooks"
        for name in "Update::Pre-Invoke", "Update::Post-Invoke", "Update::Post-Invoke-Success":
            hooks.write_text(f'APT::{name} {{ "a hook"; }};\n')
            dump, environment = ["apt-config", "dump"], {**os.environ, "APT_CONFIG": str(hooks)}
            self.assertIn("a hook", subprocess.check_output(dump, env=environment, text=True))
            dump.append(f"--config-file={directory}/conf")
            self.assertNotIn("a hook", subprocess.check_output(dump, env=environment, text=True))

    def test_no_network(self):
        self.program("apt-get", "echo 'W: Failed to fetch http://x  Could not resolve x'\nexit 100\n")
        self.assertEqual((CONF, "apt-get: W: Failed to fetch http://x  Could not resolve x"), self.lacks())
        self.assertEqual(["old.root.lock"], os.listdir(self.suite.build / "platforms"))

    def test_no_such_package(self):
        self.program("apt-get", "case $* in *one-more*) echo 'E: Unable to locate package one-more'; exit 100 ;;\n"
                     '*download*) touch "$PWD/asked.deb" ;; esac\n')
        self.assertEqual((CONF, "apt-get: E: Unable to locate package one-more"), self.lacks())

    def test_another_architecture(self):
        with mock.patch.object(os, "uname", return_value=mock.Mock(machine="riscv64")):
            self.assertEqual((CONF, "its library is for x86_64, and this machine is riscv64"), self.lacks())

    def test_a_place_that_refuses(self):
        with mock.patch.object(libc, "fetch", side_effect=OSError(28, "No space left on device")):
            self.assertEqual((CONF, "[Errno 28] No space left on device"), self.lacks())


class Fetched(fixture.TestCase):
    """In the tree that is tested, where the platform keeps it."""

    def setUp(self):
        super().setUp()
        self.place = self.placed(platforms.load()[OLD])

    def placed(self, platform):
        found = libc.LibcPlace(platform, Build(fixture.BUILD))
        try:
            found.take_library()
        except place.Unavailable as why:
            self.skipTest(str(why))
        return found

    def loaded(self, program):
        """What its loader loads, by the name."""
        done = subprocess.run([program], env={"LD_TRACE_LOADED_OBJECTS": "1"}, stdout=subprocess.PIPE, text=True,
                              check=True)
        paths = [pathlib.Path(line.split()[-2]) for line in done.stdout.splitlines() if "/" in line]
        return {path.name: path for path in paths}

    def test_programs_of_the_cases_run_on_it(self):
        done = subprocess.run([CONFORMANCE / "run", "--build", fixture.BUILD, "--progress", "never", "--platform", OLD,
                               "env-case", "exception-in-child"], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"PASS 2 .* 12 runs")
        programs = [path for path in (fixture.BUILD / "platforms" / OLD / "conformance" / "cases").glob("*/*")
                    if path.is_file() and os.access(path, os.X_OK)]
        self.assertLess(100, len(programs))
        for program in programs:
            loaded = self.loaded(program)
            self.assertIn("libc.so.6", loaded)
            strange = [path for path in loaded.values() if not path.is_relative_to(self.place.root)]
            self.assertEqual([], strange, program)

    def test_this_machines_library_does_not_pass_for_it(self):
        self.assertEqual("", self.place.needs())
        flags = self.place.platform.compile.flags
        for forgotten in flags[2], flags[4]:
            kept = tuple(flag for flag in flags if flag != forgotten)
            self.place.platform = replace(self.place.platform, compile=replace(self.place.platform.compile, flags=kept))
            self.assertIn("does not run here", self.place.needs(), forgotten)
        self.place.platform = replace(self.place.platform, compile=replace(self.place.platform.compile, flags=()))
        self.assertRegex(self.place.needs(), r"^what gcc makes does not run here: on glibc 2\.\d+, which is not 2\.31$")

    def test_a_suite_that_has_moved_on(self):
        other = replace(self.place.platform, libc=platforms.Libc("bullseye", "2.30", ()))
        self.assertEqual("what gcc makes does not run here: on glibc 2.31, which is not 2.30",
                         libc.LibcPlace(other, Build(fixture.BUILD)).needs())


class OneObject(fixture.TestCase):
    def run_it(self, *words):
        done = subprocess.run([CONFORMANCE / "platforms" / "one-object", "--local", "--build", fixture.BUILD, *words],
                              capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def library(self, *words):
        """One in which nothing is."""
        source, path = self.suite.top / "none.c", self.suite.top / "libforkproof.so"
        source.write_text("int nothing_of_interest;\n")
        subprocess.run(["cc", "-shared", "-fPIC", *words, source, "-o", path], check=True)
        return path

    def test_is_at_work_under_each(self):
        status, said = self.run_it()
        self.assertEqual(0, status, said)
        self.assertRegex(said, r"sha256  [0-9a-f]{64}\nNEEDED  none\n")
        self.assertRegex(said, r"\nPASS  this machine's  \S+ \d")

    def test_one_that_is_not_at_work(self):
        status, said = self.run_it("--library", self.library("-nostdlib"))
        self.assertEqual(1, status)
        self.assertRegex(said, r"\nFAIL  this machine's +fork is that of /\S+libc")
        self.assertNotIn("PASS", said)

    def test_one_that_needs_a_c_library(self):
        status, said = self.run_it("--library", self.library("-Wl,--no-as-needed"))
        self.assertEqual((1, True), (status, "it is linked with libc.so.6, which" in said), said)

    def test_one_that_is_none(self):
        with tempfile.NamedTemporaryFile() as file:
            self.assertEqual(1, self.run_it("--library", file.name)[0])
        self.assertEqual(77, self.run_it("--library", self.suite.top / "absent")[0])


if __name__ == "__main__":
    fixture.main()
