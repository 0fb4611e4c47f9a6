"""A platform that is a machine: a kernel of a Debian suite, booted by qemu with the tree and the cases in its memory.

What is run in it is conformance/run, with the C library and the Python of this machine, at the paths that they have
here. Its report comes back over a second serial line; the first one is the console, which is kept."""

import base64
import binascii
import gzip
import json
import os
import pathlib
import re
import select
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import zlib

from . import audit
from .cases import AUDIT
from .place import HERE, LONG, Place, Unavailable, called, last_line, only_one
from .report import Report
from .text import near, visible
from .verdict import BROK, CONF, Cell, Result, Run

QEMU = "qemu-system-x86_64"
ARCHITECTURE = "x86_64"
PROCESSORS, MEGABYTES = 2, 1024
SLOWER = 6  # than this machine, at worst: beside others that are busy
TOOLS = "base64 cat chmod env find gzip ln mkdir mount rm setsid sh sleep touch true yes".split()  # of cases and INIT
SEARCHED = "/usr/sbin:/usr/bin:/sbin:/bin"
LINKS = ("bin", "sbin", "lib", "lib64")  # where /usr is merged
NOT_OF_PYTHON = {"test", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "pydoc_data", "dist-packages",
                 "site-packages"}
USUAL = (0, 1, 77)  # exit statuses of conformance/run that come with a report
SAID = re.compile(r"begin\n(?P<report>.*)end (?P<status>\d+)\n", re.S)

APT = """APT::Sandbox::User "";
APT::Update::Error-Mode "any";
Dir::State "{0}";
Dir::State::status "{0}/status";
Dir::Cache "{0}";
Dir::Etc::sourcelist "{0}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Acquire::Languages "none";
Acquire::Retries "3";
"""
SOURCE = "deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] " \
    "http://deb.debian.org/debian {} main\n"

INIT = """#!/bin/sh
export PATH={searched} LC_ALL=C HOME=/root
mount -t devtmpfs dev /dev
exec </dev/null >/dev/console 2>&1
mkdir -p /dev/shm /dev/pts
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs shm /dev/shm
mount -t devpts pts /dev/pts
mount -t cgroup2 cgroup /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd
chmod 1777 /tmp /dev/shm
exec 3>/dev/ttyS1
echo begin >&3
{command} --format json --output /report 3>&-
status=$?
[ ! -e /report ] || gzip -c /report | base64 >&3
echo "end $status" >&3
exec sleep 3600
"""
PASSWD = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
GROUP = "root:x:0:\nnogroup:x:65534:\n"


# --- the kernel ---

class Apt:
    """With lists and a cache below a directory: this machine's own learns nothing of it."""

    def __init__(self, directory, suite):
        self.directory = directory
        for place in ("lists/partial", "archives/partial"):
            (directory / place).mkdir(parents=True)
        (directory / "status").touch()
        (directory / "conf").write_text(APT.format(directory), encoding="utf-8")
        (directory / "sources.list").write_text(SOURCE.format(suite), encoding="utf-8")

    def __call__(self, *words):
        status, said = called(["env", f"--chdir={self.directory}", f"APT_CONFIG={self.directory}/conf", "LC_ALL=C",
                               *words], LONG)
        if status:
            first = re.search(r"^[EW]: .*", said, re.M)  # the last one only says that there was one
            raise Unavailable(CONF, f"{words[0]}: {last_line(first[0] if first else said)}")
        return said

    def package_of_kernel(self, name):
        """From the package that names the newest one to that which has it: since Linux 6.19 that is a third."""
        for _ in range(3):
            found = re.search(r"Depends: (linux-(?:image|binary)-\d\S+)", self("apt-cache", "depends", name))
            name = found[1] if found else name
        return name


def fetch(directory, wanted):
    """The kernel of a suite, once: what is there stays."""
    kernel = directory / "vmlinuz"
    if kernel.is_file():
        return kernel
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=directory) as work:
        apt = Apt(pathlib.Path(work) / "apt", wanted.suite)
        apt("apt-get", "-q", "update")
        apt("apt-get", "-q", "download", apt.package_of_kernel(wanted.package))
        package, unpacked = next(apt.directory.glob("*.deb")), pathlib.Path(work) / "kernel"
        apt("dpkg-deb", "--extract", str(package), str(unpacked))
        found = next(unpacked.glob("**/vmlinuz*"), None)
        if not found:
            raise Unavailable(CONF, f"{package.name} has no kernel in it")
        found.rename(kernel)
    return kernel


# --- what lies in its memory ---

def with_links(path):
    """The path of a file, and where it leads to when it is a link."""
    while True:
        path = path.parent.resolve() / path.name
        yield path
        if not path.is_symlink():
            return
        path = path.parent / os.readlink(path)


