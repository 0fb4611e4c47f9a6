/* The lines of the shim: their text, and that none of them harms the program. */
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "say.h"

SUITE(say);

static char text[1024], expected[1024];
static char far_too_long[1000];

/* --- the text --- */

static void say_every_kind(void) {
    fp_say(fp_words("a "), fp_number(0), fp_words(" "), fp_number(-2147483647 - 1), fp_words(" '"),
           fp_foreign("b\n\033[31m\177c\xc3\xa4", 11), fp_words("'"));
}

Test(say, line_of_every_kind_of_piece) {
    said_during(say_every_kind, text, sizeof text);
    cr_assert_str_eq(text, "forkproof: a 0 -2147483648 'b??[31m?c\xc3\xa4'\n");
}

static void say_self(void) {
    fp_say(fp_self(), fp_words(": x"));
}

Test(say, program_is_named_without_control_characters) {
    prctl(PR_SET_NAME, "odd] \nname");
    said_during(say_self, text, sizeof text);
    snprintf(expected, sizeof expected, "forkproof: odd] ?name[%d]: x\n", (int)getpid());
    cr_assert_str_eq(text, expected);
}

static void say_too_much_of_others(void) {
    fp_say(fp_foreign(far_too_long, sizeof far_too_long), fp_words("'"));
}

static void say_too_much_of_ours(void) {
    fp_say(fp_words(far_too_long), fp_number(1));
}

Test(say, overlong_line_stays_one_line) {
    memset(far_too_long, 'x', sizeof far_too_long - 1);
    cr_expect_eq(said_during(say_too_much_of_others, text, sizeof text),
                 strlen("forkproof: '\n") + FP_FOREIGN_SIZE);
    cr_expect_eq(text[strlen(text) - 2], '\'');
    cr_expect_eq(said_during(say_too_much_of_ours, text, sizeof text), FP_LINE_SIZE);
    cr_expect_eq(text[FP_LINE_SIZE - 1], '\n');
}

static void say_verbosely(void) {
    fp_say_verbose(fp_words("x"));
}

Test(say, verbose_line_only_with_the_option) {
    cr_expect_eq(said_during(say_verbosely, text, sizeof text), 0);
    fp_settings.options.verbose = 1;
    cr_expect_eq(said_during(say_verbosely, text, sizeof text), strlen("forkproof: x\n"));
}

/* --- no harm --- */

/* Any signal of the ones that a write can raise would end or stop us here. */
static void say_to(int fd) {
    int kept = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    errno = ENOTTY;
    say_every_kind();
    int error = errno;
    dup2(kept, STDERR_FILENO);
    close(kept);
    cr_expect_eq(error, ENOTTY);
}

Test(say, nobody_at_the_other_end) {
    int ends[2];
    (void)!pipe(ends);
    close(ends[0]);
    say_to(ends[1]);
    close(ends[1]);
}

/* Found out only by the write. */
static int socket_that_takes_nothing(int ends[2]) {
    (void)!socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    shutdown(ends[0], SHUT_RD);
    return ends[1];
}

static bool is_pending(int signal) {
    sigset_t set;
    sigpending(&set);
    return sigismember(&set, signal);
}

static bool is_blocked(int signal) {
    sigset_t set;
    sigprocmask(SIG_BLOCK, NULL, &set);
    return sigismember(&set, signal);
}

Test(say, broken_pipe_raises_no_signal) {
    int ends[2];
    say_to(socket_that_takes_nothing(ends));
    cr_expect_not(is_blocked(SIGPIPE));
    close(ends[0]), close(ends[1]);
}

Test(say, signal_of_the_programs_own_write_stays_pending) {
    int ends[2];
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    sigprocmask(SIG_BLOCK, &set, NULL);
    cr_assert_lt(write(socket_that_takes_nothing(ends), "x", 1), 0);
    cr_assert(is_pending(SIGPIPE));
    say_to(ends[1]);
    cr_expect(is_pending(SIGPIPE));
    cr_expect(is_blocked(SIGPIPE));
    close(ends[0]), close(ends[1]);
}

Test(say, file_at_its_limit_raises_no_signal) {
    char name[] = "/tmp/forkproof-say-XXXXXX";
    struct rlimit limit = {1, 1};
    int fd = mkstemp(name);
    unlink(name);
    cr_assert_eq(write(fd, "x", 1), 1);
    setrlimit(RLIMIT_FSIZE, &limit);
    say_to(fd);
    cr_expect_not(is_pending(SIGXFSZ));
    close(fd);
}

Test(say, full_pipe_does_not_block) {
    int ends[2];
    (void)!pipe2(ends, O_NONBLOCK);
    while (write(ends[1], far_too_long, sizeof far_too_long) > 0)
        ;
    fcntl(ends[1], F_SETFL, 0);
    alarm(20);
    say_to(ends[1]);
    close(ends[0]), close(ends[1]);
}

Test(say, closed_stderr) {
    int kept = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    say_every_kind();
    dup2(kept, STDERR_FILENO);
    close(kept);
}

/* --- a background job on a terminal that stops those that write (stty tostop) --- */

static int terminal;

static void speak_in_the_background(void) {
    setpgid(0, 0);
    dup2(terminal, STDERR_FILENO);
    say_every_kind();
}

static void write_in_the_background(void) {
    setpgid(0, 0);
    (void)!write(terminal, "x", 1);
}

static bool is_stopped(pid_t pid) {
    int status = 0;
    waitpid(pid, &status, WUNTRACED);
    if (!WIFSTOPPED(status))
        return false;
    bare_end(pid);
    return true;
}

static void lead_a_session(void) {
    struct termios modes;
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    claim(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    setsid();
    terminal = open(ptsname(master), O_RDWR);
    claim(terminal >= 0 && tcgetpgrp(terminal) == getpid());
    tcgetattr(terminal, &modes);
    modes.c_lflag |= TOSTOP;
    tcsetattr(terminal, TCSANOW, &modes);
    claim(is_stopped(bare_fork(write_in_the_background)));
    claim(!is_stopped(bare_fork(speak_in_the_background)));
    claim(read(master, text, sizeof text) > 0 && strncmp(text, "forkproof: a 0", 14) == 0);
}

Test(say, background_job_is_not_stopped) {
    int status = -1;
    pid_t pid = bare_fork(lead_a_session);
    waitpid(pid, &status, 0);
    cr_assert_eq(status, 0);
}
