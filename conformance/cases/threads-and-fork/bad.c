/*
 * A program has a worker thread that answers requests. Then it forks. The child has all of the
 * memory, the queue too, but no worker: fork copies the calling thread only. Its first request
 * waits for an answer for ever, and the parent waits for the child.
 */
#include <pthread.h>
#include <semaphore.h>
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static sem_t asked, answered;
static int number;

static void *worker(void *unused) {
    for (;;) {
        sem_wait(&asked);
        number *= number;
        sem_post(&answered);
    }
    return unused;
}

static int square(int n) {
    number = n;
    sem_post(&asked);
    sem_wait(&answered);
    return number;
}

int main(void) {
    pthread_t thread;
    int status;
    case_begin();
    sem_init(&asked, 0, 0);
    sem_init(&answered, 0, 0);
    pthread_create(&thread, NULL, worker, NULL);
    case_step("parent: the worker says that 6 * 6 is %d", square(6));
    pid_t child = fork();
    if (child == 0) {
        case_step("child: asks the worker for 7 * 7");
        _exit(square(7) == 49 ? 0 : 1);
    }
    waitpid(child, &status, 0);
    case_outcome(status == 0 ? "answered" : "failed");
}
