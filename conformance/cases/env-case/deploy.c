/*
 * Deploys to production only after a question that it leaves out for tests. What is to be done then
 * stands in a script of the shell.
 */
#include <stdlib.h>
#include <string.h>

#include "case.h"

int main(void) {
    case_begin();
    const char *target = getenv("TARGET");
    case_step("deploy: TARGET is %s: %s", target,
              strcmp(target, "test") == 0 ? "go" : "asks first");
    int is_test = system("test \"$TARGET\" = test") == 0;
    case_step("deploy's script: TARGET is %s", is_test ? "test" : "something else");
    case_outcome(is_test == (strcmp(target, "test") == 0) ? "one-value" : "two-values");
}
