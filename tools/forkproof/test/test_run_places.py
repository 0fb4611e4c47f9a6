"""Machines as they are: cgroups delegated, alone, read-only, threaded or taken away; /proc hidden or of
another namespace. The best rung is taken, or a weaker one that is named; never a hang."""

import itertools
import json
import os
import shutil
import subprocess
import sys
import time
import unittest

import harness
from harness import LEAVER, read_until, send

BECOME = 'exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"'
DAEMON = ("import os, signal, sys, time\n"
          "if os.fork() == 0:\n"
          "  os.setsid()\n"
          "  if os.fork() == 0:\n"
          "    %s\n"
          "    signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
          "    print('ready 0', flush=True)\n"
          "    signal.pause()\n"
          "  os._exit(0)\n"
          "sys.stdin.readline()\n")


@unittest.skipUnless(os.geteuid() == 0, "needs root to make places")
class Place(harness.Case):
    def in_place(self, script, *words, **options):
        """The command, started by a script in a mount namespace of its own."""
        words = self.command(*words) if words else []
        done = subprocess.run(["unshare", "-m", "sh", "-ec", script, "sh", *words],
                              stdin=subprocess.DEVNULL, capture_output=True, cwd="/",
                              timeout=harness.DEADLINE, env=options.get("env", self.environment))
        done.stdout, done.stderr = done.stdout.decode(), self.told(done.stderr).decode()
        return done

    def plain(self):
        """Copies and an environment for a plain user."""
        self.leaver, options = self.as_user(LEAVER)
        return options["env"]

    def setUp(self):
        super().setUp()
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
            self.skipTest("needs a mount namespace")


