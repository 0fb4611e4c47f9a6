"""supervisord: programs started, stopped with their groups, killed, restarted, given up, reread"""

import http.client
import pathlib
import re
import socket
import subprocess
import xmlrpc.client

PACKAGES = ("supervisor",)
KINDS = ("bare", "empty", "shim", "run")
DAEMON, CONTROL = "/usr/bin/supervisord", "/usr/bin/supervisorctl"
WORK = pathlib.Path("/tmp/work")
CONFIG = WORK / "supervisord.conf"
HEAD = f"""
[supervisord]
logfile={WORK}/log
pidfile={WORK}/pid
childlogdir={WORK}
nodaemon=true
[unix_http_server]
file={WORK}/socket
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix://{WORK}/socket
"""
TREE = "sh -c 'sleep 1000 & sleep 1001 & wait'"
COMMON = "startsecs=0\nautostart=false\n"
PROGRAMS = {
    "steady": "command=sleep 2000\nstartsecs=1\n",
    "several": "command=sleep 2001\nnumprocs=3\nprocess_name=%(process_num)d\n",
    "plain": f"command={TREE}\n{COMMON}",
    "group": f"command={TREE}\n{COMMON}stopasgroup=true\nkillasgroup=true\n",
    "stubborn": f"command=sh -c 'trap \"\" TERM; sleep 1000 & while :; do wait; done'\n{COMMON}stopwaitsecs=1\n"
                "killasgroup=true\n",
    "polite": f"command=sh -c 'trap \"echo polite; exit 0\" USR1; sleep 1002 & wait'\n{COMMON}stopsignal=USR1\n"
              "killasgroup=true\n",
    "talker": f"command=sh -c 'seq 20000; echo aside >&2'\n{COMMON}autorestart=false\n",
    "expected": f"command=sh -c 'exit 2'\n{COMMON}exitcodes=2\nautorestart=unexpected\n",
    "crasher": "command=sh -c 'kill -SEGV $$'\nautostart=false\nstartretries=1\nstartsecs=60\n",
    "missing": f"command=/nowhere/program\n{COMMON}",
}
LISTENER = f"""
[eventlistener:listener]
command=/usr/bin/python3 -B {WORK}/listener.py
events=PROCESS_STATE_EXITED,PROCESS_STATE_FATAL
"""
LISTENER_SOURCE = f"""
import sys
while True:
    print('READY', flush=True)
    head = dict(pair.split(':') for pair in sys.stdin.readline().split())
    body = dict(pair.split(':') for pair in sys.stdin.read(int(head['len'])).split())
    with open('{WORK}/events', 'a') as file:
        print(head['eventname'], body['processname'], file=file)
    sys.stdout.write('RESULT 2\\nOK')
    sys.stdout.flush()
"""


class Transport(xmlrpc.client.Transport):
    """To a socket in a folder."""

    def make_connection(self, host):
        connection = http.client.HTTPConnection(host)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(WORK / "socket"))
        return connection


class Daemon:
    def __init__(self, scene):
        self.scene = scene
        self.process = None

    def configure(self, **programs):
        sections = [f"[program:{name}]\n{text}" for name, text in programs.items()]
        CONFIG.write_text("\n".join([HEAD, LISTENER, *sections]), encoding="ascii")

    def say(self, *words):
        argv = [CONTROL, "-c", str(CONFIG), *words]
        return subprocess.run(argv, check=False, timeout=30, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT).stdout.strip()

    def check(self, *words):
        """What supervisorctl says to these words, in a fixed order, is a check."""
        self.scene.check(" ".join(words), "says " + ", ".join(sorted(self.say(*words).split("\n"))))

    def ask(self, method, *words):
        """The same questions as supervisorctl's, without starting one; None when it does not know the answer."""
        try:
            with xmlrpc.client.ServerProxy("http://supervisor/RPC2", transport=Transport()) as server:
                return getattr(server.supervisor, method)(*words)
        except (xmlrpc.client.Fault, http.client.HTTPException):
            return None

    def status(self, name):
        found = self.ask("getProcessInfo", name)
        return found and found["statename"]

    def pid(self, name=None):
        """Its own, or that of a program; 0 when it does not run."""
        return self.ask("getPID") if name is None else (self.ask("getProcessInfo", name) or {}).get("pid", 0)

    def in_state(self, name, state, seconds=20):
        self.scene.until(f"{name} {state}", lambda: self.status(name) == state, seconds)

    def states(self):
        return "are " + ", ".join(sorted(" ".join(line.split()[:2]) for line in self.say("status").split("\n")))

    def logged(self, pattern):
        found = re.findall(pattern, (WORK / "log").read_text(encoding="ascii"))
        return ", ".join(sorted(set(found)))

    def sleeping(self, seconds):
        """Pids of `sleep SECONDS`."""
        asked = f"sleep\0{seconds}\0"
        return [p for p in self.scene.pids_of("sleep")
                if pathlib.Path(f"/proc/{p}/cmdline").read_text(encoding="utf-8") == asked]


