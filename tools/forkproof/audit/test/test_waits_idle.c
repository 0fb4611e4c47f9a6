/* Who waits but can go on: nothing must be found. */
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "waits_stage.h"

TestSuite(waits_idle, .timeout = 60, .init = set_up, .fini = tear_down);

static bool is_asleep(const struct fp_waits *waits) {
    for (size_t i = 0; i < waits->wait_count; i++)
        if (waits->waits[i].state != 'S')
            return false;
    return true;
}

/* Looks until so many threads are there and sleep for good. */
static void settle(size_t threads) {
    do {
        sched_yield();
        next_look();
    } while (shared->ready < (int)threads || first.wait_count != threads ||
             second.wait_count != threads || !is_asleep(&first) || !is_asleep(&second) ||
             switches(&first) != switches(&second));
    cr_assert_eq(fp_waits_cycles(&first, &second, &cycles), 0);
}

static void sleep_elsewhere(void) {
    shared->ready++;
    poll(NULL, 0, INT_MAX);
}

static void reader_of_a_busy_one(void) {
    int ends[2];
    make_pipe(ends, 0);
    if (begin("writer") == 0) {
        close(ends[0]);
        sleep_elsewhere();
    }
    close(ends[1]);
    shared->ready++;
    (void)!read(ends[0], buffer, 1);
}

Test(waits_idle, a_writer_that_is_at_something_else) {
    play("reader", reader_of_a_busy_one);
    settle(2);
    cr_expect_eq(cycles.count, 0);
    cr_expect_eq(count_stuck(&second), 0);
}

/* Two pipes as in a deadlock; but a third has one of the ends, too. */
static void with_a_third(void) {
    int a[2], b[2];
    make_pipe(a, 0);
    make_pipe(b, 1);
    if (begin("third") == 0)
        sleep_elsewhere();
    bool is_child = begin("second") == 0;
    close(is_child ? a[1] : b[1]);
    shared->ready++;
    (void)!read(is_child ? a[0] : b[0], buffer, 1);
}

Test(waits_idle, a_third_that_could_write) {
    play("first", with_a_third);
    settle(3);
    cr_expect_eq(cycles.count, 0);
    cr_expect_eq(count_stuck(&second), 0);
}

/* The only writing end is in the queue of a socket. */
static void end_on_its_way(void) {
    int ends[2], sockets[2];
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {.header = {CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}};
    struct iovec byte = {buffer, 1};
    struct msghdr message = {.msg_iov = &byte,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof control};
    make_pipe(ends, 0);
    socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
    memcpy(CMSG_DATA(&control.header), &ends[1], sizeof(int));
    if (sendmsg(sockets[0], &message, 0) != 1)
        _exit(1);
    close(ends[1]);
    shared->ready++;
    (void)!read(ends[0], buffer, 1);
}

Test(waits_idle, a_writing_end_that_is_not_seen) {
    play("reader", end_on_its_way);
    settle(1);
    cr_expect_eq(cycles.count, 0);
    cr_expect_eq(count_stuck(&second), 0);
    cr_expect_eq(second.waits[0].kind, FP_WAIT_READ);
}

static void reader_of_the_test(void) {
    close(shared->given[1]);
    bool is_child = begin("child") == 0;
    shared->ready++;
    if (is_child)
        (void)!read(shared->given[0], buffer, 1);
    else
        waitpid(-1, NULL, 0);
}

Test(waits_idle, a_pipe_that_somebody_outside_holds) {
    (void)!pipe(shared->given);
    play("parent", reader_of_the_test);
    settle(2);
    cr_expect_eq(cycles.count, 0);
    cr_expect_eq(count_stuck(&second), 0);
    close(shared->given[1]);
    close(shared->given[0]);
}

static void *other_thread(void *data) {
    (void)data;
    sleep_elsewhere();
    return NULL;
}

