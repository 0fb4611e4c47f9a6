"""Perl's own tests of fork, exec, pipes, signals and what its modules make of them"""

import re

PACKAGES = ("perl", "gcc", "libc6-dev")
SOURCES = ("perl",)
CORE = tuple("op/" + name for name in (
    "alarm", "die_exit", "exec", "fork", "getpid", "getppid", "kill0", "magic", "setpgrpstack", "sigdispatch",
    "sigsystem", "signame_canonical", "sleep", "sselect", "time", "waitpid", "threads", "glob")) + tuple(
    "io/" + name for name in ("argv", "closepid", "dup", "eintr", "eintr_print", "errnosig", "fflush", "open",
                              "openpid", "pipe", "sem", "shm", "msg", "socket", "socketpair"))
MODULES = (
    "ext/IPC-Open3/t/IPC-Open2", "ext/IPC-Open3/t/IPC-Open3", "ext/IPC-Open3/t/fd", "ext/POSIX/t/posix",
    "ext/POSIX/t/sigaction", "ext/POSIX/t/sigset", "ext/POSIX/t/waitpid", "ext/POSIX/t/wrappers",
    "cpan/IPC-Cmd/t/01_IPC-Cmd", "cpan/IPC-Cmd/t/02_Interactive", "cpan/IPC-Cmd/t/03_run-forked",
    "cpan/IPC-SysV/t/ipcsysv", "cpan/IPC-SysV/t/msg", "cpan/IPC-SysV/t/sem", "cpan/IPC-SysV/t/shm",
    "dist/threads/t/basic", "dist/threads/t/exit", "dist/threads/t/kill", "dist/threads/t/kill2",
    "dist/threads/t/kill3", "dist/threads/t/libc", "dist/threads/t/stack_env", "dist/threads/t/thread")

# The tests look for their libraries in ../lib, where a build would have put them.
CORE_RUN = """
cd /src/perl
cp -rns /usr/lib/*/perl-base/. /usr/lib/*/perl/5.36/. /usr/share/perl/5.36/. lib/
cd t
ln -s /usr/bin/perl perl
perl "$1.t"; exit $?  # not as the leader of a session: some change their group
"""
MODULE_RUN = """
case $1 in dist/threads/*) export PERL_CORE=1 ;; esac
cd "/src/perl/${1%/t/*}"
exec perl "t/${1##*/}.t"
"""


def commands():
    return {name: ["sh", "-ec", CORE_RUN if name in CORE else MODULE_RUN, "sh", name] for name in CORE + MODULES}


def outcomes(output):
    """The Test Anything Protocol: by number, because names hold pids."""
    found = {}
    for good, number, more in re.findall(r"^(ok|not ok) (\d+)\b(.*)$", output, re.MULTILINE):
        found[number] = "skipped" if re.search(r"# skip", more, re.IGNORECASE) else good
    if re.search(r"^1\.\.0\b", output, re.MULTILINE):
        found["(all)"] = "skipped"
    return found
