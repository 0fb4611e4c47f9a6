"""64-bit and 32-bit programs that start one another: hooked all the way, without a word."""

import pathlib
import sys
import tempfile
import unittest

from differential import BIN, SHIM, SKIPPED, Differential, environment, run, shim_copied_to

WIDE = BIN / "show"
NARROW = BIN / "i386" / "show"
MUSL = BIN / "musl" / "show"
CALLS = ("execve", "execv", "execvpe", "execl", "execle", "execlp", "execveat", "fexecve")

if not NARROW.is_file():
    print("no 32-bit libc to build with: skipped")
    sys.exit(SKIPPED)


def chain(*programs):
    argv = []
    for program in programs[:-1]:
        argv += [program, "then"]
    return [*argv, programs[-1], "hooked"]


class Classes(Differential):
    def hooked(self, *programs, shim=SHIM):
        outcome = run(chain(*programs), environment(shim=shim))
        self.assertEqual((outcome.status, outcome.err), (0, ""))
        return [line.removeprefix("hooked ") for line in outcome.out.splitlines()]

    def test_one_after_the_other(self):
        self.assertEqual(self.hooked(WIDE, NARROW, WIDE, NARROW, NARROW, WIDE), ["yes"] * 6)

    def test_as_children_of_a_shell(self):
        outcome = run(["sh", "-c", f"{NARROW} hooked; {WIDE} hooked; env -i {NARROW} hooked"],
                      environment(shim=SHIM))
        self.assertEqual(outcome.lines(), ["status 0"] + ["hooked yes"] * 3)

    def test_kept_from_class_to_class_whatever_the_environment(self):
        for runner, target in (("exec_family", NARROW), ("i386/exec_family", WIDE)):
            for kind in ("empty", "two"):
                for call in CALLS:
                    with self.subTest(runner, call=call, environment=kind):
                        self.assert_same(runner, call, target, kind, "x")
                        bare, shimmed = self.both(runner, call, target, kind, "hooked")
                        self.assertEqual((bare.out, shimmed.out, shimmed.err),
                                         ("hooked no\n", "hooked yes\n", ""))

    def test_the_path_is_kept_as_it_was_given(self):
        """Seen by an image without hooks; what it starts has them again."""
        outcome = run(["env", "-i", NARROW.parent / "show_static"], environment(shim=SHIM))
        expected = f"variable LD_PRELOAD={SHIM}"[:180]  # a long line is cut
        self.assertTrue(any(line.startswith(expected) for line in outcome.lines()), outcome.out)

    @unittest.skipUnless(MUSL.is_file(), "no musl-gcc")
    def test_musl_in_between(self):
        self.assertEqual(self.hooked(WIDE, MUSL, NARROW, MUSL, WIDE), ["yes"] * 5)

    def test_without_a_shim_for_the_other_class(self):
        """The hooks end in the 32-bit program, in silence, and come back in the next."""
        with tempfile.TemporaryDirectory() as folder:
            shim = shim_copied_to(pathlib.Path(folder))
            entry = pathlib.Path(shim).parent.parent / "i686" / "libforkproof.so"
            entry.unlink()
            entry.symlink_to("none.so")
            self.assertEqual(self.hooked(WIDE, NARROW, WIDE, NARROW, shim=shim),
                             ["yes", "no", "yes", "no"])

    def test_a_path_whose_word_was_expanded_once_more(self):
        """As by `sh -c "LD_PRELOAD=$LD_PRELOAD ..."`: nothing is left of it."""
        self.assertEqual(self.hooked(WIDE, shim=SHIM.replace("$PLATFORM", "")), ["yes"])


if __name__ == "__main__":
    unittest.main()