static void with_a_free_thread(void) {
    int ends[2];
    pthread_t thread;
    make_pipe(ends, 0);
    pthread_create(&thread, NULL, other_thread, NULL);
    shared->ready++;
    (void)!read(ends[0], buffer, 1);
}

Test(waits_idle, a_thread_that_could_write) {
    play("reader", with_a_free_thread);
    settle(2);
    cr_expect_eq(cycles.count, 0);
    cr_expect_eq(count_stuck(&second), 0);
}

static void parent_of_an_idle_one(void) {
    bool is_child = begin("daemon") == 0;
    shared->ready++;
    if (is_child)
        ppoll(NULL, 0, NULL, NULL);
    waitpid(-1, NULL, 0);
}

Test(waits_idle, a_daemon_that_waits_for_signals) {
    play("parent", parent_of_an_idle_one);
    settle(2);
    cr_expect_eq(cycles.count, 0);
    cr_expect_eq(count_stuck(&second), 2);
}

static void opener_beside_a_busy_one(void) {
    bool is_child = begin("opener") == 0;
    shared->ready++;
    if (is_child)
        (void)!open(shared->path, O_WRONLY);
    poll(NULL, 0, INT_MAX);
}

Test(waits_idle, a_fifo_that_another_may_open) {
    make_fifo("fifo");
    play("parent", opener_beside_a_busy_one);
    settle(2);
    cr_expect_eq(cycles.count, 0);
    cr_expect_eq(count_stuck(&second), 0);
    cr_expect(second.waits[0].kind == FP_WAIT_OPEN_WRITE ||
              second.waits[1].kind == FP_WAIT_OPEN_WRITE);
    remove_fifo();
}

static void fifo_for_strangers(void) {
    int fd = open(shared->path, O_RDWR);
    shared->ready++;
    (void)!read(fd, buffer, 1);
}

Test(waits_idle, a_fifo_kept_open_for_strangers) {
    make_fifo("fifo");
    play("server", fifo_for_strangers);
    settle(1);
    cr_expect_eq(cycles.count, 0);
    cr_expect_eq(count_stuck(&second), 0);
    remove_fifo();
}

static void lock_of_a_busy_one(void) {
    int a = memfd_create("a", 0), own = reopen(a);
    bool is_child = begin("second") == 0;
    if (is_child) {
        close(own);
        own = reopen(a);
        while (shared->ready < 1)
            sched_yield();
        shared->ready++;
        flock(own, LOCK_EX);
        _exit(0);
    }
    flock(own, LOCK_EX);
    close(a);
    sleep_elsewhere();
}

Test(waits_idle, a_lock_whose_holder_is_at_something_else) {
    play("first", lock_of_a_busy_one);
    settle(2);
    cr_expect_eq(cycles.count, 0);
    cr_expect_eq(count_stuck(&second), 0);
    cr_expect(second.waits[0].kind == FP_WAIT_LOCK || second.waits[1].kind == FP_WAIT_LOCK);
}

static void ping_pong(void) {
    int a[2], b[2];
    make_pipe(a, 0);
    make_pipe(b, 1);
    bool is_child = begin("pong") == 0;
    close(is_child ? a[1] : b[1]), close(is_child ? b[0] : a[0]);
    if (!is_child)
        (void)!write(a[1], "x", 1);
    shared->ready++;
    while (read(is_child ? a[0] : b[0], buffer, 1) == 1)
        (void)!write(is_child ? b[1] : a[1], buffer, 1);
}

/* At any moment one of them is asleep, and often both seem to be. */
Test(waits_idle, two_that_are_busy_with_each_other) {
    play("ping", ping_pong);
    while (shared->ready < 2)
        sched_yield();
    next_look();
    for (int i = 0; i < 100; i++) {
        next_look();
        cr_assert_eq(fp_waits_cycles(&first, &second, &cycles), 0);
        cr_assert_eq(cycles.count, 0);
        cr_assert_eq(count_stuck(&second), 0);
    }
}
