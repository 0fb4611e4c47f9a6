/* Which process a place of a finding is in, and how long a process lived. */
#ifndef FP_PLACE_H
#define FP_PLACE_H

#include "finding.h"
#include "format/emit.h"

/*
 * The process a place is in: the one of its pid that lived at its time, or else the last of its
 * pid, or else the finding's. NULL: not known.
 */
const struct fp_process *fp_place_process(const struct fp_audit *audit,
                                          const struct fp_finding *finding,
                                          const struct fp_place *place);

/* When it ended: the run's end where it had not; never before its birth. */
uint64_t fp_process_end(const struct fp_audit *audit, const struct fp_process *process);

/* A source's path, relative to the run's directory where it lies below it. NULL: null. */
void fp_emit_source(struct fp_emit *e, const char *key, const struct fp_audit *audit,
                    const char *path);

/* The function, else the module, else "?". */
const char *fp_frame_name(const struct fp_frame *frame);

#endif
