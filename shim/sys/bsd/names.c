/* The names in a directory, as the kernel writes them: where it writes them as libc reads them. */
#include <dirent.h>

#include "proc.h"
#include "sys.h"

void fp_proc_list_of(struct fp_proc_list *list, int fd) {
    list->fd = fd;
    list->at = 0;
    list->end = 0;
}

const char *fp_proc_list_next_name(struct fp_proc_list *list) {
    if (list->at >= list->end) {
        long size = FP_CALL(getdents(list->fd, list->buffer, sizeof list->buffer));
        list->at = 0;
        list->end = size > 0 ? (unsigned)size : 0;
    }
    if (list->at >= list->end)
        return NULL;
    const struct dirent *entry = (const void *)(list->buffer + list->at);
    list->at += entry->d_reclen;
    return entry->d_name;
}
