"""--confine: the program's signals stay within the run, whichever call sends them."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import unittest

import harness
from harness import Case, RUNGS

KILLER = os.path.join(harness.HELPERS, "killer")
WAYS = ("kill", "raw", "tgkill", "tkill", "sigqueue", "tgsigqueue", "pidfd", "directory")
TERM = str(int(signal.SIGTERM))


class Confine(Case):
    def stranger(self, **options):
        """A process outside the run, in a group of its own."""
        process = subprocess.Popen(["sleep", "1000"], env=self.environment, process_group=0, **options)
        self.started.append(process)
        return process

    def report_of(self, *words, **options):
        path = os.path.join(self.directory, "report.json")
        done = self.run_to_end("--confine", "--report=" + path, *words, **options)
        with open(path) as file:
            return json.load(file), done

    def assert_lives(self, process):
        """A signal sent before would be seen: it is ended only now, by ours."""
        process.send_signal(signal.SIGKILL)
        self.assertEqual(process.wait(harness.DEADLINE), -signal.SIGKILL)

    def test_a_stranger_by_every_call(self):
        for rung in RUNGS:
            stranger = self.stranger()
            unseen = rung == "pidns"  # the kernel knows nobody of that number there
            for way in WAYS:
                with self.subTest(rung=rung, way=way):
                    report, done = self.report_of("--contain=" + rung, KILLER, way, str(stranger.pid), TERM)
                    self.assertEqual(done.stdout, b"%d\n" % (errno.EPERM if not unseen else
                                                           errno.ENOENT if way == "directory" else errno.ESRCH))
                    self.assertEqual(report["refused_signals"]["total"], int(way != "directory" and not unseen))
            self.assert_lives(stranger)

    def test_what_is_said(self):
        stranger = self.stranger()
        report, done = self.report_of(KILLER, "kill", str(stranger.pid), TERM)
        self.assertEqual(done.stderr.decode(), "forkproof: refused 1 signal to processes outside the run "
                         "(killer: SIGTERM to sleep %d)\n" % stranger.pid)
        first, = report["refused_signals"]["first"]
        self.assertEqual((first["name"], first["target"], first["target_name"], first["signal"]),
                         ("killer", stranger.pid, "sleep", "SIGTERM"))
        self.assert_lives(stranger)

    @unittest.skipUnless(shutil.which("pkill"), "needs pkill")
    def test_pkill_in_a_build_script(self):
        stranger = self.stranger(executable=shutil.copy(shutil.which("sleep"), os.path.join(self.directory, "java")))
        script = "cp $(command -v sleep) %s/inner; %s/inner 1000 & pkill '^(sleep|inner|java)$'; wait; true"
        report, done = self.report_of("sh", "-c", script % (self.directory, self.directory))
        self.assertGreaterEqual(report["refused_signals"]["total"], 1)
        self.assertRegex(done.stderr.decode(), r"refused \d+ signals? to processes outside the run \(pkill: ")
        self.assertEqual(report["left_total"], 0, "the one inside was ended")
        self.assert_lives(stranger)

    def test_members_by_every_call(self):
        """A grandchild that a static image might have made: known by its parents only."""
        for rung in RUNGS:
            for way in WAYS:
                if way == "directory":  # whose it is /proc does not tell
                    continue
                with self.subTest(rung=rung, way=way):
                    script = ("sh -c 'sleep 1000 & echo $! > pid'; %s %s $(cat pid) %s;"
                              "while kill -0 $(cat pid) 2> /dev/null; do :; done") % (KILLER, way, TERM)
                    report, done = self.report_of("--contain=" + rung, "sh", "-c", script, cwd=self.directory)
                    self.assertEqual((done.stdout, report["left_total"]), (b"0\n", 0), done.stderr)
                    self.assertEqual(report["refused_signals"]["total"], 0)

    def test_supervisor_and_guard_are_outside(self):
        report, done = self.report_of("sh", "-c", "%s kill $PPID 15; set -- $(cat /proc/$PPID/stat);"
                                      "%s kill $4 15; set -- $(cat /proc/$4/stat); %s kill $4 15" % (KILLER, KILLER, KILLER))
        self.assertEqual(done.stdout, b"1\n1\n1\n")
        self.assertEqual((done.returncode, report["refused_signals"]["total"]), (0, 3))

    def test_signal_0_is_let_through(self):
        stranger = self.stranger()
        report, done = self.report_of(KILLER, "kill", str(stranger.pid), "0")
        self.assertEqual((done.stdout, report["refused_signals"]["total"]), (b"0\n", 0))
        self.assert_lives(stranger)

    def test_nobody_and_bad_numbers_are_as_bare(self):
        for words in (["kill", "4194304", TERM], ["group", "4194303", TERM], ["kill", str(os.getpid()), "65"]):
            bare = subprocess.run([KILLER, *words], capture_output=True)
            report, done = self.report_of(KILLER, *words)
            self.assertEqual((done.stdout, report["refused_signals"]["total"]), (bare.stdout, 0))

    def test_the_callers_pipeline(self):
        """kill(0) in a group that the caller shares: members get it, the rest does not."""
        for rung in RUNGS:
            stranger = subprocess.Popen(["sleep", "1000"], env=self.environment, process_group=0)
            self.started.append(stranger)
            script = "trap 'echo got' USR1; %s own 0 %d; wait; echo done" % (KILLER, signal.SIGUSR1)
            report, done = self.report_of("--contain=" + rung, "sh", "-c", script, process_group=stranger.pid)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(b"got\n", done.stdout)  # the killer itself dies of it before it prints
            if rung != "pidns":  # there nobody can be seen who did not get it
                self.assertEqual(report["refused_signals"]["total"], 1)
                self.assertEqual(report["refused_signals"]["first"][0]["target"], -stranger.pid)
            self.assert_lives(stranger)

    def test_a_group_of_strangers(self):
        stranger = self.stranger()
        report, done = self.report_of(KILLER, "group", str(stranger.pid), TERM)
        self.assertEqual((done.stdout, report["refused_signals"]["total"]), (b"%d\n" % errno.EPERM, 1))
        self.assert_lives(stranger)

    def test_groups_and_sessions_of_members(self):
        for how in ("setsid", "exec"):
            script = ("set -m; %s sh -c 'echo $$ > pid; sleep 1000 & sleep 1000' & set +m;"
                      "until [ -s pid ] && [ $(pgrep -c -g $(cat pid)) = 3 ]; do :; done;"
                      "%s group $(cat pid) 15; while pgrep -g $(cat pid); do :; done > /dev/null; wait" % ("setsid" if how == "setsid" else "", KILLER))
            report, done = self.report_of("bash", "-c", script, cwd=self.directory)
            os.unlink(os.path.join(self.directory, "pid"))
            self.assertEqual((done.stdout, report["left_total"]), (b"0\n", 0), done.stderr)

    def test_everybody_is_the_members(self):
        for rung in RUNGS:
            stranger = self.stranger()
            # A shell's child that has not executed yet would take the signal by the shell's trap.
            script = ("trap 'echo got' TERM; sleep 1000 & until read -r name < /proc/$!/comm && [ $name = sleep ]; do :; done;"
                      " %s all 0 15; wait; wait; echo done") % KILLER
            report, done = self.report_of("--contain=" + rung, "sh", "-c", script)
            self.assertEqual((sorted(done.stdout.split()), report["left_total"]), ([b"0", b"done", b"got"], 0))
            self.assertGreaterEqual(report["refused_signals"]["total"], int(rung != "pidns"))
            self.assert_lives(stranger)

    def test_threads_and_the_process_itself(self):
        text = ("import os, signal, threading\n"
                "signal.signal(signal.SIGUSR1, lambda *a: print('got', flush=True))\n"
                "os.kill(os.getpid(), signal.SIGUSR1)\n"
                "signal.raise_signal(signal.SIGUSR1)\n"
                "signal.pthread_kill(threading.get_ident(), signal.SIGUSR1)\n")
        report, done = self.report_of(sys.executable, "-S", "-c", text)
        self.assertEqual(done.stdout, b"got\n" * 3)
        self.assertEqual(report["refused_signals"]["total"], 0)

    def test_a_cleared_environment(self):
        stranger = self.stranger()
        _, done = self.report_of("env", "-i", KILLER, "kill", str(stranger.pid), TERM)
        self.assertEqual(done.stdout, b"%d\n" % errno.EPERM)
        self.assert_lives(stranger)

    def test_a_run_within_a_run(self):
        """The inner run is inside the outer; its own teardown is not refused."""
        inner = self.command("--grace=0", "sh", "-c", "sleep 1000 & true")
        report, done = self.report_of(*inner)
        self.assertEqual((done.returncode, report["left_total"]), (0, 0), done.stderr)
        self.assertIn(b"left behind by sh: 1 process", done.stderr)
        self.assertEqual(report["refused_signals"]["total"], 0)

    def test_without_it_strangers_are_signalled_as_bare(self):
        stranger = self.stranger()
        done = self.run_to_end(KILLER, "kill", str(stranger.pid), TERM)
        self.assertEqual((done.stdout, done.stderr), (b"0\n", b""))
        self.assertEqual(stranger.wait(harness.DEADLINE), -signal.SIGTERM)

    def test_as_an_option(self):
        stranger = self.stranger()
        done = self.run_to_end("-o", "confine=on", KILLER, "kill", str(stranger.pid), TERM)
        self.assertEqual(done.stdout, b"%d\n" % errno.EPERM)
        self.assert_lives(stranger)

    def test_preloaded_alone_it_says_so_once(self):
        environment = dict(self.environment, LD_PRELOAD=harness.preload_path(), FORKPROOF_OPTIONS="confine=on:contain=off")
        done = subprocess.run(["sh", "-c", "sh -c 'true; true'; env -i true; true"], env=environment, capture_output=True)
        self.assertEqual(done.stderr, b"forkproof: FORKPROOF_OPTIONS: confine=on works under forkproof run only: "
                                      b"nothing is confined\n")

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_plain_user(self):
        killer, options = self.as_user(KILLER)
        stranger = self.stranger(**{name: options[name] for name in ("user", "group", "extra_groups")})
        script = "%s kill %d 15; sh -c 'sleep 1000 & echo $!' | (read pid; %s kill $pid 15)" % (
            killer, stranger.pid, killer)
        done = self.run_to_end("--confine", "sh", "-c", script.replace("&", ">/dev/null &", 1), **options)
        self.assertEqual(done.stdout, b"1\n0\n", done.stderr)
        self.assert_lives(stranger)


if __name__ == "__main__":
    unittest.main()
