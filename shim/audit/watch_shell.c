/* What a shell is given by system and popen. */
#include "maps.h"
#include "proc.h"
#include "sys.h"
#include "usertext.h"
#include "watch_inner.h"

/* One line, "START-END rw…"; false at the end. */
static bool read_line(struct fp_maps *maps, uint64_t *ret_start, uint64_t *ret_end,
                      bool *ret_is_writable) {
    if (fp_maps_digits(maps, 16, ret_start) != '-' || fp_maps_digits(maps, 16, ret_end) != ' ')
        return false;
    (void)fp_maps_byte(maps);
    *ret_is_writable = fp_maps_byte(maps) == 'w';
    int byte = fp_maps_byte(maps);
    while (byte >= 0 && byte != '\n')
        byte = fp_maps_byte(maps);
    return true;
}

static bool is_constant(const char *user_text) {
    struct fp_maps maps;
    uint64_t start;
    uint64_t end;
    bool is_writable;
    bool is_found = false;
    fp_maps_open(&maps);
    if (maps.fd < 0)
        return false;
    while (!is_found && read_line(&maps, &start, &end, &is_writable))
        is_found = (uintptr_t)user_text >= start && (uintptr_t)user_text < end;
    (void)fp_sys_close(maps.fd);
    return is_found && !is_writable;
}

void fp_watch_shell(enum fp_audit_forked how, const char *user_command,
                    const struct fp_here *here) {
    char text[FP_LOG_TEXT + 1];
    struct fp_audit_shell body = {.how = how};
    if (!fp_log_is_on() || !user_command)
        return;
    long length = fp_usertext_copy(text, user_command, sizeof text);
    body.flags = is_constant(user_command) ? FP_SHELL_LITERAL : 0;
    fp_log(&(struct fp_log_event){.kind = FP_AUDIT_SHELL,
                                  .flags = length < 0 || length == FP_LOG_TEXT ? FP_AUDIT_CUT : 0,
                                  .parts = {{&body, sizeof body},
                                            {text, length > 0 ? (size_t)length : 0}}},
           here);
}
