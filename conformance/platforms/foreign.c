/*
 * Runs a program where / is another directory, and programs of another architecture are emulated.
 *
 *   foreign ROOT HANDLER [PATH]... -- PROGRAM [ARGUMENT]...
 *
 * HANDLER is a line for binfmt_misc. Each PATH is there as it is here; the directories that it
 * needs are made in ROOT. The working directory stays, or is / where it is not there. All of it in
 * a user and a mount namespace of its own, where root has the users that it has here, and a plain
 * user is 0, to whom binfmt_misc belongs: nothing else on the machine learns of it. Exit status:
 * the program's; 2 usage, 77 such a place cannot be had, with a line on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define BINFMT "/proc/sys/fs/binfmt_misc"

enum { NOT_POSSIBLE = 77 };

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "foreign: %s: %s\n", what, strerror(errno));
    exit(NOT_POSSIBLE);
}

static _Noreturn void refuse(void) {
    fputs("foreign: usage: foreign ROOT HANDLER [PATH]... -- PROGRAM [ARGUMENT]...\n", stderr);
    exit(2);
}

static void write_text(const char *path, const char *text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        fail(path);
    close(fd);
}

static void map(const char *kind, unsigned inside, unsigned outside, unsigned count) {
    char path[64], text[64];
    snprintf(path, sizeof path, "/proc/%d/%s", getppid(), kind);
    snprintf(text, sizeof text, "%u %u %u", inside, outside, count);
    write_text(path, text);
}

/* What a child of ours does, as we have no rights outside of the new namespace any more. */
static void map_users(void) {
    char path[64];
    unsigned uid = geteuid(), gid = getegid();
    if (uid == 0) {
        map("uid_map", 0, 0, UINT_MAX);
        map("gid_map", 0, 0, UINT_MAX);
        return;
    }
    snprintf(path, sizeof path, "/proc/%d/setgroups", getppid());
    write_text(path, "deny");
    map("uid_map", 0, uid, 1);
    map("gid_map", 0, gid, 1);
}

static void enter_namespaces(void) {
    int ready[2], status;
    char go = 0;
    if (pipe2(ready, O_CLOEXEC) != 0)
        fail("pipe");
    pid_t child = fork();
    if (child == 0) {
        close(ready[1]); // or it would wait for itself when we end before
        if (read(ready[0], &go, 1) == 1)
            map_users();
        _exit(0);
    }
    if (child < 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0)
        fail("no user namespace can be had");
    (void)!write(ready[1], &go, 1);
    close(ready[0]);
    close(ready[1]);
    if (waitpid(child, &status, 0) != child || status != 0)
        exit(NOT_POSSIBLE);
}

/* PATH below ROOT, with its parents. */
static void make_directory(char *path, size_t root) {
    for (char *slash = path + root + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    mkdir(path, 0755);
}

static void bind(const char *root, const char *path) {
    char *inside;
    if (asprintf(&inside, "%s%s", root, path) < 0)
        fail(path);
    make_directory(inside, strlen(root));
    if (mount(path, inside, NULL, MS_BIND | MS_REC, NULL) != 0)
        fail(path);
    free(inside);
}

/* Before Linux 6.7 there was one binfmt_misc for all, and no namespace had its own. */
static void emulate(const char *handler) {
    if (mount("binfmt_misc", BINFMT, "binfmt_misc", 0, NULL) != 0)
        fail("no binfmt_misc of its own can be had");
    write_text(BINFMT "/register", handler);
}

static void change_root(const char *root) {
    if (chdir(root) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0)
        fail(root);
}

int main(int argc, char **argv) {
    char *here = getcwd(NULL, 0);
    if (argc < 5)
        refuse();
    const char *root = argv[1], *handler = argv[2];
    char **word = argv + 3;
    enter_namespaces();
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount(root, root, NULL, MS_BIND, NULL) != 0)
        fail(root);
    emulate(handler);
    for (; *word && strcmp(*word, "--") != 0; word++)
        bind(root, *word);
    if (!*word || !word[1])
        refuse();
    change_root(root);
    if (!here || chdir(here) != 0)
        (void)chdir("/");
    execv(word[1], word + 1);
    fail(word[1]);
}
