#!/usr/bin/python3 -B
"""Reports of results that are written down here, with texts in them that mean harm."""

import io
import json
import pathlib
import re
import sys
import types
import unittest
import xml.etree.ElementTree as xml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import fixture, report_json, report_junit, report_tap, report_text, text  # noqa: E402
from driver.cases import Outcome, parse_when  # noqa: E402
from driver.gotcha import Gotcha  # noqa: E402
from driver.progress import Progress, wanted  # noqa: E402
from driver.report import Report  # noqa: E402
from driver.runner import Plan  # noqa: E402
from driver.schema import Complaint  # noqa: E402
from driver.verdict import BROK, CONF, Cell, Result, Run  # noqa: E402

HARM = "\x1b]0;x\x07 <b>&\"' ]]> \x00 \u202e # \\ \ud800 \ufffe"
OUTCOMES = {word: Outcome(word, word == "well", parse_when("said"), f"means {word}") for word in ("bad", "well")}


def entry(identity, family="identity", documents=("S0",)):
    return types.SimpleNamespace(id=identity, title=f"Title of {identity}", family=family, order=1, severity="error",
                                 tags=("pid",),
                                 sources=tuple((d, "there") for d in documents), run="limited", preload="none")


def gotcha(identity, **named):
    return Gotcha(identity, entry(identity, **named),
                  types.SimpleNamespace(id=identity, outcomes=OUTCOMES, platform="native"))


def result(one, **labels):
    """bad_bare="well": what was seen; expected of bad is bad, of good well."""
    cells = []
    for name, seen in labels.items():
        program, mode = name.split("_")
        cell = Cell(one, program, mode, "bad" if program == "bad" else "well")
        for label in seen if isinstance(seen, list) else [seen]:
            cell.add(Run(label, f"means {HARM}", f"end exited 0\nsurvivor 9 S x {HARM}\ndone\n", [(2, HARM)], "", 0.5))
        cells.append(cell)
    return Result(one, cells)


def malformed(identity):
    return Result(Gotcha(identity, complaints=[Complaint(identity, f"{identity}.md", "line 1", "is bad")]), [])


def report(*results, **named):
    return Report(list(results), Plan(again_words=("conformance/run",), **named), {"system": "Linux"}, "/build", 1.25)


MIXED = report(result(gotcha("a", documents=("S0", "S3")), bad_bare="bad", bad_run="bad", good_bare="well",
                      good_run="well"),
               result(gotcha("b"), bad_bare="well", good_bare="well", good_run="bad"),
               result(gotcha("c", family="pipes"), bad_bare=BROK, bad_run=["bad", "well", "bad"], good_bare=CONF),
               result(gotcha("d", family="pipes", documents=("+",)), bad_bare=CONF, good_bare=CONF),
               malformed(f"e{HARM}"))


class Text(unittest.TestCase):
    def test_table_and_counts(self):
        lines = report_text.render(MIXED).splitlines()
        self.assertEqual("gotcha bare run preload good verdict".split(), lines[0].split())
        self.assertEqual("a ! bad ! bad - well PASS".split(), lines[1].split())
        self.assertEqual("b well - - ! bad FAIL".split(), lines[2].split())
        self.assertEqual("c BROK ! bad/well - CONF FAIL".split(), lines[3].split())
        self.assertEqual("d CONF - - CONF CONF".split(), lines[4].split())
        self.assertEqual("BROK", lines[5].split()[-1])
        self.assertIn("PASS 1  FAIL 2  BROK 1  CONF 1   of 5 gotchas in 14 runs, 1.2 s", lines)
        self.assertIn("safe: bare 1 of 2, run 0 of 2", lines)
        self.assertIn("PASS by source: S0 1 of 3, S1 0 of 0, S2 0 of 0, S3 1 of 1, S4 0 of 0, + 0 of 1", lines)

    def test_every_reason_is_there(self):
        told = report_text.render(MIXED)
        for part in ("FAIL b: bad, bare: expected bad, got well: means",
                     "FAIL b: good, run: expected well, got bad: means",
                     "BROK c: bad, bare: means",
                     "FAIL c: bad, run: not always the same: 2 times bad, 1 times well; expected bad; well: means",
                     "CONF c: good, bare: means", "is bad\n", "again: conformance/run --mode run --twin good b\n"):
            self.assertIn(part, told)

    def test_nothing_in_it_that_a_terminal_obeys(self):
        for line in report_text.render(MIXED).split("\n") + text.visible(HARM).split("\n"):
            self.assertTrue(line.isprintable(), repr(line))
        self.assertIn("\\x1b]0;x\\x07", text.visible(HARM))
        self.assertEqual("\\x0a\\u202e\\U000e0001é", text.visible("\n\u202e\U000e0001é"))

    def test_colours_only_when_wanted(self):
        told = report_text.render(MIXED, True)
        self.assertIn("\x1b[31m! bad", told)
        self.assertEqual(report_text.render(MIXED),
                         "\n".join(line.rstrip() for line in re.sub(r"\x1b\[\d+m", "", told).split("\n")))

    def test_what_was_never_run_is_told_once(self):
        one = gotcha("x")
        cells = [Cell(one, program, mode, "well") for program in ("bad", "good") for mode in ("bare", "run", "preload")]
        for cell in cells:
            cell.add(Run(BROK, "is not built"))
        told = report_text.render(report(Result(one, cells)))
        self.assertIn("BROK x: is not built\n     again: conformance/run x\n", told)
        self.assertEqual(1, told.count("is not built"))

    def test_many_facts_are_cut(self):
        one = gotcha("x")
        cell = Cell(one, "bad", "bare", "bad")
        cell.add(Run("well", "why", "end deadline\n" + "member 1 S x y\n" * 1000))
        self.assertIn("... and 981 lines more", report_text.render(report(Result(one, [cell]))))


