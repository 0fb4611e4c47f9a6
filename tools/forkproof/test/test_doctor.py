"""forkproof doctor tells what forkproof run does here, why not more, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import unittest

import filters
import harness
from harness import FORKPROOF, RUNGS


class Doctor(harness.Case):
    def doctor(self, *words, status=0, **options):
        options.setdefault("env", self.environment)
        done = subprocess.run([self.forkproof, "doctor", *words], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=harness.DEADLINE, **options)
        self.assertEqual((done.returncode, done.stderr), (status, b""))
        return done.stdout.decode()

    def examine(self, **options):
        told = json.loads(self.doctor("--json", **options))
        self.assertEqual(told["schema"], 1)
        return told

    def plain(self):
        """What makes forkproof run as a plain user, with an environment."""
        if os.geteuid() != 0:
            self.skipTest("needs root to become somebody else")
        return self.as_user()[-1]

    def assert_as_run(self, told, **options):
        for name, rung in told["rungs"].items():
            done = self.run_to_end("--strict", "--contain=" + name, "true", **options)
            self.assertEqual(done.returncode, 0 if rung["ok"] else 125, name)
            self.assertEqual(rung["why_not"] is None, rung["ok"])
            if not rung["ok"]:
                self.assertIn(rung["why_not"].split(";")[0], done.stderr.decode())
        report = os.path.join(self.directory, "plain" if options else "", "report.json")
        self.run_to_end("--report=" + report, "true", **options)
        with open(report) as f:
            self.assertEqual(json.load(f)["rung"]["obtained"], told["auto"])
        os.unlink(report)

    def test_it_tells_what_run_does(self):
        told = self.examine()
        self.assertEqual([name for name, rung in told["rungs"].items() if rung["ok"]], RUNGS)
        self.assertEqual(told["strongest"], RUNGS[0])
        self.assert_as_run(told)
        self.assertTrue(told["works"] and told["proc"]["ok"])
        self.assertEqual(told["runtime_directory"]["path"], self.runtime)
        self.assertEqual(told["library"]["path"], harness.preload_path())
        self.assertTrue(told["library"]["ok"], told["library"])

    def test_as_a_plain_user(self):
        options = self.plain()
        told = self.examine(**options)
        self.assertEqual(told["auto"], "walk")
        self.assert_as_run(told, **options)

    def test_as_a_plain_user_without_user_namespaces(self):
        options = self.plain()
        options["preexec_fn"] = lambda: filters.refuse_flags(filters.CLONE, filters.CLONE_NEWUSER, 1)
        told = self.examine(**options)
        self.assertEqual(told["strongest"], "walk")
        self.assertIn("user namespace: Operation not permitted", told["rungs"]["pidns"]["why_not"])
        self.assert_as_run(told, **options)

    def test_a_kernel_without_pidfds(self):
        told = self.examine(preexec_fn=lambda: filters.refuse(filters.PIDFD_OPEN, 38))
        self.assertEqual(told["kernel"]["pidfd_open"], {"ok": False, "why_not": "before Linux 5.3"})
        self.assertFalse(told["rungs"]["pidns"]["ok"])
        self.assertTrue(told["works"])

    def test_the_text_fits_and_tells_the_same(self):
        text = self.doctor()
        for line in text.splitlines():
            if "/" not in line:  # a path is not broken
                self.assertLessEqual(len(line), 80)
            self.assertEqual(line, line.rstrip())
        told = self.examine()
        for name, rung in told["rungs"].items():
            self.assertRegex(text, r"(?m)^  %s +%s" % (name, "ok" if rung["ok"] else "no"))
        self.assertIn("--contain=auto takes %s; the strongest to be had is %s."
                      % (told["auto"], told["strongest"]), text)

    def test_other_systems_are_not_said_to_be_run(self):
        told = self.examine()["other_systems"]
        self.assertEqual(set(told), {"macos", "freebsd", "netbsd", "openbsd"})
        text = self.doctor()
        for system in told.values():
            self.assertEqual(system["state"], "compiles, not run")
            self.assertRegex(text, r"(?m)^  %s +compiles, not run; " % system["name"])
            for ability in system["abilities"].values():
                self.assertEqual(ability["is"] == "full", ability["why_not"] is None, ability)
        self.assertEqual({name: system["abilities"]["reaper"]["is"] for name, system in told.items()},
                         {"macos": "none", "freebsd": "full", "netbsd": "none", "openbsd": "none"})

    def test_the_page_on_porting_tells_the_same(self):
        """docs/porting.md has the table of shim/record/systems.h."""
        told = list(self.examine()["other_systems"].values())
        with open(os.path.join(os.path.dirname(__file__), "..", "..", "..", "docs", "porting.md")) as f:
            rows = f.read().splitlines()
        for name, ability in told[0]["abilities"].items():
            here = [system["abilities"][name] for system in told]
            why = next((one["why_not"] for one in here if one["why_not"]), "")
            self.assertIn("| %s | %s | %s |" % (ability["what"], " | ".join(one["is"] for one in here), why), rows)

    def test_reasons_are_wrapped(self):
        text = self.doctor(**self.plain())
        self.assertLessEqual(max(len(line) for line in text.splitlines() if "/" not in line), 80)
        self.assertRegex(text, r"(?m)^  cgroup +no ")

    def test_libraries(self):
        told = self.examine(status=125, env=dict(self.environment, FORKPROOF_LIBRARY="/etc/passwd"))
        self.assertIn("not an ELF object", told["library"]["why_not"])
        self.assertFalse(told["works"])
        with open(os.environ["FORKPROOF_LIBRARY"], "rb") as f:
            text = f.read()
        old = b"forkproof version " + told["forkproof"].encode()
        self.assertEqual(text.count(old), 1)
        other = os.path.join(self.directory, "other.so")
        with open(other, "wb") as f:
            f.write(text.replace(old, b"forkproof version 9.9.9"))
        told = self.examine(env=dict(self.environment, FORKPROOF_LIBRARY=other))
        self.assertEqual((told["library"]["ok"], told["library"]["version"]), (False, "9.9.9"))
        self.assertIn("version 9.9.9, the command of", told["library"]["why_not"])
        self.assertTrue(told["works"])

    def test_a_runtime_directory_that_is_not_private(self):
        os.mkdir(self.runtime, 0o770)
        os.chmod(self.runtime, 0o770)
        told = self.examine(status=125)
        self.assertIn("others may enter", told["runtime_directory"]["why_not"])
        self.assertIn("forkproof run does not work here.", self.doctor(status=125))

    def in_mount_namespace(self, script, *words, **options):
        if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
            self.skipTest("needs a mount namespace")
        return subprocess.run(["unshare", "-m", "sh", "-c", script, "sh", *words], capture_output=True,
                              timeout=harness.DEADLINE, **options)

    def test_without_proc(self):
        done = self.in_mount_namespace("while umount -l /proc; do :; done 2> /dev/null; exec \"$@\"",
                                       FORKPROOF, "doctor", "--json", env=self.environment)
        self.assertEqual((done.returncode, done.stderr), (125, b""))
        told = json.loads(done.stdout)
        self.assertEqual(told["proc"], {"ok": False, "why_not": "/proc is not mounted"})
        self.assertEqual((told["auto"], told["works"]), ("none", False))

    def test_with_hidepid(self):
        options = self.plain()
        script = ("mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534"
                  " --clear-groups \"$@\"")
        done = self.in_mount_namespace(script, self.forkproof, "doctor", "--json", env=options["env"],
                                       cwd="/")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        told = json.loads(done.stdout)
        self.assertEqual(told["kernel"]["proc_others"]["why_not"], "/proc is mounted with hidepid")

    def test_a_caller_that_ignores_its_children(self):
        ignoring = self.examine(preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        told = self.examine()
        self.assertEqual(ignoring["kernel"], told["kernel"])
        self.assertEqual(ignoring["strongest"], told["strongest"])

    def test_bad_input(self):
        for words, part in ((["--nope"], "option '--nope'"), (["now"], "argument 'now'"),
                            (["--json=1"], "option '--json=1'")):
            done = subprocess.run([FORKPROOF, "doctor", *words], capture_output=True)
            self.assertEqual((done.returncode, done.stdout), (125, b""))
            self.assertEqual(done.stderr.decode(), "forkproof: doctor: unknown %s\n" % part)
        with open("/dev/full", "w") as full:
            done = subprocess.run([FORKPROOF, "doctor"], stdout=full, env=self.environment)
        self.assertEqual(done.returncode, 125)

    def test_help(self):
        done = subprocess.run([FORKPROOF, "doctor", "--help"], capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertLessEqual(max(map(len, done.stdout.decode().splitlines())), 80)


if __name__ == "__main__":
    unittest.main()
