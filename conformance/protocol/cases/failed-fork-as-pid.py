"""While there are pids a child can be started and killed. Then there are none left, so that none can be started. Where
that is not told, the child is killed: by whoever took a failure for a pid, and then everybody is. To whoever tries
again a pid is given at last."""

import os

from player import ends

OUTCOMES = {
    "everybody-hit": (False, "stranger-hit", "the signal went to every process there is"),
    "came-down": (False, "said", "the program did not outlive the failure"),
    "tried-again": (True, "said", "there was no failure: the library tried until there was a pid"),
    "nobody-hit": (True, "said", "the failure was told, or the signal reached nobody else"),
}
NEEDS = ("spawn", "kill")
SCENERY = ("pid-limit",)
PIDS = 320
RUN = ("--confine",)


def take_all_pids():
    """They are the dead's."""
    taken = []
    while True:
        try:
            taken.append(os.fork())
        except OSError:
            return taken
        if taken[-1] == 0:
            os._exit(0)


def give_back(taken):
    while taken:
        os.waitpid(taken.pop(), 0)


def start_and_kill(subject, taken, child="a"):
    world = subject.world
    subject.send("spawn", child=child, **subject.helper("sleep"))
    answer = subject.answer(within=world.hang)
    if answer is None:
        give_back(taken)
        subject.answer()
        return "tried-again"
    if answer.ok is None:
        return "nobody-hit"
    if world.report("sleep", within=world.patience):  # a thread of the runtime had given its pid back
        return start_and_kill(subject, taken, child + "a")
    subject.ask("kill", child=child)
    return "nobody-hit"


def play(subject):
    subject.must_kill()
    subject.world.stranger()
    taken = take_all_pids()
    try:
        return start_and_kill(subject, taken)
    except ends.Gone:
        return "came-down"
    finally:
        give_back(taken)
