"""Waits for several descriptors at once, in one thread: what comes is given to whom it is for."""

import select
import time


class Events:
    def __init__(self):
        self.poll, self.handlers = select.poll(), {}

    def add(self, fd, handler):
        """handler() is called when there is something to be read, or the other end is gone."""
        self.handlers[fd] = handler
        self.poll.register(fd, select.POLLIN)

    def remove(self, fd):
        if self.handlers.pop(fd, None):
            self.poll.unregister(fd)

    def turn(self, seconds):
        for fd, _ in self.poll.poll(seconds * 1000):
            if fd in self.handlers:  # another handler may have removed it
                self.handlers[fd]()

    def until(self, holds, seconds):
        """Whether it holds, at the latest when the time is over."""
        end = time.monotonic() + seconds
        while not holds():
            left = end - time.monotonic()
            if left <= 0:
                return False
            self.turn(left)
        return True
