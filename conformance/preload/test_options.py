"""The options that are off unless asked for: as bare without them, as documented with them.

Each class is one option. `self.both(..., options=...)` runs a program bare and under the shim.
"""

import os
import pathlib
import shutil
import signal
import tempfile
import unittest

from differential import BIN, SHIM, Differential, environment, run
from test_exec import BY_ENVIRON, WITH_ENVIRONMENT

STATIC = BIN / "show_static"  # sees what the kernel has, not what the shim shows
PIPE = -signal.SIGPIPE
EXECS = ("execl", "execle", "execlp", "execv", "execve", "execvp", "execvpe", "fexecve",
         "syscall-execve", "syscall-execveat")
GLIBC = ("execveat",)  # musl has it since 1.2.5


class OnAndOff(Differential):
    option = None  # the text that switches it on

    def on(self, program, *arguments, **more):
        """The program's lines with the option on, and that at the default it runs as bare."""
        bare, shimmed = self.both(program, *arguments, options=self.option, **more)
        default = self.both(program, *arguments, **more)[1]
        self.assertEqual(default.lines(), bare.lines())
        return bare, shimmed

    def same(self, program, *arguments, **more):
        """As bare, with the option on and at the default."""
        bare, shimmed = self.on(program, *arguments, **more)
        self.assertEqual(shimmed.lines(), bare.lines())
        return bare


class Default(Differential):
    def test_no_system_call_is_added(self):
        """But for the look at an environment before it is kept over exec, which env=off spares."""
        bare = self.assert_same("calls", options="contain=off:env=off")
        self.assertIn("dup2 onto itself", bare.out)

    def test_the_test_would_see_one(self):
        for option in ("sigpipe=epipe", "pipes=cloexec", "exec=parent-dir"):
            bare, shimmed = self.both("calls", options=f"contain=off:env=off:{option}")
            self.assertNotEqual(bare.out, shimmed.out)


class Sigpipe(OnAndOff):
    option = "sigpipe=epipe"
    program = "sigpipe"
    spawns = ("spawn", "spawnp", "spawn-default", "spawn-flagless")
    calls = (*EXECS, *GLIBC, *spawns)

    def test_a_write_answers_instead_of_ending_the_writer(self):
        for what in (["main"], ["thread"], ["default", "sigaction"], ["default", "signal"], ["default", "syscall"]):
            with self.subTest(what=what):
                bare, shimmed = self.on(self.program, *what)
                self.assertEqual(bare.status, PIPE)
                self.assertEqual((shimmed.status, shimmed.out.splitlines()[-1]),
                                 (0, f"{what[0]}: write: -1, EPIPE"))

    def test_in_children(self):
        for what in ("forked", "vforked"):
            bare, shimmed = self.on(self.program, what)
            self.assertEqual(bare.out, f"{what}: child, killed 13, no error\n")
            self.assertEqual(shimmed.out, f"{what}: write: -1, EPIPE\n{what}: child, exited 3, no error\n")

    def test_what_the_program_sets_is_left_alone(self):
        for setter in ("sigaction", "signal", "syscall"):
            if setter != "syscall":  # without libc's restorer a handler cannot return
                self.assertIn("handled", self.same(self.program, "handler", setter).out)
            self.same(self.program, "ignored", setter)
        self.same(self.program, "blocked")

    def test_what_the_program_inherits_is_left_alone(self):
        for what in (["main"], ["exec", "execv", STATIC]):
            ignoring = {"preexec_fn": lambda: signal.signal(signal.SIGPIPE, signal.SIG_IGN), "restore_signals": False}
            bare = self.same(self.program, *what, **ignoring)
            self.assertEqual(bare.out, "main: write: -1, EPIPE\n" if what == ["main"] else
                             "SIGPIPE ignored, SIGUSR1 default\n")

    def test_the_program_sees_the_default(self):
        bare = self.same(self.program, "seen")
        self.assertEqual(bare.out.splitlines()[0], "at the start: now default, flags 0, blocked 0")

    def test_undone_over_exec_and_spawn(self):
        """The next image is one without hooks: nobody hides from it what the kernel has."""
        for call in self.calls:
            with self.subTest(call=call):
                bare = self.same(self.program, "exec", call, STATIC)
                self.assertIn("SIGPIPE default", bare.out)

    def test_set_again_in_the_next_image(self):
        bare, shimmed = self.on(self.program, "exec", "execv", BIN / self.program)
        self.assertEqual((bare.status, shimmed.status), (PIPE, 0))

    def test_a_failed_exec_leaves_it(self):
        for call in self.calls:
            with self.subTest(call=call):
                bare, shimmed = self.on(self.program, "failed", call)
                self.assertEqual((bare.status, shimmed.status), (PIPE, 0))
                self.assertEqual(shimmed.lines()[1:], [*bare.lines()[1:], "failed: write: -1, EPIPE"])

    def test_a_vfork_child_sets_its_own(self):
        for what in ("default", "ignored"):
            bare, shimmed = self.on(self.program, "vfork-exec", what, STATIC)
            self.assertIn(f"SIGPIPE {what}", bare.out)
            self.assertEqual((bare.status, shimmed.status), (PIPE, 0))
            self.assertEqual(shimmed.lines()[1:], [*bare.lines()[1:], "parent: write: -1, EPIPE"])

    def test_shells(self):
        for shell in ("sh", "bash"):
            script = f"{shell} -c 'trap \"\" PIPE; {STATIC} sigpipe; trap - PIPE; {STATIC} sigpipe'"
            self.same("/bin/sh", "-c", script)


@unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
class SigpipeMusl(Sigpipe):
    program = "musl/sigpipe"
    calls = (*EXECS, *Sigpipe.spawns)


class Pipes(OnAndOff):
    option = "pipes=cloexec"
    program = "pipes"
    plain = ("pipe", "pipe2", "syscall-pipe", "syscall-pipe2")
    explicit = ("pipe2-cloexec", "syscall-pipe2-cloexec")

    def inherited(self, lines):
        return [int(line.split()[1]) for line in lines if line.startswith("descriptor") and line.split()[1] > "2"]

    def test_closed_by_exec(self):
        for how in self.plain:
            bare, shimmed = self.on(self.program, "made", how)
            self.assertEqual(bare.out.count("closed by exec no"), 2)
            self.assertEqual(shimmed.lines(), [line.replace("exec no", "exec yes") for line in bare.lines()])

    def test_the_programs_own_choice_stands(self):
        for how in self.explicit:
            for what in ("made", "low", "self"):
                self.assertEqual(self.same(self.program, what, how).out.count("exec no"), 0)

    def test_standard_numbers_are_left_alone(self):
        for how in self.plain:
            self.assertEqual(self.same(self.program, "low", how).out.count("exec no"), 2)

    def test_an_end_duplicated_onto_itself(self):
        for how in self.plain:
            bare, shimmed = self.on(self.program, "self", how)
            self.assertEqual(shimmed.lines()[-2:], bare.lines()[-2:])
            self.assertEqual(shimmed.out.count("exec no"), 2)

    def test_numbers_that_belonged_to_another_pipe(self):
        for how in self.explicit:
            self.same(self.program, "reused", how)

    def test_refused(self):
        for how in (*self.plain, *self.explicit):
            self.same(self.program, "refused", how)

    def test_who_inherits(self):
        for what, expected in (("none", []), ("thread", []), ("vfork", []), ("spawn", []), ("dup", [5]), ("dup2", [9]),
                               ("self-dup2", [3]), ("fcntl", [3]), ("spawn-self", [3]), ("spawn-dup2", [9])):
            for how in self.plain:
                with self.subTest(what=what, how=how):
                    bare, shimmed = self.on(self.program, what, how, STATIC)
                    self.assertEqual(self.inherited(bare.lines()), sorted({3, 4, *expected}))
                    self.assertEqual(self.inherited(shimmed.lines()), expected)
                    self.assertEqual(shimmed.lines()[-2:], bare.lines()[-2:])

    def test_shells(self):
        for script in ("seq 3 | sort -r | { read a; echo $a; cat; }", "a=$(echo x | tr x y); echo $a",
                       "cat <<here | tr a b\nabc\nhere", "{ echo 1; echo 2 >&2; } 2>&1 | cat",
                       "exec 3>&1; echo y | cat >&3"):
            for shell in ("sh", "bash"):
                self.same("/usr/bin/env", shell, "-c", script)
        self.same("/usr/bin/env", "bash", "-c", "cat <(echo a) <(echo b); echo c > >(cat); wait $!; "
                  "coproc cat; echo d >&${COPROC[1]}; read -u ${COPROC[0]} e; echo $e")


@unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
class PipesMusl(Pipes):
    program = "musl/pipes"


