/* fork, exec and waitpid, as a textbook has them. */
#include <gnu/libc-version.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "posix.h"

static void redirect(const struct pipes *pipes) {
    for (int i = 0; i < 3; i++)
        if (pipes_theirs(pipes, i) >= 0)
            dup2(pipes_theirs(pipes, i), i);
    pipes_close(pipes);
}

static _Noreturn void fail(const char *what) {
    perror(what);
    _exit(127);
}

static _Noreturn void be_child(const struct request *request, char **argv, char **env) {
    const char *cwd = request_text(request, "cwd");
    if (request_true(request, "group"))
        setpgid(0, 0);
    if (request_true(request, "pdeathsig"))
        prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (cwd && chdir(cwd) < 0)
        fail(cwd);
    while (*env)
        putenv(*env++);
    execvp(argv[0], argv);
    fail(argv[0]);
}

static json_t *play_spawn(const struct request *request) {
    struct pipes pipes;
    if (!pipes_open(&pipes, request))
        return answer_errno();
    char **argv = request_argv(request), **env = request_env(request);
    pid_t pid = fork();
    if (pid == 0) {
        redirect(&pipes);
        be_child(request, argv, env);
    }
    if (pid > 0 && request_true(request, "group"))
        setpgid(pid, pid); /* as well as the child: whoever comes first */
    json_t *ret = pid < 0 ? answer_errno() : child_started(request, pid, &pipes);
    free(argv);
    free(env);
    return ret;
}

static const struct capability capabilities[] = {
    {"spawn", play_spawn},  {"cwd", NULL},
    {"env", NULL},          {"stdin", NULL},
    {"stdout", NULL},       {"stderr", NULL},
    {"pdeathsig", NULL},    {"write", posix_write},
    {"close", posix_close}, {"read", posix_read},
    {"wait", posix_wait},   {"poll", posix_poll},
    {"kill", posix_kill},   {"terminate", posix_terminate},
    {"group", posix_group}, {"forget", posix_forget},
    {"reap", play_reap},    {"handle", play_handle},
    {"open", play_open},    {"shut", play_shut},
    {"await", play_await},  {"together", play_together},
    {NULL, NULL},
};

int main(int argc, char **argv) {
    (void)argc;
    return adapter_serve(argv, "c-fork", gnu_get_libc_version(), capabilities);
}
