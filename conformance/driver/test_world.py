#!/usr/bin/python3 -B
"""Worlds with programs in them that do what they must not: each is brought home, judged, and gone."""

import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import cases, fixture, needs, verdict, world  # noqa: E402
from driver.build import Build  # noqa: E402
from driver.cases import Outcome, parse_when  # noqa: E402

DEADLINE = 5


def setUpModule():
    fixture.need_a_build()


def tearDownModule():
    fixture.forget_object()


def processes_with(marker):
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file:
                if marker.encode() in file.read().split(b"\0"):
                    found.append(int(name))
        except OSError:
            pass
    return found


class Worlds(fixture.TestCase):
    def setUp(self):
        super().setUp()
        self.worlds = world.Worlds(self.suite.build / "conformance" / "warden")
        self.addCleanup(self.worlds.close)
        self.marker = f"marker-{os.getpid()}-{id(self)}"

    def play(self, body, *options, deadline=DEADLINE, wrap=()):
        program = self.suite.top / "program"
        fixture.put_program(program, body)
        played = self.worlds.play(options, [*wrap, str(program), self.marker], deadline)
        self.assertEqual([], processes_with(self.marker), "nothing of it is left")
        self.assertEqual([], [p for p in pathlib.Path(self.worlds.base).iterdir()], "nor of its files")
        return played

    def judged(self, body, *options, **more):
        whens = {"left": "survivors", "stuck": "stalled", "well": "said"}
        outcomes = {word: Outcome(word, word == "well", parse_when(when), "") for word, when in whens.items()}
        case = cases.Case("x", self.suite.top, (), False, DEADLINE, 0, (), "", (), outcomes, {}, (), {})
        run = verdict.judge(case, "bare", self.play(body, *options, **more))
        return run.label if run.label != verdict.BROK else f"BROK {run.reason}"

    def test_steps_and_outcome_and_output(self):
        played = self.play('case_step("one %d", 1); puts("out"); fprintf(stderr, "err\\n"); case_outcome("well");')
        self.assertEqual((0, "out\n", "err\n"), (played.status, played.files["stdout"], played.files["stderr"]))
        self.assertEqual(([(2, "one 1")], "well"),
                         (lambda w: (w.steps, w.outcome))(verdict.read_words(played.files["words"])))

    def test_crash(self):
        self.assertEqual("BROK no outcome applies: it was killed by SIGSEGV and said no outcome",
                         self.judged("raise(SIGSEGV);"))

    def test_garbage_in_words(self):
        body = 'int fd = open("../words", O_WRONLY | O_APPEND); write(fd, "\\033[2J\\n", 5); case_outcome("well");'
        self.assertEqual("BROK words has what case.c does not write: \\x1b[2J", self.judged(body))

    def test_very_much_in_words(self):
        body = ('FILE *f = fopen("../words", "a");'
                'for (int i = 0; i < 100000; i++) fprintf(f, "step 1 xxxxxxxxxxxxxxxx\\n"); fclose(f);')
        self.assertEqual("BROK words is longer than anything that is read", self.judged(body + 'case_outcome("well");'))

    def test_words_that_is_no_file(self):
        for body in ('mkfifo("../words", 0600);', 'symlink("/dev/zero", "../words");', 'mkdir("../words", 0700);'):
            self.assertEqual("BROK no outcome applies: it exited 0 and said no outcome",
                             self.judged('unlink("../words");' + body))

    def test_forks_away(self):
        body = 'if (fork() == 0) { setsid(); if (fork() == 0) for (;;) pause(); _exit(0); } case_outcome("well");'
        self.assertEqual("left", self.judged(body))

    def test_fills_the_disk(self):
        body = 'char x[65536] = ""; for (;;) if (write(1, x, sizeof x) < 0) break;'
        self.assertEqual("BROK no outcome applies: it was killed by SIGXFSZ and said no outcome", self.judged(body))

    def test_ignores_the_request_to_end(self):
        body = "for (int i = 1; i < 65; i++) signal(i, SIG_IGN); fork(); for (;;) pause();"
        self.assertEqual("stuck", self.judged(body, "--stall"))
        self.assertEqual("BROK no outcome applies: it was not over in time and said no outcome",
                         self.judged(body, deadline=0.3))

    def test_directories_that_are_hard_to_remove(self):
        self.judged('for (int i = 0; i < 1100; i++) { mkdir("d", 0700); chdir("d"); } chmod(".", 0);')

    def test_program_that_is_not_there(self):
        played = self.worlds.play([], ["/nowhere/x"], DEADLINE)
        self.assertIn("end exited 127\n", played.facts)
        self.assertIn("/nowhere/x: No such file or directory", played.files["stderr"])

    ASK = ('struct { short family; char path[108]; } a = {1}; sprintf(a.path, "%s/world", getenv("CASE_DIRECTORY"));'
           'int s = socket(1, 5, 0); if (connect(s, (void *)&a, sizeof a) != 0) case_broken("connect");')

    def test_asks_and_says_nothing(self):
        self.assertEqual("BROK no outcome applies: it was not over in time and said well",
                         self.judged(self.ASK + 'case_outcome("well"); pause();', deadline=0.3))
        self.assertEqual("stuck", self.judged(self.ASK + "pause();", "--stall"))

    def test_asks_garbage_and_reads_no_answer(self):
        body = f'for (int i = 0; i < 200; i++) {{ {self.ASK} write(s, argv[0], i); if (i % 2) close(s); }}'
        self.assertEqual("well", self.judged(body + 'case_end_stranger(case_stranger(0)); case_outcome("well");'))

    def test_a_signal_while_it_asks(self):
        body = ('struct sigaction act = {.sa_handler = (void (*)(int))abs}; sigaction(SIGUSR1, &act, 0);'
                'struct case_gate *gate = case_gate_new(); int holds = fork();'
                f'if (!holds) {{ {self.ASK} case_gate_open(gate); pause(); }}'
                'case_gate_pass(gate);'
                'if (!fork()) { case_await_state(getppid(), \'S\'); kill(getppid(), SIGUSR1);'
                'while (case_state(getppid()) != \'S\') ; kill(holds, SIGKILL); _exit(0); }'
                'case_stranger(0); case_outcome("well");')
        self.assertEqual("well", self.judged(body))

    def test_signals_to_init(self):
        for number in "SIGTERM", "SIGSTOP", "SIGWINCH", "40":
            facts = self.play(f"kill(1, {number});").facts
            self.assertIn("end exited 0\n", facts)
            self.assertEqual(number != "SIGSTOP", "stranger 1 hit " in facts, "the kernel keeps SIGSTOP from it")

    def test_every_signal_to_a_stranger_is_seen(self):
        for number in "SIGKILL", "SIGTERM", "SIGSTOP", "SIGCHLD", "SIGURG", "SIGCONT", "32", "64":
            facts = self.play(f"int n = {number}; kill(case_stranger(0), n); exit(n);").facts
            self.assertRegex(facts, r"end exited (\d+)\nstranger 3 hit \1\n", number)
        self.assertIn("stranger 3 unharmed\n", self.play("kill(case_stranger(0), 0);").facts)

    def test_state_that_is_no_file(self):
        for body in ('mkfifo("../state", 0600);', f'symlink("{self.suite.top}/victim", "../state");'):
            self.assertEqual("stuck", self.judged(body + "pause();", "--stall"))
        self.assertFalse((self.suite.top / "victim").exists())

    def test_unmounts_proc(self):
        body = 'if (!fork()) pause(); umount2("/proc", MNT_DETACH); case_outcome("well");'
        self.assertEqual("left", self.judged(body))

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "needs groups")
    def test_moves_now_and_then_and_is_of_many_groups(self):
        body = 'for (int i = 0; i < 10; i++) usleep(60000); case_outcome("well");'
        groups = ",".join(str(4000000000 + i) for i in range(1000))
        self.assertEqual("well", self.judged(body, "--stall", wrap=["/usr/bin/setpriv", f"--groups={groups}"]))

    def test_by_hand_without_a_world(self):
        program = self.suite.top / "program"
        fixture.put_program(program, 'case_outcome("well");')
        done = subprocess.run([program], env={}, capture_output=True, text=True, check=True)
        self.assertEqual("outcome well\n", done.stderr)

    def test_signals_of_a_terminal_are_not_for_init(self):
        program, directory = self.suite.top / "program", self.worlds.new_directory(False)
        fixture.put_program(program, "while (access(argv[1], F_OK) != 0) sched_yield();")
        with subprocess.Popen([self.worlds.warden, directory, "--", program, self.suite.top / "go"],
                              stdout=subprocess.PIPE, text=True) as warden:
            children = pathlib.Path(f"/proc/{warden.pid}/task/{warden.pid}/children")
            while not (directory / "stdout").exists():
                os.sched_yield()
            for number in signal.SIGWINCH, signal.SIGTSTP:
                os.kill(int(children.read_text()), number)
            (self.suite.top / "go").touch()
            self.assertEqual("end exited 0\norphans 0\ndone\n", warden.stdout.read())
        world.remove(directory)

    def test_ends_with_whoever_runs_it(self):
        program, directory = self.suite.top / "program", self.worlds.new_directory(False)
        fixture.put_program(program, "for (;;) pause();")
        script = f'{self.worlds.warden} --deadline=60 {directory} -- {program} {self.marker} & ' \
                 f'while ! [ -e {directory}/stdout ]; do :; done; kill -9 $$'
        subprocess.run(["/bin/sh", "-c", script], check=False)
        end = time.monotonic() + 10
        while processes_with(self.marker) and time.monotonic() < end:
            os.sched_yield()
        self.assertEqual([], processes_with(self.marker))
        world.remove(directory)

    def test_environment_is_the_same_for_everybody(self):
        given = {"PATH": "/bin", "LD_PRELOAD": "/x.so", "FORKPROOF_OPTIONS": "x=y", "CASE_DIRECTORY": "/",
                 "LANG": "de_DE", "ASAN_OPTIONS": "a=b"}
        self.assertEqual({"PATH": "/bin", "LC_ALL": "C", "ASAN_OPTIONS": "a=b"}, world.clean_environment(given))

    def test_no_namespace(self):
        body = 'if (fork() == 0) { setsid(); for (;;) pause(); } case_outcome("well");'
        self.assertEqual("left", self.judged(body, "--no-namespace"))

    def test_forkproof_leaves_no_cgroup(self):
        """Though it was killed with the world before it could remove its own."""
        self.play("for (;;) pause();", "--stall", wrap=[str(self.suite.build / "bin" / "forkproof"), "run", "--"])
        self.worlds.close()
        self.assertEqual([], [c for c in self.worlds.cgroups if c.exists()])
        self.worlds.__init__(self.worlds.warden)  # for the clean-up


