/*
 * Tested: which program a relative path means in a child that has changed its directory.
 * origin HOW CALL PATH DIRECTORY: changes to DIRECTORY and execs PATH by CALL, in
 *   itself      this process
 *   image       this process, after an exec in a forked child
 *   fork, vfork, clone, syscall
 *               a child made in that way
 *   small       a child forked by a thread with a small stack
 *   again       a grandchild
 *   orphan      a grandchild whose parent is gone
 *   foreign     a child that may not look at its parent
 *   deleted     a child whose parent's directory is gone
 *   chroot      a child with another root
 * CALL may be a spawn, too: then the caller stays, and the spawned child changes the directory.
 */
#include <pthread.h>
#include <spawn.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "canon.h"

#define SKIPPED 77
#define SMALL 16384 /* bytes of stack */

static char tool[] = "tool", where[] = "where";
static char *const arguments[] = {tool, where, NULL};
static const char *call, *path, *directory;
static char **environment;

static void by_spawn(void) {
    posix_spawn_file_actions_t actions;
    int status = UNTOUCHED;
    pid_t pid = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addchdir_np(&actions, directory);
    int error = strcmp(call, "spawn") == 0
                    ? posix_spawn(&pid, path, &actions, NULL, arguments, environment)
                : strcmp(call, "spawnp") == 0
                    ? posix_spawnp(&pid, path, &actions, NULL, arguments, environment)
                    : posix_spawn(&pid, path, NULL, NULL, arguments, environment);
    posix_spawn_file_actions_destroy(&actions);
    if (error)
        say("%s: %s", call, error_name(error));
    else
        SAY_WAIT(call, waitpid(pid, &status, 0), pid, status);
}

static void by_exec(void) {
    if (strcmp(call, "execl") == 0)
        execl(path, tool, where, (char *)NULL);
    else if (strcmp(call, "execle") == 0)
        execle(path, tool, where, (char *)NULL, environment);
    else if (strcmp(call, "execlp") == 0)
        execlp(path, tool, where, (char *)NULL);
    else if (strcmp(call, "execv") == 0)
        execv(path, arguments);
    else if (strcmp(call, "execve") == 0)
        execve(path, arguments, environment);
    else if (strcmp(call, "execvp") == 0)
        execvp(path, arguments);
    else if (strcmp(call, "execvpe") == 0)
        execvpe(path, arguments, environment);
    else if (strcmp(call, "fexecve") == 0)
        fexecve(open(path, O_RDONLY | O_CLOEXEC), arguments, environment);
#ifdef __GLIBC__
    else if (strcmp(call, "execveat") == 0)
        execveat(AT_FDCWD, path, arguments, environment, 0);
    else if (strcmp(call, "execveat-here") == 0)
        execveat(open(".", O_PATH | O_CLOEXEC), path, arguments, environment, 0);
#endif
    else if (strcmp(call, "syscall-execve") == 0)
        syscall(SYS_execve, path, arguments, environment);
    else if (strcmp(call, "syscall-execveat") == 0)
        syscall(SYS_execveat, AT_FDCWD, path, arguments, environment, 0);
    else if (strcmp(call, "bad-pointer") == 0)
        syscall(SYS_execve, BAD_POINTER, arguments, environment);
    else if (strcmp(call, "null") == 0)
        syscall(SYS_execve, NULL, arguments, environment);
    else
        abort();
}

static _Noreturn void go(void) {
    if (strncmp(call, "spawn", 5) == 0) {
        by_spawn();
        _exit(0);
    }
    if (chdir(directory) != 0)
        _exit(8);
    by_exec();
    say("%s: %s", call, error_name(errno));
    _exit(9);
}

static void await(const char *how, pid_t pid) {
    int status = UNTOUCHED;
    SAY_WAIT(how, waitpid(pid, &status, 0), pid, status);
}

static int go_in_clone(void *unused) {
    (void)unused;
    go();
}

static pid_t cloned(void) {
    static _Alignas(16) char stack[1 << 16];
    return clone(go_in_clone, stack + sizeof stack, SIGCHLD, NULL);
}

static void *go_in_small_thread(void *how) {
    pid_t pid = fork();
    if (pid == 0)
        go();
    await(how, pid);
    return how;
}

/* With an environment that fills what a wrapper takes of the stack for it. */
static void small(char *how) {
    static char *many[400];
    pthread_attr_t attributes;
    pthread_t thread;
    for (size_t i = 0; i < sizeof many / sizeof *many - 1; i++)
        many[i] = where;
    environment = many;
    pthread_attr_init(&attributes);
    if (pthread_attr_setstacksize(&attributes, SMALL) != 0 ||
        pthread_create(&thread, &attributes, go_in_small_thread, how) != 0)
        abort();
    pthread_join(thread, NULL);
}

static void again(bool orphan) {
    pid_t middle = getpid();
    pid_t pid = fork();
    if (pid != 0) {
        if (!orphan)
            await("again", pid);
        _exit(0);
    }
    while (orphan && getppid() == middle)
        sched_yield();
    go();
}

/* Root loses the right by becoming another user, everybody else by the parent's not being dumpable.
 */
static void foreign(bool parent) {
    bool root = geteuid() == 0;
    if (parent && !root)
        prctl(PR_SET_DUMPABLE, 0);
    if (!parent && root && setuid(65534) != 0)
        _exit(SKIPPED);
}

/* Into the directory, with /proc in it, which is the only thing that hides that it is the root. */
static void change_root(void) {
    static char place[4096];
    snprintf(place, sizeof place, "%s/proc", directory);
    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("/proc", place, NULL, MS_BIND | MS_REC, NULL) != 0 || chroot(directory) != 0)
        _exit(SKIPPED);
    directory = "/";
}

static pid_t child(const char *how) {
    if (strcmp(how, "vfork") == 0) {
        pid_t pid = vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
        if (pid == 0)
            go();
        return pid;
    }
    if (strcmp(how, "clone") == 0)
        return cloned();
    if (strcmp(how, "foreign") == 0)
        foreign(true);
    pid_t pid = strcmp(how, "syscall") ? fork() : (pid_t)fp_clone_by(SIGCHLD, NULL, NULL);
    if (pid != 0)
        return pid;
    if (strcmp(how, "again") == 0 || strcmp(how, "orphan") == 0)
        again(how[0] == 'o');
    if (strcmp(how, "foreign") == 0)
        foreign(false);
    if (strcmp(how, "chroot") == 0)
        change_root();
    go();
}

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    char *how = argv[1];
    call = argv[2], path = argv[3], directory = argv[4];
    environment = environ;
    if (strcmp(how, "itself") == 0)
        go();
    if (strcmp(how, "small") == 0) {
        small(how);
        return 0;
    }
    if (strcmp(how, "image") == 0 && fork() == 0) {
        char itself[] = "itself";
        argv[1] = itself;
        execv("/proc/self/exe", argv);
        _exit(127);
    }
    if (strcmp(how, "image") == 0)
        return wait(NULL) < 0;
    char gone[] = "/tmp/origin-XXXXXX";
    if (strcmp(how, "deleted") == 0 && (!mkdtemp(gone) || chdir(gone) != 0 || rmdir(gone) != 0))
        return SKIPPED;
    int status = UNTOUCHED;
    int held[2]; // until the end of what was exec'd
    char byte;
    if (pipe(held) != 0)
        abort();
    pid_t pid = child(how);
    close(held[1]);
    (void)!read(held[0], &byte, 1);
    if (waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED)
        return SKIPPED;
    say("%s: %s", how, status_name(status));
    return 0;
}
