"""forkproof audit as a command: what it writes where, its exit status, and that it is a run like any other."""

import json
import os
import pathlib
import re
import resource
import subprocess
import sys
import textwrap
import unittest
import xml.etree.ElementTree

from harness import Case, FORKPROOF, LEAVER, RUNGS, read_until, send, wait_for

MANUAL = pathlib.Path(__file__).resolve().parents[3] / "docs" / "audit.md"
SUMMARY = rb"SUMMARY: forkproof: .*\n"
FINDING = "daemonize-leak"  # what LEAVER is found guilty of

# As many as that end because it ends, each after some work.
FOLLOWERS = """
import os, time
reading, writing = os.pipe()
for _ in range(8):
    if os.fork() == 0:
        os.close(writing)
        os.read(reading, 1)
        end = time.process_time() + 0.005
        while time.process_time() < end:
            pass
        os._exit(0)
os._exit(0)
"""


class Audit(Case):
    def command(self, *words):
        return [self.forkproof, "audit", *self.options, *words]

    def path(self, name):
        return os.path.join(self.directory, name)

    def audit(self, *words, status=0, **options):
        done = self.run_to_end(*words, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def report(self, *words, status=0):
        done = subprocess.run([FORKPROOF, "report", *words], capture_output=True, timeout=60,
                              env=self.environment)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def leave(self, *options, status=99):
        return self.audit(*options, "--", LEAVER, "daemon", "1", status=status)

    def file(self, name, text=""):
        with open(self.path(name), "w") as f:
            f.write(text)
        return self.path(name)

    def assert_one_line(self, err, *pieces):
        self.assertRegex(err, rb"\A(forkproof: [^\n]*|[^\n]*:\d+:\d+: [^\n]*)\n\Z")
        for piece in pieces:
            self.assertIn(piece, err.decode())

    def assert_refused(self, *words, says=(), **options):
        """With one line, and before the program runs."""
        ran = self.path("ran")
        done = self.audit(*words, "--", "touch", ran, status=125, **options)
        self.assertEqual(done.stdout or b"", b"")
        self.assertFalse(os.path.exists(ran))
        self.assert_one_line(done.stderr, *says)

    def interim(self):
        return [name for name in os.listdir(self.directory) if name.startswith(".")]


class Told(Audit):
    def test_nothing_found_is_a_line(self):
        done = self.audit("--", "sh", "-c", "echo out; echo err >&2")
        self.assertEqual(done.stdout, b"out\n")
        self.assertRegex(done.stderr, rb"\Aerr\nSUMMARY: forkproof: nothing found, in 1 process, [0-9.]+ s\n\Z")

    def test_nothing_found_is_no_word_when_quiet(self):
        self.assertEqual(self.audit("-q", "--", "true").stderr, b"")

    def test_a_finding_is_told_on_stderr(self):
        done = self.leave()
        self.assertRegex(done.stdout, rb"\Aready \d+\n\Z")
        self.assertIn(b"ERROR: forkproof: %s: " % FINDING.encode(), done.stderr)
        self.assertRegex(done.stderr, SUMMARY)

    def test_the_manual_shows_what_is_told(self):
        """The closing lines of the run, too."""
        def parts(text):
            return re.findall(r"^    (forkproof: (?:left behind|  )|==|  [A-Z][^:\n]*:|SUMMARY:)", text, re.MULTILINE)
        self.origins = True
        told = textwrap.indent(self.leave().stderr.decode(), "    ")
        self.assertEqual(parts(MANUAL.read_text().split("\n## ")[0]), parts(told))

    def test_who_ends_because_the_program_ends_is_not_left(self):
        done = self.audit("-q", "--fail-on=note", "--format=json", "--", sys.executable, "-c", FOLLOWERS)
        self.assertEqual(json.loads(done.stdout)["findings"], [])
        self.assertNotIn(b"left behind", done.stderr)

    def test_who_is_at_work_is_left(self):
        done = self.audit("--grace=0", "--", "sh", "-c", "while :; do :; done &", status=99)
        self.assertIn(FINDING.encode(), done.stderr)

    def test_quiet_keeps_findings(self):
        done = self.leave("-q")
        self.assertTrue(done.stderr.startswith(b"=="), done.stderr)

    def test_other_formats_go_to_stdout_with_a_line_on_stderr(self):
        done = self.audit("--format=json", "--", "true")
        self.assertEqual(json.loads(done.stdout)["findings"], [])
        self.assertEqual(done.stderr, b"forkproof: audit: nothing found in 1 process\n")
        done = self.leave("--format", "json", "-q")
        self.assertEqual(done.stderr, b"")
        out = done.stdout[done.stdout.index(b"{"):]
        self.assertEqual([f["rule"] for f in json.loads(out)["findings"]], [FINDING])

    def test_each_format_has_a_file(self):
        formats = ["text", "json", "sarif", "junit", "html", "trace"]
        words = [word for name in formats for word in ("--format=" + name, "--output=" + self.path(name))]
        done = self.leave(*words)
        self.assertRegex(done.stderr, rb"\nforkproof: audit: 1 error in \d+ processes\n\Z")
        for name in formats:
            with open(self.path(name)) as f:
                text = f.read()
            self.assertIn(FINDING, text, name)
            if name in ("json", "sarif", "trace"):
                json.loads(text)
            if name == "junit":
                xml.etree.ElementTree.fromstring(text)
        self.assertEqual(self.interim(), [])

    def test_an_output_without_a_format_is_text(self):
        done = self.leave("--output", self.path("text"))
        with open(self.path("text"), "rb") as f:
            self.assertRegex(f.read(), SUMMARY)
        self.assertNotRegex(done.stderr, SUMMARY)

    def test_what_is_there_is_replaced_as_a_whole(self):
        path = self.file("out", "x" * 100000)
        self.audit("--format=json", "--output=" + path, "--", "true")
        with open(path) as f:
            json.load(f)

    def test_without_colour_in_a_file(self):
        self.leave("--output=" + self.path("text"))
        with open(self.path("text")) as f:
            self.assertNotIn("\033", f.read())

    def test_paths_are_relative_to_where_it_was_started(self):
        done = self.audit("--format=json", "-q", "--", "true", cwd=self.directory)
        self.assertEqual(json.loads(done.stdout)["run"]["directory"], os.path.realpath(self.directory))


class Status(Audit):
    def test_the_programs_own_failure_passes_through(self):
        self.audit("--", "sh", "-c", "exit 7", status=7)
        self.audit("--", "sh", "-c", "kill -TERM $$", status=143)
        self.audit("--", "sh", "-c", "%s daemon 1; exit 3" % LEAVER, status=3)

    def test_what_cannot_be_started_leaves_no_report(self):
        nothing = self.path("nothing")
        words = ("--output=" + self.path("out"), "--record=" + self.path("record"))
        done = self.audit(*words, "--", nothing, status=127)
        self.assertEqual(done.stderr, b"forkproof: program not found: %s\n" % nothing.encode())
        self.audit(*words, "--", self.file("unfit"), status=126)
        self.assertEqual(sorted(os.listdir(self.directory)), ["runtime", "unfit"])

    def test_the_error_exitcode(self):
        self.leave("--error-exitcode=5", status=5)
        self.leave("--error-exitcode=0", status=0)

    def test_fail_on(self):
        for severity in ("error", "warning", "note"):
            self.leave("--fail-on=" + severity)
        self.leave("--fail-on=never", status=0)

    def test_a_suppressed_finding_does_not_fail(self):
        done = self.leave("--suppressions=" + self.file("s", "%s:main\n" % FINDING), status=0)
        self.assertIn(b"nothing found, 1 suppressed", done.stderr)
        self.assertNotIn(b"Unused", done.stderr)

    def test_unused_suppressions_are_told(self):
        other = self.file("other", "%s:elsewhere # not here\n" % FINDING)
        done = self.audit("--suppressions=" + self.file("s", "%s:main\n" % FINDING), "--suppressions=" + other,
                          "--", LEAVER, "daemon", "1")
        self.assertEqual(re.findall(rb"Unused suppression: (.*)\n", done.stderr),
                         [b"%s:1: %s:elsewhere" % (other.encode(), FINDING.encode())])

    def test_what_is_in_the_baseline_does_not_fail(self):
        self.leave("--format=json", "--output=" + self.path("base"))
        done = self.leave("--baseline=" + self.path("base"), status=0)
        self.assertIn(b"1 error (1 in the baseline)", done.stderr)


class Refused(Audit):
    def test_what_cannot_be_written(self):
        missing = self.path("missing/file")
        self.assert_refused("--output=" + missing, says=["cannot write the report " + missing])
        self.assert_refused("--output=" + self.directory, says=["Is a directory"])
        self.assert_refused("--record=" + missing, says=["cannot write the record " + missing])
        self.assert_refused("--record=/dev/null", says=["not a regular file"])
        self.assertEqual(self.interim(), [])

    def test_a_closed_standard_output(self):
        self.assert_refused("--format=json", says=["standard output", "closed"],
                            preexec_fn=lambda: os.close(1))

    def test_two_things_in_one_place(self):
        path = self.path("file")
        other = os.path.join(self.directory, "runtime", "..", "file")
        os.mkdir(self.path("runtime"), 0o700)
        for words in (["--format=json", "--format=sarif"],
                      ["--output=" + path, "--record=" + path],
                      ["--output=" + path, "--record=" + other],
                      ["--output=" + path, "--report=" + path],
                      ["--format=json", "--output=" + path, "--format=html", "--output=" + path],
                      ["--format=json", "--output=" + path, "--format=html", "--output=" + other]):
            self.assert_refused(*words)
        self.assertEqual(self.interim(), [])

    def test_bad_values(self):
        for words in (["--format=xml"], ["--format="], ["--output="], ["--fail-on=all"], ["--record="],
                      ["--error-exitcode=256"], ["--error-exitcode=-1"], ["--error-exitcode=x"],
                      ["--record-size=0"], ["--record-size=5G"], ["--record-size=1MB"], ["--record-size="],
                      ["--record-size=99999999999999999999999"], ["--stall=soon"], ["--suppressions="],
                      ["--baseline="], ["--unknown"], ["--quiet=1"], ["--contain=all"]):
            self.assert_refused(*words, says=["audit: "])
        self.assert_refused(*["--suppressions=" + self.file("s")] * 17, says=["more than 16"])

    def test_run_does_not_have_them(self):
        done = subprocess.run([FORKPROOF, "run", "--format=json", "--", "true"], capture_output=True,
                              timeout=60, env=self.environment)
        self.assertEqual((done.returncode, done.stderr), (125, b"forkproof: run: unknown option '--format=json'\n"))

    def test_a_bad_suppression(self):
        self.assert_refused("--suppressions=" + self.file("s", "\n  nonsense:main\n"), says=[":2:3: "])
        self.assert_refused("--suppressions=" + self.path("missing"), says=["No such file"])

    def test_a_bad_baseline(self):
        for text in ("", "[", "[]", "{}", '{"report":"run"}'):
            self.assert_refused("--baseline=" + self.file("b", text))
        self.assert_refused("--baseline=" + self.path("missing"), says=["No such file"])

    def test_nothing_to_run(self):
        done = self.audit(status=125)
        self.assertEqual(done.stderr, b"forkproof: audit: no program given; see forkproof audit --help\n")

    def test_help(self):
        self.assertIn(b"forkproof audit [OPTION]", self.audit("--help").stdout)
        self.assertIn(b"forkproof report [OPTION]", self.report("--help").stdout)


class Full(Audit):
    def test_a_full_disk(self):
        done = self.audit("--format=json", "--output=/dev/full", "-q", "--", "true", status=125)
        self.assert_one_line(done.stderr, "cannot write the report /dev/full: No space left")
        self.audit("--format=json", "--output=/dev/full", "-q", "--", "sh", "-c", "exit 4", status=4)
        with open("/dev/full", "w") as full:
            done = subprocess.run(self.command("--format=json", "-q", "--", "true"), stdout=full,
                                  stderr=subprocess.PIPE, timeout=60, env=self.environment)
        self.assertEqual(done.returncode, 125)
        self.assert_one_line(done.stderr, "cannot write the report: No space left")

    def test_a_record_that_does_not_fit(self):
        """The analysis is made all the same."""
        done = self.audit("--record=" + self.path("record"), "--record-size=1M", "--", LEAVER, "daemon", "1",
                          status=125, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536)))
        self.assertIn(b"cannot make the record", done.stderr)

    def test_limits(self):
        for limit, most in ((resource.RLIMIT_AS, 400 << 20), (resource.RLIMIT_FSIZE, 4 << 20)):
            def lower(limit=limit, most=most):
                resource.setrlimit(limit, (most, most))
            done = self.audit("--format=json", "-q", "--", "sh", "-c", "true; (exit 0)", preexec_fn=lower)
            self.assertEqual(json.loads(done.stdout)["coverage"]["images_without_hooks"], 0)

    def test_descriptors(self):
        """One line and 125, or an audit as ever."""
        ran = []
        for most in range(6, 32):
            done = self.run_to_end("-q", "--record=" + self.path("r"), "--format=json", "--output=" + self.path("out"),
                                   "--", "sh", "-c", "exit 3",
                                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most)))
            with self.subTest(descriptors=most):
                self.assertIn(done.returncode, (3, 125), done.stderr)
                self.assertEqual(self.interim(), [])
                if done.returncode == 3:
                    ran.append(most)
                    self.assertEqual(done.stderr, b"")
                else:
                    self.assertRegex(done.stderr, rb"\A(forkproof: [^\n]*: Too many open files\n){1,2}\Z")
        self.assertIn(31, ran)

    def test_a_full_record_is_told_and_the_end_is_known(self):
        words = "i=0; while [ $i -lt 60 ]; do /bin/true; i=$((i+1)); done; %s daemon 1" % LEAVER
        done = self.audit("--record-size=1M", "--format=json", "-q", "--", "sh", "-c", words, status=99)
        report = json.loads(done.stdout[done.stdout.index(b"{"):])
        self.assertGreater(report["coverage"]["lost_events"], 0)
        self.assertEqual(report["run"]["status"], {"exited": 0})
        self.assertIn(FINDING, [f["rule"] for f in report["findings"]])


