"""Where a subject is judged: on this machine, when all that it needs is there and its adapter is built."""

import hashlib
import os
import pathlib
import shutil

from . import subjects
from .build import Build
from .place import LONG, NO_SPACE, NOT_OURS, Place, Unavailable, called, complaint_of, missing_tool, only_one
from .verdict import BROK, CONF

SHARED = "{subjects}"
STAMP = ".built-of"  # of which commands and sources


def files_of(word, folder):
    """What a word of a command names of the folder above all subjects; of that itself what lies directly in it."""
    _, mark, rest = word.partition(SHARED)
    below = folder / rest.removeprefix("/")
    if not mark:
        return []
    return [below] if below.is_file() else sorted(below.rglob("*") if rest.startswith("/") else folder.iterdir())


class SubjectPlace(Place):
    """platform: a Subject."""

    def __init__(self, subject, tree):
        super().__init__(subject, tree)
        self.subject, self.build = subject, Build(tree.directory)
        self.build.memory = self.memory

    @property
    def directory(self):
        """In which it is built."""
        return self.tree.directory / "subjects" / self.subject.name

    @property
    def memory(self):
        """Somebody's own adapter has that of its command."""
        own = hashlib.sha256(self.subject.adapter.encode("utf-8", "surrogateescape")).hexdigest()[:8]
        name = f"{subjects.ADAPTER}-{own}" if self.subject.adapter else self.subject.name
        return self.directory.with_name(f"{name}.failed.json")

    @property
    def command(self):
        return self.filled(self.subject.command)

    def filled(self, words):
        """With paths in the place of what stands in braces; somebody's own adapter has none."""
        folder, found = self.subject.folder, list(words)
        places = {"{source}": folder, SHARED: folder.parent, "{build}": self.directory,
                  "{forkproof}": self.build.forkproof} if folder else {}
        for mark, path in places.items():
            found = [word.replace(mark, str(path)) for word in found]
        return found

    def strays(self, gotchas):
        return subjects.expects_of_nothing(self.subject, gotchas)

    # --- whether it can be had ---

    def needs(self):
        missing = next((path for path in self.filled(self.subject.files) if not os.path.exists(path)), None)
        return missing_tool(self.subject) or (f"{missing} is not there{self.brought_by()}" if missing else "")

    def brought_by(self):
        return f" (packages: {', '.join(self.subject.packages)})" if self.subject.packages else ""

    def open(self):
        why = self.needs()
        if why:
            raise Unavailable(CONF, why)
        try:
            if self.subject.build:
                with only_one(self.directory):
                    self.make()
        except OSError as wrong:
            raise Unavailable(CONF if wrong.errno in NOT_OURS else BROK, str(wrong)) from None

    # --- what is built ---

    def sources(self):
        """Of its own folder, and what the commands name of the folder above."""
        folder = self.subject.folder
        named = [path for command in self.subject.build for word in command for path in files_of(word, folder.parent)]
        return [path for path in (*sorted(folder.rglob("*")), *named) if path.is_file() and path.name != subjects.FILE]

    def stamp(self, commands):
        found = hashlib.sha256(repr(commands).encode("utf-8", "surrogateescape"))
        for path in self.sources():
            content = path.read_bytes()
            found.update(f"{path} {len(content)}\n".encode("utf-8", "surrogateescape") + content)
        return found.hexdigest()

    def make(self):
        """What was built of something else is made anew."""
        commands = [self.filled(command) for command in self.subject.build]
        stamp, new = self.directory / STAMP, self.stamp(commands)
        if stamp.is_file() and stamp.read_text(encoding="ascii") == new:
            return
        shutil.rmtree(self.directory, ignore_errors=True)
        self.directory.mkdir(parents=True)
        for command in commands:
            status, said = called(["env", f"--chdir={self.directory}", *command], LONG)
            if status:
                verdict = CONF if NO_SPACE in said else BROK
                raise Unavailable(verdict, f"{pathlib.Path(command[0]).name} does not build it: {complaint_of(said)}")
        stamp.write_text(new, encoding="ascii")
