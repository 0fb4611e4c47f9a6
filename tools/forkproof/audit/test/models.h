/* Audits built in memory, for tests of the formats. */
#ifndef FP_MODELS_H
#define FP_MODELS_H

#include "format.h"

/* The three rules that the models know; "quiet-rule" is none, as the audit does not find it. */
extern const struct fp_gotcha fp_model_gotchas[];
enum { FP_MODEL_GOTCHAS = 4 };

/* "empty", "two-places", "many" (300 processes), "hostile"; NULL: no such model. Good until the
 * next call of the same name. */
struct fp_audit *fp_model(const char *name);

/* With the model's rules, failing at warnings. */
struct fp_format fp_model_format(void);

/* What a format writes of an audit, allocated; ends the program where it fails. */
char *fp_model_written(int (*format)(FILE *, const struct fp_audit *, const struct fp_format *),
                       const struct fp_audit *audit, const struct fp_format *how);

#endif
