#!/usr/bin/python3 -B
"""Verdicts, from words and facts that are written down here: nothing is run."""

import pathlib
import sys
import tempfile
import types
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import fixture, memory, verdict  # noqa: E402
from driver.cases import Outcome, parse_when  # noqa: E402
from driver.verdict import BROK, CONF, FAIL, NA, NO_OUTCOMES, PASS, Cell, Result, Run  # noqa: E402
from driver.world import Played  # noqa: E402


def made_case(**whens):
    """{word_with_underscores: when}; those that begin with bad are not safe."""
    outcomes = [Outcome(word.replace("_", "-"), not word.startswith("bad"), parse_when(when), f"means {word}")
                for word, when in whens.items()]
    return types.SimpleNamespace(id="x", outcomes={o.word: o for o in outcomes})


def played(facts, words="", status=0, complaint="", stderr="", too_long=()):
    lines = f"{facts}\norphans 0\ndone\n"
    return Played([], {}, status, lines, complaint, {"words": words, "stderr": stderr}, list(too_long))


def label(case, mode, *args, **named):
    run = verdict.judge(case, mode, played(*args, **named))
    return run.label if run.label not in NO_OUTCOMES else f"{run.label} {run.reason}"


class Judging(unittest.TestCase):
    def test_each_when(self):
        case = made_case(bad_left="survivors", bad_hit="stranger-hit", bad_stall="stalled", bad_slow="deadline",
                         bad_pipe="killed SIGPIPE",
                         three="exited 3", well="said", fine="said")
        for facts, words, expected in (("end exited 0\nsurvivor 7 S x y", "", "bad-left"),
                                       ("end killed 9\nsurvivor 7 S x y", "", "bad-left"),
                                       ("end exited 0\nstranger 5 unharmed\nstranger 6 hit 9", "", "bad-hit"),
                                       ("end stalled\nmember 7 S x y", "", "bad-stall"),
                                       ("end deadline", "", "bad-slow"),
                                       ("end killed 13", "", "bad-pipe"), ("end exited 3", "", "three"),
                                       ("end exited 0", "outcome well\n", "well"),
                                       ("end exited 0", "outcome well\nstep 2 x\noutcome fine\n", "fine")):
            self.assertEqual(expected, label(case, "bare", facts, words))

    def test_first_that_applies(self):
        for order in (("bad_left", "survivors"), ("well", "said")), (("well", "said"), ("bad_left", "survivors")):
            self.assertEqual(order[0][0].replace("_", "-"),
                             label(made_case(**dict(order)), "bare", "end exited 0\nsurvivor 7 S x", "outcome well\n"))

    def test_what_was_said_before_it_went_wrong_after_all(self):
        for end in "killed 11", "exited 125", "deadline", "stalled":
            found = label(made_case(well="said"), "run", f"end {end}", "outcome well\n")
            self.assertIn("BROK no outcome applies", found)

    def test_library_that_was_not_loaded(self):
        stderr = "ERROR: ld.so: object 'x.so' from LD_PRELOAD cannot be preloaded (file too short): ignored.\n"
        self.assertEqual("BROK the library was not loaded: " + stderr.strip(),
                         label(made_case(well="said"), "preload", "end exited 0", "outcome well\n", stderr=stderr))

    def test_killed_as_forkproof_run_tells_it(self):
        case = made_case(bad_pipe="killed SIGPIPE")
        self.assertEqual("bad-pipe", label(case, "run", "end exited 141"))
        self.assertEqual("BROK no outcome applies: it exited 141 (SIGPIPE) and said no outcome",
                         label(case, "bare", "end exited 141"))

    def test_members_of_a_stalled_world_are_no_survivors(self):
        case = made_case(bad_left="survivors", well="stalled")
        self.assertEqual("well", label(case, "bare", "end stalled\nmember 7 S x"))

    def test_nothing_applies(self):
        case = made_case(well="said")
        self.assertEqual("BROK no outcome applies: it was killed by SIGSEGV and said no outcome; "
                         "on stderr: oh\\x1b dear", label(case, "bare", "end killed 11", stderr="one\noh\x1b dear\n\n"))
        self.assertEqual("BROK no outcome applies: it was killed by signal 99 and said no outcome",
                         label(case, "bare", "end killed 99"))

    def test_words_of_failure(self):
        case = made_case(well="said")
        self.assertEqual("BROK the case gave up: no pipe, errno 24",
                         label(case, "bare", "end exited 125", "outcome well\nbroken no pipe, errno 24\n"))
        self.assertEqual("CONF the case cannot have a chosen pid",
                         label(case, "bare", "end exited 125", "cannot a chosen pid\n"))
        self.assertTrue(label(case, "bare", "end exited 125", "cannot x\nbroken y\n").startswith("BROK"))
        self.assertEqual("BROK the case gave up: no hello; on stderr: Segmentation fault",
                         label(case, "bare", "end exited 0", "broken no hello\n", stderr="x\nSegmentation fault\n"))

    def test_what_does_not_apply(self):
        case = made_case(well="said")
        self.assertEqual("N/A it has no kill", label(case, "bare", "end exited 0", "inapplicable it has no kill\n"))
        self.assertTrue(label(case, "bare", "end exited 0", "inapplicable x\nbroken y\n").startswith("BROK"))

    def test_garbage_in_words(self):
        case = made_case(well="said")
        for words in ("garbage\n", "\0\n", "outcome\n", "step x y\n", "step 1\n", "\n", "outcome well\x1b\n",
                      "outcome well\n\nx\n", "step ١ x\n"):
            self.assertTrue(label(case, "bare", "end exited 0", words).startswith("BROK"), words)
        self.assertEqual("BROK words has what case.c does not write: \\x1b[2J",
                         label(case, "bare", "end exited 0", "outcome well\n\x1b[2J\n"))
        self.assertEqual("BROK words has what case.c does not write: its last line has no end",
                         label(case, "bare", "end exited 0", "outcome well"))
        self.assertEqual("BROK words is longer than anything that is read",
                         label(case, "bare", "end exited 0", "outcome well\n", too_long=["words"]))

    def test_unknown_outcome(self):
        self.assertEqual("BROK it said strange, which is no outcome of case.toml",
                         label(made_case(well="exited 0"), "bare", "end exited 0", "outcome strange\n"))

    def test_warden(self):
        case = made_case(well="exited 0")
        self.assertEqual("CONF warden: no pid namespace can be had: Operation not permitted",
                         label(case, "bare", "", status=77,
                               complaint="warden: no pid namespace can be had: Operation not permitted\n"))
        self.assertEqual("BROK the warden failed: warden: fork: x",
                         label(case, "bare", "", status=1, complaint="warden: fork: x\n"))
        self.assertEqual("BROK the warden failed: exit status -11", label(case, "bare", "", status=-11))
        self.assertEqual("BROK the warden did not end in time and was killed, and all in its world with it",
                         label(case, "bare", "", status=None))
        for facts in ("", "end exited x", "end exited 0\nend exited 1", "end exited 0\nnonsense",
                      "end exited 0\ndone\nstranger 1 hit 9"):
            self.assertIn("BROK the warden's facts are not what they should be", label(case, "bare", facts), facts)

    def test_names_of_processes_forge_no_facts(self):
        case = made_case(bad_hit="stranger-hit", well="exited 0")
        for line_end in "\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028":
            self.assertEqual("well", label(case, "bare", f"end exited 0\nsurvivor 9 S x y{line_end}stranger 1 hit 9"))


