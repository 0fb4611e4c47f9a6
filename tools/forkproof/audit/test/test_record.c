/* Writer and reader together: what members write is read, and what they did not finish is told. */
#include <criterion/criterion.h>
#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "record_support.h"

TestSuite(record, .timeout = 60);

static struct fp_record_event only(const struct fp_record *record, enum fp_audit_kind kind) {
    cr_assert_eq(count_kind(record, kind), 1);
    for (size_t i = 0;; i++)
        if (fp_record_event(record, i).kind == kind)
            return fp_record_event(record, i);
}

static bool is_text(struct fp_record_text text, const char *expected) {
    return text.size == strlen(expected) && memcmp(text.at, expected, text.size) == 0;
}

static void claim_whole(const struct fp_record *record) {
    const struct fp_record_losses *losses = fp_record_losses(record);
    cr_assert(losses->full == 0 && losses->torn == 0);
    cr_assert_eq(losses->damaged, 0, "%s", losses->damages[0].why);
}

static struct fp_record *sample_of_each_kind(void) {
    int fd = make_record(4, 0);
    (void)write_sample(fd);
    return read_record(fd);
}

Test(record, each_kind_is_read_as_it_was_written) {
    struct fp_record *record = sample_of_each_kind();
    const struct fp_audit_wait *wait = only(record, FP_AUDIT_WAIT).wait;
    cr_assert(wait->asked == -1 && wait->got == 7 && wait->flags == FP_WAIT_NO_POINTER);
    const struct fp_audit_kill *kill = only(record, FP_AUDIT_KILL).kill;
    cr_assert(kill->target == -7 && kill->signal == 15 && kill->result == -3);
    const struct fp_audit_discard *discard = only(record, FP_AUDIT_DISCARD).discard;
    cr_assert(discard->child == 7 && discard->status == 256);
    const struct fp_audit_handler *handler = only(record, FP_AUDIT_HANDLER).handler;
    cr_assert(handler->signal == 17 && handler->handler == 4711);
    cr_assert_eq(only(record, FP_AUDIT_PDEATHSIG).pdeathsig->signal, 9);
    cr_assert_eq(only(record, FP_AUDIT_EXIT).exit->status, 3);
    cr_assert_eq(only(record, FP_AUDIT_MAPPING).mapping->end, 8192);
    cr_assert(fp_record_losses(record)->torn == 1 && fp_record_losses(record)->damaged == 0);
    fp_record_close(record);
}

Test(record, an_image_and_its_texts_are_read_as_they_were_written) {
    struct fp_record *record = sample_of_each_kind();
    cr_assert(fp_record_began(record) == 11 && fp_record_began_epoch(record) == 12);
    struct fp_record_event image = only(record, FP_AUDIT_IMAGE);
    char exe[512] = "";
    cr_assert_gt(readlink("/proc/self/exe", exe, sizeof exe - 1), 0);
    cr_assert(is_text(image.exe, exe) && image.image->parent == getppid());
    cr_assert(image.text.size > 0 && !image.is_cut);
    struct fp_record_event fork = only(record, FP_AUDIT_FORK);
    cr_assert(fork.fork->child == 7 && fork.fork->how == FP_FORKED_FORK && fork.pid == getpid());
    cr_assert(is_text(only(record, FP_AUDIT_EXEC).text, "./sample"));
    struct fp_record_event opened = only(record, FP_AUDIT_DESCRIPTOR);
    cr_assert(is_text(opened.text, "/tmp/file") && opened.descriptor->fd == 3);
    fp_record_close(record);
}

/* --- registers and stack --- */

