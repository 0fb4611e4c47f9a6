/* Descriptors: numbers that are not open, and those that programs inherit. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "forked.h"
#include "replay.h"

/* --- numbers that are not open --- */

static const char *did(const struct fp_audit_descriptor *what) {
    return what->what == FP_TOUCHED_READ    ? "reads from"
           : what->what == FP_TOUCHED_WRITE ? "writes to"
           : what->what == FP_TOUCHED_DUP   ? "copies"
                                            : "closes";
}

/* The number of the pipe's other end, if the process has that open; -1. */
static int other_end(const struct fp_replay *replay, size_t life, const struct fp_held *held) {
    const struct fp_held *all;
    size_t count = fp_replay_all(replay, life, &all);
    for (size_t i = 0; i < count && held->end != FP_NO_PIPE; i++)
        if (fp_held_is_open(&all[i]) && all[i].made == held->made && all[i].end != held->end)
            return (int)i;
    return -1;
}

/* An error of the open mode, not of the descriptor, or of a file of which that is not known. */
static bool is_for_other_use(const struct fp_scene *scene, const struct fp_held *held,
                             const struct fp_audit_descriptor *what) {
    if (held->made == FP_NO_EVENT)
        return true;
    const struct fp_audit_descriptor *made = fp_scene_event(scene, held->made).descriptor;
    uint32_t mode = made->flags & O_ACCMODE;
    if (made->what != FP_TOUCHED_OPEN)
        return false;
    return made->flags & O_PATH || (what->what == FP_TOUCHED_READ && mode == O_WRONLY) ||
           (what->what == FP_TOUCHED_WRITE && mode == O_RDONLY);
}

/* Beside it, the same call of the same thread has failed on the number before or behind: of a loop
 * over all numbers the library writes no more than that. */
static bool goes_on(struct fp_scene *scene, size_t number) {
    const size_t beside[] = {fp_thread_before(scene, number), fp_thread_next(scene, number)};
    int fd = fp_scene_event(scene, number).descriptor->fd;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
        if (beside[i] == FP_NO_EVENT)
            continue;
        struct fp_record_event event = fp_scene_event(scene, beside[i]);
        if (event.kind == FP_AUDIT_DESCRIPTOR && event.descriptor->what == FP_TOUCHED_CLOSE &&
            event.descriptor->result == -EBADF && labs((long)event.descriptor->fd - fd) == 1 &&
            fp_scene_same_place(scene, number, beside[i]))
            return true;
    }
    return false;
}

/*
 * Whether this close is one of a loop over many numbers: of the closes beside it, by the same
 * thread and from the same frame, at least three have the number before or behind.
 */
static bool is_swept(const struct fp_scene *scene, size_t number) {
    enum { MANY = 3 };
    int beside = 0;
    for (int step = -1; step <= 1; step += 2) {
        size_t at = number;
        int fd = fp_scene_event(scene, at).descriptor->fd, way = 0;
        for (int i = 0; i < MANY; i++) {
            at = step < 0 ? fp_thread_before(scene, at) : fp_thread_next(scene, at);
            if (at == FP_NO_EVENT || fp_scene_sp(scene, at) != fp_scene_sp(scene, number))
                break;
            struct fp_record_event event = fp_scene_event(scene, at);
            if (event.kind != FP_AUDIT_DESCRIPTOR || event.descriptor->what != FP_TOUCHED_CLOSE)
                break;
            int moved = event.descriptor->fd - fd;
            if ((moved != 1 && moved != -1) || (way && moved != way))
                break;
            way = moved;
            fd = event.descriptor->fd;
            beside++;
        }
    }
    return beside >= MANY;
}

/*
 * close-wrong-end: a read, write or dup of a pipe's end fails with EBADF because this process has
 * closed that end, while it has the other end open; or because the number is the other end.
 */
