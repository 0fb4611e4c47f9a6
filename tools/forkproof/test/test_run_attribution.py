"""Who started what was left behind, and how it left: told by name when the starters have ended."""

import json
import os
import re
import subprocess
import sys
import unittest

import harness
from harness import Case, RUNGS

STARTER = os.path.join(harness.HELPERS, "starter")
STATIC = os.path.join(harness.HELPERS, "starter_static")
SCRIBBLER = os.path.join(harness.HELPERS, "scribbler")
MUSL = os.path.join(os.environ["FORKPROOF_TEST_PROGRAMS"], "musl")


def names(left):
    return [os.path.basename(starter["argv"][0]) if starter["argv"] else "?" for starter in left["starters"]]


class Attribution(Case):
    origins = True

    def report_of(self, *words, status=0, **options):
        path = os.path.join(self.directory, "report.json")
        done = self.run_to_end("--report=" + path, *words, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        with open(path) as file:
            return json.load(file), done.stderr.decode()

    def only_left(self, *words, **options):
        report, text = self.report_of(*words, **options)
        self.assertEqual(report["left_total"], 1, text)
        return report["left"][0], text

    def test_each_way(self):
        ways = {"fork": "outlived its parent", "thread": "outlived its parent", "setsid": "setsid",
                "double": "double fork", "double-setsid": "double fork, setsid", "daemon": "daemon(3)"}
        for rung in RUNGS:
            for way, text in ways.items():
                with self.subTest(rung=rung, way=way):
                    left, said = self.only_left("--contain=" + rung, STARTER, way)
                    self.assertEqual((left["left_by"], left["starters_whole"]), (text, True))
                    self.assertEqual(set(names(left)), {"starter"})
                    self.assertTrue(left["hooks"])
                    self.assertIn("starter %d  %s, born at " % (left["pid"], text), said)

    def test_with_and_without_its_parent(self):
        report, _ = self.report_of(STARTER, "session")
        ways = sorted(left["left_by"] for left in report["left"])
        self.assertEqual(ways, ["in a session that a starter made", "setsid"])

    def test_a_chain_whose_links_have_all_ended(self):
        """sh, env, a cleared environment, a shell by system: named from the program down."""
        script = "perl -e 'system(q(env -i /bin/bash -c \"%s fork; true\"))'; true" % STARTER
        for rung in RUNGS:
            left, said = self.only_left("--contain=" + rung, "sh", "-c", script)
            self.assertEqual(names(left)[0], "sh")
            self.assertEqual(names(left)[-2:], ["bash", "starter"])
            self.assertIn("perl", names(left))
            self.assertTrue(left["starters_whole"])
            self.assertEqual(left["starters"][-1]["argv"], [STARTER, "fork"])
            self.assertRegex(said, r"forkproof:   sh (→|>) perl (→|>) (sh (→|>) )?bash (→|>) starter \d+  outlived")

    def test_spawn_and_vfork(self):
        text = ("import subprocess, os\n"
                "read, write = os.pipe()\n"
                "os.set_inheritable(write, True)\n"
                "words = ['sh', '-c', 'echo x >&%d; exec sleep $0' % write]\n"
                "subprocess.Popen(words + ['1000'], pass_fds=[write])\n"
                "os.posix_spawnp('sh', words + ['1001'], os.environ)\n"
                "print(os.read(read, 2) + os.read(read, 2))\n")
        report, _ = self.report_of(sys.executable, "-S", "-c", text)
        self.assertEqual(sorted(left["argv"][-1] for left in report["left"]), ["1000", "1001"])
        for left in report["left"]:
            self.assertEqual(left["starters"][0]["argv"][1:3], ["-S", "-c"])
            self.assertTrue(left["starters_whole"])

    def test_when_it_was_born(self):
        start = "read go; sleep 1000 & echo started; read end"
        process = self.start("--report=" + os.path.join(self.directory, "r"), "sh", "-c", start,
                             stdin=subprocess.PIPE)
        # Not a synchronisation: half a second is what is to be measured.
        __import__("signal").sigtimedwait([63], 0.5)
        process.stdin.write(b"\n")
        harness.read_until(process.stdout.fileno(), b"started")
        process.stdin.write(b"\n")
        self.finish(process)
        with open(os.path.join(self.directory, "r")) as file:
            left, = json.load(file)["left"]
        self.assertGreaterEqual(left["born_s"], 0.4)
        self.assertLess(left["born_s"], harness.DEADLINE)

    def test_images_without_hooks(self):
        """What is not known is said, and nothing is made up."""
        if not os.path.exists(STATIC):
            self.skipTest("no static libc")
        for rung in RUNGS:
            left, said = self.only_left("--contain=" + rung, "sh", "-c", STATIC + " double; true")
            self.assertEqual((left["hooks"], left["starters_whole"]), (False, False))
            self.assertRegex(said, r"sh (→|>) \.\.\. (→|>) starter_static \d+  .*; without hooks\n")

    def test_a_living_static_parent_is_named_from_proc(self):
        if not os.path.exists(STATIC):
            self.skipTest("no static libc")
        report, _ = self.report_of("sh", "-c", STATIC + " session; true")
        inner = [left for left in report["left"] if left["left_by"] != "setsid"]
        self.assertEqual(len(inner), 1)
        self.assertEqual(names(inner[0])[-1], "starter_static")

    def test_long_chains_are_cut_once(self):
        """The first three and the last three; of one that is not known whole the last three."""
        for depth in (8, 16):
            script = os.path.join(self.directory, "nest")
            for level in range(depth + 1):
                path = os.path.join(self.directory, "sh%d" % level)
                if not os.path.exists(path):
                    os.symlink("/bin/sh", path)
            with open(script, "w") as file:
                file.write("[ $1 = 0 ] && { %s fork; exit; }; %s/sh$1 %s $(($1 - 1)); true\n"
                           % (STARTER, self.directory, script))
            left, said = self.only_left("sh", script, str(depth))
            self.assertEqual(left["starters_whole"], depth < 10)
            self.assertEqual(said.count(" ... "), 1)
            self.assertRegex(said, r"   sh (→|>) .*\.\.\..* sh2 (→|>) sh1 (→|>) starter \d+  outlived")

    def test_five_lines_at_most(self):
        _, said = self.report_of(STARTER, *["fork"] * 7)
        self.assertEqual(len(re.findall("^forkproof:   ", said, re.M)), 5)

    def test_names_from_strangers_are_made_safe(self):
        copy = os.path.join(self.directory, "e\x1b[2Jvil\n")
        os.symlink(STARTER, copy)
        left, said = self.only_left(copy, "double")
        self.assertNotIn("\x1b", said)
        self.assertEqual(said.count("\n"), 2)

    def test_in_another_locale_the_arrow_is_plain(self):
        for name, value, arrow in (("LC_ALL", "C", " > "), ("LC_ALL", "C.UTF-8", " → ")):
            environment = dict(self.environment, **{name: value})
            _, said = self.report_of("sh", "-c", STARTER + " fork; true", env=environment)
            self.assertIn("sh%sstarter" % arrow, said)

    def test_the_environment_is_not_changed_by_it(self):
        shown = self.run_to_end("--quiet", "env", "-i", "env")
        self.assertEqual(shown.stdout, b"")
        shown = self.run_to_end("-o", "env=restore", "env")
        self.assertNotIn(b"FORKPROOF_LEDGER", shown.stdout)

    def test_no_descriptor_stays(self):
        shown = self.run_to_end("sh", "-c", "true | true; sh -c 'true | true; ls /proc/self/fd'")
        self.assertEqual(shown.stdout.split(), [b"0", b"1", b"2", b"3"])

    def test_an_image_that_makes_no_child_maps_nothing(self):
        shown = self.run_to_end("cat", "/proc/self/maps")
        self.assertNotIn(b"forkproof-ledger", shown.stdout)

    def test_musl(self):
        tree = os.path.join(MUSL, "show")
        if not os.path.exists(tree):
            self.skipTest("no musl")
        report, _ = self.report_of("sh", "-c", "%s then /bin/sh -c 'sleep 1000 & true' > /dev/null; true" % tree)
        left, = report["left"]
        self.assertTrue(left["starters_whole"])

    def test_tampering(self):
        """The report is made, whatever a member has written; sealed, nobody can be made to fault."""
        for rung in RUNGS:
            for what in ("fill", "zero", "random", "loop", "shrink", "hole"):
                with self.subTest(rung=rung, what=what):
                    script = "%s %s; echo $?; sh -c 'true | true'; echo $?" % (SCRIBBLER, what)
                    done = self.run_to_end("--contain=" + rung, "--grace=0", "--max-procs=100",
                                           "--report=" + os.path.join(self.directory, "r"),
                                           "sh", "-c", script)
                    self.assertEqual((done.returncode, done.stdout[:2]), (0, b"0\n"), done.stderr)
                    with open(os.path.join(self.directory, "r")) as file:
                        report = json.load(file)
                    self.assertGreaterEqual(report["left_total"], 1)
                    spoilt = what in ("fill", "zero", "random", "hole")
                    self.assertEqual(report["ledger"]["intact"], not spoilt)

    def test_a_path_that_leads_elsewhere(self):
        for path in ("/dev/zero", "/etc/passwd", "/nonexistent", "", "/proc/self/fd/99"):
            script = "FORKPROOF_LEDGER=%s sh -c 'sh -c \"sleep 1000 & true\"; true'; echo $?" % path
            done = self.run_to_end("--quiet", "sh", "-c", script)
            self.assertEqual(done.stdout, b"0\n")

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_plain_user(self):
        starter, options = self.as_user(STARTER)
        done = self.run_to_end("sh", "-c", starter + " double-setsid; true", **options)
        self.assertRegex(done.stderr.decode(), r"   sh (→|>) starter \d+  double fork, setsid, born")

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_a_member_that_has_become_another_user_goes_on_without(self):
        text = ("import os\nos.setgroups([])\nos.setgid(65534)\nos.setuid(65534)\n"
                "os.execvp('sh', ['sh', '-c', 'sleep 1000 & true'])\n")
        left, _ = self.only_left(sys.executable, "-S", "-c", text)
        self.assertFalse(left["starters_whole"])


if __name__ == "__main__":
    unittest.main()
