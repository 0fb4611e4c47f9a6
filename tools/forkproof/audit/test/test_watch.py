"""What the audit library watches beyond the calls that hardening wraps.

    test_watch.py AUDIT_DUMP LIBRARY SUBJECT

Each program of watch_subject.c runs under the library; what it left in the record is compared, without
pids and addresses, with what is due. Exit status 0 or 1.
"""

import ctypes
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

# Name of the program: kinds of events that are looked at, and those that are due, in order.
TABLE = {
    "child": ("unsafe", []),
    "child_of_threads": ("unsafe fork", [
        "fork how=fork threads=2 pending=0", "unsafe flags=3 name='malloc'", "unsafe flags=3 name='free'"]),
    "grandchild_of_threads": ("unsafe", ["unsafe flags=3 name='malloc'", "unsafe flags=3 name='free'"]),
    "child_locks": ("unsafe", ["unsafe flags=3 name='pthread_mutex_lock'"]),
    "child_execs": ("unsafe", []),
    "pending": ("fork", ["fork how=fork threads=1 pending=5"]),
    "vfork": ("unsafe exec", [
        "unsafe flags=4 name='malloc'",
        "exec result=0 flags=0 blocked=0 blocked_before=0 path='/nowhere'",
        "exec result=-2 flags=0 blocked=0 blocked_before=0 path='/nowhere'"]),
    "handler": ("unsafe", ["unsafe flags=8 name='malloc'", "unsafe flags=8 name='free'"]),
    "handler_after_block": ("unsafe", ["unsafe flags=8 name='malloc'", "unsafe flags=8 name='free'"]),
    "handler_removed": ("unsafe", []),
    "jump": ("unsafe", []),
    "sigsetjmp": ("unsafe", []),
    "moved": ("exec", [
        "exec result=0 flags=260 blocked=0 blocked_before=0 path='./none'",
        "exec result=-2 flags=260 blocked=0 blocked_before=0 path='./none'",
        "exec result=0 flags=268 blocked=0 blocked_before=0 path='sub/tool'"]),
    "searched": ("exec", ["exec result=0 flags=3 blocked=0 blocked_before=0 path='tool'"]),
    "inherits": ("inherited", ["inherited fd=77"]),
    "spawn_closes": ("inherited", ["inherited fd=78"]),
    "variables": ("variable", ["variable what=case name='Path=PATH'", "variable what=twice name='A'"]),
    "variables_given": ("variable", ["variable what=case name='Given=GIVEN'"]),
    "bad_pointers": ("exec", [
        "exec result=0 flags=0 blocked=0 blocked_before=0 path='' cut",
        "exec result=-14 flags=0 blocked=0 blocked_before=0 path='' cut"] + [
        f"exec result={result} flags=0 blocked=0 blocked_before=0 path='/nowhere'"
        for result in (0, -2, 0, -2)]),
    "masked": ("exec", [
        "exec result=0 flags=16 blocked=200 blocked_before=0 path='/nowhere'",
        "exec result=-2 flags=16 blocked=200 blocked_before=0 path='/nowhere'"]),
    "shell": ("shell", [
        "shell how=system flags=1 command='true'", r"shell how=system flags=0 command='true \x27a b\x27'"]),
    "opens": ("descriptor", [
        "descriptor what=open fd=3 other=-1 result=0 flags=2000000 path='/dev/null'",
        "descriptor what=open fd=4 other=-1 result=0 flags=0 path='/dev/zero'",
        "descriptor what=close fd=4 other=-1 result=0 flags=0",
        "descriptor what=dup fd=3 other=60 result=0 flags=2000000",
        "descriptor what=close fd=60 other=-1 result=0 flags=0",
        "descriptor what=flags fd=3 other=-1 result=0 flags=0",
        "descriptor what=socketpair fd=4 other=5 result=0 flags=2000000",
        "descriptor what=open fd=6 other=-1 result=0 flags=2000000 path='/dev/null'",
        "descriptor what=close fd=6 other=-1 result=0 flags=0",
        "descriptor what=close fd=3 other=-1 result=0 flags=0",
        "descriptor what=close fd=3 other=-1 result=-9 flags=0"]),
    "bad_use": ("descriptor", [
        f"descriptor what={what} fd=99 other=-1 result=-9 flags=0" for what in ("write", "read", "dup")]),
    "close_loop": ("descriptor", [
        f"descriptor what=close fd={fd} other=-1 result=-9 flags=0" for fd in (90, 91)]),
    "raw": ("descriptor", [
        "descriptor what=pipe fd=3 other=4 result=0 flags=2000000",
        "descriptor what=dup fd=3 other=5 result=0 flags=0",
        "descriptor what=dup fd=3 other=60 result=0 flags=2000000",
        "descriptor what=close fd=3 other=-1 result=0 flags=0",
        "descriptor what=close fd=3 other=-1 result=-9 flags=0",
        "descriptor what=dup fd=3 other=-1 result=-9 flags=0",
        "descriptor what=range fd=4 other=2147483647 result=0 flags=0"]),
    "popen": ("descriptor", [
        "descriptor what=pipe fd=-1 other=4 result=0 flags=0",
        "descriptor what=close fd=4 other=-1 result=0 flags=0",
        "descriptor what=pipe fd=3 other=-1 result=0 flags=2000000",
        "descriptor what=close fd=3 other=-1 result=0 flags=0"]),
    "kill_raw": ("kill", ["kill target=other signal=9 result=0 how=tgkill"] + [
        f"kill target=own signal=1 result=0 how={how}" for how in ("tgkill", "tgkill", "sigqueue")]),
    "atexit": ("atexit", ["atexit"]),
}

