#include "stall.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "escape.h"
#include "facts.h"
#include "proc.h"
#include "say.h"
#include "values.h"
#include "waits_words.h"

/* Between two looks: a part of the time, and so long that the looks cost little. */
#define LOOKS 4
#define LEAST_NS (FP_SECOND / 10)
#define COST_SHARE 20

/* A thread that waits since, in one and the same call. */
struct waiter {
    pid_t pid, tid;
    uint64_t born, switches;
    int64_t since; /* monotonic */
    bool is_told;
};

struct looker {
    struct fp_stall *stall;
    struct fp_waits before;
    bool has_before;
    int64_t looked; /* at `before` */
    struct waiter *waiters;
    size_t waiter_count;
    bool utf8;
};

/* --- what is told --- */

/* "10s", "1.5s", "200ms" */
static void tell_time(FILE *out, int64_t ns) {
    if (ns < FP_SECOND)
        fprintf(out, "%ldms", (long)(ns / (FP_SECOND / 1000)));
    else
        fprintf(out, "%gs", (double)ns / (double)FP_SECOND);
}

/* At once: the lines of several do not mix, and whoever reads slowly gets it whole. */
static void put(int fd, const char *text, size_t length) {
    for (size_t done = 0; done < length && fd >= 0;) {
        ssize_t n = write(fd, text + done, length - done);
        if (n < 0 && errno != EINTR)
            return;
        done += n > 0 ? (size_t)n : 0;
    }
}

static void print(const struct looker *l, const struct fp_waits *waits,
                  const struct fp_cycle *cycle, const char *rule) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return;
    fputs("forkproof: this has not moved for ", out);
    tell_time(out, l->stall->after_ns);
    fputs(": ", out);
    fp_cycle_tell(out, waits, cycle);
    fputc('\n', out);
    if (waits->waits[cycle->waits[0]].kind != FP_WAIT_FUTEX)
        fp_cycle_draw(out, waits, cycle, l->utf8);
    if (rule)
        fprintf(out, "    %s: see forkproof explain %s\n", rule, rule);
    if (fclose(out) == 0)
        put(l->stall->stderr_fd, text, length);
    free(text);
}

/* "/bin/cat file" */
static void put_arguments(FILE *out, pid_t pid) {
    char arguments[256], clean[4 * sizeof arguments + 1];
    size_t length = fp_proc_argv(pid, arguments, sizeof arguments);
    if (length && arguments[length - 1] == '\0')
        length--;
    for (size_t i = 0; i < length; i++)
        if (arguments[i] == '\0')
            arguments[i] = ' ';
    fp_escape(arguments, length, clean, sizeof clean);
    fputs(clean, out);
}

/* Who holds the other end, by which descriptor. */
static void tell_holders(FILE *out, const struct fp_waits *waits, const struct fp_wait *wait) {
    bool is_read = wait->kind == FP_WAIT_READ;
    for (size_t i = 0; i < waits->end_count; i++) {
        const struct fp_end *end = &waits->ends[i];
        if (strcmp(end->key, wait->key) != 0 || !(is_read ? end->writes : end->reads))
            continue;
        fp_put_object(out, wait);
        fprintf(out, " can be %s by ", is_read ? "written" : "read");
        fp_put_process(out, waits, end->process);
        fprintf(out, ", as descriptor %d: ", end->fd);
        put_arguments(out, waits->processes[end->process].pid);
        fputc('\n', out);
    }
}

/* The rule, the sentence, the evidence: see FP_AUDIT_STALL. */
static char *make_text(const struct fp_waits *waits, const struct fp_cycle *cycle,
                       const char *rule) {
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out)
        return NULL;
    fprintf(out, "%s\n", rule);
    fp_cycle_tell(out, waits, cycle);
    fputc('\n', out);
    for (size_t i = 0; i < cycle->wait_count; i++) {
        const struct fp_wait *wait = &waits->waits[cycle->waits[i]];
        if (wait->kind == FP_WAIT_READ || wait->kind == FP_WAIT_WRITE)
            tell_holders(out, waits, wait);
    }
    if (fclose(out) == 0)
        return text;
    free(text);
    return NULL;
}

