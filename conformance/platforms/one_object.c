/*
 * What one-object runs with the library preloaded: it forks, waits and kills, and tells, a line a
 * fact, on which C library it runs and who answers its calls. When both children are reaped the
 * kernel is made to refuse every kill (EPERM): that they are gone (ESRCH) is then the library's
 * word.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

const char *gnu_get_libc_version(void) __attribute__((weak)); /* musl has none */

/* A line of /proc/self/maps: from-to rights offset device inode path. */
static void say_where(const char *name, uintptr_t address) {
    uintptr_t from, to;
    char path[4096];
    FILE *maps = fopen("/proc/self/maps", "r");
    for (char line[4200]; maps && fgets(line, sizeof line, maps);)
        if (sscanf(line, "%lx-%lx %*s %*s %*s %*s %4095s", &from, &to, path) == 3 &&
            from <= address && address < to)
            printf("%s %s\n", name, path);
    if (maps)
        fclose(maps);
}

static int status_of(pid_t child) {
    int status;
    return waitpid(child, &status, 0) == child ? status : -1;
}

static pid_t ended(void) {
    pid_t child = fork();
    if (child == 0)
        _exit(7);
    int status = status_of(child);
    printf("exited %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : -1);
    return child;
}

static pid_t killed(void) {
    pid_t child = fork();
    while (child == 0)
        pause();
    kill(child, SIGKILL);
    int status = status_of(child);
    printf("killed %d\n", WIFSIGNALED(status) ? WTERMSIG(status) : -1);
    return child;
}

/* The kernel's answer to every way to send a signal to a process. */
static bool refuse_to_kill(void) {
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_kill, 3, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_tgkill, 2, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 424 /* pidfd_send_signal */, 1, 0),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

static void say_killed(const char *whom, pid_t pid) {
    bool ok = kill(pid, 0) == 0;
    printf("%s %s\n", whom, ok ? "0" : errno == ESRCH ? "ESRCH" : errno == EPERM ? "EPERM" : "?");
}

int main(void) {
    setvbuf(stdout, NULL, _IONBF, 0);
    printf("version %s\n", gnu_get_libc_version ? gnu_get_libc_version() : "musl");
    say_where("libc", (uintptr_t)getenv);
    say_where("fork", (uintptr_t)fork);
    say_where("kill", (uintptr_t)kill);
    pid_t first = ended(), second = killed();
    if (!refuse_to_kill())
        return 1;
    say_killed("self", getpid());
    say_killed("first", first);
    say_killed("second", second);
    return 0;
}
