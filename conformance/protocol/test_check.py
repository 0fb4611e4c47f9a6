#!/usr/bin/python3 -B
"""check: it is content with the adapters that need no compiler, says what is wrong with others, and leaves nothing."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
BUILD = pathlib.Path(os.environ.get("FORKPROOF_BUILD", HERE.parents[1] / "build" / "dev"))
SUBJECTS = HERE.parent / "subjects"
ADAPTERS = (
    [SUBJECTS / "python-subprocess" / "adapter"],
    [SUBJECTS / "python-asyncio" / "adapter"],
    [SUBJECTS / "perl" / "adapter"],
    [SUBJECTS / "lines", "bash", SUBJECTS / "bash" / "adapter.sh"],
    [SUBJECTS / "lines", "dash", SUBJECTS / "dash" / "adapter.sh"],
)
SKIPPED = 77
BEGINNING = """
import json, os, subprocess, sys
requests, answers = open(sys.argv[1]), open(sys.argv[2], "w")
def say(**members):
    print(json.dumps(members), file=answers, flush=True)
say(adapter=1, name="small", version="1", pid=os.getpid(), can=["spawn", "wait"])
"""
ANSWERING = BEGINNING + """
for line in requests:
    request = json.loads(line)
    say(id=request["id"], **({"ok": {}} if request["op"] in ("ping", "end") else %s))
    if request["op"] == "end":
        break
"""
LEAVING = BEGINNING + """
subprocess.Popen(["sleep", "%s"], start_new_session=True)
os._exit(3)
"""


def check(*command):
    return subprocess.run([HERE / "check", "--build", BUILD, *command], stdin=subprocess.DEVNULL, capture_output=True,
                          text=True, check=False)


class Check(unittest.TestCase):
    def small(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".py", delete=False) as file:
            file.write(text)
        self.addCleanup(os.unlink, file.name)
        return check(sys.executable, file.name)

    def test_the_tree_s_own(self):
        for command in ADAPTERS:
            done = check(*command)
            self.assertEqual((0, "all is well"), (done.returncode, done.stdout.splitlines()[-1]), (command, done.stdout))

    def test_what_is_claimed_and_cannot_be(self):
        done = self.small(ANSWERING % {"cannot": "spawn"})
        self.assertEqual(1, done.returncode)
        self.assertIn("not well: spawn, wait: the adapter cannot spawn, which it says that it can: spawn", done.stdout)

    def test_another_answer(self):
        done = self.small(ANSWERING % {"ok": {"exit": 4}})
        self.assertEqual(1, done.returncode)
        self.assertIn('is answered by {"exit": 4}, and should be: {"exit": 3}', done.stdout)

    def test_nothing_is_left(self):
        seconds = f"{os.getpid()}.75"
        done = self.small(LEAVING % seconds)
        self.assertEqual(1, done.returncode)
        self.assertIn("not well: the adapter exited with 3", done.stdout)
        left = [name for name in os.listdir("/proc") if name.isdigit() and is_sleep(name, seconds)]
        self.assertEqual([], left)

    def test_usage(self):
        self.assertEqual([2, 0], [check().returncode, subprocess.run([HERE / "check", "--help"], check=False,
                                                                     capture_output=True).returncode])


def is_sleep(pid, seconds):
    try:
        return pathlib.Path("/proc", pid, "cmdline").read_bytes() == f"sleep\0{seconds}\0".encode("ascii")
    except OSError:
        return False


if __name__ == "__main__":
    if not (BUILD / "conformance" / "helper").is_file():
        print(f"nothing is built in {BUILD}")
        sys.exit(SKIPPED)
    unittest.main()
