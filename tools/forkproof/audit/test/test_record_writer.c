/* The writer among processes: forks, deaths in the middle, no room, and memory that others write.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record_support.h"

TestSuite(record_writer, .timeout = 60);

static const struct fp_record_process *process_of(const struct fp_record *record, pid_t pid) {
    const struct fp_record_process *found = NULL;
    for (size_t i = 0; i < fp_record_process_count(record); i++)
        if (fp_record_process(record, i)->pid == pid) {
            cr_assert_null(found);
            found = fp_record_process(record, i);
        }
    cr_assert_not_null(found);
    return found;
}

static void kill_once(int signal) {
    struct fp_audit_kill kill = {.target = 1, .signal = signal};
    fp_log_kill(&kill, NULL);
}

static uint64_t used_chunks(int fd) {
    uint64_t used;
    cr_assert_eq(pread(fd, &used, sizeof used, offsetof(struct fp_audit_head, used)), 8);
    return (used - FP_AUDIT_HEAD) / FP_AUDIT_CHUNK;
}

/* --- forks --- */

static pid_t grandchild;

static void fork_again(void) {
    fp_log_child();
    kill_once(2);
    fp_log_prepare();
    pid_t child = fork();
    if (child == 0) {
        fp_log_child();
        kill_once(3);
        _exit(0);
    }
    fp_log_fork(FP_FORKED_FORK, child, NULL);
    waitpid(child, NULL, 0);
}

Test(record_writer, a_forked_child_has_a_chunk_of_its_own_and_a_starter) {
    int fd = write_record(8);
    fp_log_image(NULL);
    fp_log_mappings();
    cr_assert_eq(in_child(fork_again), 0);
    cr_assert_eq(used_chunks(fd), 3);
    struct fp_record *record = read_record(fd);
    cr_assert_eq(fp_record_losses(record)->damaged, 0);
    cr_assert_eq(fp_record_process_count(record), 3);
    const struct fp_record_process *self = process_of(record, getpid());
    cr_assert(self->starter == FP_RECORD_NONE && self->start > 0);
    cr_assert_eq(fp_record_event(record, self->image).kind, FP_AUDIT_IMAGE);
    for (size_t i = 0; i < fp_record_event_count(record); i++) {
        struct fp_record_event event = fp_record_event(record, i);
        size_t mappings = fp_record_mappings(record, i, NULL, 0);
        cr_assert_eq(mappings, count_kind(record, FP_AUDIT_MAPPING), "inherited over fork");
        if (event.kind == FP_AUDIT_FORK)
            grandchild = event.fork->child;
    }
    const struct fp_record_process *last = process_of(record, grandchild);
    const struct fp_record_process *middle = fp_record_process(record, last->starter);
    cr_assert_eq(middle->starter, fp_record_event(record, self->image).process);
    cr_assert(middle->parent == getpid() && last->parent == middle->pid);
    fp_record_close(record);
}

/* A program that does nothing is soon over: what it has mapped is not asked for. */
Test(record_writer, mappings_and_start_are_written_before_the_first_stack) {
    struct fp_here here;
    int fd = write_record(8);
    fp_here_take(&here);
    fp_log_image(NULL);
    fp_log_mappings_due();
    kill_once(1);
    struct fp_record *record = read_record(fd);
    cr_assert_eq(count_kind(record, FP_AUDIT_MAPPING), 0);
    cr_assert_eq(process_of(record, getpid())->start, 0);
    fp_record_close(record);
    for (int i = 0; i < 2; i++)
        fp_log_fork(FP_FORKED_FORK, 7, &here);
    record = read_record(fd);
    size_t last = fp_record_event_count(record) - 1,
           count = fp_record_mappings(record, last, NULL, 0);
    if (fp_record_event(record, last).machine == 0)
        cr_skip_test("no registers are recorded here");
    cr_assert(count >= 3 && count == last - 3, "once");
    cr_assert_eq(fp_record_event(record, last - 1).kind, FP_AUDIT_FORK);
    cr_assert_gt(process_of(record, getpid())->start, 0);
    fp_record_close(record);
}

Test(record_writer, a_vfork_child_writes_for_itself_in_its_parents_chunk) {
    int fd = write_record(8);
    fp_log_prepare();
    pid_t child = vfork();
    if (child == 0) {
        fp_log_exec("/nowhere", 0, NULL);
        _exit(0);
    }
    cr_assert_eq(waitpid(child, NULL, 0), child);
    fp_log_fork(FP_FORKED_VFORK, child, NULL);
    cr_assert_eq(used_chunks(fd), 1);
    struct fp_record *record = read_record(fd);
    cr_assert(fp_record_process_count(record) == 2 && fp_record_losses(record)->damaged == 0);
    const struct fp_record_process *of_child = process_of(record, child);
    cr_assert_eq(fp_record_process(record, of_child->starter)->pid, getpid());
    cr_assert_eq(of_child->events, 1);
    fp_record_close(record);
}

/* --- deaths --- */

