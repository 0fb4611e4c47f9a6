#!/usr/bin/python3 -B
"""Cases: what is read, what is complained of with the place, and that entries and cases fit each other."""

import os
import pathlib
import signal
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import cases, fixture, gotcha  # noqa: E402
from driver.fixture import CASE  # noqa: E402
from driver.schema import Malformed  # noqa: E402

UNLESS = '\n[[unless]]\nwhere = "{where}"\noutcome = "{outcome}"\nbecause = "it is so"\n'


class Reading(fixture.TestCase):
    def read(self, text):
        self.suite.text("x", text)
        return cases.load(self.suite.cases)["x"]

    def complains(self, expected, text):
        self.suite.text("x", text)
        found = []
        self.assertEqual({}, cases.load(self.suite.cases, found))
        self.assertIn(f"{self.suite.cases}/x/case.toml: {expected}", map(str, found))

    def changed(self, expected, old, new):
        self.assertIn(old, CASE)
        self.complains(expected, CASE.replace(old, new, 1))

    def test_what_is_absent_has_a_meaning(self):
        one = self.read(CASE)
        self.assertEqual(((), False, 10, 0, (), "", (), ()),
                         (one.needs, one.stall, one.deadline, one.pids, one.run, one.preload, one.arguments,
                          one.unless))
        self.assertEqual(["went-wrong", "went-well"], list(one.outcomes))
        self.assertEqual({"bad", "good"}, set(one.programs))

    def test_every_key(self):
        one = self.read('needs = ["root", "pty"]\nstall = true\ndeadline = 2.5\npids = 400\nrun = ["--kill=tree"]\n'
                        'preload = "kill=tree"\narguments = ["", "a b"]\n' + CASE)
        self.assertEqual((("pid-limit", "root", "pty"), True, 2.5, 400, ("--kill=tree",), "kill=tree", ("", "a b")),
                         (one.needs, one.stall, one.deadline, one.pids, one.run, one.preload, one.arguments))

    def test_expectations_of_each_mode(self):
        one = self.read(CASE.replace('all = "went-wrong"', 'all = "went-wrong"\nrun = "went-well"'))
        self.assertEqual(("went-wrong", "went-well", "went-wrong"),
                         tuple(one.expect["bad", mode] for mode in cases.MODES))

    def test_the_last_exception_that_applies_wins(self):
        later = UNLESS.format(where="glibc !root", outcome="went-well").replace("it is so", "so it is")
        later = later.replace("[[unless]]", '[[unless]]\nprogram = "bad"\nmode = "run"')
        one = self.read(CASE + UNLESS.format(where="musl", outcome="went-well") + later)
        self.assertEqual(("went-wrong", ""), one.expected("bad", "run", lambda c: c == "glibc"))
        self.assertEqual(("went-well", "it is so"), one.expected("bad", "bare", lambda c: True))
        self.assertEqual(("went-well", "so it is"), one.expected("bad", "run", lambda c: True))

    def test_when(self):
        self.assertEqual(cases.When("killed", signal.SIGPIPE), cases.parse_when("killed SIGPIPE"))
        self.assertEqual(cases.When("exited", 255), cases.parse_when("exited 255"))
        self.assertEqual(cases.When("survivors"), cases.parse_when("survivors"))
        for text in ("", "exited", "exited 256", "exited -1", "exited 1 2", "killed", "killed 9", "killed PIPE",
                     "said x", "Said", "exited ١"):
            self.assertIsNone(cases.parse_when(text), text)

    def test_cxx_is_a_need_that_goes_without_saying(self):
        self.suite.text("x")
        (self.suite.cases / "x" / "bad.c").rename(self.suite.cases / "x" / "bad.cc")
        self.assertEqual(("c++",), cases.load(self.suite.cases)["x"].needs)

    def test_complaints(self):
        self.complains("line 1: is not TOML: Expected '=' after a key in a key/value pair", "nothing\n" + CASE)
        self.complains("stal: is no key that is known (is stall meant?)", "stal = true\n" + CASE)
        self.complains("needs: must be a list of different words (forced-pids, pid-limit, root, pty, threads, c++), "
                       "not ['luck']",
                       'needs = ["luck"]\n' + CASE)
        self.complains("deadline: must be a number from 0.1 to 600, not 0", "deadline = 0\n" + CASE)
        self.complains("deadline: must be a number from 0.1 to 600, not nan", "deadline = nan\n" + CASE)
        self.complains('pids: is missing, and needs has "pid-limit"', 'needs = ["pid-limit"]\n' + CASE)
        self.complains("arguments: must be a list of texts, not ['\\x00']", 'arguments = ["\\u0000"]\n' + CASE)
        self.changed("outcomes.went-wrong.when: must be one of said, survivors, stranger-hit, stalled, deadline, "
                     "exited N, killed SIGNAME, not 'sometimes'", '"said"', '"sometimes"')
        self.changed('stall: must be true: an outcome has when = "stalled"', '"said"', '"stalled"')
        self.changed("outcomes.went-wrong.safe: must be true or false, not 'no'", "safe = false", 'safe = "no"')
        self.changed("outcomes.went-wrong.means: is missing", 'means = "it went wrong"\n', "")
        self.changed("outcomes.Went_Wrong: its word must be lower case with hyphens", "went-wrong", "Went_Wrong")
        self.changed("expect.bad.bare: is missing", '[expect.bad]\nall = "went-wrong"', "[expect.bad]")
        self.changed("expect.bad.all: must be one of went-wrong, went-well, not 'nothing'", 'all = "went-wrong"',
                     'all = "nothing"')
        self.changed("expect.good: is missing", '[expect.good]\nall = "went-well"\n', "")
        self.changed("expect.good.bare: went-wrong is not safe, and good must be", 'all = "went-well"',
                     'all = "went-wrong"')
        self.changed("expect.bad.bare: went-well is safe, and bad must fail when it is run bare", 'all = "went-wrong"',
                     'all = "went-well"')
        self.changed("expect.ugly: is no key that is known", "[expect.bad]", '[expect.ugly]\n[expect.bad]')
        self.changed("expect.bad.all: is left for nothing: each mode has its own", '[expect.bad]\n',
                     '[expect.bad]\n' + "".join(f'{mode} = "went-wrong"\n' for mode in cases.MODES))
        self.complains("outcomes: is missing", '[expect.bad]\n[expect.good]\n')

    def test_complaints_about_exceptions(self):
        self.complains("unless[1].where: 'windows' is no condition: root, plain-user, cgroup, glibc, musl, glibc-N.M, "
                       "linux-N.M, each also with !",
                       CASE + UNLESS.format(where="root windows", outcome="went-well"))
        self.complains("unless[1].outcome: went-wrong is not safe, and it is about good",
                       CASE + UNLESS.format(where="root", outcome="went-wrong"))
        self.complains("unless[1].because: is missing",
                       CASE + UNLESS.format(where="root", outcome="went-well").replace('because = "it is so"\n', ""))

    def test_missing_files(self):
        self.suite.text("x")
        (self.suite.cases / "x" / "good.c").unlink()
        found = []
        cases.load(self.suite.cases, found)
        self.assertIn("good.c is missing", str(found[0]))
        (self.suite.cases / "x" / "case.toml").unlink()
        with self.assertRaisesRegex(Malformed, "x/case.toml: cannot be read: No such file or directory"):
            cases.load(self.suite.cases)

    def test_files_that_are_none(self):
        self.suite.text("x")
        path = self.suite.cases / "x" / "case.toml"
        path.unlink()
        os.mkfifo(path)
        with self.assertRaisesRegex(Malformed, "x/case.toml: is no file of at most 1048576 bytes"):
            cases.load(self.suite.cases)
        path.unlink()
        self.complains("is no file of at most 1048576 bytes", "#" * (1 << 20) + CASE)

    def test_numbers_without_end(self):
        many = "9" * 5000
        self.complains("is not TOML: a number has too many digits", f"pids = {many}\n" + CASE)
        self.complains("pids: must be a whole number from 1 to 4194304, not what it is",
                       f"pids = 0x{many}\n" + CASE)
        self.complains(f"unless[1].where: 'linux-{many[:50]}... is no condition: root, plain-user, cgroup, glibc, "
                       "musl, glibc-N.M, linux-N.M, each also with !",
                       CASE + UNLESS.format(where=f"linux-{many}.1", outcome="went-well"))

    def test_malformed_one_takes_out_itself_only(self):
        self.suite.text("x", "nothing")
        self.suite.text("y")
        self.assertEqual(["y"], list(cases.load(self.suite.cases, [])))


