/* What is stuck, and told: of real processes. */
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/syscall.h>

#include "clone.h"
#include "waits_stage.h"

TestSuite(waits, .timeout = 60, .init = set_up, .fini = tear_down);

static char *told(void) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fp_cycle_tell(out, &second, &cycles.at[0]);
    fclose(out);
    return text;
}

static char *drawn(bool utf8) {
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    fp_cycle_draw(out, &second, &cycles.at[0], utf8);
    fclose(out);
    return text;
}

static void expect_told(const char *expected) {
    char *text = told();
    cr_expect_eq(cycles.count, 1);
    cr_expect_str_eq(text, expected);
    free(text);
}

#define EXPECT_TOLD(...)                                                                           \
    do {                                                                                           \
        char expected_[1024];                                                                      \
        snprintf(expected_, sizeof expected_, __VA_ARGS__);                                        \
        expect_told(expected_);                                                                    \
    } while (0)

Test(waits, two_that_fill_each_others_pipes) {
    play("cat", two_pipes);
    find_cycle();
    const pid_t *pids = shared->pids;
    const struct fp_cycle *cycle = &cycles.at[0];
    cr_expect(cycle->is_ring && cycle->chain == 2 && cycle->process_count == 2);
    cr_expect(!cycle->by_name && !cycle->by_signal);
    EXPECT_TOLD("cat (%d) waits to write pipe:[%lu], which is full (%ld bytes) and which only "
                "filter (%d) reads; filter (%d) waits to write pipe:[%lu], which is full (%ld "
                "bytes) and which only cat (%d) reads: neither can go on",
                pids[0], shared->inodes[0], shared->sizes[0], pids[1], pids[1], shared->inodes[1],
                shared->sizes[1], pids[0]);
    cr_expect_eq(second.waits[cycle->waits[0]].capacity, shared->sizes[0]);
}

Test(waits, a_ring_is_drawn) {
    play("cat", two_pipes);
    find_cycle();
    char expected[1024], *text = drawn(false);
    const pid_t *pids = shared->pids;
    snprintf(expected, sizeof expected,
             "+-> cat (%d)\n|     | waits to write\n|     v\n|   pipe:[%lu], full, %ld bytes\n"
             "|     | read only by\n|     v\n|   filter (%d)\n|     | waits to write\n|     v\n"
             "|   pipe:[%lu], full, %ld bytes\n|     | read only by\n|     v\n+-----+\n",
             pids[0], shared->inodes[0], shared->sizes[0], pids[1], shared->inodes[1],
             shared->sizes[1]);
    cr_expect_str_eq(text, expected);
    free(text);
    text = drawn(true);
    cr_expect(strstr(text, "┌─▶ cat (") == text && strstr(text, "│     ▼\n└─────┘\n"), "%s", text);
    free(text);
}

Test(waits, a_reader_that_holds_its_own_writing_end) {
    play("reader", own_writing_end);
    find_cycle();
    cr_expect(cycles.at[0].is_ring && cycles.at[0].chain == 1);
    EXPECT_TOLD(
        "reader (%d) waits to read pipe:[%lu], which is empty and which only reader (%d) itself "
        "can write: it cannot go on",
        shared->pids[0], shared->inodes[0], shared->pids[0]);
}

static void with_a_watcher(void) {
    char path[32];
    int ends[2];
    make_pipe(ends, 0);
    if (begin("watcher") == 0) {
        snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
        (void)!open(path, O_PATH);
        close(ends[0]), close(ends[1]);
        poll(NULL, 0, INT_MAX);
    }
    for (;;)
        (void)!write(ends[1], buffer, 4096);
}

Test(waits, a_descriptor_that_is_only_a_path_holds_nothing) {
    play("writer", with_a_watcher);
    find_cycle();
    EXPECT_TOLD("writer (%d) waits to write pipe:[%lu], which is full (%ld bytes) and which only "
                "writer (%d) itself reads: it cannot go on",
                shared->pids[0], shared->inodes[0], shared->sizes[0], shared->pids[0]);
}

static void held_by_grandchild(void) {
    int ends[2];
    make_pipe(ends, 0);
    pid_t child = begin("child");
    if (child == 0) {
        pid_t grandchild = begin("grandchild");
        if (grandchild == 0) {
            prctl(PR_SET_PDEATHSIG, 0);
            shared->pids[1] = getpid();
            close(ends[0]);
            for (;;)
                pause();
        }
        while (shared->pids[1] == 0)
            sched_yield();
        _exit(0);
    }
    close(ends[1]);
    waitpid(child, NULL, 0);
    (void)!read(ends[0], buffer, 64);
}

