"""A shell on a terminal, one command after the other, each with what it answers.

The shell must print PROMPT as its prompt and leave the terminal's echo alone (off): then all between two
prompts is what the command, and the shell about its jobs, had to say.
"""

import pathlib
import re
import signal

PROMPT = "<ready>"
PIDS = re.compile(r"(\[\d+\]\s*[+-]?\s+|pid )\d+( \d+)*")  # [1] 1234, [1]  + 1234 done


def in_foreground(pid):
    """Whether its process group has its terminal."""
    try:
        after_the_name = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return after_the_name[2] == after_the_name[5]


class Prompt:
    def __init__(self, scene, name, terminal):
        """name: goes before the name of each check; terminal: what scene.terminal() gave."""
        self.scene, self.name, self.terminal = scene, name, terminal
        terminal.delaybeforesend = None
        self.rest()

    def rest(self):
        """What comes before the next prompt, without what varies."""
        self.terminal.expect_exact(PROMPT)
        text = PIDS.sub(r"\1PID", self.terminal.before.replace("\r", ""))
        return " ".join(text.split())

    def ask(self, line):
        self.terminal.sendline(line)
        return self.rest()

    def check(self, what, line):
        self.scene.check(f"{self.name} {what}", self.ask(line))

    def status(self, what):
        self.check(what, "echo status $?")

    def foreground(self, programs):
        """Waits until the programs of these names, and no others, have their terminal and wait for something."""
        def have_it():
            members = [(name, state) for pid, name, state in self.scene.others() if in_foreground(pid)]
            return sorted(members) == [(name, "S") for name in sorted(programs.split())]
        self.scene.until(f"{self.name}: {programs} in the foreground", have_it)

    def state(self, what, program, letters):
        """Checks that all processes of that name come to be in one of these states: S, T, ..."""
        self.scene.until(f"{self.name} {what}: {program} {letters}", lambda: [
            state for _, _, state in self.scene.others(program)] == list(letters))
        self.scene.check(f"{self.name} {what}", f"{program} {letters}")

    def gone(self, what, program):
        self.scene.until(f"{self.name} {what}: no {program}", lambda: not self.scene.pids_of(program))
        self.scene.check(f"{self.name} {what}", f"no {program}")

    def key(self, what, line, programs, key):
        """Starts programs in the foreground, types a key at them: the shell's answer and the status."""
        self.terminal.sendline(line)
        self.foreground(programs)
        self.terminal.sendcontrol(key)
        self.scene.check(f"{self.name} {what}", self.rest())
        self.status(what + ", status")

    def end(self, what, line="exit"):
        """The shell's own end: exit status, or the signal."""
        import pexpect  # pylint: disable=import-outside-toplevel
        self.terminal.sendline(line)
        self.terminal.expect(pexpect.EOF)
        self.ended(what)

    def hang_up(self, what):
        """The terminal's other side goes away; the shell's end as for end()."""
        self.terminal.ptyproc.fileobj.close()
        self.ended(what)

    def ended(self, what):
        self.terminal.wait()
        by = self.terminal.signalstatus
        self.scene.check(f"{self.name} {what}", signal.Signals(by).name if by else self.terminal.exitstatus)
