"""Architectures: what Debian, compilers and the emulators call them."""

import struct
from dataclasses import dataclass

LITTLE, BIG = "<", ">"


@dataclass(frozen=True)
class Architecture:
    """name: what cmake calls it, and shim/arch. emulator: of its programs; system: of its machines."""

    name: str
    debian: str
    triple: str
    bits: int
    order: str
    elf: int  # e_machine
    emulator: str
    system: tuple
    console: str
    suite: str = "bookworm"  # of Debian, which must have it

    @property
    def compiler(self):
        return f"{self.triple}-gcc"

    def handler(self, path):
        """The line for binfmt_misc: its programs are run by the emulator, which is opened now (F) and told their own
        argv[0] (P)."""
        head = b"\x7fELF" + bytes([self.bits // 32, 1 if self.order == LITTLE else 2, 1]) + bytes(9)
        magic = head + struct.pack(f"{self.order}HH", 2, self.elf)
        mask = b"\xff" * 7 + b"\0" + b"\xff" * 8 + struct.pack(f"{self.order}HH", 0xfffe, 0xffff)  # ET_EXEC or ET_DYN
        return f":{self.emulator}:M::{escaped(magic)}:{escaped(mask)}:{path}:PF"


def escaped(raw):
    return "".join(f"\\x{byte:02x}" for byte in raw)


X86_64 = Architecture("x86_64", "amd64", "x86_64-linux-gnu", 64, LITTLE, 62, "qemu-x86_64",
                      ("qemu-system-x86_64", "-machine", "accel=tcg", "-cpu", "max"), "ttyS0")
FOREIGN = (
    Architecture("aarch64", "arm64", "aarch64-linux-gnu", 64, LITTLE, 183, "qemu-aarch64",
                 ("qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a72"), "ttyAMA0"),
    Architecture("s390x", "s390x", "s390x-linux-gnu", 64, BIG, 22, "qemu-s390x",
                 ("qemu-system-s390x", "-machine", "s390-ccw-virtio", "-cpu", "max"), "ttysclp0"),
    Architecture("arm", "armhf", "arm-linux-gnueabihf", 32, LITTLE, 40, "qemu-arm",
                 ("qemu-system-arm", "-machine", "virt", "-cpu", "cortex-a15"), "ttyAMA0"),
    Architecture("riscv64", "riscv64", "riscv64-linux-gnu", 64, LITTLE, 243, "qemu-riscv64",
                 ("qemu-system-riscv64", "-machine", "virt"), "ttyS0", "trixie"),
    Architecture("ppc64le", "ppc64el", "powerpc64le-linux-gnu", 64, LITTLE, 21, "qemu-ppc64le",
                 ("qemu-system-ppc64", "-machine", "pseries", "-cpu", "power9"), "hvc0"),
)
KNOWN = {one.name: one for one in FOREIGN}
