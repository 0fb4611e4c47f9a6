/*
 * What all processes of a tree and its driver share: a file that each maps. It needs no descriptor,
 * so that a node may close all it has, and is found by name again after an exec.
 *
 * Whoever waits, waits for a word of it by futex; every change rings the one bell. The driver reads
 * the words by their order here: forest/board.py.
 */
#ifndef TREES_BOARD_H
#define TREES_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { NODES = 64, LATE = 64, PATH_SIZE = 512 };

/* Of a node. SETTLED: as its plan has it, but for a stop or an end that follows at once. */
enum { ABSENT, STARTED, SETTLED };

struct board {
    _Atomic uint32_t bell;
    _Atomic uint32_t stops; /* 1: those that stop themselves may */
    _Atomic uint32_t go;    /* 1: the root may end */
    _Atomic int32_t budget; /* how many may still be born during the end */
    _Atomic uint32_t late_count;
    _Atomic uint32_t broken_node, broken_line; /* the first that could not do what its plan says */
    _Atomic int32_t broken_errno;
    struct {
        _Atomic int32_t pid;
        _Atomic uint32_t state;
    } node[NODES];
    _Atomic int32_t late[LATE]; /* pids of those born during the end */
};

extern struct board *board;

/* Maps DIRECTORY/board; ends the process when that cannot be. */
void board_open(const char *directory);

void board_set_state(int node, uint32_t state);
void board_wait_flag(_Atomic uint32_t *flag);
void board_wait_state(int node, uint32_t state);

/* Whether one more may be born; if so it is to enter itself. */
bool board_spend(void);
void board_enter_late(pid_t pid);

/* Tells the driver that this tree is not what the plan says, and ends the process. */
_Noreturn void board_broken(int node, int line);

#endif
