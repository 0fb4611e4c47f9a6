#include "soak.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

struct soak *soak;
enum soak_sabotage soak_sabotage;

enum { SABOTAGED = 100 }; /* statuses told, one of them by the sabotage */

/* Far from linear: 3 and 5 are not 4 and 4. */
static uint64_t digest_of(int status) {
    uint64_t x = (uint64_t)(unsigned)status + 0x9e3779b97f4a7c15U;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9U;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebU;
    return x ^ (x >> 31);
}

static struct soak_entry *entry_of(pid_t pid) {
    int newest = atomic_load(&soak->newest);
    if (pid <= 0 || pid >= PID_LIMIT)
        abort();
    while (pid > newest && !atomic_compare_exchange_weak(&soak->newest, &newest, pid))
        ;
    return &soak->of[pid];
}

void soak_promise(pid_t pid, int status) {
    struct soak_entry *entry = entry_of(pid);
    atomic_fetch_add(&entry->digest, digest_of(status));
    atomic_fetch_add(&entry->due, 1);
    atomic_fetch_add(&soak->forked, 1);
}

static void enter_told(pid_t pid, int status) {
    struct soak_entry *entry = entry_of(pid);
    atomic_fetch_sub(&entry->digest, digest_of(status));
    atomic_fetch_sub(&entry->due, 1);
}

void soak_tell(pid_t pid, int status) {
    bool bad = atomic_fetch_add(&soak->told, 1) % SABOTAGED == 0;
    if (bad && soak_sabotage == LOSE)
        return;
    enter_told(pid, bad && soak_sabotage == TELL_WRONG ? status ^ 0x100 : status);
    if (bad && soak_sabotage == TELL_TWICE)
        enter_told(pid, status);
}

void soak_compare(int promised, int told) {
    atomic_fetch_add(&soak->forked, 1);
    atomic_fetch_add(&soak->told, 1);
    if (promised != told)
        atomic_fetch_add(&soak->wrong, 1);
}

void soak_audit(void) {
    for (pid_t pid = 1; pid <= atomic_load(&soak->newest); pid++) {
        struct soak_entry *entry = &soak->of[pid];
        int due = atomic_exchange(&entry->due, 0);
        bool agrees = atomic_exchange(&entry->digest, 0) == 0;
        if (due > 0)
            atomic_fetch_add(&soak->lost, due);
        else if (due < 0)
            atomic_fetch_add(&soak->twice, -due);
        else if (!agrees)
            atomic_fetch_add(&soak->wrong, 1);
    }
}

bool soak_refused(void) {
    int error = errno;
    if (error == EAGAIN)
        atomic_fetch_add(&soak->no_process, 1);
    if (error == EMFILE)
        atomic_fetch_add(&soak->no_file, 1);
    return error == EAGAIN || error == EMFILE || error == ENOMEM;
}

/* --- the gate --- */

/* What this process holds while it starves. */
static int held[DESCRIPTORS];
static atomic_int held_count;

static void starve(void) {
    int fd;
    while (held_count < DESCRIPTORS && (fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0)
        held[atomic_fetch_add(&held_count, 1)] = fd;
}

static void feed(void) {
    while (held_count > 0)
        close(held[atomic_fetch_sub(&held_count, 1) - 1]);
}

bool soak_running(void) {
    static atomic_flag busy = ATOMIC_FLAG_INIT;
    bool starving = atomic_load(&soak->starving);
    if ((starving || held_count > 0) && !atomic_flag_test_and_set(&busy)) {
        if (starving)
            starve();
        else
            feed();
        atomic_flag_clear(&busy);
    }
    return atomic_load(&soak->phase) == RUNNING;
}

bool soak_park(void) {
    atomic_fetch_add(&soak->parked, 1);
    syscall(SYS_futex, &soak->parked, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
    while (atomic_load(&soak->phase) == QUIET)
        syscall(SYS_futex, &soak->phase, FUTEX_WAIT, QUIET, NULL, NULL, 0);
    return atomic_load(&soak->phase) != OVER;
}

void soak_pause(void) {
    const struct timespec moment = {0, 1000000};
    int phase = atomic_load(&soak->phase);
    syscall(SYS_futex, &soak->phase, FUTEX_WAIT, phase, &moment, NULL, 0);
}

void soak_run_threads(void *(*const run[])(void *), int count) {
    static unsigned numbers[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    pthread_t threads[8];
    for (int i = 0; i < count; i++)
        if (pthread_create(&threads[i], NULL, run[i], &numbers[i]) != 0)
            abort();
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}
