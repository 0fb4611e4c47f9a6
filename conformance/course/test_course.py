#!/usr/bin/python3 -B
"""docs/course.md: its exercises have solutions that pass, what it quotes is so, and it goes through the whole
catalogue."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
from dataclasses import dataclass

HERE = pathlib.Path(__file__).resolve().parent
TOP = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from driver import catalogue, fixture  # noqa: E402

PAGE = TOP / "docs" / "course.md"
CASES = TOP / "conformance" / "cases"
TEXT = PAGE.read_text(encoding="utf-8")
ENTRIES = [entry for entry in catalogue.load(TOP / "conformance" / "catalogue") if entry.family != "windows"]
IDS = [entry.id for entry in ENTRIES]

SESSIONS, HOUR = 7, 60
CHECK = re.compile(r"""
    \*\*Check:\*\*\ `conformance/run\ --program\ \./student\ (?P<id>[a-z0-9-]+)`,
    \ and\ (?P<no>no\ )?`(?P<word>[^`]+)`\ in\ it\.\n
    \*\*Solution:\*\*\ \[(?P<name>[a-z0-9.-]+)\]\(\.\./conformance/course/(?P=name)\)$
  | \*\*Check:\*\*\ `conformance/course/unnamed\ (?P<number>\d)\ ID`,
    \ then\ `conformance/run\ --program\ \./student\ ID`\.\n
    \*\*Solution:\*\*\ `conformance/course/unnamed\ (?P=number)\ --answer`$
    """, re.VERBOSE | re.MULTILINE)

SHOWS = re.findall(r"^```\n\$ ((?:forkproof explain|conformance/run) [^\n$]*)\n(.*?)^```$", TEXT,
                   re.DOTALL | re.MULTILINE)


def run(*words):
    return subprocess.run(words, cwd=TOP, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)


def unnamed(*words):
    return run(HERE / "unnamed", *map(str, words))


@dataclass
class Exercise:
    title: str
    id: str
    solution: pathlib.Path
    number: int = 0  # of a program without a name
    word: str = ""  # that tells the solution from the good twin
    is_without: bool = False


@dataclass
class Session:
    number: int
    text: str
    exercises: list

    @property
    def entries(self):
        (listed,) = re.findall(r"^\*\*In this session:\*\* (.*?)\n\n", self.text, re.DOTALL | re.MULTILINE)
        return re.findall(r"\[([a-z0-9-]+)\]\(gotchas/\1\.md\)", listed)

    @property
    def minutes(self):
        (rows,) = re.findall(r"^\| minutes \| what \|\n\| --- \| --- \|\n((?:\|.*\n)+)", self.text, re.MULTILINE)
        return [int(row.split("|")[1]) for row in rows.splitlines()]


def read_exercise(part):
    title = part.partition("\n")[0]
    found = CHECK.search(part)
    if not found or part.count("**Check:**") != 1:
        raise AssertionError(f"exercise {title}: its lines **Check:** and **Solution:** are not as the others'")
    if found["number"]:
        answer, _, twin = unnamed(found["number"], "--answer").stdout.strip().partition(": ")
        return Exercise(title, answer, TOP / twin, int(found["number"]))
    return Exercise(title, found["id"], HERE / found["name"], 0, found["word"], bool(found["no"]))


def read_sessions():
    parts = re.split(r"^## Session (\d): .*$", TEXT.partition("\n## Afterwards\n")[0], flags=re.MULTILINE)
    return [Session(int(number), text, [read_exercise(part) for part in text.split("\n### Exercise ")[1:]])
            for number, text in zip(parts[1::2], parts[2::2])]


def is_named(identity, text):
    return re.search(rf"(?<![\w-]){identity}(?![\w-])", text)


class Page(unittest.TestCase):
    def setUp(self):
        self.sessions = read_sessions()

    def test_seven_hours(self):
        self.assertEqual(list(range(1, SESSIONS + 1)), [session.number for session in self.sessions])
        for session in self.sessions:
            self.assertEqual(HOUR, sum(session.minutes), f"minutes of session {session.number}")

    def test_catalogue_in_order(self):
        """Each entry once. A new one may be in none until somebody teaches it: a gotcha is added by adding files."""
        taught = [entry for session in self.sessions for entry in session.entries]
        self.assertEqual(sorted(set(taught)), sorted(taught))
        self.assertEqual(set(), set(taught) - set(IDS))
        if set(IDS) - set(taught):
            print("docs/course.md: not taught yet:", *sorted(set(IDS) - set(taught)), file=sys.stderr)
        for session in self.sessions:
            self.assertEqual(sorted(session.entries, key=IDS.index), session.entries, f"session {session.number}")

    def test_session_speaks_of_its_own_entries(self):
        for session in self.sessions:
            named = {identity for identity in IDS if is_named(identity, session.text)}
            self.assertEqual(set(session.entries), named, f"session {session.number}")

    def test_exercises_of_each_session(self):
        for session in self.sessions:
            titles = [exercise.title.partition(":")[0] for exercise in session.exercises]
            self.assertEqual([f"{session.number}.{n + 1}" for n in range(len(titles))], titles)
            self.assertEqual([session.number], [one.number for one in session.exercises if one.number])
            self.assertGreaterEqual(len([one for one in session.exercises if one.word]), 1)
            for exercise in session.exercises:
                self.assertIn(exercise.id, session.entries)

    def test_programs_without_a_name_are_not_told(self):
        for session in self.sessions:
            (hidden,) = [exercise.id for exercise in session.exercises if exercise.number]
            told = [command for command, _ in SHOWS] + [one.id for one in session.exercises if not one.number]
            self.assertEqual([], [text for text in told if is_named(hidden, text)])

    def test_solutions_are_other_ones(self):
        for exercise in (one for session in self.sessions for one in session.exercises if one.word):
            good = (CASES / exercise.id / "good.c").read_text(encoding="utf-8")
            own = exercise.solution.read_text(encoding="utf-8")
            self.assertEqual((not exercise.is_without, exercise.is_without),
                             (exercise.word in own, exercise.word in good), exercise.title)

    def test_no_solution_without_an_exercise(self):
        named = {exercise.solution for session in self.sessions for exercise in session.exercises if exercise.word}
        self.assertEqual(set(HERE.glob("*.c")), named)

    def test_names_of_files(self):
        for path in re.findall(r"\]\(([^)#:]+)\)", TEXT):
            self.assertTrue((PAGE.parent / path).exists(), path)
        for identity in re.findall(r"conformance/cases/([a-z0-9-]+)/", TEXT):
            self.assertIn(identity, IDS)

    def test_lines(self):
        self.assertEqual([], [line for line in TEXT.splitlines() if len(line) > 120])


class Checked(unittest.TestCase):
    """Exercises as a student does them: compiled by the page's own line, judged by conformance/run."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        (self.compile,) = set(re.findall(r"^\$ (cc .*)$", TEXT, re.MULTILINE))
        self.exercises = [exercise for session in read_sessions() for exercise in session.exercises]

    def judged(self, source, identity):
        """What is said of it."""
        own = {"student": self.directory / "student", "student.c": source}
        compiled = run(*(own.get(word, word) for word in self.compile.split()), "-Wall", "-Werror")
        self.assertEqual((0, ""), (compiled.returncode, compiled.stderr), source)
        done = run("conformance/run", "--build", fixture.BUILD, "--program", self.directory / "student", identity)
        if done.stdout.startswith("CONF "):
            self.skipTest(done.stdout.partition("\n")[0])
        return done.stdout or done.stderr

    def test_solutions_pass(self):
        for exercise in self.exercises:
            with self.subTest(exercise.title):
                self.assertRegex(self.judged(exercise.solution, exercise.id), rf"\APASS {exercise.id}: ")

    def test_good_twins_pass(self):
        for exercise in self.exercises:
            with self.subTest(exercise.title):
                self.assertRegex(self.judged(CASES / exercise.id / "good.c", exercise.id), rf"\APASS {exercise.id}: ")

    def test_bad_programs_are_refused(self):
        for exercise in self.exercises:
            with self.subTest(exercise.title):
                self.assertRegex(self.judged(CASES / exercise.id / "bad.c", exercise.id),
                                 rf"\AFAIL {exercise.id}: bare: expected a safe outcome, got [a-z-]+: ")

    def test_programs_without_a_name(self):
        for exercise in (one for one in self.exercises if one.number):
            with self.subTest(exercise.title):
                printed = unnamed(exercise.number)
                self.assertNotRegex(printed.stdout, r"/\*|\*/|//")
                source = self.directory / "student.c"
                source.write_text(printed.stdout, encoding="utf-8")
                self.assertRegex(self.judged(source, exercise.id), rf"\AFAIL {exercise.id}: bare: expected a safe")
                right, wrong = unnamed(exercise.number, exercise.id), unnamed(exercise.number, "fork-bomb")
                self.assertEqual((0, "yes\n", 1), (right.returncode, right.stdout, wrong.returncode))

    def test_first_exercise_as_it_is_told(self):
        ((identity, told),) = re.findall(
            r"^\$ conformance/run --program \./student (\S+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
        there = cells(self.judged(CASES / identity / "bad.c", identity))
        self.assertEqual(cells(told), [there[0][:len(cells(told)[0]) - 1] + "…", *there[1:]])

    def test_unnamed_that_is_not_there(self):
        for number in "0", "8", "99":
            done = unnamed(number)
            self.assertEqual((2, "", f"unnamed: there is no program {number}: there are {SESSIONS}\n"),
                             (done.returncode, done.stdout, done.stderr))

    def test_unnamed_in_other_uses(self):
        for words in (), ("x",), ("1", "no-such-entry"), ("1", "..", "x"), ("1", ""), ("1", ".."):
            with self.subTest(words):
                done = unnamed(*words)
                self.assertEqual((2, ""), (done.returncode, done.stdout))


def cells(text):
    """Of each line what stands left and right of a │, with N for numbers."""
    return [re.sub(r"\d+", "N", " ".join(cell.split()))
            for line in text.splitlines() for cell in line.split("│") if cell.strip()]


class Quoted(unittest.TestCase):
    """What a block shows below its line "$ command" stands in the command's output; … leaves out."""

    def test_shows(self):
        environment = {**os.environ, "PATH": f"{fixture.BUILD}/bin:{os.environ['PATH']}", "COLUMNS": "80",
                       "LC_ALL": "C.UTF-8"}
        self.assertGreaterEqual(len(SHOWS), 2 * SESSIONS)
        for command, quoted in SHOWS:
            with self.subTest(command):
                words = command.replace("conformance/run", f"conformance/run --build {fixture.BUILD}").split()
                done = subprocess.run(words, cwd=TOP, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      check=False, env=environment)
                if done.returncode == 125 or re.search(r"CONF [1-9]", done.stdout):
                    self.skipTest(done.stderr or "not everything can be had here")
                there = cells(done.stdout)
                for cell in cells(quoted.replace("…\n", "")):
                    self.assertIn(cell, there)
                    there.remove(cell)


def setUpModule():
    fixture.need_a_build()


if __name__ == "__main__":
    fixture.main()
