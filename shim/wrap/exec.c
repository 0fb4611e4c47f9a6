/*
 * The exec family: each call execs with the preload kept in its environment, which is built on the
 * caller's stack. What searches PATH stays libc's own search.
 */
#include <alloca.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include "environ.h"
#include "settings.h"
#include "symbol.h"
#include "sys.h"
#include "wrap.h"

extern char **environ __attribute__((weak));

static char **own_environ(void) {
    return &environ ? environ : NULL;
}

/* The environment to exec with. */
struct kept {
    char *const *envp;
    bool changed;
    void *mapped;
    size_t size;
};

/* Larger ones are mapped: threads may have stacks of 16 KiB. */
#define STACK_BYTES 4096

static bool kept_needs(struct kept *kept, struct fp_environ *ret_plan, char *const *envp) {
    bool trusted = &environ && envp == environ;
    *kept = (struct kept){.envp = envp};
    kept->changed = fp_environ_lacks(ret_plan, &fp_settings, envp, trusted);
    kept->size =
        kept->changed ? fp_environ_slots(ret_plan) * sizeof(char *) + ret_plan->text_length : 0;
    if (kept->size > STACK_BYTES) {
        kept->mapped = fp_sys_map(kept->size);
        kept->changed = kept->mapped != NULL;
    }
    return kept->changed;
}

static void kept_fill(struct kept *kept, const struct fp_environ *plan, void *memory) {
    char **envp = memory;
    fp_environ_fill(plan, &fp_settings, envp, (char *)(envp + fp_environ_slots(plan)));
    kept->envp = envp;
}

/* In the frame of the wrapper, on its stack. */
#define KEEP(kept, envp)                                                                           \
    do {                                                                                           \
        struct fp_environ plan_;                                                                   \
        if (kept_needs(&(kept), &plan_, (envp)))                                                   \
            kept_fill(&(kept), &plan_, (kept).mapped ? (kept).mapped : alloca((kept).size));       \
    } while (0)

/* The exec has failed. True when it is to be tried with the program's own environment: what we
 * added was too much. */
static bool kept_was_too_big(struct kept *kept, long error) {
    if (kept->mapped)
        fp_sys_unmap(kept->mapped, kept->size);
    return kept->changed && error == E2BIG;
}

FP_EXPORT int execve(const char *path, char *const argv[], char *const envp[]) {
    struct kept kept;
    KEEP(kept, envp);
    long result = fp_sys_execve(path, argv, kept.envp);
    if (kept_was_too_big(&kept, -result))
        result = fp_sys_execve(path, argv, envp);
    return (int)fp_wrap_result(result);
}

FP_EXPORT int execv(const char *path, char *const argv[]) {
    return execve(path, argv, own_environ());
}

FP_EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[],
                       int flags) {
    struct kept kept;
    KEEP(kept, envp);
    long result = fp_sys_execveat(dir, path, argv, kept.envp, flags);
    if (kept_was_too_big(&kept, -result))
        result = fp_sys_execveat(dir, path, argv, envp, flags);
    return (int)fp_wrap_result(result);
}

/* libc takes a NULL environment for an error here. */
FP_EXPORT int fexecve(int fd, char *const argv[], char *const envp[]) {
    __typeof__(&fexecve) next = FP_NEXT(fexecve);
    struct kept kept = {.envp = envp};
    if (!next)
        return (int)fp_wrap_result(-ENOSYS);
    if (envp)
        KEEP(kept, envp);
    (void)next(fd, argv, kept.envp);
    if (kept_was_too_big(&kept, errno))
        (void)next(fd, argv, envp);
    return -1;
}

FP_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[]) {
    __typeof__(&execvpe) next = FP_NEXT(execvpe);
    struct kept kept;
    if (!next)
        return (int)fp_wrap_result(-ENOSYS);
    KEEP(kept, envp);
    (void)next(file, argv, kept.envp);
    if (kept_was_too_big(&kept, errno))
        (void)next(file, argv, envp);
    return -1;
}

FP_EXPORT int execvp(const char *file, char *const argv[]) {
    return execvpe(file, argv, own_environ());
}

/* The arguments of execl and its kin, gathered as libc gathers them: on the stack. */
static size_t count_arguments(const char *first, va_list list) {
    size_t count = 0;
    for (const char *argument = first; argument; argument = va_arg(list, const char *))
        count++;
    return count;
}

/* Leaves the list after the NULL, where execle's environment stands. */
#define GATHER(argv, first, list)                                                                  \
    do {                                                                                           \
        va_start(list, first);                                                                     \
        size_t count_ = count_arguments(first, list);                                              \
        va_end(list);                                                                              \
        va_start(list, first);                                                                     \
        argv = alloca((count_ + 1) * sizeof *argv);                                                \
        argv[0] = (char *)(uintptr_t)first;                                                        \
        for (size_t i_ = 1; i_ <= count_; i_++)                                                    \
            argv[i_] = va_arg(list, char *);                                                       \
    } while (0)

FP_EXPORT int execl(const char *path, const char *first, ...) {
    va_list list;
    char **argv;
    GATHER(argv, first, list);
    va_end(list);
    return execv(path, argv);
}

FP_EXPORT int execlp(const char *file, const char *first, ...) {
    va_list list;
    char **argv;
    GATHER(argv, first, list);
    va_end(list);
    return execvp(file, argv);
}

FP_EXPORT int execle(const char *path, const char *first, ...) {
    va_list list;
    char **argv;
    GATHER(argv, first, list);
    char *const *envp = va_arg(list, char *const *);
    va_end(list);
    return execve(path, argv, envp);
}
