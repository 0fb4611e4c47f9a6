"""One thread writes a program, closes it and starts it. Meanwhile another thread has forked a child that stays, and
which is held at its first close or execve: until then it has the descriptor that is open for writing. It goes on when
the program has been started, or for a while was not: a library that tries again, or keeps the threads apart, gets
there then. The last step of that exec, which closes descriptors, is the kernel's and is not held: a library that keeps
other threads out only until the exec is safe but for that (golang/go#22315)."""

import errno
import shutil
import subprocess

from player import ends

OUTCOMES = {
    "not-started": (False, "said", "exec failed: the program is still open for writing in the other thread's child"),
    "started": (True, "said", "the program was executed, as soon as the other child had come through its exec"),
}
NEEDS = ("spawn", "open", "shut", "await", "together")
HOLD = ("execve", "close")


def play(subject):
    world, holding, written = subject.world, subject.holding, str(subject.world.work / "written")
    check_kernel(subject)
    is_open, has_forked = world.gate(), world.gate()
    subject.hold(lambda call: not holding.held and call.thread in world.children(subject.pid))
    subject.send_together(
        [("open", {"path": written, "from": subject.settings.helper}), ("await", {"path": has_forked}), ("shut", {}),
         ("spawn", {"child": "a", **subject.helper("where"), "program": written})],
        [("await", {"path": is_open}), ("spawn", {"child": "b", **subject.helper("sleep")})])
    if not world.until(lambda: written in world.descriptors(subject.pid), world.long):
        raise ends.Broken("the adapter does not open the file")
    world.open_gate(is_open)
    holding.await_held()
    world.open_gate(has_forked)
    started = world.report("where", world.patience)
    let_go_on(subject, *holding.held)
    (*_, answer), _ = subject.answers_together()
    if not started and answer.ok is not None:
        started = world.report("where", world.patience)
    return "started" if started else "not-started"


def let_go_on(subject, call):
    """Others of the subject's children do so when it has come through its execve: the kernel ends a vfork, and with it
    what may keep the other thread out, before it closes descriptors."""
    world = subject.world
    subject.hold(lambda other: other.thread != call.thread and other.thread in world.children(subject.pid))
    subject.holding.release(call)
    world.report("sleep")
    subject.holding.release()


def check_kernel(subject):
    """Linux 6.11 to 6.12.1 execute what is open for writing."""
    program = shutil.copy(subject.settings.helper, subject.world.work / "probe")
    with open(program, "r+b"):
        try:
            subprocess.run([program], check=False)
        except OSError as wrong:
            if wrong.errno == errno.ETXTBSY:
                return
            raise
    raise ends.Cannot("a kernel that refuses to execute what is open for writing")
