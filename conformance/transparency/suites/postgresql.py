"""PostgreSQL: initdb, pg_ctl, backends ended and killed, programs it runs, pgbench

The postmaster runs in the foreground, so that `forkproof run` can hold it; what pg_ctl starts is stopped by the
same shell script. Nothing is synchronised to disk: the figures are about processes.
"""

import pathlib
import re
import subprocess

PACKAGES = ("postgresql-15",)
KINDS = ("bare", "empty", "shim", "run")
BIN = pathlib.Path("/usr/lib/postgresql/15/bin")
WORK = pathlib.Path("/tmp/work")
DATA, ARCHIVE, LOG = WORK / "data", WORK / "archive", WORK / "log"
PLACE = {"PGHOST": str(WORK), "PGDATABASE": "postgres", "PGUSER": "tester"}
CONFIG = f"""
listen_addresses = '127.0.0.1'
unix_socket_directories = '{WORK}'
fsync = off
shared_buffers = 32MB
max_connections = 30
autovacuum = off
archive_mode = on
archive_command = 'test ! -e {WORK}/refuse && cp %p {ARCHIVE}/%f'
logging_collector = on
log_directory = '{WORK}'
log_filename = 'log'
"""
BY_PG_CTL = """
pg_ctl -D data -w start >/dev/null; echo start: $?
pg_ctl -D data status >/dev/null; echo status: $?
pg_ctl -D data -w start >/dev/null 2>&1; echo second start: $?
psql -AtX -c 'select 6 * 7'
pg_ctl -D data -w -m fast restart >/dev/null; echo restart: $?
pg_ctl -D data reload >/dev/null; echo reload: $?
pg_ctl -D data kill HUP "$(head -1 data/postmaster.pid)"; echo kill: $?
psql -AtX -c 'select 6 * 8'
pg_ctl -D data -w -m fast stop >/dev/null; echo stop: $?
pg_ctl -D data status >/dev/null; echo status of none: $?
pg_ctl -D data -w -o '-c shared_buffers=nonsense' start >/dev/null 2>&1; echo start with a bad option: $?
"""
TO_SERVER_PROGRAMS = {
    "ends well": "copy words from program 'seq 3'",
    "ends with 3": "copy words from program 'echo one; exit 3'",
    "is killed": "copy words from program 'kill -KILL $$'",
    "is none": "copy words from program '/nowhere/program'",
    "leaves a child": "copy words from program 'sleep 0.3 >/dev/null 2>&1 & echo one'",
    "reads all": f"copy (select generate_series(1, 1000)) to program 'wc -l >{WORK}/counted'",
    "reads a little": "copy (select generate_series(1, 1000000)) to program 'head -n 1 >/dev/null'",
    "does not read": "copy (select generate_series(1, 1000000)) to program 'exit 5'",
    "is left by a limit": "select * from yes limit 1",
}
BY_CLIENT = """
\\echo `echo from backticks`
\\! echo from a shell; exit 3
\\copy words from program 'exit 4'
\\copy (select generate_series(1, 5)) to program 'tail -n 1'
select 7 \\g |sed s/7/seven/
\\o |tr a-z A-Z
select 'piped';
\\o
\\echo last
"""


