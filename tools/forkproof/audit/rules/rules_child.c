/* What a forked child does that has executed nothing. */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "forked.h"
#include "values.h"

/* --- threads-and-fork, malloc-after-fork, pre-exec-hook --- */

/* A mutex is locked, and nothing more is known: the child may have made it anew just before, as
 * Python's does. */
static bool is_lock_alone(struct fp_scene *scene, size_t unsafe) {
    static const char lock[] = "pthread_mutex_lock";
    struct fp_record_text name = fp_scene_event(scene, unsafe).text;
    if (name.size != sizeof lock - 1 || memcmp(name.at, lock, name.size) != 0)
        return false;
    const struct fp_stack *stack = fp_scene_stack(scene, unsafe);
    return !stack || !fp_is_allocator(stack->frames[0].function);
}

/* The child's first call that is not async-signal-safe, in a child of a process with threads; a
 * lock alone if there is nothing else. */
static size_t first_unsafe(struct fp_scene *scene, size_t number) {
    size_t place = 0, unsafe, lock = FP_NO_EVENT;
    while ((unsafe = fp_scene_next(scene, number, FP_AUDIT_UNSAFE, &place)) != FP_NO_EVENT) {
        uint32_t flags = fp_scene_event(scene, unsafe).unsafe->flags;
        if (!fp_is_before_exec(&scene->lives[number], unsafe))
            break;
        if (!(flags & FP_UNSAFE_IN_CHILD) || !(flags & FP_UNSAFE_THREADED) ||
            flags & FP_UNSAFE_IN_VFORK)
            continue;
        if (!is_lock_alone(scene, unsafe))
            return unsafe;
        if (lock == FP_NO_EVENT)
            lock = unsafe;
    }
    return lock;
}

/* Nothing was heard of the child after that event. */
static bool is_last(const struct fp_life *life, size_t event) {
    return fp_events_after(life, event) == life->event_count;
}

static bool executes_after(const struct fp_scene *scene, size_t number, size_t event) {
    size_t place = fp_events_after(&scene->lives[number], event);
    return fp_scene_next(scene, number, FP_AUDIT_EXEC, &place) != FP_NO_EVENT;
}

/* The function in which the unsafe call was made, if it is another one than forked. NULL: it is
 * not, or it cannot be told. Also tells the call's name, where that is better known. */
static const char *hook_of(struct fp_scene *scene, size_t forked, size_t unsafe,
                           struct fp_record_text *ret_call) {
    size_t forker, at = 0;
    if (fp_forker_at(scene, forked, unsafe, &forker) != FP_FORKER_THERE)
        return NULL;
    const struct fp_stack *stack = fp_scene_stack(scene, unsafe);
    for (; at < forker && fp_is_allocator(stack->frames[at].function); at++)
        *ret_call =
            (struct fp_record_text){stack->frames[at].function, strlen(stack->frames[at].function)};
    if (at == forker || !stack->frames[at].function)
        return NULL;
    const char *name = stack->frames[at].function;
    return fp_scene_text(scene, (struct fp_record_text){name, strlen(name)});
}

/*
 * malloc-after-fork: the first call that is not async-signal-safe in a child of a process with
 * threads, if the child goes on to exec, or is not heard of any more. pre-exec-hook: the same when
 * another function than the one that forked makes the call, called by that one. A lock alone is a
 * note; a warning if nothing is heard of the child any more. A child that goes on for good without
 * exec is of threads-and-fork.
 */
static bool is_unsafe_before_exec(struct fp_scene *scene, size_t number, size_t forked) {
    size_t unsafe = first_unsafe(scene, number);
    if (unsafe == FP_NO_EVENT)
        return false;
    bool is_stuck = is_last(&scene->lives[number], unsafe);
    if (!is_stuck && !executes_after(scene, number, unsafe))
        return false;
    struct fp_record_text call = fp_scene_event(scene, unsafe).text;
    const char *hook = hook_of(scene, forked, unsafe, &call);
    const char *child = fp_scene_name(scene, number), *name = fp_scene_text(scene, call);
    const char *end = is_stuck ? ", and is not heard of any more" : "";
    struct fp_found *found =
        hook ? fp_find(scene, "pre-exec-hook", number, "called here", unsafe,
                       "%s, forked by a process with threads, runs %s before exec, which calls "
                       "%s%s: its lock may be held by a thread that the child does not have",
                       child, hook, name, end)
             : fp_find(scene, "malloc-after-fork", number, "called here", unsafe,
                       "%s, forked by a process with threads, calls %s before exec%s: its lock may "
                       "be held by a thread that the child does not have",
                       child, name, end);
    if (is_lock_alone(scene, unsafe))
        fp_found_severity(found, is_stuck ? FP_WARNING : FP_NOTE);
    fp_found_place(found, "forked here", forked);
    fp_found_line(found, "threads of the parent at the fork: %u",
                  fp_scene_event(scene, forked).fork->threads);
    return true;
}

