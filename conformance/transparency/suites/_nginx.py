"""What the two scenarios of nginx share. No suite."""

from . import _web as web

NGINX = "/usr/sbin/nginx"
WORKERS = 3
LOSSES = (("one killed", "KILL", 1), ("one crashed", "SEGV", 1), ("all killed", "KILL", WORKERS))
PORT = 8080
CONFIG = """
user www-data;
worker_processes {workers};
daemon {daemon};
pid /tmp/work/nginx.pid;
error_log /tmp/work/error.log notice;
events {{ worker_connections 256; accept_mutex off; }}
http {{
    access_log /tmp/work/access.log;
    server {{
        listen 127.0.0.1:{port};
        location / {{ root /tmp/work/pages; }}
        location = /generation {{ return 200 {generation}; }}
    }}
}}
"""


class Nginx:
    """A master and its workers, one thing done to them at a time."""

    def __init__(self, scene, daemon):
        self.scene, self.daemon = scene, daemon
        self.pid_file, self.log = web.WORK / "nginx.pid", web.WORK / "error.log"
        self.configure("one")
        web.write("pages/index.html", "a page\n")
        web.write("pages/large", "0123456789abcdef" * 16384)

    def configure(self, generation):
        text = CONFIG.format(workers=WORKERS, port=PORT, generation=generation, daemon="on" if self.daemon else "off")
        self.config = web.write("nginx.conf", text)

    def argv(self, *more):
        return [NGINX, "-c", self.config, *more]

    def command(self, name, *more):
        """Another nginx that gives the running one a signal."""
        done = self.scene.run(self.argv("-s", *more))
        self.scene.check(name, f"status {done.returncode}")  # what it prints begins with the time

    @property
    def master(self):
        return web.pid_in(self.scene, self.pid_file)

    def workers(self, master=None):
        return self.scene.children(master or self.master)

    def fresh(self, name, before, master=None):
        """All workers there, none of those of before; and what all that costs."""
        self.scene.until(f"{name}: other workers", lambda: len(self.workers(master) - before) == WORKERS)
        self.scene.until(f"{name}: the old ones gone", lambda: not before & set(self.scene.pids_of("nginx")))
        self.scene.settled(name)

    def serve(self):
        scene = self.scene
        scene.until("it listens", lambda: web.get(PORT))
        scene.expect("forkproof is in master and workers where it should be",
                     all(scene.hooked(pid) for pid in {self.master} | self.workers()))
        scene.settled("started", {"nginx": 1 + WORKERS})
        scene.check("a page", web.get(PORT))
        scene.check("a large page", f"{len(web.get(PORT, '/large'))} characters")
        scene.check("a missing page", web.get(PORT, "/missing").split()[0])

    def bear_load(self):
        scene = self.scene
        web.load(scene, "load, a connection each", PORT, "/", 25000, 8)
        web.load(scene, "load, connections kept", PORT, "/", 100000, 8, keep=True)
        scene.settled("after the load", {"nginx": 1 + WORKERS})

    def reload(self):
        scene, before, master = self.scene, self.workers(), self.master
        scene.check("generation before", web.get(PORT, "/generation"))
        self.configure("two")
        self.command("reload", "reload")
        self.fresh("after the reload", before)
        scene.check("generation after", web.get(PORT, "/generation"))
        scene.expect("the master stays", self.master == master)

    def reload_under_load(self, times=5):
        scene = self.scene
        client = web.start(web.ab(PORT, "/", 8000, 8))
        for _ in range(times):
            before = self.workers()
            scene.send(self.master, "HUP")
            scene.until("other workers", lambda: len(self.workers() - before) == WORKERS)
        scene.check("load over five reloads", web.tally(client.communicate(timeout=60)[0])[0])
        scene.settled("after five reloads", {"nginx": 1 + WORKERS})

    def lose_workers(self):
        scene = self.scene
        for name, deadly, count in LOSSES:
            lost = set(sorted(self.workers())[:count])
            for pid in lost:
                scene.send(pid, deadly)
            scene.until(f"{name}: replaced", lambda: len(self.workers() - lost) == WORKERS)
            scene.settled(f"workers, {name}", {"nginx": 1 + WORKERS})
            scene.check(f"a page, {name}", web.get(PORT))
        scene.check("what the log says of lost workers", web.log_lines(self.log, "worker process .* exited on signal"))

    def reopen_logs(self):
        scene, log = self.scene, web.WORK / "access.log"
        log.rename(web.WORK / "access.log.1")
        self.command("reopen", "reopen")
        scene.until("a new log", log.exists)
        # Each worker opens it for itself, after the master.
        scene.until("nobody has the old log open", lambda: not any(
            web.has_open(pid, "access.log.1") for pid in scene.pids_of("nginx")))
        web.get(PORT, "/large")
        scene.until("a line in the new log", lambda: "GET /large" in log.read_text(encoding="ascii"))
        scene.settled("after reopening the logs")

    def begin_upgrade(self, name):
        """USR2: a new binary beside the old one, on the same sockets. WINCH: the old one's workers end."""
        scene, old, before = self.scene, self.master, self.workers()
        scene.send(old, "USR2")
        scene.until(f"{name}: a new master", lambda: self.master != old)
        new = self.master
        scene.until(f"{name}: its workers", lambda: len(self.workers(new)) == WORKERS)
        scene.settled(f"{name}, both masters with workers", {"nginx": 2 + 2 * WORKERS})
        scene.expect(f"{name}, the new master is the old one's child", new in self.workers(old))
        scene.expect(f"{name}, forkproof is in the new ones where it should be",
                     all(scene.hooked(pid) for pid in {new} | self.workers(new)))
        scene.send(old, "WINCH")
        scene.until(f"{name}: the old workers gone", lambda: not before & self.workers(old))
        scene.settled(f"{name}, the old master without workers", {"nginx": 2 + WORKERS})
        scene.check(f"{name}, a page from the new workers", web.get(PORT))
        return old, new

    def end_upgrade(self, name, leaving, staying):
        scene = self.scene
        scene.send(leaving, "QUIT")
        scene.until(f"{name}: one master gone", lambda: leaving not in scene.pids_of("nginx"))
        scene.settled(f"{name}, done", {"nginx": 1 + WORKERS})
        scene.expect(f"{name}, the right one in charge", self.master == staying)
        scene.check(f"{name}, a page in the end", web.get(PORT))

    def upgrade(self, name):
        self.end_upgrade(name, *self.begin_upgrade(name))

    def upgrade_and_back(self, name):
        scene = self.scene
        old, new = self.begin_upgrade(name)
        scene.send(old, "HUP")
        scene.until(f"{name}: the old master has workers again", lambda: len(self.workers(old) - {new}) == WORKERS)
        self.end_upgrade(name, new, old)

    def refuse_upgrade(self):
        """A master whose parent lives takes itself for the new binary and is not upgraded."""
        scene = self.scene
        scene.send(self.master, "USR2")
        refused = scene.until("USR2 refused", lambda: web.log_lines(self.log, "the changing binary signal is ignored"))
        scene.check("what the log says of an upgrade", refused)
        scene.settled("after an upgrade refused", {"nginx": 1 + WORKERS})

    def all_gone(self):
        scene = self.scene
        scene.until("nobody left", lambda: not scene.others("nginx"))
        scene.check("left in the end", scene.census())
        scene.expect("the port is free", web.refused(PORT), "somebody listens")
        scene.expect("no pid file", not self.pid_file.exists(), "there is one")
        scene.check("what the log says of trouble", web.log_lines(self.log, r"\[(?:error|crit|emerg)\]"))
