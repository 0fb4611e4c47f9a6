"""Waits: errno matrices, stops, restarts, cancellation, jumps, SIGCHLD, siginfo, tracing."""

import unittest

from differential import BIN, Differential


class Waits(Differential):
    def test_errno(self):
        self.assert_same("errno_wait")

    def test_errno_of_a_fork_by_number(self):
        self.assert_same("errno_fork")

    def test_stops(self):
        self.assert_same("stops")

    def test_restart(self):
        self.assert_same("restart")

    def test_cancellation(self):
        self.assert_same("cancel")

    def test_sigchld_patterns(self):
        self.assert_same("sigchld")

    def test_siginfo_and_usage(self):
        self.assert_same("siginfo")

    def test_tracer(self):
        self.assert_same("trace")

    def test_vfork(self):
        self.assert_same("vforked")

    def test_children_made_by_other_calls(self):
        self.assert_same("starters")

    def test_threads(self):
        self.assert_same("threads")


@unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
class WaitsUnderMusl(Differential):
    def test_programs(self):
        for program in ("errno_wait", "stops", "restart", "siginfo", "threads"):
            with self.subTest(program):
                self.assert_same(f"musl/{program}")


@unittest.skipUnless((BIN / "time64").is_dir(), "not a 32-bit machine's programs")
class WaitsWithWideTimes(Differential):
    """Programs with a time_t of 64 bits call other functions than wait3 and wait4."""

    def test_programs(self):
        for program in ("errno_wait", "siginfo"):
            with self.subTest(program):
                self.assert_same(f"time64/{program}")


if __name__ == "__main__":
    unittest.main()
