/* One event: whether it is what it says, and where its parts are. */
#include <string.h>

#include "record_parts.h"

#define ROUNDED(size) (((size_t)(size) + 7) & ~(size_t)7)

/* No path has a NUL in it. */
static bool is_path(const void *at, size_t size) {
    return !memchr(at, '\0', size);
}

static bool is_image(const void *body, size_t text) {
    const struct fp_audit_image *image = body;
    return (size_t)image->argv + image->exe == text &&
           is_path((const char *)(image + 1) + image->argv, image->exe);
}

static bool is_mapping(const void *body, size_t text) {
    const struct fp_audit_mapping *mapping = body;
    return is_path(mapping + 1, text) && mapping->start < mapping->end &&
           mapping->build_id_size <= FP_AUDIT_BUILD_ID;
}

static bool is_fork(const void *body, size_t text) {
    (void)text;
    return ((const struct fp_audit_fork *)body)->how < FP_FORKED_KINDS;
}

static bool is_exec(const void *body, size_t text) {
    const struct fp_audit_exec *exec = body;
    return is_path(exec + 1, text) && exec->result <= 0 && exec->flags < 2 * FP_EXEC_IN_CHILD;
}

static bool is_exit(const void *body, size_t text) {
    (void)text;
    return ((const struct fp_audit_exit *)body)->how < FP_ENDED_KINDS;
}

static bool is_wait(const void *body, size_t text) {
    (void)text;
    const struct fp_audit_wait *wait = body;
    return wait->flags <= (FP_WAIT_HAS_STATUS | FP_WAIT_NO_POINTER) && wait->unused == 0;
}

static bool is_kill(const void *body, size_t text) {
    (void)text;
    const struct fp_audit_kill *kill = body;
    return kill->how < FP_KILLED_KINDS && kill->result <= 0;
}

static bool is_discard(const void *body, size_t text) {
    (void)text;
    const struct fp_audit_discard *discard = body;
    return discard->how < FP_DISCARDED_KINDS && discard->unused == 0;
}

static bool is_descriptor(const void *body, size_t text) {
    const struct fp_audit_descriptor *descriptor = body;
    return is_path(descriptor + 1, text) && descriptor->what < FP_TOUCHED_KINDS &&
           descriptor->result <= 0 && descriptor->unused == 0;
}

static bool is_handler(const void *body, size_t text) {
    (void)text;
    const struct fp_audit_handler *handler = body;
    return handler->how < FP_HANDLED_KINDS && handler->result <= 0;
}

static bool is_pdeathsig(const void *body, size_t text) {
    (void)text;
    const struct fp_audit_pdeathsig *pdeathsig = body;
    return pdeathsig->result <= 0 && pdeathsig->unused == 0;
}

static bool is_inherited(const void *body, size_t text) {
    (void)text;
    const struct fp_audit_inherited *inherited = body;
    return inherited->fd >= 0 && inherited->unused == 0;
}

static bool is_variable(const void *body, size_t text) {
    const struct fp_audit_variable_event *variable = body;
    return is_path(variable + 1, text) && variable->what < FP_VARIABLE_KINDS &&
           variable->unused == 0;
}

static bool is_shell(const void *body, size_t text) {
    const struct fp_audit_shell *shell = body;
    return is_path(shell + 1, text) && shell->flags <= FP_SHELL_LITERAL &&
           (shell->how == FP_FORKED_SYSTEM || shell->how == FP_FORKED_POPEN);
}

static bool is_unsafe(const void *body, size_t text) {
    const struct fp_audit_unsafe *unsafe = body;
    return is_path(unsafe + 1, text) && unsafe->flags < 2 * FP_UNSAFE_IN_HANDLER &&
           unsafe->unused == 0;
}

static bool is_any(const void *body, size_t text) {
    (void)body;
    (void)text;
    return true;
}

static bool is_left(const void *body, size_t text) {
    const struct fp_audit_left *left = body;
    return is_path(left + 1, text) && left->pid > 0 && left->flags <= FP_LEFT_ZOMBIE &&
           left->unused == 0;
}

