"""Runs measure and scale. Every round runs each subject once, in rotating order."""

import re
import shutil
import statistics
import subprocess

import room
import subjects

DEADLINE = 300.0


class LeftOut(Exception):
    """This machine has not what the measurement needs."""


class Failed(LeftOut):
    """The measurement did not come to its end."""


def output(argv, subject=None):
    env = subjects.base_environment() | (subject.environment() if subject else {})
    try:
        done = subprocess.run(argv, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=DEADLINE, check=False)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"not done after {DEADLINE:.0f} s") from late
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise Failed(last[0])
    return done.stdout


def rotated(items, number):
    return items[number % len(items):] + items[:number % len(items)]


def program_of(words, build):
    """The command, or None when its program is not there."""
    if words[0] == "{still}":
        return [f"{build}/bench/still"]
    path = shutil.which(words[0], path="/usr/bin:/bin")
    return [path, *words[1:]] if path else None


def share_of(count, share):
    return max(1, round(count * share))


def exec_round(row, build, command, turn, share):
    """All subjects in one process, turn by turn."""
    words = ["\n".join(f"{key}={value}" for key, value in subject.environment().items()) for subject in turn]
    argv = [f"{build}/bench/measure", "exec", str(share_of(row.count, share)), str(row.batch), *words, "--", *command]
    samples = {subject.name: [] for subject in turn}
    for line in output(argv).splitlines():
        index, nanoseconds = line.split()
        samples[turn[int(index)].name].append(float(nanoseconds))
    return {name: statistics.median(values) for name, values in samples.items()}


def call_round(row, build, command, turn, share):
    argv = [f"{build}/bench/measure", row.mode, str(share_of(row.count, share)), str(row.batch), *command]
    if row.mebibytes:
        argv.append(str(row.mebibytes))
    return {subject.name: statistics.median(map(float, output(argv, subject).split())) for subject in turn}


def of_row(row, build, all_subjects, effort):
    """One dictionary a round: subject -> nanoseconds. Raises LeftOut."""
    command = program_of(row.program, build) if row.program else []
    if command is None:
        raise LeftOut(f"{row.program[0]} is not installed")
    if row.mebibytes and room.memory_mib()[0] < row.mebibytes:
        raise LeftOut(f"{row.mebibytes} MiB: {room.memory_mib()[1]} allows {room.memory_mib()[0]}")
    one_round = exec_round if row.mode == "exec" else call_round
    return [one_round(row, build, command, rotated(all_subjects, number), effort.share)
            for number in range(effort.rounds)]


def scale_once(scale, build, subject, size, share):
    """call -> nanoseconds"""
    argv = [f"{build}/bench/scale", scale.mode, str(share_of(scale.count, share)), str(size)]
    if scale.program:
        argv += program_of([scale.program], build)
    if scale.mode == "environment":
        argv.append(subject.preload or "-")
    samples = {}
    for line in output(argv, subject).splitlines():
        call, nanoseconds = line.split()
        samples.setdefault(call, []).append(float(nanoseconds))
    return {call: statistics.median(values) for call, values in samples.items()}


def of_scale(scale, build, all_subjects, size, effort):
    """At one size; one dictionary a round: subject -> call -> nanoseconds. Raises Failed."""
    return [{subject.name: scale_once(scale, build, subject, size, effort.share)
             for subject in rotated(all_subjects, number)} for number in range(effort.scale_rounds)]


def memory_once(build, subject):
    """KiB: what is this process's alone, and what it has of the preload's file in common with others."""
    private = shared = 0
    preload = False
    for line in output([f"{build}/bench/measure", "memory"], subject).splitlines():
        if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
            preload = line.split(maxsplit=5)[5:] == [subject.preload]
            continue
        key, _, value = line.partition(":")
        # Of a file that was just built the pages are dirty, and yet not the process's own.
        if key == ("Anonymous" if preload else "Private_Dirty"):
            private += int(value.split()[0])
        if preload and key in ("Rss", "Anonymous"):
            shared += int(value.split()[0]) * (1 if key == "Rss" else -1)
    return {"private_kib": private, "shared_kib": shared}


def of_memory(build, all_subjects, effort):
    return [{subject.name: memory_once(build, subject) for subject in rotated(all_subjects, number)}
            for number in range(effort.rounds)]
