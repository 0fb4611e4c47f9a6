#!/usr/bin/python3 -B
"""The transparency driver: what it makes of verdicts, of suites that cannot be run, of bad input."""

import json
import pathlib
import subprocess
import sys
import types
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from driver import compare, drive, report, suite, world  # noqa: E402


def made(verdicts, repeats=2, kinds=("bare", "empty", "shim"), explained=(), figures=()):
    """verdicts: {kind: [verdict of the only test "t", run after run; the last one stays]}"""
    counts = dict.fromkeys(kinds, 0)

    def run_once(kind):
        seen = verdicts[kind]
        verdict = seen[min(counts[kind], len(seen) - 1)]
        counts[kind] += 1
        return compare.Run({} if verdict is None else {"t": verdict}, dict(figures), 1.0)

    of = types.SimpleNamespace(passes=suite.passes, explanation=lambda test: dict(explained).get(test))
    command = compare.compare(of, "c", list(kinds), run_once, repeats)
    return command, counts


def state(**verdicts):
    command, _ = made(verdicts)
    return command.states["t"]


class Judging(unittest.TestCase):
    def test_same_verdicts_are_equal_and_run_once(self):
        command, counts = made({"bare": ["ok"], "empty": ["ok"], "shim": ["ok"]})
        self.assertEqual(({"t": "equal"}, {"bare": 1, "empty": 1, "shim": 1}), (command.states, counts))

    def test_other_verdict_is_different(self):
        self.assertEqual("different", state(bare=["ok"], empty=["ok"], shim=["FAIL"]))
        self.assertEqual("different", state(bare=["FAIL"], empty=["FAIL"], shim=["ok"]))
        self.assertEqual("different", state(bare=["ok"], empty=["FAIL"], shim=["FAIL"]))

    def test_verdict_that_is_missing_is_different(self):
        self.assertEqual("different", state(bare=["ok"], empty=["ok"], shim=[None]))
        self.assertEqual("different", state(bare=[None], empty=[None], shim=["FAIL"]))

    def test_sometimes_other_is_different(self):
        self.assertEqual("different", state(bare=["ok"], empty=["ok"], shim=["FAIL", "ok"]))

    def test_that_varies_bare_is_flaky(self):
        self.assertEqual("flaky", state(bare=["ok", "FAIL"], empty=["ok"], shim=["FAIL"]))

    def test_that_varies_bare_seldom_is_found_by_more_bare_runs(self):
        verdicts = {"bare": ["ok"] * 8 + ["FAIL"], "empty": ["ok"], "shim": ["FAIL", "ok"]}
        command, counts = made(verdicts)
        self.assertEqual(("flaky", 9), (command.states["t"], counts["bare"]))

    def test_failing_everywhere_is_not_equal(self):
        for verdict in ("FAIL", "not ok", "ERROR", "Failed: x", "timed out", "FAILED: x"):
            self.assertEqual("failing", state(bare=[verdict], empty=[verdict], shim=[verdict]), verdict)

    def test_skipped_everywhere_is_not_equal(self):
        self.assertEqual("skipped", state(bare=["skipped"], empty=["skipped"], shim=["skipped"]))

    def test_explained_difference_is_counted_apart_and_not_repeated(self):
        command, counts = made({"bare": ["ok"], "empty": ["ok"], "shim": ["FAIL"]}, explained={"c: t": "because"})
        self.assertEqual(("explained", "because"), (command.states["t"], command.reasons["t"]))
        self.assertEqual(1, counts["shim"])

    def test_kinds_without_the_empty_preload(self):
        command, _ = made({"bare": ["ok"], "shim": ["FAIL", "ok"]}, kinds=("bare", "shim"))
        self.assertEqual("different", command.states["t"])


def result(command):
    return report.Result(types.SimpleNamespace(name="s", title="S", kinds=("bare", "empty", "shim")), [command])


