#!/usr/bin/python3 -B
"""Cases of another platform: what is read, when they are run, and what is left.

Wine is played by a script, so that none is needed; conformance.platform.wine has the real one.
"""

import json
import os
import pathlib
import shutil
import sys
import unittest
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import cases, fixture, gotcha, wine  # noqa: E402

CASE = """platform = "wine"
[outcomes.went-wrong]
safe = false
when = "said"
means = "it went wrong"
[outcomes.went-well]
safe = true
when = "said"
means = "it went well"
[expect.bad]
bare = "went-wrong"
[expect.good]
bare = "went-well"
"""
ENTRY = fixture.entry(family="windows").replace('["linux"]', '["windows"]')
LOADER = """#!/bin/sh
test -e "$WINEPREFIX/.update-timestamp" && test -n "$WINEBOOTSTRAPMODE" || exit 3
made=$(mktemp -d /tmp/wine-XXXXXX)
mkdir "$made/server-1"
echo "$made" >>{left}
basename "$made" | tr -d '\\n' >"$WINEPREFIX/wineserver"
exec "$@"
"""


def setUpModule():
    fixture.need_a_build()


def tearDownModule():
    fixture.forget_object()


class Wine(fixture.TestCase):
    def setUp(self):
        super().setUp()
        self.left = self.suite.top / "left"
        (self.suite.top / "wine64").write_text(LOADER.format(left=self.left), encoding="utf-8")
        (self.suite.top / "wine64").chmod(0o755)
        self.compiler = self.suite.top / "x86_64-w64-mingw32-gcc"
        self.compiler.symlink_to("/bin/true")
        shutil.copy(fixture.CONFORMANCE / "platforms" / "wine.md", self.suite.platforms)

    def add(self, identity, toml=CASE, markdown=ENTRY, built=True):
        """Its programs are native, as the loader wants them."""
        self.suite.text(identity, toml, markdown)
        folder = self.suite.build / "conformance" / "cases" / identity
        folder.mkdir()
        for name, body in ("bad", fixture.BAD), ("good", fixture.GOOD):
            (self.suite.cases / identity / f"{name}.c").rename(self.suite.cases / identity / f"{name}.windows.c")
            if built:
                fixture.put_program(folder / f"{name}.exe", body)

    def environment(self):
        return {**os.environ, "PATH": f"{self.suite.top}:{os.environ['PATH']}"}

    def run_all(self, *words):
        """(exit status, {id: {(program, mode): (verdict, reason)}}, all of it)."""
        status, found, told = self.suite.json(*words, environment=self.environment())
        return status, {name: {(r["program"], r["mode"]): (r["verdict"], r["reason"]) for r in one["runs"]}
                        for name, one in found.items()}, told

    def complaints(self, identity, toml, markdown=ENTRY):
        self.add(identity, toml, markdown)
        found = gotcha.gather(self.suite.catalogue, self.suite.cases)
        return [str(c).split("case.toml: ")[1] for one in found if one.id == identity for c in one.complaints]


class Reading(Wine):
    def test_well_formed(self):
        self.add("w")
        self.suite.text("x")
        self.assertEqual(["x"], list(cases.load(self.suite.cases)))
        case = cases.load(self.suite.cases, None, cases.PLATFORMS)["w"]
        self.assertEqual((("bare",), ("wine",), {("bad", "bare"): "went-wrong", ("good", "bare"): "went-well"}),
                         (case.modes, case.needs, case.expect))
        self.assertEqual(["bad.windows.c", "good.windows.c"], [path.name for path in case.programs.values()])

    def test_complaints(self):
        for identity, complaint, toml in (
                ("a", "expect.bad.run: is no key that is known",
                 CASE.replace("[expect.good]", 'run = "went-well"\n[expect.good]')),
                ("b", "stall: is for native programs", "stall = true\n" + CASE),
                ("c", "pids: is for native programs", "pids = 400\n" + CASE),
                ("d", 'outcomes.went-wrong.when: must be said, since platform = "wine"',
                 CASE.replace('"said"', '"survivors"', 1)),
                ("e", 'platform: must be one of native, wine, not \'beos\'', CASE.replace('"wine"', '"beos"'))):
            with self.subTest(complaint):
                self.assertIn(complaint, " ".join(self.complaints(identity, toml)))

    def test_entry_of_another_system(self):
        self.assertEqual(['platform: is wine, and w.md has no "windows" in its platforms'],
                         self.complaints("w", CASE, fixture.entry()))

    def test_sources_of_the_other_kind(self):
        self.add("w")
        path = self.suite.cases / "w" / "good.windows.c"
        path.rename(path.with_name("good.c"))
        with self.assertRaisesRegex(cases.Malformed, "w/good.windows.c is missing"):
            cases.load(self.suite.cases)


