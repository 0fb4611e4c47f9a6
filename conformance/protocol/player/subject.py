"""The driver's end of the adapter protocol (docs/adapter.md): starts an adapter, asks, and takes its answers."""

import contextlib
import json
import os
import re
import signal
import subprocess
from dataclasses import dataclass, field

from . import ends
from .holding import Holding
from .lines import Lines

VERSION = 1
BRIEF = 300  # characters of a line in the transcript that is shown
P_ALL, PID_MASK = 0, 0xFFFFFFFF  # of waitid and wait4: a pid is 32 bits of an argument, and -1 is all of them


@dataclass
class Answer:
    """ok is None where the library reported an error."""

    ok: dict = None
    error: str = ""

    @property
    def status(self):
        """("exit", N), ("signal", N), ("running", True), or None where the library does not tell."""
        return next(((name, self.ok[name]) for name in ("exit", "signal", "running") if name in (self.ok or {})), None)

    def tells_exit(self, number):
        """Also in the words of an error: a library may take a program's failure for one."""
        return self.status == ("exit", number) or bool(re.search(rf"\b(code|status)\W{{1,3}}{number}\b", self.error))

    def __str__(self):
        return f"error: {self.error}" if self.ok is None else json.dumps(self.ok)


@dataclass
class Settings:
    """Of one run, as the driver gives it."""

    kind: str
    command: list
    helper: str
    hold: str
    around: list = field(default_factory=list)  # words before it: forkproof run ... --
    can: list = None  # None: what the adapter says counts
    slower: int = 1


