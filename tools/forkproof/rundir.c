#include "rundir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "contain/contain.h"
#include "contract.h"
#include "proc.h"
#include "runname.h"
#include "say.h"

#define FILE_NAME "run"

/* No start takes longer. */
#define START_SECONDS 60

static const char *not_private(const struct stat *st) {
    if (st->st_uid != geteuid())
        return "it belongs to another user";
    if (st->st_mode & 077)
        return "others may enter or write it (its mode must be 0700)";
    return NULL;
}

int fp_rundir_open_own(const char *path, const char **ret_why) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        int error = errno;
        *ret_why = lstat(path, &st) == 0 && S_ISLNK(st.st_mode) ? "it is a symbolic link"
                                                                : strerror(error);
        return -error;
    }
    *ret_why = fstat(fd, &st) < 0 ? strerror(errno) : not_private(&st);
    if (!*ret_why)
        return fd;
    close(fd);
    return -EPERM;
}

int fp_rundir_open_private(const char *path, const char **ret_why) {
    mode_t old = umask(077);
    int made = mkdir(path, 0700);
    int error = errno;
    umask(old);
    if (made == 0 || error == EEXIST)
        return fp_rundir_open_own(path, ret_why);
    *ret_why = strerror(error);
    return -error;
}

/* One that was made when the plain name was not to be had. */
static int open_other(char **path, const char **ret_why) {
    char *pattern;
    glob_t found;
    int fd = -ENOENT;
    if (asprintf(&pattern, "%s.*", *path) < 0)
        return -ENOMEM;
    bool some = glob(pattern, 0, NULL, &found) == 0;
    for (size_t i = 0; some && i < found.gl_pathc && fd < 0; i++) {
        char *other = strdup(found.gl_pathv[i]);
        fd = other ? fp_rundir_open_own(other, ret_why) : -ENOMEM;
        free(fd < 0 ? other : *path);
        *path = fd < 0 ? *path : other;
    }
    if (some)
        globfree(&found);
    free(pattern);
    return fd;
}

/* By a name that nobody can have taken. */
static int make_other(char **path, const char **ret_why) {
    char *other;
    if (asprintf(&other, "%s.XXXXXX", *path) < 0)
        return -ENOMEM;
    mode_t old = umask(077);
    const char *made = mkdtemp(other);
    umask(old);
    if (!made) {
        free(other);
        return -EPERM; /* why the plain one is not to be had has been told */
    }
    free(*path);
    *path = other;
    return fp_rundir_open_own(other, ret_why);
}

/*
 * Where every user may take the plain name before us. One that is ours already comes first,
 * whatever it is called: runs of one name meet in one directory.
 */
static int open_shared(char **path, const char **ret_why) {
    int fd = fp_rundir_open_own(*path, ret_why);
    if (fd < 0)
        fd = open_other(path, ret_why);
    if (fd < 0)
        fd = fp_rundir_open_private(*path, ret_why);
    return fd < 0 ? make_other(path, ret_why) : fd;
}

static bool is_own_directory(const char *path) {
    struct stat st;
    return path[0] == '/' && stat(path, &st) == 0 && S_ISDIR(st.st_mode) &&
           st.st_uid == geteuid() && access(path, W_OK | X_OK) == 0;
}

const char *const fp_rundir_shared[FP_RUNDIR_SHARED] = {"/tmp/forkproof-",
                                                        "/dev/shm/forkproof-run-"};

/* A variable left over from another user's session (su) names nothing of ours and is passed over.
 */
char *fp_rundir_path(enum fp_rundir_kind *ret_kind) {
    const char *given = secure_getenv(FP_ENV_RUNTIME_DIR);
    const char *session = secure_getenv("XDG_RUNTIME_DIR");
    char *path = NULL;
    *ret_kind = FP_RUNDIR_GIVEN;
    if (given && *given)
        return strdup(given);
    *ret_kind = FP_RUNDIR_OWN;
    if (session && is_own_directory(session))
        return asprintf(&path, "%s/forkproof", session) < 0 ? NULL : path;
    if (geteuid() == 0 && is_own_directory("/run"))
        return strdup("/run/forkproof");
    *ret_kind = FP_RUNDIR_SHARED_BY_ALL;
    bool tmp = access("/tmp", W_OK | X_OK) == 0 || access("/dev/shm", W_OK | X_OK) < 0;
    return asprintf(&path, "%s%u", fp_rundir_shared[tmp ? 0 : 1], (unsigned)geteuid()) < 0 ? NULL
                                                                                           : path;
}

