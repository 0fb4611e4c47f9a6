"""Nothing outlives the program, whoever is killed: proved by the end of a pipe that all members hold."""

import os
import signal
import sys
import unittest

import harness
from harness import Case, LEAVER, RUNGS, read_until, send


class Contain(Case):
    def end_of(self, words, err):
        """Runs to the end; nothing survives; the closing line is this, with origins behind it."""
        process, read = self.start_held(*words)
        self.ready(process)
        status, _, text = self.finish(process)
        self.assertEqual(status, 0, text)
        self.assert_all_gone(read)
        first, newline, origins = text.decode().partition("\n")
        self.assertRegex(first + newline, err)
        self.assertRegex(origins, r"\A(forkproof:   .*\n){0,5}\Z")

    def test_double_forkers_are_asked_to_end(self):
        for rung in RUNGS:
            self.end_of(["--contain=" + rung, LEAVER, "daemon", "2"],
                        r"^forkproof: left behind by leaver: 2 processes \(leaver \d+, leaver \d+\);"
                        r" ended by SIGTERM: 2 \[rung %s\]\n$" % rung)

    def test_the_deaf_are_killed_after_the_grace(self):
        for rung in RUNGS:
            self.end_of(["--contain=" + rung, "--grace=100ms", LEAVER, "ignore", "3"],
                        r"ended by SIGKILL: 3 \[rung %s\]\n$" % rung)

    def test_without_grace_and_with_kill_as_the_signal(self):
        for rung in RUNGS:
            self.end_of(["--contain=" + rung, "--grace=0", LEAVER, "ignore", "3"], "SIGKILL: 3")
            self.end_of(["--contain=" + rung, "--signal=KILL", LEAVER, "daemon", "3"], "SIGKILL: 3")

    def test_another_signal(self):
        self.end_of(["--signal=usr1", LEAVER, "daemon", "1"], "ended by SIGUSR1: 1")

    def test_the_stopped_are_continued_to_hear_it(self):
        for rung in RUNGS:
            self.end_of(["--contain=" + rung, LEAVER, "stopped", "2"], "SIGTERM: 2")

    def test_a_tree_of_a_hundred(self):
        for rung in RUNGS:
            self.end_of(["--contain=" + rung, LEAVER, "tree", "100"],
                        r"100 processes \(.*, \.\.\.\); ended by SIGTERM: 100 \[rung %s\]\n$" % rung)

    def test_more_than_the_record_holds(self):
        for rung in RUNGS:
            self.end_of(["--contain=" + rung, LEAVER, "tree", "400"], "400 processes .*not listed")

    def test_those_beyond_the_record_are_counted_once(self):
        """Each round of killing sees them again: they were left behind, not born meanwhile."""
        for rung in RUNGS:
            self.end_of(["--contain=" + rung, "--signal=KILL", LEAVER, "tree", "400"],
                        r"400 processes [^;]*; ended by SIGKILL: 256; others not listed \[rung")

    def test_quiet(self):
        self.end_of(["--quiet", LEAVER, "daemon", "1"], "^$")

    def test_orphans_are_reaped_while_the_program_runs(self):
        process, read = self.start_held(LEAVER, "daemon", "3", "stay")
        root = self.ready(process)
        supervisor = self.supervisor_of(process)
        orphans = [pid for pid in harness.children(supervisor) if pid != root]
        self.assertEqual(len(orphans), 3)
        for pid in orphans:
            send(pid, "KILL")
        harness.wait_for(lambda: harness.children(supervisor) == [root], "no zombie")
        send(process.pid, "TERM")
        self.assertEqual(self.finish(process)[0], 143)
        self.assert_all_gone(read)

    def test_no_kill_leaves_them(self):
        for words in (["--no-kill"], ["--contain=none"]):
            process, read = self.start_held(*words, LEAVER, "daemon", "2")
            self.ready(process)
            self.assertEqual(process.wait(harness.DEADLINE), 0)
            text = read_until(process.stderr.fileno(), b"\n")  # they hold it: no end of file
            self.assertIn(b"left running: 2", text)
            survivors = self.survivors()
            self.assertEqual(len(survivors), 2)
            self.assertEqual(self.runs(), [])
            harness.wait_for(lambda: self.cgroups() <= self.cgroups_before, "no cgroup")
            for pid in survivors:
                send(pid, "KILL")
            self.assert_all_gone(read)

    def test_a_second_signal_ends_the_grace(self):
        process, read = self.start_held("--grace=1h", LEAVER, "ignore", "2")
        self.ready(process)
        supervisor = self.supervisor_of(process)
        harness.wait_for(lambda: len(harness.children(supervisor)) == 2, "the root is gone")
        send(process.pid, "TERM")
        status, _, text = self.finish(process)
        self.assertEqual(status, 0)
        self.assertIn(b"SIGKILL: 2", text)
        self.assert_all_gone(read)

    def test_the_guard_is_killed(self):
        for rung in RUNGS:
            process, read = self.start_held("--contain=" + rung, LEAVER, "ignore", "20", "stay")
            self.ready(process)
            send(process.pid, "KILL")
            self.assert_all_gone(read)
            self.assertEqual(process.wait(harness.DEADLINE), -signal.SIGKILL)
            self.assert_no_trace()

    def test_the_supervisor_is_killed(self):
        for rung in RUNGS:
            process, read = self.start_held("--contain=" + rung, LEAVER, "ignore", "20", "stay")
            self.ready(process)
            send(self.supervisor_of(process), "KILL")
            status, _, text = self.finish(process)
            self.assertEqual(status, 125)
            self.assertRegex(text.decode(), r"^forkproof: supervisor was killed;.*\n$")
            self.assert_all_gone(read)
            self.assert_no_trace()

    def test_the_whole_process_group_is_killed(self):
        for rung in RUNGS:
            process, read = self.start_held("--contain=" + rung, LEAVER, "ignore", "20", "stay")
            self.ready(process)
            os.killpg(process.pid, signal.SIGKILL)
            self.assert_all_gone(read)
            process.wait(harness.DEADLINE)
            self.assert_no_trace()

    def test_killed_at_any_moment_of_the_start(self):
        """Guard or group killed after a delay that grows through the whole of the start."""
        for step in range(60):
            group = step % 2
            read, write = os.pipe()
            process = self.start("--contain=" + RUNGS[step % len(RUNGS)], "sleep", "1000",
                                 pass_fds=[write])
            os.close(write)
            # Not a synchronisation: the very moment is what is varied.
            signal.sigtimedwait([signal.SIGRTMAX], step * 0.0001)
            if group:
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
            self.assert_all_gone(read)
            os.close(read)
            process.wait()
        # What was killed before it had a supervisor leaves its directory to the next start.
        self.assertEqual(self.run_to_end("true").returncode, 0)

    def test_the_guard_is_killed_during_the_grace(self):
        process, read = self.start_held("--grace=1h", LEAVER, "ignore", "3")
        self.ready(process)
        supervisor = self.supervisor_of(process)
        harness.wait_for(lambda: len(harness.children(supervisor)) == 3, "the root is gone")
        send(process.pid, "KILL")
        self.assert_all_gone(read)

    def test_forkers_are_outrun(self):
        # Their zombies outrun whoever reaps them too, up to a limit that root has not.
        limit = 512 + sum(name.isdigit() for name in os.listdir("/proc"))
        text = ("import os, resource, sys\nprint('ready 0', flush=True)\n"
                "resource.setrlimit(resource.RLIMIT_NPROC, (%d, %d))\n"
                "os.getuid() or os.setuid(61234)\n"
                "for depth in range(6):\n os.fork() or os.setsid()\n"
                "while True:\n"
                "  try: child = os.fork()\n  except BlockingIOError: continue\n"
                "  if child == 0: os.setsid()\n  else: os._exit(0)\n" % (limit, limit))
        for rung in RUNGS:
            process, read = self.start_held("--contain=" + rung, "--grace=0", sys.executable, "-S",
                                            "-c", text)
            self.ready(process)
            self.finish(process)
            self.assert_all_gone(read)

    def test_stale_directories_are_cleared(self):
        os.mkdir(self.runtime, 0o700)
        here = os.stat("/proc/self/ns/pid").st_ino
        stale = os.path.join(self.runtime, "4194305-00000000.%d" % here)
        elsewhere = os.path.join(self.runtime, "4194305-00000000.1")  # its pids mean nothing here
        os.mkdir(stale, 0o700)
        os.mkdir(elsewhere, 0o700)
        with open(os.path.join(stale, "run"), "w") as f:
            f.write("guard=4194305 1\nsupervisor=4194306 1\nroot=0\nrung=walk\ncgroup=\n")
        self.run_to_end("true")
        self.assertEqual(self.runs(), [os.path.basename(elsewhere)])
        os.rmdir(elsewhere)

    def test_the_default_runtime_directory_goes_with_its_last_run(self):
        session = os.path.join(self.directory, "session")
        os.mkdir(session, 0o700)
        environment = dict(self.environment, XDG_RUNTIME_DIR=session)
        del environment["FORKPROOF_RUNTIME_DIR"]
        process, read = self.start_held(LEAVER, "ignore", "1", "stay", env=environment)
        self.ready(process)
        self.assertEqual(self.run_to_end("true", env=environment).returncode, 0)
        self.assertEqual(os.listdir(session), ["forkproof"])
        send(process.pid, "KILL")
        self.assert_all_gone(read)
        harness.wait_for(lambda: os.listdir(session) == [], "the directory is left")

    def test_nested_runs(self):
        for rung in RUNGS:
            process, read = self.start_held("--contain=" + rung,
                                            *self.command("--grace=1h", LEAVER, "ignore", "2"))
            self.ready(process)
            send(process.pid, "KILL")
            self.assert_all_gone(read)

    @unittest.skipUnless("cgroup" in RUNGS, "needs a writable cgroup")
    def test_a_member_that_moves_itself_out_of_the_cgroup_is_found(self):
        script = ("(echo 0 > %s/cgroup.procs; trap '' TERM; echo ready 0; exec sleep 1000) &"
                  " sleep 0.2" % harness.cgroup_directory())
        process, read = self.start_held("--contain=cgroup", "--grace=50ms", "sh", "-c", script)
        self.ready(process)
        self.assertRegex(self.finish(process)[2].decode(), r"SIGKILL: 1 \[rung cgroup\]")
        self.assert_all_gone(read)

    @unittest.skipUnless("cgroup" in RUNGS, "needs a writable cgroup")
    def test_cgroups_made_by_members_are_removed(self):
        script = ("own=%s$(sed -n 's/^0:://p' /proc/self/cgroup); mkdir -p $own/a/b; echo ready 0;"
                  "((echo 0 > $own/a/b/cgroup.procs; echo moved; exec sleep 1000 > /dev/null) &) |"
                  "read moved"
                  % harness.cgroup_directory().rstrip("/"))
        process, read = self.start_held("--contain=cgroup", "sh", "-c", script)
        self.ready(process)
        self.assertRegex(self.finish(process)[2].decode(), r"SIGTERM: 1 \[rung cgroup\]")
        self.assert_all_gone(read)

    def as_plain_user(self):
        """Somebody who may make no cgroup: the place of the runs, a leaver, options of Popen."""
        leaver, options = self.as_user(LEAVER)
        return options["env"]["FORKPROOF_RUNTIME_DIR"], leaver, options

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_signal_that_came_before_the_weaker_rung_was_told_is_passed_on(self):
        """One that is pending from the outset comes before anything else that the guard hears."""
        _, _, options = self.as_plain_user()
        def leave_one_pending():
            signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
            os.kill(os.getpid(), signal.SIGUSR1)
        text = "import signal; print(signal.sigtimedwait([signal.SIGUSR1], %d))" % harness.DEADLINE
        done = self.run_to_end("--contain=cgroup", sys.executable, "-S", "-c", text,
                               preexec_fn=leave_one_pending, **options)
        self.assertIn(b"si_signo=10", done.stdout, done.stderr)
        self.assertRegex(done.stderr, rb"^forkproof: cannot contain by cgroup, doing it by walk: .*\n$")

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_plain_user_gets_the_walk(self):
        runtime, leaver, options = self.as_plain_user()
        for words in ([], ["--contain=cgroup", "--quiet"]):
            process, read = self.start_held(*words, leaver, "ignore", "3", "stay", **options)
            self.ready(process)
            send(process.pid, "KILL")
            self.assert_all_gone(read)
        done = self.run_to_end("--strict", "true", **options)
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr.decode(), r"^forkproof: cannot contain by cgroup \(--strict\):")
        done = self.run_to_end("--grace=50ms", leaver, "ignore", "2", **options)
        self.assertRegex(done.stderr.decode(), r"SIGKILL: 2 \[rung walk\]")
        self.assertEqual(os.listdir(runtime), [])


if __name__ == "__main__":
    unittest.main()