class Fitting(fixture.TestCase):
    def gather(self):
        found = gotcha.gather(self.suite.catalogue, self.suite.cases)
        return {g.id: [str(c).replace(f"{self.suite.top}/", "") for c in g.complaints] for g in found}

    def test_both_halves(self):
        self.suite.text("b", markdown=fixture.entry(order=1))
        self.suite.text("a", markdown=fixture.entry(order=2))
        self.assertEqual([("b", []), ("a", [])], list(self.gather().items()))

    def test_orphans(self):
        self.suite.text("x")
        self.suite.text("y")
        (self.suite.catalogue / "x.md").unlink()
        for path in (self.suite.cases / "y").iterdir():
            path.unlink()
        (self.suite.cases / "y").rmdir()
        self.assertEqual({"y": ["catalogue/y.md: has no case cases/y"], "x": ["cases/x: has no entry catalogue/x.md"]},
                         self.gather())

    def test_malformed_half_is_no_missing_half(self):
        self.suite.text("x", "nothing", "nothing")
        self.assertEqual(2, len(self.gather()["x"]))
        self.assertNotIn("has no", " ".join(self.gather()["x"]))

    def test_other_systems_need_no_case(self):
        (self.suite.catalogue / "w.md").write_text(fixture.entry().replace('["linux"]', '["windows"]'))
        self.assertEqual({}, self.gather())

    def test_a_promise_that_the_case_denies(self):
        self.suite.text("x", markdown=fixture.entry(run="prevented"))
        told = 'cases/x/case.toml: expect.bad.run: went-wrong is not safe, and x.md says run = "prevented"'
        self.assertEqual({"x": [told]}, self.gather())


if __name__ == "__main__":
    fixture.main()
