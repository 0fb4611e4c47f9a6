#!/usr/bin/python3 -B
"""Machines: what lies in one's memory, what is told of its report, and what when there is none. Without an emulator: in
its place a script says what a machine would say."""

import base64
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import fixture, foreign, machine, place, platforms  # noqa: E402
from driver.architecture import X86_64  # noqa: E402
from driver.build import Build  # noqa: E402
from driver.fixture import BAD, GOOD  # noqa: E402
from driver.schema import Malformed  # noqa: E402
from driver.text import near  # noqa: E402
from driver.verdict import BROK, CONF  # noqa: E402

SECTIONS = "".join(f"\n## {title}\n\nSo.\n" for title in platforms.SECTIONS)
MACHINE = '[machine]\nsuite = "some"\npackage = "linux-image"\nboot = {boot}\ndeadline = {deadline}\n'
GAP = '[[gaps]]\ngotcha = "x"\nprogram = "bad"\nbecause = "it is so"\n'

# Keeps what the machine was started with.
QEMU = """#!/bin/sh
for word; do
    [ "$last" != -initrd ] || cp "$word" "$0.image"
    last=$word
done
"""


def setUpModule():
    fixture.need_a_build()


def tearDownModule():
    fixture.forget_object()


class Machines(fixture.TestCase):
    def setUp(self):
        super().setUp()
        self.bin = self.suite.top / "bin"
        self.bin.mkdir()
        self.qemu = self.bin / X86_64.system[0]
        self.directory = self.suite.build / "platforms" / "far"
        self.directory.mkdir(parents=True)
        (self.directory / "vmlinuz").touch()  # is there, so that none is fetched

    def platform(self, more="", before="", boot=60, deadline=60):
        (self.suite.platforms / "far.md").write_text(
            f'+++\ntitle = "a machine"\nsets = ["extended"]\n{before}\n{MACHINE.format(boot=boot, deadline=deadline)}'
            f'{more}\n+++\n{SECTIONS}', encoding="utf-8")

    def emulator(self, script):
        self.qemu.write_text(QEMU + script, encoding="utf-8")
        self.qemu.chmod(0o755)

    def says(self, report, status=0):
        """As a machine does that has this for its report."""
        lines = base64.encodebytes(gzip.compress(report.encode())).decode().splitlines()
        told = "".join(f"report {line}\r\n" for line in lines)
        (self.suite.top / "said").write_text(f"Linux\r\nbegin\r\n{told}end {status}\r\n", encoding="ascii")
        self.emulator(f"cat {self.suite.top}/said\nexec sleep 60\n")

    def run_far(self, *words):
        environment = os.environ | {"PATH": f"{self.bin}:{os.environ['PATH']}"}
        return self.suite.run("--platform", "far", *words, environment=environment)

    def lack(self, *words):
        """(exit status, the verdict, the reason)."""
        done = self.run_far("--format", "json", *words)
        lacks = json.loads(done.stdout)["lacks"]
        return done.returncode, lacks["verdict"], lacks["reason"]


class Reading(Machines):
    def test_complaints(self):
        for said, more in (("machine: goes with none of compile, twin, ", {"before": 'deny = ["clone3"]'}),
                           ("machine.boot: must be a whole number from 1 to ", {"boot": 0}),
                           ("machine.deadline: must be a whole number", {"deadline": 1.5}),
                           ("machine.colour: is no key", {"more": "colour = 1"})):
            with self.subTest(said), self.assertRaises(Malformed) as raised:
                self.platform(**more)
                platforms.load(self.suite.platforms)
            self.assertIn(said, str(raised.exception))
        self.platform()
        self.assertEqual(("some", 60), (platforms.load(self.suite.platforms)["far"].machine.suite,
                                        platforms.load(self.suite.platforms)["far"].machine.boot))


