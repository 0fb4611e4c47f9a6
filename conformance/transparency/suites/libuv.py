"""libuv's own tests: spawning, killing, signals, fork, pipes, terminals, and all the rest"""

from driver.formats import tap as outcomes  # noqa: F401

PACKAGES = ("cmake",)
SOURCES = ("libuv1",)
KINDS = ("bare", "empty", "shim", "run")
OPTIONS = "contain=group"
BUILD = "cd /src/libuv1; cmake -S . -B build -DCMAKE_BUILD_TYPE=Release; cmake --build build --target uv_run_tests -j 2"


def commands():
    return {"tests": ["sh", "-c", "cd /src/libuv1; exec build/uv_run_tests"]}
