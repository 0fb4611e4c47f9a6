"""Who is below this process, and how to end them without ever signalling a stranger.

This process makes itself a subreaper: whatever a started command leaves behind becomes its
descendant, however it daemonised. That is the truth the show counts. The marker variable in each
environment is the second look: it finds a process that would have got out from below us.
"""

import ctypes
import os
import signal
import time
from dataclasses import dataclass

PR_SET_CHILD_SUBREAPER = 36

SETTLED = 0.3  # a set of processes is taken as final when it stayed the same for so long
SETTLE_DEADLINE = 5.0
TERM_DEADLINE = 1.0
KILL_DEADLINE = 10.0
POLL = 0.03


@dataclass(frozen=True)
class Process:
    """A pid means nothing without the time its process started."""

    pid: int
    start: int
    parent: int
    state: str
    name: str

    @property
    def identity(self):
        return self.pid, self.start

    @property
    def zombie(self):
        return self.state in "ZX"


def become_subreaper():
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        errno = ctypes.get_errno()
        raise OSError(errno, os.strerror(errno), "prctl(PR_SET_CHILD_SUBREAPER)")


def read_process(pid):
    """The process that has this number now, or None."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    name = text[text.index("(") + 1 : text.rindex(")")]
    fields = text[text.rindex(")") + 2 :].split()
    return Process(int(pid), int(fields[19]), int(fields[1]), fields[0], name)


def all_processes():
    found = (read_process(entry) for entry in os.listdir("/proc") if entry.isdigit())
    return {process.pid: process for process in found if process}


def descendants(root=None):
    """Every process below root (below us), zombies included."""
    children = {}
    for process in all_processes().values():
        children.setdefault(process.parent, []).append(process)
    found, queue = [], [root or os.getpid()]
    while queue:
        below = children.get(queue.pop(), [])
        found += below
        queue += [process.pid for process in below]
    return found


def marked(marker):
    """Every process whose environment holds the marker and that we may look into."""
    found = []
    for process in all_processes().values():
        try:
            with open(f"/proc/{process.pid}/environ", "rb") as file:
                variables = file.read().split(b"\0")
        except OSError:
            continue
        if marker.encode() in variables and process.pid != os.getpid():
            found.append(process)
    return found


def reap_orphans(keep=()):
    """Collects what died as our adopted child; never one that somebody still waits for."""
    for process in descendants():
        if process.zombie and process.parent == os.getpid() and process.pid not in keep:
            os.waitpid(process.pid, os.WNOHANG)


def settled(look, deadline=SETTLE_DEADLINE):
    """The set that look() returns, once it has stopped changing."""
    end = time.monotonic() + deadline
    last, since = None, time.monotonic()
    while True:
        now = look()
        clock = time.monotonic()
        if now != last:
            last, since = now, clock
        elif clock - since >= SETTLED:
            return now
        if clock >= end:
            return now
        time.sleep(POLL)


def runs(process, executable):
    try:
        return os.path.realpath(f"/proc/{process.pid}/exe") == executable
    except OSError:
        return False


def left_behind(marker, guard=None):
    """Who is alive once the command has ended: below us, or marked wherever it is.

    A bare run is given the time to settle. A run under forkproof is not: with `guard`, the path of
    its executable, everybody who is there at once counts too, except processes that run the guard,
    which may need a moment longer than the command that it guards.
    """

    def look():
        reap_orphans()
        return {p.identity: p for p in descendants() + marked(marker) if not p.zombie}

    at_once = look() if guard else {}
    found = {identity: p for identity, p in at_once.items() if not runs(p, guard)}
    settled(lambda: look().keys())
    found.update(look())
    return sorted(found.values(), key=lambda p: p.name)


def signal_descendant(process, number):
    """Signals exactly this process, proven to be ours while a pidfd holds its identity."""
    try:
        pidfd = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.identity in {p.identity for p in descendants()}:
            signal.pidfd_send_signal(pidfd, number)
    except ProcessLookupError:
        pass
    finally:
        os.close(pidfd)


def end_descendants():
    """Ends everything below us: asks, then kills; True when nothing is left."""
    start = time.monotonic()
    asked = set()
    while True:
        reap_orphans()
        alive = [p for p in descendants() if not p.zombie]
        if not alive:
            return True
        elapsed = time.monotonic() - start
        if elapsed > KILL_DEADLINE:
            return False
        for process in alive:
            if elapsed > TERM_DEADLINE:
                signal_descendant(process, signal.SIGKILL)
            elif process.identity not in asked:
                asked.add(process.identity)
                signal_descendant(process, signal.SIGTERM)
        time.sleep(POLL)
