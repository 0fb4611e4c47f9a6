/*
 * The remedy: the child ends where its work ends, in the function that forked it, whatever happens.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static int *charges; /* the customer's account: outside of both processes */

static void send_mail(void) {
    pid_t child = fork();
    if (child == 0) {
        case_step("child: the mail is sent");
        _exit(0);
    }
    waitpid(child, NULL, 0);
}

static void charge_customer(void) {
    ++*charges;
    case_step("the customer is charged, %d times by now", *charges);
}

int main(void) {
    case_begin();
    charges = case_shared_int();
    send_mail();
    charge_customer();
    case_outcome(*charges == 1 ? "charged-once" : "charged-twice");
}
