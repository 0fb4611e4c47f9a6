/*
 * A member that does to the ledger what it can: scribbler WHAT. Needs no hooks. fill: every byte
 * 0xff; zero; random; loop: every starter its own starter; shrink: what would make others fault;
 * hole: the pages taken away. Then it leaves a child behind.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../../shim/record/ledger.h"

static void scribble(const char *what, struct fp_ledger *ledger, int fd) {
    size_t size = sizeof *ledger;
    unsigned seed = 1;
    if (strcmp(what, "fill") == 0)
        memset(ledger, 0xff, size);
    else if (strcmp(what, "zero") == 0)
        memset(ledger, 0, size);
    else if (strcmp(what, "random") == 0)
        for (size_t i = 0; i < size; i++)
            ((unsigned char *)ledger)[i] =
                (unsigned char)((seed = seed * 1103515245 + 12345) >> 16);
    else if (strcmp(what, "hole") == 0)
        (void)fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)size);
    for (unsigned i = 0; strcmp(what, "loop") == 0 && i < FP_LEDGER_STARTERS; i++) {
        ledger->starters[i].made = 1 + i;
        ledger->starters[i].from = i + 1;
        ledger->starters[i].pid = getpid();
        ledger->starters[i].parent = getpid();
        ledger->starters[i].length = UINT32_MAX;
    }
    for (unsigned i = 0; strcmp(what, "loop") == 0 && i < FP_LEDGER_BIRTHS; i++)
        ledger->births[i] |= (fp_born)1 << 22;
}

int main(int argc, char **argv) {
    const char *path = getenv("FORKPROOF_LEDGER");
    int fd = path ? open(path, O_RDWR) : -1;
    if (argc != 2 || fd < 0)
        return 2;
    struct fp_ledger *ledger =
        mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (ledger == MAP_FAILED)
        return 3;
    if (ftruncate(fd, 0) == 0 || ftruncate(fd, 1 << 30) == 0)
        return 4;
    if (fork() == 0)
        for (;;)
            pause();
    scribble(argv[1], ledger, fd);
    return fork() < 0 ? 5 : 0;
}
