#!/usr/bin/python3 -B
"""docs/recipes/github: the workflow's steps, run as the runner would, in a project that leaves something behind."""

import unittest

from recipe import main, needs, RECIPES
from sample import FAILED, FINDINGS, Project, yaml

WORKFLOW = RECIPES / "github" / "forkproof.yml"
README = RECIPES / "github" / "README.md"
SHELL = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]  # what `shell: bash` stands for
FILES = ("packages.sha256", "suppressions", "baseline.json")
LIMIT = {"results": 5000, "rules": 25000, "locations": 100, "tags": 10, "bytes": 10 << 20}


@needs("bash", "cc", "make")
class Workflow(Project):
    def setUp(self):
        super().setUp()
        self.workflow = yaml().safe_load(WORKFLOW.read_text())
        self.job = self.workflow["jobs"]["audit"]
        self.steps = {step.get("name", step.get("uses")): step for step in self.job["steps"]}

    def run_step(self, name, **more):
        return self.play_script(SHELL, self.steps[name]["run"], **more)

    def test_its_shape_is_a_workflows(self):
        self.assertLessEqual({"name", True, "permissions", "jobs"}, self.workflow.keys())  # YAML reads `on` as true
        self.assertEqual("bash", self.job["defaults"]["run"]["shell"])
        for step in self.job["steps"]:
            self.assertEqual(1, len({"run", "uses"} & step.keys()), step)
        self.assertEqual({"contents": "read"}, self.workflow["permissions"])
        self.assertEqual({"contents": "read", "security-events": "write", "actions": "read"}, self.job["permissions"])
        self.assertIs(False, self.steps["actions/checkout@v5"]["with"]["persist-credentials"])
        for name in ("Findings to code scanning", "Reports and record"):
            self.assertTrue(self.steps[name]["if"].startswith("always()"))
        self.assertIn("head.repo.full_name == github.repository", self.steps["Findings to code scanning"]["if"])
        self.assertEqual("audit/forkproof.sarif", self.steps["Findings to code scanning"]["with"]["sarif_file"])

    def test_findings_fail_the_step_and_are_in_the_files(self):
        done = self.run_step("Audit")
        self.assertEqual(FAILED, done.returncode, done.stdout)
        self.assertRegex(done.stdout, r"SUMMARY: forkproof: 2 errors")
        self.assertEqual({"forkproof.sarif", "forkproof.xml", "forkproof.json", "forkproof.record"},
                         {path.name for path in (self.project / "audit").iterdir()})
        self.assert_fit_for_code_scanning(self.sarif())

    def assert_fit_for_code_scanning(self, log):
        (run,) = log["runs"]
        self.assertLess((self.project / "audit" / "forkproof.sarif").stat().st_size, LIMIT["bytes"])
        self.assertLess(len(run["results"]), LIMIT["results"])
        self.assertLess(len(run["tool"]["driver"]["rules"]), LIMIT["rules"])
        for rule in run["tool"]["driver"]["rules"]:
            self.assertLessEqual(len(rule["properties"]["tags"]), LIMIT["tags"])
        self.assertEqual(FINDINGS, {result["ruleId"] for result in run["results"]})
        for result in run["results"]:
            self.assertIn("primaryLocationLineHash", result["partialFingerprints"])
            self.assertLess(len(result["locations"]), LIMIT["locations"])
            place = result["locations"][0]["physicalLocation"]
            self.assertEqual("tests/server.c", place["artifactLocation"]["uri"])
            source = (self.project / "tests" / "server.c").read_text().splitlines()
            self.assertIn("fork()", source[place["region"]["startLine"] - 1])

    def test_mended_it_passes(self):
        done = self.run_step("Audit", MENDED="1")
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertEqual([], self.sarif()["runs"][0]["results"])

    def test_in_the_baseline_it_passes_and_is_told(self):
        self.run_step("Audit")
        self.keep_as_baseline()
        done = self.run_step("Audit")
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertEqual({"unchanged"}, {result["baselineState"] for result in self.sarif()["runs"][0]["results"]})

    def test_suppressed_it_passes(self):
        self.suppress("# Our worker ends by itself.", "daemonize-leak:start_worker", "zombie-apocalypse:*")
        done = self.run_step("Audit")
        self.assertEqual(0, done.returncode, done.stdout)

    def test_a_check_that_fails_keeps_its_status(self):
        self.write("tests/run", "#!/bin/sh\nexit 5\n")
        self.assertEqual(2, self.run_step("Audit").returncode)  # make's

    def test_packages_are_fetched_checked_and_installed(self):
        self.check_installation(SHELL, self.steps["forkproof"]["run"])


class Words(unittest.TestCase):
    def test_the_readme_names_what_the_workflow_needs(self):
        for word in ("FORKPROOF_PACKAGES", *(f".forkproof/{name}" for name in FILES)):
            self.assertIn(word, README.read_text())
            self.assertIn(word, WORKFLOW.read_text())


if __name__ == "__main__":
    main()
