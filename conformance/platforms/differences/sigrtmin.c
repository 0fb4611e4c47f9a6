/* Which signal is SIGRTMIN? */
#include <signal.h>
#include <stdio.h>

int main(void) {
    printf("%d\n", SIGRTMIN);
}
