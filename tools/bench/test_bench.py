#!/usr/bin/python3 -B
"""That tools/bench runs, and that what it writes can be read; not what it says.

    test_bench.py --build BUILD
"""

import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

import figures
import page
import plan
import plot
import room
import rounds
import smoke
import subjects
import targets_page

HERE = pathlib.Path(__file__).resolve().parent
SVG = "{http://www.w3.org/2000/svg}"
DEADLINE = 60.0
build = smoke.BUILD


def kind(ratio):
    return {"median_ns": 1000.0 * ratio, "ratio": ratio, "ratio_quartiles": [ratio - 0.01, ratio + 0.01]}


def row(name, **kinds):
    return {"name": name, "target": 1.05, "rounds": 2, "verdict": "met", "peers": True,
            "kinds": {key: kind(ratio) for key, ratio in kinds.items()}}


def invented(**more):
    """A run's data, as far as the tables and the plot need it."""
    names = [subjects.Subject("bare"), subjects.Subject("empty"), subjects.Subject("shim"),
             subjects.Subject("snoopy", absent="not installed"), subjects.Subject("faketime", version="1")]
    return {"host": {"warnings": ["it was busy"]},
            "subjects": [{"name": one.name, "absent": one.absent, "version": one.version} for one in names],
            "rows": [row("exec <of> this", bare=1.0, empty=1.01, shim=1.02, faketime=9.5)], "scales": [], **more}


def table_after(text, heading):
    """The cells of the first table below the heading."""
    below = text.split(heading, 1)[1]
    lines = re.search(r"(?:^\|.*\|\n)+", below, re.MULTILINE).group(0).splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