static bool is_gone(pid_t pid, uint64_t start) {
    struct fp_proc_stat stat;
    return pid <= 0 || fp_proc_stat(pid, &stat) == -ESRCH || stat.start != start ||
           !fp_proc_alive(&stat);
}

int fp_rundir_is_stale(const char *text) {
    int guard, supervisor, keeper = 0;
    uint64_t guard_start, supervisor_start, keeper_start = 0;
    if (sscanf(text, "guard=%d %" SCNu64 "\nsupervisor=%d %" SCNu64 "\nkeeper=%d %" SCNu64 "\n",
               &guard, &guard_start, &supervisor, &supervisor_start, &keeper, &keeper_start) < 4)
        return -EINVAL;
    return is_gone(guard, guard_start) && is_gone(supervisor, supervisor_start) &&
           is_gone(keeper, keeper_start);
}

/* Whatever it is: a member may have put anything there. A directory goes when it is empty. */
static void remove_entry(int directory_fd, const char *name) {
    if (unlinkat(directory_fd, name, 0) < 0)
        unlinkat(directory_fd, name, AT_REMOVEDIR);
}

static DIR *open_listing(int directory_fd) {
    int copy = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (copy >= 0 && !dir)
        close(copy);
    return dir;
}

static void remove_run(int base_fd, int fd, const char *id) {
    DIR *dir = open_listing(fd);
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            remove_entry(fd, e->d_name);
    if (dir)
        closedir(dir);
    remove_entry(base_fd, id);
}

