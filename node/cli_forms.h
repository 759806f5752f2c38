// cli_forms.h - the forms of this office and its office.db, as commands write it
//
// Commands write the same plain SQL as everybody else: the same triggers check it, and the node
// finds it in the same outbox. What is added here is for people: labels for names, d/m/yyyy for
// dates, a household's number for its id.
//
//     OWNED(forms_release) struct forms forms = {0};
//     int code = forms_open(cli, &forms, reterr);
//     const struct type *type = NULL;
//     if (code == 0)
//         code = forms_type(&forms, "household", &type, reterr);
//
// Shape    A cell is one value as SQL has it: nothing, a whole number or a text.
// Errors   ERR_TYPE, ERR_NOTFOUND for names nobody knows; ERR_FIELD for a value that is refused,
//          here or by a trigger, whose message is taken apart into its two languages; else as
//          sql.h.
// Memory   Types and the connection live until forms_release. cell_release empties a cell.
// Threads  One.

#ifndef CLI_FORMS_H
#define CLI_FORMS_H

#include "cli.h"
#include "core/type.h"
#include "store/sql.h"

enum { FORMS_BUSY_MS = 5000 }; // The node holds the file for milliseconds, a person's tool longer

struct forms {
    sqlite3 *db;
    size_t count;
    struct type **types;
};

enum cell_kind { CELL_NULL, CELL_INT, CELL_TEXT };

struct cell {
    enum cell_kind kind;
    int64_t number;
    struct buf text;
};

MUST_CHECK int forms_open(const struct cli *cli, struct forms *ret_forms, struct err *reterr);
void forms_release(struct forms *self);

MUST_CHECK int forms_type(const struct forms *self, const char *name, const struct type **ret_type,
                          struct err *reterr);

// The type of the record `id`, and whether its row was retracted.
MUST_CHECK int forms_record(const struct forms *self, const char *id, const struct type **ret_type,
                            bool *ret_is_retracted, struct err *reterr);

// One transaction, in which every row is `reason`'s (0 for none). Take it back unless committed.
MUST_CHECK int forms_begin(struct forms *self, uint64_t reason, struct err *reterr);
MUST_CHECK int forms_commit(struct forms *self, struct err *reterr);
void forms_rollback(struct forms *self);

// stmt_run and stmt_next, with what a trigger says as ERR_FIELD.
MUST_CHECK int forms_run(const struct forms *self, sqlite3_stmt *stmt, struct err *reterr);
MUST_CHECK int forms_next(const struct forms *self, sqlite3_stmt *stmt, struct err *reterr);

// What a person typed for `field` of a record about `office` ("" when not known) as a value. Empty
// text is nothing. What cannot be a value is left to the trigger, which says so best.
MUST_CHECK int forms_cell(const struct forms *self, const struct field *field, const char *office,
                          struct bytes text, struct cell *ret_cell, struct err *reterr);

void cell_bind(const struct cell *self, sqlite3_stmt *stmt, int index);
bool cell_equals(const struct cell *self, sqlite3_stmt *stmt, int column);
void cell_release(struct cell *self);

// A column of a row: for people into `ret_text`, for programs as JSON (yours).
void column_show(const struct cli *cli, const struct field *field, sqlite3_stmt *stmt, int column,
                 struct buf *ret_text);
json_t *column_json(const struct field *field, sqlite3_stmt *stmt, int column);

// "field=value" taken apart: the field, NULL for the record's office ("office").
MUST_CHECK int forms_assignment(const struct type *type, const char *word,
                                const struct field **ret_field, const char **ret_value,
                                struct err *reterr);

// Add ", "-separated quoted names of all fields, with `id` and `office` in front.
void forms_columns(const struct type *type, struct buf *ret_sql);

#endif
