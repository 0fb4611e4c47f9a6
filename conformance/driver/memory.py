"""Remembers in the build directory what failed last, for --rerun-failed."""

import json
import os
import tempfile

from .verdict import BROK, FAIL, PASS

SCHEMA = 1


def recall(path):
    """Keys of cells ("ID PROGRAM MODE") and ids of malformed gotchas."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {key for key in data["failed"] if key.strip()} if data["schema"] == SCHEMA else set()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return set()


def judged(results):
    """{key: verdict}"""
    found = {result.gotcha.id: BROK if result.gotcha.complaints else PASS for result in results}
    return found | {cell.key: cell.verdict for result in results for cell in result.cells}


def after(failed, results, ids):
    """What is to be remembered, when `failed` was before; ids: of all gotchas that there are."""
    now = judged(results)
    malformed = {result.gotcha.id for result in results if result.gotcha.complaints}
    kept = {key for key in failed - now.keys() if key.split()[0] in ids - malformed}
    return kept | {key for key, verdict in now.items() if verdict in (FAIL, BROK)}


def remember(path, failed):
    """All of it or nothing: others may run beside us. Raises OSError."""
    path.parent.mkdir(exist_ok=True)
    fd, name = tempfile.mkstemp(prefix=".failed-", dir=path.parent)
    try:
        with open(fd, "w", encoding="utf-8") as file:
            json.dump({"schema": SCHEMA, "failed": sorted(failed)}, file, indent=1)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
