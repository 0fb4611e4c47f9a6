"""What the two scenarios of php-fpm share. No suite."""

import collections
import concurrent.futures
import os
import subprocess

from . import _web as web

FPM = "/usr/sbin/php-fpm8.2"
NAME = "php-fpm8.2"
CGI = "/usr/bin/cgi-fcgi"
NGINX = "/usr/sbin/nginx"
FIXED, ELASTIC, DEMAND, STRICT = POOLS = range(9001, 9005)
FRONT = 8083
WORKERS = 2 + 2 + 1  # of the pools fixed, elastic and strict; the pool demand has none while nothing is asked of it
CONFIG = """
[global]
daemonize = {daemon}
pid = /tmp/work/fpm.pid
error_log = /tmp/work/fpm.log
process_control_timeout = 10s
emergency_restart_threshold = 3
emergency_restart_interval = 10m
[fixed]
listen = 127.0.0.1:9001
pm = static
pm.max_children = 2
pm.max_requests = 10
[elastic]
listen = 127.0.0.1:9002
pm = dynamic
pm.max_children = 6
pm.start_servers = 2
pm.min_spare_servers = 2
pm.max_spare_servers = 2
catch_workers_output = yes
[demand]
listen = 127.0.0.1:9003
pm = ondemand
pm.max_children = 4
pm.process_idle_timeout = 1s
[strict]
listen = 127.0.0.1:9004
pm = static
pm.max_children = 1
slowlog = /tmp/work/slow.log
request_slowlog_timeout = 1s
request_terminate_timeout = 2s
"""
EACH = """
user = www-data
group = www-data
access.log = /tmp/work/access.log
access.format = "%p %r"
env[GENERATION] = {generation}
"""
FRONT_CONFIG = """
user www-data;
worker_processes 1;
pid /tmp/work/front.pid;
error_log /tmp/work/front.log;
events { worker_connections 64; }
http {
    access_log off;
    server {
        listen 127.0.0.1:8083;
        root /tmp/work;
        location / { fastcgi_pass 127.0.0.1:9001; include /etc/nginx/fastcgi.conf; }
    }
}
"""
SCRIPTS = {
    "page": """<?php
echo "a page of generation ", getenv("GENERATION"), "\\n";
""",
    "maps": """<?php
$process = proc_open(["cat", "/proc/self/maps"], [1 => ["pipe", "w"]], $pipes);
echo stream_get_contents($pipes[1]);
proc_close($process);
""",
    "environment": """<?php
echo shell_exec("env | sort");
echo "descriptors ", trim(shell_exec("ls /proc/self/fd | wc -l")), "\\n";
echo shell_exec("grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status");
""",
    "commands": """<?php
function descriptors() { return count(scandir("/proc/self/fd")); }
$before = descriptors();
exec("seq 1000", $lines, $status);
echo "exec: ", count($lines), " lines, status $status\\n";
exec("/nowhere/program 2>&1", $more, $status);
echo "exec of nothing: status $status\\n";
exec('kill -TERM $$', $more, $status);
echo "exec of what is killed: status $status\\n";
echo "shell_exec: ", trim(shell_exec("echo hello; exit 3")), "\\n";
system("echo system; exit 4", $status);
echo "its status: $status\\n";
passthru("echo passthru; exit 5", $status);
echo "its status: $status\\n";
$pipe = popen("read line; test \\"\\$line\\" = hello; exit $((6 + $?))", "w");
fwrite($pipe, "hello\\n");
echo "popen to: status ", pclose($pipe), "\\n";
$pipe = popen("seq 100000; exit 7", "r");
echo "popen from: ", strlen(stream_get_contents($pipe)), " bytes, status ", pclose($pipe), "\\n";
echo "descriptors more: ", descriptors() - $before, "\\n";
""",
    "processes": """<?php
$pipes3 = [["pipe", "r"], ["pipe", "w"], ["pipe", "w"]];
$process = proc_open(["sh", "-c", "tr a-z A-Z; echo trouble >&2; exit 8"], $pipes3, $pipes);
fwrite($pipes[0], "proc_open\\n");
fclose($pipes[0]);
echo "output: ", trim(stream_get_contents($pipes[1])), ", errors: ", trim(stream_get_contents($pipes[2])), "\\n";
echo "proc_close: ", proc_close($process), "\\n";

$process = proc_open(["sleep", "60"], [], $pipes);
$status = proc_get_status($process);
echo "running: ", var_export($status["running"], true), ", ", $status["command"], "\\n";
echo "proc_terminate: ", var_export(proc_terminate($process), true), "\\n";
do { $status = proc_get_status($process); } while ($status["running"] && usleep(1000) === null);
echo "signaled: ", var_export($status["signaled"], true), ", signal ", $status["termsig"], "\\n";
echo "proc_terminate again: ", var_export(proc_terminate($process), true), "\\n";
echo "proc_close: ", proc_close($process), "\\n";

$many = [];
for ($i = 0; $i < 100; $i++) $many[] = proc_open(["sh", "-c", "exit $i"], [], $pipes);
$sum = 0;
foreach (array_reverse($many) as $process) $sum += proc_close($process);
echo "sum of a hundred statuses: $sum\\n";
""",
    "held": """<?php
echo "held: ", file_get_contents("/tmp/work/gate");
""",
    "slow": """<?php
function linger() { while (true) usleep(50000); }
linger();
""",
    "leaver": """<?php
exec("setsid sleep 2000 </dev/null >/dev/null 2>&1 &");
exec("timeout 20 sh -c 'until pgrep -x sleep >/dev/null; do :; done'");
echo "left one behind\\n";
""",
}


