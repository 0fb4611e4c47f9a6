/*
 * confine=on: whom a signal reaches. In a namespace of its own, where the body makes a guard with a
 * supervisor and members below it; the body's other children, and the namespace's strangers, are
 * outside.
 */
#include "suite.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "confine.h"
#include "contract.h"
#include "deliver.h"
#include "ledger.h"
#include "proc.h"
#include "register.h"
#include "settings.h"

SUITE(confine);

static struct shared { _Atomic(pid_t) supervisor, member, wanted, made, child; } * shared;

static char run[64];

/* The body's own children, to be ended with it. */
static pid_t children[4];
static int count;

static pid_t child(void (*runs)(void)) {
    return children[count++] = bare_fork(runs);
}

static void finish(void) {
    while (count > 0)
        bare_end(children[--count]);
}

/* Makes a member, and another with whatever pid is wanted. */
static void supervise(void) {
    shared->member = bare_fork(stays);
    for (;;) {
        pid_t wanted = atomic_exchange(&shared->wanted, 0);
        if (wanted)
            shared->made = bare_fork_as(wanted, stays);
        sched_yield();
    }
}

static void guard(void) {
    shared->supervisor = bare_fork(supervise);
    stays();
}

static pid_t await(const _Atomic(pid_t) *pid) {
    while (atomic_load(pid) == 0)
        sched_yield();
    return atomic_load(pid);
}

static pid_t begin(void) {
    mount_proc("proc");
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    claim(shared != MAP_FAILED);
    pid_t pid = child(guard);
    snprintf(run, sizeof run, FP_ENV_RUN "=%d-00000000.%llu", (int)pid,
             (unsigned long long)fp_proc_namespace());
    fp_settings.run = run;
    fp_settings.options.confine = FP_CONFINE_ON;
    (void)await(&shared->member);
    return pid;
}

static bool is_alive(pid_t pid) {
    struct fp_proc proc;
    return fp_proc_read(pid, &proc) && fp_proc_is_alive(&proc);
}

static void await_end(pid_t pid) {
    while (is_alive(pid))
        sched_yield();
}

NamespacedTest(confine, a_member_is_signalled_and_others_are_not) {
    pid_t keeper = begin();
    pid_t other = child(stays);
    make_stranger(300);
    claim(signal_to(shared->member, SIGTERM) == 0);
    await_end(shared->member);
    claim(signal_to(300, SIGUSR1) == -EPERM && strangers_live());
    claim(signal_to(keeper, SIGTERM) == -EPERM && is_alive(keeper));
    claim(signal_to(shared->supervisor, SIGTERM) == -EPERM && is_alive(shared->supervisor));
    claim(signal_to(1, SIGUSR1) == -EPERM);
    claim(fp_confine_has_thread(300, SIGUSR1) == false);
    claim(signal_to(other, SIGTERM) == -EPERM && is_alive(other));
    finish();
}

NamespacedTest(confine, own_children_that_the_table_knows_are_inside) {
    (void)begin();
    tracked_end(tracked_fork(stays));
    finish();
}

NamespacedTest(confine, signal_0_and_bad_numbers_are_as_bare) {
    (void)begin();
    make_stranger(300);
    claim(signal_to(300, 0) == 0 && signal_to(shared->member, 0) == 0);
    claim(signal_to(300, 65) == -EINVAL && signal_to(300, -1) == -EINVAL);
    claim(signal_to(299, SIGTERM) == -ESRCH);
    claim(signal_to(-299, SIGTERM) == -ESRCH);
    finish();
}

NamespacedTest(confine, by_pidfd_as_by_pid) {
    (void)begin();
    make_stranger(300);
    int stranger = fp_sys_pidfd_open(300, 0);
    int member = fp_sys_pidfd_open(shared->member, 0);
    int directory = fp_sys_open("/proc/300", O_RDONLY | O_DIRECTORY);
    claim(stranger >= 0 && member >= 0 && directory >= 0);
    claim(fp_deliver_held(stranger, SIGUSR1, NULL, 0) == -EPERM);
    claim(fp_deliver_held(directory, SIGUSR1, NULL, 0) == -EPERM);
    claim(fp_deliver_held(-1, SIGUSR1, NULL, 0) == -EBADF && strangers_live());
    claim(fp_deliver_held(member, SIGTERM, NULL, 0) == 0);
    await_end(shared->member);
    close(stranger);
    close(member);
    close(directory);
    finish();
}

/* Without /proc, or one of another namespace, nobody can be told. */
NamespacedTest(confine, who_cannot_be_told_is_outside) {
    (void)begin();
    mount_proc("tmpfs");
    claim(signal_to(shared->member, SIGTERM) == -EPERM);
    claim(signal_to(-1, SIGTERM) == -EPERM);
    tracked_end(tracked_fork(stays));
    mount_proc("proc");
    finish();
}

static pid_t target;

