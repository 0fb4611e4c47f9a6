"""System calls of the subject that stand still until the case lets them go on: the suite's end of hold.c.

Nothing is held before `hold` is called, and what no rule is about goes on at once. A call is held before the kernel has
begun it. It is not held any more when the subject's thread is killed; before Linux 5.19 by any signal that is handled,
and such a call then comes again, or fails with EINTR."""

import fcntl
import os
import socket
import struct
from dataclasses import dataclass

from . import ends

RECEIVE, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_*, of <linux/seccomp.h>
ID_VALID = 0x80082102  # as it was before Linux 5.9, which all kernels know, and as it is on powerpc
NOTICE, RESPONSE = struct.Struct("=QIIiIQ6Q"), struct.Struct("=QqiI")
MOST_BYTES = 512  # of what comes with the listener
CONTINUE = 1  # SECCOMP_USER_NOTIF_FLAG_CONTINUE


@dataclass
class Held:
    """thread: its number; name: of the call, as the kernel's; arguments: as numbers."""

    id: int
    thread: int
    name: str
    arguments: tuple


class Holding:
    def __init__(self, path, events, long):
        self.path, self.events, self.long = str(path), events, long
        self.rule, self.held, self.listener, self.names = None, [], None, {}
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self.socket.listen(1)
        events.add(self.socket.fileno(), self.accept)

    def accept(self):
        self.events.remove(self.socket.fileno())
        connection, _ = self.socket.accept()
        with connection:
            text, fds, _, _ = socket.recv_fds(connection, MOST_BYTES, 1)
        if not fds:
            raise ends.Broken("hold has sent no listener")
        self.listener = fds[0]
        self.names = {int(line.split()[0]): line.split()[1] for line in text.decode("ascii").splitlines()}
        self.events.add(self.listener, self.receive)

    def receive(self):
        buffer = bytearray(NOTICE.size)
        try:
            fcntl.ioctl(self.listener, RECEIVE, buffer)
        except FileNotFoundError:  # interrupted before it was received
            return
        except OSError:  # nobody is left who could call
            self.events.remove(self.listener)
            return
        identity, thread, _, number, _, _, *arguments = NOTICE.unpack(buffer)
        call = Held(identity, thread, self.names[number], tuple(arguments))
        if self.rule and self.rule(call):
            self.held = [*filter(self.is_held, self.held), call]  # one that was interrupted may have come again
        else:
            self.go_on(call)

    def go_on(self, call):
        try:
            fcntl.ioctl(self.listener, SEND, RESPONSE.pack(call.id, 0, 0, CONTINUE))
        except FileNotFoundError:  # interrupted
            pass

    def is_held(self, call):
        try:
            fcntl.ioctl(self.listener, ID_VALID, struct.pack("=Q", call.id))
            return True
        except FileNotFoundError:
            return False

    # --- for cases ---

    def hold(self, rule=lambda call: True):
        """From now on every call that the rule is true of. None: no further one."""
        self.rule = rule

    def await_held(self, count=1, within=None):
        """Whether so many are held in time; they must be when no time is given."""
        found = self.events.until(lambda: len(self.held) >= count, self.long if within is None else within)
        if not found and within is None:
            raise ends.Broken("the subject has not come to the call that was to be held")
        return found

    def release(self, *calls):
        """These; all, and none is held any more, when none is named."""
        if not calls:
            self.rule = None
        for call in calls or tuple(self.held):
            self.held.remove(call)
            self.go_on(call)
