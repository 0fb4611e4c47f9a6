/*
 * The register: which processes belong to one contained program, in a file that all of them map.
 *
 * Only where nobody else holds the program (see group.h). The first process that makes a child is
 * its root and makes the file, in a private directory; members find it through their environment,
 * or through their parent. One word a process, changed by compare-and-swap, so that a member may be
 * killed at any instruction. The pages are allocated when the file is made: writing to them cannot
 * fail.
 *
 * Whoever signals by it trusts nothing here: a pid counts only together with its start time.
 * Everything is async-signal-safe and answers false where the file cannot be had.
 */
#ifndef FP_REGISTER_H
#define FP_REGISTER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define FP_REGISTER_MAGIC UINT64_C(0x3130676572706600) /* says the layout, too */
#define FP_REGISTER_ENTRIES 16384
#define FP_REGISTER_PATH 256

/* pid:22 leads:1 alive:1 ticks:40 */
typedef uint64_t fp_entry;

struct fp_register {
    uint64_t magic;
    uint64_t namespace;  /* the pid namespace that the numbers are of */
    uint64_t root_start; /* clock ticks since boot */
    uint64_t made;       /* the same; members are younger */
    int32_t root;
    int32_t newest;    /* the newest pid when it was made */
    atomic_uint lost;  /* members that did not fit */
    atomic_uint ended; /* 1: the root has ended and what it left is being ended */
    _Atomic(fp_entry) entries[FP_REGISTER_ENTRIES];
};

static inline pid_t fp_entry_pid(fp_entry e) {
    return (pid_t)(e & 0x3fffff);
}
/* It, or the group and session that it made, may still be there. */
static inline bool fp_entry_leads(fp_entry e) {
    return (e >> 22) & 1;
}
static inline bool fp_entry_alive(fp_entry e) {
    return (e >> 23) & 1;
}
/* A process of this pid that started later is somebody else. Clock ticks since boot. */
static inline uint64_t fp_entry_ticks(fp_entry e) {
    return e >> 24;
}

/* Clock ticks since boot, as /proc/PID/stat has them. */
uint64_t fp_register_now(void);

/* The path is there and can be no base of ours: it is another user's, or no directory. */
bool fp_register_base_is_taken(const char *base);

/*
 * Appends ".N" to a base that is taken, so that it names another beside it: one of ours that is
 * there, or else a new one, whose name nobody could take beforehand.
 */
void fp_register_base_beside(char base[static FP_REGISTER_PATH]);

/* Makes the register of which the calling process is the root. path: where its name is written. */
struct fp_register *fp_register_make(const char *base, char path[static FP_REGISTER_PATH]);

/* Maps one that is there; NULL when it is not one, or of another pid namespace. */
struct fp_register *fp_register_open(const char *path);

/*
 * Looks in the directory for the register that a process is in. Takes away those of roots that are
 * gone.
 */
struct fp_register *fp_register_find(const char *base, pid_t pid,
                                     char path[static FP_REGISTER_PATH]);

void fp_register_close(struct fp_register *reg);

/* Removes the file, and the directory with the last one. */
void fp_register_remove(const char *path);

/* The pid, alive now, is a member; leads: it has made a group or a session of its number. */
void fp_register_put(struct fp_register *reg, pid_t pid, bool leads);

/* It has been reaped. */
void fp_register_drop(struct fp_register *reg, pid_t pid);

/* Its entry, or 0. */
fp_entry fp_register_get(struct fp_register *reg, pid_t pid);

#endif