/* Its number in the innermost pid namespace that it is in. */
static pid_t inner_pid(pid_t pid) {
    char path[64], *text;
    size_t length;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    if (fp_proc_slurp(path, &text, &length) < 0)
        return pid;
    char *at = strstr(text, "\nNSpid:"), *end = at ? strchr(at + 1, '\n') : NULL;
    if (end) {
        *end = '\0';
        pid = atoi(strrchr(at, '\t') + 1);
    }
    free(text);
    return pid;
}

static uint64_t since_boot(void) {
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * (uint64_t)FP_SECOND + (uint64_t)now.tv_nsec;
}

/* For the record. A text that is too long ends with its last line that is whole. */
static void keep(struct looker *l, const struct fp_waits *waits, const struct fp_cycle *cycle,
                 const char *rule) {
    struct fp_stall *stall = l->stall;
    size_t count = atomic_load(&stall->count);
    char *text = count < FP_STALLED_MAX ? make_text(waits, cycle, rule) : NULL;
    if (!text)
        return;
    struct fp_stalled *found = &stall->found[count];
    pid_t pid = waits->processes[waits->waits[cycle->waits[0]].process].pid;
    *found =
        (struct fp_stalled){.pid = stall->init > 0 ? inner_pid(pid) : pid, .time = since_boot()};
    size_t length = strlen(text);
    if (length > sizeof found->text) {
        text[length = sizeof found->text] = '\0';
        char *last = strrchr(text, '\n');
        length = last ? (size_t)(last - text) : length;
    }
    while (length > 0 && text[length - 1] == '\n')
        length--;
    found->length = length;
    memcpy(found->text, text, found->length);
    atomic_store(&stall->count, count + 1);
    free(text);
}

/* --- looking --- */

static const struct waiter *find_waiter(const struct looker *l, const struct waiter *now) {
    for (size_t i = 0; i < l->waiter_count; i++) {
        const struct waiter *old = &l->waiters[i];
        if (old->tid == now->tid && old->pid == now->pid && old->born == now->born &&
            old->switches == now->switches)
            return old;
    }
    return NULL;
}

/* Whether all of a cycle has waited long enough and nothing of it was told before. */
static bool is_due(const struct looker *l, const struct waiter *waiters, size_t count,
                   int64_t looked) {
    for (size_t i = 0; i < count; i++)
        if (waiters[i].is_told || looked - waiters[i].since < l->stall->after_ns)
            return false;
    return count > 0;
}

static void tell(struct looker *l, const struct fp_waits *waits, const struct fp_cycle *cycle,
                 const char *rule) {
    print(l, waits, cycle, rule);
    if (rule)
        keep(l, waits, cycle, rule);
    if (l->stall->ends)
        eventfd_write(l->stall->over_fd, 1);
}

static void note_waiters(const struct looker *l, const struct fp_waits *waits,
                         const struct fp_cycle *cycle, struct waiter *ret) {
    for (size_t i = 0; i < cycle->wait_count; i++) {
        const struct fp_wait *wait = &waits->waits[cycle->waits[i]];
        const struct fp_looked *process = &waits->processes[wait->process];
        ret[i] = (struct waiter){process->pid, wait->tid, process->born, wait->switches, 0, false};
        const struct waiter *old = find_waiter(l, &ret[i]);
        ret[i].since = old ? old->since : l->looked;
        ret[i].is_told = old && old->is_told;
    }
}

static void consider(struct looker *l, const struct fp_waits *waits, const struct fp_cycle *cycle,
                     struct waiter *waiters, int64_t looked) {
    const char *rule;
    note_waiters(l, waits, cycle, waiters);
    if (!is_due(l, waiters, cycle->wait_count, looked) ||
        fp_stall_judge(waits, cycle, l->stall->facts->root, &rule) == FP_STALL_MEANT)
        return;
    tell(l, waits, cycle, rule);
    for (size_t i = 0; i < cycle->wait_count; i++)
        waiters[i].is_told = true;
}

