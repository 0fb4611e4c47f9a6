/* What an image is and what it has mapped, as /proc/self tells. */
#include <elf.h>

#include "log.h"
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

void fp_log_image(void) {
    char argv[FP_LOG_TEXT];
    char exe[FP_LOG_TEXT];
    struct fp_proc self = {0};
    if (!fp_log_is_on())
        return;
    size_t argv_size = read_some("/proc/self/cmdline", argv, sizeof argv);
    long exe_size = fp_sys_readlink("/proc/self/exe", exe, sizeof exe);
    (void)fp_proc_read(fp_sys_getpid(), &self);
    if (exe_size < 0)
        exe_size = 0;
    struct fp_audit_image body = {.start = self.start,
                                  .parent = fp_sys_getppid(),
                                  .argv = (uint16_t)argv_size,
                                  .exe = (uint16_t)exe_size};
    bool is_cut = argv_size == sizeof argv || exe_size == sizeof exe;
    fp_log(
        &(struct fp_log_event){
            .kind = FP_AUDIT_IMAGE,
            .flags = is_cut ? FP_AUDIT_CUT : 0,
            .parts = {{&body, sizeof body}, {argv, argv_size}, {exe, (size_t)exe_size}}},
        NULL);
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

/* Memory of the image's own, read as the kernel would: another thread may unmap it. */
static bool look(void *to, uint64_t at, size_t size) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr)
    return fp_sys_copy_in(to, (const void *)(uintptr_t)at, size) == 0;
}

/* In one run of notes; false: it is not there. */
static bool find_in_notes(uint64_t at, uint64_t end, struct fp_audit_mapping *ret) {
    for (int i = 0; i < HEADERS && end - at >= sizeof(Elf32_Nhdr) + 4; i++) {
        struct {
            Elf32_Nhdr head;
            char name[4];
        } note = {.name = ""};
        if (!look(&note, at, sizeof note))
            return false;
        if (note.head.n_type == NT_GNU_BUILD_ID && note.head.n_namesz == 4 &&
            fp_text_same(note.name, "GNU", 4) && note.head.n_descsz <= sizeof ret->build_id) {
            ret->build_id_size = note.head.n_descsz;
            return look(ret->build_id, at + sizeof note, note.head.n_descsz);
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
static void find_build_id(uint64_t base, uint64_t end, struct fp_audit_mapping *ret) {
    elf_head head = {.e_phnum = 0};
    if (!look(&head, base, sizeof head) || !fp_text_same((const char *)head.e_ident, ELFMAG, 4) ||
        head.e_phentsize != sizeof(elf_part))
        return;
    for (unsigned i = 0; i < head.e_phnum && i < HEADERS; i++) {
        elf_part part = {.p_type = 0};
        if (!look(&part, base + head.e_phoff + i * sizeof part, sizeof part))
            return;
        if (part.p_type != PT_NOTE || part.p_offset >= end - base ||
            part.p_filesz > end - base - part.p_offset)
            continue;
        if (find_in_notes(base + part.p_offset, base + part.p_offset + part.p_filesz, ret))
            return;
        ret->build_id_size = 0;
    }
}

/* --- mappings --- */

/* /proc/self/maps, line by line. */
struct lines {
    int fd;
    size_t at, end;
    char buffer[FP_LOG_TEXT + 128];
};

static int next_byte(struct lines *lines) {
    if (lines->at == lines->end) {
        long got = fp_sys_read(lines->fd, lines->buffer, sizeof lines->buffer);
        lines->at = 0;
        lines->end = got > 0 ? (size_t)got : 0;
    }
    return lines->at < lines->end ? (unsigned char)lines->buffer[lines->at++] : -1;
}

/* -1: it is none. */
static int digit_of(int byte, unsigned base) {
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    return base == 16 && byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* Digits up to any other byte, which is taken too and returned. */
static int read_digits(struct lines *lines, unsigned base, uint64_t *ret) {
    int byte = next_byte(lines);
    *ret = 0;
    for (int digit; (digit = digit_of(byte, base)) >= 0; byte = next_byte(lines))
        *ret = *ret * base + (unsigned)digit;
    return byte;
}

struct line {
    struct fp_audit_mapping mapping;
    bool is_executable, is_cut;
    size_t length;
    char path[FP_LOG_TEXT];
};

static void read_path(struct lines *lines, struct line *line) {
    int byte = next_byte(lines);
    while (byte == ' ')
        byte = next_byte(lines);
    for (; byte >= 0 && byte != '\n'; byte = next_byte(lines)) {
        if (line->length < sizeof line->path)
            line->path[line->length++] = (char)byte;
        else
            line->is_cut = true;
    }
}

/* START-END rwxp OFFSET MAJOR:MINOR INODE  PATH */
static bool read_line(struct lines *lines, struct line *line) {
    uint64_t major;
    uint64_t minor;
    line->mapping = (struct fp_audit_mapping){.build_id_size = 0};
    line->length = 0;
    line->is_cut = false;
    if (read_digits(lines, 16, &line->mapping.start) != '-')
        return false;
    (void)read_digits(lines, 16, &line->mapping.end);
    (void)next_byte(lines);
    (void)next_byte(lines);
    line->is_executable = next_byte(lines) == 'x';
    (void)next_byte(lines);
    (void)next_byte(lines);
    (void)read_digits(lines, 16, &line->mapping.offset);
    (void)read_digits(lines, 16, &major);
    (void)read_digits(lines, 16, &minor);
    line->mapping.major = (uint32_t)major;
    line->mapping.minor = (uint32_t)minor;
    if (read_digits(lines, 10, &line->mapping.inode) != '\n')
        read_path(lines, line);
    return true;
}

static bool is_same_file(const struct fp_audit_mapping *a, const struct fp_audit_mapping *b) {
    return a->inode == b->inode && a->major == b->major && a->minor == b->minor;
}

static void enter(struct line *line, const struct fp_audit_mapping *first) {
    if (line->length > 0 && line->mapping.inode && is_same_file(&line->mapping, first))
        find_build_id(first->start, line->mapping.end, &line->mapping);
    fp_log(&(struct fp_log_event){.kind = FP_AUDIT_MAPPING,
                                  .flags = line->is_cut ? FP_AUDIT_CUT : 0,
                                  .parts = {{&line->mapping, sizeof line->mapping},
                                            {line->path, line->length}}},
           NULL);
}

void fp_log_mappings(void) {
    struct line line;
    struct fp_audit_mapping first = {0}; // of the file that is being gone through
    struct lines lines = {.at = 0, .end = 0};
    if (!fp_log_is_on())
        return;
    lines.fd = fp_sys_open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (lines.fd < 0)
        return;
    while (read_line(&lines, &line)) {
        if (line.mapping.offset == 0)
            first = line.mapping;
        if (line.is_executable)
            enter(&line, &first);
    }
    (void)fp_sys_close(lines.fd);
}
