#!/usr/bin/python3 -B
"""That tools/bench/teardown counts what is there and says what it could not run; not what it measures.

    test_teardown.py --build BUILD
"""

import os
import sys
import unittest

import contenders
import smoke
import teardown_page

build = smoke.BUILD


class Run(unittest.TestCase):
    """One run of everybody, as small as can be."""

    @classmethod
    def setUpClass(cls):
        cls.terminal, cls.data, cls.page = smoke.run("teardown", build, "containment.md")

    def figures(self, name):
        return {load["name"]: load["figures"].get(name) for load in self.data["loads"] if "left_out" not in load}

    def test_everybody_is_measured_or_says_why_not(self):
        for one in self.data["contenders"]:
            self.assertIn(one["name"], self.terminal)
            if one["absent"]:
                self.assertIn(f"not run: {one['absent']}", self.page)
            else:
                self.assertIn("10", self.figures(one["name"]), one["name"])

    def test_a_rung_leaves_nobody(self):
        measured = [one["name"] for one in self.data["contenders"]
                    if one["ours"] and not one["absent"] and not one["name"].startswith("group")]
        self.assertIn("walk", measured)
        for name in measured:
            figures = {load: figure for load, figure in self.figures(name).items() if figure}
            self.assertTrue(figures, name)
            for load, figure in figures.items():
                self.assertEqual(0, figure["left"], f"{name}, {load}")
                self.assertGreater(figure["median_ms"], 0, f"{name}, {load}")

    def test_what_a_tool_leaves_is_counted_by_somebody_else(self):
        self.assertEqual(10, self.figures("setsid -w")["10"]["left"])
        self.assertIn("10 left", self.terminal)

    def test_a_bomb_fills_its_limit(self):
        loads = [load for load in self.data["loads"] if load["name"].startswith("bomb")]
        self.assertTrue(loads)
        bombs = {load: figure for load, figure in self.figures("setsid -w").items() if load.startswith("bomb")}
        if not bombs:
            self.skipTest(loads[0]["left_out"])
        for load, figure in bombs.items():
            self.assertGreater(figure["left"], 50, load)


class Shown(unittest.TestCase):
    def test_a_cell_says_what_was_left_before_how_fast(self):
        self.assertEqual("**3 left**", teardown_page.cell({"left": 3, "left_median": 1}))
        self.assertEqual("67 ms (60–1,075)", teardown_page.cell({"left": 0, "median_ms": 67.2,
                                                                  "quartiles_ms": [60.1, 1075.0]}))
        self.assertEqual("–", teardown_page.cell(None))

    def test_a_tool_that_is_not_there_is_not_run(self):
        missing = contenders.looked_up(contenders.Contender("x", ("/nowhere/tool",), package="x"))
        self.assertEqual("not installed", missing.absent)


if __name__ == "__main__":
    build, rest = smoke.arguments()
    if os.geteuid() != 0:
        print("needs root")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *rest])
