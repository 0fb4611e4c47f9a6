/* close_range with CLOSE_RANGE_CLOEXEC: can it be had? */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    puts(syscall(436, 1000L, 1000L, 4L) < 0 ? strerror(errno) : "yes");
}
