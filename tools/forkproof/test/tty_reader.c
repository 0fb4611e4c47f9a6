/*
 * Reads its terminal line by line and tells what happens to it: tty_reader LOG.
 * Says "ready" and whether it is in the foreground, "got LINE", "signal N", "size ROWS COLUMNS"
 * after SIGWINCH; at the end of input "end" and exit status 3. The signals go to LOG as well, so
 * that they can be read when the terminal is gone.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int log_fd;

static void say(const char *text) {
    (void)!write(STDOUT_FILENO, text, strlen(text));
}

static void tell(int sig) {
    char text[64];
    struct winsize size;
    snprintf(text, sizeof text, "signal %d\n", sig);
    (void)!write(log_fd, text, strlen(text));
    if (sig == SIGHUP)
        _exit(4);
    if (sig == SIGWINCH && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
        snprintf(text, sizeof text, "size %d %d\n", size.ws_row, size.ws_col);
    say(text);
}

/* Also while the other side closes: reading fails before the terminal is gone, and SIGHUP is later.
 */
static int is_hung_up(void) {
    struct pollfd input = {.fd = STDIN_FILENO};
    return poll(&input, 1, 0) > 0 && (input.revents & POLLHUP);
}

int main(int argc, char **argv) {
    static const int told[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGCONT, SIGWINCH};
    char line[256];
    ssize_t n;
    log_fd = argc > 1 ? open(argv[1], O_WRONLY | O_CREAT | O_APPEND, 0600) : -1;
    if (log_fd < 0)
        return 2;
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        sigaction(told[i], &(struct sigaction){.sa_handler = tell, .sa_flags = SA_RESTART}, NULL);
    say(tcgetpgrp(STDIN_FILENO) == getpgrp() ? "ready in front\n" : "ready behind\n");
    while ((n = read(STDIN_FILENO, line, sizeof line - 1)) > 0) {
        line[n] = '\0';
        say("got ");
        say(line);
    }
    while (is_hung_up())
        pause();
    say(n < 0 ? "error\n" : "end\n");
    return 3;
}
