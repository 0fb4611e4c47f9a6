/*
 * From registers, a slice of stack and a list of mappings to functions and lines, without the
 * process that they were taken from. All input is taken for hostile, the files that mappings name
 * included. Nothing is fetched from a network: libdwfl, which would, is not used.
 */
#ifndef FP_UNWIND_H
#define FP_UNWIND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "finding.h"

/* More calls than these are not followed; such a stack is cut. */
#define FP_UNWIND_DEPTH 256

struct fp_registers {
    unsigned machine;   /* EM_X86_64, EM_AARCH64 or EM_386 */
    uint64_t value[32]; /* by DWARF number: rax rdx rcx rbx rsi rdi rbp rsp r8-r15, or x0-x30 sp, or
                           eax ecx edx ebx esp ebp esi edi */
    uint64_t pc;
    bool is_return; /* pc is where a call will return to, not an instruction to be executed */
};

struct fp_slice {
    uint64_t address;
    const void *bytes; /* little-endian, as the program had them */
    size_t size;
};

struct fp_mapping {
    uint64_t start, end;
    uint64_t offset;  /* in the file */
    const char *path; /* as in /proc/PID/maps, " (deleted)" included; NULL: anonymous */
    const uint8_t *build_id;
    size_t build_id_size; /* 0: not known */
};

struct fp_stack {
    struct fp_frame *frames; /* innermost first; texts last as long as the unwinder */
    size_t count;
    bool is_cut;         /* the slice or FP_UNWIND_DEPTH ended first */
    const char *trouble; /* one line on what could not be told, and why; NULL: nothing */
};

struct fp_unwinder;

struct fp_unwind_options {
    const char *directory;       /* paths of sources below it are shown relative; NULL: none */
    const char *debug_directory; /* NULL: /usr/lib/debug */
    bool is_same_boot;           /* the stacks are of the kernel that we run on: its vDSO is ours */
};

/* NULL when there is no memory. */
struct fp_unwinder *fp_unwind_open(const struct fp_unwind_options *options);
void fp_unwind_close(struct fp_unwinder *unwinder);

/*
 * What cannot be told is no error: frames then have a module and an offset, or an offset that is
 * the address, and the stack ends early. -EINVAL: a machine we do not know. -ENOMEM.
 */
int fp_unwind(struct fp_unwinder *unwinder, const struct fp_registers *registers,
              const struct fp_slice *slice, const struct fp_mapping *mappings, size_t mapping_count,
              struct fp_stack *ret);
void fp_stack_free(struct fp_stack *stack);

/*
 * The text of /proc/PID/maps, NUL-terminated, as mappings: one block, to be freed. Newlines in
 * paths are unescaped. -EINVAL with the number of the first bad line (from 1); -ENOMEM.
 */
int fp_unwind_parse_maps(const char *text, struct fp_mapping **ret_mappings, size_t *ret_count,
                         size_t *ret_bad_line);

#endif
