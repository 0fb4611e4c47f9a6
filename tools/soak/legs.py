"""A leg of the soak: one load, bare or hardened, that runs, stands still, is looked at, and runs again."""

import os
import pathlib
import random
import select
import subprocess
import time

import processes
import victims
import world

STRANGERS = 100
SAMPLES = 12       # at the least, so that a quarter is some
INTERVAL = 0.4, 5.0
ANSWER = 90        # seconds: more than the load gives itself to stand still
SETTLE = 5         # for orphans to be reaped
GONE = 15          # seconds: five of grace, on a machine that is full of load
STUBBORN = 1 / 6   # of the trees, which do not end when asked to
BURST_MS = 100
STARVE = 0.2


class Broken(Exception):
    """The leg cannot go on; why is a reason to fail."""


class Child:
    """A program started in this world that answers by lines."""

    def __init__(self, argv, stderr, **env):
        own = {k: v for k, v in os.environ.items() if not k.startswith(("LD_PRELOAD", "FORKPROOF_"))}
        self.process = subprocess.Popen([str(word) for word in argv], env={**own, **env}, bufsize=0,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=stderr)
        self.pid, self.text = self.process.pid, b""

    def say(self, word):
        try:
            self.process.stdin.write(word.encode() + b"\n")
        except BrokenPipeError as reason:
            raise Broken(f"ended before '{word}'") from reason

    def lines(self, seconds=0.0):
        """Those that are there; waits for one so long. [] then means that there is none."""
        deadline = time.monotonic() + seconds
        while b"\n" not in self.text:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                return []
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                return []
            self.text += more
        *lines, self.text = self.text.split(b"\n")
        return [line.decode().split() for line in lines]

    def ask(self, word, expected, seconds=ANSWER):
        if word:
            self.say(word)
        lines = self.lines(seconds)
        if not lines or lines[0][:1] != [expected]:
            raise Broken(f"'{word or 'start'}' was answered by {' '.join(lines[0]) if lines else 'nothing'}")
        return lines[0]

    def close(self):
        self.process.stdin.close()
        self.process.returncode = 0  # the reaper has its status
        self.process.stdout.close()


def commands(options, kind):
    """(words before the program, environment) of a kind of run."""
    shim, forkproof = options.build / "lib/libforkproof.so", options.build / "bin/forkproof"
    runtime = {"FORKPROOF_RUNTIME_DIR": str(options.inside / "runtime")}
    if kind == "bare":
        return [], {}
    if kind == "run":
        return [forkproof, "run", "--quiet", "--grace=1s", f"--report={options.inside}/report", "--"], runtime
    contain = {"FORKPROOF_OPTIONS": "contain=guard"} if kind == "guard" else {}
    return [], {"LD_PRELOAD": str(shim), **contain, **runtime}


