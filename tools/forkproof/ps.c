/* `forkproof ps`: the runs of this user. What they tell of themselves is shown, never acted on. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "contract.h"
#include "escape.h"
#include "find.h"
#include "say.h"
#include "tell.h"
#include "values.h"

#define ANSWER_NS (2 * FP_SECOND)
#define COLUMNS 8
#define PROGRAM_MAX 1000

static const char help[] =
    "Usage: forkproof ps [--json]\n"
    "Lists the runs of this user, the oldest first: name, id, by what its members are\n"
    "held, pid of its program (0: ended), how many members are alive, since when,\n"
    "what it is doing, and the program. STATE is running, waiting (the program has\n"
    "ended, --until=empty), stopped, ending, or silent: the run does not answer.\n\n"
    "      --json  an array of objects\n"
    "  -h, --help  this text\n\n"
    "Exit status: 0; 125 forkproof failed.\n";

struct row {
    const char *id;
    json_t *answer; /* NULL: none */
    double since;
    const char *state; /* when there is no answer */
};

static int by_age(const void *a, const void *b) {
    const struct row *x = a, *y = b;
    if (x->since != y->since)
        return x->since < y->since ? -1 : 1;
    return strcmp(x->id, y->id);
}

static const char *string_of(const struct row *row, const char *key) {
    return json_string_value(json_object_get(row->answer, key));
}

/* Of the very run that was asked, and of the form that is expected. */
static bool is_good(const struct row *row) {
    const char *id = string_of(row, "id");
    return id && strcmp(id, row->id) == 0 && string_of(row, "rung") && string_of(row, "state") &&
           json_is_integer(json_object_get(row->answer, "root")) &&
           json_is_integer(json_object_get(row->answer, "members")) &&
           json_is_real(json_object_get(row->answer, "since")) &&
           json_is_array(json_object_get(row->answer, "program"));
}

static void take_answer(struct row *row, int fd, int64_t deadline) {
    int r = fd < 0 ? fd : fp_find_receive(fd, deadline, &row->answer);
    if (fd >= 0)
        close(fd);
    if (r == 0 && !is_good(row)) {
        json_decref(row->answer);
        r = -EBADMSG;
    }
    if (r == 0) {
        row->since = json_real_value(json_object_get(row->answer, "since"));
        return;
    }
    row->answer = NULL;
    row->state = r == -ECONNREFUSED || r == -ECONNRESET ? "ending" : "silent";
    if (r != -ECONNREFUSED && r != -ECONNRESET)
        fp_say("run %s %s", row->id, fp_find_problem(r));
}

/* All are asked before the first is waited for: one deadline serves for all that are silent. */
static int ask_all(const struct fp_found *found, size_t count, struct row *rows) {
    const struct fp_order status = {.magic = FP_ORDER_MAGIC, .type = FP_ORDER_STATUS};
    int *fds = calloc(count + 1, sizeof *fds);
    if (!fds)
        return -ENOMEM;
    for (size_t i = 0; i < count; i++)
        fds[i] = fp_find_send(&found[i], &status);
    int64_t deadline = fp_now() + ANSWER_NS;
    for (size_t i = 0; i < count; i++) {
        rows[i].id = found[i].id;
        take_answer(&rows[i], fds[i], deadline);
    }
    free(fds);
    return 0;
}

/* Gone by the time it was asked; of another pid namespace nothing tells a guard that still ends it.
 */
static bool has_ended(const struct row *row) {
    bool ending = row->state && strcmp(row->state, "ending") == 0;
    return fp_rundir_id_is_here(row->id) ? !row->answer && fp_rundir_id_is_dead(row->id) : ending;
}

static size_t drop_ended(struct row *rows, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (!has_ended(&rows[i]))
            rows[kept++] = rows[i];
    return kept;
}

static json_t *utc(double since) {
    char text[40], whole[24];
    time_t seconds = (time_t)since;
    struct tm tm;
    if (!gmtime_r(&seconds, &tm))
        return json_null();
    strftime(whole, sizeof whole, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof text, "%s.%03dZ", whole, (int)((since - (double)seconds) * 1000) % 1000);
    return json_string(text);
}

static json_t *as_json(const struct row *row) {
    json_t *object = row->answer ? json_copy(row->answer) : json_object();
    json_object_set_new(object, "id", json_string(row->id));
    json_object_set_new(object, "since", row->answer ? utc(row->since) : json_null());
    if (row->answer)
        return object;
    static const char *const unknown[] = {"name", "rung", "root", "members", "program"};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        json_object_set_new(object, unknown[i], json_null());
    json_object_set_new(object, "state", json_string(row->state));
    return object;
}

static int print_json(const struct row *rows, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(array, as_json(&rows[i]));
    int r = json_dumpf(array, stdout, JSON_INDENT(2) | JSON_SORT_KEYS | JSON_ENSURE_ASCII);
    json_decref(array);
    return r < 0 || putchar('\n') == EOF || fflush(stdout) != 0 ? -EIO : 0;
}

