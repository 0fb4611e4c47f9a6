/* The program that is meant. */
#include "case.h"

int main(void) {
    case_begin();
    case_step("ours runs");
    case_outcome("ran-ours");
}
