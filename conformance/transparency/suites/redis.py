"""Redis: saves by forked children, children killed, a replica fed by a child, Sentinel's scripts

The children that save are slowed down by a delay for each key, so that something can happen to them meanwhile.
"""

import pathlib
import re
import subprocess

PACKAGES = ("redis-server", "redis-tools")
KINDS = ("bare", "empty", "shim", "run")
SERVER, CLI, BENCHMARK = "/usr/bin/redis-server", "/usr/bin/redis-cli", "/usr/bin/redis-benchmark"
WORK = pathlib.Path("/tmp/work")
KEYS = 2000
SLOWLY, FAST = 5000, 0  # microseconds a key: ten seconds for all
SCRIPT = f"""#!/bin/sh
echo "$@" >>{WORK}/notified
exit 2
"""


class Server:
    def __init__(self, scene, name, port, *options):
        self.scene, self.name, self.port = scene, name, port
        self.folder = WORK / name
        self.folder.mkdir()
        self.log = self.folder / "log"
        self.process = scene.start([SERVER, *options, "--port", port, "--bind", "127.0.0.1", "--dir", self.folder,
                                    "--logfile", self.log])
        scene.until(name + " answers", lambda: self.say("ping") == "PONG")

    def say(self, *words):
        """What the server answers, or why it does not."""
        argv = [CLI, "-p", self.port, *words]
        done = subprocess.run([str(word) for word in argv], check=False, timeout=20, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout.strip()

    def info(self, key):
        found = re.search(rf"^{key}:(.*?)\r?$", self.say("info", "everything"), re.MULTILINE)
        return found[1] if found else None

    @property
    def pid(self):
        return int(self.info("process_id"))

    def delay(self, microseconds):
        self.say("config", "set", "rdb-key-save-delay", microseconds)

    def child(self):
        """The pid of the child it has forked."""
        return min(self.scene.until("a child", lambda: self.scene.children(self.pid)))

    def logged(self, pattern):
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return ", ".join(re.findall(pattern, text))

    def done(self, key="rdb_bgsave_in_progress"):
        self.scene.until("the child is done", lambda: self.info(key) == "0")

    def ended(self, name):
        status = self.process.wait(20)
        self.scene.check(name, status if status >= 0 else 128 - status)  # as a shell and forkproof run tell it


def save(scene, server):
    server.say("bgsave")
    server.done()
    scene.check("saved", server.info("rdb_last_bgsave_status"))
    scene.expect("the file is there", (server.folder / "dump.rdb").stat().st_size > KEYS)
    server.delay(SLOWLY)
    for signal in ("KILL", "SEGV", "USR1"):
        server.say("bgsave")
        child = server.child()
        scene.check(f"a second save before {signal}", "says " + server.say("bgsave"))
        scene.send(child, signal)
        server.done()
        scene.check(f"child ended by {signal}", f"last status {server.info('rdb_last_bgsave_status')}")
    scene.check("log of ended children", server.logged(r"Background saving terminated by signal \d+"))
    server.say("bgsave")
    lost = server.child()
    server.say("flushall")  # ends the child, waits for it, saves by itself
    scene.expect("flushall ends the child", lost not in scene.children(server.pid))
    server.delay(FAST)
    scene.settled("after losing children")


def append_only(scene, server):
    server.say("debug", "populate", KEYS)
    scene.check("append only", server.say("config", "set", "appendonly", "yes"))
    server.done("aof_rewrite_in_progress")
    scene.check("log rewritten", server.info("aof_last_bgrewrite_status"))
    server.delay(SLOWLY)
    server.say("bgrewriteaof")
    scene.send(server.child(), "KILL")
    server.done("aof_rewrite_in_progress")
    scene.check("rewriting child killed", f"last status {server.info('aof_last_bgrewrite_status')}")
    server.delay(FAST)
    server.say("bgrewriteaof")
    server.done("aof_rewrite_in_progress")
    scene.check("log rewritten again", server.info("aof_last_bgrewrite_status"))
    scene.settled("after the rewrites")


def replicate(scene, server):
    for way in ("yes", "no"):  # by a pipe from the child, by a file that it writes
        server.say("config", "set", "repl-diskless-sync", way)
        replica = Server(scene, "replica" + way, 7002, "--replicaof", "127.0.0.1 7001")
        scene.until("replicated", lambda: replica.info("master_link_status") == "up")
        scene.check(f"keys of a replica, diskless {way}", replica.say("dbsize"))
        scene.settled(f"with a replica, diskless {way}")
        replica.say("shutdown", "nosave")
        replica.ended(f"replica stopped, diskless {way}")


def sentinel(scene, server):
    script, config = WORK / "script", WORK / "sentinel.conf"
    script.write_text(SCRIPT, encoding="ascii")
    script.chmod(0o755)
    config.write_text("sentinel monitor main 127.0.0.1 7003 1\nsentinel down-after-milliseconds main 300\n"
                      f"sentinel notification-script main {script}\n", encoding="ascii")
    main = Server(scene, "main", 7003, "--save", "")
    watcher = Server(scene, "watcher", 7004, config, "--sentinel")
    scene.until("it is watched", lambda: "flags\nmaster\n" in watcher.say("sentinel", "master", "main"))
    main.say("shutdown", "nosave")
    main.ended("watched server stopped")
    notified = WORK / "notified"
    events = {"+sdown", "+odown"}
    scene.until("notified", lambda: events <= set(notified.read_text(encoding="ascii").split()))
    scene.until("no script runs", lambda: watcher.info("sentinel_running_scripts") == "0")
    scene.expect("what became of the scripts", watcher.logged("-script-error .* 0 2"), watcher.logged(".*script.*"))
    scene.settled("after the scripts")
    scene.send(watcher.pid, "TERM")
    watcher.ended("sentinel stopped")


def scenario(scene):
    server = Server(scene, "server", 7001, "--save", "", "--enable-debug-command", "yes")
    scene.settled("started")
    server.say("debug", "populate", KEYS)
    for name, test in (("sets", "set"), ("pops", "lpop")):
        said = scene.run([BENCHMARK, "-p", 7001, "-n", 200000, "-c", 20, "-t", test, "--csv"]).stdout
        scene.figure(name, said.splitlines()[-1].split('"')[3], "requests/s")
    scene.settled("after the load")
    save(scene, server)
    append_only(scene, server)
    replicate(scene, server)
    sentinel(scene, server)
    scene.check("forks", server.info("total_forks"))
    server.delay(SLOWLY)
    server.say("bgsave")
    server.child()
    server.say("shutdown", "nosave")
    server.ended("shutdown during a save")
    scene.settled("shutdown during a save, left")
    server = Server(scene, "crashing", 7001, "--save", "", "--enable-debug-command", "yes")
    server.say("debug", "segfault")
    server.ended("crashed")
    scene.check("log of the crash", server.logged(r"crashed by signal: \d+|BUG REPORT (?:START|END)"))
    scene.settled("left")
