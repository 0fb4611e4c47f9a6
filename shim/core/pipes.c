#include "pipes.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "sys.h"

/* One bit a number, mapped at the first pipe; numbers beyond are bare once duplicated. */
#define NUMBERS (1 << 20)

struct notes {
    _Atomic(uint64_t) bits[NUMBERS / 64];
};

static _Atomic(struct notes *) the_notes;

static struct notes *notes_make(void) {
    struct notes *notes = atomic_load(&the_notes);
    if (notes)
        return notes;
    struct notes *fresh = fp_sys_map(sizeof *fresh);
    if (!fresh || atomic_compare_exchange_strong(&the_notes, &notes, fresh))
        return fresh;
    fp_sys_unmap(fresh, sizeof *fresh);
    return notes; // another thread was first
}

static void note(struct notes *notes, int fd, bool ours) {
    uint64_t bit = UINT64_C(1) << fd % 64;
    if (!notes || fd >= NUMBERS)
        return;
    if (ours)
        atomic_fetch_or(&notes->bits[fd / 64], bit);
    else
        atomic_fetch_and(&notes->bits[fd / 64], ~bit);
}

static bool is_noted(int fd) {
    struct notes *notes = atomic_load(&the_notes);
    return notes && fd >= 0 && fd < NUMBERS &&
           (atomic_load(&notes->bits[fd / 64]) & UINT64_C(1) << fd % 64);
}

long fp_pipes_make(int *user_ends, int flags) {
    bool asked = (flags & O_CLOEXEC) != 0;
    long result = fp_sys_pipe2(user_ends, flags | O_CLOEXEC);
    struct notes *notes = result == 0 ? notes_make() : NULL;
    for (int i = 0; result == 0 && i < 2; i++) {
        bool standard = user_ends[i] <= 2;
        note(notes, user_ends[i], !asked && !standard);
        if (!asked && standard)
            fp_sys_clear_cloexec(user_ends[i]);
    }
    return result;
}

void fp_pipes_keep_open(int fd) {
    if (is_noted(fd) && fp_sys_is_pipe(fd))
        fp_sys_clear_cloexec(fd);
}
