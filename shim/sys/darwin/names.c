/* The names in a directory: getdents is nobody's to call here. */
#include <sys/attr.h>
#include <unistd.h>

#include "proc.h"
#include "sys.h"

/* What is asked for of each. */
struct entry {
    uint32_t size;
    attribute_set_t told;
    attrreference_t name; // and the text behind it
};

/* at: of the next one; end: how many are left. */
void fp_proc_list_of(struct fp_proc_list *list, int fd) {
    list->fd = fd;
    list->at = 0;
    list->end = 0;
}

static bool fill(struct fp_proc_list *list) {
    struct attrlist wanted = {
        .bitmapcount = ATTR_BIT_MAP_COUNT,
        .commonattr = ATTR_CMN_RETURNED_ATTRS | ATTR_CMN_NAME,
    };
    long count = FP_CALL(getattrlistbulk(list->fd, &wanted, list->buffer, sizeof list->buffer, 0));
    list->at = 0;
    list->end = count > 0 ? (unsigned)count : 0;
    return count > 0;
}

const char *fp_proc_list_next_name(struct fp_proc_list *list) {
    if (list->end == 0 && !fill(list))
        return NULL;
    const char *at = list->buffer + list->at;
    const struct entry *entry = (const void *)at;
    list->at += entry->size;
    list->end--;
    return at + offsetof(struct entry, name) + entry->name.attr_dataoffset;
}
