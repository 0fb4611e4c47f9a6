#!/usr/bin/python3 -B
"""That the soak's verdicts follow from what it has counted: each thing that may be wrong is made wrong."""

import unittest

import judge


def sample(number, **more):
    return {"at": number, "newest": 300, "processes": 0, "zombies": 0, "descriptors": 24, "memory": 3000,
            "forked": 100 * number, "told": 100 * number, "lost": 0, "twice": 0, "wrong": 0, "refused": 0,
            "no_process": 9, "no_file": 9,
            "stale": 9, "stale_sent": 0, "unreaped": 65, **more}


def leg(kind="group", change=None, **more):
    """A good one; `change` is called with each sample's number and gives what differs in it."""
    samples = [sample(n, **(change(n) if change else {})) for n in range(1, 13)]
    if kind == "bare":
        samples = [{**one, "unreaped": 200, "stale_sent": 9} for one in samples]
    return {"kind": kind, "samples": samples, "schedule": ["burst", "starve"], "faults": {"burst": 1, "starve": 1},
            "victims": [] if kind == "bare" else [victim()], "hits": [[12, 4711]] if kind == "bare" else [],
            "broken": None, "strays": [], "left": 1 if kind == "bare" else 0, "strangers": 99, **more}


def victim(**more):
    return {"name": "run/guard", "there": 8, "gone": True, "seconds": 0.1, "left": 0, "strays": [], **more}


def judged(*legs, files=(), recycling=True):
    return judge.judge({"legs": list(legs), "files": list(files), "recycling": recycling})


class Good(unittest.TestCase):
    def test_bare_and_hardened(self):
        self.assertEqual(judged(leg("bare"), leg("group"), leg("run")), ([], []))

    def test_growth_while_it_warms_up_and_within_the_tolerance(self):
        warming = leg(change=lambda n: {"memory": 1000 * min(n, 3) + 100 * n, "descriptors": 20 if n < 4 else 24})
        self.assertEqual(judged(warming), ([], []))

    def test_tables_that_grow_with_the_pids(self):
        self.assertEqual(judged(leg(change=lambda n: {"memory": 3000 + 400 * n, "newest": 4000 * n})), ([], []))


class Wrong(unittest.TestCase):
    """A hardened leg that differs from a good one in one thing has one reason to fail, and that is named."""

    def fails(self, reason, *args, **more):
        unproved, wrong = judged(leg(*args, **more))
        self.assertEqual(unproved, [])
        self.assertEqual(len(wrong), 1, wrong)
        self.assertIn(reason, wrong[0])

    def test_leaks(self):
        self.fails("open descriptors grew from 24", change=lambda n: {"descriptors": 24 + (n > 8)})
        self.fails("KiB of memory grew", change=lambda n: {"memory": 3000 + 200 * n})

    def test_zombies_and_processes_at_any_time(self):
        self.fails("1 zombies while", change=lambda n: {"zombies": int(n == 5)})
        self.fails("2 processes that should be gone", change=lambda n: {"processes": 2 * (n == 12)})

    def test_statuses(self):
        for key, reason in (("lost", "1 statuses lost"), ("twice", "1 statuses told that"),
                            ("wrong", "1 statuses wrong"), ("refused", "1 signals to living")):
            self.fails(reason, change=lambda n, key=key: {key: int(n > 3)})
        self.fails("7 children never told of", change=lambda n: {"told": 100 * n - 7})

    def test_strangers_and_bound(self):
        self.fails("1 strangers were hit", hits=[[12, 99]])
        self.fails("129 zombies of a part", change=lambda n: {"unreaped": 129})

    def test_containment(self):
        self.fails("1 processes outlived", left=1)
        self.fails("run/guard: 3 of 8 processes left", victims=[victim(), victim(gone=False, left=3)])
        self.fails("run/guard: nothing came", victims=[victim(there=0, gone=False, why="nothing came")])

    def test_a_leg_that_breaks_off(self):
        self.fails("is answered by nothing", broken="'quiet' is answered by nothing")
        self.assertIn("group: 3 samples are too few", judged(leg(samples=[sample(n) for n in (1, 2, 3)]))[1])
        self.assertIn("group: 0 samples are too few", judged(leg(samples=[]))[1])

    def test_files(self):
        self.assertEqual(judged(leg(), files=["runtime/x"]), ([], ["1 files left: ['runtime/x']"]))


class Unproved(unittest.TestCase):
    def lacks(self, reason, kind, **more):
        unproved, wrong = judged(leg(kind, **more))
        self.assertEqual((len(unproved), wrong), (1, []), unproved)
        self.assertIn(reason, unproved[0])

    def test_faults_that_were_not_felt(self):
        self.lacks("refused with EAGAIN", "group", change=lambda n: {"no_process": 0})
        self.lacks("refused with EMFILE", "run", change=lambda n: {"no_file": 0})
        self.lacks("was signalled", "run", change=lambda n: {"stale": 0})

    def test_a_bare_load_that_does_no_harm(self):
        self.lacks("no stranger was hit", "bare", hits=[])
        self.lacks("0 processes outlived", "bare", left=0)
        self.assertEqual(judged(leg("bare", hits=[]), recycling=False), ([], []))

    def test_a_bare_load_that_is_wrong_by_itself(self):
        self.lacks("1 statuses lost", "bare", change=lambda n: {"lost": 1})
        self.lacks("too few", "bare", samples=[])


if __name__ == "__main__":
    unittest.main()