@unittest.skipUnless(harness.cgroup_directory(), "needs a writable cgroup")
class Cgroups(Place):
    def setUp(self):
        super().setUp()
        self.cgroup = os.path.join(harness.cgroup_directory(),
                                   "place-" + os.path.basename(self.directory))
        os.mkdir(self.cgroup)
        self.addCleanup(self.remove)

    def remove(self):
        def gone():
            try:
                os.rmdir(self.cgroup)
            except OSError:
                return False
            return True
        harness.wait_for(gone, "an empty cgroup")

    def enter(self):
        return "echo 0 > %s/cgroup.procs; " % self.cgroup

    def delegate(self):
        for name in ("", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"):
            os.chown(os.path.join(self.cgroup, name), 65534, 65534)

    def test_a_subtree_handed_to_a_plain_user(self):
        self.delegate()
        environment = self.plain()
        done = self.in_place(self.enter() + BECOME, "--strict", self.leaver, "daemon", "2",
                             env=environment)
        self.assertRegex(done.stderr, r"ended by SIGTERM: 2 \[rung cgroup\]\n$")
        done = self.in_place(self.enter() + BECOME, "--grace=50ms", self.leaver, "ignore", "2",
                             env=environment)
        self.assertRegex(done.stderr, r"ended by SIGKILL: 2 \[rung cgroup\]\n$")
        self.assertEqual([e.name for e in os.scandir(self.cgroup) if e.is_dir()], [])

    def test_a_subtree_that_was_not_handed_over(self):
        done = self.in_place(self.enter() + BECOME, "--contain=cgroup", "true", env=self.plain())
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stderr, "forkproof: cannot contain by cgroup, doing it by walk: %s:"
                         " Permission denied\n" % self.cgroup)

    def test_v2_alone(self):
        script = "umount -R /sys/fs/cgroup; mount -t cgroup2 none /sys/fs/cgroup; exec \"$@\""
        done = self.in_place(script, "--strict", LEAVER, "daemon", "2")
        self.assertRegex(done.stderr, r"ended by SIGTERM: 2 \[rung cgroup\]\n$")

    def assert_walks(self, script, why):
        done = self.in_place(script, "--contain=cgroup", LEAVER, "daemon", "2")
        self.assertRegex(done.stderr, r"^forkproof: cannot contain by cgroup, doing it by walk: %s\n"
                         r"forkproof: .*\[rung walk\]\n$" % why)

    def test_v1_alone(self):
        self.assert_walks("while umount -l -t cgroup2 -a; do ! grep -q ' - cgroup2 ' /proc/self/mountinfo && break;"
                          " done; exec \"$@\"", "no cgroup2 is mounted: .*")

    def test_read_only(self):
        directory = harness.cgroup_directory()
        self.assert_walks("mount --bind -o ro %s %s; mount -o remount,bind,ro %s; exec \"$@\""
                          % ((directory,) * 3), ".*: Read-only file system")

    def test_a_threaded_cgroup_cannot_be_entered(self):
        with open(os.path.join(self.cgroup, "cgroup.type"), "w") as f:
            f.write("threaded")
        report = os.path.join(self.directory, "report.json")
        done = self.in_place(self.enter() + "exec \"$@\"", "--contain=cgroup", "--report=" + report,
                             LEAVER, "daemon", "2")
        why = "cannot enter the cgroup: Operation not supported"
        self.assertRegex(done.stderr, r"^forkproof: contained by walk only: %s\n"
                         r"forkproof: .*\[rung walk\]\n$" % why)
        with open(report) as f:
            rung = json.load(f)["rung"]
        self.assertEqual((rung["obtained"], rung["why_not_stronger"]), ("walk", why))
        done = self.in_place(self.enter() + "exec \"$@\"", "--contain=cgroup", "--strict", "true")
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr, r"cannot enter the cgroup \(--strict\)")

    def test_a_cgroup_that_is_removed_by_a_member(self):
        script = ("own=%s/forkproof-$FORKPROOF_RUN; echo 0 > %s/cgroup.procs; rmdir $own; exec %s ignore 2"
                  % (harness.cgroup_directory().rstrip("/"), harness.cgroup_directory(), LEAVER))
        report = os.path.join(self.directory, "report.json")
        done = self.run_to_end("--contain=cgroup", "--grace=300ms", "--report=" + report, "sh", "-c", script)
        self.assertRegex(done.stderr.decode(),
                         r"^forkproof: contained by walk only: the cgroup was removed meanwhile\n"
                         r"forkproof: .*ended by SIGKILL: 2 \[rung walk\]\n$")
        with open(report) as f:
            self.assertEqual(json.load(f)["rung"]["obtained"], "walk")

    def test_a_cgroup_that_is_removed_during_the_grace(self):
        """Its events tell nothing any more: that must not keep the supervisor busy."""
        process = self.start("--contain=cgroup", "--grace=1h", "sh", "-c", "echo 0 > %s/cgroup.procs; exec %s ignore 2"
                             % (harness.cgroup_directory(), LEAVER))
        self.ready(process)
        supervisor = self.supervisor_of(process)
        own = [name for name in os.listdir(harness.cgroup_directory())
               if name.startswith("forkproof-%d-" % process.pid)]
        harness.wait_for(lambda: len(harness.children(supervisor)) == 2, "the root is gone")
        os.rmdir(os.path.join(harness.cgroup_directory(), own[0]))
        send(harness.children(supervisor)[0], "KILL")  # wakes it: only then it looks again
        seen = []
        for _ in range(60):
            time.sleep(0.005)  # not to wait for something: how often it runs is what is measured
            seen.append(harness.state(supervisor))
        self.assertLess(seen.count("R"), 20)
        send(process.pid, "TERM")
        self.assertIn(b"removed meanwhile", self.finish(process)[2])

    def test_systemd_is_advised_to_a_plain_user(self):
        script = "mount -t tmpfs none /run; mkdir -p /run/systemd/system; " + BECOME
        environment = self.plain()
        done = subprocess.run(["unshare", "-m", "sh", "-ec", script, "sh", self.forkproof, "doctor", "--json"],
                              env=environment, capture_output=True, cwd="/")
        self.assertIn("systemd-run --user", json.loads(done.stdout)["rungs"]["cgroup"]["why_not"])