class Wardens(fixture.TestCase):
    """With something else in the place of the warden."""

    def setUp(self):
        super().setUp()
        self.warden = self.suite.top / "warden"
        patience, farewell = world.PATIENCE, world.FAREWELL
        world.PATIENCE, world.FAREWELL = 0.2, 0.2
        self.addCleanup(lambda: (setattr(world, "PATIENCE", patience), setattr(world, "FAREWELL", farewell)))

    def worlds(self, script):
        self.warden.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        self.warden.chmod(0o755)
        worlds = world.Worlds(self.warden)
        self.addCleanup(worlds.close)
        return worlds

    def test_one_that_does_not_end(self):
        began = time.monotonic()
        played = self.worlds("trap '' TERM; echo end exited 0; while :; do read x; done < /dev/zero").play([], ["x"],
                                                                                                           0.1)
        self.assertEqual((None, "end exited 0\n"), (played.status, played.facts))
        self.assertLess(time.monotonic() - began, 5)

    def test_has_no_terminal_with_us(self):
        played = self.worlds("read -r _ _ _ _ _ session _ < /proc/$$/stat; echo $((session - $$))").play([], ["x"], 1)
        self.assertEqual("0\n", played.facts)

    def test_many_descriptors(self):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limit)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (2000, limit[1]))
        except ValueError:
            self.skipTest("so many cannot be had")
        for fd in [os.dup(0) for _ in range(1100)]:
            self.addCleanup(os.close, fd)
        self.assertIsNone(self.worlds("exec sleep 1000").play([], ["x"], 0.1).status)

    def test_one_that_dies(self):
        played = self.worlds("kill -SEGV $$").play([], ["x"], 1)
        self.assertEqual(-11, played.status)

    def test_stop_ends_what_is_under_way(self):
        worlds = self.worlds("echo $$ > started; exec sleep 1000")
        seen = []

        def play():
            try:
                worlds.play([], ["x"], 1000)
            except world.Stopped as stopped:
                seen.append(stopped)

        thread = threading.Thread(target=play)
        thread.start()
        while not (pathlib.Path(worlds.base) / "started").exists():
            os.sched_yield()
        worlds.stop()
        thread.join()
        self.assertEqual(1, len(seen))

    def test_needs_say_why_not(self):
        worlds = self.worlds("echo 'warden: no pid namespace can be had: No' >&2; exit 77")
        machine = needs.Machine(worlds, Build(self.suite.build))
        for need in "forced-pids", "pid-limit":
            self.assertEqual("warden: no pid namespace can be had: No", machine.lacks(need))
        self.assertEqual(["--no-namespace"], machine.world_options())
        self.assertEqual("", machine.lacks("threads"))