class Subject:
    def __init__(self, settings, world, words, held=()):
        """held: kinds of calls that the case is to hold (hold.c)."""
        self.settings, self.world, self.words, self.events = settings, world, words, world.events
        self.lines, self.count, self.waiting = [], 0, None
        self.may_speak = False  # on standard output
        self.holding = Holding(world.fifos / "hold", self.events, world.long) if held else None
        self.transcript = open(world.directory / "transcript", "w", encoding="utf-8")
        self.answers = Lines(world.fifos / "answers", self.events, self.take_line)
        os.mkfifo(world.fifos / "requests")
        self.requests = os.open(world.fifos / "requests", os.O_RDWR | os.O_CLOEXEC)
        self.process = self.start(held)
        self.pid, self.own_pidfd, self.can = None, None, set()

    # --- its life ---

    def start(self, held):
        before = [self.settings.hold, self.holding.path, ",".join(held)] if held else []
        argv = [*self.settings.around, *before, *self.settings.command, str(self.world.fifos / "requests"),
                self.answers.path]
        with open(self.world.directory / "subject-stdout", "wb") as output:
            try:
                process = subprocess.Popen(list(map(str, argv)), stdin=subprocess.DEVNULL, stdout=output,
                                           cwd=self.world.work)
            except OSError as wrong:
                raise ends.Broken(f"{argv[0]} cannot be started: {wrong.strerror}") from wrong
        self.pidfd = os.pidfd_open(process.pid)
        self.events.add(self.pidfd, self.take_end)
        return process

    def take_end(self):
        """Of what was started: the adapter, or forkproof with it below."""
        self.process.wait()
        self.events.remove(self.pidfd)

    @property
    def is_over(self):
        return self.process.returncode is not None

    def greet(self):
        """Takes the hello."""
        hello = self.parse(self.next_line("its hello (a line, flushed)"), "hello")
        if hello.get("adapter") != VERSION:
            raise ends.Broken(f"the adapter speaks version {hello.get('adapter')!r} of the protocol, not {VERSION}")
        pid, can = hello.get("pid"), hello.get("can")
        self.own_pidfd = self.world.open_pid(pid, self.process.pid) if type(pid) is int else None
        if self.own_pidfd is None:
            raise ends.Broken(f"the adapter says that its pid is {pid!r}, and that is no process of its own")
        self.pid = pid
        if not isinstance(can, list) or not all(isinstance(word, str) for word in can):
            raise ends.Broken(f"the adapter's capabilities are no list of words: {can!r}")
        self.can = set(can)
        if self.settings.can is not None and self.can != set(self.settings.can):
            strange = ", ".join(sorted(self.can ^ set(self.settings.can)))
            raise ends.Broken(f"the adapter and its subject.toml do not say the same of: {strange}")
        with open(self.world.directory / "about", "w", encoding="utf-8") as file:
            json.dump({"name": str(hello.get("name", "")), "version": str(hello.get("version", ""))}, file)

    def need(self, capabilities):
        lacking = sorted(set(capabilities) - self.can)
        if lacking:
            raise ends.Inapplicable(f"it has no {', '.join(lacking)}")

    # --- lines ---

    def note(self, sign, line):
        self.transcript.write(f"{sign} {line}\n")
        self.transcript.flush()
        brief = line.replace(self.settings.helper, "helper").replace(f"{self.world.fifos}/", "")
        brief = re.sub(r'"can": ?\[[^]]*\],? ?', "", brief)  # the same in each transcript
        self.words.step(f"{sign} {brief[:BRIEF]}")

    def take_line(self, line):
        self.note("<", line)
        self.lines.append(line)

    def next_line(self, of_what, within=None):
        """None when it does not come in time, if a time is given."""
        self.events.until(lambda: self.lines or self.is_over, self.world.long if within is None else within)
        if not self.lines and self.is_over:
            self.answers.read()
        if self.lines:
            return self.lines.pop(0)
        if self.is_over:
            raise ends.Gone(f"the adapter {end_of(self.process.returncode)} before {of_what}", self.process.returncode)
        if within is None:
            raise ends.Broken(f"the adapter does not give {of_what}")
        return None

    @staticmethod
    def parse(line, what):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ends.Broken(f"the adapter's {what} is no object of JSON: {line[:BRIEF]}")
        return found

    # --- asking ---

    def send(self, op, **members):
        """Without waiting for the answer."""
        if self.waiting is not None:
            raise ends.Broken(f"the case asks for {op} before there was an answer")
        self.events.turn(0)
        if self.lines:
            raise ends.Broken(f"the adapter answers before it is asked for {op}: {self.lines[0][:BRIEF]}")
        self.count += 1
        line = json.dumps({"id": self.count, "op": op, **members})
        self.note(">", line)
        self.waiting = op
        os.write(self.requests, line.encode("ascii") + b"\n")

    def answer(self, within=None):
        """To what was sent. None when it does not come in time, if a time is given: it is still to come then."""
        op = self.waiting
        line = self.next_line(f"the answer to {op}", within)
        if line is None:
            return None
        self.waiting = None
        found = self.parse(line, f"answer to {op}")
        if found.pop("id", None) != self.count:
            raise ends.Broken(f"this is no answer to request {self.count}: {line[:BRIEF]}")
        return self.read(found, op)

    def read(self, found, op):
        """An Answer from its members."""
        (kind, value), *more = found.items() or [("", None)]
        if not more and kind == "ok" and isinstance(value, dict):
            return Answer(ok=value)
        if not more and kind == "error" and isinstance(value, str):
            return Answer(error=value)
        if not more and kind == "cannot":
            raise ends.Broken(f"the adapter cannot {op}, which it says that it can: {value}")
        raise ends.Broken(f"the answer to {op} is neither ok, error nor cannot: {json.dumps(found)[:BRIEF]}")

    def ask(self, op, **members):
        self.send(op, **members)
        return self.answer()

    def must(self, op, **members):
        """What is no question here: an error is the case's, or the adapter's."""
        answer = self.ask(op, **members)
        if answer.ok is None:
            raise ends.Broken(f"{op}: {answer.error}")
        return answer

    # --- what cases say often ---

    def helper(self, *words):
        """The program and arguments of a helper (helper.c), as members of a request."""
        return {"program": self.settings.helper, "arguments": [self.world.reports.path, *map(str, words)]}

    def start_helper(self, child, *words, **members):
        """Its pid, as the library tells it; 0 where it does not."""
        return self.must("spawn", child=child, **self.helper(*words), **members).ok.get("pid", 0)

    def start_gated(self, child, status=0, **members):
        """(pid of the library's child, gate): it is there, and exits with the status when the gate is opened."""
        gate = self.world.gate()
        self.start_helper(child, "gate", gate, status, **members)
        return self.own_child(self.world.report("gate")[0]), gate

    def must_report(self, word, *words, **members):
        """Among what a child reports is that word: errors of a library that always fails would say nothing."""
        self.start_helper("control", *words, **members)
        _, told = self.world.report(words[0])
        if word not in told:
            raise ends.Broken(f"a child was to tell of {word}, and tells {told}")

    def must_kill(self, child="control"):
        """Its pid: a child is killed, and dies. An event loop has its turn."""
        self.start_helper(child, "sleep")
        pid = self.own_child(self.world.report("sleep")[0])
        self.must("kill", child=child)
        self.world.await_over(pid)
        self.must("ping")
        return pid

    def own_child(self, pid):
        """The adapter's child that it is, or is below: a shell may stand between. Itself where there is none."""
        above = pid
        while above and (parent := self.world.parent(above)) != self.pid:
            above = parent
        return above or pid

    def send_together(self, first, second):
        """first, second: lists of requests, each (op, members)."""
        self.send("together", first=[{"op": op, **members} for op, members in first],
                  second=[{"op": op, **members} for op, members in second])

    def answers_together(self, within=None):
        """([Answer], [Answer]) of the two threads; None as `answer`."""
        answer = self.answer(within)
        if answer is None:
            return None
        if answer.ok is None:
            raise ends.Broken(f"together: {answer.error}")
        lists = [answer.ok.get(name) for name in ("first", "second")]
        if not all(isinstance(found, list) and all(isinstance(one, dict) for one in found) for found in lists):
            raise ends.Broken(f"the answer to together has no two lists of answers: {answer}")
        return tuple([self.read(one, "together") for one in found] for found in lists)

    def hold(self, rule):
        self.holding.hold(rule)

    def is_for_children(self, call):
        """Of calls that send signals: not what a runtime sends to threads of its own."""
        if call.name == "pidfd_send_signal":
            return True
        return call.name in ("kill", "rt_sigqueueinfo") and call.arguments[0] != self.pid

    def is_wait_by_id(self, call):
        """Of calls that wait: the library's own for one child; not for any, and not its children's."""
        for_any = call.arguments[0] == P_ALL if call.name == "waitid" else call.arguments[0] & PID_MASK == PID_MASK
        return not for_any and call.thread in self.world.threads(self.pid)

    def answer_before_waits(self, pid):
        """To what was sent, while waits for that child are held. What needs a wait itself has it before the others: that
        of the first thread, in which requests are played but in Java, or the last one."""
        answer = self.answer(within=self.world.patience)
        if answer is None and self.holding.held:
            own = next((call for call in self.holding.held if call.thread == self.pid), self.holding.held[-1])
            self.hold(lambda call: self.is_wait_by_id(call) and call.thread != own.thread)
            self.holding.release(own)
            self.world.is_gone(pid)
        self.holding.release()
        return answer or self.answer()

    def end(self):
        """As a program that has come to its end: it must, and with 0."""
        self.must("end")
        if not self.events.until(lambda: self.is_over, self.world.long):
            raise ends.Broken("the adapter does not exit after end")
        if self.process.returncode != 0:
            raise ends.Broken(f"the adapter {end_of(self.process.returncode)} after end, which must be 0")

    def kill(self):
        """The adapter, and forkproof above it, wherever it stands."""
        if self.is_over:
            return
        if self.own_pidfd is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.own_pidfd, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def send_signal(self, number):
        """To the process in which the library runs."""
        signal.pidfd_send_signal(self.own_pidfd, number)

    def not_started(self):
        """An outcome: what the library itself says of it on standard output is no fault of the adapter's."""
        self.may_speak = True
        return "not-started"

    def check_output(self):
        """Nothing may stand on standard output."""
        with open(self.world.directory / "subject-stdout", "rb") as file:
            said = file.read(BRIEF)
        if said and not self.may_speak:
            raise ends.Broken(f"the adapter writes on standard output: {said.decode('utf-8', 'backslashreplace')}")


def end_of(status):
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with {status}"
