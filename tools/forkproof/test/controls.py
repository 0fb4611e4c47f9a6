"""What the suites of --until, --keep, --name, ps, kill, stop and cont share."""

import json
import os
import shutil
import struct
import subprocess

import harness
from harness import Case, LEAVER, send, state

BREEDER = os.path.join(harness.HELPERS, "breeder")
STRANGER = 65534
MAGIC = 0x66703031
STATUS, END, SIGNAL, STOP, CONT = range(5)


def order(kind, run, sig=0, name=""):
    """What the command sends over the control socket."""
    return struct.pack("@IIi32s65s0i", MAGIC, kind, sig, run.encode(), name.encode())


class Controls(Case):
    def ask(self, *words, **options):
        options.setdefault("env", self.environment)
        return subprocess.run([self.forkproof, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, timeout=harness.DEADLINE, **options)

    def obey(self, *words):
        done = self.ask(*words)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, b"", b""))

    def refuse(self, words, text, **options):
        done = self.ask(*words, **options)
        self.assertEqual(done.returncode, 125, done)
        self.assertRegex(done.stderr.decode(), r"\Aforkproof: [^\n]*(?:%s)[^\n]*\n\Z" % text)

    def ps(self, **options):
        done = self.ask("ps", "--json", **options)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        return json.loads(done.stdout)

    def wait_for_state(self, wanted):
        """And for the guard to have heard of it: the news has woken it before the supervisor answers."""
        harness.wait_for(lambda: [run["state"] for run in self.ps()] == [wanted], "state " + wanted)
        guard = int(self.ps()[0]["id"].split("-")[0])
        # A shell names the job before it gives it the terminal and continues it.
        harness.wait_for(lambda: state(guard) == "S", "a guard that has heard of it, and runs")

    def report(self):
        with open(os.path.join(self.directory, "report.json")) as f:
            return json.load(f)

    def agent(self, name="agent", program=LEAVER):
        """A program of that name that stays."""
        path = os.path.join(self.directory, name)
        if not os.path.exists(path):
            shutil.copy(program, path)
        return path

    def end_kept(self, read):
        for pid in self.survivors():
            send(pid, "KILL")
        self.assert_all_gone(read)
