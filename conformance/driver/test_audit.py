#!/usr/bin/python3 -B
"""The mode `audit`, with a forkproof in its place that says what it is told to say."""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import audit, cases, fixture  # noqa: E402
from driver.fixture import CASE, GOOD, TestCase  # noqa: E402

# Runs the program; its report is in the file REPORT.bad or REPORT.good beside us.
FAKE = """#!/usr/bin/python3
import os, pathlib, subprocess, sys
own = pathlib.Path(sys.argv[0]).resolve().parent
(own / "words").open("a").write(" ".join(sys.argv[1:]) + "\\n")
words = sys.argv[1:sys.argv.index("--")]
program = sys.argv[sys.argv.index("--") + 1:]
status = subprocess.run(program, check=False).returncode
output = [w.removeprefix("--output=") for w in words if w.startswith("--output=")]
report = own / f"report.{pathlib.Path(program[0]).name}"
if report.exists():
    pathlib.Path(output[0]).write_bytes(report.read_bytes())
sys.exit(status or (99 if report.exists() and b'"error"' in report.read_bytes() else 0))
"""


def setUpModule():
    fixture.need_a_build()


def tearDownModule():
    fixture.forget_object()


def finding(rule, severity="error"):
    return {"rule": rule, "severity": severity, "message": f"{rule} \x1b happened"}


def named_entry(audited="it is found"):
    return fixture.entry().replace('audit = ""', f'audit = "{audited}"')


