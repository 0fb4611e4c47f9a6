"""Programs that a preload does not reach: setuid, capabilities, static, 32-bit; and sudo, su, runuser

They must work as bare, and what is preloaded around them must be told to nobody: their output is compared.
"""

import os
import pathlib

PACKAGES = ("gcc", "gcc-12-multilib", "libc6-dev", "libc6-dev-i386", "libcap2-bin", "sudo")
USER = "root"
KINDS = ("bare", "empty", "shim", "run")

PROGRAM = r"""
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int run(pid_t child) {
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return -errno;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("user: %d %d\n", getuid(), geteuid());
    printf("secure: %lu\n", getauxval(AT_SECURE));
    pid_t child = fork();
    if (child == 0)
        _exit(3);
    printf("fork: %d\n", run(child));
    child = vfork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", "exit 4", (char *)0);
        _exit(127);
    }
    printf("vfork: %d\n", run(child));
    char *const argv[] = {"sh", "-c", "exit 5", NULL};
    printf("spawn: %d\n", posix_spawn(&child, "/bin/sh", NULL, NULL, argv, environ));
    printf("spawned: %d\n", run(child));
    printf("system: %d\n", WEXITSTATUS(system("exit 6")));
    FILE *pipe = popen("id -u; exit 7", "r");
    int user = -1;
    printf("popen: %d\n", fscanf(pipe, "%d", &user));
    printf("its user: %d\n", user);
    printf("pclose: %d\n", WEXITSTATUS(pclose(pipe)));
    child = fork();
    if (child == 0)
        for (;;)
            pause();
    printf("kill: %d\n", kill(child, SIGTERM));
    printf("killed: %d\n", run(child));
    printf("kill again: %d\n", kill(child, SIGTERM));
    execl("/bin/sh", "sh", "-c", "echo exec: done; exit 8", (char *)0);
    return 1;
}
"""

BIARCH = ("-m32", "-isystem", "/usr/include/x86_64-linux-gnu")


def tester(*argv):
    return ["setpriv", "--reuid=tester", "--regid=tester", "--init-groups", *argv]


def scenario(scene):
    builds = {"dynamic": (), "no PIE": ("-no-pie",), "static": ("-static",), "static PIE": ("-static-pie",),
              "32-bit": BIARCH, "32-bit static": (*BIARCH, "-static")}
    programs = {name: scene.compiled("/usr/local/bin/" + name.replace(" ", "_"), PROGRAM, "-w", *flags)
                for name, flags in builds.items()}
    both = "/opt/forkproof/lib/forkproof/$PLATFORM/libforkproof.so"
    for name, program in programs.items():
        # By its plain path a preload serves 64-bit programs only and the loader says so; the empty one has no other.
        env = {"LD_PRELOAD": both if scene.kind == "shim" else ""} if name.startswith("32-bit") else {}
        scene.told([program], env, prefix=f"{name}, ")
        scene.told(["sh", "-c", f"{program}; exit $?"], env, prefix=f"{name} from a shell, ")
    program = programs["dynamic"]
    setuid = scene.compiled("/usr/local/bin/setuid", PROGRAM, "-w")
    os.chmod(setuid, 0o4755)
    setgid = scene.compiled("/usr/local/bin/setgid", PROGRAM, "-w")
    os.chown(setgid, 0, 6)
    os.chmod(setgid, 0o2755)
    capable = scene.compiled("/usr/local/bin/capable", PROGRAM, "-w")
    scene.bare(["setcap", "cap_net_raw+ep", capable])
    for name, file in (("setuid", setuid), ("setgid", setgid), ("file capabilities", capable)):
        scene.told(tester(file), prefix=f"{name}, ")
        scene.told(tester("sh", "-c", f"{file}; exit $?"), prefix=f"{name} from a shell, ")
        scene.told([file], prefix=f"{name} by root, ")
    pathlib.Path("/etc/sudoers.d/tester").write_text("tester ALL=(ALL) NOPASSWD: ALL\n", encoding="utf-8")
    os.chmod("/etc/sudoers.d/tester", 0o440)
    for name, argv in {
            "sudo": tester("sudo", "-n", program),
            "sudo -u": ["sudo", "-n", "-u", "tester", program],
            "sudo sh": tester("sudo", "-n", "sh", "-c", f"{program}; exit $?"),
            "sudo -i": tester("sudo", "-n", "-i", program),
            "su": ["su", "tester", "-c", program],
            "su -": ["su", "-", "tester", "-c", program],
            "runuser": ["runuser", "-u", "tester", "--", program],
            "runuser -l": ["runuser", "-l", "tester", "-c", program],
            "setpriv": ["setpriv", "--no-new-privs", "--bounding-set=-all", program],
            "no new privs": tester("setpriv", "--no-new-privs", setuid),
            "capsh": ["capsh", "--drop=cap_kill", "--", "-c", program]}.items():
        scene.told(argv, prefix=f"{name}, ")
    killed(scene)


def killed(scene):
    """sudo and su hand on signals to what they run, and tell how it ended."""
    for name, argv in {"sudo": tester("sudo", "-n"), "su": ["su", "tester", "-c"]}.items():
        script = f"touch /tmp/{name}.up; exec sleep 1000"
        child = scene.start([*argv, script] if name == "su" else [*argv, "sh", "-c", script], start_new_session=True)
        scene.until("it to run", lambda: os.path.exists(f"/tmp/{name}.up") and scene.pids_of("sleep"))
        child.terminate()
        status = child.wait(20)
        scene.check(f"{name} terminated, status as a shell has it", status if status >= 0 else 128 - status)
        scene.until("its program's end", lambda: not scene.pids_of("sleep"))
        scene.settled(f"{name} terminated, left")
