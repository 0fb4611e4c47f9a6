"""The rungs that this build and machine have: what `--strict` accepts."""

import subprocess

ALL = ("pidns", "cgroup", "walk")


def accepted(forkproof, **options):
    """options: as for Popen, of the user who asks."""
    done = {rung: subprocess.run([forkproof, "run", "--strict", "--contain=" + rung, "--", "true"],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                 stderr=subprocess.PIPE, **options) for rung in ALL}
    found = [rung for rung in ALL if done[rung].returncode == 0]
    assert found, "not even the walk: %r" % [(d.returncode, d.stderr) for d in done.values()]
    return found
