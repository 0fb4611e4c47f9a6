"""What the audit library records of each call; that nobody sees it; that without a record it does nothing.

Besides the variables of differential.py the build gives FORKPROOF_TEST_DUMP, which runs a program with a record and
prints that (tools/forkproof/audit/test/dump_record.c).
"""

import os
import platform
import re
import subprocess
import unittest

from differential import BIN, SECONDS, SHIM, WORD, Differential, environment, run

DUMP = os.environ.get("FORKPROOF_TEST_DUMP", "")
HAS_STACKS = WORD not in SHIM and platform.machine() in ("x86_64", "aarch64")
WAITED = "wait pid=ROOT asked=CHILD got=CHILD status=300 options=0 flags=3"
# Made in the set-up of calls that need a child which has ended.
ENDED = ["fork pid=ROOT child=CHILD how=fork", "wait pid=ROOT asked=CHILD got=CHILD status=300 options=1000004 flags=1"]
REAPED = "wait pid=ROOT asked=CHILD got=CHILD status=300 options=0 flags=1"
LAST = "exit pid=ROOT status=0 how=return"
EXECUTED = ["image pid=ROOT .*argv='show.*exit.*0.*'", "exit pid=ROOT status=0 how="]

# call -> the lines that must be there in this order; CHILD is one number throughout, as ROOT is.
TABLE = {
    "fork": ["fork pid=ROOT child=CHILD how=fork threads=1", WAITED, LAST],
    "vfork": ["fork pid=ROOT child=CHILD how=vfork threads=1", WAITED, LAST],
    "clone": ["fork pid=ROOT child=CHILD how=clone", WAITED, LAST],
    "SYS_clone": ["fork pid=ROOT child=CHILD how=clone", WAITED, LAST],
    "posix_spawn": ["exec pid=ROOT result=0 .*path='TARGET'", "fork pid=ROOT child=CHILD how=spawn",
                    "wait pid=ROOT asked=CHILD got=CHILD status=0 options=0 flags=3", LAST],
    "posix_spawnp": ["exec pid=ROOT result=0 .*path='show'", "fork pid=ROOT child=CHILD how=spawn", LAST],
    "posix_spawn, failing": ["exec pid=ROOT .*path='/nowhere'", "fork pid=ROOT child=-2 how=spawn", LAST],
    "system": ["shell pid=ROOT how=system flags=1 command='exit 5'", "fork pid=ROOT child=0 how=system",
               "discard pid=ROOT child=0 status=500 how=system", LAST],
    "popen": ["shell pid=ROOT how=popen flags=1 command='exit 5'", "fork pid=ROOT child=0 how=popen",
              "discard pid=ROOT child=0 status=500 how=pclose", LAST],
    "daemon": ["fork pid=ROOT child=0 how=daemon"],
    "forkpty": ["fork pid=ROOT child=CHILD how=forkpty", WAITED, LAST],
    "wordexp": ["fork pid=ROOT child=0 how=wordexp", LAST],
    "wordexp, plain": [LAST],
    "execve": ["exec pid=ROOT result=0 .*path='TARGET'", *EXECUTED],
    "execv": ["exec pid=ROOT result=0 .*path='TARGET'", *EXECUTED],
    "execvp": ["exec pid=ROOT result=0 flags=1 .*path='show'", *EXECUTED],
    "execl": ["exec pid=ROOT result=0 .*path='TARGET'", *EXECUTED],
    "execlp": ["exec pid=ROOT result=0 flags=1 .*path='show'", *EXECUTED],
    "execle": ["exec pid=ROOT result=0 .*path='TARGET'", *EXECUTED],
    "fexecve": ["exec pid=ROOT result=0 .*path=''", "image pid=ROOT", "exit pid=ROOT status=0 how="],
    "execve, failing": ["exec pid=ROOT result=0 .*path='/nowhere'", "exec pid=ROOT result=-2 .*path='/nowhere'", LAST],
    "execve, bad": ["exec pid=ROOT result=0 .*path='' .*cut", "exec pid=ROOT result=-14 .*path='' .*cut", LAST],
    "SYS_execve": ["exec pid=ROOT result=0 .*path='TARGET'", *EXECUTED],
    "wait": [*ENDED, "wait pid=ROOT asked=-1 got=CHILD status=300 options=0 flags=1", LAST],
    "wait, without": [*ENDED, "wait pid=ROOT asked=-1 got=CHILD status=300 options=0 flags=3", LAST],
    "waitpid": [*ENDED, REAPED, LAST],
    "wait3": [*ENDED, "wait pid=ROOT asked=-1 got=CHILD status=300 options=0 flags=1", LAST],
    "wait4": [*ENDED, "wait pid=ROOT asked=CHILD got=CHILD status=300 options=1 flags=1", LAST],
    "waitid": [*ENDED, "wait pid=ROOT asked=CHILD got=CHILD status=300 options=4 flags=1", LAST],
    "waitid, without": [*ENDED, "wait pid=ROOT asked=-1 got=CHILD status=300 options=4 flags=3", LAST],
    "SYS_wait4": [*ENDED, REAPED, LAST],
    "wait, nobody": ["wait pid=ROOT asked=-1 got=-10 status=0 options=0 flags=0", LAST],
    "waitpid, too early": ["fork pid=ROOT child=CHILD", "kill pid=ROOT target=CHILD signal=9 result=0 how=kill",
                           "wait pid=ROOT asked=CHILD got=CHILD status=9 options=0 flags=1", LAST],
    "kill": [*ENDED, "kill pid=ROOT target=CHILD signal=15 result=0 how=kill", REAPED, LAST],
    "kill, self": ["kill pid=ROOT target=ROOT signal=9 result=0 how=kill"],
    "kill, failing": ["kill pid=ROOT target=1073741823 signal=15 result=-3 how=kill", LAST],
    "killpg": [*ENDED, "kill pid=ROOT target=-CHILD signal=15 result=-3 how=killpg", REAPED, LAST],
    "raise": ["kill pid=ROOT target=ROOT signal=9 result=0 how=raise"],
    "sigqueue": [*ENDED, "kill pid=ROOT target=CHILD signal=15 result=0 how=sigqueue", REAPED, LAST],
    "SYS_tgkill": [*ENDED, "kill pid=ROOT target=CHILD signal=15 result=0 how=tgkill", REAPED, LAST],
    "SYS_pidfd_send_signal": [*ENDED, "kill pid=ROOT target=CHILD signal=15 result=0 how=pidfd", REAPED, LAST],
    "prctl": ["pdeathsig pid=ROOT signal=15 parent=\\d+ result=0", LAST],
    "signal": ["handler pid=ROOT signal=10 how=signal handler=[0-9a-f]{5,} .*result=0", LAST],
    "signal, default": [LAST],
    "signal, ignored": ["handler pid=ROOT signal=13 how=signal handler=1 .*result=0", LAST],
    "sigaction": ["handler pid=ROOT signal=10 how=sigaction handler=[0-9a-f]{5,} flags=10000000 result=0", LAST],
    "sigaction, failing": ["handler pid=ROOT signal=9 how=sigaction handler=[0-9a-f]{5,} flags=0 result=-22", LAST],
    "SYS_rt_sigaction, bad": [LAST],
    "pipe": ["descriptor pid=ROOT what=pipe fd=\\d+ other=\\d+ result=0 flags=0", LAST],
    "pipe2": ["descriptor pid=ROOT what=pipe fd=\\d+ other=\\d+ result=0 flags=2000000", LAST],
    "dup2": ["descriptor pid=ROOT what=dup fd=0 other=9 result=0 flags=0", LAST],
    "dup2, failing": ["descriptor pid=ROOT what=dup fd=-1 other=9 result=-9 flags=0", LAST],
    "exit": ["exit pid=ROOT status=7 how=return"],
    "_exit": ["exit pid=ROOT status=7 how=exit"],
    "_Exit": ["exit pid=ROOT status=7 how=exit"],
    "quick_exit": ["exit pid=ROOT status=7 how=quick_exit"],
    "abort": ["exit pid=ROOT status=6 how=abort"],
    "SYS_exit_group": ["exit pid=ROOT status=7 how=exit"],
    "return": [LAST],
}

