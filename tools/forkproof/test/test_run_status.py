"""Exit statuses, what the program inherits, and bad input: one line, the documented status, no trace."""

import os
import shutil
import signal
import subprocess
import sys
import unittest

import harness
from harness import Case, FORKPROOF


class Lines(Case):
    def file(self, name, text, mode):
        path = os.path.join(self.directory, name)
        with open(path, "w") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def assert_one_line(self, text, part):
        self.assertTrue(text.startswith(b"forkproof: "), text)
        self.assertEqual(text.count(b"\n"), 1, text)
        self.assertTrue(text.endswith(b"\n"), text)
        self.assertIn(part.encode(), text)


class Status(Lines):
    def test_exit_statuses_are_the_programs_own(self):
        for status in (0, 1, 3, 77, 125, 126, 127, 128, 255):
            done = self.run_to_end("--", "sh", "-c", "exit %d" % status)
            self.assertEqual((done.returncode, done.stderr), (status, b""))

    def test_death_by_a_signal_is_128_and_its_number(self):
        for name in ("HUP", "INT", "QUIT", "KILL", "TERM", "SEGV", "USR1", "PIPE"):
            number = getattr(signal, "SIG" + name)
            done = self.run_to_end("sh", "-c", "ulimit -c 0; kill -%s $$" % name)
            self.assertEqual((done.returncode, done.stderr), (128 + number, b""), name)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_missing_program_with_a_closed_directory_on_the_path(self):
        closed = os.path.join(self.directory, "closed")
        os.mkdir(closed, 0)
        os.mkdir(self.runtime, 0o700)
        os.chown(self.runtime, 65534, 65534)
        self.forkproof, library = self.reachable(FORKPROOF, os.environ["FORKPROOF_LIBRARY"])
        done = self.run_to_end("no-such-program", user=65534, group=65534, extra_groups=[], cwd="/",
                               env=dict(self.environment, FORKPROOF_LIBRARY=library,
                                        PATH=closed + ":" + os.environ["PATH"]))
        self.assertEqual(done.returncode, 127)
        self.assert_one_line(done.stderr, "program not found: no-such-program")

    def test_missing_program(self):
        for program in ("no-such-program", "/no/such/program", "./no-such", ""):
            done = self.run_to_end("--", program)
            self.assertEqual(done.returncode, 127, program)
            self.assert_one_line(done.stderr, program)

    def test_programs_that_cannot_be_executed(self):
        plain = self.file("plain", "#!/bin/sh\n", 0o644)
        no_interpreter = self.file("lost", "#!/no/such/interpreter\n", 0o755)
        for program, status, text in ((self.directory, 126, "Is a directory"),
                                      (plain, 126, "Permission denied"),
                                      (plain + "/x", 126, "Not a directory"),
                                      (no_interpreter, 127, "/no/such/interpreter is missing")):
            done = self.run_to_end("--", program)
            self.assertEqual(done.returncode, status, done.stderr)
            self.assert_one_line(done.stderr, text)

    def test_path_is_searched_as_execvp_does(self):
        self.file("tool", "exit 9\n", 0o755)  # no "#!": the shell takes it
        environment = dict(self.environment, PATH="/no/such:" + self.directory + ":/usr/bin:/bin")
        self.assertEqual(self.run_to_end("tool", env=environment).returncode, 9)

    def test_options_end_at_the_program(self):
        done = self.run_to_end("echo", "--quiet", "--", "-x")
        self.assertEqual((done.returncode, done.stdout), (0, b"--quiet -- -x\n"))


