/* Functions, what is inlined there, and lines: of one address in a module. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bisect.h"
#include "unwind_module.h"

#define NEST_MOST 64          /* of scopes */
#define INLINE_MOST 32        /* of functions inlined into one another */
#define VISIT_MOST 4000000    /* DIEs looked at for one address */
#define RANGE_MOST (1u << 22) /* of all units */

/* A function with what is inlined at the address, the outermost first. */
struct chain {
    Dwarf_Die die[INLINE_MOST];
    size_t count;
    unsigned visits;
};

static int compare_ranges(const void *a, const void *b) {
    const struct fp_range *x = a, *y = b;
    return x->low != y->low ? (x->low < y->low ? -1 : 1)
                            : (x->unit > y->unit) - (x->unit < y->unit);
}

static int add_range(struct fp_module *module, size_t *room, struct fp_range range) {
    if (module->range_count == *room) {
        size_t more = *room ? 2 * *room : 64;
        struct fp_range *ranges = realloc(module->ranges, more * sizeof *ranges);
        if (!ranges)
            return -ENOMEM;
        module->ranges = ranges;
        *room = more;
    }
    module->ranges[module->range_count++] = range;
    return 0;
}

/* By the units themselves: .debug_aranges is not always there. */
int fp_module_load_ranges(struct fp_module *module) {
    Dwarf_Off at = 0, next;
    size_t header, room = 0;
    if (!module->dwarf)
        return 0;
    while (dwarf_nextcu(module->dwarf, at, &next, &header, NULL, NULL, NULL) == 0 && next > at) {
        Dwarf_Die die;
        ptrdiff_t offset = 0, before = 0;
        Dwarf_Addr base, low, high;
        if (dwarf_offdie(module->dwarf, at + header, &die)) {
            while ((offset = dwarf_ranges(&die, offset, &base, &low, &high)) > before) {
                before = offset;
                struct fp_range range = {.low = low, .high = high, .unit = at + header};
                if (low < high && add_range(module, &room, range) < 0)
                    return -ENOMEM;
                if (module->range_count >= RANGE_MOST)
                    goto full;
            }
        }
        at = next;
    }
full:
    if (module->range_count > 1)
        qsort(module->ranges, module->range_count, sizeof *module->ranges, compare_ranges);
    return 0;
}

static bool find_unit(const struct fp_module *module, uint64_t address, Dwarf_Die *ret) {
    size_t low = FP_BISECT(i, module->range_count, module->ranges[i].low <= address);
    return low > 0 && address < module->ranges[low - 1].high &&
           dwarf_offdie(module->dwarf, module->ranges[low - 1].unit, ret);
}

static bool is_container(int tag) {
    return tag == DW_TAG_namespace || tag == DW_TAG_module || tag == DW_TAG_class_type ||
           tag == DW_TAG_structure_type;
}

static bool is_scope(int tag) {
    return tag == DW_TAG_lexical_block || tag == DW_TAG_try_block || tag == DW_TAG_catch_block;
}

static bool find_chain(Dwarf_Die *parent, uint64_t address, unsigned depth, struct chain *chain);

/* Whether the address was in it, all of the chain then found. */
static bool visit(Dwarf_Die *die, uint64_t address, unsigned depth, struct chain *chain) {
    int tag = dwarf_tag(die);
    if (is_container(tag))
        return find_chain(die, address, depth + 1, chain);
    bool is_function = tag == DW_TAG_subprogram || tag == DW_TAG_inlined_subroutine;
    if ((!is_function && !is_scope(tag)) || dwarf_haspc(die, address) <= 0)
        return false;
    if (is_function && chain->count < INLINE_MOST)
        chain->die[chain->count++] = *die;
    find_chain(die, address, depth + 1, chain);
    return true;
}

/* Bounded whatever the offsets of siblings say: they must grow. */
static bool find_chain(Dwarf_Die *parent, uint64_t address, unsigned depth, struct chain *chain) {
    Dwarf_Die die, next;
    if (depth > NEST_MOST || dwarf_child(parent, &die) != 0)
        return false;
    while (chain->visits++ < VISIT_MOST) {
        if (visit(&die, address, depth, chain))
            return true;
        if (dwarf_siblingof(&die, &next) != 0 || dwarf_dieoffset(&next) <= dwarf_dieoffset(&die))
            return false;
        die = next;
    }
    return false;
}

