"""What holds when our own processes are killed or stopped and when the terminal goes away: the table in
docs/guarantees.md. Where the machine has nothing left for us: test_run_scarcity."""

import itertools
import json
import os
import pty
import signal
import subprocess
import sys
import unittest

import harness
from harness import Case, LEAVER, RUNGS, read_until, send



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
        for name in ("supervisor", "keeper", "guard"):  # none is reaped before its turn
            if name not in names:
                send(trio[name], "CONT")

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
            orphans = 0 if rung == "pidns" else 3  # there they are the init's
            harness.wait_for(lambda: len(harness.children(trio["supervisor"])) == orphans,
                             "the root is gone")
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
        names = ("guard", "keeper", "supervisor")
        for rung, killed in itertools.product(RUNGS, [list(some) for count in (1, 2)
                                                      for some in itertools.combinations(names, count)]):
            with self.subTest(rung=rung, killed=killed):
                process, read = self.start_deaf(rung, "--report=" + path, count="2")
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
                if killed != ["guard", "keeper"]:  # the supervisor cannot know of the keeper's end
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
        """Only the kernel is left to end anything: it does so where a pid namespace has lost its
        init. What remains on disk is cleared by the next run."""
        for rung in RUNGS:
            with self.subTest(rung=rung):
                process, read = self.start_deaf(rung, count="2")
                members = [pid for pid in self.holders(read) if pid != os.getpid()]
                self.assertEqual(len(members), 3)
                trio = self.trio(process)
                self.kill_at_once(trio, list(trio))
                process.wait(harness.DEADLINE)
                harness.wait_for(lambda: all(harness.state(pid) in (None, "Z") for pid in trio.values()),
                                 "dead")
                if rung != "pidns":
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


if __name__ == "__main__":
    unittest.main(failfast=True)  # a failure may take all the deadlines that there are
