/* pidfd_send_signal to PIDFD_SELF_THREAD_GROUP: is it known? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    long self = -10001;
    puts(syscall(SYS_pidfd_send_signal, self, 0, NULL, 0) < 0 ? strerror(errno) : "yes");
}
