/* The parts of the SARIF log that are a file each. */
#ifndef FP_SARIF_H
#define FP_SARIF_H

#include "format.h"
#include "format/emit.h"

struct fp_sarif {
    struct fp_emit emit;
    const struct fp_audit *audit;
    const struct fp_format *format;
    size_t *rules; /* the severest finding of each rule, in the order of first use */
    size_t rule_count;
};

/* An artifactLocation: of a file below the run's directory under SRCROOT, of another file://. */
void fp_sarif_artifact(struct fp_sarif *s, const char *key, const char *path);

/* originalUriBaseIds, where the directory is known. */
void fp_sarif_base(struct fp_sarif *s);

/* A message whose text is shown as it is: brackets make no link of it. */
void fp_sarif_message(struct fp_sarif *s, const char *key, const char *text);

/* The locations of a result, its relatedLocations and its stacks. */
void fp_sarif_places(struct fp_sarif *s, const struct fp_finding *finding);

/* tool.driver.rules, and the place of a finding's rule in it. -ENOMEM. */
int fp_sarif_collect_rules(struct fp_sarif *s);
void fp_sarif_rules(struct fp_sarif *s);
size_t fp_sarif_rule_index(const struct fp_sarif *s, const struct fp_finding *finding);

#endif
