#include "format/place.h"

#include <stdlib.h>

#include "format.h"

uint64_t fp_process_end(const struct fp_audit *audit, const struct fp_process *process) {
    uint64_t end = process->ended ? process->ended : audit->length;
    return end < process->born ? process->born : end;
}

const struct fp_process *fp_place_process(const struct fp_audit *audit,
                                          const struct fp_finding *finding,
                                          const struct fp_place *place) {
    const struct fp_process *own = fp_audit_process(audit, finding->process);
    if (place->pid == 0 || (own && own->pid == place->pid))
        return own;
    const struct fp_process *named = NULL;
    for (size_t i = 0; i < audit->process_count; i++) {
        const struct fp_process *process = &audit->processes[i];
        if (process->pid != place->pid)
            continue;
        named = process;
        if (process->born <= place->time && place->time <= fp_process_end(audit, process))
            break;
    }
    return named ? named : own;
}

void fp_emit_source(struct fp_emit *e, const char *key, const struct fp_audit *audit,
                    const char *path) {
    char *shown = path && *path ? fp_path_below(audit->directory, path) : NULL;
    fp_emit_string(e, key, shown ? shown : path);
    free(shown);
}

const char *fp_frame_name(const struct fp_frame *frame) {
    if (frame->function && *frame->function)
        return frame->function;
    return frame->module && *frame->module ? frame->module : "?";
}