Test(waits, a_grandchild_that_holds_the_pipe) {
    play("parent", held_by_grandchild);
    find_cycle();
    cr_expect(cycles.at[0].by_signal && !cycles.at[0].is_ring && cycles.at[0].chain == 2);
    EXPECT_TOLD("parent (%d) waits to read pipe:[%lu], which is empty and which only grandchild "
                "(%d) can write; grandchild (%d) waits for a signal: neither can go on unless a "
                "signal comes",
                shared->pids[0], shared->inodes[0], shared->pids[1], shared->pids[1]);
    char *text = drawn(false);
    cr_expect(strstr(text, "    grandchild (") && strstr(text, "      v\n    a signal\n"), "%s",
              text);
    free(text);
}

static void lock(int fd, bool is_flock) {
    struct flock range = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    (void)!(is_flock ? flock(fd, LOCK_EX) : fcntl(fd, F_OFD_SETLKW, &range));
}

static void locks(bool is_flock) {
    int a = memfd_create("a", 0), b = memfd_create("b", 0);
    shared->pids[1] = begin("second");
    bool is_first = shared->pids[1] != 0;
    if (!is_first)
        shared->pids[1] = getpid();
    int own = reopen(is_first ? a : b), others = reopen(is_first ? b : a);
    lock(own, is_flock);
    shared->ready++;
    while (shared->ready < 2)
        sched_yield();
    lock(others, is_flock);
}

static void flocks(void) {
    locks(true);
}

static void ofd_locks(void) {
    locks(false);
}

static void expect_locks(void) {
    const pid_t *pids = shared->pids;
    find_cycle();
    cr_expect(cycles.at[0].is_ring && cycles.at[0].chain == 2);
    EXPECT_TOLD("first (%d) waits to lock /memfd:b (deleted), which is locked by second (%d); "
                "second (%d) waits to lock /memfd:a (deleted), which is locked by first (%d): "
                "neither can go on",
                pids[0], pids[1], pids[1], pids[0]);
}

Test(waits, two_flocks_crossed) {
    play("first", flocks);
    expect_locks();
}

Test(waits, two_locks_of_open_files_crossed) {
    play("first", ofd_locks);
    expect_locks();
}

static void lone_fifo(void) {
    if ((shared->pids[1] = begin("opener")) == 0) {
        shared->pids[1] = getpid();
        (void)!open(shared->path, O_RDONLY);
        _exit(0);
    }
    waitpid(shared->pids[1], NULL, 0);
}

Test(waits, a_fifo_that_nobody_writes) {
    make_fifo("fifo");
    play("parent", lone_fifo);
    find_cycle();
    cr_expect(cycles.at[0].by_name && !cycles.at[0].by_signal);
    EXPECT_TOLD("opener (%d) waits to open fifo %s for reading, which nobody has open for writing; "
                "parent (%d) waits for its child opener (%d) to end: neither can go on unless "
                "somebody opens the fifo",
                shared->pids[1], shared->path, shared->pids[0], shared->pids[1]);
    remove_fifo();
}

/* Each reads what the one before it would write. */
static void three(void) {
    int pipes[3][2];
    for (int i = 0; i < 3; i++)
        make_pipe(pipes[i], i);
    int me = 0;
    if ((shared->pids[1] = begin("two")) == 0)
        me = 1;
    else if ((shared->pids[2] = begin("three")) == 0)
        me = 2;
    shared->pids[me] = getpid();
    for (int i = 0; i < 3; i++) {
        if (i != me)
            close(pipes[i][0]);
        if (i != (me + 1) % 3)
            close(pipes[i][1]);
    }
    (void)!read(pipes[me][0], buffer, 1);
}

Test(waits, three_in_a_ring) {
    play("one", three);
    find_cycle();
    const pid_t *p = shared->pids;
    const unsigned long *n = shared->inodes;
    cr_expect(cycles.at[0].is_ring && cycles.at[0].chain == 3);
    EXPECT_TOLD("one (%d) waits to read pipe:[%lu], which is empty and which only three (%d) can "
                "write; three (%d) waits to read pipe:[%lu], which is empty and which only two "
                "(%d) can write; two (%d) waits to read pipe:[%lu], which is empty and which only "
                "one (%d) can write: none of them can go on",
                p[0], n[0], p[2], p[2], n[2], p[1], p[1], n[1], p[0]);
}

