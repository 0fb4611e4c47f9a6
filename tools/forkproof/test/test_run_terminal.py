"""On a terminal a program under forkproof is what it is bare: the same keys give the same transcript."""

import fcntl
import os
import pty
import re
import select
import shutil
import struct
import termios
import unittest

import harness
import rungs
from harness import Case, FORKPROOF, LEAVER, read_until, wait_for

READER = os.path.join(harness.HELPERS, "tty_reader")


class Shell:
    """An interactive bash on a pty of its own. $R is what stands before each program: nothing, or forkproof."""

    def __init__(self, case, run):
        self.case, self.text, self.unread = case, "", ""
        self.environment = dict(case.environment, PS1="@@ ", R=run, READER=READER, TERM="xterm", LESS="-PsREADY",
                                LOG=os.path.join(case.directory, "log"), HISTFILE="")
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "--noediting", "-i"], self.environment)
        self.resize(24, 80)
        self.type("", "@@ ")
        self.type("ulimit -c 0\n")
        self.text = ""

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys, until="@@ "):
        """What the terminal shows up to `until`; goes to the transcript."""
        os.write(self.fd, keys.encode())
        until = until.replace("\n", "\r\n")
        while until not in self.unread:
            self.unread += self.piece(until)
        shown, found, self.unread = self.unread.partition(until)
        shown = (shown + found).replace("\r\n", "\n")
        self.text += shown
        return shown

    def piece(self, wanted):
        if not select.select([self.fd], [], [], harness.DEADLINE)[0]:
            raise AssertionError("waited in vain for %r, got %r after %r; in front: %d of %r" % (
                wanted, self.unread, self.text, os.tcgetpgrp(self.fd), self.told_of_processes()))
        return os.read(self.fd, 65536).decode()

    def told_of_processes(self):
        def fields(pid):  # name, state, parent, group
            with harness.open_proc(pid, "stat") as file:
                name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
            return (pid, name, *rest.split()[:3])
        return [fields(pid) for pid in sorted(self.case.survivors())]

    def untold(self, keys, until="@@ "):
        """As type, but how often it is needed is nobody's business."""
        before, shown = self.text, self.type(keys, until)
        self.text = before
        return shown

    def jobs(self, state):
        wait_for(lambda: state in self.untold("jobs\n"), "a job " + state)
        self.text += "<%s>" % state

    def program(self, name):
        """The pid of the program that has come to run, of this test and by its name."""
        found = []
        wait_for(lambda: found.extend(p for p in self.case.survivors() if harness.comm(p) == name) or found, name)
        return found[0]

    def front(self, pid):
        """Until its group has the terminal: a shell says what it continues before it hands that over."""
        wait_for(lambda: os.tcgetpgrp(self.fd) == os.getpgid(pid), "%d in front" % pid)

    def state(self, pid, wanted):
        wait_for(lambda: harness.state(pid) == wanted, "%d in state %s" % (pid, wanted))

    def settings(self):
        return termios.tcgetattr(self.fd)

    def transcript(self):
        return re.sub(r"(\[\d+\]) \d+", r"\1 PID", self.text)

    def close(self):
        os.close(self.fd)
        os.waitpid(self.pid, 0)


