"""The rungs that this build and machine have: what `--strict` accepts."""

import subprocess

ALL = ("pidns", "cgroup", "walk")


def accepted(forkproof, **options):
    """options: as for Popen, of the user who asks."""
    def holds(rung):
        command = [forkproof, "run", "--strict", "--contain=" + rung, "--", "true"]
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, **options).returncode == 0
    found = [rung for rung in ALL if holds(rung)]
    assert found, "not even the walk"
    return found
