"""A pytest plugin: a test that leaves processes behind has an error, under its own name, and they are ended.

It needs `forkproof run -- pytest` (or audit). In conftest.py: pytest_plugins = ["forkproof_pytest"]
"""

import os
import pathlib
import select
import signal

import pytest

SETTLE = 1.0  # seconds for what was told to end, as by kill() without a wait()


def marks():
    """What stands in the environment of each process of this run and, under pytest-xdist, of this worker."""
    names = [name for name in ("FORKPROOF_RUN", "PYTEST_XDIST_WORKER") if name in os.environ]
    return {f"{name}={os.environ[name]}".encode() for name in names}


def members():
    """The processes of this run, by pid and start time: a number alone may be another process's by now."""
    found = {}
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if marks() <= set((entry / "environ").read_bytes().split(b"\0")):
                found[int(entry.name), (entry / "stat").read_text().rpartition(")")[2].split()[19]] = command(entry)
        except OSError:
            pass  # ended meanwhile, or another user's
    return found


def command(entry):
    return (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()


def ended(pid, start):
    """Whether the process ends by itself within SETTLE; it is killed when not."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        # Looked for once more, now that it is held: before, the number may have become another process's.
        if select.select([process], [], [], SETTLE)[0] or (pid, start) not in members():
            return True
        signal.pidfd_send_signal(process, signal.SIGKILL)
        return False
    except ProcessLookupError:
        return True
    finally:
        os.close(process)


def pytest_report_header():
    if "FORKPROOF_RUN" in os.environ:
        return "forkproof: each test is looked after"
    return "forkproof: nothing is held; run it as: forkproof run -- pytest"


@pytest.fixture(autouse=True)
def nothing_left_behind():
    if "FORKPROOF_RUN" not in os.environ:
        yield
        return
    before = members()
    yield
    new = {process: text for process, text in members().items() if process not in before}
    left = [f"{process[0]} ({text!r})" for process, text in new.items() if not ended(*process)]
    if left:
        pytest.fail("left behind: " + ", ".join(left), pytrace=False)
