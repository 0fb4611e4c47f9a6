/* What is read of /proc without libc: odd names, what is no process, lists, foreign namespaces. */
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "proc.h"

SUITE(core_proc);

#define TAIL " S 17 18 19 0 -1 4194304 1 2 3 4 5 6 7 8 -20 0 3 0 18446744073709551615 1 2 3 1 1\n"

Test(core_proc, a_name_may_hold_anything) {
    static const char *const names[] = {"sleep", "a b", ")", "x) S 1 (y", "two\nlines", "((", ""};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[256];
        struct fp_proc proc;
        int length = snprintf(text, sizeof text, "42 (%s)" TAIL, names[i]);
        cr_assert(fp_proc_parse(text, (size_t)length, &proc), "'%s'", names[i]);
        cr_expect(proc.pid == 42 && proc.ppid == 17 && proc.pgrp == 18 && proc.session == 19);
        cr_expect(proc.state == 'S' && proc.threads == 3);
        cr_expect_eq(proc.start, UINT64_MAX);
    }
}

Test(core_proc, text_that_is_cut_short_is_refused) {
    static const char text[] = "42 (a) S 17 18 19 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 3 0 9";
    struct fp_proc proc;
    cr_assert(fp_proc_parse(text, strlen(text), &proc));
    for (size_t length = 0; length < strlen(text); length++)
        cr_expect_not(fp_proc_parse(text, length, &proc), "%zu", length);
}

Test(core_proc, text_that_is_no_stat_line_is_refused) {
    static const char *const rows[] = {"", ")", "x (a)" TAIL, "1 (a) S x" TAIL, ") 1 (", "1 (a)"};
    struct fp_proc proc;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_not(fp_proc_parse(rows[i], strlen(rows[i]), &proc), "'%s'", rows[i]);
}

Test(core_proc, own_process_is_read_whatever_its_name) {
    struct fp_proc proc;
    prctl(PR_SET_NAME, "o) d\n(d");
    cr_assert(fp_proc_read(getpid(), &proc));
    cr_expect(proc.pid == getpid() && proc.ppid == getppid());
    cr_expect(proc.pgrp == getpgrp() && proc.session == getsid(0));
    cr_expect(fp_proc_is_alive(&proc));
    cr_expect(proc.start > 0);
}

Test(core_proc, zombie_is_not_alive_and_a_reaped_one_is_gone) {
    struct fp_proc proc;
    pid_t pid = bare_zombie();
    cr_assert(fp_proc_read(pid, &proc));
    cr_expect_not(fp_proc_is_alive(&proc));
    bare_end(pid);
    cr_expect_not(fp_proc_read(pid, &proc));
}

static bool lists(struct fp_proc_list *list, pid_t wanted) {
    bool found = false;
    for (pid_t pid; (pid = fp_proc_list_next(list));)
        found |= pid == wanted;
    fp_proc_list_end(list);
    return found;
}

static bool is_child_of_thread(pid_t pid, pid_t tid) {
    struct fp_proc_list list;
    return fp_proc_list_children(&list, getpid(), tid) && lists(&list, pid);
}

/* Needs several fillings of the buffer. */
Test(core_proc, every_child_is_listed) {
    pid_t pids[300];
    struct fp_proc_list list;
    for (size_t i = 0; i < 300; i++)
        pids[i] = bare_fork(stays);
    for (size_t i = 0; i < 300; i++) {
        cr_expect(is_child_of_thread(pids[i], getpid()));
        cr_expect(fp_proc_list_all(&list) && lists(&list, pids[i]));
    }
    for (size_t i = 0; i < 300; i++)
        bare_end(pids[i]);
    cr_assert_not(is_child_of_thread(pids[0], getpid()));
}

static pid_t thread, child;
static bool is_listed;

static void fork_in_thread(void) {
    struct fp_proc_list list;
    thread = gettid();
    child = bare_fork(stays);
    is_listed = fp_proc_list_threads(&list, getpid()) && lists(&list, thread) &&
                is_child_of_thread(child, thread) && !is_child_of_thread(child, getpid());
}

Test(core_proc, children_are_listed_under_the_thread_that_made_them) {
    in_thread(fork_in_thread);
    cr_assert(is_listed);
    bare_end(child);
}

Test(core_proc, what_is_not_there_lists_nothing) {
    struct fp_proc_list list;
    pid_t pid = bare_zombie();
    bare_end(pid);
    cr_expect_not(fp_proc_list_threads(&list, pid));
    cr_expect_not(fp_proc_list_children(&list, pid, pid));
}

Test(core_proc, own_proc_is_ours) {
    cr_assert(fp_proc_is_ours());
}

/* Pid namespaces as they come from unshare and clone: /proc is still that of the parent's. */
NamespacedTest(core_proc, proc_of_another_namespace_is_not_ours) {
    claim(!fp_proc_is_ours());
}

static pid_t held_pid(int pidfd, pid_t pid) {
    pid_t seen = fp_proc_of_pidfd(pidfd);
    bare_end(pid);
    return seen;
}

Test(core_proc, pidfd_names_its_process_until_it_is_reaped) {
    pid_t pid = bare_fork(stays);
    int pidfd = fp_sys_pidfd_open(pid, 0);
    cr_expect_eq(held_pid(pidfd, pid), pid);
    cr_expect_eq(fp_proc_of_pidfd(pidfd), 0);
    close(pidfd);
    cr_expect_eq(fp_proc_of_pidfd(pidfd), 0);
    cr_expect_eq(fp_proc_of_pidfd(STDIN_FILENO), 0);
    cr_expect_eq(fp_proc_of_pidfd(-1), 0);
}

NamespacedTest(core_proc, own_proc_of_an_own_namespace_is_ours) {
    mount_proc("proc");
    claim(fp_proc_is_ours());
}

NamespacedTest(core_proc, empty_proc_is_not_ours_and_lists_nothing) {
    struct fp_proc proc;
    struct fp_proc_list list;
    mount_proc("tmpfs");
    claim(!fp_proc_is_ours());
    claim(!fp_proc_read(getpid(), &proc));
    claim(fp_proc_list_all(&list) && !lists(&list, getpid()));
    umount2("/proc", MNT_DETACH);
}
