"""Shells that complete a command line for a test: each is asked for what it offers where the line ends.

bash and zsh are interactive, on a terminal of their own; they tell what they offer through a pipe.
"""

import os
import pathlib
import pty
import select
import shutil
import subprocess
import time

HERE = pathlib.Path(__file__).resolve().parent
DEADLINE = 60  # seconds; only ever reached by a failure


class Terminal:
    """An interactive shell, which tells what it has to tell through a pipe, descriptor 3."""

    def __init__(self, words, environment, directory):
        self.shown = b""
        self.told = b""
        self.pipe, write = os.pipe()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.dup2(write, 3)
            os.chdir(directory)
            os.execvpe(words[0], words, environment)
        os.close(write)

    def type(self, text):
        os.write(self.terminal, text.encode())

    def read(self, end):
        """What is told up to that end."""
        deadline = time.monotonic() + DEADLINE
        while end not in self.told:
            ready = select.select([self.pipe, self.terminal], [], [], max(0, deadline - time.monotonic()))[0]
            if not ready:
                raise AssertionError(f"the shell does not answer; it shows {self.shown!r}")
            if self.terminal in ready:
                self.shown += os.read(self.terminal, 65536)
            if self.pipe in ready:
                self.told += os.read(self.pipe, 65536)
        text, _, self.told = self.told.partition(end)
        return text.decode()

    def close(self):
        """A shell whose terminal is gone ends."""
        os.close(self.terminal)
        os.waitpid(self.pid, 0)
        os.close(self.pipe)


class Shell:
    """A home of its own, in which the completion lies where an installation puts it."""

    def __init__(self, place, environment):
        self.place = pathlib.Path(place)
        (self.place / "home").mkdir()
        self.environment = dict(environment, HOME=str(self.place / "home"), TERM="dumb", LC_ALL="C.UTF-8",
                                XDG_DATA_DIRS=f"{self.place / 'share'}:/usr/share")
        for name in "XDG_CONFIG_HOME", "XDG_DATA_HOME", "BASH_ENV", "ENV", "ZDOTDIR":
            self.environment.pop(name, None)
        self.start()

    def install(self, file, *where):
        directory = self.place.joinpath("share", *where[:-1])
        directory.mkdir(parents=True)
        shutil.copy(HERE / file, directory / where[-1])
        return directory

    def close(self):
        self.terminal.close()

    def shown(self):
        """What was written to the terminal, or to standard error."""
        return self.terminal.shown.decode(errors="replace")


class Bash(Shell):
    library = pathlib.Path("/usr/share/bash-completion/bash_completion")

    def start(self):
        self.install("forkproof.bash", "bash-completion", "completions", "forkproof")
        self.launch(f"source {self.library}")

    def launch(self, source):
        start = self.place / "bashrc"
        start.write_text(f"{source}\ncomplete -W 'alpha beta' fpsubject\n"
                         "PS1= PROMPT_COMMAND='printf \"ready\\0\" >&3'\n"
                         "bind 'set bell-style none'; bind 'set enable-bracketed-paste off'\n"
                         "bind -x '\"\\C-xd\": printf \"%s\\0\" \"$READLINE_LINE\" >&3'\n")
        self.terminal = Terminal(["bash", "--noprofile", "--rcfile", str(start), "-i"], self.environment, self.place)
        self.terminal.read(b"ready\0")

    def press(self, line, key):
        self.terminal.type(f"{line}{key}\x18d")
        result = self.terminal.read(b"\0")
        self.terminal.type("\x05\x01\x0b")
        return result

    def offers(self, line):
        """readline inserts all there is, one behind the other."""
        result = self.press(line, "\x1b*")
        start = line.rpartition(" ")[0] + " "
        return [] if result == line else result[len(start):].split()

    def completed(self, line):
        return self.press(line, "\t")


class BareBash(Bash):
    """Without the package bash-completion."""

    def start(self):
        self.launch(f"source {HERE / 'forkproof.bash'}")


class Zsh(Shell):
    def start(self):
        functions = self.install("_forkproof", "zsh", "site-functions", "_forkproof")
        (self.place / "home" / ".zshrc").write_text(f"""
            fpath=({functions} $fpath); autoload -Uz compinit; compinit -D -u
            _fpsubject() {{ compadd alpha beta }}; compdef _fpsubject fpsubject
            PS1=; unsetopt auto_list auto_menu beep zle_bracketed_paste; unset zle_bracketed_paste
            compadd() {{
                local -a hits
                if (( $@[(I)-[OAD]] )); then builtin compadd "$@"; return; fi
                builtin compadd -O hits "$@"; (( $#hits )) && print -rlu3 -- $hits
                builtin compadd "$@"
            }}
            comppostfuncs=(tell_end); tell_end() {{ print -nu3 '\\0'; comppostfuncs=(tell_end) }}
            bindkey -e; bindkey '^I' complete-word
            zle-line-init() {{ print -nu3 'ready\\0' }}; zle -N zle-line-init
        """)
        self.terminal = Terminal(["zsh", "-d", "-i"], self.environment, self.place)
        self.terminal.read(b"ready\0")

    def offers(self, line):
        self.terminal.type(f"{line}\t")
        result = self.terminal.read(b"\0")
        self.terminal.type("\x15")
        return result.split("\n")[:-1]


class Fish(Shell):
    def start(self):
        self.install("forkproof.fish", "fish", "vendor_completions.d", "forkproof.fish")
        self.errors = ""

    def offers(self, line):
        words = ["fish", "-c", "complete -c fpsubject -f -a 'alpha beta'; complete -C $argv[1]", line]
        done = subprocess.run(words, env=self.environment, cwd=self.place, capture_output=True, text=True,
                              timeout=DEADLINE, stdin=subprocess.DEVNULL)
        self.errors += done.stderr
        return [offer.split("\t")[0] for offer in done.stdout.splitlines()]

    def shown(self):
        return self.errors

    def close(self):
        pass
