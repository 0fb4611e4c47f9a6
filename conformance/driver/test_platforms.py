#!/usr/bin/python3 -B
"""Platforms: what is read of their files, what is run on them, what is told, and of those that cannot be had."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from unittest import mock

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import cgroups, fixture, gotcha, place, platforms  # noqa: E402
from driver.build import Build  # noqa: E402
from driver.fixture import BAD, CASE, CONFORMANCE, GOOD  # noqa: E402
from driver.schema import Malformed  # noqa: E402
from driver.verdict import BROK, CONF  # noqa: E402

SECTIONS = "".join(f"\n## {title}\n\nSo.\n" for title in platforms.SECTIONS)
GAP = '[[gaps]]\ngotcha = "{}"\nprogram = "bad"\nbecause = "it is so"\n'
ANSWERS = """
    int good = 1;
    #define EXPECT(number, first, denied) do {{ errno = 0; \\
        long r = syscall(number, first, 0L, 0L, 1L, 0L); \\
        good &= (denied) ? r == -1 && errno == (denied) : errno != ENOSYS; }} while (0)
    EXPECT(434, -1L, {pidfd_open} ? ENOSYS : 0);
    EXPECT(424, -1L, {pidfd_send_signal} ? ENOSYS : 0);
    EXPECT(435, 0L, {clone3} ? ENOSYS : 0);
    EXPECT(436, ~0L, {close_range} ? ENOSYS : 0);
    errno = 0;
    long r = syscall({waitid}, 3, 999, 0L, 4, 0L); /* P_PIDFD of no descriptor, WEXITED */
    good &= r == -1 && (errno == EINVAL) == {P_PIDFD};
    errno = 0;
    good &= syscall({waitid}, 0, 0, 0L, 4, 0L) == -1 && errno == ECHILD; /* P_ALL */
    case_outcome(good ? "went-wrong" : "went-well");
