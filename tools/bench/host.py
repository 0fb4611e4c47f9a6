"""The machine and the revision that figures belong to."""

import os
import pathlib
import platform
import re
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def first_match(path, pattern, otherwise):
    try:
        found = re.search(pattern, pathlib.Path(path).read_text(errors="replace"), re.MULTILINE)
    except OSError:
        return otherwise
    return found.group(1).strip() if found else otherwise


def busy(seconds=1.0):
    """The processors that somebody uses while we only look: unlike the load average, knows nothing of a build before."""
    def used():
        fields = [int(n) for n in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
        return sum(fields[:8]) - fields[3] - fields[4]  # all but idle and iowait
    before = used()
    time.sleep(seconds)
    return (used() - before) / os.sysconf("SC_CLK_TCK") / seconds


def warnings():
    """What makes the figures other than they seem."""
    preloaded = first_match("/etc/ld.so.preload", r"^\s*([^#\s].*)$", "")
    if preloaded:
        yield f"not bare: /etc/ld.so.preload names {preloaded}"
    if busy() > os.cpu_count() / 8:
        yield "the machine was busy with other things: do not trust these figures"


def facts():
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
    return {"kernel": platform.release(), "machine": platform.machine(), "processors": os.cpu_count(),
            "processor": first_match("/proc/cpuinfo", r"^model name\s*:(.*)$", "unknown processor"),
            "memory_mib": memory, "libc": " ".join(platform.libc_ver()), "warnings": list(warnings())}


def revision():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True,
                          check=False)
    return done.stdout.strip() or "unknown"
