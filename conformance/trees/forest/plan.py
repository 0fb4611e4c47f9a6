"""The plan of a tree: what each process is told to be. Text of one line a node, read by ../plan.c too.

    ID PARENT key=word[:number] ...

How a node comes to be      how     fork, vfork and spawn (with an image), double (fork), daemon(3), thread (that forks)
what it executes then       image   same (nothing), dynamic, static;  env: keep, clear, unload (of LD_PRELOAD)
what it makes itself        session (setsid, group), name (odd), deaf (to HUP, INT), fds (close), threads (some; orphaned:
                            the first thread leaves), cgroup (inner: one in its own; out: one outside the run)
what SIGTERM does to it     term    default, ignore, exit (a handler), refork (and exit), hop (refork into a session),
                            burst:N (N forks into sessions, and it stays)
when it goes on             order   orphan: once its parent has ended
once its children are there then    it executes again: dynamic, static
how it stays or ends        end     live, stop; exit:N, quit:N (_exit), signal:N, abort; the root's only: killed:N (by
                            the driver), exec:N (another program that exits with N)
what its parent does then   reap    yes, no (a zombie)
"""

import collections

# The first word of each is what holds where a line does not say.
WORDS = {
    "how": ("fork", "vfork", "spawn", "double", "daemon", "thread"),
    "image": ("same", "dynamic", "static"),
    "env": ("keep", "clear", "unload"),
    "session": ("same", "setsid", "group"),
    "name": ("plain", "odd"),
    "deaf": ("no", "hup", "int", "both"),
    "term": ("default", "ignore", "exit", "refork", "hop", "burst"),
    "fds": ("keep", "close"),
    "threads": ("no", "some", "orphaned"),
    "cgroup": ("same", "inner", "out"),
    "order": ("free", "orphan"),
    "then": ("same", "dynamic", "static"),
    "end": ("live", "stop", "exit", "quit", "signal", "abort", "killed", "exec"),
    "reap": ("yes", "no"),
}
NODES = 64  # as in ../board.h
DEAD = ("exit", "quit", "signal", "abort")
DETACHED = ("double", "daemon")
LATE = ("refork", "hop", "burst")


class BadPlan(Exception):
    pass


class Node:
    """at: key -> (word, number); what is not in it is the default."""

    def __init__(self, number, parent, at=None):
        self.id, self.parent, self.at = number, parent, dict(at or {})

    def __getattr__(self, key):
        if key not in WORDS:
            raise AttributeError(key)
        return self.at.get(key, (WORDS[key][0], 0))[0]

    def number(self, key):
        return self.at.get(key, ("", 0))[1]

    def set(self, key, word, number=0):
        if word == WORDS[key][0] and not number:
            self.at.pop(key, None)
        else:
            self.at[key] = (word, number)

    def line(self):
        words = [str(self.id), "-" if self.parent is None else str(self.parent)]
        for key in WORDS:
            if key in self.at:
                word, number = self.at[key]
                words.append(f"{key}={word}" + (f":{number}" if number else ""))
        return " ".join(words)


class Plan:
    """Nodes by number; a parent's is smaller than its child's. budget: how many may be born late."""

    def __init__(self, nodes, budget=0):
        self.nodes = collections.OrderedDict((n.id, n) for n in sorted(nodes, key=lambda n: n.id))
        self.budget = budget
        self.children = {n: [] for n in self.nodes}
        for node in self.nodes.values():
            if node.parent is not None and node.parent in self.children:
                self.children[node.parent].append(node.id)

    def __iter__(self):
        return iter(self.nodes.values())

    def __len__(self):
        return len(self.nodes)

    def subtree(self, number):
        found = [number]
        for at in found:
            found += self.children[at]
        return set(found)

    def without(self, numbers):
        return Plan([Node(n.id, n.parent, n.at) for n in self if n.id not in numbers], self.budget)

    def is_dead(self, number):
        return number != 0 and self.nodes[number].end in DEAD

    def text(self):
        return f"# budget {self.budget}\n" + "".join(n.line() + "\n" for n in self)

    def check(self):
        """What no plan may ask for, as it could not be played or would mean nothing."""
        if 0 not in self.nodes or len(self) > NODES or max(self.nodes) >= NODES:
            raise BadPlan("no root, or too many nodes")
        for node in self:
            why = wrong(self, node)
            if why:
                raise BadPlan(f"node {node.id}: {why}")


def wrong(plan, node):
    if node.id == 0:
        ends = ("exit", "quit", "signal", "abort", "killed", "exec")
        return None if node.parent is None and node.end in ends else "the root ends"
    if node.parent not in plan.nodes or node.parent >= node.id:
        return "its parent must come before it"
    if node.end in ("killed", "exec"):
        return "only the root ends so"
    if node.how in ("vfork", "spawn") and node.image == "same":
        return f"{node.how} without an image"
    if node.how == "daemon" and node.session != "same":
        return "a daemon leads its session already"
    if node.order == "orphan" and (not plan.is_dead(node.parent) or node.how in DETACHED):
        return "it waits for the end of a parent that stays"
    if node.threads == "orphaned" and node.end != "live":
        return "the first thread leaves only a process that stays"
    return None


def parse_node(line):
    number, parent, *attributes = line.split()
    node = Node(int(number), None if parent == "-" else int(parent))
    for attribute in attributes:
        key, _, value = attribute.partition("=")
        word, _, amount = value.partition(":")
        if key not in WORDS or word not in WORDS[key]:
            raise BadPlan(f"no such attribute: {attribute}")
        node.set(key, word, int(amount or 0))
    return node


def parse(text):
    nodes, budget = [], 0
    for line in text.splitlines():
        if line.startswith("# budget "):
            budget = int(line.split()[2])
        elif line.strip() and not line.startswith("#"):
            nodes.append(parse_node(line))
    plan = Plan(nodes, budget)
    plan.check()
    return plan
