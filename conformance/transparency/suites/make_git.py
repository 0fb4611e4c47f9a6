"""make -j and git at work: interrupts, failing recipes, hooks, editors, pagers, transports, git gc

make: parallel builds that succeed, fail, are interrupted on a terminal or by a signal. git: what it starts
(hooks, editors, pagers, filters, aliases, upload-pack, helpers, a daemon), and how their ends are told.
"""

import os
import pathlib
import signal
import subprocess

PACKAGES = ("git", "less", "make", "procps", "python3-pexpect")
KINDS = ("bare", "empty", "shim", "run")

WORK = pathlib.Path("/tmp/work")
MAKEFILE = """
MANY := $(shell seq 40)
all: $(MANY:%=many-%)
many-%:
	@echo begun $@; sleep 0.01; echo $@ >$@
SLOW := 1 2 3 4
slow: $(SLOW:%=slow-%)
slow-%:
	@echo begun >$@
	@sleep 1000
bad: good-1 bad-1 good-2 bad-2 good-3
good-%:
	@echo $@
bad-1:
	@echo begun >$@; exit 3
bad-2:
	@echo begun >$@; kill -KILL $$$$
.DELETE_ON_ERROR:
sub: sub-1 sub-2 sub-3
sub-%:
	+@$(MAKE) --no-print-directory N=$@ jobs
jobs: $(foreach i,1 2 3 4,job-$(i))
job-%:
	@echo + >>log; sleep 0.03; echo - >>log
shells:
	@echo $(shell echo out; exit 3) $(.SHELLSTATUS)
	-@exit 4
	@echo $(shell kill -TERM $$$$) $(.SHELLSTATUS)
"""


def write(path, text, mode=0o644):
    path = WORK / path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def told(done, order=True):
    lines = done.stdout.splitlines()
    return f"status {done.returncode}: " + " | ".join(lines if order else sorted(lines))


