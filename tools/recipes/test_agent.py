#!/usr/bin/python3 -B
"""docs/recipes/agent: a stand-in for a coding agent makes tool calls, dies, and leaves nothing."""

import contextlib
import json
import os
import signal
import subprocess

from processes import environment, living, wait_for
from recipe import Case, main, needs, Place, RECIPES

HERE = RECIPES / "agent"
TIMEOUT = 60

# (command, exit status, processes left behind)
CALLS = (
    ("echo plain", 0, 0),
    ("exit 7", 7, 0),
    ("cat", 0, 0),
    ("sleep 1000 >/dev/null 2>&1 & echo started", 0, 1),
    ("nohup sleep 1000 >/dev/null 2>&1 & exit 3", 3, 1),
    ("setsid sleep 1000 >/dev/null 2>&1 & kill -9 $$", 137, 1),
    ("env -i setsid sleep 1000 >/dev/null 2>&1 & disown; true", 0, 1),
    ("timeout 0.2 sleep 1000", 124, 0),
    ("true | false; exit ${PIPESTATUS[1]}", 1, 0),
    ("no-such-program-at-all 2>/dev/null", 127, 0),
)
# Its first line is its only call's command; it ends when that call does.
AGENT = """
import subprocess, sys
print(subprocess.Popen([sys.argv[1], "-c", sys.stdin.readline()]).pid, flush=True)
sys.stdin.read()
"""