class Server:
    def __init__(self, scene):
        self.scene = scene
        self.process = None

    def sql(self, text):
        """What psql says to these commands, errors too."""
        done = subprocess.run([BIN / "psql", "-AtX", "-c", text], env=PLACE, timeout=30, check=False, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout.strip()

    def session(self, name):
        """A client of this name that sleeps on the server, and its backend's pid."""
        client = subprocess.Popen([BIN / "psql", "-AtX", "-c", "select pg_sleep(100)"], env=PLACE | {"PGAPPNAME": name},
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        asked = f"select pid from pg_stat_activity where application_name = '{name}' and wait_event = 'PgSleep'"
        return client, int(self.scene.until(name, lambda: self.sql(asked)))

    def told(self, name, client):
        """How a client ended: its status, and the server's word for why."""
        said = client.communicate(timeout=20)[0]
        why = re.findall(r"^(?:FATAL|WARNING|ERROR):  (.*)$|^server (closed) ", said, re.MULTILINE)
        self.scene.check(name, f"{client.returncode} {[one or other for one, other in why]}")

    def logged(self, text):
        return len(re.findall(text, LOG.read_text(encoding="utf-8", errors="replace")))

    def answers(self):
        return self.sql("select 1") == "1"

    def start(self):
        self.process = self.scene.start([BIN / "postgres", "-D", DATA])
        self.scene.until("it answers", self.answers)

    @property
    def pid(self):
        return int((DATA / "postmaster.pid").read_text(encoding="ascii").split()[0])

    def children(self, role):
        """Pids of those that the postmaster keeps for something."""
        asked = ["pgrep", "-P", str(self.pid), "-f", f"^postgres: {role}"]
        return [int(pid) for pid in subprocess.run(asked, stdout=subprocess.PIPE, check=False).stdout.split()]

    def settled(self, name):
        """
        All the postmaster keeps, and nobody else, is there. What the others have open is left to their timers. Each
        question makes the postmaster look for children to start again.
        """
        def complete():
            return self.answers() and sorted(state for _, _, state in self.scene.others()) == ["S"] * 7

        self.scene.until(name, complete)
        descriptors = list(pathlib.Path(f"/proc/{self.pid}/fd").iterdir())
        self.scene.check(name, f"seven processes, descriptors of the postmaster {len(descriptors)}, zombies 0")

    def backends(self, name):
        self.scene.check(name, self.sql("select backend_type, count(*) from pg_stat_activity group by 1 order by 1"))

    def ended(self, name):
        status = self.process.wait(20)
        self.scene.check(name, status if status >= 0 else 128 - status)  # as a shell and forkproof run tell it
        self.scene.until("all gone", lambda: not self.scene.pids_of("postgres"))
        self.scene.settled(name + ", left")


def prepare(scene):
    done = scene.run([BIN / "initdb", "-D", DATA, "-U", "tester", "-A", "trust", "-E", "UTF8", "--no-sync"])
    scene.check("initdb", done.returncode)
    scene.check("initdb where there is a cluster", scene.run([BIN / "initdb", "-D", DATA]).returncode)
    with open(DATA / "postgresql.conf", "a", encoding="utf-8") as file:
        file.write(CONFIG)
    ARCHIVE.mkdir()


def by_pg_ctl(scene):
    done = scene.run(["sh", "-c", BY_PG_CTL], env=PLACE | {"PATH": f"{BIN}:/usr/bin:/bin"})
    scene.check("by pg_ctl", done.stdout)
    scene.settled("by pg_ctl, left")


def programs(scene, server):
    server.sql("create table words (word text)")
    server.sql("create extension file_fdw")
    server.sql("create server programs foreign data wrapper file_fdw")
    server.sql("create foreign table yes (word text) server programs options (program 'yes')")
    for name, command in TO_SERVER_PROGRAMS.items():
        scene.check("a program " + name, "says " + server.sql(command))
    scene.check("counted by a program", (WORK / "counted").read_text(encoding="ascii").strip())
    (WORK / "script").write_text(BY_CLIENT, encoding="utf-8")
    scene.check("programs of the client", scene.run([BIN / "psql", "-AtX", "-f", "script"], env=PLACE).stdout)


def archive(scene, server):
    def switch():
        server.sql("create table if not exists filler (n int); insert into filler values (1); select pg_switch_wal()")

    switch()
    asked = "select archived_count > 0 and failed_count = 0 from pg_stat_archiver"
    scene.until("archived", lambda: server.sql(asked) == "t")
    (WORK / "refuse").touch()
    switch()
    scene.until("refused", lambda: server.logged("archive command failed with exit code 1"))
    server.sql("alter system set archive_command = 'kill -KILL $$'")
    server.sql("select pg_reload_conf()")
    scene.until("killed", lambda: server.logged("archive command was terminated by signal 9: Killed"))
    server.sql("alter system reset archive_command")
    (WORK / "refuse").unlink()
    server.sql("select pg_reload_conf()")
    # The archiver is started again at the next connection, ten seconds after it was started last.
    ready = (DATA / "pg_wal/archive_status").glob
    scene.until("archived again", lambda: server.answers() and not list(ready("*.ready")), 40)
    scene.expect("archived all", len(list(ARCHIVE.iterdir())) >= 2, "nothing archived")


def lose(scene, server):
    client, backend = server.session("terminated")
    scene.check("pg_cancel_backend", server.sql(f"select pg_cancel_backend({backend})"))
    server.told("cancelled client", client)
    client, backend = server.session("terminated")
    scene.check("pg_terminate_backend", server.sql(f"select pg_terminate_backend({backend}, 10000)"))
    server.told("terminated client", client)
    scene.check("pg_terminate_backend of none", server.sql(f"select pg_terminate_backend({backend})").split("\n")[-1])
    client, backend = server.session("killed")
    other, _ = server.session("bystander")
    scene.send(backend, "KILL")
    server.told("killed client", client)
    server.told("bystander of a crash", other)
    scene.until("it answers again", server.answers)
    scene.check("log of killed ones", server.logged(r"server process \(PID \d+\) was terminated by signal 9: Killed"))
    scene.check("log of the crash", server.logged("all server processes terminated; reinitializing"))
    scene.check("rows after the crash", server.sql("select count(*) from pgbench_accounts"))
    lost = server.children("logger")
    scene.check("log collectors", len(lost))
    scene.send(*lost, "KILL")
    scene.until("another log collector", lambda: server.children("logger") not in ([], lost))


def load(scene, server):
    bench = [BIN / "pgbench", "-n", "-c", "4", "-j", "2"]
    scene.check("pgbench -i", scene.run([BIN / "pgbench", "-i", "-q", "-s", "2"], env=PLACE).returncode)
    for name, count, more in (("transactions", 3000, []), ("transactions, a backend each", 400, ["-C", "-S"])):
        done = scene.run([*bench, "-t", count, *more], env=PLACE)
        found = re.search(r"^tps = ([0-9.]+)", done.stdout, re.MULTILINE)
        scene.check(name, re.search(r"processed: (.*)", done.stdout)[1])
        scene.figure(name, found[1], "a second")
    scene.check("rows of history", server.sql("select count(*) from pgbench_history"))


def scenario(scene):
    prepare(scene)
    by_pg_ctl(scene)
    server = Server(scene)
    server.start()
    server.settled("started")
    lasting = [server.pid, *server.children("checkpointer"), *server.children("logger")]
    scene.expect("forkproof is where it should be", len(lasting) == 3 and all(map(scene.hooked, lasting)))
    server.backends("started, backends")
    load(scene, server)
    server.settled("after the load")
    programs(scene, server)
    archive(scene, server)
    server.settled("after programs")
    scene.check("parallel workers", server.sql(
        "set force_parallel_mode = on; explain (analyze, costs off, timing off, summary off) select count(*) from words"
    ).count("Workers Launched: 1"))
    server.sql("alter system set work_mem = '7MB'")
    scene.send(server.pid, "HUP")
    scene.until("reloaded", lambda: server.sql("show work_mem") == "7MB")
    lose(scene, server)
    server.settled("after losing children")
    server.backends("after losing children, backends")
    client, _ = server.session("stopped")
    scene.send(server.pid, "INT")
    server.told("client at the fast stop", client)
    server.ended("fast stop")
    server.start()
    client, _ = server.session("orphan")
    scene.send(server.pid, "KILL")
    server.told("client of a killed postmaster", client)
    server.ended("killed postmaster")
