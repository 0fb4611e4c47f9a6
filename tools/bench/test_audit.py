#!/usr/bin/python3 -B
"""That tools/bench/audit measures everybody or says why not, and keeps to its section; not what it says.

    test_audit.py --build BUILD
"""

import subprocess
import sys
import unittest

import audit_page
import smoke
import targets_page

build = smoke.BUILD


class Run(unittest.TestCase):
    """One run of everything, as small as can be."""

    @classmethod
    def setUpClass(cls):
        cls.terminal, cls.data, cls.section = smoke.run("audit", build, "audit.md")

    def measured(self):
        return {one["name"] for one in self.data["contenders"] if not one["absent"]}

    def test_everybody_is_measured_or_says_why_not(self):
        self.assertLessEqual({"bare", "forkproof run", "forkproof audit"}, self.measured())
        for one in self.data["contenders"]:
            self.assertIn(one["name"] + ("" if not one["absent"] else f": not run: {one['absent']}"), self.section)
        for shape in self.data["shapes"]:
            for part in ("program", "whole"):
                self.assertEqual(self.measured(), set(shape[part]), shape["name"])

    def test_the_program_is_not_all_of_it(self):
        for shape in self.data["shapes"]:
            for name in self.measured():
                self.assertLess(shape["program"][name]["median_ns"], shape["whole"][name]["median_ns"])

    def test_the_record_has_every_program(self):
        for shape in self.data["shapes"]:
            record = self.data["records"][shape["name"]]
            self.assertEqual((shape["executed"] + 1, 0), (record["processes"], record["lost_events"]), shape["name"])
            self.assertGreater(record["apparent"], record["allocated"])

    def test_malloc_is_measured(self):
        for one in self.data["mallocs"]:
            self.assertEqual(set(audit_page.OF_MALLOC), set(one["kinds"]))
            self.assertIn(one["name"], self.terminal)

    def test_every_shape_stands_among_the_targets(self):
        rows = list(targets_page.audit_rows({"parts": {"audit": {"figures": self.data}}}))
        self.assertEqual(len(self.data["shapes"]), len([row for row in rows if row.verdict]))

    def test_it_can_be_taken_out_of_a_page(self):
        page = audit_page.put("# Page\n\n## To repeat it\n\nso\n", self.section)
        self.assertEqual(self.section, audit_page.section_of(page))


class Section(unittest.TestCase):
    page = "# Page\n\n## Memory\n\nmuch\n\n## To repeat it\n\nso\n"
    one = audit_page.HEADING + "\none\n"

    def test_it_stands_before_how_to_repeat_it(self):
        self.assertEqual("# Page\n\n## Memory\n\nmuch\n\n" + self.one + "\n## To repeat it\n\nso\n",
                         audit_page.put(self.page, self.one))

    def test_it_takes_the_place_of_an_earlier_one(self):
        other = audit_page.HEADING + "\nanother\n\n### Part\n\nmore\n"
        self.assertEqual(audit_page.put(self.page, self.one),
                         audit_page.put(audit_page.put(self.page, other), self.one))

    def test_a_page_without_it_stays_as_it_is(self):
        self.assertEqual("", audit_page.section_of(self.page))
        self.assertEqual(self.page, audit_page.put(self.page, ""))


if __name__ == "__main__":
    build, rest = smoke.arguments()
    if subprocess.run([f"{build}/bin/forkproof", "audit", "--quiet", "--", "/bin/true"], check=False).returncode != 0:
        print("this build has no audit")
        sys.exit(77)
    unittest.main(argv=[sys.argv[0], *rest])
