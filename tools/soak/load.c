/*
 * The load: a program that does everything around children that legacy programs do, all at once
 * and for as long as it is told to, in parts that are processes of their own.
 *
 *   load [SABOTAGE [PID]]    what is done wrong on purpose, see sabotages; PID: the stranger's
 *   load tight               a short life where no memory can be mapped; exit status 0: all was
 * right
 *
 * Prints "up" and is then told what to do by lines on standard input, each answered by one line:
 *   go         run
 *   starve     use up all descriptors;  feed: give them back
 *   burst MS   make children until fork fails, keep them for so long, kill them
 *   quiet      stand still without children; the answer is "quiet" and the counters of struct soak
 *   end        after quiet: leave a daemon behind and exit
 * "stuck" answers a quiet that does not come about, "dead NAME" a part that has ended.
 */
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../shim/record/clone.h"
#include "child.h"
#include "soak.h"

enum {
    PATIENCE = 60, /* seconds for all to stand still */
    BURST = 4000,
    TIGHT = 80, /* children; more than the shim leaves unreaped */
    LEAK = 1 << 20,
};

static struct part {
    const char *name;
    void (*run)(void);
    int workers;
    pid_t pid;
} parts[] = {
    {"pool", soak_run_pool, SOAK_POOL_WORKERS, 0},
    {"handler", soak_run_handler, 1, 0},
    {"late", soak_run_late, 1, 0},
    {"spawner", soak_run_spawner, SOAK_SPAWNER_WORKERS, 0},
    {"groups", soak_run_groups, 1, 0},
    {"daemons", soak_run_daemons, 1, 0},
    {"pump", soak_run_pump, 1, 0},
};

enum { PARTS = sizeof parts / sizeof parts[0] };

static const char *const sabotages[] = {
    [NOTHING] = "-",
    [LEAK_FD] = "leak-fd",
    [LOSE] = "lose-status",
    [TELL_TWICE] = "double-status",
    [TELL_WRONG] = "wrong-status",
    [ZOMBIE] = "zombie",
    [STRANGER] = "stranger",
    [MEMORY] = "memory",
};

