"""Programs that own a terminal: tmux, screen, script, expect, vim, less, top, htop

Each runs commands below itself, is resized, stopped, signalled and left as a person would; the servers of
tmux and screen stay in the foreground (multiplexers.py has them as daemons).
"""

import pathlib
import re
import signal
import subprocess

from inside.prompt import PROMPT, Prompt

PACKAGES = ("expect", "htop", "less", "ncurses-term", "procps", "python3-pexpect", "screen", "bsdutils", "tmux", "vim")
KINDS = ("bare", "empty", "shim", "run")

WORK = pathlib.Path("/tmp/work")
QUIET = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def shell_status(status):
    """As a shell tells it, and forkproof."""
    return status if status >= 0 else 128 - status


def text_of(path):
    try:
        return " ".join((WORK / path).read_text(encoding="utf-8").split())
    except FileNotFoundError:
        return ""


class Screenful:
    """A full-screen program: keys go in, what it does with them is seen elsewhere."""

    def __init__(self, scene, name, argv, env=None):
        self.scene, self.name = scene, name
        self.terminal = scene.terminal(argv, env=env, cwd=str(WORK))
        self.terminal.delaybeforesend = None

    def shows(self, what, keys=""):
        self.terminal.send(keys)
        self.terminal.expect(what)

    def wrote(self, what, path, text, keys=""):
        """That the program, given these keys, comes to write this text."""
        self.terminal.send(keys)
        self.scene.until(f"{self.name} {what}: {text!r} in {path}", lambda: self.swallow() or text_of(path) == text)
        self.scene.check(f"{self.name} {what}", text)

    def swallow(self):
        import pexpect  # pylint: disable=import-outside-toplevel
        try:
            while self.terminal.read_nonblocking(65536, timeout=0):
                pass
        except (pexpect.TIMEOUT, pexpect.EOF):
            pass

    def resize(self, rows, columns):
        self.terminal.setwinsize(rows, columns)

    def left(self, what, keys=""):
        import pexpect  # pylint: disable=import-outside-toplevel
        self.terminal.send(keys)
        self.terminal.expect(pexpect.EOF)
        self.terminal.wait()
        number = self.terminal.signalstatus
        status = 128 + number if number else self.terminal.exitstatus
        self.scene.check(f"{self.name} {what}", f"status {status}")
        self.scene.settled(f"{self.name} {what}, left")


def tmux(scene):
    (WORK / "tmux.conf").write_text("set -g exit-empty off\nset -g default-shell /bin/sh\n", encoding="ascii")
    front = ["tmux", "-L", "scene", "-f", WORK / "tmux.conf"]
    server = scene.start([*front, "-D"], **QUIET, cwd=WORK)
    ask = lambda *argv: scene.bare([*front, *argv]).strip()
    scene.until("tmux: answers",
                lambda: subprocess.run([*front, "list-sessions"], check=False, **QUIET).returncode == 0)
    ask("new-session", "-d", "-s", "one", "-x", "80", "-y", "24", "exec sh")
    ask("send-keys", "-t", "one", "stty size >size; sh -c 'exit 4'; echo $? >status", "Enter")
    scene.until("tmux: a command", lambda: text_of("status"))
    scene.check("tmux command", f"size {text_of('size')}, status {text_of('status')}")
    ask("set", "-g", "remain-on-exit", "on")
    ask("new-window", "-d", "-t", "one:1", "exec sleep 1000")
    ask("split-window", "-d", "-t", "one:1", "sleep 0.2; exit 3")

    def state():
        # tmux 3.3a misses a SIGCHLD now and then, bare as well: it is told again.
        scene.bare(["kill", "-CHLD", *scene.pids_of("tmux: server")])
        return ask("list-panes", "-s", "-t", "one", "-F", "#{pane_dead} #{pane_dead_status} #{pane_dead_signal}")

    scene.until("tmux: a dead pane", lambda: "1 3" in state())
    scene.check("tmux dead pane", state())
    scene.bare(["pkill", "-KILL", "-x", "sleep"])
    scene.until("tmux: a killed pane", lambda: " 9" in state())
    scene.check("tmux killed pane", state())
    ask("respawn-pane", "-t", "one:1.1", "exec sleep 1000")
    scene.until("tmux: sleeps again", lambda: scene.pids_of("sleep"))
    scene.check("tmux respawned pane", state())
    ask("kill-pane", "-t", "one:1.1")
    scene.until("tmux: sleep gone", lambda: not scene.pids_of("sleep"))
    scene.check("tmux kill-pane", state())
    done = subprocess.run([*front, "run-shell", "-t", "one:1.0", "exit 5"], check=False, **QUIET)
    scene.check("tmux run-shell", f"status {done.returncode}")
    scene.check("tmux if-shell", ask("if-shell", "exit 1", "display -p yes", "display -p no"))
    ask("pipe-pane", "-t", "one:0.0", "cat >>piped")
    ask("send-keys", "-t", "one:0.0", "echo through the pipe", "Enter")
    scene.until("tmux: pipe-pane", lambda: "\nthrough the pipe" in (WORK / "piped").read_text(encoding="utf-8"))
    ask("pipe-pane", "-t", "one:0.0")
    scene.until("tmux: pipe-pane ends", lambda: not scene.pids_of("cat"))
    scene.check("tmux pipe-pane", "through the pipe")
    client = Screenful(scene, "tmux client", [*front, "attach", "-t", "one:0"])
    client.shows(r"\[one\]")
    client.wrote("typed", "typed", "hello", "echo hello >typed\r")
    client.resize(40, 100)
    client.wrote("SIGWINCH", "size", "39 100", "until test \"$(stty size)\" = '39 100'; do :; done; stty size >size\r")
    client.left("detach", "\x02d")
    scene.settled("tmux after the client")
    ask("kill-server")
    scene.check("tmux kill-server", f"status {shell_status(server.wait(timeout=20))}")
    scene.settled("tmux, left")


