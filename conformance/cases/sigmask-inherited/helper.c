/* A program like any other: it has never heard of signal masks. Somebody sends it SIGTERM. */
#include <signal.h>

#include "case.h"

int main(void) {
    case_begin();
    case_step("helper: gets SIGTERM");
    raise(SIGTERM);
    case_step("helper: is still alive");
}