/* Escaped, for a terminal. */
static char *cell(const char *text) {
    size_t size = 4 * strlen(text) + 1;
    char *clean = malloc(size);
    if (clean)
        fp_escape(text, strlen(text), clean, size);
    return clean;
}

static char *number_cell(const struct row *row, const char *key) {
    char text[24];
    snprintf(text, sizeof text, "%lld",
             (long long)json_integer_value(json_object_get(row->answer, key)));
    return cell(text);
}

static char *since_cell(const struct row *row) {
    char text[24] = "-";
    time_t seconds = (time_t)row->since;
    struct tm tm;
    if (localtime_r(&seconds, &tm))
        strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm);
    return cell(text);
}

static char *program_cell(const struct row *row) {
    char line[PROGRAM_MAX] = "";
    size_t used = 0, i;
    json_t *word;
    json_array_foreach(json_object_get(row->answer, "program"), i, word) {
        int n = snprintf(line + used, sizeof line - used, "%s%s", i ? " " : "",
                         json_string_value(word) ? json_string_value(word) : "?");
        used = n > 0 && used + (size_t)n < sizeof line ? used + (size_t)n : sizeof line - 1;
    }
    return cell(line);
}

static void fill(const struct row *row, char *cells[COLUMNS]) {
    const char *name = row->answer ? string_of(row, "name") : NULL;
    cells[0] = cell(name ? name : "-");
    cells[1] = cell(row->id);
    cells[2] = cell(row->answer ? string_of(row, "rung") : "-");
    cells[3] = row->answer ? number_cell(row, "root") : cell("-");
    cells[4] = row->answer ? number_cell(row, "members") : cell("-");
    cells[5] = row->answer ? since_cell(row) : cell("-");
    cells[6] = cell(row->answer ? string_of(row, "state") : row->state);
    cells[7] = row->answer ? program_cell(row) : cell("-");
}

static void print_line(char *const cells[COLUMNS], const int width[COLUMNS]) {
    for (int i = 0; i < COLUMNS - 1; i++)
        if (i == 3 || i == 4)
            printf("%*s  ", width[i], cells[i] ? cells[i] : "");
        else
            printf("%-*s  ", width[i], cells[i] ? cells[i] : "");
    printf("%s\n", cells[COLUMNS - 1] ? cells[COLUMNS - 1] : "");
}

/* As ps does, the heading also when there is nothing below it. */
static int print_table(const struct row *rows, size_t count) {
    char heading[COLUMNS][8] = {"NAME",    "ID",    "RUNG",  "ROOT",
                                "MEMBERS", "SINCE", "STATE", "PROGRAM"};
    int width[COLUMNS];
    char *(*cells)[COLUMNS] = calloc(count + 1, sizeof *cells);
    if (!cells)
        return -ENOMEM;
    for (int c = 0; c < COLUMNS; c++)
        cells[0][c] = heading[c];
    for (size_t i = 0; i < count; i++)
        fill(&rows[i], cells[i + 1]);
    for (int c = 0; c < COLUMNS; c++) {
        width[c] = 0;
        for (size_t i = 0; i <= count; i++) {
            int length = cells[i][c] ? (int)strlen(cells[i][c]) : 0;
            width[c] = length > width[c] ? length : width[c];
        }
    }
    for (size_t i = 0; i <= count; i++)
        print_line(cells[i], width);
    for (size_t i = 1; i <= count; i++)
        for (int c = 0; c < COLUMNS; c++)
            free(cells[i][c]);
    free(cells);
    return fflush(stdout) == 0 ? 0 : -EIO;
}

static int list(bool json) {
    struct fp_places places;
    struct fp_found *found;
    size_t count;
    int r = fp_places_open(&places);
    if (r < 0)
        return r;
    r = fp_find_all(&places, &found, &count);
    struct row *rows = r == 0 ? calloc(count + 1, sizeof *rows) : NULL;
    r = rows ? ask_all(found, count, rows) : -ENOMEM;
    if (r == 0) {
        size_t living = drop_ended(rows, count);
        qsort(rows, living, sizeof *rows, by_age);
        r = json ? print_json(rows, living) : print_table(rows, living);
    }
    if (r < 0)
        fp_say("ps: %s", strerror(-r));
    free(rows);
    free(found);
    return r;
}

int fp_ps_main(int argc, char **argv) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    int option;
    bool json = false;
    opterr = 0;
    optind = 1;
    while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        if (option == 'h')
            return fp_tell_text(help);
        if (option != 'j') {
            fp_tell_complain("ps", option, argv);
            return FP_EXIT_FAILED;
        }
        json = true;
    }
    if (optind < argc) {
        fp_say("ps: takes no argument: '%s'", argv[optind]);
        return FP_EXIT_FAILED;
    }
    return list(json) < 0 ? FP_EXIT_FAILED : 0;
}
