"""The zombie bound, seen in /proc, and late waits; differs from bare only in the number of zombies."""

import re
import unittest

from differential import BIN, Differential

FORKS = 2000
SLACK = 16


def zombies(outcome):
    return int(re.search(r"zombies (\d+)", outcome.err).group(1))


class Bound(Differential):
    def check(self, program, *arguments, options=None, bound=64, bare_zombies=None):
        bare, shimmed = self.both(program, *arguments, options=options)
        self.assertEqual((bare.status, bare.out), (shimmed.status, shimmed.out))
        if bare_zombies is not None:
            self.assertEqual(zombies(bare), bare_zombies)
        self.assertLessEqual(zombies(shimmed), bound + SLACK)

    def test_late_waits_by_pid(self):
        self.check("zombies", FORKS, "pid", bare_zombies=FORKS)

    def test_late_waits_for_any(self):
        self.check("zombies", FORKS, "any", bare_zombies=FORKS)

    def test_late_waits_after_a_burst(self):
        """Children that die after the last fork are seen at the next one: no bound to check here."""
        bare, shimmed = self.both("zombies", FORKS, "any", "burst")
        self.assertEqual((bare.status, bare.out), (shimmed.status, shimmed.out))
        self.assertLess(zombies(shimmed), FORKS // 2)

    def test_late_waits_by_other_calls(self):
        for how in ("usage", "waitid", "number", "seen", "group"):
            with self.subTest(how):
                self.check("zombies", 300, how)

    def test_option(self):
        for bound in (1, 10, 200):
            with self.subTest(bound):
                self.check("zombies", 400, "pid", options=f"zombies={bound}", bound=bound)

    def test_zero_is_no_bound(self):
        bare, shimmed = self.both("zombies", 300, "pid", options="zombies=0")
        self.assertEqual(bare.lines(), shimmed.lines())

    def test_in_the_child_of_a_handler_that_interrupted_a_wait(self):
        self.check("handler_fork")

    def test_after_jumps_out_of_waits_and_kills(self):
        self.check("jump")

    @unittest.skipUnless((BIN / "time64").is_dir(), "not a 32-bit machine's programs")
    def test_late_waits_with_wide_times(self):
        self.check("time64/zombies", 300, "usage")

    def test_children_of_a_subreaper_are_left_alone(self):
        """It adopts others, which could get the number of a child that was reaped early."""
        programs = ["subreaper", "musl/subreaper"] if (BIN / "musl").is_dir() else ["subreaper"]
        for program in programs:
            for how in ("prctl", "number", "exec"):
                with self.subTest(program=program, how=how):
                    bare, shimmed = self.both(program, how, 200)
                    self.assertEqual((bare.status, bare.out),
                                     (0, "subreaper 1: 200 of 200 statuses right, 100 adopted\n"))
                    self.assertEqual((shimmed.status, shimmed.out), (bare.status, bare.out))
                    self.assertGreaterEqual(zombies(shimmed), 200)

    def test_children_of_a_subreapers_child_are_not(self):
        self.check("subreaper", "child", 200)

    def test_children_of_a_former_subreaper_are_not(self):
        bare, shimmed = self.both("subreaper", "off", 200)
        self.assertEqual(bare.out.splitlines(), ["subreaper 1: 100 of 100 statuses right, 50 adopted",
                                                 "subreaper 0: 200 of 200 statuses right, 0 adopted"])
        self.assertEqual((shimmed.status, shimmed.out), (bare.status, bare.out))
        first, second = re.findall(r"zombies (\d+)", shimmed.err)
        self.assertGreaterEqual(int(first), 100)
        self.assertLessEqual(int(second), 64 + SLACK)

    @unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
    def test_under_musl(self):
        self.check("musl/zombies", 500, "any")


if __name__ == "__main__":
    unittest.main()
