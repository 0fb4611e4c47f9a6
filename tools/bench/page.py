"""The figures as tables: for the terminal, and as docs/bench.md."""

import plan

LABELS = {"shim": "forkproof"}
OURS = ("bare", "empty", "shim")


def label(name):
    return LABELS.get(name, name)


def duration(nanoseconds):
    for unit, size in (("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.3g} ns"


def cell(kinds, name, absent):
    """`1.019 (1.011–1.030)`"""
    if name in absent:
        return absent[name]
    if name not in kinds:
        return "–"
    low, high = kinds[name]["ratio_quartiles"]
    return f"{kinds[name]['ratio']:.3f} ({low:.3f}–{high:.3f})"


def absent_of(data):
    return {subject["name"]: subject["absent"] for subject in data["subjects"] if subject["absent"]}


def target_rows(data):
    yield "", "bare", "empty", "forkproof", "target", ""
    for row in data["rows"]:
        if "left_out" in row:
            yield row["name"], "not measured: " + row["left_out"], "", "", str(row["target"]), ""
            continue
        kinds = row["kinds"]
        yield (row["name"], duration(kinds["bare"]["median_ns"]), cell(kinds, "empty", {}), cell(kinds, "shim", {}),
               str(row["target"]), row["verdict"])


def peer_rows(data):
    names = [subject["name"] for subject in data["subjects"] if subject["name"] not in OURS]
    absent = absent_of(data)
    yield "", "forkproof", *names
    for row in data["rows"]:
        if row["peers"] and "kinds" in row:
            yield row["name"], cell(row["kinds"], "shim", {}), *(cell(row["kinds"], name, absent) for name in names)


def memory_rows(data):
    memory = data["memory"]
    yield "", "empty", "forkproof", "target", ""
    kinds = memory["kinds"]
    private = [f"{kinds[name]['private_kib']:.0f} KiB ({kinds[name]['private_kib_quartiles'][0]:.0f}–"
               f"{kinds[name]['private_kib_quartiles'][1]:.0f})" for name in OURS[1:]]
    yield "private, more than bare", *private, f"{memory['target_kib']} KiB", memory["verdict"]
    yield ("of the file, common to all that load it", *(f"{kinds[name]['shared_kib']:.0f} KiB" for name in OURS[1:]),
           "", "")


def scale_rows(scale, call):
    yield scale["axis"], "bare", "empty", "forkproof"
    for point in scale["points"]:
        kinds = point["calls"][call]
        bare = duration(kinds["bare"]["median_ns"])
        yield f"{point['size']:,}", bare, cell(kinds, "empty", {}), cell(kinds, "shim", {})


def scale_tables(data):
    """(heading, rows)"""
    for scale in data["scales"]:
        for call, name in scale["calls"].items() if scale["points"] else ():
            yield f"{name}, by {scale['axis']}", scale_rows(scale, call)


def left_out(data):
    """One line for each size that was not measured."""
    for scale in data["scales"]:
        for out in scale["left_out"]:
            yield f"{out['size']:,} {scale['axis']} left out: {out['why']}"


def aligned(rows):
    rows = [list(row) for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join([row[0].ljust(widths[0])] + [text.rjust(width) for text, width in
                                                            zip(row[1:], widths[1:])]).rstrip() for row in rows)


def markdown(rows):
    head, *body = (list(row) for row in rows)
    rule = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])


def verdicts(data):
    """`9 met, 2 missed, 1 open`"""
    found = [row["verdict"] for row in [*data["rows"], data.get("memory", {})] if "verdict" in row]
    return ", ".join(f"{found.count(word)} {word}" for word in ("met", "missed", "open") if word in found)


def terminal(data):
    parts = []
    if data["rows"]:
        parts += ["Ratios to bare, median and quartiles", aligned(target_rows(data))]
    if any(row["peers"] for row in data["rows"]):
        parts += ["Beside other preloads", aligned(peer_rows(data))]
    if "memory" in data:
        parts += ["Resident memory of a program that never forks", aligned(memory_rows(data))]
    for heading, rows in scale_tables(data):
        parts += [heading, aligned(rows)]
    parts += [*left_out(data), *([f"targets: {verdicts(data)}"] if verdicts(data) else [])]
    return "\n\n".join(parts)


