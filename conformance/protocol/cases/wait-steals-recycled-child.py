"""Two threads wait for a child. Both calls are held before the kernel has begun them; the child ends, and one goes on
and reaps it. A new child gets the pid and ends with another status, and only then the other goes on. Where the library
keeps the second thread out, or does not ask the kernel, nobody is late."""

from player import ends

OUTCOMES = {
    "status-stolen": (False, "said", "a wait for a former child took the new one that had its pid"),
    "came-down": (False, "said", "the late wait ended the program, or did not return"),
    "status-kept": (True, "said", "no wait for the former child told the status of the new one"),
}
NEEDS = ("spawn", "wait", "await", "together")
SCENERY = ("forced-pids",)
HOLD = ("wait",)

OLD, NEW = 7, 9  # statuses
TRIES = 3  # a runtime may start a thread, which takes the pid


def play(subject):
    world, holding, end = subject.world, subject.holding, subject.world.gate()
    births = [[world.gate() for _ in range(TRIES)] for _ in "bc"]
    pid, gate = subject.start_gated("a", OLD)
    subject.hold(subject.is_wait_by_id)
    subject.send_together(*(requests(subject, name, gates, end) for name, gates in zip("bc", births)))
    both = holding.await_held(2, within=world.patience)
    world.open_gate(gate)
    world.await_over(pid)
    if both:
        subject.hold(None)
        holding.release(holding.held[0])
        if world.is_gone(pid):
            bear(subject, pid, zip(*births))
    holding.release()
    for path in sum(births, []):
        world.open_gate(path)
    world.open_gate(end, 2 * TRIES)
    try:
        answers = subject.answers_together(within=world.hang)
    except ends.Gone:
        return "came-down"
    if answers is None:
        subject.kill()
        return "came-down"
    return "status-stolen" if any(first.tells_exit(NEW) for first, *_ in answers) else "status-kept"


def requests(subject, name, births, end):
    """Waits for the former child; then starts new ones, each when it is told to."""
    starts = [[("await", {"path": path}), ("spawn", {"child": f"{name}{i}", **subject.helper("gate", end, NEW)})]
              for i, path in enumerate(births)]
    return [("wait", {"child": "a"}), *sum(starts, [])]


def bear(subject, pid, births):
    """Whichever thread it was that has reaped."""
    for gates in births:
        subject.world.next_pid(pid)
        for path in gates:
            subject.world.open_gate(path)
        if subject.world.report("gate")[0] == pid:
            return
    raise ends.Broken(f"no new child gets the pid {pid}")
