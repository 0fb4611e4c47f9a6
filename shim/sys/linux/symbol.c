#include "symbol.h"

#include <elf.h>
#include <link.h>
#include <stdint.h>

#include "text.h"

/* glibc's loader exports the structure, musl's a pointer to it. */
extern struct r_debug _r_debug __attribute__((weak));
extern struct r_debug *_dl_debug_addr __attribute__((weak));
extern ElfW(Dyn) _DYNAMIC[] __attribute__((visibility("hidden")));

/* The parts of an object's dynamic section that a look-up needs. */
struct object {
    uintptr_t base;
    const ElfW(Sym) * symbols;
    const char *strings;
    const ElfW(Half) * versions;
    const ElfW(Verdef) * definitions; // of versions
    const uint32_t *gnu_hash;
    const uint32_t *sysv_hash;
};

/* glibc relocates these addresses in place where it can write to them; musl never does. */
static const void *at(const struct object *object, uintptr_t address) {
    return (const void *)(address < object->base ? object->base + address : address);
}

static const void *behind(const void *at, size_t bytes) {
    return (const char *)at + bytes;
}

static void read_object(const struct link_map *map, struct object *ret) {
    *ret = (struct object){.base = map->l_addr};
    for (const ElfW(Dyn) *entry = map->l_ld; entry && entry->d_tag != DT_NULL; entry++) {
        const void *value = at(ret, entry->d_un.d_ptr);
        switch (entry->d_tag) {
        case DT_SYMTAB:
            ret->symbols = value;
            break;
        case DT_STRTAB:
            ret->strings = value;
            break;
        case DT_VERSYM:
            ret->versions = value;
            break;
        case DT_VERDEF:
            ret->definitions = value;
            break;
        case DT_GNU_HASH:
            ret->gnu_hash = value;
            break;
        case DT_HASH:
            ret->sysv_hash = value;
            break;
        default:
            break;
        }
    }
}

/* What is looked up; without a version, the one that a new program would be linked with. */
struct wanted {
    const char *name, *version;
};

static bool is_same(const char *a, const char *b) {
    return fp_text_same(a, b, fp_text_length(b) + 1);
}

/* NULL for the numbers below 2, which are no versions. */
static const char *name_of_version(const struct object *object, unsigned number) {
    const ElfW(Verdef) *definition = number < 2 ? NULL : object->definitions;
    while (definition && (definition->vd_ndx & 0x7fff) != number)
        definition = definition->vd_next ? behind(definition, definition->vd_next) : NULL;
    if (!definition)
        return NULL;
    const ElfW(Verdaux) *auxiliary = behind(definition, definition->vd_aux);
    return object->strings + auxiliary->vda_name;
}

/* As the loader: what has no version serves every one. The highest bit hides all but the default.
 */
static bool has_version(const struct object *object, uint32_t index, const char *version) {
    unsigned number = object->versions ? object->versions[index] : 0;
    const char *name = version ? name_of_version(object, number & 0x7fff) : NULL;
    return name ? is_same(name, version) : !(number & 0x8000);
}

/* A function that is defined there. The type stands in the same bits in both classes. */
static bool is_match(const struct object *object, uint32_t index, const struct wanted *wanted) {
    const ElfW(Sym) *symbol = &object->symbols[index];
    return symbol->st_shndx != SHN_UNDEF && ELF32_ST_TYPE(symbol->st_info) == STT_FUNC &&
           is_same(object->strings + symbol->st_name, wanted->name) &&
           has_version(object, index, wanted->version);
}

static void *address_of(const struct object *object, uint32_t index) {
    return (void *)(object->base + object->symbols[index].st_value);
}

static uint32_t gnu_hash_of(const char *name) {
    uint32_t hash = 5381;
    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

static void *find_gnu(const struct object *object, const struct wanted *wanted) {
    const uint32_t *table = object->gnu_hash;
    uint32_t buckets = table[0];
    uint32_t first = table[1];
    uint32_t bloom_words = table[2];
    const uint32_t *bucket = table + 4 + bloom_words * (sizeof(ElfW(Addr)) / sizeof(uint32_t));
    const uint32_t *chain = bucket + buckets;
    uint32_t hash = gnu_hash_of(wanted->name);
    uint32_t index = buckets ? bucket[hash % buckets] : 0;
    if (index < first)
        return NULL;
    for (;; index++) {
        uint32_t entry = chain[index - first];
        if ((entry | 1) == (hash | 1) && is_match(object, index, wanted))
            return address_of(object, index);
        if (entry & 1)
            return NULL;
    }
}

static void *find_sysv(const struct object *object, const struct wanted *wanted) {
    for (uint32_t index = 1; index < object->sysv_hash[1]; index++)
        if (is_match(object, index, wanted))
            return address_of(object, index);
    return NULL;
}

static const struct link_map *first_map(void) {
    if (&_r_debug && _r_debug.r_map)
        return _r_debug.r_map;
    return &_dl_debug_addr && _dl_debug_addr ? _dl_debug_addr->r_map : NULL;
}

static const struct link_map *own_map(void) {
    const struct link_map *map = first_map();
    while (map && map->l_ld != _DYNAMIC)
        map = map->l_next;
    return map;
}

const char *fp_symbol_own_path(void) {
    const struct link_map *map = own_map();
    return map ? map->l_name : NULL;
}

static void *find(const struct wanted *wanted) {
    const struct link_map *map = own_map();
    for (map = map ? map->l_next : NULL; map; map = map->l_next) {
        struct object object;
        void *found = NULL;
        read_object(map, &object);
        if (!object.symbols || !object.strings)
            continue;
        if (object.gnu_hash)
            found = find_gnu(&object, wanted);
        else if (object.sysv_hash)
            found = find_sysv(&object, wanted);
        if (found)
            return found;
    }
    return NULL;
}

void *fp_symbol_next(const char *name) {
    return find(&(struct wanted){name, NULL});
}

void *fp_symbol_next_version(const char *name, const char *version) {
    return find(&(struct wanted){name, version});
}
