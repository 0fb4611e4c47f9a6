/* pipes=cloexec: which ends the next exec closes. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "pipes.h"

SUITE(pipes);

static bool closed_by_exec(int fd) {
    int flags = fcntl(fd, F_GETFD);
    cr_assert_geq(flags, 0);
    return (flags & FD_CLOEXEC) != 0;
}

static void close_both(const int *ends) {
    close(ends[0]), close(ends[1]);
}

Test(pipes, exec_closes_both_ends) {
    int ends[2];
    cr_assert_eq(fp_pipes_make(ends, O_NONBLOCK), 0);
    cr_assert(closed_by_exec(ends[0]) && closed_by_exec(ends[1]));
    cr_assert(fcntl(ends[0], F_GETFL) & O_NONBLOCK);
    close_both(ends);
}

Test(pipes, an_end_duplicated_onto_itself_stays_open) {
    int ends[2];
    cr_assert_eq(fp_pipes_make(ends, 0), 0);
    fp_pipes_keep_open(ends[0]);
    cr_assert(!closed_by_exec(ends[0]) && closed_by_exec(ends[1]));
    close_both(ends);
}

Test(pipes, an_end_that_the_program_wants_closed_is_closed) {
    int ends[2];
    cr_assert_eq(fp_pipes_make(ends, 0), 0);
    close_both(ends);
    cr_assert_eq(fp_pipes_make(ends, O_CLOEXEC), 0); // the same numbers
    fp_pipes_keep_open(ends[0]);
    cr_assert(closed_by_exec(ends[0]));
    close_both(ends);
}

Test(pipes, a_file_that_took_the_number_of_an_end_is_left_alone) {
    int ends[2];
    cr_assert_eq(fp_pipes_make(ends, 0), 0);
    close(ends[0]);
    cr_assert_eq(open("/dev/null", O_RDONLY | O_CLOEXEC), ends[0]);
    fp_pipes_keep_open(ends[0]);
    cr_assert(closed_by_exec(ends[0]));
    close_both(ends);
}

Test(pipes, standard_numbers_are_inherited) {
    int ends[2];
    close(STDIN_FILENO);
    cr_assert_eq(fp_pipes_make(ends, 0), 0);
    cr_assert_eq(ends[0], STDIN_FILENO);
    cr_assert(!closed_by_exec(ends[0]) && closed_by_exec(ends[1]));
    dup2(ends[1], STDIN_FILENO); // as many as at the start
    close(ends[1]);
}

Test(pipes, refused_as_by_the_kernel) {
    int ends[2] = {-7, -7};
    struct rlimit usual;
    getrlimit(RLIMIT_NOFILE, &usual);
    const struct rlimit few = {3, usual.rlim_max};
    cr_assert_eq(fp_pipes_make((int *)8, 0), -EFAULT);
    cr_assert_eq(fp_pipes_make(ends, 0x7fff), -EINVAL);
    setrlimit(RLIMIT_NOFILE, &few);
    cr_assert_eq(fp_pipes_make(ends, 0), -EMFILE);
    setrlimit(RLIMIT_NOFILE, &usual);
    cr_assert_eq(ends[0], -7);
    fp_pipes_keep_open(-1);
    fp_pipes_keep_open(1 << 30);
}