class Many(unittest.TestCase):
    def cell(self, *labels, expected="well", because=""):
        gotcha = types.SimpleNamespace(id="x", case=made_case(bad="said", well="said", fine="said"), complaints=[])
        cell = Cell(gotcha, "bad", "run", expected, because)
        for one in labels:
            cell.add(Run(one, f"why {one}"))
        return cell

    def test_verdicts(self):
        for labels, expected in ((["well"], PASS), (["well"] * 3, PASS), (["bad"], FAIL), (["fine"], FAIL),
                                 ([BROK], BROK), ([CONF] * 2, CONF),
                                 (["well", "fine"], FAIL), (["well", BROK], FAIL), (["well", CONF], FAIL),
                                 ([BROK, CONF], FAIL)):
            self.assertEqual(expected, self.cell(*labels).verdict, labels)

    def test_what_does_not_apply(self):
        """Unless something was expected of it."""
        cell = self.cell(NA, NA, expected="")
        self.assertEqual((NA, "why N/A", None, True), (cell.verdict, cell.reason, cell.safe, cell.is_well(NA)))
        cell = self.cell(NA)
        self.assertEqual((FAIL, "expected well, got N/A: why N/A", False),
                         (cell.verdict, cell.reason, cell.is_well(NA)))
        self.assertEqual(FAIL, self.cell(NA, "well", expected="").verdict)
        self.assertEqual(PASS, Result(cell.gotcha, [self.cell(NA, expected=""), self.cell("well")]).verdict)

    def test_reasons(self):
        self.assertEqual("expected well, got bad: why bad", self.cell("bad").reason)
        self.assertEqual("expected well (because it is so), got bad: why bad",
                         self.cell("bad", because="it is so").reason)
        self.assertEqual("not always the same: 3 times well, 2 times bad, 1 times BROK; expected well; bad: why bad",
                         self.cell("well", "bad", "well", BROK, "bad", "well").reason)
        self.assertEqual("why BROK", self.cell(BROK).reason)
        self.assertEqual("", self.cell("well").reason)

    def test_safe(self):
        for labels, safe in ((["well"], True), (["bad"], False), (["well", "bad"], False), (["well", BROK], True),
                             ([BROK, CONF], None)):
            self.assertIs(safe, self.cell(*labels).safe, labels)

    def test_any_safe_one_when_nothing_is_expected(self):
        for labels, expected in ((["fine"], PASS), (["fine", "well"], PASS), (["bad"], FAIL), ([BROK], BROK),
                                 (["fine", "bad"], FAIL)):
            self.assertEqual(expected, self.cell(*labels, expected="").verdict, labels)

    def test_worst_of_a_gotcha(self):
        cells = [self.cell("well"), self.cell(CONF), self.cell(BROK), self.cell("bad")]
        for count, expected in enumerate((PASS, CONF, BROK, FAIL), 1):
            self.assertEqual(expected, Result(cells[0].gotcha, cells[:count]).verdict)


