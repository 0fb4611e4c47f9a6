/*
 * Runs a program under the audit library and prints what it recorded, an event a line:
 *
 *     audit_dump [-m] LIBRARY PROGRAM ARG…
 *
 * -m: with the mappings. Exit status: the program's, 128 and its signal, or 125. Only for tests:
 * nothing contains the program, and nobody that it leaves behind is waited for.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../../../shim/record/contract.h"
#include "record.h"

#define RECORD_SIZE (FP_AUDIT_HEAD + (size_t)2048 * FP_AUDIT_CHUNK)
#define FAILED 125

static const char *const forked[] = {"fork",  "vfork",  "clone",   "spawn",  "system",
                                     "popen", "daemon", "forkpty", "wordexp"};
static const char *const ended[] = {"return", "exit", "quick_exit", "abort", "signal"};
static const char *const killed[] = {"kill", "killpg", "tgkill", "sigqueue", "pidfd", "raise"};
static const char *const discarded[] = {"wait", "unreaped", "automatic", "system", "pclose"};
static const char *const touched[] = {"pipe",       "open",  "close", "dup", //
                                      "socketpair", "flags", "read",  "write", "range"};

static _Noreturn void fail(const char *what) {
    perror(what);
    exit(FAILED);
}

static void print_text(const char *name, struct fp_record_text text) {
    printf(" %s='", name);
    for (size_t i = 0; i < text.size; i++) {
        unsigned char byte = (unsigned char)text.at[i];
        printf(byte < ' ' || byte > '~' || byte == '\\' || byte == '\'' ? "\\x%02x" : "%c", byte);
    }
    printf("'");
}

static void print_image(const struct fp_record_event *event) {
    printf(" parent=%d start=%" PRIu64, event->image->parent, event->image->start);
    print_text("argv", event->text);
    print_text("exe", event->exe);
}

static void print_mapping(const struct fp_record_event *event) {
    printf(" start=%" PRIx64 " end=%" PRIx64 " offset=%" PRIx64, event->mapping->start,
           event->mapping->end, event->mapping->offset);
    print_text("path", event->text);
}

static void print_exec(const struct fp_record_event *event) {
    const struct fp_audit_exec *exec = event->exec;
    printf(" result=%d flags=%u blocked=%" PRIx64 " blocked_before=%" PRIx64, exec->result,
           exec->flags, exec->blocked, exec->blocked_before);
    print_text("path", event->text);
}

static void print_descriptor(const struct fp_record_event *event) {
    const struct fp_audit_descriptor *body = event->descriptor;
    printf(" what=%s fd=%d other=%d result=%d flags=%o", touched[body->what], body->fd, body->other,
           body->result, body->flags);
    if (body->what == FP_TOUCHED_OPEN)
        print_text("path", event->text);
}

static void print_inherited(const struct fp_record_event *event) {
    const struct fp_audit_inherited *body = event->inherited;
    printf(" fd=%d mode=%o flags=%o device=%" PRIu64 " inode=%" PRIu64, body->fd, body->mode,
           body->flags, body->device, body->inode);
}

static void print_fork(const struct fp_record_event *event) {
    printf(" child=%d how=%s threads=%u pending=%u", event->fork->child, forked[event->fork->how],
           event->fork->threads, event->fork->pending);
}

static void print_exit(const struct fp_record_event *event) {
    printf(" status=%d how=%s", event->exit->status, ended[event->exit->how]);
}

static void print_wait(const struct fp_record_event *event) {
    const struct fp_audit_wait *wait = event->wait;
    printf(" asked=%d got=%d status=%x options=%x flags=%u", wait->asked, wait->got,
           (unsigned)wait->status, wait->options, wait->flags);
}

static void print_kill(const struct fp_record_event *event) {
    printf(" target=%d signal=%d result=%d how=%s", event->kill->target, event->kill->signal,
           event->kill->result, killed[event->kill->how]);
}

static void print_discard(const struct fp_record_event *event) {
    printf(" child=%d status=%x how=%s", event->discard->child, (unsigned)event->discard->status,
           discarded[event->discard->how]);
}

static void print_handler(const struct fp_record_event *event) {
    const struct fp_audit_handler *handler = event->handler;
    printf(" signal=%d how=%s handler=%" PRIx64 " flags=%x result=%d", handler->signal,
           handler->how == FP_HANDLED_SIGNAL ? "signal" : "sigaction", handler->handler,
           handler->flags, handler->result);
}

static void print_pdeathsig(const struct fp_record_event *event) {
    printf(" signal=%d parent=%d result=%d", event->pdeathsig->signal, event->pdeathsig->parent,
           event->pdeathsig->result);
}

static void print_variable(const struct fp_record_event *event) {
    printf(" what=%s", event->variable->what == FP_VARIABLE_TWICE ? "twice" : "case");
    print_text("name", event->text);
}

static void print_shell(const struct fp_record_event *event) {
    printf(" how=%s flags=%u", forked[event->shell->how], event->shell->flags);
    print_text("command", event->text);
}

static void print_unsafe(const struct fp_record_event *event) {
    printf(" flags=%u", event->unsafe->flags);
    print_text("name", event->text);
}

static void print_atexit(const struct fp_record_event *event) {
    printf(" handler=%" PRIx64, event->handler_of_exit->handler);
}

static void print_caught(const struct fp_record_event *event) {
    (void)event;
}

static void print_left(const struct fp_record_event *event) {
    printf(" left=%d signal=%d flags=%u", event->left->pid, event->left->signal,
           event->left->flags);
    print_text("name", event->text);
}

static void print_root(const struct fp_record_event *event) {
    printf(" root=%d status=%x", event->root->pid, (unsigned)event->root->status);
    print_text("directory", event->text);
}

static void print_stall(const struct fp_record_event *event) {
    printf(" about=%d", event->stall->pid);
    print_text("text", event->text);
}

static const struct {
    const char *name;
    void (*print)(const struct fp_record_event *event);
} kinds[FP_AUDIT_KINDS] = {
    [FP_AUDIT_IMAGE] = {"image", print_image},
    [FP_AUDIT_MAPPING] = {"mapping", print_mapping},
    [FP_AUDIT_FORK] = {"fork", print_fork},
    [FP_AUDIT_EXEC] = {"exec", print_exec},
    [FP_AUDIT_EXIT] = {"exit", print_exit},
    [FP_AUDIT_WAIT] = {"wait", print_wait},
    [FP_AUDIT_KILL] = {"kill", print_kill},
    [FP_AUDIT_DISCARD] = {"discard", print_discard},
    [FP_AUDIT_DESCRIPTOR] = {"descriptor", print_descriptor},
    [FP_AUDIT_HANDLER] = {"handler", print_handler},
    [FP_AUDIT_PDEATHSIG] = {"pdeathsig", print_pdeathsig},
    [FP_AUDIT_INHERITED] = {"inherited", print_inherited},
    [FP_AUDIT_VARIABLE] = {"variable", print_variable},
    [FP_AUDIT_SHELL] = {"shell", print_shell},
    [FP_AUDIT_UNSAFE] = {"unsafe", print_unsafe},
    [FP_AUDIT_ATEXIT] = {"atexit", print_atexit},
    [FP_AUDIT_CAUGHT] = {"caught", print_caught},
    [FP_AUDIT_LEFT] = {"left", print_left},
    [FP_AUDIT_ROOT] = {"root", print_root},
    [FP_AUDIT_STALL] = {"stall", print_stall},
};

static void print_event(const struct fp_record_event *event) {
    printf("%s pid=%d", kinds[event->kind].name, event->pid);
    if (event->tid != event->pid)
        printf(" tid=%d", event->tid);
    kinds[event->kind].print(event);
    printf("%s%s\n", event->stack_size ? " stack" : "", event->is_cut ? " cut" : "");
}

static uint64_t nanoseconds(clockid_t clock) {
    struct timespec time;
    clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

static int make_record(void) {
    const struct fp_audit_head head = {.magic = FP_AUDIT_MAGIC,
                                       .version = FP_AUDIT_VERSION,
                                       .chunk = FP_AUDIT_CHUNK,
                                       .size = RECORD_SIZE,
                                       .used = FP_AUDIT_HEAD,
                                       .began = nanoseconds(CLOCK_BOOTTIME),
                                       .began_epoch = nanoseconds(CLOCK_REALTIME)};
    int fd = memfd_create("record", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 || ftruncate(fd, (off_t)RECORD_SIZE) < 0 ||
        pwrite(fd, &head, sizeof head, 0) != (ssize_t)sizeof head ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
        fail("memfd_create");
    return fd;
}

static int run(int record, const char *library, char **argv) {
    char path[64];
    int status;
    pid_t self = getpid();
    pid_t child = fork();
    if (child < 0)
        fail("fork");
    if (child == 0) {
        snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)self, record);
        setenv(FP_ENV_RECORD, path, 1);
        setenv("LD_PRELOAD", library, 1);
        execvp(argv[0], argv);
        fail(argv[0]);
    }
    if (waitpid(child, &status, 0) < 0)
        fail("waitpid");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void print_record(int fd, bool with_mappings) {
    struct fp_record *record;
    char why[FP_RECORD_WHY];
    if (fp_record_read(fd, &record, why) < 0) {
        fprintf(stderr, "audit_dump: %s\n", why);
        exit(FAILED);
    }
    for (size_t i = 0; i < fp_record_event_count(record); i++) {
        struct fp_record_event event = fp_record_event(record, i);
        if (event.kind != FP_AUDIT_MAPPING || with_mappings)
            print_event(&event);
    }
    const struct fp_record_losses *losses = fp_record_losses(record);
    if (losses->full || losses->torn || losses->damaged)
        printf("losses full=%" PRIu64 " torn=%" PRIu64 " damaged=%" PRIu64 "\n", losses->full,
               losses->torn, losses->damaged);
    for (size_t i = 0; i < losses->damaged && i < FP_RECORD_DAMAGES; i++)
        printf("damage %s\n", losses->damages[i].why);
    fp_record_close(record);
}

int main(int argc, char **argv) {
    bool with_mappings = argc > 1 && strcmp(argv[1], "-m") == 0;
    argv += with_mappings;
    if (argc - with_mappings < 3) {
        fprintf(stderr, "usage: audit_dump [-m] LIBRARY PROGRAM ARG...\n");
        return FAILED;
    }
    int record = make_record();
    int status = run(record, argv[1], argv + 2);
    print_record(record, with_mappings);
    return status;
}
