"""What another user has put where a relative path leads is neither loaded nor run, wherever the program has gone."""

import os
import pathlib
import select
import shutil
import signal
import subprocess
import tempfile
import unittest

from differential import BIN, SECONDS, SHIM, Differential, environment, run


class Strangers(Differential):
    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory(prefix="forkproof-")
        self.addCleanup(folder.cleanup)
        self.here, self.there = pathlib.Path(folder.name, "here"), pathlib.Path(folder.name, "there")
        for place in (self.here, self.there):
            (place / "lib").mkdir(parents=True)
        self.item = f"lib/{os.path.basename(SHIM)}"
        shutil.copy(SHIM, self.here / "lib")

    def lay(self, file):
        """A stranger's file, there, by the name by which ours was found here."""
        shutil.copy(file, self.there / self.item)

    def mapped(self, *argv, cwd):
        """Which libraries an image has that is given no environment."""
        maps = run([*argv, "/bin/cat", "/proc/self/maps"], environment(shim=self.item), cwd=cwd)
        self.assertEqual((maps.status, maps.err), (0, ""))
        return {line.split()[-1] for line in maps.out.splitlines() if line.endswith(".so")}

    def test_the_next_image_has_that_which_this_one_has(self):
        self.lay(BIN / "libmarker1.so")
        ours = str(self.here / self.item)
        self.assertIn(ours, self.mapped("env", "-i", cwd=self.here))
        found = self.mapped("env", "-i", "-C", self.there, cwd=self.here)
        self.assertEqual((ours in found, str(self.there / self.item) in found), (True, False))

    def test_a_path_that_no_list_can_hold_is_not_kept_and_that_is_said(self):
        self.lay(BIN / "libmarker1.so")
        odd = self.here.rename(self.here.with_name("h ere"))
        argv = ["env", "-i", "-C", self.there, "/bin/cat", "/proc/self/maps"]
        outcome = run(argv, environment(shim=self.item), cwd=odd)
        self.assertEqual(outcome.err, f"forkproof: path cannot be kept over exec '{self.item}'\n")
        self.assertNotIn(self.item, outcome.out)

    def test_the_guard_is_no_strangers_program(self):
        ran = self.there / "ran"
        os.mkfifo(ran)
        script = self.there / "script"
        script.write_text(f"#!/bin/sh\necho >{ran}\n")
        script.chmod(0o755)
        self.lay(script)
        for more in ({"shim": self.item}, {"shim": os.path.basename(SHIM), "LD_LIBRARY_PATH": "lib"}):
            with self.subTest(more), open(os.open(ran, os.O_RDONLY | os.O_NONBLOCK), "rb") as stranger:
                base = str(self.here / "registers")
                self.assert_guarded(environment("contain=guard", FORKPROOF_RUNTIME_DIR=base, **more), stranger)

    def assert_guarded(self, env, stranger):
        """What is left of a killed root ends, though its guard had no file to become."""
        command = f"cd {self.there}; sleep 1000 >/dev/null & echo $!; read end"
        with subprocess.Popen(["sh", "-c", command], env=env, cwd=self.here, text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as root:
            child = os.pidfd_open(int(root.stdout.readline()))
            self.addCleanup(os.close, child)
            root.kill()
        first = select.select([child, stranger], [], [], SECONDS)[0]
        if child not in first:
            signal.pidfd_send_signal(child, signal.SIGKILL)
        self.assertEqual(first, [child], "the stranger's program has run" if stranger in first else "no guard")


if __name__ == "__main__":
    unittest.main()
