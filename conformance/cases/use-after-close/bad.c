/*
 * A program has told its worker everything and closes the pipe. The function that talks to the
 * worker still has the number: the next word fails, and nobody minds. Then the program opens its
 * accounts, and the kernel gives them the number that has become free. The last word goes into the
 * accounts.
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
    waitpid(worker, NULL, 0);
    tell_worker("no more jobs\n");

    int lock = open("accounts.lock", O_RDWR | O_CREAT, 0600);
    int accounts = open("accounts", O_RDWR | O_CREAT | O_APPEND, 0600);
    case_step("parent: opens the accounts as %d, their lock as %d", accounts, lock);
    (void)!write(accounts, "balance 100\n", 12);
    tell_worker("goodbye\n");
    ssize_t n = pread(accounts, text, sizeof text, 0);
    case_step("parent: the accounts have %d bytes, 12 were written", (int)n);
    case_outcome(n == 12 ? "file-intact" : "file-damaged");
}
