"""What a library puts in the place of libc's functions, as its file has it: ELF by its dynamic symbols, Mach-O by the
section from which dyld takes it."""

import pathlib
import struct
import subprocess

LIST = pathlib.Path(__file__).resolve().parents[1] / "platforms" / "compiled" / "exports.txt"
MACH_O_64 = 0xFEEDFACF
SEGMENT_64, SYMTAB = 0x19, 2
PAIR = 16  # bytes: ours and theirs
MARK = "_fp_interpose_"
LOCAL_BY_LINKER = {"_init", "_fini", "__bss_start", "_edata", "_end", "environ"}


class Unreadable(Exception):
    """It is no such object."""


def wanted(system):
    """The names by which they are found there."""
    found = set()
    for line in LIST.read_text(encoding="ascii").splitlines():
        name, *systems = line.split() if line and not line.startswith("#") else [""]
        for one in systems:
            where, _, renamed = one.partition(":")
            if where == system:
                found.add(renamed or name)
    return found


def commands(data):
    """(kind, offset) of each load command."""
    magic, _, _, _, count = struct.unpack_from("<5I", data)
    if magic != MACH_O_64:
        raise Unreadable("no 64-bit Mach-O object")
    at = 32
    for _ in range(count):
        kind, size = struct.unpack_from("<2I", data, at)
        yield kind, at
        at += size


def interpose_section(data):
    """(address, size), or None."""
    for kind, at in commands(data):
        if kind != SEGMENT_64:
            continue
        for number in range(struct.unpack_from("<I", data, at + 64)[0]):
            section, segment, address, size = struct.unpack_from("<16s16s2Q", data, at + 72 + 80 * number)
            if (segment.rstrip(b"\0"), section.rstrip(b"\0")) == (b"__DATA", b"__interpose"):
                return address, size
    return None


def symbols(data):
    """(name, address)"""
    for kind, at in commands(data):
        if kind == SYMTAB:
            first, count, names, _ = struct.unpack_from("<4I", data, at + 8)
            for number in range(count):
                name, _, _, _, address = struct.unpack_from("<I2BHQ", data, first + 16 * number)
                start = names + name
                yield data[start:data.index(b"\0", start)].decode("ascii", "replace"), address


def of_mach_o(path):
    """The names; each has its pair in the section, and no pair is without a name."""
    data = pathlib.Path(path).read_bytes()
    section = interpose_section(data)
    if not section:
        raise Unreadable("there is no section __DATA,__interpose")
    start, size = section
    found = {name.removeprefix(MARK): address for name, address in symbols(data) if name.startswith(MARK)}
    if {*found.values()} != {*range(start, start + size, PAIR)}:
        raise Unreadable(f"{len(found)} names for {size / PAIR:g} pairs")
    return set(found)


def of_elf(path):
    done = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unreadable(done.stderr.strip())
    names = {line.split()[-1].split("@")[0] for line in done.stdout.splitlines() if line.split()[-2] in "TtWi"}
    return names - LOCAL_BY_LINKER


def complaints(path, system):
    """What is wrong with the library, in words."""
    try:
        found = of_mach_o(path) if system == "macos" else of_elf(path)
    except (Unreadable, OSError, struct.error, ValueError) as wrong:
        return [str(wrong)]
    expected = wanted(system)
    return [*(f"{name} is not put in the place of libc's" for name in sorted(expected - found)),
            *(f"{name} is, and is not in {LIST.name}" for name in sorted(found - expected))]
