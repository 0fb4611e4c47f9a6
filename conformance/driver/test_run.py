#!/usr/bin/python3 -B
"""conformance/run as it is called: what it chooses, runs, says, keeps and answers."""

import json
import os
import pathlib
import pty
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from driver import fixture  # noqa: E402
from driver.fixture import BAD, CASE, GOOD, says  # noqa: E402

WAIT = "for (;;) pause();"
SURVIVOR = CASE.replace('"said"', '"survivors"', 1)
# Another outcome each second time; told apart by a file that its argument names.
FICKLE = ('int fd = open(argv[1], O_CREAT | O_EXCL, 0600); if (fd < 0) unlink(argv[1]);'
          'case_outcome(fd < 0 ? "went-well" : "went-wrong");')
NO_NAMESPACE = """#!/bin/sh
case " $* " in *" --no-namespace "*) exec {warden} "$@" ;; esac
echo 'warden: no pid namespace can be had: Not today' >&2
exit 77
"""


def setUpModule():
    fixture.need_a_build()


def tearDownModule():
    fixture.forget_object()


class Driver(fixture.TestCase):
    def reasons(self, identity, *words):
        """{"bad bare": (verdict, reason)} and the exit status."""
        status, gotchas, _ = self.suite.json(identity, *words)
        return status, {f"{r['program']} {r['mode']}": (r["verdict"], r["reason"]) for r in gotchas[identity]["runs"]}

    def brok(self, bad, toml=CASE, **more):
        """The reason, of the bad program run bare."""
        self.suite.add("x", bad, toml=toml, **more)
        status, found = self.reasons("x", "--mode", "bare", "--twin", "bad")
        self.assertEqual((1, "BROK"), (status, found["bad bare"][0]), found)
        return found["bad bare"][1]

    def no_namespace(self):
        warden = self.suite.build / "conformance" / "warden"
        real = warden.resolve()
        warden.unlink()
        warden.write_text(NO_NAMESPACE.format(warden=real), encoding="utf-8")
        warden.chmod(0o755)


