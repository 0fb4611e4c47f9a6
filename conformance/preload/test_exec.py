"""The exec family: arguments, environments, PATH, errno; hooks kept, and out of the program's sight."""

import os
import pathlib
import platform
import tempfile
import unittest

from differential import BIN, SHIM, Differential, environment, run

WITH_ENVIRONMENT = ("execle", "execve", "execvpe", "execveat", "execveat-empty", "fexecve")
BY_ENVIRON = ("execl", "execlp", "execv", "execvp")
ALL = BY_ENVIRON + WITH_ENVIRONMENT
SEARCHING = ("execlp", "execvp", "execvpe")
SHOW = BIN / "show"
MARKERS = [str(BIN / f"libmarker{n}.so") for n in (1, 2)]


class Exec(Differential):
    def same_for(self, calls, target, kind, *arguments, **more):
        for call in calls:
            with self.subTest(call=call, environment=kind, target=str(target)):
                self.assert_same("exec_family", call, target, kind, *arguments, **more)

    def test_arguments_and_environments(self):
        for kind in ("empty", "two", "null", "many"):
            self.same_for(ALL, SHOW, kind, "x", "", "z z")

    def test_no_arguments(self):
        self.same_for(ALL, SHOW, "two")

    def test_long_environment(self):
        self.same_for(("execve", "execvpe", "fexecve", "execv"), SHOW, "long")

    def test_the_largest_environment_that_the_kernel_takes(self):
        self.same_for(("execve", "execvpe", "fexecve", "execv"), SHOW, "largest", "exit", "3")

    def test_bad_pointer(self):
        self.same_for(("execle", "execve", "execveat"), SHOW, "bad")

    def test_search_in_path(self):
        self.same_for(SEARCHING, "show", "two", "x")  # on the PATH of the new environment: none
        for call in SEARCHING:
            bare = self.assert_same("exec_family", call, "show", "own", "exit", "4")
            self.assertEqual(bare.lines(), ["status 4"])
        self.same_for(SEARCHING, "no-such-program", "two")
        self.same_for(("execv", "execve", "execl"), "show-not-searched", "two")

    def test_errno_and_the_shell_fallback(self):
        with tempfile.TemporaryDirectory() as folder:
            place = pathlib.Path(folder)
            (place / "fp-script").write_text("echo script $1 $A\n")
            (place / "fp-script").chmod(0o755)
            (place / "plain").write_text("echo never\n")
            (place / "empty").touch(0o755)
            for name in ("fp-script", "plain", "empty", "missing", "", "fp-script/under"):
                self.same_for(ALL, place / name if name else "", "two", "x")
            path = {"PATH": f"/nonexistent:{place}"}
            for kind in ("own", "two"):
                self.same_for(SEARCHING, "fp-script", kind, "x", variables=path)
                self.same_for(SEARCHING, "plain", kind, "x", variables=path)

    def test_foreign_preloads_stay_in_order_and_in_sight(self):
        for kind in ("foreign", "twice"):
            for several in (MARKERS[:1], MARKERS):
                more = {"variables": {"FOREIGN": ":".join(several)}}
                self.same_for(("execve", "execv", "execvpe", "fexecve"), SHOW, kind, **more)

    def test_foreign_preloads_are_loaded_before_ours(self):
        """Differs on purpose: the shim is one more, after theirs."""
        for call in ("execve", "execvp"):
            bare, shimmed = self.both("exec_family", call, SHOW, "foreign", "loaded",
                                      variables={"FOREIGN": ":".join(MARKERS)})
            self.assertEqual(bare.out, "loaded libmarker1.so\nloaded libmarker2.so\n")
            self.assertEqual(shimmed.out, bare.out + f"loaded {os.path.basename(SHIM)}\n")


