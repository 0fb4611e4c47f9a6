"""Runs one program in a world of its own (warden.c) and brings home what came of it.

What the program leaves is a stranger's: nothing is followed, nothing is waited for, and only so much of it is read.
"""

import contextlib
import os
import pathlib
import select
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field

from . import cgroups, wine
from .text import decoded

LONGEST_PATH = 63  # case.c keeps no longer name of the directory
PATIENCE = 30  # seconds beyond the case's own deadline
FAREWELL = 10  # seconds for a warden that was told to end
MOST_BYTES = 1 << 20  # read of one file
REPORT = "audit.json"  # of forkproof audit
FILES = ("words", "stdout", "stderr", "state", "about", "transcript", REPORT)
MOST_OF_REPORT = 16 << 20
PASSED_ON = ("PATH", "HOME", "USER", "LOGNAME", "TMPDIR", "XDG_RUNTIME_DIR")
OF_USER = ("HOME", "USER", "LOGNAME", "TMPDIR", "XDG_RUNTIME_DIR")  # not another's
RUNTIME = "FORKPROOF_RUNTIME_DIR"
SANITIZERS = ("ASAN_", "LSAN_", "TSAN_", "UBSAN_")


class Stopped(Exception):
    """The whole is to end: this run was ended before its time."""


@dataclass
class Played:
    argv: list
    environment: dict
    status: int = None  # the warden's; None: it did not end in time
    facts: str = ""  # what it printed
    complaint: str = ""  # and on stderr
    files: dict = field(default_factory=dict)  # name: text; absent when there was none
    too_long: list = field(default_factory=list)  # names of files of which there is more
    seconds: float = 0.0


def clean_environment(given):
    """As much as a case needs, so that it is the same for everybody."""
    kept = {name: value for name, value in given.items() if name in PASSED_ON or name.startswith(SANITIZERS)}
    return {"PATH": os.defpath, "LC_ALL": "C", **kept}


def read_regular(path, most=MOST_BYTES):
    """(text, whether there is more of it), or None."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        return None
    with open(fd, "rb") as file:
        raw = file.read(most + 1)
    return decoded(raw[:most]), len(raw) > most


def remove(directory):
    with contextlib.suppress(RecursionError):
        shutil.rmtree(directory, ignore_errors=True)
    if os.path.lexists(directory):  # deeper than Python can go, or closed to us; nothing beyond a link is touched
        open_all = ["find", directory, "-type", "d", "!", "-perm", "-700", "-exec", "chmod", "u+rwx", "{}", ";"]
        for command in open_all, ["rm", "-rf", "--", directory]:
            subprocess.run(command, stderr=subprocess.DEVNULL, check=False)


def remove_wine(directory):
    """What Wine has left outside of it, if it was there."""
    found = read_regular(directory / wine.SERVER_NAME)
    path = found and wine.servers_directory(found[0])
    if path:
        remove(path)


def make_base(directory=None):
    base = tempfile.mkdtemp(prefix="fp-", dir=directory)
    if len(os.fsencode(base)) + len("/99999999") > LONGEST_PATH:
        os.rmdir(base)
        base = tempfile.mkdtemp(prefix="fp-", dir="/tmp")
    os.chmod(base, 0o711)  # a case may become another user
    return base


class Worlds:
    """May be used by several threads. `stop` ends what is under way in any of them."""

    def __init__(self, warden, environment=None, around=(), user=None, cgroup=None):
        """around: words before the warden; user: as which it is run by them; cgroup: where."""
        self.warden, self.around, self.user = str(warden), list(around), user
        self.environment = clean_environment(os.environ if environment is None else environment)
        if user is not None:
            self.environment = {name: value for name, value in self.environment.items() if name not in OF_USER}
        self.base = make_base("/tmp" if user is not None else None)
        self.lock, self.count = threading.Lock(), 0
        self.end_seen, self.end = os.pipe()
        self.cgroup, self.cgroups = cgroup or cgroups.own_directory(), []

    def stop(self):
        with self.lock:
            if self.end is not None:
                os.close(self.end)
                self.end = None

    def close(self):
        self.stop()
        os.close(self.end_seen)
        remove(self.base)
        until = time.monotonic() + FAREWELL
        for cgroup in self.cgroups:
            cgroups.remove(cgroup, until)

    def new_folder(self, name):
        """For files that the worlds share; goes with us."""
        path = pathlib.Path(self.base) / name
        path.mkdir(0o755)
        return path

    def new_directory(self, for_all):
        with self.lock:
            self.count += 1
            path = pathlib.Path(self.base) / str(self.count)
        for directory in path, path / "work":
            directory.mkdir()
            directory.chmod(0o777 if for_all else 0o700)
        words = path / "words"
        words.touch()
        words.chmod(0o666 if for_all else 0o600)
        if self.user is not None:
            for one in path, path / "work", words:
                os.chown(one, self.user, self.user)
        return path

    def await_end(self, pidfd, seconds):
        """True when it has ended, False when the time is over; Stopped."""
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        poll.register(self.end_seen, select.POLLIN)
        ready = {fd for fd, _ in poll.poll(seconds * 1000)}
        if pidfd in ready:
            return True
        if ready:
            raise Stopped
        return False

    def end_warden(self, pidfd):
        """All that it holds ends with it. It is not reaped before, so that its pid is its own."""
        poll = select.poll()
        poll.register(pidfd, select.POLLIN)
        for number in signal.SIGTERM, signal.SIGKILL:
            signal.pidfd_send_signal(pidfd, number)
            if poll.poll(FAREWELL * 1000):
                break

    def watch(self, played, seconds, outputs):
        """The warden's exit status, or None."""
        process = subprocess.Popen(played.argv, stdin=subprocess.DEVNULL, stdout=outputs[0], stderr=outputs[1],
                                   cwd=self.base, env=played.environment,
                                   start_new_session=True)  # what a terminal sends is for us alone
        pidfd = os.pidfd_open(process.pid)
        ended = False
        try:
            ended = self.await_end(pidfd, seconds)
        finally:
            if not ended:
                self.end_warden(pidfd)
            status = process.wait()
            os.close(pidfd)
        return status if ended else None

    def environment_in(self, directory, for_all):
        """What forkproof keeps for itself goes with the world, but where it is not of one user."""
        return self.environment if for_all else {**self.environment, RUNTIME: str(directory / "runtime")}

    def play(self, options, command, deadline=10, for_all=False):
        """What came of it; nothing of it is left. for_all: programs of other users are in it."""
        directory = self.new_directory(for_all)
        played = Played([*self.around, self.warden, f"--deadline={deadline}", *options, str(directory), "--", *command],
                        self.environment_in(directory, for_all))
        began = time.monotonic()
        try:
            with tempfile.TemporaryFile() as facts, tempfile.TemporaryFile() as complaint:
                played.status = self.watch(played, deadline + PATIENCE, (facts, complaint))
                for name, file in ("facts", facts), ("complaint", complaint):
                    file.seek(0)
                    setattr(played, name, decoded(file.read(16 * MOST_BYTES)))
            played.seconds = time.monotonic() - began
            for name in FILES:
                found = read_regular(directory / name, MOST_OF_REPORT if name == REPORT else MOST_BYTES)
                if found:
                    played.files[name] = found[0]
                    played.too_long += [name] * found[1]
        finally:
            self.cgroups += cgroups.left(self.cgroup, directory / "runtime")
            remove_wine(directory)
            remove(directory)
        return played
