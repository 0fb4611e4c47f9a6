/* No containment: what is left is reported and nothing more. */
#include "contain/contain.h"

const struct fp_contain_ops fp_contain_none = {
    .rung = FP_RUNG_NONE,
    .name = "none",
    .escapes = "everything: nothing is ended",
};
