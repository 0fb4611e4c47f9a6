/* Which of clone, fork, vfork and waitpid are system calls? */
#include <stdio.h>
#include <sys/syscall.h>

int main(void) {
    puts("clone"
#ifdef SYS_fork
         " fork"
#endif
#ifdef SYS_vfork
         " vfork"
#endif
#ifdef SYS_waitpid
         " waitpid"
#endif
    );
}
