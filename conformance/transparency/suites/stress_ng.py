"""stress-ng: every way to make, signal and wait for processes, in numbers, each verified by itself"""

import re

PACKAGES = ("stress-ng",)
KINDS = ("bare", "empty", "shim", "run")
SECONDS = 600
# stressor: how many operations, as many as an idle machine does in a second or less
MEASURED = {"fork": 2000, "vfork": 10000, "clone": 100, "spawn": 100, "exec": 50, "zombie": 2000, "wait": 1000,
            "kill": 20000, "daemon": 1000, "session": 500, "sigchld": 2000, "pthread": 1000, "switch": 20000}
OTHERS = {"vforkmany": 100, "pidfd": 500, "procfs": 3, "sigq": 20000, "sigsuspend": 5000, "sigpipe": 1000,
          "sigfd": 20000, "sigabrt": 500, "sigsegv": 5000, "signest": 5000, "sigrt": 5000, "pipe": 20000, "pty": 2,
          "prctl": 200, "ptrace": 5000, "schedpolicy": 1000, "set": 200, "personality": 100, "dup": 50, "close": 2000}
LIMITS = {"vforkmany": 5}  # seconds: it never ends before; without sigio, which at times does not, either, bare


def scenario(scene):
    for name, operations in (MEASURED | OTHERS).items():
        done = scene.run(["stress-ng", f"--{name}", "1", f"--{name}-ops", operations, "--timeout", LIMITS.get(name, 60),
                          "--verify", "--metrics-brief", "--seed", "7"], timeout=90)
        print(done.stdout)
        found = re.search(rf"\] {name} +(\d+) +([\d.]+) +[\d.]+ +[\d.]+ +([\d.]+)", done.stdout)
        failed = re.findall(r"(?:fail|error): +\[\d+\] (.*)", done.stdout)
        words = "completed" if "successful run completed" in done.stdout else "FAILED: no completion"
        scene.check(f"{name}: status", done.returncode)
        scene.check(f"{name}: verdict", "FAILED: " + failed[0] if failed else words)
        scene.expect(f"{name}: operations", found and int(found[1]) >= operations, found and found[1])
        scene.until(f"{name}: the end of all of it", lambda: not scene.others())
        if found and name in MEASURED:
            scene.figure(name, found[3], "operations/s")
