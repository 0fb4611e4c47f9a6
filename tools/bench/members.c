/*
 * What is to be torn down: members SOCKET SHAPE COUNT.
 *
 * tree: COUNT members, up to ten below each; chain: each below the one before; bomb: every member
 * forks for ever, also to replace what dies; hopper: the same, each in a session of its own. What
 * bounds the last two is the limit that they run under.
 *
 * Every member holds the connection, and of everything started here only the members do: its end
 * is theirs. Members of a tree or chain send a byte each when they are there. The root then waits
 * for a byte, sends the time and exits.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { BELOW_EACH = 10, CHILDLESS_MS = 500 };

static int connection;

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || strlen(path) >= sizeof address.sun_path)
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

static _Noreturn void stay(void) {
    if (write(connection, "m", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* The members that number `above` has below it, and theirs; 0 is the root. */
static void grow_tree(int above, int count) {
    for (int i = above * BELOW_EACH + 1; i <= above * BELOW_EACH + BELOW_EACH && i <= count; i++)
        if (fork() == 0) {
            grow_tree(i, count);
            stay();
        }
}

static void grow_chain(int count) {
    if (count == 0 || fork() != 0)
        return;
    grow_chain(count - 1);
    stay();
}

/* Where no more can be had it waits for the end of a child and tries again. */
static void explode(int hop) {
    if (fork() != 0)
        return;
    for (;;) {
        pid_t pid = fork();
        if (pid == 0 && hop)
            setsid();
        if (pid < 0 && wait(NULL) < 0)
            poll(NULL, 0, CHILDLESS_MS);
    }
}

static void tell_time_and_exit(void) {
    char go;
    struct timespec now;
    if (read(connection, &go, 1) != 1)
        exit(1);
    clock_gettime(CLOCK_MONOTONIC, &now);
    exit(write(connection, &now, sizeof now) == (ssize_t)sizeof now ? 0 : 1);
}

int main(int argc, char **argv) {
    int count = argc == 4 ? atoi(argv[3]) : 0;
    if (count <= 0 || (connection = connect_to(argv[1])) < 0) {
        fprintf(stderr, "members: %s\n", count <= 0 ? "usage" : strerror(errno));
        return 2;
    }
    if (strcmp(argv[2], "tree") == 0)
        grow_tree(0, count);
    else if (strcmp(argv[2], "chain") == 0)
        grow_chain(count);
    else
        explode(strcmp(argv[2], "hopper") == 0);
    tell_time_and_exit();
}
