"""--keep: the named stay, with what they start, and nobody else."""

import os
import select
import shutil
import unittest

import harness
from controls import BREEDER, Controls
from harness import FORKPROOF, KEEPING, LEAVER, RUNGS, comm, send, state


class Keep(Controls):
    def keep(self, patterns, script, *words):
        """Runs a shell script to its end; what was said, the report, and the pipe that members hold."""
        process, read = self.start_held("--report=" + os.path.join(self.directory, "report.json"),
                                        *["--keep=" + p for p in patterns], *words, "sh", "-c", script)
        status = process.wait(harness.DEADLINE)
        text = os.read(process.stderr.fileno(), 65536) if select.select([process.stderr], [], [], 0)[0] else b""
        self.assertEqual(status, 0, text)
        return self.told(text).decode(), self.report(), read

    def test_the_named_stay_with_what_they_started_and_the_others_end(self):
        for rung in KEEPING:
            for deaf in ("daemon", "ignore"):  # the rung's stroke is for the deaf ones
                script = "%s tree 4; %s %s 2" % (self.agent(), LEAVER, deaf)
                text, report, read = self.keep(["agent"], script, "--contain=" + rung, "--grace=50ms")
                how = "SIGTERM" if deaf == "daemon" else "SIGKILL"
                self.assertRegex(text, r"\Aforkproof: left behind by sh: 2 processes \(leaver \d+, leaver \d+\); "
                                       r"ended by %s: 2 \[rung %s\]\n"
                                       r"forkproof: kept: 4 \((agent \d+(, )?){4}\)\n\Z" % (how, rung))
                self.assertEqual({comm(pid) for pid in self.survivors()}, {"agent"})
                self.assertEqual(len(self.survivors()), 4)
                kept = [left["pid"] for left in report["left"] if left["ended"] == "kept"]
                self.assertEqual(sorted(kept), sorted(self.survivors()))
                self.assertEqual((report["kept_total"], report["left_total"]), (4, 2))
                self.assertEqual(report["keep"], [{"pattern": "agent", "matched": 4}])
                self.assert_free(kept)
                self.end_kept(read)

    def assert_free(self, pids):
        """Out of a cgroup of ours, which is gone, with nobody of ours above them."""
        self.assertEqual(self.runs(), [])
        directory = harness.cgroup_directory()
        ours = "forkproof-%d-" % self.started[-1].pid
        self.assertEqual([name for name in os.listdir(directory or "/") if name.startswith(ours)], [])
        for pid in pids:
            with open("/proc/%d/cgroup" % pid) as f:
                self.assertNotIn("forkproof-", f.read())
            self.assertNotIn(state(pid), "TtZ")
        for pid in self.survivors():
            self.assertNotEqual(comm(pid), "forkproof")

    def test_only_kept_ones_left(self):
        for rung in KEEPING:
            text, _, read = self.keep(["agent"], self.agent() + " daemon 1", "--contain=" + rung)
            self.assertRegex(text, r"\Aforkproof: kept: 1 \(agent \d+\)\n\Z")
            self.end_kept(read)

    def test_children_born_while_the_others_are_killed_are_spared(self):
        """A kept forker: no child of its, nor grandchild, is ended by what ends the others."""
        for rung in KEEPING * 5:
            report, write = os.pipe()
            process = self.start("--contain=" + rung, "--keep=breeder", "--grace=20ms", "sh", "-c",
                                 "%s %d; %s ignore 20 >&2" % (BREEDER, write, LEAVER), pass_fds=[write])
            os.close(write)
            breeder = self.ready(process)
            self.assertEqual(process.wait(harness.DEADLINE), 0)
            self.assertEqual(comm(breeder), "breeder", rung)
            os.set_blocking(report, False)
            with self.assertRaises(BlockingIOError, msg=rung):
                self.assertEqual(os.read(report, 1), b"", rung)
            send(breeder, "KILL")  # its children end by themselves
            os.close(report)

    def test_a_pattern_that_matches_nothing_is_told_of(self):
        text, report, _ = self.keep(["nothing", "no * such"], "true")
        self.assertEqual(text, "forkproof: --keep: nothing was left that matches 'nothing', 'no * such'\n")
        self.assertEqual(report["keep"], [{"pattern": "nothing", "matched": 0},
                                          {"pattern": "no * such", "matched": 0}])
        self.assertEqual(self.keep(["nothing"], "true", "--quiet")[0], "")

    def test_mentioning_the_name_is_not_being_called_so(self):
        script = "(setsid sh -c 'echo; sleep 1000; : /bin/agent' /bin/agent &) | read placed"
        text, report, read = self.keep(["*agent"], script)
        self.assertEqual((report["kept_total"], report["left_total"] > 0), (0, True), text)
        self.assert_all_gone(read)

    def test_a_pattern_with_a_blank_is_for_the_command_line(self):
        for pattern in ("leaver * 1", LEAVER + " daemon [01]", "leaver daemon 1"):
            _, report, read = self.keep([pattern], "%s daemon 1; %s daemon 2" % (LEAVER, LEAVER))
            self.assertEqual((report["kept_total"], report["left_total"]), (1, 2), pattern)
            self.end_kept(read)

    @unittest.skipUnless(shutil.which("ssh-agent"), "needs ssh-agent")
    def test_an_agent_that_hides_its_executable(self):
        text, report, read = self.keep(["ssh-agent"], "ssh-agent -a %s/socket >&2" % self.directory, "--quiet")
        self.assertEqual(report["kept_total"], 1)
        agent = report["left"][0]["pid"]
        self.assertEqual(comm(agent), "ssh-agent")
        send(agent, "KILL")  # its environment is hidden, too: no look at our marker finds it
        self.assert_all_gone(read)

    def test_the_root_is_never_kept(self):
        for rung in KEEPING:
            process, read = self.start_held("--contain=" + rung, "--keep=leaver", LEAVER, "ignore", "1", "stay")
            root = self.ready(process)
            send(process.pid, "KILL")
            harness.wait_for(lambda: state(root) is None, "the root is gone")
            harness.wait_for(lambda: not self.runs(), "the run is over")
            harness.wait_for(lambda: [comm(pid) for pid in self.survivors()] == ["leaver"], "the other one is left")
            self.end_kept(read)

    def test_the_supervisor_is_killed(self):
        for rung in KEEPING:
            process, read = self.start_held("--contain=" + rung, "--keep=agent", "sh", "-c",
                                            "%s daemon 1 >&2; exec %s ignore 2 stay" % (self.agent(), LEAVER))
            self.ready(process)
            send(self.supervisor_of(process), "KILL")
            self.assertEqual(process.wait(harness.DEADLINE), 125)
            survivors = self.survivors()
            self.assertEqual([comm(pid) for pid in survivors], ["agent"])
            self.assert_free(survivors)
            self.end_kept(read)

    def test_until_nothing_but_kept_ones_is_left(self):
        for rung in KEEPING:
            process, read = self.start_held("--contain=" + rung, "--keep=agent", "--until=empty", "sh", "-c",
                                            "%s daemon 1 >&2; %s daemon 1" % (self.agent(), LEAVER))
            self.ready(process)
            self.wait_for_state("waiting")
            left = [pid for pid in self.survivors() if comm(pid) == "leaver"]
            send(left[0], "TERM")
            self.assertEqual(process.wait(harness.DEADLINE), 0)
            self.end_kept(read)

    def test_the_outer_run_ends_what_the_inner_has_kept(self):
        for rung in RUNGS:
            process, read = self.start_held("--contain=" + rung, FORKPROOF, "run", "--keep=agent", "--quiet",
                                            "sh", "-c", self.agent() + " daemon 1 >&2")
            status, _, text = self.finish(process)
            self.assertEqual(status, 0)
            self.assertRegex(text.decode(), r"left behind by forkproof: 1 process \(agent \d+\)")
            self.assert_all_gone(read)

    def test_conflicts_and_bad_values(self):
        for words, part in ((["--keep=x", "--no-kill"], "--no-kill"),
                            (["--contain=none", "--keep=x"], "--contain=none"),
                            (["--contain=pidns", "--keep=x"], "--contain=pidns, which nothing outlives"),
                            (["--until=empty", "--contain=none"], "--until=empty"),
                            (["--until=later"], "root or empty"),
                            (["--keep="], "pattern"), (["--keep=x"] * 65, "more than 64"),
                            (["--name=12"], "digits"), (["--name="], "letters"),
                            (["--name=a/b"], "letters"), (["--name=" + "n" * 65], "64")):
            self.refuse(["run", *words, "true"], part)


if __name__ == "__main__":
    unittest.main()
