#include "unwind_module.h"

#include <elfutils/libdwelf.h>
#include <errno.h>
#include <gelf.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define DELETED " (deleted)"

static int compare(const void *a, const void *b) {
    const struct fp_module *x = a, *y = b;
    int r = strcmp(x->path, y->path);
    if (r == 0)
        r = (x->build_id_size > y->build_id_size) - (x->build_id_size < y->build_id_size);
    return r ? r : memcmp(x->build_id, y->build_id, x->build_id_size);
}

/* What is kept of an image when others need its descriptors: where it was loaded, what is known. */
static void shut(struct fp_module *module) {
    if (module->eh_frame)
        dwarf_cfi_end(module->eh_frame);
    dwarf_end(module->dwarf);
    dwarf_end(module->shared_dwarf);
    fp_file_close(&module->shared);
    fp_file_close(&module->debug);
    fp_file_close(&module->file);
    free(module->symbols);
    free(module->ranges);
    module->eh_frame = module->debug_frame = NULL;
    module->dwarf = module->shared_dwarf = NULL;
    module->symbols = NULL;
    module->ranges = NULL;
    module->symbol_count = module->range_count = 0;
    module->is_open = false;
}

static void free_known(void *known) {
    struct fp_known *k = known;
    free(k->frames);
    free(k);
}

void fp_module_free(void *module) {
    struct fp_module *m = module;
    shut(m);
    tdestroy(m->known, free_known);
    free(m);
}

static void say(struct fp_unwinder *unwinder, struct fp_module *module, const char *what) {
    char *text;
    if (asprintf(&text, "%s: %s", module->name, what) < 0) {
        unwinder->texts.is_failed = true;
        return;
    }
    module->trouble = fp_texts_keep(&unwinder->texts, text);
    free(text);
}

