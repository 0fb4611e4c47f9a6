#include "doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "contract.h"
#include "say.h"
#include "tell.h"

static const char help[] =
    "Usage: forkproof doctor [--json]\n"
    "Tells how forkproof run can hold a program here, for this user, and why not by\n"
    "more: tries each way, and leaves nothing behind.\n\n"
    "  --json      the same for programs\n"
    "  -h, --help  this text\n\n"
    "Exit status: 0 forkproof run works here; 125 it does not.\n";

static int examine(bool json) {
    static struct fp_checkup checkup;
    fp_checkup_make(&checkup);
    char *text = json ? fp_checkup_json(&checkup) : fp_checkup_text(&checkup);
    int status = fp_tell_text(text);
    free(text);
    return status ? status : checkup.works ? 0 : FP_EXIT_FAILED;
}

int fp_doctor_main(int argc, char **argv) {
    bool json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return fp_tell_text(help);
        if (strcmp(argv[i], "--json") != 0) {
            fp_say("doctor: unknown %s '%s'", argv[i][0] == '-' ? "option" : "argument", argv[i]);
            return FP_EXIT_FAILED;
        }
        json = true;
    }
    return examine(json);
}
