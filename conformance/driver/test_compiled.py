#!/usr/bin/python3 -B
"""What is compiled and not run is never told as if it had been run, and what a library has is what it is to have."""

import pathlib
import subprocess
import sys
import tempfile
import unittest
from types import SimpleNamespace

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from driver import compiled, interposed, platforms  # noqa: E402
from driver.build import Build  # noqa: E402
from driver.cases import MODES  # noqa: E402
from driver.fixture import BUILD  # noqa: E402
from driver.runner import Plan  # noqa: E402
from driver.schema import Complaints  # noqa: E402
from driver.verdict import BROK, CONF  # noqa: E402

SAID = """[1/9] Building C object cases/CMakeFiles/case-well-bad.dir/well/bad.c.o
FAILED: cases/CMakeFiles/case-ill-good.dir/ill/good.c.o
zig cc -c ill/good.c
/somewhere/ill/good.c:9:10: fatal error: 'sys/none.h' file not found
   9 | #include <sys/none.h>
[2/9] Linking C executable conformance/cases/well/bad
FAILED: conformance/cases/unlinked/bad
: && zig cc -o conformance/cases/unlinked/bad
error: undefined symbol: nobody
ninja: build stopped: cannot make progress due to previous errors.
"""
OF_LIBRARY = """FAILED: CMakeFiles/forkproof_shim.dir/core/x.c.o
zig cc -c x.c
/somewhere/core/x.c:1:1: error: no
"""
GAP = platforms.Gap("ill", "", "", "there is no none.h")


def gotcha(identity):
    case = SimpleNamespace(id=identity, outcomes={}, modes=MODES)
    return SimpleNamespace(id=identity, case=case, complaints=[], is_run=lambda program, mode: mode in MODES)


class Cells(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)

    def place(self, gaps=(), built=("well/bad", "well/good", "ill/bad"), library=True):
        platform = platforms.Platform("far", "Far", ("extended",), compiles_for="x86_64-freebsd", gaps=gaps)
        place = compiled.CompiledPlace(platform, Build(self.directory.name))
        for name in [*(f"conformance/cases/{one}" for one in built), *(["lib/libforkproof.so"] if library else [])]:
            path = place.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        place.errors = compiled.errors_of(SAID)
        return place

    def told(self, identity, program, mode="bare", **options):
        run = self.place(**options).run_of(gotcha(identity), program, mode)
        return run.label, run.reason

    def test_what_compiles_is_not_called_run(self):
        for mode in ("bare", "preload"):
            self.assertEqual((CONF, "compiles, not run"), self.told("well", "bad", mode))
        self.assertEqual((CONF, compiled.NO_COMMAND), self.told("well", "bad", "run"))

    def test_nothing_passes(self):
        place = self.place((GAP,))
        cells = list(place.cells(Plan(), gotcha("well"))) + list(place.cells(Plan(), gotcha("ill")))
        self.assertEqual(2 * 2 * len(MODES), len(cells))
        self.assertEqual({CONF, BROK}, {cell.verdict for cell in cells})
        self.assertEqual({None}, {cell.safe for cell in cells})

    def test_what_does_not_compile_is_broken(self):
        self.assertEqual((BROK, "ill/good.c:9: fatal error: 'sys/none.h' file not found"), self.told("ill", "good"))

    def test_what_does_not_link_is_broken(self):
        self.assertEqual((BROK, "error: undefined symbol: nobody"), self.told("unlinked", "bad"))

    def test_what_was_not_even_tried_is_broken(self):
        label, reason = self.told("lost", "good")
        self.assertEqual(BROK, label)
        self.assertIn("lost/good is not built", reason)

    def test_a_gap_has_a_reason(self):
        self.assertEqual((CONF, "not for this system: there is no none.h"), self.told("ill", "good", gaps=(GAP,)))

    def test_a_closed_gap_is_broken(self):
        label, reason = self.told("ill", "bad", gaps=(GAP,))
        self.assertEqual(BROK, label)
        self.assertIn("is to go from the platform's file", reason)

    def test_without_the_library_its_mode_is_broken(self):
        self.assertEqual(BROK, self.told("well", "bad", "preload", library=False)[0])

    def test_an_old_library_is_none(self):
        place = self.place()
        place.errors |= compiled.errors_of(OF_LIBRARY)
        run = place.run_of(gotcha("well"), "bad", "preload")
        self.assertEqual((BROK, "libforkproof.so: core/x.c:1: error: no"), (run.label, run.reason))


