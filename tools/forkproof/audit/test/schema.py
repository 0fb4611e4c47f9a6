"""Checks a value against the part of JSON Schema that docs/audit.schema.json uses.

A keyword that is not known here is an error: it must not look as if it had been checked.
"""

import re

NOTES = {"$schema", "$defs", "title", "description"}
TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, (int, float)) and not isinstance(v, bool),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}


def is_number(value):
    return TYPES["number"](value)


def check(value, schema, root, where="report", strict=False):
    """All that is wrong, a line each. strict: keys that the schema does not name are wrong too."""
    wrong = []
    for keyword, wanted in schema.items():
        if keyword in NOTES:
            continue
        if keyword == "$ref":
            name = wanted.removeprefix("#/$defs/")
            wrong += check(value, root["$defs"][name], root, where, strict)
        elif keyword == "type":
            names = wanted if isinstance(wanted, list) else [wanted]
            if not any(TYPES[name](value) for name in names):
                wrong.append(f"{where}: not of type {'/'.join(names)}: {value!r:.60}")
        elif keyword == "const":
            if value != wanted or type(value) is not type(wanted):
                wrong.append(f"{where}: not {wanted!r}")
        elif keyword == "enum":
            if value not in wanted:
                wrong.append(f"{where}: {value!r:.60} is none of {wanted}")
        elif keyword == "pattern":
            if isinstance(value, str) and not re.search(wanted, value):
                wrong.append(f"{where}: {value!r:.60} is not like {wanted}")
        elif keyword == "minimum":
            if is_number(value) and value < wanted:
                wrong.append(f"{where}: {value} is less than {wanted}")
        elif keyword == "required":
            if isinstance(value, dict):
                wrong += [f"{where}: no key {key}" for key in wanted if key not in value]
        elif keyword == "properties":
            if isinstance(value, dict):
                for key, item in value.items():
                    if key in wanted:
                        wrong += check(item, wanted[key], root, f"{where}.{key}", strict)
                    elif strict:
                        wrong.append(f"{where}: the schema has no key {key}")
        elif keyword == "items":
            if isinstance(value, list):
                for i, item in enumerate(value):
                    wrong += check(item, wanted, root, f"{where}[{i}]", strict)
        else:
            wrong.append(f"{where}: the schema's keyword {keyword} is not known to the check")
    return wrong
