/*
 * A program has two jobs, and forks twice in a row to have a child for each. But the first child
 * comes to the second fork as well: there are four processes, and two of them take themselves for
 * the first child.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static int paper[2]; /* what is printed */

static _Noreturn void print(char job) {
    case_step("child: prints job %s", job == '1' ? "one" : "two");
    (void)!write(paper[1], &job, 1);
    _exit(0);
}

int main(void) {
    int printed[2] = {0};
    char job;
    case_begin();
    (void)!pipe(paper);
    pid_t first = fork();
    pid_t second = fork();
    if (first == 0)
        print('1');
    if (second == 0)
        print('2');
    waitpid(first, NULL, 0);
    waitpid(second, NULL, 0);

    close(paper[1]);
    while (read(paper[0], &job, 1) == 1) /* until nobody can print any more */
        printed[job - '1']++;
    case_step("parent: job one was printed %d times, job two %d", printed[0], printed[1]);
    case_outcome(printed[0] == 1 && printed[1] == 1 ? "once" : "twice");
}
