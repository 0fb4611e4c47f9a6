/* The baseline: a report of an earlier run, which somebody may have edited. */
#include <errno.h>
#include <string.h>

#include "baseline.h"
#include "fuzz.h"
#include "say.h"

int LLVMFuzzerInitialize(int *argc, char ***argv) {
    (void)argc;
    (void)argv;
    fp_say_to(-1);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct fp_baseline baseline = {0};
    struct fp_finding finding = {.fingerprint = "0123456789abcdef0123456789abcdef"};
    struct fp_audit audit = {.findings = &finding, .finding_count = 1};
    int r = fp_baseline_read(&baseline, fp_fuzz_path(0, data, size));
    FP_CLAIM(r == 0 || r == -EINVAL);
    FP_CLAIM(r == 0 || baseline.count == 0);
    for (size_t i = 0; i < baseline.count; i++)
        FP_CLAIM(strlen(baseline.fingerprints[i]) == 32);
    fp_baseline_apply(&baseline, &audit);
    fp_baseline_free(&baseline);
    return 0;
}
