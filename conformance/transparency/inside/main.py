#!/usr/bin/python3 -B
"""Runs one scenario, inside a world: main.py NAME. See scene.py."""

import importlib
import pathlib
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
from scene import Scene  # noqa: E402


def main():
    scene = Scene()
    try:
        importlib.import_module("suites." + sys.argv[1]).scenario(scene)
    except Exception as wrong:  # whatever it is, it is a result
        traceback.print_exc()
        scene.check("(ended early)", f"FAILED: {type(wrong).__name__}: {wrong}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
