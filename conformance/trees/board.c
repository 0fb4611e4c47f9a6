#include "board.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct board *board;

void board_open(const char *directory) {
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%s/board", directory);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *memory = mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd < 0 || memory == MAP_FAILED)
        _exit(99);
    close(fd);
    board = memory;
}

static void ring(void) {
    atomic_fetch_add(&board->bell, 1);
    syscall(SYS_futex, &board->bell, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void sleep_until_bell(uint32_t last) {
    syscall(SYS_futex, &board->bell, FUTEX_WAIT, last, NULL, NULL, 0);
}

void board_set_state(int node, uint32_t state) {
    atomic_store(&board->node[node].pid, (int32_t)getpid());
    atomic_store(&board->node[node].state, state);
    ring();
}

void board_wait_flag(_Atomic uint32_t *flag) {
    for (uint32_t last; last = atomic_load(&board->bell), !atomic_load(flag);)
        sleep_until_bell(last);
}

void board_wait_state(int node, uint32_t state) {
    for (uint32_t last;
         last = atomic_load(&board->bell), atomic_load(&board->node[node].state) < state;)
        sleep_until_bell(last);
}

bool board_spend(void) {
    int32_t left = atomic_load(&board->budget);
    while (left > 0)
        if (atomic_compare_exchange_weak(&board->budget, &left, left - 1))
            return true;
    return false;
}

void board_enter_late(pid_t pid) {
    uint32_t at = atomic_fetch_add(&board->late_count, 1);
    if (at < LATE)
        atomic_store(&board->late[at], (int32_t)pid);
}

_Noreturn void board_broken(int node, int line) {
    int error = errno;
    uint32_t none = 0;
    if (atomic_compare_exchange_strong(&board->broken_line, &none, (uint32_t)line)) {
        atomic_store(&board->broken_node, (uint32_t)node);
        atomic_store(&board->broken_errno, (int32_t)error);
    }
    ring();
    _exit(99);
}
