/*
 * Tested: a program that adopts orphans and does not wait: subreaper HOW FORKS
 *
 * HOW it has become a subreaper: by prctl, by number, before an exec of itself; or not itself but
 * its parent (child), or not any more (off). Half of its children leave an orphan. Prints what late
 * waits told, and on standard error how many zombies /proc showed before.
 */
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "canon.h"

static bool become(bool by_number, long on) {
    return (by_number ? syscall(SYS_prctl, PR_SET_CHILD_SUBREAPER, on, 0L, 0L, 0L)
                      : prctl(PR_SET_CHILD_SUBREAPER, on, 0L, 0L, 0L)) == 0;
}

static bool is_subreaper(void) {
    int set = -1;
    return prctl(PR_GET_CHILD_SUBREAPER, &set, 0L, 0L, 0L) == 0 && set == 1;
}

static int code_of(int number) {
    return number % 100;
}

/* Exits; when it is its turn, only after it has made a process that outlives it. */
static pid_t child_of_number(int number) {
    int life[2];
    if (pipe(life) != 0)
        abort();
    pid_t pid = fork();
    if (pid == 0) {
        char byte;
        if (number % 2 == 0 && fork() == 0) {
            close(life[1]);
            _exit(read(life[0], &byte, 1) == 0 ? 100 : 101);
        }
        _exit(code_of(number));
    }
    await_state(pid, "Z");
    close(life[0]);
    close(life[1]);
    return pid;
}

static void run(int count) {
    pid_t *pids = calloc((size_t)count, sizeof *pids);
    int right = 0;
    int adopted = 0;
    int status;
    for (int i = 0; pids && i < count; i++)
        pids[i] = child_of_number(i);
    fprintf(stderr, "zombies %d\n", count_zombies());
    for (int i = 0; pids && i < count; i++)
        right += waitpid(pids[i], &status, 0) == pids[i] && status == code_of(i) << 8;
    while (wait(&status) > 0)
        adopted += status == 100 << 8;
    say("subreaper %d: %d of %d statuses right, %d adopted", is_subreaper(), right, count, adopted);
    free(pids);
}

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    const char *how = argv[1];
    int count = atoi(argv[2]); // NOLINT(cert-err34-c)
    char after[] = "after";
    char *const again[] = {argv[0], after, argv[2], NULL};
    if (strcmp(how, "after") != 0 && !become(strcmp(how, "number") == 0, 1))
        return 1;
    if (strcmp(how, "exec") == 0)
        execv("/proc/self/exe", again);
    if (strcmp(how, "off") == 0) {
        run(100);
        if (!become(false, 0))
            return 1;
    }
    pid_t child = strcmp(how, "child") == 0 ? fork() : 0;
    if (child != 0)
        return waitpid(child, NULL, 0) == child ? 0 : 1;
    run(count);
    return 0;
}
