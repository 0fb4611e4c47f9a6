#!/usr/bin/python3 -B
"""What changed between two reports or matrices: what is worse, what is better, what came and went."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import compare, fixture, matrix, report_json  # noqa: E402
from driver.test_matrix import of, on_platform, plain  # noqa: E402
from driver.test_reports import HARM, MIXED  # noqa: E402
from driver.verdict import BROK, CONF  # noqa: E402

COMPARE = fixture.CONFORMANCE / "compare"


def compared(before, after):
    return compare.compared(of(*before), of(*after))


def one(seen, identity="a", name="x", mode="bare", **more):
    return on_platform(name, plain(identity, **{f"bad_{mode}": seen}), **more)


class Cells(unittest.TestCase):
    def kinds(self, before, after):
        found = compared([before], [after])
        return [(change.kind, change.before, change.after) for change in found.changes]

    def test_nothing(self):
        self.assertEqual([], self.kinds(one("bad"), one("bad")))

    def test_what_is_worse(self):
        """The expected outcome of `bad` is bad, which is not safe: that counts, whatever is expected."""
        self.assertEqual([("worse", "FAIL safe (well)", "PASS not safe (bad)")], self.kinds(one("well"), one("bad")))
        self.assertEqual([("worse", "PASS not safe (bad)", "BROK no outcome")], self.kinds(one("bad"), one(BROK)))
        self.assertEqual([("worse", "CONF no outcome", "FAIL safe (well)")], self.kinds(one(CONF), one("well")))

    def test_what_is_better(self):
        self.assertEqual([("better", "PASS not safe (bad)", "FAIL safe (well)")], self.kinds(one("bad"), one("well")))
        self.assertEqual([("better", "BROK no outcome", "CONF no outcome")], self.kinds(one(BROK), one(CONF)))

    def test_what_is_another(self):
        self.assertEqual([("other", "PASS not safe (bad)", "CONF no outcome")], self.kinds(one("bad"), one(CONF)))
        self.assertEqual([("other", "BROK no outcome", "FAIL not safe (bad/well)")],
                         self.kinds(one(BROK), one(["bad", "well"])))


class Others(unittest.TestCase):
    def test_columns_modes_rows_and_cells_that_came_or_went(self):
        def side(*results):
            return on_platform("x", *results)

        before = [side(plain("a", bad_bare="bad"), plain("b", bad_bare="bad", bad_run="bad")), one("bad", name="old")]
        after = [side(plain("a", bad_bare="bad", bad_run="bad"), plain("c", bad_run="bad")), one("bad", name="new")]
        found = compared(before, after)
        self.assertEqual({"columns": ["new"], "modes": [], "rows": ["c"], "cells": ["a, x run"]}, found.came)
        self.assertEqual({"columns": ["old"], "modes": [], "rows": ["b"], "cells": []}, found.went)
        found = compared([one("bad")], [on_platform("x", plain("a", bad_bare="bad", bad_run="bad"))])
        self.assertEqual({"columns": [], "modes": ["x run"], "rows": [], "cells": []}, found.came)
        self.assertEqual(([], 1), (found.changes, found.common))

    def test_a_column_that_cannot_be_had_any_more(self):
        for verdict, kind, state in ((CONF, "other", matrix.LACKING), (BROK, "worse", matrix.BROKEN)):
            gone = on_platform("x", lacks={"verdict": verdict, "reason": "no"})
            found = compared([one("bad")], [gone])
            self.assertEqual([(kind, "x", matrix.RAN, state)],
                             [(change.kind, change.where, change.before, change.after) for change in found.changes])
            self.assertEqual([], found.went["modes"] + found.went["cells"])
        self.assertEqual("better", compared([gone], [one("bad")]).changes[0].kind)

    def test_with_what_it_was_run(self):
        sides = [one("bad", machine={"subject": version, **more}, seconds=seconds)
                 for version, seconds, more in (("lib 1", 1, {}), ("lib 2", 2, {"forkproof": "1.0"}))]
        self.assertEqual([("x", "subject", "lib 1", "lib 2"), ("x", "forkproof", "", "1.0")],
                         [(fact.column, fact.name, fact.before, fact.after) for fact in
                          compared(sides[:1], sides[1:]).facts])


class Command(unittest.TestCase):
    def setUp(self):
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="compare-"))
        self.addCleanup(lambda: subprocess.run(["rm", "-rf", self.top], check=True))

    def write(self, name, value):
        (self.top / name).write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
        return self.top / name

    def compare(self, *words):
        return subprocess.run([COMPARE, *words], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)

    def test_text_and_status(self):
        bad, well = self.write("bad", one("bad")), self.write("well", one("well"))
        done = self.compare(well, bad)
        self.assertEqual((1, ""), (done.returncode, done.stderr))
        self.assertEqual(["worse  a, x bare: FAIL safe (well) -> PASS not safe (bad)",
                          "         again: conformance/run --platform x --mode bare --twin bad a",
                          "1 worse, 0 better, 0 other, of 1 cells that both have"], done.stdout.splitlines())
        self.assertEqual([0, 0], [self.compare(bad, other).returncode for other in (well, bad)])

    def test_json(self):
        done = self.compare(self.write("a", one("well")), self.write("b", one("bad")), "--format", "json")
        found = json.loads(done.stdout)
        self.assertEqual({"compare", "worse", "better", "other", "facts", "came", "went", "common"}, set(found))
        self.assertEqual({"kind": "worse", "row": "a", "column": "x", "mode": "bare", "twin": False,
                          "before": "FAIL safe (well)", "after": "PASS not safe (bad)",
                          "command": "conformance/run --platform x --mode bare --twin bad a"}, found["worse"][0])

    def test_a_report_and_a_matrix_of_it_are_the_same(self):
        found = one("bad")
        done = self.compare(self.write("report", found), self.write("matrix", matrix.as_json(of(found))))
        self.assertEqual((0, "0 worse, 0 better, 0 other, of 1 cells that both have\n"), (done.returncode, done.stdout))

    def test_texts_that_mean_harm(self):
        done = self.compare(self.write("a", report_json.render(MIXED)), self.write("b", one("bad", name=HARM)))
        self.assertEqual((2, "compare: the two have no cell in common\n"), (done.returncode, done.stderr))
        self.assertTrue(all(line.isprintable() for line in done.stdout.split("\n")), done.stdout)
        self.assertIn("came   column \\x1b]0;x", done.stdout)

    def test_nobody_reads_it(self):
        good, (reads, writes) = self.write("good", one("bad")), os.pipe()
        os.close(reads)
        with open(writes, "wb") as output:
            done = subprocess.run([COMPARE, good, good], stdout=output, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual((125, ""), (done.returncode, done.stderr))

    def test_usage(self):
        good, bad = self.write("good", one("bad")), self.write("none", "{}")
        for status, words in ((2, []), (2, [good]), (2, [good, good, good]), (2, [good, good, "--format", "xml"]),
                              (2, [good, bad]), (2, [good, self.top / "nothing"]), (0, ["--help"]), (0, [good, good])):
            done = self.compare(*words)
            self.assertEqual((status, int(status > 0)), (done.returncode, done.stderr.count("\n")), words)


if __name__ == "__main__":
    fixture.main()