def peer_list(data):
    for subject in data["subjects"]:
        if subject["name"] not in OURS:
            yield f"{subject['name']} {subject['absent'] or subject['version']}".strip()


def run_list(data, more=""):
    """When and where it was measured. more: behind the revision."""
    host, run = data["host"], data["run"]
    yield f"{run['date']}, revision {run['revision']}{more}"
    yield f"{host['processors']} × {host['processor']}, {host['memory_mib']} MiB, {host['machine']}"
    yield f"Linux {host['kernel']}, {host['libc']}"
    yield f"{run['seconds']} s; load average {run['load'][0]:.2f} before, {run['load'][1]:.2f} after"


def host_list(data):
    yield from run_list(data)
    yield "other preloads: " + ", ".join(peer_list(data))


INTRODUCTION = """# What forkproof costs

Written by `tools/bench/run --write-docs`: a run changes this page, nobody else.

![Ratios to bare with the targets, and how they change as things grow](bench.svg)

Every figure is a ratio to the same call made bare, in the same run: 1.05 is 5 % dearer. *Empty* is a preload
with nothing in it: the floor for anything that is preloaded. The shim measured is a {build} build.
"""

TARGETS = """## Against the targets

Median ratio (lower–upper quartile over {rounds} rounds). *Missed*: more than three rounds in four lie above the
target. *Open*: the median does, but not so many of the rounds; this run cannot tell.
"""

PEERS = """## Beside other preloads

Other people's objects, loaded in the same way; each wraps calls of its own, so this compares what it costs to load
them. The fakeroot and faketime commands run meanwhile, and what they hand to a program is handed to these. Nothing
that is measured here makes snoopy log.
"""

MEMORY = """## Memory

Resident memory of a program that never forks, KiB more than bare. *Private* is what the process alone pays for.
"""

GROWTH = """## As things grow

The time is that of a bare call; the ratios are to it. {rounds} rounds.
"""

REPEAT = """## To repeat it

    tools/bench/run                # builds the release, measures; about {minutes} minutes
    tools/bench/run --quick        # under a minute, coarser
    tools/bench/run --write-docs   # also writes this page and its plot
    tools/bench/run audit          # the audit; with --write-docs its section here

Figures go to `build/release/bench/bench.json`, the plot to `bench.svg` beside it. A machine with nothing else to do
gives the narrowest quartiles. `tools/bootstrap bench` brings the other preloads; one that is missing says so.

## How it is measured

Every round runs each of bare, empty, forkproof and the others once, in rotating order. A ratio is taken within its
round, so that what the machine did meanwhile falls on both sides; then medians and quartiles are taken over the
rounds. Each figure of a round is itself a median of samples, a sample the mean over many calls.
"""


def how():
    yield "", ""
    yield from ((row.name, row.how) for row in plan.ROWS)


def document(data):
    rounds = max((row["rounds"] for row in data["rows"] if "rounds" in row), default=0)
    scale_rounds = max((point["rounds"] for scale in data["scales"] for point in scale["points"]), default=0)
    hows = {scale.mode: scale.how for scale in plan.SCALES}
    parts = [INTRODUCTION.format(build=data["run"]["build"])]
    parts += [f"**{warning}**\n" for warning in data["host"]["warnings"]]
    parts += [TARGETS.format(rounds=rounds), markdown(target_rows(data)) + "\n"]
    parts += [PEERS, markdown(peer_rows(data)) + "\n", MEMORY, markdown(memory_rows(data)) + "\n"]
    parts.append(GROWTH.format(rounds=scale_rounds))
    for scale in data["scales"]:
        parts.append(f"### {scale['axis'].capitalize() if scale['axis'].islower() else scale['axis']}\n")
        parts.append(hows[scale["name"]] + "\n")
        for call, name in scale["calls"].items() if scale["points"] else ():
            parts += [f"{name}:\n", markdown(scale_rows(scale, call)) + "\n"]
    out = "".join(f"- {line}\n" for line in left_out(data))
    parts += ["Left out:\n", out] if out else []
    parts.append(REPEAT.format(minutes=max(1, round(data["run"]["seconds"] / 60))))
    parts += [markdown([("call", "what is timed"), *list(how())[1:]]).replace("---:", "---") + "\n"]
    parts += ["## This run\n", "".join(f"- {line}\n" for line in host_list(data))]
    return "\n".join(parts)