class Removing(fixture.TestCase):
    def remove_as_plain_user(self, fill):
        """Root would not notice what is closed to others."""
        self.suite.top.chmod(0o777)
        child = os.fork()
        if child == 0:
            try:
                if os.geteuid() == 0:
                    os.setuid(65534)
                directory = self.suite.top / "directory"
                (directory / "inner" / "x").mkdir(parents=True)
                fill(directory)
                world.remove(directory)
                os._exit(os.path.lexists(directory))
            finally:
                os._exit(2)
        self.assertEqual(0, os.waitpid(child, 0)[1])

    def test_directories_that_are_closed(self):
        self.remove_as_plain_user(lambda directory: directory.chmod(0))
        self.remove_as_plain_user(lambda directory: (directory / "inner").chmod(0))

    def test_nothing_beyond_a_link_is_opened(self):
        victim = self.suite.top / "victim"

        def fill(directory):
            victim.touch(0o640)
            (directory / "inner" / "link").symlink_to(victim)
            (directory / "inner").chmod(0o500)

        self.remove_as_plain_user(fill)
        self.assertEqual(0o640, victim.stat().st_mode & 0o777)

    def test_nothing_above_is_opened(self):
        self.suite.top.chmod(0o755)
        world.remove(self.suite.top / "gone already")
        self.assertEqual(0o755, self.suite.top.stat().st_mode & 0o777)

    def test_names_are_short_in_bytes(self):
        long = self.suite.top / ("\u00e9" * 20)
        long.mkdir()
        self.addCleanup(setattr, tempfile, "tempdir", tempfile.tempdir)
        tempfile.tempdir = str(long)
        base = world.make_base()
        os.rmdir(base)
        self.assertLess(len(os.fsencode(base)), world.LONGEST_PATH - len("/99999999"))


