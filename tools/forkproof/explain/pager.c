/* As git does it: $PAGER, else less with -FRX where there is one. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "explain/explain.h"
#include "fds.h"
#include "say.h"

static bool is_longer_than_screen(const char *text, size_t length) {
    size_t lines = 0, height = fp_ink_height();
    for (size_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return height > 0 && lines >= height;
}

static const char *command(void) {
    const char *pager = getenv("PAGER");
    pager = pager ? pager : "less";
    return *pager && strcmp(pager, "cat") != 0 ? pager : NULL;
}

static _Noreturn void be_pager(const char *pager, int input) {
    signal(SIGPIPE, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGQUIT, SIG_DFL);
    setenv("LESS", "FRX", 0);
    setenv("LV", "-c", 0);
    if (dup2(input, STDIN_FILENO) == STDIN_FILENO)
        execl("/bin/sh", "sh", "-c", pager, (char *)NULL);
    _exit(127);
}

/* 0 when somebody has had a chance to read it; else it is to be shown without. */
static int page(const char *pager, const char *text, size_t length) {
    int pipe_fds[2], status;
    if (pipe2(pipe_fds, O_CLOEXEC) != 0)
        return -errno;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        be_pager(pager, pipe_fds[0]);
    close(pipe_fds[0]);
    if (child < 0) {
        close(pipe_fds[1]);
        return -EAGAIN;
    }
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN); /* the pager's business */
    signal(SIGQUIT, SIG_IGN);
    (void)fp_fds_write(pipe_fds[1], text, length); /* it may have been left early */
    close(pipe_fds[1]);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return 0;
    return WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : 0;
}

int fp_pager_show(const char *text, size_t length, bool allowed) {
    const char *pager = command();
    if (allowed && pager && is_longer_than_screen(text, length) && page(pager, text, length) == 0)
        return 0;
    int r = fp_fds_write(STDOUT_FILENO, text, length);
    if (r < 0)
        fp_say("explain: cannot write: %s", strerror(-r));
    return r;
}
