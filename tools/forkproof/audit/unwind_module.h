/* An image, known by its path and its build-id, wherever it was mapped: opened once for all. */
#ifndef FP_UNWIND_MODULE_H
#define FP_UNWIND_MODULE_H

#include <elfutils/libdw.h>
#include <sys/stat.h>

#include "unwind.h"
#include "unwind_file.h"
#include "unwind_text.h"

#define FP_SEGMENT_MOST 64
/* So many images are open at a time, with three descriptors each at most. */
#define FP_MODULE_OPEN_MOST 100

struct fp_segment {
    uint64_t offset, address, size;
    bool is_code, is_writable;
};

struct fp_symbol {
    uint64_t address, size;
    const char *name; /* in the file */
};

struct fp_range {
    uint64_t low, high;
    Dwarf_Off unit; /* its DIE */
};

/* What is known of one address, for ever. */
struct fp_known {
    uint64_t address;
    struct fp_frame *frames;
    size_t count;
};

struct fp_module {
    const char *path; /* as in the mapping */
    const char *name; /* as it is shown: without " (deleted)" */
    uint8_t build_id[64];
    size_t build_id_size;
    const char *trouble; /* why there is no file to read */
    struct stat stat;    /* of the file when it was opened first */
    bool was_opened, is_open;
    uint64_t last_use;
    unsigned machine;
    struct fp_segment segments[FP_SEGMENT_MOST];
    size_t segment_count;
    void *known; /* tree of fp_known */

    /* Only while it is open. */
    struct fp_file file, debug, shared;
    Dwarf *dwarf, *shared_dwarf;
    Dwarf_CFI *eh_frame, *debug_frame; /* the latter is of dwarf */
    struct fp_symbol *symbols;
    size_t symbol_count;
    struct fp_range *ranges;
    size_t range_count;
};

struct fp_unwinder {
    struct fp_unwind_options options;
    char *directory, *debug_directory;
    struct fp_texts texts;
    void *modules; /* tree of fp_module */
    struct fp_module *open[FP_MODULE_OPEN_MOST];
    size_t open_count;
    uint64_t clock;
};

/* The image of a mapping that has a path, open if it can be; NULL: no memory. */
struct fp_module *fp_module_get(struct fp_unwinder *unwinder, const struct fp_mapping *mapping);
void fp_module_free(void *module);

/* Of an offset in the file, as the linker saw it; false when it is in no segment. */
bool fp_module_address(const struct fp_module *module, uint64_t offset, uint64_t *ret_address,
                       bool *ret_is_code);

/* What the file holds for an offset that no program can have written to. */
bool fp_module_read(const struct fp_module *module, uint64_t offset, void *ret, size_t size);

/* Symbols, best for an address; NULL: none. The text lives while the module is open. */
int fp_module_load_symbols(struct fp_module *module);
const char *fp_module_symbol(const struct fp_module *module, uint64_t address);

/* The units' ranges, sorted. */
int fp_module_load_ranges(struct fp_module *module);

/* The frames at an address of the linker's: a function and what is inlined there. NULL: no memory.
 */
const struct fp_known *fp_module_look_up(struct fp_unwinder *unwinder, struct fp_module *module,
                                         uint64_t address);

#endif
