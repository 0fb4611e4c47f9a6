"""What holds when our own processes are killed or stopped, when the terminal goes away, and when the
machine has nothing left for us: docs/guarantees.md has the table that these tests are the proof of."""

import itertools
import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import sys
import unittest

import harness
from harness import Case, LEAVER, RUNGS, read_until, send

USER = 60000 + os.getpid() % 5000  # nobody else's: RLIMIT_NPROC counts all processes of a user


class Survival(Case):
    def trio(self, process):
        return {"guard": process.pid, "keeper": self.keeper_of(process),
                "supervisor": self.supervisor_of(process)}

    def start_deaf(self, rung, *words, count="20"):
        """Members that nothing but SIGKILL ends, and that carry nothing of ours."""
        process, read = self.start_held("--contain=" + rung, "--grace=50ms", *words,
                                        "env", "-i", LEAVER, "ignore", count, "stay")
        self.ready(process)
        return process, read

    def stop_all(self, trio):
        """From the top down, so that nobody is continued."""
        for name in ("guard", "keeper", "supervisor"):
            send(trio[name], "STOP")
            harness.wait_for(lambda: harness.state(trio[name]) == "T", "stopped")

    def kill_at_once(self, trio, names):
        """No one of them sees another's end."""
        self.stop_all(trio)
        for name in names:
            send(trio[name], "KILL")
        for name in set(trio) - set(names):
            send(trio[name], "CONT")

    def start_reader(self, *words, program="%s ignore 3 >&2; echo ready $$; cat" % LEAVER):
        """A program that ends when the returned pipe is closed; what it leaves behind is deaf."""
        read, write = os.pipe()
        process, held = self.start_held("--grace=100ms", *words, "sh", "-c", program, stdin=read)
        os.close(read)
        self.ready(process)
        return process, held, write

    def assert_waited_for(self, process, *statuses):
        self.assertIn(process.wait(harness.DEADLINE), statuses)


