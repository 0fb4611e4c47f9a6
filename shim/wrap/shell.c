/*
 * system, popen, pclose, wordexp: passed through. libc makes their children where nobody sees it
 * and does not tell their pids, so a member of a contained program must be one before; the shell
 * finds the register through its parent, and children of popen that are left are entered when the
 * process ends (group.h). A limit counts them all the same (limit.h).
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <wordexp.h>

#include "group.h"
#include "limit.h"
#include "note.h"
#include "symbol.h"
#include "wrap.h"

/* 0, or -EAGAIN. */
static int begin(void) {
    fp_group_enter();
    return fp_limit_take(fp_ledger_enter());
}

FP_EXPORT int system(const char *command) {
    FP_NOTE(note);
    __typeof__(&system) next = FP_NEXT(system);
    if (command)
        fp_note_shell(&note, FP_FORKED_SYSTEM, command);
    int refused = command ? begin() : 0;
    if (refused < 0)
        return (int)fp_wrap_result(refused);
    if (command)
        fp_note_fork_untold(&note, FP_FORKED_SYSTEM);
    int status = next ? next(command) : (int)fp_wrap_result(-ENOSYS);
    if (command) {
        fp_limit_give_back(fp_ledger());
        fp_note_discard(&note, FP_DISCARDED_SYSTEM, status);
    }
    return status;
}

FP_EXPORT FILE *popen(const char *command, const char *type) {
    FP_NOTE(note);
    __typeof__(&popen) next = FP_NEXT(popen);
    fp_note_shell(&note, FP_FORKED_POPEN, command);
    fp_note_fork_begin(&note, false);
    int refused = begin();
    if (refused < 0) {
        fp_note_fork_end(&note, FP_FORKED_POPEN, refused);
        (void)fp_wrap_result(refused);
        return NULL;
    }
    FILE *stream = next ? next(command, type) : NULL;
    if (stream)
        fp_group_unentered(1);
    else
        fp_limit_give_back(fp_ledger());
    fp_note_fork_end(&note, FP_FORKED_POPEN, stream ? 0 : fp_note_result(-1));
    if (stream)
        fp_note_popen(&note, stream, type);
    return stream;
}

FP_EXPORT int pclose(FILE *stream) {
    FP_NOTE(note);
    __typeof__(&pclose) next = FP_NEXT(pclose);
    fp_note_pclose(&note, stream);
    int status = next ? next(stream) : (int)fp_wrap_result(-ENOSYS);
    if (status != -1) {
        fp_group_unentered(-1);
        fp_limit_give_back(fp_ledger());
        fp_note_discard(&note, FP_DISCARDED_PCLOSE, status);
    }
    return status;
}

/* Without a place for the shell: as libc answers when it cannot fork. */
FP_EXPORT int wordexp(const char *words, wordexp_t *result, int flags) {
    FP_NOTE(note);
    __typeof__(&wordexp) next = FP_NEXT(wordexp);
    bool forks = !(flags & WRDE_NOCMD);
    if (!next || (forks && begin() < 0))
        return WRDE_NOSPACE;
    if (FP_AUDIT && forks && fp_note_words_fork(words))
        fp_note_fork_untold(&note, FP_FORKED_WORDEXP);
    int error = next(words, result, flags);
    if (forks)
        fp_limit_give_back(fp_ledger());
    return error;
}
