/*
 * A parent writes to a child that needs only the beginning of its input, as head does, and ends.
 * The next write finds no reader. The parent is prepared for a write that fails, but write does not
 * return: SIGPIPE ends the parent, and whatever it still had to do is not done.
 */
#include <errno.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

enum { CHUNK = 4096, INPUT = 4 << 20 }; /* a pipe holds 64 KiB */

int main(void) {
    static char bytes[CHUNK];
    int to[2], sent = 0;
    case_begin();
    (void)!pipe(to);
    pid_t child = fork();
    if (child == 0) {
        close(to[1]);
        (void)!read(to[0], bytes, sizeof bytes);
        _exit(0);
    }
    close(to[0]);

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