class Leg:
    def __init__(self, options, kind, reaper):
        self.options, self.kind, self.reaper = options, kind, reaper
        self.random = random.Random(f"{options.seed} {kind}")
        self.mark = f"{kind}-load"
        self.record = {"kind": kind, "samples": [], "schedule": [], "faults": {},
                       "victims": [], "hits": [], "strangers": 0, "strays": [], "broken": None, "left": None}
        self.bag = []

    # --- the load and its strangers ---

    def start(self):
        self.strangers = Child([self.options.build / "soak/strangers", STRANGERS], self.options.stderr)
        self.sentinel = self.strangers.lines(ANSWER)[0][0]
        before, env = commands(self.options, self.kind)
        sabotage = [self.options.sabotage or "-", self.sentinel]
        self.load = Child([*before, self.options.build / "soak/load", *sabotage], self.options.stderr,
                          SOAK_MARK=self.mark, **env)
        for child in (self.strangers, self.load):
            self.reaper.follow(child.pid)
        self.load.ask("", "up")
        self.long_lived = processes.marked(self.mark)
        self.started = time.monotonic()

    def stop(self):
        self.load.close()
        self.strangers.process.stdin.close()
        self.reaper.until(lambda: self.reaper.ended(self.strangers.pid), GONE)
        self.note_hits()
        self.strangers.close()

    def note_hits(self):
        for word, *numbers in self.strangers.lines():
            if word == "hit":
                self.record["hits"].append([int(number) for number in numbers])
            else:
                self.record["strangers"] = int(numbers[0])

    # --- standing still ---

    def strays(self):
        """Zombies, and what came of the load and should be gone when it stands still: what the last look found."""
        def look():
            found[0] = processes.zombies(spared=self.strangers.pid)
            found[1] = [pid for pid in processes.marked(self.mark) if pid not in self.long_lived]
            return not any(found)
        found = [[], []]
        self.reaper.until(look, 1 if self.options.sabotage else SETTLE)
        self.record["strays"] += [f"{processes.title(pid)} of {processes.title(processes.parent(pid))}"
                                  for pid in found[0] + found[1]]
        return found

    def sample(self):
        counters = self.load.ask("quiet", "quiet")[1:]
        zombies, others = self.strays()
        self.note_hits()
        sample = {
            "at": round(time.monotonic() - self.started, 2),
            "processes": len(others),
            "zombies": len(zombies),
            "descriptors": processes.descriptors(self.long_lived),
            "memory": processes.memory(self.long_lived),
            **{name: int(value) for name, value in zip(counters[::2], counters[1::2])},
        }
        self.record["samples"].append(sample)
        return sample

    # --- faults ---

    def faults(self):
        own = ["starve"] if self.options.unlimited else ["starve", "burst"]
        trees = [] if self.kind == "bare" else [victim.name for victim in victims.of(self.kind)]
        return trees if self.options.sabotage == "escape" else own if self.options.sabotage else own + trees

    def next_fault(self):
        """Every fault once, in an order from the seed, and again."""
        if not self.bag:
            self.bag = self.random.sample(self.faults(), len(self.faults()))
        fault = self.bag.pop()
        stubborn = self.random.random() < STUBBORN
        self.record["schedule"].append(fault)
        self.record["faults"][fault] = self.record["faults"].get(fault, 0) + 1
        return fault, stubborn

    def inject(self, fault, stubborn):
        if fault == "burst":
            self.load.ask(f"burst {BURST_MS}", "burst")
        elif fault == "starve":
            self.load.ask("starve", "done")
            time.sleep(STARVE)
            self.load.ask("feed", "done")
        else:
            victim = victims.Round(self.options, victims.NAMED[fault], self.reaper)
            self.record["victims"].append(victim.play(stubborn))

    # --- the leg ---

    def play(self, seconds, tell):
        low, high = INTERVAL
        interval = max(low, min(high, seconds / SAMPLES))
        self.start()
        try:
            while len(self.record["samples"]) < SAMPLES or time.monotonic() < self.started + seconds:
                begin = time.monotonic()
                world.recycle_pids()
                self.load.ask("go", "going")
                fault, stubborn = self.next_fault()
                self.inject(fault, stubborn)
                self.reaper.until(lambda: False, max(0.0, begin + interval - time.monotonic()))
                tell(self.kind, fault, self.sample())
            self.end()
        except Broken as reason:
            self.record["broken"] = str(reason)
            self.record["threads"] = self.where_they_stand()
        finally:
            self.stop()
            self.reaper.end(self.mark)
        return self.record

    def end(self):
        """The load leaves a daemon behind; what becomes of it is the point."""
        self.load.ask("end", "over")
        if not self.reaper.until(lambda: self.reaper.ended(self.load.pid), GONE):
            raise Broken("the load did not end")
        if self.reaper.statuses[self.load.pid] != 0:
            raise Broken(f"the load ended with {self.reaper.statuses[self.load.pid]}")
        if self.kind != "bare":
            self.reaper.until(lambda: not processes.marked(self.mark), GONE)
        self.record["left"] = len(processes.marked(self.mark))

    def where_they_stand(self):
        """Of a load that is stuck: what each thread is in."""
        return [f"{pid} {task.name} {processes.read(pid, f'task/{task.name}/wchan').decode()} "
                f"{processes.read(pid, f'task/{task.name}/syscall').decode().strip()}"
                for pid in processes.marked(self.mark) for task in pathlib.Path(f"/proc/{pid}/task").glob("*")]