/* What only a child does that goes on with work of its own; a fork alone, or a signal for itself,
 * is none. */
static bool is_work(const struct fp_record_event *event) {
    switch ((int)event->kind) {
    case FP_AUDIT_DESCRIPTOR:
        return event->descriptor->what == FP_TOUCHED_OPEN ||
               event->descriptor->what == FP_TOUCHED_PIPE ||
               event->descriptor->what == FP_TOUCHED_SOCKETPAIR;
    case FP_AUDIT_FORK:
        return !fp_fork_is_copy(event);
    case FP_AUDIT_KILL:
        return event->kill->how != FP_KILLED_RAISE && event->kill->target != event->pid;
    case FP_AUDIT_WAIT:
    case FP_AUDIT_SHELL:
        return true;
    default:
        return false;
    }
}

static bool ends_by__exit(const struct fp_scene *scene, const struct fp_life *life) {
    return life->ended != FP_NO_EVENT &&
           fp_scene_event(scene, life->ended).exit->how == FP_ENDED_EXIT;
}

static size_t first_work(const struct fp_scene *scene, const struct fp_life *life) {
    for (size_t i = 0; i < life->event_count; i++) {
        struct fp_record_event event = fp_scene_event(scene, life->events[i]);
        if (is_work(&event))
            return life->events[i];
    }
    return FP_NO_EVENT;
}

/*
 * threads-and-fork: a process with more than one thread forked, and the child never tried to
 * execute a program but calls what is not async-signal-safe; or it opens something, starts a
 * program, waits or signals, and does not end by _exit: such a child may be done for good with safe
 * calls.
 */
static void look_for_lost_threads(struct fp_scene *scene, size_t number, size_t forked) {
    const struct fp_life *life = &scene->lives[number];
    uint32_t threads = fp_scene_event(scene, forked).fork->threads;
    size_t place = 0, work = first_unsafe(scene, number);
    if (work == FP_NO_EVENT && !ends_by__exit(scene, life))
        work = first_work(scene, life);
    if (threads < 2 || work == FP_NO_EVENT ||
        fp_scene_next(scene, number, FP_AUDIT_EXEC, &place) != FP_NO_EVENT)
        return;
    struct fp_found *found = fp_find(
        scene, "threads-and-fork", number, "forked here", forked,
        "%s was forked by a process with %u threads and goes on without exec: it has none of the "
        "others, and their locks as they were",
        fp_scene_name(scene, number), threads);
    fp_found_place(found, "the child went on here", work);
}

/* --- exit-in-child --- */

/* A handler that the program itself, and no library, registered before the fork: in the parent, or
 * in whom that was forked by. */
static size_t own_handler(struct fp_scene *scene, size_t number, size_t before) {
    for (; number != FP_RECORD_NONE; number = scene->lives[number].parent) {
        const struct fp_life *life = &scene->lives[number];
        const char *image = scene->audit.processes[number].image;
        size_t place = 0, handler;
        while ((handler = fp_scene_next(scene, number, FP_AUDIT_ATEXIT, &place)) < before) {
            const struct fp_stack *stack = fp_scene_stack(scene, handler);
            const char *module = stack && stack->count ? stack->frames[0].module : NULL;
            if (image && module && strcmp(image, module) == 0)
                return handler;
        }
        size_t forked = fp_forked_copy(scene, number);
        if (life->executed != FP_NO_EVENT || forked == FP_NO_EVENT)
            break; // what was registered before is gone, by an exec or a spawn
        before = forked;
    }
    return FP_NO_EVENT;
}

/* Its parent has gone before it: then the child is the heir of all, as when a daemon is made. */
static bool is_heir(const struct fp_scene *scene, const struct fp_life *life, size_t ended) {
    const struct fp_life *parent = &scene->lives[life->parent];
    return (parent->ended != FP_NO_EVENT && parent->ended < ended) ||
           (parent->died && parent->died < fp_scene_event(scene, ended).time);
}

