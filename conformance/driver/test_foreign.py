#!/usr/bin/python3 -B
"""Other architectures: what binfmt_misc is told, what a root looks like, and the namespace in which one is /. Without
packages: a root of a few files, and a handler that is a program of this machine."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import architecture, fixture, foreign, place, platforms  # noqa: E402
from driver.build import Build  # noqa: E402
from driver.verdict import BROK  # noqa: E402

FOREIGN = fixture.BUILD / "conformance" / "foreign"
NOT_POSSIBLE = 77
REGISTERED = pathlib.Path("/proc/sys/fs/binfmt_misc")


def setUpModule():
    fixture.need_a_build()


def is_open(path):
    """To everybody."""
    return all(above.stat().st_mode & 0o001 for above in (path, *path.parents))


class Handlers(unittest.TestCase):
    def test_the_line(self):
        s390x = architecture.KNOWN["s390x"].handler("/emulator")
        self.assertEqual(r":qemu-s390x:M::\x7f\x45\x4c\x46\x02\x02\x01" + r"\x00" * 9 + r"\x00\x02\x00\x16:" +
                         r"\xff" * 7 + r"\x00" + r"\xff" * 9 + r"\xfe\xff\xff:/emulator:PF", s390x)

    def test_each_knows_its_own_programs_alone(self):
        def head(one, kind):
            order = "little" if one.order == architecture.LITTLE else "big"
            return b"\x7fELF" + bytes([one.bits // 32, 1 if order == "little" else 2, 1]) + bytes(9) + \
                kind.to_bytes(2, order) + one.elf.to_bytes(2, order)

        def raw(text):
            return bytes.fromhex(text.replace("\\x", ""))

        for one in architecture.FOREIGN:
            magic, mask = map(raw, one.handler("/x").split(":")[4:6])
            for other in (*architecture.FOREIGN, architecture.X86_64):
                for kind, is_program in (1, False), (2, True), (3, True), (4, False):
                    taken = bytes(a & b for a, b in zip(head(other, kind), mask, strict=True)) == magic
                    self.assertEqual(is_program and other is one, taken, (one.name, other.name, kind))


class Roots(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="fixture-"))
        self.addCleanup(shutil.rmtree, self.root)

    def test_links(self):
        (self.root / "bin").mkdir()
        (self.root / "bin" / "sh").touch()
        (self.root / "usr" / "lib" / "x").mkdir(parents=True)
        (self.root / "usr" / "lib" / "x" / "libx.so").symlink_to("/lib/x/libx.so.1")
        foreign.tidy(self.root)
        self.assertEqual("usr/bin", os.readlink(self.root / "bin"))
        self.assertTrue((self.root / "usr" / "bin" / "sh").is_file())
        self.assertEqual("../../../lib/x/libx.so.1", os.readlink(self.root / "usr" / "lib" / "x" / "libx.so"))

    def test_what_is_there_stays_and_a_half_is_not(self):
        def fill(work):
            (work / "half").touch()
            raise OSError("no space")

        with self.assertRaises(OSError):
            foreign.fetch_once(self.root / "x", fill)
        self.assertEqual([], os.listdir(self.root))
        (self.root / "x").touch()
        self.assertEqual(self.root / "x", foreign.fetch_once(self.root / "x", fill))

    def test_what_was_left_by_one_that_was_killed(self):
        def fill(work):
            self.assertEqual([], os.listdir(work))
            (work / "whole").touch()
            return work / "whole"

        (self.root / "x.fetch").mkdir()
        (self.root / "x.fetch" / "half").touch()
        foreign.fetch_once(self.root / "x", fill)
        self.assertEqual(["x"], os.listdir(self.root))

    def test_a_copy_does_not_change_under_who_has_it(self):
        path, copy = self.root / "path", self.root / "in" / "copy"
        path.write_text("one")
        foreign.put(path, copy)
        with open(copy, encoding="ascii") as file:
            foreign.put(path, copy)
            self.assertEqual(os.fstat(file.fileno()).st_ino, copy.stat().st_ino)
            path.write_text("another")
            foreign.put(path, copy)
            self.assertEqual(("one", "another"), (file.read(), copy.read_text()))

    def enter(self, handler, *command, before=()):
        return subprocess.run([*before, FOREIGN, self.root, handler, "/proc", "--", *command], capture_output=True,
                              text=True, cwd="/", check=False)

    def test_a_place_of_its_own(self):
        """/emulated is a program of no architecture; its emulator prints its name."""
        emulator = shutil.which("echo")
        for path in (pathlib.Path(emulator), *foreign.libraries([emulator])):
            copy = self.root / str(path)[1:]
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copy)
        (self.root / "emulated").write_bytes(b"\x7fELF\xff\xff")
        (self.root / "emulated").chmod(0o755)
        self.root.chmod(0o755)
        (self.root / "proc").mkdir()
        before = os.listdir(REGISTERED) if REGISTERED.is_dir() else []
        ids = [f"--reuid={place.PLAIN}", f"--regid={place.PLAIN}", "--clear-groups"]
        can_be_plain = os.geteuid() == 0 and is_open(FOREIGN)
        for user in ([], ["setpriv", *ids]) if can_be_plain else ([],):
            done = self.enter(f":fixture:M::\\x7fELF\\xff::{emulator}:F", "/emulated", "word", before=user)
            if re.search(r"^foreign: no (user namespace|binfmt_misc)", done.stderr):
                self.skipTest(done.stderr)
            self.assertEqual((0, "/emulated word\n", ""), (done.returncode, done.stdout, done.stderr), user)
        self.assertEqual(before, os.listdir(REGISTERED) if REGISTERED.is_dir() else [])
        self.assertNotEqual(0, self.enter(":x:M::\\x00\\x01::/x:", "/no-such").returncode)

    def test_no_user_namespace(self):
        """Refused by a limit. Nothing of it is left, or it would hold the pipe open."""
        script = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"'
        done = subprocess.run(["unshare", "--user", "--map-root-user", "sh", "-c", script, "sh", FOREIGN, self.root, "x",
                               "/proc", "--", "/x"], capture_output=True, text=True, check=False, timeout=20)
        if not done.stderr.startswith("foreign:"):
            self.skipTest(done.stderr)
        self.assertEqual(NOT_POSSIBLE, done.returncode)
        self.assertRegex(done.stderr, r"^foreign: no user namespace can be had: .+\n$")

    def test_no_place(self):
        done = self.enter("nonsense", "/x")
        self.assertEqual(NOT_POSSIBLE, done.returncode)
        self.assertRegex(done.stderr, r"^foreign: .+\n$")


class Places(fixture.TestCase):
    def place(self, name="aarch64"):
        platform = platforms.Platform("far", "far", architecture=name)
        return foreign.ForeignPlace(platform, Build(self.suite.build))

    def test_no_port(self):
        with mock.patch.object(foreign, "HERE", self.suite.top / "x"):
            self.assertEqual("there is no port to aarch64 (shim/arch)", self.place().needs())

    def test_not_built(self):
        with self.assertRaises(place.Unavailable) as raised:
            self.place().enter()
        self.assertEqual((BROK, f"{self.suite.build}/conformance/foreign is not built"),
                         (raised.exception.verdict, str(raised.exception)))


if __name__ == "__main__":
    fixture.main()