class Reports(Machines):
    def setUp(self):
        super().setUp()
        self.suite.add("x")
        self.suite.add("y", good=BAD)

    def here(self, *words):
        return self.suite.json(*words)

    def test_as_if_it_had_been_run_here(self):
        self.platform()
        status, _, here = self.here("--mode", "bare")
        self.says(json.dumps(here), status)
        done = self.run_far("--mode", "bare", "--format", "json")
        far = json.loads(done.stdout)
        self.assertEqual((1, "far", here["machine"]), (done.returncode, far["platform"], far["machine"]))
        for one, other in zip(here["gotchas"], far["gotchas"], strict=True):
            for run in (*one["runs"], *other["runs"]):
                del run["again"]
            self.assertEqual(one, other)
        self.assertIn("--platform far --mode bare --twin good y\n", self.run_far("--mode", "bare").stdout)

    def test_gaps_are_of_the_platform(self):
        self.platform(GAP)
        self.suite.add("x", bad=GOOD)
        status, _, here = self.here("--mode", "bare", "x")
        self.assertEqual(1, status)
        self.says(json.dumps(here), status)
        done = self.run_far("--mode", "bare", "x")
        self.assertNotEqual(1, done.returncode)
        self.assertIn("CONF x: bad, bare: known gap: it is so", done.stdout)

    def test_what_failed_last_is_remembered_and_the_rest_is_left_out(self):
        self.platform()
        status, _, here = self.here("--mode", "bare")
        self.says(json.dumps(here), status)
        self.run_far("--mode", "bare")
        self.assertTrue((self.suite.build / "platforms" / "far.failed.json").is_file())
        told = json.loads(self.run_far("--mode", "bare", "--rerun-failed", "--format", "json").stdout)
        self.assertEqual([("y", "good")], [(one["id"], run["program"]) for one in told["gotchas"]
                                           for run in one["runs"]])

    def test_what_it_is_told_to_run(self):
        self.platform()
        self.says("{}")
        self.run_far("--mode", "bare,run", "--twin", "good", "--repeat", "3", "x")
        with open(f"{self.qemu}.image", "rb") as image:
            names = subprocess.run(["cpio", "--list", "--quiet"], stdin=image, capture_output=True, text=True,
                                   check=True).stdout.split("\n")
        for path in (self.suite.build / "conformance/cases/x/bad", self.suite.build / "bin/forkproof",
                     self.suite.catalogue / "x.md", machine.HERE / "driver/machine.py", pathlib.Path("/usr/bin/env")):
            self.assertIn(str(path)[1:], names)
        self.assertNotIn(str(self.suite.build / "conformance/cases/y/bad")[1:], names)
        with open(f"{self.qemu}.image", "rb") as image:
            self.assertIn(b"--mode bare,run --repeat 3", image.read())


class Failing(Machines):
    def setUp(self):
        super().setUp()
        self.suite.add("x")
        self.console = f"; its console: {near(self.directory / 'console')}"

    def test_a_panic(self):
        self.platform()
        self.emulator("printf 'Linux\\n[ 1.0] Kernel panic - not syncing: no init\\r\\nmore\\n'\n")
        self.assertEqual((1, BROK, f"it went down: Kernel panic - not syncing: no init{self.console}"), self.lack())

    def test_no_start(self):
        self.platform(boot=1)
        self.emulator("echo Linux\nexec sleep 60\n")
        self.assertEqual((1, BROK, f"it has not begun in 1 s{self.console}"), self.lack())
        self.assertEqual("Linux\n", (self.directory / "console").read_text())

    def test_no_end(self):
        self.platform(deadline=1)
        self.emulator("echo Linux\necho begin\nexec sleep 60\n")
        self.assertEqual((1, BROK, f"it was not over in 1 s{self.console}"), self.lack())

    def test_no_report(self):
        self.platform()
        for status, text, said in ((0, "what", "its report cannot be read"),
                                   (125, "what", "conformance/run in it answers 125: Linux")):
            self.says(text, status)
            self.assertEqual((1, BROK, f"{said}{self.console}"), self.lack())

    def test_an_emulator_that_cannot_start(self):
        self.platform()
        self.emulator("echo 'cannot set up guest memory' >&2\nexit 1\n")
        self.assertEqual((77, CONF, "qemu-system-x86_64 answers 1: cannot set up guest memory"), self.lack())

    def test_a_prefix(self):
        self.platform()
        self.emulator("exit 1\n")
        self.assertEqual((77, CONF, "--exec-prefix: what it needs is not in the machine"),
                         self.lack("--exec-prefix", "env"))