def stop(scene, daemon):
    for name, left in (("group", 0), ("plain", 2)):
        daemon.check("start", name)
        scene.until("its children", lambda: daemon.sleeping(1000) and daemon.sleeping(1001))
        daemon.check("stop", name)
        scene.until("the others gone", lambda: len(daemon.sleeping(1000) + daemon.sleeping(1001)) == left)
        scene.settled("stopped " + name)
    for pid in daemon.sleeping(1000) + daemon.sleeping(1001):
        scene.send(pid, "KILL")
    for name, seconds in (("stubborn", 1000), ("polite", 1002)):
        daemon.check("start", name)
        scene.until("its child", lambda: daemon.sleeping(seconds))
        daemon.check("stop", name)
    scene.check("said at its stop", (WORK / "polite.out").read_text(encoding="ascii").strip())
    for pid in daemon.sleeping(1002):
        scene.send(pid, "KILL")
    scene.settled("after the stops")


def lose(scene, daemon):
    for signal in ("KILL", "TERM", "SEGV"):
        lost = daemon.pid("steady")
        scene.send(lost, signal)
        scene.until("another one", lambda: daemon.pid("steady") not in (0, lost))
        daemon.in_state("steady", "RUNNING")
    for name, state in (("crasher", "FATAL"), ("expected", "EXITED")):
        daemon.say("start", name)
        daemon.in_state(name, state)
        scene.check(f"{name} ends as", daemon.status(name))
    daemon.check("start", "missing")
    (lost,) = [pid for pid in scene.pids_of("python3") if pid in scene.children(daemon.process_pid)]
    scene.send(lost, "KILL")
    daemon.in_state("listener", "RUNNING")
    scene.settled("after losing children", {"sleep": 4})
    scene.check("endings", daemon.logged(r"exited: \w+ \(.*?\)|gave up: \w+"))


def scenario(scene):
    (WORK / "listener.py").write_text(LISTENER_SOURCE, encoding="ascii")
    daemon = Daemon(scene)
    texts = {name: f"{text}stdout_logfile={WORK}/{name}.out\nstderr_logfile={WORK}/{name}.err\n"
             for name, text in PROGRAMS.items()}
    texts["several"] = PROGRAMS["several"]
    daemon.configure(**texts)
    daemon.process = scene.start([DAEMON, "-c", CONFIG])
    scene.until("it answers", daemon.pid)
    daemon.process_pid = daemon.pid()
    scene.expect("forkproof is where it should be", scene.hooked(daemon.process_pid))
    daemon.in_state("steady", "RUNNING")
    daemon.in_state("several:2", "RUNNING")
    daemon.in_state("listener", "RUNNING")
    scene.settled("started", {"sleep": 4})
    scene.check("states at first", daemon.states())
    daemon.check("start", "talker")
    talker = WORK / "talker.out"
    scene.until("all is said", lambda: talker.read_text(encoding="ascii").endswith("\n20000\n"))
    scene.check("lines captured", talker.read_text(encoding="ascii").count("\n"))
    scene.check("errors captured", (WORK / "talker.err").read_text(encoding="ascii").strip())
    stop(scene, daemon)
    lose(scene, daemon)
    for _ in range(4):
        daemon.say("restart", "several:*")
    scene.settled("after twelve restarts", {"sleep": 4})
    daemon.check("signal", "STOP", "steady")
    daemon.check("signal", "CONT", "steady")
    del texts["several"], texts["crasher"]
    daemon.configure(**texts, fresh="command=sleep 2002\n")
    daemon.check("reread")
    daemon.check("update")
    daemon.in_state("fresh", "RUNNING")
    scene.settled("after the update", {"sleep": 2})
    scene.check("states after the update", daemon.states())
    scene.send(daemon.process_pid, "HUP")  # all anew
    log = WORK / "log"
    scene.until("it starts again", lambda: log.read_text(encoding="ascii").count("supervisord started with pid") == 2)
    scene.until("it answers again", daemon.pid)
    daemon.in_state("fresh", "RUNNING")
    daemon.in_state("steady", "RUNNING")
    scene.settled("after the restart", {"sleep": 2})
    daemon.check("shutdown")
    scene.check("status at the end", daemon.process.wait(20))
    scene.settled("left")
    events = (WORK / "events").read_text(encoding="ascii").split("\n")
    scene.check("events", ", ".join(sorted(set(events) - {""})))