static bool wrong_end(const struct fp_replay *replay, size_t number, size_t life,
                      const struct fp_audit_descriptor *what, const struct fp_held *held) {
    struct fp_scene *scene = fp_replay_scene(replay);
    if (held->end == FP_NO_PIPE || what->what == FP_TOUCHED_CLOSE)
        return false;
    const char *is = held->end == FP_READING_END ? "reading" : "writing";
    int other = other_end(replay, life, held);
    struct fp_found *found;
    if (fp_held_is_open(held)) {
        if (what->what !=
            (held->end == FP_WRITING_END ? (uint32_t)FP_TOUCHED_READ : (uint32_t)FP_TOUCHED_WRITE))
            return false;
        found = fp_find(scene, "close-wrong-end", life, "used here", number,
                        "%s %s descriptor %d, the %s end of a pipe", fp_scene_name(scene, life),
                        did(what), what->fd, is);
    } else {
        if (other < 0)
            return false;
        found = fp_find(scene, "close-wrong-end", life, "used here", number,
                        "%s %s descriptor %d, the %s end of a pipe, which it has closed; it holds "
                        "the other end, %d",
                        fp_scene_name(scene, life), did(what), what->fd, is, other);
        fp_found_place(found, "closed here", held->closed);
    }
    fp_found_place(found, "the pipe is made here", held->made);
    return true;
}

/* Whether the process has the memory of another one which forked it, which had one thread, and has
 * had no other thread and no other program since, as far as that is known. */
static bool is_lone_child(const struct fp_scene *scene, size_t number, size_t life) {
    size_t forked = fp_forked_copy(scene, life);
    struct fp_record_event event = fp_scene_event(scene, number);
    return forked != FP_NO_EVENT && fp_is_before_exec(&scene->lives[life], number) &&
           fp_scene_event(scene, forked).fork->threads == 1 && event.tid == event.pid;
}

/*
 * use-after-close: a read, write, dup or close fails with EBADF on a number that this process, or
 * one that it was forked from in this image, had open before, whether the close is recorded or not.
 * Not a dup of 0 to 2 that fails with no close recorded, by which a program asks what it was given.
 * A second close in a forked child that then executes something is a note: nobody else is there to
 * get the number. In one of a process with a single thread, which does not, a warning.
 */
static void after_close(struct fp_scene *scene, size_t number, size_t life,
                        const struct fp_audit_descriptor *what, const struct fp_held *held) {
    bool is_again = what->what == FP_TOUCHED_CLOSE;
    size_t executed = scene->lives[life].executed;
    if (what->what == FP_TOUCHED_DUP && what->fd <= 2 && held->closed == FP_NO_EVENT)
        return;
    struct fp_found *found =
        fp_find(scene, "use-after-close", life, is_again ? "closed again here" : "used here",
                number, "%s %s descriptor %d%s, which is not open any more",
                fp_scene_name(scene, life), did(what), what->fd, is_again ? " again" : "");
    if (is_again && executed != FP_NO_EVENT && executed > number)
        fp_found_severity(found, FP_NOTE);
    else if (is_again && is_lone_child(scene, number, life))
        fp_found_severity(found, FP_WARNING);
    fp_found_place(found, "closed here", held->closed);
    if (held->closed == FP_NO_EVENT)
        fp_found_line(found, "closed by a call that is not recorded");
    fp_found_place(found, "opened here", held->opened);
}

/*
 * use-before-pipe: a read, write or dup fails with EBADF on a number above 2 that nothing in this
 * image has opened or closed. Not on -1, by which a program says that it has none; not on 0 to 2
 * and on numbers that its arguments name, which are for who starts it to open; and not a close,
 * which harms nobody there.
 */
static void never_open(const struct fp_replay *replay, size_t number, size_t life,
                       const struct fp_audit_descriptor *what) {
    struct fp_scene *scene = fp_replay_scene(replay);
    if (what->fd <= 2 || what->what == FP_TOUCHED_CLOSE ||
        fp_image_names(scene, fp_replay_image(replay, life), what->fd))
        return;
    fp_find(scene, "use-before-pipe", life, "used here", number,
            "%s %s descriptor %d, which it has not opened", fp_scene_name(scene, life), did(what),
            what->fd);
}