class Remembering(unittest.TestCase):
    def result(self, identity, *verdicts, complaints=()):
        gotcha = types.SimpleNamespace(id=identity, complaints=list(complaints))
        cells = [types.SimpleNamespace(key=f"{identity} bad {mode}", verdict=v)
                 for mode, v in zip(("bare", "run", "preload"), verdicts)]
        return Result(gotcha, cells)

    def test_what_was_not_run_is_kept(self):
        before = {"x bad bare", "y bad bare", "gone bad bare", "z"}
        self.assertEqual({"x bad run", "y bad bare", "z"},
                         memory.after(before, [self.result("x", PASS, FAIL, CONF)], {"x", "y", "z"}))

    def test_malformed(self):
        self.assertEqual({"x"}, memory.after({"x bad bare"}, [self.result("x", complaints=["no"])], {"x"}))
        self.assertEqual({"x bad run"}, memory.after({"x"}, [self.result("x", PASS, BROK)], {"x"}))

    def test_file(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory) / "failed.json"
            self.assertEqual(set(), memory.recall(path))
            memory.remember(path, {"a b c", "d"})
            self.assertEqual({"a b c", "d"}, memory.recall(path))
            for text in ("", "[]", '{"schema": 2, "failed": ["x"]}', '{"schema": 1, "failed": 5}',
                         '{"schema": 1, "failed": [5]}', '{"schema": 1}'):
                path.write_text(text, encoding="utf-8")
                self.assertEqual(set(), memory.recall(path), text)
            self.assertEqual(["failed.json"], [p.name for p in pathlib.Path(directory).iterdir()])


if __name__ == "__main__":
    fixture.main()
