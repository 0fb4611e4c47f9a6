/* What an image is and what it has mapped, as /proc/self tells. */
#include <elf.h>
#include <stdatomic.h>

#include "log.h"
#include "maps.h"
#include "proc.h"
#include "sys.h"
#include "text.h"

/* The beginning of a file, as far as it has one. */
static size_t read_some(const char *path, char *to, size_t size) {
    size_t used = 0;
    long got = 1;
    int fd = fp_sys_open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && used < size && (got = fp_sys_read(fd, to + used, size - used)) > 0)
        used += (size_t)got;
    if (fd >= 0)
        (void)fp_sys_close(fd);
    return used;
}

static size_t copy_arguments(char *const *argv, char *to, size_t size) {
    size_t used = 0;
    for (; *argv && used < size; argv++) {
        size_t length = fp_text_length(*argv) + 1;
        if (length > size - used)
            length = size - used;
        fp_text_copy(to + used, *argv, length);
        used += length;
    }
    return used;
}

/* What the image is, in the record. */
static struct {
    _Atomic(struct fp_audit_image *) image;
    atomic_int pid;
} told;

void fp_log_image(char *const *argv) {
    char arguments[FP_LOG_TEXT];
    char exe[FP_LOG_TEXT];
    if (!fp_log_is_on())
        return;
    size_t argv_size = argv ? copy_arguments(argv, arguments, sizeof arguments)
                            : read_some("/proc/self/cmdline", arguments, sizeof arguments);
    long exe_size = fp_sys_readlink("/proc/self/exe", exe, sizeof exe);
    if (exe_size < 0)
        exe_size = 0;
    struct fp_audit_image body = {
        .parent = fp_sys_getppid(), .argv = (uint16_t)argv_size, .exe = (uint16_t)exe_size};
    bool is_cut = argv_size == sizeof arguments || exe_size == sizeof exe;
    atomic_store(&told.pid, fp_sys_getpid());
    atomic_store(&told.image, fp_log(&(struct fp_log_event){.kind = FP_AUDIT_IMAGE,
                                                            .flags = is_cut ? FP_AUDIT_CUT : 0,
                                                            .parts = {{&body, sizeof body},
                                                                      {arguments, argv_size},
                                                                      {exe, (size_t)exe_size}}},
                                     NULL));
}

/* Not in a forked child: it has executed nothing, and began later. */
static void tell_start(void) {
    struct fp_proc self;
    struct fp_audit_image *image = atomic_load(&told.image);
    pid_t pid = fp_sys_getpid();
    if (image && atomic_load(&told.pid) == pid && fp_proc_read(pid, &self))
        image->start = self.start;
}

/* --- build-ids --- */

#define HEADERS 16
#if __SIZEOF_POINTER__ == 8
typedef Elf64_Ehdr elf_head;
typedef Elf64_Phdr elf_part;
#else
typedef Elf32_Ehdr elf_head;
typedef Elf32_Phdr elf_part;
#endif

/* The beginning of what is mapped of a file: headers and notes lie there, as a rule. */
struct view {
    uint64_t base;
    size_t size;
    char bytes[1024];
};

/* Memory of the image's own, read as the kernel would: another thread may unmap it. */
static bool look_at(void *to, uint64_t at, size_t size) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    return fp_sys_copy_in(to, (const void *)(uintptr_t)at, size) == 0;
}

static void view_at(struct view *view, uint64_t base) {
    view->base = base;
    view->size = look_at(view->bytes, base, sizeof view->bytes) ? sizeof view->bytes : 0;
}

static bool look(const struct view *view, void *to, uint64_t at, size_t size) {
    uint64_t from = at - view->base;
    if (from > view->size || size > view->size - from)
        return look_at(to, at, size);
    fp_text_copy(to, view->bytes + from, size);
    return true;
}

/* In one run of notes; false: it is not there. */
static bool find_in_notes(const struct view *view, uint64_t at, uint64_t end,
                          struct fp_audit_mapping *ret) {
    for (int i = 0; i < HEADERS && end - at >= sizeof(Elf32_Nhdr) + 4; i++) {
        struct {
            Elf32_Nhdr head;
            char name[4];
        } note = {.name = ""};
        if (!look(view, &note, at, sizeof note))
            return false;
        if (note.head.n_type == NT_GNU_BUILD_ID && note.head.n_namesz == 4 &&
            fp_text_same(note.name, "GNU", 4) && note.head.n_descsz <= sizeof ret->build_id) {
            ret->build_id_size = note.head.n_descsz;
            return look(view, ret->build_id, at + sizeof note, note.head.n_descsz);
        }
        uint64_t size = sizeof note.head + (((uint64_t)note.head.n_namesz + 3) & ~UINT64_C(3)) +
                        (((uint64_t)note.head.n_descsz + 3) & ~UINT64_C(3));
        if (size > end - at)
            return false;
        at += size;
    }
    return false;
}

