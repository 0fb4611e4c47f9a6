#include "group.h"

#include <signal.h>
#include <stddef.h>

#include "contract.h"
#include "guard.h"
#include "proc.h"
#include "register.h"
#include "say.h"
#include "settings.h"
#include "subreaper.h"
#include "sweep.h"
#include "symbol.h"
#include "sys.h"
#include "table.h"
#include "text.h"

/* Known of this image; a forked child has the same. */
static struct {
    char path[FP_REGISTER_PATH]; /* of the register; empty: none is known */
    pid_t parent;                /* at load */
    pid_t root;                  /* the root, when it is this image or one before it */
    struct fp_register *mapped;  /* by this process or one that it was forked from */
    atomic_int settling;         /* the process that is finding out; a pid, as it may fork */
} group;

/* Of this process; a forked child starts with UNKNOWN. */
enum { UNKNOWN, NONE, MEMBER };

static struct fp_register *member_of(void) {
    const struct fp_table *table = fp_table();
    return table ? atomic_load(&table->counts->reg) : NULL;
}

static bool is_on(void) {
    return fp_settings.options.contain != FP_CONTAIN_OFF && !fp_settings.run;
}

/*
 * Where registers are kept: in a directory private to the user. Another user may have the name: by
 * malice, or because user 0 of a user namespace is not the user 0 of the machine.
 */
static const char *base(char buffer[static FP_REGISTER_PATH]) {
    static const char start[] = FP_SYS_REGISTERS;
    if (fp_settings.runtime)
        return fp_settings.runtime;
    fp_text_copy(buffer, start, sizeof start);
    char *end = buffer + sizeof start - 1;
    (void)fp_text_number(end, fp_sys_geteuid());
    if (fp_register_base_is_taken(buffer))
        fp_register_base_beside(buffer);
    return buffer;
}

static struct fp_register *find(void) {
    char buffer[FP_REGISTER_PATH];
    if (group.mapped) // in another namespace the numbers mean others
        return group.mapped->namespace == fp_proc_namespace() ? group.mapped : NULL;
    if (group.path[0])
        return fp_register_open(group.path);
    return fp_register_find(base(buffer), group.parent, group.path);
}

/* In a fork, where descriptor 2 may be anything: only when more than the default was asked for. */
static void say_uncontained(void) {
    bool asked = fp_settings.options.contain == FP_CONTAIN_GUARD && !fp_settings.said;
    if (asked || fp_settings.options.verbose)
        fp_say(fp_self(), fp_words(": nothing is contained: no register can be had"));
    fp_settings.said |= asked;
}

static struct fp_register *make(void) {
    char buffer[FP_REGISTER_PATH];
    if (group.path[0]) // what we belonged to is over
        return NULL;
    struct fp_register *reg = fp_register_make(base(buffer), group.path);
    if (!reg) {
        say_uncontained();
        return NULL;
    }
    group.root = reg->root;
    // Who adopts orphans would find the guard among its own children.
    if (fp_settings.options.contain == FP_CONTAIN_GUARD &&
        (reg->root == 1 || fp_subreaper_is() || !fp_guard_start(fp_symbol_own_path(), group.path)))
        fp_say_verbose(fp_self(), fp_words(": contain=group: no guard can be had"));
    return reg;
}

static bool is_settled(void) {
    const struct fp_table *table = fp_table();
    return table && atomic_load(&table->counts->group) != UNKNOWN;
}

static void settle(bool may_make) {
    struct fp_register *reg = find();
    if (!reg && may_make)
        reg = make();
    // An image that is only passing through to another does not need a table.
    struct fp_table *table = reg || may_make ? fp_table_make() : NULL;
    if (table && (table->wiped || FP_HAS(wiped) == FP_NONE)) {
        group.mapped = reg;
        atomic_store(&table->counts->reg, reg);
        atomic_store(&table->counts->group, reg ? MEMBER : NONE);
    } else if (reg) { // a forked child could not tell that it has not mapped it
        fp_register_close(reg);
    }
}

/* Whoever comes here meanwhile, in another thread or a handler, goes on without. */
static void settle_once(bool may_make) {
    if (!is_on())
        return;
    pid_t self = fp_sys_getpid();
    int busy = atomic_load(&group.settling);
    if (busy == self || !atomic_compare_exchange_strong(&group.settling, &busy, self))
        return;
    if (!is_settled())
        settle(may_make);
    atomic_store(&group.settling, 0);
}

void fp_group_enter(void) {
    if (!is_settled())
        settle_once(true);
}

void fp_group_join(void) {
    if (!is_settled())
        settle_once(false);
}

/* Also of one that we could not map: who has given up its user would begin a program of its own. */
const char *fp_group_path(void) {
    return is_on() && group.path[0] ? group.path : NULL;
}