def libraries(programs):
    """Of those that are dynamic, the loader too."""
    said = called(["ldd", *programs])[1]
    return {pathlib.Path(path) for path in re.findall(r"(/\S+) \(0x", said)}


def of_python():
    top = pathlib.Path(sysconfig.get_path("stdlib"))
    for folder, inner, names in os.walk(top):
        inner[:] = [name for name in inner if name not in NOT_OF_PYTHON and not name.startswith("config-")]
        yield from (pathlib.Path(folder) / name for name in names)


def of_system():
    """Programs of this machine and modules of Python."""
    for tool in TOOLS:
        path = shutil.which(tool, path=SEARCHED)
        if not path:
            raise Unavailable(CONF, f"{tool} is not found, which a case or the machine needs")
        yield pathlib.Path(path)
    yield pathlib.Path(sys.executable)
    yield from of_python()


def of_tree(tree, chosen):
    yield from (tree.warden, tree.forkproof, tree.library, tree.audit_library, tree.directory / "CMakeCache.txt")
    for one in chosen:
        if one.case:
            yield from tree.program(one.case, "bad").parent.glob("*")


def of_suite(options):
    """Driver, catalogue and sources."""
    yield from (HERE / "run", HERE / "platforms")
    yield from (HERE / "driver").glob("*.py")
    for top in options.catalogue, options.cases:
        yield from pathlib.Path(top).resolve().rglob("*")


def is_dynamic(path):
    """Whether ldd is to be asked: a program or a library."""
    if not path.is_file() or not (os.access(path, os.X_OK) or path.suffix == ".so"):
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"


def closure(files):
    """Names for cpio, below /: the files with what they need, and each directory before what is in it."""
    files = {path for path in files if path.exists()}
    files |= libraries(sorted(path for path in files if is_dynamic(path)))
    found = {pathlib.Path("/", name) for name in LINKS if os.path.islink(f"/{name}")}
    for path in files:
        found.update(with_links(path))
    found |= {parent for path in found for parent in path.parents}
    return sorted(str(path)[1:] for path in found if str(path) != "/")


def pack(file, top, names):
    done = subprocess.run(["cpio", "--create", "--format=newc", "--quiet", "--null", "--owner=0:0"], cwd=top,
                          input="\0".join(names).encode("utf-8", "surrogateescape"), stdout=file,
                          stderr=subprocess.PIPE, check=False)
    if done.returncode:
        raise Unavailable(CONF, f"cpio: {last_line(done.stderr.decode('utf-8', 'replace'))}")


def write_image(file, files, command):
    """Two archives, one after the other, which the kernel unpacks into one: what is this machine's, and its own."""
    with tempfile.TemporaryDirectory() as work:
        own = pathlib.Path(work)
        for name in "dev", "proc", "sys", "tmp", "run", "root", "etc":
            (own / name).mkdir()
        (own / "init").write_text(INIT.format(searched=SEARCHED, command=command), encoding="utf-8")
        (own / "init").chmod(0o755)
        (own / "etc" / "passwd").write_text(PASSWD, encoding="ascii")
        (own / "etc" / "group").write_text(GROUP, encoding="ascii")
        pack(file, "/", closure(files))
        pack(file, own, sorted(str(inner.relative_to(own)) for inner in own.rglob("*")))


# --- its report ---

def cell_of(gotcha, told, platform):
    """As if it had been run here; a gap is known here alone."""
    mode, program = told["mode"], told["program"]
    cell = Cell(gotcha, program, mode, told["expected"] or "", told["because"] or "",
                audit.OUTCOMES if mode == AUDIT else None, platform.gap(gotcha.id, program, mode))
    facts, steps = "".join(f"{line}\n" for line in told["facts"]), [(one["pid"], one["text"]) for one in told["steps"]]
    for word, count in told["outcomes"].items():
        reason = cell.outcomes[word].means if word in cell.outcomes else told["reason"]
        cell.counts[word], cell.examples[word] = count, Run(word, reason, facts, steps)
    cell.seconds = told["seconds"]
    return cell


def results_of(told, chosen, plan):
    """Of what was asked for."""
    def wanted(cell):
        return plan.only is None or cell.gotcha.id in plan.only or cell.key in plan.only

    known, found = {one.id: one for one in chosen}, []
    for gotcha in (one for one in told["gotchas"] if one["id"] in known):
        cells = [cell_of(known[gotcha["id"]], one, plan.platform) for one in gotcha["runs"]]
        found.append(Result(known[gotcha["id"]], [cell for cell in cells if wanted(cell)]))
    return [result for result in found if result.cells or result.gotcha.complaints]


