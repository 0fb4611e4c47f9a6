/*
 * Tested, one call at a time: exec_family CALL TARGET ENVIRONMENT ARGUMENT...
 *
 * Execs TARGET by CALL (execl execle execlp execv execve execvp execvpe execveat fexecve and
 * execveat-empty) with up to three arguments. ENVIRONMENT is
 *   own       what the process has
 *   empty     none at all
 *   null      a null pointer
 *   bad       a pointer that nothing is mapped at
 *   two       A=1 and B=2
 *   foreign   LD_PRELOAD=$FOREIGN, A=1
 *   twice     LD_PRELOAD=$FOREIGN twice, the second of which counts for the loader
 *   many      3,000 small variables
 *   long      ten variables of 100,000 bytes each
 *   largest   as much as the kernel takes of a raw execve, to the byte
 * Calls that take no environment get it by assignment to environ. Prints the errno of a failure.
 */
#include <sys/syscall.h>

#include "canon.h"

static char a1[] = "A=1", b2[] = "B=2";

static char *text(size_t size, char fill) {
    char *made = malloc(size + 1);
    if (!made)
        abort();
    memset(made, fill, size);
    made[1] = '=';
    made[size] = '\0';
    return made;
}

static char *foreign_list(void) {
    const char *foreign = getenv("FOREIGN");
    size_t size = strlen(foreign) + sizeof "LD_PRELOAD=";
    char *made = malloc(size);
    if (!made)
        abort();
    snprintf(made, size, "LD_PRELOAD=%s", foreign);
    return made;
}

#define STRING_MAX 131071 /* the kernel's own limit for one string, without its end */
#define STRINGS 15        /* together a little less than the kernel's limit of an 8 MiB stack */

/* Whether the kernel takes this environment when nothing is between us and it. */
static bool fits(const char *target, char **envp) {
    int status;
    char arg[] = "exit", zero[] = "0", name[] = "show";
    char *argv[] = {name, arg, zero, NULL};
    pid_t pid = fork();
    if (pid == 0) {
        syscall(SYS_execve, target, argv, envp);
        _exit(errno == E2BIG ? 1 : 2);
    }
    if (waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) == 2)
        abort();
    return WEXITSTATUS(status) == 0;
}

static void largest(const char *target, char **made) {
    for (int i = 0; i <= STRINGS; i++)
        made[i] = text(STRING_MAX, 'A' + (char)i);
    made[STRINGS + 1] = NULL;
    char *last = made[STRINGS];
    size_t good = 2;
    size_t bad = STRING_MAX;
    while (bad - good > 1) {
        size_t middle = (good + bad) / 2;
        char kept = last[middle];
        last[middle] = '\0';
        if (fits(target, made))
            good = middle;
        else
            bad = middle;
        last[middle] = kept;
    }
    last[good] = '\0';
}

static char **environment(const char *kind, const char *target) {
    static char *made[3001];
    if (strcmp(kind, "own") == 0)
        return environ;
    if (strcmp(kind, "null") == 0)
        return NULL;
    if (strcmp(kind, "bad") == 0)
        return BAD_POINTER;
    if (strcmp(kind, "two") == 0) {
        made[0] = a1;
        made[1] = b2;
    } else if (strcmp(kind, "foreign") == 0) {
        made[0] = foreign_list();
        made[1] = a1;
    } else if (strcmp(kind, "twice") == 0) {
        static char other[] = "LD_PRELOAD=";
        made[0] = other;
        made[1] = a1;
        made[2] = foreign_list();
    } else if (strcmp(kind, "many") == 0) {
        for (int i = 0; i < 3000; i++) {
            made[i] = text(8, 'x');
            snprintf(made[i], 9, "v%d=%d", i % 1000, i % 10);
        }
    } else if (strcmp(kind, "long") == 0) {
        for (int i = 0; i < 10; i++)
            made[i] = text(100000, (char)('a' + i));
    } else if (strcmp(kind, "largest") == 0) {
        largest(target, made);
    } else if (strcmp(kind, "empty") != 0) {
        abort();
    }
    return made;
}

/* The NULL that ends the arguments stands right before the environment. */
static void by_execle(const char *target, char **argv, char **envp) {
    if (!argv[1])
        execle(target, argv[0], (char *)NULL, envp);
    else if (!argv[2])
        execle(target, argv[0], argv[1], (char *)NULL, envp);
    else if (!argv[3])
        execle(target, argv[0], argv[1], argv[2], (char *)NULL, envp);
    else
        execle(target, argv[0], argv[1], argv[2], argv[3], (char *)NULL, envp);
}

static void exec_by(const char *call, const char *target, char **argv, char **envp) {
    if (strcmp(call, "execle") == 0)
        by_execle(target, argv, envp);
    else if (strcmp(call, "execve") == 0)
        execve(target, argv, envp);
    else if (strcmp(call, "execvpe") == 0)
        execvpe(target, argv, envp);
#ifdef __GLIBC__ // musl has it since 1.2.5
    else if (strcmp(call, "execveat") == 0)
        execveat(AT_FDCWD, target, argv, envp, 0);
    else if (strcmp(call, "execveat-empty") == 0)
        execveat(open(target, O_PATH | O_CLOEXEC), "", argv, envp, AT_EMPTY_PATH);
#endif
    else if (strcmp(call, "fexecve") == 0)
        fexecve(open(target, O_RDONLY | O_CLOEXEC), argv, envp);
    else {
        environ = envp;
        if (strcmp(call, "execl") == 0)
            execl(target, argv[0], argv[1], argv[2], argv[3], (char *)NULL);
        else if (strcmp(call, "execlp") == 0)
            execlp(target, argv[0], argv[1], argv[2], argv[3], (char *)NULL);
        else if (strcmp(call, "execv") == 0)
            execv(target, argv);
        else if (strcmp(call, "execvp") == 0)
            execvp(target, argv);
        else
            abort();
    }
}

int main(int argc, char **argv) {
    if (argc < 4 || argc > 7)
        return 2;
    char name[] = "show";
    char *arguments[5] = {name};
    for (int i = 4; i < argc; i++)
        arguments[i - 3] = argv[i];
    exec_by(argv[1], argv[2], arguments, environment(argv[3], argv[2]));
    say("%s: %s", argv[1], error_name(errno));
    return 1;
}