class Run(unittest.TestCase):
    """One run of everything, as short as can be."""

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.place.cleanup)
        argv = [HERE / "bench", "--smoke", "--build", build, "--output", cls.place.name]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        cls.status, cls.table, cls.log = done.returncode, done.stdout, done.stderr
        if done.returncode != 0:
            raise AssertionError(f"bench: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        cls.data = json.loads(cls.read("bench.json"))

    @classmethod
    def read(cls, name):
        return pathlib.Path(cls.place.name, name).read_text()

    def measured(self):
        return [one for one in self.data["rows"] if "left_out" not in one]

    def test_every_row_is_measured_or_says_why_not(self):
        self.assertEqual([one.name for one in plan.ROWS], [one["name"] for one in self.data["rows"]])
        self.assertGreater(len(self.measured()), 8)
        for one in self.measured():
            self.assertIn(one["verdict"], ("met", "missed", "open"))
            for kind_ in one["kinds"].values():
                self.assertGreater(kind_["median_ns"], 0)
                self.assertLessEqual(kind_["ratio_quartiles"][0], kind_["ratio_quartiles"][1])

    def test_every_row_stands_among_the_targets(self):
        rows = list(targets_page.cost_rows({"parts": {"cost": {"figures": self.data}}}))
        self.assertEqual(len(plan.ROWS) + 1, len(rows))
        self.assertEqual(len(self.measured()) + 1, len([row for row in rows if row.verdict]))

    def test_each_peer_is_measured_or_said_to_be_missing(self):
        named = {one["name"]: one["absent"] for one in self.data["subjects"]}
        self.assertEqual(["bare", "empty", "shim", *(peer.name for peer in subjects.PEERS)], list(named))
        for one in self.measured():
            expected = {name for name, absent in named.items() if not absent and (one["peers"] or name in page.OURS)}
            self.assertEqual(expected, set(one["kinds"]), one["name"])

    def test_every_scale_has_its_points(self):
        self.assertEqual([one.mode for one in plan.SCALES], [one["name"] for one in self.data["scales"]])
        for scale in self.data["scales"]:
            self.assertEqual(2, len(scale["points"]), scale["left_out"])
            for point in scale["points"]:
                self.assertEqual(set(scale["calls"]), set(point["calls"]))

    def test_memory_is_that_of_the_object(self):
        kinds = self.data["memory"]["kinds"]
        self.assertEqual(0, kinds["bare"]["shared_kib"])
        self.assertGreater(kinds["shim"]["shared_kib"], 0)

    def test_the_plot_names_every_row_and_scale(self):
        words = [text.text for text in xml.etree.ElementTree.fromstring(self.read("bench.svg")).iter(f"{SVG}text")]
        for one in self.measured():
            self.assertIn(one["name"], words)
        for scale in self.data["scales"]:
            self.assertIn(scale["axis"], words)

    def test_the_page_has_whole_tables(self):
        text = self.read("bench.md")
        for heading in ("## Against the targets", "## Beside other preloads", "## Memory", "### Live children"):
            cells = table_after(text, heading)
            self.assertEqual({len(cells[0])}, {len(line) for line in cells}, heading)
        self.assertEqual(len(plan.ROWS) + 2, len(table_after(text, "## Against the targets")))

    def test_the_terminal_gets_every_row(self):
        for one in plan.ROWS:
            self.assertRegex(self.table, rf"(?m)^{re.escape(one.name)}  ")

    def test_an_earlier_run_is_drawn_the_same(self):
        with tempfile.TemporaryDirectory() as other:
            argv = [HERE / "bench", "--from", f"{self.place.name}/bench.json", "--build", build, "--output", other]
            subprocess.run(argv, capture_output=True, check=True)
            for name in ("bench.json", "bench.svg", "bench.md"):
                self.assertEqual(self.read(name), pathlib.Path(other, name).read_text(), name)


class Figures(unittest.TestCase):
    def test_a_ratio_is_taken_within_its_round(self):
        kinds = figures.kinds_of([{"bare": 100.0, "shim": 110.0}, {"bare": 900.0, "shim": 990.0}])
        self.assertEqual((1.1, [1.1, 1.1]), (kinds["shim"]["ratio"], kinds["shim"]["ratio_quartiles"]))

    def test_a_target_within_the_spread_is_open(self):
        self.assertEqual("met", figures.verdict(1.05, [1.0, 1.2], 1.05))
        self.assertEqual("open", figures.verdict(1.06, [1.05, 1.2], 1.05))
        self.assertEqual("missed", figures.verdict(1.06, [1.051, 1.2], 1.05))


class Shown(unittest.TestCase):
    def test_a_missing_peer_is_said_in_table_page_and_plot(self):
        data = invented()
        self.assertIn("not installed", page.terminal(data))
        self.assertIn("| not installed |", page.markdown(page.peer_rows(data)))
        self.assertIn("snoopy (not installed)", plot.draw(data))

    def test_what_lies_beyond_the_axis_is_written_at_its_edge(self):
        words = [text.text for text in xml.etree.ElementTree.fromstring(plot.draw(invented())).iter(f"{SVG}text")]
        self.assertIn("9.50", words)
        self.assertIn("exec <of> this", words)

    def test_what_spoils_the_figures_is_said_in_the_plot(self):
        self.assertIn(">it was busy<", plot.draw(invented()))

    def test_a_size_without_room_is_said(self):
        out = [{"size": 20000, "why": "kernel.pid_max allows 90"}]
        scale = {"name": "children", "axis": "live children", "calls": {}, "points": [], "left_out": out}
        said = page.terminal(invented(scales=[scale]))
        self.assertIn("20,000 live children left out: kernel.pid_max allows 90", said)


class Room(unittest.TestCase):
    def test_what_does_not_fit_is_replaced_by_what_does(self):
        self.assertEqual(([1, 10], []), room.fitting((1, 10), 10, "pid_max"))
        self.assertEqual(([1, 70], [{"size": 100, "why": "pid_max allows 70"}]), room.fitting((1, 100), 70, "pid_max"))
        self.assertEqual(([], [{"size": 1, "why": "pid_max allows 0"}]), room.fitting((1,), -3, "pid_max"))

    def test_there_is_room_for_something(self):
        for scale in plan.SCALES:
            self.assertGreater(room.most(scale.mode)[0], scale.sizes[0], scale.mode)


class Memory(unittest.TestCase):
    def test_pages_of_a_file_just_written_are_not_the_process_s_own(self):
        with tempfile.TemporaryDirectory(dir=build) as place:
            copy = shutil.copy(f"{build}/lib/libforkproof.so", place)
            old, new = (rounds.memory_once(build, subjects.Subject("shim", preload=path))
                        for path in (f"{build}/lib/libforkproof.so", copy))
        self.assertAlmostEqual(old["private_kib"], new["private_kib"], delta=40)
        self.assertGreater(new["shared_kib"], 16)


class Interrupted(unittest.TestCase):
    def test_killed_in_the_middle_it_leaves_no_child(self):
        """Every child holds the pipe's end; the reader sees the end of file when the last has gone."""
        reader, writer = os.pipe()
        self.addCleanup(os.close, reader)
        argv = [f"{build}/bench/scale", "children", "1000000", "50"]
        with subprocess.Popen(argv, stdout=subprocess.PIPE, pass_fds=[writer], start_new_session=True) as process:
            os.close(writer)
            process.stdout.readline()  # the first sample: all children are there
            self.assertEqual(([], [], []), select.select([reader], [], [], 0))
            process.send_signal(signal.SIGKILL)
        readable, _, _ = select.select([reader], [], [], DEADLINE)
        if not readable:
            os.killpg(process.pid, signal.SIGKILL)  # somebody of the group still holds its number
        self.assertTrue(readable, "a child was left")


if __name__ == "__main__":
    build, rest = smoke.arguments()
    unittest.main(argv=[sys.argv[0], *rest])
