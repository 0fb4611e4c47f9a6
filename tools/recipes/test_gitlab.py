#!/usr/bin/python3 -B
"""docs/recipes/gitlab: the job's script, run as the runner's bash would, and its JUnit file read as GitLab reads it."""

import xml.etree.ElementTree

from recipe import main, needs, RECIPES
from sample import FAILED, FINDINGS, Project, yaml

JOB = RECIPES / "gitlab" / ".gitlab-ci.yml"
SHELL = ["bash", "-eo", "pipefail"]
LIMIT = 30 << 20  # bytes of one JUnit file


@needs("bash", "cc", "make")
class Job(Project):
    def setUp(self):
        super().setUp()
        self.job = yaml().safe_load(JOB.read_text())["forkproof"]

    def run_script(self, **more):
        """All lines in one shell, which ends at the first that fails."""
        return self.play_script(SHELL, "\n".join(self.job["script"]), **more)

    def test_packages_are_fetched_checked_and_installed(self):
        self.check_installation(SHELL, "\n".join(self.job["before_script"]))

    def test_its_shape_is_a_jobs(self):
        for key in ("before_script", "script"):
            for line in self.job[key]:
                self.assertIsInstance(line, str)
        artifacts = self.job["artifacts"]
        self.assertEqual("always", artifacts["when"])
        self.assertEqual({"junit": "audit/forkproof.xml"}, artifacts["reports"])
        self.assertEqual(["audit/"], artifacts["paths"])

    def cases_of_the_report(self):
        """What GitLab takes: per testcase its classname (shown as suite), its name, and failure, error or skipped."""
        path = self.project / "audit" / "forkproof.xml"
        self.assertLess(path.stat().st_size, LIMIT)
        cases = xml.etree.ElementTree.parse(path).getroot().findall("./testsuite/testcase")
        names = [(case.get("classname"), case.get("name")) for case in cases]
        self.assertEqual(len(set(names)), len(names))  # of two of one name the second is not read
        for suite, name in names:
            self.assertTrue(suite and name)
        return cases

    def test_findings_fail_the_job_and_are_failed_tests(self):
        done = self.run_script()
        self.assertEqual(FAILED, done.returncode, done.stdout)
        failed = {case.get("name"): case.find("failure").text for case in self.cases_of_the_report()
                  if case.find("failure") is not None}
        self.assertEqual(FINDINGS, failed.keys())
        for text in failed.values():
            self.assertRegex(text, r"#0 \w+ tests/server\.c:\d+:\d+")
        self.assertTrue((self.project / "audit" / "forkproof.html").read_text().startswith("<!doctype html>"))

    def test_mended_it_passes(self):
        done = self.run_script(MENDED="1")
        self.assertEqual(0, done.returncode, done.stdout)
        for case in self.cases_of_the_report():
            self.assertEqual([], list(case))

    def test_in_the_baseline_it_passes(self):
        self.run_script()
        self.keep_as_baseline()
        done = self.run_script()
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertEqual([], [case for case in self.cases_of_the_report() if case.find("failure") is not None])

    def test_suppressed_it_passes(self):
        self.suppress("daemonize-leak:start_worker", "zombie-apocalypse:*")
        self.assertEqual(0, self.run_script().returncode)


if __name__ == "__main__":
    main()
