#include "posix.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- pipes --- */

bool pipes_open(struct pipes *pipes, const struct request *request) {
    static const char *const names[] = {"stdin", "stdout", "stderr"};
    for (int i = 0; i < 3; i++)
        pipes->end[i][0] = pipes->end[i][1] = -1;
    for (int i = 0; i < 3; i++)
        if (request_pipe(request, names[i]) && pipe(pipes->end[i]) < 0)
            return false;
    return true;
}

int pipes_theirs(const struct pipes *pipes, int stream) {
    return pipes->end[stream][stream == STDIN_FILENO ? 0 : 1];
}

static int pipes_ours(const struct pipes *pipes, int stream) {
    return pipes->end[stream][stream == STDIN_FILENO ? 1 : 0];
}

void pipes_close(const struct pipes *pipes) {
    for (int i = 0; i < 3; i++)
        if (pipes->end[i][0] >= 0)
            close(pipes->end[i][0]), close(pipes->end[i][1]);
}

json_t *child_started(const struct request *request, pid_t pid, const struct pipes *pipes) {
    struct child *child = malloc(sizeof *child);
    child->pid = pid;
    for (int i = 0; i < 3; i++) {
        child->stream[i] = pipes_ours(pipes, i);
        if (child->stream[i] >= 0)
            close(pipes_theirs(pipes, i));
    }
    request_keep(request, child);
    return answer("{s:i}", "pid", pid);
}

json_t *posix_write(const struct request *request) {
    size_t size, written = 0;
    ssize_t n = 0;
    char *bytes = request_bytes(request, &size);
    while (written < size) {
        n = write(request->child->stream[STDIN_FILENO], bytes + written, size - written);
        if (n < 0)
            break;
        written += (size_t)n;
    }
    json_t *ret = n < 0 ? answer_errno() : answer("{s:I}", "written", (json_int_t)written);
    free(bytes);
    return ret;
}

json_t *posix_close(const struct request *request) {
    return close(request->child->stream[STDIN_FILENO]) == 0 ? answer("{}") : answer_errno();
}

json_t *posix_read(const struct request *request) {
    char bytes[4096];
    json_int_t size = 0;
    ssize_t n;
    while ((n = read(request->child->stream[STDOUT_FILENO], bytes, sizeof bytes)) > 0)
        size += n;
    return n < 0 ? answer_errno() : answer("{s:I}", "size", size);
}

/* --- the pid --- */

json_t *posix_wait(const struct request *request) {
    int status;
    return waitpid(request->child->pid, &status, 0) < 0 ? answer_errno() : answer_status(status);
}

json_t *posix_poll(const struct request *request) {
    int status;
    pid_t pid = waitpid(request->child->pid, &status, WNOHANG);
    if (pid == 0)
        return answer("{s:b}", "running", true);
    return pid < 0 ? answer_errno() : answer_status(status);
}

static json_t *send_signal(pid_t pid, int signal) {
    return kill(pid, signal) == 0 ? answer("{}") : answer_errno();
}

json_t *posix_kill(const struct request *request) {
    return send_signal(request->child->pid, SIGKILL);
}

json_t *posix_terminate(const struct request *request) {
    return send_signal(request->child->pid, SIGTERM);
}

json_t *posix_group(const struct request *request) {
    return send_signal(-request->child->pid, SIGKILL);
}

json_t *posix_forget(const struct request *request) {
    free(request->child);
    request_forget(request);
    return answer("{}");
}
