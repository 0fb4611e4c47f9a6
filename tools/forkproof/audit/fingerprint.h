/* By what a finding is known again in another run, on another machine, in a later version. */
#ifndef FP_FINGERPRINT_H
#define FP_FINGERPRINT_H

#include "finding.h"

/*
 * Fills the finding's fingerprint: 128 bits as 32 hexadecimal digits, FNV-1a of, in this order and
 * each with a letter before it and a NUL behind it,
 *   R the rule;
 *   S the script of the finding's process, relative to the run's directory, if there is one;
 *     I, if there is none and the first place has no frames, its executable without directories;
 *   P for each place (empty), and for each of its frames, the innermost first:
 *     F the function, and L the source's file relative to the run's directory; or, if neither is
 *     known, M the module without its directories.
 * Frames behind main() are not in it (they are the libc's), nor what a signal has interrupted,
 * which is chance, nor more than 16 of a place, and what repeats itself counts once: how deep a
 * recursion went is chance. No pid, time, address, line or message is in it. 0, or -ENOMEM.
 */
int fp_fingerprint(const struct fp_audit *audit, struct fp_finding *finding);

/* All of the audit's. */
int fp_fingerprint_all(struct fp_audit *audit);

/* FNV-1a with 128 bits, the least significant word first. */
struct fp_fnv {
    uint32_t words[4];
};

#define FP_FNV_BASIS                                                                               \
    {                                                                                              \
        { 0x6295c58d, 0x62b82175, 0x07bb0142, 0x6c62272e }                                         \
    }

void fp_fnv_add(struct fp_fnv *hash, const void *bytes, size_t length);
void fp_fnv_hex(const struct fp_fnv *hash, char ret[33]);

#endif
