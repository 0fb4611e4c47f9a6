"""Bad input and bad places: what bare survives the shim survives, with the same answer.

Pointers, numbers and environments as programs get them wrong; scarce memory, processes, descriptors and
stacks; system calls denied by a filter; waits left by every way there is; before main and after it.
"""

import errno
import unittest

from differential import BIN, SHIM, Differential, environment, run

SHOW, STATIC = BIN / "show", BIN / "show_static"
OWN_WAYS = "pipes=cloexec:sigpipe=epipe:kill=tree"  # where calls are not passed through
LATE = "zombies=1"  # the bound at which a zombie goes into the stash as soon as it has a sibling
SLACK = 16


class BadInput(Differential):
    libc = ""

    def same(self, program, *arguments, **more):
        return self.assert_same(self.libc + program, *arguments, **more)

    def same_with_options(self, program, *several):
        for options in several:
            with self.subTest(options=options):
                self.same(program, options=options)

    def same_early_and_late(self, program, *arguments):
        for options in (None, LATE):
            with self.subTest(options=options):
                self.same(program, *arguments, options=options)


class Values(BadInput):
    def test_pointers_given_to_waits(self):
        self.same_early_and_late("bad_wait")

    def test_numbers_given_to_waits(self):
        self.same_early_and_late("bad_options")

    def test_signals(self):
        self.same_early_and_late("bad_signal")

    def test_starters(self):
        self.same("bad_start")

    def test_execs(self):
        self.same("bad_exec", BIN / (self.libc + "show"))

    def test_pipes(self):
        self.same_with_options("bad_pipe", None, OWN_WAYS)

    def test_groups_and_controls(self):
        self.same("bad_group")

    def test_pidfds(self):
        self.same_with_options("bad_pidfd", None, OWN_WAYS)

    def test_dispositions(self):
        self.same_with_options("bad_action", None, OWN_WAYS)

    def test_shells(self):
        self.same("bad_shell")

    def test_daemons_and_terminals(self):
        self.same_with_options("bad_daemon", None, "contain=guard")

    def test_ends(self):
        self.same("bad_end")

    def test_large_environments_leave_nothing_mapped(self):
        self.same("mappings", STATIC)


class Places(BadInput):
    def test_no_process_to_spare(self):
        self.same_early_and_late("scarce", "pids", STATIC)
        self.same("scarce", "processes", STATIC)

    def test_no_descriptor_to_spare(self):
        self.same("scarce", "descriptors", STATIC)

    def test_no_stack_to_spare(self):
        self.same("scarce", "stack", STATIC)

    def test_leaving_a_wait(self):
        bare, shimmed = self.both(self.libc + "leave")
        self.assertEqual((bare.status, bare.out.splitlines()), (shimmed.status, shimmed.out.splitlines()))
        self.assertEqual(bare.status, 0)


class Glibc(BadInput):
    def test_no_page_to_spare(self):
        self.same("scarce", "memory", STATIC)
        self.same("scarce", "locked", STATIC)

    def test_leaving_a_wait_leaves_the_bound(self):
        self.assertLessEqual(int(self.both("leave")[1].err.split()[1]), 64 + SLACK)

    def test_handlers_on_small_stacks(self):
        self.same("tiny_stack", 4096, STATIC, variables={"LD_BIND_NOW": "1"})
        self.same("tiny_stack", 8192, STATIC)

    def test_before_main_and_after_it(self):
        for mode in ("life", "exit", "bare"):
            with self.subTest(mode):
                self.same("edges", mode, STATIC)

    def test_environment_before_main(self):
        for kind in ("empty", "two"):
            with self.subTest(kind):
                self.same("exec_family", "execve", BIN / "edges", kind, "environment", "x")


class Filters(BadInput):
    """What the shim asks of the kernel and bare does not, denied."""

    CALLS = ("process_vm_writev", "process_vm_readv", "pidfd_open", "pidfd_send_signal", "waitid", "madvise",
             "mmap", "munmap", "futex", "nanosleep", "rt_sigprocmask", "rt_sigaction", "getpgid")

    def same_without(self, error, when, *calls):
        with self.subTest(error=errno.errorcode[error], when=when, calls=calls):
            self.same("filtered", STATIC, error, when, *calls)

    def test_each(self):
        for number, call in enumerate(self.CALLS):
            self.same_without((errno.EPERM, errno.ENOSYS)[number % 2], "early", call)
            self.same_without((errno.ENOSYS, errno.EPERM)[number % 2], "late", call)

    def test_several(self):
        for when in ("early", "late"):
            self.same_without(errno.ENOSYS, when, "pidfd_open", "pidfd_send_signal", "process_vm_readv",
                              "process_vm_writev", "madvise", "getpgid", "waitid")


class Environment(BadInput):
    """Garbage in the variables that the shim reads: complaints at most, and the program runs as bare."""

    bare = None

    def same_with(self, complains=False, **variables):
        bare = Environment.bare = Environment.bare or run([BIN / "starters"], environment())
        shimmed = run([BIN / "starters"], environment(shim=SHIM) | variables)
        self.assertEqual((bare.status, bare.out.splitlines()), (shimmed.status, shimmed.out.splitlines()))
        said = {line.partition(": ")[0] for line in shimmed.err.splitlines()}
        self.assertLessEqual(said, {"forkproof"} if complains else set(), shimmed.err)

    def test_several_of_ours(self):
        for between in (":", " ", "::", ": :"):
            for count in (2, 3):
                with self.subTest(between=between, count=count):
                    self.same_with(LD_PRELOAD=between.join([SHIM] * count) + between)

    def test_forged_marks(self):
        for kept in ("", "p", "i", "m", "o", "r", "s", "pimors", "x" * 100000, "\udcff\udcfe", "p" * 7, "=", ":"):
            with self.subTest(kept=kept[:10]):
                self.same_with(FORKPROOF_KEPT=kept)
                self.same_with(FORKPROOF_KEPT=kept, FORKPROOF_SAID="\udcff", FORKPROOF_RUN=kept)

    def test_garbage(self):
        for text in ("\udcff" * 300, "=" * 3000, ":" * 100000, "zombies=" + "9" * 100000, "\x01\x1b[2J", "a" * 130000):
            with self.subTest(text=text[:10], length=len(text)):
                self.same_with(FORKPROOF_RUN=text, FORKPROOF_SAID=text)
                self.same_with(complains=True, FORKPROOF_OPTIONS=text)
                self.same_with(FORKPROOF_OPTIONS=text, FORKPROOF_SAID="1")


@unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
class ValuesUnderMusl(Values):
    libc = "musl/"


@unittest.skipUnless((BIN / "musl").is_dir(), "no musl-gcc")
class PlacesUnderMusl(Places):
    libc = "musl/"

    def test_small_threads(self):
        for variables in (0, 120, 1000):
            self.same("small_stack", variables)


if __name__ == "__main__":
    unittest.main()
