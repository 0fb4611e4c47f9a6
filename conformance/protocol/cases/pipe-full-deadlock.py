"""A child says more than a pipe holds before it reads, on both its outputs, and is fed more than a pipe holds. Whoever
does one after the other waits for ever. With little of each it works."""

OUTCOMES = {
    "deadlock": (False, "said", "two processes were still waiting for each other"),
    "cut-short": (False, "said", "some of the answer is missing"),
    "refused": (True, "said", "the library reported an error in the place of the answer"),
    "completed": (True, "said", "all of the answer came"),
}
NEEDS = ("spawn", "stdout", "communicate")
LITTLE, SIZE = 1000, 300000  # a pipe holds 65536 bytes


def started(subject, child, size, pipes):
    """What is to be asked of it."""
    subject.start_helper(child, "fill", size, **pipes)
    return {"child": child, "size": size if "stdin" in pipes else 0}


def play(subject):
    pipes = {name: "pipe" for name in ("stdin", "stdout", "stderr") if name in subject.can}
    subject.must("communicate", **started(subject, "control", LITTLE, pipes))
    subject.send("communicate", **started(subject, "a", SIZE, pipes))
    answer = subject.answer(3 * subject.world.patience)
    if answer is None:
        subject.kill()  # it waits for ever
        return "deadlock"
    if answer.ok is None:
        return "refused"
    whole = all(answer.ok.get(name) == SIZE for name in ("stdout", "stderr") if name in pipes)
    return "completed" if whole else "cut-short"
