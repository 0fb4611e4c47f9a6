#include "contain/procfs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "proc.h"

#define KEPT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME)

/* These mounts add to /proc, and are there again when they are asked for. */
static bool only_adds(const char *type) {
    return strcmp(type, "autofs") == 0 || strcmp(type, "binfmt_misc") == 0 ||
           strcmp(type, "nfsd") == 0;
}

/* A group of outside is not known in a user namespace: without it more is hidden, not less. */
static void keep_hiding(char *options, bool has_user_namespace, char *ret, size_t size) {
    char *save = NULL;
    *ret = '\0';
    for (char *one = strtok_r(options, ",", &save); one; one = strtok_r(NULL, ",", &save)) {
        bool is_group = strncmp(one, "gid=", 4) == 0;
        if (strncmp(one, "hidepid=", 8) == 0 || strncmp(one, "subset=", 7) == 0 ||
            (is_group && !has_user_namespace)) {
            size_t used = strlen(ret);
            snprintf(ret + used, size - used, "%s%s", used ? "," : "", one);
        }
    }
}

/* "ID PARENT DEVICE ROOT POINT OPTIONS... - TYPE SOURCE OPTIONS": the last on /proc is the one. */
static void look_at_mount(const char *line, bool has_user_namespace, struct fp_procfs *ret) {
    int id, parent;
    char point[64], type[32], options[256];
    const char *end = strstr(line, " - ");
    if (!end || sscanf(line, "%d %d %*s %*s %63s", &id, &parent, point) != 3 ||
        sscanf(end, " - %31s %*s %255s", type, options) != 2)
        return;
    if (strcmp(point, "/proc") == 0) {
        ret->id = id;
        ret->below[0] = '\0';
        keep_hiding(options, has_user_namespace, ret->hiding, sizeof ret->hiding);
    } else if (strncmp(point, "/proc/", 6) == 0 && parent == ret->id && !only_adds(type)) {
        memcpy(ret->below, point, sizeof ret->below);
    }
}

int fp_procfs_look(bool has_user_namespace, struct fp_procfs *ret) {
    char *text, *save = NULL;
    size_t length;
    *ret = (struct fp_procfs){.id = -1};
    int r = fp_proc_slurp("/proc/self/mountinfo", &text, &length);
    if (r < 0)
        return r;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        look_at_mount(line, has_user_namespace, ret);
    free(text);
    return 0;
}

int fp_procfs_mount(bool has_user_namespace) {
    struct statvfs outer;
    struct fp_procfs proc;
    int r = fp_procfs_look(has_user_namespace, &proc);
    if (r < 0)
        return r;
    /* The mount below is private, so that the outside keeps its own. */
    if (statvfs("/proc", &outer) < 0 || mount(NULL, "/proc", NULL, MS_PRIVATE, NULL) < 0 ||
        mount("proc", "/proc", "proc", outer.f_flag & KEPT_FLAGS, proc.hiding) < 0)
        return -errno;
    return 0;
}