static _Noreturn void fail(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void make_ledger(void) {
    soak = mmap(NULL, sizeof *soak, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (soak == MAP_FAILED)
        fail("mmap");
}

static void answer(const char *word) {
    puts(word);
    fflush(stdout);
}

/* --- the gate, from the other side --- */

static void set_phase(enum soak_phase phase) {
    atomic_store(&soak->phase, (int)phase);
    syscall(SYS_futex, &soak->phase, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static const char *dead_part(void) {
    siginfo_t info = {0};
    for (int i = 0; i < PARTS; i++)
        if (waitid(P_PID, (id_t)parts[i].pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
            info.si_pid != 0)
            return parts[i].name;
    return NULL;
}

/* False: somebody does not stop. */
static bool await_parked(int workers) {
    const struct timespec moment = {0, 100000000};
    const time_t deadline = time(NULL) + PATIENCE;
    int parked;
    while ((parked = atomic_load(&soak->parked)) < workers) {
        syscall(SYS_futex, &soak->parked, FUTEX_WAIT, parked, &moment, NULL, 0);
        if (dead_part() || time(NULL) > deadline)
            return false;
    }
    return true;
}

static bool await_quiet(void) {
    int workers = 0;
    for (int i = 0; i < PARTS; i++)
        workers += parts[i].workers;
    set_phase(QUIET);
    return await_parked(workers);
}

static void print_counters(void) {
    const struct {
        const char *name;
        atomic_long *value;
    } all[] = {
        {"forked", &soak->forked},
        {"told", &soak->told},
        {"lost", &soak->lost},
        {"twice", &soak->twice},
        {"wrong", &soak->wrong},
        {"refused", &soak->refused},
        {"no_process", &soak->no_process},
        {"no_file", &soak->no_file},
        {"stale", &soak->stale},
        {"stale_sent", &soak->stale_sent},
        {"unreaped", &soak->unreaped},
    };
    printf("quiet newest %d", atomic_load(&soak->newest));
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        printf(" %s %ld", all[i].name, atomic_load(all[i].value));
    answer("");
}

static void stand_still(void) {
    bool still = await_quiet();
    const char *dead = dead_part();
    if (dead)
        printf("dead %s\n", dead);
    if (dead || !still) {
        answer(dead ? "" : "stuck");
        return;
    }
    soak_audit();
    print_counters();
}

/* --- what is done wrong on purpose --- */

static void sabotage(pid_t stranger) {
    if (soak_sabotage == LEAK_FD && dup(STDERR_FILENO) < 0)
        fail("dup");
    if (soak_sabotage == ZOMBIE && fp_clone_by(SIGCHLD, NULL, NULL) == 0)
        _exit(0);
    if (soak_sabotage == STRANGER)
        kill(stranger, STALE_SIGNAL);
    if (soak_sabotage == MEMORY) {
        char *leak = mmap(NULL, LEAK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (leak == MAP_FAILED)
            fail("mmap");
        memset(leak, 1, LEAK);
    }
}

static void go(pid_t stranger) {
    sabotage(stranger);
    atomic_store(&soak->parked, 0);
    set_phase(RUNNING);
    answer("going");
}

/* --- the burst --- */

static void burst(int ms) {
    static pid_t pids[BURST];
    int count = 0;
    pid_t pid;
    while (count < BURST && (pid = soak_fork(3, true)) > 0) {
        soak_promise(pid, SIGKILL);
        pids[count++] = pid;
    }
    if (count < BURST)
        soak_refused();
    poll(NULL, 0, ms);
    for (int i = 0; i < count; i++)
        soak_signal_own(pids[i], SIGKILL, (unsigned)i);
    for (int i = 0; i < count; i++)
        soak_wait(pids[i], (unsigned)i);
    printf("burst %d\n", count);
    answer("");
}

/* --- the end --- */

/* Who does not die of the program's end lives on. */
static void leave_daemon(void) {
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        if (fork() == 0)
            for (;;)
                pause();
        _exit(0);
    }
    if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
        fail("the daemon to be left behind");
}

static int end(void) {
    int bad = 0;
    set_phase(OVER);
    for (int i = 0; i < PARTS; i++) {
        int status;
        bad += waitpid(parts[i].pid, &status, 0) != parts[i].pid || status != 0;
    }
    leave_daemon();
    answer("over");
    return bad;
}

static int obey(pid_t stranger) {
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        if (strcmp(line, "go\n") == 0)
            go(stranger);
        else if (strcmp(line, "quiet\n") == 0)
            stand_still();
        else if (strcmp(line, "end\n") == 0)
            return end();
        else if (strncmp(line, "burst ", 6) == 0)
            burst(atoi(line + 6));
        else {
            atomic_store(&soak->starving, strcmp(line, "starve\n") == 0);
            answer("done");
        }
    }
    return 1;
}

static void start_parts(void) {
    for (int i = 0; i < PARTS; i++) {
        parts[i].pid = fork();
        if (parts[i].pid < 0)
            fail("fork");
        if (parts[i].pid == 0) {
            prctl(PR_SET_NAME, parts[i].name);
            if (soak_park())
                parts[i].run();
            exit(0);
        }
    }
    if (!await_parked(PARTS))
        exit(1);
}

/* --- where no memory can be had --- */

/* The stack would not grow any more either. */
static void touch_stack(int kib) {
    volatile char page[1024];
    page[0] = (char)kib;
    if (kib > 0)
        touch_stack(kib - 1);
    (void)page[0];
}

static void forbid_memory(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (!file || fscanf(file, "%ld", &pages) != 1)
        fail("/proc/self/statm");
    fclose(file);
    rlim_t size = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
    if (setrlimit(RLIMIT_AS, &(struct rlimit){size, size}) != 0)
        fail("setrlimit");
    if (mmap(NULL, 1 << 16, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        exit(2);
}

static pid_t tight_fork(unsigned serial) {
    pid_t pid;
    while ((pid = soak_fork(serial, false)) < 0)
        if (errno == EAGAIN)
            soak_pause();
        else
            fail("fork");
    return pid;
}

/* Every other one has the shim's table already when memory ends. */
static int be_tight(void) {
    pid_t pids[TIGHT];
    make_ledger();
    touch_stack(128);
    for (unsigned i = 0; i < TIGHT; i++) {
        if (i == (getpid() % 2 ? 0 : 1))
            forbid_memory();
        pids[i] = tight_fork(i);
        soak_promise(pids[i], soak_exited(soak_code(i)));
    }
    for (unsigned i = 0; i < TIGHT; i++)
        soak_signal_own(pids[i], 0, i);
    for (unsigned i = 0; i < TIGHT; i++)
        soak_wait(i % 2 ? -1 : pids[i / 2], i);
    while (soak_wait(-1, 0) > 0)
        ;
    soak_audit();
    return soak->lost || soak->twice || soak->wrong || soak->refused;
}

int main(int argc, char **argv) {
    const struct rlimit limit = {DESCRIPTORS, DESCRIPTORS};
    if (argc == 2 && strcmp(argv[1], "tight") == 0)
        return be_tight();
    for (int i = 0; argc > 1 && i <= MEMORY; i++)
        if (strcmp(argv[1], sabotages[i]) == 0)
            soak_sabotage = (enum soak_sabotage)i;
    signal(STALE_SIGNAL, SIG_IGN);
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        fail("setrlimit");
    make_ledger();
    atomic_store(&soak->phase, QUIET);
    start_parts();
    answer("up");
    return obey(argc > 2 ? atoi(argv[2]) : 0);
}