static void compare(struct looker *l, struct fp_waits *now, int64_t looked) {
    struct fp_cycles cycles;
    size_t count = 0;
    if (fp_waits_cycles(&l->before, now, &cycles) < 0)
        return;
    for (size_t i = 0; i < cycles.count; i++)
        count += cycles.at[i].wait_count;
    struct waiter *waiters = calloc(count + 1, sizeof *waiters);
    for (size_t i = 0, at = 0; waiters && i < cycles.count; at += cycles.at[i++].wait_count)
        consider(l, now, &cycles.at[i], waiters + at, looked);
    free(l->waiters);
    l->waiters = waiters;
    l->waiter_count = waiters ? count : 0;
    fp_cycles_free(&cycles);
}

/* All members descend from the supervisor; orphans of a pid namespace from its init. */
static void look(struct looker *l) {
    const struct fp_stall *stall = l->stall;
    pid_t tops[] = {stall->facts->supervisor, stall->init};
    struct fp_waits now;
    int64_t looked = fp_now();
    if (tops[0] <= 0 || fp_waits_look_below_all(tops, stall->init > 0 ? 2 : 1, &now) < 0)
        return;
    if (l->has_before) {
        compare(l, &now, looked);
        fp_waits_free(&l->before);
    }
    l->before = now;
    l->has_before = true;
    l->looked = looked;
}

/* True when it is told to stop. */
static bool pause_for(const struct fp_stall *stall, int64_t ns) {
    struct pollfd stop = {.fd = stall->stop_fd, .events = POLLIN};
    int64_t ms = (ns + 999999) / 1000000;
    return poll(&stop, 1, ms > 3600000 ? 3600000 : (int)ms) > 0;
}

/* The locale of the whole process stays as it is. */
static bool is_utf8(void) {
    locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
    if (!locale)
        return false;
    bool is = strcmp(nl_langinfo_l(CODESET, locale), "UTF-8") == 0;
    freelocale(locale);
    return is;
}

/* What is left by a root that has ended is another matter. */
static void *look_on(void *data) {
    struct fp_stall *stall = data;
    struct looker l = {.stall = stall, .utf8 = is_utf8()};
    int64_t rest = stall->after_ns / LOOKS, cost = 0;
    if (rest < LEAST_NS)
        rest = LEAST_NS;
    while (!pause_for(stall, rest > cost * COST_SHARE ? rest : cost * COST_SHARE) &&
           !stall->facts->root_ended) {
        int64_t began = fp_now();
        look(&l);
        cost = fp_now() - began;
    }
    fp_waits_free(&l.before);
    free(l.waiters);
    return NULL;
}

/* --- the guard's side --- */

static void close_all(struct fp_stall *stall) {
    if (stall->over_fd >= 0)
        close(stall->over_fd);
    if (stall->stop_fd >= 0)
        close(stall->stop_fd);
    stall->over_fd = stall->stop_fd = -1;
}

int fp_stall_start(struct fp_stall *stall) {
    if (stall->after_ns == 0)
        return 0;
    stall->over_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    stall->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int r = stall->over_fd < 0 || stall->stop_fd < 0 ? errno : 0;
    if (r == 0)
        r = pthread_create(&stall->thread, NULL, look_on, stall);
    stall->is_running = r == 0;
    if (r != 0)
        close_all(stall);
    return -r;
}

bool fp_stall_ends_run(struct fp_stall *stall) {
    eventfd_t value;
    if (stall->over_fd < 0 || eventfd_read(stall->over_fd, &value) < 0 || stall->is_over)
        return false;
    stall->is_over = true;
    fp_say("the run is ended because it has stalled (--stall)");
    return true;
}

void fp_stall_stop(struct fp_stall *stall) {
    if (!stall->is_running)
        return;
    eventfd_write(stall->stop_fd, 1);
    pthread_join(stall->thread, NULL);
    stall->is_running = false;
    close_all(stall);
}

size_t fp_stall_count(const struct fp_stall *stall) {
    return atomic_load(&stall->count);
}

const struct fp_stalled *fp_stall_get(const struct fp_stall *stall, size_t number) {
    return &stall->found[number];
}
