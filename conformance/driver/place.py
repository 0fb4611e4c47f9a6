"""A platform on this machine: whether it can be had, what is built for it, and how its programs are run there."""

import contextlib
import errno
import fcntl
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile

from . import cgroups, wine
from .build import Build
from .cases import WINE
from .platforms import NATIVE, gaps_of_nothing
from .text import visible
from .verdict import BROK, CONF

HERE = pathlib.Path(__file__).resolve().parents[1]
PROGRAMS = HERE / "platforms" / "programs"  # the build of the cases' programs alone
TARGETS = {"programs": ["cases"],
           "all": ["cases", "warden", "deny", "forkproof", "forkproof_shim", "forkproof_audit"]}
COMPILER_IDS = {"gcc": "GNU", "clang": "Clang"}
PLAIN = 60577  # a user of whom nobody has heard
NOT_OURS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS)  # what a machine refuses
NO_SPACE = os.strerror(errno.ENOSPC)
PROBES = {"c": "int main(void) { return 0; }\n", "c++": "int main() { try { throw 1; } catch (int) { return 0; } }\n"}
NO_USER_NAMESPACES = """echo 0 >/proc/sys/user/max_user_namespaces &&
exec setpriv --ambient-caps=-all --inh-caps=-all "$@\""""
BRIEF, MOST_SAID = 200, 1 << 20  # characters
MOMENT, LONG, FAREWELL = 60, 1200, 5  # seconds
NOT_STARTED, TOO_LONG = 127, 124


class Unavailable(Exception):
    """It cannot be had: a verdict, CONF or BROK, and why."""

    def __init__(self, verdict, why):
        super().__init__(why)
        self.verdict = verdict


def end_group(process):
    """First it is asked: ninja then ends what it has started, which is in other groups."""
    os.killpg(process.pid, signal.SIGTERM)
    if not process.stdout.closed:
        poll = select.poll()
        poll.register(process.stdout, 0)  # until nobody has its other end
        poll.poll(FAREWELL * 1000)
    os.killpg(process.pid, signal.SIGKILL)


def called(argv, seconds=MOMENT):
    """(exit status, what it said on both streams)."""
    try:
        process = subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors="backslashreplace",
                                   start_new_session=True)
    except OSError as wrong:
        return NOT_STARTED, f"it cannot be started: {wrong.strerror}"
    with process:
        try:
            said = process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired:
            return TOO_LONG, f"it was not over in {seconds} s"
        finally:
            if process.returncode is None:  # not reaped, so that its number is its own
                end_group(process)
        return process.returncode, said


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return visible(lines[-1][:BRIEF]) if lines else "it said nothing"


def complaint_of(text):
    """The line of a build's output that tells most."""
    text = text[-MOST_SAID:]
    wrong = [line for line in text.splitlines() if re.search(r"\berror\b", line, re.I)]
    return last_line("\n".join(wrong[:1]) or text)


