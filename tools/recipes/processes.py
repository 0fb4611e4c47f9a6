"""What the tests of the recipes ask about processes."""

import pathlib
import time


def environment(pid):
    """What the process was started with; nothing of one that is not there, is a zombie, or is another user's."""
    try:
        return pathlib.Path("/proc", str(pid), "environ").read_bytes().split(b"\0")
    except OSError:
        return []


def wait_for(look, what, seconds=30):
    """For states that nothing announces: the first answer of LOOK that is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = look()
        if answer:
            return answer
        time.sleep(0.02)
    raise AssertionError(f"never happened: {what}")


def living(wanted):
    """The pids of the processes that WANTED, given one's directory in /proc, says yes to; zombies are not asked for."""
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if not is_zombie(entry) and wanted(entry):
                found.append(int(entry.name))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            pass
    return found


def is_zombie(entry):
    return (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] in "ZX"


def carriers(variable):
    """The pids of the living processes that have VARIABLE, as NAME=VALUE, in their environment."""
    return living(lambda entry: variable.encode() in environment(entry.name))
