/* Ending what a contained program has left: its members, and nobody who only has their numbers. */
#include "suite.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "point.h"
#include "proc.h"
#include "sweep.h"

SUITE(sweep);

static char path[FP_REGISTER_PATH];
static struct fp_register *reg;

/* In a namespace, with a /proc of its own; skipped where that cannot be had. */
static void begin(void) {
    if (unshare(CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
        mount("proc", "/proc", "proc", 0, NULL) || mount("none", "/tmp", "tmpfs", 0, NULL))
        _exit(EXIT_SKIPPED);
    reg = fp_register_make("/tmp/registers", path);
    claim(reg);
}

static void finish(void) {
    fp_register_close(reg);
    fp_register_remove(path);
}

/* Start times are told in clock ticks; what is told apart by them must not be of the same. */
static void await_next_tick(void) {
    uint64_t now = fp_register_now();
    while (fp_register_now() <= now + 1)
        sched_yield();
}

/* A child whose parent ends at once: it becomes the first process's. */
static void makes_an_orphan(void) {
    fp_register_put(reg, bare_fork(stays), false);
}

static pid_t orphan(void) {
    pid_t pid = 0;
    bare_end(awaited(bare_fork(makes_an_orphan)));
    for (int i = 0; i < FP_REGISTER_ENTRIES && !pid; i++)
        if (fp_entry_alive(reg->entries[i]))
            pid = fp_entry_pid(reg->entries[i]);
    return pid;
}

static bool is_there(pid_t pid) {
    struct fp_proc process;
    return fp_proc_read(pid, &process) && fp_proc_is_alive(&process);
}

NamespacedTest(sweep, children_and_entered_orphans_are_ended) {
    begin();
    pid_t child = bare_fork(stays);
    pid_t left = orphan();
    claim(is_there(child) && is_there(left));
    fp_sweep(reg, path);
    claim(!is_there(child) && !is_there(left));
    finish();
}

static pid_t *newborn;

static void makes_a_newborn(void) {
    *newborn = bare_fork(stays);
}

/* R17: its parent was ended between the fork and the entry. */
NamespacedTest(sweep, orphan_that_nobody_could_enter_is_ended) {
    begin();
    newborn =
        mmap(NULL, sizeof *newborn, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    claim(newborn != MAP_FAILED);
    bare_end(awaited(bare_fork(makes_a_newborn)));
    claim(is_there(*newborn));
    fp_sweep(reg, path);
    claim(!is_there(*newborn));
    finish();
}

/* A newborn that waits for a byte, and what becomes of it then. */
static int starter[2];
static pid_t *next;

static void makes_a_child_and_ends(void) {
    char byte;
    (void)!read(starter[0], &byte, 1);
    *next = bare_fork(stays);
    _exit(0);
}

static void execs(void) {
    char byte, variable[FP_REGISTER_PATH + 40];
    char *const envp[] = {variable, NULL};
    (void)!read(starter[0], &byte, 1);
    snprintf(variable, sizeof variable, "FORKPROOF_GROUP=1:%s", path);
    execle("/bin/sleep", "sleep", "1000", NULL, envp);
    _exit(1);
}

static void makes_one_that_ends(void) {
    *newborn = bare_fork(makes_a_child_and_ends);
}

static void makes_one_that_execs(void) {
    *newborn = bare_fork(execs);
}

static bool has_ended(void) {
    return !is_there(*newborn);
}

static bool has_execed(void) {
    return !fp_proc_has_mapped(*newborn, strrchr(path, '/'));
}

static enum fp_point moment;
static bool (*change)(void);

/* Once. */
static void let_it_go(enum fp_point point) {
    if (point != moment || !change)
        return;
    (void)!write(starter[1], "x", 1);
    while (!change())
        sched_yield();
    change = NULL;
}

static void begin_with_an_orphan(void (*between)(void)) {
    begin();
    newborn =
        mmap(NULL, 2 * sizeof *newborn, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    claim(newborn != MAP_FAILED && pipe(starter) == 0);
    next = newborn + 1;
    bare_end(awaited(bare_fork(between)));
    fp_point_hook = let_it_go;
}

static void finish_with_an_orphan(void) {
    close(starter[0]);
    close(starter[1]);
    finish();
}

/* R17: the list shows nobody who can be told for a member, and a member lives. */
NamespacedTest(sweep, child_of_one_that_ends_once_it_is_listed_is_ended) {
    begin_with_an_orphan(makes_one_that_ends);
    moment = FP_POINT_SWEEP_LISTED;
    change = has_ended;
    fp_sweep(reg, path);
    claim(!change && !is_there(*next));
    finish_with_an_orphan();
}

NamespacedTest(sweep, newborn_that_execs_while_it_is_looked_at_is_ended) {
    begin_with_an_orphan(makes_one_that_execs);
    moment = FP_POINT_SWEEP_LOOKED;
    change = has_execed;
    fp_sweep(reg, path);
    claim(!is_there(*newborn));
    finish_with_an_orphan();
}

static void *stays_too(void *unused) {
    stays();
    return unused;
}

static void stays_with_a_thread(void) {
    pthread_t thread;
    claim(pthread_create(&thread, NULL, stays_too, NULL) == 0);
    *newborn = fp_sys_getpid();
    stays();
}

/* /proc answers for the number of a thread as for that of a process. */
NamespacedTest(sweep, a_thread_of_a_member_is_not_asked_as_well) {
    begin();
    newborn =
        mmap(NULL, sizeof *newborn, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    claim(newborn != MAP_FAILED);
    pid_t child = bare_fork(stays_with_a_thread);
    while (*(volatile pid_t *)newborn != child)
        sched_yield();
    claim(fp_sweep(reg, path).asked == 1);
    claim(!is_there(child));
    finish();
}

NamespacedTest(sweep, a_stranger_with_the_number_of_a_member_is_spared) {
    begin();
    pid_t member = bare_fork(stays);
    fp_register_put(reg, member, false);
    bare_end(member);
    await_next_tick();
    make_stranger(member);
    fp_sweep(reg, path);
    claim(strangers_live());
    finish();
}

NamespacedTest(sweep, a_process_older_than_the_register_is_none_of_its_members) {
    make_stranger(250);
    await_next_tick();
    begin();
    fp_register_put(reg, 250, true);
    fp_sweep(reg, path);
    claim(strangers_live());
    finish();
}

NamespacedTest(sweep, nothing_is_ended_by_an_empty_register) {
    begin();
    make_stranger(260);
    fp_sweep(reg, path);
    claim(strangers_live());
    finish();
}

static void stays_as_another_user(void) {
    claim(setresuid(1, 1, 1) == 0);
    *newborn = fp_sys_getpid();
    stays();
}

NamespacedTest(sweep, one_that_may_not_be_signalled_is_not_waited_for) {
    begin();
    newborn =
        mmap(NULL, sizeof *newborn, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    claim(newborn != MAP_FAILED);
    if (seteuid(2) == 0) { // a plain user has no other one here
        claim(seteuid(0) == 0);
        pid_t other = bare_fork(stays_as_another_user);
        while (*(volatile pid_t *)newborn != other)
            sched_yield();
        uint64_t began = fp_register_now();
        claim(seteuid(2) == 0);
        struct fp_swept swept = fp_sweep(reg, path);
        claim(seteuid(0) == 0);
        claim(swept.asked == 0 && swept.beyond == 1 && is_there(other));
        claim(fp_register_now() - began < 400);
        bare_end(other);
    }
    finish();
}