static void bad_number(const struct fp_replay *replay, size_t number, size_t life,
                       const struct fp_audit_descriptor *what) {
    struct fp_scene *scene = fp_replay_scene(replay);
    const struct fp_held *held = fp_replay_held(replay, life, what->fd);
    if (what->what == FP_TOUCHED_CLOSE && (is_swept(scene, number) || goes_on(scene, number)))
        return;
    if (!held)
        never_open(replay, number, life, what);
    else if (!wrong_end(replay, number, life, what, held) &&
             !(fp_held_is_open(held) && is_for_other_use(scene, held, what)))
        after_close(scene, number, life, what, held);
}

/* --- what programs inherit --- */

struct leaks {
    uint64_t *told; /* by event that opened: a bit for each program that got it */
};

/* An array of bits is small; a program that falls together with another one is not told. */
static bool is_told(struct leaks *leaks, size_t opened, struct fp_record_text program) {
    unsigned hash = 0;
    for (size_t i = 0; i < program.size; i++)
        hash = 31 * hash + (unsigned char)program.at[i];
    uint64_t bit = UINT64_C(1) << (hash % 64);
    bool was_told = leaks->told[opened] & bit;
    leaks->told[opened] |= bit;
    return was_told;
}

/* The image that got it did something to the number before anything opened it anew. */
static bool is_known_there(const struct fp_scene *scene, size_t image, int fd) {
    if (image == FP_NO_EVENT)
        return false;
    size_t life = fp_scene_event(scene, image).process, place = 0, at;
    while ((at = fp_scene_next(scene, life, FP_AUDIT_DESCRIPTOR, &place)) != FP_NO_EVENT) {
        const struct fp_audit_descriptor *what = fp_scene_event(scene, at).descriptor;
        if (at > image && (fp_touch_has(what, fd) || what->other == fd))
            return true;
    }
    return false;
}

/* Passed on by mistake, as far as that can be told. */
static bool is_leaked(const struct fp_replay *replay, size_t life, size_t exec,
                      const struct fp_audit_inherited *inherited, const struct fp_held *held) {
    const struct fp_scene *scene = fp_replay_scene(replay);
    if (!fp_held_is_open(held) || held->is_copy || held->is_marked || S_ISCHR(inherited->mode) ||
        fp_replay_is_shell(replay, life) || fp_exec_end(scene, exec) == FP_EXEC_FAILED)
        return false;
    size_t image = fp_exec_image(scene, exec);
    return !fp_image_names(scene, image, inherited->fd) &&
           !is_known_there(scene, image, inherited->fd);
}

static const char *kind_of(uint32_t mode) {
    return S_ISFIFO(mode)   ? "a pipe"
           : S_ISSOCK(mode) ? "a socket"
           : S_ISDIR(mode)  ? "a directory"
           : S_ISREG(mode)  ? "a file"
                            : "something";
}

/* Where, after that, the process that opened it marks it close-on-exec; FP_NO_EVENT. */
static size_t marked_later(const struct fp_scene *scene, size_t opened, int fd) {
    size_t opener = fp_scene_event(scene, opened).process, place = 0, at;
    while ((at = fp_scene_next(scene, opener, FP_AUDIT_DESCRIPTOR, &place)) != FP_NO_EVENT) {
        const struct fp_audit_descriptor *what = fp_scene_event(scene, at).descriptor;
        if (at <= opened || !fp_touch_has(what, fd) || what->result < 0)
            continue;
        bool marks = what->what == FP_TOUCHED_CLOSE_RANGE
                         ? what->flags & FP_TOUCHED_ON_EXEC
                         : what->what == FP_TOUCHED_FLAGS && what->flags & FD_CLOEXEC;
        return marks ? at : FP_NO_EVENT;
    }
    return FP_NO_EVENT;
}