class Verdicts(Driver):
    def test_all_as_expected(self):
        self.suite.add("x")
        done = self.suite.run()
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertRegex(done.stdout, r"x +! went-wrong +! went-wrong +! went-wrong +went-well +PASS\n")
        self.assertRegex(done.stdout, r"\nPASS 1  FAIL 0  BROK 0  CONF 0   of 1 gotchas in 6 runs, ")
        self.assertIn("\nsafe: bare 0 of 1, run 0 of 1, preload 0 of 1\n"
                      "safe twins: bare 1 of 1, run 1 of 1, preload 1 of 1\n", done.stdout)
        self.assertIn("PASS by source: S0 1 of 1, S1 0 of 0", done.stdout)

    def test_other_outcome_is_fail_with_all_that_one_needs(self):
        self.suite.add("x", good="case_step(\"a\\033step\");" + BAD)
        done = self.suite.run("--mode", "bare")
        self.assertEqual(1, done.returncode)
        self.assertIn("FAIL x: good, bare: expected went-well, got went-wrong: it went wrong\n", done.stdout)
        self.assertIn("step 2: a\\x1bstep\n", done.stdout)
        again = next(line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.startswith("     again: "))
        self.assertIn("--mode bare --twin good x", again)
        self.assertEqual(1, subprocess.run(again, shell=True, capture_output=True, check=False).returncode)

    def test_what_goes_wrong_with_one_is_brok_and_the_rest_goes_on(self):
        self.suite.add("fine", markdown=fixture.entry(order=0))
        for name, body in (("crash", "raise(SIGSEGV);"), ("silent", ""), ("strange", says("strange"))):
            self.suite.add(name, body)
        self.suite.add("gone")
        (self.suite.build / "conformance" / "cases" / "gone" / "bad").unlink()
        self.suite.text("bad-case", CASE.replace("safe", "save", 1))
        self.suite.text("bad-entry", markdown="+++")
        self.suite.text("orphan")
        (self.suite.catalogue / "orphan.md").unlink()
        status, gotchas, everything = self.suite.json("--mode", "bare")
        self.assertEqual(1, status)
        self.assertEqual({"PASS": 1, "FAIL": 0, "BROK": 7, "CONF": 0}, everything["counts"])
        self.assertEqual("PASS", gotchas["fine"]["verdict"])
        reasons = {one: gotchas[one]["runs"][0]["reason"] for one in ("crash", "silent", "strange", "gone")}
        self.assertIn("it was killed by SIGSEGV", reasons["crash"])
        self.assertIn("it exited 0 and said no outcome", reasons["silent"])
        self.assertIn("it said strange, which is no outcome", reasons["strange"])
        self.assertRegex(reasons["gone"], r"conformance/cases/gone/bad is not built$")
        for one in "bad-case", "bad-entry", "orphan":
            self.assertTrue(gotchas[one]["complaints"], one)

    def test_a_case_that_gives_up(self):
        self.assertEqual("the case gave up: no luck, errno 24", self.brok('errno = 24; case_broken("no luck");'))

    def test_a_case_that_cannot(self):
        self.suite.add("x", 'case_cannot("a moon");', 'case_cannot("a moon");')
        status, found = self.reasons("x")
        self.assertEqual((77, {("CONF", "the case cannot have a moon")}), (status, set(found.values())))

    def test_garbage_and_crash_and_silence(self):
        self.assertIn("words has what case.c does not write", self.brok('write(open("../words", O_WRONLY), "\\n", 1);'))
        self.assertIn("it was killed by SIGXFSZ",
                      self.brok('static char x[1 << 20]; while (write(1, x, sizeof x) > 0);'))

    def test_says_well_and_crashes(self):
        self.assertIn("no outcome applies: it was killed by SIGSEGV and said went-wrong",
                      self.brok(BAD + "raise(SIGSEGV);"))

    def test_one_that_cannot_be_started(self):
        self.suite.add("fine")
        self.assertIn("it could not be run: [Errno 7] Argument list too long",
                      self.brok(BAD, f'arguments = ["{"x" * 200000}"]\n' + CASE))
        self.assertEqual("PASS", self.suite.json("--mode", "bare")[1]["fine"]["verdict"])

    def test_library_that_cannot_be_named(self):
        self.suite.add("x")
        spaced = self.suite.build.rename(self.suite.top / "bu ild")
        self.suite.build = spaced
        _, found = self.reasons("x", "--mode", "preload")
        self.assertEqual(("BROK", f"LD_PRELOAD cannot name {spaced}/lib/libforkproof.so"), found["bad preload"])

    def test_ignores_the_end(self):
        self.assertIn("it was not over in time",
                      self.brok(f"signal(SIGTERM, SIG_IGN); {WAIT}", "deadline = 0.3\n" + CASE))

    def test_forks_away_is_a_survivor_and_contained(self):
        self.suite.add("x", f'if (fork() == 0) {{ setsid(); {WAIT} }}',
                       toml=SURVIVOR.replace('[expect.bad]', '[expect.bad]\nrun = "went-well"')
                       .replace('when = "said"', 'when = "exited 0"'))
        status, found = self.reasons("x", "--mode", "bare,run", "--twin", "bad")
        self.assertEqual((0, {("PASS", "")}), (status, set(found.values())))

    def test_conf_is_allowed_and_named(self):
        self.no_namespace()
        self.suite.add("x")
        self.suite.add("y", toml='needs = ["forced-pids"]\n' + CASE)
        done = self.suite.run()
        self.assertEqual(0, done.returncode)
        self.assertIn("CONF y: forced-pids: warden: no pid namespace can be had: Not today\n", done.stdout)
        self.assertIn("PASS 1  FAIL 0  BROK 0  CONF 1", done.stdout)
        self.assertIn("programs are held without a pid namespace: warden: no pid namespace can be had: Not today",
                      done.stderr)
        self.assertEqual(77, self.suite.run("y").returncode)

    def test_without_a_compiler_for_it_cxx_is_conf(self):
        self.suite.add("x")
        (self.suite.cases / "x" / "bad.c").rename(self.suite.cases / "x" / "bad.cc")
        (self.suite.build / "conformance" / "cases" / "x" / "bad").unlink()
        _, found = self.reasons("x", "--mode", "bare", "--twin", "bad")
        self.assertEqual("CONF", found["bad bare"][0])
        (self.suite.build / "CMakeCache.txt").write_text("CMAKE_CXX_COMPILER:FILEPATH=/usr/bin/c++\n")
        _, found = self.reasons("x", "--mode", "bare", "--twin", "bad")
        self.assertEqual("BROK", found["bad bare"][0])

    def test_an_exception_is_named(self):
        self.suite.add("x", GOOD,
                       toml=CASE + '[[unless]]\nwhere = "linux-2.6"\noutcome = "went-well"\nbecause = "it is new"\n')
        done = self.suite.run("--mode", "bare")
        self.assertEqual(0, done.returncode)
        self.assertIn("here x: bad, bare: went-well, because it is new\n", done.stdout)

    def test_options_and_arguments_reach_the_program(self):
        body = 'case_outcome(argc == 2 && strcmp(argv[1], "a b") == 0 ? "went-wrong" : "went-well");'
        self.suite.add("x", body, toml='arguments = ["a b"]\nrun = ["--grace=1s"]\npreload = "zombies=5"\n' + CASE)
        self.assertEqual(0, self.suite.run("--twin", "bad").returncode)


