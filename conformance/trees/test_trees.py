#!/usr/bin/python3 -B
"""The trees' own tests: what is generated, what the model says of plans that one can think through, and that the judge and
the whole notice what is wrong. Those that play a tree need FORKPROOF, FORKPROOF_LIBRARY and TREES_PLAYERS (CTest sets them).
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import types
import unittest

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, HERE)

from forest import crew, generate, judge, model, proc, shrink  # noqa: E402
from forest import plan as plans  # noqa: E402
from forest.proc import Process  # noqa: E402
from forest.stage import Seen  # noqa: E402

BUILT = all(name in os.environ for name in ("FORKPROOF", "FORKPROOF_LIBRARY", "TREES_PLAYERS"))


def tree(text):
    return plans.parse(text)


class Plans(unittest.TestCase):
    def test_a_seed_is_a_plan(self):
        self.assertEqual(generate.generate(7).text(), generate.generate(7).text())
        self.assertNotEqual(generate.generate(7).text(), generate.generate(8).text())

    def test_text_and_back(self):
        for seed in range(300):
            plan = generate.generate(seed)
            self.assertEqual(plans.parse(plan.text()).text(), plan.text())
            self.assertTrue(generate.SMALLEST <= len(plan) <= generate.LARGEST)

    def test_every_word_is_drawn(self):
        drawn = {key: set() for key in plans.WORDS}
        for seed in range(400):
            for node in generate.generate(seed):
                for key in plans.WORDS:
                    drawn[key].add(getattr(node, key))
        self.assertEqual({k: set(v) for k, v in plans.WORDS.items()}, drawn)

    def test_the_player_knows_the_same_words_in_the_same_order(self):
        with open(os.path.join(HERE, "plan.c")) as file:
            text = file.read()
        for key, words in plans.WORDS.items():
            self.assertIn(f'{{"{key}", {{' + ", ".join(f'"{w}"' for w in words) + "}}", " ".join(text.split()))

    def test_what_cannot_be_played_is_refused(self):
        for lines in ("0 - end=live", "0 - end=exit\n2 1", "0 - end=exit\n1 0 how=vfork", "0 - end=exit\n1 0 end=exec",
                      "0 - end=exit\n1 0\n2 1 order=orphan", "0 - end=exit\n1 0 how=daemon session=setsid",
                      "0 - end=exit\n1 0 how=jump"):
            with self.assertRaises(plans.BadPlan, msg=lines):
                tree(lines)


class Models(unittest.TestCase):
    def said(self, text, rung):
        return {node: (e.after, e.left) for node, e in model.Model(tree(text), rung).nodes.items()}

    def test_run_ends_all_that_live(self):
        text = "0 - end=exit\n1 0 how=double session=setsid\n2 1 end=exit\n3 0 image=static env=clear"
        for rung in model.RUN:
            self.assertEqual(self.said(text, rung), {1: ("gone", "yes"), 3: ("gone", "yes")})
        self.assertEqual(self.said(text, "none"), {1: ("running", "yes"), 3: ("running", "yes")})

    def test_how_they_end(self):
        at = model.Model(tree("# budget 3\n0 - end=exit\n1 0\n2 0 term=ignore\n3 0 term=burst:2\n4 0 term=hop"), "walk")
        self.assertEqual([e.ended for e in at.nodes.values()], [{"SIGTERM"}, {"SIGKILL"}, {"SIGKILL"}, {"SIGTERM"}])
        self.assertEqual((at.short, at.late), (True, (3, 3)))

    def test_zombies_are_of_living_parents_that_do_not_reap(self):
        shape = model.Shape(tree("0 - end=exit\n1 0 end=exit reap=no\n2 0 end=exit\n3 0 end=exit\n4 3 end=exit reap=no order=orphan\n"
                                 "5 0 how=double end=exit reap=no"))
        self.assertEqual([o.id for o in shape.at.values() if o.zombie], [1])

    def test_what_escapes_the_preload_alone(self):
        stray = "1 0 image=static end=exit\n2 1 {} image=static env={}"
        for how, env, after in (("how=spawn", "clear", "running"), ("how=spawn", "keep", "gone")):
            text = "0 - end=exit\n" + stray.format(how, env)
            self.assertEqual(self.said(text, "group")[2][0], after)
        kept_by_parent = "0 - end=exit\n1 0 image=static\n2 1 image=static env=clear"
        self.assertEqual(self.said(kept_by_parent, "group")[2][0], "gone")
        kept_by_session = "0 - end=exit\n1 0 session=setsid\n2 1 image=static end=exit\n3 2 image=static env=clear"
        self.assertEqual(self.said(kept_by_session, "group")[3][0], "gone")

    def test_a_root_that_is_killed_is_seen_by_the_guard_only(self):
        text = "0 - end=killed:9\n1 0"
        self.assertEqual(self.said(text, "group")[1][0], "running")
        self.assertEqual(self.said(text, "guard")[1][0], "gone")

    def test_what_the_roots_end_hangs_up_leads_the_guard_to_nobody(self):
        text = "0 - end=exit\n1 0 session=group image=static {}\n2 1 image=static env=clear deaf=hup\n3 1 end=stop"
        self.assertEqual(self.said(text.format(""), "group")[2][0], "gone")
        self.assertEqual(self.said(text.format(""), "guard")[2][0], "either")
        self.assertEqual(self.said(text.format("deaf=hup"), "guard")[2][0], "gone")

    def test_a_stopped_group_is_hung_up_by_the_end_of_its_link(self):
        text = "0 - end=exit\n1 0 session=group end=stop\n2 1 deaf=hup"
        self.assertEqual(self.said(text, "no-kill"), {1: ("gone", "maybe"), 2: ("running", "yes")})
        self.assertEqual(self.said(text.replace("end=stop", ""), "no-kill")[1], ("running", "yes"))

    def test_and_so_is_the_next_by_the_end_of_those(self):
        text = "0 - end=exit\n1 0 session=group end=stop\n2 1 session=group end=stop"
        self.assertEqual(self.said(text, "no-kill"), {1: ("gone", "maybe"), 2: ("either", "maybe")})

    def test_a_zombie_is_a_link(self):
        at = model.Model(tree("0 - end=exit\n1 0 how=double\n2 1 session=group end=exit reap=no\n3 2\n4 2 deaf=hup end=stop"), "walk")
        self.assertEqual((at.nodes[3].ended, at.nodes[4].ended), ({"SIGTERM", "by itself"}, {"SIGTERM"}))


class Judge(unittest.TestCase):
    """On sight made up here: a root (pid 10) that left 11 (node 1, ends by SIGTERM) and 12 (node 2, deaf to it)."""

    def setUp(self):
        self.model = model.Model(tree("# budget 1\n0 - end=exit:4\n1 0\n2 0 term=ignore\n3 0 term=hop"), "walk")
        self.seen = Seen()
        self.seen.before = {n: Process(10 + n, "dynamic", "S", 9, 10, 10, 1, 500 + n) for n in range(4)}
        self.seen.status, self.seen.late = 4, [20]
        left = [self.entry(11, "SIGTERM"), self.entry(12, "SIGKILL"), self.entry(13, "SIGTERM"), self.entry(20, "SIGKILL", late=True)]
        self.seen.report = {"left": left, "left_total": 3, "late_total": 1, "left_lost": 0, "root": {"exited": 4},
                            "rung": {"obtained": "walk", "why_not_stronger": ""}, "times": {"teardown_s": 0.3}}

    @staticmethod
    def entry(pid, ended, late=False):
        return {"pid": pid, "ppid": 9, "start_ticks": 490 + pid, "late": late, "ended": ended, "comm": "dynamic"}

    def complaints(self):
        return judge.judge(self.model, self.seen, 0.25)

    def only(self, text):
        found = self.complaints()
        self.assertEqual(len(found), 1, found)
        self.assertIn(text, found[0])

    def test_nothing_is_wrong(self):
        self.assertEqual(self.complaints(), [])

    def test_a_survivor(self):
        self.seen.after = {12: self.seen.before[2]}
        self.only("survivor: node 2")

    def test_a_survivor_that_is_no_node(self):
        self.seen.after = {77: Process(77, "dynamic", "S", 1, 77, 77, 1, 900)}
        self.only("survivor that is no node")

    def test_one_that_lives_on_in_its_threads(self):
        self.seen.after = {12: self.seen.before[2]._replace(state="Z", threads=2)}
        self.only("survivor: node 2")

    def test_a_zombie(self):
        self.seen.after = {12: self.seen.before[2]._replace(state="Z", parent=1)}
        self.only("a zombie is left")

    def test_somebody_else_with_the_number_of_a_node(self):
        self.seen.after = {12: self.seen.before[2]._replace(start=999)}
        self.only("survivor that is no node")

    def test_a_report_that_lacks_one(self):
        self.seen.report["left"].pop(0)
        self.seen.report["left_total"] = 2
        self.only("node 1 (11) was left behind and is not reported")

    def test_a_report_with_one_too_many(self):
        self.seen.report["left"].append(self.entry(66, "SIGTERM"))
        self.assertTrue(any("not left behind by the plan" in c for c in self.complaints()))

    def test_a_late_one_too_many_and_one_that_is_none(self):
        self.seen.report["left"].append(self.entry(21, "SIGKILL", late=True))
        self.assertTrue(any("called late, and not born so" in c for c in self.complaints()))

    def test_another_end(self):
        self.seen.report["left"][0]["ended"] = "left running"
        self.only("node 1 is said to have ended")

    def test_what_a_loaded_machine_explains_is_called_slow(self):
        self.seen.report["left"][0]["ended"] = "SIGKILL"
        self.assertTrue(self.complaints()[0].startswith(judge.SLOW))

    def test_another_status_and_a_file_that_is_left(self):
        self.seen.status, self.seen.traces = 0, ["runtime/1-2"]
        self.assertEqual(len(self.complaints()), 2)


class Shrinking(unittest.TestCase):
    def test_what_does_not_matter_goes(self):
        plan = generate.generate(3)
        culprit = max(n.id for n in plan if plan.nodes[n.id].parent)
        small = shrink.shrink(plan, lambda p: any(n.id == culprit for n in p), tries=2000)
        self.assertEqual([n.id for n in small], [0, culprit])


class Shared(unittest.TestCase):
    """A world that others live in: this process is not the first of its namespace."""

    def test_only_what_came_of_it_is_its_own(self):
        stranger = subprocess.Popen(["sleep", "60"])
        code = ("import os, sys; sys.path.insert(0, %r)\n"
                "from forest import proc, world\n"
                "at = world.World()\n"
                "pid = os.fork() or os.execvp('sleep', ['sleep', '60'])\n"
                "old = {p: proc.read(p).start for p in (os.getppid(), %d)}\n"
                "print(at.alone, list(at.everybody(old)) == [pid])\n"
                "at.clear(old)\n" % (HERE, stranger.pid))
        while time.clock_gettime(time.CLOCK_BOOTTIME) * 100 < proc.read(stranger.pid).start + 2:
            pass  # start times are told in ticks
        try:
            done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=False, timeout=60)
            self.assertEqual((done.stdout.split(), done.stderr), (["False", "True"], ""))
            self.assertIsNone(stranger.poll())
        finally:
            stranger.kill()
            stranger.wait()


@unittest.skipUnless(BUILT, "nothing built to play with")
class Played(unittest.TestCase):
    """A forkproof that does not do what it should, between us and the real one."""

    PLAN = "0 - end=exit:3\n1 0\n2 0 how=double session=setsid\n3 2 image=static env=clear\n"

    def verdict(self, script=None, rung="walk"):
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            forkproof = os.environ["FORKPROOF"]
            if script:
                forkproof = os.path.join(directory, "forkproof")
                with open(forkproof, "w") as file:
                    file.write("#!/usr/bin/python3 -BSE\nimport json, subprocess, sys\nREAL = %r\n" % os.environ["FORKPROOF"] + script)
                os.chmod(forkproof, 0o755)
            players = crew.Crew(1, types.SimpleNamespace(forkproof=forkproof, shim=os.environ["FORKPROOF_LIBRARY"],
                                                         players=os.environ["TREES_PLAYERS"]))
            try:
                return players.ask({"plan": self.PLAN, "rung": rung, "verbose": True})
            finally:
                players.close()

    def report_edited(self, edit):
        return self.verdict("status = subprocess.call([REAL] + sys.argv[1:])\n"
                            "path = sys.argv[sys.argv.index('--report') + 1]\n"
                            "with open(path) as f: data = json.load(f)\n" + edit +
                            "with open(path, 'w') as f: json.dump(data, f)\nsys.exit(status)\n")

    def test_as_it_is(self):
        result = self.verdict()
        self.assertEqual(result["verdict"], "PASS", json.dumps(result, indent=1))

    def test_planted_survivors(self):
        result = self.verdict("sys.exit(subprocess.call([REAL] + [a.replace('walk', 'none') for a in sys.argv[1:]]))\n")
        self.assertEqual(result["verdict"], "FAIL")
        for node in (1, 2, 3):
            self.assertTrue(any(f"survivor: node {node}" in c for c in result["complaints"]), result["complaints"])

    def test_a_report_that_lacks_one(self):
        result = self.report_edited("data['left'].pop(); data['left_total'] -= 1\n")
        self.assertIn("is not reported", " ".join(result["complaints"]))

    def test_a_report_with_one_too_many(self):
        result = self.report_edited("data['left'].append(dict(data['left'][0], pid=1)); data['left_total'] += 1\n")
        self.assertIn("not left behind by the plan", " ".join(result["complaints"]))

    def test_it_ends_by_itself_with_nobody_left(self):
        """The worker's world is gone with it."""
        self.verdict()
        left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=False).stdout
        self.assertNotIn(f"trees-{os.getpid()}-", left)


if __name__ == "__main__":
    unittest.main()
