/*
 * Tested: every exec and spawn with every kind of bad pointer for its path, arguments, environment,
 * for environ itself, and for what else posix_spawn takes: what it answers, or what kills it.
 *   bad_exec TARGET        a program that exits with its second argument
 */
#include <spawn.h>
#include <sys/syscall.h>

#include "bad.h"

static char name[] = "show", to_exit[] = "exit", four[] = "4", variable[] = "A=1";
static char *good_argv[] = {name, to_exit, four, NULL};
static char *good_envp[] = {variable, NULL};
static char *target, *pages, *text_pages;

enum call {
    EXECVE,
    EXECV,
    EXECVP,
    EXECVPE,
    EXECL,
    EXECLP,
    EXECLE,
    FEXECVE,
    NUMBER_EXECVE,
    SPAWN,
    SPAWNP,
#ifdef __GLIBC__ // musl has it since 1.2.5
    EXECVEAT,
    NUMBER_EXECVEAT,
#endif
    CALLS
};

static const char *const names[] = {
    "execve",  "execv",      "execvp",      "execvpe",      "execl",    "execlp",      "execle",
    "fexecve", "SYS_execve", "posix_spawn", "posix_spawnp", "execveat", "SYS_execveat"};

struct row {
    enum call call;
    const char *name;
    const char *path;
    char **argv, **envp;
};

static void say_failure(const struct row *row, int error) {
    say("%s, %s: %s", names[row->call], row->name, error_name(error));
}

static int spawn_and_wait(const struct row *row) {
    pid_t pid = -1;
    int status = UNTOUCHED;
    int error = (row->call == SPAWN ? posix_spawn : posix_spawnp)(&pid, row->path, NULL, NULL,
                                                                  row->argv, row->envp);
    if (error == 0 && waitpid(pid, &status, 0) == pid)
        say("%s, %s: %s", names[row->call], row->name, status_name(status));
    return error;
}

static int exec_by(const struct row *row) {
    char *const *a = row->argv;
    switch (row->call) {
    case EXECVE:
        return execve(row->path, row->argv, row->envp);
    case EXECV:
        return execv(row->path, row->argv);
    case EXECVP:
        return execvp(row->path, row->argv);
    case EXECVPE:
        return execvpe(row->path, row->argv, row->envp);
    case EXECL:
        return execl(row->path, a[0], a[1], a[2], (char *)NULL);
    case EXECLP:
        return execlp(row->path, a[0], a[1], a[2], (char *)NULL);
    case EXECLE:
        return execle(row->path, a[0], a[1], a[2], (char *)NULL, row->envp);
    case FEXECVE:
        return fexecve(open(target, O_RDONLY | O_CLOEXEC), row->argv, row->envp);
    case NUMBER_EXECVE:
        return (int)syscall(SYS_execve, row->path, row->argv, row->envp);
#ifdef __GLIBC__
    case EXECVEAT:
        return execveat(AT_FDCWD, row->path, row->argv, row->envp, 0);
    case NUMBER_EXECVEAT:
        return (int)syscall(SYS_execveat, AT_FDCWD, row->path, row->argv, row->envp, 0);
#endif
    case SPAWN:
    case SPAWNP:
        errno = spawn_and_wait(row);
        return errno ? -1 : 0;
    case CALLS:
    default:
        abort();
    }
}

static void one(const void *argument) {
    const struct row *row = argument;
    if (exec_by(row) < 0)
        say_failure(row, errno);
}

static void try(struct row row) {
    char what[128];
    snprintf(what, sizeof what, "%s, %s", names[row.call], row.name);
    fate(what, one, &row);
}

static bool takes_list(enum call call) {
    return call == EXECL || call == EXECLP || call == EXECLE;
}

/* For calls without an environment of their own environ stands in. */
static bool takes_environment(enum call call) {
    return call != EXECV && call != EXECVP && call != EXECL && call != EXECLP;
}

static void with_environment(struct row row, char **envp) {
    row.envp = envp;
    if (takes_environment(row.call)) {
        try(row);
        if (row.call != SPAWN && row.call != SPAWNP)
            return;
    }
    char **own = environ;
    environ = envp;
    try(row);
    environ = own;
}

static const char *const bad_texts[] = {"1", "unmapped", "read to the edge"};

/* A string that cannot be read, or not to its end. */
static char *bad_text(size_t kind, const char *start) {
    size_t length = strlen(start);
    if (kind == 0)
        return BAD_POINTER;
    if (kind == 1)
        return text_pages + BAD_PAGE;
    return memcpy(bad_edge(text_pages, length), start, length);
}

static void paths(enum call call) {
    char what[64];
    for (int kind = 1; kind < BAD_KINDS; kind++) {
        snprintf(what, sizeof what, "path %s", bad_names[kind]);
        if (kind != READ_ONLY && kind != MISALIGNED)
            try((struct row){call, what, bad_pointer((enum bad_kind)kind, pages), good_argv,
                             good_envp});
    }
    try((struct row){call, "path to the edge", bad_text(2, "/bin/true"), good_argv, good_envp});
    char *end = bad_edge(text_pages, strlen(target) + 1);
    memcpy(end, target, strlen(target) + 1);
    try((struct row){call, "path that ends at the edge", end, good_argv, good_envp});
}