class Fetching(Machines):
    """Of a kernel, with other programs in the place of apt's."""

    def setUp(self):
        super().setUp()
        (self.directory / "vmlinuz").unlink()
        self.program("apt-get", 'case $* in *download*) touch "$PWD/asked.deb" ;; esac\n')
        self.program("apt-cache", "[ $1 != pkgnames ] || exec printf '%s\\n' $2.9-amd64 $2.10-amd64 $2.11-arm64\n"
                     "case $2 in\n"
                     "    linux-image) echo '  Depends: linux-image-7.2+deb' ;;\n"
                     "    linux-image-*) echo '  Depends: linux-base'; echo '  Depends: linux-binary-7.2+deb' ;;\n"
                     "esac\n")
        self.program("dpkg-deb", 'mkdir -p "$3/usr/lib"\necho kernel >"$3/usr/lib/vmlinuz-7.2"\n')

    def program(self, name, script):
        (self.bin / name).write_text(f"#!/bin/sh\necho {name} $* >>{self.suite.top}/asked\n{script}")
        (self.bin / name).chmod(0o755)

    def fetch(self, package="linux-image"):
        with mock.patch.dict(os.environ, PATH=f"{self.bin}:{os.environ['PATH']}"):
            return foreign.fetch_kernel(self.directory / "vmlinuz", "some", package)

    def test_once(self):
        for _ in range(2):
            self.assertEqual("kernel\n", self.fetch().read_text())
        asked = (self.suite.top / "asked").read_text()
        self.assertEqual(1, asked.count("apt-get -q update"))
        self.assertIn("apt-get -q download linux-binary-7.2+deb ", asked)
        self.assertEqual(["vmlinuz"], os.listdir(self.directory))

    def test_the_newest_of_several(self):
        self.fetch("linux-image-6.18*-amd64")
        self.assertIn("apt-cache depends linux-image-6.18.10-amd64 ", (self.suite.top / "asked").read_text())
        (self.directory / "vmlinuz").unlink()
        with self.assertRaises(place.Unavailable) as raised:
            self.fetch("linux-image-6.18*-s390x")
        self.assertEqual("no package is called linux-image-6.18*-s390x", str(raised.exception))

    def test_no_network(self):
        self.program("apt-get", "echo 'W: Failed to fetch http://x  Could not resolve x'\n"
                     "echo 'E: Some index files failed to download.'\nexit 100\n")
        with self.assertRaises(place.Unavailable) as raised:
            self.fetch()
        self.assertEqual((CONF, "apt-get: W: Failed to fetch http://x  Could not resolve x"),
                         (raised.exception.verdict, str(raised.exception)))
        self.assertEqual([], os.listdir(self.directory))

    def test_a_package_without_a_kernel(self):
        self.program("dpkg-deb", 'mkdir -p "$3"\n')
        with self.assertRaises(place.Unavailable) as raised:
            self.fetch()
        self.assertEqual("asked.deb has no kernel in it", str(raised.exception))


class Memory(unittest.TestCase):
    def test_links_are_followed_and_directories_come_first(self):
        with tempfile.TemporaryDirectory() as work:
            top = pathlib.Path(work).resolve()
            (top / "real").mkdir()
            (top / "real" / "file").touch()
            (top / "by").symlink_to("real")
            (top / "link").symlink_to("by/file")
            names = machine.closure([top / "link", top / "absent"])
        for name in "link", "real", "real/file":
            self.assertIn(str(top / name)[1:], names)
        self.assertNotIn(str(top / "absent")[1:], names)
        self.assertLess(names.index(str(top)[1:]), names.index(str(top / "real")[1:]))

    def test_what_is_of_another_root(self):
        with tempfile.TemporaryDirectory() as work:
            for name in "usr/bin/x", "usr/lib/libx.a", "usr/include/x.h":
                path = pathlib.Path(work) / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            self.assertEqual(["usr", "usr/bin", "usr/lib", "usr/bin/x"], list(machine.of_root(work)))

    def test_a_program_comes_with_its_libraries(self):
        names = machine.closure([pathlib.Path("/bin/sh")])
        self.assertTrue([name for name in names if pathlib.Path(name).name.startswith("libc.so")], names)
        self.assertTrue([name for name in names if pathlib.Path(name).name.startswith("ld-")], names)

    def test_another_architecture(self):
        platform = platforms.Platform("x", "x", machine=platforms.Machine("some", "linux-image", 1, 1))
        with mock.patch.object(os, "uname", return_value=mock.Mock(machine="riscv64")):
            self.assertEqual("what is built here is for riscv64",
                             machine.MachinePlace(platform, Build("/nowhere")).needs())


if __name__ == "__main__":
    fixture.main()
