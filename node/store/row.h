// row.h - a record's fields as a row of SQL and as packed facts
//
//     row in JSON, by a trigger    {"signed_on": "2026-01-05", "is_kept": 1, "note": null}
//       --row_facts-->             {"is_kept": true, "note": nil, "signed_on": 20458}     msgpack
//       --row_bind-->              columns again: TEXT '2026-01-05', INTEGER 1, NULL
//
// Shape    date: TEXT 'YYYY-MM-DD' in SQL, days in facts. bool: INTEGER 0 or 1. A list: TEXT with
//          a JSON array. Text is made form C and trimmed on the way into facts; an empty one is no
//          value. Columns stand in bytewise order of their names, as facts do.
// Errors   ERR_FIELD names the column and says what is wrong with it; ERR_LIMIT for facts that no
//          entry can hold. Binding never fails: what was signed is shown, whatever it is.
// Memory   A row_shape borrows the type it was made of.
// Threads  One at a time.

#ifndef STORE_ROW_H
#define STORE_ROW_H

#include <jansson.h>

#include "../core/type.h"
#include "sql.h"

enum {
    FACTS_SIZE_MAX = 61440, // An entry has 65,535 bytes; 32 refs and the rest of it take under 4 KB
    LIST_MAX = 1024,        // Elements of one list
};

struct row_shape {
    const struct type *type;
    const struct field *fields[FIELDS_MAX]; // Bytewise by name; type->field_count of them
    char dates[FIELDS_MAX][11];             // What row_bind binds of dates
};

void row_shape_init(struct row_shape *self, const struct type *type);

// Add to `ret_facts` a packed map of the fields in which `now` differs from `was`. Without `was`
// (NULL): the fields that have a value, or, when `is_whole`, all that `now` names.
MUST_CHECK int row_facts(const struct row_shape *self, const json_t *now, const json_t *was,
                         bool is_whole, struct buf *ret_facts, struct err *reterr);

// Bind each field's value in `state` (a packed map) from parameter `first` on; NULL where none.
void row_bind(struct row_shape *self, struct bytes state, sqlite3_stmt *stmt, int first);

// Add to `ret_facts` what of `state` this type knows: what row_facts gives for the row it made.
void row_known(const struct row_shape *self, struct bytes state, struct buf *ret_facts);

// The packed [[office, value], ...] of a conflict as JSON text; yours to free.
// `field` may be NULL: one of a newer version of the type.
char *row_choices(const struct field *field, struct bytes packed);

#endif
