"""--name, forkproof ps and kill, on every rung and for a plain user."""

import calendar
import os
import subprocess
import sys
import time
import unittest

import harness
from controls import Controls, STRANGER
from harness import FORKPROOF, KEEPING, LEAVER, RUNGS, SIGNAL_LOG, comm, read_until, send, state


class Names(Controls):
    def test_a_living_run_has_its_name_to_itself(self):
        process, read = self.start_held("--name=web.1_a-B", LEAVER, "daemon", "1", "stay")
        self.ready(process)
        self.refuse(["run", "--name=web.1_a-B", "true"], r"'web.1_a-B' is taken by run %d-" % process.pid)
        self.obey("kill", "web.1_a-B")
        self.finish(process)
        self.assert_all_gone(read)
        self.assertEqual(self.run_to_end("--name=web.1_a-B", "true").returncode, 0)
        self.assertEqual(self.runs(), [])

    def test_of_many_at_once_one_gets_it(self):
        for _ in range(5):
            processes = [self.start("--name=one", "sh", "-c", "echo ready; exec sleep 1000") for _ in range(12)]
            begun = [process.stdout.read(6) for process in processes]
            self.assertEqual(sorted(begun), [b""] * 11 + [b"ready\n"])
            self.obey("kill", "one")
            statuses = sorted(process.wait(harness.DEADLINE) for process in processes)
            self.assertEqual(statuses, [125] * 11 + [143])

    def test_it_is_free_again_when_all_three_of_ours_were_killed(self):
        process, read = self.start_held("--name=web", LEAVER, "daemon", "1", "stay")
        self.ready(process)
        supervisor = self.supervisor_of(process)
        all_three = process.pid, self.keeper_of(process), supervisor
        for pid in all_three:  # from above: each continues the one below it
            send(pid, "STOP")
            harness.wait_for(lambda: state(pid) == "T", "stopped")
        for pid in all_three:
            send(pid, "KILL")
        process.wait()
        harness.wait_for(lambda: state(supervisor) in (None, "Z"), "the supervisor is gone")
        self.refuse(["kill", "web"], "no run of this user")
        self.assertEqual(self.run_to_end("--name=web", "true").returncode, 0)
        self.end_kept(read)
        self.run_to_end("true")  # the dead run's directory goes

    def test_a_file_in_its_place(self):
        os.mkdir(self.runtime, 0o700)
        path = os.path.join(self.runtime, "name-web")
        for make in (os.mkfifo, os.mkdir, lambda p: os.symlink("/dev/null", p)):
            make(path)
            self.refuse(["run", "--name=web", "true"], "cannot take the name 'web'")
            self.refuse(["kill", "web"], "no run of this user")
            (os.rmdir if os.path.isdir(path) and not os.path.islink(path) else os.unlink)(path)
        for text in (b"", b"\xff" * 5000, b"1-01234567.1", b"../../etc"):
            with open(path, "wb") as f:
                f.write(text)
            self.ask("kill", "web")
            self.assertEqual(self.run_to_end("--name=web", "true").returncode, 0, text)
            self.assertEqual(self.runs(), [])