# What stands in the record of each run besides what is asked for.
ANY = re.compile(r"(image|inherited|variable|unsafe|atexit|mapping) ")
# More than is listed may be there: the calls of company (a shell, a program that was executed), and of libc itself.
LOOSE = {"system", "popen", "daemon", "wordexp"}


def dump(program, call, **variables):
    target = BIN / "show"
    done = subprocess.run([DUMP, SHIM, BIN / program, call, target], env=environment(**variables),
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS, check=False)
    return done.returncode, done.stdout.decode(errors="replace").splitlines(), done.stderr.decode(errors="replace")


def pattern_of(text, numbers):
    """text as an expression: of ROOT and CHILD the first binds, if it is not known, and others are the same."""
    bound = set()

    def number(match):
        name = match.group()
        if name in numbers:
            return numbers[name]
        if name in bound:
            return f"(?P={name})"
        bound.add(name)
        return f"(?P<{name}>\\d+)"
    return re.compile(re.sub("ROOT|CHILD", number, text).replace("TARGET", re.escape(str(BIN / "show"))) )


def match_in_order(wanted, lines):
    """None, or the first wanted line that is not there."""
    numbers = {}
    at = 0
    for text in wanted:
        pattern = pattern_of(text, numbers)
        while at < len(lines) and not (found := pattern.match(lines[at])):
            at += 1
        if at == len(lines):
            return text
        numbers |= found.groupdict()
        at += 1
    return None


