#!/usr/bin/python3 -B
"""docs/recipes/jenkins: the Jenkinsfile, compiled by Groovy, its sh steps run; and what an aborted build leaves."""

import json
import os
import pathlib
import signal
import subprocess
import time
import xml.etree.ElementTree

from processes import carriers
from recipe import main, needs, Place, RECIPES
from sample import FAILED, FINDINGS, Project

JENKINSFILE = RECIPES / "jenkins" / "Jenkinsfile"
PLAYER = pathlib.Path(__file__).with_name("pipeline.groovy")
TIMEOUT = 60


@needs("groovy", "cc", "make")
class Pipeline(Project):
    def run_pipeline(self, status, **more):
        """Its steps: (name, arguments)."""
        done = subprocess.run(["groovy", PLAYER, JENKINSFILE], cwd=self.project, env=self.environment(**more),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, timeout=120)
        log = self.project / "sh.log"
        self.assertEqual(status, done.returncode, log.read_text() if log.exists() else done.stdout)
        steps = [json.loads(line) for line in done.stdout.splitlines()]
        return {step["step"]: step["arguments"] for step in steps}

    def test_findings_fail_the_build_and_are_published_all_the_same(self):
        steps = self.run_pipeline(FAILED)
        (junit,), (record,), (archive,) = steps["junit"], steps["recordIssues"], steps["archiveArtifacts"]
        self.assertEqual({"daemonize-leak", "zombie-apocalypse"}, self.failed_tests(junit["testResults"]))
        self.assertTrue(record["enabledForFailure"])
        (tool,) = steps["sarif"]
        self.assertEqual("audit/forkproof.sarif", tool["pattern"])
        self.assertEqual(FINDINGS, {result["ruleId"] for result in self.sarif()["runs"][0]["results"]})
        self.assertEqual({"forkproof.xml", "forkproof.sarif", "forkproof.json", "forkproof.record"},
                         {path.name for path in self.project.glob(archive["artifacts"])})

    def failed_tests(self, pattern):
        (path,) = self.project.glob(pattern)
        cases = xml.etree.ElementTree.parse(path).getroot().iter("testcase")
        return {case.get("name") for case in cases if case.find("failure") is not None}

    def test_mended_or_in_the_baseline_it_passes(self):
        self.run_pipeline(0, MENDED="1")
        self.run_pipeline(FAILED)
        self.keep_as_baseline()
        self.run_pipeline(0)


@needs("setsid")
class Aborted(Project):
    """Jenkins ends a build by signalling all that has the build's cookie in its environment."""

    def leave(self, *under):
        """A build that goes on, its helper that has no environment, who has the cookie, and a pipe that they hold."""
        cookie = f"forkproof.{os.getpid()}.{time.monotonic_ns()}"
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        build = subprocess.Popen([*under, "sh", "-c", "env -i setsid sh -c 'echo $$; exec sleep 1000' & wait"],
                                 cwd=self.project, env=self.environment(JENKINS_NODE_COOKIE=cookie),
                                 stdout=writing, stderr=subprocess.DEVNULL)
        os.close(writing)
        return build, int(os.read(reading, 20)), carriers(f"JENKINS_NODE_COOKIE={cookie}"), reading

    def abort(self, *under):
        """Whether the helper is gone then."""
        build, helper, pids, pipe = self.leave(*under)
        for pid in pids:
            os.kill(pid, signal.SIGTERM)
        build.wait(TIMEOUT)
        if under:
            self.assertEqual(b"", os.read(pipe, 1))  # ends when nobody holds it any more
            return not os.path.exists(f"/proc/{helper}")
        alive = os.path.exists(f"/proc/{helper}")
        os.kill(helper, signal.SIGKILL)
        return not alive

    def test_what_dropped_the_cookie_survives_an_abort_bare_and_not_with_forkproof(self):
        self.assertFalse(self.abort())
        self.assertTrue(self.abort(Place.forkproof(), "run", "-q", "--"))


if __name__ == "__main__":
    main()
