"""Job control on a terminal: bash, zsh, dash, mksh

Each shell reads from a terminal of its own what a person would type: jobs in the background, Ctrl-C, Ctrl-Z,
fg, bg, wait, traps; and its jobs, their states and the shell's descriptors are looked at from outside.
"""

from inside.prompt import PROMPT, Prompt

PACKAGES = ("bash", "dash", "mksh", "procps", "python3-pexpect", "zsh")
KINDS = ("bare", "empty", "shim", "run")
EXPLAINED = {
    "*the terminal goes": "the kernel tells a hang-up to the session's leader, which is forkproof: the shell may "
                          "see the end of its input before the signal that is passed on",
}

SHELLS = {
    "bash": ["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"],
    "zsh": ["/bin/zsh", "-f", "-i", "+Z", "-o", "nopromptsp", "-o", "nopromptcr",
            "-o", "nobanghist"],
    "dash": ["/bin/dash", "-i"],
    "mksh": ["/bin/mksh", "+o", "emacs", "-i"],
}


def background(shell):
    shell.check("start in the background", "sleep 1000 &")
    shell.state("start in the background, state", "sleep", "S")
    shell.check("jobs", "jobs")
    shell.check("kill %1 and wait", "kill %1; wait %1; echo status $?")
    shell.check("no job left", "jobs; echo end")
    shell.check("wait for a status", "(exit 7) & wait $!; echo status $?")
    shell.check("wait once more", "wait $!; echo status $?")
    shell.ask("true")
    shell.check("wait for all", "(sleep 0.1 & sleep 0.05 & wait; echo status $?)")
    shell.check("two hundred children", "(i=0; while [ $i -lt 200 ]; do true & i=$((i+1)); done; wait; echo status $?)")
    shell.check("eighty not waited for", "(i=0; while [ $i -lt 80 ]; do true & i=$((i+1)); done; echo $i)")
    shell.check("wait for a stranger", "wait 1; echo status $?")
    shell.check("kill of a former child", "true & wait $!; kill -0 $! 2>/dev/null; echo status $?")


def keys(shell):
    shell.key("ctrl-c", "sleep 1000", "sleep", "c")
    shell.key("ctrl-backslash", "(ulimit -c 0; exec sleep 1000)", "sleep", "\\")
    shell.key("ctrl-c in a pipeline", "sleep 1000 | cat", "cat sleep", "c")
    shell.gone("ctrl-c in a pipeline, left", "sleep")
    shell.key("ctrl-c in a loop", "while :; do sleep 1000; done", "sleep", "c")
    shell.key("ctrl-c at a subshell", "(sleep 1000; echo not this)", f"{shell.name} sleep", "c")
    shell.gone("ctrl-c at a subshell, left", "sleep")


def stop_and_go(shell):
    shell.key("ctrl-z", "sleep 1000", "sleep", "z")
    shell.state("ctrl-z, state", "sleep", "T")
    shell.check("jobs after ctrl-z", "jobs")
    shell.check("bg", "bg")
    shell.state("bg, state", "sleep", "S")
    shell.key("fg and ctrl-z", "fg", "sleep", "z")
    shell.check("second job", "sleep 2000 &")
    shell.check("jobs, two", "jobs")
    shell.state("jobs, two, states", "sleep", "TS")
    shell.key("fg %1 and ctrl-c", "fg %1", "sleep", "c")
    shell.ask("kill -STOP %2")
    shell.state("kill -STOP %2", "sleep", "T")
    shell.ask("true")  # about here the shell tells of it, a prompt earlier or later
    shell.check("kill -STOP %2, jobs", "jobs")
    shell.ask("kill %2")  # some shells continue it, too
    shell.ask("kill -CONT %2")
    shell.gone("kill of a stopped job, left", "sleep")
    shell.ask("wait")
    shell.check("jobs, none", "jobs; echo end")
    shell.key("ctrl-z at a pipeline", "sleep 1000 | cat | cat", "cat cat sleep", "z")
    shell.state("ctrl-z at a pipeline, state", "cat", "TT")
    shell.key("fg of a pipeline", "fg", "cat cat sleep", "c")
    shell.gone("fg of a pipeline, left", "cat")


def terminal_and_background(shell):
    shell.ask("cat &")
    shell.state("reading in the background", "cat", "T")
    shell.ask("true")
    shell.check("reading in the background, jobs", "jobs")
    shell.ask("kill -KILL %1")
    shell.gone("reading in the background, left", "cat")
    shell.ask("true")
    shell.ask("stty tostop; true")
    shell.ask("sh -c 'echo from the background' &")
    shell.scene.until("tostop stops the writer", lambda: [s for _, n, s in shell.scene.others("sh")] == ["T"])
    shell.ask("true")
    shell.check("tostop, jobs", "jobs")
    shell.check("tostop, fg", "fg; echo status $?; stty -tostop")


