"""runit and s6: services started, logged, stopped, killed, finished, with lost supervisors"""

import pathlib
import re

PACKAGES = ("runit", "s6")
KINDS = ("bare", "empty", "shim", "run")
WORK = pathlib.Path("/tmp/work")
SCRIPTS = {
    "steady/run": "exec sleep 3000",
    "logged/run": "seq 1000; exec sleep 3001",
    "once/run": "exit 7",
    "killed/run": "kill -KILL $$",
    "stubborn/run": "trap '' TERM; while :; do sleep 3002; done",
}
DOWN = ("once", "killed", "stubborn")
FINISH = f'echo "$(basename "$PWD") ${{1}} ${{2}}" >>{WORK}/finished'


def script(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
    path.chmod(0o755)


def services(name, logger):
    """A folder of services; those of DOWN are not started by themselves."""
    folder = WORK / name
    for path, text in SCRIPTS.items():
        script(folder / path, text)
    for service in DOWN:
        (folder / service / "down").touch()
        script(folder / service / "finish", FINISH)
    script(folder / "logged/log/run", f"exec {logger} {folder}.lines")
    pathlib.Path(f"{folder}.lines").mkdir()
    return folder


def finished(scene):
    """What the finish scripts of those of DOWN were told, each once; then forgotten."""
    path = WORK / "finished"

    def told():
        lines = sorted(set(path.read_text(encoding="ascii").splitlines()))
        return lines if [line.split()[0] for line in lines] == sorted(DOWN) else None

    lines = scene.until("all finished", told)
    path.unlink()
    return "as " + ", ".join(lines)


def sleeping(scene, seconds):
    asked = f"sleep\0{seconds}\0"
    return [pid for pid in scene.pids_of("sleep")
            if pathlib.Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8") == asked]


def end_orphans(scene):
    """What a killed service leaves, bare as well."""
    for pid in scene.until("an orphan", lambda: sleeping(scene, 3002)):
        scene.send(pid, "KILL")


def another(scene, name, seconds):
    """Kills `sleep SECONDS` and waits for the next one."""
    (lost,) = sleeping(scene, seconds)
    scene.send(lost, "KILL")
    scene.until(name, lambda: sleeping(scene, seconds) not in ([], [lost]))


def lose_supervisor(scene, name, supervisor, folder, service):
    """The one of that service: what it started lives on beside what its successor starts."""
    lost = [pid for pid in scene.pids_of(supervisor) if pathlib.Path(f"/proc/{pid}/cwd").readlink().name == service]
    orphans = sleeping(scene, 3000)
    for pid in lost:
        scene.send(pid, "KILL")
    scene.until(name, lambda: len(sleeping(scene, 3000)) == 2)
    for pid in orphans:
        scene.send(pid, "KILL")
    scene.until("one again", lambda: len(sleeping(scene, 3000)) == 1)
    scene.check(name, f"{len(lost)} lost in {folder.name}")


def lines(folder):
    return pathlib.Path(f"{folder}.lines/current").read_text(encoding="ascii").count("\n")


def runit(scene):
    folder = services("runit", "svlogd")
    process = scene.start(["runsvdir", folder])

    def sv(*words):
        done = scene.run(["sv", *words[:-1], folder / words[-1]])
        said = re.sub(r"\(pid \d+\) \d+s", "(pid N) Ns", done.stdout)
        return f"{done.returncode} {re.sub(r'[0-9]+s', 'Ns', said)}".strip()

    scene.until("started", lambda: len(scene.pids_of("sleep")) == 2 and lines(folder) == 1000)
    scene.until("all supervised", lambda: len(scene.pids_of("runsv")) == len(SCRIPTS))
    scene.expect("forkproof is in runit where it should be", all(map(scene.hooked, scene.pids_of("runsv"))))
    scene.settled("runit, started")
    # runit loses a start that follows a restart and a stop at once, so the restart comes last.
    for words in (("status", "steady"), ("status", "logged"), ("status", "once"),
                  ("pause", "steady"), ("cont", "steady"), ("stop", "steady"), ("start", "steady"),
                  ("restart", "steady"), ("start", "stubborn"),
                  ("-w", "1", "force-stop", "stubborn"), ("status", "stubborn"), ("status", "none")):
        scene.check("sv " + " ".join(words), "ends with " + sv(*words))
    end_orphans(scene)
    for service in ("once", "killed"):
        sv("once", service)
    scene.check("runit, finished", finished(scene))
    another(scene, "steady", 3000)
    (logger,) = scene.pids_of("svlogd")
    scene.send(logger, "KILL")
    scene.until("another logger", lambda: scene.pids_of("svlogd") not in ([], [logger]))
    lose_supervisor(scene, "runit, another supervisor", "runsv", folder, "steady")
    scene.settled("runit, after losing children", {"runsv": len(SCRIPTS), "sleep": 2, "svlogd": 1})
    scene.send(scene.pids_of("runsvdir")[0], "HUP")
    scene.check("runit, status at the end", process.wait(20))
    scene.until("all gone", lambda: not scene.others())
    scene.settled("runit, left")


def s6(scene):
    folder = services("s6", "s6-log")
    process = scene.start(["s6-svscan", folder])

    def svc(*words):
        done = scene.run(["s6-svc", "-T", 5000, *words[:-1], folder / words[-1]])
        stat = scene.run(["s6-svstat", "-o", "up,wantedup,exitcode,signal", folder / words[-1]])
        return f"{done.returncode} {done.stdout}, {stat.returncode} {stat.stdout}".replace("\n", "")

    scene.until("started", lambda: len(scene.pids_of("sleep")) == 2 and lines(folder) == 1000)
    scene.until("all supervised", lambda: len(scene.pids_of("s6-supervise")) == len(SCRIPTS) + 1)
    scene.expect("forkproof is in s6 where it should be", all(map(scene.hooked, scene.pids_of("s6-supervise"))))
    scene.settled("s6, started")
    for words in (("-wU", "-u", "none"), ("-wD", "-d", "steady"), ("-wu", "-u", "steady"), ("-wr", "-r", "steady"),
                  ("-wu", "-u", "stubborn"), ("-wD", "-dk", "stubborn")):
        scene.check("s6-svc " + " ".join(words), "ends with " + svc(*words))
    end_orphans(scene)
    for service in ("once", "killed"):
        svc("-o", service)
    scene.check("s6, finished", finished(scene))
    another(scene, "steady", 3000)
    (logger,) = scene.pids_of("s6-log")
    scene.send(logger, "KILL")
    scene.until("another logger", lambda: scene.pids_of("s6-log") not in ([], [logger]))
    lose_supervisor(scene, "s6, another supervisor", "s6-supervise", folder, "steady")
    script(folder / "fresh/run", "exec sleep 3003")
    scene.check("rescan", scene.run(["s6-svscanctl", "-a", folder]).returncode)
    scene.until("a fresh one", lambda: sleeping(scene, 3003))
    scene.settled("s6, after losing children", {"s6-supervise": len(SCRIPTS) + 2, "sleep": 3, "s6-log": 1})
    scene.check("s6-svscanctl -t", scene.run(["s6-svscanctl", "-t", folder]).returncode)
    scene.check("s6, status at the end", process.wait(20))
    scene.until("all gone", lambda: not scene.others())
    scene.settled("s6, left")


def scenario(scene):
    runit(scene)
    s6(scene)
