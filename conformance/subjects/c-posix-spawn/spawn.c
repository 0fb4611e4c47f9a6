/* posix_spawnp, with file actions and attributes; what comes after is waitpid and kill. */
#include <gnu/libc-version.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "posix.h"

static void add_actions(posix_spawn_file_actions_t *actions, const struct request *request,
                        const struct pipes *pipes) {
    const char *cwd = request_text(request, "cwd");
    for (int i = 0; i < 3; i++)
        if (pipes_theirs(pipes, i) >= 0) {
            posix_spawn_file_actions_adddup2(actions, pipes_theirs(pipes, i), i);
            posix_spawn_file_actions_addclose(actions, pipes->end[i][0]);
            posix_spawn_file_actions_addclose(actions, pipes->end[i][1]);
        }
    if (cwd)
        posix_spawn_file_actions_addchdir_np(actions, cwd);
}

static void set_attributes(posix_spawnattr_t *attributes, const struct request *request) {
    if (!request_true(request, "group"))
        return;
    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setpgroup(attributes, 0);
}

/* Returns the error, as posix_spawnp does. */
static int spawn(pid_t *ret_pid, const struct request *request, const struct pipes *pipes) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    add_actions(&actions, request, pipes);
    set_attributes(&attributes, request);
    char **argv = request_argv(request);
    int error = posix_spawnp(ret_pid, argv[0], &actions, &attributes, argv, environ);
    free(argv);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

static json_t *play_spawn(const struct request *request) {
    struct pipes pipes;
    pid_t pid;
    if (!pipes_open(&pipes, request))
        return answer_errno();
    int error = spawn(&pid, request, &pipes);
    if (error == 0)
        return child_started(request, pid, &pipes);
    pipes_close(&pipes);
    return answer_error(strerror(error));
}

static const struct capability capabilities[] = {
    {"spawn", play_spawn},  {"cwd", NULL},
    {"stdin", NULL},        {"stdout", NULL},
    {"stderr", NULL},       {"write", posix_write},
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
    return adapter_serve(argv, "c-posix-spawn", gnu_get_libc_version(), capabilities);
}