static ssize_t read_run(int fd, char *ret, size_t size) {
    int file = openat(fd, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return -errno;
    ssize_t n = read(file, ret, size - 1);
    close(file);
    ret[n > 0 ? n : 0] = '\0';
    return n;
}

static unsigned long pid_namespace(void) {
    struct stat ns;
    return stat("/proc/self/ns/pid", &ns) < 0 ? 0 : (unsigned long)ns.st_ino;
}

bool fp_rundir_is_id(const char *text) {
    size_t pid = strspn(text, "0123456789");
    if (pid == 0 || text[pid] != '-' || strlen(text) >= FP_RUN_ID_SIZE)
        return false;
    const char *number = text + pid + 1;
    const char *dot = number + strspn(number, "0123456789abcdef");
    return dot - number == 8 && *dot == '.' && dot[1] &&
           dot[1 + strspn(dot + 1, "0123456789")] == '\0';
}

/* Pids of another pid namespace say nothing here. */
bool fp_rundir_id_is_here(const char *id) {
    const char *dot = strrchr(id, '.');
    return dot && strtoul(dot + 1, NULL, 10) == pid_namespace();
}

bool fp_rundir_id_is_dead(const char *id) {
    struct fp_proc_stat stat;
    return fp_rundir_id_is_here(id) &&
           (fp_proc_stat(atoi(id), &stat) == -ESRCH || !fp_proc_alive(&stat));
}

/*
 * Where pids say nothing, the lock does: guard and supervisor hold it as long as they live, and
 * take it before there is a file. A directory without a file is a run about to start, for a while.
 */
static bool is_forsaken(int fd, const char *text) {
    struct stat st;
    bool settled = *text || (fstat(fd, &st) == 0 && time(NULL) - st.st_mtime > START_SECONDS);
    return settled && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

/* A directory without a good file is a run about to start, unless the pid in its name is gone. */
static bool is_dead(int fd, const char *id, const char *text) {
    if (!fp_rundir_id_is_here(id))
        return is_forsaken(fd, text);
    int stale = fp_rundir_is_stale(text);
    return stale >= 0 ? stale : fp_rundir_id_is_dead(id);
}

static void clear_if_dead(int base_fd, const char *id) {
    char text[3000] = "";
    int fd = openat(base_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        if ((errno == ENOTDIR || errno == ELOOP) && fp_rundir_id_is_dead(id))
            unlinkat(base_fd, id, 0);
        return;
    }
    (void)read_run(fd, text, sizeof text);
    if (is_dead(fd, id, text)) {
        char *cgroup = strstr(text, "\ncgroup=/");
        if (cgroup) {
            cgroup += strlen("\ncgroup=");
            cgroup[strcspn(cgroup, "\n")] = '\0';
            fp_cgroup_remove_stale(cgroup, id);
        }
        remove_run(base_fd, fd, id);
    }
    close(fd);
}

static void clear_dead_runs(int base_fd) {
    DIR *dir = open_listing(base_fd);
    if (!dir)
        return;
    for (struct dirent *e; (e = readdir(dir));)
        if (isdigit((unsigned char)e->d_name[0]))
            clear_if_dead(base_fd, e->d_name);
        else if (strncmp(e->d_name, FP_RUNNAME_PREFIX, strlen(FP_RUNNAME_PREFIX)) == 0)
            fp_runname_clear(base_fd, e->d_name);
    closedir(dir);
}

static int make_own(struct fp_rundir *dir) {
    unsigned number;
    if (getrandom(&number, sizeof number, GRND_NONBLOCK) != (ssize_t)sizeof number)
        number = (unsigned)getpid() * 2654435761u;
    snprintf(dir->id, sizeof dir->id, "%d-%08x.%lu", (int)getpid(), number, pid_namespace());
    mode_t old = umask(077);
    int made = mkdirat(dir->base_fd, dir->id, 0700);
    umask(old);
    if (made < 0)
        return -errno;
    dir->fd = openat(dir->base_fd, dir->id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int error = errno;
    if (dir->fd < 0) {
        unlinkat(dir->base_fd, dir->id, AT_REMOVEDIR);
        return -error;
    }
    (void)flock(dir->fd, LOCK_SH | LOCK_NB);
    return 0;
}

/* -ENOENT: a run that ended meanwhile has removed the empty directory that we had opened. */
static int open_and_make(struct fp_rundir *ret, bool is_shared, const char **ret_why) {
    *ret_why = NULL;
    ret->base_fd =
        is_shared ? open_shared(&ret->base, ret_why) : fp_rundir_open_private(ret->base, ret_why);
    if (ret->base_fd < 0)
        return ret->base_fd;
    clear_dead_runs(ret->base_fd);
    int r = make_own(ret);
    if (r < 0) {
        close(ret->base_fd);
        ret->base_fd = -1;
    }
    return r;
}

int fp_rundir_create(struct fp_rundir *ret) {
    const char *why = NULL;
    enum fp_rundir_kind kind;
    *ret =
        (struct fp_rundir){.base = fp_rundir_path(&kind), .base_fd = -1, .fd = -1, .name_fd = -1};
    ret->keep_base = kind == FP_RUNDIR_GIVEN;
    int r = -ENOMEM;
    for (int tries = 0; ret->base && tries < 100; tries++) {
        r = open_and_make(ret, kind == FP_RUNDIR_SHARED_BY_ALL, &why);
        if (r != -ENOENT || why)
            break;
    }
    if (why)
        fp_say("cannot use the runtime directory %s: %s", ret->base, why);
    else if (r < 0)
        fp_say("cannot make a run directory: %s", strerror(-r));
    return r;
}

int fp_rundir_claim(struct fp_rundir *dir, const char *name) {
    char holder[FP_RUN_ID_SIZE];
    if (!name)
        return 0;
    int fd = fp_runname_claim(dir->base_fd, name, dir->id, holder, sizeof holder);
    if (fd >= 0) {
        dir->name = name;
        dir->name_fd = fd;
        return 0;
    }
    if (fd == -EBUSY)
        fp_say("the name '%s' is taken by run %s", name, *holder ? holder : "(unknown)");
    else
        fp_say("cannot take the name '%s' in %s: %s", name, dir->base, strerror(-fd));
    return fd;
}

int fp_rundir_write(const struct fp_rundir *dir, const struct fp_rundir_keepers *k) {
    char *text;
    int n = asprintf(&text,
                     "guard=%d %" PRIu64 "\nsupervisor=%d %" PRIu64 "\nkeeper=%d %" PRIu64
                     "\nroot=%d\nrung=%s\ncgroup=%s\n",
                     (int)k->guard, k->guard_start, (int)k->supervisor, k->supervisor_start,
                     (int)k->keeper, k->keeper_start, (int)k->root, k->rung, k->cgroup);
    if (n < 0)
        return -ENOMEM;
    int fd = openat(dir->fd, FILE_NAME, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r = fd < 0 ? -errno : 0;
    if (r == 0 && (pwrite(fd, text, (size_t)n, 0) != n || ftruncate(fd, n) < 0))
        r = -EIO;
    if (fd >= 0)
        close(fd);
    free(text);
    return r;
}

void fp_rundir_remove(struct fp_rundir *dir) {
    if (dir->fd < 0)
        return;
    fp_runname_release(dir->base_fd, dir->name, dir->name_fd);
    dir->name_fd = -1;
    remove_run(dir->base_fd, dir->fd, dir->id);
    close(dir->fd);
    dir->fd = -1;
    /* Runs within this one that were killed with it. */
    clear_dead_runs(dir->base_fd);
    /* Refused while other runs are in it. */
    if (!dir->keep_base)
        rmdir(dir->base);
}
