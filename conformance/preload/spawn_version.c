/*
 * Tested: the two versions of posix_spawn and posix_spawnp: spawn_version FILE
 *
 * FILE is a script without "#!". The version of programs linked before glibc 2.15 has /bin/sh run
 * it, the newer one answers ENOEXEC. Built as either (OLD); both look up both at run time, too.
 */
#include <dlfcn.h>
#include <spawn.h>

#include "canon.h"

typedef int spawner(pid_t *, const char *, const posix_spawn_file_actions_t *,
                    const posix_spawnattr_t *, char *const[], char *const[]);

#if defined(__GLIBC__) && defined(__x86_64__)
#define OLD_VERSION "GLIBC_2.2.5"
#elif defined(__GLIBC__) && defined(__i386__)
#define OLD_VERSION "GLIBC_2.2"
#endif

#if defined(OLD_VERSION) && defined(OLD)
__asm__(".symver posix_spawn, posix_spawn@" OLD_VERSION);
__asm__(".symver posix_spawnp, posix_spawnp@" OLD_VERSION);
#endif

/* With an environment of its own, which must not end the preload. */
static void try(const char *what, spawner *spawn, char *file) {
    char *const argv[] = {file, NULL};
    char variable[] = "PATH=/usr/bin:/bin";
    char *const envp[] = {variable, NULL};
    int status = UNTOUCHED;
    pid_t pid = -1;
    if (!spawn) {
        say("%s: not there", what);
        return;
    }
    int error = spawn(&pid, file, NULL, NULL, argv, envp);
    if (error == 0 && waitpid(pid, &status, 0) != pid)
        abort();
    say("%s: %s, %s", what, error_name(error), status_name(status));
}

static void try_found(const char *name, char *file) {
    spawner *found;
    *(void **)&found = dlsym(RTLD_DEFAULT, name);
    try(name, found, file);
#ifdef OLD_VERSION
    static const char *const versions[] = {OLD_VERSION, "GLIBC_2.15", "GLIBC_2.3"};
    for (int i = 0; i < 3; i++) {
        char what[64];
        snprintf(what, sizeof what, "%s@%s", name, versions[i]);
        *(void **)&found = dlvsym(RTLD_DEFAULT, name, versions[i]);
        try(what, found, file);
    }
#endif
}

int main(int argc, char **argv) {
    if (argc < 2)
        return 2;
    try("posix_spawn as linked", posix_spawn, argv[1]);
    try("posix_spawnp as linked", posix_spawnp, argv[1]);
    try_found("posix_spawn", argv[1]);
    try_found("posix_spawnp", argv[1]);
    return 0;
}