class Terminal(Case):
    def setUp(self):
        super().setUp()
        self.log = os.path.join(self.directory, "log")

    def variants(self):
        return {"bare": "", **{rung: "%s run --strict --contain=%s --" % (FORKPROOF, rung)
                               for rung in rungs.accepted(FORKPROOF)}}

    def logged(self):
        try:
            with open(self.log) as file:
                return sorted(file.read().splitlines())
        except FileNotFoundError:
            return []

    def compare(self, script):
        """script(shell) bare and on each rung: what it shows and what it returns are the same."""
        shown = {}
        for name, run in self.variants().items():
            if os.path.exists(self.log):
                os.unlink(self.log)
            shell = Shell(self, run)
            settings = shell.settings()
            try:
                result = script(shell)
                self.assertEqual(settings, shell.settings(), "the terminal's settings after " + name)
            except Exception as problem:
                problem.add_note("with %s; so far: %r, then %r" % (name, shell.text, shell.unread))
                raise
            finally:
                transcript = shell.transcript()
                shell.close()
            wait_for(lambda: not self.survivors(), "nobody left, " + name)
            shown[name] = transcript, result, self.logged()
        for name, what in shown.items():
            self.assertEqual(shown["bare"], what, name)
        return shown["bare"]

    def test_a_program_that_reads_the_terminal(self):
        def script(shell):
            shell.type("$R $READER $LOG\n", "ready in front\n")
            shell.type("one\n", "got one\n")
            shell.type("\x03", "signal 2\n")
            shell.type("\x1c", "signal 3\n")
            for _ in range(3):
                shell.type("\x1a")
                shell.type("fg\n", "signal 18\n")
                shell.type("two\n", "got two\n")
            shell.type("\x04")
            shell.type("echo $?\n", "3\n@@ ")
        _, _, logged = self.compare(script)
        self.assertEqual(logged, ["signal 18"] * 3 + ["signal 2", "signal 3"])

    def test_keys_that_end(self):
        def script(shell):
            for key, status in ("\x03", 130), ("\x1c", 131):
                shell.type("$R cat\n", "cat\n")
                shell.type("hello\n", "hello\nhello\n")
                shell.type(key)
                shell.type("echo $?\n", "%d\n@@ " % status)
            shell.type("for i in 1 2 3; do $R cat; done; echo not reached\n", "reached\n")
            shell.type("hello\n", "hello\nhello\n")
            shell.type("\x03")
        self.compare(script)

    def test_window_size(self):
        def script(shell):
            shell.type("$R stty size\n", "24 80\n@@ ")
            shell.type("$R $READER $LOG\n", "ready in front\n")
            shell.resize(40, 100)
            shell.type("", "size 40 100\n")
            shell.type("\x1a")
            shell.type("fg\n", "signal 18\n")
            shell.resize(50, 120)
            shell.type("", "size 50 120\n")
            shell.type("\x04")
            shell.type("$R stty size\n", "50 120\n@@ ")
        self.compare(script)

    def test_background_start_and_reading(self):
        def script(shell):
            shell.untold("$R $READER $LOG &\n")  # with the news that it has stopped, or not yet
            shell.state(shell.program("tty_reader"), "T")
            shell.jobs("Stopped")
            shell.untold("fg\n", "signal 18\n")
            shell.type("there\n", "got there\n")
            shell.type("\x04")
            shell.type("echo $?\n", "3\n@@ ")
        self.compare(script)

    def test_background_end(self):
        def script(shell):
            shell.type("$R sleep 1000 &\n")
            shell.program("sleep")
            shell.untold("kill %1; wait %1; echo $?\n", "143\n@@ ")  # Terminated or Exit 143
            shell.type("$R sh -c 'exit 7' & wait $!; echo $?\n", "7\n@@ ")
        self.compare(script)

    def test_bg_and_fg(self):
        def script(shell):
            shell.type("$R sleep 1000\n", "1000\n")
            pid = shell.program("sleep")
            shell.type("\x1a")
            shell.state(pid, "T")
            shell.type("bg\n")
            shell.state(pid, "S")
            shell.jobs("Running")
            shell.type("fg\n", "$R sleep 1000\n")
            shell.front(pid)
            shell.type("\x1a")
            shell.state(pid, "T")
            shell.type("fg\n", "$R sleep 1000\n")
            shell.state(pid, "S")
            shell.type("\x03")
            shell.type("echo $?\n", "130\n@@ ")
        self.compare(script)

    def test_tostop(self):
        def script(shell):
            shell.type("stty tostop\n")
            shell.untold("$R sh -c 'echo wri''tten; exit 5' &\n")
            shell.jobs("Stopped")
            shell.untold("fg\n", "written\n")
            shell.untold("", "@@ ")
            shell.type("echo $?\n", "5\n@@ ")
            shell.type("stty -tostop\n")
            shell.untold("$R sh -c 'echo wri''tten' &\n", "written\n")
            shell.untold("wait; echo do''ne\n", "done\n@@ ")
        self.compare(script)

    def both(self, shell, wanted):
        wait_for(lambda: [harness.state(p) for p in self.survivors() if harness.comm(p) == "cat"] == [wanted] * 2,
                 "two cats in state " + wanted)

    def test_pipelines(self):
        for pipe in "$R cat | cat", "cat | $R cat", "$R cat | $R cat":
            def script(shell):
                shell.type(pipe + "\n", pipe + "\n")
                shell.type("hello\n", "hello\nhello\n")
                shell.type("\x1a")
                self.both(shell, "T")
                shell.type("fg\n", pipe + "\n")
                self.both(shell, "S")
                shell.type("again\n", "again\nagain\n")
                shell.type("\x03")
                shell.type("echo ${PIPESTATUS[@]}\n", "]}\n")
                shell.type("")
                shell.type(pipe + "; echo ${PIPESTATUS[@]}\n", "]}\n")
                shell.type("hello\n", "hello\nhello\n")
                shell.type("\x04", "0 0\n@@ ")
            self.compare(script)

    def test_a_shell_as_the_program(self):
        def script(shell):
            shell.type("$R bash --norc --noprofile --noediting -i\n")
            shell.type("cat\n", "cat\n")
            shell.type("hello\n", "hello\nhello\n")
            shell.type("\x1a")
            shell.type("sleep 1000 &\n")
            pid = shell.program("sleep")
            shell.type("fg %1\n", "cat\n")
            shell.type("hello\n", "hello\nhello\n")
            shell.type("\x03")
            shell.type("echo $?\n", "130\n@@ ")
            shell.type("fg\n", "sleep 1000\n")
            shell.front(pid)
            shell.type("\x1c")
            shell.type("echo $?\n", "131\n@@ ")
            shell.type("suspend; echo ba''ck\n")
            shell.type("fg\n", "back\n@@ ")
            shell.type("exit 3\n", "exit\n@@ ")
            shell.type("echo $?\n", "3\n@@ ")
        self.compare(script)

    @unittest.skipUnless(shutil.which("less"), "less is not installed")
    def test_a_full_screen_program(self):
        with open(os.path.join(self.directory, "text"), "w") as file:
            file.write("".join("line %d\n" % number for number in range(1, 200)))

        def script(shell):
            raw = []
            shell.type("cd %s\n" % self.directory)
            shell.untold("$R less text\n", "READY")
            pid = shell.program("less")
            shell.state(pid, "S")
            raw.append(shell.settings()[3] & (termios.ICANON | termios.ECHO))
            shell.resize(40, 100)
            shell.untold("", "line 39")
            at_rest = lambda: shell.untold("", "READY") and shell.state(pid, "S")
            at_rest()
            shell.untold("G", "line 199")
            at_rest()
            shell.untold("\x1a")
            shell.state(pid, "T")
            raw.append(shell.settings()[3] & (termios.ICANON | termios.ECHO))
            shell.untold("fg\n", "line 199")
            at_rest()
            shell.untold("!echo from be''low\n", "from below")
            shell.untold("\n", "line 199")
            at_rest()
            shell.untold("q")
            shell.type("echo $?\n", "0\n@@ ")
            return raw
        _, raw, _ = self.compare(script)
        self.assertEqual(raw[0], 0)

    def test_nested_runs(self):
        def script(shell):
            shell.type("$R $R $R cat\n", "cat\n")
            shell.type("hello\n", "hello\nhello\n")
            pid = shell.program("cat")
            shell.type("\x1a")
            shell.state(pid, "T")
            shell.type("fg\n", "$R $R $R cat\n")
            shell.state(pid, "S")
            shell.type("hello\n", "hello\nhello\n")
            shell.type("\x03")
            shell.type("echo $?\n", "130\n@@ ")
        self.compare(script)

    def test_the_terminal_hangs_up(self):
        heard = {}
        for name, run in self.variants().items():
            if os.path.exists(self.log):
                os.unlink(self.log)
            shell = Shell(self, run)
            shell.type("$R $READER $LOG\n", "ready in front\n")
            shell.close()
            wait_for(lambda: not self.survivors(), "nobody left, " + name)
            heard[name] = self.logged().count("signal 1")  # the SIGCONT after it may come first
        for name, log in heard.items():
            self.assertEqual(heard["bare"], log, name)
        self.assertEqual(heard["bare"], 1)

    def test_the_terminal_hangs_up_on_the_deaf(self):
        for name, run in self.variants().items():
            if name == "bare":
                continue
            shell = Shell(self, run.replace("run ", "run --grace=100ms "))
            shell.type("$R %s ignore 2 stay\n" % LEAVER, "ready ")
            shell.close()
            wait_for(lambda: not self.survivors(), "nobody left, " + name)