class Fpm:
    """A master and the workers of four pools, one thing done to them at a time."""

    def __init__(self, scene, daemon):
        self.scene, self.daemon = scene, daemon
        self.pid_file, self.log, self.access = (web.WORK / name for name in ("fpm.pid", "fpm.log", "access.log"))
        self.configure("one")
        for name, text in SCRIPTS.items():
            web.write(name + ".php", text)

    def configure(self, generation):
        text = CONFIG.format(daemon="yes" if self.daemon else "no").replace("\nlisten", EACH.format(
            generation=generation) + "listen")
        self.config = web.write("fpm.conf", text)

    def argv(self):
        return [FPM, "--fpm-config", self.config, "-n"]

    @property
    def master(self):
        return web.pid_in(self.scene, self.pid_file)

    def workers(self):
        return self.scene.children(self.master)

    def ask(self, pool, script, passes=True):
        """What a script prints, asked for by cgi-fcgi."""
        told = {"REQUEST_METHOD": "GET", "SCRIPT_NAME": f"/{script}.php", "SCRIPT_FILENAME": f"/tmp/work/{script}.php"}
        done = subprocess.run([CGI, "-bind", "-connect", f"127.0.0.1:{pool}"], env=told, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, timeout=60, check=False, text=True, errors="replace")
        return done.stdout.partition("\n\n")[2].strip() if passes else f"{done.returncode} {done.stdout}"

    def settled(self, name, gone=()):
        """All workers there, none of those that should be gone; and what all that costs."""
        self.scene.until(f"{name}: some gone", lambda: not set(gone) & set(self.scene.pids_of(NAME)))
        self.scene.settled(name, {NAME: 1 + WORKERS})

    def serve(self):
        scene = self.scene
        scene.until("it is ready", lambda: web.log_lines(self.log, "ready to handle connections"))
        self.settled("started")
        scene.expect("forkproof is in master and workers where it should be",
                     all(scene.hooked(pid) for pid in {self.master} | self.workers()))
        for pool in POOLS:
            scene.check(f"a page of pool {pool}", self.ask(pool, "page"))
        self.settled("after a page of each pool")

    def run_scripts(self):
        scene = self.scene
        for name in ("environment", "commands", "processes"):
            scene.check(f"script {name}", self.ask(ELASTIC, name))
        # By proc_open: PHP clears the environment here, so the shells of exec and its like, made by popen, are without.
        scene.expect("forkproof is in a command where it should be",
                     ("libforkproof" in self.ask(ELASTIC, "maps")) == (scene.kind in ("shim", "run")))
        self.settled("after the scripts")

    def stretch(self):
        """Six requests held at once: the pool grows to its limit, and shrinks when they are let go."""
        scene, gate = self.scene, web.WORK / "gate"
        os.mkfifo(gate)
        gate.chmod(0o644)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            answers = [pool.submit(self.ask, ELASTIC, "held") for _ in range(6)]
            scene.settled("six requests held", {NAME: 1 + WORKERS + 4, "cgi-fcgi": 6})
            descriptor = os.open(gate, os.O_WRONLY | os.O_NONBLOCK)
            os.close(descriptor)
            scene.check("their answers", [answer.result() for answer in answers])
        self.settled("after the requests held")

    def bear_load(self):
        """By an nginx in front, which is none of ours; a worker of this pool ends after ten requests."""
        scene = self.scene
        front = web.write("front.conf", FRONT_CONFIG)
        scene.bare([NGINX, "-c", front])
        web.load(scene, "load of pages, workers turn over", FRONT, "/page.php", 4000, 2)
        web.load(scene, "load of commands", FRONT, "/commands.php", 300, 2)
        scene.bare([NGINX, "-c", front, "-s", "stop"])
        scene.until("the front gone", lambda: not scene.others("nginx"))
        served = scene.until("4300 lines in the log", lambda: web.told_in(self.access, "/", 4300))
        counts = collections.Counter(line.split()[0] for line in served if "/page" in line).values()
        scene.expect("no worker serves more than its share", max(counts) <= 10, f"one served {max(counts)}")
        self.settled("after the load")

    def reload(self):
        """USR2: the master lets its workers finish and executes itself anew."""
        scene, before, master = self.scene, self.workers(), self.master
        scene.check("generation before", self.ask(FIXED, "page"))
        self.configure("two")
        scene.send(master, "USR2")
        scene.until("it serves anew", lambda: self.ask(FIXED, "page").endswith("two"))
        self.settled("after the reload", before)
        scene.check("the master keeps its pid", self.master == master)  # not when it daemonises anew
        scene.expect("forkproof is still in it where it should be",
                     all(scene.hooked(pid) for pid in {self.master} | self.workers()))

    def lose_workers(self):
        scene = self.scene
        for name, count in (("one killed", 1), ("all killed", WORKERS)):
            lost = set(sorted(self.workers())[:count])
            for pid in lost:
                scene.send(pid, "KILL")
            self.settled(f"workers, {name}", lost)
            scene.check(f"a page, {name}", self.ask(FIXED, "page"))
        lost = web.log_lines(self.log, "WARNING: .* exited on signal")
        scene.check("what the log says of lost workers", sorted(lost))

    def crash_workers(self):
        """Three crashes are an emergency: the master executes itself anew."""
        scene, before = self.scene, self.workers()
        for pid in sorted(before)[:3]:
            scene.send(pid, "SEGV")
        scene.until("it reloads", lambda: web.log_lines(self.log, "failed processes threshold"))
        self.settled("after three crashes", before)
        scene.check("a page after three crashes", self.ask(FIXED, "page"))

    def time_out(self):
        """The master looks into a slow worker by ptrace, and terminates it later."""
        scene, slow = self.scene, web.WORK / "slow.log"
        scene.check("a request that takes too long", self.ask(STRICT, "slow", passes=False))
        self.settled("after a request that takes too long")
        scene.check("the slow log", web.log_lines(slow, r"\b(?:usleep|linger)\(\)"))
        scene.check("what the log says of it", web.log_lines(self.log, "WARNING: .*(?:executing too slow|timed out)"))
        scene.check("a page of the strict pool", self.ask(STRICT, "page"))

    def leave_one(self):
        """What a script has put into a session of its own stays, whatever becomes of the server."""
        scene = self.scene
        scene.check("a script that leaves one behind", self.ask(FIXED, "leaver"))
        self.settled("with one left behind")

    def all_gone(self):
        scene = self.scene
        scene.until("nobody left", lambda: not scene.others(NAME))
        scene.settled("left in the end")
        # What a script left behind has the listening socket of its pool, bare as well.
        scene.check("ports that somebody has open", [pool for pool in POOLS if not web.refused(pool)])
        scene.expect("no pid file", not self.pid_file.exists(), "there is one")
        scene.check("what the log says of errors", web.log_lines(self.log, "(?:ERROR|ALERT): "))
