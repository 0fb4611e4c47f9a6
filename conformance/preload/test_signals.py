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
        for starter in ("fork", "_Fork", "vfork", "spawn", "spawnp", "clone", "number", "clone3"):
            self.check_stale(starter, "kill")
        for sender in ("tgkill", "sigqueue", "number"):
            self.check_stale("fork", sender)

    def check_stale(self, *arguments):
        with self.subTest(arguments=arguments):
            bare, shimmed = self.both("stale", *arguments)
            self.assertEqual(bare.out, "kill of the former child: 0, 0\nstranger: killed 15\n")
            self.assertEqual(shimmed.out, "kill of the former child: -1, ESRCH\nstranger: exited 5\n")

    def test_stale_allow_is_bare(self):
        self.assert_same("stale", options="stale=allow", shim=SHIM)


if __name__ == "__main__":
    unittest.main()
