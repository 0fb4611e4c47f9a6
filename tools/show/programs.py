"""The programs of the show: one entry each. To add one, add an entry.

Words in braces are filled in for every run: {tmp} a private directory, {port} a free TCP port of the
loopback, {user} the user's name, {show} the directory of our own built programs.
"""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Program:
    title: str  # the first column: how people start it
    argv: list
    package: str = ""  # where to get it; empty: our own or essential
    needs: str = ""  # the program that must be there, when it is not argv[0]
    status: int = 0  # how the command ends when all is well
    env: dict = field(default_factory=dict)
    files: dict = field(default_factory=dict)  # written into {tmp} before the start
    links: dict = field(default_factory=dict)  # name in {tmp}/bin -> program, where the name is missing
    measure: str = "left"  # left: processes alive after the command; zombies; stranger
    optional: bool = False  # shown only where it is installed already


DEBIAN = [
    Program("ssh-agent -s", ["ssh-agent", "-s", "-a", "{tmp}/agent"], "openssh-client"),
    Program(
        "gpgconf --launch gpg-agent",
        ["gpgconf", "--launch", "gpg-agent"],
        "gpg-agent gpgconf",
        env={"GNUPGHOME": "{tmp}"},
    ),
    Program(
        "tmux new-session -d",
        ["tmux", "-f", "/dev/null", "new-session", "-d"],
        "tmux",
        env={"TMUX_TMPDIR": "{tmp}"},
    ),
    Program(
        "screen -dmS name",
        ["screen", "-c", "/dev/null", "-dmS", "name"],
        "screen",
        env={"SCREENDIR": "{tmp}/sockets"},
        files={"sockets/": ""},
    ),
    Program(
        "redis-server --daemonize yes",
        ["redis-server", "--daemonize", "yes", "--port", "0", "--unixsocket", "{tmp}/socket", "--dir", "{tmp}"],
        "redis-tools",
        # redis-tools brings the server's program under another name and starts no service.
        links={"redis-server": "redis-check-rdb"},
    ),
    Program(
        "dbus-daemon --session --fork",
        ["dbus-daemon", "--config-file={tmp}/session.conf", "--fork", "--print-address"],
        "dbus-daemon",
        files={
            "session.conf": "<busconfig><type>session</type><listen>unix:path={tmp}/bus</listen>"
            '<policy context="default"><allow send_destination="*"/></policy></busconfig>'
        },
    ),
    Program(
        "dnsmasq",
        ["dnsmasq", "--conf-file=/dev/null", "--port={port}", "--listen-address=127.0.0.1", "--bind-interfaces"]
        + ["--no-resolv", "--no-hosts", "--pid-file={tmp}/pid"],
        "dnsmasq-base",
    ),
    Program("adb start-server", ["adb", "start-server"], "adb", env={"ANDROID_ADB_SERVER_PORT": "{port}"}),
    Program(
        "timeout --foreground 0.3 sh -c ...",
        ["timeout", "--foreground", "0.3", "sh", "-c", "sleep 1000 & wait"],
        status=124,
    ),
    Program(
        "nginx",
        ["nginx", "-e", "{tmp}/error.log", "-p", "{tmp}", "-c", "{tmp}/nginx.conf"],
        "nginx",
        files={
            "nginx.conf": "pid {tmp}/pid; error_log {tmp}/error.log; events {{}}\n"
            "http {{ access_log off; server {{ listen unix:{tmp}/socket; }}\n"
            "client_body_temp_path {tmp}/1; proxy_temp_path {tmp}/2; fastcgi_temp_path {tmp}/3;\n"
            "uwsgi_temp_path {tmp}/4; scgi_temp_path {tmp}/5; }}\n"
        },
        optional=True,
    ),
    Program(
        "memcached -d",
        ["memcached", "-d", "-u", "{user}", "-s", "{tmp}/socket"],
        "memcached",
        optional=True,
    ),
    Program(
        "timeout -s KILL 3 xvfb-run ...",
        ["timeout", "--foreground", "-s", "KILL", "3", "xvfb-run", "-a", "sleep", "1000"],
        "xvfb xauth",
        needs="xvfb-run",
        status=137,
        optional=True,
    ),
]

OURS = [
    Program("setsid, double fork, close all", ["{show}/daemon"]),
    Program("300 children, never waited for", ["{show}/zombies"], measure="zombies"),
    Program("kill of a pid kept too long", ["{show}/stale-kill"], measure="stranger"),
]