Test(record, a_stack_is_kept_from_the_stack_pointer_on) {
    int fd = write_record(2);
    volatile uint64_t mark = 0x1122334455667788;
    struct fp_here here;
    fp_here_take(&here);
    fp_log_fork(FP_FORKED_FORK, 1, &here);
    struct fp_record *record = read_record(fd);
    struct fp_record_event event = fp_record_event(record, 0);
    if (FP_MACHINE == 0)
        cr_skip_test("no registers are recorded here");
    uint64_t sp = here.values[FP_REGISTER_SP];
    cr_assert(event.machine == FP_MACHINE && event.register_count == FP_REGISTERS);
    cr_assert_eq(event.known, here.known);
    cr_assert_eq(memcmp(event.registers, here.values, sizeof here.values), 0);
    cr_assert(event.stack_size >= 64 && event.stack_size <= FP_AUDIT_STACK);
    uint64_t above = (uint64_t)(uintptr_t)&mark - sp;
    cr_assert_lt(above, event.stack_size);
    cr_assert_eq(memcmp((const char *)event.stack + above, (const void *)(uintptr_t)&mark, 8), 0);
    uint64_t own = (uint64_t)(uintptr_t)__builtin_return_address(0);
    cr_assert_neq(memmem(event.stack, event.stack_size, &own, sizeof own), NULL);
    fp_record_close(record);
}

Test(record, a_slice_ends_where_the_stack_does) {
    int fd = write_record(2);
    char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(pages != MAP_FAILED && mprotect(pages + 4096, 4096, PROT_NONE) == 0);
    memset(pages, 'x', 4096);
    struct fp_here here = {.known = 1U << FP_REGISTER_SP};
    here.values[FP_REGISTER_SP] = (uint64_t)(uintptr_t)pages + 4096 - 64;
    fp_log_fork(FP_FORKED_FORK, 1, &here);
    here.values[FP_REGISTER_SP] = (uint64_t)(uintptr_t)pages + 1;
    fp_log_fork(FP_FORKED_FORK, 2, &here);
    struct fp_record *record = read_record(fd);
    claim_whole(record);
    cr_assert_eq(fp_record_event(record, 0).stack_size, FP_MACHINE ? 64 : 0);
    cr_assert_eq(fp_record_event(record, 1).stack_size, 0);
    fp_record_close(record);
}

/* --- mappings --- */

static int has_build_id(struct dl_phdr_info *info, size_t size, void *data) {
    (void)size;
    const struct fp_audit_mapping *mapping = data;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
        if (info->dlpi_phdr[i].p_type == PT_NOTE &&
            memmem((const void *)at, info->dlpi_phdr[i].p_memsz, mapping->build_id,
                   mapping->build_id_size))
            return 1;
    }
    return 0;
}

Test(record, the_code_that_runs_is_mapped_with_its_build_id) {
    int fd = write_record(8);
    fp_log_mappings();
    fp_log_fork(FP_FORKED_FORK, 1, NULL);
    struct fp_record *record = read_record(fd);
    claim_whole(record);
    size_t all[256];
    size_t count = fp_record_mappings(record, fp_record_event_count(record) - 1, all, 256);
    cr_assert(count >= 3 && count == count_kind(record, FP_AUDIT_MAPPING));
    uint64_t looked_for = (uint64_t)(uintptr_t)&strtoul;
    unsigned found = 0;
    for (size_t i = 0; i < count && i < 256; i++) {
        struct fp_record_event event = fp_record_event(record, all[i]);
        if (looked_for < event.mapping->start || looked_for >= event.mapping->end)
            continue;
        found++;
        cr_assert(memmem(event.text.at, event.text.size, "libc", 4) && event.mapping->inode);
        cr_assert_eq(event.mapping->build_id_size, 20);
        struct fp_audit_mapping copy = *event.mapping;
        cr_assert_eq(dl_iterate_phdr(has_build_id, &copy), 1);
    }
    cr_assert_eq(found, 1);
    fp_record_close(record);
}

/* --- paths --- */