class Make:
    def __init__(self, scene):
        self.scene = scene
        self.folder = write("make/Makefile", MAKEFILE).parent

    def run(self, name, *argv):
        done = self.scene.run(["make", "-C", self.folder, "--no-print-directory", *argv])
        self.scene.check(name, told(done, order=False))

    def left(self, name, pattern):
        """The files of that pattern, and that none of the recipes' processes is left."""
        self.scene.until(f"{name}: sleeps gone", lambda: not self.scene.pids_of("sleep"))
        self.scene.check(f"{name}, left", f"no sleep, {len(list(self.folder.glob(pattern)))} files")

    def begun(self, name):
        self.scene.until(f"{name}: four at work", lambda: len(self.scene.pids_of("sleep")) == 4)

    def typed(self, name, control, *argv):
        import pexpect  # pylint: disable=import-outside-toplevel
        terminal = self.scene.terminal(["make", "-C", self.folder, "--no-print-directory", *argv])
        self.begun(name)
        terminal.sendcontrol(control)
        terminal.expect(pexpect.EOF)
        terminal.wait()
        number = terminal.signalstatus
        self.ended(name, 128 + number if number else terminal.exitstatus)

    def ended(self, name, status):
        """make may see its recipes' ends before its own signal: then it fails with 2 (and SIGQUIT makes it exit 1)."""
        self.scene.check(name, "by the signal or as failed" if status in (1, 2, 129, 130, 143) else f"FAILED: {status}")
        self.left(name, "slow-*")

    def signalled(self, name, number, send):
        """send: os.kill or os.killpg."""
        process = self.scene.start(["make", "-C", self.folder, "-j4", "slow"], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.begun(name)
        send(process.pid, number)
        status = process.wait(timeout=20)
        self.ended(name, status if status >= 0 else 128 - status)


def make(scene):
    it = Make(scene)
    it.run("make -j4", "-j4")
    it.left("make -j4", "many-*")
    it.run("make -j4, nothing to do", "-j4")
    it.typed("make -j4, ctrl-c", "c", "-j4", "slow")
    it.typed("make -j4, ctrl-backslash", "\\", "-j4", "slow")
    it.signalled("make -j4 alone gets SIGTERM", signal.SIGTERM, os.kill)
    for name in ("TERM", "HUP", "INT"):
        it.signalled(f"make -j4 and all gets SIG{name}", signal.Signals["SIG" + name], os.killpg)
    it.run("make -k, failing recipes", "-k", "-j4", "bad")
    it.left("make -k, failing recipes", "bad-*")
    it.run("make, first failure", "bad")
    it.run("make -Otarget", "-B", "-j4", "-Otarget", "all")
    it.run("make, statuses of shells", "shells")
    it.run("make -j3 below make", "-j3", "sub")
    at_once, most = 0, 0
    for sign in (it.folder / "log").read_text(encoding="ascii").split():
        at_once += 1 if sign == "+" else -1
        most = max(most, at_once)
    scene.check("make -j3 below make, jobs at once", f"most {most if not 1 < most <= 3 else '2 or 3'}, end {at_once}")
    it.run("make -q", "-q", "all")
    it.run("make -n", "-n", "-B", "good-1")


class Git:
    def __init__(self, scene):
        self.scene = scene
        self.home = WORK / "git"
        self.repo = self.home / "one"
        self.repo.mkdir(parents=True)
        self.settings = {
            "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@world", "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@world", "GIT_AUTHOR_DATE": "1700000000 +0000",
            "GIT_COMMITTER_DATE": "1700000000 +0000", "GIT_CONFIG_GLOBAL": str(write("git/config", CONFIG)),
            "GIT_EDITOR": "false", "GIT_PAGER": "cat"}

    def run(self, *argv, where=None, env=None):
        return self.scene.run(["git", *argv], env=self.settings | (env or {}), cwd=where or self.repo)

    def check(self, name, *argv, where=None, order=True, env=None):
        done = self.run(*argv, where=where, env=env)
        done.stdout = done.stdout.replace(str(self.home), "HOME")
        self.scene.check(name, told(done, order))

    def commit(self, name, text, *more):
        (self.repo / name).write_text(text, encoding="utf-8")
        self.run("add", name)
        self.run("commit", "-q", "--no-verify", "-m", f"{name} {text[:9].strip()}", *more)

    def typed(self, name, argv, steps, env=None):
        """On a terminal: each step is what is waited for, and what is typed then."""
        import pexpect  # pylint: disable=import-outside-toplevel
        terminal = self.scene.terminal(["git", *argv], env=self.settings | (env or {}), cwd=str(self.repo), echo=False)
        for awaited, keys in steps:
            terminal.expect(awaited)
            terminal.send(keys)
        terminal.expect(pexpect.EOF)
        terminal.wait()
        number = terminal.signalstatus
        self.scene.check(name, f"status {128 + number if number else terminal.exitstatus}")
        self.scene.until(f"{name}: gone", lambda: not self.scene.pids_of("less") + self.scene.pids_of("git"))


CONFIG = """
[init]
    defaultBranch = main
[protocol "file"]
    allow = always
[advice]
    detachedHead = false
[gc]
    auto = 0
"""
HOOKS = {
    "pre-commit": "echo pre-commit; git diff --cached --quiet --exit-code -- forbidden",
    "prepare-commit-msg": "echo prepared by a hook >>$1",
    "commit-msg": "grep -q secret $1 && kill -TERM $$; exit 0",
    "post-commit": "echo post-commit; sh -c 'exit 5'",
    "post-checkout": "echo post-checkout $3",
    "post-rewrite": "echo post-rewrite $1 $(wc -l)",
}


def hooks_and_editors(it):
    it.check("git init", "init", "-q")
    for name in "abc":
        it.commit(name, "one\n")
    for name, text in HOOKS.items():
        write(f"git/one/.git/hooks/{name}", f"#!/bin/sh\n{text}\n", 0o755)
    editor = write("git/editor", "#!/bin/sh\ngrep -c '^diff' $1; echo edited >$1\n", 0o755)
    it.check("git commit -v by an editor", "commit", "-v", "--allow-empty", env={"GIT_EDITOR": str(editor)})
    it.check("git commit, message", "log", "-1", "--format=%B")
    it.check("git commit, editor fails", "commit", "--allow-empty", env={"GIT_EDITOR": "sh -c 'exit 3'"})
    it.check("git commit, editor killed", "commit", "--allow-empty", env={"GIT_EDITOR": "kill -TERM $$; true"})
    it.check("git commit, no editor", "commit", "--allow-empty", env={"GIT_EDITOR": "/nowhere"})
    (it.repo / "forbidden").write_text("x", encoding="ascii")
    it.run("add", "forbidden")
    it.check("git commit, hook says no", "commit", "-m", "forbidden")
    it.run("rm", "-q", "-f", "forbidden")
    it.check("git commit, hook killed", "commit", "--allow-empty", "-m", "secret")
    it.check("git checkout, hook", "checkout", "-q", "-b", "side")
    it.check("git rebase -i", "rebase", "-i", "HEAD~3", env={"GIT_SEQUENCE_EDITOR": "sed -i -e 2s/pick/fixup/"})
    it.check("git rebase --exec", "rebase", "--exec", "echo run; test ! -e stop", "HEAD~2", order=False)
    (it.repo / "stop").write_text("", encoding="ascii")
    it.check("git rebase --exec fails", "rebase", "--exec", "test ! -e stop", "HEAD~1")
    it.check("git rebase --abort", "rebase", "--abort")
    (it.repo / "stop").unlink()
    it.check("git log after all that", "log", "--format=%s %t")


def on_a_terminal(it):
    for i in range(30):
        it.commit("long", f"{i}\n")
    it.commit("large", "0123456789abcdef\n" * 20000)  # more than a pipe holds
    less = {"GIT_PAGER": "less -+F -+X -PsREADY", "LESS": "", "TERM": "xterm"}
    it.typed("git log in less", ["log"], [("READY", "q")], less)
    it.typed("git log in less, ctrl-c", ["log"], [("READY", "\x03"), ("READY", "q")], less)
    it.typed("git log in less, !", ["log"], [("READY", "!echo from be''low\r"), ("from below", ""), ("RETURN", "\r"),
                                            ("READY", "q")], less)
    it.typed("git log, pager ends early", ["log", "-p"], [], {"GIT_PAGER": "head -n 1"})
    it.typed("git log, pager fails", ["log", "-p"], [], {"GIT_PAGER": "exit 3"})
    it.typed("git log, no pager", ["log"], [], {"GIT_PAGER": "/nowhere"})
    it.typed("git add -p", ["-c", "interactive.diffFilter=cat", "add", "-p"], [])
    (it.repo / "long").write_text("changed\n", encoding="ascii")
    it.typed("git add -p of a change", ["-c", "interactive.diffFilter=cat", "add", "-p"], [("Stage this hunk", "y\r")])
    it.check("git add -p, result", "diff", "--cached", "--stat")
    it.run("reset", "-q", "--hard")


def helpers(it):
    it.check("git alias", "-c", "alias.x=!exit 7", "x")
    it.check("git alias, killed", "-c", "alias.x=!kill -TERM $$", "x")
    it.check("git bisect run", "bisect", "start", "HEAD", "HEAD~10")
    it.check("git bisect run, run", "bisect", "run", "sh", "-c", "test $(cat long) -lt 25", order=False)
    it.check("git bisect run, reset", "bisect", "reset")
    it.check("git grep, threads", "grep", "--threads=4", "-c", "one", order=False)
    it.check("git external diff", "diff", "HEAD~1", env={"GIT_EXTERNAL_DIFF": "sh -c 'echo diff of $0; exit 0'"})
    write("git/one/.gitattributes", "*.f filter=upper\n*.t diff=text\n")
    it.run("config", "filter.upper.clean", "tr a-z A-Z")
    it.run("config", "filter.upper.smudge", "tr A-Z a-z")
    it.commit("x.f", "hello\n")
    it.check("git clean filter", "show", "HEAD:x.f")
    it.run("config", "filter.upper.clean", "cat >/dev/null; kill -KILL $$")
    it.run("config", "filter.upper.required", "true")
    write("git/one/x.f", "world\n")
    it.check("git clean filter killed", "add", "x.f")
    it.run("config", "--unset", "filter.upper.required")
    it.run("config", "filter.upper.clean", "cat")
    it.run("config", "diff.text.textconv", "wc -c <")
    it.commit("y.t", "one\n")
    it.commit("y.t", "three\n")
    it.check("git textconv", "show", "--format=", "HEAD")
    it.check("git credential helper",
             "-c", "alias.ask=!printf 'protocol=https\\nhost=world\\n\\n' | git credential fill",
             "-c", "credential.helper=!f() { echo username=u; echo password=secret; }; f", "ask")
    it.check("git archive", "archive", "--format=tar.gz", "-o", "/tmp/work/git/a.tgz", "HEAD")
    it.check("git submodule", "-c", "core.hooksPath=/dev/null", "submodule", "foreach", "true")


def transports(it):
    one, two, bare = it.repo, it.home / "two", it.home / "bare"
    it.check("git clone --bare by file://", "clone", "-q", "--bare", f"file://{one}", str(bare), where=it.home)
    write("git/bare/hooks/pre-receive",
          "#!/bin/sh\nwhile read -r a b c; do case $c in */no) echo no $c; exit 4;; esac; done\n", 0o755)
    write("git/bare/hooks/post-receive", "#!/bin/sh\nwc -l\nsh -c 'sleep 0.1; echo late'\n", 0o755)
    it.check("git clone", "clone", "-q", "--no-local", str(bare), str(two), where=it.home)
    it.check("git push, hooks", "push", str(bare), "HEAD:yes")
    it.check("git push, hook says no", "push", "-q", str(bare), "HEAD:no")
    it.check("git fetch, upload-pack fails", "fetch", "-q", "--upload-pack", "exit 9; true", str(bare))
    it.check("git fetch, upload-pack killed", "fetch", "-q", "--upload-pack", "kill -KILL $$; true", str(bare))
    it.check("git clone by a shell in the place of ssh", "clone", "-q", f"ssh://world{bare}", "three", where=it.home,
             env={"GIT_SSH_COMMAND": "f() { shift $(($# - 1)); sh -c \"$1\"; }; f"})
    it.check("git clone by ssh that fails", "clone", "-q", "ssh://world" + str(bare), "four", where=it.home,
             env={"GIT_SSH_COMMAND": "exit 255;"})
    it.check("git fetch --multiple", "fetch", "-q", "--multiple", "-j4", "--all", where=it.home / "three",
             env={"GIT_SSH_COMMAND": "f() { shift $(($# - 1)); sh -c \"$1\"; }; f"})
    it.check("git fsck", "fsck", "--full", where=two)


def daemon(it):
    scene = it.scene
    server = scene.start(["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", "--port=9418", "--export-all",
                          f"--base-path={it.home}", "--max-connections=8"], env=it.settings, cwd=it.home,
                         stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = "git://127.0.0.1/bare"
    scene.until("git daemon: answers", lambda: subprocess.run(
        ["git", "ls-remote", url], check=False, capture_output=True).returncode == 0)
    for i in range(6):
        scene.bare(["git", "clone", "-q", url, WORK / f"clone-{i}"])
    commits = scene.bare(["git", "-C", WORK / "clone-5", "rev-list", "--count", "HEAD"]).strip()
    scene.check("git daemon, clones", f"6 of {commits} commits")
    scene.settled("git daemon, after six clones", {"git-daemon": 1})
    server.terminate()
    status = server.wait(timeout=20)
    scene.check("git daemon, SIGTERM", f"status {status if status >= 0 else 128 - status}")
    scene.settled("git daemon, left", {"git-daemon": 0})


def maintenance(it):
    it.check("git gc", "gc", "-q")
    it.check("git gc, objects", "count-objects", "-v", order=False)
    for i in range(20):
        it.commit("many", f"again {i}\n")
    done = it.run("maintenance", "run", "--task=loose-objects", "--task=incremental-repack", "--quiet")
    it.scene.check("git maintenance run", f"status {done.returncode}")  # and it prints the name of the pack
    it.check("git gc --auto in the background",
             "-c", "gc.auto=1", "-c", "gc.autoDetach=true", "gc", "--auto", "--quiet")
    it.scene.settled("git gc --auto, left", {"git": 0})
    it.check("git fsck after gc", "fsck", "--full")


def git(scene):
    it = Git(scene)
    scene.parts(hooks_and_editors, on_a_terminal, helpers, transports, daemon, maintenance, of=it)


def scenario(scene):
    scene.parts(make, git)
    scene.settled("nothing left")
