"""What a preloaded program leaves behind ends with it; and nothing else does."""

import ctypes
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from differential import BIN, SECONDS, SHIM, SKIPPED, Differential, environment, run

CONTAIN = str(BIN / "contain")
KINDS = ["child", "orphan", "session", "session-orphan", "daemon", "group", "exec", "bare-exec", "spawn", "vfork",
         "popen", "system", "wordexp", "terminal", "thread", "number", "member", "unhooked", "between"]
ENDS = ["exit", "_exit", "_Exit", "quick_exit", "exit_group", "return", "abort", "abort-handled", "raise", "kill",
        "tgkill", "exec", "exec-off", "daemon", "thread", "last-thread", "jump"]
PR_SET_CHILD_SUBREAPER = 36


def adopt_orphans():
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


class Program:
    """A running root, and a pidfd of each of its members."""

    def __init__(self, end, *kinds, options=None, shim=SHIM, members=None, start_new_session=True, **more):
        reader, writer = os.pipe()
        env = environment(options, shim, **more)
        self.begin([CONTAIN, end, str(writer), *kinds], reader, writer, env=env, stdin=subprocess.PIPE,
                   start_new_session=start_new_session, members=len(kinds) if members is None else members)

    def begin(self, argv, reader, writer, members, **more):
        self.out, self.err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(argv, pass_fds=[writer], stdout=self.out, stderr=self.err, **more)
        os.close(writer)
        self.reader = reader
        with os.fdopen(os.dup(reader), encoding="ascii") as lines:
            self.members = [pidfd(int(lines.readline())) for _ in range(members)]

    def ended(self):
        """(status, output, errors, how many members are alive now)"""
        if self.process.stdin:
            self.process.stdin.close()
        status = self.process.wait(SECONDS)
        return status, self.text(self.out), self.text(self.err), self.alive()

    @staticmethod
    def text(file):
        file.seek(0)
        return file.read()

    def alive(self):
        return sum(1 for fd in self.members if not has_ended(fd))

    def all_gone(self):
        """Once nobody holds the pipe any more."""
        return bool(select.select([self.reader], [], [], SECONDS)[0])

    def close(self):
        for fd in self.members:
            if not has_ended(fd):
                signal.pidfd_send_signal(fd, signal.SIGKILL)
            if fd is not None:
                os.close(fd)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        self.out.close()
        self.err.close()
        os.close(self.reader)
        reap()


def pidfd(pid):
    """None: it has ended and been reaped already."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return None


def has_ended(fd):
    return fd is None or bool(select.select([fd], [], [], 0)[0])


def state(fd):
    """The letter in /proc of the process of a pidfd."""
    info = pathlib.Path(f"/proc/self/fdinfo/{fd}").read_text(encoding="ascii")
    pid = re.search(r"^Pid:\t(\d+)$", info, re.MULTILINE).group(1)
    return pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]


def reap():
    """What a program without us has left comes to us."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


class Contained(Differential):
    @classmethod
    def setUpClass(cls):
        adopt_orphans()

    def setUp(self):
        super().setUp()
        self.place = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.place)
        os.chmod(self.place, 0o700)
        self.base = os.path.join(self.place, "registers")

    def program(self, *arguments, **more):
        program = Program(*arguments, FORKPROOF_RUNTIME_DIR=self.base, **more)
        self.addCleanup(program.close)
        return program

    def assert_contained(self, end, *kinds, **more):
        status, out, err, alive = self.program(end, *kinds, **more).ended()
        self.assertEqual((alive, err), (0, ""), f"{end} {kinds}")
        self.assertFalse(os.path.exists(self.base), os.path.isdir(self.base) and os.listdir(self.base))
        return status, out


