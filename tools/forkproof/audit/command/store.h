/*
 * The record of an audit (shim/record/audit.h), made for members to write to and saved at the end.
 *
 * Its first chunks are the command's own: what it adds itself has room also in a record that is
 * full. Its events are of process 1, which is never a member.
 */
#ifndef FP_AUDIT_STORE_H
#define FP_AUDIT_STORE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "../../../../shim/record/audit.h"

#define FP_STORE_PID 1

struct fp_store {
    int fd; /* a sealed memfd; -1: none */
    uint64_t size;
    uint32_t chunk, at; /* where the command's next event goes */
};

/* At most of this size; of less where memory, files or address space are limited. -errno after one
 * line. */
int fp_store_open(struct fp_store *store, uint64_t size);

/* From here on members may write. */
int fp_store_begin(struct fp_store *store);

/* An event of the command's own: a structure of audit.h, then a text. -ENOSPC, -errno. */
int fp_store_add(struct fp_store *store, enum fp_audit_kind kind, uint64_t time, const void *body,
                 size_t size, const char *text, size_t length);

/* Nanoseconds since boot, as events have them. */
uint64_t fp_store_now(void);

/* What is in use, into an empty file; holes stay holes. -errno. */
int fp_store_save(const struct fp_store *store, int to);

#endif
