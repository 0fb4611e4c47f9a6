/*
 * Runs a program that the kernel answers as an older one would: it does not know some calls.
 *
 *   deny CALL[,CALL]... PROGRAM [ARGUMENT]...
 *
 * CALL: pidfd_open, pidfd_send_signal, clone3, close_range (ENOSYS), P_PIDFD (EINVAL, of waitid).
 * For the program and all that comes of it, of either class. A filter of seccomp does it; where
 * that takes no_new_privs, it is set. Exit status: the program's; 125 when it was not started, with
 * a line on stderr.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MOST = 256, PIDFD = 3 /* P_PIDFD, as a type of id of waitid */, FAILED = 125 };

/* Their numbers are the same on every architecture; waitid's is not. */
static const struct call {
    const char *name;
    unsigned number;
} calls[] = {
    {"pidfd_open", 434}, {"pidfd_send_signal", 424}, {"clone3", 435}, {"close_range", 436}};

static struct sock_filter filter[MOST];
static unsigned short length;

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "deny: %s: %s\n", what, strerror(errno));
    exit(FAILED);
}

static void add(struct sock_filter one) {
    errno = E2BIG;
    if (length == MOST)
        fail("too many calls");
    filter[length++] = one;
}

static void load(size_t offset) {
    add((struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (unsigned)offset));
}

/* Else the next `skip` instructions are passed over. */
static void if_equal(unsigned value, unsigned char skip) {
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skip));
}

static void answer(unsigned error) {
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error));
}

static void deny_call(unsigned number) {
    load(offsetof(struct seccomp_data, nr));
    if_equal(number, 1);
    answer(ENOSYS);
}

/* The low half of the first argument; the high half is not looked at by the kernel either. */
static size_t first_argument(void) {
    size_t at = offsetof(struct seccomp_data, args);
    return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? at + 4 : at;
}

static void deny_p_pidfd(void) {
#ifdef __x86_64__
    unsigned i386_waitid = 284;
    load(offsetof(struct seccomp_data, arch));
    if_equal(AUDIT_ARCH_I386, 3);
    load(offsetof(struct seccomp_data, nr));
    if_equal(i386_waitid, 6);
    add((struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 2, 0, 0));
#endif
    load(offsetof(struct seccomp_data, nr));
    if_equal(SYS_waitid, 3);
    load(first_argument());
    if_equal(PIDFD, 1);
    answer(EINVAL);
}

static void deny(const char *name) {
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (strcmp(name, calls[i].name) == 0) {
            deny_call(calls[i].number);
            return;
        }
    errno = EINVAL;
    if (strcmp(name, "P_PIDFD") != 0)
        fail(name);
    deny_p_pidfd();
}

static bool apply(void) {
    struct sock_fprog program = {length, filter};
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: deny CALL[,CALL]... PROGRAM [ARGUMENT]...\n", stderr);
        return FAILED;
    }
    for (char *name = strtok(argv[1], ","); name; name = strtok(NULL, ","))
        deny(name);
    add((struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    if (!apply() && (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !apply()))
        fail("no filter");
    execvp(argv[2], argv + 2);
    fail(argv[2]);
}