class Running(Wine):
    def test_only_where_it_is_asked_for(self):
        self.add("w")
        self.suite.add("x")
        self.assertEqual(["x"], list(self.run_all("--mode", "bare")[1]))
        status, found, told = self.run_all("--platform", "wine")
        self.assertEqual((0, "wine", ["w"]), (status, told["platform"], list(found)))
        self.assertEqual({("bad", "bare"): ("PASS", ""), ("good", "bare"): ("PASS", "")}, found["w"])
        told = json.loads(self.suite.run("--platform", "native,wine", "--mode", "bare", "--format", "json",
                                         environment=self.environment()).stdout)
        self.assertEqual([("native", ["x"]), ("wine", ["w"])],
                         [(one["platform"], [g["id"] for g in one["gotchas"]]) for one in told["platforms"]])

    def test_by_name(self):
        self.add("w")
        status, found, _ = self.run_all("w")
        self.assertEqual((77, ("CONF", "it is run with --platform wine")), (status, found["w"]["bad", "bare"]))

    def test_nothing_is_left(self):
        self.add("w")
        self.run_all("--platform", "wine")
        made = self.left.read_text(encoding="utf-8").split()
        self.assertEqual((2, []), (len(made), [path for path in made if os.path.exists(path)]))

    def test_again(self):
        self.add("w", CASE.replace('bare = "went-wrong"', 'bare = "went-other"')
                 + '[outcomes.went-other]\nsafe = false\nwhen = "said"\nmeans = "it went otherwise"\n')
        status, _, told = self.run_all("--platform", "wine", "--twin", "bad")
        self.assertEqual(1, status)
        self.assertIn("--platform wine --mode bare --twin bad w", told["gotchas"][0]["runs"][0]["again"])

    def test_not_compiled(self):
        self.add("w", built=False)
        _, found, _ = self.run_all("--platform", "wine")
        verdict, reason = found["w"]["bad", "bare"]
        self.assertEqual("CONF", verdict)
        self.assertRegex(reason, "^wine: there is no compiler for Windows .*w/bad.exe is not built$")
        (self.suite.build / "CMakeCache.txt").write_text("FORKPROOF_WINDOWS_CC:FILEPATH=/usr/bin/some-gcc\n")
        self.assertEqual("BROK", self.run_all("--platform", "wine")[1]["w"]["bad", "bare"][0])


    def test_no_compiler(self):
        self.add("w")
        self.suite.add("x")
        self.compiler.unlink()
        done = self.suite.run("--platform", "native,wine", "--mode", "bare",
                              environment={**os.environ, "PATH": str(self.suite.top)})
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn(f"{self.compiler.name} is not found (packages: gcc-mingw-w64-x86-64-win32)", done.stdout)
        self.assertIn("1 cannot be had here", done.stdout)


class WithoutWine(unittest.TestCase):
    def test_is_told(self):
        with mock.patch.object(wine, "DEBIAN", "/nowhere"), mock.patch.dict(os.environ, PATH="/nowhere"), \
                mock.patch("platform.machine", return_value=wine.MACHINE):
            self.assertEqual("Wine is not installed (tools/bootstrap windows)", wine.lacks())
        with mock.patch("platform.machine", return_value="s390x"):
            self.assertEqual("the programs are for x86_64, this is s390x", wine.lacks())

    def test_directories_that_are_not_its_own(self):
        for name in "", "wine-", "wine-abcde/", "../tmp/x", "wine-000000":
            self.assertIsNone(wine.servers_directory(name), name)


if __name__ == "__main__":
    fixture.main()