class Killed(Survival):
    def test_any_two_of_the_three_at_once(self):
        for rung in RUNGS:
            for pair in itertools.combinations(("guard", "keeper", "supervisor"), 2):
                with self.subTest(rung=rung, killed=pair):
                    process, read = self.start_deaf(rung)
                    self.kill_at_once(self.trio(process), pair)
                    self.assert_all_gone(read)
                    self.assert_waited_for(process, -signal.SIGKILL if "guard" in pair else 125)
                    self.assert_no_trace()

    def test_the_keeper_alone(self):
        """The run goes on, and what is killed next is survived as if there had been no keeper."""
        for rung in RUNGS:
            for then in (None, "guard", "supervisor"):
                with self.subTest(rung=rung, then=then):
                    process, read = self.start_deaf(rung)
                    trio = self.trio(process)
                    send(trio["keeper"], "KILL")
                    harness.wait_for(lambda: harness.state(trio["keeper"]) is None, "reaped")
                    self.assertEqual(self.only_child(process.pid, "fp-supervisor"),
                                     trio["supervisor"])
                    send(trio[then] if then else process.pid, "KILL" if then else "TERM")
                    self.assert_all_gone(read)
                    self.assert_waited_for(process, 143, 125, -signal.SIGKILL)
                    self.assert_no_trace()

    def test_during_the_grace(self):
        for rung in RUNGS:
            process, read = self.start_held("--contain=" + rung, "--grace=1h", LEAVER, "ignore", "3")
            self.ready(process)
            trio = self.trio(process)
            harness.wait_for(lambda: len(harness.children(trio["supervisor"])) == 3, "the root is gone")
            self.kill_at_once(trio, ("supervisor", "guard"))
            self.assert_all_gone(read)

    def test_a_supervisor_killed_during_the_grace_costs_no_status(self):
        process, read = self.start_held("--grace=1h", LEAVER, "ignore", "3")
        self.ready(process)
        supervisor = self.supervisor_of(process)
        harness.wait_for(lambda: len(harness.children(supervisor)) == 3, "the root is gone")
        send(supervisor, "KILL")
        status, _, err = self.finish(process)
        self.assertEqual(status, 0)
        self.assertIn(b"supervisor was killed", err)
        self.assert_all_gone(read)

    def test_the_report_is_written_by_whoever_is_left(self):
        path = os.path.join(self.directory, "report")
        for killed in (["guard"], ["supervisor"], ["keeper"], ["supervisor", "guard"],
                       ["keeper", "guard"], ["keeper", "supervisor"]):
            with self.subTest(killed=killed):
                process, read = self.start_deaf("walk", "--report=" + path, count="2")
                trio = self.trio(process)
                self.kill_at_once(trio, killed)
                if killed == ["keeper"]:
                    harness.wait_for(lambda: harness.state(trio["keeper"]) is None, "reaped")
                    send(process.pid, "TERM")
                self.assert_all_gone(read)
                process.wait(harness.DEADLINE)
                self.assert_no_trace()
                with open(path, encoding="utf-8") as file:
                    report = json.load(file)
                os.unlink(path)
                self.assertEqual(["env", "-i", LEAVER], report["argv"][:3])
                said = [name for name in trio if report[name + "_killed"]]
                if killed != ["keeper", "guard"]:  # the supervisor cannot know of the keeper's end
                    self.assertEqual(sorted(said), sorted(killed))

    def test_a_sweep_by_name_does_not_find_the_keeper(self):
        """pkill -9 -f forkproof, killall -9 forkproof."""
        process, read = self.start_deaf(RUNGS[0])
        trio = self.trio(process)
        def is_swept(pid):
            with open("/proc/%d/cmdline" % pid, "rb") as f:
                return b"forkproof" in f.read() or b"forkproof" in harness.comm(pid).encode()
        swept = [name for name, pid in trio.items() if is_swept(pid)]
        self.assertEqual(swept, ["guard", "supervisor"])
        self.kill_at_once(trio, swept)
        self.assert_all_gone(read)
        process.wait(harness.DEADLINE)

    def test_group_and_supervisor(self):
        """A shell's kill -9 -PGID reaches neither keeper nor supervisor."""
        process, read = self.start_deaf(RUNGS[0])
        trio = self.trio(process)
        self.assertEqual([name for name, pid in trio.items() if os.getpgid(pid) == process.pid],
                         ["guard"])
        send(trio["supervisor"], "KILL")
        os.killpg(process.pid, signal.SIGKILL)
        self.assert_all_gone(read)
        process.wait(harness.DEADLINE)

    def test_all_three(self):
        """Nobody is left to end anything. What remains on disk is cleared by the next run."""
        for rung in RUNGS:
            process, read = self.start_deaf(rung, count="2")
            members = [pid for pid in self.holders(read) if pid != os.getpid()]
            self.assertEqual(len(members), 3)
            trio = self.trio(process)
            self.kill_at_once(trio, list(trio))
            process.wait(harness.DEADLINE)
            harness.wait_for(lambda: all(harness.state(pid) is None for pid in trio.values()), "gone")
            self.assertEqual(sorted(members), sorted(self.holders(read)))
            for pid in members:
                send(pid, "KILL")
            self.assert_all_gone(read)
            self.assertEqual(len(self.runs()), 1)
            self.assertEqual(self.run_to_end("true").returncode, 0)
            self.assert_no_trace()

    @staticmethod
    def holders(read):
        """Processes but us that hold the pipe."""
        wanted, found = os.readlink("/proc/self/fd/%d" % read), []
        for entry in os.listdir("/proc"):
            try:
                if entry.isdigit() and int(entry) != os.getpid() and wanted in [
                        os.readlink("/proc/%s/fd/%s" % (entry, fd))
                        for fd in os.listdir("/proc/%s/fd" % entry)]:
                    found.append(int(entry))
            except OSError:
                pass
        return found