class Kinds(Contained):
    def test_each_survives_bare_and_with_containment_off(self):
        bare = self.program("return", *KINDS, shim=None).ended()
        self.assertEqual(bare[3], len(KINDS))
        off = self.program("return", *KINDS, options="contain=off").ended()
        self.assertEqual(off, bare)

    def test_each_ends_with_the_root(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.assert_contained("return", kind)

    def test_all_together(self):
        self.assert_contained("exit", *KINDS)

    def test_two_hundred(self):
        self.assert_contained("exit", "many", members=200)

    def test_one_that_ignores_sigterm_is_killed(self):
        start = time.monotonic()
        self.assert_contained("exit", "stubborn", "child")
        self.assertGreater(time.monotonic() - start, 4.5, "it was not given its five seconds")

    def test_verbose_says_it(self):
        program = self.program("return", "child", "session", options="verbose=1")
        pid = program.process.pid
        self.assertEqual(program.ended()[2], f"forkproof: contain[{pid}]: ended what it left behind: processes 2\n")

    def test_a_stopped_one(self):
        program = self.program("stdin", "child")
        while state(program.members[0]) != "S":  # the root waits for what a member does after it has told its pid
            pass
        signal.pidfd_send_signal(program.members[0], signal.SIGSTOP)
        status, _, _, alive = program.ended()
        self.assertEqual((status, alive), (0, 0))

    def test_nothing_is_made_where_nothing_is_started(self):
        os.mkdir(self.base, 0o700)
        self.program("return").ended()
        self.assertEqual(os.listdir(self.base), [])

    def test_under_forkproof_run_it_is_not_the_shims_to_do(self):
        """The variable says that a supervisor holds the program."""
        program = self.program("return", "orphan", FORKPROOF_RUN="0-0.0")
        self.assertEqual(program.ended()[3], 1)


class Ends(Contained):
    def test_each_end_of_the_root(self):
        for end in ENDS:
            with self.subTest(end):
                bare = self.program(end, "child", "session-orphan", shim=None).ended()
                shimmed = self.program(end, "child", "session-orphan").ended()
                self.assertEqual(bare[3], 2)
                self.assertEqual(shimmed, (*bare[:3], 0))
                self.assertFalse(os.path.exists(self.base))

    def test_a_handler_that_exits(self):
        program = self.program("handler", "child", "orphan")
        program.process.terminate()
        self.assertEqual(program.ended()[3], 0)

    def test_a_signal_from_outside_is_not_seen_without_a_guard(self):
        program = self.program("stdin", "child", "orphan")
        program.process.kill()
        self.assertEqual(program.ended()[3], 2)

    def test_the_next_root_takes_away_the_register_of_a_killed_one(self):
        program = self.program("stdin", "child")
        program.process.kill()
        program.ended()
        self.assertEqual(len(os.listdir(self.base)), 1)
        self.assert_contained("return", "child")


class Guard(Contained):
    def guard(self):
        """The process that waits for a register of this test; it may still be on its way there."""
        deadline = time.monotonic() + SECONDS
        while not (found := self.guards()):
            self.assertLess(time.monotonic(), deadline, "no guard")
        self.assertEqual(len(found), 1)
        return found[0]

    def guards(self):
        found = []
        for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
            try:
                words = path.read_bytes().split(b"\0")
            except OSError:
                continue
            if words[0] == b"forkproof-guard" and words[2].startswith(self.base.encode()):
                found.append(int(path.parent.name))
        return found

    def assert_guard_ends(self, guard):
        self.assertTrue(select.select([guard], [], [], SECONDS)[0], "the guard stays")
        self.assertFalse(os.path.exists(self.base))
        os.close(guard)

    def test_every_death_of_the_root(self):
        for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
            with self.subTest(number):
                program = self.program("stdin", *KINDS, options="contain=guard")
                guard = pidfd(self.guard())
                program.process.send_signal(number)
                program.process.wait()
                self.assertTrue(program.all_gone())
                self.assert_guard_ends(guard)

    def test_it_ends_with_a_root_that_ends_by_itself(self):
        program = self.program("stdin", "child", "orphan", options="contain=guard")
        guard = pidfd(self.guard())
        self.assertEqual(program.ended()[3], 0)
        self.assert_guard_ends(guard)

    def test_it_is_no_child_of_the_program_and_holds_nothing_of_it(self):
        program = self.program("stdin", "child", options="contain=guard")
        guard = self.guard()
        held = pidfd(guard)
        fds = [os.readlink(f"/proc/{guard}/fd/{fd}") for fd in os.listdir(f"/proc/{guard}/fd")]
        self.assertEqual(fds, ["anon_inode:[pidfd]"])
        with open(f"/proc/{guard}/stat", encoding="ascii") as file:
            parent = int(file.read().rsplit(")", 1)[1].split()[1])
        self.assertNotEqual(parent, program.process.pid)
        self.assertNotEqual(os.getsid(guard), os.getsid(program.process.pid))
        program.ended()
        self.assert_guard_ends(held)

    def kill_guard(self):
        guard = self.guard()
        held = pidfd(guard)
        os.kill(guard, signal.SIGKILL)
        self.assertTrue(select.select([held], [], [], SECONDS)[0])
        os.close(held)

    def test_a_killed_guard_leaves_the_roots_own_end_as_it_is(self):
        program = self.program("stdin", *KINDS, options="contain=guard")
        self.kill_guard()
        self.assertEqual(program.ended()[3], 0)
        self.assertFalse(os.path.exists(self.base))

    def test_nobody_is_left_when_guard_and_root_are_killed(self):
        """What `forkproof run` is for."""
        program = self.program("stdin", "child", "orphan", options="contain=guard")
        self.kill_guard()
        program.process.kill()
        self.assertEqual(program.ended()[3], 2)

    def test_a_stopped_guard_ends_the_rest_once_it_is_continued(self):
        program = self.program("stdin", *KINDS, options="contain=guard")
        pid = self.guard()
        guard = pidfd(pid)
        os.kill(pid, signal.SIGSTOP)
        program.process.kill()
        self.assertEqual(program.ended()[3], len(KINDS))
        os.kill(pid, signal.SIGCONT)
        self.assertTrue(program.all_gone())
        self.assert_guard_ends(guard)

    def test_a_subreaper_does_not_find_it_among_its_children(self):
        for options in (None, "contain=guard"):
            with self.subTest(options):
                self.assertEqual(self.program("subreaper", options=options).ended()[:3], (0, "left: -1\n", ""))


class Others(Contained):
    def test_two_roots_at_once(self):
        first = self.program("stdin", *KINDS)
        second = self.program("stdin", *KINDS)
        self.assertEqual(first.ended()[3], 0)
        self.assertEqual(second.alive(), len(KINDS))
        self.assertEqual(second.ended()[3], 0)

    def test_processes_of_the_same_group_that_are_none_of_ours(self):
        """The caller's other children are in the same group and session, and are younger than the root."""
        program = self.program("stdin", "child", "orphan", start_new_session=False)
        with subprocess.Popen(["sleep", "1000"], env=environment()) as stranger:
            self.assertEqual(program.ended()[3], 0)
            self.assertIsNone(stranger.poll())
            stranger.kill()

    def test_on_a_terminal(self):
        # Bare, the end of the session hangs up the one that is still in the foreground; which dies in its own time.
        for shim, alive in ((None, 2), (SHIM, 0)):
            program, groups = self.on_terminal(shim)
            self.assertEqual(groups, "group: own, session: own")
            if not shim:
                self.assertTrue(select.select(program.members, [], [], SECONDS)[0])
            self.assertEqual(program.alive(), alive)

    def on_terminal(self, shim):
        """The program leads the session of a terminal, as under a terminal emulator."""
        master, slave = os.openpty()
        program = Program.__new__(Program)
        reader, writer = os.pipe()
        program.begin(["setsid", "--ctty", "--wait", CONTAIN, "return", str(writer), "child", "session-orphan",
                       "daemon"], reader, writer, 3, stdin=slave,
                      env=environment(None, shim, FORKPROOF_RUNTIME_DIR=self.base))
        os.close(slave)
        self.addCleanup(program.close)
        self.addCleanup(os.close, master)
        return program, program.ended()[1].strip()

    def test_a_stranger_with_the_number_of_a_member_that_is_gone(self):
        for kind in ("gone", "gone-session"):
            with self.subTest(kind):
                env = environment(None, None, FORKPROOF_RUNTIME_DIR=self.base, SHIM=SHIM)
                outcome = run([BIN / "recycled", kind], env)
                if outcome.status == SKIPPED:
                    self.skipTest("no pid namespace here")
                self.assertEqual(outcome.lines()[:1], ["status 0"])
                self.assertEqual(outcome.lines()[-3:], ["the number is used again", "member: ended",
                                                        "stranger: alive"])


    def test_what_another_user_starts_belongs_to_the_same_program(self):
        """A member that has given up its user cannot reach the register; what it execs is no root for that."""
        if os.geteuid() != 0:
            self.skipTest("only root can give up its user")
        place = tempfile.mkdtemp(dir="/tmp")  # where others can read, wherever this was built
        self.addCleanup(shutil.rmtree, place)
        os.chmod(place, 0o755)
        shim = shutil.copy(SHIM, place)
        other = "setpriv --reuid 65534 --regid 65534 --clear-groups"
        script = f"/bin/true; {other} sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!'; echo ended; read end"
        with subprocess.Popen(["sh", "-c", script], env=environment(shim=shim), text=True,
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            sleeper = pidfd(int(process.stdout.readline()))
            self.assertIsNotNone(sleeper)
            self.addCleanup(os.close, sleeper)
            self.addCleanup(lambda: has_ended(sleeper) or signal.pidfd_send_signal(sleeper, signal.SIGKILL))
            self.assertEqual(process.stdout.readline(), "ended\n")
            self.assertFalse(has_ended(sleeper))
            process.stdin.close()
            self.assertEqual(process.wait(SECONDS), 1)
            self.assertTrue(select.select([sleeper], [], [], SECONDS)[0])


class Places(Contained):
    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_where_somebody_else_has_the_name_and_others_like_it(self):
        taken = ["forkproof-0", *(f"forkproof-0.{n}" for n in range(1, 10))]
        reader, writer = os.pipe()
        program = Program.__new__(Program)
        script = (f"mount -t tmpfs none /dev/shm && cd /dev/shm && mkdir {' '.join(taken)} && chown 65534 * && "
                  'LD_PRELOAD=$0 "$@"; status=$?; ls -A /dev/shm; exit $status')
        argv = ["unshare", "--mount", "sh", "-c", script, SHIM, CONTAIN, "return", str(writer), "session-orphan"]
        program.begin(argv, reader, writer, env=environment(None, None), stdin=subprocess.PIPE, members=1)
        self.addCleanup(program.close)
        status, output, _, alive = program.ended()
        self.assertEqual((status, output.splitlines()[-len(taken):], alive), (0, taken, 0))


class Weaker(Contained):
    """Where there can be no register the program runs as bare, without a word that was not asked for."""

    def check(self, **more):
        bare = self.program("return", "child", "orphan", shim=None).ended()
        shimmed = Program("return", "child", "orphan", **more)
        self.addCleanup(shimmed.close)
        self.assertEqual(shimmed.ended()[:3], bare[:3])

    def test_a_directory_of_others(self):
        os.mkdir(self.base, 0o755)
        os.chmod(self.base, 0o755)
        self.check(FORKPROOF_RUNTIME_DIR=self.base)
        self.assertEqual(os.listdir(self.base), [])

    def test_verbose_says_so(self):
        program = Program("return", "child", options="verbose=1", FORKPROOF_RUNTIME_DIR="/proc/none/place")
        self.addCleanup(program.close)
        self.assertIn("nothing is contained: no register can be had", program.ended()[2])

    def test_who_has_asked_for_a_guard_is_told_once(self):
        env = environment("contain=guard", SHIM, FORKPROOF_RUNTIME_DIR="/proc/none/place")
        outcome = run(["sh", "-c", "/bin/true; sh -c '/bin/true; env -i sh -c \"/bin/true; true\"'; true"], env)
        self.assertRegex(outcome.err, r"\Aforkproof: sh\[\d+\]: nothing is contained: no register can be had\n\Z")

    def test_a_link(self):
        os.symlink(self.place, self.base)
        self.check(FORKPROOF_RUNTIME_DIR=self.base)

    def test_no_such_place(self):
        self.check(FORKPROOF_RUNTIME_DIR="/proc/none/place")

    def test_forged_variables(self):
        for value in ("", "x", "1", "1:", "1:x", "1:/", "1:/x", "99999999999:/5-5.5", "1:/dev/null",
                      f"1:{'/y' * 3000}/1-1.1", "1:/proc/self/mem/1-2.3"):
            with self.subTest(value[:30]):
                self.check(FORKPROOF_RUNTIME_DIR=self.base, FORKPROOF_GROUP=value)


if __name__ == "__main__":
    unittest.main()