class Repeating(Driver):
    def test_not_always_the_same_is_fail_with_all_words(self):
        self.suite.add("x", FICKLE, toml=f'arguments = ["{self.suite.top}/toggle"]\n' + CASE)
        status, found = self.reasons("x", "--mode", "bare", "--twin", "bad", "--repeat", "6", "--jobs", "1")
        self.assertEqual((1, "FAIL"), (status, found["bad bare"][0]))
        self.assertRegex(found["bad bare"][1],
                         "^not always the same: 3 times went-w.*, 3 times went-w.*; expected went-wrong")

    def test_always_the_same(self):
        self.suite.add("x")
        _, gotchas, everything = self.suite.json("--repeat", "5", "--mode", "bare")
        self.assertEqual(({"went-wrong": 5}, 10), (gotchas["x"]["runs"][0]["outcomes"], everything["runs"]))

    def test_stops_at_the_first_failure_when_told_so(self):
        for name in "a", "b", "c":
            self.suite.add(name, GOOD)
        done = self.suite.run("--no-keep-going", "--jobs", "1", "--mode", "bare")
        self.assertEqual(1, done.returncode)
        self.assertIn("given up after the first failure: 5 runs were not made", done.stdout)
        self.assertIn("6 runs", self.suite.run("--mode", "bare").stdout)