Test(record, a_path_that_cannot_be_read_is_left_out_and_a_long_one_is_cut) {
    int fd = write_record(2);
    char path[FP_LOG_TEXT + 100];
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    errno = 77;
    fp_log_exec((const char *)8, -EFAULT, NULL);
    fp_log_exec(NULL, -EFAULT, NULL);
    fp_log_exec(path, -ENAMETOOLONG, NULL);
    fp_log_exec("", -ENOENT, NULL);
    cr_assert_eq(errno, 77);
    struct fp_record *record = read_record(fd);
    claim_whole(record);
    cr_assert_eq(fp_record_event_count(record), 4);
    cr_assert(fp_record_event(record, 0).is_cut && fp_record_event(record, 0).text.size == 0);
    cr_assert(fp_record_event(record, 1).is_cut && fp_record_event(record, 1).text.size == 0);
    cr_assert(fp_record_event(record, 2).is_cut);
    cr_assert_eq(fp_record_event(record, 2).text.size, FP_LOG_TEXT);
    cr_assert(!fp_record_event(record, 3).is_cut && fp_record_event(record, 3).text.size == 0);
    fp_record_close(record);
}

/* --- many at once --- */

enum { THREADS = 8, EACH = 3000 };

static void *write_many(void *number) {
    for (int i = 0; i < EACH; i++) {
        struct fp_audit_kill kill = {.target = *(int *)number, .signal = i};
        fp_log_kill(&kill, NULL);
    }
    return NULL;
}

Test(record, threads_lose_nothing_and_stay_in_order) {
    int fd = write_record(200);
    pthread_t threads[THREADS];
    int numbers[THREADS];
    int next[THREADS] = {0};
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        cr_assert_eq(pthread_create(&threads[i], NULL, write_many, &numbers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    struct fp_record *record = read_record(fd);
    claim_whole(record);
    cr_assert_eq(fp_record_event_count(record), THREADS * EACH);
    cr_assert_eq(fp_record_process_count(record), 1);
    for (size_t i = 0; i < fp_record_event_count(record); i++) {
        const struct fp_audit_kill *kill = fp_record_event(record, i).kill;
        cr_assert(kill->target >= 0 && kill->target < THREADS);
        cr_assert_eq(kill->signal, next[kill->target]++);
    }
    fp_record_close(record);
}

/* --- chunk ends --- */

static uint64_t used_of(int fd) {
    uint64_t used;
    cr_assert_eq(pread(fd, &used, sizeof used, offsetof(struct fp_audit_head, used)), 8);
    return used;
}

enum { KILLS = (FP_AUDIT_CHUNK - 32) / (32 + 16) };
_Static_assert(KILLS *(32 + 16) == FP_AUDIT_CHUNK - 32, "kills fill a chunk to the last byte");

Test(record, a_chunk_is_filled_to_its_last_byte) {
    int fd = write_record(4);
    struct fp_audit_kill kill = {.target = 1};
    for (kill.signal = 0; kill.signal < KILLS; kill.signal++)
        fp_log_kill(&kill, NULL);
    cr_assert_eq(used_of(fd), FP_AUDIT_HEAD + FP_AUDIT_CHUNK);
    fp_log_kill(&kill, NULL);
    cr_assert_eq(used_of(fd), FP_AUDIT_HEAD + 2 * FP_AUDIT_CHUNK);
    struct fp_record *record = read_record(fd);
    claim_whole(record);
    cr_assert_eq(fp_record_event_count(record), KILLS + 1);
    fp_record_close(record);
}

/* Whatever is left of a chunk, also less than the head of an event. */
Test(record, what_does_not_fit_goes_to_the_next_chunk) {
    static char text[4000];
    memset(text, 't', sizeof text);
    for (size_t size = sizeof text - 80; size < sizeof text; size++) {
        int fd = make_record(4, 0);
        pid_t child = fork();
        if (child == 0) {
            cr_assert(opens(fd));
            struct fp_audit_exec body = {.result = 0};
            for (int i = 0; i < 20; i++)
                fp_log(&(struct fp_log_event){.kind = FP_AUDIT_EXEC,
                                              .parts = {{&body, sizeof body}, {text, size}}},
                       NULL);
            _exit(0);
        }
        cr_assert_eq(waitpid(child, NULL, 0), child);
        struct fp_record *record = read_record(fd);
        claim_whole(record);
        cr_assert_eq(fp_record_event_count(record), 20);
        cr_assert_eq(fp_record_event(record, 19).text.size, size);
        fp_record_close(record);
        close(fd);
    }
}
