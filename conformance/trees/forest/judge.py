"""What the model says against what was seen: a list of complaints, empty where they agree."""

import signal

from . import model as models
from . import proc

SLOW = "slow: "  # of a complaint that a machine under load could explain: it is judged again with a longer grace


def judge(model, seen, grace):
    complaints = []
    if seen.hung:
        complaints.append("it has not returned")
    pids = {p.pid: node for node, p in seen.before.items()}
    complaints += survivors(model, seen, pids)
    if model.rung in models.ALONE:
        return complaints
    if seen.status != model.exit:
        complaints.append(f"exit status {seen.status}, not {model.exit}: {seen.stderr.strip()}")
    complaints += [f"left on disk: {name}" for name in seen.traces]
    if seen.report is None:
        return complaints + ["no report"]
    return complaints + report(model, seen, pids, grace)


def describe(process):
    return f"{process.pid} {process.comm!r} {process.state}, parent {process.parent}"


def survivors(model, seen, pids):
    complaints = []
    alive = {pid for pid, p in seen.after.items() if proc.is_alive(p)}
    for pid, process in seen.after.items():
        node = pids.get(pid)
        if node is not None and seen.before[node].start != process.start:
            node = None
        if pid in alive:
            complaints += survivor(model, seen, process, node)
        elif not zombie_may_be(model, process, alive):
            complaints.append(f"a zombie is left: {describe(process)}, node {node}")
    for node, expected in model.nodes.items():
        process = seen.before[node]
        now = seen.after.get(process.pid)
        there = now is not None and now.start == process.start and process.pid in alive
        if expected.after == "running" and not there:
            complaints.append(f"node {node} ({process.pid}) was to be left running, and is gone")
    return complaints


def survivor(model, seen, process, node):
    if node is None and process.pid in seen.late:
        return [] if model.late_may_survive else [f"survivor, born late: {describe(process)}"]
    if node is None:
        return [f"survivor that is no node: {describe(process)}"]
    if node not in model.nodes or model.nodes[node].after == "gone":
        return [f"survivor: node {node}, {describe(process)}"]
    return []


def zombie_may_be(model, process, alive):
    """Of a parent that runs on; or where SIGHUP may end somebody just now; or where nobody takes in orphans."""
    if model.rung in models.ALONE:
        return True
    return model.rung in models.LEAVING and (process.parent in alive or any(e.left == "maybe" for e in model.nodes.values()))


def report(model, seen, pids, grace):
    complaints = []
    data = seen.report
    listed = {}
    for entry in data["left"]:
        if entry["late"]:
            complaints += late_entry(model, seen, entry)
            continue
        node = pids.get(entry["pid"])
        if node is None or node not in model.nodes or seen.before[node].start != entry["start_ticks"]:
            complaints.append(f"reported, and not left behind by the plan: {entry['pid']} {entry['comm']!r}"
                              + (f" (node {node})" if node is not None else ""))
        elif node in listed:
            complaints.append(f"node {node} is reported twice")
        else:
            listed[node] = entry
    for node, expected in model.nodes.items():
        complaints += entry_of(model, seen, node, expected, listed.get(node), pids)
    return complaints + totals(model, data, len(listed)) + root(model, data) + times(model, data, grace)


def entry_of(model, seen, node, expected, entry, pids):
    process = seen.before[node]
    if entry is None:
        return [f"node {node} ({process.pid}) was left behind and is not reported"] if expected.left == "yes" else []
    complaints = []
    if entry["ended"] not in expected.ended:
        slow = SLOW if entry["ended"] == "SIGKILL" and model.short else ""
        complaints.append(f"{slow}node {node} is said to have ended: {entry['ended']}, not {' or '.join(sorted(expected.ended))}")
    if entry["comm"] != process.comm:
        complaints.append(f"node {node} is called {entry['comm']!r}, not {process.comm!r}")
    parent = model.shape.at[node].parent
    have = pids.get(entry["ppid"], models.ADOPTER)
    if have != (models.ADOPTER if parent == 0 else parent) and parent not in may_vanish(model):
        complaints.append(f"node {node}'s parent is said to be {entry['ppid']} ({have}), not {parent}")
    return complaints


def may_vanish(model):
    """Parents that the root's end may have ended before the listing."""
    return {n for n, e in model.nodes.items() if e.left == "maybe"}


def late_entry(model, seen, entry):
    # In a pid namespace of its own it has told the number that it has there.
    if entry["pid"] not in seen.late and model.rung != "pidns":
        return [f"called late, and not born so: {entry['pid']} {entry['comm']!r}"]
    if entry["ended"] not in ("SIGKILL", "by itself"):
        return [f"born late, and said to have ended: {entry['ended']}"]
    return []


def totals(model, data, listed):
    complaints = []
    if data["left_total"] != listed or data["left_lost"] != 0:
        complaints.append(f"left_total {data['left_total']}, left_lost {data['left_lost']}; listed {listed}")
    late = sum(e["late"] for e in data["left"])
    least, most = model.late
    if late != data["late_total"] or late > most:
        complaints.append(f"{data['late_total']} late, {late} listed; {least} to {most} can be")
    elif late < least:
        complaints.append(f"{SLOW}{late} late; {least} to {most} can be")
    return complaints


def root(model, data):
    told = data["root"]
    if model.exit > 128:
        want = {"signal": signal.Signals(model.exit - 128).name}
    else:
        want = {"exited": model.exit}
    have = {k: told.get(k) for k in want}
    complaints = [] if have == want else [f"the root is said to have ended: {have}, not {want}"]
    if model.rung in ("cgroup", "walk", "none", "pidns") and data["rung"]["obtained"] != model.rung:
        complaints.append(f"rung {data['rung']['obtained']}, not {model.rung}: {data['rung']['why_not_stronger']}")
    return complaints


def times(model, data, grace):
    """The grace is not waited out for nobody."""
    took = data["times"]["teardown_s"]
    if not model.short and took >= grace:
        return [f"the end took {took:.1f} s though nobody withstood SIGTERM"]
    if took > grace + 5:
        return [f"the end took {took:.1f} s, the grace is {grace:.1f} s"]
    return []
