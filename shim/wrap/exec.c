/*
 * The exec family: each call execs with the preload kept in its environment, which is built on the
 * caller's stack. What searches PATH stays libc's own search.
 */
#include <alloca.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <unistd.h>

#include "gather.h"
#include "image.h"
#include "kept.h"
#include "note.h"
#include "symbol.h"
#include "sys.h"
#include "wrap.h"

FP_EXPORT int execve(const char *path, char *const argv[], char *const envp[]) {
    FP_NOTE(note);
    const char *given = path;
    struct fp_kept kept;
    fp_note_exec(&note, given, envp, false);
    FP_PLACE(path);
    FP_KEEP(kept, envp);
    bool disarmed = fp_image_begin();
    long result = fp_sys_execve(path, argv, kept.envp);
    if (fp_kept_was_too_big(&kept, -result))
        result = fp_sys_execve(path, argv, envp);
    fp_image_failed(disarmed);
    fp_note_exec_failed(&note, given, result);
    return (int)fp_wrap_result(result);
}

FP_EXPORT int execv(const char *path, char *const argv[]) {
    return execve(path, argv, fp_sys_environ());
}

FP_EXPORT int execveat(int dir, const char *path, char *const argv[], char *const envp[],
                       int flags) {
    FP_NOTE(note);
    const char *given = path;
    struct fp_kept kept;
    fp_note_exec(&note, given, envp, false);
    if (dir == AT_FDCWD)
        FP_PLACE(path);
    FP_KEEP(kept, envp);
    bool disarmed = fp_image_begin();
    long result = fp_sys_execveat(dir, path, argv, kept.envp, flags);
    if (fp_kept_was_too_big(&kept, -result))
        result = fp_sys_execveat(dir, path, argv, envp, flags);
    fp_image_failed(disarmed);
    fp_note_exec_failed(&note, given, result);
    return (int)fp_wrap_result(result);
}

/* libc takes a NULL environment for an error here. */
FP_EXPORT int fexecve(int fd, char *const argv[], char *const envp[]) {
    FP_NOTE(note);
    __typeof__(&fexecve) next = FP_NEXT(fexecve);
    struct fp_kept kept = {.envp = envp};
    if (!next)
        return (int)fp_wrap_result(-ENOSYS);
    fp_note_exec(&note, NULL, envp, false);
    if (envp)
        FP_KEEP(kept, envp);
    bool disarmed = fp_image_begin();
    (void)next(fd, argv, kept.envp);
    if (fp_kept_was_too_big(&kept, errno))
        (void)next(fd, argv, envp);
    fp_image_failed(disarmed);
    fp_note_exec_failed(&note, NULL, -errno);
    return -1;
}

FP_EXPORT int execvpe(const char *file, char *const argv[], char *const envp[]) {
    FP_NOTE(note);
    __typeof__(&execvpe) next = FP_NEXT(execvpe);
    const char *given = file;
    struct fp_kept kept;
    if (!next)
        return (int)fp_wrap_result(-ENOSYS);
    fp_note_exec(&note, given, envp, true);
    FP_PLACE(file);
    FP_KEEP(kept, envp);
    bool disarmed = fp_image_begin();
    (void)next(file, argv, kept.envp);
    if (fp_kept_was_too_big(&kept, errno))
        (void)next(file, argv, envp);
    fp_image_failed(disarmed);
    fp_note_exec_failed(&note, given, -errno);
    return -1;
}

FP_EXPORT int execvp(const char *file, char *const argv[]) {
    return execvpe(file, argv, fp_sys_environ());
}

FP_EXPORT int execl(const char *path, const char *first, ...) {
    va_list list;
    char **argv;
    FP_GATHER(argv, first, list);
    va_end(list);
    return execv(path, argv);
}

FP_EXPORT int execlp(const char *file, const char *first, ...) {
    va_list list;
    char **argv;
    FP_GATHER(argv, first, list);
    va_end(list);
    return execvp(file, argv);
}

FP_EXPORT int execle(const char *path, const char *first, ...) {
    va_list list;
    char **argv;
    FP_GATHER(argv, first, list);
    char *const *envp = va_arg(list, char *const *);
    va_end(list);
    return execve(path, argv, envp);
}