class Record(Audit):
    def findings(self, report):
        return sorted((f["rule"], f["fingerprint"]) for f in json.loads(report)["findings"])

    def test_report_says_the_same(self):
        for rung in RUNGS:
            record = self.path("record-" + rung)
            self.leave("--contain=" + rung, "--record=" + record, "--format=json", "--output=" + self.path("json"))
            with open(self.path("json")) as f:
                expected = f.read()
            again = self.report("--format=json", record, status=99)
            self.assertEqual(again.stdout.decode(), expected)
            self.assertEqual(len(self.findings(expected)), 1)

    def test_it_is_the_users_own_from_the_first(self):
        done = self.run_to_end("--record=" + self.path("record"), "sh", "-c",
                               "stat -c %%a %s/.record.*" % self.directory, umask=0)
        self.assertEqual(done.stdout, b"600\n")

    def test_it_is_the_users_own_and_small(self):
        record = self.path("record")
        self.leave("--record=" + record)
        status = os.stat(record)
        self.assertEqual(status.st_mode & 0o777, 0o600)
        self.assertLess(status.st_size, 4 << 20)
        self.assertLess(status.st_blocks * 512, 1 << 20)

    def test_report_is_text_on_stdout(self):
        record = self.path("record")
        self.leave("--record=" + record)
        done = self.report(record, status=99)
        self.assertRegex(done.stdout, SUMMARY)
        self.assertEqual(done.stderr, b"")
        self.report("--fail-on=never", record)
        self.report("--error-exitcode=3", record, status=3)
        self.report("--suppressions=" + self.file("s", FINDING + ":main"), record)

    def test_bad_records(self):
        record = self.path("record")
        self.leave("--record=" + record)
        with open(record, "rb") as f:
            good = f.read()
        rows = [(b"", "offset 0: empty"), (b"forkproof", "not a record"), (good[:4], "within the head"),
                (good[:100], "within the head"), (b"\177ELF" + good[4:], "not a record"),
                (good[:8] + b"\1" + good[9:], "version 1; this forkproof reads 2"),
                (good[:12] + b"\1" + good[13:], "chunks of"), (good[:8] + bytes(64) + good[72:], "version 0")]
        for number, (content, says) in enumerate(rows):
            bad = self.path("bad%d" % number)
            with open(bad, "wb") as f:
                f.write(content)
            done = self.report("--output=" + self.path("out"), bad, status=125)
            self.assert_one_line(done.stderr, "cannot read %s: " % bad, says)
            self.assertFalse(os.path.exists(self.path("out")))
        self.assertEqual(self.interim(), [])

    def test_no_records(self):
        os.mkfifo(self.path("fifo"))
        for name, says in (("fifo", "not a regular file"), ("", "not a regular file"), ("missing", "No such file")):
            self.assert_one_line(self.report(self.path(name), status=125).stderr, says)
        self.assert_one_line(self.report(status=125).stderr, "no record given")
        self.assert_one_line(self.report("a", "b", status=125).stderr, "more than one")
        self.assert_one_line(self.report("--record=a", "b", status=125).stderr, "unknown option")
        self.assert_one_line(self.report("--output=r", "r", status=125).stderr, "place of the record")

    def test_damage_is_told_with_its_offset(self):
        record = self.path("record")
        self.leave("--record=" + record)
        os.truncate(record, os.path.getsize(record) - 20000)
        done = self.report("--fail-on=never", record)
        self.assertRegex(done.stderr, rb"forkproof: [^\n]*record: damaged at offset \d+: the file ends here")
        self.assertRegex(done.stdout, SUMMARY)

    def start_analysis(self, record):
        """An audit that has begun to write into a pipe that nobody reads; and its analysis."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        process = subprocess.Popen(
            self.command("--record=" + record, "--format=html", "-q", "--", "sh", "-c",
                         "i=0; while [ $i -lt 300 ]; do (exit 0); i=$((i+1)); done"),
            stdout=write, stderr=subprocess.PIPE, env=self.environment)
        self.started.append(process)
        os.close(write)
        read_until(read, b"<")
        return process, self.only_child(process.pid, "fp-analysis")

    def assert_without_report(self, process, record, says):
        self.assertEqual(process.wait(60), 125)
        self.assertEqual(process.stderr.read(), b"forkproof: audit: the analysis was %s\n" % says)
        self.report(record)

    def test_an_analysis_that_dies_loses_no_record(self):
        record = self.path("record")
        process, analysis = self.start_analysis(record)
        send(analysis, "KILL")
        self.assert_without_report(process, record, b"ended by SIGKILL; there is no report, but the record is kept: "
                                   + record.encode())

    def test_an_analysis_can_be_interrupted(self):
        record = self.path("record")
        process, _ = self.start_analysis(record)
        process.terminate()
        self.assert_without_report(process, record, b"interrupted; there is no report")

    def test_a_guard_that_is_killed_leaves_the_record(self):
        record = self.path("record")
        process, held = self.start_held("--record=" + record, "sh", "-c", "echo ready $$; exec sleep 1000")
        self.ready(process)
        process.kill()
        self.assert_all_gone(held)
        wait_for(lambda: os.path.exists(record), "a record")
        wait_for(lambda: not self.runs(), "the end")
        self.report("--fail-on=never", record)


class Members(Audit):
    def environment_of(self, *command):
        done = subprocess.run([FORKPROOF, *command, "env"], capture_output=True, timeout=60, env=self.environment)
        self.assertEqual(done.returncode, 0, done.stderr)
        return dict(line.split("=", 1) for line in done.stdout.decode().splitlines())

    def test_one_variable_more(self):
        for rung in RUNGS:
            run = self.environment_of("run", "-q", "--contain=" + rung)
            audit = self.environment_of("audit", "-q", "--contain=" + rung)
            self.assertEqual(set(audit) - set(run), {"FORKPROOF_RECORD"})
            self.assertRegex(audit["LD_PRELOAD"], r"/libforkproof-audit\.so$")

    def test_no_descriptor(self):
        def fds(*command):
            done = subprocess.run([FORKPROOF, *command, "-q", "ls", "/proc/self/fd"], capture_output=True,
                                  timeout=60, env=self.environment)
            return done.stdout
        self.assertEqual(fds("audit", "--format=json", "--output=" + self.path("out"), "--record=" + self.path("r")),
                         fds("run"))

    def test_the_program_closes_its_output_for_its_reader(self):
        """Unless a report is to follow there."""
        process, write = None, None
        read, write = os.pipe()
        process = subprocess.Popen(self.command("--", "sh", "-c", "exec >&-; read x"), stdout=write,
                                   stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment)
        self.started.append(process)
        os.close(write)
        self.assertEqual(read_until(read, None), b"")
        os.close(read)
        process.stdin.close()
        self.assertEqual(process.wait(60), 1)

    def test_one_library_in_runs_within_audits(self):
        for outer, inner in (("audit", "run"), ("run", "audit"), ("audit", "audit")):
            found = self.environment_of(outer, "-q", FORKPROOF, inner, "-q")
            self.assertEqual(found["LD_PRELOAD"].count("libforkproof"), 1, found["LD_PRELOAD"])
            self.assertIn("libforkproof-audit.so", found["LD_PRELOAD"])
            self.assertIn("FORKPROOF_RECORD", found)

    def test_a_run_within_belongs_to_the_audit(self):
        done = self.audit("--format=json", "-q", "--", FORKPROOF, "run", "-q", "--", "sh", "-c", "(exit 3); true")
        argvs = [process["argv"] for process in json.loads(done.stdout)["processes"]]
        self.assertIn(["sh", "-c", "(exit 3); true"], argvs)

    def test_a_library_that_is_not_there(self):
        copies = self.path("copies")
        os.mkdir(copies)
        library = os.path.join(copies, "libforkproof.so")
        with open(library, "wb") as to, open(os.environ["FORKPROOF_LIBRARY"], "rb") as f:
            to.write(f.read())
        self.environment["FORKPROOF_LIBRARY"] = library
        self.assert_refused(says=["libforkproof-audit.so", "No such file"])

    def test_it_is_named_itself(self):
        library = os.path.join(os.path.dirname(os.environ["FORKPROOF_LIBRARY"]), "libforkproof-audit.so")
        self.environment["FORKPROOF_LIBRARY"] = library
        self.audit("-q", "--", "true")


if __name__ == "__main__":
    unittest.main()
