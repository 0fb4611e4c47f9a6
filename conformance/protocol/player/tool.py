"""A tool that runs a command: started with a helper below it, signalled, and watched."""

import contextlib
import fcntl
import os
import pathlib
import re
import signal
import subprocess
import termios

from . import ends

HELPER = re.compile(r"Name:\thelper\n.*^NSpid:.*?(\d+)$", re.DOTALL | re.MULTILINE)  # of /proc/PID/status


class Terminal:
    """The controlling terminal of our session: the warden has made us the leader of one."""

    def __init__(self):
        self.master, self.slave = os.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)

    def give_to(self, group):
        """It becomes the foreground. Who asks for that from the background is stopped, unless SIGTTOU is blocked."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
        os.tcsetpgrp(self.slave, group)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def take(self):
        """In the child, as shells do: then a tool that gives it to another group does so later."""
        self.give_to(os.getpgrp())

    def type(self, key):
        os.write(self.master, key)


class Tool:
    def __init__(self, settings, world, words):
        self.settings, self.world, self.words, self.events = settings, world, words, world.events
        self.process = self.pidfd = self.terminal = None
        self.can = set(settings.can or ())
        if "status" in self.can:
            self.must_work()

    def must_work(self):
        """Where it cannot do what it is for (a namespace, a cgroup is not to be had) there is nothing to judge."""
        self.start("exit", 0)
        if self.await_end() != 0:
            raise ends.Cannot(f"the tool: it ends with {self.status} when the program ends with 0")

    def need(self, holds, why):
        """Otherwise the case is not about it."""
        if not holds:
            raise ends.Inapplicable(why)

    # --- its life ---

    @property
    def pid(self):
        return self.process.pid

    def run(self, *command):
        """Starts the tool with that command, as a shell starts a job: in a group of its own."""
        self.kill()
        argv = [*self.settings.command, *map(str, command)]
        self.words.step(f"> {' '.join(argv)}".replace(self.settings.helper, "helper"))
        stdin, prepare = (self.terminal.slave, self.terminal.take) if self.terminal else (subprocess.DEVNULL, None)
        self.process = subprocess.Popen(argv, stdin=stdin, cwd=self.world.work, process_group=0, preexec_fn=prepare)
        self.pidfd = os.pidfd_open(self.process.pid)
        self.events.add(self.pidfd, self.take_end)

    def start_on_terminal(self, *words):
        """With the helper, as the foreground job."""
        self.terminal = Terminal()
        self.start(*words)

    def start(self, *words):
        """With the helper (helper.c)."""
        self.run(self.settings.helper, self.world.reports.path, *words)

    def take_end(self):
        self.process.wait()
        self.events.remove(self.pidfd)
        os.close(self.pidfd)
        self.words.step(f"< it ends: {self.status}")

    @property
    def status(self):
        """As a shell tells it: 128 and the number for a signal. None while it runs."""
        found = self.process.returncode
        return 128 - found if found is not None and found < 0 else found

    def await_sleep(self):
        """timeout dies of a signal that comes before its fork has returned, though its program runs by then."""
        self.world.until(lambda: self.world.state(self.pid) not in ("R", "D"), self.world.long)

    def send(self, number):
        self.await_sleep()
        self.words.step(f"> {signal.Signals(number).name} to the tool")
        if self.status is None:
            self.process.send_signal(number)

    def type(self, key):
        self.await_sleep()
        self.words.step(f"> {key!r} is typed")
        self.terminal.type(key)

    def bring_back(self):
        """As a shell's fg."""
        self.words.step("> the job is in the foreground, and gets SIGCONT")
        if self.status is None:
            self.terminal.give_to(self.pid)
            os.killpg(self.pid, signal.SIGCONT)

    def is_over(self, within=None):
        """Whether it ends in time."""
        within = self.world.patience if within is None else within
        return self.events.until(lambda: self.status is not None, within)

    def await_end(self):
        """Its status. What ends with it may need a moment more: it has come to our parent, the warden, by then."""
        if not self.is_over(self.world.long):
            raise ends.Broken("the tool does not end")
        self.world.until(lambda: self.world.children(os.getppid()) == [os.getpid()])
        return self.status

    def stop(self):
        """As a service manager does: asks it to end, and kills it when it does not."""
        self.send(signal.SIGTERM)
        if not self.is_over():
            self.send(signal.SIGKILL)
        self.await_end()

    def kill(self):
        if self.process and self.status is None:
            self.send(signal.SIGKILL)
            self.is_over(self.world.long)

    # --- what is below it ---

    def report(self, verb):
        """(pid, words) of a helper that is there. It reports its pid in a namespace that the tool may have made; the
        answer is the one in ours."""
        reported, words = self.world.report(verb)
        pid = self.below(reported)
        if not pid:
            raise ends.Broken(f"nobody below the tool is what reported {verb}, with the pid {reported}")
        return pid, words

    def below(self, pid):
        """The helper below the tool that has that pid in its own namespace. None: there is none."""
        for path in pathlib.Path("/proc").glob("[0-9]*/status"):
            with contextlib.suppress(OSError):  # it has ended
                found = HELPER.search(path.read_text(encoding="utf-8", errors="replace"))
                if found and int(found[1]) == pid and self.world.is_below(int(path.parent.name), self.pid):
                    return int(path.parent.name)
        return None