def screen(scene):
    folder = WORK / "screens"
    folder.mkdir(mode=0o700)
    (WORK / "screenrc").write_text("startup_message off\nshell /bin/sh\nzombie kr\n", encoding="ascii")
    more = {"SCREENDIR": str(folder), "SCREENRC": str(WORK / "screenrc"), "TERM": "xterm"}
    server = scene.start(["screen", "-D", "-m", "-S", "scene", "sh"], env=more, **QUIET, cwd=WORK)
    ask = lambda *argv: scene.bare(["env", *(f"{k}={v}" for k, v in more.items()), "screen", "-S", "scene", *argv])
    scene.until("screen: answers", lambda: list(folder.iterdir()))
    scene.until("screen: takes commands", lambda: subprocess.run(
        ["env", *(f"{k}={v}" for k, v in more.items()), "screen", "-S", "scene", "-Q", "windows"], check=False,
        **QUIET).returncode == 0)
    ask("-p", "0", "-X", "stuff", "sh -c 'exit 6'; echo $? >screen-status\n")
    scene.until("screen: a command", lambda: text_of("screen-status"))
    scene.check("screen command", f"status {text_of('screen-status')}")
    ask("-X", "screen", "sleep", "1000")
    scene.until("screen: a window", lambda: scene.pids_of("sleep"))
    scene.settled("screen with two windows")
    ask("-p", "1", "-X", "kill")
    scene.until("screen: window gone", lambda: not scene.pids_of("sleep"))
    scene.settled("screen after kill")
    ask("-p", "0", "-X", "exec", "cat", "/dev/null")
    client = Screenful(scene, "screen client", ["screen", "-r", "scene"], env=more)
    client.shows(r"\$ ")
    client.wrote("typed", "screen-typed", "hello", "echo hello >screen-typed\r")
    client.resize(40, 100)
    client.wrote("SIGWINCH", "screen-size", "40 100",
                 "until test \"$(stty size)\" = '40 100'; do :; done; stty size >screen-size\r")
    client.left("detach", "\x01d")
    ask("-X", "quit")
    scene.check("screen quit", f"status {shell_status(server.wait(timeout=20))}")
    scene.settled("screen, left")


def script(scene):
    typescript = Screenful(scene, "script", ["script", "-q", "-e", "-c", "/bin/dash -i", "/dev/null"],
                           env={"PS1": PROMPT, "ENV": "", "SHELL": "/bin/sh"})
    shell = Prompt(scene, "script", typescript.terminal)
    shell.ask("stty -echo")
    shell.check("size", "stty size")
    typescript.resize(40, 100)
    shell.ask("until test \"$(stty size)\" = '40 100'; do :; done")
    shell.check("SIGWINCH", "stty size")
    shell.terminal.sendline("sleep 1000")
    shell.foreground("script sleep")
    shell.terminal.sendcontrol("c")
    shell.rest()
    shell.status("ctrl-c")
    typescript.left("exit", "exit 5\r")
    Screenful(scene, "script, killed child", ["script", "-q", "-e", "-c", "kill -TERM $$", "/dev/null"]).left("end")
    process = scene.start(["script", "-q", "-e", "-c", "exec sleep 1000", "/dev/null"], **QUIET)
    scene.until("script: sleep", lambda: scene.pids_of("sleep"))
    process.terminate()
    scene.check("script gets SIGTERM", f"status {shell_status(process.wait(timeout=20))}")
    scene.settled("script gets SIGTERM, left", {"sleep": 0})