static void gives_its_number_to_a_stranger(void) {
    claim(fp_sys_kill(target, SIGKILL) == 0);
    while (fp_sys_kill(target, 0) == 0)
        sched_yield();
    make_stranger(target);
}

/* A member whose parent takes its end at once. */
static void reaps(void) {
    pid_t pid = bare_fork(stays);
    (void)fp_sys_setpgid(pid, 0);
    shared->child = pid;
    (void)fp_sys_wait4(pid, NULL, 0, NULL);
    stays();
}

static void supervise_one_that_reaps(void) {
    shared->member = bare_fork(reaps);
    stays();
}

static void guard_of_one_that_reaps(void) {
    shared->supervisor = bare_fork(supervise_one_that_reaps);
    stays();
}

/* It will be found under its number, alone in a group of its own. */
static void begin_with_target(void) {
    (void)begin();
    shared->member = 0;
    pid_t keeper = child(guard_of_one_that_reaps);
    snprintf(run, sizeof run, FP_ENV_RUN "=%d-00000000.%llu", (int)keeper,
             (unsigned long long)fp_proc_namespace());
    target = await(&shared->child);
    at_point(FP_POINT_CONFINED, gives_its_number_to_a_stranger);
}

NamespacedTest(confine, a_number_that_goes_to_a_stranger_after_the_proof_is_not_signalled) {
    begin_with_target();
    claim(signal_to(target, SIGUSR1) == -ESRCH);
    claim(!is_armed(FP_POINT_CONFINED) && strangers_live());
    finish();
}

NamespacedTest(confine, nor_one_of_a_group) {
    begin_with_target();
    claim(signal_to(-target, SIGUSR1) == -ESRCH);
    claim(!is_armed(FP_POINT_CONFINED) && strangers_live());
    finish();
}

NamespacedTest(confine, a_group_of_members_is_signalled) {
    begin_with_target();
    at_point(FP_POINT_CONFINED, NULL);
    claim(signal_to(-target, SIGUSR1) == 0);
    await_end(target);
    finish();
}

static pid_t parent;

static void has_child(void) {
    shared->child = bare_fork(stays);
    stays();
}

/* It ends, and a member gets its number. */
static void parent_becomes_a_member(void) {
    bare_end(parent);
    shared->wanted = parent;
    claim(await(&shared->made) == parent);
}

NamespacedTest(confine, the_child_of_a_number_that_a_member_gets_is_outside) {
    (void)begin();
    parent = bare_fork(has_child);
    target = await(&shared->child);
    at_point(FP_POINT_CLIMBED, parent_becomes_a_member);
    claim(signal_to(target, SIGTERM) == -EPERM);
    claim(!is_armed(FP_POINT_CLIMBED) && is_alive(target));
    finish();
}

/* --- without confine=on: the numbers of former members (R24) --- */

/* A ledger that knows who had the number. */
static void remember(pid_t pid) {
    static char variable[64];
    int fd = memfd_create("ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    claim(ftruncate(fd, sizeof(struct fp_ledger)) == 0);
    claim(fcntl(fd, 1033 /* F_ADD_SEALS */, 2 | 4 /* SHRINK, GROW */) == 0);
    struct fp_ledger *ledger =
        mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    claim(ledger != MAP_FAILED);
    ledger->magic = FP_LEDGER_MAGIC;
    ledger->namespace = fp_proc_namespace();
    ledger->births[((unsigned)pid + 1) % FP_LEDGER_BIRTHS] = (fp_born)(unsigned)pid;
    snprintf(variable, sizeof variable, FP_ENV_LEDGER "=/proc/%d/fd/%d", (int)getpid(), fd);
    fp_settings.ledger = variable;
    fp_settings.options.confine = FP_CONFINE_OFF;
    claim(fp_ledger_open() != NULL);
    close(fd);
}

NamespacedTest(confine, a_former_members_number_is_esrch_when_a_stranger_has_it) {
    (void)begin();
    remember(300);
    make_stranger(300);
    claim(signal_to(300, SIGUSR1) == -ESRCH && signal_to(300, 0) == -ESRCH && strangers_live());
    claim(fp_deliver(&(struct fp_signal){FP_BY_KILL, 300, 300, 0, NULL}, FP_STALE_ALLOW) == 0);
    finish();
}

NamespacedTest(confine, a_member_is_signalled_by_another) {
    (void)begin();
    remember(shared->member);
    claim(signal_to(shared->member, SIGTERM) == 0);
    await_end(shared->member);
    finish();
}

NamespacedTest(confine, a_number_that_no_member_had_is_signalled_as_bare) {
    (void)begin();
    remember(301);
    make_stranger(300);
    claim(signal_to(300, 0) == 0);
    finish();
}

NamespacedTest(confine, where_nobody_can_be_told_a_former_number_is_signalled_as_bare) {
    (void)begin();
    remember(300);
    make_stranger(300);
    mount_proc("tmpfs");
    claim(signal_to(300, 0) == 0);
    mount_proc("proc");
    finish();
}
