"""Members that make their own end difficult end all the same, on every rung, for root and others."""

import os
import re
import resource
import unittest

import harness
import rungs
from harness import Case, LEAVER, read_until

UNRULY = os.path.join(harness.HELPERS, "unruly")
PLAIN = 65534
BOMBER = 64321  # a user of no process: its limit of processes is the bomb's alone
BOMB = 60


class Unruly(Case):
    """Runs to the end, on every rung."""

    def setUp(self):
        super().setUp()
        self.caller = {"env": self.environment}
        self.unruly, self.leaver = UNRULY, LEAVER
        self.prefix = []

    def command(self, *words):
        return [*self.prefix, *super().command(*words)]

    def rungs(self):
        return rungs.accepted(self.forkproof, **self.caller)

    def closing_line(self, *words):
        """Runs to the end with a pipe's write end in every member: all are gone at its end."""
        read, write = os.pipe()
        try:
            process = self.start(*words, pass_fds=[write], **self.caller)
        finally:
            os.close(write)
        try:
            self.ready(process)
            status, _, err = self.finish(process)
            self.assertEqual(status, 0, err)
            self.assertEqual(read_until(read, None), b"", words)
        finally:
            os.close(read)
        return err.decode()

    def end(self, kind, count, *words):
        """On every rung; rung -> closing line."""
        return {rung: self.closing_line("--contain=" + rung, *words, self.unruly, kind, str(count))
                for rung in self.rungs()}

    def count_of(self, line, what):
        return sum(int(number) for number in re.findall(what + r": (\d+)", line))


class Teardown(Unruly):
    """As whoever runs the tests."""

    def test_who_was_killed_already_was_not_left_behind(self):
        """On one processor they do not get to their end before the program is gone."""
        processors = os.sched_getaffinity(0)
        self.addCleanup(os.sched_setaffinity, 0, processors)
        os.sched_setaffinity(0, {min(processors)})
        for rung in self.rungs():
            self.assertEqual(self.closing_line("--contain=" + rung, self.unruly, "killed", "5"), "", rung)

    def test_zombies_under_a_living_parent(self):
        """The dead are nobody to be ended, and go with the one that did not wait for them."""
        for line in self.end("zombies", 50).values():
            self.assertRegex(line, r": 1 process \(unruly \d+\); ended by SIGTERM: 1 ")
        self.end("zombies", 50, "--signal=KILL")

    def test_a_deep_chain(self):
        for words, how in ((), "SIGTERM"), (("--signal=KILL",), "SIGKILL"):
            for line in self.end("chain", 200, *words).values():
                self.assertIn(": 200 processes", line)
                self.assertEqual(self.count_of(line, "ended by " + how), 200, line)

    def test_a_wide_tree(self):
        for words, how in ((), "SIGTERM"), (("--signal=KILL",), "SIGKILL"):
            for line in self.end("wide", 200, *words).values():
                self.assertIn(": 200 processes", line)
                self.assertEqual(self.count_of(line, "ended by " + how), 200, line)

    def test_children_of_a_thread_whose_first_thread_has_left(self):
        for line in self.end("threads", 5).values():
            self.assertIn(": 5 processes", line)

    def test_those_born_when_asked_to_end(self):
        """Deaf heirs, in sessions of their own: killed after the grace, and told apart."""
        for line in self.end("heirs", 20, "--grace=200ms").values():
            self.assertIn(": 20 processes", line)
            self.assertIn("; born while it was ended: 20 ", line)

    def test_hoppers(self):
        for words in ("--grace=50ms",), ("--signal=KILL",):
            self.end("hoppers", 4, *words)

    def test_the_deaf_and_stopped_of_a_tree(self):
        for rung in self.rungs():
            for kind in "ignore", "stopped":
                line = self.closing_line("--contain=" + rung, "--grace=50ms", self.leaver, kind, "40")
                self.assertIn(": 40 processes", line)

    def test_orphans_are_reaped_while_others_are_waited_for(self):
        """Within the grace, too: 20 that end when asked leave no zombie beside the one that is deaf."""
        for rung in self.rungs():
            if rung == "pidns":
                continue  # its own first process reaps, out of our sight
            process = self.start("--contain=" + rung, "--grace=1h", "sh", "-c",
                                 '"$0" ignore 1; exec "$0" daemon 20', self.leaver, **self.caller)
            self.ready(process)
            self.ready(process)
            supervisor = self.supervisor_of(process)
            harness.wait_for(lambda: [harness.state(pid) for pid in harness.children(supervisor)] == ["S"],
                             "only the deaf one")
            os.kill(process.pid, 15)  # no more patience
            status, _, err = self.finish(process)
            self.assertEqual(status, 0, err)
            self.assertRegex(err.decode(), r": 21 processes .*SIGTERM: 20.*SIGKILL: 1|SIGKILL: 1.*SIGTERM: 20")


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Plain(Teardown):
    """As a user without any privilege."""

    def setUp(self):
        super().setUp()
        self.forkproof, self.unruly, self.leaver, library = self.reachable(
            harness.FORKPROOF, UNRULY, LEAVER, os.environ["FORKPROOF_LIBRARY"])
        os.mkdir(self.runtime, 0o700)
        os.chown(self.runtime, PLAIN, PLAIN)
        self.environment["FORKPROOF_LIBRARY"] = library
        self.caller = {"env": self.environment, "cwd": "/", "user": PLAIN, "group": PLAIN,
                        "extra_groups": []}


@unittest.skipUnless(os.geteuid() == 0, "needs root")
class Bomb(Unruly):
    """In a pid namespace that ends with the command, as a user who may have BOMB processes."""

    @staticmethod
    def limit():
        resource.setrlimit(resource.RLIMIT_NPROC, (BOMB, BOMB))

    def bomb(self, **options):
        self.prefix = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
        self.caller |= options
        drop = ["setpriv", "--reuid=%d" % BOMBER, "--regid=%d" % BOMBER, "--clear-groups"]
        for rung in self.rungs():
            line = self.closing_line("--contain=" + rung, "--signal=KILL", *drop, self.unruly, "bomb", "1")
            self.assertRegex(line, r"left behind by setpriv: \d+ processes")

    def test_a_capped_bomb(self):
        self.unruly, library = self.reachable(UNRULY, os.environ["FORKPROOF_LIBRARY"])
        self.environment["FORKPROOF_LIBRARY"] = library
        self.bomb(preexec_fn=self.limit)


if __name__ == "__main__":
    unittest.main()
