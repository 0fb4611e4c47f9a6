"""Namespaces, chroot, sandboxes and other preloads before and behind ours: the same results inside

In each place the same program forks, executes, kills and waits. Where the library is not to be seen from
inside, the loader says so, as of any preload: that line is left out.
"""

import pathlib
import subprocess

PACKAGES = ("bubblewrap", "eatmydata", "fakechroot", "faketime", "fakeroot", "firejail", "gcc", "libc6-dev",
            "libjemalloc2", "mount")
KINDS = ("bare", "empty", "shim", "run")
LIBRARIES = "/usr/lib/x86_64-linux-gnu/"
PRELOADS = {"eatmydata": "libeatmydata.so", "faketime": "faketime/libfaketime.so.1", "jemalloc": "libjemalloc.so.2",
            "stdbuf": "../../libexec/coreutils/libstdbuf.so"}
LINKS = [word for name in ("bin", "lib", "lib64") for word in ("--symlink", "usr/" + name, "/" + name)]

PROGRAM = r"""
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

int main(void) {
    pid_t child;
    int sum = 0;
    setvbuf(stdout, NULL, _IONBF, 0);
    for (int i = 0; i < 20; i++) {
        child = fork();
        if (child == 0)
            _exit(i);
        sum += run(child);
    }
    printf("fork: %d\n", sum);
    child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 4", (char *)0);
        _exit(127);
    }
    printf("vfork: %d\n", run(child));
    printf("system: %d\n", WEXITSTATUS(system("exit 5")));
    FILE *pipe = popen("exit 6", "r");
    printf("pclose: %d\n", pipe ? WEXITSTATUS(pclose(pipe)) : -1);
    child = fork();
    if (child == 0)
        for (;;)
            pause();
    printf("kill: %d\n", kill(child, SIGTERM));
    printf("killed: %d\n", run(child));
    printf("kill again: %d %d\n", kill(child, 0), errno == ESRCH);
    execl("/bin/sh", "sh", "-c", "echo exec: done; exit 8", (char *)0);
    return 1;
}
"""


def scenario(scene):
    program = scene.compiled("/tmp/work/family", PROGRAM)
    static = scene.compiled("/tmp/work/static", PROGRAM, "-static", "-w")
    bind = ("bwrap", "--ro-bind", "/", "/", "--dev", "/dev")
    empty = pathlib.Path("empty")
    (empty / "bin").mkdir(parents=True)
    scene.bare(["cp", static, empty / "bin/static"])
    places = {
        "bwrap": (*bind, "--unshare-all", "--die-with-parent", "--proc", "/proc", program),
        "bwrap, new session": (*bind, "--unshare-all", "--new-session", "--as-pid-1", "--proc", "/proc",
                               "sh", "-c", f"{program}; exit $?"),
        "bwrap, user namespace only": (*bind, "--unshare-user", program),
        "bwrap, nothing but the program": ("bwrap", "--unshare-all", "--bind", "empty", "/", "/bin/static"),
        "bwrap, the library out of sight": ("bwrap", "--unshare-all", "--ro-bind", "/usr", "/usr", *LINKS,
                                            "--dev", "/dev", "--ro-bind", ".", "/tmp/work", program),
        "unshare": ("unshare", "-Urpf", "--mount-proc", program),
        "unshare, killed with its child": ("unshare", "-Urpf", "--kill-child", "--mount-proc",
                                           "sh", "-c", f"{program}; exit $?"),
        "unshare, all": ("unshare", "-UrmnipuCTf", program),
        "chroot to /": ("unshare", "-Ur", "chroot", "/", program),
        "chroot to an empty root": ("unshare", "-Ur", "chroot", "empty", "/bin/static"),
        "firejail": ("firejail", "--quiet", "--noprofile", program),
        "fakeroot": ("fakeroot", "sh", "-c", f"chown 0:0 family; stat -c 'owner: %u' family; {program}"),
        "fakechroot": ("fakechroot", "--", program),
        "fakechroot, fakeroot": ("fakechroot", "--", "fakeroot", program),
        "eatmydata": ("eatmydata", "--", program),
        "faketime": ("faketime", "2001-02-03 04:05:06", "sh", "-c", f"date '+date: %F'; {program}"),
        "stdbuf": ("stdbuf", "-oL", "-eL", program),
        "timeout": ("timeout", "100", program),
        "nohup": ("nohup", program),
        "nice": ("nice", "ionice", "-c3", "chrt", "-o", "0", "taskset", "1", program),
        "setsid": ("setsid", "--wait", program),
        "env -i": ("env", "-i", "PATH=/usr/bin:/bin", program),
        "script": ("script", "-qec", program, "/dev/null"),
    }
    for name, argv in places.items():
        look(scene, name, argv)
    enter(scene, program)
    within(scene, program, bind)
    for name, library in PRELOADS.items():
        env = {"FAKETIME": "-1000d", "_STDBUF_O": "L"}
        other = LIBRARIES + library
        for order, both in (("before", (other, scene.preload)), ("behind", (scene.preload, other))):
            look(scene, f"{name} preloaded {order}", (program,), env | {"LD_PRELOAD": ":".join(filter(None, both))})
    # fakeroot needs its server: it puts its library before ours by itself, and this turns them round.
    script = f'LD_PRELOAD=${{OURS:+$OURS:}}${{LD_PRELOAD%%:*}} exec {program}'
    look(scene, "fakeroot preloaded behind", ("fakeroot", "sh", "-c", script), {"OURS": scene.preload or ""})


def within(scene, program, bind):
    """The kind's own front (`forkproof run`) inside the sandbox, where `look` has it around."""
    for name, place in {
            "bwrap": (*bind, "--unshare-all", "--proc", "/proc", "--tmpfs", "/tmp", "--bind", ".", "/tmp/work"),
            "unshare": ("unshare", "-Urpf", "--mount-proc"), "firejail": ("firejail", "--quiet", "--noprofile"),
            "fakeroot": ("fakeroot", "--"), "fakechroot": ("fakechroot", "--"), "eatmydata": ("eatmydata", "--"),
            "faketime": ("faketime", "2001-02-03"), "stdbuf": ("stdbuf", "-oL"), "env -i": ("env", "-i", "PATH=/bin"),
            "no new privileges": ("setpriv", "--no-new-privs")}.items():
        done = subprocess.run([*place, *scene.argv([program])], env=scene.environment(), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
        scene.check(f"within {name}, output", done.stdout.replace("\n", " | "))
        scene.check(f"within {name}, status", done.returncode)


def look(scene, name, argv, env=None):
    done = scene.run(argv, env)
    lines = [line for line in done.stdout.splitlines() if "cannot be preloaded" not in line]
    scene.check(f"{name}, output", " | ".join(lines))
    scene.check(f"{name}, status", done.returncode)


def enter(scene, program):
    """A second program in the namespaces of a first, which then goes, and all in it."""
    room = scene.start(["unshare", "-Urpf", "--kill-child", "--mount-proc", "sh", "-c", "sleep 1000 & wait"])
    inside = scene.until("the room", lambda: scene.pids_of("sleep"))[0]
    look(scene, "nsenter", ("nsenter", "-U", "--preserve-credentials", "-p", "-m", "-t", inside, program))
    room.kill()
    scene.check("the room's end", room.wait(20))
    scene.settled("left", {"sleep": 0})