class ParentDir(OnAndOff):
    option = "exec=parent-dir"
    program = "origin"
    calls = (*(call for call in EXECS if call != "fexecve"), *GLIBC)
    TOOLS = ("parent", "child", "child/sub")

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.place = pathlib.Path(folder.name)
        self.place.chmod(0o755)
        for name in self.TOOLS:
            (self.place / name).mkdir()
            shutil.copy(STATIC, self.place / name / "tool")
            script = self.place / name / "script"
            script.write_text("#!/bin/sh\necho $0 $1\n")
            script.chmod(0o755)
        (self.place / "child" / "proc").mkdir()

    def started(self, how, call, path, judge=None, **more):
        return (judge or self.on)(self.program, how, call, path, self.place / "child", cwd=self.place / "parent", **more)

    def assert_moved(self, how, call, path="./tool", name="tool"):
        """Bare, the child's program runs; with the option, the parent's, by the same argv."""
        with self.subTest(how=how, call=call, path=path):
            bare, shimmed = self.started(how, call, path)
            self.assertIn(f"child/{name} called tool", bare.lines())
            self.assertEqual(shimmed.lines(), [line.replace("child/", "parent/") for line in bare.lines()])

    def test_every_call(self):
        for call in self.calls:
            self.assert_moved("fork", call)

    def test_every_kind_of_child(self):
        for how in ("fork", "vfork", "clone", "syscall", "small", "again"):
            self.assert_moved(how, "execve")

    def test_spellings(self):
        for path in ("./tool", "../parent/../child/sub/../tool", ".//tool"):
            self.assertIn("child/tool called tool", self.started("fork", "execv", path)[0].out)
        self.assert_moved("fork", "execv", ".//tool")
        bare, shimmed = self.started("fork", "execv", "sub/tool")
        self.assertEqual((bare.lines()[1:], shimmed.lines()[1:]),
                         (["sub/tool called tool", "fork: exited 0"], ["execv: ENOENT", "fork: exited 9"]))

    def test_spawn_in_another_directory(self):
        for call in ("spawn", "spawnp"):
            for how in ("itself", "fork"):
                self.assert_moved(how, call)
        self.started("itself", "spawn-here", "./tool", self.same)

    def test_as_bare_where_it_does_not_apply(self):
        for how, call, path in (("itself", "execv", "./tool"), ("image", "execv", "./tool"),
                                ("fork", "execvp", "tool"), ("fork", "execv", "tool"), ("fork", "fexecve", "./tool"),
                                ("fork", "execv", self.place / "child/sub/tool"), ("fork", "execv", "./missing"),
                                ("fork", "execv", "tool/under"), ("fork", "execv", ""),
                                ("fork", "bad-pointer", ""), ("fork", "null", ""),
                                ("fork", "execv", "./" + "x" * 300), ("fork", "execvp", "./missing")):
            with self.subTest(how=how, call=call, path=str(path)[:40]):
                self.started(how, call, path, self.same)

    def test_as_bare_where_the_parent_cannot_be_asked(self):
        self.started("orphan", "execv", "./tool", self.same)
        self.started("foreign", "execv", "./tool", self.same)

    def test_as_bare_under_another_root(self):
        self.started("chroot", "execv", "./tool", self.same)

    def test_a_directory_that_is_gone_has_no_program(self):
        bare, shimmed = self.started("deleted", "execv", "./tool")
        self.assertIn("child/tool called tool", bare.out)
        self.assertIn("execv: ENOENT", shimmed.out)

    def test_paths_of_any_length(self):
        for count, expected in ((1000, "parent/tool called tool"), (2046, "execv: ENAMETOOLONG"),
                                (4000, "execv: ENAMETOOLONG")):
            shimmed = self.started("fork", "execv", "./" * count + "tool")[1]
            self.assertIn(expected, shimmed.out)

    def test_a_script_is_told_the_absolute_path(self):
        bare, shimmed = self.started("fork", "execv", "./script")
        self.assertEqual(bare.lines()[1], "./script where")
        self.assertEqual(shimmed.lines()[1], f"{os.path.realpath(self.place)}/parent/./script where")

    def test_python(self):
        script = "import subprocess, sys; subprocess.run(['./tool', 'where'], cwd=sys.argv[1])"
        bare, shimmed = self.on("/usr/bin/python3", "-c", script, self.place / "child", cwd=self.place / "parent")
        self.assertEqual((bare.out, shimmed.out), ("child/tool called ./tool\n", "parent/tool called ./tool\n"))


@unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
class ParentDirMusl(ParentDir):
    program = "musl/origin"
    calls = tuple(call for call in EXECS if call != "fexecve")


