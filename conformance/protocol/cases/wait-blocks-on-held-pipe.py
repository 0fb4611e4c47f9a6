"""A child whose output is captured is killed. It had a child of its own, with the same standard output, which nobody
kills. Is the output read to its end all the same? Where there can be two threads one reads by then: it has taken what
there is, and sleeps. If the end does not come, the case ends the grandchild, so that it does. The output of a child
that leaves nobody can be read."""

import contextlib
import fcntl
import termios

from player import ends

OUTCOMES = {
    "never-ends": (False, "said", "the grandchild holds the pipe, and the parent was still waiting"),
    "refused": (True, "said", "the library reported an error, and did not wait"),
    "completed": (True, "said", "the output came to its end"),
}
NEEDS = ("spawn", "stdout", "kill")
RUN = ("--kill=tree",)
SAID = "12345"
SAY_FIRST = f'echo {SAID}; exec "$0" "$@"'


def play(subject):
    op, members = ("read", {}) if "read" in subject.can else ("communicate", {"size": 0})
    subject.need([op])
    must_read(subject, op, members)
    parent, grandchild = start(subject)
    if {"together", "await"} <= subject.can:
        answer = kill_while_reading(subject, parent, grandchild, (op, {"child": "a", **members}))
    else:
        subject.must("kill", child="a")
        subject.send(op, child="a", **members)
        answer = subject.answer(subject.world.patience)
        if answer is None:
            end(subject, grandchild)
            subject.answer()
    return "never-ends" if answer is None else "refused" if answer.ok is None else "completed"


def must_read(subject, op, members):
    subject.must("spawn", child="control", program="echo", arguments=[SAID], stdout="pipe")
    if len(f"{SAID}\n") not in subject.must(op, child="control", **members).ok.values():
        raise ends.Broken("the output of a child that leaves nobody is not read")


def start(subject):
    """(child, grandchild): pids."""
    helper = subject.helper("parent", "same")
    subject.must("spawn", child="a", program="sh", stdout="pipe",
                 arguments=["-c", SAY_FIRST, helper["program"], *helper["arguments"]])
    return [subject.world.report(verb)[0] for verb in ("parent", "child")]


def kill_while_reading(subject, parent, grandchild, read):
    """The answer to that request, or None."""
    world, gate = subject.world, subject.world.gate()
    subject.send_together([read], [("await", {"path": gate}), ("kill", {"child": "a"})])
    world.until(lambda: is_read(f"/proc/{parent}/fd/1") and world.is_asleep(subject.pid))
    world.open_gate(gate)
    answers = subject.answers_together(within=world.patience)
    has_come = answers is not None
    if not has_come:
        end(subject, grandchild)
        answers = subject.answers_together()
    (answer,), (_, killed) = answers
    if killed.ok is None:
        raise ends.Broken(f"kill: {killed.error}")
    return answer if has_come else None


def is_read(pipe):
    """Whether nothing is left in it. Of a socket that is not seen."""
    unread = bytearray(4)
    with contextlib.suppress(OSError), open(pipe, "rb", buffering=0) as end_of_ours:
        fcntl.ioctl(end_of_ours, termios.FIONREAD, unread)
        return not any(unread)
    return False


def end(subject, grandchild):
    subject.words.step(f"no answer for a while: the grandchild, {grandchild}, is ended")
    subject.world.kill(grandchild)
