"""OpenSSH: a server with keys of its own, its sessions, and what clients leave and kill

Commands and their ends, terminals with job control, sftp and scp, shared connections (ControlPersist), an
agent, connections that are cut, a reload by SIGHUP, and a listener that ends while sessions stay. The server
is under test, and so are the clients.
"""

import pathlib
import signal
import subprocess

from inside.prompt import PROMPT, Prompt

PACKAGES = ("openssh-client", "openssh-server", "openssh-sftp-server", "procps", "python3-pexpect")
USER = "root"

WORK = pathlib.Path("/tmp/work")
PORT = 2222
SERVER = f"""
Port {PORT}
ListenAddress 127.0.0.1
HostKey {WORK}/host_key
AuthorizedKeysFile {WORK}/user_key.pub
PidFile {WORK}/sshd.pid
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PrintMotd no
PrintLastLog no
PermitRootLogin yes
UseDNS no
Subsystem sftp /usr/lib/openssh/sftp-server
"""
CLIENT = f"""
Host world
    HostName 127.0.0.1
    Port {PORT}
    User tester
    IdentityFile {WORK}/user_key
    UserKnownHostsFile {WORK}/known
    StrictHostKeyChecking no
    LogLevel ERROR
    ControlPath {WORK}/control
"""
PLAIN = ["ssh", "-F", "/dev/null", "-p", str(PORT), "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no",
         "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "tester@127.0.0.1"]
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def told(done):
    return f"status {done.returncode}: " + " | ".join(done.stdout.replace("\r", "").splitlines())


class Ssh:
    def __init__(self, scene):
        self.scene = scene
        for name, text in (("sshd_config", SERVER), ("config", CLIENT)):
            (WORK / name).write_text(text, encoding="ascii")
        for key in ("host_key", "user_key"):
            scene.bare(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", WORK / key])
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
        WORK.chmod(0o755)
        scene.bare(["usermod", "-p", "*", "tester"])  # no password, but not locked either
        self.server = scene.start(["/usr/sbin/sshd", "-D", "-e", "-f", WORK / "sshd_config"], **QUIET)
        self.client = ["ssh", "-F", WORK / "config"]
        self.ready()

    def ready(self):
        self.scene.until("sshd: answers", lambda: subprocess.run([*map(str, self.client), "world", "true"], check=False,
                                                                 **QUIET).returncode == 0)
        self.idle("ready")

    def idle(self, name):
        """Waits until nobody is connected."""
        self.scene.until(f"{name}: no session", lambda: self.sessions() == 0)

    def sessions(self):
        return len(self.scene.pids_of("sshd")) - 1

    def run(self, name, *argv, **more):
        self.scene.check(name, told(self.scene.run([*self.client, *argv], **more)))
        self.idle(name)

    def quiet(self, name, *argv):
        """A client that leaves a process behind, which would hold our pipe."""
        self.scene.check(name, f"status {self.scene.start([*self.client, *argv], **QUIET).wait(timeout=20)}")

    def begin(self, name, *argv, child="sleep"):
        """A client whose command is this child; waits for that."""
        self.scene.until(f"{name}: no {child} yet", lambda: not self.scene.pids_of(child))
        process = self.scene.start([*self.client, *argv], **QUIET)
        self.scene.until(f"{name}: {child}", lambda: self.scene.pids_of(child))
        return process

    def ended(self, name, process, child="sleep"):
        self.scene.check(name, f"client {process.wait(timeout=20)}")
        self.scene.until(f"{name}: {child} gone", lambda: not self.scene.pids_of(child))
        self.idle(name)
        self.scene.settled(f"{name}, left")


def commands(it):
    it.run("command", "world", "echo out; echo err >&2; exit 7")
    it.run("command killed", "world", "kill -TERM $$")
    it.run("command reads", "world", "wc -c", stdin=subprocess.PIPE)
    it.run("command not found", "world", "/nowhere")
    it.run("environment", "world", "env | grep -v ^SSH_ | sort")
    it.run("many commands", "world", "for i in $(seq 100); do /bin/true; done; echo $i")
    it.run("a hundred not waited for", "world", "i=0; while [ $i -lt 100 ]; do true & i=$((i+1)); done; wait; echo $?")
    it.run("background child keeps the pipe", "world", "(sleep 0.2; echo late) & echo early")
    it.run("background child without the pipe", "world", "sleep 1000 >/dev/null 2>&1 </dev/null & echo $?")
    it.scene.settled("background child stays", {"sleep": 1})
    it.run("pkill", "world", "pkill -x sleep; echo $?")
    it.run("with a terminal", "-tt", "world", "tty | cut -c 1-8; exit 3")
    it.run("with a terminal, killed", "-tt", "world", "kill -KILL $$")
    it.scene.check("not allowed", it.scene.run([*PLAIN, "true"]).returncode)
    for i in range(10):
        it.scene.bare([*it.client, "world", f"(exit {i}); true"])
    it.idle("ten connections")
    it.scene.settled("after ten connections", {"sshd": 1})


def on_a_terminal(it):
    scene = it.scene
    terminal = scene.terminal([*it.client, "-tt", "world", f"exec env PS1='{PROMPT}' bash --norc --noediting -i"])
    shell = Prompt(scene, "terminal", terminal)
    shell.ask("stty -echo")
    shell.check("size", "stty size")
    terminal.setwinsize(40, 100)
    shell.ask("until test \"$(stty size)\" = '40 100'; do :; done")
    shell.check("SIGWINCH", "stty size")

    def key(name, line, control):
        terminal.sendline(line)
        shell.foreground("sleep ssh")
        terminal.sendcontrol(control)
        scene.check(f"terminal {name}", shell.rest().replace("^C", "").replace("^Z", "").strip())
        shell.status(f"{name}, status")

    key("ctrl-c", "sleep 1000", "c")
    key("ctrl-z", "sleep 1000", "z")
    shell.state("ctrl-z, state", "sleep", "T")
    shell.check("bg", "bg")
    key("fg and ctrl-c", "fg", "c")
    shell.gone("fg and ctrl-c, left", "sleep")
    scene.settled("terminal, idle", {"sleep": 0})
    shell.ask("sleep 1000 &")
    shell.end("exit", "kill %1; exit 5")
    it.idle("terminal")
    scene.settled("terminal, left", {"sleep": 0})


def files(it):
    (WORK / "large").write_bytes(bytes(range(256)) * 4096)
    scene, options = it.scene, ["-q", "-F", WORK / "config"]
    same = lambda path: path.read_bytes() == (WORK / "large").read_bytes()
    for name, more in (("scp", []), ("scp -O", ["-O"])):
        copy = lambda *paths: told(scene.run(["scp", *options, *more, *paths]))
        scene.check(f"{name} there", copy(WORK / "large", "world:copy"))
        scene.check(f"{name} back", copy("world:copy", WORK / "back"))
        scene.check(f"{name}, the same", same(WORK / "back"))
        scene.check(f"{name} of nothing", copy("world:nothing", WORK / "back"))
    batch = WORK / "batch"
    batch.write_text(f"put {WORK}/large two\nls -1\n!echo from below\n-get nothing\nget two {WORK}/two\nrm two\n",
                     encoding="ascii")
    scene.check("sftp", told(scene.run(["sftp", *options, "-b", batch, "world"])))
    scene.check("sftp, the same", same(WORK / "two"))
    it.idle("files")
    scene.settled("after files", {"sshd": 1, "sftp-server": 0})


def shared(it):
    """A first client leaves a master behind, which others use; it is told to end, or killed."""
    control = WORK / "control"
    it.quiet("ControlPersist", "-o", "ControlMaster=auto", "-o", "ControlPersist=yes", "world", "exit 4")
    it.scene.until("control socket", control.exists)
    it.scene.settled("ControlPersist stays", {"ssh": 1})
    for i in range(5):
        it.scene.check(f"shared {i}", told(it.scene.run([*it.client, "world", f"exit {i}"])))
    it.scene.check("shared check", it.scene.run([*it.client, "-O", "check", "world"]).returncode)
    it.scene.settled("shared, after five", {"ssh": 1})
    it.scene.check("shared exit", told(it.scene.run([*it.client, "-O", "exit", "world"])))
    it.idle("shared exit")
    it.scene.settled("shared exit, left", {"ssh": 0})
    it.quiet("ssh -f", "-f", "world", "exec sleep 1000")
    it.scene.settled("ssh -f stays", {"ssh": 1, "sleep": 1})
    it.scene.bare(["kill", *it.scene.pids_of("ssh")])
    it.idle("ssh -f killed")
    it.scene.settled("ssh -f killed", {"ssh": 0})
    it.scene.bare(["pkill", "-x", "sleep"])
    # A port that is passed on, by a client in the background.
    it.quiet("ssh -f -N -L", "-f", "-N", "-o", "ExitOnForwardFailure=yes",
             "-L", f"127.0.0.1:2223:127.0.0.1:{PORT}", "world")
    it.scene.check("through the port", told(it.scene.run([*it.client, "-p", "2223", "world", "exit 8"])))
    it.scene.bare(["kill", *it.scene.pids_of("ssh")])
    it.idle("port passed on")
    it.scene.settled("port passed on, left", {"ssh": 0})


def agent(it):
    script = (f"ssh-add -q {WORK}/user_key; ssh-add -l | wc -l; "
              f"{' '.join(PLAIN)} -A 'ssh-add -l | wc -l; exit 6'; echo $?; "
              "ssh-add -q -D; ssh-add -l; echo $?")
    done = it.scene.run(["ssh-agent", "sh", "-c", script])
    it.scene.check("agent", told(done).replace(str(WORK), "WORK"))
    it.idle("agent")
    it.scene.settled("agent, left", {"ssh-agent": 0})


def cut(it):
    """Whoever is killed: what is left on the other side."""
    scene = it.scene
    for number in (signal.SIGTERM, signal.SIGKILL, signal.SIGHUP):
        name = f"client with a terminal gets {number.name}"
        process = it.begin(name, "-tt", "world", "sleep 1000; exit 3")
        process.send_signal(number)
        it.ended(name, process)
    process = it.begin("client without a terminal gets SIGTERM", "world", "exec sleep 1000")
    process.terminate()
    scene.check("client without a terminal gets SIGTERM", f"client {process.wait(timeout=20)}")
    it.idle("client without a terminal")
    scene.settled("its command stays", {"sleep": 1})
    scene.bare(["pkill", "-x", "sleep"])
    name = "session's sshd gets SIGTERM"
    process = it.begin(name, "-tt", "world", "exec sleep 1000")
    sleeper = scene.pids_of("sleep")[0]
    parent = pathlib.Path(f"/proc/{sleeper}/stat").read_text(encoding="ascii").split()[3]
    scene.bare(["kill", "-TERM", parent])
    it.ended(name, process)
    name = "command gets SIGKILL"
    process = it.begin(name, "world", "exec sleep 1000")
    scene.bare(["pkill", "-KILL", "-x", "sleep"])
    it.ended(name, process)


def reload_and_stop(it):
    scene = it.scene
    process = it.begin("session over a reload", "world", "exec sleep 1000")
    listener = int((WORK / "sshd.pid").read_text(encoding="ascii"))
    (WORK / "sshd_config").write_text(SERVER + "Banner none\nSetEnv GENERATION=two\n", encoding="ascii")
    scene.bare(["kill", "-HUP", listener])
    scene.until("sshd: reloaded", lambda: scene.run([*it.client, "world", "echo $GENERATION"]).stdout == "two\n")
    scene.until("sshd: one session", lambda: it.sessions() == 2)  # its monitor and its child
    scene.check("reload", f"same pid: {int((WORK / 'sshd.pid').read_text(encoding='ascii')) == listener}")
    scene.settled("reload, with a session", {"sleep": 1})
    scene.bare(["pkill", "-x", "sleep"])
    it.ended("session over a reload", process)
    process = it.begin("session over the end", "world", "sleep 1000; exit 9")
    scene.bare(["kill", "-TERM", listener])
    scene.check("listener ends", it.server.wait(timeout=20))
    scene.check("nobody listens", scene.run([*it.client, "world", "true"]).returncode)
    scene.settled("listener ended, with a session", {"sleep": 1})
    scene.bare(["pkill", "-x", "sleep"])
    scene.check("session over the end", f"client {process.wait(timeout=20)}")
    scene.settled("session over the end, left", {"sshd": 0})


def scenario(scene):
    it = Ssh(scene)
    scene.settled("idle")
    scene.parts(commands, on_a_terminal, files, shared, agent, cut, reload_and_stop, of=it)
    scene.settled("nothing left")
