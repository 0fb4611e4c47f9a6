"""--max-procs: a fork beyond the limit is EAGAIN, nothing else fails, and no count drifts for ever."""

import errno
import json
import os
import re
import sys
import unittest

import harness
from harness import Case, RUNGS

STARTER = os.path.join(harness.HELPERS, "starter")
STATIC = os.path.join(harness.HELPERS, "starter_static")
PIDS = "/sys/fs/cgroup/pids"  # the controller of cgroup v1; of v2 the run's own cgroup has it: every test looks for that
WAYS = ("fork", "vfork", "clone", "raw", "spawn", "popen")


class Limits(Case):
    def report_of(self, *words, status=0, **options):
        path = os.path.join(self.directory, "report.json")
        done = self.run_to_end("--grace=0", "--report=" + path, *words, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        with open(path) as file:
            return json.load(file), done

    def test_every_way_to_fork(self):
        for rung in RUNGS:
            for way in WAYS:
                with self.subTest(rung=rung, way=way):
                    report, done = self.report_of("--contain=" + rung, "--max-procs=5", STARTER, "fork:9:" + way)
                    self.assertEqual(done.stdout, b"made 4 %d\n" % errno.EAGAIN)
                    self.assertEqual(report["limit"]["refused"], 1)
                    self.assertIn(b"forkproof: refused 1 fork beyond 5 processes (--max-procs)\n", done.stderr)

    def test_without_it_nothing_is_refused(self):
        report, done = self.report_of(STARTER, "fork:9:fork")
        self.assertEqual((done.stdout, report["limit"]), (b"made 9 0\n", None))

    def test_the_members_of_all_images_count(self):
        report, done = self.report_of("--max-procs=5", "sh", "-c", "sleep 1000 & sleep 1000 & %s fork:9:fork"
                                      % STARTER)
        self.assertIn(done.stdout, (b"made 1 %d\n" % errno.EAGAIN, b"made 2 %d\n" % errno.EAGAIN))

    def test_threads_do_not_count(self):
        text = ("import threading\nend = threading.Event()\n"
                "all = [threading.Thread(target=end.wait) for i in range(20)]\n"
                "for one in all: one.start()\n"
                "end.set()\nprint(len(all))\n")
        _, done = self.report_of("--max-procs=2", sys.executable, "-S", "-c", text)
        self.assertEqual(done.stdout, b"20\n")

    def test_places_are_given_back(self):
        """By wait, by the kernel (SIGCHLD ignored), and by orphans that the supervisor reaps."""
        orphans = ("import os\n"
                   "above = '/proc/%d/task/%d/children' % ((os.getppid() or 1,) * 2)\n"
                   "alone = [str(os.getpid())] if os.getppid() else []\n"  # a pidns init has orphans only
                   "for i in range(30):\n"
                   "  pid = os.fork()\n"
                   "  if pid == 0:\n"
                   "    os._exit(0 if os.fork() >= 0 else 1)\n"
                   "  os.waitpid(pid, 0)\n"
                   "  while open(above).read().split() != alone: pass\n"
                   "print('good')\n")
        for rung in RUNGS:
            _, done = self.report_of("--contain=" + rung, "--max-procs=4", "sh", "-c",
                                     "for i in $(seq 100); do true | true; done; echo good")
            self.assertEqual(done.stdout, b"good\n", done.stderr)
            _, done = self.report_of("--contain=" + rung, "--max-procs=4", sys.executable, "-S", "-c", orphans)
            self.assertEqual(done.stdout, b"good\n", done.stderr)
            _, done = self.report_of("--contain=" + rung, "--max-procs=4", STARTER, "gone:50")
            self.assertEqual(done.stdout, b"made 50 0\n")

    def test_a_member_killed_in_the_middle_takes_no_place_along(self):
        """Forkers killed at whatever instruction they are; afterwards all places are free again."""
        text = ("import os, signal, sys\n"
                "def fork():\n"
                "  while True:\n"
                "    try: return os.fork()\n"
                "    except BlockingIOError: pass\n"
                "for i in range(30):\n"
                "  pid = fork()\n"
                "  if pid == 0:\n"
                "    signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
                "    while True:\n"
                "      if fork() == 0: os._exit(0)\n"
                "  signal.sigtimedwait([63], 0.001 * (i % 7))\n"  # the very moment is what is varied
                "  os.kill(pid, signal.SIGKILL)\n"
                "  os.waitpid(pid, 0)\n"
                "above = '/proc/%d/task/%d/children' % ((os.getppid() or 1,) * 2)\n"
                "alone = [str(os.getpid())] if os.getppid() else []\n"
                "while open(above).read().split() != alone: pass\n"
                "os.execv(sys.argv[1], [sys.argv[1], 'fork:9:fork'])\n")
        for rung in RUNGS:
            _, done = self.report_of("--contain=" + rung, "--max-procs=6", sys.executable, "-S", "-c", text,
                                     STARTER)
            self.assertEqual(done.stdout, b"made 5 %d\n" % errno.EAGAIN, done.stderr)

    @unittest.skipUnless("cgroup" in RUNGS, "the most there were is told by a cgroup")
    def test_a_bomb(self):
        """As many as may be, and those whose fork was under way while it was counted; not thousands."""
        for how in ("bomb:700", "bomb:700:setsid"):
            process = self.start("--contain=cgroup", "--grace=0", "--max-procs=40", STARTER, how)
            most = 0
            directory = harness.cgroup_directory()
            while process.poll() is None:
                for name in os.listdir(directory):
                    if name.startswith("forkproof-%d-" % process.pid):
                        try:
                            with open(os.path.join(directory, name, "cgroup.procs")) as file:
                                most = max(most, len(file.readlines()))
                        except OSError:
                            pass
            self.assertEqual(self.finish(process)[0], 0)
            self.assertGreater(most, 10)
            self.assertLessEqual(most, 60)

    def test_a_bomb_on_the_walk_ends(self):
        report, _ = self.report_of("--contain=walk", "--max-procs=40", STARTER, "bomb:500:setsid")
        self.assertGreater(report["limit"]["refused"], 0)
        # Forty at a time; whoever ends while they are listed is replaced. Without a limit there are thousands.
        self.assertLessEqual(report["left_total"], 200)

    def test_images_without_hooks(self):
        """Held by the kernel's controller where there is one; else that they are not counted is said."""
        if not os.path.exists(STATIC):
            self.skipTest("no static libc")
        for rung in RUNGS:
            report, done = self.report_of("--contain=" + rung, "--max-procs=2", "sh", "-c",
                                          "%s fork:60:fork; true" % STATIC)
            limit = report["limit"]
            if limit["kernel_tasks"]:
                self.assertEqual((limit["kernel_tasks"], limit["without_hooks"]), (32, "held by kernel_tasks"))
                self.assertEqual(done.stdout, b"made 30 %d\n" % errno.EAGAIN)
            else:
                self.assertEqual(limit["without_hooks"], "not counted")
                self.assertEqual(done.stdout, b"made 60 0\n")

    def test_no_cgroup_of_the_controller_is_left(self):
        if not os.path.isdir(PIDS):
            self.skipTest("no pids controller of cgroup v1")
        self.report_of("--max-procs=9", "--no-kill", "true")
        for top, names, _ in os.walk(PIDS):
            for name in names:
                guard = re.fullmatch(r"forkproof-(\d+)-\w+\.\d+", name)
                if guard:
                    self.assertIsNotNone(harness.state(int(guard[1])), os.path.join(top, name))

    def test_bad_values(self):
        for value in ("", "0", "-1", "+1", "5x", " 5", "0x10", "4194305", "99999999999999999999"):
            done = self.run_to_end("--max-procs=" + value, "true")
            self.assertEqual(done.returncode, 125)
            self.assertEqual(done.stderr.decode(), "forkproof: run: bad value '%s' for --max-procs: expected "
                             "a number from 1 to 4194304\n" % value)
        done = self.run_to_end("--kill=all", "true")
        self.assertEqual((done.returncode, done.stderr), (125, b"forkproof: run: bad value 'all' for --kill: "
                                                          b"expected process or tree\n"))

    def test_kill_tree(self):
        text = ("import os, signal, subprocess\n"
                "child = subprocess.Popen(['sh', '-c', 'sleep 1000 & echo $!; wait'], stdout=subprocess.PIPE)\n"
                "grandchild = int(child.stdout.readline())\n"
                "child.kill(); child.wait()\n"
                "fd = os.pidfd_open(grandchild) if os.path.exists('/proc/%d' % grandchild) else None\n"
                "import select\n"
                "print('gone' if fd is None or select.select([fd], [], [], 0.3)[0] else 'there')\n")
        for value, seen in (("tree", b"gone\n"), ("process", b"there\n")):
            done = self.run_to_end("--quiet", "--kill=" + value, sys.executable, "-S", "-c", text)
            self.assertEqual(done.stdout, seen, done.stderr)


if __name__ == "__main__":
    unittest.main()
