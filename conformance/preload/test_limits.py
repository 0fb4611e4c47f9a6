"""Scarce memory and descriptors, closed standard streams, small stacks, descriptors left alone."""

import unittest

from differential import BIN, SHIM, Differential, environment, run


class Limits(Differential):
    def test_no_descriptor_to_spare(self):
        self.assert_same("limits", "nofile")

    def test_no_memory_to_spare(self):
        self.assert_same("limits", "memory")

    def test_locked_memory(self):
        self.assert_same("limits", "locked")

    def test_descriptors_stay_as_they_are(self):
        self.assert_same("limits", "descriptors")

    def test_closed_standard_streams(self):
        for count in range(4):
            with self.subTest(closed=count):
                self.assert_same("closed", count)

    def test_nowhere_to_complain(self):
        script = 'exec env LD_PRELOAD="$1" FORKPROOF_OPTIONS=bad "$0" 3 <&- >&- 2>&-'
        outcome = run(["sh", "-c", script, BIN / "closed", SHIM], environment())
        self.assertEqual(outcome.lines(), ["status 0"])

    def test_small_stacks(self):
        for variables in (0, 100, 1000, 3000, 10000):
            with self.subTest(variables=variables):
                self.assert_same("small_stack", variables)


if __name__ == "__main__":
    unittest.main()
