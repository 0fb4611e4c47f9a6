"""Programs that start others: xargs, GNU parallel, find -exec, timeout, nohup, setsid, nice, flock, env, stdbuf

Each with what it says about children that succeed, fail, are killed, cannot be found, or take too long, and
with signals sent to the launcher itself: what its child gets, and whether any of them is left.
"""

import signal
import subprocess

PACKAGES = ("findutils", "parallel", "coreutils", "util-linux", "dash", "dpkg", "debianutils", "procps", "time")
KINDS = ("bare", "empty", "shim", "run")


def told(done, order=True):
    lines = done.stdout.splitlines()
    return f"status {done.returncode}: " + " | ".join(lines if order else sorted(lines))


class Launchers:
    def __init__(self, scene):
        self.scene = scene

    def sh(self, name, script, order=True, **more):
        """One line of shell; order: whether that of its output is certain."""
        self.scene.check(name, told(self.scene.run(["/bin/sh", "-c", script], **more), order))

    def signalled(self, name, argv, number, child="sleep"):
        """Starts argv, waits for its child, signals argv: the status as a shell tells it, and that no child is left."""
        process = self.scene.start(argv, stdin=subprocess.DEVNULL)
        self.scene.until(f"{name}: {child}", lambda: self.scene.pids_of(child))
        process.send_signal(number)
        status = process.wait(timeout=20)
        self.scene.check(name, f"status {status if status >= 0 else 128 - status}")
        self.gone(name, child)

    def gone(self, name, child="sleep"):
        self.scene.until(f"{name}: no {child} left", lambda: not self.scene.pids_of(child))
        self.scene.check(f"{name}, left", f"no {child}")


def xargs(it):
    it.sh("xargs -P", "seq 60 | xargs -P 4 -n 1 sh -c 'echo $0; exit 0'", order=False)
    it.sh("xargs -P 0", "seq 60 | xargs -P 0 -n 7 echo", order=False)
    it.sh("xargs child fails", "seq 3 | xargs -n 1 sh -c 'echo $0; exit 3'")
    it.sh("xargs child says 255", "seq 3 | xargs -n 1 sh -c 'echo $0; exit 255'")
    it.sh("xargs child killed", "seq 3 | xargs -n 1 sh -c 'echo $0; kill -TERM $$'")
    it.sh("xargs not found", "seq 3 | xargs /nowhere")
    it.sh("xargs not executable", "seq 3 | xargs /etc/passwd")
    it.sh("xargs -P with failures", "seq 20 | xargs -P 5 -n 1 sh -c 'exit $(($0 % 2))'; echo $?")
    it.sh("xargs --process-slot-var", "seq 20 | xargs -P 3 -n 1 --process-slot-var=S sh -c 'echo $S' | sort -u | wc -l")
    it.sh("xargs reads its children's input from nowhere", "echo x | xargs -I{} sh -c 'cat; echo {}'")


def parallel(it):
    # Its temporary files and its citation notice are none of our business.
    p = "parallel --will-cite "
    it.sh("parallel -k", p + "-k -j 4 echo {} ::: $(seq 40)")
    it.sh("parallel counts failures", p + "-k -j 4 'echo {}; exit $(({} % 2))' ::: $(seq 10)")
    it.sh("parallel, one killed", p + "-j 2 'kill -TERM $$' ::: 1")
    it.sh("parallel --joblog", p + "--joblog log -j 4 'test {} -ne 3 || kill -KILL $$' ::: 1 2 3 4; "
          "tail -n +2 log | cut -f 7,8,9 | sort")
    it.sh("parallel --halt now", p + "--halt now,fail=1 -j 2 'test {} = a && sleep 1000; exit 5' ::: a b; echo $?",
          order=False)
    it.gone("parallel --halt now")
    it.sh("parallel --timeout", p + "-k --timeout 1 -j 2 'sleep {}; echo {}' ::: 0 1000; echo $?")
    it.sh("parallel --retries", p + "--retries 3 'echo x >>tries; false' ::: 1; wc -l <tries")
    it.sh("parallel --pipe", "seq 1000 | " + p + "--pipe -N 100 -j 4 wc -l")
    it.sh("parallel --semaphore",
          "for i in 1 2 3; do " + p + "--semaphore --id x -j 1 'echo $$ >/dev/null; echo done'; done; "
          + p + "--semaphore --id x --wait")


def find(it):
    it.sh("find -exec ;",
          "mkdir -p tree/a tree/b; touch tree/a/1 tree/b/2; find tree -type f -exec sh -c 'echo $0' {} \\;",
          order=False)
    it.sh("find -exec +", "find tree -type f -exec sh -c 'echo $# $0' {} + | wc -l")
    it.sh("find -exec as a test", "find tree -exec test -d {} \\; -print", order=False)
    it.sh("find -exec + fails", "find tree -type f -exec false {} +; echo $?")
    it.sh("find -exec + killed", "find tree -type f -exec sh -c 'kill -KILL $$' {} +; echo $?")
    it.sh("find -execdir", "find tree -type f -execdir pwd \\; | sed 's,.*/tree,tree,'", order=False)
    it.sh("find -exec not found", "find tree -name 1 -exec /nowhere {} \\;; echo $?")
    it.sh("find -ok",
          "echo y | find tree -name 1 -ok echo yes {} \\;; echo; echo n | find tree -name 1 -ok echo no {} \\;")