class BadInput(Lines):
    ROWS = [
        (["--no-such"], "unknown option '--no-such'"),
        (["-x"], "unknown option '-x'"),
        (["--signal"], "'--signal' needs a value"),
        (["-o"], "'-o' needs a value"),
        (["--quiet=1", "true"], "'--quiet' takes no value"),
        ([], "no program"),
        (["--"], "no program"),
        (["--contain=jail", "true"], "'jail' for --contain"),
        (["--contain=", "true"], "'' for --contain"),
        (["--signal=NOPE", "true"], "'NOPE' for --signal"),
        (["--signal=0", "true"], "'0' for --signal"),
        (["--signal=65", "true"], "'65' for --signal"),
        (["--grace=-1", "true"], "'-1' for --grace"),
        (["--grace=5x", "true"], "'5x' for --grace"),
        (["--grace=", "true"], "'' for --grace"),
        (["--grace=1\n2", "true"], "'1\\n2' for --grace"),
        (["--zombies=-1", "true"], "'-1' for --zombies"),
        (["--zombies=1000001", "true"], "'1000001' for --zombies"),
        (["--zombies=1:stale=allow", "true"], "for --zombies"),
        (["-o", "zombies=many", "true"], "bad value in option: 'zombies=many': expected a number up to 1000000"),
        (["-o", "env=no", "true"], "bad value in option: 'env=no': expected keep|restore|off"),
        (["-o", "nonsense=1", "true"], "unknown option: 'nonsense=1'"),
        (["-o", "zombies", "true"], "no '=' in option: 'zombies'"),
        (["-o", "", "true"], "no '='"),
        (["--report=", "true"], "'' for --report"),
        (["--report=/no/such/dir/x", "true"], "/no/such/dir/x"),
        (["--report=/", "true"], "Is a directory"),
        (["--report=/dev/fd/99", "true"], "/dev/fd/99"),
    ]

    def test_one_line_and_125(self):
        for words, part in self.ROWS:
            with self.subTest(words=words):
                done = self.run_to_end(*words)
                self.assertEqual(done.returncode, 125, done.stderr)
                self.assert_one_line(done.stderr, part)
                self.assertEqual(done.stdout, b"")
                self.assert_no_trace()

    def test_commands(self):
        for words, part in (([], "no command"), (["nope"], "unknown command 'nope'"),
                            (["--nope"], "unknown option '--nope'")):
            done = subprocess.run([FORKPROOF, *words], capture_output=True)
            self.assertEqual(done.returncode, 125)
            self.assert_one_line(done.stderr, part)

    def test_help_fits_a_screen(self):
        for words in (["--help"], ["run", "--help"]):
            done = subprocess.run([FORKPROOF, *words], capture_output=True)
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            lines = done.stdout.decode().splitlines()
            self.assertLessEqual(len(lines), 24)
            self.assertLessEqual(max(map(len, lines)), 99)

    def with_environment(self, part, **variables):
        done = self.run_to_end("true", env=dict(self.environment, **variables))
        self.assertEqual(done.returncode, 125, done.stderr)
        self.assert_one_line(done.stderr, part)

    def test_options_of_the_environment_are_checked(self):
        self.with_environment("FORKPROOF_OPTIONS", FORKPROOF_OPTIONS="zombies=1:x=y")

    def test_a_library_that_cannot_be_preloaded(self):
        self.with_environment("/no/such.so", FORKPROOF_LIBRARY="/no/such.so")
        self.with_environment("not an ELF object", FORKPROOF_LIBRARY="/etc/passwd")
        self.with_environment("/tmp", FORKPROOF_LIBRARY="/tmp")
        blank = os.path.join(self.directory, "a b.so")
        os.symlink(os.environ["FORKPROOF_LIBRARY"], os.path.join(self.directory, "ok.so"))
        with open(os.environ["FORKPROOF_LIBRARY"], "rb") as f, open(blank, "wb") as g:
            g.write(f.read())
        self.with_environment("blank", FORKPROOF_LIBRARY=blank)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_library_that_another_user_has_put_beside_the_command(self):
        tool, lib = (os.path.join(self.directory, name) for name in ("tool", "lib"))
        os.mkdir(tool)
        os.mkdir(lib)
        command = shutil.copy(FORKPROOF, tool)
        library = shutil.copy(os.environ["FORKPROOF_LIBRARY"], lib)
        environment = {name: value for name, value in self.environment.items() if name != "FORKPROOF_LIBRARY"}

        def outcome():
            done = subprocess.run([command, "run", "true"], env=environment, capture_output=True, text=True)
            return done.returncode, done.stderr

        refused = (125, "forkproof: cannot use the library %s: another user has put it there\n" % library)
        self.assertEqual(outcome(), (0, ""))
        for changed in lib, library:
            os.chown(changed, 65534, 65534)
            self.assertEqual(outcome(), refused)
            os.chown(changed, 0, 0)
        for path in command, lib, library:  # all of one user: who believes the command believes the rest
            os.chown(path, 65534, 65534)
        self.assertEqual(outcome(), (0, ""))

    def test_runtime_directories_that_are_not_private(self):
        shared = os.path.join(self.directory, "shared")
        os.mkdir(shared)
        os.chmod(shared, 0o770)
        link = os.path.join(self.directory, "link")
        os.symlink(self.directory, link)
        self.with_environment("others may enter", FORKPROOF_RUNTIME_DIR=shared)
        self.with_environment("symbolic link", FORKPROOF_RUNTIME_DIR=link)
        self.with_environment("No such file", FORKPROOF_RUNTIME_DIR="/no/such/dir")
        if os.geteuid() == 0:
            other = os.path.join(self.directory, "other")
            os.mkdir(other, 0o700)
            os.chown(other, 65534, 65534)
            self.with_environment("another user", FORKPROOF_RUNTIME_DIR=other)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    @unittest.skipUnless(subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0,
                         "needs a mount namespace")
    def test_without_proc(self):
        done = subprocess.run(["unshare", "-m", "sh", "-c",
                               "while umount -l /proc; do :; done 2>/dev/null; exec \"$0\" run true", FORKPROOF],
                              capture_output=True, env=self.environment)
        self.assertEqual(done.returncode, 125)
        self.assert_one_line(done.stderr, "/proc is not mounted")


