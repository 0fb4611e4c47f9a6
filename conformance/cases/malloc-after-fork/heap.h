/*
 * The malloc that both programs are linked with, in the place of libc's: it hands out pieces of one
 * block, under one lock, and takes nothing back. As an allocator library does that does not know
 * fork, it leaves the lock alone when the process forks.
 *
 * For a large piece it takes long, as an allocator does that asks the kernel for memory: as long as
 * the gates say.
 */
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "case.h"

enum { HEAP = 1 << 20, LARGE = 1 << 16, UNIT = 16 };

static _Alignas(UNIT) char heap[HEAP];
static size_t used;
static pthread_mutex_t heap_lock = PTHREAD_MUTEX_INITIALIZER;
static struct case_gate *in_malloc, *goes_on;

void *malloc(size_t size) {
    size_t whole = (size + UNIT - 1) / UNIT * UNIT;
    void *piece = NULL;
    pthread_mutex_lock(&heap_lock);
    if (size >= LARGE) {
        case_gate_open(in_malloc);
        case_gate_pass(goes_on);
    }
    if (size <= HEAP && whole <= HEAP - used) {
        piece = heap + used;
        used += whole;
    }
    pthread_mutex_unlock(&heap_lock);
    return piece;
}

void free(void *piece) {
    (void)piece;
}

void *calloc(size_t count, size_t size) {
    return malloc(count * size); /* never used before: zero */
}

void *realloc(void *old, size_t size) {
    void *piece = malloc(size);
    if (piece && old)
        memmove(piece, old, size);
    return piece;
}