"""


WAITID = {"x86_64": 247, "s390x": 281}.get(os.uname().machine, 95)


def setUpModule():
    fixture.need_a_build()


def tearDownModule():
    fixture.forget_object()


def front(more="", title="a platform", sets='["gate"]'):
    return f'+++\ntitle = "{title}"\nsets = {sets}\n{more}\n+++\n{SECTIONS}'


class Platforms(fixture.TestCase):
    def setUp(self):
        super().setUp()
        self.suite.top.chmod(0o755)  # for another user

    def platform(self, name, more="", **named):
        (self.suite.platforms / f"{name}.md").write_text(front(more, **named), encoding="utf-8")

    def runs(self, *words):
        """(exit status, {(program, mode): (verdict, reason)} of the gotcha x)."""
        status, found, _ = self.suite.json(*words)
        return status, {(r["program"], r["mode"]): (r["verdict"], r["reason"]) for r in found["x"]["runs"]}


class Reading(Platforms):
    def complaints(self, text, name="x"):
        path = self.suite.platforms / f"{name}.md"
        path.write_text(text, encoding="utf-8")
        try:
            platforms.load(self.suite.platforms)
        except Malformed as wrong:
            return str(wrong)
        finally:
            path.unlink()
        return ""

    def test_complaints(self):
        for said, text in (("x.md: line 1: must be +++", "nothing"),
                           ("x.md: title: must be one line of text", front(title="")),
                           ("sets: must be a list of different words (gate, extended), not empty",
                            front(sets='["day"]')),
                           ("deni: is no key that is known (is deny meant?)", front('deni = ["clone3"]')),
                           ("deny: must be a list of different words (pidfd_open, ", front('deny = ["fork"]')),
                           ("cases: must be one of native, wine, not 'dos'", front('cases = "dos"')),
                           ("user: must be plain", front("cgroup = true")),
                           ("architecture: must be one of aarch64, s390x, ", front('architecture = "vax"')),
                           ("architecture: goes with none of compile, twin, ",
                            front('architecture = "s390x"\ntwin = true')),
                           ("user: must be plain", front("user-namespaces = false")),
                           ("compile.c: is missing", front('[compile]\nwhat = "all"')),
                           ("compile.what: must be one of programs, all", front('[compile]\nwhat = "some"\nc = "cc"')),
                           ("libc: goes with [compile] of programs",
                            front('[libc]\nsuite = "x"\nversion = "1.0"\n[compile]\nwhat = "all"\nc = "cc"')),
                           ("libc.version: is missing", front('[libc]\nsuite = "x"')),
                           ("gaps[1].because: is missing", front('[[gaps]]\ngotcha = "x"')),
                           ("gaps[1].mode: must be one of bare, ",
                            front('[[gaps]]\ngotcha = "x"\nmode = "bear"\nbecause = "so"')),
                           ("must have these sections, in this order: How to get it, ",
                            front().replace("## How to", "## Hw"))):
            with self.subTest(said):
                self.assertIn(said, self.complaints(text))
        for name in "native", "all", "gate", "Upper":
            self.assertIn("no word of --platform", self.complaints(front(), name), name)
        self.assertEqual("", self.complaints(front()))

    def test_choosing(self):
        self.platform("b")
        self.platform("a", sets='["extended"]')
        known = platforms.load(self.suite.platforms)
        for words, names in ((["gate"], "b"), (["extended"], "a"), (["all"], "b a"), (["a", "gate", "a"], "a b"),
                             (["native", "b"], "native b")):
            self.assertEqual(names.split(), [one.name for one in platforms.choose(words, known)], words)
        with self.assertRaises(KeyError):
            platforms.choose(["c"], known)

    def test_usage(self):
        self.suite.add("x")
        self.platform("bad", "deni = 1")
        done = self.suite.run("--platform", "bad")
        self.assertEqual((2, 1), (done.returncode, done.stderr.count("\n")))
        self.assertIn("bad.md: deni: is no key that is known", done.stderr)
        self.assertEqual(0, self.suite.run("--mode", "bare").returncode)  # which reads none

    def test_list(self):
        self.platform("b", title="the other one")
        self.platform("a", sets='["extended"]')
        self.assertEqual("b  gate      the other one\na  extended  a platform\n",
                         self.suite.run("--list-platforms").stdout)

    def test_ours(self):
        known = platforms.load()
        ids = {one.id for one in gotcha.gather(CONFORMANCE / "catalogue", CONFORMANCE / "cases")}
        for platform in known.values():
            self.assertEqual(set(), {gap.gotcha for gap in platform.gaps} - ids, platform.name)


class Telling(Platforms):
    def setUp(self):
        super().setUp()
        self.suite.add("x")
        self.suite.add("y", good=BAD)
        self.platform("here", title="this very machine")
        self.platform("nowhere", 'tools = ["no-such-tool"]\npackages = ["some-package"]')
        self.why = "no-such-tool is not found (packages: some-package)"

    def test_one_that_cannot_be_had_and_the_rest_goes_on(self):
        done = self.suite.run("--platform", "nowhere,here", "--mode", "bare", "x")
        self.assertEqual(0, done.returncode)
        self.assertIn(f"nowhere: a platform\n  CONF nowhere: {self.why}\n", done.stdout)
        self.assertRegex(done.stdout, r"\nhere +1 +2 +1 +0 +0 +0 +[0-9.]+\n")
        self.assertRegex(done.stdout, r"\nnowhere +- +- +- +- +- +- +CONF\n")
        self.assertIn("\n2 platforms: 0 not as they should be, 1 cannot be had here, ", done.stdout)
        alone = self.suite.run("--platform", "nowhere")
        self.assertEqual((77, f"CONF nowhere: {self.why}\n"), (alone.returncode, alone.stdout))

    def test_failures_are_told_with_their_platform(self):
        done = self.suite.run("--platform", "here,native", "--mode", "bare")
        self.assertEqual(1, done.returncode)
        self.assertIn("here: this very machine\n  FAIL y: good, bare: expected went-well", done.stdout)
        self.assertIn("--platform here --mode bare --twin good y\n", done.stdout)
        self.assertIn("\n2 platforms: 2 not as they should be, 0 cannot be had here, ", done.stdout)

    def test_json(self):
        _, _, one = self.suite.json("--platform", "here", "--mode", "bare")
        self.assertEqual(("here", ["x", "y"]), (one["platform"], [g["id"] for g in one["gotchas"]]))
        done = self.suite.run("--platform", "here,nowhere", "--mode", "bare", "--format", "json")
        several = json.loads(done.stdout)["platforms"]
        self.assertEqual([("here", None), ("nowhere", {"verdict": "CONF", "reason": self.why})],
                         [(each["platform"], each.get("lacks")) for each in several])
        self.assertEqual(one["gotchas"][0]["id"], several[0]["gotchas"][0]["id"])

    def test_junit(self):
        top = xml.fromstring(self.suite.run("--platform", "here,nowhere,native", "--mode", "bare", "x", "--format",
                                            "junit").stdout)
        self.assertEqual([("conformance.here.x", "bad bare"), ("conformance.here.x", "good bare"),
                          ("conformance.nowhere", "platform"), ("conformance.x", "bad bare"),
                          ("conformance.x", "good bare")],
                         [(case.get("classname"), case.get("name")) for case in top.iter("testcase")])
        self.assertEqual(("5", "1"), (top.get("tests"), top.get("skipped")))

    def test_tap(self):
        told = self.suite.run("--platform", "here,nowhere", "--mode", "bare", "x", "--format", "tap").stdout
        self.assertEqual(["1..3", "ok 1 - here x bad bare", "ok 2 - here x good bare",
                          f"ok 3 - nowhere platform # SKIP {self.why}"], told.splitlines()[1:])

    def test_failures_are_remembered_for_each(self):
        self.assertEqual(1, self.suite.run("--platform", "here,native", "--mode", "bare").returncode)
        self.suite.add("y")
        self.assertEqual(0, self.suite.run("--mode", "bare").returncode)
        self.assertIn("nothing of that failed last", self.suite.run("--rerun-failed").stderr)
        _, found, _ = self.suite.json("--platform", "here", "--rerun-failed")
        self.assertEqual(["y"], list(found))

    def test_kept_in_a_folder_for_each(self):
        self.suite.run("--platform", "here", "--mode", "bare", "--save", self.suite.top / "saved")
        self.assertEqual(["good-bare"], os.listdir(self.suite.top / "saved" / "here" / "y"))


class Gaps(Platforms):
    def test_a_gap_is_no_failure_and_says_why(self):
        self.suite.add("x", bad=GOOD)
        self.platform("here", GAP.format("x"))
        status, found = self.runs("--platform", "here", "--mode", "bare")
        self.assertEqual((0, ("CONF", "known gap: it is so"), ("PASS", "")),
                         (status if status != 77 else 0, found["bad", "bare"], found["good", "bare"]))

    def test_a_gap_that_is_closed_is_a_failure(self):
        self.suite.add("x")
        self.platform("here", GAP.format("x"))
        status, found = self.runs("--platform", "here", "--mode", "bare")
        self.assertEqual((1, ("FAIL", "the gap is closed, so that it is to go from the platform's file: it is so")),
                         (status, found["bad", "bare"]))

    def test_a_gap_that_comes_to_a_stand_is_not_waited_for(self):
        self.suite.add("x", bad="pause();", toml=f"deadline = 300\n{CASE}")
        self.platform("here", GAP.format("x"))
        found = self.suite.json("--platform", "here", "--mode", "bare", "--twin", "bad", timeout=100)[1]
        self.assertIn("end stalled", found["x"]["runs"][0]["facts"])

    def test_a_gap_of_nothing_is_told(self):
        self.suite.add("x")
        self.platform("here", GAP.format("z"))
        self.assertIn("here.md: gaps[1].gotcha: no such gotcha: z\n", self.suite.run("--platform", "here").stderr)


class Running(Platforms):
    def only_bad(self, body, name, toml=CASE):
        """Its one cell; the outcome is went-wrong where all is as it should be."""
        self.suite.add("x", body, toml=toml)
        return self.runs("--platform", name, "--mode", "bare", "--twin", "bad")[1]["bad", "bare"]

    def test_calls_are_denied_and_no_others(self):
        for number, denied in enumerate((platforms.DENIABLE, ["clone3"], ["P_PIDFD"], ["pidfd_open", "close_range"])):
            name = f"old-{number}"
            self.platform(name, f"deny = {json.dumps(list(denied))}")
            body = ANSWERS.format(waitid=WAITID, **{call: int(call in denied) for call in platforms.DENIABLE})
            self.assertEqual(("PASS", ""), self.only_bad(body, name), denied)

    def test_forkproof_itself_is_denied_them(self):
        self.platform("old", f"deny = {json.dumps(list(platforms.DENIABLE))}")
        self.suite.add("x")
        status, found = self.runs("--platform", "old")
        self.assertEqual((0, {("PASS", "")}), (status, set(found.values())))

    def test_options_for_run(self):
        self.platform("odd", 'run = ["--no-such-option"]')
        self.suite.add("x")
        found = self.runs("--platform", "odd", "--twin", "bad")[1]
        self.assertEqual(("PASS", "BROK", "PASS"), tuple(found["bad", mode][0] for mode in ("bare", "run", "preload")))

    def test_plain_user(self):
        self.platform("plain", 'user = "plain"')
        user = place.PLAIN if os.geteuid() == 0 else os.geteuid()
        body = 'struct stat s; stat("../words", &s); char map[64] = ""; int f = open("/proc/self/uid_map", O_RDONLY);' \
            f'(void)!read(f, map, 63); case_outcome(s.st_uid == getuid() && strstr(map, " {user} ") ? "went-wrong"' \
            ': "went-well");'
        self.assertEqual(("PASS", ""), self.only_bad(body, "plain"))
        found = self.suite.json("--platform", "plain", "--mode", "bare")[2]
        self.assertEqual(user, found["machine"]["user"])
        self.assertEqual(("CONF", "root: not the user 0 of the machine"),
                         self.only_bad(BAD, "plain", 'needs = ["root"]\n' + CASE))

    def test_without_user_namespaces(self):
        self.platform("bound", 'user = "plain"\nuser-namespaces = false')
        user = place.PLAIN if os.geteuid() == 0 else os.geteuid()
        body = f'case_outcome(getuid() == {user} && unshare(CLONE_NEWUSER) != 0 && unshare(CLONE_NEWPID) != 0' \
            ' ? "went-wrong" : "went-well");'
        self.assertEqual(("PASS", ""), self.only_bad(body, "bound"))
        self.assertFalse(self.suite.json("--platform", "bound", "--mode", "bare")[2]["machine"]["pid_namespace"])

    def test_a_build_that_the_user_cannot_reach(self):
        if os.geteuid() != 0:
            self.skipTest("not root")
        self.platform("plain", 'user = "plain"')
        self.suite.add("x")
        self.suite.top.chmod(0o700)
        done = self.suite.run("--platform", "plain")
        self.assertEqual(77, done.returncode)
        self.assertIn("/conformance/warden cannot be read by this user", done.stdout)

    def test_cgroup(self):
        self.platform("given", 'user = "plain"\ncgroup = true\nrun = ["--contain=cgroup", "--strict"]')
        self.suite.add("x")
        _, _, told = self.suite.json("--platform", "given")
        if "lacks" in told:
            self.skipTest(told["lacks"]["reason"])
        self.assertEqual({"PASS"}, {r["verdict"] for r in told["gotchas"][0]["runs"]}, told)
        own = cgroups.own_directory()
        self.assertEqual([], [path for path in own.glob("forkproof-conformance-*")])


class Compiling(Platforms):
    def real(self, *words):
        done = subprocess.run([CONFORMANCE / "run", "--build", fixture.BUILD, "--progress", "never", *words],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_programs_of_another_c_library_and_class(self):
        for name in "musl", "i386":
            with self.subTest(name):
                status, said = self.real("--platform", name, "env-case")
                if status == 77:
                    self.skipTest(said)
                self.assertEqual(0, status, said)
                self.assertRegex(said, r"PASS 1 .* 6 runs")

    def test_without_its_compiler(self):
        self.suite.add("x")
        self.platform("far", '[compile]\nwhat = "programs"\nc = "no-such-cc"')
        done = self.suite.run("--platform", "far")
        self.assertEqual((77, "CONF far: no-such-cc makes no program: it cannot be started: "
                          "No such file or directory\n"), (done.returncode, done.stdout))

    def test_a_compiler_of_programs_that_do_not_run_here(self):
        self.suite.add("x")
        compiler = self.suite.top / "far-cc"
        compiler.write_text('#!/bin/sh\nfor last; do :; done; echo not one >"$last"; chmod +x "$last"\n')
        compiler.chmod(0o755)
        self.platform("far", f'[compile]\nwhat = "programs"\nc = "{compiler}"')
        self.assertIn(f"CONF far: what {compiler} makes does not run here: it cannot be started: Exec format error",
                      self.suite.run("--platform", "far").stdout)

    def cmake(self, says, status=1):
        """In the place of the real one; the reason and the verdict."""
        folder = self.suite.top / "bin"
        folder.mkdir(exist_ok=True)
        (folder / "cmake").write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
        (folder / "cmake").chmod(0o755)
        wanted = platforms.Compile("programs", "cc", "", ())
        here = place.Place(platforms.Platform("x", "x", compile=wanted), Build(self.suite.build))
        with mock.patch.dict(os.environ, PATH=f"{folder}:{os.environ['PATH']}"), \
                self.assertRaises(place.Unavailable) as raised:
            here.open()
        return raised.exception.verdict, str(raised.exception)

    def test_what_does_not_build_is_broken(self):
        self.assertEqual((BROK, "cc does not build it: x.c:1: error: no such thing"),
                         self.cmake("[1/2] x\nx.c:1: error: no such thing\nninja: stopped"))

    def test_no_room_is_not_our_fault(self):
        self.assertEqual(CONF, self.cmake("x.s: No space left on device")[0])

    def test_a_tree_that_cannot_be_written_to(self):
        (self.suite.build / "platforms").write_text("no directory")
        self.assertEqual(BROK, self.cmake("")[0])
        here = place.Place(platforms.Platform("x", "x"), Build(self.suite.build))
        with mock.patch.object(here, "make_build", side_effect=PermissionError(13, "Permission denied")), \
                self.assertRaises(place.Unavailable) as raised:
            here.open()
        self.assertEqual(CONF, raised.exception.verdict)

    def test_a_missing_library_of_the_other_class(self):
        tree = Build(self.suite.build)
        self.assertIn("no library for programs of the other class",
                      place.Place(platforms.Platform("x", "x", twin=True), tree).needs())

    def test_a_tool_that_hangs(self):
        self.assertEqual((place.TOO_LONG, "it was not over in 0.1 s"), place.called(["sleep", "60"], 0.1))

    def test_what_a_tool_has_started_ends_with_it(self):
        with tempfile.TemporaryDirectory() as work:
            fifo = os.path.join(work, "fifo")
            os.mkfifo(fifo)
            with open(os.open(fifo, os.O_RDONLY | os.O_NONBLOCK), "rb") as reader:
                script = f"(echo begun; exec sleep 60) >{fifo} & wait"
                self.assertEqual(place.TOO_LONG, place.called(["sh", "-c", script], 1)[0])
                self.assertEqual(b"begun\n", reader.read())  # to its end: nobody has it any more

    def test_configured_anew_when_it_is_to_be_otherwise(self):
        with tempfile.TemporaryDirectory() as work:
            directory = pathlib.Path(work) / "x"
            for flags in ((), ("-O2",), ("-O2",)):
                wanted = platforms.Compile("programs", "cc", "", flags)
                here = place.Place(platforms.Platform("x", "x", compile=wanted), Build(self.suite.build))
                with mock.patch.object(here, "step", side_effect=lambda *argv: self.calls.append(argv) or
                                       directory.mkdir(exist_ok=True)):
                    self.calls = []
                    here.compiled(directory)
                    self.assertEqual(1 if flags and self.before == flags else 2, len(self.calls))
                self.before = flags


if __name__ == "__main__":
    fixture.main()
