/* `forkproof doctor`: what this machine and user give, found out by doing it. */
#ifndef FP_DOCTOR_H
#define FP_DOCTOR_H

#include <stdbool.h>
#include <stddef.h>

#include "contain/contain.h"

#define FP_CHECK_TEXT 320

/* One thing that is there or not. */
struct fp_check {
    const char *name;
    const char *label; /* for people; NULL: the name */
    const char *use;   /* what it is for; NULL where that is plain */
    bool ok;
    char detail[FP_CHECK_TEXT]; /* why not; or more about it; "" */
};

enum { FP_CHECK_RUNGS = 3, FP_CHECK_KERNEL = 8 };

struct fp_checkup {
    struct fp_check rungs[FP_CHECK_RUNGS]; /* from strong to weak */
    const char *automatic;                 /* what --contain=auto takes */
    const char *strongest;
    struct fp_check kernel[FP_CHECK_KERNEL];
    struct fp_check proc, library, twin, runtime;
    char version[32]; /* the library's; "" when it tells none */
    bool works;       /* `forkproof run` would */
};

int fp_doctor_main(int argc, char **argv);

/* Leaves nothing behind. */
void fp_checkup_make(struct fp_checkup *ret);

/* Allocated; NULL without memory. */
char *fp_checkup_text(const struct fp_checkup *checkup);
char *fp_checkup_json(const struct fp_checkup *checkup);

#endif
