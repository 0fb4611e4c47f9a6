"""Plays trees one after the other in a world of its own: requests and answers are JSON, one a line.

A request: seed or plan, rung. An answer: verdict, complaints, the plan's text, counts. `worker.py` runs as the first
process of a pid namespace (crew.py starts it so), or as it is where there is none to be had.
"""

import json
import os
import resource
import sys
import time

from . import generate, judge, stage
from . import plan as plans
from .world import World

PASS, FAIL, BROK = "PASS", "FAIL", "BROK"
SLOWER = 10  # times the grace, for a second look at what a loaded machine could explain
PROCESSES = 4000  # of a plain user: a tree has a hundredth of it


def attempt(world, tools, plan, rung, grace=None):
    """(complaints, stage)"""
    at = stage.Stage(world, tools, plan, rung, grace)
    seen = at.play()
    return judge.judge(at.model, seen, at.grace), at


def examine(world, tools, plan, rung):
    complaints, at = attempt(world, tools, plan, rung)
    if complaints and all(c.startswith(judge.SLOW) for c in complaints):
        complaints, at = attempt(world, tools, plan, rung, at.grace * SLOWER)
    return complaints, at


def counts(at):
    model = at.model
    return {"nodes": len(model.plan), "left": len(model.nodes), "late": len(at.seen.late),
            "run_on": sum(e.after == "running" for e in model.nodes.values())}


def tell(at):
    """Model and sight side by side, a line each."""
    lines = []
    pids = {p.pid for p in at.seen.before.values()}
    entries = {e["pid"]: e for e in (at.seen.report or {"left": []})["left"]}
    for node, expected in at.model.nodes.items():
        process = at.seen.before.get(node)
        entry = entries.get(process.pid) if process else None
        lines.append(f"node {node}: {process and process.pid}: model: {expected}; report: {entry and entry['ended']}; after: "
                     f"{'there' if process and process.pid in at.seen.after else 'gone'}")
    lines += [f"late: {pid}: report: {entries.get(pid, {}).get('ended')}" for pid in at.seen.late]
    lines += [f"after: {judge.describe(p)}" for pid, p in at.seen.after.items() if pid not in pids]
    return lines + [f"exit status {at.seen.status}, model {at.model.exit}", at.seen.stderr.strip()]


def answer(world, tools, request):
    start = time.monotonic()
    plan = plans.parse(request["plan"]) if "plan" in request else generate.generate(request["seed"])
    result = {"plan": plan.text()}
    try:
        complaints, at = examine(world, tools, plan, request["rung"])
        result.update(verdict=FAIL if complaints else PASS, complaints=complaints, counts=counts(at))
        if request.get("verbose"):
            result["told"] = tell(at)
    except stage.Broken as why:
        result.update(verdict=BROK, complaints=[str(why)], counts={"nodes": len(plan)})
    result["took"] = time.monotonic() - start
    return result


def main(options):
    """options: JSON, of crew.py."""
    given = json.loads(options)
    if given["cgroup"]:
        with open(os.path.join(given["cgroup"], "cgroup.procs"), "w") as file:
            file.write("0")
    if os.geteuid() != 0:
        hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES if hard < 0 else min(hard, PROCESSES), hard))
    world = World(given["cgroup"], given["mount"])
    tools = stage.Tools(given["forkproof"], given["shim"], given["players"], given["base"])
    print(json.dumps({"alone": world.alone}), flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(world, tools, json.loads(line))), flush=True)