class Shared(Place):
    """Without a directory of the user's own: /tmp and /dev/shm, where every user may take a name."""

    MOUNT = ("mount -t tmpfs none /dev/shm; mkdir /dev/shm/kept; mount --bind {0} /dev/shm/kept;"
             " mount -t tmpfs -o mode=1777 none /tmp; mkdir -p {0}; mount --bind /dev/shm/kept {0}; ")

    def in_shared(self, before, script):
        """The script, by a plain user; $0 is the command."""
        environment = self.plain()
        del environment["FORKPROOF_RUNTIME_DIR"]
        environment.pop("XDG_RUNTIME_DIR", None)
        done = subprocess.run(["unshare", "-m", "sh", "-ec", self.MOUNT.format(self.directory) + before + BECOME, "sh",
                               "sh", "-c", script, self.forkproof],
                              env=environment, capture_output=True, text=True, cwd="/", timeout=harness.DEADLINE)
        return done.stdout, done.stderr

    def test_a_name_that_another_user_has_taken_denies_nothing(self):
        script = ('$0 run --name n -- sh -c "$0 ps | grep -c ^n; $0 run --name n -- true; echo \\$?";'
                  ' $0 run -- sh -c "stat -c \'%a %u\' /tmp/forkproof-65534.*"; echo $?; ls -d /tmp/forkproof-65534.*')
        for taken in ("setpriv --reuid 61234 --clear-groups mkdir /tmp/forkproof-65534; ",
                      "ln -s /no/such/place /tmp/forkproof-65534; ", "mkfifo /tmp/forkproof-65534; "):
            out, err = self.in_shared(taken, script)
            self.assertEqual(out, "1\n125\n700 65534\n0\n", taken)
            self.assertRegex(err, r"\Aforkproof: the name 'n' is taken by run [^\n]+\nls: [^\n]+No such file[^\n]+\n\Z")
            shutil.rmtree(os.path.join(self.directory, "reachable"))
            os.rmdir(os.path.join(self.directory, "plain"))

    def test_one_of_ours_is_used_before_the_plain_name_is_taken(self):
        script = "mkdir -m 700 /tmp/forkproof-65534.other; $0 run -- ls /tmp; ls /tmp"
        here = os.path.basename(self.directory)
        self.assertEqual(self.in_shared("", script), ("forkproof-65534.other\n%s\n%s\n" % (here, here), ""))

    def test_runs_that_another_user_has_made_up_for_root(self):
        made_up = "/tmp/forkproof-0/1-01234567.%d" % os.stat("/proc/self/ns/pid").st_ino
        before = ("mkdir -p %s; chmod -R 700 /tmp/forkproof-0; chown -R 61234 /tmp/forkproof-0;"
                  " $4 ps | grep 01234567 || :; " % made_up)
        self.assertEqual(self.in_shared(before, ":"), ("", ""))


class Proc(Place):
    HIDE = "mount -t proc -o hidepid=%s proc /proc; " + BECOME

    def test_members_that_proc_hides_are_ended(self):
        """As ssh-agent does: not to be traced, so hidden; and deaf."""
        python = shutil.which("python3", path="/usr/bin:/bin") or sys.executable
        text = DAEMON % "import ctypes; ctypes.CDLL(None).prctl(4, 0)"
        environment = self.plain()
        rungs = [rung for rung in harness.RUNGS if rung != "cgroup"]
        for level, rung in itertools.product(("0", "1", "2", "4"), rungs):
            read, write = os.pipe()
            process = subprocess.Popen(
                ["unshare", "-m", "sh", "-ec", self.HIDE % level, "sh",
                 *self.command("--contain=" + rung, "--grace=100ms", python, "-S", "-c", text)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
                cwd="/", env=environment, pass_fds=[write])
            os.close(write)
            self.started.append(process)
            read_until(process.stdout.fileno(), b"ready 0\n")
            status, _, err = self.finish(process)
            self.assertEqual(status, 0)
            self.assertEqual(read_until(read, None), b"")
            os.close(read)
            self.assertRegex(err.decode(), r"1 process \(.*\); ended by SIGKILL: 1 \[rung %s\]\n$" % rung, level)

    def test_proc_of_another_namespace(self):
        done = subprocess.run(["unshare", "-p", "-f", *self.command("true")], capture_output=True,
                              env=self.environment, timeout=harness.DEADLINE)
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr.decode(), r"^forkproof: /proc belongs to another pid namespace\n$")


if __name__ == "__main__":
    unittest.main()
