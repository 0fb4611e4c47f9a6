"""Keeps what a failed run left: DIR/ID/PROGRAM-MODE/, one file for each thing."""

import shlex
import shutil

from .world import FILES, MOST_BYTES


def folder_of(plan, cell, run):
    name = f"{cell.program}-{cell.mode}"
    return plan.save / plan.platform.label / cell.gotcha.id / (name if plan.repeat == 1 else f"{name}-{run.label}")


def contents(plan, cell, run, played):
    """played is None when nothing was played."""
    verdict = f"{run.label}: {run.reason}\n"
    found = {"rerun": plan.again(cell) + "\n", "verdict": verdict}
    if played:
        found |= {name: text for name, text in played.files.items() if name in FILES}
        found["facts"] = played.facts + played.complaint
        found["argv"] = shlex.join(played.argv) + "\n"
        environment = sorted(played.environment.items())
        found["environment"] = "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment)
        for name in played.too_long:
            found["verdict"] += f"of {name} only the first {MOST_BYTES} bytes are here\n"
    return found


def save(plan, cell, run, played):
    folder = folder_of(plan, cell, run)
    shutil.rmtree(folder, ignore_errors=True)  # of an earlier run
    folder.mkdir(parents=True)
    for name, text in contents(plan, cell, run, played).items():
        (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
