"""Orders from strangers, and a run directory that a member has tampered with: one line, never a hang, never a
signal to anybody else."""

import json
import os
import socket
import subprocess
import sys
import time
import unittest

import harness
from controls import Controls, END, SIGNAL, STATUS, STRANGER, order
from harness import FORKPROOF, LEAVER, send


class Strangers(Controls):
    """Who answers, who asks, and what a member can do to the run's directory."""

    def start_one(self):
        process, read = self.start_held("--name=it", LEAVER, "daemon", "1", "stay")
        self.ready(process)
        run = [name for name in self.runs() if name[0].isdigit()]
        self.assertEqual(len(run), 1)
        return process, read, os.path.join(self.runtime, run[0])

    def connect(self, directory):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.addCleanup(connection.close)
        connection.settimeout(harness.DEADLINE)
        connection.connect(os.path.join(directory, "control"))
        return connection

    def end(self, process, read):
        send(process.pid, "TERM")
        self.assertEqual(self.finish(process)[0], 143)
        self.assert_all_gone(read)
        self.assertEqual(self.runs(), [])

    def test_malformed_orders(self):
        process, read, directory = self.start_one()
        run = os.path.basename(directory)
        whole = order(STATUS, run)
        for packet in (b"x", b"\0" * len(whole), whole[:-1], whole + b"\0", order(99, run), order(END, run, 9),
                       order(SIGNAL, run, 0), order(SIGNAL, run, 65), order(SIGNAL, run, -1), order(STATUS, "r" * 32),
                       order(STATUS, run, 0, "n" * 65),
                       os.urandom(len(whole)), b"y" * 100000):
            connection = self.connect(directory)
            connection.send(packet)
            self.assertEqual(json.loads(connection.recv(65536)), {"error": "this is no order of this version"})
            self.assertEqual(connection.recv(65536), b"")
        self.connect(directory).close()
        connection = self.connect(directory)
        connection.send(order(END, run[:-1] + "x"))
        self.assertEqual(json.loads(connection.recv(65536)), {"error": "its control socket is another run's"})
        self.assertEqual(self.ps()[0]["state"], "running")
        self.end(process, read)

    def test_those_who_say_nothing_keep_nobody_out(self):
        process, read, directory = self.start_one()
        silent = [self.connect(directory) for _ in range(50)]
        self.assertEqual(self.ps()[0]["state"], "running")
        silent[-1].send(order(STATUS, os.path.basename(directory)))
        self.assertEqual(json.loads(silent[-1].recv(65536))["members"], 2)
        self.end(process, read)

    @unittest.skipUnless(os.geteuid() == 0, "needs root")
    def test_another_user_is_not_heard(self):
        """Even when every door is open."""
        process, read, directory = self.start_one()
        for path, mode in ((self.directory, 0o711), (self.runtime, 0o711), (directory, 0o711),
                           (os.path.join(directory, "control"), 0o777)):
            os.chmod(path, mode)
        script = ("import os, socket, sys\ns = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\n"
                  "s.connect(sys.argv[1])\ntry:\n  s.send(bytes.fromhex(sys.argv[2]))\n  print(s.recv(100))\n"
                  "except ConnectionError as e:\n  print(b'')")
        for what in (order(kind, os.path.basename(directory), sig) for kind, sig in ((STATUS, 0), (END, 0), (SIGNAL, 9))):
            done = subprocess.run([sys.executable, "-S", "-c", script, os.path.join(directory, "control"), what.hex()],
                                  user=STRANGER, group=STRANGER, extra_groups=[], cwd="/", capture_output=True)
            self.assertEqual(done.stdout, b"b''\n", done.stderr)
        for path in (self.runtime, directory):
            os.chmod(path, 0o700)
        self.assertEqual(self.ps()[0]["state"], "running")
        environment = dict(self.environment, FORKPROOF_RUNTIME_DIR=self.runtime)
        forkproof, = self.reachable(FORKPROOF)
        done = subprocess.run([forkproof, "kill", "it"], user=STRANGER, group=STRANGER, extra_groups=[], cwd="/",
                              env=environment, capture_output=True)
        self.assertEqual(done.returncode, 125)
        self.assertRegex(done.stderr, rb"\Aforkproof: cannot use the runtime directory .*\n\Z")
        del environment["FORKPROOF_RUNTIME_DIR"]
        done = subprocess.run([forkproof, "kill", "it"], user=STRANGER, group=STRANGER, extra_groups=[], cwd="/",
                              env=environment, capture_output=True)
        self.assertRegex(done.stderr, rb"\Aforkproof: no run of this user is called 'it'.*\n\Z")
        self.end(process, read)

    def pretend(self, behaviour):
        """A process that passes for guard and supervisor of a run, and answers as it likes."""
        server = ("import os, socket, sys\nhere = os.stat('/proc/self/ns/pid').st_ino\n"
                  "os.makedirs(sys.argv[1], 0o700, exist_ok=True)\n"
                  "place = '%%s/%%d-01234567.%%d' %% (sys.argv[1], os.getpid(), here)\nos.mkdir(place, 0o700)\n"
                  "os.chdir(place)\ns = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)\ns.bind('control')\n"
                  "s.listen(0)\nprint(os.path.basename(place), flush=True)\n%s" % behaviour)
        process = subprocess.Popen([sys.executable, "-c", server, self.runtime], stdout=subprocess.PIPE,
                                   env=self.environment)
        self.started.append(process)
        return process, process.stdout.readline().decode().strip()

    def end_pretence(self, process, run):
        process.kill()
        process.wait()
        self.run_to_end("true")  # it was a dead run: its directory goes
        self.assertEqual(self.runs(), [])

    def test_one_that_does_not_answer(self):
        """It takes no connection, and then its queue is full: an end after a while, each time."""
        process, run = self.pretend("import signal\nsignal.pause()")
        begun = time.monotonic()
        for words in (["kill", run], ["stop", run]):
            self.refuse(words, "does not answer")
        self.assertLess(time.monotonic() - begun, 15)
        done = self.ask("ps", "--json")
        self.assertEqual([(row["id"], row["state"], row["root"]) for row in json.loads(done.stdout)],
                         [(run, "silent", None)])
        self.assertEqual(done.returncode, 0)
        self.assertRegex(done.stderr.decode(), r"\Aforkproof: run \S+ does not answer[^\n]*\n\Z")
        self.end_pretence(process, run)

    def test_one_that_ends_before_it_answers(self):
        process, run = self.pretend("while True:\n c = s.accept()[0]\n c.recv(1000)\n c.close()")
        self.refuse(["kill", run], "has ended meanwhile")
        self.end_pretence(process, run)

    def test_answers_that_make_no_sense(self):
        for text in ("b'x'", "b'{'", "b'[]'", "b'1'", "b'\\xff' * 70000", "b'{\"a\":' * 9000"):
            process, run = self.pretend("while True:\n c = s.accept()[0]\n c.recv(1000)\n c.send(%s)\n c.close()" % text)
            self.refuse(["kill", run], "tampered")
            done = self.ask("ps")
            self.assertEqual((done.returncode, done.stderr.count(b"\n"), done.stdout.count(b"\n")), (0, 1, 2), done)
            self.end_pretence(process, run)

    def test_ps_answers_that_claim_too_much(self):
        """Another run's id, a lack, another type: shown as silent; a terminal's control characters are escaped."""
        good = {"id": "RUN", "name": None, "rung": "\x1b[31m", "root": 1, "members": 10 ** 18, "since": 1e300,
                "state": "\x1b]0;x\x07", "program": [1, "\x1b[2J"]}
        for change, silent in ((({}), False), ({"id": "1-01234567.1"}, True), ({"rung": 1}, True),
                               ({"since": "now"}, True), ({"members": "many"}, True), ({"program": "x"}, True)):
            answer = json.dumps({**good, **change}).replace("RUN", "%s")
            process, run = self.pretend("a = %r\nwhile True:\n c = s.accept()[0]\n c.recv(1000)\n"
                                        " c.send(a.replace('%%s', os.path.basename(place)).encode())\n c.close()" % answer)
            done = self.ask("ps")
            self.assertEqual(done.returncode, 0)
            self.assertEqual(b"silent" in done.stdout, silent, (change, done))
            self.assertNotIn(b"\x1b", done.stdout + done.stderr)
            json.loads(self.ask("ps", "--json").stdout)
            self.end_pretence(process, run)

    def test_of_a_run_that_was_killed(self):
        process, read, _ = self.start_one()
        send(self.supervisor_of(process), "KILL")
        process.wait(harness.DEADLINE)
        self.refuse(["kill", "it"], "no run of this user")
        self.assert_all_gone(read)

    def tampered(self, script, text, places=("kill", "stop", "cont")):
        """A member does something to $D, the run's directory; then an order gets one line, and the run its end."""
        process, read = self.start_held("--name=it", "--quiet", "sh", "-c",
                                        "D=$FORKPROOF_RUNTIME_DIR/$FORKPROOF_RUN; %s\necho ready 0; exec sleep 1000"
                                        % script)
        self.ready(process)
        for word in places:
            self.refuse([word, "it"], text)
        done = self.ask("ps")
        self.assertEqual(done.returncode, 0)
        self.assertLessEqual(done.stderr.count(b"\n"), 1)
        self.end(process, read)

    def test_the_socket_is_gone_or_something_else(self):
        self.tampered("rm $D/control", "is ending, or has ended")
        for script in ("mkfifo $D/control", "mkdir $D/control", "echo > $D/control", "ln -s /dev/null $D/control",
                       "ln -s control $D/control", "ln -s /proc/1/fd/0 $D/control"):
            self.tampered("rm $D/control; " + script, "tampered")

    def test_the_socket_is_a_members(self):
        for kind in ("SEQPACKET", "STREAM", "DGRAM"):
            server = ("import socket, os\nos.chdir(os.environ['D'])\nos.remove('control')\n"
                      "s = socket.socket(socket.AF_UNIX, socket.SOCK_%s)\ns.bind('control')\ns.set_inheritable(True)\n"
                      "if s.type != socket.SOCK_DGRAM: s.listen()\n"
                      "print('ready 0', flush=True)\nos.execvp('sleep', ['sleep', '1000'])" % kind)
            process, read = self.start_held("--name=it", "--quiet", "sh", "-c",
                                            "export D=$FORKPROOF_RUNTIME_DIR/$FORKPROOF_RUN; exec %s -c \"$0\""
                                            % sys.executable, server)
            self.ready(process)
            self.refuse(["kill", "it"], "tampered")
            self.end(process, read)

    def test_the_socket_leads_to_another_run(self):
        other, other_read = self.start_held("--name=other", LEAVER, "daemon", "1", "stay")
        self.ready(other)
        row, = self.ps()
        process, read = self.start_held("--name=it", "--quiet", "sh", "-c",
                                        "D=$FORKPROOF_RUNTIME_DIR; ln -f $D/%s/control $D/$FORKPROOF_RUN/control;"
                                        "echo ready 0; exec sleep 1000" % row["id"])
        self.ready(process)
        for words in (["kill"], ["kill", "--signal=KILL"], ["stop"]):
            self.refuse([*words, "it"], "its control socket is another run's")
        self.assertIsNone(other.poll())
        send(process.pid, "TERM")
        self.finish(process)
        self.assert_all_gone(read)
        self.obey("kill", "other")
        self.assertEqual(self.finish(other)[0], 143)
        self.assert_all_gone(other_read)

    def test_the_name_leads_to_another_run(self):
        other, other_read = self.start_held("--name=other", LEAVER, "daemon", "1", "stay")
        self.ready(other)
        process, read = self.start_held("--name=it", "--quiet", "sh", "-c",
                                        "cd $FORKPROOF_RUNTIME_DIR; cat name-other > name-it; echo ready 0;"
                                        "exec sleep 1000")
        self.ready(process)
        for words in (["kill"], ["kill", "--signal=KILL"], ["stop"]):
            self.refuse([*words, "it"], "not its own")
        self.assertIsNone(other.poll())
        self.obey("kill", str(process.pid) + "-")
        self.assertEqual(self.finish(process)[0], 143)
        self.assert_all_gone(read)
        self.obey("kill", "other")
        self.assertEqual(self.finish(other)[0], 143)
        self.assert_all_gone(other_read)

    def test_the_directory_is_gone_or_something_else(self):
        self.tampered("rm -r $D", "is ending, or has ended")
        self.tampered("rm -r $D; ln -s / $D", "tampered")
        self.tampered("rm -r $D; echo > $D", "tampered")
        self.tampered("rm -r $D; mkfifo $D", "tampered")
        self.tampered("rm -r $D; mkdir $D", "is ending, or has ended")

    def test_the_run_file_is_something_else(self):
        """Nobody acts on it while the run lives; whatever lies there goes with the run."""
        for script in ("echo garbage > $D/run", "rm $D/run; mkfifo $D/run", "rm $D/run; ln -s /etc/passwd $D/run",
                       "rm $D/run; mkdir $D/run", "printf 'guard=1 1\\nsupervisor=1 1\\n' > $D/run.2; : > $D/x"):
            process, read = self.start_held("--name=it", "--quiet", "sh", "-c",
                                            "D=$FORKPROOF_RUNTIME_DIR/$FORKPROOF_RUN; %s; echo ready 0;"
                                            "exec sleep 1000" % script)
            self.ready(process)
            self.assertEqual(self.run_to_end("true").returncode, 0)
            self.assertEqual(self.ps()[0]["name"], "it")
            self.obey("kill", "it")
            self.assertEqual(self.finish(process)[0], 143)
            self.assert_all_gone(read)
            self.assertEqual(self.runs(), [], script)

    def test_the_runtime_directory_is_not_private(self):
        process, read, _ = self.start_one()
        os.chmod(self.runtime, 0o777)
        for words in (["kill", "it"], ["ps"]):
            self.refuse(words, "cannot use the runtime directory .*0700")
        os.chmod(self.runtime, 0o700)
        self.end(process, read)


if __name__ == "__main__":
    unittest.main()
