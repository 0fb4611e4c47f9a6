"""What must be true of a plan, from the plan alone and from what the rungs promise; nothing here is taken from how
forkproof does it. Two steps: the state when the root ends (`Shape`), and what each rung makes of it (`expect`).

A process's relations are told as nodes: ADOPTER is whoever takes orphans in (the supervisor, or the driver where there is
none), CALLER is the session and group that the root was started in.
"""

import signal

from .plan import DEAD, DETACHED, LATE

ADOPTER, CALLER = "adopter", "caller"
ODD_COMM = "a) S 1 (b\n c"

RUN = ("cgroup", "walk", "pidns")  # forkproof run, ending what is left
LEAVING = ("none", "no-kill")  # forkproof run, reporting only
ALONE = ("group", "guard")  # the preload alone
RUNGS = RUN + LEAVING + ALONE

GENTLE_GRACE, SHORT_GRACE = 20.0, 0.25  # the first is never used up


class One:
    """A node as it is when the root ends."""

    def __init__(self, node, parent):
        self.node, self.id = node, node.id
        self.alive = node.id == 0 or node.end not in DEAD
        self.zombie = False
        self.parent = None  # a node, or ADOPTER
        self.group = parent.group if parent else CALLER
        self.session = parent.session if parent else CALLER
        self.comm = parent.comm if parent else "dynamic"
        self.static = parent.static if parent else False
        # Preload alone: has hooks; is known by pid; environment when it was exec'd last; leads what it made.
        self.hooked = parent.hooked if parent else True
        self.entered = parent.hooked if parent else True
        self.environment = set(parent.environment) if parent else {"preload"}
        self.leads = False

    def execute(self, image, env):
        kept = {"preload", "group"} if self.hooked else set(self.environment)
        if not self.hooked and env == "clear":
            kept = set()
        if not self.hooked and env == "unload":
            kept.discard("preload")
        self.environment = kept
        self.static = image == "static"
        self.comm = image
        self.hooked = not self.static and "preload" in kept
        self.entered = self.entered or self.hooked

    def lead(self, session):
        self.group = self.id
        self.session = self.id if session else self.session
        self.leads = self.hooked


class Shape:
    """All nodes when the root is about to end. Those who are neither alive nor zombies are gone."""

    def __init__(self, plan):
        self.plan = plan
        self.at = {}
        for node in plan:
            self.at[node.id] = self._born(node)
        for one in self.at.values():
            if one.id != 0 and one.node.then != "same":
                one.execute(one.node.then, one.node.env)
                if one.node.name == "odd":
                    one.comm = ODD_COMM

    def _born(self, node):
        before = self.at.get(node.parent)
        one = One(node, before)
        if node.how == "daemon":
            one.lead(session=True)
        if node.image != "same" and node.id != 0:
            one.execute(node.image, node.env)
        if node.session != "same":
            one.lead(session=node.session == "setsid")
        if node.name == "odd":
            one.comm = ODD_COMM
        if before:
            here = before.alive and node.how not in DETACHED
            one.parent = before.id if here else ADOPTER
            one.zombie = not one.alive and here and node.reap == "no"
        return one

    def living(self):
        """Without the root."""
        return [o for o in self.at.values() if o.alive and o.id != 0]

    # --- the kernel's SIGHUP to a stopped group that becomes an orphan ---
    #
    # When a process ends, the kernel looks at the groups of its children, zombies too, and at its own: one that is of
    # another group of the same session was a link to it. Where none is left and somebody is stopped, all get SIGHUP.

    def _members(self, group, gone=()):
        return [o for o in self.at.values() if o.group == group and o.alive and o.id not in gone]

    def _stopped(self, group, gone=()):
        return any(o.node.end == "stop" for o in self._members(group, gone))

    @staticmethod
    def _links(parent, child):
        return parent is not None and parent.session == child.session and parent.group != child.group

    def _parent(self, one, gone=()):
        return None if one.parent in gone else self.at.get(one.parent)

    def _is_orphan(self, group, gone):
        return not any(self._links(self._parent(o, gone), o) for o in self._members(group, gone))

    def _orphaned_by(self, one, gone, starter_in_session):
        """Groups that are hung up when this one ends, and those in gone."""
        groups = {o.group for o in self.at.values() if o.parent == one.id and (o.alive or o.zombie) and self._links(one, o)}
        if self._links(self._parent(one), one) or (one.id == 0 and starter_in_session and one.session == CALLER != one.group):
            groups.add(one.group)
        return {g for g in groups if self._stopped(g, gone) and self._is_orphan(g, gone)}

    def hung_up(self, starter_in_session):
        """(by the root's end itself, by the ends of those in turn: that is a race with what ends them)."""
        gone = {0}
        first = found = self._orphaned_by(self.at[0], gone, starter_in_session)
        while True:
            dying = {o.id for g in found for o in self._members(g) if o.node.deaf not in ("hup", "both")}
            if dying <= gone:
                return first, found - first
            gone |= dying
            for number in dying:
                found = found | self._orphaned_by(self.at[number], gone, starter_in_session)

    def may_hang_up_later(self):
        """Groups with stopped members and a link, which may be ended before them."""
        linked = {o.group for o in self.at.values() if (o.alive or o.zombie) and o.id and self._links(self._parent(o), o)}
        return {g for g in linked if self._stopped(g)}


