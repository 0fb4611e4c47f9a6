"""The rung pidns: what the other suites ask of a run holds in a pid namespace, too; and what only
this rung promises: guard, keeper and supervisor all killed, nothing is left."""

import json
import os
import subprocess
import sys
import unittest

import harness
import test_run_signals
import test_run_status
from filters import CLONE, CLONE_NEWUSER, PR_SET_PDEATHSIG, PRCTL, answer_zero, refuse_flags
from harness import LEAVER, RUNGS, read_until, send

SHOW = "import os; print(os.getpid(), os.getppid(), sorted(e for e in os.listdir('/proc') if e.isdigit()))"


def setUpModule():
    if "pidns" not in RUNGS:
        raise unittest.SkipTest("no pid namespace can be had")


class Status(test_run_status.Status):
    options = ["--contain=pidns"]


class Inherited(test_run_status.Inherited):
    options = ["--contain=pidns"]

    def test_process_group_session_umask_and_limits(self):
        """The group and session of outside have no number inside."""
        text = ("import os, resource; old = os.umask(0); print(%s, old, os.getcwd(), os.nice(0),"
                " resource.getrlimit(resource.RLIMIT_CORE))")
        ids = "os.getpgrp(), os.getsid(0)"
        os.umask(os.umask(0o22))
        bare = subprocess.run([sys.executable, "-c", text % "0, 0"], capture_output=True, text=True)
        self.assertEqual(self.python(text % ids), bare.stdout)

    def test_a_directory_that_is_gone_and_its_descriptors_stay(self):
        lost = os.path.join(self.directory, "lost")
        os.mkdir(lost)
        with open(os.path.join(lost, "file"), "w") as f:
            f.write("kept")
        os.chmod(os.path.join(lost, "file"), 0o600)
        script = 'cd "$1"; exec 7< file; rm -r "$1"; shift; exec "$@"'
        inner = "readlink /proc/self/cwd; cat <&7"
        done = subprocess.run(["sh", "-c", script, "sh", lost, *self.command("sh", "-c", inner)],
                              env=self.environment, capture_output=True, text=True)
        self.assertEqual(done.stdout, lost + " (deleted)\nkept")


@unittest.skipUnless(os.geteuid() == 0, "needs root to mount")
class Hidden(harness.Case):
    """What protects the /proc of outside is not lost with it."""

    def contained(self, script, *words):
        """In a pid namespace: a /proc of the same has the same options."""
        done = subprocess.run(["unshare", "-mpf", "--mount-proc", "sh", "-ec", script + "exec \"$@\"", "sh",
                               *self.command("--contain=pidns", *words)],
                              stdin=subprocess.DEVNULL, capture_output=True, env=self.environment,
                              timeout=harness.DEADLINE)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout.decode(), done.stderr.decode()

    def test_the_rung_is_refused_where_a_part_is_mounted_over(self):
        over = "mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys; "
        out, err = self.contained(over, "sh", "-c", "test -w /proc/sys/kernel/domainname || echo kept")
        self.assertEqual(out, "kept\n")
        self.assertRegex(err, r"\Aforkproof: cannot contain by pidns, doing it by \w+: a /proc of its own would be"
                         r" without the mount on /proc/sys\n\Z")

    def test_what_is_mounted_over_below_a_newer_proc_is_no_matter(self):
        over = "mount --bind /proc/sys /proc/sys; mount -t proc proc /proc; "
        self.assertEqual(self.contained(over, "true"), ("", ""))

    def test_its_options_are_kept(self):
        hide = "mount -t proc -o hidepid=2,gid=7 proc /proc; "
        for options in ([], [*self.command("--contain=pidns")]):
            out, _ = self.contained(hide, *options, "tail", "-n1", "/proc/self/mountinfo")
            self.assertRegex(out, r" /proc .* - proc proc rw,gid=7,hidepid=(2|invisible)\n\Z")


class Forwarding(test_run_signals.Forwarding):
    options = ["--contain=pidns"]