/*
 * fd-inheritance-race: a program inherits a descriptor that one thread made and then marked
 * close-on-exec, because another thread forked in between.
 */
static bool race(struct fp_scene *scene, size_t life, size_t exec, size_t opened,
                 const struct fp_audit_inherited *inherited) {
    struct fp_record_event open = fp_scene_event(scene, opened);
    size_t forked = scene->lives[life].forked;
    size_t marked = marked_later(scene, opened, inherited->fd);
    if (open.process == life || forked == FP_NO_EVENT || marked == FP_NO_EVENT)
        return false;
    struct fp_record_event fork = fp_scene_event(scene, forked);
    if (fork.process != open.process || fork.tid == open.tid)
        return false;
    struct fp_found *found =
        fp_find(scene, "fd-inheritance-race", life, "opened here, by one thread", opened,
                "%s inherits descriptor %d, %s: another thread forked before it was marked "
                "close-on-exec",
                fp_exec_path(scene, exec), inherited->fd, kind_of(inherited->mode));
    fp_found_place(found, "forked here, by another thread", forked);
    fp_found_place(found, "marked close-on-exec here", marked);
    fp_found_place(found, "executed here", exec);
    return true;
}

/*
 * fd-leak: a program inherits a descriptor above 2 that the process which executes it, or one that
 * it was forked from in this image, has opened without close-on-exec. Not a copy, whose number was
 * chosen (dup2); not one that a call has marked or unmarked; not one that the program's arguments
 * name or that the program itself closes, copies or marks: it is passed on. Not a terminal or a
 * null device, which hold up nobody; and not what a shell's script has opened.
 */
static void leak(struct fp_scene *scene, size_t exec, size_t opened,
                 const struct fp_audit_inherited *inherited) {
    size_t opener = fp_scene_event(scene, opened).process;
    struct fp_found *found =
        fp_find(scene, "fd-leak", opener, "opened here, without close-on-exec", opened,
                "%s inherits descriptor %d, %s that %s has opened", fp_exec_path(scene, exec),
                inherited->fd, kind_of(inherited->mode), fp_scene_name(scene, opener));
    fp_found_place(found, "executed here", exec);
    struct fp_record_text path = fp_scene_event(scene, opened).text;
    if (path.size)
        fp_found_line(found, "descriptor %d: %s", inherited->fd, fp_scene_text(scene, path));
}

static void inherited(const struct fp_replay *replay, size_t number,
                      const struct fp_record_event *event, struct leaks *leaks) {
    struct fp_scene *scene = fp_replay_scene(replay);
    const struct fp_held *held = fp_replay_held(replay, event->process, event->inherited->fd);
    size_t exec = held ? fp_exec_of(scene, number) : FP_NO_EVENT;
    if (exec == FP_NO_EVENT || !is_leaked(replay, event->process, exec, event->inherited, held))
        return;
    if (!race(scene, event->process, exec, held->opened, event->inherited) &&
        !is_told(leaks, held->opened, fp_scene_event(scene, exec).text))
        leak(scene, exec, held->opened, event->inherited);
}

static void look(struct fp_replay *replay, size_t number, const struct fp_record_event *event,
                 void *data) {
    if (event->kind == FP_AUDIT_INHERITED)
        inherited(replay, number, event, data);
    else if (event->kind == FP_AUDIT_DESCRIPTOR && event->descriptor->result == -EBADF &&
             event->descriptor->what != FP_TOUCHED_FLAGS &&
             !fp_replay_is_shell(replay, event->process))
        bad_number(replay, number, event->process, event->descriptor);
}

void fp_rules_descriptors(struct fp_scene *scene) {
    struct leaks leaks = {.told =
                              calloc(fp_record_event_count(scene->record) + 1, sizeof *leaks.told)};
    if (leaks.told)
        fp_replay(scene, look, NULL, &leaks);
    free(leaks.told);
}