# For who may lock as much as he likes: it ends by SIGABRT when the record is locked, or its own memory is not.
PRIVILEGED = {name: ("exec", []) for name in ("mlockall", "mlockall_limited")}

# With a libc that has these functions.
IN_LIBC = {
    "close_range": ("descriptor", [
        "descriptor what=open fd=3 other=-1 result=0 flags=2000000 path='/dev/null'",
        "descriptor what=range fd=10 other=20 result=0 flags=4",
        "descriptor what=range fd=3 other=2147483647 result=0 flags=0",
        "descriptor what=close fd=3 other=-1 result=-9 flags=0",
        "descriptor what=open fd=3 other=-1 result=0 flags=2000000 path='/dev/null'",
        "descriptor what=range fd=3 other=2147483647 result=0 flags=0",
        "descriptor what=close fd=3 other=-1 result=-9 flags=0"]),
}

# Where all calls of libc are made at least these are told, whatever they call in turn.
CALLS = {"calloc", "realloc", "free", "posix_memalign", "aligned_alloc", "fwrite", "fflush", "fopen", "fclose",
         "setenv", "unsetenv", "tzset", "localtime", "localtime_r", "gmtime", "mktime"}

DIFFER = re.compile(r" (pid|tid|child|handler|start|parent|inode|device|mode)=\S+| stack\b")


def events(dump, library, subject, name):
    """The lines of the record, without what differs from run to run."""
    environment = dict(os.environ, PATH=f"{pathlib.Path('sub').resolve()}:/usr/bin:/bin")
    done = subprocess.run([dump, library, subject, name], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=True, timeout=60, env=environment)
    for line in done.stdout.splitlines():
        line = re.sub(r"^kill pid=(\d+) target=\1 ", "kill target=own ", line)
        line = re.sub(r"^kill pid=\d+ target=\d+ ", "kill target=other ", line)
        line = DIFFER.sub("", line)
        line = re.sub(r"^inherited (fd=\d+).*", r"inherited \1", line)
        yield line


def check_kills(lines):
    """Whoever waits for those that were killed is never told of before the kill."""
    kinds = [line.split(" ")[0] for line in lines if line.startswith(("kill", "wait"))]
    if kinds and kinds == ["kill", "wait"] * (len(kinds) // 2):
        return True
    print(f"kills: {' '.join(kinds)}")
    return False


def check(name, kinds, due, lines):
    got = [line for line in lines if line.split(" ")[0] in kinds.split()]
    if sorted(got) == sorted(due):
        return True
    print(f"{name}: due\n  " + "\n  ".join(due) + "\ngot\n  " + "\n  ".join(got))
    return False


def main():
    dump, library, subject = (str(pathlib.Path(path).resolve()) for path in sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="forkproof-test-") as directory:
        os.chdir(directory)
        os.makedirs("sub/sub")
        for place in ("tool", "sub/tool", "sub/sub/tool"):
            shutil.copy("/bin/true", place)
        table = TABLE | (IN_LIBC if hasattr(ctypes.CDLL(None), "closefrom") else {})
        table |= PRIVILEGED if os.geteuid() == 0 else {}
        good = [check(name, kinds, due, events(dump, library, subject, name))
                for name, (kinds, due) in table.items()]
        told = set(re.findall(r"unsafe flags=3 name='(\w+)'",
                              "\n".join(events(dump, library, subject, "child_calls_all"))))
        good.append(check_kills(events(dump, library, subject, "kills")))
        os.chdir("/")
    if not CALLS <= told:
        print(f"child_calls_all: not told: {' '.join(sorted(CALLS - told))}")
    return 0 if all(good) and CALLS <= told else 1


if __name__ == "__main__":
    sys.exit(main())
