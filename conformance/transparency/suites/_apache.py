"""What the two scenarios of Apache share. No suite."""

import collections
import concurrent.futures
import os

from . import _web as web

APACHE = "/usr/sbin/apache2"
PORT, HASTY = 8081, 8082
CHILDREN = 4
LOSSES = (("one killed", "KILL", 1), ("one crashed", "SEGV", 1), ("all killed", "KILL", CHILDREN))
CONFIG = """
ServerRoot /tmp/work
ServerName localhost
DefaultRuntimeDir /tmp/work
PidFile /tmp/work/apache.pid
ErrorLog /tmp/work/error.log
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so
LoadModule cgi_module /usr/lib/apache2/modules/mod_cgi.so
User www-data
Group www-data
StartServers {children}
MinSpareServers {children}
MaxSpareServers {more}
MaxRequestWorkers {children}
MaxConnectionsPerChild {connections}
KeepAlive Off
TimeOut 60
GracefulShutdownTimeout 10
LogFormat "%P %>s %U" short
CustomLog "|/tmp/work/log-writer" short
DocumentRoot /tmp/work/pages
Alias /generation /tmp/work/generations/{generation}
ScriptAlias /cgi/ /tmp/work/cgi/
<Directory /tmp/work>
    Require all granted
</Directory>
Listen 127.0.0.1:{port}
Listen 127.0.0.1:{hasty}
<VirtualHost 127.0.0.1:{hasty}>
    TimeOut 1
</VirtualHost>
"""
LOG_WRITER = """#!/bin/sh
exec tee -a /tmp/work/access.log >/dev/null
"""
SCRIPTS = {
    "environment": """#!/bin/sh
echo "Content-Type: text/plain"
echo
env | grep -v REMOTE_PORT | sort
echo "descriptors $(ls /proc/self/fd | wc -l)"
echo "signals $(grep -E 'Sig(Blk|Ign|Cgt)' /proc/self/status | tr '\\n\\t' '  ')"
""",
    "maps": """#!/bin/sh
echo "Content-Type: text/plain"
echo
cat /proc/$$/maps
""",
    "shell": """#!/bin/sh
echo "Content-Type: text/plain"
echo
echo "a pipe: $(seq 1000 | sort -rn | head -n 3 | tr '\\n' ' ')"
(exit 3)
echo "a subshell: $?"
sleep 60 &
kill -TERM $!
wait $!
echo "a child killed: $?"
kill -0 $! 2>/dev/null
echo "and once more: $?"
""",
    "perl": """#!/usr/bin/perl
use strict;
$| = 1;
print "Content-Type: text/plain\\n\\n";
my @lines = `seq 1000`;
print "lines of a command: ", scalar @lines, "\\n";
system("exit 7;");
print "system: ", $? >> 8, "\\n";
open(my $from, "-|", "sh", "-c", "echo hello; exit 4") or die;
my $line = <$from>;
close $from;
print "from a pipe: $line", "its status: ", $? >> 8, "\\n";
open(my $to, "|-", "cat; exit 5") or die;
print $to "to a pipe\\n";
close $to;
print "its status: ", $? >> 8, "\\n";
my $pid = fork // die;
if (!$pid) { sleep 60; exit }
print "kill: ", kill("TERM", $pid), "\\n";
print "the child: ", waitpid($pid, 0) == $pid ? "waited for" : "lost", ", signal ", $? & 127, "\\n";
print "kill again: ", kill(0, $pid), "\\n";
""",
    "missing": """#!/nowhere/interpreter
""",
    "holder": """#!/bin/sh
echo "Content-Type: text/plain"
echo
echo "the script's words"
cat /tmp/work/gate &
""",
    "stubborn": """#!/bin/sh
trap '' TERM
exec sleep 1000
""",
    "leaver": """#!/bin/sh
echo "Content-Type: text/plain"
echo
setsid sleep 2000 </dev/null >/dev/null 2>&1 &
timeout 20 sh -c 'until pgrep -x sleep >/dev/null; do :; done'
echo "left one behind"
""",
}


