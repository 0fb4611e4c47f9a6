#!/usr/bin/python3 -B
"""That tools/bench/targets shows every target, calls a missed one missed, and names what could not be measured.

On made-up figures, of the form that the programs write; nothing is measured.
"""

import contextlib
import importlib.machinery
import importlib.util
import io
import json
import pathlib
import subprocess
import tempfile
import unittest

import contenders
import figures
import plan
import targets_page

HERE = pathlib.Path(__file__).resolve().parent
RATIO_LOAD, BOMB_LOAD = "1,000", "setsid bomb of 2,000"


def program(name):
    """One of tools/bench as a module."""
    loader = importlib.machinery.SourceFileLoader(name, str(HERE / name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


targets, teardown = program("targets"), program("teardown")


def cost():
    def sample(row):
        return {"bare": 100.0, "empty": 100.0, "shim": 99.0} | ({"eatmydata": 120.0} if row.peers else {})
    memory = {"bare": (100, 0), "empty": (108, 4), "shim": (110, 80)}
    return {"host": {"warnings": []},
            "subjects": [{"name": name, "absent": absent, "version": "1"} for name, absent in
                         (("bare", ""), ("empty", ""), ("shim", ""), ("eatmydata", ""), ("snoopy", "not installed"))],
            "rows": [figures.of_row(row, [sample(row)] * 3) | {"peers": row.peers} for row in plan.ROWS],
            "memory": figures.of_memory([{name: {"private_kib": own, "shared_kib": common}
                                          for name, (own, common) in memory.items()}] * 3, plan.MEMORY_TARGET_KIB)}


def audit():
    sample = {"bare": 7e9, "forkproof audit": 7.7e9, "strace -f --seccomp-bpf -e trace=process": 12e9}
    return {"host": {"warnings": ["it was busy"]},
            "contenders": [{"name": name, "absent": ""} for name in sample] +
                          [{"name": "strace -f", "absent": "not installed"}],
            "shapes": [{"name": name, "executed": 10000, "rounds": 2, "program": figures.kinds_of([sample] * 2)}
                       for name in ("true", "shells")]}


def sample_of(milliseconds, left=0):
    return {"gone_ms": None if left else milliseconds, "returned_ms": milliseconds, "left": left}


def torn_down(**loads):
    """loads: what a rung's teardown took, where it is not as fast as can be."""
    names = [(name, True) for name in (*contenders.RUNGS, "group (preload alone)")] + [(contenders.YARDSTICK, False)]
    result = []
    for name, milliseconds in ((RATIO_LOAD, 30.0), (BOMB_LOAD, 200.0)):
        samples = {who: [sample_of(milliseconds)] * 4 for who, _ in names} | loads.get(name.split()[0], {})
        result.append({"name": name, "figures": {who: teardown.figure(of_one, samples[contenders.YARDSTICK])
                                                 for who, of_one in samples.items()}})
    return {"host": {"warnings": []}, "run": {"rounds": 4}, "loads": result,
            "contenders": [{"name": name, "ours": ours, "absent": ""} for name, ours in names]}


def kills(wrong=0, count=10_000_100, verdict="PASS", reasons=()):
    runs = {"bare": (1500, 500_000), "shim": (wrong, count), "bare, ignoring": (9, 90), "shim, ignoring": (0, 50)}
    return {"verdict": verdict, "reasons": list(reasons), "host": {},
            "runs": {name: {"hits": hit, "kills": made} for name, (hit, made) in runs.items()}}


def invented(**parts):
    """A run in which every target is met, but for these parts."""
    known = {"cost": cost(), "audit": audit(), "teardown": torn_down(), "kills": kills()} | parts
    parts = {name: {"seconds": 60, "load": [0.1, 0.9]} | ({"why": part} if isinstance(part, str) else
                                                          {"figures": part}) for name, part in known.items()}
    return {"version": 1, "parts": parts, "warnings_after": [],
            "host": {"processors": 2, "processor": "one", "memory_mib": 1, "machine": "m", "kernel": "6", "libc": "l",
                     "warnings": []},
            "run": {"effort": "full", "seconds": 700, "date": "2000-01-01", "revision": "abc", "load": [0.1, 0.2]}}


def found(data, word):
    """The rows with that word in their target."""
    return [row for row in targets_page.rows(data) if word in row.target]


class Verdicts(unittest.TestCase):
    def test_all_is_met_when_it_is(self):
        data = invented()
        self.assertEqual({"met"}, {row.verdict for row in targets_page.rows(data)})
        self.assertEqual(f"{len(plan.ROWS) + 1 + 4 + 3 + 1 + 2} met", targets_page.summary(data))

    def test_every_call_is_judged_by_its_own_target(self):
        for row in plan.ROWS:
            changed = cost()
            one = next(one for one in changed["rows"] if one["name"] == row.name)
            one |= figures.of_row(row, [{"bare": 100.0, "shim": 100.0 * row.target + 1}] * 3)
            self.assertEqual([row.name], [one.target for one in targets_page.rows(invented(cost=changed))
                                          if one.verdict == "missed"])

    def test_a_slow_audit_is_missed(self):
        slow = audit()
        slow["shapes"][1]["program"] = figures.kinds_of([{"bare": 1.0, "forkproof audit": 1.2, "strace -f": 3.0,
                                                          "strace -f --seccomp-bpf -e trace=process": 1.8}] * 2)
        self.assertEqual(["met", "missed"], [row.verdict for row in found(invented(audit=slow), "audit")])

    def test_a_slow_teardown_is_missed_and_one_that_varies_is_open(self):
        loads = {"1,000": {"walk": [sample_of(60.0)] * 4, "cgroup": [sample_of(30.0), sample_of(90.0)] * 2},
                 "setsid": {"pidns": [sample_of(501.0)] * 4}}
        data = invented(teardown=torn_down(**loads))
        verdict_of = {row.target: row.verdict for row in targets_page.rows(data)}
        self.assertEqual("missed", verdict_of["teardown of 1,000: walk"])
        self.assertEqual("missed", verdict_of["setsid bomb of 2,000: pidns"])
        self.assertEqual("met", verdict_of["setsid bomb of 2,000: walk"])
        self.assertEqual("open", verdict_of["teardown of 1,000: cgroup"])

    def test_what_leaves_somebody_is_missed_however_fast(self):
        left = torn_down(**{"1,000": {"walk": [sample_of(1.0)] * 3 + [sample_of(1.0, left=3)]}})
        row, = found(invented(teardown=left), "1,000: walk")
        self.assertEqual(("3 left", "missed"), (row.figure, row.verdict))

    def test_one_wrong_target_is_missed_and_too_few_kills_are_open(self):
        for expected, run in (("met", kills()), ("missed", kills(wrong=1, verdict="FAIL")), ("open", kills(count=999)),
                              ("missed", kills(wrong=1, verdict="BROK"))):
            row, = found(invented(kills=run), "wrong-target")
            self.assertEqual(expected, row.verdict, row)

    def test_what_else_a_storm_found_is_told(self):
        data = invented(kills=kills(verdict="FAIL", reasons=["shim: 3 statuses lost"]))
        for text in (targets_page.terminal(data), targets_page.document(data)):
            self.assertIn("storm of kills: shim: 3 statuses lost", text)


class NotMeasured(unittest.TestCase):
    def test_a_part_that_is_not_there_is_named_with_its_reason(self):
        words = {"cost": "exec of true", "audit": "audit of", "teardown": "setsid bomb", "kills": "wrong-target"}
        for name, word in words.items():
            data = invented(**{name: "needs a thing"})
            for row in found(data, word):
                self.assertEqual(("not measured: needs a thing", ""), (row.figure, row.verdict), name)
            self.assertIn("not measured: needs a thing", targets_page.document(data))
            self.assertIn(" not measured", targets_page.summary(data))
            del data["parts"][name]
            self.assertTrue(found(data, word), name)

    def test_a_row_that_was_left_out_says_why(self):
        data = cost()
        data["rows"][1] = {"name": plan.ROWS[1].name, "target": 1.05, "left_out": "dash is not installed",
                           "peers": True}
        self.assertEqual("not measured: dash is not installed", found(invented(cost=data), "dash")[0].figure)

    def test_a_rung_that_this_machine_has_not_says_why(self):
        data = torn_down()
        data["contenders"][0]["absent"] = "no user namespaces"
        for load in data["loads"]:
            del load["figures"]["pidns"]
        for row in found(invented(teardown=data), "pidns"):
            self.assertEqual(("not measured: no user namespaces", ""), (row.figure, row.verdict))

    def test_a_storm_that_proves_nothing_is_not_met(self):
        row, = found(invented(kills=kills(verdict="BROK", reasons=["bare: no stranger was hit"])), "wrong-target")
        self.assertEqual(("not measured: bare: no stranger was hit", ""), (row.figure, row.verdict))


class Shown(unittest.TestCase):
    def test_peers_stand_beside_it_and_say_when_they_are_missing(self):
        self.assertEqual("eatmydata 1.200, snoopy not installed", found(invented(), "exec of true")[0].beside)
        self.assertEqual("strace -f --seccomp-bpf 1.71, strace -f not installed", found(invented(), "audit")[0].beside)

    def test_a_busy_machine_and_a_quick_run_are_said(self):
        data = invented()
        data["run"]["effort"] = "quick"
        data["warnings_after"] = ["it was busy"]
        self.assertEqual(["it was busy (seen: audit, after)", "a quick run: coarser, and of less than the targets say"],
                         list(targets_page.warnings(data)))
        for warning in targets_page.warnings(data):
            self.assertIn(warning, targets_page.terminal(data))
            self.assertIn(f"**{warning}**", targets_page.document(data))

    def test_the_page_has_every_row_the_date_and_the_load(self):
        text = targets_page.document(invented())
        for row in targets_page.rows(invented()):
            self.assertIn(f"| {row.target} | {row.limit} | {row.figure} |", text)
        self.assertIn("2000-01-01, revision abc", text)
        self.assertIn("700 s; load average 0.10 before, 0.20 after", text)


def why(argv, written="/nonexistent"):
    """Why a part that writes nothing has no figures."""
    with contextlib.redirect_stderr(io.StringIO()):
        return targets.measured_part(argv, written)["why"]


class Run(unittest.TestCase):
    def drawn(self, data):
        """(exit status, page) of an earlier run drawn again."""
        with tempfile.TemporaryDirectory() as place:
            source = pathlib.Path(place, "earlier.json")
            source.write_text(json.dumps(data))
            done = subprocess.run([HERE / "targets", "--from", source, "--output", place], capture_output=True,
                                  check=False)
            return done.returncode, pathlib.Path(place, "targets.md").read_text()

    def test_a_missed_target_is_no_failure_but_one_not_measured_is(self):
        missed = invented(kills=kills(wrong=1, verdict="FAIL"))
        self.assertEqual((0, targets_page.document(missed)), self.drawn(missed))
        self.assertEqual(1, self.drawn(invented(kills="no namespace"))[0])

    def test_a_part_that_writes_nothing_tells_its_last_line(self):
        self.assertEqual("no strace", why(["sh", "-c", "echo 1; echo 'audit: not measured: no strace' >&2; exit 77"]))
        self.assertEqual("CONF", why(["sh", "-c", "echo CONF"]))
        self.assertEqual("exit status 3", why(["sh", "-c", "exit 3"]))
        self.assertEqual("/no/program: No such file or directory", why(["/no/program"]))

    def test_every_part_understands_its_options(self):
        """Without a build each goes on until it misses something."""
        with tempfile.TemporaryDirectory() as place:
            for effort in targets.KILLS:
                for name, (argv, written) in targets.commands(f"{place}/no-build", place, effort).items():
                    self.assertNotRegex(why(argv, written), "error: |usage", name)

    def test_only_what_has_a_target_is_torn_down(self):
        def takes(name, ours, load):
            contender = contenders.Contender(name, ours=ours)
            return teardown.takes(contender, contenders.Load(load, "tree", 1), only_targets=True)
        self.assertTrue(takes("walk", True, RATIO_LOAD) and takes("walk", True, BOMB_LOAD))
        self.assertTrue(takes("group (preload alone)", True, RATIO_LOAD))
        self.assertFalse(takes("group (preload alone)", True, BOMB_LOAD))
        self.assertTrue(takes(contenders.YARDSTICK, False, BOMB_LOAD))
        self.assertFalse(takes("tini -s -g", False, RATIO_LOAD))


if __name__ == "__main__":
    unittest.main()
