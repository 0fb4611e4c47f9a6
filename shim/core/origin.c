#include "origin.h"

#include <stddef.h>

#include "point.h"
#include "proc.h"
#include "sys.h"
#include "text.h"
#include "usertext.h"

#define PAGE 4096

static pid_t self;   /* whose memory this is, as far as it has said so; 0: the option is off */
static pid_t forker; /* who forked that process; 0: it was exec'd */

void fp_origin_begin(void) {
    self = fp_sys_getpid();
}

void fp_origin_child(void) {
    if (!self)
        return;
    forker = self;
    self = fp_sys_getpid();
}

bool fp_origin_is_on(void) {
    return self != 0;
}

bool fp_origin_is_elsewhere(void) {
    return self && (forker || self != fp_sys_getpid());
}

/* Who forked us, or 0 when that process is gone. */
static pid_t parent_that_forked(void) {
    pid_t expected = self == fp_sys_getpid() ? forker : self;
    return fp_sys_getppid() == expected ? expected : 0;
}

/* Uses `text` to look at it. */
static bool is_relative_program(const char *user_path, char *text) {
    if (!user_path || fp_usertext_copy(text, user_path, FP_PLACE_SIZE) < 0 || text[0] == '/')
        return false;
    while (*text && *text != '/')
        text++;
    return *text == '/';
}

/* Behind the directory's name of that many bytes; 0 and less: there is none. */
static const char *joined(char *path, long directory, const char *user_path) {
    // An unreachable directory has a name that is none: it does not begin with a slash.
    if (directory <= 0 || directory >= PAGE || path[0] != '/')
        return user_path;
    size_t used = (size_t)directory;
    if (used > 1)
        path[used++] = '/';
    return fp_usertext_copy(path + used, user_path, FP_PLACE_SIZE - used) >= 0 ? path : user_path;
}

#define LINK_SIZE (sizeof "/proc//root" + FP_NUMBER_SIZE)

static const char *link_of(char *ret_link, pid_t pid, const char *name) {
    size_t used = sizeof "/proc/" - 1;
    fp_text_copy(ret_link, "/proc/", used);
    used += fp_text_number(ret_link + used, (unsigned)pid);
    fp_text_copy(ret_link + used, name, fp_text_length(name) + 1);
    return ret_link;
}

const char *fp_origin_place(const char *user_path, char *ret_path) {
    char link[LINK_SIZE];
    pid_t parent = parent_that_forked();
    if (!parent || !is_relative_program(user_path, ret_path) || !fp_proc_is_ours())
        return user_path;
    if (!fp_sys_is_same_file(link_of(link, parent, "/root"), "/") ||
        fp_sys_is_same_file(link_of(link, parent, "/cwd"), "."))
        return user_path;
    fp_point(FP_POINT_BEFORE_LOOK);
    long length = fp_sys_readlink(link, ret_path, PAGE);
    // Still our parent: its number has been nobody else's meanwhile (R14).
    return joined(ret_path, parent_that_forked() ? length : 0, user_path);
}

const char *fp_origin_place_here(const char *user_path, char *ret_path) {
    if (!is_relative_program(user_path, ret_path))
        return user_path;
    return joined(ret_path, fp_sys_getcwd(ret_path, PAGE) - 1, user_path);
}
