"""What /proc says about the processes of this world. We are its first: orphans come to us, and are reaped."""

import contextlib
import os
import signal
import time


def listing():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def read(pid, name):
    """b"" when the process is gone, or does not let us."""
    try:
        with open(f"/proc/{pid}/{name}", "rb") as file:
            return file.read()
    except OSError:
        return b""


def stat(pid):
    """(state, parent), or (None, 0)."""
    fields = read(pid, "stat").rpartition(b")")[2].split()
    return (fields[0].decode(), int(fields[1])) if len(fields) > 1 else (None, 0)


def exe(pid):
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return ""


def parent(pid):
    return stat(pid)[1]


def marked(mark):
    """The living processes whose environment has this mark: a program, and all that came of it."""
    return [pid for pid in listing() if f"SOAK_MARK={mark}\0".encode() in read(pid, "environ")]


def title(pid):
    return f"{pid} {read(pid, 'comm').decode(errors='replace').strip()}"


def by_exe(path):
    return [pid for pid in listing() if exe(pid) == path]


def zombies(spared=0):
    """But those of this parent."""
    return [pid for pid in listing() for state, of in [stat(pid)] if state == "Z" and of != spared]


def descriptors(pids):
    count = 0
    for pid in pids:
        try:
            count += len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            pass
    return count


def memory(pids):
    """KiB of their own: not what they share, which grows with the pids that were seen."""
    return sum(int(line.split()[1]) for pid in pids for line in read(pid, "status").splitlines()
               if line.startswith(b"RssAnon:"))


class Reaper:
    """Reaps all that ends here; keeps the statuses of those that are followed."""

    def __init__(self):
        self.statuses = {}

    def follow(self, pid):
        """To be called before it can have been reaped: its number may have been somebody else's."""
        self.statuses[pid] = None

    def reap(self):
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid in self.statuses:
                self.statuses[pid] = os.waitstatus_to_exitcode(status)

    def ended(self, pid):
        self.reap()
        return self.statuses[pid] is not None

    def until(self, condition, seconds):
        """Whether it came about; orphans are reaped meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            self.reap()
            if condition():
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)

    def end(self, mark, seconds=10):
        """What is left of the mark is killed: the world is ours."""
        def is_empty():
            for pid in marked(mark):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            return not marked(mark)
        return self.until(is_empty, seconds)