class Audit(Differential):
    libc = ""

    def setUp(self):
        super().setUp()
        if not (BIN / self.libc / "audited").exists():
            self.skipTest("not built here")

    def test_each_call_is_recorded(self):
        for call, wanted in TABLE.items():
            with self.subTest(call):
                _, lines, errors = dump(f"{self.libc}audited", call)
                self.assertEqual(errors, "")
                self.assertIsNone(match_in_order(wanted, lines), "\n".join(lines))
                self.assertRegex(lines[0], "image pid=")
                self.assertFalse([line for line in lines if line.startswith(("losses", "damage"))])

    def test_nothing_else_is(self):
        for call, wanted in TABLE.items():
            if call in LOOSE or "exec" in call or "spawn" in call:
                continue
            with self.subTest(call):
                root = f"pid={self.root_of(lines := dump(f'{self.libc}audited', call)[1])} "
                own = [line for line in lines if root in line and not ANY.match(line)]
                self.assertEqual(len(own), len(wanted), "\n".join(own))

    @staticmethod
    def root_of(lines):
        return re.match(r"image pid=(\d+) ", lines[0]).group(1)

    @unittest.skipUnless(HAS_STACKS, "no stacks are recorded here")
    def test_each_call_has_its_stack(self):
        for call, wanted in TABLE.items():
            with self.subTest(call):
                seen = [line for line in dump(f"{self.libc}audited", call)[1]
                        if not ANY.match(line) and not re.match("exit .* status=0 how=return", line)]
                self.assertTrue(seen or wanted == [LAST])
                for line in seen:
                    self.assertRegex(line, " stack( cut)?$")

    def test_a_status_is_the_programs_own(self):
        for call in TABLE:
            with self.subTest(call):
                bare = run([BIN / f"{self.libc}audited", call, BIN / "show"], environment()).status
                self.assertEqual(dump(f"{self.libc}audited", call)[0], bare if bare >= 0 else 128 - bare)

    def test_an_image_that_does_nothing_is_recorded(self):
        lines = dump(f"{self.libc}audited", "return")[1]
        self.assertRegex(lines[0], r"image pid=\d+ parent=\d+ start=\d+ argv='[^']*return")

    def test_without_a_record_nothing_is_mapped(self):
        argv = [BIN / f"{self.libc}audited", "look", BIN / "show"]
        self.assertEqual(run(argv, environment(shim=SHIM)).out.splitlines(), ["record: none", "variable: none"])
        bad = run(argv, environment(shim=SHIM, FORKPROOF_RECORD="/dev/null"))
        self.assertEqual((bad.status, bad.out.splitlines()), (0, ["record: none", "variable: there"]))

    def test_the_record_is_kept_over_exec_and_not_seen(self):
        lines = dump(f"{self.libc}audited", "look later")[1]  # executed with an empty environment
        self.assertEqual(lines[:2], ["record: mapped", "variable: none"])
        self.assertEqual(len([line for line in lines if line.startswith("image ")]), 2)

    def test_the_record_is_hidden_where_all_is(self):
        lines = dump(f"{self.libc}audited", "look", FORKPROOF_OPTIONS="env=restore")[1]
        self.assertEqual(lines[:2], ["record: mapped", "variable: none"])


class AuditMusl(Audit):
    libc = "musl/"


if __name__ == "__main__":
    unittest.main()
