/* pidfd_open of a thread that is not the first: without PIDFD_THREAD, and with it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *opened(int flags) {
    return syscall(SYS_pidfd_open, syscall(SYS_gettid), flags) < 0 ? strerror(errno) : "yes";
}

static void *ask(void *unused) {
    const char *plain = opened(0);
    printf("%s, with the flag: %s\n", plain, opened(O_EXCL));
    return unused;
}

int main(void) {
    pthread_t thread;
    pthread_create(&thread, NULL, ask, NULL);
    pthread_join(thread, NULL);
}