/* Two wait for each other; one of them also for a third, which waits for the other. */
static void tail_and_ring(void) {
    int full[2], two[2], one[2];
    make_pipe(full, 0);
    make_pipe(two, 1);
    make_pipe(one, 2);
    if (begin("tail") == 0) {
        close(full[0]), close(two[0]), close(one[0]), close(one[1]);
        for (;;)
            (void)!write(full[1], buffer, 4096);
    }
    bool is_second = begin("second") == 0;
    close(full[1]), close(is_second ? two[1] : two[0]), close(is_second ? one[0] : one[1]);
    if (!is_second)
        close(full[0]);
    (void)!read(is_second ? two[0] : one[0], buffer, 1);
}

Test(waits, a_tail_comes_after_its_ring) {
    play("first", tail_and_ring);
    find_cycle();
    const struct fp_cycle *cycle = &cycles.at[0];
    cr_assert(cycle->is_ring && cycle->chain == 2 && cycle->wait_count == 3);
    cr_expect_eq(cycle->process_count, 3);
    const char *names[3];
    for (int i = 0; i < 3; i++)
        names[i] = second.processes[second.waits[cycle->waits[i]].process].name;
    cr_expect_str_eq(names[0], "second");
    cr_expect_str_eq(names[1], "first");
    cr_expect_str_eq(names[2], "tail");
    char *text = drawn(false);
    cr_expect(strstr(text, "+-----+\n    and tail ("), "%s", text);
    free(text);
}

static void wait_for_reader(void) {
    int ends[2];
    make_pipe(ends, 0);
    if ((shared->pids[1] = begin("child")) == 0) {
        shared->pids[1] = getpid();
        close(ends[1]);
        (void)!read(ends[0], buffer, 1);
        _exit(0);
    }
    close(ends[0]);
    waitpid(-1, NULL, 0);
}

Test(waits, a_wait_for_a_child_that_waits_for_us) {
    play("parent", wait_for_reader);
    find_cycle();
    cr_expect(cycles.at[0].is_ring && cycles.at[0].chain == 2);
    EXPECT_TOLD(
        "child (%d) waits to read pipe:[%lu], which is empty and which only parent (%d) can "
        "write; parent (%d) waits for its child child (%d) to end: neither can go on",
        shared->pids[1], shared->inodes[0], shared->pids[0], shared->pids[0], shared->pids[1]);
}

static void futex_wait(int *word) {
    syscall(SYS_futex, word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, *word, NULL);
}

static void lock_of_a_thread_that_is_gone(void) {
    static int word;
    if ((shared->pids[1] = begin("child")) == 0) {
        shared->pids[1] = getpid();
        futex_wait(&word);
        _exit(0);
    }
    waitpid(shared->pids[1], NULL, 0);
}

Test(waits, a_lock_that_no_thread_can_release) {
    play("parent", lock_of_a_thread_that_is_gone);
    for (find_cycle(); count_stuck(&second) < 2; find_cycle())
        fp_cycles_free(&cycles); /* the parent has not come to its wait */
    EXPECT_TOLD("child (%d) waits for a lock in its own memory, and has no other thread to release "
                "it: it cannot go on",
                shared->pids[1]);
}

static void vfork_of_reader(void) {
    static int ends[2];
    make_pipe(ends, 0);
    /* As vfork, but that the child may call what it likes: with memory of its own. */
    if (fp_clone_by(CLONE_VFORK | SIGCHLD, NULL, NULL) == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_NAME, "child");
        close(ends[1]);
        (void)!read(ends[0], buffer, 1);
        _exit(0);
    }
}

Test(waits, a_vfork_whose_child_waits_for_us) {
    play("parent", vfork_of_reader);
    find_cycle();
    char *text = told();
    cr_expect(strstr(text, "parent (") && strstr(text, ") to exec or end: neither can go on"), "%s",
              text);
    free(text);
}

Test(waits, names_are_escaped) {
    make_fifo("a\n\x1b[2Jb");
    play("x\x1b]0;\n\x9b", lone_fifo);
    find_cycle();
    char *text = told(), *drawing = drawn(true);
    for (const char *at = text; *at; at++)
        cr_expect((unsigned char)*at >= 0x20 && (unsigned char)*at < 0x7f, "%d", *at);
    cr_expect(strstr(text, "a\\n\\x1b[2Jb for reading") && strstr(text, "x\\x1b]0;\\n\\x9b ("),
              "%s", text);
    cr_expect_null(strchr(drawing, '\x1b'));
    free(text);
    free(drawing);
    remove_fifo();
}
