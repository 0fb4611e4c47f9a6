/*
 * A shop sends a mail from a child and then charges the customer. The child returns from the
 * function that forked it, into the caller, which knows nothing of a child: the customer is charged
 * by both.
 */
#include <sys/wait.h>
#include <unistd.h>

#include "case.h"

static int *charges; /* the customer's account: outside of both processes */

static void send_mail(void) {
    pid_t child = fork();
    if (child == 0) {
        case_step("child: the mail is sent");
        return;
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
    /* Said by both, too. The parent, which has waited, has the last word. */
    case_outcome(*charges == 1 ? "charged-once" : "charged-twice");
}