class Files(unittest.TestCase):
    def test_it_goes_with_nothing_that_runs(self):
        for key, value in ("architecture", "aarch64"), ("cgroup", True), ("twin", True):
            complain = Complaints("x", "x.md")
            platforms.read_front({"title": "X", "sets": ["gate"], "compiles-for": "x86_64-netbsd", "user": "plain",
                                  key: value}, complain)
            self.assertIn("goes with none of", str(complain[-1]))
            self.assertIn("compiles-for", str(complain[-1]))

    def test_they_say_so_themselves(self):
        found = [one for one in platforms.load().values() if one.compiles_for]
        self.assertEqual(set(platforms.FOREIGN), {one.compiles_for for one in found})
        for one in found:
            self.assertIn("compiles, not run", one.title)


class Libraries(unittest.TestCase):
    """Of a few lines each."""

    @classmethod
    def setUpClass(cls):
        if not compiled.zig():
            raise unittest.SkipTest("zig is not there")

    def complaints(self, target, source):
        place = compiled.CompiledPlace(None, Build(BUILD))  # whose cache spares a minute
        with tempfile.TemporaryDirectory() as directory:
            path, library = pathlib.Path(directory) / "x.c", pathlib.Path(directory) / "x"
            path.write_text(source, encoding="ascii")
            status, said = place.call(compiled.zig(), "cc", "-target", target, "-shared", "-fPIC", "-o", library, path)
            self.assertEqual(0, status, said)
            return interposed.complaints(library, target.split("-")[1])

    def test_elf(self):
        found = self.complaints("x86_64-netbsd", "int fork(void) { return 0; } int stray(void) { return 1; }")
        self.assertIn("stray is, and is not in exports.txt", found)
        self.assertIn("__wait450 is not put in the place of libc's", found)
        self.assertFalse([one for one in found if one.startswith("fork ")])

    def test_mach_o(self):
        pair = ('__attribute__((used, section("__DATA,__interpose"))) static const struct { void *a, *b; } '
                'fp_interpose_%s = {%s, %s};')
        source = "int fork(void); static int ours(void) { return 0; }" + pair % ("fork", "ours", "fork")
        found = self.complaints("aarch64-macos", source)
        self.assertFalse([one for one in found if one.startswith("fork ")])
        self.assertIn("kill is not put in the place of libc's", found)
        nameless = source + (pair % ("x", "ours", "fork")).replace("fp_interpose_x", "x")
        self.assertEqual(["1 names for 2 pairs"], self.complaints("aarch64-macos", nameless))

    def test_without_the_section(self):
        self.assertEqual(["there is no section __DATA,__interpose"],
                         self.complaints("aarch64-macos", "int f(void) { return 0; }"))


class Bootstrap(unittest.TestCase):
    def test_it_is_not_got_from_somewhere_else(self):
        """What it is pinned to is what it is looked for as."""
        text = (compiled.HERE.parent / "tools" / "bootstrap").read_text(encoding="utf-8")
        self.assertIn(f"zig_version={compiled.ZIG.name.removeprefix('zig-')}\n", text)
        done = subprocess.run([compiled.HERE.parent / "tools" / "bootstrap", "--list", "zig"], capture_output=True,
                              text=True, check=True)
        self.assertLessEqual(set(done.stdout.split()), {"npm"})


if __name__ == "__main__":
    unittest.main()
