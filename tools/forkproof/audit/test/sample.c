/* Writes a model in a format on standard output: sample MODEL FORMAT. For test_formats.py. */
#include <stdio.h>
#include <string.h>

#include "models.h"

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        int (*write)(FILE *, const struct fp_audit *, const struct fp_format *);
    } formats[] = {{"text", fp_format_text}, {"json", fp_format_json}, {"junit", fp_format_junit}};
    struct fp_audit *audit = argc == 3 ? fp_model(argv[1]) : NULL;
    struct fp_format how = fp_model_format();
    for (size_t i = 0; audit && i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp(formats[i].name, argv[2]) == 0)
            return formats[i].write(stdout, audit, &how) == 0 ? 0 : 1;
    fprintf(stderr, "usage: sample MODEL FORMAT\n");
    return 2;
}