class Choosing(Driver):
    def setUp(self):
        super().setUp()
        for name, family, tag in (("kill-a", "identity", "kill"), ("kill-b", "signals", "kill"),
                                  ("pipe-a", "pipes", "pipe")):
            self.suite.add(name, markdown=fixture.entry(family, 1, tag))

    def chosen(self, *words):
        done = self.suite.run("--list", *words)
        self.assertEqual(0, done.returncode, done.stderr)
        return [line.split()[0] for line in done.stdout.splitlines()]

    def test_by_id_tag_and_family(self):
        self.assertEqual(["kill-a", "pipe-a", "kill-b"], self.chosen())
        self.assertEqual(["kill-a", "kill-b"], self.chosen("kill-*"))
        self.assertEqual(["kill-a", "pipe-a"], self.chosen("pipe-a", "kill-a"))
        self.assertEqual(["kill-a", "kill-b"], self.chosen("--tag", "kill"))
        self.assertEqual(["pipe-a", "kill-b"], self.chosen("--family", "pipes,signals"))
        self.assertEqual(["kill-b"], self.chosen("--family", "pipes,signals", "--tag", "kill"))

    def test_modes_and_twins(self):
        _, gotchas, _ = self.suite.json("kill-a", "--mode", "run,bare", "--twin", "good", "--platform",
                                        "native")
        self.assertEqual({("good", "bare"), ("good", "run")},
                         {(r["program"], r["mode"]) for r in gotchas["kill-a"]["runs"]})

    def test_malformed_ones_count_when_they_may_be_meant(self):
        self.suite.text("lost", markdown="no entry")
        self.assertEqual(0, self.suite.run("kill-a", "--mode", "bare").returncode)
        done = self.suite.run("--family", "pipes", "--mode", "bare")
        self.assertEqual(0, done.returncode)
        self.assertIn("not chosen, its entry tells nothing: ", done.stderr)
        self.assertEqual(1, self.suite.run("--mode", "bare").returncode)

    def test_usage(self):
        for words, said in ((["nosuch"], "no such gotcha: nosuch"),
                            (["kill_a"], "no such gotcha: kill_a (is kill-a meant?)"),
                            (["--tag", "kil"], "no such tag: kil (is kill meant?)"),
                            (["--family", "x"], "no such family: x"),
                            (["--mode", "bear"], "no such thing: bear (there are: bare, run, preload, audit)"),
                            (["--mode", ","], "no such thing: ','"),
                            (["--platform", "beos"], "no such platform: beos (--list-platforms tells which there are)"),
                            (["--jobs", "0"], "not a number from 1: '0'"),
                            (["--repeat", "-1"], "not a number from 1: '-1'"),
                            (["--exec-prefix", "'"], "--exec-prefix: No closing quotation"),
                            (["--exec-prefix", "no-such-thing x"], "--exec-prefix: no-such-thing is not found"),
                            (["--build", "/nowhere"], "--build: /nowhere holds no conformance/warden"),
                            (["--cases", "/nowhere"], "--cases: /nowhere is no directory"),
                            (["--output", "/nowhere/x"], "--output"),
                            (["--output", "/"], "--output: / is a directory"),
                            (["--save", "/dev/null/x"], "--save: /dev/null/x: Not a directory"),
                            (["--program", "/bin/true"], "--program goes with one ID"),
                            (["--program", "/nowhere", "kill-a"], "--program: /nowhere is no program"),
                            (["--program", "/bin/true", "kill-*"], "--program: needs one gotcha, not several"),
                            (["--family", "pipes", "kill-a"], "no gotcha is like that"),
                            (["--format", "xml"], "invalid choice: 'xml'")):
            done = self.suite.run(*words)
            self.assertEqual(2, done.returncode, words)
            self.assertEqual(1, done.stderr.count("\n"), "one line")
            self.assertTrue(done.stderr.startswith("conformance: "), words)
            self.assertIn(said, done.stderr, words)

    def test_rerun_failed(self):
        self.suite.add("kill-b", GOOD, markdown=fixture.entry("signals"))
        self.assertEqual(1, self.suite.run().returncode)
        self.assertEqual(0, self.suite.run("pipe-a").returncode)  # which is of no matter
        status, gotchas, everything = self.suite.json("--rerun-failed")
        self.assertEqual((1, ["kill-b"], 3), (status, list(gotchas), everything["runs"]))
        put = self.suite.build / "conformance" / "cases" / "kill-b" / "bad"
        fixture.put_program(put, BAD)
        self.assertEqual((0, 1), (lambda s, _, e: (s, e["runs"]))(*self.suite.json("--rerun-failed", "--mode", "run")))
        self.assertEqual((0, 2), (lambda s, _, e: (s, e["runs"]))(*self.suite.json("--rerun-failed")))
        done = self.suite.run("--rerun-failed")
        self.assertEqual((0, "", "conformance: nothing of that failed last\n"),
                         (done.returncode, done.stdout, done.stderr))

    def test_nothing_is_remembered_where_nothing_can_be(self):
        os.mkdir(self.suite.build / "conformance" / "failed.json")
        done = self.suite.run("kill-a", "--mode", "bare")
        self.assertEqual(0, done.returncode)
        self.assertIn("what failed is not remembered", done.stderr)


