/*
 * posix_spawn and pidfd_spawn: libc's own spawning with the preload kept in the environment, and
 * the child registered. libc tells the pid or the pidfd only when the child has exec'd.
 */
#include <spawn.h>
#include <stddef.h>
#include <sys/types.h>

#include "child.h"
#include "kept.h"
#include "stash.h"
#include "symbol.h"
#include "sys.h"
#include "wrap.h"

typedef int spawner(pid_t *, const char *, const posix_spawn_file_actions_t *,
                    const posix_spawnattr_t *, char *const[], char *const[]);

/* The caller may not want the pid and may have given a bad pointer for it: ours comes first. */
static int spawn(spawner *next, pid_t *user_pid, const char *path,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 char *const argv[], char *const envp[]) {
    pid_t pid = 0;
    if (!next)
        return ENOSYS;
    struct fp_kept kept;
    FP_KEEP(kept, envp);
    fp_fork_begin();
    int error = next(&pid, path, actions, attributes, argv, kept.envp);
    if (fp_kept_was_too_big(&kept, error))
        error = next(&pid, path, actions, attributes, argv, envp);
    fp_fork_end(error ? 0 : pid);
    if (error)
        return error;
    if (user_pid)
        *user_pid = pid;
    fp_stash_bound(fp_settings.options.zombies);
    return 0;
}

FP_EXPORT int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                          const posix_spawnattr_t *attributes, char *const argv[],
                          char *const envp[]) {
    return spawn(FP_NEXT(posix_spawn), pid, path, actions, attributes, argv, envp);
}

FP_EXPORT int posix_spawnp(pid_t *pid, const char *file, const posix_spawn_file_actions_t *actions,
                           const posix_spawnattr_t *attributes, char *const argv[],
                           char *const envp[]) {
    return spawn(FP_NEXT(posix_spawnp), pid, file, actions, attributes, argv, envp);
}

/* The pidfd pins the child for its holder: only the environment is kept. */
typedef int pidfd_spawner(int *, const char *, const posix_spawn_file_actions_t *,
                          const posix_spawnattr_t *, char *const[], char *const[]);
pidfd_spawner pidfd_spawn, pidfd_spawnp;

static int spawn_held(pidfd_spawner *next, int *pidfd, const char *path,
                      const posix_spawn_file_actions_t *actions,
                      const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    struct fp_kept kept;
    FP_KEEP(kept, envp);
    int error = next(pidfd, path, actions, attributes, argv, kept.envp);
    return fp_kept_was_too_big(&kept, error) ? next(pidfd, path, actions, attributes, argv, envp)
                                             : error;
}

static int by_path(int *pidfd, const char *path, const posix_spawn_file_actions_t *actions,
                   const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    return spawn_held(FP_NEXT(pidfd_spawn), pidfd, path, actions, attributes, argv, envp);
}

static int by_name(int *pidfd, const char *file, const posix_spawn_file_actions_t *actions,
                   const posix_spawnattr_t *attributes, char *const argv[], char *const envp[]) {
    return spawn_held(FP_NEXT(pidfd_spawnp), pidfd, file, actions, attributes, argv, envp);
}

FP_EXPORT_IF_IN_LIBC(pidfd_spawn, by_path); // glibc 2.39
FP_EXPORT_IF_IN_LIBC(pidfd_spawnp, by_name);
