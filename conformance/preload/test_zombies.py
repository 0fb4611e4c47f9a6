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
        for how in ("usage", "waitid", "seen", "group"):
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

    @unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
    def test_under_musl(self):
        self.check("musl/zombies", 500, "any")


if __name__ == "__main__":
    unittest.main()
