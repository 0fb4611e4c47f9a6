"""Which gotchas are meant."""

import difflib
import fnmatch

from .catalogue import FAMILIES


class NoSuch(Exception):
    """Something was asked for that is not there; the text says what."""


def unknown(what, name, known):
    near = difflib.get_close_matches(name, known, 1)
    return NoSuch(f"no such {what}: {name}" + (f" (is {near[0]} meant?)" if near else ""))


def by_id(gotchas, patterns):
    ids = [gotcha.id for gotcha in gotchas]
    for pattern in patterns:
        if not fnmatch.filter(ids, pattern):
            raise unknown("gotcha", pattern, ids)
    return [g for g in gotchas if not patterns or any(fnmatch.fnmatchcase(g.id, pattern) for pattern in patterns)]


def choose(gotchas, patterns, tags, families, platforms):
    """(those that were asked for, malformed ones of which nobody knows whether they were). What is run on another
    platform must be asked for by name."""
    known_tags = {tag for g in gotchas if g.entry for tag in g.entry.tags}
    for tag in tags:
        if tag not in known_tags:
            raise unknown("tag", tag, known_tags)
    for family in families:
        if family not in FAMILIES:
            raise unknown("family", family, FAMILIES)
    chosen = [g for g in by_id(gotchas, patterns) if patterns or g.platform in platforms]
    if not tags and not families:
        return chosen, []
    fitting = [g for g in chosen if g.entry and (not tags or set(tags) & set(g.entry.tags))
               and (not families or g.entry.family in families)]
    return fitting, [g for g in chosen if not g.entry]
