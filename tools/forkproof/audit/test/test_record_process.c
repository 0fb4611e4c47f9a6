/* Whose events these are: records made by hand, because numbers cannot be reused at will. */
#include <criterion/criterion.h>
#include <signal.h>
#include <sys/wait.h>

#include "record_support.h"

TestSuite(record_process, .timeout = 60);

#define TICK UINT64_C(10000000)

static void put_image(struct by_hand *to, pid_t pid, uint64_t time, uint64_t start, pid_t parent) {
    struct fp_audit_image image = {.start = start, .parent = parent};
    put_event(to, FP_AUDIT_IMAGE, pid, time, &image, sizeof image);
}

static void put_exit(struct by_hand *to, pid_t pid, uint64_t time) {
    struct fp_audit_exit exit = {.status = 0};
    put_event(to, FP_AUDIT_EXIT, pid, time, &exit, sizeof exit);
}

static void put_mapping(struct by_hand *to, pid_t pid, uint64_t time) {
    struct fp_audit_mapping mapping = {.start = 1, .end = 2};
    put_event(to, FP_AUDIT_MAPPING, pid, time, &mapping, sizeof mapping);
}

static void claim_undamaged(const struct fp_record *record) {
    const struct fp_record_losses *losses = fp_record_losses(record);
    cr_assert_eq(losses->damaged, 0, "%s", losses->damages[0].why);
}

Test(record_process, one_that_executes_stays_the_same) {
    struct by_hand made = by_hand(2);
    put_chunk(&made, 0, 1, 0, 100, 1);
    put_image(&made, 100, 50 * TICK, 49, 1);
    put_chunk(&made, 1, 2, 0, 100, 1);
    put_image(&made, 100, 60 * TICK, 49, 1);
    struct fp_record *record = read_by_hand(&made);
    claim_undamaged(record);
    cr_assert_eq(fp_record_process_count(record), 1);
    const struct fp_record_process *process = fp_record_process(record, 0);
    cr_assert(process->start == 49 && process->events == 2 && process->image == 1);
    cr_assert(process->first == 50 * TICK && process->last == 60 * TICK);
    fp_record_close(record);
}

Test(record_process, one_that_started_later_with_its_number_is_another) {
    struct by_hand made = by_hand(2);
    put_chunk(&made, 0, 1, 0, 100, 1);
    put_image(&made, 100, 50 * TICK, 49, 1);
    put_chunk(&made, 1, 2, 0, 100, 1);
    put_image(&made, 100, 60 * TICK, 59, 1);
    struct fp_record *record = read_by_hand(&made);
    cr_assert_eq(fp_record_process_count(record), 2);
    fp_record_close(record);
}

/* A forked child that has executed nothing, and then it has, or another with its number. */
static size_t processes_when_started_at(uint64_t start) {
    struct by_hand made = by_hand(3);
    put_chunk(&made, 0, 1, 0, 100, 1);
    put_image(&made, 100, 10 * TICK, 9, 1);
    put_chunk(&made, 1, 2, 1, 200, 100);
    put_exit(&made, 200, 20 * TICK);
    put_chunk(&made, 2, 3, 0, 200, 100);
    put_image(&made, 200, 30 * TICK, start, 100);
    struct fp_record *record = read_by_hand(&made);
    claim_undamaged(record);
    size_t count = fp_record_process_count(record);
    cr_assert_eq(fp_record_process(record, 1)->starter, 0);
    cr_assert_eq(fp_record_process(record, count - 1)->starter, 0);
    fp_record_close(record);
    return count;
}

Test(record_process, a_forked_child_that_executes_is_told_by_its_start) {
    cr_assert_eq(processes_when_started_at(19), 2);
    cr_assert_eq(processes_when_started_at(20), 2);
    cr_assert_eq(processes_when_started_at(21), 3);
}

/* One that was forked, maybe what says that it is no more, and an image that says no start. */
static size_t processes_when(bool is_waited_for, uint32_t options) {
    struct fp_audit_kill kill = {.target = 1};
    struct fp_audit_wait wait = {
        .got = 200, .status = SIGKILL, .flags = FP_WAIT_HAS_STATUS, .options = options};
    struct by_hand made = by_hand(3);
    put_chunk(&made, 0, 1, 0, 100, 1);
    put_image(&made, 100, 10 * TICK, 9, 1);
    if (is_waited_for)
        put_event(&made, FP_AUDIT_WAIT, 100, 25 * TICK, &wait, sizeof wait);
    put_chunk(&made, 1, 2, 1, 200, 100);
    put_event(&made, FP_AUDIT_KILL, 200, 20 * TICK, &kill, sizeof kill);
    put_chunk(&made, 2, 3, 0, 200, 100);
    put_image(&made, 200, 30 * TICK, 0, 100);
    struct fp_record *record = read_by_hand(&made);
    claim_undamaged(record);
    size_t count = fp_record_process_count(record);
    fp_record_close(record);
    return count;
}