def timeout(it):
    it.sh("timeout in time", "timeout 50 sh -c 'exit 9'")
    it.sh("timeout too late", "timeout 0.1 sleep 1000")
    it.sh("timeout -s KILL", "timeout -s KILL 0.1 sleep 1000")
    it.sh("timeout -s INT", "timeout -s INT 0.1 sh -c 'trap \"echo int; exit 5\" INT; sleep 1000'")
    it.sh("timeout --preserve-status", "timeout --preserve-status 0.1 sleep 1000")
    it.sh("timeout -k", "timeout -k 0.1 0.1 sh -c 'trap \"\" TERM; sleep 1000; sleep 1000'")
    it.gone("timeout -k")
    it.sh("timeout of a pipeline", "timeout 0.1 sh -c 'sleep 1000 | cat'")
    it.sh("timeout of a stopped child", "timeout 0.2 sh -c 'kill -STOP $$; echo no'")
    it.sh("timeout --foreground", "timeout --foreground 0.1 sleep 1000")
    it.sh("timeout not found", "timeout 1 /nowhere; timeout 1 /etc/passwd")
    it.sh("timeout of a killed child", "timeout 50 sh -c 'kill -TERM $$'; timeout 50 sh -c 'kill -KILL $$'; echo $?")
    it.sh("timeout in timeout", "timeout 50 timeout 0.1 sleep 1000")
    for name in ("TERM", "INT", "HUP"):
        it.signalled(f"timeout gets SIG{name}", ["timeout", "100", "sleep", "1000"], signal.Signals["SIG" + name])


def sessions(it):
    it.sh("nohup", "nohup sh -c 'kill -HUP $$; echo alive' 2>&1 | cat")
    it.sh("nohup, status", "nohup sh -c 'exit 3'; echo $?; nohup /nowhere; echo $?; nohup /etc/passwd; echo $?")
    it.sh("nohup, signals", "nohup grep SigIgn /proc/self/status")
    it.sh("setsid --wait", "setsid --wait sh -c 'exit 6'; echo $?; setsid --wait sh -c 'kill -TERM $$'; echo $?")
    it.sh("setsid --fork",
          "setsid --fork --wait sh -c 'read -r x x x x x sid x </proc/self/stat; test $sid = $$ && echo leader'")
    it.sh("setsid in a leader", "setsid --wait setsid --wait sh -c 'exit 8'; echo $?")
    it.sh("chain",
          "ionice -c 3 nice -n 5 setsid -w timeout 10 env -i A=b /bin/sh -c '/usr/bin/env | grep -v ^PWD; nice; "
          "exit 9'")
    it.sh("nice", "nice -n 3 sh -c 'nice; exit 4'; nice /nowhere; echo $?")
    it.sh("chrt, taskset, prlimit", "chrt -b 0 taskset -c 0 prlimit --nofile=64:64 sh -c 'ulimit -n; exit 2'")
    it.sh("flock", "flock lock sh -c 'flock -n lock true; echo $?; exit 7'; echo $?; flock -w 0.1 lock true; echo $?")
    it.sh("flock -o", "flock -o lock sh -c 'ls /proc/self/fd | wc -l'; flock lock sh -c 'ls /proc/self/fd | wc -l'")
    it.sh("env",
          "env X=1 sh -c 'echo $X'; env -i /usr/bin/env | wc -l; env /nowhere; echo $?; env -S 'sh -c \"exit 3\"'; "
          "echo $?")
    it.sh("env of signals", "env --ignore-signal=TERM sh -c 'kill -TERM $$; echo alive'; "
          "env --default-signal=PIPE --block-signal=USR1 grep -E 'SigBlk' /proc/self/status")
    it.sh("env -i and back",
          "env -i /bin/sh -c '/usr/bin/env -i /bin/sh -c \"exit 5\"; echo $?; kill -TERM $$'; echo $?")
    it.sh("stdbuf",
          "stdbuf -oL sh -c 'echo line; exit 2'; echo $?; stdbuf -o0 cat </dev/null; echo $?; stdbuf -oL /nowhere; "
          "echo $?")
    it.sh("time", "/usr/bin/time -f '%x' sh -c 'exit 3'; echo $?; /usr/bin/time -f '%x' sh -c 'kill -TERM $$'; echo $?")
    it.sh("run-parts",
          "mkdir parts; for i in 1 2 3; do printf '#!/bin/sh\\necho part %s\\nexit %s\\n' $i $((i % 2)) >parts/$i; "
          "chmod +x parts/$i; done; run-parts parts; echo $?; run-parts --exit-on-error parts; echo $?")
    it.sh("start-stop-daemon", "d() { /sbin/start-stop-daemon --pidfile $PWD/pid --exec /bin/sleep \"$@\"; echo $?; }; "
          "d --status; d --start --background --make-pidfile -- 1000; until pgrep -x sleep >/dev/null; do :; done; "
          "d --status; d --stop --retry 5; d --status; pgrep -x sleep || echo none")
    it.sh("script without a terminal",
          "script -qec 'exit 5' /dev/null; echo $?; script -qec 'kill -TERM $$' /dev/null; echo $?")
    it.sh("pkill, pidof",
          "sleep 1000 & sleep 1000 & while test $(pgrep -cx sleep) -lt 2; do :; done; pkill -x sleep; wait; "
          "pgrep -x sleep; echo $?")


def scenario(scene):
    it = Launchers(scene)
    scene.parts(xargs, parallel, find, timeout, sessions, of=it)
    scene.settled("nothing left")
