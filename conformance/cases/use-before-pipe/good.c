/*
 * The remedy: a variable that has no descriptor yet is -1, which no open descriptor ever is: used
 * too early it fails with EBADF and harms nothing. And the pipe is made before it is used, and its
 * failure is looked at.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static void start_worker(void) {
    int ends[2] = {-1, -1};

    if (pipe(ends) != 0)
        case_broken("no pipe");
    if (write(ends[1], "start\n", 6) != 6)
        case_step("parent: the word could not be sent");
    pid_t worker = fork();
    if (worker == 0) {
        char word[16];
        close(ends[1]);
        ssize_t n = read(ends[0], word, sizeof word);
        case_step("worker: %s", n > 0 ? "starts" : "no word came");
        _exit(0);
    }
    close(ends[0]), close(ends[1]);
    waitpid(worker, NULL, 0);
}

int main(void) {
    char text[64];
    case_begin();
    int accounts = open("accounts", O_RDWR | O_CREAT | O_APPEND, 0600);
    (void)!write(accounts, "balance 100\n", 12);
    start_worker();
    ssize_t n = pread(accounts, text, sizeof text, 0);
    case_step("parent: the accounts have %d bytes, 12 were written", (int)n);
    case_outcome(n == 12 ? "file-intact" : "file-damaged");
}
