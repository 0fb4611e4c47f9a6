"""cron, atd and run-parts: jobs, their mail, jobs that fail or are killed

cron runs its @reboot jobs at once, the same way as all others; atd runs what is due at once. Mail is what they hand to
/usr/sbin/sendmail, which is a script of ours here.
"""

import pathlib
import re

PACKAGES = ("cron", "at")
USER = "root"
KINDS = ("bare", "empty", "shim", "run")
WORK = pathlib.Path("/tmp/work")
MAIL = WORK / "mail"
SENDMAIL = f"""#!/bin/sh
letter=$(mktemp {MAIL}/XXXXXX.part)
cat >"$letter"
mv "$letter" "${{letter%.part}}"
"""
JOBS = {
    "speaks": "echo hello from a job",
    "silent": "true",
    "fails": "echo before failing; exit 3",
    "killed": "echo before being killed; kill -KILL $$",
    "missing": "/nowhere/program 2>/dev/null; echo $?",
    "input": "cat%first line%second line",
    "long": "seq 20000",
    "daemon": "sleep 0.5 >/dev/null 2>&1 & echo daemon started",
    "group": "ps -o pid=,pgid=,sid= -p $$ | awk '{print ($1 == $2) + 0, ($1 == $3) + 0}'",
    "pipe": "echo one | tr a-z A-Z | rev",
    "environment": "env -i /usr/bin/env; echo $SHELL $HOME $PATH",
}
AT_JOBS = ("speaks", "silent", "fails", "killed", "missing", "long", "daemon", "pipe")
PARTS = {"a-speaks": "echo spoken", "b-fails": "echo failing; exit 4", "c-aside": "echo aside >&2",
         "d-killed": "kill -KILL $$", "e-arguments": 'echo "$@"', "f.ignored": "echo not to be run"}


def letters():
    """{subject's job: body} of the mail so far."""
    found = {}
    for path in MAIL.iterdir():
        if path.suffix != ".part":
            head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
            found[re.search(r"^Subject: (.*)$", head, re.MULTILINE)[1]] = body
    return found


def shown(body):
    """A letter, a long one by its size."""
    return body.strip() if len(body) < 300 else f"{len(body)} characters"


def write(name, text, mode=0o755):
    path = pathlib.Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text, encoding="ascii")
    path.chmod(mode)
    return path


def ended(scene, process, name):
    """Ended by SIGTERM, told as a shell and forkproof run tell it."""
    status = process.wait(20)
    scene.check(name, status if status >= 0 else 128 - status)
    scene.settled(name + ", left")


def cron(scene):
    table = [f"@reboot {user} : {name}; {command}" for name, command in JOBS.items() for user in ("root", "tester")]
    write("/etc/cron.d/jobs", "MAILTO=somebody\n" + "\n".join(table) + "\n", 0o644)
    write("/etc/cron.d/unknown", "@reboot nobody-known echo not to be run\n", 0o644)
    process = scene.start(["/usr/sbin/cron", "-f"])
    speaking = [name for name in JOBS if name != "silent"]

    def arrived(user):
        return {name: body for subject, body in letters().items() for name in JOBS
                if f"<{user}@world> : {name}; " in subject}

    for user in ("root", "tester"):
        scene.until(f"mail of {user}", lambda: set(speaking) <= set(arrived(user)))
        for name in speaking:
            scene.check(f"cron, {name}, {user}", shown(arrived(user)[name]))
    scene.check("letters", len(letters()))
    scene.settled("cron, after the jobs", {"cron": 1, "sleep": 0})
    (daemon,) = scene.pids_of("cron")
    scene.expect("forkproof is in cron where it should be", scene.hooked(daemon))
    scene.check("a second cron", scene.run(["/usr/sbin/cron", "-f"]).returncode)
    scene.send(daemon, "TERM")
    ended(scene, process, "cron")


def at(scene):
    process = scene.start(["/usr/sbin/atd", "-f"])
    scene.until("its pid file", lambda: pathlib.Path("/run/atd.pid").read_text(encoding="ascii").strip())
    scene.expect("forkproof is in atd where it should be", scene.hooked(*scene.pids_of("atd")))
    scene.settled("atd, started")
    before = len(letters())
    for name in AT_JOBS:
        for user in ("root", "tester"):
            job = write(WORK / name, f"echo job {name} of {user}\n{JOBS[name]}\n")
            done = scene.run(["runuser", "-u", user, "--", "at", "-f", job, "now"])
            announced = len(re.findall("^job [0-9]+ at ", done.stdout, re.MULTILINE))
            scene.check(f"at, {name}, {user}", f"{done.returncode} {announced}")

    def arrived():
        return sorted(shown(body) for subject, body in letters().items() if subject.startswith("Output from your job"))

    scene.until("mail of the jobs", lambda: len(arrived()) == 2 * len(AT_JOBS))
    for body in arrived():
        scene.check("at, mail of " + body.split("\n", maxsplit=1)[0], body)
    scene.check("at, letters", len(letters()) - before)
    scene.check("atq", f"says {scene.bare(['atq'])}")
    scene.settled("atd, after the jobs", {"atd": 1, "sleep": 0})
    scene.send(scene.pids_of("atd")[0], "TERM")
    ended(scene, process, "atd")


def run_parts(scene):
    for name, text in PARTS.items():
        write(WORK / "parts" / name, f"#!/bin/sh\n{text}\n")
    for options in ([], ["--report"], ["--verbose"], ["--exit-on-error"], ["--reverse"], ["--test"],
                    ["--arg=first", "--arg=second"], ["--report", "--verbose", "--umask=077"]):
        done = scene.run(["run-parts", *options, WORK / "parts"])
        scene.check(" ".join(["run-parts", *options]), f"status {done.returncode}, {done.stdout}")
    scene.settled("run-parts, left")


def scenario(scene):
    MAIL.mkdir(mode=0o777)
    MAIL.chmod(0o777)
    write("/usr/sbin/sendmail", SENDMAIL)
    cron(scene)
    at(scene)
    run_parts(scene)