class Terminal(test_run_signals.Terminal):
    options = ["--contain=pidns"]

    def test_a_script_has_its_terminal_back_after_a_shell(self):
        """The shell cannot name the group that had it before."""
        self.type("cat > $FORKPROOF_RUNTIME_DIR.sh\n", "\r\n")
        self.type("$FP run bash --norc --noprofile --noediting -i\nread line; echo got $line\n\x04")
        self.type("sh $FORKPROOF_RUNTIME_DIR.sh\n", "@@ ")
        self.type("exit\n", "exit\r\n")
        self.assertIn("got back", self.type("back\n"))
        self.assertEqual(self.status(), 0)


class Pidns(harness.Case):
    options = ["--contain=pidns"]

    def init_of(self, process):
        found = [p for p in harness.children(process.pid) if harness.comm(p) == "fp-init"]
        self.assertEqual(len(found), 1)
        return found[0]

    def keepers(self, process):
        return process.pid, self.keeper_of(process), self.supervisor_of(process)

    @staticmethod
    def stop_together(*pids):
        """From the top down: nobody is continued."""
        for pid in pids:
            send(pid, "STOP")
            harness.wait_for(lambda: harness.state(pid) == "T", "stopped")

    def kill_together(self, *pids):
        """Nobody can act on another's death."""
        self.stop_together(*pids)
        for pid in pids:
            send(pid, "KILL")

    def test_the_program_sees_only_its_own(self):
        done = self.run_to_end("--strict", sys.executable, "-S", "-c", SHOW)
        self.assertEqual((done.stdout, done.stderr), (b"2 0 ['1', '2']\n", b""))

    def test_the_outside_keeps_its_proc(self):
        with open("/proc/self/mountinfo") as f:
            before = f.read()
        done = self.run_to_end("cat", "/proc/self/mountinfo")
        self.assertEqual(done.stdout.decode().count(" /proc "), before.count(" /proc ") + 1)
        with open("/proc/self/mountinfo") as f:
            self.assertEqual(f.read(), before)

    def test_a_shared_mount_of_proc_stays_what_it_was(self):
        script = 'count() { grep -c " /proc " /proc/self/mountinfo; }; count; "$@"; count'
        done = subprocess.run(["unshare", "-m", "--propagation", "shared", "sh", "-c", script, "sh",
                               *self.command("grep", "-c", " /proc ", "/proc/self/mountinfo")],
                              env=self.environment, capture_output=True, text=True)
        if done.stderr:
            self.skipTest(done.stderr)
        before, within, after = map(int, done.stdout.split())
        self.assertEqual((within, after), (before + 1, before))

    def test_the_init_is_in_no_group_of_the_callers(self):
        process, _ = self.start_held(LEAVER, "daemon", "1", "stay")
        self.ready(process)
        init = self.init_of(process)
        self.assertEqual((os.getpgid(init), os.getsid(init)), (init, init))
        self.assertEqual(len(os.listdir("/proc/%d/fd" % init)), 2)  # the pipe, the ledger
        send(process.pid, "TERM")
        self.finish(process)

    def test_the_grace_ends_with_the_last_member(self):
        """The init reaps it, not the supervisor."""
        text = ("import os, signal, time\n"
                "def end(*_):\n  time.sleep(0.3)\n  os._exit(0)\n"
                "signal.signal(signal.SIGTERM, end)\n"
                "read, write = os.pipe()\n"
                "if os.fork():\n  os.read(read, 1)\n  os._exit(0)\n"  # what comes during it is lost
                "os.write(write, b'x')\n"
                "while True:\n  time.sleep(0.01)\n")
        done = self.run_to_end("--grace=1h", sys.executable, "-S", "-c", text)
        self.assertRegex(done.stderr.decode(), r"ended by SIGTERM: 1 \[rung pidns\]\n$")

    def test_the_report_tells_pids_of_outside(self):
        report = os.path.join(self.directory, "report.json")
        process, read = self.start_held("--report=" + report, LEAVER, "daemon", "2", "stay")
        root = self.ready(process)
        daemons = set(harness.children(self.init_of(process)))
        send(process.pid, "TERM")
        self.finish(process)
        self.assertEqual(read_until(read, None), b"")
        with open(report) as f:
            told = json.load(f)
        self.assertEqual(told["root"]["pid"], root)
        self.assertEqual({left["pid"] for left in told["left"]}, daemons)
        self.assertEqual({left["ended"] for left in told["left"]}, {"SIGTERM"})
        self.assertEqual(told["rung"]["obtained"], "pidns")

    def test_orphans_are_reaped_while_the_program_runs(self):
        process, _ = self.start_held(LEAVER, "daemon", "3", "stay")
        self.ready(process)
        init = self.init_of(process)
        for pid in harness.children(init):
            send(pid, "KILL")
        harness.wait_for(lambda: harness.children(init) == [], "no zombie")
        send(process.pid, "TERM")
        self.assertEqual(self.finish(process)[0], 143)

    def test_guard_keeper_and_supervisor_killed_together(self):
        process, read = self.start_held(LEAVER, "ignore", "20", "stay")
        self.ready(process)
        self.kill_together(*self.keepers(process))
        self.assertEqual(read_until(read, None), b"")
        self.assertEqual(self.run_to_end("true").returncode, 0)  # clears the run's directory

    def test_with_a_stopped_init_as_well(self):
        process, read = self.start_held(LEAVER, "ignore", "20", "stay")
        self.ready(process)
        init = self.init_of(process)
        send(init, "STOP")
        harness.wait_for(lambda: harness.state(init) == "T", "stopped")
        self.kill_together(*self.keepers(process))
        self.assertEqual(read_until(read, None), b"")
        self.run_to_end("true")

    def start_without_death_signal(self):
        """As if the guard had died before its init asked for the signal. The witness, as well."""
        process, read = self.start_held(LEAVER, "ignore", "20", "stay",
                                        preexec_fn=lambda: answer_zero(PRCTL, PR_SET_PDEATHSIG))
        self.ready(process)
        return process, read, self.only_child(process.pid, "fp-witness")

    def test_the_end_of_the_pipe_suffices(self):
        process, read, witness = self.start_without_death_signal()
        self.kill_together(*self.keepers(process), witness)
        self.assertEqual(read_until(read, None), b"")
        self.run_to_end("true")

    def test_the_keeper_ends_the_init(self):
        """It holds the pipe, too, and waits for nobody's end."""
        process, read, witness = self.start_without_death_signal()
        guard, keeper, supervisor = self.keepers(process)
        self.stop_together(guard, keeper, supervisor)
        for pid in guard, supervisor, witness:
            send(pid, "KILL")
        send(keeper, "CONT")
        self.assertEqual(read_until(read, None), b"")
        harness.wait_for(lambda: self.runs() == [], "the keeper concludes")

    def test_a_killed_init_is_the_programs_end(self):
        process, read = self.start_held(LEAVER, "ignore", "3", "stay")
        self.ready(process)
        send(self.init_of(process), "KILL")
        self.assertEqual(self.finish(process)[0], 137)
        self.assertEqual(read_until(read, None), b"")

    def test_the_init_cannot_be_killed_from_inside(self):
        done = self.run_to_end("sh", "-c", "kill -KILL 1; kill -TERM 1; sleep 0.1; echo here")
        self.assertEqual((done.returncode, done.stdout), (0, b"here\n"))

    def test_runs_within_runs(self):
        for outer in RUNGS:
            for inner in RUNGS:
                process, read = self.start_held("--contain=" + outer, *self.command(
                    "--strict", "--contain=" + inner, LEAVER, "ignore", "3", "stay"))
                read_until(process.stdout.fileno(), b"\n")
                send(process.pid, "KILL")
                self.assertEqual(read_until(read, None), b"")
                self.assert_no_trace()

    def test_a_run_that_was_killed_with_the_one_around_it_leaves_nothing(self):
        """Its directory carries another namespace; pids tell nothing of it."""
        process, read = self.start_held(*self.command(LEAVER, "ignore", "3", "stay"))
        read_until(process.stdout.fileno(), b"\n")
        harness.wait_for(lambda: len(self.runs()) == 2, "two runs")
        send(self.supervisor_of(process), "KILL")
        self.assertEqual(self.finish(process)[0], 125)
        self.assertEqual(read_until(read, None), b"")
        self.assertEqual(self.runs(), [])

    def test_a_living_run_in_another_namespace_is_left_alone(self):
        process, _ = self.start_held(*self.command(LEAVER, "ignore", "3", "stay"))
        read_until(process.stdout.fileno(), b"\n")
        runs = sorted(self.runs())
        self.assertEqual(self.run_to_end("true").returncode, 0)
        self.assertEqual(sorted(self.runs()), runs)
        send(process.pid, "TERM")
        self.finish(process)

    def test_the_shim_is_in_it(self):
        done = self.run_to_end("-o", "zombies=5", sys.executable, "-S", "-c",
                               "import os, time\n"
                               "for i in range(30):\n  os.fork() or os._exit(0)\n  time.sleep(0.01)\n"
                               "text = open('/proc/self/task/%d/children' % os.getpid()).read()\n"
                               "print(len(text.split()) <= 8)")
        self.assertEqual(done.stdout, b"True\n")

    def test_no_kill_is_refused(self):
        done = self.run_to_end("--no-kill", "true")
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr.decode(), r"^forkproof: run: --no-kill cannot be had .*\n$")


