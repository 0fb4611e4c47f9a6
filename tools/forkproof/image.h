/* Whether a program's image can carry the preload. */
#ifndef FP_IMAGE_H
#define FP_IMAGE_H

#include <stdbool.h>

struct fp_image {
    char *path;     /* where PATH led; NULL: not found */
    char kind[128]; /* dynamic, static, setuid, other-class, script:INTERPRETER, unknown */
    bool hooks;     /* the preload is loaded */
    char why[200];  /* when not; one clause */
    bool directory;
    bool
        nowhere; /* searched for, and nothing of that name is in any directory that we may search */
    bool missing; /* the file or, with why, an interpreter it needs, is not there */
};

/* What `program` would execute, searched for as execvp does. Tells; never fails. */
void fp_image_inspect(const char *program, const char *library, struct fp_image *ret);

#endif