Test(record_process, without_a_start_it_is_the_same_unless_that_was_over) {
    cr_assert_eq(processes_when(false, 0), 2);
    cr_assert_eq(processes_when(true, 0), 3);
    cr_assert_eq(processes_when(true, WNOWAIT), 2);
    cr_assert_eq(processes_when_started_at(0), 3, "it had said that it ends");
}

Test(record_process, events_are_in_order_of_time_whatever_chunk_they_are_in) {
    struct by_hand made = by_hand(2);
    put_chunk(&made, 0, 1, 0, 100, 1);
    put_exit(&made, 100, 5);
    put_exit(&made, 100, 1);
    put_chunk(&made, 1, 2, 1, 200, 100);
    put_exit(&made, 200, 3);
    struct fp_record *record = read_by_hand(&made);
    for (size_t i = 0; i < 3; i++)
        cr_assert_eq(fp_record_event(record, i).time, 2 * i + 1);
    fp_record_close(record);
}

Test(record_process, a_starter_is_found_by_memory_though_its_number_was_reused) {
    struct by_hand made = by_hand(3);
    put_chunk(&made, 0, 1, 0, 100, 1);
    put_image(&made, 100, 10 * TICK, 9, 1);
    put_chunk(&made, 1, 2, 0, 100, 1);
    put_image(&made, 100, 20 * TICK, 19, 1);
    put_chunk(&made, 2, 3, 1, 300, 100);
    put_exit(&made, 300, 30 * TICK);
    struct fp_record *record = read_by_hand(&made);
    cr_assert_eq(fp_record_process(record, 2)->pid, 300);
    cr_assert_eq(fp_record_process(record, 2)->starter, 0);
    fp_record_close(record);
}

Test(record_process, mappings_are_those_of_the_image_or_of_its_forkers) {
    struct by_hand made = by_hand(4);
    size_t events[4];
    put_chunk(&made, 0, 1, 0, 100, 1);
    put_mapping(&made, 100, 1);
    put_mapping(&made, 100, 2);
    put_chunk(&made, 1, 2, 1, 200, 100);
    put_exit(&made, 200, 3);
    put_chunk(&made, 2, 3, 2, 300, 200);
    put_exit(&made, 300, 4);
    put_chunk(&made, 3, 4, 3, 400, 300);
    put_mapping(&made, 400, 5);
    struct fp_record *record = read_by_hand(&made);
    cr_assert(fp_record_mappings(record, 3, events, 4) == 2 && events[0] == 0 && events[1] == 1);
    cr_assert(fp_record_mappings(record, 4, events, 4) == 1 && events[0] == 4);
    cr_assert(fp_record_mappings(record, 0, events, 1) == 2 && events[0] == 0);
    fp_record_close(record);
}

/* By the parents' numbers, which anybody can write: 100 comes of 200, and that of 100. */
Test(record_process, starters_do_not_go_round) {
    struct by_hand made = by_hand(4);
    put_chunk(&made, 0, 1, 0, 100, 1);
    put_image(&made, 100, 30 * TICK, 1, 1);
    put_chunk(&made, 1, 2, 1, 200, 100);
    put_image(&made, 200, 20 * TICK, 2, 100);
    put_chunk(&made, 2, 3, 2, 100, 200);
    put_image(&made, 100, 10 * TICK, 1, 200);
    struct fp_record *record = read_by_hand(&made);
    cr_assert_eq(fp_record_process_count(record), 2);
    cr_assert_eq(fp_record_losses(record)->damaged, 1);
    fp_record_close(record);
}

Test(record_process, a_chunk_that_continues_nothing_is_told) {
    struct by_hand made = by_hand(3);
    put_chunk(&made, 0, 1, 0, 100, 1);
    put_exit(&made, 100, 1);
    put_chunk(&made, 1, 1, 0, 100, 1);
    put_exit(&made, 100, 2);
    put_chunk(&made, 2, 2, 0, 100, 1);
    put_exit(&made, 100, 3);
    struct fp_record *record = read_by_hand(&made);
    const struct fp_record_losses *losses = fp_record_losses(record);
    cr_assert(losses->damaged == 1 &&
              losses->damages[0].offset == FP_AUDIT_HEAD + 2 * FP_AUDIT_CHUNK);
    cr_assert_eq(fp_record_event_count(record), 3);
    fp_record_close(record);
}

Test(record_process, a_chunk_forked_from_a_later_one_is_told) {
    struct by_hand made = by_hand(2);
    put_chunk(&made, 0, 1, 2, 100, 1);
    put_exit(&made, 100, 1);
    put_chunk(&made, 1, 2, 2, 200, 1);
    put_exit(&made, 200, 2);
    struct fp_record *record = read_by_hand(&made);
    cr_assert_eq(fp_record_losses(record)->damaged, 2);
    cr_assert_eq(fp_record_event_count(record), 2);
    fp_record_close(record);
}
