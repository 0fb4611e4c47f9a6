/* One run: the warden is started, waited for, and what it and the program have written is read. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "contract.h"
#include "explain/world.h"
#include "say.h"

extern char **environ;

enum { READ_MOST = 1 << 18, WORDS_MOST = 64, NOT_POSSIBLE = 77 };

static char *path_in(const char *directory, const char *name) {
    char *text;
    return asprintf(&text, "%s/%s", directory, name) < 0 ? NULL : text;
}

/* --- what is executed --- */

/* The same for everybody, and bare is bare: no preload is in it. */
static bool is_passed_on(const char *pair) {
    static const char *const names[] = {
        "PATH=",        "HOME=", "USER=", "LOGNAME=", "TMPDIR=", "XDG_RUNTIME_DIR=",
        FP_ENV_LIBRARY, "ASAN_", "LSAN_", "TSAN_",    "UBSAN_"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strncmp(pair, names[i], strlen(names[i])) == 0)
            return true;
    return false;
}

static void clean_environment(const char *runtime) {
    char **to = environ;
    for (char **at = environ; *at; at++)
        if (is_passed_on(*at))
            *to++ = *at;
    *to = NULL;
    setenv("PATH", "/usr/bin:/bin", 0);
    setenv("LC_ALL", "C", 1);
    if (runtime)
        setenv(FP_ENV_RUNTIME_DIR, runtime, 1);
}

struct words {
    const char *at[WORDS_MOST + 1];
    size_t count;
    char deadline[32], pids[32];
};

static void add(struct words *words, const char *word) {
    if (words->count < WORDS_MOST)
        words->at[words->count++] = word;
}

static void add_all(struct words *words, const char *const *list) {
    for (size_t i = 0; list[i]; i++)
        add(words, list[i]);
}

static void add_warden(struct words *words, const struct fp_world *world,
                       const struct fp_case *example, const char *directory) {
    snprintf(words->deadline, sizeof words->deadline, "--deadline=%s", example->deadline);
    snprintf(words->pids, sizeof words->pids, "--pids=%d", example->pids);
    add(words, world->warden);
    add(words, words->deadline);
    if (example->pids > 0)
        add(words, words->pids);
    if (example->stall)
        add(words, "--stall");
    if (world->no_namespace)
        add(words, "--no-namespace");
    add(words, directory);
    add(words, "--");
}

static void add_program(struct words *words, const struct fp_world *world,
                        const struct fp_case *example, enum fp_mode mode) {
    if (mode == FP_MODE_RUN) {
        add(words, world->self);
        add(words, "run");
        add_all(words, example->run);
        if (*example->preload) {
            add(words, "-o");
            add(words, example->preload);
        }
        add(words, "--");
    }
    add(words, world->program);
    add_all(words, example->arguments);
}

static bool take_over(int fd, int as) {
    return fd >= 0 && dup2(fd, as) == as;
}

static int open_new(const char *directory, const char *name, mode_t mode) {
    char *path = path_in(directory, name);
    int fd = path ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode) : -1;
    if (fd >= 0)
        (void)fchmod(fd, mode);
    free(path);
    return fd;
}

/* `held` stays open in it and in all that is of it, but not in the program. */
static _Noreturn void be_warden(const struct words *words, const char *directory,
                                const char *runtime, int held, const sigset_t *mask) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (!take_over(open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO) ||
        !take_over(open_new(directory, "facts", 0600), STDOUT_FILENO) ||
        !take_over(open_new(directory, "problems", 0600), STDERR_FILENO))
        _exit(1);
    (void)fcntl(held, F_SETFD, 0);
    clean_environment(runtime);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execv(words->at[0], (char *const *)(uintptr_t)words->at);
    _exit(127);
}

/* --- waiting --- */

static sigset_t awaited(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    return set;
}