/*
 * exit-in-child: a child that has executed nothing calls exit, or returns from main, while its
 * parent lives. An error if stdout's buffer was not empty at the fork, as both write it then; a
 * warning if the program had registered a handler for exit before the fork, which the child runs as
 * well: it may be harmless there.
 */
static void look_for_exit(struct fp_scene *scene, size_t number, size_t forked) {
    const struct fp_life *life = &scene->lives[number];
    size_t ended = life->ended;
    if (ended == FP_NO_EVENT || life->executed != FP_NO_EVENT || life->parent == FP_RECORD_NONE ||
        fp_scene_event(scene, ended).exit->how != FP_ENDED_RETURN || is_heir(scene, life, ended))
        return;
    uint32_t pending = fp_scene_event(scene, forked).fork->pending;
    size_t handler = own_handler(scene, life->parent, forked);
    if (pending == 0 && handler == FP_NO_EVENT)
        return;
    struct fp_found *found = fp_find(
        scene, "exit-in-child", number, "the child ends by exit here", ended,
        "%s, a forked child, ends by exit instead of _exit: it %s", fp_scene_name(scene, number),
        pending ? "writes what its parent had in the buffer of stdout once more"
                : "runs the exit handlers of its parent, which lives on");
    fp_found_place(found, "it was forked here", forked);
    fp_found_place(found, "the handler was registered here", handler);
    if (pending)
        fp_found_line(found, "bytes in stdout's buffer at the fork: %u", pending);
    else
        fp_found_severity(found, FP_WARNING);
}

/* --- pdeathsig-thread --- */

/* The life was ended by that signal while its parent lived, and no member had sent it. */
static bool was_ended_by(const struct fp_scene *scene, size_t number, int signal) {
    const struct fp_life *life = &scene->lives[number];
    if (life->status < 0 || !WIFSIGNALED(life->status) || WTERMSIG(life->status) != signal ||
        life->left != FP_NO_EVENT)
        return false;
    for (size_t i = 0; i < fp_record_event_count(scene->record); i++) {
        struct fp_record_event event = fp_scene_event(scene, i);
        if (event.kind == FP_AUDIT_KILL && event.kill->signal == signal &&
            (event.kill->target == life->pid || event.kill->target <= 0) &&
            event.time >= life->born)
            return false;
    }
    return true;
}

/*
 * pdeathsig-thread: a process asks for a signal when its parent dies, and it was forked by another
 * thread than the parent's main one, or its parent is no more. An error if the signal ended it, or
 * will never come because the parent is gone; else a warning: the thread may live as long as the
 * program.
 */
static void look_for_pdeathsig(struct fp_scene *scene, size_t number) {
    const struct fp_life *life = &scene->lives[number];
    size_t place = 0, asked;
    if (life->forked == FP_NO_EVENT)
        return;
    struct fp_record_event fork = fp_scene_event(scene, life->forked);
    while ((asked = fp_scene_next(scene, number, FP_AUDIT_PDEATHSIG, &place)) != FP_NO_EVENT) {
        const struct fp_audit_pdeathsig *as = fp_scene_event(scene, asked).pdeathsig;
        bool is_orphan = as->parent != fork.pid, is_thread = fork.tid != fork.pid;
        if (as->signal <= 0 || as->result < 0 || (!is_orphan && !is_thread))
            continue;
        struct fp_found *found = fp_find(
            scene, "pdeathsig-thread", number, "asked for here", asked,
            is_orphan ? "%s asks for %s when its parent dies, and that had died before: it will "
                        "not come"
                      : "%s asks for %s when its parent dies, and to the kernel that is the thread "
                        "that forked it, not the program",
            fp_scene_name(scene, number), fp_signal_name(as->signal));
        fp_found_place(found, "forked here", life->forked);
        bool is_ended = !is_orphan && was_ended_by(scene, number, as->signal);
        if (is_ended)
            fp_found_line(found, "and the signal has ended it, which no process of the run sent");
        else if (!is_orphan)
            fp_found_severity(found, FP_WARNING);
    }
}

void fp_rules_child(struct fp_scene *scene) {
    for (size_t i = 0; i < scene->life_count; i++) {
        size_t forked = fp_forked_copy(scene, i);
        look_for_pdeathsig(scene, i);
        if (forked == FP_NO_EVENT)
            continue;
        if (!is_unsafe_before_exec(scene, i, forked))
            look_for_lost_threads(scene, i, forked);
        look_for_exit(scene, i, forked);
    }
    fp_rules_returns(scene);
    fp_rules_vfork(scene);
    fp_rules_handlers(scene);
}
