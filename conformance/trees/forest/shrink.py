"""Makes a failing plan smaller as long as it fails: subtrees first, then what the nodes are told to be."""

from . import plan as plans

TRIES = 120


def smaller(plan):
    """Plans with less in them, the boldest first."""
    for number in sorted((n for n in plan.nodes if n), key=lambda n: -len(plan.subtree(n))):
        yield plan.without(plan.subtree(number))
    for node in plan:
        for key in list(node.at):
            if node.id == 0 and key == "end":
                continue
            changed = plan.without(set())
            changed.nodes[node.id].set(key, plans.WORDS[key][0])
            yield changed
    for node in plan:
        if node.parent is not None and plan.nodes[node.parent].parent is not None:
            changed = plan.without(set())
            changed.nodes[node.id].parent = plan.nodes[node.parent].parent
            yield plans.Plan(list(changed), plan.budget)


def shrink(plan, fails, tries=TRIES):
    """fails(plan) -> bool. The smallest found within so many tries."""
    progress = True
    while progress and tries > 0:
        progress = False
        for candidate in smaller(plan):
            try:
                candidate.check()
            except plans.BadPlan:
                continue
            tries -= 1
            if fails(candidate):
                plan, progress = candidate, True
                break
            if tries <= 0:
                break
    return plan
