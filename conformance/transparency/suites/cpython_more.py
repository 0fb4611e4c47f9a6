"""CPython's own tests of signals, terminals, threads, process pools and event loops over child processes"""

from suites.cpython import PACKAGES, PYTHON, outcomes  # noqa: F401 pylint: disable=unused-import

# Of multiprocessing: what is not the same again in threads or through a manager.
POOLS = ("WithProcessesTestProcess", "WithProcessesTestSubclassingProcess", "WithProcessesTestPool",
         "WithProcessesTestConnection", "WithProcessesTestQueue", "TestWait", "TestCloseFds", "TestFlags",
         "TestIgnoreEINTR", "TestResourceTracker", "TestNoForkBomb", "TestStartMethod", "TestPoolNotLeakOnFailure")
# module: of which classes or tests (all, where none is named); without those that start no process or take minutes.
PARTS = {
    "test_signal": (), "test_threadsignals": (), "test_pty": (), "test_openpty": (), "test_eintr": (),
    "test_faulthandler": (), "test_posix": (), "test_os": (), "test_tempfile": (), "test_cmd_line": (),
    "test_threading": (), "test_select": (), "test_poll": (), "test_pipes": (),
    "test_file_eintr": (), "test_io": ("SignalsTest",),
    "test_asyncio.test_subprocess": (), "test_asyncio.test_unix_events": (),
    "test_multiprocessing_fork": POOLS, "test_multiprocessing_spawn": POOLS, "test_multiprocessing_forkserver": POOLS,
    "test_multiprocessing_main_handling": ("test_script_compiled", "test_package", "test_directory"),
    "test_concurrent_futures": ("ForkProcessPoolExecutor", "ProcessPoolShutdown", "ProcessPoolForkWait"),
}
SECONDS = 600


def commands():
    return {name: [PYTHON, "-B", "-m", "test", "-v"] + [w for p in classes for w in ("-m", f"*{p}*")] + [name]
            for name, classes in PARTS.items()}