@contextlib.contextmanager
def only_one(directory):
    """Others may build the same beside us."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with open(f"{directory}.lock", "w", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def missing_tool(wanted):
    """Of a platform's or a subject's tools: what is said of the first that is not there, or ""."""
    tool = next((tool for tool in wanted.tools if not shutil.which(tool)), None)
    packages = ", ".join(wanted.packages)
    return tool and f"{tool} is not found" + (f" (packages: {packages})" if packages else "") or ""


class Place:
    """tree: the Build that is tested. `open` before anything is run, `close` at the end."""

    slower = 1  # a case has so many times its deadline
    pids_each = 1  # that a process has, before it makes threads
    no_audit = ""  # why none can be had
    before_cmake = ()

    probes = PROBES

    def __init__(self, platform, tree):
        self.platform, self.tree, self.build = platform, tree, tree
        self.around, self.before = [], []  # words before the warden; before what it runs
        self.user, self.cgroup = None, None  # as which user all of it is run, when it is another

    @property
    def compiler(self):
        return self.platform.compile.c

    @property
    def targets(self):
        return TARGETS[self.platform.compile.what]

    @property
    def memory(self):
        """Where it is kept what failed."""
        return self.tree.directory / "platforms" / f"{self.platform.name}.failed.json"

    @property
    def is_foreign(self):
        """Whether root plays another user."""
        return self.platform.user == "plain" and os.geteuid() == 0

    def strays(self, gotchas):
        """Complaints about what the platform's file says of no case."""
        return gaps_of_nothing(self.platform, gotchas)

    # --- whether it can be had ---

    def needs(self):
        """Why it cannot be had here, or ""."""
        missing = missing_tool(self.platform)
        if missing:
            return missing
        if self.platform.kind == WINE:
            return wine.lacks()
        if self.platform.compile and not self.is_of_compiler():
            why = self.cannot_compile("c", self.platform.compile.c)
            if why:
                return why
        if self.platform.twin and (self.tree.twin.is_symlink() or not self.tree.twin.is_file()):
            return "the tree has no library for programs of the other class (FORKPROOF_TWIN)"
        return self.no_cgroup() if self.platform.cgroup else ""

    def cannot_compile(self, language, compiler):
        """A small program is made and run."""
        with tempfile.TemporaryDirectory() as work:
            source, program = pathlib.Path(work) / f"x.{language.replace('c++', 'cc')}", pathlib.Path(work) / "x"
            source.write_text(self.probes[language], encoding="ascii")
            status, said = called([compiler, *self.platform.compile.flags, source, "-o", program])
            if status:
                return f"{compiler} makes no program: {complaint_of(said)}"
            status, said = called([program])
            return f"what {compiler} makes does not run here: {last_line(said)}" if status else ""

    def no_cgroup(self):
        own = cgroups.own_directory()
        if not own:
            return "no cgroup of version 2 is mounted"
        if not os.access(own, os.W_OK) or not os.access(own / "cgroup.procs", os.W_OK):
            return "no cgroup is handed over to this user"
        return ""

    def is_of_compiler(self):
        """Whether the tree was built by the compiler that a tree of its own would be built by."""
        wanted = self.platform.compile
        if wanted.what != "all" or wanted.flags:
            return False
        for path in (self.tree.directory / "CMakeFiles").glob("*/CMakeCCompiler.cmake"):
            return f'(CMAKE_C_COMPILER_ID "{COMPILER_IDS.get(wanted.c)}")' in path.read_text(encoding="utf-8")
        return False

    # --- what is built ---

    def arguments(self):
        """Of cmake."""
        wanted, source = self.platform.compile, PROGRAMS if self.platform.compile.what == "programs" else HERE.parent
        cxx = wanted.cxx if wanted.cxx and not self.cannot_compile("c++", wanted.cxx) else "NOTFOUND"
        return ["-S", str(source), *self.common_arguments(), f"-DCMAKE_C_COMPILER={wanted.c}",
                f"-DCMAKE_C_FLAGS={' '.join(wanted.flags)}", f"-DCMAKE_CXX_COMPILER={cxx}",
                f"-DCMAKE_CXX_FLAGS={' '.join(wanted.flags)}"]

    @staticmethod
    def common_arguments():
        return ["-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DFORKPROOF_WINDOWS_CC=OFF", "-DBUILD_TESTING=OFF"]

    def step(self, *argv):
        status, said = called(argv, LONG)
        if status:
            verdict = CONF if NO_SPACE in said else BROK
            raise Unavailable(verdict, f"{self.compiler} does not build it: {complaint_of(said)}")

    def compiled(self, directory):
        """What was configured otherwise before is made anew."""
        arguments, stamp = self.arguments(), directory / "configured"
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != "\n".join(arguments):
            shutil.rmtree(directory, ignore_errors=True)
            self.step(*self.before_cmake, "cmake", *arguments, "-B", directory)
            stamp.write_text("\n".join(arguments), encoding="utf-8")
        self.step(*self.before_cmake, "cmake", "--build", directory, "--target", *self.targets)

    def make_build(self):
        tree, name = self.tree, self.platform.name
        if name == NATIVE:
            return tree
        own = tree.directory / "platforms"
        found = Build(tree.directory)
        if self.platform.compile and not self.is_of_compiler():
            with only_one(own / name):
                self.compiled(own / name)
            found = Build(own / name) if self.platform.compile.what == "all" else Build(tree.directory, own / name)
        found.memory = self.memory
        if self.platform.twin:
            found.take_twin()
        return found

    # --- how it is run ---

    def as_plain_user(self):
        """Words before the warden."""
        ids = [f"--reuid={PLAIN}", f"--regid={PLAIN}", "--clear-groups"] if self.is_foreign else []
        words = ["setpriv", *ids] if ids else []
        if not self.platform.user_namespaces:
            user, group = (PLAIN, PLAIN) if self.is_foreign else (os.geteuid(), os.getegid())
            words += ["unshare", "--user", f"--map-user={user}", f"--map-group={group}", "--keep-caps",
                      "sh", "-c", NO_USER_NAMESPACES, "sh"]
        return words

    def hand_over_cgroup(self):
        """To the plain user: words that enter it."""
        if not self.is_foreign:
            return []
        self.cgroup = pathlib.Path(tempfile.mkdtemp(prefix="forkproof-conformance-", dir=cgroups.own_directory()))
        for path in self.cgroup, *(self.cgroup / f"cgroup.{name}" for name in ("procs", "threads", "subtree_control")):
            os.chown(path, PLAIN, PLAIN)
        return ["sh", "-c", f'echo $$ >"{self.cgroup}/cgroup.procs" && exec "$@"', "sh"]

    def check_reach(self):
        """The build may lie in a directory that is closed to the user."""
        for path in self.tree.warden, self.build.forkproof, self.build.library:
            if path.is_file() and called([*self.around, "test", "-r", path])[0]:
                raise Unavailable(CONF, f"{path} cannot be read by this user: the build must lie where everybody can")

    def open(self):
        """Raises Unavailable."""
        why = self.needs()
        if why:
            raise Unavailable(CONF, why)
        try:
            self.build = self.make_build()
            if self.platform.cgroup:
                self.around += self.hand_over_cgroup()
        except OSError as wrong:
            is_refused = wrong.errno in NOT_OURS or NO_SPACE in str(wrong)  # shutil.Error has no number
            raise Unavailable(CONF if is_refused else BROK, str(wrong)) from None
        if self.platform.user == "plain":
            self.user = PLAIN if self.is_foreign else None
            self.around += self.as_plain_user()
            self.check_reach()
        if self.platform.deny:
            deny = self.tree.directory / "conformance" / "deny"
            if not deny.is_file():
                raise Unavailable(BROK, f"{deny} is not built")
            self.before += [str(deny), ",".join(self.platform.deny)]

    def close(self):
        if self.cgroup:
            cgroups.remove_soon(self.cgroup)

    def wrap(self, command):
        return [*self.before, *command]