static unsigned number(Dwarf_Die *die, unsigned name) {
    Dwarf_Attribute attribute;
    Dwarf_Word value;
    if (!dwarf_attr(die, name, &attribute) || dwarf_formudata(&attribute, &value) != 0 ||
        value > INT32_MAX)
        return 0;
    return (unsigned)value;
}

/* What a compiler was told relative to where it ran is made absolute if it says where that was. */
static const char *keep_source(struct fp_unwinder *unwinder, Dwarf_Die *unit, const char *path) {
    Dwarf_Attribute attribute;
    const char *directory = dwarf_formstring(dwarf_attr(unit, DW_AT_comp_dir, &attribute));
    char *whole;
    if (!path || *path == '/' || !directory || *directory != '/')
        return fp_texts_keep_path(&unwinder->texts, path, unwinder->directory);
    if (asprintf(&whole, "%s/%s", directory, path) < 0) {
        unwinder->texts.is_failed = true;
        return NULL;
    }
    const char *kept = fp_texts_keep_path(&unwinder->texts, whole, unwinder->directory);
    free(whole);
    return kept;
}

/* Where the line table says that the instruction comes from. */
static void set_own_line(struct fp_unwinder *unwinder, Dwarf_Die *unit, uint64_t address,
                         struct fp_frame *frame) {
    int line = 0, column = 0;
    Dwarf_Line *found = dwarf_getsrc_die(unit, address);
    const char *path = found ? dwarf_linesrc(found, NULL, NULL) : NULL;
    if (!path || dwarf_lineno(found, &line) != 0 || line <= 0)
        return;
    frame->file = keep_source(unwinder, unit, path);
    frame->line = (unsigned)line;
    if (dwarf_linecol(found, &column) == 0 && column > 0)
        frame->column = (unsigned)column;
}

/* Where the function that is inlined there was called. */
static void set_call_line(struct fp_unwinder *unwinder, Dwarf_Die *unit, Dwarf_Die *inlined,
                          struct fp_frame *frame) {
    Dwarf_Files *files;
    size_t count;
    unsigned file = number(inlined, DW_AT_call_file), line = number(inlined, DW_AT_call_line);
    if (!line || dwarf_getsrcfiles(unit, &files, &count) != 0 || file >= count)
        return;
    frame->file = keep_source(unwinder, unit, dwarf_filesrc(files, file, NULL, NULL));
    frame->line = frame->file ? line : 0;
    frame->column = frame->file ? number(inlined, DW_AT_call_column) : 0;
}

static int describe(struct fp_unwinder *unwinder, struct fp_module *module, uint64_t address,
                    struct fp_known *known) {
    Dwarf_Die unit;
    struct chain *chain = calloc(1, sizeof *chain);
    bool has_unit = module->dwarf && find_unit(module, address, &unit);
    if (!chain)
        return -ENOMEM;
    if (has_unit)
        find_chain(&unit, address, 0, chain);
    known->count = chain->count ? chain->count : 1;
    known->frames = calloc(known->count, sizeof *known->frames);
    for (size_t i = 0; known->frames && i < known->count; i++) {
        struct fp_frame *frame = &known->frames[i];
        size_t left = chain->count - i; /* chain->die[left - 1] is this function */
        frame->module = module->name;
        frame->offset = address;
        if (chain->count) {
            frame->function = fp_texts_keep(&unwinder->texts, dwarf_diename(&chain->die[left - 1]));
            frame->is_inlined = i + 1 < chain->count;
        }
        if (i > 0)
            set_call_line(unwinder, &unit, &chain->die[left], frame);
        else if (has_unit)
            set_own_line(unwinder, &unit, address, frame);
        if (!frame->function && !frame->is_inlined)
            frame->function = fp_texts_keep(&unwinder->texts, fp_module_symbol(module, address));
    }
    free(chain);
    return known->frames ? 0 : -ENOMEM;
}

static int compare_known(const void *a, const void *b) {
    const struct fp_known *x = a, *y = b;
    return (x->address > y->address) - (x->address < y->address);
}

const struct fp_known *fp_module_look_up(struct fp_unwinder *unwinder, struct fp_module *module,
                                         uint64_t address) {
    struct fp_known key = {.address = address};
    struct fp_known *const *found = tfind(&key, &module->known, compare_known);
    if (found)
        return *found;
    struct fp_known *known = calloc(1, sizeof *known);
    if (known) {
        known->address = address;
        if (describe(unwinder, module, address, known) == 0 && !unwinder->texts.is_failed &&
            tsearch(known, &module->known, compare_known))
            return known;
        free(known->frames);
        free(known);
    }
    unwinder->texts.is_failed = true;
    return NULL;
}
