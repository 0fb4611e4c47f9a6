"""The report: JSON of schema 1, whole or not there, wherever it is written."""

import json
import os
import re
import subprocess
import unittest

import harness
from harness import Case, LEAVER, RUNGS, send


class Report(Case):
    def report_of(self, *words, status=0):
        path = os.path.join(self.directory, "report.json")
        done = self.run_to_end("--report=" + path, *words)
        self.assertEqual(done.returncode, status, done.stderr)
        with open(path) as f:
            report = json.load(f)
        self.assertEqual([name for name in os.listdir(self.directory) if name.startswith(".")], [])
        self.assertEqual((report["schema"], report["exit"]), (1, status))
        return report

    def test_a_plain_run(self):
        report = self.report_of("sh", "-c", "exit 3", status=3)
        self.assertEqual(report["argv"], ["sh", "-c", "exit 3"])
        self.assertEqual(report["root"]["exited"], 3)
        self.assertEqual(report["hooks"], {"image": "dynamic", "hooks": True, "why": None})
        self.assertEqual((report["left"], report["left_total"]), ([], 0))
        self.assertEqual((report["signal"], report["grace_s"]), ("SIGTERM", 5.0))
        self.assertRegex(report["times"]["start"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")
        self.assertGreater(report["times"]["root_s"], 0)
        self.assertRegex(report["run"], r"^\d+-[0-9a-f]{8}\.\d+$")

    def test_a_death_by_signal(self):
        report = self.report_of("sh", "-c", "kill -TERM $$", status=143)
        self.assertEqual(report["root"]["signal"], "SIGTERM")

    def test_what_was_left_and_the_rung(self):
        for rung in RUNGS:
            report = self.report_of("--contain=" + rung, LEAVER, "daemon", "2")
            self.assertEqual(report["left_total"], 2)
            for left in report["left"]:
                self.assertEqual((left["comm"], left["ended"]), ("leaver", "SIGTERM"))
                self.assertEqual(left["argv"], [LEAVER, "daemon", "2"])
            self.assertEqual(report["rung"]["obtained"], rung)
            self.assertTrue(report["rung"]["escapes"])
            self.assertEqual(report["rung"]["mechanism"], "pidfd")
            self.assertEqual(report["rung"]["why_not_stronger"] is None, rung != "walk")

    def test_arguments_that_are_not_utf8(self):
        report = self.report_of("--grace=0", "--", "sh", "-c", "sleep 1000 & exit 0", b"\xff\x01\n")
        self.assertEqual(report["argv"][-1], "\ufffd\x01\n")

    def test_images(self):
        script = os.path.join(self.directory, "script")
        with open(script, "w") as f:
            f.write("#! /bin/sh -e\nexit 0\n")
        os.chmod(script, 0o755)
        report = self.report_of(script)
        self.assertEqual(report["hooks"]["image"], "script:/bin/sh")
        self.assertTrue(report["hooks"]["hooks"])

    def test_a_static_program_is_told_of(self):
        source = os.path.join(self.directory, "x.c")
        with open(source, "w") as f:
            f.write("int main(void) { return 0; }\n")
        program = os.path.join(self.directory, "static")
        built = subprocess.run(["cc", "-static", "-o", program, source], capture_output=True)
        if built.returncode != 0:
            self.skipTest("no static libc")
        report = self.report_of(program)
        self.assertEqual((report["hooks"]["image"], report["hooks"]["hooks"]), ("static", False))
        done = self.run_to_end(program)
        self.assertRegex(done.stderr.decode(), r"^forkproof: .* is statically linked: .*\n$")
        self.assertEqual(self.run_to_end("--quiet", program).stderr, b"")

    def test_descriptors_pipes_and_devices(self):
        done = self.run_to_end("--report=/dev/stderr", "true")
        self.assertEqual(json.loads(done.stderr)["schema"], 1)
        read, write = os.pipe()
        self.run_to_end("--report=/dev/fd/%d" % write, "true", pass_fds=[write])
        os.close(write)
        self.assertEqual(json.loads(harness.read_until(read, None))["schema"], 1)
        os.close(read)
        self.assertEqual(self.run_to_end("--report=/dev/null", "true").returncode, 0)

    def test_a_fifo_waits_for_its_reader(self):
        fifo = os.path.join(self.directory, "fifo")
        os.mkfifo(fifo)
        process = self.start("--report=" + fifo, "true")
        with open(fifo) as f:
            self.assertEqual(json.load(f)["schema"], 1)
        self.assertEqual(self.finish(process)[0], 0)

    def test_it_is_private_until_it_is_whole(self):
        path = os.path.join(self.directory, "report.json")
        done = self.run_to_end("--report=" + path, "sh", "-c", "stat -c %%a %s/.report.json.*" % self.directory,
                               umask=0o022)
        self.assertEqual(done.stdout, b"600\n")
        self.assertEqual(os.stat(path).st_mode & 0o777, 0o644)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_the_mode_of_another_users_file_is_not_kept(self):
        shared = os.path.join(self.directory, "shared")
        os.mkdir(shared)
        os.chmod(shared, 0o1777)
        path = os.path.join(shared, "report.json")
        with open(path, "w"):
            os.chmod(path, 0o666)
            os.chown(path, 65534, 65534)
        self.run_to_end("--report=" + path, "true", umask=0o077)
        status = os.stat(path)
        self.assertEqual((status.st_uid, status.st_mode & 0o777), (0, 0o600))

    def test_it_is_fit_for_a_terminal(self):
        path = os.path.join(self.directory, "report.json")
        name = "\u009b31m\u202e"
        self.run_to_end("--report=" + path, "sh", "-c", "true", name)
        with open(path, "rb") as f:
            text = f.read()
        self.assertTrue(text.isascii())
        self.assertEqual(json.loads(text)["argv"][3], name)

    def test_a_link_is_followed_and_the_mode_kept(self):
        target = os.path.join(self.directory, "target")
        with open(target, "w") as f:
            f.write("x" * 100000)
        os.chmod(target, 0o640)
        link = os.path.join(self.directory, "report.json")
        os.symlink("target", link)
        self.report_of("true")
        self.assertTrue(os.path.islink(link))
        self.assertEqual(os.stat(target).st_mode & 0o777, 0o640)

    def test_no_report_of_a_program_that_never_started(self):
        path = os.path.join(self.directory, "report.json")
        self.assertEqual(self.run_to_end("--report=" + path, "no-such-program").returncode, 127)
        self.assertEqual([n for n in os.listdir(self.directory) if n != "runtime"], [])

    def test_the_survivor_writes_it(self):
        for victim in ("guard", "supervisor"):
            path = os.path.join(self.directory, victim)
            process = self.start("--report=" + path, LEAVER, "daemon", "2", "stay")
            self.ready(process)
            send(process.pid if victim == "guard" else self.supervisor_of(process), "KILL")
            process.wait(harness.DEADLINE)
            harness.wait_for(lambda: os.path.exists(path), "a report")
            with open(path) as f:
                self.assertTrue(json.load(f)[victim + "_killed"])


if __name__ == "__main__":
    unittest.main()
