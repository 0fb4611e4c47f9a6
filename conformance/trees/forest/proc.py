"""What /proc says of processes, read without trusting what is tested."""

import collections
import os

Process = collections.namedtuple("Process", "pid comm state parent group session threads start")


def read(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            text = file.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    comm, _, rest = text[text.index(b"(") + 1:].rpartition(b") ")
    words = rest.split()
    return Process(pid, comm.decode(errors="replace"), words[0].decode(), int(words[1]), int(words[2]), int(words[3]),
                   int(words[17]), int(words[19]))


def is_alive(process):
    """Not a zombie; one whose first thread has left lives on in the others."""
    return process is not None and (process.state not in "ZX" or process.threads > 1)


def inner_numbers():
    """The numbers that processes in a pid namespace below have there: to those they have here."""
    found = {}
    for name in os.listdir("/proc"):
        try:
            with open(f"/proc/{name}/status") as file:
                numbers = next(line for line in file if line.startswith("NSpid:")).split()[1:]
        except (FileNotFoundError, NotADirectoryError, ProcessLookupError, StopIteration):
            continue
        if name.isdigit() and len(numbers) > 1:
            found[int(numbers[-1])] = int(numbers[0])
    return found


def everybody():
    found = (read(int(name)) for name in os.listdir("/proc") if name.isdigit())
    return {p.pid: p for p in found if p}