EXPECT = {
    "statuses": 'spawn -noecho sh -c "exit 7"; expect eof; puts [lrange [wait] 2 3]',
    "killed": 'spawn -noecho sh -c "kill -TERM \\$\\$"; expect eof; puts [lrange [wait] 2 end]',
    "dialogue": 'spawn -noecho cat; send "hello\\r"; expect "hello*hello"; send "\\004"; expect eof; '
                'puts [lrange [wait] 2 3]',
    "close": 'spawn -noecho cat; close; puts [lrange [wait] 2 end]',
    "not found": 'puts [catch {spawn -noecho /nowhere}]; puts [lrange [wait] 3 3]',
    "two at once": 'spawn -noecho sh -c "exit 1"; set a $spawn_id; spawn -noecho sh -c "exit 2"; set b $spawn_id; '
                   'expect -i $a eof; expect -i $b eof; puts [lrange [wait -i $b] 2 3]; puts [lrange [wait -i $a] 2 3]',
    "trap": 'trap {puts chld} SIGCHLD; exec sh -c "exit 0"; puts [catch {exec sh -c "exit 3"} x opts]; '
            'puts [lrange [dict get $opts -errorcode] 2 2]',
    "open": 'set f [open "|sh -c {echo line; exit 4}"]; puts [gets $f]; puts [catch {close $f} x]; '
            'puts [lrange $errorCode 2 2]',
    "system": 'puts [catch {system "exit 6"} x]; puts $x',
    "timeout": 'spawn -noecho sleep 1000; set timeout 1; expect {eof {puts eof} timeout {puts late}}; '
               'exec kill [exp_pid]; expect eof; puts [lrange [wait] 2 end]',
    "exit": 'exit 9',
}


def expect(scene):
    for name, code in EXPECT.items():
        done = scene.run(["expect", "-c", code])
        lines = done.stdout.replace("\r", "").splitlines()
        scene.check(f"expect {name}", f"status {done.returncode}: " + " | ".join(lines))
    code = 'spawn -noecho /bin/dash -i; interact "Q" return; send_user "left\\n"; close; wait; exit 3'
    session = Screenful(scene, "expect interact", ["expect", "-c", code], env={"PS1": PROMPT, "ENV": ""})
    session.shows(PROMPT)
    session.wrote("typed", "interact", "5", "(exit 5); echo $? >interact\r")
    session.shows("left", "Q")
    session.left("end")


VIM = ["vim", "-N", "-u", "NONE", "-i", "NONE", "-n"]
VIM_BATCH = {
    "system()": "call Say(system('echo out; exit 3'), v:shell_error)",
    "system() with input": "call Say(system('wc -l', \"a\\nb\\n\"), v:shell_error)",
    "system() killed": "call Say(system('kill -TERM $$'), v:shell_error)",
    "systemlist()": "call Say(systemlist('seq 3'), v:shell_error)",
    ":r!": "r !seq 3\ncall Say(getline(1, '$'), v:shell_error)",
    ":%!": "call setline(1, ['b', 'a']) | %!sort\ncall Say(getline(1, '$'), v:shell_error)",
    ":w !": "call setline(1, ['x', 'y']) | exe 'w !cat >written'\ncall Say(readfile('written'), v:shell_error)",
    "job": "let j = job_start(['sh', '-c', 'exit 4']) | while job_status(j) ==# 'run' | sleep 10m | endwhile\n"
           "call Say(job_status(j), job_info(j).exitval)",
    "job killed": "let j = job_start(['sleep', '1000']) | call job_stop(j, 'kill') | "
                  "while job_status(j) ==# 'run' | sleep 10m | endwhile\n"
                  "call Say(job_info(j).termsig, job_info(j).exitval)",
    "job not found": "let j = job_start(['/nowhere']) | while job_status(j) ==# 'run' | sleep 10m | endwhile\n"
                     "call Say(job_status(j), job_info(j).exitval)",
    "channel": "let j = job_start(['cat']) | call ch_sendraw(j, \"ping\\n\") | call Say(ch_readraw(j), 0)\n"
               "call job_stop(j)",
}


