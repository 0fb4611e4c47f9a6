/*
 * What only `forkproof run` gives a program: the ledger, a limit, confinement. The command is not
 * ported (systems.h), so nobody has made them and nothing is entered.
 */
#include <stddef.h>

#include "confine.h"
#include "ledger.h"
#include "limit.h"
#include "sys.h"

struct fp_ledger *fp_ledger(void) {
    return NULL;
}

struct fp_ledger *fp_ledger_open(void) {
    return NULL;
}

struct fp_ledger *fp_ledger_enter(void) {
    return NULL;
}

bool fp_ledger_has(pid_t pid) {
    (void)pid;
    return false;
}

void fp_ledger_born(struct fp_ledger *ledger, pid_t pid) {
    (void)ledger, (void)pid;
}

void fp_ledger_daemon(void) {}

int fp_limit_take(struct fp_ledger *ledger) {
    (void)ledger;
    return 0;
}

void fp_limit_give_back(struct fp_ledger *ledger) {
    (void)ledger;
}

void fp_limit_gone(struct fp_ledger *ledger, pid_t pid) {
    (void)ledger, (void)pid;
}

/* Without a run nothing is confined: settings.c has said so. */
long fp_confine_send(const struct fp_signal *signal, long (*send)(const struct fp_signal *)) {
    return send(signal);
}

long fp_confine_send_inside(const struct fp_signal *signal,
                            long (*send)(const struct fp_signal *)) {
    return send(signal);
}
