"""tmux and screen as people start them: the server daemonises, outlives its clients, and is told to end

Also other daemons that a terminal's programs leave: a shell's nohup and setsid, script's and ssh-agent's children.
"""

import pathlib
import subprocess

from inside.prompt import PROMPT, Prompt
from suites import job_control

PACKAGES = ("openssh-client", "screen", "tmux", *job_control.PACKAGES)

WORK = pathlib.Path("/tmp/work")
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def typed(scene, name, argv, env, prefix):
    """A client that starts the server: a shell in it, then detached; back again, and the shell's own end."""
    import pexpect  # pylint: disable=import-outside-toplevel
    terminal = scene.terminal(argv, env={"PS1": PROMPT, "ENV": ""} | env, cwd=str(WORK))
    terminal.expect(PROMPT)
    answer = WORK / (name + ".answer")
    terminal.send(f"(exit 5); echo $? >{answer}\r")
    scene.until(f"{name}: answer", lambda: answer.read_text(encoding="ascii").strip())
    scene.check(f"{name} status", answer.read_text(encoding="ascii").strip())
    terminal.send(prefix + "d")
    terminal.expect(pexpect.EOF)
    terminal.wait()
    scene.check(f"{name} detach", f"{terminal.exitstatus} {terminal.signalstatus}")
    scene.settled(f"{name} detached")


def tmux(scene):
    conf = WORK / "tmux.conf"
    conf.write_text("set -g default-shell /bin/sh\n", encoding="ascii")
    front = ["tmux", "-L", "scene", "-f", conf]
    typed(scene, "tmux", [*front, "new-session", "-s", "one", "exec sh"], {}, "\x02")
    scene.check("tmux new-session -d", scene.run([*front, "new-session", "-d", "-s", "two", "sleep 1000"]).returncode)
    sessions = scene.run([*front, "list-sessions", "-F", "#{session_name} #{session_windows}"])
    scene.check("tmux sessions", sessions.stdout)
    # A client that is killed, one whose terminal goes: the server stays.
    for name in ("killed", "without terminal"):
        client = scene.terminal([*front, "attach", "-t", "one"])
        client.expect(r"\[one\]")
        if name == "killed":
            client.kill(9)
        else:
            client.ptyproc.fileobj.close()
        client.wait()
        scene.until(f"tmux {name}: gone", lambda: not scene.run([*front, "list-clients"]).stdout)
        scene.settled(f"tmux client {name}")
    # The server's own death by a signal: its shells get SIGHUP.
    scene.bare(["kill", "-TERM", *scene.pids_of("tmux: server")])
    scene.until("tmux: all gone", lambda: not scene.others("sh") and not scene.others("sleep"))
    scene.settled("tmux server gets SIGTERM")
    scene.check("tmux new-session again", scene.run([*front, "new-session", "-d", "sleep 1000"]).returncode)
    scene.until("tmux: sleeps", lambda: scene.pids_of("sleep"))
    scene.bare(["kill", "-KILL", *scene.pids_of("tmux: server")])
    scene.settled("tmux server gets SIGKILL", {"sleep": 0})
    # The last session ends: so does the server.
    scene.check("tmux new-session, short", scene.run([*front, "new-session", "-d", "sleep 0.2; exit 3"]).returncode)
    scene.settled("tmux after its last session", {"tmux: server": 0})


def screen(scene):
    folder = WORK / "screens"
    folder.mkdir(mode=0o700)
    (WORK / "screenrc").write_text("startup_message off\n", encoding="ascii")
    env = {"SCREENDIR": str(folder), "SCREENRC": str(WORK / "screenrc"), "TERM": "xterm"}
    typed(scene, "screen", ["screen", "-S", "one", "/bin/sh"], env, "\x01")
    scene.check("screen -d -m", scene.run(["screen", "-d", "-m", "-S", "two", "sleep", "1000"], env=env).returncode)
    scene.settled("screen, two", {"sleep": 1})
    for session in ("one", "two"):
        scene.check(f"screen quit {session}", scene.run(["screen", "-S", session, "-X", "quit"], env=env).returncode)
    scene.settled("screen, left", {"screen": 0, "sleep": 0})


def hang_up(scene):
    """Strictly, what job_control.py can only have explained: it runs under forkproof, too."""
    for name in job_control.SHELLS:
        job_control.start(scene, name).hang_up("the terminal goes")
        scene.settled(f"{name} the terminal goes, left")


def others(scene):
    argv = ["/bin/bash", "--norc", "--noediting", "-i"]
    shell = Prompt(scene, "shell", scene.terminal(argv, env={"PS1": PROMPT}, echo=False))
    shell.ask("nohup sleep 1000 >/dev/null 2>&1 & disown")
    shell.ask("setsid sleep 1000 >/dev/null 2>&1 </dev/null & disown")
    shell.ask("(trap '' HUP; exec sleep 1000) &")
    shell.ask("sleep 2000 &")
    scene.until("four sleeps", lambda: len(scene.pids_of("sleep")) == 4)
    shell.hang_up("hang-up")
    scene.settled("after the shell", {"sleep": 3})
    scene.bare(["kill", *scene.pids_of("sleep")])
    done = scene.run(["ssh-agent", "-s"])
    scene.check("ssh-agent", done.returncode)
    scene.settled("ssh-agent stays", {"ssh-agent": 1})
    pid = scene.pids_of("ssh-agent")[0]
    done = scene.run(["ssh-agent", "-k"], env={"SSH_AGENT_PID": str(pid)})
    scene.check("ssh-agent -k", f"{done.returncode} {done.stdout.replace(str(pid), 'PID')}")
    scene.settled("ssh-agent gone", {"ssh-agent": 0})
    done = scene.run(["ssh-agent", "sh", "-c", "test -S $SSH_AUTH_SOCK && echo there; exit 6"])
    scene.check("ssh-agent COMMAND", f"{done.returncode} {done.stdout}")
    scene.settled("ssh-agent COMMAND, left", {"ssh-agent": 0})


def scenario(scene):
    scene.parts(tmux, screen, hang_up, others)
    scene.settled("nothing left")