static bool is_root(const void *body, size_t text) {
    const struct fp_audit_root *root = body;
    return is_path(root + 1, text) && root->pid > 0;
}

static bool is_stall(const void *body, size_t text) {
    const struct fp_audit_stall *stall = body;
    return is_path(stall + 1, text) && stall->pid > 0 && stall->unused == 0;
}

static const struct {
    size_t size;
    bool has_text;
    bool (*is_it)(const void *body, size_t text);
    const char *why;
} kinds[FP_AUDIT_KINDS] = {
    [FP_AUDIT_IMAGE] = {sizeof(struct fp_audit_image), true, is_image,
                        "an image whose argv and path are not its text, or no path"},
    [FP_AUDIT_MAPPING] = {sizeof(struct fp_audit_mapping), true, is_mapping,
                          "a mapping that ends before it begins, or no path or build-id"},
    [FP_AUDIT_FORK] = {sizeof(struct fp_audit_fork), false, is_fork, "a fork of no known kind"},
    [FP_AUDIT_EXEC] = {sizeof(struct fp_audit_exec), true, is_exec,
                       "an exec without a result or a path"},
    [FP_AUDIT_EXIT] = {sizeof(struct fp_audit_exit), false, is_exit, "an exit of no known kind"},
    [FP_AUDIT_WAIT] = {sizeof(struct fp_audit_wait), false, is_wait, "a wait with unknown flags"},
    [FP_AUDIT_KILL] = {sizeof(struct fp_audit_kill), false, is_kill,
                       "a kill of no known kind or result"},
    [FP_AUDIT_DISCARD] = {sizeof(struct fp_audit_discard), false, is_discard,
                          "a discarded status of no known kind"},
    [FP_AUDIT_DESCRIPTOR] = {sizeof(struct fp_audit_descriptor), true, is_descriptor,
                             "a descriptor with which nothing known was done, or no path"},
    [FP_AUDIT_HANDLER] = {sizeof(struct fp_audit_handler), false, is_handler,
                          "a signal handler that was set in no known way"},
    [FP_AUDIT_PDEATHSIG] = {sizeof(struct fp_audit_pdeathsig), false, is_pdeathsig,
                            "a parent-death signal without a result"},
    [FP_AUDIT_INHERITED] = {sizeof(struct fp_audit_inherited), false, is_inherited,
                            "an inherited descriptor without a number"},
    [FP_AUDIT_VARIABLE] = {sizeof(struct fp_audit_variable_event), true, is_variable,
                           "a variable without a name, or of no known kind"},
    [FP_AUDIT_SHELL] = {sizeof(struct fp_audit_shell), true, is_shell,
                        "a shell that was called in no known way"},
    [FP_AUDIT_UNSAFE] = {sizeof(struct fp_audit_unsafe), true, is_unsafe,
                         "an unsafe call with unknown flags, or without a name"},
    [FP_AUDIT_ATEXIT] = {sizeof(struct fp_audit_atexit), false, is_any, ""},
    [FP_AUDIT_CAUGHT] = {sizeof(struct fp_audit_caught), false, is_any, ""},
    [FP_AUDIT_LEFT] = {sizeof(struct fp_audit_left), true, is_left,
                       "a process that was left, without a pid"},
    [FP_AUDIT_ROOT] = {sizeof(struct fp_audit_root), true, is_root, "a root without a pid"},
    [FP_AUDIT_STALL] = {sizeof(struct fp_audit_stall), true, is_stall, "a stall of nobody"},
};

static const struct {
    unsigned machine, registers, sp;
} machines[] = {
    {FP_AUDIT_I386, FP_AUDIT_I386_REGISTERS, FP_AUDIT_I386_SP},
    {FP_AUDIT_X86_64, FP_AUDIT_X86_64_REGISTERS, FP_AUDIT_X86_64_SP},
    {FP_AUDIT_AARCH64, FP_AUDIT_AARCH64_REGISTERS, FP_AUDIT_AARCH64_SP},
};