@needs("bash", "setsid")
class Agent(Case):
    def setUp(self):
        super().setUp()
        self.environment = dict(os.environ, FORKPROOF_RECIPE=str(self.directory), PATH=Place.path(HERE),
                                AGENT_SHELL_LOG=str(self.directory / "log"),
                                FORKPROOF_RUNTIME_DIR=str(self.directory / "runs"))
        self.addCleanup(self.end_members)

    def end_members(self):
        """What a failed test has left."""
        while pids := self.members():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    def call(self, command, stdin=""):
        return subprocess.run([HERE / "agent-shell", "-c", command], cwd=self.directory, env=self.environment,
                              input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=TIMEOUT)

    def run_tool(self, *words):
        done = subprocess.run(words, env=self.environment, stdout=subprocess.PIPE, text=True, timeout=TIMEOUT,
                              check=True)
        return done.stdout

    def hygiene(self):
        return [json.loads(line) for line in self.run_tool(HERE / "hygiene").splitlines()]

    def members(self):
        """Living processes of this test: by their environment, or their directory where they have emptied it."""
        mark = f"FORKPROOF_RECIPE={self.directory}".encode()
        return living(lambda entry: mark in environment(entry.name) or (entry / "cwd").samefile(self.directory))

    def assert_nothing_left(self):
        """At once after a call; after a kill -9 of forkproof's command its guard still has to do it."""
        wait_for(lambda: not self.members(), "nothing left", TIMEOUT)

    def agent(self, command, *under):
        agent = subprocess.Popen([*under, "/usr/bin/python3", "-c", AGENT, HERE / "agent-shell"],
                                 cwd=self.directory, env=self.environment,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.addCleanup(agent.wait)
        self.addCleanup(agent.kill)
        self.addCleanup(agent.stdout.close)
        self.addCleanup(agent.stdin.close)
        agent.stdin.write(command + "\n")
        agent.stdin.flush()
        wrapper = int(agent.stdout.readline())
        self.assertEqual("ready\n", agent.stdout.readline())
        return agent, wrapper


class Calls(Agent):
    def test_each_call_has_its_own_status_and_leaves_nothing(self):
        for command, status, _ in CALLS:
            with self.subTest(command):
                done = self.call(command, stdin="typed\n")
                self.assertEqual(status, done.returncode, done.stderr)
                self.assertEqual("", done.stderr)
                self.assertEqual([], self.members())
                if command == "cat":
                    self.assertEqual("typed\n", done.stdout)
        lines = {line["argv"][-1]: line for line in self.hygiene()}
        for command, status, left in CALLS:
            with self.subTest(command):
                line = lines[command]
                self.assertEqual("ended", line["state"])
                self.assertEqual((status, left, 0), (line["status"], line["left"], line["kept"]))
        self.assertEqual(len(CALLS), len(lines))

    def test_what_ignores_the_request_is_killed_after_the_grace(self):
        self.environment["AGENT_SHELL_GRACE"] = "100ms"
        fifo = self.directory / "ready"
        os.mkfifo(fifo)
        done = self.call(f"(trap '' TERM; echo ready >{fifo}; exec sleep 1000 >/dev/null) & cat {fifo}")
        self.assertEqual((0, "ready\n"), (done.returncode, done.stdout))
        self.assertEqual([], self.members())
        (line,) = self.hygiene()
        self.assertEqual((1, 1), (line["left"], line["killed"]))

    def test_calls_at_the_same_time_have_a_report_each(self):
        calls = [subprocess.Popen([HERE / "agent-shell", "-c", f"exit {n}"], env=self.environment)
                 for n in range(20)]
        self.assertEqual(list(range(20)), [call.wait(TIMEOUT) for call in calls])
        self.assertEqual(list(range(20)), sorted(line["status"] for line in self.hygiene()))

    def test_the_summary_names_what_was_left(self):
        self.call("true")
        self.call("setsid sleep 1000 >/dev/null 2>&1 & until grep -qsx sleep /proc/$!/comm; do :; done")
        said = self.run_tool(HERE / "hygiene", "--summary")
        self.assertRegex(said, r"\A2 calls, 1 left something: 1 processes, 0 of them ended by SIGKILL; "
                               r"0 interrupted, 0 without a report\n.*left 'sleep 1000'\n\Z")


class Servers(Agent):
    def test_a_server_that_is_meant_outlives_its_call_and_ends_by_name(self):
        done = self.call("serve dev sleep 1000; sleep 1000 >/dev/null 2>&1 &")
        self.assertEqual((0, ""), (done.returncode, done.stderr))
        self.assertRegex(self.run_tool("forkproof", "ps"), r"(?m)^dev .* running +sleep 1000$")
        (line,) = self.hygiene()
        self.assertEqual(1, line["left"])
        self.assertLessEqual(1, line["kept"])
        self.run_tool("forkproof", "kill", "dev")
        self.assert_nothing_left()

    def test_a_second_server_of_a_name_is_refused(self):
        self.assertEqual(0, self.call("serve dev sleep 1000").returncode)
        done = self.call("serve dev sleep 1000")
        self.run_tool("forkproof", "kill", "dev")
        self.assert_nothing_left()
        self.assertEqual(125, done.returncode)
        self.assertRegex(done.stderr, "forkproof: the name 'dev' is taken by run ")


class Killed(Agent):
    COMMAND = "setsid sleep 1000 >/dev/null 2>&1 & echo ready; sleep 1000"

    def test_a_killed_call_leaves_nothing(self):
        _, wrapper = self.agent(self.COMMAND)
        os.kill(wrapper, signal.SIGKILL)
        wait_for(lambda: all(line["state"] == "ended" for line in self.hygiene()), "the end of the run", TIMEOUT)
        (line,) = self.hygiene()
        self.assertTrue(line["interrupted"])

    def test_a_killed_agent_leaves_nothing(self):
        under = [Place.forkproof(), "run", "-q", "--grace=1s", "--"]
        agent, _ = self.agent("serve dev sleep 1000; " + self.COMMAND, *under)
        (child,) = [pid for pid in self.members() if self.is_agent(pid)]
        os.kill(child, signal.SIGKILL)
        self.assertEqual(137, agent.wait(TIMEOUT))
        self.assert_nothing_left()

    def is_agent(self, pid):
        with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            return cmdline.read().startswith(b"/usr/bin/python3\0")


if __name__ == "__main__":
    main()
