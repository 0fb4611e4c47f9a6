/*
 * A parent writes to a child that reads only the beginning and ends. The parent is prepared: it
 * ignores SIGPIPE and looks for EPIPE. Neither comes, because it holds the reading end itself: as
 * long as somebody could read, a full pipe means waiting.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { CHUNK = 4096, INPUT = 4 << 20 }; /* a pipe holds 64 KiB */

int main(void) {
    static char bytes[CHUNK];
    int to[2], sent = 0;
    case_begin();
    signal(SIGPIPE, SIG_IGN);
    (void)!pipe(to);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGPIPE, SIG_DFL);
        close(to[1]);
        (void)!read(to[0], bytes, sizeof bytes);
        _exit(0);
    }

    case_step("parent: writes 4 MiB to a child that reads 4 KiB");
    while (sent < INPUT) {
        ssize_t n = write(to[1], bytes, sizeof bytes);
        if (n < 0) {
            case_step("parent: write: %s; the child wants no more", strerror(errno));
            break;
        }
        sent += (int)n;
    }
    close(to[1]);
    waitpid(child, NULL, 0);
    case_step("parent: the child has what it needs, on with the work");
    case_outcome("went-on");
}
