/* Two pidfds of two processes: does fstat tell them apart? */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(void) {
    struct stat own, other;
    if (fstat((int)syscall(SYS_pidfd_open, getpid(), 0), &own) < 0 ||
        fstat((int)syscall(SYS_pidfd_open, 1, 0), &other) < 0)
        return 77;
    puts(own.st_ino == other.st_ino ? "no" : "yes");
}