class Unprivileged(harness.Case):
    """As a plain user: in a user namespace, or by a weaker rung that is named."""

    options = ["--contain=pidns"]

    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("needs root to become somebody else")
        self.leaver, self.plain = self.as_user(LEAVER)

    def test_in_a_user_namespace(self):
        text = "import os; print(os.getpid(), os.getuid(), os.getgid())"
        done = self.run_to_end("--strict", sys.executable, "-S", "-c", text, **self.plain)
        self.assertEqual((done.stdout, done.stderr), (b"2 65534 65534\n", b""))
        done = self.run_to_end("--strict", self.leaver, "daemon", "3", **self.plain)
        self.assertRegex(done.stderr.decode(), r"ended by SIGTERM: 3 \[rung pidns\]\n$")

    def test_a_user_namespace_within_one(self):
        read, write = os.pipe()
        process = self.start(*self.command("--strict", self.leaver, "ignore", "3", "stay"),
                             pass_fds=[write], **self.plain)
        os.close(write)
        read_until(process.stdout.fileno(), b"\n")
        send(process.pid, "KILL")
        self.assertEqual(read_until(read, None), b"")
        os.close(read)

    def assert_falls_back(self, why, **options):
        done = self.run_to_end(self.leaver, "daemon", "2", **options)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr.decode(), r"^forkproof: cannot contain by pidns, doing it by walk:"
                         r" %s; cgroup: .*\nforkproof: .*\[rung walk\]\n$" % why)
        done = self.run_to_end("--strict", "true", **options)
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr.decode(), r"^forkproof: cannot contain by pidns \(--strict\): %s" % why)

    def test_where_user_namespaces_are_forbidden(self):
        self.assert_falls_back("a user namespace: Operation not permitted", **self.plain,
                               preexec_fn=lambda: refuse_flags(CLONE, CLONE_NEWUSER, 1))

    def test_where_there_are_none_left(self):
        script = 'echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set -sys_admin "$@"'
        if subprocess.run(["unshare", "-Ur", "sh", "-c", script, "sh", "true"], capture_output=True).returncode:
            self.skipTest("needs unshare and setpriv")
        done = subprocess.run(["unshare", "-Ur", "sh", "-c", script, "sh", *self.command("true")],
                              env=self.environment, capture_output=True)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"cannot contain by pidns, doing it by ", done.stderr)
        self.assertIn(b": a user namespace: No space left on device", done.stderr)

    def test_where_proc_is_masked(self):
        """As containers do: what is hidden there must not be shown by a new one."""
        script = 'mount -t tmpfs none /proc/sys && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"'
        done = subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", *self.command("true")],
                              env=self.plain["env"], cwd="/", capture_output=True)
        self.assertEqual(done.returncode, 0)
        self.assertIn(b"cannot contain by pidns, doing it by walk: a /proc of its own would be"
                      b" without the mount on /proc/sys", done.stderr)


if __name__ == "__main__":
    unittest.main()
