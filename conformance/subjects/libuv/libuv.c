/* libuv: what is asked is done in a callback of the loop; what lasts is answered in another. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "adapter.h"

struct child {
    uv_process_t process;
    uv_pipe_t pipe[3]; /* of each standard stream for which one is asked */
    int uses;          /* by its name, and by each of these that is not closed yet */

    bool awaited;
    bool over; /* and then: */
    int64_t status;
    int signal;

    json_int_t size; /* of what is read */
};

enum { CHUNK = 4096 };

static uv_loop_t *loop;

static json_t *answer_uv(int error) {
    return error < 0 ? answer_error(uv_strerror(error)) : answer("{}");
}

static void give_room(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer) {
    static char bytes[CHUNK];
    (void)handle, (void)suggested;
    *ret_buffer = uv_buf_init(bytes, sizeof bytes);
}

/* --- closing --- */

static void release(struct child *child) {
    if (--child->uses == 0)
        free(child);
}

static void at_closed(uv_handle_t *handle) {
    release(handle->data);
}

static void close_one(uv_handle_t *handle) {
    if (handle->data && !uv_is_closing(handle))
        uv_close(handle, at_closed);
}

/* Here nothing goes out of scope before it is closed, and that is later, when the loop turns. */
static void drop(struct child *child) {
    close_one((uv_handle_t *)&child->process);
    for (int i = 0; i < 3; i++)
        close_one((uv_handle_t *)&child->pipe[i]);
    release(child);
}

/* --- its end --- */

static json_t *answer_end(const struct child *child) {
    if (child->signal)
        return answer("{s:i}", "signal", child->signal);
    return answer("{s:I}", "exit", (json_int_t)child->status);
}

/* Closes the process, as the guide's first example does. */
static void at_exit(uv_process_t *process, int64_t status, int signal) {
    struct child *child = process->data;
    child->over = true;
    child->status = status;
    child->signal = signal;
    close_one((uv_handle_t *)process);
    if (child->awaited)
        adapter_reply(answer_end(child));
}

static json_t *play_poll(const struct request *request) {
    const struct child *child = request->child;
    return child->over ? answer_end(child) : answer("{s:b}", "running", true);
}

static json_t *play_wait(const struct request *request) {
    struct child *child = request->child;
    child->awaited = true;
    return child->over ? answer_end(child) : NULL;
}

/* A program that has closed it has nothing more to kill. */
static json_t *send_signal(const struct request *request, int signal) {
    uv_process_t *process = &request->child->process;
    if (uv_is_closing((uv_handle_t *)process))
        return answer_error("the handle is closed");
    return answer_uv(uv_process_kill(process, signal));
}

static json_t *play_kill(const struct request *request) {
    return send_signal(request, SIGKILL);
}

static json_t *play_terminate(const struct request *request) {
    return send_signal(request, SIGTERM);
}

static json_t *play_forget(const struct request *request) {
    drop(request->child);
    request_forget(request);
    return answer("{}");
}

/* --- starting one --- */

/* A pipe, or what this program has. */
static uv_stdio_container_t stream_of(const struct request *request, struct child *child, int fd) {
    static const char *const names[] = {"stdin", "stdout", "stderr"};
    uv_stdio_container_t ret = {.flags = UV_INHERIT_FD, .data.fd = fd};
    if (!request_pipe(request, names[fd]))
        return ret;
    uv_pipe_init(loop, &child->pipe[fd], 0);
    child->pipe[fd].data = child;
    child->uses++;
    ret.flags = UV_CREATE_PIPE | (fd == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
    ret.data.stream = (uv_stream_t *)&child->pipe[fd];
    return ret;
}

static json_t *play_spawn(const struct request *request) {
    struct child *child = calloc(1, sizeof *child);
    child->uses = 1;
    char **argv = request_argv(request);
    uv_stdio_container_t streams[3];
    for (int fd = 0; fd < 3; fd++)
        streams[fd] = stream_of(request, child, fd);
    uv_process_options_t options = {.exit_cb = at_exit,
                                    .file = argv[0],
                                    .args = argv,
                                    .cwd = request_text(request, "cwd"),
                                    .stdio_count = 3,
                                    .stdio = streams};
    child->process.data = child;
    child->uses++;
    int error = uv_spawn(loop, &child->process, &options);
    free(argv);
    if (error < 0) {
        drop(child);
        return answer_uv(error);
    }
    request_keep(request, child);
    return answer("{s:i}", "pid", uv_process_get_pid(&child->process));
}

/* --- its pipes --- */

struct writing {
    uv_write_t request;
    uv_buf_t buffer;
};

static void at_written(uv_write_t *request, int error) {
    struct writing *writing = request->data;
    size_t size = writing->buffer.len;
    adapter_reply(error ? answer_uv(error) : answer("{s:I}", "written", (json_int_t)size));
    free(writing->buffer.base);
    free(writing);
}

static json_t *play_write(const struct request *request) {
    struct writing *writing = malloc(sizeof *writing);
    size_t size;
    char *bytes = request_bytes(request, &size);
    writing->buffer = uv_buf_init(bytes, (unsigned)size);
    writing->request.data = writing;
    uv_stream_t *stream = (uv_stream_t *)&request->child->pipe[0];
    int error = uv_write(&writing->request, stream, &writing->buffer, 1, at_written);
    if (error == 0)
        return NULL;
    free(bytes);
    free(writing);
    return answer_uv(error);
}

static json_t *play_close(const struct request *request) {
    uv_close((uv_handle_t *)&request->child->pipe[0], at_closed);
    return answer("{}");
}

static void at_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer) {
    struct child *child = stream->data;
    (void)buffer;
    if (n >= 0) {
        child->size += n;
        return;
    }
    uv_read_stop(stream);
    adapter_reply(n == UV_EOF ? answer("{s:I}", "size", child->size) : answer_uv((int)n));
}

