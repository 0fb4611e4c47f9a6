#include "unwind.h"

#include <elf.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "unwind_module.h"
#include "unwind_step.h"

/* One stack in hand. */
struct walk {
    struct fp_unwinder *unwinder;
    const struct fp_mapping *mappings;
    size_t mapping_count;
    struct fp_memory memory;
    struct fp_cpu cpu;
    struct fp_stack *stack;
    size_t room;
};

/* Where an address is. */
struct place {
    const struct fp_mapping *mapping;
    struct fp_module *module; /* NULL: anonymous memory */
    uint64_t offset;          /* in the file */
    uint64_t address;         /* the linker's */
    bool is_known, is_code;   /* the address is */
};

struct fp_unwinder *fp_unwind_open(const struct fp_unwind_options *options) {
    struct fp_unwinder *unwinder = calloc(1, sizeof *unwinder);
    if (!unwinder)
        return NULL;
    const char *debug = options->debug_directory;
    unwinder->options = *options;
    unwinder->debug_directory = strdup(debug ? debug : "/usr/lib/debug");
    if (options->directory && (unwinder->directory = strdup(options->directory)))
        fp_path_tidy(unwinder->directory);
    if (unwinder->debug_directory && (unwinder->directory || !options->directory))
        return unwinder;
    fp_unwind_close(unwinder);
    return NULL;
}

void fp_unwind_close(struct fp_unwinder *unwinder) {
    if (!unwinder)
        return;
    tdestroy(unwinder->modules, fp_module_free);
    fp_texts_free(&unwinder->texts);
    free(unwinder->directory);
    free(unwinder->debug_directory);
    free(unwinder);
}

void fp_stack_free(struct fp_stack *stack) {
    free(stack->frames);
    *stack = (struct fp_stack){0};
}

/* False when nothing is mapped there. Where mappings overlap, which no kernel shows, the first. */
static bool locate(const struct walk *walk, uint64_t address, struct place *ret) {
    *ret = (struct place){0};
    for (size_t i = 0; i < walk->mapping_count && !ret->mapping; i++) {
        if (address >= walk->mappings[i].start && address < walk->mappings[i].end)
            ret->mapping = &walk->mappings[i];
    }
    if (!ret->mapping)
        return false;
    ret->offset = address - ret->mapping->start + ret->mapping->offset;
    if (ret->mapping->path && *ret->mapping->path)
        ret->module = fp_module_get(walk->unwinder, ret->mapping);
    if (ret->module && ret->module->is_open && ret->module->machine == walk->cpu.machine->number)
        ret->is_known = fp_module_address(ret->module, ret->offset, &ret->address, &ret->is_code);
    return true;
}

static bool read_outside(void *arg, uint64_t address, void *ret, size_t size) {
    struct place place;
    return locate(arg, address, &place) && place.is_known &&
           fp_module_read(place.module, place.offset, ret, size);
}

static bool is_code(void *arg, uint64_t address) {
    struct place place;
    return locate(arg, address, &place) && place.is_known && place.is_code;
}

static void note(struct walk *walk, const char *trouble) {
    if (!walk->stack->trouble)
        walk->stack->trouble = trouble;
}

static int push(struct walk *walk, const struct fp_frame *frames, size_t count) {
    struct fp_stack *stack = walk->stack;
    if (stack->count + count > walk->room) {
        size_t room = 2 * walk->room + count + 8;
        struct fp_frame *more = realloc(stack->frames, room * sizeof *more);
        if (!more)
            return -ENOMEM;
        stack->frames = more;
        walk->room = room;
    }
    memcpy(stack->frames + stack->count, frames, count * sizeof *frames);
    stack->count += count;
    return 0;
}

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool begins(const char *text, const char *with) {
    return strncmp(text, with, strlen(with)) == 0;
}

static bool is_ours(const struct place *place) {
    return place->module && begins(base_name(place->module->name), "libforkproof");
}

/* What runs before main or before a thread's function: nobody has to mend that. */
static bool is_start(const char *function) {
    static const char *const names[] = {"_start",
                                        "__libc_start_main",
                                        "__libc_start_main_impl",
                                        "__libc_start_call_main",
                                        "start_thread",
                                        "generic_start_main",
                                        "clone",
                                        "__clone",
                                        "clone3",
                                        "__clone3",
                                        "libc_start_main_stage2",
                                        "_start_c"};
    for (size_t i = 0; function && i < sizeof names / sizeof *names; i++) {
        if (strcmp(function, names[i]) == 0)
            return true;
    }
    return false;
}

static bool is_same(const char *a, const char *b) {
    return a && b && strcmp(a, b) == 0;
}

/* Frames of libc that have no name lie between the program's first function and the start. */
static void trim(struct fp_stack *stack, const char *module) {
    while (module && stack->count > 1) {
        const struct fp_frame *last = &stack->frames[stack->count - 1];
        if (last->function || !is_same(last->module, module))
            break;
        stack->count--;
    }
}

static void trim_unnamed_start(struct fp_stack *stack) {
    const char *module = stack->count ? stack->frames[stack->count - 1].module : NULL;
    if (module && (begins(base_name(module), "libc.so") || begins(base_name(module), "libc-") ||
                   begins(base_name(module), "libpthread")))
        trim(stack, module);
}

