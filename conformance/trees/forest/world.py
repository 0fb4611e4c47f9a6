"""Where trees are played: a pid namespace of which this process is the first, or, where none can be had, a process that
orphans come to. In the first nobody else lives, so whoever is there at the end has survived, for certain."""

import ctypes
import os
import signal
import time

from . import proc

PR_SET_CHILD_SUBREAPER = 36
CLEARING = 60.0  # seconds

libc = ctypes.CDLL(None, use_errno=True)


class World:
    def __init__(self, cgroup=None, cgroup_mount=None):
        self.alone = os.getpid() == 1
        self.born = proc.read(os.getpid()).start
        self.cgroup, self.cgroup_mount = cgroup, cgroup_mount
        if not self.alone:
            libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def everybody(self, known):
        """pid -> Process, of all in this world but this process; zombies too.

        Where others live in it, too: its children, the known (pid -> start), and what descends from both. Nobody who was
        there before.
        """
        found = {pid: p for pid, p in proc.everybody().items() if p.start >= self.born and pid != os.getpid()}
        if self.alone:
            return found
        ours = {pid for pid, p in found.items() if p.parent == os.getpid() or known.get(pid) == p.start}
        while True:
            more = {pid for pid, p in found.items() if p.parent in ours} - ours
            if not more:
                return {pid: found[pid] for pid in ours}
            ours |= more

    def reap(self, pid=-1):
        """What has come here dead. Not the command itself, which the stage waits for: that is asked for by its pid."""
        if pid > 0:
            try:
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
            return
        for process in proc.everybody().values():
            if process.parent == os.getpid() and process.state == "Z" and process.threads <= 1:
                self.reap(process.pid)

    def clear(self, known):
        """Ends whatever is left of a tree."""
        end = time.monotonic() + CLEARING
        while True:
            left = {pid: p for pid, p in self.everybody(known).items() if proc.is_alive(p)}
            if not left:
                break
            for process in left.values():
                self._kill(process)
            if time.monotonic() > end:
                raise RuntimeError(f"cannot end {sorted(left)}")
            time.sleep(0.001)
        self.reap()
        self._remove_cgroups()

    @staticmethod
    def _kill(process):
        try:
            fd = os.pidfd_open(process.pid)
        except ProcessLookupError:
            return
        try:
            now = proc.read(process.pid)
            if now and now.start == process.start:
                signal.pidfd_send_signal(fd, signal.SIGKILL)
        except ProcessLookupError:
            pass
        finally:
            os.close(fd)

    def _remove_cgroups(self):
        if not self.cgroup:
            return
        for directory, _, _ in os.walk(self.cgroup, topdown=False):
            if directory != self.cgroup:
                try:
                    os.rmdir(directory)
                except OSError:
                    pass  # a zombie is being released: it is removed with the world
