"""What holds when the machine has not enough for us: the table in docs/guarantees.md."""

import os
import resource
import subprocess
import unittest

import harness
from harness import Case, LEAVER, RUNGS, read_until, send

USER = 60000 + os.getpid() % 5000  # nobody else's: RLIMIT_NPROC counts all processes of a user


class Scarce(Case):
    """One line and 125, or the run as ever; never a leak."""

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
                        lines = done.stderr.decode().splitlines()
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
        sizes = range(5 << 20, 8 << 20, 256 << 10)  # with less the loader cannot map the command, and may crash
        self.assertTrue(self.assert_all_or_nothing(resource.RLIMIT_AS, sizes))

    def as_nobody_else(self):
        self.log, options = self.as_user(harness.SIGNAL_LOG, user=USER)
        self.runtime = options["env"]["FORKPROOF_RUNTIME_DIR"]
        return options

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
        harness.wait_for(lambda: "fp-witness" in map(harness.comm, harness.children(process.pid)),
                         "another witness")
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
    unittest.main(failfast=True)  # a failure may take all the deadlines that there are
