/* What is made of a ledger: chains that hold, and none of what members have made up. */
#include <criterion/criterion.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attribution.h"
#include "clone.h"
#include "proc.h"
#include "run.h"

#define ROOT 2000000 /* nobody: the program has ended */

static struct fp_run run;
static struct fp_ledger *ledger;
static struct fp_left left;
static pid_t child;

static void wait_for_end(void) {
    for (;;)
        pause();
}

/* A child that was left behind; namespaces: flags of those it is in alone. */
static void leave(unsigned long namespaces) {
    struct fp_proc_stat stat;
    child = (pid_t)fp_clone_by(namespaces | SIGCHLD, NULL, NULL);
    if (child == 0)
        wait_for_end();
    if (child < 0)
        cr_skip_test("no namespace can be made here");
    cr_assert_eq(fp_proc_stat(child, &stat), 0);
    left.pid = child;
    left.start = stat.start;
}

static void begin(void) {
    run.facts = calloc(1, sizeof *run.facts);
    fp_attribution_open(&run.attribution);
    ledger = run.attribution.ledger;
    cr_assert_not_null(ledger);
    run.facts->root_level = 1;
    run.facts->root_inner = ROOT;
    run.facts->root_session = getsid(0);
    run.facts->supervisor = getpid();
    ledger->next = 10;
}

static void finish(void) {
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
}

TestSuite(attribution, .timeout = 30, .init = begin, .fini = finish);

static void enter_birth(pid_t inner, unsigned starter, uint64_t ticks) {
    ledger->births[(unsigned)inner % FP_LEDGER_BIRTHS] =
        (fp_born)(unsigned)inner | (fp_born)starter << 22 | (ticks & FP_BORN_TICKS_MASK) << 37;
}

/* made: in ticks before the birth of the one that was left. */
static void enter_starter(unsigned number, pid_t pid, unsigned from, uint64_t before) {
    struct fp_starter *starter = &ledger->starters[number - 1];
    starter->made = (left.start - before) * FP_LEDGER_TICK;
    starter->pid = pid;
    starter->from = from;
    starter->length = 3;
    memcpy(starter->argv, "sh", 3);
}

static const struct fp_origin *attributed(void) {
    fp_attribute(&run, &left);
    return &left.origin;
}

Test(attribution, a_chain_is_followed_to_the_program) {
    leave(0);
    enter_birth(child, 2, left.start);
    enter_starter(2, 301, 1, 10);
    enter_starter(1, ROOT, 0, 20);
    const struct fp_origin *origin = attributed();
    cr_assert(origin->is_whole && origin->count == 2 && origin->chain[0].pid == 301);
    cr_assert_eq(origin->how, FP_HOW_OUTLIVED);
}

Test(attribution, who_did_not_know_its_starter_is_found_by_its_parent) {
    leave(0);
    enter_birth(child, 2, left.start);
    enter_starter(2, 301, 0, 10);
    ledger->starters[1].parent = ROOT;
    enter_starter(1, ROOT, 0, 20);
    cr_assert(attributed()->is_whole);
}

Test(attribution, a_birth_of_another_time_is_another_process) {
    leave(0);
    enter_starter(1, ROOT, 0, 20);
    enter_birth(child, 1, left.start - 1);
    cr_assert_eq(attributed()->count, 0);
    enter_birth(child, 1, left.start + 100000);
    cr_assert_eq(attributed()->count, 0);
}

Test(attribution, whoever_has_a_starters_place_since_is_not_taken_for_it) {
    leave(0);
    enter_birth(child, 1, left.start);
    enter_starter(1, ROOT, 0, 0);
    ledger->starters[0].made += 2 * FP_LEDGER_TICK;
    cr_assert_eq(attributed()->count, 0);
}

Test(attribution, chains_that_go_round_end) {
    leave(0);
    enter_birth(child, 1, left.start);
    enter_starter(1, 301, 2, 10);
    enter_starter(2, 302, 1, 10);
    cr_assert(!attributed()->is_whole && left.origin.count == 1);
    for (unsigned i = 1; i <= FP_LEDGER_STARTERS; i++) // longer than there is room
        enter_starter(i, 300 + (pid_t)i, i + 1, i);
    memset(&left.origin, 0, sizeof left.origin);
    cr_assert(!attributed()->is_whole && left.origin.count == FP_CHAIN_MAX);
}

Test(attribution, numbers_out_of_range_are_nobodys) {
    leave(0);
    enter_birth(child, 0x1fff, left.start);
    cr_assert_eq(attributed()->count, 0);
    enter_birth(child, 1, left.start);
    enter_starter(1, 301, UINT32_MAX, 10);
    ledger->starters[0].length = UINT32_MAX;
    ledger->starters[0].parent = INT_MIN;
    ledger->next = UINT32_MAX;
    memset(&left.origin, 0, sizeof left.origin);
    cr_assert(attributed()->count == 1 && left.origin.chain[0].length == FP_LEDGER_ARGV);
}

Test(attribution, in_a_namespace_the_inner_number_counts) {
    leave(CLONE_NEWPID);
    run.facts->root_level = 2;
    run.facts->root_session = 0;
    enter_birth(1, 1, left.start);
    enter_starter(1, ROOT, 0, 10);
    enter_birth(child, 0, left.start);
    cr_assert(attributed()->is_whole);
    cr_assert_eq(left.origin.how, FP_HOW_OUTLIVED, "who is outside is no parent of it");
}

Test(attribution, nothing_is_said_of_one_that_is_another_by_now) {
    leave(0);
    left.start++;
    cr_assert(attributed()->how == FP_HOW_UNKNOWN && left.origin.hooks == -1);
}

Test(attribution, without_a_ledger_there_are_parents) {
    leave(0);
    run.attribution.ledger = NULL;
    run.facts->supervisor = getppid();
    run.facts->root = getpid();
    cr_assert(attributed()->is_whole && left.origin.chain[0].pid == getpid());
    cr_assert_eq(left.origin.how, FP_HOW_WITH_PARENT);
}
