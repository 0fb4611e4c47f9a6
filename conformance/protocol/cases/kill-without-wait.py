"""A hundred and more children, one after the other, are killed and forgotten, and none is waited for. Then it is
counted how many of them are zombies."""

OUTCOMES = {
    "piled-up": (False, "said", "more than a hundred killed children are zombies"),
    "bounded": (True, "said", "some killed children are zombies, and their number does not grow"),
    "none-left": (True, "said", "every killed child was reaped"),
}
NEEDS = ("spawn", "kill", "forget")

COUNT, FEW = 120, 100


def kill_one(subject, child):
    """Its pid."""
    pid = subject.must_kill(child)
    subject.must("forget", child=child)
    return pid


def play(subject):
    world = subject.world
    pids = [kill_one(subject, f"child-{i}") for i in range(COUNT)]
    if world.until(lambda: not any(map(world.state, pids))):
        return "none-left"
    zombies = sum(world.state(pid) == "Z" for pid in pids)
    subject.words.step(f"{zombies} of {COUNT} are zombies")
    return "piled-up" if zombies > FEW else "bounded"
