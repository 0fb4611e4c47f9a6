/*
 * Tested: a thread with the smallest stack there is forks, and its child execs with a small and
 * with a large environment: small_stack VARIABLES.
 */
#include <limits.h>
#include <pthread.h>

#include "canon.h"

static char **variables;

static void *start(void *unused) {
    char name[] = "true";
    char *argv[] = {name, NULL};
    int status = UNTOUCHED;
    pid_t child = fork();
    if (child == 0) {
        execve("/bin/true", argv, variables);
        _exit(1);
    }
    pid_t result = waitpid(child, &status, 0);
    say_wait("exec on a small stack", result, child, status, errno);
    return unused;
}

int main(int argc, char **argv) {
    static char variable[] = "A=b";
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 0;
    pthread_attr_t small;
    pthread_t thread;
    variables = calloc(count + 1, sizeof *variables);
    for (size_t i = 0; variables && i < count; i++)
        variables[i] = variable;
    pthread_attr_init(&small);
    if (!variables || pthread_attr_setstacksize(&small, (size_t)PTHREAD_STACK_MIN) != 0 ||
        pthread_create(&thread, &small, start, NULL) != 0)
        return 1;
    pthread_join(thread, NULL);
    return 0;
}
