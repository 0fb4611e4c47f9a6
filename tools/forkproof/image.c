#include "image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "preload.h"

/* The kernel follows this many interpreters. */
#define SCRIPT_DEPTH 4
#define HEAD 256

static bool is_executable(const char *path) {
    struct stat st;
    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static char *search(const char *program, bool *ret_nowhere) {
    *ret_nowhere = false;
    if (strchr(program, '/'))
        return access(program, F_OK) == 0 ? strdup(program) : NULL;
    const char *list = getenv("PATH");
    if (!list)
        list = "/bin:/usr/bin";
    *ret_nowhere = true;
    for (const char *at = list; *program; at++) {
        size_t n = strcspn(at, ":");
        char *path;
        if (asprintf(&path, "%.*s%s%s", (int)n, at, n ? "/" : "", program) < 0)
            return NULL;
        *ret_nowhere &= access(path, F_OK) < 0;
        if (is_executable(path))
            return path;
        free(path);
        at += n;
        if (!*at)
            break;
    }
    return NULL;
}

/* The file's first bytes, padded with zeros. */
static int read_head(const char *path, unsigned char head[HEAD + 1]) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    memset(head, 0, HEAD + 1);
    if (fd < 0)
        return -errno;
    ssize_t n = read(fd, head, HEAD);
    int error = errno;
    close(fd);
    return n < 0 ? -error : 0;
}

static void no_hooks(struct fp_image *image, const char *kind, const char *why) {
    if (!*image->kind)
        snprintf(image->kind, sizeof image->kind, "%s", kind);
    image->hooks = false;
    snprintf(image->why, sizeof image->why, "%s", why);
}

/* Images that gain privilege are loaded without preloads. */
static const char *privilege(const char *path) {
    struct stat st;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 || stat(path, &st) < 0)
        return NULL;
    if ((st.st_mode & S_ISUID) && st.st_uid != getuid())
        return "is setuid";
    if ((st.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) && st.st_gid != getgid())
        return "is setgid";
    if (geteuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
        return "has file capabilities";
    return NULL;
}

static unsigned machine(const unsigned char *head) {
    Elf32_Half value;
    memcpy(&value, head + offsetof(Elf32_Ehdr, e_machine), sizeof value);
    return value;
}

/* 1: has an interpreter, 0: has none, -1: cannot be told. Only for images of our own class. */
static int has_interpreter(const char *path, const unsigned char *head) {
    bool wide = head[EI_CLASS] == ELFCLASS64;
    Elf64_Ehdr e64;
    Elf32_Ehdr e32;
    memcpy(&e64, head, sizeof e64);
    memcpy(&e32, head, sizeof e32);
    off_t offset = wide ? (off_t)e64.e_phoff : (off_t)e32.e_phoff;
    size_t size = wide ? e64.e_phentsize : e32.e_phentsize;
    unsigned count = wide ? e64.e_phnum : e32.e_phnum;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    int found = fd < 0 ? -1 : 0;
    for (unsigned i = 0; i < count && found == 0; i++) {
        uint32_t type; /* p_type comes first in both classes */
        if (pread(fd, &type, sizeof type, offset + (off_t)(i * size)) != (ssize_t)sizeof type)
            found = -1;
        else if (type == PT_INTERP)
            found = 1;
    }
    if (fd >= 0)
        close(fd);
    return found;
}

/* Whether what is loaded of the library's path is for images such as this one. */
static bool is_served(const unsigned char *head, const char *library) {
    unsigned char ours[HEAD + 1];
    char *object = fp_preload_object(library, machine(head));
    bool same = object && (read_head(object, ours) < 0 ||
                           (ours[EI_CLASS] == head[EI_CLASS] && ours[EI_DATA] == head[EI_DATA] &&
                            machine(ours) == machine(head)));
    free(object);
    return same;
}

static void inspect_elf(const char *path, const unsigned char *head, const char *library,
                        struct fp_image *image) {
    const char *why = privilege(path);
    if (why) {
        no_hooks(image, "setuid", why);
    } else if (!is_served(head, library)) {
        no_hooks(image, "other-class", "is of another class than the library");
    } else if (has_interpreter(path, head) == 0) {
        no_hooks(image, "static", "is statically linked");
    } else if (!*image->kind) {
        snprintf(image->kind, sizeof image->kind, "dynamic");
    }
}

/* The word after "#!"; false if there is none. */
static bool interpreter(unsigned char *head, char **ret_path) {
    char *at = (char *)head + 2;
    at += strspn(at, " \t");
    at[strcspn(at, " \t\n")] = '\0';
    *ret_path = at;
    return *at;
}

static void inspect(const char *path, int depth, const char *library, struct fp_image *image) {
    unsigned char head[HEAD + 1];
    char *next, shell[] = "/bin/sh";
    int r = read_head(path, head);
    if (r < 0) {
        image->directory = r == -EISDIR;
        image->missing = access(path, F_OK) < 0;
        image->hooks = !image->missing; /* what cannot be read may still be executed */
        if (!*image->kind)
            snprintf(image->kind, sizeof image->kind, "unknown");
        if (image->missing && depth > 0)
            snprintf(image->why, sizeof image->why, "its interpreter %.150s is missing", path);
        return;
    }
    if (memcmp(head, ELFMAG, SELFMAG) == 0) {
        inspect_elf(path, head, library, image);
        return;
    }
    /* execvp hands to the shell what the kernel does not know. */
    if (head[0] != '#' || head[1] != '!' || !interpreter(head, &next))
        next = shell;
    if (depth == 0)
        snprintf(image->kind, sizeof image->kind, "script:%.100s", next);
    if (depth < SCRIPT_DEPTH)
        inspect(next, depth + 1, library, image);
}

void fp_image_inspect(const char *program, const char *library, struct fp_image *ret) {
    bool nowhere;
    *ret = (struct fp_image){.path = search(program, &nowhere), .hooks = true};
    if (ret->path)
        inspect(ret->path, 0, library, ret);
    else
        *ret = (struct fp_image){.kind = "unknown", .missing = true, .nowhere = nowhere};
}
