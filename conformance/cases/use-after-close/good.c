/*
 * The remedy: the variable ends with the descriptor. A number that has been closed is forgotten at
 * once, in the only place that has it; -1 fails with EBADF, whatever has been opened since.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static int to_worker;

static void tell_worker(const char *word) {
    if (write(to_worker, word, strlen(word)) < 0)
        case_step("parent: the worker cannot be told: %s", strerror(errno));
}

static _Noreturn void work(int orders) {
    char text[64];
    while (read(orders, text, sizeof text) > 0)
        ;
    _exit(0);
}

int main(void) {
    int ends[2];
    char text[64];
    case_begin();
    (void)!pipe(ends);
    pid_t worker = fork();
    if (worker == 0) {
        close(ends[1]);
        work(ends[0]);
    }
    close(ends[0]);
    to_worker = ends[1];
    tell_worker("job 1\n");
    case_step("parent: closes %d, the pipe to the worker", to_worker);
    close(to_worker);
    to_worker = -1;
    waitpid(worker, NULL, 0);

    int lock = open("accounts.lock", O_RDWR | O_CREAT, 0600);
    int accounts = open("accounts", O_RDWR | O_CREAT | O_APPEND, 0600);
    case_step("parent: opens the accounts as %d, their lock as %d", accounts, lock);
    (void)!write(accounts, "balance 100\n", 12);
    tell_worker("goodbye\n");
    ssize_t n = pread(accounts, text, sizeof text, 0);
    case_step("parent: the accounts have %d bytes, 12 were written", (int)n);
    case_outcome(n == 12 ? "file-intact" : "file-damaged");
}
