"""--until=empty: the run lasts as long as anything is left by itself."""

import os
import pty
import signal
import unittest

import harness
from controls import Controls
from harness import FORKPROOF, LEAVER, RUNGS, read_until, send


class Until(Controls):
    def test_empty_waits_for_the_last_and_reaps_meanwhile(self):
        for rung in RUNGS:
            process, read = self.start_held("--contain=" + rung, "--until=empty", "sh", "-c",
                                            LEAVER + " daemon 3; exit 7")
            self.ready(process)
            self.wait_for_state("waiting")
            for left in (2, 1, 0):
                send(self.members_of(process)[0], "KILL")
                if left:
                    harness.wait_for(lambda: len(self.members_of(process)) == left, "no zombie")
            self.assertEqual(self.finish(process), (7, b"", b""))
            self.assert_all_gone(read)

    def test_the_report_tells_of_the_wait(self):
        path = os.path.join(self.directory, "report.json")
        process, read = self.start_held("--report=" + path, "--until=empty", "--name=it", LEAVER, "daemon", "1")
        self.ready(process)
        self.wait_for_state("waiting")
        self.obey("kill", "it")
        self.finish(process)
        self.assert_all_gone(read)
        report = self.report()
        self.assertEqual((report["until"], report["name"], report["no_orders"]), ("empty", "it", None))
        self.assertGreater(report["times"]["waited_s"], 0)
        self.assertEqual(report["left"][0]["ended"], "SIGTERM")

    def test_nothing_left_is_no_wait(self):
        for rung in RUNGS:
            self.assertEqual(self.run_to_end("--until=empty", "no-such-program").returncode, 127)
            self.assertEqual(self.run_to_end("--contain=" + rung, "--until=empty", "false").returncode, 1)

    def test_root_is_the_default(self):
        done = self.run_to_end("--until=root", LEAVER, "daemon", "1")
        self.assertIn(b"ended by SIGTERM: 1", done.stderr)
        self.assertIn(b"ended by SIGTERM: 1", self.run_to_end("--until=empty", "--until=root", LEAVER, "daemon",
                                                              "1").stderr)

    def test_the_first_signal_begins_the_ending_and_the_second_hurries_it(self):
        for rung in RUNGS:
            for names in (("TERM", "TERM"), ("INT", "TERM")):
                process, read = self.start_held("--contain=" + rung, "--until=empty", "--grace=1h", LEAVER,
                                                "ignore", "2")
                self.ready(process)
                self.wait_for_state("waiting")
                send(process.pid, names[0])
                self.wait_for_state("ending")
                self.assertEqual(len(self.survivors()) >= 2, True)
                send(process.pid, names[1])
                status, _, text = self.finish(process)
                self.assertEqual(status, 0)
                self.assertIn(b"SIGKILL: 2", text)
                self.assert_all_gone(read)

    def test_a_signal_to_the_group_begins_the_ending(self):
        process, read = self.start_held("--until=empty", LEAVER, "daemon", "2")
        self.ready(process)
        self.wait_for_state("waiting")
        os.killpg(process.pid, signal.SIGTERM)
        self.assertIn(b"ended by SIGTERM: 2", self.finish(process)[2])
        self.assert_all_gone(read)

    def test_other_signals_do_not(self):
        process, read = self.start_held("--until=empty", LEAVER, "daemon", "1")
        self.ready(process)
        self.wait_for_state("waiting")
        for name in ("HUP", "USR1", "CONT"):
            send(process.pid, name)
        self.wait_for_state("waiting")
        send(process.pid, "TERM")
        self.finish(process)
        self.assert_all_gone(read)

    def test_an_order_begins_the_ending(self):
        process, read = self.start_held("--until=empty", "--name=it", LEAVER, "daemon", "2")
        self.ready(process)
        self.wait_for_state("waiting")
        self.obey("kill", "it")
        self.assertIn(b"ended by SIGTERM: 2", self.finish(process)[2])
        self.assert_all_gone(read)

    def test_the_guard_or_the_supervisor_is_killed_meanwhile(self):
        for rung in RUNGS:
            for victim in ("guard", "supervisor"):
                process, read = self.start_held("--contain=" + rung, "--until=empty", LEAVER, "ignore", "3")
                self.ready(process)
                self.wait_for_state("waiting")
                send(process.pid if victim == "guard" else self.supervisor_of(process), "KILL")
                self.assert_all_gone(read)
                process.wait(harness.DEADLINE)

    def test_no_kill_waits_and_leaves(self):
        process, read = self.start_held("--until=empty", "--no-kill", LEAVER, "daemon", "1")
        self.ready(process)
        self.wait_for_state("waiting")
        send(process.pid, "TERM")
        self.assertEqual(process.wait(harness.DEADLINE), 0)
        self.assertIn(b"left running: 1", read_until(process.stderr.fileno(), b"\n"))
        self.end_kept(read)

    def test_at_a_terminal(self):
        """Ctrl-Z stops the job while it waits, fg goes on waiting, Ctrl-C begins the ending."""
        environment = dict(self.environment, PS1="@@ ", TERM="dumb", FP=FORKPROOF, LEAVER=LEAVER)
        shell, fd = pty.fork()
        if shell == 0:
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"], environment)
        read_until(fd, b"@@ ")
        os.write(fd, b"$FP run --until=empty $LEAVER daemon 2\n")
        read_until(fd, b"ready ")
        self.wait_for_state("waiting")
        os.write(fd, b"\x1a")
        self.assertIn(b"Stopped", read_until(fd, b"@@ "))
        os.write(fd, b"fg\n")
        read_until(fd, b"daemon 2\r\n")
        self.wait_for_state("waiting")
        os.write(fd, b"\x03")
        self.assertIn(b"ended by SIGTERM: 2", read_until(fd, b"@@ "))
        os.write(fd, b"echo st\"\"atus=$?\n")
        self.assertIn(b"status=0", read_until(fd, b"\n@@ "))
        os.write(fd, b"exit\n")
        read_until(fd, None)
        os.waitpid(shell, 0)
        os.close(fd)


if __name__ == "__main__":
    unittest.main()