/* base: where the beginning of the file is mapped; what lies before `end` is mapped from it too. */
static void find_build_id(struct view *view, uint64_t base, uint64_t end,
                          struct fp_audit_mapping *ret) {
    elf_head head = {.e_phnum = 0};
    view_at(view, base);
    if (!look(view, &head, base, sizeof head) ||
        !fp_text_same((const char *)head.e_ident, ELFMAG, 4) ||
        head.e_phentsize != sizeof(elf_part))
        return;
    for (unsigned i = 0; i < head.e_phnum && i < HEADERS; i++) {
        elf_part part = {.p_type = 0};
        if (!look(view, &part, base + head.e_phoff + i * sizeof part, sizeof part))
            return;
        if (part.p_type != PT_NOTE || part.p_offset >= end - base ||
            part.p_filesz > end - base - part.p_offset)
            continue;
        if (find_in_notes(view, base + part.p_offset, base + part.p_offset + part.p_filesz, ret))
            return;
        ret->build_id_size = 0;
    }
}

/* --- mappings --- */

struct line {
    struct fp_audit_mapping mapping;
    bool is_executable, is_cut;
    size_t length;
    char path[FP_LOG_TEXT];
};

static void read_path(struct fp_maps *maps, struct line *line) {
    int byte = fp_maps_byte(maps);
    while (byte == ' ')
        byte = fp_maps_byte(maps);
    for (; byte >= 0 && byte != '\n'; byte = fp_maps_byte(maps)) {
        if (line->length < sizeof line->path)
            line->path[line->length++] = (char)byte;
        else
            line->is_cut = true;
    }
}

/* START-END rwxp OFFSET MAJOR:MINOR INODE  PATH */
static bool read_line(struct fp_maps *maps, struct line *line) {
    uint64_t major;
    uint64_t minor;
    line->mapping = (struct fp_audit_mapping){.build_id_size = 0};
    line->length = 0;
    line->is_cut = false;
    if (fp_maps_digits(maps, 16, &line->mapping.start) != '-')
        return false;
    (void)fp_maps_digits(maps, 16, &line->mapping.end);
    (void)fp_maps_byte(maps);
    (void)fp_maps_byte(maps);
    line->is_executable = fp_maps_byte(maps) == 'x';
    (void)fp_maps_byte(maps);
    (void)fp_maps_byte(maps);
    (void)fp_maps_digits(maps, 16, &line->mapping.offset);
    (void)fp_maps_digits(maps, 16, &major);
    (void)fp_maps_digits(maps, 16, &minor);
    line->mapping.major = (uint32_t)major;
    line->mapping.minor = (uint32_t)minor;
    if (fp_maps_digits(maps, 10, &line->mapping.inode) != '\n')
        read_path(maps, line);
    return true;
}

static bool is_same_file(const struct fp_audit_mapping *a, const struct fp_audit_mapping *b) {
    return a->inode == b->inode && a->major == b->major && a->minor == b->minor;
}

static void enter(struct line *line, const struct fp_audit_mapping *first, struct view *view) {
    if (line->length > 0 && line->mapping.inode && is_same_file(&line->mapping, first))
        find_build_id(view, first->start, line->mapping.end, &line->mapping);
    fp_log(&(struct fp_log_event){.kind = FP_AUDIT_MAPPING,
                                  .flags = line->is_cut ? FP_AUDIT_CUT : 0,
                                  .parts = {{&line->mapping, sizeof line->mapping},
                                            {line->path, line->length}}},
           NULL);
}

/* Not on the stack: it may be that of a handler, and small. */
struct scratch {
    struct fp_maps maps;
    struct line line;
    struct view view;
};
_Static_assert(sizeof(struct scratch) <= 4096, "one page");

static void enter_all(struct scratch *scratch) {
    struct fp_audit_mapping first = {0}; // of the file that is being gone through
    while (read_line(&scratch->maps, &scratch->line)) {
        if (scratch->line.mapping.offset == 0)
            first = scratch->line.mapping;
        if (scratch->line.is_executable)
            enter(&scratch->line, &first, &scratch->view);
    }
}

void fp_log_mappings(void) {
    struct scratch *scratch = fp_log_is_on() ? fp_sys_map(sizeof *scratch) : NULL;
    if (!scratch)
        return;
    fp_maps_open(&scratch->maps);
    if (scratch->maps.fd >= 0) {
        enter_all(scratch);
        (void)fp_sys_close(scratch->maps.fd);
    }
    fp_sys_unmap(scratch, sizeof *scratch);
    tell_start();
}
