/* A foreign preload: does nothing, is found in the loader's list. Built twice, and once empty. */
int fp_marker(void);

int fp_marker(void) {
    return 1;
}
