/* An empty preload: what a suite does with any preloaded object at all, ours left out. */
extern const int fp_empty;
const int fp_empty = 0;
