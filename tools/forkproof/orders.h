/* What the supervisor does when it is ordered to: see control.h for how orders come. */
#ifndef FP_ORDERS_H
#define FP_ORDERS_H

#include "control.h"
#include "pause.h"

struct fp_orders {
    struct fp_teardown *teardown;
    struct fp_pause pause;
    bool ending;  /* the members are being asked to end */
    bool end;     /* the run is to end though the root has not ended */
    unsigned ask; /* how often the end was asked for since: it begins the ending, or hurries it */
};

/* data is a struct fp_orders. */
json_t *fp_orders_obey(void *data, const struct fp_order *order);

/* Somebody asks for the end. */
void fp_orders_ask(struct fp_orders *orders);

#endif