class Inherited(Case):
    def python(self, text, **options):
        done = self.run_to_end(sys.executable, "-c", text, **options)
        self.assertEqual(done.stderr, b"")
        return done.stdout.decode()

    def test_descriptors_are_those_of_the_caller(self):
        text = "import os; print(sorted(os.listdir('/proc/self/fd')))"
        bare = subprocess.run([sys.executable, "-c", text], stdin=subprocess.DEVNULL,
                              capture_output=True).stdout.decode()
        self.assertEqual(self.python(text), bare)

    def test_closed_standard_descriptors_stay_closed(self):
        report = os.path.join(self.directory, "out")
        for closed in ((0,), (1,), (2,), (0, 1, 2)):
            text = ("import os\nfound = repr([f for f in range(3)"
                    " if os.path.exists('/proc/%%d/fd/%%d' %% (os.getpid(), f))])\n"
                    "open('%s', 'w').write(found)" % report)
            closing = " ".join("%d>&-" % f for f in closed)
            subprocess.run(["sh", "-c", 'exec "$@" ' + closing, "sh",
                            *self.command(sys.executable, "-S", "-c", text)],
                           env=self.environment, check=True, timeout=harness.DEADLINE)
            with open(report) as f:
                self.assertEqual(f.read(), repr([n for n in range(3) if n not in closed]))

    def test_signal_state_is_that_of_the_caller(self):
        text = ("import re; print(re.findall('Sig(?:Blk|Ign):.*', open('/proc/self/status').read()))")

        def odd():
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGCHLD, signal.SIG_IGN)
            signal.pthread_sigmask(signal.SIG_SETMASK, {signal.SIGUSR1, signal.SIGTERM})

        bare = subprocess.run([sys.executable, "-c", text], preexec_fn=odd, capture_output=True)
        self.assertEqual(self.python(text, preexec_fn=odd), bare.stdout.decode())

    def test_process_group_session_umask_and_limits(self):
        text = ("import os, resource; old = os.umask(0); print(os.getpgrp(), os.getsid(0), old,"
                " os.getcwd(), os.nice(0), resource.getrlimit(resource.RLIMIT_CORE))")
        done = subprocess.run(["sh", "-c", "umask 031; \"$1\" -c \"$2\"; exec \"$3\" run \"$1\" -c \"$2\"",
                               "sh", sys.executable, text, FORKPROOF],
                              env=self.environment, capture_output=True, text=True)
        bare, ours = done.stdout.splitlines()
        self.assertEqual(bare, ours)

    def test_environment_gains_the_preload_and_the_run(self):
        text = ("import os; e = os.environ; print(e['LD_PRELOAD'], '|', e['FORKPROOF_RUN'], '|',"
                " e.get('FORKPROOF_OPTIONS'))")
        library = harness.preload_path()
        preload, run, options = self.python(text).strip().split(" | ")
        self.assertEqual((preload, options), (library, "None"))
        self.assertRegex(run, r"^\d+-[0-9a-f]{8}\.\d+$")
        again = self.python(text, env=dict(self.environment, LD_PRELOAD=library,
                                           FORKPROOF_OPTIONS="zombies=3"))
        self.assertTrue(again.startswith(library + " | "), again)
        self.assertTrue(again.strip().endswith("| zombies=3"), again)

    def test_options_are_joined(self):
        environment = dict(self.environment, FORKPROOF_OPTIONS="zombies=3")
        done = self.run_to_end("-o", "stale=allow", "--zombies=9", "sh", "-c",
                               "echo $FORKPROOF_OPTIONS", env=environment)
        self.assertEqual(done.stdout, b"zombies=3:stale=allow:zombies=9\n")

    def test_the_output_ends_with_the_program(self):
        """Neither guard nor supervisor holds the program's stdout: it may close it and live on."""
        process = self.start("sh", "-c", "exec >&-; exec sleep 1000")
        harness.read_until(process.stdout.fileno(), None)
        self.assertIsNone(process.poll())
        harness.send(process.pid, "TERM")
        self.assertEqual(process.wait(harness.DEADLINE), 143)

    def test_children_the_caller_had_before_are_strangers(self):
        read, write = os.pipe()
        text = "sleep 1000 >&- 2>&- <&- & echo $! >&%d; exec \"$@\"" % write
        done = subprocess.run(["sh", "-c", text, "sh", *self.command("true")], env=dict(
            os.environ, FORKPROOF_RUNTIME_DIR=self.runtime), pass_fds=[write], timeout=10)
        stranger = int(os.read(read, 100))
        self.assertEqual(done.returncode, 0)
        self.assertEqual(harness.state(stranger), "S")
        os.kill(stranger, signal.SIGKILL)
        os.close(read)
        os.close(write)


if __name__ == "__main__":
    unittest.main()