class Restore(Differential):
    option = "env=restore"

    def assert_unseen(self, program, *arguments, **more):
        """Whatever it says of its environment, it says bare, too."""
        return self.assert_same(program, *arguments, options=self.option, **more)

    def test_no_image_sees_anything(self):
        self.assert_unseen("show")
        for argv in (["env"], ["env", "-i", "env", "A=b", "env"], ["sh", "-c", "env; env"], ["bash", "-c", "env; env"],
                     ["python3", "-c", "import os, subprocess; print(os.environ, flush=True); subprocess.run('env')"]):
            with self.subTest(argv=argv):
                self.assert_unseen("/usr/bin/env", *argv)

    @unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
    def test_under_musl(self):
        self.assert_unseen("musl/show")
        for target in (BIN / "show", BIN / "musl/show"):
            for call in ("execve", "execv", "execvp", "fexecve"):
                self.assert_unseen("musl/exec_family", call, target, "own", "x")
                shimmed = self.both("musl/exec_family", call, target, "empty", "hooked", options=self.option)[1]
                self.assertEqual(shimmed.out, "hooked yes\n")

    def test_over_every_call(self):
        for call in (*WITH_ENVIRONMENT, *BY_ENVIRON):
            for kind in ("own", "empty", "two", "long"):
                with self.subTest(call=call, environment=kind):
                    self.assert_unseen("exec_family", call, BIN / "show", kind, "x")
                    shimmed = self.both("exec_family", call, BIN / "show", kind, "hooked", options=self.option)[1]
                    self.assertEqual(shimmed.out, "hooked yes\n")

    def test_options_reach_the_next_image_over_every_call(self):
        for call in Sigpipe.calls:
            with self.subTest(call=call):
                bare, shimmed = self.both("sigpipe", "exec", call, BIN / "sigpipe", options="env=restore:sigpipe=epipe")
                self.assertNotIn("EPIPE", bare.out)
                self.assertIn("sigpipe: write: -1, EPIPE", shimmed.out)

    def test_from_a_vfork_child_and_a_thread(self):
        _, shimmed = self.both("sigpipe", "vfork-exec", "default", BIN / "sigpipe", options="env=restore:sigpipe=epipe")
        self.assertIn("sigpipe: write: -1, EPIPE", shimmed.out)
        self.assert_same("small_stack", 0, options=self.option)
        self.assert_same("small_stack", 400, options=self.option)
        for how in ("vfork", "small", "clone"):
            self.assert_same("origin", how, "execve", BIN / "show", "/", options=self.option)

    def test_other_preloads_stay_and_keep_their_order(self):
        markers = ":".join(str(BIN / f"libmarker{n}.so") for n in (1, 2))
        for kind in ("own", "foreign", "twice"):
            variables = {"LD_PRELOAD": markers, "FOREIGN": markers}
            self.assert_unseen("exec_family", "execve", BIN / "show", kind, variables=variables)
            shimmed = self.both("exec_family", "execve", BIN / "show", kind, "loaded", options=self.option,
                                variables=variables)[1]
            self.assertEqual(shimmed.out, "loaded libmarker1.so\nloaded libmarker2.so\n"
                             f"loaded {os.path.basename(SHIM)}\n")

    def test_the_run_is_carried_to_images_without_hooks(self):
        env = environment(self.option, SHIM, FORKPROOF_RUN="7", FORKPROOF_RUNTIME_DIR="/proc/none")
        shown = run([BIN / "exec_family", "execve", STATIC, "two", "x"], env).out.splitlines()
        self.assertIn("variable FORKPROOF_RUN=7", shown)
        self.assertIn("variable FORKPROOF_RUNTIME_DIR=/proc/none", shown)
        self.assertIn("variable FORKPROOF_OPTIONS=env=restore", shown)

    def test_bad_options_are_said_once(self):
        outcome = run(["env", "env", "-i", "env", "/bin/true"], environment("bad:env=restore", SHIM))
        self.assertEqual((outcome.status, outcome.err.count("\n")), (0, 1), outcome.err)

    def test_programs_that_look_for_the_preload(self):
        self.assertEqual(self.assert_unseen("reexec", 0).out, "clean\n")

    def test_the_largest_environment(self):
        for call in ("execve", "execvpe", "execv"):
            self.assert_same("exec_family", call, BIN / "show", "largest", "exit", "3", options=self.option)

    def test_a_program_that_puts_it_back(self):
        """It is taken out again; what the program names beside it stays."""
        variables = {"FOREIGN": f"{SHIM}:{BIN / 'libmarker1.so'}"}
        shimmed = self.both("exec_family", "execve", BIN / "show", "foreign", variables=variables, options=self.option)[1]
        self.assertIn(f"variable LD_PRELOAD={BIN / 'libmarker1.so'}", shimmed.out)


if __name__ == "__main__":
    unittest.main()