class MachinePlace(Place):
    """`play` in the place of what is run at other places."""

    kernel = None

    @property
    def directory(self):
        return self.tree.directory / "platforms" / self.platform.name

    @property
    def console(self):
        return self.directory / "console"

    def needs(self):
        here = os.uname().machine
        return super().needs() or ("" if here == ARCHITECTURE else f"what is built here is for {here}")

    def open(self):
        super().open()
        try:
            with only_one(self.directory):
                self.directory.mkdir(exist_ok=True)
                self.kernel = fetch(self.directory, self.platform.machine)
        except OSError as wrong:
            raise Unavailable(CONF, str(wrong)) from None

    # --- what it is told to do ---

    def command(self, plan, options, chosen):
        words = [sys.executable, "-B", HERE / "run", "--build", self.tree.directory, "--catalogue",
                 options.catalogue.resolve(), "--cases", options.cases.resolve(), "--mode", ",".join(plan.modes),
                 "--repeat", plan.repeat, "--jobs", min(plan.jobs, PROCESSORS), "--slower",
                 SLOWER * plan.slower, "--progress", "never"]
        words += ["--program", plan.own.resolve()] if plan.own else ["--twin", "both"] if len(plan.programs) > 1 else \
            ["--twin", *plan.programs]
        words += [] if plan.keep_going else ["--no-keep-going"]
        return shlex.join(map(str, [*words, *(one.id for one in chosen)]))

    def machine(self, image):
        """The command that boots it. It ends with us, however we end."""
        return ["setpriv", "--pdeathsig=KILL", QEMU, "-machine", "accel=tcg", "-cpu", "max", "-smp", str(PROCESSORS),
                "-m", str(MEGABYTES), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-serial", f"file:{self.console}", "-serial", "stdio", "-kernel", str(self.kernel),
                "-initrd", f"/proc/self/fd/{image.fileno()}", "-append", "console=ttyS0 panic=-1"]

    # --- what comes of it ---

    def on_console(self):
        return self.console.read_text(encoding="utf-8", errors="replace") if self.console.is_file() else ""

    def broken(self, what):
        return Unavailable(BROK, f"{what}; its console: {near(self.console)}")

    def ended(self, status, complaint):
        """It was over before its report was."""
        text = self.on_console()
        if not text.strip():
            return Unavailable(CONF, f"{QEMU} answers {status}: {last_line(complaint)}")
        panic = re.search(r"Kernel panic.*", text)
        return self.broken(f"it went down: {visible(panic[0].strip()) if panic else last_line(text)}")

    def listen(self, process, deadline):
        """What it says over its second line until it says the end; None when it goes down before."""
        began, said = time.monotonic(), b""
        poll = select.poll()
        poll.register(process.stdout)
        while not re.search(rb"^end \d+\r?\n", said, re.M):
            limit = deadline if b"begin" in said else self.platform.machine.boot
            if not poll.poll(max(0, began + limit - time.monotonic()) * 1000):
                raise self.broken(f"it was not over in {limit} s" if b"begin" in said else
                                  f"it has not begun in {limit} s")
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                return None
            said += chunk
        return said.decode("ascii", "replace").replace("\r", "")

    def boot(self, image, repeat):
        self.console.unlink(missing_ok=True)
        with tempfile.TemporaryFile() as complaint, \
                subprocess.Popen(self.machine(image), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=complaint, pass_fds=[image.fileno()], start_new_session=True) as process:
            try:
                said = self.listen(process, repeat * self.platform.machine.deadline)
            finally:
                process.kill()
            if said is None:
                status = process.wait()
                complaint.seek(0)
                raise self.ended(status, complaint.read().decode("utf-8", "replace"))
        return said

    def read(self, said):
        """The report that is in it."""
        found = SAID.fullmatch(said)
        if not found or int(found["status"]) not in USUAL:
            answer = found["status"] if found else "what nobody understands"
            raise self.broken(f"conformance/run in it answers {answer}: {last_line(self.on_console())}")
        try:
            return json.loads(gzip.decompress(base64.b64decode(found["report"])))
        except (ValueError, OSError, EOFError, zlib.error, binascii.Error):
            raise self.broken("its report cannot be read") from None

    def play(self, plan, options, chosen):
        """The report of what was run in it. Raises Unavailable."""
        if plan.prefix:
            raise Unavailable(CONF, "--exec-prefix: what it needs is not in the machine")
        if not chosen:
            return Report([], plan, {}, str(self.build.directory), 0.0)
        own = [plan.own.resolve()] if plan.own else []
        files = [*of_system(), *of_tree(self.tree, chosen), *of_suite(options), *own]
        try:
            with tempfile.TemporaryFile(dir=self.directory) as image:
                write_image(image, files, self.command(plan, options, chosen))
                told = self.read(self.boot(image, plan.repeat))
        except OSError as wrong:
            raise Unavailable(CONF, str(wrong)) from None
        report = Report(results_of(told, chosen, plan), plan, told["machine"], str(self.build.directory), 0.0)
        report.left_out = told["left_out"]
        return report