class Apache:
    """The parent and its children, one thing done to them at a time."""

    def __init__(self, scene):
        self.scene = scene
        self.pid_file, self.log, self.access = (web.WORK / n for n in ("apache.pid", "error.log", "access.log"))
        self.configure("one", 0)
        web.write("log-writer", LOG_WRITER, 0o755)
        web.write("pages/page", "a page\n")
        web.write("pages/turn", "a page\n")
        web.write("generations/one", "one\n")
        web.write("generations/two", "two\n")
        for name, text in SCRIPTS.items():
            web.write("cgi/" + name, text, 0o755)

    def configure(self, generation, connections):
        self.config = web.write("apache.conf", CONFIG.format(
            generation=generation, connections=connections, children=CHILDREN, more=CHILDREN + 1, port=PORT,
            hasty=HASTY))

    def argv(self, *more):
        return [APACHE, "-d", web.WORK, "-f", self.config, *more]

    def command(self, name, order):
        """Another apache2: it starts the server or gives it a signal."""
        done = self.scene.run(self.argv("-k", order))
        self.scene.check(name, f"{done.returncode} {done.stdout}")

    @property
    def parent(self):
        return web.pid_in(self.scene, self.pid_file)

    def children(self):
        """Those that serve; the parent has its log writer as well."""
        return self.scene.children(self.parent) & set(self.scene.pids_of("apache2"))

    def settled(self, name, gone=()):
        """All children there, none of those that should be gone; and what all that costs."""
        self.scene.until(f"{name}: some gone", lambda: not set(gone) & set(self.scene.pids_of("apache2")))
        self.scene.settled(name, {"apache2": 1 + CHILDREN, "tee": 1})

    def serve(self):
        scene = self.scene
        scene.until("it listens", lambda: web.get(PORT, "/page"))
        # It begins by reading its configuration twice, each time with a log writer.
        scene.until("the first log writer reaped",
                    lambda: len([name for _, name, _ in scene.others() if name != "apache2"]) == 1)
        self.settled("started")
        scene.expect("forkproof is in parent and children where it should be",
                     all(scene.hooked(pid) for pid in {self.parent} | self.children()))
        scene.check("a page", web.get(PORT, "/page"))
        scene.check("a missing page", web.get(PORT, "/missing").split()[0])

    def run_scripts(self):
        scene = self.scene
        for name in ("environment", "shell", "perl"):
            scene.check(f"script {name}", web.get(PORT, f"/cgi/{name}?a=b"))
        for name in ("missing", "nosuch"):
            scene.check(f"script {name}", web.get(PORT, f"/cgi/{name}").split()[0])
        # Apache gives a script an environment of its own making: the empty preload is lost, forkproof is not.
        scene.expect("forkproof is in a script where it should be",
                     ("libforkproof" in web.get(PORT, "/cgi/maps")) == (scene.kind in ("shim", "run")))
        self.settled("after the scripts")

    def hold_output(self):
        """The script ends, its child keeps the pipe: the answer is complete when that one ends, too."""
        scene, gate = self.scene, web.WORK / "gate"
        os.mkfifo(gate)
        gate.chmod(0o644)
        with concurrent.futures.ThreadPoolExecutor() as pool:
            answer = pool.submit(web.get, PORT, "/cgi/holder", 60)
            descriptor = scene.until("the grandchild",
                                     lambda: answer.done() or os.open(gate, os.O_WRONLY | os.O_NONBLOCK))
            if answer.done():
                scene.check("the answer is not complete", f"FAILED: {answer.result()}")
                return
            scene.until("the script ended", lambda: not scene.pids_of("holder"))
            self.settled("while a grandchild holds a script's output")
            scene.expect("the answer is not complete", not answer.done(), "the script's own end completes it")
            os.write(descriptor, b"the grandchild's words\n")
            os.close(descriptor)
            scene.check("the answer", answer.result())
        self.settled("after the grandchild")

    def time_out(self):
        """A script that neither answers nor minds SIGTERM is ended by SIGKILL."""
        scene = self.scene
        scene.check("a script that does not answer", web.get(HASTY, "/cgi/stubborn").split()[0])
        scene.until("it is ended", lambda: not scene.pids_of("sleep"))
        self.settled("after the script that does not answer")

    def bear_load(self):
        web.load(self.scene, "load of pages", PORT, "/page", 20000, 4)
        web.load(self.scene, "load of shell scripts", PORT, "/cgi/shell", 400, 2)
        web.load(self.scene, "load of perl scripts", PORT, "/cgi/perl", 200, 2)
        self.settled("after the load")

    def restart(self):
        """Gracefully; from now on children end after 25 connections."""
        scene, before, parent = self.scene, self.children(), self.parent
        scene.check("generation before", web.get(PORT, "/generation"))
        self.configure("two", 25)
        self.command("graceful restart", "graceful")
        scene.until("it serves anew", lambda: web.get(PORT, "/generation") == "200 two")
        self.settled("after the graceful restart", before)
        scene.check("generation after", web.get(PORT, "/generation"))
        scene.expect("the parent stays", self.parent == parent)

    def turn_over(self):
        """Load with children that keep ending, and how many of them there were."""
        scene = self.scene
        web.load(scene, "load with children that end", PORT, "/turn", 600, 4)
        served = scene.until("600 lines in the log", lambda: web.told_in(self.access, " /turn", 600))
        counts = collections.Counter(line.split()[0] for line in served).values()
        scene.expect("no child serves more than its share", max(counts) <= 25, f"one served {max(counts)}")
        scene.expect("many children served", len(counts) >= 24, f"only {len(counts)}")
        self.settled("after children that end")

    def lose_children(self):
        scene = self.scene
        for name, deadly, count in LOSSES:
            lost = set(sorted(self.children())[:count])
            for pid in lost:
                scene.send(pid, deadly)
            self.settled(f"children, {name}", lost)
            scene.check(f"a page, {name}", web.get(PORT, "/page"))
        (writer,) = scene.pids_of("tee")
        scene.send(writer, "KILL")
        scene.until("another log writer", lambda: set(scene.pids_of("tee")) - {writer})
        self.settled("log writer killed")
        scene.check("what the log says of lost children", web.log_lines(self.log, "(?:child pid|AH00106:|piped log)"))

    def leave_one(self):
        """What a script has put into a session of its own stays, whatever becomes of the server."""
        scene = self.scene
        scene.check("a script that leaves one behind", web.get(PORT, "/cgi/leaver"))
        self.settled("with one left behind")

    def all_gone(self):
        scene = self.scene
        scene.until("nobody left", lambda: not scene.others("apache2") and not scene.others("tee"))
        scene.settled("left in the end")
        scene.expect("the ports are free", web.refused(PORT) and web.refused(HASTY), "somebody listens")
        scene.expect("no pid file", not self.pid_file.exists(), "there is one")
