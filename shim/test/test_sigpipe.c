/* sigpipe=epipe: ours in the default's place, told apart from the program's own. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sigpipe.h"
#include "sys.h"

SUITE(sigpipe);

static void handler(int number) {
    (void)number;
}

static struct fp_sys_action kernels(void) {
    struct fp_sys_action action = {0};
    (void)fp_sys_sigaction(SIGPIPE, NULL, &action);
    return action;
}

static void start_with(void (*disposition)(int)) {
    const struct sigaction action = {.sa_handler = disposition};
    sigaction(SIGPIPE, &action, NULL);
}

static int errno_of_a_write_to_nobody(void) {
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    errno = 0;
    (void)!write(ends[1], "x", 1);
    int error = errno;
    close(ends[1]);
    return error;
}

Test(sigpipe, ours_takes_the_place_of_the_default) {
    start_with(SIG_DFL);
    cr_assert_not(fp_sigpipe_stands());
    fp_sigpipe_replace(SIG_DFL);
    cr_assert(fp_sigpipe_stands());
    cr_assert_eq(errno_of_a_write_to_nobody(), EPIPE);
}

Test(sigpipe, what_the_program_set_is_left_alone_and_not_taken_for_ours) {
    void (*const own[])(int) = {SIG_IGN, handler};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        start_with(own[i]);
        fp_sigpipe_replace(SIG_DFL);
        cr_expect_not(fp_sigpipe_stands());
        cr_expect_not(fp_sigpipe_disarm());
        cr_expect_eq(kernels().handler, own[i]);
    }
}

Test(sigpipe, the_next_image_gets_the_default_back) {
    start_with(SIG_DFL);
    fp_sigpipe_replace(SIG_DFL);
    cr_assert(fp_sigpipe_disarm());
    cr_assert_eq(kernels().handler, SIG_DFL);
    cr_assert_not(fp_sigpipe_disarm());
    fp_sigpipe_replace(SIG_DFL);
    cr_assert(fp_sigpipe_stands());
}

/* Two processes with one memory, each with dispositions of its own. */
Test(sigpipe, a_child_that_shares_our_memory_has_its_own) {
    start_with(SIG_DFL);
    fp_sigpipe_replace(SIG_DFL);
    int status = 0;
    pid_t pid = vfork();
    if (pid == 0)
        _exit(fp_sigpipe_disarm() && !fp_sigpipe_stands() ? 0 : 1);
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert_eq(status, 0);
    cr_assert(fp_sigpipe_stands());
}

static void (*set_by_number(void (*wanted)(int)))(int) {
    const struct fp_sys_action action = {.handler = wanted, .flags = SA_RESTART, .mask = 2};
    struct fp_sys_action old = {.mask = 1};
    cr_assert_eq(fp_sigpipe_action(&action, &old, sizeof old.mask), 0);
    cr_assert(old.handler != SIG_DFL || old.mask == 0, "the mark is shown");
    return old.handler;
}

Test(sigpipe, by_number_the_program_sees_what_it_sets) {
    start_with(SIG_DFL);
    fp_sigpipe_replace(SIG_DFL);
    cr_assert_eq(set_by_number(handler), SIG_DFL);
    cr_assert_eq(set_by_number(SIG_DFL), handler);
    cr_assert(fp_sigpipe_stands());
    cr_assert_eq(kernels().flags & SA_RESTART, SA_RESTART);
    cr_assert_eq(set_by_number(SIG_IGN), SIG_DFL);
    cr_assert_not(fp_sigpipe_stands());
    cr_assert_eq(set_by_number(SIG_DFL), SIG_IGN);
}

Test(sigpipe, by_number_bad_calls_are_refused_as_by_the_kernel) {
    const struct fp_sys_action action = {.handler = SIG_DFL};
    struct fp_sys_action old;
    void *bad = (void *)(uintptr_t)8;
    start_with(handler);
    cr_assert_eq(fp_sigpipe_action(&action, &old, 4), -EINVAL);
    cr_assert_eq(fp_sigpipe_action(bad, &old, 8), -EFAULT);
    cr_assert_eq(kernels().handler, handler);
    cr_assert_eq(fp_sigpipe_action(NULL, NULL, 8), 0);
    cr_assert_eq(fp_sigpipe_action(&action, bad, 8), -EFAULT);
    cr_assert(fp_sigpipe_stands(), "set before its answer could not be written, as bare");
}