class SpawnVersions(Differential):
    """Of posix_spawn glibc has two: in programs linked before 2.15 it runs a file that is no program by /bin/sh."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="forkproof-")
        self.addCleanup(folder.cleanup)
        self.script = pathlib.Path(folder.name, "script")
        self.script.write_text("exit 7\n")
        self.script.chmod(0o755)

    def as_linked(self, outcome):
        return [line.split(": ")[1] for line in outcome.out.splitlines() if "as linked" in line]

    def test_each_is_served_by_its_own(self):
        bare = self.assert_same("spawn_version_old", self.script)
        if platform.machine() in ("x86_64", "i386", "i686"):
            self.assertEqual(self.as_linked(bare), ["0, exited 7"] * 2)
        bare = self.assert_same("spawn_version", self.script)
        self.assertEqual(self.as_linked(bare), ["ENOEXEC, untouched"] * 2)

    def test_both_keep_the_hooks(self):
        self.script.write_text("#!/bin/sh\nexec grep -q libforkproof /proc/self/maps\n")
        for program in ("spawn_version", "spawn_version_old"):
            with self.subTest(program=program):
                bare, shimmed = self.both(program, self.script)
                self.assertEqual(self.as_linked(bare), ["0, exited 1"] * 2)
                self.assertEqual(self.as_linked(shimmed), ["0, exited 0"] * 2)

    @unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
    def test_under_musl(self):
        self.assert_same("musl/spawn_version", self.script)


class Hooks(Differential):
    """Differs on purpose: under the shim the next image has the hooks, whatever its environment."""

    def hooked(self, call, kind, target=SHOW, **more):
        return self.both("exec_family", call, target, kind, "hooked", **more)[1].out.strip()

    def test_kept_over_every_call(self):
        for kind in ("own", "empty", "two", "null", "many"):
            for call in ALL:
                if (call, kind) == ("fexecve", "null"):
                    continue  # EINVAL in glibc: test_arguments_and_environments
                with self.subTest(call=call, environment=kind):
                    self.assertEqual(self.hooked(call, kind), "hooked yes")

    def test_kept_by_env_minus_i(self):
        for argv in (["env", "-i", SHOW], ["env", "-i", "env", "-i", "A=b", SHOW],
                     ["env", "-u", "LD_PRELOAD", SHOW]):
            shimmed = run([*argv, "hooked"], environment(shim=SHIM))
            self.assertEqual(shimmed.lines(), ["status 0", "hooked yes"])

    def test_off(self):
        self.assertEqual(self.hooked("execve", "empty", options="env=off"), "hooked no")
        self.assertEqual(self.hooked("execve", "own", options="env=off"), "hooked yes")

    def test_a_program_that_cleans_up_comes_to_an_end(self):
        shimmed = run([BIN / "reexec", 3], environment(shim=SHIM))
        self.assertEqual(shimmed.lines(), ["status 0", "clean"])
        self.assertEqual(run([BIN / "reexec", 0], environment()).lines(), ["status 0", "clean"])

    def test_a_program_that_cleans_up_keeps_foreign_preloads_out(self):
        shimmed = run([BIN / "reexec", 3], environment(shim=SHIM, LD_PRELOAD=MARKERS[0]))
        self.assertEqual(shimmed.lines(), ["status 0", "clean"])

    def test_a_static_image_runs_and_ends_the_hooks(self):
        """A static image cannot be hooked; it sees the variables that would have hooked it."""
        target = BIN / "show_static"
        for call in ("execve", "execv", "execvpe"):
            bare, shimmed = self.both("exec_family", call, target, "two", "exit", "4")
            self.assertEqual((bare.lines(), shimmed.lines()), (["status 4"], ["status 4"]))
        self.assertEqual(self.hooked("execve", "two", target=target), "hooked no")

    @unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
    def test_between_glibc_and_musl(self):
        musl = BIN / "musl" / "show"
        for kind in ("empty", "two"):
            self.assert_same("exec_family", "execve", musl, kind, "x")
            self.assertEqual(self.hooked("execve", kind, target=musl), "hooked yes")
            for call in ("execve", "execv", "execvpe", "execl", "execle", "execlp", "fexecve"):
                with self.subTest(call=call):
                    self.assert_same("musl/exec_family", call, SHOW, kind, "x")
                    bare, shimmed = self.both("musl/exec_family", call, SHOW, kind, "hooked")
                    self.assertEqual((bare.out, shimmed.out), ("hooked no\n", "hooked yes\n"))


if __name__ == "__main__":
    unittest.main()
