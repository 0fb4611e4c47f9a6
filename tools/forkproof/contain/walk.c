/* The rung that needs no privilege: descendants of a subreaper, found through /proc. */
#include "contain/contain.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "proc.h"

const struct fp_contain_ops fp_contain_walk = {
    .rung = FP_RUNG_WALK,
    .name = "walk",
    .escapes = "processes that a service outside the run starts on a member's request; a member "
               "that forks faster than it can be listed delays the end",
};

static int add_pid(pid_t pid, const struct fp_scope *scope, struct fp_members *members) {
    struct fp_proc_stat stat;
    if (fp_scope_excludes(scope, pid))
        return 0;
    if (fp_proc_stat(pid, &stat) < 0) {
        if (!fp_member_is_hidden(pid, scope))
            return 0;
        stat = (struct fp_proc_stat){
            .pid = pid, .ppid = scope->top, .start = FP_MEMBER_HIDDEN, .comm = "?", .state = 'S'};
    }
    return fp_proc_alive(&stat) ? fp_members_add(members, &stat) : 0;
}

/* -ENOENT: the kernel has no children files, or the thread is gone. */
static int add_children_of_thread(pid_t pid, pid_t tid, const struct fp_scope *scope,
                                  struct fp_members *members) {
    char path[80], *text;
    size_t length;
    snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)pid, (int)tid);
    int r = fp_proc_slurp(path, &text, &length);
    if (r < 0)
        return r;
    for (char *at = text, *end; r == 0; at = end) {
        long child = strtol(at, &end, 10);
        if (end == at)
            break;
        r = add_pid((pid_t)child, scope, members);
    }
    free(text);
    return r;
}

/* Any thread can be the parent that the kernel files a child under. */
static int add_children_of_threads(pid_t pid, const struct fp_scope *scope,
                                   struct fp_members *members) {
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *dir = opendir(path);
    if (!dir)
        return errno == ENOMEM ? -ENOMEM : 0;
    int r = 0;
    for (struct dirent *e; r != -ENOMEM && (e = readdir(dir));)
        if (isdigit((unsigned char)e->d_name[0]))
            r = add_children_of_thread(pid, atoi(e->d_name), scope, members);
    closedir(dir);
    return r == -ENOMEM ? r : 0;
}

/* Nearly all have one thread only: then the directory need not be read. */
static int add_children(pid_t pid, bool threaded, const struct fp_scope *scope,
                        struct fp_members *members) {
    if (threaded)
        return add_children_of_threads(pid, scope, members);
    int r = add_children_of_thread(pid, pid, scope, members);
    return r == -ENOMEM ? r : 0;
}

static int read_everybody(struct fp_members *all) {
    DIR *dir = opendir("/proc");
    if (!dir)
        return -errno;
    int r = 0;
    struct fp_proc_stat stat;
    for (struct dirent *e; r == 0 && (e = readdir(dir));)
        if (isdigit((unsigned char)e->d_name[0]) && fp_proc_stat(atoi(e->d_name), &stat) == 0)
            r = fp_members_add(all, &stat);
    closedir(dir);
    return r;
}

/* Children first seen before their parents are caught by the next round over the snapshot. */
static int list_by_scan(const struct fp_scope *scope, struct fp_members *ret) {
    struct fp_members all = {0};
    int r = read_everybody(&all);
    size_t before;
    do {
        before = ret->count;
        for (size_t i = 0; i < all.count && r >= 0; i++) {
            pid_t parent = all.at[i].ppid;
            if (parent == scope->top || fp_members_find(ret, parent))
                r = add_pid(all.at[i].pid, scope, ret);
        }
    } while (r >= 0 && ret->count != before);
    fp_members_free(&all);
    return r;
}

int fp_walk_list(const struct fp_scope *scope, struct fp_members *ret) {
    if (fp_proc_lists_children() < 0)
        return list_by_scan(scope, ret);
    int r = add_children(scope->top, true, scope, ret);
    for (size_t i = 0; i < ret->count && r >= 0; i++)
        r = add_children(ret->at[i].pid, ret->at[i].threaded, scope, ret);
    return r;
}
