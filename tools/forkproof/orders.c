#include "orders.h"

#include <errno.h>
#include <signal.h>
#include <string.h>

#include "escape.h"
#include "values.h"

/* Of the program's arguments: enough to tell what it is, and any number of them fits an answer. */
#define SHOWN_MAX 4096

static json_t *shown(char *const *argv) {
    static char clean[3 * SHOWN_MAX + 1];
    size_t left = SHOWN_MAX;
    json_t *array = json_array();
    for (size_t i = 0; argv[i] && left; i++) {
        size_t length = strnlen(argv[i], left);
        size_t n = fp_escape_utf8(argv[i], length, clean, sizeof clean);
        json_array_append_new(array, json_stringn(clean, n));
        left -= length < left ? length + 1 : left;
    }
    return array;
}

static const char *state(const struct fp_orders *orders) {
    if (orders->pause.on)
        return "stopped";
    if (orders->ending)
        return "ending";
    return orders->teardown->run->facts->root_ended ? "waiting" : "running";
}

static size_t count_members(struct fp_teardown *t) {
    size_t count = 0;
    (void)fp_teardown_list(t);
    for (size_t i = 0; i < t->now.count; i++)
        count += !fp_scope_excludes(&t->scope, t->now.at[i].pid);
    return count;
}

static json_t *status(struct fp_orders *orders) {
    struct fp_teardown *t = orders->teardown;
    const struct fp_run *run = t->run;
    const struct timespec *began = &run->facts->began;
    double since = (double)began->tv_sec + (double)began->tv_nsec / 1e9;
    json_t *object = json_pack(
        "{s:s,s:s,s:i,s:I,s:f,s:s}", "id", run->rundir.id, "rung", fp_rung_name(run->facts->rung),
        "root", run->facts->root_ended ? 0 : (int)run->facts->root, "members",
        (json_int_t)count_members(t), "since", since, "state", state(orders));
    json_object_set_new(object, "name", run->cli.name ? json_string(run->cli.name) : json_null());
    json_object_set_new(object, "program", shown(run->cli.program));
    return object;
}

/* Everyone who is a member now. */
static json_t *signal_members(struct fp_orders *orders, int sig) {
    struct fp_teardown *t = orders->teardown;
    size_t told = 0, denied = 0;
    (void)fp_teardown_list(t);
    t->scope.list = &t->now;
    for (size_t i = 0; i < t->now.count; i++) {
        struct fp_member *member = &t->now.at[i];
        if (fp_scope_excludes(&t->scope, member->pid))
            continue;
        int r = fp_member_signal(member, sig, &t->scope);
        told += r == 0;
        denied += r == -EPERM;
    }
    if (sig == SIGCONT)
        fp_pause_end(&orders->pause, t);
    return json_pack("{s:I,s:I}", "told", (json_int_t)told, "denied", (json_int_t)denied);
}

static json_t *stop(struct fp_orders *orders) {
    if (orders->ending)
        return json_pack("{s:s}", "error", "it is ending");
    int r = fp_pause_begin(&orders->pause, orders->teardown);
    return json_pack("{s:b}", "late", r == -ETIMEDOUT);
}

void fp_orders_ask(struct fp_orders *orders) {
    if (!orders->teardown->run->facts->root_ended && !orders->end)
        orders->end = true;
    else
        orders->ask++;
}

json_t *fp_orders_obey(void *data, const struct fp_order *order) {
    struct fp_orders *orders = data;
    const struct fp_run *run = orders->teardown->run;
    if (strcmp(order->run, run->rundir.id) != 0)
        return json_pack("{s:s}", "error", "its control socket is another run's");
    if (*order->name && (!run->cli.name || strcmp(order->name, run->cli.name) != 0))
        return json_pack("{s:s}", "error", "the name that it was found by is not its own");
    switch ((enum fp_order_type)order->type) {
    case FP_ORDER_STATUS:
        return status(orders);
    case FP_ORDER_END:
        fp_orders_ask(orders);
        return json_object();
    case FP_ORDER_SIGNAL:
        return signal_members(orders, order->sig);
    case FP_ORDER_STOP:
        return stop(orders);
    case FP_ORDER_CONT:
        fp_pause_end(&orders->pause, orders->teardown);
        return json_object();
    case FP_ORDER_TYPES:
        break;
    }
    return NULL;
}