class Stopped(Survival):
    def test_the_others_are_continued_at_once(self):
        for rung in RUNGS:
            for names in (["supervisor"], ["keeper"], ["supervisor", "keeper"], ["keeper", "supervisor"]):
                with self.subTest(rung=rung, stopped=names):
                    process, held, write = self.start_reader("--contain=" + rung)
                    trio = self.trio(process)
                    for name in names:
                        send(trio[name], "STOP")
                    os.close(write)
                    self.assertEqual(self.finish(process)[0], 0)
                    self.assert_all_gone(held)

    def test_a_supervisor_that_came_to_the_guard_is_continued_too(self):
        process, held, write = self.start_reader()
        trio = self.trio(process)
        send(trio["keeper"], "KILL")
        harness.wait_for(lambda: harness.state(trio["keeper"]) is None, "reaped")
        send(trio["supervisor"], "STOP")
        os.close(write)
        self.assertEqual(self.finish(process)[0], 0)
        self.assert_all_gone(held)

    def test_a_stopped_guard(self):
        """Nothing is left although the guard sleeps; the caller learns the status when it wakes."""
        for rung in RUNGS:
            for more in ([], ["supervisor"]):
                with self.subTest(rung=rung, more=more):
                    process, held, write = self.start_reader("--contain=" + rung)
                    trio = self.trio(process)
                    send(process.pid, "STOP")
                    harness.wait_for(lambda: harness.state(process.pid) == "T", "stopped")
                    for name in more:
                        send(trio[name], "STOP")
                    os.close(write)
                    self.assert_all_gone(held)
                    self.assertIsNone(process.poll())
                    send(process.pid, "CONT")
                    self.assertEqual(self.finish(process)[0], 0)

    def test_a_stopped_guard_and_a_killed_supervisor(self):
        process, held, write = self.start_reader()
        send(process.pid, "STOP")
        harness.wait_for(lambda: harness.state(process.pid) == "T", "stopped")
        send(self.supervisor_of(process), "KILL")
        self.assert_all_gone(held)
        send(process.pid, "CONT")
        status, _, err = self.finish(process)
        self.assertEqual(status, 125)
        self.assertIn(b"supervisor was killed", err)
        os.close(write)

    def test_a_guard_stopped_with_its_program_and_a_killed_supervisor(self):
        """As after Ctrl-Z: the guard was told to stop, and nobody else would continue it."""
        process, held, write = self.start_reader()
        trio = self.trio(process)
        root = [pid for pid in harness.children(trio["supervisor"]) if harness.comm(pid) == "sh"][0]
        send(root, "STOP")
        harness.wait_for(lambda: harness.state(process.pid) == "T", "the guard stops, too")
        send(trio["supervisor"], "KILL")
        status, _, err = self.finish(process)
        self.assertEqual(status, 125)
        self.assert_all_gone(held)
        os.close(write)


class Unseen(Survival):
    def test_the_keeper_holds_nothing_of_the_callers(self):
        process, read = self.start_deaf("walk", count="1")
        trio = self.trio(process)
        ours = {os.readlink("/proc/self/fd/%d" % stream.fileno())
                for stream in (process.stdout, process.stderr)}
        ours.add(os.readlink("/proc/self/fd/%d" % read))
        keeper = "/proc/%d/" % trio["keeper"]
        held = [os.readlink(keeper + "fd/" + fd) for fd in os.listdir(keeper + "fd")]
        self.assertEqual(ours & set(held), set())
        self.assertEqual(os.readlink(keeper + "cwd"), "/")
        with open(keeper + "stat", encoding="ascii") as f:
            _, parent, group, session, terminal = f.read().rsplit(")", 1)[1].split()[:5]
        self.assertEqual([int(parent), int(group), int(session), int(terminal)],
                         [process.pid, trio["keeper"], trio["keeper"], 0])
        with open(keeper + "cmdline", "rb") as f:
            self.assertEqual(f.read().strip(b"\0"), b"")
        send(process.pid, "TERM")
        self.assert_all_gone(read)
        process.wait(harness.DEADLINE)
        self.assertEqual([harness.state(pid) for pid in trio.values()], [None] * 3)

    def test_a_reader_sees_the_end_when_the_program_closes_its_output(self):
        process = self.start("sh", "-c", "exec >&-; read line", stdin=subprocess.PIPE)
        self.assertEqual(read_until(process.stdout.fileno(), None), b"")
        self.assertIsNone(process.poll())
        process.stdin.write(b"\n")
        self.assertEqual(process.wait(harness.DEADLINE), 0)

    def test_the_program_has_no_child_but_its_own(self):
        text = "import os\ntry:\n os.waitpid(-1, 0)\nexcept ChildProcessError:\n print('none')"
        self.assertEqual(self.run_to_end(sys.executable, "-c", text).stdout, b"none\n")