static void dies_reserved(void) {
    die_at(FP_POINT_LOG_RESERVED, 3);
    for (int i = 1; i <= 4; i++)
        kill_once(i);
}

static void dies_written(void) {
    die_at(FP_POINT_LOG_WRITTEN, 3);
    for (int i = 1; i <= 4; i++)
        kill_once(i);
}

static void dies_without_a_head(void) {
    die_at(FP_POINT_LOG_TOOK, 1);
    kill_once(1);
}

static void killed_in(void (*action)(void), int fd, size_t events, uint64_t torn) {
    int status = in_child(action);
    cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    kill_once(9); // others go on
    struct fp_record *record = read_record(fd);
    cr_assert_eq(fp_record_event_count(record), events + 1);
    cr_assert_eq(fp_record_losses(record)->torn, torn);
    cr_assert_eq(fp_record_losses(record)->damaged, 0);
    cr_assert_eq(used_chunks(fd), 2);
    fp_record_close(record);
}

Test(record_writer, an_event_that_was_only_reserved_is_stepped_over) {
    killed_in(dies_reserved, write_record(4), 2, 1);
}

Test(record_writer, an_event_that_was_not_committed_is_stepped_over) {
    killed_in(dies_written, write_record(4), 2, 1);
}

Test(record_writer, a_chunk_without_a_head_is_empty) {
    killed_in(dies_without_a_head, write_record(4), 0, 0);
}

static void in_handler(enum fp_point point) {
    if (point != FP_POINT_LOG_RESERVED)
        return;
    fp_point_hook = NULL;
    for (int i = 0; i < 2000; i++)
        kill_once(i);
    raise(SIGKILL);
}

static void dies_above(void) {
    fp_point_hook = in_handler;
    kill_once(1);
}

/* As a signal handler above it would, through several chunks. */
Test(record_writer, what_comes_behind_a_torn_event_is_read) {
    int fd = write_record(8);
    (void)in_child(dies_above);
    struct fp_record *record = read_record(fd);
    cr_assert_eq(fp_record_event_count(record), 2000);
    cr_assert(fp_record_losses(record)->torn == 1 && fp_record_losses(record)->damaged == 0);
    cr_assert_eq(fp_record_process_count(record), 1);
    fp_record_close(record);
}

static void take_another(enum fp_point point) {
    if (point != FP_POINT_LOG_TOOK)
        return;
    fp_point_hook = NULL;
    kill_once(2);
}

/* A handler between taking a chunk and using it: its chunk counts, the other is not lost. */
Test(record_writer, two_that_take_a_chunk_at_once_both_write) {
    int fd = write_record(8);
    fp_point_hook = take_another;
    kill_once(1);
    struct fp_record *record = read_record(fd);
    cr_assert(fp_record_event_count(record) == 2 && fp_record_losses(record)->damaged == 0);
    cr_assert_eq(fp_record_process_count(record), 1);
    fp_record_close(record);
}

static pthread_t other;
static int took[2], go_on[2];
static atomic_uint arrivals;

static void *log_one(void *unused) {
    kill_once(2);
    return unused;
}

/* The first to come waits until the second has taken a chunk, too; that one until it may go on. */
static void meet(enum fp_point point) {
    char byte = 0;
    if (point != FP_POINT_LOG_TOOK)
        return;
    if (atomic_fetch_add(&arrivals, 1) == 0) {
        cr_assert_eq(pthread_create(&other, NULL, log_one, NULL), 0);
        cr_assert_eq(read(took[0], &byte, 1), 1);
    } else {
        cr_assert_eq(write(took[1], &byte, 1), 1);
        cr_assert_eq(read(go_on[0], &byte, 1), 1);
    }
}

Test(record_writer, who_took_a_chunk_too_late_gives_it_back) {
    int fd = write_record(8);
    cr_assert(pipe(took) == 0 && pipe(go_on) == 0);
    fp_point_hook = meet;
    kill_once(1);
    cr_assert_eq(used_chunks(fd), 2);
    cr_assert_eq(write(go_on[1], "", 1), 1);
    pthread_join(other, NULL);
    cr_assert_eq(used_chunks(fd), 1);
    struct fp_record *record = read_record(fd);
    cr_assert(fp_record_event_count(record) == 2 && fp_record_losses(record)->damaged == 0);
    fp_record_close(record);
}

/* --- no room --- */

static void writes_in_vain(void) {
    for (int i = 0; i < 10; i++)
        kill_once(i);
}

Test(record_writer, what_finds_no_room_is_counted) {
    int fd = write_record(1);
    int written = 0;
    for (; fp_log_is_on() && written < 10000; written++)
        kill_once(written);
    cr_assert_eq(in_child(writes_in_vain), 0);
    fp_log_exec("/bin/true", 0, NULL);
    fp_log_image(NULL);
    struct fp_record *record = read_record(fd);
    cr_assert_eq(fp_record_event_count(record), (size_t)written - 1);
    cr_assert_eq(fp_record_losses(record)->full, 1 + 10 + 1);
    cr_assert_eq(fp_record_losses(record)->damaged, 0);
    fp_record_close(record);
}

