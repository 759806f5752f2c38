// outbox.h - what was committed in office.db and is no entry yet
//
//     _outbox: n=7 put "05908-012.01a0..." was {"status":"active"} now {"status":"split"} heads ...
//       --outbox_drain-->  struct draft {facts {"status": "split"}, after = heads, ...}
//
// Shape    Rows come in the order of their commits. A row of which no entry can be made goes to
//          `_refused` with its code and both texts: nothing anybody wrote is lost without a word.
//          An INSERT whose id had heads, or follows another row of the batch, is whole: OR REPLACE
//          hides what the row was before, so the core compares it with the state. Whole facts
//          name cleared fields too, as nil.
// Errors   As sql.h.
// Memory   Drafts are borrowed until the next drain or outbox_release.
// Threads  One at a time.

#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "../base/map.h"
#include "../core/draft.h"
#include "row.h"

enum {
    DRAIN_MAX = 1000, // Rows of one batch: some 200 KB of drafts
};

struct outbox {
    sqlite3 *db;
    sqlite3_stmt *read, *refuse, *refuse_key, *drop;
    size_t count;
    struct draft *drafts;
    struct outbox_row *rows;
    struct buf arena;
    struct map last; // Record's id -> its last row in the batch
};

// `db` stays the caller's, and outlives the outbox.
MUST_CHECK int outbox_open(struct outbox *self, sqlite3 *db, struct err *reterr);
void outbox_release(struct outbox *self);

// Read the first rows; `shapes` maps names of types to struct row_shape. Writes to `_refused`.
MUST_CHECK int outbox_drain(struct outbox *self, const struct map *shapes,
                            const struct draft **ret_drafts, size_t *ret_count, struct err *reterr);

// Remove the rows of the first `count` drafts of the last drain.
MUST_CHECK int outbox_drop(struct outbox *self, size_t count, struct err *reterr);

// Move the row with that key to `_refused`, for `why`.
MUST_CHECK int outbox_refuse(struct outbox *self, const uint8_t key[16], const struct err *why,
                             struct err *reterr);

#endif
