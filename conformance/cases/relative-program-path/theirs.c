/* Somebody else's program of the same name. */
#include "case.h"

int main(void) {
    case_begin();
    case_step("theirs runs");
    case_outcome("ran-theirs");
}
