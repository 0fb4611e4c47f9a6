"""Signals reach the program as often as they would bare; job control is that of a bare program."""

import ctypes
import os
import pty
import re
import signal
import subprocess
import sys
import unittest

import harness
from harness import Case, SIGNAL_LOG, FORKPROOF, read_until, send

COUNTED = ("TERM", "HUP", "INT", "USR1", "QUIT", "CONT", "ALRM", "WINCH")


class Forwarding(Case):
    def log_of(self, words, act):
        """What the program logged while act(guard) happened, and then SIGUSR2, which ends it.
        act names a signal to wait for in the log, or None."""
        process = self.start(*words)
        self.ready(process)
        seen = b""
        if act(process.pid):
            seen = read_until(process.stdout.fileno(), b"\n")
        self.settled(process.pid)
        send(process.pid, "USR2")
        status, out, err = self.finish(process)
        self.assertEqual((status, err), (0, b""))
        return sorted(int(line) for line in (seen + out).split())

    def expect(self, name):
        return [int(getattr(signal, "SIG" + name))]

    def settled(self, guard):
        """Until the guard has nothing pending: what it had to pass on is on its way."""
        def idle():
            with open("/proc/%d/status" % guard) as f:
                text = f.read()
            return not int(re.search(r"ShdPnd:\s*(\w+)", text)[1], 16) and "State:\tS" in text
        harness.wait_for(idle, "an idle guard")

    def test_a_signal_to_the_guard_alone_is_passed_on_once(self):
        for name in COUNTED:
            def act(guard):
                send(guard, name)
                return True
            self.assertEqual(self.log_of([SIGNAL_LOG], act), sorted(self.expect(name) + [12]), name)

    def test_a_signal_to_the_group_arrives_once(self):
        for name in COUNTED:
            def act(guard):
                os.killpg(guard, getattr(signal, "SIG" + name))
                return True
            self.assertEqual(self.log_of([SIGNAL_LOG], act), sorted(self.expect(name) + [12]), name)

    def test_group_and_single_signals_by_turns(self):
        process = self.start(SIGNAL_LOG)
        self.ready(process)
        for turn in range(40):
            if turn % 2:
                send(process.pid, "USR1")
            else:
                os.killpg(process.pid, signal.SIGUSR1)
            self.assertEqual(read_until(process.stdout.fileno(), b"\n"), b"10\n")
            self.settled(process.pid)
        send(process.pid, "USR2")
        self.assertEqual(self.finish(process), (0, b"12\n", b""))

    def test_different_group_signals_at_once(self):
        def act(guard):
            for name in ("TERM", "HUP", "USR1", "INT"):
                os.killpg(guard, getattr(signal, "SIG" + name))
        self.assertEqual(self.log_of([SIGNAL_LOG], act), [1, 2, 10, 12, 15])

    def test_a_root_that_left_the_group_misses_group_signals_as_bare(self):
        def act(guard):
            os.killpg(guard, signal.SIGTERM)
            self.settled(guard)
            send(guard, "USR1")
            return True
        self.assertEqual(self.log_of([SIGNAL_LOG, "own-group"], act), [10, 12])

    def test_a_sweep_by_name_reaches_the_program_once(self):
        """killall and pkill -f hit guard and supervisor one by one: no group signal."""
        def act(guard):
            send(self.supervisor_pid(guard), "TERM")
            send(guard, "TERM")
            return True
        self.assertEqual(self.log_of([SIGNAL_LOG], act), [12, 15])

    def test_the_witness_is_not_found_by_the_commands_name(self):
        process = self.start(SIGNAL_LOG)
        self.ready(process)
        witness = [pid for pid in harness.children(process.pid) if harness.comm(pid) == "fp-witness"]
        self.assertEqual(len(witness), 1)
        with open("/proc/%d/cmdline" % witness[0]) as f:
            self.assertNotIn("run", f.read())
        self.assertEqual(os.listdir("/proc/%d/fd" % witness[0]), [])
        send(process.pid, "USR2")
        self.finish(process)

    def supervisor_pid(self, guard):
        return self.only_child(self.only_child(guard, "fp-keeper"), "fp-supervisor")

    def test_an_alarm_set_before_the_exec_is_the_programs(self):
        text = ("import os, signal, sys; signal.setitimer(signal.ITIMER_REAL, 0.3);"
                " os.execv(sys.argv[1], sys.argv[1:])")
        done = subprocess.run([sys.executable, "-c", text, FORKPROOF, "run", "sleep", "1000"],
                              env=self.environment, timeout=harness.DEADLINE)
        # On a machine so slow that it fires before the program has started, it is ours to die of.
        self.assertIn(done.returncode, (128 + signal.SIGALRM, -signal.SIGALRM))

    def test_a_queued_value_arrives(self):
        text = ("import signal; signal.pthread_sigmask(signal.SIG_BLOCK, {40});"
                " print('ready 0', flush=True); i = signal.sigwaitinfo({40});"
                " print(i.si_signo, i.si_code)")
        process = self.start(sys.executable, "-c", text)
        read_until(process.stdout.fileno(), b"ready 0\n")
        libc = ctypes.CDLL(None, use_errno=True)
        self.assertEqual(libc.sigqueue(process.pid, 40, ctypes.c_void_p(7)), 0)
        status, out, err = self.finish(process)
        self.assertEqual((status, out, err), (0, b"40 -1\n", b""))