void fp_group_add(pid_t pid, bool leads) {
    struct fp_register *reg = member_of();
    if (reg && pid > 0)
        fp_register_put(reg, pid, leads);
}

void fp_group_drop(pid_t pid) {
    struct fp_register *reg = member_of();
    if (reg)
        fp_register_drop(reg, pid);
}

void fp_group_lead(pid_t pid) {
    fp_group_join();
    fp_group_add(pid, true);
}

void fp_group_check_in(bool leads) {
    fp_group_join();
    fp_group_add(fp_sys_getpid(), leads);
}

/* "PID:PATH/ROOT-TIME", as the image before us, or one before that, has written it. */
void fp_group_load(const char *value) {
    unsigned writer = 0;
    unsigned root = 0;
    group.parent = fp_sys_getppid();
    if (!value)
        return;
    const char *path = fp_text_read_number(value, &writer);
    size_t length = fp_text_length(path);
    if (*path++ != ':' || *path != '/' || length > FP_REGISTER_PATH)
        return;
    const char *name = path + length - 1;
    while (name[-1] != '/')
        name--;
    if (*fp_text_read_number(name, &root) != '-')
        return;
    fp_text_copy(group.path, path, length);
    pid_t self = fp_sys_getpid();
    if ((pid_t)root == self)
        group.root = self;
    else if ((pid_t)writer != self && (pid_t)writer != group.parent)
        fp_group_check_in(false); // an image without hooks has made this process
}

void fp_group_unentered(int difference) {
    const struct fp_table *table = fp_table();
    if (table)
        atomic_fetch_add(&table->counts->unentered, difference);
}

pid_t fp_group_root(void) {
    return group.root;
}

bool fp_group_is_root(void) {
    return group.root && group.root == fp_sys_getpid();
}

/* Children that libc made by itself: nobody else could tell whose they were. */
static void enter_children(struct fp_register *reg) {
    pid_t self = fp_sys_getpid();
    pid_t pid;
    struct fp_proc_list all;
    struct fp_proc process;
    if (!fp_proc_list_all(&all))
        return;
    while ((pid = fp_proc_list_next(&all)))
        if (fp_proc_read(pid, &process) && process.ppid == self)
            fp_register_put(reg, pid, false);
    fp_proc_list_end(&all);
}

/*
 * For the program this is after its end: no handler of its runs here any more, nor, for the
 * children that end now, in another thread. One that leaves by longjmp would come back to life.
 */
static void end_all(struct fp_register *reg) {
    const struct fp_sys_action standard = {.handler = SIG_DFL};
    if (atomic_exchange(&reg->ended, 1) != 0)
        return;
    fp_sys_signals blocked = fp_sys_block_all();
    (void)fp_sys_sigaction(SIGCHLD, &standard, NULL);
    struct fp_swept swept = fp_sweep(reg, group.path);
    fp_register_remove(group.path);
    if (swept.asked > 0)
        fp_say_verbose(fp_self(), fp_words(": ended what it left behind: processes "),
                       fp_number((int)swept.asked));
    if (swept.beyond > 0)
        fp_say_verbose(fp_self(), fp_words(": left running what it may not signal: processes "),
                       fp_number((int)swept.beyond));
    fp_sys_set_blocked(blocked);
}

void fp_group_end(void) {
    struct fp_register *reg = member_of();
    const struct fp_table *table = fp_table();
    if ((!group.root && !reg) || FP_SYS_IS_PLEDGED)
        return;
    if (!fp_group_is_root()) {
        if (reg && atomic_load(&table->counts->unentered) > 0)
            enter_children(reg);
        return;
    }
    // A root that has exec'd and not made a child since has not mapped it yet.
    struct fp_register *mapped = reg ? NULL : fp_register_open(group.path);
    if (reg || mapped)
        end_all(reg ? reg : mapped);
    if (mapped)
        fp_register_close(mapped);
}

static bool ends_process(int number) {
    switch (number) {
    case SIGCHLD:
    case SIGCONT:
    case SIGURG:
    case SIGWINCH:
    case SIGSTOP:
    case SIGTSTP:
    case SIGTTIN:
    case SIGTTOU:
        return false;
    default:
        return number > 0 && number < _NSIG && !FP_SYS_IS_IGNORED(number);
    }
}

void fp_group_before_signal(int number) {
    void (*handler)(int) = SIG_DFL;
    unsigned long flags;
    if (!ends_process(number) || !fp_group_is_root())
        return;
    (void)fp_sys_disposition(number, &handler, &flags);
    if (handler == SIG_DFL && !fp_sys_is_blocked(number))
        fp_group_end();
}
