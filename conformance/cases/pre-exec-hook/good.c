/*
 * The remedy: the hook calls nothing but what is async-signal-safe, as time() is. Whoever reads the
 * log makes a local time of it.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "case.h"

/* The library. The child inherits the standard descriptors, and no others that are in use here. */
static pid_t spawn(const char *program, void (*hook)(void)) {
    pid_t child = fork();
    if (child == 0) {
        for (int fd = STDERR_FILENO + 1; fd < 64; fd++)
            close(fd);
        hook();
        execlp(program, program, (char *)NULL);
        _exit(127);
    }
    return child;
}

/* Its user. */
static void log_start(void) {
    case_step("child: started at second %d", (int)time(NULL));
}

static atomic_bool done;

static void *worker(void *unused) {
    tzset();
    done = true;
    return unused;
}

int main(void) {
    char *zone;
    pthread_t thread;
    int status;
    case_begin();
    /* The file on the slow disk: who opens it waits for the other side, and then for its bytes. */
    if (mkfifo("zone", 0600) != 0 || asprintf(&zone, ":%s/zone", getcwd(NULL, 0)) < 0)
        case_broken("no time zone's file");
    setenv("TZ", zone, 1);
    pthread_create(&thread, NULL, worker, NULL);
    int disk;
    do { /* musl waits for no disk, and is done before we look */
        disk = open("zone", O_WRONLY | O_NONBLOCK);
    } while (disk < 0 && !done && sched_yield() == 0);
    case_step("parent: another thread is reading the time zone's file; spawns");

    pid_t child = spawn("true", log_start);
    close(disk); /* no bytes come: it is UTC */
    pthread_join(thread, NULL);
    case_step("parent: that thread is done; waits for the child");
    waitpid(child, &status, 0);
    case_outcome(status == 0 ? "ran" : "failed");
}