class Keeping(Driver):
    def test_save(self):
        self.suite.add("x", f'puts("out"); case_step("one"); {GOOD}')
        self.suite.add("y", f"signal(SIGTERM, SIG_IGN); {WAIT}", toml="deadline = 0.3\n" + CASE)
        folder = self.suite.top / "saved"
        for _ in "again", "over the first":
            self.assertEqual(1, self.suite.run("--save", folder, "--mode", "bare").returncode)
        self.assertEqual({"x", "y"}, set(os.listdir(folder)))
        self.assertEqual(["bad-bare"], os.listdir(folder / "x"))
        kept = {path.name: path.read_text() for path in (folder / "x" / "bad-bare").iterdir()}
        self.assertEqual({"words", "stdout", "stderr", "facts", "argv", "environment", "rerun", "verdict"}, set(kept))
        self.assertEqual(("out\n", "went-well: it went well\n"), (kept["stdout"], kept["verdict"]))
        self.assertIn("outcome went-well", kept["words"])
        self.assertIn("end exited 0", kept["facts"])
        self.assertIn("LC_ALL=C\n", kept["environment"])
        self.assertEqual(1, subprocess.run(kept["rerun"], shell=True, capture_output=True, check=False).returncode)
        self.assertIn("process 2 ", (folder / "y" / "bad-bare" / "state").read_text())

    def test_each_kind_of_failure_is_kept(self):
        self.suite.add("x", FICKLE.replace("went-well", "strange"),
                       toml=f'arguments = ["{self.suite.top}/toggle"]\n' + CASE)
        self.suite.run("--save", self.suite.top / "saved", "--mode", "bare", "--twin", "bad", "--repeat", "4", "--jobs",
                       "1")
        self.assertEqual(["bad-bare-BROK"], os.listdir(self.suite.top / "saved" / "x"))

    def test_output_goes_to_a_file_and_the_table_to_the_eye(self):
        self.suite.add("x")
        path = self.suite.top / "out.json"
        done = self.suite.run("--format", "json", "--output", path, "--mode", "bare")
        self.assertEqual(3, json.loads(path.read_text())["schema"])
        self.assertIn("PASS 1", done.stdout)
        self.assertEqual("", self.suite.run("--output", path, "--mode", "bare").stdout)
        self.assertIn("PASS 1", path.read_text())


class OwnProgram(Driver):
    def own(self, body, *words):
        self.suite.add("x")
        fixture.put_program(self.suite.top / "mine", body)
        return self.suite.run("--program", self.suite.top / "mine", "x", *words)

    def test_safe_one_passes(self):
        done = self.own(f'case_step("all is well"); {GOOD}')
        self.assertEqual(0, done.returncode)
        self.assertTrue(done.stdout.startswith("PASS x: bare: went-well: it went well\n"))
        self.assertIn("step 2: all is well\n", done.stdout)

    def test_unsafe_one_is_told_what_it_did(self):
        done = self.own(f'case_step("oh no"); {BAD}', "--mode", "bare,run")
        self.assertEqual(1, done.returncode)
        for mode in "bare", "run":
            self.assertIn(f"FAIL x: {mode}: expected a safe outcome, got went-wrong: it went wrong\n", done.stdout)
        self.assertIn(": oh no\n", done.stdout)

    def test_words_of_failure_do_not_pass(self):
        self.assertEqual(1, self.own("").returncode)
        self.assertEqual(1, self.own('case_broken("x");').returncode)
        self.assertEqual(77, self.own('case_cannot("x");').returncode)

    def test_it_finds_the_other_programs_beside_it(self):
        self.suite.add("x", good=BAD)
        (self.suite.cases / "x" / "helper.c").write_text("", encoding="utf-8")
        helper = self.suite.build / "conformance" / "cases" / "x" / "helper"
        fixture.put_program(helper, GOOD)
        body = 'strcpy(strrchr(argv[0], \'/\'), "/helper"); execv(argv[0], argv); case_broken("no helper");'
        fixture.put_program(self.suite.top / "mine", body)
        self.assertEqual(0, self.suite.run("--program", self.suite.top / "mine", "x").returncode)
        helper.unlink()
        done = self.suite.run("--program", self.suite.top / "mine", "x")
        self.assertIn("BROK x: bare: ", done.stdout)
        self.assertIn("helper is not built\n", done.stdout)

    def test_it_is_not_remembered(self):
        self.own(BAD)
        self.assertFalse((self.suite.build / "conformance" / "failed.json").exists())


