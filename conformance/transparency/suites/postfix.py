"""Postfix: sendmail and SMTP, commands that mail is piped to, children used once, reload, lost children

The master runs in the foreground; everything is local. Each child serves one request only, so that many come and go.
"""

import pathlib
import re
import smtplib
import time

PACKAGES = ("postfix",)
USER = "root"
KINDS = ("bare", "empty", "shim", "run")
WORK = pathlib.Path("/tmp/work")
LOG, BOX = pathlib.Path("/var/log/mail.log"), pathlib.Path("/var/mail/tester")
MAIN = {
    "maillog_file": LOG, "inet_interfaces": "127.0.0.1", "inet_protocols": "ipv4", "myhostname": "world.test",
    "myorigin": "localhost", "mydestination": "localhost", "max_use": 1, "max_idle": "1s", "queue_run_delay": "300s",
    "smtpd_tls_security_level": "none", "smtp_tls_security_level": "none", "ipc_idle": "1s",
    "relay_domains": "pipe.test",
    "transport_maps": "inline:{ {ends@pipe.test = ends:} {fails@pipe.test = fails:} {killed@pipe.test = killed:} }",
}
ENDS = {"good": "exit 0", "unsure": "exit 75", "unknown": "exit 67", "odd": "exit 3", "gone": "kill -KILL $$",
        "deaf": "exec <&-; sleep 0.3; exit 0", "alone": "sleep 0.5 >/dev/null 2>&1 & exit 0"}
PIPES = {"ends": "cat >>/tmp/work/piped", "fails": "cat >/dev/null; exit 75", "killed": "cat >/dev/null; kill -TERM $$"}
LETTERS = 60
IDLE = {"master": 1, "postfix-script": 1, "qmgr": 1}  # the script waits for the master
COME_AND_GO = ("anvil", "bounce", "cleanup", "local", "pickup", "pipe", "postlogd", "proxymap", "sleep", "smtp",
               "smtpd", "trivial-rewrite")


class Postfix:
    def __init__(self, scene):
        self.scene = scene

    def configure(self):
        bare = self.scene.bare
        bare(["postconf", "-e", *(f"{key}={value}" for key, value in MAIN.items())])
        lines = []
        for name, command in ENDS.items():
            self.script(name, f"{command}\n")
            lines.append(f'{name}: "|{WORK}/{name}"\n')
        pathlib.Path("/etc/aliases").write_text("".join(lines), encoding="ascii")
        bare(["newaliases"])
        for name, command in PIPES.items():
            self.script(name, f"{command}\n")
            bare(["postconf", "-M", f"{name}/unix={name} unix - n n - - pipe flags=F user=tester argv={WORK}/{name}"])
        bare(["/usr/lib/postfix/configure-instance.sh", "-"])

    @staticmethod
    def script(name, text):
        path = WORK / name
        path.write_text("#!/bin/sh\n" + text, encoding="ascii")
        path.chmod(0o755)

    def log(self, pattern):
        text = LOG.read_text(encoding="utf-8", errors="replace") if LOG.exists() else ""
        return re.findall(pattern, text, re.MULTILINE)

    def fate(self, to):
        """What the log says of a letter: `STATUS (WHY)`, without what varies."""
        found = self.log(rf"to=<{to}>.*? (dsn=\S+ status=.*)$")
        return re.sub(r"queued as \w+|[0-9A-F]{10}", "N", found[-1]) if found else None

    def submit(self, to):
        """By sendmail, as a program under test."""
        done = self.scene.run(["/usr/sbin/sendmail", "-i", "-f", "tester@localhost", to], stdin=None,
                              input=f"Subject: to {to}\n\nA letter.\n")
        return f"{done.returncode} {done.stdout}"

    def queue(self):
        """Recipients in the queue."""
        return sorted(re.findall(r'"address": "(.*?)"', self.scene.bare(["postqueue", "-j"])))

    def letters(self):
        text = BOX.read_text(encoding="utf-8", errors="replace") if BOX.exists() else ""
        return sorted(re.findall(r"^Subject: (.*)$", text, re.MULTILINE))

    @property
    def master(self):
        return int(pathlib.Path("/var/spool/postfix/pid/master.pid").read_text(encoding="ascii"))

    def idle(self, name):
        self.scene.settled(name, IDLE | {other: 0 for other in COME_AND_GO}, 40)


def scenario(scene):
    WORK.chmod(0o777)
    postfix = Postfix(scene)
    postfix.configure()
    process = scene.start(["/usr/sbin/postfix", "start-fg"])
    scene.until("it listens", lambda: smtplib.SMTP("127.0.0.1", 25, timeout=5).quit())
    postfix.idle("started")
    scene.expect("forkproof is where it should be", all(map(scene.hooked, [postfix.master, *scene.pids_of("qmgr")])))
    scene.check("sendmail", postfix.submit("tester@localhost"))
    scene.until("delivered", lambda: len(postfix.letters()) == 1)
    for to in [f"{name}@localhost" for name in ENDS] + [f"{name}@pipe.test" for name in PIPES]:
        scene.check("sendmail to " + to, postfix.submit(to))
        scene.check("fate of a letter to " + to, scene.until(to, lambda to=to: postfix.fate(to)))
    scene.check("piped", (WORK / "piped").read_text(encoding="ascii").count("\nA letter.\n"))
    scene.check("queue", f"holds {postfix.queue()}")
    scene.until("bounced", lambda: len(postfix.letters()) >= 3)
    postfix.idle("after the programs")
    scene.check("mail at first", ", ".join(postfix.letters()))
    begin = time.monotonic()
    for _ in range(LETTERS):
        with smtplib.SMTP("127.0.0.1", 25, timeout=20) as client:
            client.sendmail("tester@localhost", ["tester@localhost"], "Subject: load\n\nA letter.\n")
    scene.until("all delivered", lambda: postfix.letters().count("load") == LETTERS, 60)
    scene.figure("letters, a child each", LETTERS / (time.monotonic() - begin), "a second")
    postfix.idle("after the load")
    scene.check("reload", scene.run(["/usr/sbin/postfix", "reload"]).returncode)
    scene.until("reloaded", lambda: postfix.log("reload -- version"))
    postfix.idle("after the reload")
    client = smtplib.SMTP("127.0.0.1", 25, timeout=20)
    for name in ("smtpd", "qmgr"):
        (lost,) = scene.pids_of(name)
        scene.send(lost, "KILL")
        scene.until("told", lambda lost=lost, name=name: postfix.log(f"/{name} pid {lost} killed by signal 9"))
    try:
        scene.check("client of a killed smtpd", client.noop())
    except smtplib.SMTPServerDisconnected:
        scene.check("client of a killed smtpd", "is disconnected")
    scene.check("sendmail after lost children", postfix.submit("tester@localhost"))
    scene.until("delivered", lambda: postfix.letters().count("to tester@localhost") == 2, 90)
    postfix.idle("after losing children")
    scene.check("flush", scene.run(["/usr/sbin/postqueue", "-f"]).returncode)
    scene.check("stop", scene.run(["/usr/sbin/postfix", "stop"]).returncode)
    status = process.wait(30)
    scene.check("status at the end", status if status >= 0 else 128 - status)
    scene.settled("left")
