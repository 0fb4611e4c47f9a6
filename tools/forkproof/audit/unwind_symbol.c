/* Names from the symbol table, where debug information has none. */
#include <errno.h>
#include <gelf.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "bisect.h"
#include "unwind_module.h"

/* A nested or overlapping symbol is looked for so far back. */
#define BACK 16

static Elf_Scn *find_table(Elf *elf, GElf_Word type, GElf_Shdr *ret_header) {
    for (Elf_Scn *s = elf ? elf_nextscn(elf, NULL) : NULL; s; s = elf_nextscn(elf, s)) {
        if (gelf_getshdr(s, ret_header) && ret_header->sh_type == type)
            return s;
    }
    return NULL;
}

static bool is_code(const struct fp_module *module, uint64_t address) {
    for (size_t i = 0; i < module->segment_count; i++) {
        const struct fp_segment *s = &module->segments[i];
        if (s->is_code && address >= s->address && address - s->address < s->size)
            return true;
    }
    return false;
}

/* Of several names for one place the plainest, so that it is always the same one. */
static int compare_names(const char *a, const char *b) {
    int plain = (*a == '_') - (*b == '_');
    size_t m = strlen(a), n = strlen(b);
    return plain ? plain : m != n ? (m > n) - (m < n) : strcmp(a, b);
}

static int compare(const void *a, const void *b) {
    const struct fp_symbol *x = a, *y = b;
    if (x->address != y->address)
        return x->address < y->address ? -1 : 1;
    if (x->size != y->size)
        return x->size < y->size ? -1 : 1;
    /* The one found first comes last. */
    return -compare_names(x->name, y->name);
}

static bool is_function(const struct fp_module *module, const GElf_Sym *sym, const char *name) {
    unsigned type = GELF_ST_TYPE(sym->st_info);
    /* Routines in assembly often have no type; "$x" and the like mark what is code on aarch64. */
    return (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_NOTYPE) &&
           sym->st_shndx != SHN_UNDEF && sym->st_shndx != SHN_ABS && name && *name &&
           *name != '$' && is_code(module, sym->st_value);
}

int fp_module_load_symbols(struct fp_module *module) {
    GElf_Shdr header;
    Elf *elf = module->debug.elf;
    Elf_Scn *table = find_table(elf, SHT_SYMTAB, &header);
    if (!table)
        table = find_table(elf = module->file.elf, SHT_SYMTAB, &header);
    if (!table)
        table = find_table(elf, SHT_DYNSYM, &header);
    Elf_Data *data = table ? elf_getdata(table, NULL) : NULL;
    size_t size = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT); // by class
    size_t count = data && size ? data->d_size / size : 0;
    if (count == 0 || count > INT_MAX || data->d_type != ELF_T_SYM)
        return 0;
    module->symbols = calloc(count, sizeof *module->symbols);
    if (!module->symbols)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++) {
        GElf_Sym sym;
        if (!gelf_getsym(data, (int)i, &sym))
            break;
        const char *name = elf_strptr(elf, header.sh_link, sym.st_name);
        if (is_function(module, &sym, name))
            module->symbols[module->symbol_count++] =
                (struct fp_symbol){.address = sym.st_value, .size = sym.st_size, .name = name};
    }
    if (module->symbol_count > 1)
        qsort(module->symbols, module->symbol_count, sizeof *module->symbols, compare);
    return 0;
}

const char *fp_module_symbol(const struct fp_module *module, uint64_t address) {
    size_t low = FP_BISECT(i, module->symbol_count, module->symbols[i].address <= address);
    /* Now low is the first one behind the address. */
    for (size_t i = low; i > 0 && low - i < BACK; i--) {
        const struct fp_symbol *s = &module->symbols[i - 1];
        if (address - s->address < s->size)
            return s->name;
    }
    const struct fp_symbol *nearest = low ? &module->symbols[low - 1] : NULL;
    return nearest && nearest->size == 0 ? nearest->name : NULL;
}
