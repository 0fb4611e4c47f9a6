"""One tree, played: the state it has when its root is let go, and what is there when that has returned.

The stage is set in a world (world.py) in which nobody else lives. Nothing is awaited by sleeping where something tells;
what nothing tells (that an orphan has died, that a process has stopped) is looked at until it is so or the time is over.
"""

import json
import os
import shutil
import subprocess
import tempfile
import time

from . import board as boards
from . import model as models
from . import proc

DEADLINE = 30.0  # seconds, for each of: growing, ending
LOOK_AGAIN = 0.0005


class Broken(Exception):
    """The tree did not become what its plan says: nothing is shown."""


class Tools:
    def __init__(self, forkproof, shim, players, base):
        self.forkproof, self.shim, self.players, self.base = forkproof, shim, players, base


class Seen:
    """before: node -> Process; after: pid -> Process, of all that are there. report: JSON or None."""

    def __init__(self):
        self.before, self.after, self.report = {}, {}, None
        self.late, self.keepers = [], {}
        self.status, self.stderr, self.hung, self.traces = None, "", False, []


class Stage:
    def __init__(self, world, tools, plan, rung, grace=None):
        self.world, self.tools, self.plan, self.rung = world, tools, plan, rung
        self.model = models.Model(plan, rung)
        self.grace = grace or self.model.grace
        self.seen = Seen()
        self.outside, self.looked = {}, 0.0

    def play(self):
        self.directory = tempfile.mkdtemp(prefix="tree-", dir=self.tools.base)
        try:
            self._prepare()
            self._start()
            try:
                self._grow()
                self._release()
                self._return()
            finally:
                self.seen.stderr = self._stderr()
                self.world.clear(self._known())
                self.process.wait()
        finally:
            shutil.rmtree(self.directory, ignore_errors=True)
        return self.seen

    # --- starting ---

    def _path(self, *names):
        return os.path.join(self.directory, *names)

    def _prepare(self):
        with open(self._path("plan"), "w") as file:
            file.write(self.plan.text())
        for player in ("dynamic", "static"):
            os.symlink(os.path.join(self.tools.players, player), self._path(player))
        if self.world.cgroup:
            with open(self._path("cgroups"), "w") as file:
                file.write(f"mount={self.world.cgroup_mount}\nout={self.world.cgroup}\n")
        self.board = boards.Board(self._path("board"), self.plan.budget)

    def _command(self):
        root = [self._path("dynamic"), self.directory, "0"]
        if self.rung in models.ALONE:
            # A shell in between, so that the root leads nothing before it does so itself.
            return ["/bin/sh", "-c", 'LD_PRELOAD=$0 "$@"; exit $?', self.tools.shim] + root
        contain = {"no-kill": "auto"}.get(self.rung, self.rung)
        options = [f"--contain={contain}", f"--grace={int(self.grace * 1000)}ms", "--report", self._path("report")]
        return [self.tools.forkproof, "run", *options, *(["--no-kill"] if self.rung == "no-kill" else []), "--"] + root

    def _start(self):
        env = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "FORKPROOF_RUNTIME_DIR": self._path("runtime"),
               "FORKPROOF_LIBRARY": self.tools.shim}
        if self.rung in models.ALONE:
            env["FORKPROOF_OPTIONS"] = f"contain={self.rung}"
        with open(self._path("stderr"), "wb") as stderr:
            self.process = subprocess.Popen(self._command(), env=env, stdin=subprocess.DEVNULL, stdout=stderr,
                                            stderr=stderr, start_new_session=True)

    def _stderr(self):
        with open(self._path("stderr"), errors="replace") as file:
            return file.read()

    # --- growing ---

    def _until(self, condition, what):
        end = time.monotonic() + DEADLINE
        while not condition():
            if self.board.broken():
                raise Broken(self.board.broken())
            if time.monotonic() > end:
                raise Broken(f"{what}, after {DEADLINE:.0f} s")
            time.sleep(LOOK_AGAIN)

    def _grow(self):
        def settled():
            return self.board.state(0) == boards.SETTLED or self.board.broken()

        end = time.monotonic() + DEADLINE
        while not self.board.wait(settled, 0.05):
            if self.process.poll() is not None:
                raise Broken(f"the command ended with {self.process.returncode} before the tree was there")
            if time.monotonic() > end:
                raise Broken("the tree has not grown")
        if self.board.broken():
            raise Broken(self.board.broken())
        shape = self.model.shape.at.values()
        self._until(lambda: all(self._is_over(o) for o in shape if not o.alive), "somebody who should end has not")
        self.board.raise_flag(boards.STOPS)
        self._until(lambda: all(self._state(o) == "T" for o in shape if o.node.end == "stop"), "somebody has not stopped")
        self._until(lambda: all(self._state(o) == "Z" for o in shape if o.node.threads == "orphaned" and o.alive),
                    "somebody's first thread has not left")
        self._look()

    def _pid(self, node):
        """Here; 0 when it is gone. In a pid namespace of its own a node knows itself by another number."""
        pid = self.board.pid(node)
        if self.rung != "pidns" or not pid:
            return pid
        if pid not in self.outside and time.monotonic() > self.looked + LOOK_AGAIN:
            self.outside = proc.inner_numbers()
            self.looked = time.monotonic()
        return self.outside.get(pid, 0)

    def _state(self, one):
        process = proc.read(self._pid(one.id))
        return process.state if process else None

    def _is_over(self, one):
        """A zombie where it should be one, else gone; what pid 1 has not yet taken is gone."""
        process = proc.read(self._pid(one.id))
        if one.zombie:
            return process is not None and not proc.is_alive(process)
        if process is not None and process.parent == os.getpid() and self.rung in models.ALONE:
            self.world.reap(process.pid)
        return process is None or (not proc.is_alive(process) and process.parent == os.getpid())

    def _look(self):
        """What is there is what the plan says: else the player or the model is wrong, or a call was not as bare."""
        everybody = proc.everybody()
        nodes = {one.id: everybody.get(self._pid(one.id)) for one in self.model.shape.at.values()
                 if one.alive or one.zombie}
        missing = [n for n, p in nodes.items() if p is None]
        if missing:
            raise Broken(f"nodes {missing} are not there")
        self.seen.before = nodes
        ours = self.world.everybody({p.pid: p.start for p in nodes.values()})
        known = {p.pid for p in nodes.values()}
        self.seen.keepers = {pid: p for pid, p in ours.items() if pid not in known}
        names = {p.pid: n for n, p in nodes.items()}
        for one in self.model.shape.at.values():
            if one.alive or one.zombie:
                self._compare(one, nodes[one.id], names)

    def _compare(self, one, process, names):
        def name(pid, otherwise):
            return names.get(pid, otherwise)

        have = (name(process.parent, models.ADOPTER) if one.id else None, name(process.group, models.CALLER),
                name(process.session, models.CALLER), process.comm)
        want = (one.parent, one.group, one.session, one.comm)
        # A leader that has gone leaves its number behind.
        have = tuple(w if h == models.CALLER and w not in names.values() else h for h, w in zip(have, want))
        if have != want:
            raise Broken(f"node {one.id} is {have} (parent, group, session, name) and should be {want}")

    # --- the end ---

    def _release(self):
        root = self.plan.nodes[0]
        if root.end == "killed":
            os.kill(self._pid(0), root.number("end"))
        else:
            self.board.raise_flag(boards.GO)

    def _return(self):
        limit = DEADLINE + self.grace
        try:
            self.seen.status = self.process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            self.seen.hung = True
        if self.rung == "guard" and not self.seen.hung:
            self._await_guard(limit)
        self._await_the_dying()
        self.seen.after = self.world.everybody(self._known())
        if self.board.broken():
            raise Broken(self.board.broken())
        self.seen.late = self.board.late()
        self._read_report()
        self._look_for_traces()

    def _await_guard(self, limit):
        """It ends when all is done; the root has not waited for it."""
        end = time.monotonic() + limit
        while any(proc.read(pid) for pid, p in self.seen.keepers.items() if p.comm != "sh"):
            self.world.reap()
            if time.monotonic() > end:
                self.seen.hung = True
                return
            time.sleep(LOOK_AGAIN)

    def _await_the_dying(self):
        """What the preload alone has killed and given up, as the kernel's now; what SIGHUP is about to end."""
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end and self._is_somebody_dying():
            time.sleep(LOOK_AGAIN)

    def _is_somebody_dying(self):
        if self.rung in models.ALONE:
            return any(p.state == "D" for p in self.world.everybody(self._known()).values())
        hung_up = [n for n, e in self.model.nodes.items() if e.after == "gone"] if self.rung in models.LEAVING else []
        return any(self._is_as_before(self.seen.before[n]) for n in hung_up)

    @staticmethod
    def _is_as_before(process):
        now = proc.read(process.pid)
        return proc.is_alive(now) and now.start == process.start

    def _read_report(self):
        if os.path.exists(self._path("report")):
            with open(self._path("report")) as file:
                self.seen.report = json.load(file)

    def _look_for_traces(self):
        """Files and cgroups of the run."""
        self.seen.traces = [os.path.join("runtime", n) for n in self._list(self._path("runtime"))]
        if self.world.cgroup:
            self.seen.traces += [os.path.join(self.world.cgroup, n) for n in self._list(self.world.cgroup)
                                 if n.startswith("forkproof-")]

    @staticmethod
    def _list(path):
        try:
            return os.listdir(path)
        except FileNotFoundError:
            return []

    def _known(self):
        """pid -> start, of all that were ever seen; for a world that others live in."""
        known = {p.pid: p.start for p in self.seen.before.values()}
        known.update({pid: p.start for pid, p in self.seen.keepers.items()})
        return known
