"""What the adapters for Python share: the protocol (docs/adapter.md), and the operations that are no library's."""

import json
import os
import subprocess
import sys

ERRORS = OSError, ValueError, subprocess.SubprocessError  # anything else is a mistake here, and ends the adapter
opened = []


def open_file(path, **members):
    file = open(path, "wb")
    with open(members["from"], "rb") as source:
        file.write(source.read())
    file.flush()
    os.chmod(path, 0o755)
    opened.append(file)


def shut():
    opened.pop().close()


def await_byte(path):
    with open(path, "rb", buffering=0) as fifo:
        fifo.read(1)


def reap():
    pids = []
    try:
        while (pid := os.waitpid(-1, os.WNOHANG)[0]) != 0:
            pids.append(pid)
    except ChildProcessError:
        pass
    return {"pids": pids}


ALWAYS = {"ping": dict, "end": dict}
OPERATIONS = ALWAYS | {"open": open_file, "shut": shut, "await": await_byte, "reap": reap}


def variables(env):
    return dict(variable.split("=", 1) for variable in env)


def status(returncode):
    """As wait answers it."""
    return {"signal": -returncode} if returncode < 0 else {"exit": returncode}


def sizes(stdout, stderr):
    """As communicate answers them, which gets None of what is no pipe."""
    return {"stdout": len(stdout or b""), "stderr": len(stderr or b"")}


def error(exception):
    """The library's words; some of asyncio's errors have none but their names."""
    return {"error": str(exception) or repr(exception)}


def send(answers, message):
    answers.write(json.dumps(message) + "\n")
    answers.flush()


def greet(answers, name, members, operations):
    can = sorted({*members, *operations} - ALWAYS.keys())
    version = sys.version.split()[0]
    send(answers, {"adapter": 1, "name": name, "version": version, "pid": os.getpid(), "can": can})
