"""kill=tree: a signal that ends a child reaches what the child has started. Without it, as bare."""

import sys
import unittest

from differential import BIN, SHIM, Differential, environment, run

SENDERS = ("kill", "tgkill", "sigqueue", "number", "pidfd", "pidfd-number")
ENDING = (2, 3, 9, 15)
GENERATIONS = ("child", "grandchild", "great-grandchild")

# Gotcha wait-blocks-on-held-pipe: the shell is killed, what it has started holds the pipe.
HELD_PIPE = """
import subprocess
with subprocess.Popen("echo started; sleep 30; echo late", shell=True, stdout=subprocess.PIPE) as shell:
    shell.stdout.readline()
    shell.kill()
    print(shell.communicate(timeout=20))
"""

# Gotcha watch-restart-leak: a restarter ends the direct child; what that has started piles up.
RESTARTER = """
import os, select, signal, subprocess, sys
left = []
for generation in range(5):
    child = subprocess.Popen("sleep 30 & echo $!; wait", shell=True, stdout=subprocess.PIPE)
    server = os.pidfd_open(int(child.stdout.readline()))
    child.terminate()
    child.wait()
    if not select.select([server], [], [], int(sys.argv[1]))[0]:
        left.append(generation)
        signal.pidfd_send_signal(server, signal.SIGKILL)
print(left)
"""


def ended(number):
    return ["status 0", "0 0", *(f"{name}: child, killed {number}" for name in GENERATIONS)]


class Tree(Differential):
    def test_every_call_and_every_ending_signal(self):
        for sender in SENDERS:
            for number in ENDING:
                with self.subTest(sender=sender, number=number):
                    bare, shimmed = self.both("tree", number, sender, options="kill=tree")
                    self.assertEqual(bare.lines()[3:], ["grandchild: child, exited 5",
                                                        "great-grandchild: child, exited 5"])
                    self.assertEqual(shimmed.lines(), ended(number))

    def test_other_signals_are_bare(self):
        for number in (0, 1, 10):
            with self.subTest(number=number):
                self.assert_same("tree", number, "kill", options="kill=tree")

    def test_without_the_option_as_bare(self):
        for sender in SENDERS:
            with self.subTest(sender=sender):
                self.assert_same("tree", 9, sender)
                self.assert_same("tree", 15, sender, options="kill=process")

    def test_on_small_stacks(self):
        for where in ("thread", "handler"):
            for number in (9, 15):
                with self.subTest(where=where, number=number):
                    _, shimmed = self.both("tree", number, "kill", where, options="kill=tree")
                    self.assertEqual(shimmed.lines(), ended(number))

    @unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
    def test_under_musl(self):
        for sender in SENDERS:
            with self.subTest(sender=sender):
                _, shimmed = self.both("musl/tree", 9, sender, options="kill=tree")
                self.assertEqual(shimmed.lines(), ended(9))

    def test_reader_of_a_killed_shell_sees_the_end_of_the_pipe(self):
        """Bare, communicate() waits for the sleep to end."""
        done = run([sys.executable, "-c", HELD_PIPE], environment("kill=tree", SHIM))
        self.assertEqual((done.status, done.out, done.err), (0, "(b'', None)\n", ""))

    def test_restarter_leaves_no_generation_behind(self):
        bare = run([sys.executable, "-c", RESTARTER, 0], environment())
        self.assertEqual((bare.out, bare.err), ("[0, 1, 2, 3, 4]\n", ""))
        done = run([sys.executable, "-c", RESTARTER, 20], environment("kill=tree", SHIM))
        self.assertEqual((done.out, done.err), ("[]\n", ""))


if __name__ == "__main__":
    unittest.main()
