/* GIO's GSubprocess, by its calls that block: what notices an end is in a thread of its own. */
#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>

#include "adapter.h"

struct child {
    GSubprocess *subprocess;
};

/* Frees the error. */
static json_t *answer_gerror(GError *error) {
    json_t *ret = answer_error(error->message);
    g_error_free(error);
    return ret;
}

/* --- starting one --- */

static GSubprocessFlags flags(const struct request *request) {
    GSubprocessFlags ret = G_SUBPROCESS_FLAGS_NONE;
    if (request_pipe(request, "stdin"))
        ret |= G_SUBPROCESS_FLAGS_STDIN_PIPE;
    if (request_pipe(request, "stdout"))
        ret |= G_SUBPROCESS_FLAGS_STDOUT_PIPE;
    if (request_pipe(request, "stderr"))
        ret |= G_SUBPROCESS_FLAGS_STDERR_PIPE;
    return ret;
}

static void set_env(GSubprocessLauncher *launcher, const struct request *request) {
    char **env = request_env(request);
    for (int i = 0; env[i]; i++) {
        char **pair = g_strsplit(env[i], "=", 2);
        g_subprocess_launcher_setenv(launcher, pair[0], pair[1], TRUE);
        g_strfreev(pair);
    }
    free(env);
}

static GSubprocess *launch(const struct request *request, GError **error) {
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(flags(request));
    const char *cwd = request_text(request, "cwd");
    if (cwd)
        g_subprocess_launcher_set_cwd(launcher, cwd);
    set_env(launcher, request);
    char **argv = request_argv(request);
    GSubprocess *ret = g_subprocess_launcher_spawnv(launcher, (const char *const *)argv, error);
    free(argv);
    g_object_unref(launcher);
    return ret;
}

/* NULL when it is known to be over. */
static const char *identifier(const struct child *child) {
    return g_subprocess_get_identifier(child->subprocess);
}

static json_t *play_spawn(const struct request *request) {
    GError *error = NULL;
    GSubprocess *subprocess = launch(request, &error);
    if (!subprocess)
        return answer_gerror(error);
    struct child *child = g_new(struct child, 1);
    child->subprocess = subprocess;
    request_keep(request, child);
    const char *pid = identifier(child);
    return answer("{s:i}", "pid", pid ? atoi(pid) : 0);
}

/* --- its pipes --- */

static json_t *play_write(const struct request *request) {
    GOutputStream *stream = g_subprocess_get_stdin_pipe(request->child->subprocess);
    GError *error = NULL;
    size_t size, written;
    char *bytes = request_bytes(request, &size);
    if (g_output_stream_write_all(stream, bytes, size, &written, NULL, &error))
        g_output_stream_flush(stream, NULL, &error);
    free(bytes);
    return error ? answer_gerror(error) : answer("{s:I}", "written", (json_int_t)written);
}

static json_t *play_close(const struct request *request) {
    GOutputStream *stream = g_subprocess_get_stdin_pipe(request->child->subprocess);
    GError *error = NULL;
    return g_output_stream_close(stream, NULL, &error) ? answer("{}") : answer_gerror(error);
}

static json_t *play_read(const struct request *request) {
    GInputStream *stream = g_subprocess_get_stdout_pipe(request->child->subprocess);
    GError *error = NULL;
    char bytes[4096];
    json_int_t size = 0;
    for (gssize n; (n = g_input_stream_read(stream, bytes, sizeof bytes, NULL, &error)) > 0;)
        size += n;
    return error ? answer_gerror(error) : answer("{s:I}", "size", size);
}

/* --- its end --- */

static json_t *answer_end(GSubprocess *subprocess) {
    if (g_subprocess_get_if_exited(subprocess))
        return answer("{s:i}", "exit", g_subprocess_get_exit_status(subprocess));
    return answer("{s:i}", "signal", g_subprocess_get_term_sig(subprocess));
}

static json_t *play_wait(const struct request *request) {
    GSubprocess *subprocess = request->child->subprocess;
    GError *error = NULL;
    if (!g_subprocess_wait(subprocess, NULL, &error))
        return answer_gerror(error);
    return answer_end(subprocess);
}

static json_t *play_poll(const struct request *request) {
    if (identifier(request->child))
        return answer("{s:b}", "running", true);
    return play_wait(request);
}

static json_int_t take_size(GBytes *bytes) {
    json_int_t size = bytes ? (json_int_t)g_bytes_get_size(bytes) : 0;
    g_bytes_unref(bytes);
    return size;
}

static json_t *play_communicate(const struct request *request) {
    GSubprocess *subprocess = request->child->subprocess;
    GBytes *input = NULL, *output = NULL, *errors = NULL;
    GError *error = NULL;
    if (g_subprocess_get_stdin_pipe(subprocess)) {
        size_t size;
        char *bytes = request_bytes(request, &size);
        input = g_bytes_new_with_free_func(bytes, size, free, bytes);
    }
    g_subprocess_communicate(subprocess, input, NULL, &output, &errors, &error);
    g_bytes_unref(input);
    if (error)
        return answer_gerror(error);
    json_t *ret = answer_end(subprocess);
    json_object_update_new(
        json_object_get(ret, "ok"),
        json_pack("{s:I, s:I}", "stdout", take_size(output), "stderr", take_size(errors)));
    return ret;
}

static json_t *play_kill(const struct request *request) {
    g_subprocess_force_exit(request->child->subprocess);
    return answer("{}");
}

static json_t *play_terminate(const struct request *request) {
    g_subprocess_send_signal(request->child->subprocess, SIGTERM);
    return answer("{}");
}

static json_t *play_forget(const struct request *request) {
    g_object_unref(request->child->subprocess);
    g_free(request->child);
    request_forget(request);
    return answer("{}");
}

static const struct capability capabilities[] = {
    {"spawn", play_spawn},
    {"cwd", NULL},
    {"env", NULL},
    {"stdin", NULL},
    {"stdout", NULL},
    {"stderr", NULL},
    {"write", play_write},
    {"close", play_close},
    {"read", play_read},
    {"communicate", play_communicate},
    {"wait", play_wait},
    {"poll", play_poll},
    {"kill", play_kill},
    {"terminate", play_terminate},
    {"forget", play_forget},
    {"reap", play_reap},
    {"open", play_open},
    {"shut", play_shut},
    {"await", play_await},
    {"together", play_together},
    {NULL, NULL},
};

int main(int argc, char **argv) {
    (void)argc;
    char version[32];
    g_snprintf(version, sizeof version, "%u.%u.%u", glib_major_version, glib_minor_version,
               glib_micro_version);
    return adapter_serve(argv, "glib", version, capabilities);
}
