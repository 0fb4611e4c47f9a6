/*
 * A program sends its workers a word through a pipe that it makes only in the next line. The
 * variable has no value yet. What stands there for the first worker is some number that is not
 * open: write fails. For the second it is the number of the accounts, which an earlier function
 * kept at that place of the stack: the word goes into the accounts, and write succeeds.
 */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static void start_worker(int left_on_the_stack) {
    /* The real program has "int ends[2];" here. Which value that has is up to the compiler; it is
     * set to one that it can have, so that every run is alike. */
    int ends[2] = {left_on_the_stack, left_on_the_stack};

    if (write(ends[1], "start\n", 6) != 6)
        case_step("parent: the word could not be sent");
    (void)!pipe(ends);
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
    start_worker(4096); /* the size of something */
    int accounts = open("accounts", O_RDWR | O_CREAT | O_APPEND, 0600);
    (void)!write(accounts, "balance 100\n", 12);
    start_worker(accounts);
    ssize_t n = pread(accounts, text, sizeof text, 0);
    case_step("parent: the accounts have %d bytes, 12 were written", (int)n);
    case_outcome(n == 12 ? "file-intact" : "file-damaged");
}
