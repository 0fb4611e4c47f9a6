"""What a start of an image shows: complaints about options, setuid images, silence."""

import os
import pathlib
import pwd
import shutil
import tempfile
import unittest

from differential import BIN, SHIM, Differential, environment, run, shim_copied_to

SHOW = BIN / "show"


def shimmed(*argv, options=None, **more):
    return run(argv, environment(options, SHIM), **more)


class Options(Differential):
    def assert_complaints(self, expected, *argv, options):
        outcome = shimmed(*argv, options=options)
        self.assertEqual((outcome.status, outcome.err.count("\n")), (0, expected), outcome.err)
        if expected:
            self.assertRegex(outcome.err, r"\Aforkproof: FORKPROOF_OPTIONS: .*\n\Z")

    def test_good_ones_are_silent(self):
        for options in ("", "zombies=64", "zombies=0", "env=keep:stale=deny", "stale=allow:env=off", ":",
                        "zombies=1000000"):
            with self.subTest(options=options):
                self.assert_complaints(0, "true", options=options)

    def test_bad_ones_are_one_line(self):
        for options in ("x", "x=1", "zombies", "zombies=", "zombies=-1", "zombies=1000001", "env=maybe",
                        "zombies=1 ", "a=b:c=d:e", "=", "zombies=99999999999999999999", "x\n=1\x1b",
                        "y" * 5000):
            with self.subTest(options=options[:40]):
                self.assert_complaints(1, "true", options=options)

    def test_good_ones_beside_bad_ones_hold(self):
        outcome = run([BIN / "exec_family", "execve", SHOW, "empty", "hooked"],
                      environment("bad:env=off", SHIM))
        self.assertEqual(outcome.out, "hooked no\n")

    def test_one_line_over_a_chain_of_execs(self):
        env = ["env", "A=1"]
        self.assert_complaints(1, *env * 5, "true", options="bad")
        self.assert_complaints(1, "env", "-i", "env", "-i", "/bin/true", options="bad")

    def test_one_line_over_a_shell_and_its_children(self):
        self.assert_complaints(1, "sh", "-c", "true; /bin/true; (/bin/true); env -i /bin/true",
                               options="bad")

    def test_out_of_sight(self):
        """What the shim adds to an environment is not seen by the next image."""
        for options in (None, "zombies=3", "bad"):
            outcome = run([BIN / "exec_family", "execve", SHOW, "two"], environment(options, SHIM))
            self.assertEqual(outcome.out.splitlines(),
                             ["argument show", "variable A=1", "variable B=2", "same environment: yes",
                              "auxiliary vector usable: yes"])


@unittest.skipUnless(os.geteuid() == 0, "needs root, to make a setuid program of another user")
class Setuid(Differential):
    """The loader does not preload into a setuid image; it must run as bare, without a word."""

    def test_left_alone(self):
        nobody = pwd.getpwnam("nobody")
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            place.chmod(0o755)
            shim = shim_copied_to(place)
            runner = shutil.copy(BIN / "exec_family", place)
            target = shutil.copy(SHOW, place / "show")
            os.chown(target, 1, -1)
            os.chmod(target, 0o4755)
            if os.statvfs(place).f_flag & os.ST_NOSUID:
                self.skipTest("the temporary folder is mounted nosuid")
            who = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [], "cwd": "/"}
            for kind in ("own", "empty", "two"):
                bare = run([runner, "execve", target, kind, "hooked"], environment(), **who)
                hard = run([runner, "execve", target, kind, "hooked"], environment(shim=shim), **who)
                self.assertEqual(bare.lines(), ["status 0", "hooked no"])
                self.assertEqual(hard.lines(), bare.lines())

    def test_loaded_all_the_same_it_is_not_told_by_its_caller(self):
        """By /etc/ld.so.preload it is in setuid images, too; one that is not setuid is the control."""
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            place.chmod(0o755)
            shim = shim_copied_to(place)
            for name, mode in (("plain", 0o755), ("setuid", 0o4755)):
                copy = shutil.copy(SHOW, place / name)
                os.chown(copy, 1, -1)
                os.chmod(copy, mode)
            if os.statvfs(place).f_flag & os.ST_NOSUID:
                self.skipTest("the temporary folder is mounted nosuid")
            script = ("mkdir etc && cp /etc/ld.so.cache etc && mount --bind etc /etc && "
                      'echo "$1" >/etc/ld.so.preload && '
                      "as='setpriv --reuid 65534 --regid 65534 --clear-groups env FORKPROOF_OPTIONS=bad' && "
                      "$as ./plain hooked && $as ./setuid hooked")
            outcome = run(["unshare", "--mount", "sh", "-c", script, "sh", shim], environment(), cwd=place)
        self.assertEqual(outcome.lines(), ["status 0", "hooked yes", "hooked yes",
                                           "! forkproof: FORKPROOF_OPTIONS: no '=' in option 'bad'"])


class Silence(Differential):
    def test_programs_of_the_system(self):
        for argv in (["true"], ["sh", "-c", "exit 3"], ["sh", "-c", "kill -9 $$"],
                     ["sh", "-c", "sleep 0 & wait $!; echo $?"], ["nice", "true"], ["nohup", "true"],
                     ["find", "/dev/null", "-exec", "echo", "{}", ";"], ["xargs", "echo"],
                     ["timeout", "5", "sh", "-c", "exit 4"], ["timeout", "-s", "KILL", "0.05", "sleep", "9"],
                     ["bash", "-c", "a=$(echo x | cat); (exit 5) & wait -n; echo $a $?"],
                     ["sh", "-c", "for i in 1 2 3; do (exit $i) & done; wait; echo done"]):
            with self.subTest(argv=argv):
                bare = run(argv, environment())
                self.assertEqual(bare.lines(), shimmed(*argv).lines())


if __name__ == "__main__":
    unittest.main()
