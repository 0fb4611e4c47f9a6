"""Runs a program on a terminal of its own, as a person would.

usage: terminal.py TEXT SIGNAL PROGRAM...   sends PROGRAM a signal once it has written TEXT;
                                            TEXT -: none
"""

import os
import pty
import signal
import sys


def start(program):
    pid, terminal = pty.fork()
    if pid == 0:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # which Python ignores
        os.execvp(program[0], program)
    return pid, terminal


def main():
    text, number, program = sys.argv[1].encode(), signal.Signals[sys.argv[2]], sys.argv[3:]
    pid, terminal = start(program)
    seen, is_sent = b"", False
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # it has closed its side
            break
        seen += piece
        if text != b"-" and text in seen and not is_sent:
            os.kill(pid, number)
            is_sent = True
    os.waitpid(pid, 0)


main()
