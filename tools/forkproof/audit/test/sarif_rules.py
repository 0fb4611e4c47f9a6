"""SARIF 2.1.0: what its published schema asks of the objects that we write, and what code-scanning services ask beyond it.

A kind of object is a table of its properties; a property's type is a name of a kind, a tuple of the words that are allowed,
a [type] for an array, a {type} for an array of which no two items are equal, or a function. Other properties are forbidden.
"""

import datetime
import json
import re


def is_text(value):
    return isinstance(value, str)


def is_integer(value):
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2 ** 63


def is_positive(value):
    return is_integer(value) and 1 <= value < 2 ** 31


def is_index(value):
    return is_integer(value) and value >= -1


def is_truth(value):
    return isinstance(value, bool)


def is_uri(value):
    """A URI reference of which the schema's uri-reference format holds: RFC 3986."""
    return is_text(value) and re.fullmatch(r"(?:file://)?(?:[A-Za-z0-9\-._~/]|%[0-9A-F]{2})+", value) is not None


def is_time(value):
    try:
        return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value)
                    and datetime.datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%fZ"))
    except (ValueError, TypeError):
        return False


def is_bag(value):
    return isinstance(value, dict) and unique(value.get("tags", [])) and all(map(is_text, value.get("tags", [])))


def is_texts(value):
    return isinstance(value, dict) and all(map(is_text, value.values()))


def unique(items):
    return len({json.dumps(item, sort_keys=True) for item in items}) == len(items)


LEVEL = ("none", "note", "warning", "error")
KINDS = {
    "log": {"$schema": is_text, "version": ("2.1.0",), "runs": ["run"]},
    "run": {"tool": "tool", "originalUriBaseIds": "bases", "invocations": ["invocation"], "results": ["result"],
            "properties": is_bag},
    "tool": {"driver": "component"},
    "component": {"name": is_text, "version": is_text, "semanticVersion": is_text, "rules": {"rule"}},
    "rule": {"id": is_text, "shortDescription": "texts", "fullDescription": "texts", "help": "texts",
             "defaultConfiguration": "configuration", "properties": is_bag},
    "texts": {"text": is_text, "markdown": is_text},
    "configuration": {"level": LEVEL},
    "invocation": {"executionSuccessful": is_truth, "startTimeUtc": is_time, "endTimeUtc": is_time,
                   "toolExecutionNotifications": ["notification"]},
    "notification": {"level": LEVEL, "message": "message"},
    "message": {"text": is_text},
    "result": {"ruleId": is_text, "ruleIndex": is_index, "level": LEVEL, "message": "message", "locations": ["location"],
               "relatedLocations": {"location"}, "stacks": {"stack"}, "partialFingerprints": is_texts,
               "occurrenceCount": lambda value: is_integer(value) and value >= 1,
               "baselineState": ("new", "unchanged", "updated", "absent"), "suppressions": {"suppression"},
               "properties": is_bag},
    "suppression": {"kind": ("inSource", "external"), "status": ("accepted", "underReview", "rejected")},
    "location": {"id": is_index, "physicalLocation": "physical", "logicalLocations": {"logical"}, "message": "message"},
    "physical": {"artifactLocation": "artifact", "region": "region", "address": "address"},
    "artifact": {"uri": is_uri, "uriBaseId": is_text},
    "region": {"startLine": is_positive, "startColumn": is_positive},
    "address": {"relativeAddress": is_integer, "kind": is_text},
    "logical": {"fullyQualifiedName": is_text, "kind": is_text},
    "stack": {"message": "message", "frames": ["frame"], "properties": is_bag},
    "frame": {"location": "location", "module": is_text, "threadId": is_integer},
}
REQUIRED = {
    "log": ["version", "runs"], "run": ["tool", "results"], "tool": ["driver"], "component": ["name", "rules"],
    "rule": ["id", "shortDescription", "fullDescription", "help", "defaultConfiguration"], "texts": ["text"],
    "invocation": ["executionSuccessful"], "notification": ["message"], "message": ["text"],
    "result": ["ruleId", "ruleIndex", "level", "message", "locations"], "suppression": ["kind"],
    "physical": ["artifactLocation"], "artifact": ["uri"], "stack": ["frames"],
}


def complaints(value, kind="log", path="$"):
    """What is wrong with an object of that kind, a line each."""
    if callable(kind):
        if not kind(value):
            yield f"{path}: {value!r} is not right: {getattr(kind, '__name__', kind)}"
    elif isinstance(kind, tuple):
        if value not in kind:
            yield f"{path}: {value!r} is none of {kind}"
    elif isinstance(kind, (list, set)):
        (item,) = kind
        if not isinstance(value, list):
            yield f"{path}: no array"
            return
        if isinstance(kind, set) and not unique(value):
            yield f"{path}: two items are equal"
        for index, each in enumerate(value):
            yield from complaints(each, item, f"{path}[{index}]")
    elif not isinstance(value, dict):
        yield f"{path}: no object"
    elif kind == "bases":
        for name, base in value.items():
            yield from complaints(base, "artifact", f"{path}.{name}")
            if not base.get("uri", "").endswith("/"):
                yield f"{path}.{name}: a base must end with /"
    else:
        for name in REQUIRED.get(kind, []):
            if name not in value:
                yield f"{path}: {name} is missing"
        for name, each in value.items():
            if name not in KINDS[kind]:
                yield f"{path}: {name} is not known of a {kind}"
            else:
                yield from complaints(each, KINDS[kind][name], f"{path}.{name}")


def beyond(log):
    """What the schema cannot say: the specification's text, and what services drop a result for."""
    for run in log["runs"]:
        rules, results = run["tool"]["driver"]["rules"], run["results"]
        if not unique([rule["id"] for rule in rules]):
            yield "two rules of one id"
        for name in ("baselineState", "suppressions"):
            if len({name in result for result in results}) > 1:
                yield f"{name} is said of some results and not of all"
        for index, result in enumerate(results):
            at = f"results[{index}]"
            if not 0 <= result["ruleIndex"] < len(rules) or rules[result["ruleIndex"]]["id"] != result["ruleId"]:
                yield f"{at}: ruleIndex is that of another rule"
            if not result["message"]["text"]:
                yield f"{at}: an empty message"
            if not result["locations"]:
                yield f"{at}: no location"
            for location in result["locations"] + result.get("relatedLocations", []):
                physical = location.get("physicalLocation", {})
                if "startLine" not in physical.get("region", {}):
                    yield f"{at}: a location without a file and a line"
                elif ("uriBaseId" in physical["artifactLocation"]) == physical["artifactLocation"]["uri"].startswith(("/", "file:")):
                    yield f"{at}: neither relative to a base nor absolute"
            ids = [location["id"] for location in result.get("relatedLocations", [])]
            if not unique(ids):
                yield f"{at}: two related locations of one id"
