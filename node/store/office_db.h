// office_db.h - the file everybody on the machine reads and writes: records as plain SQL
//
//     sqlite3 office.db "INSERT INTO household(household_no, status, since) VALUES (7, ...)"
//       -> triggers check it and leave a row in _outbox, in that same transaction
//       -> office_db_changed, _begin, _drain: drafts; the core makes entries of them
//       -> office_db_put, _drop, _commit: the row as the fold has it, with its heads
//
// Shape    One table for each type, named as the type: id, office (the subject), then its fields;
//          X_retracted holds the rows of X that were retracted. Beside them _head, _outbox,
//          _refused, _writer (who writes: a row put in and deleted again inside the writer's own
//          transaction), _conflict, _office, _figure, _meta. Our connection has triggers off.
// Units    as_of: ms UTC.
// Errors   ERR_BUSY at once when somebody else writes: nothing here waits but office_db_open.
// ERR_FULL, ERR_IO,
//          ERR_CORRUPT, ERR_READONLY as the disk is. After a failure inside a transaction: roll it
//          back.
// Memory   Types are borrowed until the next office_db_set_types or the close.
// Threads  One at a time.
//
// synchronous is NORMAL: what a power cut takes from this file is put again from log.db.

#ifndef STORE_OFFICE_DB_H
#define STORE_OFFICE_DB_H

#include "../core/draft.h"
#include "../core/type.h"
#include "../core/view.h"

enum {
    OPENING_MS =
        5000, // What opening waits for another's lock: one who recovers the WAL after a crash
};

struct office_db;

struct office_entry {
    struct office office;
    struct office parent; // None, of the top
    const char *name;
    bool is_hosted;
};

struct figure_row {
    const char *indicator;
    struct office office;
    int32_t period;
    int64_t numerator, denominator;
    int meets;          // 1, 0, or -1 where it cannot be said
    const char *target; // As people read it; may be NULL
    wall_t as_of;
    int64_t heard, expected; // Offices
};

// Open or create. The file is for all users of the machine's group to read and write (0660).
MUST_CHECK int office_db_open(const char *path, const struct office *self_office,
                              struct office_db **ret_self, struct err *reterr);
void office_db_close(struct office_db **self_p);

// Make tables, columns, indexes and triggers what these types need; rows stay. What is right
// already is not touched, so that a start costs no schema change. In a transaction of its own,
// unless one is open. ERR_TYPE for a field called 'office'.
MUST_CHECK int office_db_set_types(struct office_db *self, const struct type *const *types,
                                   size_t count, struct err *reterr);

// True when somebody else has changed the schema since our own last change: set the types again,
// and look for strays.
MUST_CHECK int office_db_schema_is_foreign(struct office_db *self, bool *ret_is_foreign,
                                           struct err *reterr);

// The offices that checks know. This office is among them in any case.
MUST_CHECK int office_db_set_offices(struct office_db *self, const struct office_entry *offices,
                                     size_t count, struct err *reterr);

MUST_CHECK int office_db_begin(struct office_db *self, struct err *reterr);
MUST_CHECK int office_db_commit(struct office_db *self, struct err *reterr);
void office_db_rollback(struct office_db *self);

// In a transaction: up to 1000 undrained rows as drafts, in order; they stay in the outbox. Rows
// that cannot be drafts move to _refused. Drafts are borrowed until the next drain.
MUST_CHECK int office_db_drain(struct office_db *self, const struct draft **ret_drafts,
                               size_t *ret_count, struct err *reterr);

// Take the rows of the first `count` drafts of the last drain out of the outbox.
MUST_CHECK int office_db_drop(struct office_db *self, size_t count, struct err *reterr);

// Move the outbox row with that key to _refused, for `why`.
MUST_CHECK int office_db_refuse(struct office_db *self, const uint8_t key[16],
                                const struct err *why, struct err *reterr);

// Show a record: its row, its heads, its conflicts. Passes over types it does not know, and
// records that are waiting for parts.
MUST_CHECK int office_db_put(struct office_db *self, const struct projection *projection,
                             struct err *reterr);

// Values of our own kept in the file: "position", "net". Empty when never set.
MUST_CHECK int office_db_meta(struct office_db *self, const char *key, struct buf *ret_value,
                              struct err *reterr);
MUST_CHECK int office_db_set_meta(struct office_db *self, const char *key, struct bytes value,
                                  struct err *reterr);

// Which place of log.db this file shows; the store's own bytes.
MUST_CHECK int office_db_position(struct office_db *self, struct buf *ret_position,
                                  struct err *reterr);
MUST_CHECK int office_db_set_position(struct office_db *self, struct bytes position,
                                      struct err *reterr);

MUST_CHECK int office_db_put_figure(struct office_db *self, const struct figure_row *figure,
                                    struct err *reterr);

// Forget all figures of an indicator; of every one when `indicator` is NULL.
MUST_CHECK int office_db_clear_figures(struct office_db *self, const char *indicator,
                                       struct err *reterr);

// Rows of one of our own tables: "_outbox", "_refused", "_conflict".
MUST_CHECK int office_db_count(struct office_db *self, const char *table, int64_t *ret_count,
                               struct err *reterr);

// Readable when somebody, we too, wrote to the file; office_db_changed takes the events. Borrowed.
int office_db_fd(const struct office_db *self);

// True when the outbox holds something. Costs a microsecond while nobody else has written.
MUST_CHECK int office_db_changed(struct office_db *self, bool *ret_has_outbox, struct err *reterr);

// What the record looked like when its row was last put: false when there is no such record.
typedef bool (*office_db_expect)(void *context, const struct record_id *id,
                                 struct projection *ret_expected);

// In a transaction, with the outbox drained: rows that differ from what they should be, because
// somebody wrote while the triggers were gone, get a row in the outbox with the heads this file
// holds. Rows without a record are new ones, missing rows are retracted.
MUST_CHECK int office_db_strays(struct office_db *self, office_db_expect expect, void *context,
                                size_t *ret_count, struct err *reterr);

// In a transaction: empty tables of types, heads, conflicts and figures; the outbox stays.
MUST_CHECK int office_db_rebuild_begin(struct office_db *self, struct err *reterr);

#endif