def vim(scene):
    say = "func Say(...)\ncall writefile([string(a:000)], '/tmp/work/said')\nendfunc\n"
    for name, code in VIM_BATCH.items():
        (WORK / "said").unlink(missing_ok=True)
        (WORK / "batch.vim").write_text(say + code + "\nqall!\n", encoding="ascii")
        done = scene.run([*VIM, "-es", "-S", WORK / "batch.vim"], cwd=WORK)
        scene.check(f"vim {name}", f"status {done.returncode}, said {text_of('said')}")
    vi = Screenful(scene, "vim", VIM)
    vi.shows("~")
    vi.wrote(":!", "vim-out", "from below", ":!echo from below >vim-out; exit 3\r")
    vi.terminal.send("\r")
    vi.wrote("v:shell_error", "vim-error", "3", ":call writefile([v:shell_error], 'vim-error')\r")
    vi.resize(40, 100)
    scene.until("vim: resized", lambda: vi.terminal.send(":call writefile([&lines.' '.&columns], 'vim-size')\r")
                and not vi.swallow() and text_of("vim-size") == "40 100")
    scene.check("vim SIGWINCH", text_of("vim-size"))
    vi.left("end", ":cquit 6\r")
    shell = Prompt(scene, "vim in a shell", scene.terminal(["/bin/bash", "--norc", "--noediting", "-i"],
                                                           env={"PS1": PROMPT}, echo=False))
    shell.terminal.sendline(" ".join(VIM))
    shell.foreground("vim")
    shell.terminal.expect("~")
    shell.terminal.sendcontrol("z")
    shell.terminal.expect("Stopped")
    shell.rest()
    shell.state("ctrl-z", "vim", "T")
    shell.terminal.sendline("fg")
    shell.foreground("vim")
    shell.terminal.send(":cquit 4\r")
    shell.rest()
    shell.status("fg and out")
    shell.end("end")


def less(scene):
    (WORK / "text").write_text("".join(f"line {i}\n" for i in range(100)), encoding="ascii")
    pager = Screenful(scene, "less", ["less", "-PsREADY", "text"], env={
        "LESS": "", "LESSOPEN": "|echo preprocessed >less-pre; cat %s", "VISUAL": "echo edited >less-edit; true"})
    pager.shows("READY")
    pager.wrote("LESSOPEN", "less-pre", "preprocessed")
    pager.wrote("!", "less-out", "7", "!(exit 7); echo $? >less-out\r")
    pager.shows("READY", "\r")
    pager.wrote("|", "less-pipe", "100", "|$wc -l >less-pipe\r")
    pager.shows("READY", "\r")
    pager.resize(40, 100)
    pager.shows("line 38")
    pager.scene.check("less SIGWINCH", "line 38")
    pager.wrote("v", "less-edit", "edited", "v\r")
    pager.left("end", "q")


def top(scene):
    sleeper = subprocess.Popen(["sleep", "1000"])
    done = scene.run(["top", "-b", "-n", "2", "-d", "0.1", "-p", str(sleeper.pid)])
    scene.check("top -b", f"status {done.returncode}, {len(re.findall('sleep', done.stdout))} times sleep")
    screenful = Screenful(scene, "top", ["top", "-d", "100"], env={"TERM": "xterm"})
    screenful.shows("COMMAND")
    screenful.resize(40, 100)
    screenful.shows("COMMAND")
    screenful.shows("PID to signal", "k")
    screenful.shows("Send pid", f"{sleeper.pid}\r")
    screenful.terminal.send("\r")
    scene.check("top k", f"sleep ends with {sleeper.wait(timeout=20)}")
    screenful.left("end", "q")
    screenful = Screenful(scene, "top gets SIGTERM", ["top", "-d", "100"], env={"TERM": "xterm"})
    screenful.shows("COMMAND")
    scene.bare(["kill", "-TERM", scene.pids_of("top")[0]])
    screenful.left("end")
    screenful = Screenful(scene, "htop", ["htop", "-d", "100"], env={"TERM": "xterm"})
    screenful.shows("Load average")
    screenful.resize(40, 100)
    screenful.shows("F10")
    screenful.left("end", "q")


def scenario(scene):
    scene.parts(tmux, screen, script, expect, vim, less, top)
    scene.settled("nothing left")
