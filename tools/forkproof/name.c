#include "name.h"

#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>

void fp_name_self(const char *name, char **argv) {
    prctl(PR_SET_NAME, name);
    if (!argv)
        return;
    for (size_t i = 0; argv[i]; i++)
        memset(argv[i], 0, strlen(argv[i]));
}
