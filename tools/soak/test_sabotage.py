#!/usr/bin/python3 -B
"""That the soak notices: it is run with each thing done wrong on purpose, and must fail for that reason.

    test_sabotage.py --build BUILD
"""

import argparse
import pathlib
import re
import subprocess
import sys

RUN = pathlib.Path(__file__).resolve().parent / "run"
SECONDS = 4
REASONS = {
    "leak-fd": r"open descriptors grew",
    "lose-status": r"\d+ statuses lost",
    "double-status": r"\d+ statuses told that were not due",
    "wrong-status": r"\d+ statuses wrong",
    "zombie": r"\d+ zombies while the load stood still",
    "stranger": r"\d+ strangers were hit",
    "memory": r"KiB of memory grew",
    "escape": r"processes left after",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    build = parser.parse_args().build
    unnoticed = 0
    for sabotage, reason in REASONS.items():
        done = subprocess.run([RUN, "--build", build, "--seconds", str(SECONDS), "--sabotage", sabotage],
                              stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode == 77:
            print(done.stdout)
            return 77
        verdict = done.stdout.partition("\nFAIL\n")[2]
        reasons = [line for line in verdict.splitlines() if not line.startswith("  stderr")]
        good = done.returncode == 1 and len(reasons) > 0 and all(re.search(reason, line) for line in reasons)
        unnoticed += not good
        print(f"{sabotage}: {'noticed' if good else 'NOT NOTICED, or not that alone'}")
        if not good:
            print(done.stdout)
    return 1 if unnoticed else 0


if __name__ == "__main__":
    sys.exit(main())
