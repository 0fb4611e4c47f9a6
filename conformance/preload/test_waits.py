"""Waits: errno matrices, stops, restarts, cancellation, jumps, SIGCHLD, siginfo, tracing."""

import unittest

from differential import BIN, Differential


class Waits(Differential):
    def test_errno(self):
        self.assert_same("errno_wait")

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


if __name__ == "__main__":
    unittest.main()
