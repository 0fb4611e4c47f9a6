"""Workers: each in a world of its own, with a thread here that hands it its requests."""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
FAREWELL = 10  # seconds for a worker to leave
LONGEST = 400  # seconds for one answer: a stage has deadlines of its own, far below


def cgroup_place():
    """(mount point, our own directory) of cgroup2 where a cgroup can be made, else (None, None)."""
    with open("/proc/self/mountinfo") as mounts:
        points = [line.split()[4] for line in mounts if " - cgroup2 " in line]
    with open("/proc/self/cgroup") as groups:
        paths = [line[3:].strip() for line in groups if line.startswith("0::")]
    if not points or not paths or os.geteuid() != 0 or not os.access(points[0] + paths[0], os.W_OK):
        return None, None
    return points[0], points[0] + paths[0].rstrip("/")


def namespace_command():
    """What puts a command into a pid namespace of its own; [] where there is none to be had."""
    options = ["--pid", "--fork", "--mount-proc", "--kill-child"]
    for more in ([], ["--user", "--map-current-user"]):
        command = ["unshare", *more, *options]
        if shutil.which("unshare") and subprocess.run([*command, "true"], stdin=subprocess.DEVNULL,
                                                      capture_output=True, check=False).returncode == 0:
            return command
    return []


class Worker:
    def __init__(self, number, options, namespace):
        self.mount, own = cgroup_place()
        self.cgroup = f"{own}/trees-{os.getpid()}-{number}" if own else None
        self.base = tempfile.mkdtemp(prefix="trees-")
        self.options, self.namespace = options, namespace
        self.process = None
        self.start()

    def start(self):
        if self.cgroup and not os.path.isdir(self.cgroup):
            os.mkdir(self.cgroup)
        given = json.dumps({"cgroup": self.cgroup, "mount": self.mount, "base": self.base, "shim": self.options.shim,
                            "forkproof": self.options.forkproof, "players": self.options.players})
        self.process = subprocess.Popen([*self.namespace, sys.executable, "-B", os.path.join(HERE, "run"), "--worker", given],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.alone = json.loads(self.process.stdout.readline())["alone"]

    def ask(self, request):
        watchdog = threading.Timer(LONGEST, self.process.kill)
        watchdog.start()
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        finally:
            watchdog.cancel()
        if line:
            return json.loads(line)
        self.stop()
        self.start()
        return {"verdict": "BROK", "complaints": ["the worker has died, and all in its world with it"], "plan": "",
                "counts": {"nodes": 0}, "took": 0}

    def stop(self):
        """It ends with its input; what is left in its namespace ends with it."""
        self.process.stdin.close()
        try:
            self.process.wait(timeout=FAREWELL)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    def close(self):
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)
        end = time.monotonic() + FAREWELL
        while self.cgroup and os.path.isdir(self.cgroup) and time.monotonic() < end:
            remove_cgroups(self.cgroup)


def remove_cgroups(top):
    """Refused as long as somebody in one is being released."""
    for directory, _, _ in os.walk(top, topdown=False):
        try:
            os.rmdir(directory)
        except OSError:
            time.sleep(0.002)


class Crew:
    def __init__(self, size, options):
        self.workers = []
        namespace = namespace_command()
        for number in range(size):
            self.workers.append(Worker(number, options, namespace))
        self.alone = all(w.alone for w in self.workers)

    def ask(self, request):
        return self.workers[0].ask(request)

    def play(self, requests, width):
        """Yields (request, answer) as they come, from so many workers; closing the generator hands out no more."""
        todo, done = iter(requests), queue.Queue()
        lock, over = threading.Lock(), threading.Event()

        def work(worker):
            while not over.is_set():
                with lock:
                    request = next(todo, None)
                if request is None:
                    break
                done.put((request, worker.ask(request)))
            done.put(None)

        threads = [threading.Thread(target=work, args=(w,), daemon=True) for w in self.workers[:width]]
        for thread in threads:
            thread.start()
        left = len(threads)
        try:
            while left:
                item = done.get()
                if item is None:
                    left -= 1
                else:
                    yield item
        finally:
            over.set()
            for thread in threads:
                thread.join()

    def close(self):
        for worker in self.workers:
            worker.close()
