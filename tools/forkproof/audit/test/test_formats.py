"""The formats, read by other readers: JSON against its schema, JUnit by an XML parser.

Usage: test_formats.py SAMPLE SCHEMA
"""

import copy
import json
import subprocess
import sys
import unittest
import xml.etree.ElementTree as ElementTree

from schema import check

MODELS = ["empty", "two-places", "many", "hostile"]
SAMPLE = SCHEMA = ""


def written(model, form):
    return subprocess.run([SAMPLE, model, form], check=True, stdout=subprocess.PIPE).stdout


def no_constant(name):
    raise ValueError(f"{name} is not JSON")


def report(model):
    return json.loads(written(model, "json").decode(), parse_constant=no_constant)


class Json(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with open(SCHEMA, encoding="utf-8") as file:
            cls.schema = json.load(file)

    def wrong(self, value):
        return check(value, self.schema, self.schema, strict=True)

    def test_every_report_is_as_the_schema_says_and_holds_nothing_else(self):
        for model in MODELS:
            with self.subTest(model):
                self.assertEqual(self.wrong(report(model)), [])

    def test_the_check_finds_what_is_wrong(self):
        def spoil(change):
            value = copy.deepcopy(good)
            change(value)
            return self.wrong(value)

        good = report("two-places")
        changes = [
            lambda r: r.pop("counts"),
            lambda r: r.update(schema=2),
            lambda r: r.update(schema=True),
            lambda r: r.update(more=1),
            lambda r: r["findings"][0].update(severity="fatal"),
            lambda r: r["findings"][0].update(fingerprint="xyz"),
            lambda r: r["findings"][0].update(times=0),
            lambda r: r["findings"][0]["places"][1].pop("frames"),
            lambda r: r["findings"][0]["places"][0]["frames"][2].update(line="7"),
            lambda r: r["processes"][1].update(starter=-1),
            lambda r: r["run"]["argv"].append(None),
        ]
        for number, change in enumerate(changes):
            with self.subTest(number):
                self.assertEqual(len(spoil(change)), 1)

    def test_it_is_ascii_where_a_page_could_be_broken(self):
        for mark in (b"<", b">", b"\x1b", b"\x7f"):
            self.assertNotIn(mark, written("hostile", "json"))


class Junit(unittest.TestCase):
    def test_it_is_well_formed_and_its_numbers_are_true(self):
        for model in MODELS:
            with self.subTest(model):
                root = ElementTree.fromstring(written(model, "junit"))
                self.assertEqual(root.tag, "testsuites")
                suite = root.find("testsuite")
                cases = suite.findall("testcase")
                failures = suite.findall("testcase/failure")
                for element in (root, suite):
                    self.assertEqual(int(element.get("tests")), len(cases))
                    self.assertEqual(int(element.get("failures")), len(failures))
                names = [case.get("name") for case in cases]
                self.assertEqual(len(names), len(set(names)))
                float(suite.get("time"))
                for case in cases:
                    self.assertTrue(case.get("classname").startswith("forkproof."))
                    children = {child.tag for child in case}
                    self.assertLessEqual(children, {"failure", "system-out"})

    def test_hostile_text_is_shown_as_text(self):
        root = ElementTree.fromstring(written("hostile", "junit"))
        failure = root.find("testsuite/testcase[@name='fd-leak']/failure")
        self.assertTrue(failure.get("message").startswith("</script><b>]]>&amp;\"'\\x1b]0;x\\x07"))
        self.assertEqual(len(failure), 0)
        self.assertIn("\\x1b[31m", failure.text)
        self.assertIsNotNone(root.find("testsuite/testcase[@name='no<rule>']/failure"))

    def test_a_place_is_in_the_failure(self):
        root = ElementTree.fromstring(written("two-places", "junit"))
        text = root.find("testsuite/testcase[@name='kill-wait-race']/failure").text
        self.assertIn("    #0 stop_worker pool.c:88:5 (inlined)\n    #1 main main.c:20\n", text)


class Text(unittest.TestCase):
    def test_it_is_utf8_without_anything_that_a_terminal_obeys(self):
        for model in MODELS:
            with self.subTest(model):
                text = written(model, "text").decode()
                self.assertEqual([c for c in text if not c.isprintable() and c not in "\n\ufffe"], [])


if __name__ == "__main__":
    SCHEMA = sys.argv.pop()
    SAMPLE = sys.argv.pop()
    unittest.main()