/* The warden's exit status, -1 when it was killed. A signal to us ends it. */
static int await(struct fp_world *world, pid_t warden) {
    const sigset_t set = awaited();
    int status, sig;
    while (waitpid(warden, &status, WNOHANG) == 0)
        if (sigwait(&set, &sig) == 0 && sig != SIGCHLD) {
            world->ended_by = sig;
            kill(warden, SIGTERM);
        }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void await_end_of_world(int held) {
    char byte;
    while (read(held, &byte, 1) < 0 && errno == EINTR)
        ;
}

static int start(struct fp_world *world, const struct words *words, const char *directory,
                 const char *runtime, int *ret_status) {
    int held[2];
    sigset_t before;
    const sigset_t set = awaited();
    if (pipe2(held, O_CLOEXEC) != 0)
        return -errno;
    signal(SIGCHLD, SIG_DFL); /* a caller may have it ignored */
    sigprocmask(SIG_BLOCK, &set, &before);
    pid_t warden = fork();
    if (warden == 0)
        be_warden(words, directory, runtime, held[1], &before);
    close(held[1]);
    if (warden > 0) {
        *ret_status = await(world, warden);
        await_end_of_world(held[0]);
    }
    close(held[0]);
    if (world->ended_by == 0)
        sigprocmask(SIG_SETMASK, &before, NULL);
    return warden < 0 ? -EAGAIN : world->ended_by ? -EINTR : 0;
}

/* --- what is brought home --- */

/* The beginning of a regular file; "" when there is none. NULL without memory. */
static char *read_file(const char *directory, const char *name) {
    char *path = path_in(directory, name), *text = calloc(1, READ_MOST + 1);
    struct stat status;
    size_t length = 0;
    int fd = path ? open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
    if (text && fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
        for (ssize_t n; (n = read(fd, text + length, READ_MOST - length)) > 0;)
            length += (size_t)n;
    for (size_t i = 0; i < length; i++)
        text[i] = text[i] ? text[i] : ' ';
    if (fd >= 0)
        close(fd);
    free(path);
    return text;
}

static int read_all(const char *directory, struct fp_played *ret) {
    ret->facts = read_file(directory, "facts");
    ret->problems = read_file(directory, "problems");
    ret->words = read_file(directory, "words");
    ret->out = read_file(directory, "stdout");
    ret->err = read_file(directory, "stderr");
    ret->state = read_file(directory, "state");
    return ret->facts && ret->problems && ret->words && ret->out && ret->err && ret->state
               ? 0
               : -ENOMEM;
}

void fp_played_free(struct fp_played *played) {
    free(played->facts);
    free(played->problems);
    free(played->words);
    free(played->out);
    free(played->err);
    free(played->state);
    *played = (struct fp_played){0};
}

static int make_place(const char *directory, const char *work) {
    if (mkdir(directory, 0700) != 0 || mkdir(work, 0700) != 0)
        return -errno;
    int fd = open_new(directory, "words", 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -errno : 0;
}

static int play_in(struct fp_world *world, const struct fp_gotcha *gotcha, enum fp_mode mode,
                   const char *directory, struct fp_played *ret) {
    struct words words = {.count = 0};
    char *work = path_in(directory, "work"), *runtime = path_in(world->directory, "runtime");
    int r = work && runtime ? make_place(directory, work) : -ENOMEM;
    add_warden(&words, world, gotcha->example, directory);
    add_program(&words, world, gotcha->example, mode);
    if (r == 0)
        r = start(world, &words, directory, mode == FP_MODE_RUN ? runtime : NULL, &ret->status);
    free(work);
    free(runtime);
    return r < 0 ? r : read_all(directory, ret);
}

static int play_once(struct fp_world *world, const struct fp_gotcha *gotcha, enum fp_mode mode,
                     struct fp_played *ret) {
    const char *name = mode == FP_MODE_RUN ? "run" : world->no_namespace ? "held" : "bare";
    char *directory = path_in(world->directory, name);
    *ret = (struct fp_played){.status = -1};
    int r = directory ? play_in(world, gotcha, mode, directory, ret) : -ENOMEM;
    free(directory);
    if (r < 0)
        fp_played_free(ret);
    if (r < 0 && r != -EINTR)
        fp_say("explain: %s cannot be run: %s", gotcha->id, strerror(-r));
    return r;
}

static bool needs_namespace(const struct fp_gotcha *gotcha) {
    return gotcha->example->pids > 0 || fp_world_needs(gotcha, "forced-pids") ||
           fp_world_needs(gotcha, "pid-limit");
}

int fp_world_play(struct fp_world *world, const struct fp_gotcha *gotcha, enum fp_mode mode,
                  struct fp_played *ret) {
    int r = play_once(world, gotcha, mode, ret);
    if (r < 0 || ret->status != NOT_POSSIBLE || world->no_namespace || needs_namespace(gotcha))
        return r;
    world->no_namespace = true;
    fp_played_free(ret);
    return play_once(world, gotcha, mode, ret);
}
