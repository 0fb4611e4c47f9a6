/* The process group in /proc/self/stat: is it ours? */
#include <stdio.h>
#include <unistd.h>

int main(void) {
    int group = -1;
    FILE *file = fopen("/proc/self/stat", "r");
    if (!file || fscanf(file, "%*d %*s %*c %*d %d", &group) != 1)
        return 1;
    puts(group == getpgrp() ? "ours" : group == 0 ? "0" : "another");
}
