"""What an audit costs, as tables: for the terminal, and as a section of docs/bench.md."""

import figures
import page

AUDIT, TARGET = "forkproof audit", 1.15
OF_MALLOC = ("bare", "forkproof run", AUDIT)
HEADING = "## What an audit costs\n"
BEFORE = "## To repeat it\n"  # where the section stands in the page


def seconds(nanoseconds):
    return f"{nanoseconds / 1e9:.3g} s"


def size(bytes_):
    return f"{bytes_ / (1 << 20):,.0f} MiB"


def cells(shape, name):
    """The program itself, and all of it."""
    for part in ("program", "whole"):
        kinds = shape.get(part, {})
        yield seconds(kinds[name]["median_ns"]) if name == "bare" and kinds else page.cell(kinds, name, {})


def cost_rows(data):
    names = [shape["name"] for shape in data["shapes"]]
    yield "", *(f"{name}, {part}" for name in names for part in ("the program", "with all"))
    for one in data["contenders"]:
        if one["absent"]:
            yield one["name"], *("not run" for _ in names for part in range(2))
        else:
            yield one["name"], *(text for shape in data["shapes"] for text in cells(shape, one["name"]))


def verdict_rows(data):
    yield "the program itself in an audit", "median (quartiles)", "target", ""
    for shape in data["shapes"]:
        kind = shape.get("program", {}).get(AUDIT)
        if kind:
            yield (shape["name"], page.cell(shape["program"], AUDIT, {}), str(TARGET),
                   figures.verdict(kind["ratio"], kind["ratio_quartiles"], TARGET))


def record_rows(data):
    yield "", "processes", "size", "allocated", "a process", "events lost"
    for name, record in data["records"].items():
        if "failed" not in record:
            yield (name, f"{record['processes']:,}", size(record["apparent"]), size(record["allocated"]),
                   f"{record['allocated'] / max(1, record['processes']) / 1024:.1f} KiB", f"{record['lost_events']:,}")


def malloc_rows(data):
    yield "", *OF_MALLOC
    for one in data["mallocs"]:
        kinds = one.get("kinds")
        if kinds:
            yield (one["name"], page.duration(kinds["bare"]["median_ns"]),
                   *(page.cell(kinds, name, {}) for name in OF_MALLOC[1:]))


def not_measured(data):
    parts = [*data["shapes"], *({"name": f"record of {name}", **record} for name, record in data["records"].items()),
             *data["mallocs"]]
    return ([f"{one['name']}: not run: {one['absent']}" for one in data["contenders"] if one["absent"]] +
            [f"{one['name']}: not measured: {one['failed']}" for one in parts if "failed" in one])


def terminal(data):
    tables = (("Ratios to bare, median and quartiles", cost_rows(data)), ("Against the target", verdict_rows(data)),
              ("The record", record_rows(data)), ("malloc", malloc_rows(data)))
    parts = [text for heading, rows in tables for text in (heading, page.aligned(rows))]
    return "\n\n".join([*parts, *not_measured(data)])


INTRODUCTION = """Written by `tools/bench/run audit --write-docs`. Ratios to bare, everybody by turns in one run, as
above; a {build} build. {executed:,} short programs are executed:

{shapes}
*The program*: by its own clock, while it runs. *With all*: the command from its start to its end, so that with an audit
the analysis and a report in JSON are in it.
"""

RECORD = """The record of that. It is a file with holes: a process reserves room for more than it writes.
"""

MALLOC = """Calls that a handler of a signal must not make, such as malloc, are looked at in a program that has set a
handler: may this be inside of it? In one that has set none, they cost a look at one variable.
"""


def run_list(data):
    yield from page.run_list(data, f", rounds: {max(one.get('rounds', 0) for one in data['shapes'])}")
    versions = {one["version"] for one in data["contenders"] if one["version"]}
    yield from (f"strace {version}" for version in versions)


def section(data):
    executed = max(shape.get("executed", 0) for shape in data["shapes"])
    shapes = "".join(f"- *{shape['name']}*: {shape['how']}\n" for shape in data["shapes"] if "how" in shape)
    parts = [HEADING, INTRODUCTION.format(executed=executed, shapes=shapes, build=data["run"]["build"])]
    parts += [f"**{warning}**\n" for warning in data["host"]["warnings"]]
    parts += [page.markdown(cost_rows(data)) + "\n", page.markdown(verdict_rows(data)) + "\n"]
    missing = "".join(f"- {line}\n" for line in not_measured(data))
    parts += [missing] if missing else []
    parts += [RECORD, page.markdown(record_rows(data)) + "\n"]
    parts += [MALLOC, page.markdown(malloc_rows(data)) + "\n", "".join(f"- {line}\n" for line in run_list(data))]
    return "\n".join(parts)


def section_of(text):
    """The section in a page; "" where there is none."""
    _, found, below = text.partition("\n" + HEADING)
    return HEADING + below.partition("\n## ")[0].rstrip("\n") + "\n" if found else ""


def put(text, new):
    """The page with this section in the place of the one that it has."""
    old = section_of(text)
    if old:
        text = text.replace(old + "\n" if old + "\n" in text else old, "", 1)
    if not new:
        return text
    above, found, below = text.partition(BEFORE)
    return above + new + "\n" + found + below if found else text.rstrip("\n") + "\n\n" + new
