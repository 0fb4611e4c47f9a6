/* The ledger: who is entered as whose child, and whose memory is believed. */
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "birth.h"
#include "contract.h"
#include "ledger.h"
#include "proc.h"
#include "register.h"
#include "settings.h"

static struct fp_ledger *ledger;
static char variable[64];
static int fd;

static void make(size_t size, unsigned seals) {
    fd = memfd_create("ledger", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    cr_assert_eq(ftruncate(fd, (off_t)size), 0);
    cr_assert_eq(fcntl(fd, 1033 /* F_ADD_SEALS */, seals), 0);
    ledger = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    cr_assert_neq(ledger, MAP_FAILED);
    ledger->magic = FP_LEDGER_MAGIC;
    ledger->namespace = fp_proc_namespace();
    snprintf(variable, sizeof variable, FP_ENV_LEDGER "=/proc/%d/fd/%d", (int)getpid(), fd);
    fp_settings.ledger = variable;
}

enum { SHRINK = 2, GROW = 4 };

static void begin(void) {
    note_descriptors();
    make(sizeof *ledger, SHRINK | GROW);
}

static void finish(void) {
    munmap(ledger, sizeof *ledger);
    close(fd);
    nothing_remains();
}

TestSuite(ledger, .timeout = 60, .init = begin, .fini = finish);

static fp_born born_of(pid_t pid) {
    for (unsigned i = 0; i < FP_LEDGER_WINDOW; i++) {
        fp_born b = ledger->births[((unsigned)pid + i) % FP_LEDGER_BIRTHS];
        if (fp_born_pid(b) == pid)
            return b;
    }
    return 0;
}

static const struct fp_starter *starter_of(pid_t pid) {
    unsigned number = fp_born_starter(born_of(pid));
    return number ? &ledger->starters[number - 1] : NULL;
}

/* As a wrapper does it, without a process. */
static void bear(pid_t pid) {
    cr_assert_eq(fp_birth_begin_elsewhere(), 0);
    (void)fp_birth_end_elsewhere(pid);
}

Test(ledger, a_child_is_entered_with_its_starter) {
    uint64_t before = fp_register_now();
    bear(300);
    const struct fp_starter *starter = starter_of(300);
    cr_assert_not_null(starter);
    cr_assert(starter->pid == getpid() && starter->parent == getppid());
    cr_assert(starter->flags == 0 && starter->made != 0 && starter->length > 0);
    char argv[FP_LEDGER_ARGV] = "";
    int file = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
    cr_assert_eq(read(file, argv, sizeof argv), starter->length);
    close(file);
    cr_assert_eq(memcmp(starter->argv, argv, sizeof argv), 0);
    cr_assert(fp_born_ticks(born_of(300)) - (before & FP_BORN_TICKS_MASK) < 100);
}

Test(ledger, a_process_is_entered_once) {
    bear(300);
    bear(301);
    cr_assert(ledger->next == 1 && starter_of(300) == starter_of(301));
}

static void bears_in_the_child(void) {
    fp_birth_child();
    fp_birth_begin_elsewhere();
    (void)fp_birth_end_elsewhere(400);
}

Test(ledger, a_forked_child_has_its_parents_name) {
    bear(300);
    pid_t child = bare_fork(bears_in_the_child);
    bare_end(awaited(child));
    const struct fp_starter *starter = starter_of(400);
    cr_assert_not_null(starter);
    cr_assert(starter->pid == child && starter->flags == FP_STARTER_FORKED);
    cr_assert_eq(&ledger->starters[starter->from - 1], starter_of(300));
    cr_assert(starter->length == starter_of(300)->length &&
              memcmp(starter->argv, starter_of(300)->argv, starter->length) == 0);
}

Test(ledger, an_executed_image_finds_its_starter_by_its_birth) {
    ledger->starters[6].made = 1;
    ledger->starters[6].ticks = (uint32_t)fp_register_now();
    ledger->births[(unsigned)getpid() % FP_LEDGER_BIRTHS] =
        (fp_born)(unsigned)getpid() | (fp_born)7 << 22 |
        (fp_register_now() & FP_BORN_TICKS_MASK) << 37;
    bear(300);
    cr_assert_eq(starter_of(300)->from, 7);
}

Test(ledger, who_has_the_starters_place_since_is_not_taken_for_it) {
    ledger->starters[6].made = 1;
    ledger->starters[6].ticks = (uint32_t)fp_register_now() + 1;
    ledger->births[(unsigned)getpid() % FP_LEDGER_BIRTHS] =
        (fp_born)(unsigned)getpid() | (fp_born)7 << 22 |
        (fp_register_now() & FP_BORN_TICKS_MASK) << 37;
    bear(300);
    cr_assert_eq(starter_of(300)->from, 0);
}

Test(ledger, the_newest_of_a_number_counts) {
    bear(300);
    fp_born first = born_of(300);
    while ((fp_register_now() & FP_BORN_TICKS_MASK) == fp_born_ticks(first))
        ;
    bear(300);
    cr_assert_neq(born_of(300), first);
    cr_assert_eq(ledger->lost_births, 0);
}

Test(ledger, the_oldest_gives_way_and_that_is_counted) {
    for (int i = 0; i <= FP_LEDGER_WINDOW; i++)
        bear(300 + i * FP_LEDGER_BIRTHS);
    cr_assert_eq(ledger->lost_births, 1);
    cr_assert_neq(born_of(300 + FP_LEDGER_WINDOW * FP_LEDGER_BIRTHS), 0);
}

Test(ledger, a_starter_that_lives_keeps_its_place) {
    pid_t gone = bare_zombie();
    bare_end(gone);
    for (int i = 0; i < FP_LEDGER_STARTERS; i++) {
        ledger->starters[i].made = 1;
        ledger->starters[i].pid = i < 3 ? getppid() : gone;
    }
    bear(300);
    cr_assert(ledger->starters[0].pid == getppid() && ledger->starters[3].pid == getpid());
}

Test(ledger, without_a_place_it_is_counted_as_lost) {
    for (int i = 0; i < FP_LEDGER_STARTERS; i++) {
        ledger->starters[i].made = 1;
        ledger->starters[i].pid = getppid();
    }
    bear(300);
    cr_assert(ledger->lost_starters == 1 && fp_born_starter(born_of(300)) == 0);
}

Test(ledger, what_members_have_scribbled_is_bounded) {
    memset(ledger->births, 0xff, sizeof ledger->births);
    memset(ledger->starters, 0xff, sizeof ledger->starters);
    ledger->next = UINT32_MAX;
    bear(300);
    pid_t child = bare_fork(bears_in_the_child);
    bare_end(awaited(child));
    cr_assert_neq(born_of(300), 0);
}

static void claim_refused(void) {
    cr_assert_null(fp_ledger_enter());
    bear(300);
    cr_assert_null(fp_ledger());
}

Test(ledger, one_that_could_be_made_smaller_is_refused) {
    close(fd);
    make(sizeof *ledger, 0);
    claim_refused();
}

Test(ledger, one_of_another_size_is_refused) {
    close(fd);
    make(sizeof *ledger + 4096, SHRINK);
    claim_refused();
}

Test(ledger, one_of_another_namespace_is_refused) {
    ledger->namespace ++;
    claim_refused();
}

Test(ledger, one_of_another_layout_is_refused) {
    ledger->magic++;
    claim_refused();
}

Test(ledger, a_file_is_refused) {
    fp_settings.ledger = FP_ENV_LEDGER "=/etc/passwd";
    claim_refused();
}