class Terminal(Survival):
    def on_terminal(self, *argv):
        """argv leads a session on a new terminal, every member holds a pipe: (pid, master, pipe)."""
        read, write = os.pipe()
        os.set_inheritable(write, True)
        pid, master = pty.fork()
        if pid == 0:
            os.execve(argv[0], argv, self.environment)
        os.close(write)
        self.addCleanup(os.close, read)
        text = b""
        while b"ready " not in text or not text.endswith(b"\n"):
            text += read_until(master, b"\n")
        return pid, master, read

    def status(self, pid):
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_it_closes_while_the_run_leads_its_session(self):
        for rung in RUNGS:
            pid, master, read = self.on_terminal(*self.command("--contain=" + rung, "--grace=100ms",
                                                               LEAVER, "ignore", "3", "stay"))
            os.close(master)
            self.assert_all_gone(read)
            self.assertEqual(self.status(pid), 128 + signal.SIGHUP)

    def test_it_closes_under_a_shell(self):
        line = " ".join(self.command("--grace=100ms", LEAVER, "ignore", "3", "stay"))
        pid, master, read = self.on_terminal("/bin/bash", "--norc", "-c", "set -m; %s; exit" % line)
        os.close(master)
        self.assert_all_gone(read)
        self.status(pid)

    def test_the_sessions_leader_is_killed(self):
        line = " ".join(self.command("--grace=100ms", LEAVER, "ignore", "3", "stay"))
        pid, master, read = self.on_terminal("/bin/bash", "--norc", "-c", "set -m; %s; exit" % line)
        send(pid, "KILL")
        self.assert_all_gone(read)
        self.status(pid)
        os.close(master)

    def test_the_callers_death_is_not_ours(self):
        """As bare: what a dead shell has started goes on, and ends with its program."""
        read, write = os.pipe()
        inner = self.command("--grace=100ms", "sh", "-c", "%s ignore 2 >&2; echo ready $$; read x" % LEAVER)
        outer = subprocess.Popen(["sh", "-c", '"$@" <&%d & kill -9 $$' % read, "sh", *inner],
                                 pass_fds=[read], env=self.environment, bufsize=0,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.started.append(outer)
        self.assertEqual(outer.wait(harness.DEADLINE), -signal.SIGKILL)
        self.ready(outer)
        self.assertEqual(len(self.runs()), 1)
        os.write(write, b"\n")
        os.close(write)
        os.close(read)
        self.assert_no_trace()


class Scarce(Survival):
    """Where the machine has not enough for us: one line and 125, or the run as ever; never a leak."""

    PROGRAM = ["sh", "-c", "(trap '' TERM; exec sleep 1000 3<&-) & exit 3"]

    def assert_all_or_nothing(self, limit, values, **options):
        """Runs under each value; returns those at which the program ran."""
        ran = []
        for value in values:
            for rung in RUNGS if os.geteuid() == options.get("user", os.geteuid()) else ["walk"]:
                with self.subTest(limit=value, rung=rung):
                    done = self.run_to_end(
                        "--contain=" + rung, "--grace=20ms", *self.PROGRAM, **options,
                        preexec_fn=lambda: resource.setrlimit(limit, (value, value)))
                    self.assertIn(done.returncode, (2, 3, 125, 127), done.stderr)
                    if done.returncode == 125:
                        lines = [line for line in done.stderr.decode().splitlines()
                                 if not line.startswith("forkproof: cannot contain by cgroup, doing")]
                        self.assertEqual(len(lines), 1, lines)
                        self.assertRegex(lines[0], "^forkproof: cannot .*: (Too many open files|"
                                         "Cannot allocate memory|Resource temporarily unavailable)$")
                    if done.returncode == 3:
                        ran.append(value)
                    self.assert_no_trace()
        return ran

    def test_descriptors(self):
        self.assertIn(20, self.assert_all_or_nothing(resource.RLIMIT_NOFILE, range(4, 21)))

    def test_memory(self):
        sizes = range(2 << 20, 5 << 20, 128 << 10)
        self.assertTrue(self.assert_all_or_nothing(resource.RLIMIT_AS, sizes))

    def as_nobody_else(self):
        self.forkproof, self.log, library = self.reachable(
            harness.FORKPROOF, harness.SIGNAL_LOG, os.environ["FORKPROOF_LIBRARY"])
        self.runtime = os.path.join(self.directory, "plain")
        os.mkdir(self.runtime, 0o700)
        os.chown(self.runtime, USER, USER)
        return {"cwd": "/", "user": USER, "group": USER, "extra_groups": [],
                "env": dict(self.environment, FORKPROOF_RUNTIME_DIR=self.runtime,
                            FORKPROOF_LIBRARY=library)}

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_processes(self):
        options = self.as_nobody_else()
        self.assertIn(9, self.assert_all_or_nothing(resource.RLIMIT_NPROC, range(0, 10), **options))

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_no_other_witness_can_be_had(self):
        """Said, and no signal is lost."""
        options = self.as_nobody_else()
        process, held = self.start_held(self.log, **options)
        self.ready(process)
        witness = self.only_child(process.pid, "fp-witness")
        def allow(count):
            """Not the hard limit; even root may not where it lacks CAP_SYS_RESOURCE."""
            subprocess.run(["prlimit", "--pid=%d" % process.pid, "--nproc=%d:" % count], check=True,
                           cwd="/", user=USER, group=USER, extra_groups=[])
        allow(1)
        send(witness, "KILL")
        said = read_until(process.stderr.fileno(), b"\n")
        self.assertRegex(said, rb"^forkproof: cannot tell signals .* may get one twice\n$")
        for _ in range(3):
            send(process.pid, "USR1")
            self.assertEqual(read_until(process.stdout.fileno(), b"\n"), b"10\n")
        allow(1000)
        send(process.pid, "USR1")  # which starts one
        self.assertEqual(read_until(process.stdout.fileno(), b"\n"), b"10\n")
        self.only_child(process.pid, "fp-witness")
        send(process.pid, "USR2")
        self.assertEqual(self.finish(process), (0, b"12\n", b""))
        self.assert_all_gone(held)

    def test_the_supervisor_can_open_nothing_at_the_end(self):
        """What cannot be listed cannot be ended: that is said, after some seconds."""
        process, held, write = self.start_reader("--contain=walk")
        member = [pid for pid in harness.children(self.supervisor_of(process))
                  if harness.comm(pid) == "leaver"]
        resource.prlimit(self.supervisor_of(process), resource.RLIMIT_NOFILE, (4, 4))
        os.close(write)
        self.assertEqual(process.wait(harness.DEADLINE), 0)
        self.assertIn(b"may still be running: it could not be listed",
                      read_until(process.stderr.fileno(), b"listed\n"))
        for pid in member:
            send(pid, "KILL")
        self.assert_all_gone(held)

    def test_the_supervisor_gets_no_memory_at_the_end(self):
        """More members than it has room for: they are ended round by round."""
        for rung in RUNGS:
            process, held, write = self.start_reader("--contain=" + rung, "--signal=KILL", "--quiet",
                                                     program="%s tree 1500 >&2; echo ready $$; read x" % LEAVER)
            supervisor = self.supervisor_of(process)
            resource.prlimit(supervisor, resource.RLIMIT_AS, (4096, 4096))
            os.close(write)
            self.assert_all_gone(held)
            self.assertIn(self.finish(process)[0], (0, 1))

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_read_only_tmp(self):
        options = self.as_nobody_else()
        for name in ("FORKPROOF_RUNTIME_DIR", "XDG_RUNTIME_DIR"):
            options["env"].pop(name, None)
        text = ("set -e; mount --bind /tmp /tmp; mount -o remount,bind,ro /tmp;"
                " mount -t tmpfs none /dev/shm; chmod 1777 /dev/shm;"
                ' setpriv --reuid=%d --regid=%d --clear-groups "$@"; ls -A /dev/shm' % (USER, USER))
        done = subprocess.run(["unshare", "--mount", "sh", "-c", text, "sh", *self.command(
            "sh", "-c", "ls /dev/shm")], env=options["env"], cwd="/", timeout=harness.DEADLINE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (0, b"forkproof-run-%d\n" % USER, b""))


if __name__ == "__main__":
    unittest.main()
