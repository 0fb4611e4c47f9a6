"""The driver's side of ../board.h: the words that the player's processes share, by their order."""

import ctypes
import mmap
import os
import platform
import struct

from .plan import NODES

LATE = 64
ABSENT, STARTED, SETTLED = range(3)
BELL, STOPS, GO, BUDGET, LATE_COUNT, BROKEN_NODE, BROKEN_LINE, BROKEN_ERRNO = range(8)
FIRST_NODE = 8
FIRST_LATE = FIRST_NODE + 2 * NODES
WORDS = FIRST_LATE + LATE
FUTEX = {"x86_64": 202, "aarch64": 98, "riscv64": 98, "s390x": 238, "ppc64le": 221}
WAIT, WAKE = 0, 1

libc = ctypes.CDLL(None, use_errno=True)


class Board:
    def __init__(self, path, budget):
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        os.ftruncate(fd, 4 * WORDS)
        self.memory = mmap.mmap(fd, 4 * WORDS)
        os.close(fd)
        self.words = (ctypes.c_uint32 * WORDS).from_buffer(self.memory)
        self.words[BUDGET] = budget

    def close(self):
        del self.words
        self.memory.close()

    def _futex(self, operation, value, timeout=None):
        spec = None if timeout is None else struct.pack("ll", int(timeout), int(timeout % 1 * 1e9))
        libc.syscall(FUTEX[platform.machine()], ctypes.byref(self.words), operation, value, spec, None, 0)

    def raise_flag(self, word):
        self.words[word] = 1
        self.words[BELL] += 1  # alone with those who only wait: nobody else rings when this is called
        self._futex(WAKE, 0x7FFFFFFF)

    def wait(self, condition, seconds):
        """Looks at each bell; after that many seconds the answer is what it is then."""
        bell = self.words[BELL]
        if not condition():
            self._futex(WAIT, bell, seconds)
        return condition()

    def state(self, node):
        return self.words[FIRST_NODE + 2 * node + 1]

    def pid(self, node):
        return ctypes.c_int32(self.words[FIRST_NODE + 2 * node]).value

    def late(self):
        return [ctypes.c_int32(self.words[FIRST_LATE + i]).value for i in range(min(LATE, self.words[LATE_COUNT]))]

    def broken(self):
        if not self.words[BROKEN_LINE]:
            return None
        return (f"node {self.words[BROKEN_NODE]} could not do what its plan says: player.c:{self.words[BROKEN_LINE]}: "
                f"{os.strerror(self.words[BROKEN_ERRNO])}")