static json_t *play_read(const struct request *request) {
    request->child->size = 0;
    int error = uv_read_start((uv_stream_t *)&request->child->pipe[1], give_room, at_read);
    return error < 0 ? answer_uv(error) : NULL;
}

/* --- files and signals --- */

static uv_file opened; /* by `open` */

static int open_file(const char *path, int flags) {
    uv_fs_t call;
    int ret = uv_fs_open(loop, &call, path, flags, 0755, NULL);
    uv_fs_req_cleanup(&call);
    return ret;
}

static int close_file(uv_file file) {
    uv_fs_t call;
    int ret = uv_fs_close(loop, &call, file, NULL);
    uv_fs_req_cleanup(&call);
    return ret;
}

static int copy(uv_file from, uv_file to) {
    uv_fs_t call;
    int ret = uv_fs_fstat(loop, &call, from, NULL);
    size_t size = (size_t)call.statbuf.st_size;
    uv_fs_req_cleanup(&call);
    if (ret < 0)
        return ret;
    ret = uv_fs_sendfile(loop, &call, to, from, 0, size, NULL);
    uv_fs_req_cleanup(&call);
    return ret;
}

static json_t *play_fs_open(const struct request *request) {
    uv_file from = open_file(request_text(request, "from"), UV_FS_O_RDONLY);
    if (from < 0)
        return answer_uv(from);
    const char *path = request_text(request, "path");
    opened = open_file(path, UV_FS_O_WRONLY | UV_FS_O_CREAT | UV_FS_O_TRUNC);
    int result = opened < 0 ? opened : copy(from, opened);
    close_file(from);
    return answer_uv(result);
}

static json_t *play_fs_close(const struct request *request) {
    (void)request;
    return answer_uv(close_file(opened));
}

static void do_nothing(uv_signal_t *handle, int signal) {
    (void)handle, (void)signal;
}

static json_t *play_signal_start(const struct request *request) {
    static uv_signal_t handle;
    (void)request;
    uv_signal_init(loop, &handle);
    return answer_uv(uv_signal_start(&handle, do_nothing, SIGUSR1));
}

/* --- requests --- */

/* What has come is one request at most: the next comes after the answer. */
static void at_requests(uv_stream_t *stream, ssize_t n, const uv_buf_t *buffer) {
    static char *line;
    static size_t size;
    if (n < 0)
        uv_stop(stream->loop);
    if (n <= 0)
        return;
    line = realloc(line, size + (size_t)n + 1);
    memcpy(line + size, buffer->base, (size_t)n);
    size += (size_t)n;
    line[size] = '\0';
    if (line[size - 1] != '\n')
        return;
    size = 0;
    if (!adapter_answer(line))
        uv_stop(stream->loop);
}

static const struct capability capabilities[] = {
    {"spawn", play_spawn},
    {"cwd", NULL},
    {"stdin", NULL},
    {"stdout", NULL},
    {"stderr", NULL},
    {"write", play_write},
    {"close", play_close},
    {"read", play_read},
    {"wait", play_wait},
    {"poll", play_poll},
    {"kill", play_kill},
    {"terminate", play_terminate},
    {"forget", play_forget},
    {"reap", play_reap},
    {"handle", play_signal_start},
    {"open", play_fs_open},
    {"shut", play_fs_close},
    {"await", play_await},
    {NULL, NULL}, /* no `together`: a loop belongs to one thread */
};

int main(int argc, char **argv) {
    (void)argc;
    loop = uv_default_loop();
    FILE *requests = adapter_begin(argv, "libuv", uv_version_string(), capabilities);
    uv_pipe_t pipe;
    uv_pipe_init(loop, &pipe, 0);
    uv_pipe_open(&pipe, fileno(requests));
    uv_read_start((uv_stream_t *)&pipe, give_room, at_requests);
    uv_run(loop, UV_RUN_DEFAULT);
    return 0;
}