Test(record_writer, an_event_too_long_is_counted) {
    int fd = write_record(1);
    static char text[FP_LOG_BODY];
    struct fp_audit_exec body = {.result = 0};
    fp_log(&(struct fp_log_event){.kind = FP_AUDIT_EXEC,
                                  .parts = {{&body, sizeof body}, {text, sizeof text}}},
           NULL);
    struct fp_record *record = read_record(fd);
    cr_assert(fp_record_event_count(record) == 0 && fp_record_losses(record)->full == 1);
    fp_record_close(record);
}

/* --- what is no record --- */

static void claim_refused(int fd) {
    cr_assert(!opens(fd) && !fp_log_is_on());
    kill_once(1);
    fp_log_image(NULL);
    fp_log_mappings();
    fp_log_prepare();
    cr_assert_eq(used_chunks(fd), 0);
    cr_assert(!opens(make_record(1, 0)), "for good");
}

Test(record_writer, one_that_could_be_made_smaller_is_refused) {
    claim_refused(make_record(2, NOT_SEALED));
}

static int of_parent;

static void is_refused(void) {
    _exit(opens(of_parent));
}

Test(record_writer, one_of_another_namespace_is_refused) {
    of_parent = make_record(2, 0);
    if (unshare(CLONE_NEWPID) < 0)
        cr_skip_test("no namespace can be made here");
    cr_assert_eq(in_child(is_refused), 0);
    cr_assert_eq(used_chunks(of_parent), 0);
}

Test(record_writer, one_of_another_layout_is_refused) {
    int fd = make_record(2, 0);
    uint32_t version = FP_AUDIT_VERSION + 1;
    cr_assert_eq(pwrite(fd, &version, 4, offsetof(struct fp_audit_head, version)), 4);
    claim_refused(fd);
}

Test(record_writer, one_of_another_size_is_refused) {
    int fd = make_record(2, 0);
    uint64_t size = FP_AUDIT_HEAD + 3 * FP_AUDIT_CHUNK;
    cr_assert_eq(pwrite(fd, &size, 8, offsetof(struct fp_audit_head, size)), 8);
    claim_refused(fd);
}

/* --- what others scribble --- */

static char *map_record(int fd, size_t chunks) {
    size_t size = FP_AUDIT_HEAD + chunks * FP_AUDIT_CHUNK;
    char *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    cr_assert_neq(at, MAP_FAILED);
    return at;
}

static void scribble(size_t offset, uint32_t word) {
    int fd = write_record(8);
    char *at = map_record(fd, 8);
    kill_once(1);
    memcpy(at + FP_AUDIT_HEAD + offset, &word, sizeof word);
    for (int i = 0; i < 3; i++)
        kill_once(2);
    uint64_t after;
    memcpy(&after, at + FP_AUDIT_HEAD + 8 * FP_AUDIT_CHUNK - 8, sizeof after);
    cr_assert_eq(after, 0, "the end of the record is untouched");
    struct fp_record *record = read_record(fd);
    bool is_event = offset == sizeof(struct fp_audit_chunk);
    if (!is_event && word != 40) // 40 could be the end of an event
        cr_assert(fp_record_event_count(record) == 4 && fp_record_losses(record)->damaged == 0);
    fp_record_close(record);
    cr_assert_geq(used_chunks(fd), 1);
    cr_assert_leq(used_chunks(fd), 2);
    _exit(0);
}

static void claim_bounded(size_t offset) {
    static const uint32_t words[] = {0,     1,          4,          7,          31,         33, 40,
                                     32760, 0x7ffffff8, 0xffffffff, 0xfffffff8, 0x80000000, 8};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        int status;
        pid_t child = fork();
        if (child == 0)
            scribble(offset, words[i]);
        cr_assert_eq(waitpid(child, &status, 0), child);
        cr_assert_eq(status, 0, "word %zu at %zu", i, offset);
    }
}

Test(record_writer, a_hint_that_is_none_leads_nowhere) {
    claim_bounded(offsetof(struct fp_audit_chunk, hint));
}

Test(record_writer, a_size_that_is_none_leads_nowhere) {
    claim_bounded(sizeof(struct fp_audit_chunk));
}

Test(record_writer, a_use_that_is_none_is_a_full_record) {
    static const uint64_t values[] = {
        0, 1, FP_AUDIT_HEAD + 1, UINT64_MAX, UINT64_MAX - 4095, UINT64_C(1) << 63};
    int fd = write_record(2);
    char *at = map_record(fd, 2);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        memcpy(at + offsetof(struct fp_audit_head, used), &values[i], 8);
        cr_assert_eq(in_child(writes_in_vain), 0);
        struct fp_record *record = read_record(fd);
        cr_assert_eq(fp_record_event_count(record), 0);
        cr_assert_eq(fp_record_losses(record)->full, 10 * (i + 1));
        fp_record_close(record);
    }
}