class Telling(unittest.TestCase):
    def test_suite_that_fails_bare_is_conf(self):
        verdicts = dict.fromkeys(("bare", "empty", "shim"), ["FAIL"])
        self.assertEqual("no test passes bare", result(made(verdicts)[0]).impossible)

    def test_suite_without_verdicts_is_conf(self):
        verdicts = dict.fromkeys(("bare", "empty", "shim"), [None])
        self.assertEqual("no test passes bare", result(made(verdicts)[0]).impossible)

    def test_difference_is_told(self):
        one = result(made({"bare": ["ok"], "empty": ["ok"], "shim": ["FAIL", "ok"]})[0])
        self.assertEqual(1, one.different)
        # No test passed: it is CONF, too, but what differs is told all the same.
        self.assertIn("s: different: c: t: bare ok, shim FAIL or ok", report.plain([one]))

    def test_exit_status_that_differs_counts(self):
        command, _ = made(dict.fromkeys(("bare", "empty", "shim"), ["ok"]))
        command.states[compare.STATUS] = compare.DIFFERENT
        self.assertEqual((1, 1), (result(command).different, result(command).tests))

    def test_exit_status_that_differs_by_what_is_explained_is_explained(self):
        for why, state in (("because", "explained"), (None, "different")):
            of = types.SimpleNamespace(passes=suite.passes, explanation=lambda test: why if test == "c: t" else None)
            seen = (("bare", "ok", "0"), ("shim", "FAIL", "1"))
            runs = {kind: [compare.Run({"t": t, compare.STATUS: s})] for kind, t, s in seen}
            command = compare.Command("c", runs)
            compare.judge(command, of)
            self.assertEqual(state, command.states[compare.STATUS])

    def test_ratios_are_of_the_same_round(self):
        command, _ = made(dict.fromkeys(("bare", "empty", "shim"), ["ok"]), figures={"rate": (10.0, "1/s")})
        command.runs["shim"][0].figures["rate"] = (5.0, "1/s")
        rows = {kind: ratio for _, kind, ratio, *_ in result(command).ratios()}
        self.assertEqual({"empty": 1.0, "shim": 0.5}, rows)

    def test_saved_results_tell_the_same(self):
        command, _ = made({"bare": ["ok"], "empty": ["ok"], "shim": ["FAIL"]}, figures={"rate": (10.0, "1/s")})
        command.states["u"] = compare.EQUAL
        one = result(command)
        again = list(report.from_json(json.loads(json.dumps(report.as_json([one])))))
        self.assertEqual(report.plain([one]), report.plain(again))
        self.assertEqual(report.page([one]), report.page(again))

    def test_page_names_what_was_not_run(self):
        missing = report.Result(types.SimpleNamespace(name="gone", title="G", kinds=()), impossible="no such package")
        self.assertIn("- `gone`: no such package", report.page([missing]))

    def test_page_names_the_suites_that_are_not_in_the_run(self):
        first, *others = (report.Result(types.SimpleNamespace(name=name, title="T", kinds=()))
                          for name in suite.names())
        self.assertIn(f"\nIn the tree and not in this run: `{first.suite.name}`.\n", report.page(others))
        self.assertNotIn("not in this run", report.page([first, *others]))


class Reading(unittest.TestCase):
    def test_checks_and_figures_of_a_scenario(self):
        output = "check a: b: c: ok\nnoise\nfigure rate: 12.5 1/s\ncheck x: FAILED: y\n"
        self.assertEqual({"a": "b: c: ok", "x": "FAILED: y"}, suite.scenario_outcomes(output))
        self.assertEqual({"rate": (12.5, "1/s")}, suite.figures(output))

    def test_every_suite_is_well_formed(self):
        for name in suite.names():
            one = suite.Suite(name)
            self.assertTrue(one.title and one.commands(), name)
            self.assertFalse(one.is_scenario and hasattr(one.module, "outcomes"), name)


def run(*words):
    return subprocess.run([HERE / "run", *words], capture_output=True, text=True, check=False)


class BadInput(unittest.TestCase):
    def test_unknown_suite_and_kind_and_tree(self):
        for words, said in ((["nosuch"], "no such suite: nosuch"), ([], "no suite named"),
                            (["cpython", "--kinds", "shim"], "bare must be among them"),
                            (["--from", "/dev/null"], None),
                            (["cpython", "--build", "/nowhere"], "/nowhere holds no lib/libforkproof.so")):
            done = run(*words)
            self.assertEqual(2 if said else 1, done.returncode, words)
            self.assertIn(said or "/dev/null: not what --json writes", done.stderr)

    def test_kinds_of_a_suite_are_checked(self):
        with self.assertRaisesRegex(ValueError, "must begin with bare"):
            suite.Suite("odd", types.SimpleNamespace(__doc__="Odd", KINDS=("shim",)))

    def test_package_that_cannot_be_had_is_conf(self):
        def prepare(*_):
            raise world.Impossible("installing nosuch failed")

        driver = drive.Driver(types.SimpleNamespace(world="/nowhere", prepare=False))
        driver.world.prepare = prepare
        answer = driver.run_suite(suite.Suite("cpython"))
        self.assertEqual(("installing nosuch failed", 0), (answer.impossible, answer.different))


if __name__ == "__main__":
    unittest.main()