class Process(Driver):
    def test_prefix(self):
        self.suite.add("x", 'case_outcome(getenv("MARK") ? "went-wrong" : "went-well");',
                       'case_outcome(getenv("MARK") ? "went-well" : "went-wrong");')
        self.assertEqual(0, self.suite.run("--exec-prefix", "env 'MARK=a b'").returncode)
        self.assertEqual(1, self.suite.run().returncode)

    def test_ended_by_a_signal_it_ends_all_it_started(self):
        marker = f"marker-{os.getpid()}"
        self.suite.add("x", f"fork(); {WAIT}", f"fork(); {WAIT}",
                       toml=f'deadline = 60\narguments = ["{marker}"]\n' + CASE)
        child = subprocess.Popen(self.suite.command(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)

        def living():
            return subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True,
                                  check=True).stdout.count(f"bad {marker}")

        end = time.monotonic() + 30
        while living() < 2 and time.monotonic() < end:
            os.sched_yield()
        child.send_signal(signal.SIGTERM)
        self.assertEqual(("", "conformance: ended by SIGTERM\n"), child.communicate(timeout=30))
        self.assertEqual(128 + signal.SIGTERM, child.returncode)
        while living() and time.monotonic() < end:  # the kernel is at it
            os.sched_yield()
        self.assertEqual(0, living())

    def test_signals_that_the_caller_ignores_are_not_ignored_in_a_case(self):
        body = ('struct sigaction a; int bad = 0; for (int i = 1; i < 32; i++)'
                'if (!sigaction(i, NULL, &a) && a.sa_handler != SIG_DFL) bad = i;')
        self.suite.add("x", f'{body} case_step("%d", bad); case_outcome(bad ? "went-well" : "went-wrong");')
        script = "trap '' INT QUIT HUP TERM USR1 PIPE CHLD; exec \"$@\""
        done = subprocess.run(["sh", "-c", script, "sh", *self.suite.command("--mode", "bare", "--twin", "bad")],
                              stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    def test_our_own_failure(self):
        self.suite.add("x")
        done = self.suite.run("--output", "/dev/full", "--mode", "bare")
        self.assertEqual(125, done.returncode)
        self.assertIn("the driver itself failed", done.stderr)

    def in_shell(self, script, *words, **more):
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
        return subprocess.run(["sh", "-c", script, "sh", *self.suite.command(*words)], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False, env=environment, **more)

    def test_nobody_reads(self):
        self.suite.add("x")
        for words in ["--mode", "bare"], ["--list"]:
            self.assertEqual("", self.in_shell('"$@" | :', *words).stderr)

    def test_no_room_for_what_is_told(self):
        self.suite.add("x")
        for words in ["--mode", "bare"], ["--list"]:
            done = self.in_shell('"$@" > /dev/full', *words)
            self.assertEqual(125, done.returncode)
            self.assertTrue(done.stderr.endswith("conformance: the driver itself failed\n"), done.stderr)

    def test_closed_descriptors(self):
        self.suite.add("x")
        for closed in "<&-", ">&-", "2>&-", "<&- >&- 2>&-":
            self.assertEqual(0, self.in_shell(f'"$@" {closed}', "--mode", "bare").returncode, closed)

    def test_again_works_where_the_driver_is(self):
        self.suite.add("x", GOOD)
        told = self.in_shell('"$@"', "--mode", "bare", cwd=fixture.CONFORMANCE).stdout
        self.assertIn("     again: ./run ", told)

    def test_programs_older_than_their_sources_are_named(self):
        self.suite.add("x")
        later = time.time() + 100
        os.utime(self.suite.cases / "x" / "bad.c", (later, later))
        self.assertIn("1 programs are older than their sources, so build first: ",
                      self.suite.run("--mode", "bare").stderr)

    def on_terminal(self, *words, **environment):
        """What is written to a terminal."""
        ours, theirs = pty.openpty()
        child = subprocess.Popen(self.suite.command(*words), stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs,
                                 env={**{k: v for k, v in os.environ.items() if k not in ("CI", "NO_COLOR")},
                                      "TERM": "xterm", **environment})
        os.close(theirs)
        found = b""
        try:
            while part := os.read(ours, 65536):
                found += part
        except OSError:  # how a terminal tells its end
            pass
        os.close(ours)
        child.wait()
        return found.decode()

    def test_terminal(self):
        self.suite.add("x")
        told = self.on_terminal("--mode", "bare")
        self.assertIn("\r\x1b[K2/2 runs, 0 not as expected: x ", told)
        self.assertIn("\x1b[31m! went-wrong", told)
        self.assertIn("\x1b[32mPASS", told)
        for words, environment in ((["--progress", "never"], {"NO_COLOR": "1"}), ([], {"TERM": "dumb"}),
                                   ([], {"CI": "true", "NO_COLOR": "1"})):
            self.assertNotIn("\x1b", self.on_terminal("--mode", "bare", *words, **environment), environment)
        self.assertIn("\x1b[K2/2", self.suite.run("--mode", "bare", "--progress", "always").stderr)


if __name__ == "__main__":
    fixture.main()