/* The kernel's image for 32-bit programs, which is in no file. */
static bool is_kernel(const struct walk *walk, const struct place *place) {
    return walk->cpu.machine->number == EM_386 && place->module &&
           strcmp(place->module->path, "[vdso]") == 0;
}

/* What is at a place, as frames; *ret_is_last: nothing further out is of interest. */
static int describe(struct walk *walk, const struct place *place, bool is_signal,
                    bool *ret_is_last) {
    struct fp_frame frame = {.offset = place->mapping ? place->offset : walk->cpu.pc};
    const struct fp_frame *frames = &frame;
    size_t count = 1;
    if (is_ours(place))
        return 0;
    if (place->module) {
        frame.module = place->module->name;
        note(walk, is_kernel(walk, place) ? NULL : place->module->trouble);
    }
    if (is_signal) {
        frame.function = FP_SIGNAL_FRAME;
        frame.offset = place->is_known ? place->address : place->offset;
    } else if (place->is_known) {
        const struct fp_known *known =
            fp_module_look_up(walk->unwinder, place->module, place->address);
        if (!known)
            return -ENOMEM;
        frames = known->frames;
        count = known->count;
    }
    const struct fp_frame *outer = &frames[count - 1];
    if (walk->stack->count > 0 && is_start(outer->function)) {
        trim(walk->stack, outer->module);
        *ret_is_last = true;
        return 0;
    }
    *ret_is_last = is_same(outer->function, "main");
    return push(walk, frames, count);
}

static enum fp_step step(struct walk *walk, const struct place *place, bool *ret_is_signal) {
    enum fp_step step = FP_STEP_LOST;
    const struct fp_module *module = place->module;
    *ret_is_signal = false;
    if (place->is_known) {
        uint64_t bias = walk->cpu.pc - walk->cpu.is_return - place->address;
        step = fp_step_by_rules(module->eh_frame, place->address, bias, &walk->memory, &walk->cpu,
                                ret_is_signal);
        if (step == FP_STEP_LOST)
            step = fp_step_by_rules(module->debug_frame, place->address, bias, &walk->memory,
                                    &walk->cpu, ret_is_signal);
    }
    if (step == FP_STEP_LOST)
        step = fp_step_by_signal(&walk->memory, is_kernel(walk, place), &walk->cpu, ret_is_signal);
    return step == FP_STEP_LOST ? fp_step_by_pointer(&walk->memory, &walk->cpu) : step;
}

/* aarch64 can sign what it returns to in the bits that no address has. */
static bool locate_pc(struct walk *walk, struct place *ret) {
    struct fp_cpu *cpu = &walk->cpu;
    if (locate(walk, cpu->pc - cpu->is_return, ret))
        return true;
    if (cpu->machine->number != EM_AARCH64)
        return false;
    uint64_t plain = cpu->pc & ((UINT64_C(1) << 48) - 1);
    if (!locate(walk, plain - cpu->is_return, ret))
        return false;
    cpu->pc = plain;
    return true;
}

static int walk_out(struct walk *walk) {
    struct fp_stack *stack = walk->stack;
    for (unsigned depth = 0; depth < FP_UNWIND_DEPTH; depth++) {
        struct place place;
        bool is_signal, is_last = false, is_mapped = locate_pc(walk, &place);
        if (!is_mapped && depth > 0) {
            note(walk, "a return address is where nothing was mapped: further calls are not known");
            return 0;
        }
        struct fp_cpu here = walk->cpu;
        enum fp_step way = step(walk, &place, &is_signal);
        struct fp_cpu next = walk->cpu;
        walk->cpu = here;
        int r = describe(walk, &place, is_signal, &is_last);
        walk->cpu = next;
        if (r < 0 || is_last)
            return r;
        if (way == FP_STEP_END)
            trim_unnamed_start(stack);
        else if (way == FP_STEP_CUT)
            stack->is_cut = true;
        else if (way == FP_STEP_LOST)
            note(walk, "nothing tells who called the outermost function: further calls are not "
                       "known");
        if (way != FP_STEP_CALLER)
            return 0;
    }
    stack->is_cut = true;
    return 0;
}

int fp_unwind(struct fp_unwinder *unwinder, const struct fp_registers *registers,
              const struct fp_slice *slice, const struct fp_mapping *mappings, size_t mapping_count,
              struct fp_stack *ret) {
    const struct fp_machine *machine = fp_machine_find(registers->machine);
    struct walk walk = {.unwinder = unwinder,
                        .mappings = mappings,
                        .mapping_count = mapping_count,
                        .stack = ret,
                        .memory = {.slice = slice, .read = read_outside, .is_code = is_code}};
    *ret = (struct fp_stack){0};
    if (!machine)
        return -EINVAL;
    walk.cpu = (struct fp_cpu){.machine = machine,
                               .pc = registers->pc,
                               .is_return = registers->is_return,
                               .known = machine->all};
    memcpy(walk.cpu.value, registers->value, sizeof registers->value);
    if (machine->pc < FP_REGISTER_MOST)
        walk.cpu.value[machine->pc] = registers->pc;
    walk.memory.arg = &walk;
    for (size_t i = 0; i < mapping_count; i++) {
        if (slice->address >= mappings[i].start && slice->address < mappings[i].end)
            walk.memory.stack_end = mappings[i].end;
    }
    int r = walk_out(&walk);
    if (unwinder->texts.is_failed)
        r = -ENOMEM;
    if (r < 0)
        fp_stack_free(ret);
    return r;
}
