#include "explain/world.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "contract.h"
#include "rundir.h"
#include "say.h"

enum { PATH_LONGEST = 63 /* case.c keeps no longer one */, OPEN_MOST = 16 };

static char *joined(const char *a, const char *b, const char *c, const char *d) {
    char *text;
    return asprintf(&text, "%s%s%s%s", a, b, c, d) < 0 ? NULL : text;
}

/* Where the warden and the cases lie: in a build, or installed. */
static const char *const places[] = {"/../conformance", "/../" FORKPROOF_LIBEXECDIR "/forkproof"};

static bool find_programs(const struct fp_gotcha *gotcha, struct fp_world *world) {
    char *folder = strdup(world->self);
    if (!folder)
        return false;
    *strrchr(folder, '/') = '\0';
    for (size_t i = 0; i < sizeof places / sizeof places[0] && !world->program; i++) {
        char *cases = joined(folder, places[i], "/cases/", gotcha->id);
        world->warden = joined(folder, places[i], "/warden", "");
        world->program = cases ? joined(cases, "/bad", "", "") : NULL;
        free(cases);
        if (world->warden && world->program && access(world->warden, X_OK) == 0 &&
            access(world->program, X_OK) == 0)
            continue;
        free(world->warden);
        free(world->program);
        world->warden = world->program = NULL;
    }
    free(folder);
    return world->program;
}

bool fp_world_needs(const struct fp_gotcha *gotcha, const char *what) {
    for (size_t i = 0; gotcha->example->needs[i]; i++)
        if (strcmp(gotcha->example->needs[i], what) == 0)
            return true;
    return false;
}

/* Root's alone also for a case that becomes another user: what it tells is written with root's
 * right to files. */
static int make_directory(struct fp_world *world) {
    const char *given = getenv("TMPDIR");
    if (!given || *given != '/' || strlen(given) + strlen("/fp-XXXXXX/bare") > PATH_LONGEST)
        given = "/tmp";
    world->directory = joined(given, "/fp-XXXXXX", "", "");
    if (world->directory && mkdtemp(world->directory))
        return 0;
    int r = -errno;
    fp_say("explain: no directory for it can be made in %s: %s", given, strerror(-r));
    free(world->directory);
    world->directory = NULL;
    return r;
}

int fp_world_open(const struct fp_gotcha *gotcha, struct fp_world *ret) {
    *ret = (struct fp_world){0};
    if (!gotcha->example) {
        if (strcmp(gotcha->family, "windows") == 0)
            fp_say("explain: %s is Windows' own: conformance/run --platform wine %s", gotcha->id,
                   gotcha->id);
        else
            fp_say("explain: no program shows %s here", gotcha->id);
        return -ENOENT;
    }
    if (fp_world_needs(gotcha, "root") && geteuid() != 0) {
        fp_say("explain: %s cannot be run here: it needs root", gotcha->id);
        return -EPERM;
    }
    ret->self = realpath("/proc/self/exe", NULL);
    if (!ret->self || !find_programs(gotcha, ret)) {
        fp_say("explain: %s cannot be run here: its program is not built or not installed",
               gotcha->id);
        fp_world_close(ret);
        return -ENOENT;
    }
    int r = make_directory(ret);
    if (r < 0)
        fp_world_close(ret);
    return r;
}

static int remove_entry(const char *path, const struct stat *status, int kind, struct FTW *ftw) {
    (void)status;
    (void)kind;
    (void)ftw;
    (void)remove(path);
    return 0;
}

/* A directory that was made unreadable is opened first. */
static int open_entry(const char *path, const struct stat *status, int kind, struct FTW *ftw) {
    (void)status;
    (void)ftw;
    if (kind == FTW_DNR || kind == FTW_D)
        (void)chmod(path, 0700);
    return 0;
}

/* A run that was killed with its world has left a cgroup; its directory knows which. */
static void clear_runs(const struct fp_world *world) {
    struct fp_rundir dir;
    const char *given = getenv(FP_ENV_RUNTIME_DIR);
    char *before = given ? strdup(given) : NULL,
         *runtime = joined(world->directory, "/runtime", "", "");
    if (runtime && access(runtime, F_OK) == 0 && setenv(FP_ENV_RUNTIME_DIR, runtime, 1) == 0) {
        fp_say_to(-1);
        if (fp_rundir_create(&dir) == 0)
            fp_rundir_remove(&dir);
        fp_say_to(STDERR_FILENO);
        if (dir.base_fd >= 0)
            close(dir.base_fd);
        free(dir.base);
        unsetenv(FP_ENV_RUNTIME_DIR);
        if (before)
            setenv(FP_ENV_RUNTIME_DIR, before, 1);
    }
    free(before);
    free(runtime);
}

void fp_world_close(struct fp_world *world) {
    int sig = world->ended_by;
    if (world->directory) {
        clear_runs(world);
        (void)nftw(world->directory, open_entry, OPEN_MOST, FTW_PHYS);
        (void)nftw(world->directory, remove_entry, OPEN_MOST, FTW_PHYS | FTW_DEPTH);
    }
    free(world->directory);
    free(world->self);
    free(world->warden);
    free(world->program);
    *world = (struct fp_world){0};
    if (sig == 0)
        return;
    sigset_t set;
    signal(sig, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, sig);
    raise(sig);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