def statuses(shell):
    shell.ask("sh -c 'kill -INT $$'")
    shell.status("status after SIGINT")
    for name in ("HUP", "KILL", "PIPE", "ALRM", "TERM", "USR1"):
        shell.check(f"status after SIG{name}", f"sh -c 'kill -{name} $$'; echo status $?")
    shell.check("status of a pipeline", "true | false; echo status $?; false | true; echo status $?")
    shell.check("status after a broken pipe",
                "(while echo y; do :; done; echo $? >&2) 2>/dev/null | head -n 1; echo status $?")
    shell.check("not found, not executable", "/nowhere; echo status $?; /etc/passwd; echo status $?")
    shell.check("substitution", "x=$(exit 5); echo status $?; echo $(echo a $(echo b; exit 3))")
    shell.check("substitution, child in the background",
                "x=$(sleep 1000 >/dev/null 2>&1 & echo $!); kill -0 $x; echo status $?; kill $x; echo status $?")
    shell.gone("substitution, child in the background, left", "sleep")
    shell.check("substitution waits for the pipe", "x=$( (sleep 0.1; echo late) & echo early); echo $x")
    shell.check("exec in a subshell", "(exec sh -c 'exit 9'); echo status $?")
    shell.check("here document", "cat <<end | cat\none\ntwo\nend")


def traps(shell):
    shell.check("trap CHLD, one by one",
                "n=0; trap 'n=$((n+1))' CHLD; for i in 1 2 3 4 5; do /bin/true; done; trap - CHLD; echo $n")
    shell.check("trap ends a wait", "trap n=usr1 USR1; (while sleep 0.05; do kill -USR1 $$; done) & wait; "
                "echo status $? $n; trap '' USR1")
    shell.ask("kill $!; wait; trap - USR1")
    shell.ask("true")
    shell.check("trap INT in a child", "sh -c 'trap \"echo int; exit 4\" INT; kill -INT $$; echo no'; echo status $?")
    shell.check("trap EXIT in a subshell", "(trap 'echo bye' EXIT; exit 6); echo status $?")
    shell.check("ignored signal is inherited", "(trap '' TERM; sh -c 'kill -TERM $$; echo alive'); echo status $?")


def of_bash(shell):
    shell.check("PIPESTATUS", "(exit 3) | (exit 4) | true; echo ${PIPESTATUS[*]}")
    shell.check("pipefail", "set -o pipefail; (exit 3) | true; echo status $?; set +o pipefail")
    shell.check("wait -n", "sleep 1000 & (exit 3) & wait -n; echo status $?; kill %1; wait")
    shell.ask("true")
    shell.check("wait -n -p", "(exit 8) & one=$!; wait -n -p which; echo status $? $((which - one))")
    shell.check("disown", "sleep 1000 & disown; jobs; kill $!; echo status $?; wait $! 2>/dev/null; echo status $?")
    shell.gone("disown, left", "sleep")
    shell.check("coproc", "coproc cat; echo hello >&${COPROC[1]}; read -r x <&${COPROC[0]}; echo $x")
    shell.ask("kill $COPROC_PID; wait")
    shell.gone("coproc, left", "cat")
    shell.ask("true")
    shell.check("process substitution", "cat <(echo a) <(echo b); echo c > >(cat); wait $!; echo status $?")
    shell.check("lastpipe", "(set +m; shopt -s lastpipe; echo x | read -r y; echo $y)")
    shell.terminal.setwinsize(40, 100)
    shell.check("SIGWINCH", "/bin/true; echo $LINES $COLUMNS")
    shell.check("suspend", "bash --norc --noprofile --noediting -i")
    shell.check("suspend, stopped", "suspend -f")
    shell.check("suspend, jobs", "jobs")
    shell.check("suspend, again", "fg")
    shell.check("suspend, end", "exit 5")
    shell.status("suspend, status")


def of_zsh(shell):
    shell.check("pipestatus", "(exit 3) | (exit 4) | true; echo $pipestatus")
    shell.check("coproc", "coproc cat; print -p hello; read -r -p x; echo $x")
    shell.ask("kill %1; wait")
    shell.gone("coproc, left", "cat")
    shell.check("process substitution", "cat <(echo a) <(echo b) =(echo c)")
    shell.check("disown", "sleep 1000 & disown; jobs; kill $!; echo status $?")
    shell.gone("disown, left", "sleep")


def of_mksh(shell):
    shell.check("PIPESTATUS", "(exit 3) | (exit 4) | true; echo ${PIPESTATUS[*]}")
    shell.check("coprocess", "cat |& print -p hello; read -r -p x; echo $x")
    shell.ask("kill $!; wait")
    shell.gone("coprocess, left", "cat")
    shell.ask("true")


def ending(shell):
    shell.key("stopped before the end", "sleep 2000", "sleep", "z")
    shell.check("exit with a stopped job", "exit")
    shell.end("exit once more")
    shell.gone("exit once more, left", "sleep")


def hang_up(shell):
    if shell.name in ("bash", "zsh"):  # the others leave their running jobs alone
        shell.ask("sleep 1000 &")
    shell.key("stopped before the terminal goes", "sleep 2000", "sleep", "z")
    shell.hang_up("the terminal goes")
    shell.gone("the terminal goes, left", "sleep")


def start(scene, name):
    environment = {"PS1": PROMPT, "PS2": "", "ENV": ""}
    return Prompt(scene, name, scene.terminal(SHELLS[name], env=environment, echo=False))


def of_shell(scene, name):
    shell = start(scene, name)
    for part in (background, keys, stop_and_go, terminal_and_background, statuses, traps):
        part(shell)
    own = globals().get("of_" + name)
    if own:
        own(shell)
    scene.settled(f"{name} at the prompt", {name: 1})
    ending(shell)
    hang_up(start(scene, name))


def scenario(scene):
    for name in SHELLS:
        scene.part(name, of_shell, scene, name)