class Audit(TestCase):
    def setUp(self):
        super().setUp()
        self.fake = self.suite.build / "bin" / "forkproof"
        self.fake.unlink()
        self.fake.write_text(FAKE, encoding="utf-8")
        self.fake.chmod(0o755)
        (self.suite.build / "lib" / "libforkproof-audit.so").touch()
        self.suite.add("x", markdown=named_entry())

    def say(self, program, *findings):
        self.fake.with_name(f"report.{program}").write_text(json.dumps({"findings": findings}), encoding="utf-8")

    def audit(self, *words):
        """(exit status, {program: (verdict, the only outcome, reason)})"""
        status, gotchas, everything = self.suite.json("--mode", "audit", *words)
        self.everything = everything
        return status, {run["program"]: (run["verdict"], *run["outcomes"], run["reason"])
                        for gotcha in gotchas.values() for run in gotcha["runs"]}

    def test_found_and_silent(self):
        self.say("bad", finding("other"), finding("x", "warning"))
        self.say("good", finding("other", "warning"), finding("third", "note"))
        self.assertEqual((0, {"bad": ("PASS", "found", ""), "good": ("PASS", "silent", "")}), self.audit())
        self.assertEqual({"bad": {"good": 1, "of": 1}, "good": {"good": 1, "of": 1}}, self.everything["audit"])

    def test_missed(self):
        self.say("bad", finding("other"))
        self.say("good")
        status, found = self.audit()
        self.assertEqual((1, ("FAIL", "missed")), (status, found["bad"][:2]))
        self.assertIn("PASS", found["good"])
        self.assertIn("finding error other: other \\x1b happened", self.suite.run("--mode", "audit").stdout)

    def test_accused(self):
        self.say("bad", finding("x"))
        for against in finding("x", "note"), finding("other"):
            self.say("good", against)
            status, found = self.audit()
            self.assertEqual((1, ("FAIL", "accused")), (status, found["good"][:2]))
            self.assertIn(f"{against['severity']} {against['rule']}: ", found["good"][2])

    def test_program_that_is_not_what_it_was(self):
        self.suite.add("x", good=fixture.BAD, markdown=named_entry())
        self.say("bad", finding("x"))
        self.say("good")
        self.assertEqual(("FAIL", "disturbed"), self.audit()[1]["good"][:2])

    def test_no_report_and_a_broken_one(self):
        self.say("good")
        self.assertEqual(("BROK", "BROK", "the audit has written no report: it exited 0"), self.audit()[1]["bad"])
        for text in "{", "[]", '{"findings": 1}', '{"findings": [1]}', '{"findings": [{"rule": 1}]}':
            self.fake.with_name("report.bad").write_text(text, encoding="utf-8")
            status, found = self.audit()
            self.assertEqual((1, "BROK"), (status, found["bad"][0]), text)

    def test_without_a_finding_in_the_catalogue_only_good_is_run(self):
        self.suite.add("x", markdown=fixture.entry())
        self.say("good")
        self.assertEqual((0, ["good"]), (lambda status, found: (status, list(found)))(*self.audit()))

    def test_table(self):
        self.say("bad", finding("x"))
        self.say("good", finding("other"))
        lines = self.suite.run("--mode", "audit").stdout.splitlines()
        self.assertEqual("gotcha bad good verdict".split(), lines[0].split())
        self.assertEqual("x found ! accused FAIL".split(), lines[1].split())
        self.assertIn("(! is not as it should be)", lines)
        self.assertIn("named by the audit: 1 of 1", lines)
        self.assertIn("twins that it has nothing against: 0 of 1", lines)
        lines = self.suite.run("--mode", "bare,audit").stdout.splitlines()
        self.assertEqual("gotcha bare run preload audit good verdict".split(), lines[0].split())
        self.assertEqual("x ! went-wrong - - found ! accused FAIL".split(), lines[1].split())

    def test_again_is_the_same_mode(self):
        self.say("bad")
        self.say("good")
        again = next(line for line in self.suite.run("--mode", "audit").stdout.splitlines() if "again: " in line)
        self.assertIn("--mode audit --twin bad x", again)

    def test_options_are_those_of_run_or_its_own(self):
        for toml, wanted in (('run = ["--a"]\npreload = "kill=tree"\n', " --a --"),
                             ('run = ["--a"]\naudit = ["--b", "--c"]\n', " --b --c --"),
                             ('run = ["--a"]\naudit = []\n', f" --error-exitcode={audit.ERROR_STATUS} --")):
            self.suite.add("x", markdown=named_entry(), toml=toml + CASE)
            self.say("bad", finding("x"))
            self.say("good")
            self.fake.with_name("words").unlink(missing_ok=True)
            self.assertEqual(0, self.audit()[0])
            lines = self.fake.with_name("words").read_text().splitlines()
            self.assertIn("--version", lines)  # for the report
            self.assertGreater(len(lines), 1)
            for line in (line for line in lines if line != "--version"):
                self.assertTrue(line.startswith("audit --stall=1s,end --format=json --output=../audit.json "), line)
                self.assertIn(wanted, line)

    def test_the_library_must_be_there(self):
        (self.suite.build / "lib" / "libforkproof-audit.so").unlink()
        status, found = self.audit()
        self.assertEqual((1, "BROK"), (status, found["bad"][0]))
        self.assertIn("libforkproof-audit.so is not built", found["bad"][2])

    def test_a_build_without_an_audit(self):
        self.fake.write_text("#!/bin/sh\necho 'forkproof: audit: not in this forkproof, which was built without x' >&2\n"
                             "exit 125\n", encoding="utf-8")
        status, found = self.audit()
        self.assertEqual((77, "CONF", "CONF"), (status, found["bad"][0], found["good"][0]))

    def test_own_program_should_be_right(self):
        own = self.suite.top / "mine"
        fixture.put_program(own, GOOD)
        self.say("mine")
        status, found = self.audit("--program", own, "x")
        self.assertEqual((0, "silent"), (status, found["bad"][1]))
        self.say("mine", finding("x", "warning"))
        status, found = self.audit("--program", own, "x")
        self.assertEqual((1, "accused"), (status, found["bad"][1]))

    def test_not_one_of_the_usual_modes(self):
        self.assertNotIn(cases.AUDIT, cases.MODES)
        _, gotchas, everything = self.suite.json("--mode", "bare")
        self.assertEqual({"bare"}, {run["mode"] for run in gotchas["x"]["runs"]})
        self.assertNotIn("audit", everything)

    def test_the_report_is_kept(self):
        self.say("bad")
        self.say("good")
        saved = self.suite.top / "saved"
        self.suite.run("--mode", "audit", "--save", saved)
        self.assertEqual({"findings": []}, json.loads((saved / "x" / "bad-audit" / "audit.json").read_text()))
        self.assertEqual(["x"], os.listdir(saved))


if __name__ == "__main__":
    fixture.main()