class Machines(unittest.TestCase):
    def test_json(self):
        found = json.loads(report_json.render(MIXED))
        self.assertEqual((3, "platform", "native", 14),
                         (found["schema"], found["column"], found["platform"], found["runs"]))
        self.assertEqual({"PASS": 1, "FAIL": 2, "BROK": 1, "CONF": 1}, found["counts"])
        c = found["gotchas"][2]
        self.assertEqual(({"bad": 2, "well": 1}, False, "FAIL"),
                         (c["runs"][1]["outcomes"], c["runs"][1]["safe"], c["runs"][1]["verdict"]))
        self.assertEqual([{"file": f"e{HARM}.md", "place": "line 1", "what": "is bad"}],
                         found["gotchas"][4]["complaints"])
        self.assertTrue(report_json.render(MIXED).isascii())

    def test_junit(self):
        top = xml.fromstring(report_junit.render(MIXED))
        self.assertEqual(("testsuites", "13", "3", "2", "3"),
                         (top.tag, *(top.get(k) for k in ("tests", "failures", "errors", "skipped"))))
        self.assertEqual(["conformance.identity", "conformance.pipes", "conformance.malformed"],
                         [s.get("name") for s in top])
        for suite in top:
            for name, element in (("tests", "testcase"), ("failures", "failure"), ("errors", "error"),
                                  ("skipped", "skipped")):
                self.assertEqual(suite.get(name), str(len(suite.findall(f".//{element}"))))
        failure = top.find(".//testcase[@classname='conformance.b'][@name='good run']/failure")
        self.assertIn("expected well, got bad", failure.get("message"))
        self.assertIn("again: conformance/run --mode run --twin good b", failure.text)

    def test_tap(self):
        lines = report_tap.render(MIXED).splitlines()
        self.assertEqual(["TAP version 14", "1..13"], lines[:2])
        points = [line for line in lines if re.match(r"(not )?ok ", line)]
        self.assertEqual(list(range(1, 14)), [int(re.search(r"ok (\d+) - ", line)[1]) for line in points])
        self.assertEqual(5, sum(line.startswith("not ok") for line in points))
        skips = [line for line in points if re.search(r"(?<!\\) # SKIP ", line)]
        self.assertEqual((3, True), (len(skips), all(line.startswith("ok ") for line in skips)))
        for line in points:
            self.assertNotRegex(line.replace(" # SKIP ", ""), r"(?<!\\)#")
        self.assertEqual(lines.count("  ---"), lines.count("  ..."))
        for line in lines:
            self.assertTrue(line.isprintable(), repr(line))
            if line.startswith(("    - ", "  message: ")):
                json.loads(line.split(" ", 5)[5] if line.startswith("    - ") else line[len("  message: "):])

    def test_nothing_at_all(self):
        empty = report()
        self.assertEqual(77, empty.status())
        self.assertEqual(0, len(xml.fromstring(report_junit.render(empty))))
        self.assertEqual("TAP version 14\n1..0\n", report_tap.render(empty))
        self.assertEqual([], json.loads(report_json.render(empty))["gotchas"])
        self.assertIn("of 0 gotchas", report_text.render(empty))

    def test_status(self):
        fine, conf, wrong = (result(gotcha(label), bad_bare=label) for label in ("bad", CONF, "well"))
        for results, status in (([fine], 0), ([fine, conf], 0), ([conf], 77), ([fine, wrong], 1),
                                ([conf, malformed("x")], 1)):
            self.assertEqual(status, report(*results).status())


class OneLine(unittest.TestCase):
    def test_progress(self):
        stream = io.StringIO()
        progress = Progress(stream, True)
        progress.begin(2)
        progress.done(types.SimpleNamespace(key="a bad bare"), True)
        progress.done(types.SimpleNamespace(key="a bad run"), False)
        progress.end()
        self.assertEqual(["", "1/2 runs, 0 not as expected: a bad bare", "2/2 runs, 1 not as expected: a bad run", ""],
                         stream.getvalue().split("\r\x1b[K"))

    def test_nothing_where_nobody_looks(self):
        stream = io.StringIO()
        self.assertEqual((True, False, False), tuple(wanted(choice, stream) for choice in ("always", "never", "auto")))
        progress = Progress(stream, False)
        progress.begin(1)
        progress.done(types.SimpleNamespace(key="a bad bare"), True)
        progress.end()
        self.assertEqual("", stream.getvalue())


if __name__ == "__main__":
    fixture.main()
