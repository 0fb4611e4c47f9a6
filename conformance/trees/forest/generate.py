"""From a seed a plan. The same seed gives the same plan everywhere: only random.Random(seed) decides."""

import random
import signal

from . import plan as plans

SMALLEST, LARGEST = 5, 40
SIGNALS = (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV, signal.SIGUSR1, signal.SIGPIPE, signal.SIGHUP)

# What is drawn for each node: (word, weight). A plan without the stubborn ends at once.
DRAWS = {
    "how": {"fork": 8, "vfork": 2, "spawn": 2, "double": 4, "daemon": 2, "thread": 2},
    "image": {"same": 12, "dynamic": 4, "static": 4},
    "env": {"keep": 4, "clear": 3, "unload": 1},
    "session": {"same": 6, "setsid": 3, "group": 3},
    "name": {"plain": 6, "odd": 1},
    "deaf": {"no": 5, "hup": 2, "int": 1, "both": 2},
    "fds": {"keep": 4, "close": 1},
    "threads": {"no": 10, "some": 2, "orphaned": 1},
    "cgroup": {"same": 14, "inner": 1, "out": 1},
    "then": {"same": 10, "dynamic": 1, "static": 1},
    "end": {"live": 12, "stop": 2, "exit": 2, "quit": 2, "signal": 2, "abort": 1},
    "reap": {"yes": 2, "no": 1},
}
TERM = {
    "gentle": {"default": 6, "exit": 1},
    "stubborn": {"default": 6, "exit": 1, "ignore": 1, "refork": 1, "hop": 1, "burst": 1},
}
ROOT_END = {"exit": 6, "quit": 3, "signal": 4, "abort": 1, "killed": 2, "exec": 2}
SHAPES = ("mixed", "mixed", "mixed", "chain", "fan", "leavers")
STUBBORN_ONE_IN = 5  # each costs a grace


def draw(rng, weights):
    return rng.choices(list(weights), list(weights.values()))[0]


def parent_of(rng, shape, number):
    if shape == "chain":
        return number - 1 if rng.random() < 0.9 else rng.randrange(number)
    if shape == "fan":
        return 0 if rng.random() < 0.8 else rng.randrange(number)
    return rng.randrange(number)


def make_node(rng, shape, temper, number):
    node = plans.Node(number, parent_of(rng, shape, number))
    for key, weights in DRAWS.items():
        node.set(key, draw(rng, weights))
    node.set("term", draw(rng, TERM[temper]))
    if shape == "leavers" and rng.random() < 0.6:
        node.set("how", rng.choice(plans.DETACHED))
    if node.term == "burst":
        node.set("term", "burst", rng.randint(2, 4))
    if node.end in ("exit", "quit"):
        node.set("end", node.end, rng.randint(0, 120))
    elif node.end == "signal":
        node.set("end", "signal", int(rng.choice(SIGNALS)))
    return node


def make_root(rng):
    root = plans.Node(0, None)
    end = draw(rng, ROOT_END)
    number = int(rng.choice(SIGNALS)) if end in ("signal", "killed") else rng.randint(0, 120)
    root.set("end", end, 0 if end == "abort" else number)
    root.set("session", draw(rng, DRAWS["session"]))
    if end == "exec":
        root.set("env", draw(rng, DRAWS["env"]))
        root.set("then", draw(rng, {"dynamic": 2, "static": 1}))
    return root


def mend(plan, rng):
    """What was drawn alone and does not go together."""
    for node in plan:
        if node.id == 0:
            continue
        if node.how in ("vfork", "spawn") and node.image == "same":
            node.set("image", rng.choice(("dynamic", "static")))
        if node.how == "daemon":
            node.set("session", "same")
        if node.end != "live" and node.threads == "orphaned":
            node.set("threads", "some")
        if node.end == "stop" and node.then != "same" and rng.random() < 0.5:
            node.set("then", "same")
        if plan.is_dead(node.parent) and node.how not in plans.DETACHED and rng.random() < 0.5:
            node.set("order", "orphan")


def generate(seed, stubborn_one_in=STUBBORN_ONE_IN):
    rng = random.Random(f"tree {seed}")
    shape = rng.choice(SHAPES)
    temper = "stubborn" if stubborn_one_in and rng.randrange(stubborn_one_in) == 0 else "gentle"
    size = rng.randint(SMALLEST, LARGEST)
    nodes = [make_root(rng)] + [make_node(rng, shape, temper, i) for i in range(1, size)]
    plan = plans.Plan(nodes, budget=rng.randint(0, 12))
    mend(plan, rng)
    plan.check()
    return plan
