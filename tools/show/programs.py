"""The programs of the show: one entry each. To add one, add an entry.

Words in braces are filled in for every run: {tmp} a private directory, {port} a free TCP port of the
loopback, {user} the user's name, {show} the directory of our own built programs, {packages} the directory of the
packages that are only unpacked.
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
    keep: str = ""  # for --keep: what is meant to stay, and the name that it must show then


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

# Shown with --all: tools/bootstrap leavers.
MORE = [
    Program("emacs --daemon", ["emacs", "-Q", "--daemon={tmp}/emacs"], "emacs-nox"),
    Program("pulseaudio --start", ["pulseaudio", "--start", "--exit-idle-time=1000"], "pulseaudio",
            env={"XDG_RUNTIME_DIR": "{tmp}"}, optional=True),  # its package brings an init script
    Program("gnome-keyring-daemon --daemonize", ["gnome-keyring-daemon", "--daemonize", "--components=secrets"],
            "gnome-keyring", env={"XDG_RUNTIME_DIR": "{tmp}"}),
    Program("sccache --start-server", ["sccache", "--start-server"], "sccache",
            env={"SCCACHE_SERVER_PORT": "{port}", "SCCACHE_DIR": "{tmp}/cache"}),
    Program("git credential-cache store", ["sh", "-c", "printf 'protocol=https\\nhost=x\\nusername=u\\npassword=p\\n\\n' |"
            " git credential-cache --socket {tmp}/git/socket store"], "git", needs="git", files={"git/": ""}),
    Program("git daemon --detach", ["git", "daemon", "--detach", "--port={port}", "--listen=127.0.0.1",
            "--pid-file={tmp}/pid", "{tmp}"], "git"),
    Program("mosh-server new", ["mosh-server", "new", "-i", "127.0.0.1", "-p", "{port}", "--", "sh", "-c", "sleep 1000"],
            "mosh", env={"MOSH_SERVER_NETWORK_TMOUT": "1000"}),
    Program("dtach -n socket sh", ["dtach", "-n", "{tmp}/socket", "sh", "-c", "sleep 1000"], "dtach"),
    Program("aria2c --daemon", ["aria2c", "--no-conf", "--daemon=true", "--enable-rpc", "--rpc-listen-port={port}"],
            "aria2"),
    Program("inotifywait --daemon", ["inotifywait", "--daemon", "--outfile", "{tmp}/events", "{tmp}"],
            "inotify-tools", files={"events": ""}),
    Program("spawn-fcgi -- cat", ["spawn-fcgi", "-s", "{tmp}/socket", "--", "/bin/sleep", "1000"], "spawn-fcgi"),
    Program("gunicorn --daemon", ["gunicorn", "--daemon", "--bind", "unix:{tmp}/socket", "--chdir", "{tmp}", "--pid",
            "{tmp}/pid", "app:app"], "gunicorn",
            files={"app.py": "def app(environ, start_response):\n    start_response('200 OK', [])\n    return []\n"}),
    Program("socat TCP-LISTEN:port,fork ... &", ["sh", "-c", "socat TCP-LISTEN:{port},bind=127.0.0.1,fork EXEC:cat &"],
            "socat", needs="socat"),
    Program("python3 -m http.server &", ["sh", "-c", "/usr/bin/python3 -m http.server --bind 127.0.0.1 {port} &"],
            "python3", needs="python3"),
    Program("make serve", ["make", "-s", "-j2", "serve"], "make",
            files={"Makefile": "serve: ; @nohup sleep 1000 >/dev/null 2>&1 & echo started\n"}),
    Program("nohup sh -c ... &", ["sh", "-c", "nohup sh -c 'sleep 1000; true' >/dev/null 2>&1 &"]),
    Program("start-stop-daemon --background", ["start-stop-daemon", "--start", "--background", "--exec", "/bin/sleep",
            "--pidfile", "{tmp}/pid", "--make-pidfile", "--", "1000"]),
    Program("lighttpd", ["lighttpd", "-f", "{tmp}/lighttpd.conf", "-m", "{packages}/lighttpd/usr/lib/lighttpd"],
            "lighttpd", files={"lighttpd.conf": 'server.document-root = "{tmp}"\nserver.port = {port}\n'
                               'server.bind = "127.0.0.1"\nserver.errorlog = "{tmp}/error"\n'}),
    Program("mosquitto -d", ["mosquitto", "-d", "-c", "{tmp}/mosquitto.conf"], "mosquitto",
            files={"mosquitto.conf": "listener 0 {tmp}/socket\npid_file {tmp}/pid\nuser {user}\nlog_dest none\n"}),
    Program("rsync --daemon", ["rsync", "--daemon", "--config={tmp}/rsyncd.conf", "--port={port}",
            "--address=127.0.0.1"], "rsync", files={"rsyncd.conf": "pid file = {tmp}/pid\nlog file = {tmp}/log\n"}),
    Program("node: a detached child", ["node", "-e", "require('child_process').spawn('sleep', ['1000'], "
            "{{detached: true, stdio: 'ignore'}}).unref()"], "nodejs", optional=True),
    Program("ssh-agent -s (kept); sleep &", ["sh", "-c", "ssh-agent -s -a {tmp}/agent; sleep 1000 >/dev/null &"],
            "openssh-client", needs="ssh-agent", keep="*ssh-agent*"),
]

OURS = [
    Program("setsid, double fork, close all", ["{show}/daemon"]),
    Program("300 children, never waited for", ["{show}/zombies"], measure="zombies"),
    Program("kill of a pid kept too long", ["{show}/stale-kill"], measure="stranger"),
]
