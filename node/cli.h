// cli.h - the command line: which verb, with which options, in which language
//
//     lienthong --home /srv/05908 find household status=hieu_luc --json
//               global option     verb args...                   global options go anywhere
//
// Shape    A verb is a row of the table in cli.c: its name, the options it takes, its function.
//          What it says to a person is Vietnamese or English (--lang, LIENTHONG_LANG); with --json
//          it prints one line of JSON with the same members every time, and nothing else on stdout.
// Errors   A verb returns 0, a negative ERR_ code with `reterr` filled, or a positive exit status
//          when it has said everything itself. An error is two lines on stderr, or with --json
//          {"error": {"code", "vi", "en", "todo_vi", "todo_en"}} on stdout.
//          Exit statuses: 0 done, 1 a problem was found, 2 could not be done, 64 wrong usage.
// Memory   Arguments and options are borrowed from argv.
// Threads  One.

#ifndef CLI_H
#define CLI_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "base/own.h"

enum {
    CLI_OPTIONS_MAX = 16,
    CLI_PATH_MAX = 4096,
};

struct verb;

struct cli {
    const char *home; // NULL when neither --home nor LIENTHONG_HOME says
    enum lang lang;
    bool is_json;
    const struct verb *verb;
    const char **args;
    size_t count;
    char *names[CLI_OPTIONS_MAX]; // Of the options given; ours
    const char *values[CLI_OPTIONS_MAX];
    size_t option_count;
};

// Do what argv says; returns the exit status.
int cli_run(int argc, char **argv);

// The value of an option of this verb, "" for one that takes none, NULL when it was not given.
const char *cli_option(const struct cli *self, const char *name);

// The same as a whole number; `absent` when it was not given.
MUST_CHECK int cli_number(const struct cli *self, const char *name, int64_t absent, int64_t min,
                          int64_t max, int64_t *ret_value, struct err *reterr);

// The text in the person's language.
const char *cli_text(const struct cli *self, const char *vi, const char *en);

// Print for a person, in their language; nothing with --json.
void cli_say(const struct cli *self, const char *vi, const char *en, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

// The same on stderr, and with --json too: what is said beside the result.
void cli_note(const struct cli *self, const char *vi, const char *en, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

// With --json print `json` (borrowed) on one line, and say so.
bool cli_answered(const struct cli *self, const json_t *json);

// Ask the node. `request` is taken; the answer is yours.
MUST_CHECK int cli_ask(const struct cli *self, json_t *request, json_t **ret_answer,
                       struct err *reterr);

// Errors as the `error` member of an answer; yours.
json_t *cli_error_json(const struct err *err);

// The whole file at `path`, at most `max` bytes.
MUST_CHECK int cli_file(const char *path, size_t max, struct buf *ret_text, struct err *reterr);

// Members of an answer; "" and 0 where they are missing or something else.
const char *answer_text(const json_t *object, const char *name);
int64_t answer_number(const json_t *object, const char *name);
bool answer_bool(const json_t *object, const char *name);

// Verbs, each in the file of its subject.
int cli_init(struct cli *self, struct err *reterr); // cli_office.c
int cli_invite(struct cli *self, struct err *reterr);
int cli_join(struct cli *self, struct err *reterr);
int cli_node(struct cli *self, struct err *reterr);
int cli_peers(struct cli *self, struct err *reterr);
int cli_office(struct cli *self, struct err *reterr);
int cli_publish(struct cli *self, struct err *reterr);
int cli_log(struct cli *self, struct err *reterr);
int cli_doctor(struct cli *self, struct err *reterr);

int cli_status(struct cli *self, struct err *reterr); // cli_status.c
int cli_sync(struct cli *self, struct err *reterr);
int cli_rollup(struct cli *self, struct err *reterr);

int cli_add(struct cli *self, struct err *reterr); // cli_record.c
int cli_edit(struct cli *self, struct err *reterr);
int cli_void(struct cli *self, struct err *reterr);
int cli_show(struct cli *self, struct err *reterr);
int cli_find(struct cli *self, struct err *reterr);
int cli_export(struct cli *self, struct err *reterr);

int cli_import(struct cli *self, struct err *reterr); // cli_import.c

#endif
