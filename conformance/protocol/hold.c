/*
 * Starts a program some of whose system calls wait for the suite: hold SOCKET KIND,... COMMAND...
 *
 * KIND: kill (every call that sends a signal to a process), execve, setfd (fcntl with F_SETFD),
 * close, wait. The seccomp listener, by which the suite sees each of them and lets it go on, is
 * sent over SOCKET, a Unix socket on which the suite listens (player/holding.py). It needs Linux
 * 5.5.
 *
 * hold --probe: exits with 0 when that can be had here, else 77 with the reason.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV /* while it is held nothing but death interrupts */
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

enum { NOT_POSSIBLE = 77, FAILED = 125, INSTRUCTIONS_MAX = 64 };

static const struct call {
    const char *kind, *name;
    uint32_t number;
    int argument; /* the second one must be this; -1: any */
} calls[] = {
    {"kill", "kill", SYS_kill, -1},
    {"kill", "tkill", SYS_tkill, -1},
    {"kill", "tgkill", SYS_tgkill, -1},
    {"kill", "pidfd_send_signal", SYS_pidfd_send_signal, -1},
    {"kill", "rt_sigqueueinfo", SYS_rt_sigqueueinfo, -1},
    {"execve", "execve", SYS_execve, -1},
    {"execve", "execveat", SYS_execveat, -1},
    {"setfd", "fcntl", SYS_fcntl, F_SETFD},
#ifdef SYS_fcntl64 /* what a C library of 32 bits calls */
    {"setfd", "fcntl", SYS_fcntl64, F_SETFD},
#endif
    {"close", "close", SYS_close, -1},
    {"close", "close_range", SYS_close_range, -1},
    {"wait", "wait4", SYS_wait4, -1},
    {"wait", "waitid", SYS_waitid, -1},
};

static _Noreturn void fail(const char *what, int status) {
    fprintf(stderr, "hold: %s: %s\n", what, strerror(errno));
    _exit(status);
}

static struct sock_filter program[INSTRUCTIONS_MAX];
static unsigned short length;

static void add(struct sock_filter instruction) {
    program[length++] = instruction;
}

static void load(size_t offset) {
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void skip_unless(uint32_t value, uint8_t instructions) {
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, instructions));
}

static void answer(uint32_t action) {
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

/* The low half of the second argument, in either byte order. */
static size_t second_argument(void) {
    const uint16_t one = 1;
    size_t at = offsetof(struct seccomp_data, args[1]);
    return *(const uint8_t *)&one ? at : at + 4;
}

static void add_call(const struct call *call) {
    load(offsetof(struct seccomp_data, nr));
    if (call->argument < 0) {
        skip_unless(call->number, 1);
    } else {
        skip_unless(call->number, 3);
        load(second_argument());
        skip_unless((uint32_t)call->argument, 1);
    }
    answer(SECCOMP_RET_USER_NOTIF);
}

static int is_named(const char *name, const char *list) {
    size_t size = strlen(name);
    for (const char *at = list; at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, size) == 0 && (at[size] == ',' || at[size] == '\0'))
            return 1;
    return 0;
}

static int listen_to(const struct sock_fprog *whole, unsigned long flags) {
    return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
                        SECCOMP_FILTER_FLAG_NEW_LISTENER | flags, whole);
}

/* The listener, or -1. Before Linux 5.19 a held call can be interrupted by a signal. */
static int install(const char *list) {
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        if (is_named(calls[i].kind, list))
            add_call(&calls[i]);
    answer(SECCOMP_RET_ALLOW);
    struct sock_fprog whole = {.len = length, .filter = program};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return -1;
    int listener = listen_to(&whole, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    return listener < 0 && errno == EINVAL ? listen_to(&whole, 0) : listener;
}

static int connect_to(const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(path) >= sizeof address.sun_path)
        return -1;
    strcpy(address.sun_path, path);
    return connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? fd : -1;
}

/* With the numbers of the calls: "62 kill\n...". */
static void send_listener(int socket, int fd) {
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {.head = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    char text[512];
    int size = 0;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        size += snprintf(text + size, sizeof text - (size_t)size, "%u %s\n", calls[i].number,
                         calls[i].name);
    struct iovec told = {text, (size_t)size};
    struct msghdr message = {.msg_iov = &told,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control.room};
    memcpy(CMSG_DATA(&control.head), &fd, sizeof fd);
    if (sendmsg(socket, &message, MSG_NOSIGNAL) != size)
        fail("the listener cannot be sent", FAILED);
}

static int probe(void) {
    struct utsname about;
    int major = 0, minor = 0;
    uname(&about);
    sscanf(about.release, "%d.%d", &major, &minor);
    if (major < 5 || (major == 5 && minor < 5)) {
        fprintf(stderr, "hold: a held call that goes on: since Linux 5.5\n");
        return NOT_POSSIBLE;
    }
    if (install("wait") < 0)
        fail("no seccomp listener", NOT_POSSIBLE);
    return 0;
}

int main(int argc, char **argv) {
    if (argc == 2 && strcmp(argv[1], "--probe") == 0)
        return probe();
    if (argc < 4)
        return FAILED;
    int socket = connect_to(argv[1]);
    if (socket < 0)
        fail(argv[1], FAILED);
    int listener = install(argv[2]);
    if (listener < 0)
        fail("no seccomp listener", NOT_POSSIBLE);
    send_listener(socket, listener);
    close(listener);
    close(socket);
    execvp(argv[3], argv + 3);
    fail(argv[3], FAILED);
}