class Expectation:
    """Of one node. after: gone, running, either. left: yes, no, maybe (is it in the report?). ended: what it may say."""

    def __init__(self, after, left, ended):
        self.after, self.left, self.ended = after, left, set(ended)

    def __repr__(self):
        return f"{self.after}, left behind: {self.left}" + (f", ended: {' or '.join(sorted(self.ended))}" if self.ended else "")


class Model:
    def __init__(self, plan, rung):
        self.plan, self.rung = plan, rung
        self.shape = Shape(plan)
        self.by_hup, self.by_hup_perhaps = self.shape.hung_up(rung in ALONE)
        self.by_hup_later = self.shape.may_hang_up_later() | self.by_hup_perhaps
        self.members = self._members() if rung in ALONE else set()
        self.sure_members = self._members(self._hung_up_first()) | self._hung_up_first() if rung in ALONE else set()
        self.nodes = {o.id: self._expect(o) for o in self.shape.living()}
        self.exit = exit_status(plan)
        self.short = self._is_short()
        self.grace = SHORT_GRACE if self.short else GENTLE_GRACE
        self.late = self._late()
        self.late_may_survive = rung in LEAVING or (rung in ALONE and self._late_strays())

    # --- forkproof run ---

    def _expect(self, one):
        dies_of_hup = one.node.deaf not in ("hup", "both")
        sure = dies_of_hup and one.group in self.by_hup
        perhaps = dies_of_hup and one.group in self.by_hup | self.by_hup_perhaps
        at_the_end = dies_of_hup and one.group in self.by_hup | self.by_hup_later
        if self.rung in ALONE:
            may_run = "either" if at_the_end or one.id in self.members else "running"
            after = "gone" if one.id in self.members & self.sure_members else may_run
            return Expectation(after, "no", ())
        left = "maybe" if perhaps else "yes"
        if self.rung in LEAVING:
            after = "gone" if sure else "either" if perhaps else "running"
            return Expectation(after, left, {"left running", "by itself"} if perhaps else {"left running"})
        ended = {"SIGKILL"} if one.node.term in ("ignore", "burst") else {"SIGTERM"}
        return Expectation("gone", left, ended | ({"by itself", "SIGTERM"} if at_the_end else set()))

    def _is_short(self):
        """Whether somebody outlives SIGTERM, and the grace is waited for."""
        terms = {o.node.term for o in self.shape.living()}
        return bool(terms & {"ignore", "burst"}) or bool(self.plan.budget and terms & set(LATE))

    def _late(self):
        """How many the report may call late: least and most."""
        if self.rung not in RUN:
            return (0, 0)
        able = sum(o.node.number("term") if o.node.term == "burst" else 1
                   for o in self.shape.living() if o.node.term in LATE)
        most = min(able, self.plan.budget)
        any_stops = any(o.node.end == "stop" for o in self.shape.living())
        return (0 if any_stops else most, most)

    # --- the preload alone ---

    def _root_is_seen(self):
        """Whether libc sees the root's end, so that what it left is ended by it."""
        root = self.plan.nodes[0]
        if self.rung == "guard":
            return True
        return root.end != "killed" and not (root.end == "exec" and root.then == "static")

    def _members(self, without=()):
        """without: those who may have gone before the guard looks, and lead it to nobody then."""
        if not self._root_is_seen():
            return set()
        living = [o for o in self.shape.living() if o.id not in without]
        found = {o.id for o in living if o.entered or "group" in o.environment}
        if self.rung == "group":
            found |= {o.id for o in living if o.parent == 0}
        while True:
            more = {o.id for o in living if o.id not in found and (o.parent in found or self._is_led(o, found))}
            if not more:
                return found
            found |= more

    def _hung_up_first(self):
        """The guard looks when the root has ended, and what that hangs up may have ended, too."""
        groups = self.by_hup | self.by_hup_perhaps if self.rung == "guard" else set()
        return {o.id for o in self.shape.living() if o.group in groups and o.node.deaf not in ("hup", "both")}

    def _is_led(self, one, members):
        return any(leader in members and self.shape.at[leader].leads for leader in (one.group, one.session))

    def _late_strays(self):
        """Born late of a member that nothing marks: once its parent is gone nothing tells whose it was."""
        if not self._root_is_seen():
            return False
        return any(o.node.term in LATE and not o.hooked and "group" not in o.environment for o in self.shape.living())


def exit_status(plan):
    root = plan.nodes[0]
    if root.end in ("signal", "killed"):
        return 128 + root.number("end")
    return 128 + int(signal.SIGABRT) if root.end == "abort" else root.number("end")
