#include "find.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "say.h"
#include "values.h"

static bool is_open(const struct fp_places *places, const struct stat *st) {
    struct stat other;
    for (size_t i = 0; i < places->count; i++)
        if (fstat(places->fd[i], &other) == 0 && other.st_ino == st->st_ino &&
            other.st_dev == st->st_dev)
            return true;
    return false;
}

/* Root may name another user's. */
static const char *not_usable(const struct stat *st, bool given) {
    if (st->st_uid != geteuid() && !(given && geteuid() == 0))
        return "it belongs to another user";
    return st->st_mode & 077 ? "others may enter or write it (its mode must be 0700)" : NULL;
}

/* NULL, or what is wrong with it. */
static const char *add_place(struct fp_places *places, const char *path, bool given) {
    struct stat st;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? NULL : strerror(errno);
    const char *why = fstat(fd, &st) < 0 ? strerror(errno) : not_usable(&st, given);
    if (!why && places->count < FP_PLACES && !is_open(places, &st))
        places->fd[places->count++] = fd;
    else
        close(fd);
    return why;
}

/* The plain name, and those that were made because it was taken. */
static void add_shared_places(struct fp_places *places, const char *prefix) {
    char pattern[64];
    glob_t found;
    snprintf(pattern, sizeof pattern, "%s%u", prefix, (unsigned)geteuid());
    (void)add_place(places, pattern, false);
    snprintf(pattern, sizeof pattern, "%s%u.*", prefix, (unsigned)geteuid());
    if (glob(pattern, 0, NULL, &found) != 0)
        return;
    for (size_t i = 0; i < found.gl_pathc; i++)
        (void)add_place(places, found.gl_pathv[i], false);
    globfree(&found);
}

/* A run that was started by cron has another environment than a login has. */
static void add_usual_places(struct fp_places *places) {
    char path[64];
    unsigned uid = (unsigned)geteuid();
    snprintf(path, sizeof path, "/run/user/%u/forkproof", uid);
    (void)add_place(places, path, false);
    if (uid == 0)
        (void)add_place(places, "/run/forkproof", false);
    for (size_t i = 0; i < FP_RUNDIR_SHARED; i++)
        add_shared_places(places, fp_rundir_shared[i]);
}

int fp_places_open(struct fp_places *ret) {
    enum fp_rundir_kind kind;
    ret->count = 0;
    char *path = fp_rundir_path(&kind);
    if (!path)
        return -ENOMEM;
    bool given = kind == FP_RUNDIR_GIVEN;
    const char *why = add_place(ret, path, given);
    if (why && given)
        fp_say("cannot use the runtime directory %s: %s", path, why);
    free(path);
    if (!given)
        add_usual_places(ret);
    return why && given ? -EPERM : 0;
}

static int add_found(struct fp_found **all, size_t *count, int place, const char *id) {
    struct fp_found *larger = realloc(*all, (*count + 1) * sizeof *larger);
    if (!larger)
        return -ENOMEM;
    *all = larger;
    larger[*count] = (struct fp_found){.place = place};
    snprintf(larger[*count].id, sizeof larger->id, "%.*s", (int)sizeof larger->id - 1, id);
    ++*count;
    return 0;
}

static int add_all_of(int place, struct fp_found **all, size_t *count) {
    int r = 0;
    int copy = openat(place, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = copy < 0 ? NULL : fdopendir(copy);
    if (!dir)
        return 0;
    for (struct dirent *e; r == 0 && (e = readdir(dir));)
        if (fp_rundir_is_id(e->d_name) && !fp_rundir_id_is_dead(e->d_name))
            r = add_found(all, count, place, e->d_name);
    closedir(dir);
    return r;
}

int fp_find_all(const struct fp_places *places, struct fp_found **ret, size_t *ret_count) {
    int r = 0;
    *ret = NULL;
    *ret_count = 0;
    for (size_t i = 0; i < places->count && r == 0; i++)
        r = add_all_of(places->fd[i], ret, ret_count);
    return r;
}

/* How many runs have the name; the last of them in ret. */
static size_t find_by_name(const struct fp_places *places, const char *name, struct fp_found *ret) {
    char id[FP_RUN_ID_SIZE];
    size_t found = 0;
    for (size_t i = 0; fp_runname_is_valid(name) && i < places->count; i++) {
        if (fp_runname_read(places->fd[i], name, id, sizeof id) < 0 || !fp_rundir_is_id(id) ||
            fp_rundir_id_is_dead(id))
            continue;
        ret->place = places->fd[i];
        snprintf(ret->id, sizeof ret->id, "%s", id);
        snprintf(ret->name, sizeof ret->name, "%s", name);
        found++;
    }
    return found;
}

static int find_by_id(const struct fp_places *places, const char *text, struct fp_found *ret,
                      size_t *ret_found) {
    struct fp_found *all;
    size_t count;
    int r = fp_find_all(places, &all, &count);
    for (size_t i = 0; i < count; i++) {
        if (strncmp(all[i].id, text, strlen(text)) != 0)
            continue;
        *ret = all[i];
        ++*ret_found;
        if (strcmp(all[i].id, text) == 0) {
            *ret_found = 1;
            break;
        }
    }
    free(all);
    return r;
}

int fp_find_run(const struct fp_places *places, const char *text, struct fp_found *ret) {
    size_t found = *text ? find_by_name(places, text, ret) : 0;
    int r = found || !*text ? 0 : find_by_id(places, text, ret, &found);
    if (r < 0)
        fp_say("%s", strerror(-r));
    else if (found == 0)
        fp_say("no run of this user is called '%s'; see forkproof ps", text);
    else if (found > 1)
        fp_say("'%s' is the beginning of more than one run's id or the name of more than one; see "
               "forkproof ps",
               text);
    return r < 0 ? r : found == 1 ? 0 : -ENOENT;
}

/* Whether two processes run the same file; true where that may not be known. */
static bool run_the_same(pid_t a, pid_t b) {
    char path[64];
    struct stat of_a, of_b;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)a);
    if (stat(path, &of_a) < 0)
        return true;
    snprintf(path, sizeof path, "/proc/%d/exe", (int)b);
    return stat(path, &of_b) < 0 || (of_a.st_ino == of_b.st_ino && of_a.st_dev == of_b.st_dev);
}

