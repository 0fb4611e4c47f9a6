"""docs/recipes/pytest: a suite in which tests forget processes, and one in which a server of the session stays."""

import importlib.util
import os
import re
import shutil
import signal
import subprocess
import time
import unittest
import unittest.mock

from recipe import RECIPES, Noting, fenced, main, needs

SUITE = """
import os, signal, subprocess, time, pytest

def note(process):
    with open(os.environ["DEMO_PIDS"], "a") as pids:
        print(process, file=pids)

@pytest.fixture(scope="session")
def server():
    process = subprocess.Popen(["sleep", "600"])
    yield process
    assert process.poll() is None
    process.kill()
    process.wait()

def test_server(server):
    assert server.poll() is None

def test_tidy():
    subprocess.run(["true"], check=True)

def test_forgets():
    note(subprocess.Popen(["sleep", "600"], start_new_session=True).pid)

def test_daemon():
    daemon = "setsid sleep 600 > /dev/null 2>&1 & echo $!"
    note(subprocess.run(daemon, shell=True, check=True, capture_output=True, text=True).stdout.strip())

def test_forked():
    child = os.fork()
    if child == 0:
        os.setsid()
        os.closerange(0, 1000)  # a pipe of a worker's that it kept would have xdist wait
        while True:
            signal.pause()
    note(child)

def test_kills_without_waiting():
    subprocess.Popen(["sleep", "600"]).kill()

def test_server_again(server):
    assert server.poll() is None
"""
PLUGIN = RECIPES / "pytest" / "forkproof_pytest.py"
FORGETFUL = {"test_forgets", "test_daemon", "test_forked"}


def have(module):
    command = ["/usr/bin/python3", "-c", f"import {module}"]
    return subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def load(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@needs("pytest-3")
class Pytest(Noting):
    def setUp(self):
        super().setUp()
        shutil.copy(PLUGIN, self.directory)
        self.text = (RECIPES / "pytest" / "README.md").read_text()
        self.line, self.checked = fenced(self.text, "python")
        (self.directory / "conftest.py").write_text(self.line)
        (self.directory / "test_demo.py").write_text(SUITE)

    def play(self, *before, options=()):
        """The status, what was printed, and the tests that have an error."""
        command = [*before, "pytest-3", "-p", "no:cacheprovider", *options]
        printed = self.directory / "printed"  # a file: what is left behind may hold a pipe open
        with printed.open("w") as out:
            status = subprocess.run(command, cwd=self.directory, env=self.environ, stdin=subprocess.DEVNULL, stdout=out,
                                    stderr=subprocess.STDOUT, check=False).returncode
        output = printed.read_text()
        return status, output, set(re.findall(r"^ERROR test_demo\.py::(\w+)", output, re.MULTILINE))

    def test_plugin_names_the_tests(self):
        status, output, errors = self.play("forkproof", "run", "--")
        self.assertEqual((status, errors), (1, FORGETFUL), output)
        self.assertIn("7 passed, 3 errors", output)
        self.assertNotIn("forkproof: left behind", output)
        self.assertEqual((len(self.noted()), self.left()), (3, []))

    def test_bare_is_as_before(self):
        status, output, errors = self.play()
        self.assertEqual((status, errors), (0, set()), output)
        self.assertIn("nothing is held", output)
        self.assertEqual(len(self.left()), 3)

    @unittest.skipUnless(have("xdist"), "python3-pytest-xdist is not installed")
    def test_two_workers(self):
        status, output, errors = self.play("forkproof", "run", "--", options=["-n", "2"])
        self.assertEqual((status, errors), (1, FORGETFUL - {"test_forked"}), output)
        self.assertIn("forkproof: left behind by pytest-3: 1 process", output)
        self.assertEqual(self.left(), [])

    def test_without_the_plugin(self):
        (self.directory / "conftest.py").unlink()
        run, audit = (line.split("#")[0].split()[:3] for line in fenced(self.text, "sh")[0].splitlines())
        status, output, _ = self.play(*run)
        self.assertEqual(status, 0, output)
        self.assertIn("left behind by pytest-3: 3 processes", output)
        status, output, _ = self.play(*audit)
        self.assertEqual(status, 99, output)
        self.assertEqual(self.left(), [])

    def test_a_program_that_times_out(self):
        names = {"subprocess": subprocess}
        exec(self.checked, names)  # pylint: disable=exec-used
        started = time.monotonic()
        with unittest.mock.patch.dict(os.environ, self.environ), self.assertRaises(subprocess.TimeoutExpired):
            names["checked"]("sh", "-c", "setsid sleep 100 & sleep 100", timeout=1)
        self.assertLess(time.monotonic() - started, 60)

    def test_a_number_that_is_another_processs_now_is_left_alone(self):
        plugin = load(PLUGIN)
        plugin.SETTLE = 0
        with unittest.mock.patch.dict(os.environ, FORKPROOF_RUN=str(self.directory)), subprocess.Popen(
                ["sh", "-c", "echo ready; read -r _"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            ((pid, start),) = plugin.members()
            self.assertEqual((pid, plugin.ended(pid, "1"), process.poll()), (process.pid, True, None))
            with unittest.mock.patch.dict(os.environ, FORKPROOF_RUN="another"):
                self.assertEqual((plugin.ended(pid, start), process.poll()), (True, None))
            self.assertEqual((plugin.ended(pid, start), process.wait()), (False, -signal.SIGKILL))


if __name__ == "__main__":
    main()