/* The array where each kind of pointer points to. */
static char **place(int kind, char *const *array, size_t bytes) {
    char *at = bad_pointer((enum bad_kind)kind, pages);
    if (kind == GOOD || kind == MISALIGNED)
        memcpy(at, array, bytes);
    return (char **)(void *)at;
}

static void arguments(enum call call) {
    char what[64];
    for (int kind = 0; kind < BAD_KINDS; kind++) {
        snprintf(what, sizeof what, "argv %s", bad_names[kind]);
        if (!takes_list(call) && kind != READ_ONLY)
            try((struct row){call, what, target, place(kind, good_argv, sizeof good_argv),
                             good_envp});
    }
    for (size_t kind = 0; kind < COUNT(bad_texts); kind++) {
        snprintf(what, sizeof what, "argument %s", bad_texts[kind]);
        char *argv[] = {name, to_exit, bad_text(kind, "never"), NULL};
        try((struct row){call, what, target, argv, good_envp});
    }
    char **edge = bad_edge(pages, 2 * sizeof *edge);
    memcpy(edge, good_argv, 2 * sizeof *edge);
    if (!takes_list(call))
        try((struct row){call, "argv to the edge", target, edge, good_envp});
    char *none[] = {NULL, NULL, NULL, NULL};
    try((struct row){call, "argv empty", target, none, good_envp});
}

static void environments(enum call call) {
    static const char *const starts[] = {
        "A=1", "LD_PRELOAD", "LD_PRELOAD=", "FORKPRO", "FORKPROOF_KEPT=p", "LD_PRELOAD=/x/y.so:z"};
    char what[64];
    struct row row = {call, what, target, good_argv, NULL};
    for (int kind = 0; kind < BAD_KINDS; kind++) {
        snprintf(what, sizeof what, "envp %s", bad_names[kind]);
        if (kind != READ_ONLY)
            with_environment(row, place(kind, good_envp, sizeof good_envp));
    }
    for (size_t start = 0; start < COUNT(starts); start++)
        for (size_t kind = 0; kind < COUNT(bad_texts); kind++) {
            snprintf(what, sizeof what, "variable %s, %s", starts[start], bad_texts[kind]);
            char *envp[] = {variable, bad_text(kind, starts[start]), NULL};
            with_environment(row, envp);
        }
    char **edge = bad_edge(pages, 2 * sizeof *edge);
    edge[0] = edge[1] = variable;
    snprintf(what, sizeof what, "envp to the edge");
    with_environment(row, edge);
    edge[1] = NULL;
    snprintf(what, sizeof what, "envp that ends at the edge");
    with_environment(row, edge);
}

/* --- what else posix_spawn takes --- */

struct spawn {
    const char *name;
    pid_t *pid;
    const posix_spawn_file_actions_t *actions;
    const posix_spawnattr_t *attributes;
    const char *path;
};

static void spawn_one(const void *argument) {
    const struct spawn *s = argument;
    int status = UNTOUCHED;
    int error = posix_spawn(s->pid, s->path, s->actions, s->attributes, good_argv, good_envp);
    pid_t pid = wait(&status);
    say("posix_spawn, %s: %s, %s, %s", s->name, error_name(error), pid > 0 ? "child" : "no child",
        status_name(status));
}

static void spawns(void) {
    static const char *const path[] = {"/nonexistent", NULL};
    for (int kind = 0; kind < BAD_KINDS; kind++) {
        void *at = bad_pointer((enum bad_kind)kind, pages);
        memset(pages, 0, BAD_PAGE);
        for (size_t p = 0; p < COUNT(path); p++)
            fate("pid", spawn_one,
                 &(struct spawn){bad_names[kind], at, NULL, NULL, path[p] ? path[p] : target});
        // An attribute that cannot be read kills the child or the parent, by the libc.
        if (kind != GOOD && kind != READ_ONLY && kind != MISALIGNED) {
            fate("actions", spawn_one, &(struct spawn){bad_names[kind], NULL, at, NULL, target});
            fate("attributes", spawn_one, &(struct spawn){bad_names[kind], NULL, NULL, at, target});
        }
    }
    fate("pid", spawn_one,
         &(struct spawn){"pid at the edge", bad_edge(pages, 4), NULL, NULL, target});
    fate("pid", spawn_one,
         &(struct spawn){"pid over the edge", bad_edge(pages, 2), NULL, NULL, target});
}

/* --- what takes its environment from environ --- */

static void shells(const char *name_of, char **envp) {
    environ = envp;
    int status = system("exit 3"); // NOLINT(cert-env33-c)
    say("system, environ %s: %s", name_of, status_name(status));
    FILE *stream = popen("exit 4", "re");
    say("popen, environ %s: %s", name_of, stream ? status_name(pclose(stream)) : "failed");
    status = system("/bin/true; exit 5"); // NOLINT(cert-env33-c)
    say("system of two, environ %s: %s", name_of, status_name(status));
}

static int run(int argc, char **argv) {
    if (argc != 2)
        return 2;
    target = argv[1];
    environ = good_envp;
    pages = bad_pages();
    text_pages = bad_pages();
    for (int call = 0; call < CALLS; call++) {
        if (call != FEXECVE)
            paths((enum call)call);
        arguments((enum call)call);
        environments((enum call)call);
    }
    spawns();
    static char *none[] = {NULL};
    shells("NULL", NULL);
    shells("empty", none);
    return 0;
}

int main(int argc, char **argv) {
    return confined(run, argc, argv);
}
