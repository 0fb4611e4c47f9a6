/*
 * posix_spawn and pidfd_spawn: libc's own spawning with the preload kept in the environment, and
 * the child registered. libc tells the pid or the pidfd only when the child has exec'd.
 */
#include <spawn.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "birth.h"
#include "group.h"
#include "image.h"
#include "kept.h"
#include "ledger.h"
#include "note.h"
#include "proc.h"
#include "symbol.h"
#include "sys.h"
#include "wrap.h"

typedef int spawner(pid_t *, const char *, const posix_spawn_file_actions_t *,
                    const posix_spawnattr_t *, char *const[], char *const[]);

/* The caller may not want the pid and may have given a bad pointer for it: ours comes first. */
static int spawn(spawner *next, pid_t *user_pid, const char *path,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 char *const argv[], char *const envp[]) {
    FP_NOTE(note);
    pid_t pid = 0;
    if (!next)
        return ENOSYS;
    fp_note_fork_begin(&note, false);
    struct fp_kept kept;
    posix_spawnattr_t changed;
    FP_PLACE_SPAWN(path, actions);
    fp_group_enter(); // what is kept names the register, also for the first child
    FP_KEEP(kept, envp);
    attributes = fp_image_attributes(attributes, &changed);
    int refused = fp_birth_begin();
    if (refused < 0) {
        fp_note_fork_end(&note, FP_FORKED_SPAWN, refused);
        return -refused;
    }
    int error = next(&pid, path, actions, attributes, argv, kept.envp);
    if (fp_kept_was_too_big(&kept, error))
        error = next(&pid, path, actions, attributes, argv, envp);
    fp_birth_end(error ? 0 : pid, (struct fp_birth){0});
    fp_note_fork_end(&note, FP_FORKED_SPAWN, error ? -error : pid);
    if (!error && user_pid)
        *user_pid = pid;
    return error;
}

FP_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const argv[],
                          char *const envp[]) {
    FP_NOTE(note);
    fp_note_spawn(&note, path, envp, false);
    return spawn(FP_NEXT(posix_spawn), pid, path, actions, attributes, argv, envp);
}

FP_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const argv[],
                           char *const envp[]) {
    FP_NOTE(note);
    fp_note_spawn(&note, file, envp, true);
    return spawn(FP_NEXT(posix_spawnp), pid, file, actions, attributes, argv, envp);
}

#if __has_include("versions.h")
#include "versions.h"

/* What programs linked before glibc 2.15 call: a file that is no program is run by /bin/sh. */
spawner old_spawn, old_spawnp;

FP_EXPORT int old_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                        const posix_spawnattr_t *attributes, char *const argv[],
                        char *const envp[]) {
    FP_NOTE(note);
    fp_note_spawn(&note, path, envp, false);
    return spawn(FP_NEXT_VERSION(posix_spawn, FP_OLD_SPAWN), pid, path, actions, attributes, argv,
                 envp);
}

FP_EXPORT int old_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                         const posix_spawnattr_t *attributes, char *const argv[],
                         char *const envp[]) {
    FP_NOTE(note);
    fp_note_spawn(&note, file, envp, true);
    return spawn(FP_NEXT_VERSION(posix_spawnp, FP_OLD_SPAWN), pid, file, actions, attributes, argv,
                 envp);
}

FP_EXPORT_VERSION(old_spawn, posix_spawn, FP_OLD_SPAWN);
FP_EXPORT_VERSION(old_spawnp, posix_spawnp, FP_OLD_SPAWN);
#endif

/* The pidfd pins the child for its holder: it is not registered. */
typedef int pidfd_spawner(int *, const char *, const posix_spawn_file_actions_t *,
                          const posix_spawnattr_t *, char *const[], char *const[]);
pidfd_spawner pidfd_spawn, pidfd_spawnp;

static int spawn_held(pidfd_spawner *next, int *pidfd, const char *path,
                      const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    FP_NOTE(note);
    struct fp_kept kept;
    posix_spawnattr_t changed;
    fp_note_fork_begin(&note, false);
    FP_PLACE_SPAWN(path, actions);
    fp_group_enter();
    FP_KEEP(kept, envp);
    attributes = fp_image_attributes(attributes, &changed);
    int refused = fp_birth_begin_elsewhere();
    if (refused < 0) {
        fp_note_fork_end(&note, FP_FORKED_SPAWN, refused);
        return -refused;
    }
    int error = next(pidfd, path, actions, attributes, argv, kept.envp);
    if (fp_kept_was_too_big(&kept, error))
        error = next(pidfd, path, actions, attributes, argv, envp);
    // The pid is not told: /proc tells it.
    bool is_told = !error && (FP_AUDIT || fp_ledger() != NULL);
    pid_t pid = is_told ? fp_proc_of_pidfd(*pidfd) : 0;
    (void)fp_birth_end_elsewhere(pid);
    fp_note_fork_end(&note, FP_FORKED_SPAWN, error ? -error : pid);
    return error;
}

static int by_path(int *pidfd, const char *path, const posix_spawn_file_actions_t *actions,
                   const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    FP_NOTE(note);
    fp_note_spawn(&note, path, envp, false);
    return spawn_held(FP_NEXT(pidfd_spawn), pidfd, path, actions, attributes, argv, envp);
}

static int by_name(int *pidfd, const char *file, const posix_spawn_file_actions_t *actions,
                   const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    FP_NOTE(note);
    fp_note_spawn(&note, file, envp, true);
    return spawn_held(FP_NEXT(pidfd_spawnp), pidfd, file, actions, attributes, argv, envp);
}

FP_EXPORT_IF_IN_LIBC(pidfd_spawn, by_path); // glibc 2.39
FP_EXPORT_IF_IN_LIBC(pidfd_spawnp, by_name);
