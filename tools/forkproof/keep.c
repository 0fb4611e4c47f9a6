#include "keep.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proc.h"

#define DELETED " (deleted)"

static const char *base_name(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool matches_name(const char *pattern, const char *path) {
    return *path && (fnmatch(pattern, path, 0) == 0 || fnmatch(pattern, base_name(path), 0) == 0);
}

/* A pattern without a blank is not for the whole line: "*ssh-agent" would keep an editor, too. */
static bool matches_line(const char *pattern, const char *argv, size_t length) {
    char *line = strchr(pattern, ' ') ? malloc(length + 1) : NULL;
    if (!line)
        return false;
    memcpy(line, argv, length);
    line[length] = '\0';
    const char *base = base_name(line);
    for (size_t i = 0; i < length; i++)
        if (line[i] == '\0')
            line[i] = ' ';
    bool matches = fnmatch(pattern, line, 0) == 0 || fnmatch(pattern, base, 0) == 0;
    free(line);
    return matches;
}

bool fp_keep_matches(const char *pattern, const char *executable, const char *argv, size_t length) {
    /* The last one's end, and what a program that has named itself anew leaves empty. */
    while (length && argv[length - 1] == '\0')
        length--;
    if (matches_name(pattern, executable))
        return true;
    return length && (matches_name(pattern, argv) || matches_line(pattern, argv, length));
}

/* "" when it may not be known: a process that is not dumpable tells it to root only. */
static void read_executable(pid_t pid, char *ret, size_t size) {
    char path[64];
    struct stat st;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    ssize_t n = readlink(path, ret, size - 1);
    ret[n > 0 ? n : 0] = '\0';
    size_t end = n > (ssize_t)strlen(DELETED) ? (size_t)n - strlen(DELETED) : 0;
    if (end && strcmp(ret + end, DELETED) == 0 && stat(path, &st) == 0 && st.st_nlink == 0)
        ret[end] = '\0';
}

/* What was read is of this member if that is still there afterwards. */
static bool is_there(const struct fp_member *member) {
    struct fp_proc_stat stat;
    return fp_proc_stat(member->pid, &stat) == 0 && stat.start == member->start;
}

static bool is_named(struct fp_run *run, const struct fp_member *member) {
    char executable[3000], path[64];
    char *argv;
    size_t length;
    bool named = false;
    snprintf(path, sizeof path, "/proc/%d/cmdline", (int)member->pid);
    if (fp_proc_slurp(path, &argv, &length) < 0)
        return false;
    read_executable(member->pid, executable, sizeof executable);
    bool there = is_there(member);
    for (size_t i = 0; i < run->cli.keep_count && there; i++)
        if (fp_keep_matches(run->cli.keep[i], executable, argv, length)) {
            run->facts->keep_matched[i]++;
            named = true;
        }
    free(argv);
    return named;
}

static bool is_root(const struct fp_facts *facts, pid_t pid) {
    return !facts->root_ended && pid == facts->root;
}

static void remember(struct fp_members *kept, struct fp_member *member) {
    member->kept = true;
    (void)fp_members_add_once(kept, member);
}

static bool is_child_of_kept(const struct fp_members *now, const struct fp_member *member) {
    const struct fp_member *parent = fp_members_find(now, member->ppid);
    return parent && parent->kept;
}

void fp_keep_mark(struct fp_run *run, struct fp_members *kept, struct fp_members *now) {
    for (size_t i = 0; i < now->count; i++) {
        struct fp_member *member = &now->at[i];
        if (fp_members_has(kept, member))
            member->kept = true;
        else if (!is_root(run->facts, member->pid) && is_named(run, member))
            remember(kept, member);
    }
    size_t before;
    do {
        before = kept->count;
        for (size_t i = 0; i < now->count; i++)
            if (!now->at[i].kept && is_child_of_kept(now, &now->at[i]))
                remember(kept, &now->at[i]);
    } while (kept->count != before);
}

bool fp_keep_is_held(const struct fp_contain *contain, const struct fp_members *now) {
    for (size_t i = 0; i < now->count; i++)
        if (now->at[i].kept && fp_contain_holds(contain, now->at[i].pid))
            return true;
    return false;
}

size_t fp_keep_release(struct fp_contain *contain, const struct fp_members *now) {
    size_t released = 0;
    for (size_t i = 0; i < now->count; i++)
        if (now->at[i].kept && fp_contain_holds(contain, now->at[i].pid))
            released += fp_contain_release(contain, now->at[i].pid) == 0;
    return released;
}

void fp_keep_take_over(const struct fp_facts *facts, struct fp_members *kept) {
    for (uint32_t i = 0; i < facts->recorded; i++) {
        const struct fp_left *left = &facts->left[i];
        struct fp_member member = {.pid = left->pid, .ppid = left->ppid, .start = left->start};
        if (left->kept && !left->over)
            (void)fp_members_add_once(kept, &member);
    }
}
