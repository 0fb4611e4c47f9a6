"""What the scenarios of web servers share. No suite."""

import errno
import http.client
import pathlib
import re
import socket
import subprocess

AB = "/usr/bin/ab"
WORK = pathlib.Path("/tmp/work")


def write(name, text, mode=0o644):
    path = WORK / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")
    path.chmod(mode)
    return path


def get(port, path="/", timeout=20):
    """`STATUS BODY` of one request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return f"{answer.status} {answer.read().decode(errors='replace').strip()}"
    finally:
        connection.close()


def serves(scene, port, wanted, path="/"):
    """Waits until this is what is served; with the processes that served something else still about, it may flap."""
    scene.until(f"port {port} serves {wanted!r}", lambda: get(port, path) == wanted)


def ab(port, path, requests, at_once, keep=False):
    """The command of a load of that many requests."""
    return [AB, "-q", "-n", requests, "-c", at_once, *(["-k"] if keep else []), f"http://127.0.0.1:{port}{path}"]


def tally(output):
    """Of what `ab` printed: `COMPLETE requests, FAILED failed, OTHER not 2xx`, and requests per second."""
    found = {k: v for k, v in re.findall(r"^([\w -]+): +([\d.]+)", output, re.MULTILINE)}
    return (f"{found['Complete requests']} requests, {found['Failed requests']} failed, "
            f"{found.get('Non-2xx responses', 0)} not 2xx"), found["Requests per second"]


def load(scene, name, *args, **more):
    """A load, told as a check and a figure of that name."""
    seen, rate = tally(scene.bare(ab(*args, **more)))
    scene.check(name, seen)
    scene.figure(name, rate, "requests/s")


def pid_in(scene, path):
    """The pid in a file, once it is there."""
    return scene.until(f"a pid in {path}", lambda: int("0" + path.read_text(encoding="ascii").strip()))


def log_lines(path, pattern):
    """The lines of a log that match, in order, numbers as N, what stands before the match cut off."""
    found = re.findall(rf"{pattern}.*", path.read_text(encoding="utf-8", errors="replace"))
    return [re.sub(r"\d+", "N", line) for line in found]


def told_in(path, text, count):
    """The lines of a log that hold the text, once there are so many."""
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if text in line]
    return lines if len(lines) >= count else None


def has_open(pid, name):
    folder = pathlib.Path(f"/proc/{pid}/fd")
    return any(link.is_symlink() and link.readlink().name == name for link in folder.iterdir())


def refused(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == errno.ECONNREFUSED


def start(argv):
    """A client beside the scenario, its output to be had by communicate()."""
    return subprocess.Popen([str(word) for word in argv], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True)


def contained(scene, name, kinds):
    """What a script left behind has ended with the server in these kinds of runs, and only there."""
    left = scene.pids_of(name)
    scene.expect("what was left behind ends with the server where that is contained",
                 bool(left) == (scene.kind not in kinds), f"{len(left)} left")
    for pid in left:
        scene.send(pid, "KILL")
