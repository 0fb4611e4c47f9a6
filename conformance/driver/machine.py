"""A platform that is a machine: a kernel of a Debian suite, booted by qemu with the tree and the cases in its memory.

What is run in it is conformance/run, at the paths that all has here, with the C library and the Python of this machine,
or with the root of another architecture (foreign.py). Its report comes back over the console, which is kept."""

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
from .architecture import X86_64
from .cases import AUDIT
from .foreign import CrossPlace, fetch_kernel, libraries
from .place import HERE, Place, Unavailable, last_line, only_one
from .report import Report
from .text import near, visible
from .verdict import BROK, CONF, Cell, Result, Run

PROCESSORS, MEGABYTES = 2, 1024
SLOWER = 6  # than this machine, at worst: beside others that are busy
TOOLS = "base64 cat chmod env find gzip ln mkdir mount rm setsid sh sleep touch true yes".split()  # of cases and INIT
SEARCHED = "/usr/sbin:/usr/bin:/sbin:/bin"
LINKS = ("bin", "sbin", "lib", "lib64")  # where /usr is merged
NOT_OF_PYTHON = {"test", "idlelib", "tkinter", "turtledemo", "lib2to3", "ensurepip", "pydoc_data", "dist-packages",
                 "site-packages"}
NOT_OF_ROOT = NOT_OF_PYTHON | {"include", "share", "gconv", "locale", "perl", "perl5"}
USUAL = (0, 1, 77)  # exit statuses of conformance/run that come with a report
# What INIT says on the console, as lines of its own.
BEGIN, REPORT, END = (re.compile(rf"^{said}\n", re.M) for said in ("begin", r"report (\S+)", r"end (\d+)"))
OURS = re.compile(r"^(?:begin|report \S+|end \d+)\n", re.M)

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
echo 1 >/proc/sys/kernel/printk
echo begin
{command} --format json --output /report
status=$?
[ ! -e /report ] || gzip -c /report | base64 -w 500 | while read -r line; do echo "report $line"; done
echo "end $status"
exec sleep 3600
"""
PASSWD = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"
GROUP = "root:x:0:\nnogroup:x:65534:\n"


# --- what lies in its memory ---

def with_links(path):
    """The path of a file, and where it leads to when it is a link."""
    while True:
        path = path.parent.resolve() / path.name
        yield path
        if not path.is_symlink():
            return
        path = path.parent / os.readlink(path)


def of_python():
    top = pathlib.Path(sysconfig.get_path("stdlib"))
    for folder, inner, names in os.walk(top):
        inner[:] = [name for name in inner if name not in NOT_OF_PYTHON and not name.startswith("config-")]
        yield from (pathlib.Path(folder) / name for name in names)


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


def of_root(root):
    """Names for cpio: what is run of it."""
    for folder, inner, names in os.walk(root):
        inner[:] = sorted(name for name in inner if name not in NOT_OF_ROOT)
        yield from (os.path.relpath(os.path.join(folder, name), root) for name in (*inner, *names)
                    if not name.endswith((".a", ".o", ".deb")))


def write_image(file, root, files, command):
    """Archives one after the other, which the kernel unpacks into one: another architecture's root, if it is for one;
    what is this machine's; and its own."""
    with tempfile.TemporaryDirectory() as work:
        own = pathlib.Path(work)
        for name in "dev", "proc", "sys", "tmp", "run", "root", "etc":
            (own / name).mkdir()
        (own / "init").write_text(INIT.format(searched=SEARCHED, command=command), encoding="utf-8")
        (own / "init").chmod(0o755)
        (own / "etc" / "passwd").write_text(PASSWD, encoding="ascii")
        (own / "etc" / "group").write_text(GROUP, encoding="ascii")
        if root:
            pack(file, root, list(of_root(root)))
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

    architecture, root = X86_64, None
    python, kernel = sys.executable, None

    @property
    def directory(self):
        return self.tree.directory / "platforms" / self.platform.name

    @property
    def console(self):
        return self.directory / "console"

    def needs(self):
        here = os.uname().machine
        return super().needs() or ("" if here == X86_64.name else f"what is built here is for {here}")

    def open(self):
        super().open()
        try:
            with only_one(self.directory):
                self.directory.mkdir(exist_ok=True)
                wanted = self.platform.machine
                self.kernel = fetch_kernel(self.directory / "vmlinuz", wanted.suite, wanted.package, self.architecture)
        except OSError as wrong:
            raise Unavailable(CONF, str(wrong)) from None

    # --- what lies in it, and what it is told to do ---

    @staticmethod
    def of_system():
        """Programs of this machine and modules of Python."""
        for tool in TOOLS:
            path = shutil.which(tool, path=SEARCHED)
            if not path:
                raise Unavailable(CONF, f"{tool} is not found, which a case or the machine needs")
            yield pathlib.Path(path)
        yield pathlib.Path(sys.executable)
        yield from of_python()

    def command(self, plan, options, chosen):
        words = [self.python, "-B", HERE / "run", "--build", self.build.directory, "--catalogue",
                 options.catalogue.resolve(), "--cases", options.cases.resolve(), "--mode", ",".join(plan.modes),
                 "--repeat", plan.repeat, "--jobs", min(plan.jobs, PROCESSORS), "--slower",
                 SLOWER * plan.slower, "--progress", "never"]
        words += ["--program", plan.own.resolve()] if plan.own else ["--twin", "both"] if len(plan.programs) > 1 else \
            ["--twin", *plan.programs]
        words += [] if plan.keep_going else ["--no-keep-going"]
        return shlex.join(map(str, [*words, *(one.id for one in chosen)]))

    def machine(self, image):
        """The command that boots it. It ends with us, however we end."""
        return ["setpriv", "--pdeathsig=KILL", *self.architecture.system, "-smp", str(PROCESSORS), "-m",
                str(MEGABYTES), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", "stdio",
                "-kernel", str(self.kernel), "-initrd", f"/proc/self/fd/{image.fileno()}", "-append",
                f"console={self.architecture.console} panic=-1"]

    # --- what comes of it ---

    def on_console(self):
        """Without what is ours."""
        return OURS.sub("", self.console.read_text(encoding="utf-8", errors="replace").replace("\r", ""))

    def broken(self, what):
        return Unavailable(BROK, f"{what}; its console: {near(self.console)}")

    def ended(self, status, complaint):
        """It was over before its report was."""
        text = self.on_console()
        if not text.strip():
            return Unavailable(CONF, f"{self.architecture.system[0]} answers {status}: {last_line(complaint)}")
        panic = re.search(r"Kernel panic.*", text)
        return self.broken(f"it went down: {visible(panic[0].strip()) if panic else last_line(text)}")

    def listen(self, process, deadline):
        """What it says until it says the end, which is kept as it comes; None when it goes down before."""
        began, said = time.monotonic(), ""
        poll = select.poll()
        poll.register(process.stdout)
        with open(self.console, "wb", buffering=0) as console:
            while not END.search(said):
                has_begun = BEGIN.search(said)
                limit = deadline if has_begun else self.platform.machine.boot
                if not poll.poll(max(0, began + limit - time.monotonic()) * 1000):
                    raise self.broken(f"it was not over in {limit} s" if has_begun else
                                      f"it has not begun in {limit} s")
                chunk = os.read(process.stdout.fileno(), 1 << 16)
                if not chunk:
                    return None
                console.write(chunk)
                said += chunk.decode("ascii", "replace").replace("\r", "")
        return said

    def boot(self, image, repeat):
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
        status = int(END.search(said)[1])
        if status not in USUAL:
            raise self.broken(f"conformance/run in it answers {status}: {last_line(self.on_console())}")
        try:
            return json.loads(gzip.decompress(base64.b64decode("".join(REPORT.findall(said)))))
        except (ValueError, OSError, EOFError, zlib.error, binascii.Error):
            raise self.broken("its report cannot be read") from None

    def play(self, plan, options, chosen):
        """The report of what was run in it. Raises Unavailable."""
        if plan.prefix:
            raise Unavailable(CONF, "--exec-prefix: what it needs is not in the machine")
        if not chosen:
            return Report([], plan, {}, str(self.build.directory), 0.0)
        own = [plan.own.resolve()] if plan.own else []
        files = [*self.of_system(), *of_tree(self.build, chosen), *of_suite(options), *own]
        try:
            with tempfile.TemporaryFile(dir=self.directory) as image:
                write_image(image, self.root, files, self.command(plan, options, chosen))
                told = self.read(self.boot(image, plan.repeat))
        except OSError as wrong:
            raise Unavailable(CONF, str(wrong)) from None
        try:
            report = Report(results_of(told, chosen, plan), plan, told["machine"], str(self.build.directory), 0.0)
            report.left_out = told["left_out"]
        except (KeyError, TypeError):
            raise self.broken("its report is not what the suite writes") from None
        return report


class ForeignMachinePlace(CrossPlace, MachinePlace):
    """Of another architecture: all that is not the suite's lies in its root."""

    python = "/usr/bin/python3"

    @staticmethod
    def of_system():
        return ()
