"""For the tests: a tool here is run once, as small as can be."""

import argparse
import json
import os
import pathlib
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
BUILD = "build/dev"


def arguments():
    """(the build directory, what is for unittest)."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=BUILD)
    options, rest = parser.parse_known_args()
    return os.path.realpath(options.build), rest


def run(tool, build, page):
    """What it printed, its figures, and the page that it wrote."""
    with tempfile.TemporaryDirectory() as place:
        argv = [HERE / tool, "--smoke", "--build", build, "--output", place]
        done = subprocess.run(argv, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{tool}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
        return (done.stdout, json.loads(pathlib.Path(place, f"{tool}.json").read_text()),
                pathlib.Path(place, page).read_text())
