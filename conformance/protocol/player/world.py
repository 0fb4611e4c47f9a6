"""The world around what is judged: pids that are chosen, strangers, gates, what helpers report, and what the kernel
tells of a process. Of the warden's world, driver/warden.c tells the rest."""

import contextlib
import errno
import os
import pathlib
import signal
import socket
import time
import urllib.parse

from . import ends
from .events import Events
from .lines import Lines

LAST_PID = "/proc/sys/kernel/ns_last_pid"
NOT_TO_BE_HAD = (errno.EPERM, errno.EINVAL, errno.ENOSYS)
LOOK = 0.002  # seconds between two looks into /proc, where nothing tells by itself
PATIENCE = 1.0  # seconds for what is to happen by itself, where it may as well not happen
HANG = 5.0  # without an answer: it hangs
LONG = 15.0  # for what must happen


class World:
    def __init__(self, directory, slower=1):
        """directory: that of the warden; it has `work`, in which all is started."""
        self.directory, self.work = pathlib.Path(directory), pathlib.Path(directory) / "work"
        self.patience, self.hang, self.long = (seconds * slower for seconds in (PATIENCE, HANG, LONG))
        self.events, self.told, self.gates, self.count = Events(), [], {}, 0
        self.fifos = self.directory / "fifos"
        self.fifos.mkdir()
        self.fifos.chmod(0o711)
        self.reports = Lines(self.fifos / "reports", self.events, self.take_report)

    # --- what helpers report ---

    def take_report(self, line):
        verb, pid, *words = line.split(" ")
        self.told.append((verb, int(pid), [urllib.parse.unquote(word, errors="surrogateescape") for word in words]))

    def find_report(self, verb):
        return next((report for report in self.told if report[0] == verb), None)

    def report(self, verb, within=None):
        """(pid, words) of the next report of that verb; None when none comes, if that may be: `within` is given."""
        if not self.events.until(lambda: self.find_report(verb), self.long if within is None else within):
            if within is None:
                raise ends.Broken(f"no helper reports {verb}")
            return None
        found = self.find_report(verb)
        self.told.remove(found)
        return found[1:]

    # --- gates ---

    def gate(self):
        """The path of a FIFO: whoever reads a byte of it passes when it is opened."""
        self.count += 1
        path = str(self.fifos / f"gate-{self.count}")
        os.mkfifo(path, 0o666)
        os.chmod(path, 0o666)
        self.gates[path] = os.open(path, os.O_RDWR | os.O_CLOEXEC)  # what nobody has open forgets what it was given
        return path

    def open_gate(self, path, times=1):
        """For so many."""
        os.write(self.gates[path], b"x" * times)

    # --- pids ---

    def ask(self, request):
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.connect(str(self.directory / "world"))
            connection.send(request.encode("ascii"))
            answer = int(connection.recv(64))
        if -answer in NOT_TO_BE_HAD:
            raise ends.Cannot("a stranger with a chosen pid")
        if answer < 0:
            raise ends.Broken(f"{request}: {os.strerror(-answer)}")
        return answer

    def stranger(self, pid=0):
        """A process of somebody else with this pid (0: any): whether it was hit is seen by the warden."""
        return self.ask(f"stranger {pid}")

    @staticmethod
    def next_pid(pid):
        """The next process or thread of anybody gets it, when it is free."""
        try:
            with open(LAST_PID, "w", encoding="ascii") as file:
                file.write(str(pid - 1))
        except OSError as wrong:
            raise ends.Cannot(f"a chosen pid: {wrong.strerror}") from wrong

    # --- what there is ---

    @staticmethod
    def stat(pid):
        """(state, parent); None: there is no such process."""
        with contextlib.suppress(OSError), open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            state, parent, *_ = file.read().rpartition(")")[2].split()
            return state, int(parent)
        return None

    def state(self, pid):
        """R, S, Z and so on; "" when there is none."""
        found = self.stat(pid)
        return found[0] if found else ""

    def parent(self, pid):
        """0 when there is no such process."""
        found = self.stat(pid)
        return found[1] if found else 0

    def until(self, holds, within=None):
        """Whether it holds in time; it is looked for again and again."""
        end = time.monotonic() + (self.patience if within is None else within)
        while not holds():
            if time.monotonic() > end:
                return False
            self.events.turn(LOOK)
        return True

    def await_state(self, pid, state):
        """It must come to that: "Z", or "" for gone."""
        if not self.until(lambda: self.state(pid) == state, self.long):
            raise ends.Broken(f"process {pid} is {self.state(pid) or 'gone'} and was to be {state or 'gone'}")

    def await_over(self, pid):
        """It must end."""
        if not self.is_over(pid, self.long):
            raise ends.Broken(f"process {pid} does not end")

    def is_over(self, pid, within=None):
        """Whether it ends in time, reaped or not."""
        return self.until(lambda: self.state(pid) in ("", "Z", "X"), within)

    def is_gone(self, pid, within=None):
        """Whether it is reaped in time."""
        return self.until(lambda: not self.state(pid), within)

    def is_waiting(self, pid):
        """Whether a thread of it sleeps in wait4 or waitid."""
        for thread in self.threads(pid):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                if pathlib.Path(f"/proc/{pid}/task/{thread}/wchan").read_text(encoding="ascii") == "do_wait":
                    return True
        return False

    def is_asleep(self, pid):
        """Whether all of its threads are, in anything."""
        return all(self.state(f"{pid}/task/{thread}") == "S" for thread in self.threads(pid))

    @staticmethod
    def has_pending(pid):
        """Whether signals that were sent to it are still to come."""
        with open(f"/proc/{pid}/status", encoding="utf-8", errors="replace") as file:
            return any(line.startswith("ShdPnd:") and int(line.split()[1], 16) for line in file)

    def is_below(self, pid, top):
        """Whether that process is the other one, or descends from it."""
        while pid and pid != top:
            pid = self.parent(pid)
        return bool(pid)

    def open_pid(self, pid, top):
        """A pidfd of that process below the other one; None where there is none. Its number may go to a stranger."""
        try:
            fd = os.pidfd_open(pid)
        except (OSError, OverflowError):
            return None
        if self.is_below(pid, top):
            return fd
        os.close(fd)
        return None

    def kill(self, pid, top=None):
        """top: what it must be below, if not only the warden. What a helper tells of itself is checked: it may be a number
        of another namespace, and a stranger's here."""
        fd = self.open_pid(pid, top or os.getppid())
        if fd is None:
            raise ends.Broken(f"process {pid}, which was to be killed, is none of this world")
        try:
            signal.pidfd_send_signal(fd, signal.SIGKILL)
        finally:
            os.close(fd)

    def children(self, pid):
        found = (int(name) for name in os.listdir("/proc") if name.isdigit())
        return [child for child in found if self.parent(child) == pid]

    def zombies(self, parent):
        return [child for child in self.children(parent) if self.state(child) == "Z"]

    @staticmethod
    def threads(pid):
        return [int(name) for name in os.listdir(f"/proc/{pid}/task")]

    @staticmethod
    def descriptors(pid):
        """What each of them is, as the kernel names it."""
        found, directory = set(), f"/proc/{pid}/fd"
        for fd in os.listdir(directory):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                found.add(os.readlink(f"{directory}/{fd}"))
        return found
