"""A FIFO that is read a line at a time, of what anybody writes into it."""

import errno
import os

from . import ends

MOST_BYTES = 1 << 20  # of one line


class Lines:
    def __init__(self, path, events, take):
        """take(line) is called for each line, a text without its end."""
        os.mkfifo(path, 0o666)
        os.chmod(path, 0o666)
        self.path, self.take, self.rest = str(path), take, b""
        self.fd = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)  # there is always somebody who may write
        events.add(self.fd, self.read)

    def read(self):
        try:
            self.rest += os.read(self.fd, 1 << 16)
        except OSError as wrong:
            if wrong.errno != errno.EAGAIN:
                raise
            return
        *whole, self.rest = self.rest.split(b"\n")
        for line in whole:
            self.take(line.decode("utf-8", "backslashreplace"))
        if len(self.rest) > MOST_BYTES:
            raise ends.Broken(f"a line of {os.path.basename(self.path)} has no end")