/* libdw (0.188) reads behind the end of strings that do not end: such a file is not read. */
static bool has_whole_strings(Elf *elf) {
    size_t names;
    if (elf_getshdrstrndx(elf, &names) < 0)
        return false;
    for (Elf_Scn *s = elf_nextscn(elf, NULL); s; s = elf_nextscn(elf, s)) {
        GElf_Shdr header;
        const char *name = gelf_getshdr(s, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;
        if (!name || (strcmp(name, ".debug_str") != 0 && strcmp(name, ".debug_line_str") != 0))
            continue;
        const Elf_Data *data = elf_getdata(s, NULL);
        if (data && data->d_size > 0 &&
            (!data->d_buf || ((const char *)data->d_buf)[data->d_size - 1] != '\0'))
            return false;
    }
    return true;
}

/* NULL: it has none, or none that is fit to be read. */
static Dwarf *begin_dwarf(Elf *elf) {
    Dwarf *dwarf = dwarf_begin_elf(elf, DWARF_C_READ, NULL);
    if (dwarf && !has_whole_strings(elf)) { /* which are unpacked only now */
        dwarf_end(dwarf);
        dwarf = NULL;
    }
    return dwarf;
}

/* Debian's debug files share what they have in common in one more (dwz). */
static bool attach_shared(struct fp_unwinder *unwinder, struct fp_module *module) {
    const char *name;
    const void *id;
    ssize_t size = dwelf_dwarf_gnu_debugaltlink(module->dwarf, &name, &id);
    if (size <= 0)
        return size == 0;
    /* libdw must not look for it by itself: it would open what the file names, a FIFO too. */
    if (fp_file_open_by_id(unwinder->debug_directory, id, (size_t)size, &module->shared) < 0)
        return false;
    module->shared_dwarf = begin_dwarf(module->shared.elf);
    if (!module->shared_dwarf)
        return false;
    dwarf_setalt(module->dwarf, module->shared_dwarf);
    return true;
}

static void open_dwarf(struct fp_unwinder *unwinder, struct fp_module *module) {
    module->eh_frame = dwarf_getcfi_elf(module->file.elf);
    module->dwarf = begin_dwarf(module->file.elf);
    Dwarf_Off next;
    size_t header;
    bool has_units =
        module->dwarf && dwarf_nextcu(module->dwarf, 0, &next, &header, NULL, NULL, NULL) == 0;
    if (!has_units && fp_file_open_debug(module->file.elf, module->name, unwinder->debug_directory,
                                         &module->debug) == 0) {
        dwarf_end(module->dwarf);
        module->dwarf = begin_dwarf(module->debug.elf);
    }
    if (module->dwarf && !attach_shared(unwinder, module)) {
        dwarf_end(module->dwarf);
        module->dwarf = NULL;
    }
    if (module->dwarf)
        module->debug_frame = dwarf_getcfi(module->dwarf);
}

/* False when it is not an image that can have been mapped. */
static bool read_segments(struct fp_module *module) {
    GElf_Ehdr header;
    size_t count;
    module->segment_count = 0;
    if (!gelf_getehdr(module->file.elf, &header) || elf_getphdrnum(module->file.elf, &count) < 0 ||
        (header.e_type != ET_EXEC && header.e_type != ET_DYN))
        return false;
    module->machine = header.e_machine;
    for (size_t i = 0; i < count && i < INT_MAX && module->segment_count < FP_SEGMENT_MOST; i++) {
        GElf_Phdr p;
        if (!gelf_getphdr(module->file.elf, (int)i, &p))
            break;
        if (p.p_type == PT_LOAD)
            module->segments[module->segment_count++] =
                (struct fp_segment){.offset = p.p_offset,
                                    .address = p.p_vaddr,
                                    .size = p.p_filesz,
                                    .is_code = p.p_flags & PF_X,
                                    .is_writable = p.p_flags & PF_W};
    }
    return true;
}

static bool is_same_file(const struct stat *a, const struct stat *b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* The kernel's own image for programs is in no file, but in every process. */
static int open_vdso(struct fp_unwinder *unwinder, struct fp_module *module) {
    const uint8_t *id;
    char *image = (char *)getauxval(AT_SYSINFO_EHDR); // NOLINT(performance-no-int-to-ptr)
    Elf64_Ehdr header;
    if (!image)
        return -ENOENT;
    memcpy(&header, image, sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64)
        return -ENOENT;
    elf_version(EV_CURRENT);
    size_t size = header.e_shoff + (size_t)header.e_shentsize * header.e_shnum;
    module->file.elf = elf_memory(image, size);
    size_t n = module->file.elf ? fp_file_build_id(module->file.elf, &id) : 0;
    bool is_it = module->build_id_size
                     ? n == module->build_id_size && memcmp(id, module->build_id, n) == 0
                     : unwinder->options.is_same_boot;
    return module->file.elf && is_it ? 0 : -ENOENT;
}

/* Why it is not the file that was mapped; NULL: it is, or nothing says that it is not. */
static const char *difference(struct fp_module *module) {
    const uint8_t *id;
    struct stat st;
    size_t n = fp_file_build_id(module->file.elf, &id);
    bool is_deleted = strcmp(module->path, module->name) != 0;
    if (module->build_id_size ? n != module->build_id_size || memcmp(id, module->build_id, n) != 0
                              : is_deleted)
        return module->build_id_size ? "was replaced: its build-id differs"
                                     : "was replaced while it was in use";
    if (fstat(module->file.fd, &st) < 0)
        return "cannot be read";
    if (module->was_opened && !is_same_file(&st, &module->stat))
        return "changed while it was looked at";
    module->stat = st;
    return NULL;
}

static void open_file(struct fp_unwinder *unwinder, struct fp_module *module) {
    char text[128];
    int r = fp_file_open(module->name, &module->file);
    const char *why = NULL;
    if (r == -ENOENT || r == -ENOTDIR)
        why = "is gone";
    else if (r == -EMEDIUMTYPE)
        why = "is not a regular file";
    else if (r == -EFBIG)
        why = "is too large to be read";
    else if (r == -ENOEXEC)
        why = "is not an image";
    else if (r == 0)
        why = difference(module);
    if (r < 0 && !why) {
        snprintf(text, sizeof text, "cannot be opened: %s", strerror(-r));
        why = text;
    }
    if (why)
        say(unwinder, module, why);
}

static void open_module(struct fp_unwinder *unwinder, struct fp_module *module) {
    if (*module->path != '[') {
        open_file(unwinder, module);
    } else if (strcmp(module->path, "[vdso]") != 0 || open_vdso(unwinder, module) < 0) {
        elf_end(module->file.elf);
        module->file.elf = NULL;
        say(unwinder, module, "is not in a file");
    }
    if (!module->trouble && !read_segments(module))
        say(unwinder, module, "is not an image");
    if (module->trouble) {
        shut(module);
        return;
    }
    open_dwarf(unwinder, module);
    if (fp_module_load_symbols(module) < 0 || fp_module_load_ranges(module) < 0)
        unwinder->texts.is_failed = true;
    module->is_open = module->was_opened = true;
}

/* A place among the open ones, that of the least recently used if need be. */
static void enter(struct fp_unwinder *unwinder, struct fp_module *module) {
    size_t place = unwinder->open_count;
    if (place == FP_MODULE_OPEN_MOST) {
        place = 0;
        for (size_t i = 1; i < FP_MODULE_OPEN_MOST; i++) {
            if (unwinder->open[i]->last_use < unwinder->open[place]->last_use)
                place = i;
        }
        shut(unwinder->open[place]);
    } else {
        unwinder->open_count++;
    }
    unwinder->open[place] = module;
}

static struct fp_module *add(struct fp_unwinder *unwinder, const struct fp_module *key) {
    struct fp_module *module = calloc(1, sizeof *module);
    size_t length = strlen(key->path), tail = strlen(DELETED);
    char *name = strdup(key->path);
    if (module && name) {
        if (length > tail && strcmp(name + length - tail, DELETED) == 0)
            name[length - tail] = '\0';
        *module = *key;
        module->file.fd = module->debug.fd = module->shared.fd = -1;
        module->path = fp_texts_keep(&unwinder->texts, key->path);
        module->name = fp_texts_keep(&unwinder->texts, name);
    }
    free(name);
    if (!module || !module->path || !module->name ||
        !tsearch(module, &unwinder->modules, compare)) {
        unwinder->texts.is_failed = true;
        free(module);
        return NULL;
    }
    return module;
}

struct fp_module *fp_module_get(struct fp_unwinder *unwinder, const struct fp_mapping *mapping) {
    struct fp_module key = {.path = mapping->path};
    if (mapping->build_id && mapping->build_id_size <= sizeof key.build_id) {
        key.build_id_size = mapping->build_id_size;
        memcpy(key.build_id, mapping->build_id, key.build_id_size);
    }
    struct fp_module *const *found = tfind(&key, &unwinder->modules, compare);
    struct fp_module *module = found ? *found : add(unwinder, &key);
    if (!module)
        return NULL;
    module->last_use = ++unwinder->clock;
    if (!module->is_open && !module->trouble) {
        open_module(unwinder, module);
        if (module->is_open)
            enter(unwinder, module);
    }
    return module;
}

bool fp_module_address(const struct fp_module *module, uint64_t offset, uint64_t *ret_address,
                       bool *ret_is_code) {
    const struct fp_segment *best = NULL;
    /* Two segments can share a page of the file: what is executed is in the one with code. */
    for (size_t i = 0; i < module->segment_count; i++) {
        const struct fp_segment *s = &module->segments[i];
        if (offset >= s->offset && offset - s->offset < s->size && (!best || s->is_code))
            best = s;
    }
    if (!best)
        return false;
    *ret_address = offset - best->offset + best->address;
    *ret_is_code = best->is_code;
    return true;
}

bool fp_module_read(const struct fp_module *module, uint64_t offset, void *ret, size_t size) {
    bool is_there = false;
    for (size_t i = 0; i < module->segment_count; i++) {
        const struct fp_segment *s = &module->segments[i];
        if (offset < s->offset || offset - s->offset >= s->size)
            continue;
        if (s->is_writable)
            return false;
        is_there |= size <= s->size - (offset - s->offset);
    }
    return is_there && module->file.fd >= 0 && offset <= INT64_MAX &&
           pread(module->file.fd, ret, size, (off_t)offset) == (ssize_t)size;
}