class Terminal(Case):
    """An interactive bash on a pty is the calling shell."""

    def setUp(self):
        super().setUp()
        self.environment.update(PS1="@@ ", FP=FORKPROOF, LOG=SIGNAL_LOG, TERM="dumb")
        self.shell, self.fd = pty.fork()
        if self.shell == 0:
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"],
                      self.environment)
        read_until(self.fd, b"@@ ")

    def tearDown(self):
        os.write(self.fd, b"\x15exit\nexit\n")
        read_until(self.fd, None)
        os.waitpid(self.shell, 0)
        os.close(self.fd)
        super().tearDown()

    def type(self, text, until="@@ "):
        text = text.replace("$FP run", " ".join(["$FP run", *self.options]))
        os.write(self.fd, text.encode())
        return read_until(self.fd, until.encode()).decode().replace("\r\n", "\n")

    def status(self):
        return int(re.search(r"status=(\d+)", self.type('echo st""atus=$?\n', "\n@@ "))[1])

    def ready(self, command):
        command = command.replace("$FP run", " ".join(["$FP run", *self.options]))
        os.write(self.fd, command.encode() + b"\n")
        got = b""
        while not re.search(rb"ready \d+\r\n", got):
            got += read_until(self.fd, b"\n")
        return self.outside(int(re.search(rb"ready (\d+)", got)[1]), self.options)

    def test_keys_reach_the_program_once(self):
        root = self.ready("$FP run $LOG")
        self.assertIn("\n2\n", self.type("\x03", "2\r\n").replace("^C", "\n"))
        self.type("\x1c", "3\r\n")
        send(root, "USR2")
        self.assertEqual(re.findall(r"\d+", self.type("")), ["12"])
        self.assertEqual(self.status(), 0)

    def test_ctrl_c_breaks_the_calling_shells_loop(self):
        self.type("for i in 1 2 3; do $FP run sh -c 'echo re''ady $$; exec sleep 1000';"
                  " done; echo af\"\"ter\n", "ready ")
        text = self.type("\x03")
        self.assertNotIn("ready", text)
        self.assertNotIn("after", text)
        self.assertEqual(self.status(), 130)

    def test_ctrl_backslash(self):
        self.type("ulimit -c 0\n")
        self.type("$FP run sh -c 'echo re''ady; exec sleep 1000'\n", "ready\r\n")
        self.type("\x1c")
        self.assertEqual(self.status(), 131)

    def test_ctrl_z_and_fg(self):
        root = self.ready("$FP run sh -c 'echo ready $$; exec cat'")
        self.assertIn("Stopped", self.type("\x1a"))
        self.assertEqual(self.status(), 148)
        self.assertEqual(harness.state(root), "T")
        for _ in range(3):
            self.type("fg\n", "cat'")
            harness.wait_for(lambda: harness.state(root) == "S", "running again")
            self.type("hello\n", "hello\r\nhello\r\n")
            self.assertIn("Stopped", self.type("\x1a"))
        self.type("fg\n", "cat'")
        self.type("\x04")
        self.assertEqual(self.status(), 0)

    def test_stopped_in_the_background_by_reading_the_terminal(self):
        self.type("$FP run cat &\n")
        root = []
        harness.wait_for(lambda: root.extend(p for p in self.survivors() if harness.comm(p) == "cat")
                         or root, "cat")
        harness.wait_for(lambda: harness.state(root[0]) == "T", "stopped by SIGTTIN")
        def job_is_stopped():
            return "Stopped" in self.type("jobs\n")
        harness.wait_for(job_is_stopped, "the shell sees it stopped")
        self.type("fg\n", "cat\r\n")
        self.type("there\n", "there\r\nthere\r\n")
        self.type("\x04")
        self.assertEqual(self.status(), 0)

    def test_bg_and_kill_of_the_job(self):
        root = self.ready("$FP run sh -c 'echo ready $$; exec sleep 1000'")
        self.assertIn("Stopped", self.type("\x1a"))
        self.type("bg\n")
        harness.wait_for(lambda: harness.state(root) == "S", "running in the background")
        self.type("kill %1\n")
        self.type("wait %1\n")
        self.assertEqual(self.status(), 143)

    def test_a_killed_root_while_stopped_ends_the_job(self):
        root = self.ready("$FP run sh -c 'echo ready $$; exec sleep 1000'")
        self.assertIn("Stopped", self.type("\x1a"))
        send(root, "KILL")
        harness.wait_for(lambda: "Exit 137" in self.type("jobs\n"), "the shell sees its end")

    def test_an_interactive_shell_as_the_program(self):
        self.type("$FP run bash --norc --noprofile --noediting -i\n", "@@ ")
        self.type("echo $FORKPROOF_RUN\n", "\n@@ ")
        self.type("\x03", "@@ ")
        sleeper = "sh -c 'echo ready $$; exec sleep 1000'"
        self.ready(sleeper)
        self.type("\x03", "@@ ")
        self.assertEqual(self.status(), 130)
        stopped = self.ready(sleeper)
        self.assertIn("Stopped", self.type("\x1a"))
        send(stopped, "KILL")
        harness.wait_for(lambda: "Killed" in self.type("jobs\n"), "the inner shell sees its end")
        self.type("exit 3\n", "@@ ")
        self.assertEqual(self.status(), 3)


if __name__ == "__main__":
    unittest.main()
