/* popen and system: all that they take is a shell's command line, of which arguments are a part. */
#include <errno.h>
#include <gnu/libc-version.h>
#include <stdlib.h>
#include <string.h>

#include "adapter.h"

struct child {
    FILE *stream;      /* NULL: it is closed, and then */
    int status, error; /* what pclose returned, and errno */
};

/* To be freed. */
static char *command_line(const struct request *request) {
    char *line, **argv = request_argv(request);
    size_t size;
    FILE *text = open_memstream(&line, &size);
    fputs(argv[0], text);
    for (int i = 1; argv[i]; i++)
        fprintf(text, " %s", argv[i]);
    fclose(text);
    free(argv);
    return line;
}

/* There is always one pipe, so without a wish it is the one that nobody has to read. Two there are
 * in the BSDs; here popen says itself that it has no such mode. */
static const char *mode(const struct request *request) {
    if (!request_pipe(request, "stdout"))
        return "w";
    return request_pipe(request, "stdin") ? "r+" : "r";
}

static json_t *play_spawn(const struct request *request) {
    char *line = command_line(request);
    FILE *stream = popen(line, mode(request));
    free(line);
    if (!stream)
        return answer_errno();
    struct child *child = malloc(sizeof *child);
    child->stream = stream;
    request_keep(request, child);
    return answer("{s:i}", "pid", 0);
}

static json_t *play_write(const struct request *request) {
    FILE *stream = request->child->stream;
    size_t size;
    char *bytes = request_bytes(request, &size);
    bool good = fwrite(bytes, 1, size, stream) == size && fflush(stream) == 0;
    json_t *ret = good ? answer("{s:I}", "written", (json_int_t)size) : answer_errno();
    free(bytes);
    return ret;
}

static json_t *play_read(const struct request *request) {
    FILE *stream = request->child->stream;
    char bytes[4096];
    json_int_t size = 0;
    for (size_t n; (n = fread(bytes, 1, sizeof bytes, stream)) > 0;)
        size += (json_int_t)n;
    return ferror(stream) ? answer_errno() : answer("{s:I}", "size", size);
}

/* pclose is the only way to close the stream, and to wait; after it there is no stream. */
static json_t *play_wait(const struct request *request) {
    struct child *child = request->child;
    if (child->stream) {
        child->status = pclose(child->stream);
        child->error = errno;
        child->stream = NULL;
    }
    return child->status < 0 ? answer_error(strerror(child->error)) : answer_status(child->status);
}

static json_t *play_close(const struct request *request) {
    json_t *ret = play_wait(request);
    if (request->child->status < 0)
        return ret;
    json_decref(ret);
    return answer("{}");
}

static json_t *play_run(const struct request *request) {
    char *line = command_line(request);
    int status = system(line);
    free(line);
    return status < 0 ? answer_errno() : answer("{}");
}

static json_t *play_forget(const struct request *request) {
    free(request->child);
    request_forget(request);
    return answer("{}");
}

static const struct capability capabilities[] = {
    {"spawn", play_spawn}, {"shell", NULL},         {"stdin", NULL},       {"stdout", NULL},
    {"write", play_write}, {"close", play_close},   {"read", play_read},   {"wait", play_wait},
    {"run", play_run},     {"forget", play_forget}, {"reap", play_reap},   {"handle", play_handle},
    {"open", play_open},   {"shut", play_shut},     {"await", play_await}, {NULL, NULL},
};

int main(int argc, char **argv) {
    (void)argc;
    return adapter_serve(argv, "c-popen", gnu_get_libc_version(), capabilities);
}
