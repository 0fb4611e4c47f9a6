"""kill and killpg: errno matrices, and the stale kill, where bare and shim differ on purpose."""

import unittest

from differential import BIN, SHIM, Differential


class Kills(Differential):
    def test_errno(self):
        self.assert_same("errno_kill")

    @unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
    def test_errno_under_musl(self):
        self.assert_same("musl/errno_kill")

    def test_stale_kill_hits_bare_and_is_refused_under_the_shim(self):
        """Differs on purpose: gotcha recycled-pid; a former child's pid is ESRCH (stale=deny)."""
        for starter in ("fork", "_Fork", "vfork", "spawn", "spawnp", "clone", "number", "clone3", "__fork",
                        "__vfork", "__clone"):
            self.check_stale(starter, "kill")
        for sender in ("tgkill", "sigqueue", "number"):
            self.check_stale("fork", sender)

    def check_stale(self, *arguments):
        with self.subTest(arguments=arguments):
            bare, shimmed = self.both("stale", *arguments)
            self.assertEqual(bare.out, "kill of the former child: 0, 0\nstranger: killed 15\n")
            self.assertEqual(shimmed.out, "kill of the former child: -1, ESRCH\nstranger: exited 5\n")

    def test_stale_report_says_what_was_not_sent(self):
        """Differs on purpose: as stale=deny, and a line on stderr; verbose=1 says it, too."""
        for options, starter, sender, call in (
                ("stale=report", "fork", "kill", "kill(3, 15)"),
                ("stale=report", "spawn", "tgkill", "tgkill(3, 3, 15)"),
                ("stale=report", "vfork", "sigqueue", "sigqueue(3, 15)"),
                ("stale=report", "clone", "number", "kill(3, 15)"),
                ("verbose=1", "fork", "kill", "kill(3, 15)")):
            with self.subTest(options=options, sender=sender):
                _, shimmed = self.both("stale", starter, sender, options=options)
                self.assertEqual(shimmed.lines(), [
                    "status 0", "kill of the former child: -1, ESRCH", "stranger: exited 5",
                    f"! forkproof: stale[1]: {call}: 3 was a child and has been reaped: not sent"])

    def test_stale_allow_is_bare(self):
        self.assert_same("stale", options="stale=allow", shim=SHIM)


if __name__ == "__main__":
    unittest.main()
