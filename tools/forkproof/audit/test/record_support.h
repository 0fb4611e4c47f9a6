/* What the tests of the record share: records in memfds, a writer, and a reader that looks at all.
 */
#ifndef FP_RECORD_SUPPORT_H
#define FP_RECORD_SUPPORT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "log.h"
#include "point.h"
#include "record.h"

#define NOT_SEALED 1U

/* A fresh record of that many chunks, as `forkproof audit` would make it. */
int make_record(size_t chunks, unsigned flags);

/* The same, and this process writes it. */
int write_record(size_t chunks);

/* Whether this process, which has opened none yet, would write it. */
bool opens(int fd);

/* Reads it and claims that it can be read; everything in it has been looked at. */
struct fp_record *read_record(int fd);

/* Looks at everything that a record offers and claims that it holds together. */
void look_at_all(const struct fp_record *record);

size_t count_kind(const struct fp_record *record, enum fp_audit_kind kind);

/* A small record with every kind of event, one of them torn; returns its size in bytes. */
size_t write_sample(int fd);

/* Runs the action in a forked child, which then ends; returns its status as of waitpid. */
int in_child(void (*action)(void));

/* Raises SIGKILL when the process comes to the point for the n-th time. */
void die_at(enum fp_point point, unsigned n);

/* --- records by hand --- */

/* Bytes of a file of that many chunks; the head is right and nothing is in use. */
struct by_hand {
    char *bytes;
    size_t size;
    char *at; /* where the next event goes */
};

struct by_hand by_hand(size_t chunks);
void put_chunk(struct by_hand *to, uint32_t number, uint32_t first, uint32_t from, pid_t pid,
               pid_t parent);
void put_event(struct by_hand *to, enum fp_audit_kind kind, pid_t pid, uint64_t time,
               const void *body, size_t size);

/* Reads what was made and frees it. */
struct fp_record *read_by_hand(struct by_hand *from);

#endif
