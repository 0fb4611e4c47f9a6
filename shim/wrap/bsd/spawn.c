/*
 * posix_spawn: libc's own spawning with the preload kept in the environment, and the child
 * registered. libc tells the pid only when the child has exec'd.
 */
#include "birth.h"
#include "group.h"
#include "image.h"
#include "kept.h"
#include "wrap.h"

/* With SIGPIPE among the signals that are set to their default. */
static bool add_default(posix_spawnattr_t *attributes, int number) {
    sigset_t signals;
    short flags = 0;
    sigemptyset(&signals);
    if (posix_spawnattr_getflags(attributes, &flags) != 0)
        return false;
    if (flags & POSIX_SPAWN_SETSIGDEF) // without it the set counts for nothing
        (void)posix_spawnattr_getsigdefault(attributes, &signals);
    sigaddset(&signals, number);
    return posix_spawnattr_setsigdefault(attributes, &signals) == 0 &&
           posix_spawnattr_setflags(attributes, (short)(flags | POSIX_SPAWN_SETSIGDEF)) == 0;
}

/* The program's attributes are changed, and stay so: a copy is not to be had without allocation.
 * Without any, *ret_own are made. */
static bool prepare(posix_spawnattr_t **attributes, posix_spawnattr_t *ret_own) {
    if (fp_settings.options.sigpipe != FP_SIGPIPE_EPIPE || !fp_sigpipe_stands())
        return false;
    bool is_own = !*attributes && posix_spawnattr_init(ret_own) == 0;
    if (is_own)
        *attributes = ret_own;
    if (*attributes)
        (void)add_default(*attributes, SIGPIPE);
    return is_own;
}

typedef int spawner(pid_t *, const char *, const posix_spawn_file_actions_t *,
                    const posix_spawnattr_t *, char *const[], char *const[]);

/* The caller may not want the pid and may have given a bad pointer for it: ours comes first. */
static int spawn(spawner *next, pid_t *user_pid, const char *path,
                 const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes,
                 char *const argv[], char *const envp[]) {
    pid_t pid = 0;
    struct fp_kept kept;
    posix_spawnattr_t own;
    posix_spawnattr_t *used = (posix_spawnattr_t *)(uintptr_t)attributes;
    FP_PLACE_SPAWN(path, actions);
    fp_group_enter();  // what is kept names the register, also for the first child
    fp_kept_reclaim(); // as in exec.c
    FP_KEEP(kept, envp);
    int refused = fp_birth_begin();
    if (refused < 0)
        return -refused;
    bool is_own = prepare(&used, &own);
    int error = next(&pid, path, actions, used, argv, kept.envp);
    if (fp_kept_was_too_big(&kept, error))
        error = next(&pid, path, actions, used, argv, envp);
    if (is_own)
        (void)posix_spawnattr_destroy(&own);
    fp_birth_end(error ? 0 : pid, (struct fp_birth){0});
    if (!error && user_pid)
        *user_pid = pid;
    return error;
}

FP_WRAP(int, posix_spawn,
        (pid_t * pid, const char *path, const posix_spawn_file_actions_t *actions,
         const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])) {
    return spawn(FP_REAL(posix_spawn), pid, path, actions, attributes, argv, envp);
}

FP_WRAP(int, posix_spawnp,
        (pid_t * pid, const char *file, const posix_spawn_file_actions_t *actions,
         const posix_spawnattr_t *attributes, char *const argv[], char *const envp[])) {
    return spawn(FP_REAL(posix_spawnp), pid, file, actions, attributes, argv, envp);
}