class Conditions(fixture.TestCase):
    def setUp(self):
        super().setUp()
        self.worlds = world.Worlds(self.suite.build / "conformance" / "warden")
        self.addCleanup(self.worlds.close)
        self.machine = needs.Machine(self.worlds, Build(self.suite.build))

    def test_each_is_so_or_not(self):
        for condition in "root", "plain-user", "cgroup", "glibc", "musl", "glibc-2.31", "linux-5.4", "linux-999.0":
            self.assertNotEqual(self.machine.holds(condition, pathlib.Path(sys.executable)),
                                self.machine.holds(f"!{condition}", pathlib.Path(sys.executable)), condition)
        self.assertEqual((True, False), tuple(self.machine.holds(f"linux-{v}", "") for v in ("2.6", "999.0")))

    def test_libc_is_the_programs(self):
        program = self.suite.top / "program"
        program.write_bytes(b"\x7fELF...../lib/ld-musl-x86_64.so.1\0")
        self.assertEqual("musl", needs.kind_of_libc(program))
        self.assertFalse(self.machine.holds("glibc-2.0", program))
        self.assertEqual("glibc", needs.kind_of_libc(shutil.which("env")))

    def test_version_is_that_of_the_library_beside_the_loader(self):
        """Which need not be this machine's."""
        root = self.suite.top / "root"
        root.mkdir()
        (root / "ld-linux-x86-64.so.2").touch()
        (root / "libc.so.6").write_bytes(b"\0GNU C Library (Some 2.31-1) stable release version 2.31.\0")
        program = self.suite.top / "program"
        program.write_bytes(b"\x7fELF.....%b/ld-linux-x86-64.so.2\0" % os.fsencode(root))
        for version, so in ("2.9", True), ("2.31", True), ("2.32", False):
            self.assertEqual(so, self.machine.holds(f"glibc-{version}", program), version)

    def test_version_that_cannot_be_told_is_the_newest(self):
        self.assertTrue(self.machine.holds("glibc-999.0", self.suite.top / "absent"))

    def test_probes_leave_nothing(self):
        for need in cases.NEEDS:
            self.assertIsInstance(self.machine.lacks(need), str)
        self.assertEqual([], os.listdir(self.worlds.base))


if __name__ == "__main__":
    fixture.main()
