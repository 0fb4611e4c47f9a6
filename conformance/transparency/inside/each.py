#!/usr/bin/python3 -B
"""Runs each of many test programs on its own, for suites without a runner that could be used here.

    each.py [--seconds N] [--jobs N] [COMMAND [ARGUMENT]...] -- PATTERN...

PATTERN names files; each is run as COMMAND ARGUMENT... FILE in the folder that it lies in, as a session of
its own, without input, its output a file. Prints a line `check NAME: VERDICT` for each, and before it what one
printed that is not ok.
"""

import argparse
import glob
import os
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

SKIPPED = 77


def verdict(file, command, seconds):
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen([*command, file], cwd=os.path.dirname(file), stdin=subprocess.DEVNULL, stdout=output,
                                 stderr=subprocess.STDOUT, start_new_session=True)
        try:
            status = child.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
            status = None
        output.seek(0)
        text = output.read().decode(errors="replace")
    if status is None:
        return "timed out", text
    # Node's way to say so, and the one of make check.
    if status == SKIPPED or text.startswith("1..0 # Skipped"):
        return "skipped", text
    return ("ok" if status == 0 else f"FAILED: exit status {status}"), text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--jobs", type=int, default=1)
    before, after = sys.argv[1:sys.argv.index("--")], sys.argv[sys.argv.index("--") + 1:]
    options, command = parser.parse_known_args(before)
    files = sorted({file for pattern in after for file in glob.glob(pattern)})
    missing = [pattern for pattern in after if not glob.glob(pattern)]
    with ThreadPoolExecutor(options.jobs) as pool:
        for file, (said, output) in zip(files, pool.map(lambda f: verdict(f, command, options.seconds), files)):
            if said != "ok":
                print(f"--- {os.path.basename(file)}\n{output}")
            print(f"check {os.path.basename(file)}: {said}", flush=True)
    for pattern in missing:
        print(f"check {pattern}: FAILED: no such file")


if __name__ == "__main__":
    main()
