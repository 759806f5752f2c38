// office_schema.h - the SQL of office.db, made from the definitions of types
//
//     CREATE TABLE "commitment"(id TEXT PRIMARY KEY DEFAULT (...), office TEXT ..., "household"
//     TEXT, "signed_on" TEXT) WITHOUT ROWID
//     CREATE TRIGGER "_commitment_check_insert" BEFORE INSERT ON "commitment" BEGIN SELECT CASE
//     WHEN ... THEN RAISE(ABORT, 'LT-FIELD: cột ... / column ...') ... END; END
//
// Shape    Tables of types begin with a letter, ours with an underscore, so they never meet.
//          Constraints live in triggers alone: they guard whoever writes here, and the node's own
//          connection, with triggers off, shows whatever was signed elsewhere. An update is judged
//          by the columns it changes: a merged row that breaks a check can still be worked on.
//          Nothing here needs more than the plain sqlite3 shell has.
// Memory   SQL goes onto the end of a buf, without a semicolon behind the last statement.
// Threads  Any.
// Source   sqlite.org/lang_createtrigger.html

#ifndef STORE_OFFICE_SCHEMA_H
#define STORE_OFFICE_SCHEMA_H

#include "../core/type.h"

// The order in which a row passes them.
enum office_trigger {
    TRIGGER_CHECK_INSERT,
    TRIGGER_CHECK_UPDATE,
    TRIGGER_CHECK_DELETE,
    TRIGGER_OUT_INSERT,
    TRIGGER_OUT_UPDATE,
    TRIGGER_OUT_DELETE,
    TRIGGER_COUNT,
};

// The tables that are there whatever the types are. Static.
const char *office_schema_base(void);

// The table of a type, or that of its retracted rows.
void office_schema_table(const struct type *type, const struct office *self, bool is_retracted,
                         struct buf *ret_sql);

// A column as CREATE TABLE and ADD COLUMN want it.
void office_schema_column(const struct field *field, struct buf *ret_sql);

// Name and text of the index that finds a natural key; false when the type has none.
bool office_schema_index(const struct type *type, struct buf *ret_name, struct buf *ret_sql);

void office_schema_trigger(const struct type *type, const struct office *self,
                           enum office_trigger which, struct buf *ret_name, struct buf *ret_sql);

// An expression that gives a row as a JSON object; `row` is "NEW.", "OLD." or "". With `is_tame`,
// a BLOB that got past the checks becomes text rather than an error.
void office_schema_json(const struct type *type, const char *row, bool is_tame,
                        struct buf *ret_sql);

#endif
