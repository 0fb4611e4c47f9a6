#include "scene.h"

int fp_rules_run(struct fp_scene *scene) {
    fp_rules_identity(scene);
    fp_rules_containment(scene);
    fp_rules_child(scene);
    fp_rules_exec(scene);
    fp_rules_descriptors(scene);
    fp_rules_stall(scene);
    return fp_scene_finish(scene);
}