class Nested(Case):
    def leavers(self):
        return sorted(p for p in self.survivors() if harness.comm(p) == "leaver")

    def test_the_inner_run_ends_its_own_and_the_outer_all(self):
        held = rungs.accepted(FORKPROOF)
        for outer, inner in [(one, other) for one in held for other in held]:
            script = ('"$0" run --quiet --contain=%s --grace=0 "$1" ignore 2; echo over;'
                      '"$1" ignore 1 stay & read go; exec "$0" run --grace=0 "$1" ignore 3 stay' % inner)
            read, write = os.pipe()
            process = self.start("--contain=" + outer, "--grace=0", "sh", "-c", script, FORKPROOF, LEAVER,
                                 stdin=read)
            os.close(read)
            self.ready(process)
            read_until(process.stdout.fileno(), b"over\n")
            read_until(process.stdout.fileno(), b"ready ")
            self.assertEqual(len(self.leavers()), 2, "the outer's own only: one that started, one that was left")
            os.write(write, b"go\n")
            os.close(write)
            read_until(process.stdout.fileno(), b"ready ")
            self.assertEqual(len(self.leavers()), 6)
            harness.send(process.pid, "TERM")
            self.finish(process)
            self.assertEqual(self.leavers(), [])


if __name__ == "__main__":
    unittest.main()
