"""From rounds to figures: medians and quartiles. A ratio is taken within its round, so that what the
machine did meanwhile falls on both sides."""

import statistics


def spread(values):
    """(lower quartile, median, upper quartile)"""
    if len(values) == 1:
        return (values[0],) * 3
    return tuple(statistics.quantiles(values, n=4, method="inclusive"))


def kinds_of(rounds):
    """subject -> figures, from one dictionary a round: subject -> nanoseconds."""
    result = {}
    for name in rounds[0]:
        low, middle, high = spread([one[name] for one in rounds])
        result[name] = {"median_ns": round(middle, 1), "quartiles_ns": [round(low, 1), round(high, 1)]}
        low, middle, high = spread([one[name] / one["bare"] for one in rounds])
        result[name] |= {"ratio": round(middle, 4), "ratio_quartiles": [round(low, 4), round(high, 4)]}
    return result


def verdict(figure, quartiles, target):
    """Missed only when three rounds in four are above the target."""
    if figure <= target:
        return "met"
    return "missed" if quartiles[0] > target else "open"


def of_row(row, rounds):
    kinds = kinds_of(rounds)
    shim = kinds["shim"]
    return {"name": row.name, "target": row.target, "rounds": len(rounds), "kinds": kinds,
            "verdict": verdict(shim["ratio"], shim["ratio_quartiles"], row.target)}


def of_point(scale, rounds, size):
    """One size of a scale; a round is subject -> call -> nanoseconds."""
    calls = {call: kinds_of([{name: one[name][call] for name in one} for one in rounds]) for call in scale.calls}
    return {"size": size, "rounds": len(rounds), "calls": calls}


def of_memory(rounds, target):
    """KiB more than bare."""
    kinds = {}
    for name in rounds[0]:
        low, middle, high = spread([one[name]["private_kib"] - one["bare"]["private_kib"] for one in rounds])
        shared = statistics.median(one[name]["shared_kib"] for one in rounds)
        kinds[name] = {"private_kib": middle, "private_kib_quartiles": [low, high], "shared_kib": shared}
    shim = kinds["shim"]
    return {"target_kib": target, "rounds": len(rounds), "kinds": kinds,
            "verdict": verdict(shim["private_kib"], shim["private_kib_quartiles"], target)}
