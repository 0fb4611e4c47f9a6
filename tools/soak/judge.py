"""What a leg's record says: reasons why a hardened one is wrong, or why a bare one proves nothing."""

import statistics

# What may not grow while the load runs: (counter, what it is, tolerance relative, absolute, and by new pid).
# Compared are the medians of the last quarter of the samples and of the second; the first is for warming up.
# The shim's tables have so many bytes for each pid that came up meanwhile: 8 in each of the load's 8 processes,
# and the stash 80 in one.
FLAT = [
    ("descriptors", "open descriptors", 0.0, 0, 0),
    ("memory", "KiB of memory", 0.02, 1024, (8 * 8 + 80) / 1024),
]
# What must be zero in every sample, because the load stands still.
ZERO = [("zombies", "zombies"), ("processes", "processes that should be gone")]
# Counters whose last value must be zero.
NEVER = [("lost", "statuses lost"), ("twice", "statuses told that were not due"), ("wrong", "statuses wrong"),
         ("refused", "signals to living children refused")]
ZOMBIES = 128       # twice the shim's bound: the search for old ones may lag behind
LEFT_BEHIND = 1     # by the load when it exits: its daemon


def quarters(samples, key):
    """The medians of the second and of the last quarter; None of too few."""
    values = [sample[key] for sample in samples]
    quarter = len(values) // 4
    if quarter == 0:
        return None
    return statistics.median(values[quarter:2 * quarter]), statistics.median(values[-quarter:])


def growth(samples):
    pids = quarters(samples, "newest")
    for key, what, relative, absolute, by_pid in FLAT:
        before, after = quarters(samples, key)
        if after > before * (1 + relative) + absolute + by_pid * (pids[1] - pids[0]):
            yield f"{what} grew from {before:g} to {after:g}"


def load_wrong(leg):
    """What must not be, bare or hardened."""
    samples = leg["samples"]
    wrong = [leg["broken"]] if leg["broken"] else []
    if not samples or not quarters(samples, "told"):
        return wrong + [f"{len(samples)} samples are too few"]
    last = samples[-1]
    for key, what in ZERO:
        most = max(sample[key] for sample in samples)
        wrong += [f"{most} {what} while the load stood still: {leg['strays'][:5]}"] if most else []
    wrong += [f"{last[key]} {what}" for key, what in NEVER if last[key]]
    wrong += [f"{last['forked'] - last['told']} children never told of"] if last["forked"] != last["told"] else []
    return wrong + list(growth(samples))


def hardened_wrong(leg):
    wrong = load_wrong(leg)
    if leg["hits"]:
        wrong.append(f"{len(leg['hits'])} strangers were hit: signal, pid {leg['hits'][:5]}")
    if leg["samples"] and leg["samples"][-1]["unreaped"] > ZOMBIES:
        wrong.append(f"{leg['samples'][-1]['unreaped']} zombies of a part that does not wait")
    if leg["left"]:
        wrong.append(f"{leg['left']} processes outlived the load")
    for victim in leg["victims"]:
        if victim["there"] and not victim["gone"]:
            wrong.append(f"{victim['name']}: {victim['left']} of {victim['there']} processes left "
                         f"after {victim['seconds']:g} s: {victim['strays'][:5]}")
    wrong += [f"{victim['name']}: {victim['why']}" for victim in leg["victims"] if not victim["there"]]
    return wrong


def shows_nothing(leg, recycling):
    """Faults that were not felt. Bare: wrongs that the load would do, if nothing hindered it, as well."""
    unproved = []
    if not leg["samples"]:
        return unproved
    last = leg["samples"][-1]
    for fault, key, what in (("burst", "no_process", "EAGAIN"), ("starve", "no_file", "EMFILE")):
        if leg["faults"].get(fault) and not last[key]:
            unproved.append(f"no call was refused with {what}")
    unproved += ["no status was told"] if not last["told"] else []
    unproved += ["no child that was waited for was signalled"] if not last["stale"] else []
    if leg["kind"] != "bare":
        return unproved
    if last["unreaped"] <= ZOMBIES:
        unproved.append(f"only {last['unreaped']} zombies of a part that does not wait")
    if leg["left"] != LEFT_BEHIND:
        unproved.append(f"{leg['left']} processes outlived the load")
    if recycling and not leg["hits"]:
        unproved.append("no stranger was hit")
    return unproved


def judge(record):
    """(unproved, wrong): reasons, by leg."""
    unproved, wrong = [], []
    for leg in record["legs"]:
        bare = leg["kind"] == "bare"
        reasons = load_wrong(leg) if bare else hardened_wrong(leg)
        (unproved if bare else wrong).extend(f"{leg['kind']}: {reason}" for reason in reasons)
        unproved += [f"{leg['kind']}: {reason}" for reason in shows_nothing(leg, record["recycling"])]
    wrong += [f"{len(record['files'])} files left: {record['files'][:5]}"] if record["files"] else []
    return unproved, wrong