class Orders(Controls):
    def start_named(self, name, *words, **options):
        process, read = self.start_held("--name=" + name, *words, **options)
        self.ready(process)
        return process, read

    def test_ps_of_nothing(self):
        self.assertEqual(self.ps(), [])
        done = self.ask("ps")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertEqual(done.stdout.split(),
                         [b"NAME", b"ID", b"RUNG", b"ROOT", b"MEMBERS", b"SINCE", b"STATE", b"PROGRAM"])
        self.assertFalse(os.path.exists(self.runtime))

    def test_ps_passes_over_what_is_no_living_run(self):
        """A dead run, one of another pid namespace that nobody answers for, and what is no run at all."""
        here = os.stat("/proc/self/ns/pid").st_ino
        names = ["4194305-00000000.%d" % here, "1-00000000.1", "1", "name-x", "x"]
        for name in names:
            os.makedirs(os.path.join(self.runtime, name))
        os.chmod(self.runtime, 0o700)
        self.assertEqual(self.ps(), [])
        for name in names:
            os.rmdir(os.path.join(self.runtime, name))

    def test_ps_tells_of_each_run(self):
        started = []
        before = time.time()
        for i, rung in enumerate(RUNGS * 2):
            process, _ = self.start_named("run-%d" % i, "--contain=" + rung, LEAVER, "daemon", str(i + 1), "stay")
            started.append((process, rung))
        rows = self.ps()
        self.assertEqual([row["name"] for row in rows], ["run-%d" % i for i in range(len(started))])
        for i, (row, (process, rung)) in enumerate(zip(rows, started)):
            self.assertRegex(row["id"], r"^%d-[0-9a-f]{8}\.\d+$" % process.pid)
            self.assertEqual((row["rung"], row["members"], row["state"]), (rung, i + 2, "running"))
            self.assertEqual(row["program"], [LEAVER, "daemon", str(i + 1), "stay"])
            self.assertIn(row["root"], harness.children(self.supervisor_of(process)))
            since = time.strptime(row["since"][:19], "%Y-%m-%dT%H:%M:%S")
            self.assertLess(abs(calendar.timegm(since) - before), 60)
        lines = self.ask("ps").stdout.decode().splitlines()
        self.assertEqual(len(lines), len(started) + 1)
        column = lines[0].index("PROGRAM")
        for line in lines[1:]:
            self.assertEqual(line[column:column + len(LEAVER)], LEAVER)
        for process, _ in started:
            self.obey("kill", str(process.pid) + "-")
            self.finish(process)

    def test_ps_escapes_what_a_program_is_called(self):
        process, _ = self.start_held("sh", "-c", "echo ready 0; exec sleep 1000", b"\x1b[2J\n\xff\xc2\x9b\xe2\x80\xae")
        self.ready(process)
        text = self.ask("ps").stdout
        for piece in b"\x1b", b"\xc2\x9b", b"\xe2\x80\xae":
            self.assertNotIn(piece, text)
        self.assertTrue(self.ask("ps", "--json").stdout.isascii())
        self.assertEqual(text.count(b"\n"), 2)
        self.assertEqual(self.ps()[0]["program"][3], "\x1b[2J\n\ufffd\u009b\u202e")
        send(process.pid, "TERM")
        self.finish(process)

    def test_many_and_long_arguments(self):
        words = ["sh", "-c", "echo ready 0; exec sleep 1000", *["x" * 9000] * 100]
        process, _ = self.start_held(*words)
        self.ready(process)
        self.assertEqual(self.ps()[0]["program"][:3], words[:3])
        send(process.pid, "TERM")
        self.finish(process)

    def test_kill_ends_all_and_the_root(self):
        for rung in RUNGS:
            process, read = self.start_named("it", "--contain=" + rung, LEAVER, "daemon", "3", "stay")
            self.obey("kill", "it")
            self.assertEqual(self.finish(process), (143, b"", b""))
            self.assert_all_gone(read)

    def test_kill_kills_after_the_grace(self):
        for rung in RUNGS:
            process, read = self.start_named("it", "--contain=" + rung, "--grace=100ms", LEAVER, "ignore", "2", "stay")
            self.obey("kill", "it")
            status, _, text = self.finish(process)
            self.assertEqual(status, 143)
            self.assertRegex(text.decode(), r"2 processes .*ended by SIGKILL: 2 \[rung %s\]" % rung)
            self.assert_all_gone(read)

    def test_kill_of_a_deaf_root(self):
        script = "trap '' TERM; echo ready 0; while :; do sleep 1000; done"
        for rung in RUNGS:
            process, read = self.start_named("it", "--contain=" + rung, "--grace=100ms", "sh", "-c", script)
            self.obey("kill", "it")
            self.assertEqual(self.finish(process)[0], 137)
            self.assert_all_gone(read)

    def test_what_is_stopped_goes_on_when_it_is_to_end(self):
        text = ("import os, signal; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM]); "
                "print('ready 0', flush=True); signal.sigwait([signal.SIGTERM]); os._exit(3)")
        for rung in RUNGS:
            process, read = self.start_named("it", "--contain=" + rung, "--grace=1h", sys.executable, "-c", text)
            self.obey("stop", "it")
            self.obey("kill", "it")
            self.assertEqual(self.finish(process)[0], 3, rung)
            self.assert_all_gone(read)

    def test_a_second_kill_ends_the_grace(self):
        for rung in RUNGS:
            process, read = self.start_named("it", "--contain=" + rung, "--grace=1h", LEAVER, "ignore", "2", "stay")
            self.obey("kill", "it")
            self.wait_for_state("ending")
            self.obey("kill", "it")
            self.assertIn(b"SIGKILL: 2", self.finish(process)[2])
            self.assert_all_gone(read)

    def test_kill_with_another_signal_and_kill_as_the_signal(self):
        for name, status in (("USR1", 138), ("KILL", 137)):
            process, read = self.start_named("it", "--signal=" + name, LEAVER, "daemon", "1", "stay")
            self.obey("kill", "it")
            self.assertEqual(self.finish(process)[0], status)
            self.assert_all_gone(read)

    def test_kill_where_members_are_left_alone_ends_the_root(self):
        for words in (["--no-kill"], ["--contain=none"]):
            process, read = self.start_named("it", *words, LEAVER, "daemon", "1", "stay")
            self.obey("kill", "it")
            self.assertEqual(process.wait(harness.DEADLINE), 143)
            self.assertIn(b"left running: 1", read_until(process.stderr.fileno(), b"\n"))
            self.end_kept(read)

    def test_kill_keeps_what_is_kept(self):
        for rung in KEEPING:
            process, read = self.start_named("it", "--contain=" + rung, "--keep=agent", "sh", "-c",
                                             "%s daemon 1 >&2; exec %s daemon 1 stay" % (self.agent(), LEAVER))
            self.obey("kill", "it")
            self.assertEqual(process.wait(harness.DEADLINE), 143)
            self.assertEqual([comm(pid) for pid in self.survivors()], ["agent"])
            self.end_kept(read)

    def test_a_signal_for_every_member(self):
        for rung in RUNGS:
            process, _ = self.start_named("it", "--contain=" + rung, "sh", "-c", "$0 & read x < %s; exec $0"
                                          % self.fifo(), SIGNAL_LOG)
            with open(self.fifo(), "w") as f:
                f.write("go\n")
            self.ready(process)
            self.obey("kill", "--signal=USR1", "it")
            self.assertEqual(read_until(process.stdout.fileno(), b"10\n10\n"), b"10\n10\n")
            self.obey("kill", "-s", "sigusr2", "it")
            self.assertEqual(self.finish(process)[0], 0)

    def fifo(self):
        path = os.path.join(self.directory, "fifo")
        if not os.path.exists(path):
            os.mkfifo(path)
        return path

    def test_names_ids_and_prefixes(self):
        one, _ = self.start_named("one", LEAVER, "daemon", "1", "stay")
        two, _ = self.start_named("two", LEAVER, "daemon", "1", "stay")
        ids = {row["name"]: row["id"] for row in self.ps()}
        common = os.path.commonprefix(list(ids.values()))
        if common:
            self.refuse(["kill", common], "more than one")
        for text in ("three", "", "4194305-", "../one", ids["one"] + "0"):
            self.refuse(["kill", text], "no run of this user")
        self.obey("stop", ids["one"])
        self.obey("kill", ids["one"])
        self.assertEqual(self.finish(one)[0], 143)
        self.obey("kill", str(two.pid) + "-")
        self.assertEqual(self.finish(two)[0], 143)
        self.refuse(["kill", "one"], "no run of this user")

    def test_words_that_make_no_order(self):
        for words, text in ((["kill"], "no run given"), (["stop", "a", "b"], "more than one run"),
                            (["kill", "--signal=nope", "a"], "--signal"), (["kill", "--signal"], "needs a value"),
                            (["kill", "-x", "a"], "unknown option '-x'"), (["cont", "--signal=1", "a"], "--signal=1"),
                            (["ps", "a"], "no argument"), (["ps", "--nope"], "--nope")):
            self.refuse(words, text)
        for word in ("ps", "kill", "stop", "cont"):
            done = self.ask(word, "--help")
            self.assertEqual((done.returncode, done.stderr), (0, b""))
            self.assertTrue(done.stdout.startswith(b"Usage: forkproof " + word.encode()))

    def test_nested_runs(self):
        for rung in RUNGS:
            process, read = self.start_held("--name=outer", "--contain=" + rung, "--grace=50ms", FORKPROOF, "run",
                                            "--grace=1h", "--name=inner", LEAVER, "ignore", "2", "stay")
            self.ready(process)
            self.assertEqual([row["name"] for row in self.ps()], ["outer", "inner"])
            self.obey("stop", "inner")
            self.obey("cont", "inner")
            self.obey("stop", "outer")
            self.obey("kill", "outer")
            self.finish(process)
            self.assert_all_gone(read)
            self.assertEqual(self.run_to_end("true").returncode, 0)  # clears what a killed inner has left
            self.assertEqual(self.runs(), [])

    def test_the_program_has_no_descriptor_of_it(self):
        done = self.run_to_end("--name=it", "ls", "/proc/self/fd")
        bare = subprocess.run(["ls", "/proc/self/fd"], stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(done.stdout, bare.stdout)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_as_a_plain_user(self):
        self.forkproof, leaver, library = self.reachable(FORKPROOF, LEAVER, os.environ["FORKPROOF_LIBRARY"])
        runtime = os.path.join(self.directory, "plain")
        os.mkdir(runtime, 0o700)
        os.chown(runtime, STRANGER, STRANGER)
        environment = dict(self.environment, FORKPROOF_RUNTIME_DIR=runtime, FORKPROOF_LIBRARY=library)
        options = {"cwd": "/", "user": STRANGER, "group": STRANGER, "extra_groups": [], "env": environment}
        process, read = self.start_held("--name=it", leaver, "ignore", "2", "stay", **options)
        self.ready(process)
        for who in (options, {"env": environment}):  # root may, too
            self.assertEqual([(row["name"], row["rung"]) for row in self.ps(**who)], [("it", "walk")])
            for word in ("stop", "cont"):
                self.assertEqual(self.ask(word, "it", **who).returncode, 0)
        self.assertEqual(self.ask("kill", "it", **options).returncode, 0)
        self.assertEqual(self.ask("kill", "it", **options).returncode, 0)
        self.assertEqual(self.finish(process)[0], 143)
        self.assert_all_gone(read)
        process, read = self.start_held("--keep=leaver", "--quiet", leaver, "daemon", "1", **options)
        self.assertEqual(process.wait(harness.DEADLINE), 0)
        self.assertEqual(len(self.survivors()), 1)
        self.end_kept(read)
        self.assertEqual(os.listdir(runtime), [])


if __name__ == "__main__":
    unittest.main()