/* How many registers a machine has; ret_sp: which is the stack pointer. 0: we do not know it. */
static unsigned registers_of(unsigned machine, unsigned *ret_sp) {
    *ret_sp = 0;
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        if (machines[i].machine != machine)
            continue;
        *ret_sp = machines[i].sp;
        return machines[i].registers;
    }
    return 0;
}

static const uint64_t *words_of(const struct fp_audit_event *event) {
    return (const void *)((const char *)(event + 1) + ROUNDED(event->body));
}

static const char *check_stack(const struct fp_audit_event *event) {
    unsigned sp;
    unsigned count = registers_of(event->machine, &sp);
    if (event->machine == 0)
        return event->registers || event->stack ? "registers or a stack of no machine" : NULL;
    if (count == 0)
        return "registers of a machine that we do not know";
    if (event->registers != count)
        return "not as many registers as the machine has";
    if (event->stack > FP_AUDIT_STACK || event->stack % 8 != 0)
        return "a slice of stack that is too long or not whole words";
    return NULL;
}

static bool is_zero(const char *at, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (at[i])
            return false;
    return true;
}

static const char *check_sizes(const struct fp_audit_event *event, uint32_t size) {
    const char *why = check_stack(event);
    if (why)
        return why;
    size_t words = event->machine ? (size_t)1 + event->registers : 0;
    if (size != sizeof *event + ROUNDED(event->body) + 8 * words + event->stack)
        return "parts that do not add up to the size of the event";
    const char *end = (const char *)(event + 1) + event->body;
    if (!is_zero(end, ROUNDED(event->body) - event->body))
        return "bytes between the parts of an event";
    return NULL;
}

static const char *check_known(const struct fp_audit_event *event) {
    unsigned sp;
    unsigned count = registers_of(event->machine, &sp);
    if (count == 0)
        return NULL;
    uint64_t known = words_of(event)[0];
    return known >> count || !(known >> sp & 1) ? "registers that the machine does not have, or no "
                                                  "stack pointer"
                                                : NULL;
}

const char *fp_record_check(const struct fp_audit_event *event, uint32_t size) {
    if (event->kind == 0 || event->kind >= FP_AUDIT_KINDS)
        return "an event of no known kind";
    if (event->pid <= 0 || event->tid <= 0 || event->time == 0 || event->flags > FP_AUDIT_CUT)
        return "an event without a process, a thread or a time, or with unknown flags";
    const char *why = check_sizes(event, size);
    if (!why)
        why = check_known(event);
    if (why)
        return why;
    size_t fixed = kinds[event->kind].size;
    if (event->body < fixed || (event->body > fixed && !kinds[event->kind].has_text))
        return "a body that is not as long as its kind demands";
    return kinds[event->kind].is_it(event + 1, event->body - fixed) ? NULL : kinds[event->kind].why;
}

struct fp_record_event fp_record_parts(const struct fp_audit_event *event) {
    size_t fixed = kinds[event->kind].size;
    struct fp_record_event parts = {
        .kind = (enum fp_audit_kind)event->kind,
        .pid = event->pid,
        .tid = event->tid,
        .time = event->time,
        .body = event + 1,
        .text = {(const char *)(event + 1) + fixed, event->body - fixed},
        .is_cut = event->flags & FP_AUDIT_CUT,
        .machine = event->machine,
    };
    if (parts.kind == FP_AUDIT_IMAGE) {
        parts.text.size = parts.image->argv;
        parts.exe = (struct fp_record_text){parts.text.at + parts.text.size, parts.image->exe};
    }
    if (event->machine) {
        const uint64_t *words = words_of(event);
        parts.known = words[0];
        parts.registers = words + 1;
        parts.register_count = registers_of(event->machine, &parts.sp);
        parts.stack = words + 1 + event->registers;
        parts.stack_size = event->stack;
    }
    return parts;
}