/* The id names the guard, and the kernel tells who listens: the program that the guard is. */
static int check_peer(int fd, const struct fp_found *run) {
    struct ucred peer;
    struct stat place;
    socklen_t size = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || fstat(run->place, &place) < 0)
        return -errno;
    if (peer.uid != place.st_uid)
        return -EBADE;
    if (!fp_rundir_id_is_here(run->id))
        return 0;
    if (fp_rundir_id_is_dead(run->id))
        return -ECONNREFUSED;
    return run_the_same(peer.pid, atoi(run->id)) ? 0 : -EBADE;
}

/* By descriptors alone: no path that a member could bend, and no length that matters. */
static int connect_to(const struct fp_found *run, int fd) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat st;
    int directory = openat(run->place, run->id, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (directory < 0)
        return errno == ENOENT ? -ECONNREFUSED : -EBADE;
    int file = openat(directory, FP_CONTROL_FILE, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    int r = file >= 0 ? 0 : errno == ENOENT ? -ECONNREFUSED : -errno;
    close(directory);
    if (r == 0 && (fstat(file, &st) < 0 || !S_ISSOCK(st.st_mode)))
        r = -EBADE;
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", file);
    if (r == 0 && connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
        r = errno == EPROTOTYPE ? -EBADE : -errno;
    if (file >= 0)
        close(file);
    return r == 0 ? check_peer(fd, run) : r;
}

int fp_find_send(const struct fp_found *run, const struct fp_order *what) {
    struct fp_order order = *what;
    memcpy(order.run, run->id, sizeof order.run);
    memcpy(order.name, run->name, sizeof order.name);
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -errno;
    int r = connect_to(run, fd);
    if (r == 0 && send(fd, &order, sizeof order, MSG_NOSIGNAL) < 0)
        r = errno == EPIPE ? -ECONNRESET : -errno;
    if (r == 0)
        return fd;
    close(fd);
    return r;
}

static bool wait_until(int fd, int64_t deadline) {
    for (;;) {
        int64_t left = (deadline - fp_now() + 999999) / 1000000;
        int n = poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, left > 0 ? (int)left : 0);
        if (n > 0)
            return true;
        if (n == 0 || errno != EINTR)
            return false;
    }
}

int fp_find_receive(int fd, int64_t deadline, json_t **ret_answer) {
    static char text[FP_CONTROL_ANSWER_MAX];
    if (!wait_until(fd, deadline))
        return -EAGAIN;
    ssize_t n = recv(fd, text, sizeof text, MSG_DONTWAIT);
    if (n <= 0)
        return n == 0 ? -ECONNRESET : -errno;
    *ret_answer = json_loadb(text, (size_t)n, 0, NULL);
    if (json_is_object(*ret_answer))
        return 0;
    json_decref(*ret_answer);
    return -EBADMSG;
}

const char *fp_find_problem(int error) {
    switch (-error) {
    case ECONNREFUSED:
        return "is ending, or has ended";
    case ECONNRESET:
        return "has ended meanwhile";
    case EAGAIN:
        return "does not answer: its supervisor is stopped, or too busy";
    case EBADE:
    case EBADMSG:
        return "was tampered with: its control socket is not its own";
    default:
        return strerror(-error);
    }
}
