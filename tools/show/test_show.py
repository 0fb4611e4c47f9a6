#!/usr/bin/python3 -B
"""What the show's figures rest on: who counts as left behind, what is signalled, what is clean."""

import contextlib
import io
import os
import signal
import unittest

import measure
import table
import tree
from measure import Count, Row


def daemonise():
    """Leaves a process that has left its session and whose parent has ended; its pid."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.setsid()
        grandchild = os.fork()
        if grandchild == 0:
            signal.pause()
        os.write(write_end, str(grandchild).encode())
        os._exit(0)
    os.waitpid(child, 0)
    pid = int(os.read(read_end, 32))
    os.close(read_end)
    os.close(write_end)
    return pid


class Membership(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        tree.become_subreaper()

    def tearDown(self):
        self.assertTrue(tree.end_descendants())

    def test_a_daemon_is_left_behind_and_can_be_ended(self):
        pid = daemonise()
        left = tree.left_behind("NO=MARKER")
        self.assertEqual([p.pid for p in left], [pid])
        self.assertTrue(tree.end_descendants())
        self.assertIsNone(tree.read_process(pid))

    def test_a_recycled_pid_is_not_signalled(self):
        pid = daemonise()
        now = tree.read_process(pid)
        before = tree.Process(now.pid, now.start - 1, now.parent, now.state, now.name)
        tree.signal_descendant(before, signal.SIGKILL)
        self.assertFalse(tree.read_process(pid).zombie)

    def test_a_process_that_is_not_below_us_is_not_signalled(self):
        child = os.fork()
        if child == 0:
            tree.signal_descendant(tree.read_process(os.getppid()), signal.SIGKILL)
            os._exit(0)
        self.assertEqual(os.waitpid(child, 0)[1], 0)


class Verdict(unittest.TestCase):
    def judge(self, kind, bare, hardened):
        return measure.judge(Row("", kind, bare, hardened))

    def test_clean_rows(self):
        self.assertEqual(self.judge("left", Count(left=1), Count()), "")
        self.assertEqual(self.judge("zombies", Count(zombies=300), Count(zombies=64)), "")
        self.assertEqual(self.judge("stranger", Count(strangers=1), Count()), "")

    def test_what_is_left_is_not_clean(self):
        self.assertIn("left", self.judge("left", Count(left=1), Count(1, ("sh",))))
        self.assertIn("left", self.judge("zombies", Count(zombies=300), Count(1, ("sh",))))
        self.assertIn("zombies", self.judge("zombies", Count(zombies=300), Count(zombies=300)))
        self.assertIn("stranger", self.judge("stranger", Count(strangers=1), Count(strangers=1)))

    def test_what_is_to_be_kept_must_live(self):
        row = Row("", "left", Count(left=2), Count(kept=("a",)), keeps=True)
        self.assertEqual(measure.judge(row), "")
        self.assertEqual(table.cell(row.hardened, "left"), "0, kept a")
        row.hardened = Count()
        self.assertIn("gone", measure.judge(row))

    def test_a_bare_run_that_left_nothing_shows_nothing(self):
        for kind in ("left", "zombies", "stranger"):
            self.assertIn("shows nothing", self.judge(kind, Count(), Count()))


class Shape(unittest.TestCase):
    def test_rows_fit_80_columns_and_carry_no_colour_off_a_terminal(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            shown = table.Table(out)
            shown.head()
            shown.row(Row("x" * 60, "left", Count(12, ("y" * 30,)), Count(rung="cgroup")))
            shown.row(Row("x", "stranger", Count(strangers=1), Count(strangers=1, rung="cgroup")))
            shown.summary([])
        for line in out.getvalue().splitlines():
            self.assertLessEqual(len(line), 80)
            self.assertNotIn("\033", line)


if __name__ == "__main__":
    unittest.main()
