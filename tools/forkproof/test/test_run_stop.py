"""forkproof stop and cont: every member is held still, nobody else is, and the run's end comes all the same."""

import os
import sys
import time
import unittest

import harness
from controls import BREEDER, Controls
from harness import KEEPING, LEAVER, RUNGS, comm, read_until, send, state


class Stop(Controls):
    WRITER = "import os\nos.fork(); os.fork()\nos.write(1, b'x')\nwhile True: os.write(3, b'x')"

    def start_writers(self, rung, *words):
        """Four that write without end, at once; the pipe they write to."""
        read, write = os.pipe()
        script = "exec 3>&%d; exec %s -S -c \"$0\"" % (write, sys.executable)
        process = self.start("--name=it", "--contain=" + rung, *words, "sh", "-c", script, self.WRITER,
                             pass_fds=[write])
        os.close(write)
        self.addCleanup(os.close, read)
        read_until(process.stdout.fileno(), b"xxxx")
        os.set_blocking(read, False)
        return process, read

    def drain(self, read):
        total = 0
        while True:
            try:
                piece = os.read(read, 1 << 20)
            except BlockingIOError:
                return total
            if not piece:
                return total
            total += len(piece)

    def assert_still(self, read):
        """What was on its way is read first; then nobody may have written, however long it is given."""
        self.drain(read)
        time.sleep(0.05)  # not a synchronisation: a chance to be caught
        self.assertEqual(self.drain(read), 0)

    def test_all_stop_and_go_on(self):
        for rung in RUNGS:
            process, read = self.start_writers(rung)
            for _ in range(3):
                self.obey("stop", "it")
                self.assert_still(read)
                self.assertEqual(self.ps()[0]["state"], "stopped")
                self.assertNotEqual(state(process.pid), "T", "the guard is not")
                self.obey("stop", "it")
                self.obey("cont", "it")
                harness.wait_for(lambda: self.drain(read) > 0, "going on")
                self.assertEqual(self.ps()[0]["state"], "running")
                self.obey("cont", "it")
            self.obey("stop", "it")
            self.obey("kill", "it")
            self.assertEqual(self.finish(process)[0], 143)

    def test_forkers_are_stopped(self):
        """Everyone forks all the time: none may be forgotten."""
        for rung in RUNGS:
            report, write = os.pipe()
            process = self.start("--name=it", "--contain=" + rung, "sh", "-c",
                                 "%s %d; exec sleep 1000" % (BREEDER, write), pass_fds=[write])
            os.close(write)
            self.ready(process)
            for _ in range(20):
                self.obey("stop", "it")
                if rung != "cgroup":  # whose freezer shows in no state
                    members = self.members_of(process)
                    self.assertGreater(len(members), 1)
                    self.assertEqual({state(pid) for pid in members} - {"T", "Z"}, set())
                self.obey("cont", "it")
            self.obey("kill", "it")
            self.finish(process)
            self.assertEqual(os.read(report, 100), b"", "a child was killed before the end")
            os.close(report)

    def test_one_that_was_stopped_before_stays_so(self):
        for rung in RUNGS:
            process, read = self.start_held("--name=it", "--contain=" + rung, "sh", "-c",
                                            "sleep 1000 & kill -STOP $!; echo ready $!; exec sleep 2000")
            sleeper = self.ready(process)
            harness.wait_for(lambda: state(sleeper) == "T", "stopped by its parent")
            self.obey("stop", "it")
            self.obey("cont", "it")
            self.assertEqual(state(sleeper), "T")
            self.obey("kill", "it")
            self.assertEqual(self.finish(process)[0], 143)
            self.assert_all_gone(read)

    def test_a_stopped_run_ends_when_its_end_comes(self):
        for rung in RUNGS:
            for end in ("kill", "root", "guard", "supervisor"):
                process, read = self.start_held("--name=it", "--contain=" + rung, LEAVER, "daemon", "3", "stay")
                root = self.ready(process)
                self.obey("stop", "it")
                if end == "kill":
                    self.obey("kill", "it")
                else:
                    victim = {"root": root, "guard": process.pid, "supervisor": self.supervisor_of(process)}[end]
                    send(victim, "KILL")
                self.assert_all_gone(read)
                process.wait(harness.DEADLINE)

    def test_a_kept_one_goes_on(self):
        for rung in KEEPING:
            process, read = self.start_held("--name=it", "--contain=" + rung, "--keep=agent", "--quiet", "sh", "-c",
                                            "%s daemon 1 >&2; exec %s daemon 1 stay" % (self.agent(), LEAVER))
            self.ready(process)
            self.obey("stop", "it")
            self.obey("kill", "it")
            self.assertEqual(process.wait(harness.DEADLINE), 143)
            self.assertEqual([state(pid) in "TtZ" for pid in self.survivors()], [False])
            self.end_kept(read)

    def test_while_it_waits_for_the_last(self):
        for rung in RUNGS:
            kept = ["agent"] if rung in KEEPING else []
            process, read = self.start_held("--name=it", "--contain=" + rung, "--until=empty",
                                            *["--keep=" + name for name in kept], "--quiet", "sh", "-c",
                                            "%s daemon 1 >&2; %s daemon 1" % (self.agent(), LEAVER))
            self.ready(process)
            self.wait_for_state("waiting")
            self.obey("stop", "it")
            self.assertEqual(self.ps()[0]["state"], "stopped")
            send(process.pid, "TERM")
            self.assertEqual(process.wait(harness.DEADLINE), 0)
            self.assertEqual([comm(pid) for pid in self.survivors()], kept)
            self.end_kept(read)


if __name__ == "__main__":
    unittest.main()
