#include "log_db.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "log_schema.h"
#include "sql.h"

enum {
    CACHE_KIB = 2048,
    BUSY_MS = 2000, // Only a person with the sqlite3 shell can be in the way
    TILE_SIZE = TILE_LEAVES * 32,
    TILE_LEVEL_SHIFT = 37,
    TILE_LEVEL_MAX = 7,
};

_Static_assert(PARTS_MAX == 4, "the table tally has one column for each part");

enum stmt {
    BEGIN,
    BEGIN_READ,
    COMMIT,
    ROLLBACK,
    HEAD_PUT,
    HEAD_GET,
    ENTRY_ADD,
    ENTRY_GET,
    SPECIAL_ADD,
    SPECIAL_GET,
    TILE_ADD,
    TILE_GET,
    RECORD_PUT,
    RECORD_GET,
    RECORD_LAST,
    RECORD_WAITING,
    GROUP_PUT,
    GROUP_DROP,
    GROUP_GET,
    GROUP_RECOUNT,
    TOTAL_ADD,
    TOTAL_GET,
    TOTAL_RECOUNT,
    RECEIPT_PUT,
    RECEIPT_GET,
    DRAINED_ADD,
    DRAINED_GET,
    QUARANTINE_PUT,
    QUARANTINE_DROP,
    EVIDENCE_ADD,
    SEGMENT_ADD,
    META_PUT,
    META_GET,
    INVITE_PUT,
    INVITE_GET,
    INVITE_USE,
    STMT_COUNT,
};

#define RECEIPT_COLUMNS                                                                            \
    "office, epoch, holder, size, bodies, envelopes, root, time, cosignature, signature"

static const char *const stmt_texts[STMT_COUNT] = {
    // IMMEDIATE: a transaction that reads first could find at its first write that it may not.
    [BEGIN] = "BEGIN IMMEDIATE",
    [BEGIN_READ] = "BEGIN",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
    [HEAD_PUT] = "INSERT INTO head VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET"
                 " office = ?2, epoch = ?3, size = ?4, note_size = ?5, note = ?6",
    [HEAD_GET] = "SELECT office, epoch, size, note_size, note FROM head WHERE log = ?1",
    [ENTRY_ADD] = "INSERT INTO entry VALUES (?1, ?2, ?3, ?4)",
    [ENTRY_GET] = "SELECT stub, body FROM entry WHERE key = ?1",
    [SPECIAL_ADD] = "INSERT INTO special SELECT coalesce(max(n) + 1, 0), ?1 FROM special",
    [SPECIAL_GET] = "SELECT key FROM special WHERE n = ?1",
    [TILE_ADD] = "INSERT INTO tile VALUES (?1, ?2)",
    [TILE_GET] = "SELECT hashes FROM tile WHERE key = ?1",
    // Not REPLACE: that takes the old row out and puts the new one in, in both trees.
    [RECORD_PUT] = "INSERT INTO record VALUES (?1, ?2, ?3, ?4)"
                   " ON CONFLICT DO UPDATE SET row = ?3, waiting = ?4",
    [RECORD_GET] = "SELECT row FROM record WHERE creator = ?1 AND id = ?2",
    [RECORD_LAST] = "SELECT id FROM record WHERE creator = ?1 ORDER BY id DESC LIMIT 1",
    [RECORD_WAITING] = "SELECT creator, id FROM record WHERE waiting = 1"
                       " AND (creator, id) > (?1, ?2) ORDER BY creator, id LIMIT 1",
    [GROUP_PUT] = "INSERT INTO tally VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                  " ON CONFLICT DO UPDATE SET office = ?4, n0 = ?5, n1 = ?6, n2 = ?7, n3 = ?8",
    [GROUP_DROP] = "DELETE FROM tally WHERE measure = ?1 AND period = ?2 AND key = ?3",
    [GROUP_GET] = "SELECT office, n0, n1, n2, n3 FROM tally"
                  " WHERE measure = ?1 AND period = ?2 AND key = ?3",
    [GROUP_RECOUNT] = "DELETE FROM tally WHERE measure = ?1",
    [TOTAL_ADD] = "INSERT INTO total VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET n = n + ?4",
    [TOTAL_GET] = "SELECT n FROM total WHERE measure = ?1 AND period = ?2 AND office = ?3",
    [TOTAL_RECOUNT] = "DELETE FROM total WHERE measure = ?1",
    [RECEIPT_PUT] = "INSERT INTO receipt VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
                    " ON CONFLICT DO UPDATE SET size = ?4, bodies = ?5, envelopes = ?6,"
                    " root = ?7, time = ?8, cosignature = ?9, signature = ?10",
    [RECEIPT_GET] = "SELECT " RECEIPT_COLUMNS " FROM receipt"
                    " WHERE office = ?1 AND epoch = ?2 AND holder = ?3",
    [DRAINED_ADD] = "INSERT INTO drained VALUES (?1, ?2, ?3)",
    [DRAINED_GET] = "SELECT log, seq FROM drained WHERE key = ?1",
    [QUARANTINE_PUT] = "INSERT INTO quarantine VALUES (?1, ?2)"
                       " ON CONFLICT DO UPDATE SET code = ?2",
    [QUARANTINE_DROP] = "DELETE FROM quarantine WHERE key = ?1",
    [EVIDENCE_ADD] = "INSERT INTO evidence VALUES (NULL, ?1, ?2, ?3, ?4, ?5)",
    [SEGMENT_ADD] = "INSERT INTO segment VALUES (NULL, ?1, ?2, ?3)",
    [META_PUT] = "INSERT INTO meta VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = ?2",
    [META_GET] = "SELECT value FROM meta WHERE key = ?1",
    [INVITE_PUT] = "INSERT INTO invite VALUES (?1, ?2, ?3, ?4)"
                   " ON CONFLICT DO UPDATE SET office = ?2, expires = ?3, used = ?4",
    [INVITE_GET] = "SELECT office, expires, used FROM invite WHERE id = ?1",
    [INVITE_USE] = "UPDATE invite SET used = 1 WHERE id = ?1 AND used = 0",
};

struct log_db {
    sqlite3 *db;
    bool is_readonly;
    bool is_open;        // Between begin and commit
    int wal_pages;       // As of the last commit
    struct err view_err; // What the disk refused to a view; code 0 when nothing
    struct buf view_buf; // Bytes the last call of a view gave
    sqlite3_stmt *stmts[STMT_COUNT];

    // Segments of the open transaction; positions are given at its commit.
    struct log_segment *segments;
    size_t segment_count, segment_room;
};

// --- Life ---

static int
wal_grew(void *context, sqlite3 *db, const char *schema, int pages)
{
    struct log_db *self = context;
    (void)db;
    (void)schema;
    self->wal_pages = pages;
    return SQLITE_OK;
}

// True when nobody has made a table yet.
static int
is_empty(sqlite3 *db, int64_t *ret_is_empty, struct err *reterr)
{
    return sql_int(db, "SELECT count(*) = 0 FROM sqlite_schema", ret_is_empty, reterr);
}

static int
schema_make(sqlite3 *db, struct err *reterr)
{
    int rc = sql_exec(db, "BEGIN IMMEDIATE", reterr);
    if (rc != 0)
        return rc;
    // Looked at again: two programs may have found the file empty at the same time.
    int64_t empty = 0;
    rc = is_empty(db, &empty, reterr);
    if (rc == 0 && empty)
        rc = sql_exec(db, log_schema, reterr);
    if (rc == 0)
        rc = sql_exec(db, "COMMIT", reterr);
    if (rc != 0 && !sqlite3_get_autocommit(db))
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    return rc;
}

static int
schema_check(sqlite3 *db, bool is_readonly, struct err *reterr)
{
    int64_t version = 0, empty = 0;
    int rc = is_empty(db, &empty, reterr);
    if (rc == 0 && empty && !is_readonly)
        rc = schema_make(db, reterr);
    if (rc == 0)
        rc = sql_int(db, "PRAGMA user_version", &version, reterr);
    if (rc != 0 || version == LOG_SCHEMA_VERSION)
        return rc;
    if (version > LOG_SCHEMA_VERSION)
        return err_set(reterr, ERR_VERSION, "cấu trúc %lld, chương trình này đọc được %d",
                       "layout %lld, this program reads %d", (long long)version,
                       (int)LOG_SCHEMA_VERSION);
    return err_set(reterr, ERR_HOME, "không phải nhật ký của lienthong", "not a log of lienthong");
}

static int
open_as(const char *path, bool is_readonly, struct log_db **ret_self, struct err *reterr)
{
    OWNED(log_db_destroy) struct log_db *self = mem_new(sizeof *self);
    self->is_readonly = is_readonly;
    struct sql_options options = {.file_mode = 0600,
                                  .is_readonly = is_readonly,
                                  .cache_kib = CACHE_KIB,
                                  .busy_timeout_ms = BUSY_MS,
                                  .checkpoint_self = true};
    int rc = sql_open(path, &options, &self->db, reterr);
    if (rc != 0)
        return rc;
    (void)sqlite3_wal_hook(self->db, wal_grew, self);
    rc = schema_check(self->db, is_readonly, reterr);
    if (rc == 0)
        rc = sql_prepare_all(self->db, stmt_texts, STMT_COUNT, self->stmts, reterr);
    if (rc != 0)
        return err_wrap(reterr, "%s", "%s", path);
    // What a crash left in the WAL counts too, though nobody has told us how much it is.
    self->wal_pages = 1;
    log_db_idle(self);
    *ret_self = self;
    self = NULL;
    return 0;
}

int
log_db_open(const char *path, struct log_db **ret_self, struct err *reterr)
{
    return open_as(path, false, ret_self, reterr);
}

int
log_db_open_ro(const char *path, struct log_db **ret_self, struct err *reterr)
{
    return open_as(path, true, ret_self, reterr);
}

void
log_db_destroy(struct log_db **self_p)
{
    struct log_db *self = *self_p;
    if (self == NULL)
        return;
    log_db_rollback(self);
    for (size_t i = 0; i < STMT_COUNT; i++)
        stmt_destroy(&self->stmts[i]);
    sql_close(&self->db);
    buf_release(&self->view_buf);
    free(self->segments);
    free(self);
    *self_p = NULL;
}

// --- Transactions ---

void
log_db_rollback(struct log_db *self)
{
    struct err ignored;
    // A full disk, among others, makes SQLite roll back by itself.
    if (self->is_open && !sqlite3_get_autocommit(self->db)) {
        int rc = stmt_run(self->stmts[ROLLBACK], &ignored);
        // A rollback that reports a bad disk has still ended the transaction.
        assert(sqlite3_get_autocommit(self->db));
        (void)rc;
    }
    self->is_open = false;
    self->segment_count = 0;
    self->view_err.code = 0;
}

// End the transaction for the failure already in `reterr`.
static int
give_up(struct log_db *self, int rc)
{
    log_db_rollback(self);
    return rc;
}

// What a view met since the last question is an error of whoever writes next.
static int
view_failure(struct log_db *self, struct err *reterr)
{
    if (self->view_err.code == 0)
        return 0;
    *reterr = self->view_err;
    return give_up(self, reterr->code);
}

int
log_db_begin(struct log_db *self, struct err *reterr)
{
    assert(!self->is_open);
    int rc = view_failure(self, reterr);
    if (rc == 0)
        rc = stmt_run(self->stmts[self->is_readonly ? BEGIN_READ : BEGIN], reterr);
    self->is_open = rc == 0;
    // A reading transaction sees what was there at its first look, so it takes that now.
    uint64_t ignored;
    if (rc == 0 && self->is_readonly)
        rc = log_db_position(self, &ignored, reterr);
    return rc != 0 ? give_up(self, rc) : 0;
}

static int
segments_write(struct log_db *self, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[SEGMENT_ADD];
    for (size_t i = 0; i < self->segment_count; i++) {
        const struct log_segment *segment = &self->segments[i];
        stmt_bind_int(stmt, 1, segment->log);
        stmt_bind_int(stmt, 2, (int64_t)segment->first);
        stmt_bind_int(stmt, 3, (int64_t)segment->count);
        int rc = stmt_run(stmt, reterr);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int
log_db_commit(struct log_db *self, struct err *reterr)
{
    assert(self->is_open);
    int rc = view_failure(self, reterr);
    if (rc != 0)
        return rc;
    rc = segments_write(self, reterr);
    if (rc == 0)
        rc = stmt_run(self->stmts[COMMIT], reterr);
    if (rc != 0)
        return give_up(self, rc);
    self->is_open = false;
    self->segment_count = 0;
    if (self->wal_pages > WAL_PAGES_MAX)
        log_db_idle(self);
    return 0;
}

void
log_db_idle(struct log_db *self)
{
    if (self->is_readonly || self->is_open || self->wal_pages == 0)
        return;
    // Readers may keep it from finishing, and a bad disk shows at the next commit: either way what
    // was committed is safe in the WAL, so there is nothing to tell anybody here.
    int pages = 0, moved = 0;
    int code = sqlite3_wal_checkpoint_v2(self->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    if (code == SQLITE_OK && pages == moved)
        self->wal_pages = 0;
}

int
log_db_wal_pages(const struct log_db *self)
{
    return self->wal_pages;
}

// --- Writes ---

#define SEQ_LAST (((seq_t)1 << LOG_BITS) - 1)

static int64_t
entry_key(log_t log, seq_t seq)
{
    assert(log < 1U << (63 - LOG_BITS) && seq <= SEQ_LAST);
    return (int64_t)((uint64_t)log << LOG_BITS | seq);
}

static log_t
log_of(int64_t key)
{
    return (log_t)((uint64_t)key >> LOG_BITS);
}

static seq_t
seq_of(int64_t key)
{
    return (uint64_t)key & SEQ_LAST;
}

static int64_t
tile_key(log_t log, unsigned level, uint64_t index)
{
    assert(level <= TILE_LEVEL_MAX && index < (uint64_t)1 << TILE_LEVEL_SHIFT);
    return entry_key(log, (uint64_t)level << TILE_LEVEL_SHIFT | index);
}

// A step touches few logs, so the newest segments are looked at first and soon found.
static void
segment_note(struct log_db *self, log_t log, seq_t seq)
{
    for (size_t i = self->segment_count; i-- > 0;) {
        struct log_segment *segment = &self->segments[i];
        if (segment->log != log)
            continue;
        if (segment->first + segment->count != seq)
            break;
        segment->count++;
        return;
    }
    self->segments = mem_reserve(self->segments, &self->segment_room, self->segment_count + 1,
                                 sizeof *self->segments);
    self->segments[self->segment_count++] =
        (struct log_segment){.log = log, .first = seq, .count = 1};
}

static int
head_write(struct log_db *self, const struct write *write, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[HEAD_PUT];
    const struct log_head *head = &write->as.head.head;
    stmt_bind_int(stmt, 1, write->as.head.log);
    stmt_bind_text(stmt, 2, head->origin.office.code);
    stmt_bind_int(stmt, 3, (int64_t)head->origin.epoch);
    stmt_bind_int(stmt, 4, (int64_t)head->size);
    stmt_bind_int(stmt, 5, (int64_t)head->note_size);
    stmt_bind_bytes(stmt, 6, head->note);
    return stmt_run(stmt, reterr);
}

static int
entry_write(struct log_db *self, const struct write *write, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[ENTRY_ADD];
    int64_t key = entry_key(write->as.entry.log, write->as.entry.seq);
    stmt_bind_int(stmt, 1, key);
    stmt_bind_int(stmt, 2, (int64_t)write->as.entry.kind);
    stmt_bind_bytes(stmt, 3, write->as.entry.stub);
    stmt_bind_bytes(stmt, 4, write->as.entry.body);
    int rc = stmt_run(stmt, reterr);
    if (rc != 0)
        return rc;
    segment_note(self, write->as.entry.log, write->as.entry.seq);
    if (write->as.entry.kind == KIND_RECORD)
        return 0;
    stmt_bind_int(self->stmts[SPECIAL_ADD], 1, key);
    return stmt_run(self->stmts[SPECIAL_ADD], reterr);
}

static int
tile_write(struct log_db *self, const struct write *write, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[TILE_ADD];
    stmt_bind_int(stmt, 1,
                  tile_key(write->as.tile.log, write->as.tile.level, write->as.tile.index));
    stmt_bind_bytes(stmt, 2, BYTES(write->as.tile.hashes, TILE_SIZE));
    return stmt_run(stmt, reterr);
}

static int
record_write(struct log_db *self, const struct write *write, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[RECORD_PUT];
    const struct projection *projection = &write->as.record.projection;
    stmt_bind_text(stmt, 1, projection->id.creator.code);
    stmt_bind_bytes(stmt, 2, BYTES(projection->id.id, sizeof projection->id.id));
    stmt_bind_bytes(stmt, 3, write->as.record.row);
    stmt_bind_int(stmt, 4, projection->is_waiting);
    return stmt_run(stmt, reterr);
}

static void
bind_group_key(sqlite3_stmt *stmt, const char *measure, int32_t period, const char *key)
{
    stmt_bind_text(stmt, 1, measure);
    stmt_bind_int(stmt, 2, period);
    stmt_bind_text(stmt, 3, key); // Or an office, for a total
}

static int
group_write(struct log_db *self, const struct group *group, struct err *reterr)
{
    bool is_gone = true;
    for (size_t i = 0; i < PARTS_MAX; i++)
        is_gone = is_gone && group->counts[i] == 0;
    sqlite3_stmt *stmt = self->stmts[is_gone ? GROUP_DROP : GROUP_PUT];
    bind_group_key(stmt, group->measure, group->period, group->key);
    if (is_gone)
        return stmt_run(stmt, reterr);
    stmt_bind_text(stmt, 4, group->office.code);
    for (int i = 0; i < PARTS_MAX; i++)
        stmt_bind_int(stmt, 5 + i, group->counts[i]);
    return stmt_run(stmt, reterr);
}

static int
total_write(struct log_db *self, const struct write *write, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[TOTAL_ADD];
    bind_group_key(stmt, write->as.total.measure, write->as.total.period,
                   write->as.total.office.code);
    stmt_bind_int(stmt, 4, write->as.total.delta);
    return stmt_run(stmt, reterr);
}

static int
receipt_write(struct log_db *self, const struct receipt *receipt, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[RECEIPT_PUT];
    stmt_bind_text(stmt, 1, receipt->origin.office.code);
    stmt_bind_int(stmt, 2, (int64_t)receipt->origin.epoch);
    stmt_bind_text(stmt, 3, receipt->holder.code);
    stmt_bind_int(stmt, 4, (int64_t)receipt->size);
    stmt_bind_int(stmt, 5, (int64_t)receipt->bodies);
    stmt_bind_int(stmt, 6, (int64_t)receipt->envelopes);
    stmt_bind_bytes(stmt, 7, BYTES(receipt->root, sizeof receipt->root));
    stmt_bind_int(stmt, 8, (int64_t)receipt->time);
    stmt_bind_bytes(stmt, 9, BYTES(receipt->cosignature, sizeof receipt->cosignature));
    stmt_bind_bytes(stmt, 10, BYTES(receipt->signature, sizeof receipt->signature));
    return stmt_run(stmt, reterr);
}

static int
drained_write(struct log_db *self, const struct write *write, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[DRAINED_ADD];
    stmt_bind_bytes(stmt, 1, BYTES(write->as.drained.key, sizeof write->as.drained.key));
    stmt_bind_int(stmt, 2, write->as.drained.log);
    stmt_bind_int(stmt, 3, (int64_t)write->as.drained.seq);
    return stmt_run(stmt, reterr);
}

static int
quarantine_write(struct log_db *self, const struct write *write, struct err *reterr)
{
    int code = write->as.quarantine.code;
    sqlite3_stmt *stmt = self->stmts[code == 0 ? QUARANTINE_DROP : QUARANTINE_PUT];
    stmt_bind_int(stmt, 1, entry_key(write->as.quarantine.log, write->as.quarantine.seq));
    if (code != 0)
        stmt_bind_int(stmt, 2, code);
    return stmt_run(stmt, reterr);
}

static int
evidence_write(struct log_db *self, const struct write *write, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[EVIDENCE_ADD];
    stmt_bind_int(stmt, 1, write->as.evidence.code);
    stmt_bind_text(stmt, 2, write->as.evidence.origin.office.code);
    stmt_bind_int(stmt, 3, (int64_t)write->as.evidence.origin.epoch);
    stmt_bind_text(stmt, 4, write->as.evidence.from.code);
    stmt_bind_bytes(stmt, 5, write->as.evidence.what);
    return stmt_run(stmt, reterr);
}

static int
recount_write(struct log_db *self, const char *measure, struct err *reterr)
{
    stmt_bind_text(self->stmts[GROUP_RECOUNT], 1, measure);
    stmt_bind_text(self->stmts[TOTAL_RECOUNT], 1, measure);
    int rc = stmt_run(self->stmts[GROUP_RECOUNT], reterr);
    return rc != 0 ? rc : stmt_run(self->stmts[TOTAL_RECOUNT], reterr);
}

static int
one_write(struct log_db *self, const struct write *write, struct err *reterr)
{
    switch (write->type) {
    case WRITE_HEAD:
        return head_write(self, write, reterr);
    case WRITE_ENTRY:
        return entry_write(self, write, reterr);
    case WRITE_TILE:
        return tile_write(self, write, reterr);
    case WRITE_RECORD:
        return record_write(self, write, reterr);
    case WRITE_GROUP:
        return group_write(self, &write->as.group, reterr);
    case WRITE_TOTAL:
        return total_write(self, write, reterr);
    case WRITE_RECEIPT:
        return receipt_write(self, &write->as.receipt, reterr);
    case WRITE_DRAINED:
        return drained_write(self, write, reterr);
    case WRITE_QUARANTINE:
        return quarantine_write(self, write, reterr);
    case WRITE_EVIDENCE:
        return evidence_write(self, write, reterr);
    case WRITE_RECOUNT:
        return recount_write(self, write->as.recount, reterr);
    }
    assert(false);
    return ERR_BUG;
}

int
log_db_write(struct log_db *self, const struct write *writes, size_t count, struct err *reterr)
{
    assert(self->is_open && !self->is_readonly);
    int rc = view_failure(self, reterr);
    if (rc != 0)
        return rc;
    for (size_t i = 0; i < count; i++) {
        rc = one_write(self, &writes[i], reterr);
        if (rc != 0)
            return give_up(self, rc);
    }
    return 0;
}

// --- The view ---

// Go to the row of a statement that gives at most one. A failure is kept for whoever writes next.
static bool
view_row(struct log_db *self, sqlite3_stmt *stmt)
{
    struct err err = {0};
    int rc = stmt_next(stmt, &err);
    if (rc < 0 && self->view_err.code == 0)
        self->view_err = err;
    return rc == 1;
}

// The row has been read: no statement stays open, or it would hold the WAL back. `is_sound` is
// false when it was not what we wrote.
static bool
view_done(struct log_db *self, sqlite3_stmt *stmt, bool is_sound)
{
    (void)sqlite3_reset(stmt);
    if (!is_sound && self->view_err.code == 0)
        (void)err_set(&self->view_err, ERR_CORRUPT, "một dòng trong '%s' sai dạng",
                      "a row in '%s' has a wrong shape", "log.db");
    return is_sound;
}

// Keep bytes of a row until the view's next call.
static struct bytes
view_bytes(struct log_db *self, struct bytes bytes)
{
    buf_clear(&self->view_buf);
    buf_add_bytes(&self->view_buf, bytes);
    return buf_bytes(&self->view_buf);
}

static bool
column_office(sqlite3_stmt *stmt, int column, struct office *ret_office)
{
    *ret_office = (struct office){0}; // Codes are compared, and hashed, to the end of their array
    return stmt_text(stmt, column, ret_office->code, sizeof ret_office->code);
}

static bool
view_head(void *store, log_t log, struct log_head *ret_head)
{
    struct log_db *self = store;
    sqlite3_stmt *stmt = self->stmts[HEAD_GET];
    stmt_bind_int(stmt, 1, log);
    if (!view_row(self, stmt))
        return false;
    bool is_sound = column_office(stmt, 0, &ret_head->origin.office);
    ret_head->origin.epoch = (epoch_t)stmt_int(stmt, 1);
    ret_head->size = (seq_t)stmt_int(stmt, 2);
    ret_head->note_size = (seq_t)stmt_int(stmt, 3);
    ret_head->note = view_bytes(self, stmt_bytes(stmt, 4));
    return view_done(self, stmt, is_sound);
}

static bool
view_entry(void *store, log_t log, seq_t seq, struct bytes *ret_stub, struct bytes *ret_body)
{
    struct log_db *self = store;
    sqlite3_stmt *stmt = self->stmts[ENTRY_GET];
    if (seq > SEQ_LAST) // A peer may ask for anything
        return false;
    stmt_bind_int(stmt, 1, entry_key(log, seq));
    if (!view_row(self, stmt))
        return false;
    size_t stub_size = view_bytes(self, stmt_bytes(stmt, 0)).size;
    buf_add_bytes(&self->view_buf, stmt_bytes(stmt, 1));
    // Only now: the buffer may have moved when the body came behind the stub.
    struct bytes both = buf_bytes(&self->view_buf);
    *ret_stub = BYTES(both.at, stub_size);
    *ret_body = BYTES(both.at + stub_size, both.size - stub_size);
    return view_done(self, stmt, stub_size > 0);
}

static bool
view_tile(void *store, log_t log, unsigned level, uint64_t index, struct bytes *ret_hashes)
{
    struct log_db *self = store;
    sqlite3_stmt *stmt = self->stmts[TILE_GET];
    if (level > TILE_LEVEL_MAX || index >> TILE_LEVEL_SHIFT != 0)
        return false;
    stmt_bind_int(stmt, 1, tile_key(log, level, index));
    if (!view_row(self, stmt))
        return false;
    *ret_hashes = view_bytes(self, stmt_bytes(stmt, 0));
    return view_done(self, stmt, ret_hashes->size == TILE_SIZE);
}

static bool
view_record(void *store, const struct record_id *id, struct bytes *ret_row)
{
    struct log_db *self = store;
    sqlite3_stmt *stmt = self->stmts[RECORD_GET];
    stmt_bind_text(stmt, 1, id->creator.code);
    stmt_bind_bytes(stmt, 2, BYTES(id->id, sizeof id->id));
    if (!view_row(self, stmt))
        return false;
    *ret_row = view_bytes(self, stmt_bytes(stmt, 0));
    return view_done(self, stmt, true);
}

static bool
view_record_last(void *store, const struct office *creator, uint8_t ret_id[16])
{
    struct log_db *self = store;
    sqlite3_stmt *stmt = self->stmts[RECORD_LAST];
    stmt_bind_text(stmt, 1, creator->code);
    if (!view_row(self, stmt))
        return false;
    return view_done(self, stmt, stmt_exact(stmt, 0, ret_id, 16));
}

static bool
view_special(void *store, uint64_t nth, log_t *ret_log, seq_t *ret_seq)
{
    struct log_db *self = store;
    sqlite3_stmt *stmt = self->stmts[SPECIAL_GET];
    stmt_bind_int(stmt, 1, (int64_t)nth);
    if (!view_row(self, stmt))
        return false;
    int64_t key = stmt_int(stmt, 0);
    *ret_log = log_of(key);
    *ret_seq = seq_of(key);
    return view_done(self, stmt, true);
}

static bool
view_waiting(void *store, const struct record_id *after, struct record_id *ret_id)
{
    struct log_db *self = store;
    sqlite3_stmt *stmt = self->stmts[RECORD_WAITING];
    stmt_bind_text(stmt, 1, after->creator.code);
    stmt_bind_bytes(stmt, 2, BYTES(after->id, sizeof after->id));
    if (!view_row(self, stmt))
        return false;
    // By way of a copy: `after` and `ret_id` may be one and the same, and it is still bound.
    struct record_id id = {0};
    bool is_sound = column_office(stmt, 0, &id.creator) && stmt_exact(stmt, 1, id.id, sizeof id.id);
    *ret_id = id;
    return view_done(self, stmt, is_sound);
}

static bool
view_group(void *store, const char *measure, int32_t period, const char *key,
           struct group *ret_group)
{
    struct log_db *self = store;
    sqlite3_stmt *stmt = self->stmts[GROUP_GET];
    bind_group_key(stmt, measure, period, key);
    if (!view_row(self, stmt))
        return false;
    struct group group = {.period = period};
    size_t measure_size = strlen(measure), key_size = strlen(key);
    assert(measure_size <= MEASURE_MAX && key_size <= TALLY_KEY_MAX);
    memcpy(group.measure, measure, measure_size);
    memcpy(group.key, key, key_size);
    bool is_sound = column_office(stmt, 0, &group.office);
    for (int i = 0; i < PARTS_MAX; i++)
        group.counts[i] = stmt_int(stmt, 1 + i);
    *ret_group = group;
    return view_done(self, stmt, is_sound);
}

static int64_t
view_total(void *store, const char *measure, int32_t period, const struct office *office)
{
    struct log_db *self = store;
    sqlite3_stmt *stmt = self->stmts[TOTAL_GET];
    bind_group_key(stmt, measure, period, office->code);
    if (!view_row(self, stmt))
        return 0;
    int64_t total = stmt_int(stmt, 0);
    (void)view_done(self, stmt, true);
    return total;
}

// A row of RECEIPT_COLUMNS; false when it is not what we wrote.
static bool
receipt_of(sqlite3_stmt *stmt, struct receipt *ret_receipt)
{
    *ret_receipt = (struct receipt){
        .origin.epoch = (epoch_t)stmt_int(stmt, 1),
        .size = (seq_t)stmt_int(stmt, 3),
        .bodies = (seq_t)stmt_int(stmt, 4),
        .envelopes = (seq_t)stmt_int(stmt, 5),
        .time = (uint64_t)stmt_int(stmt, 7),
    };
    return column_office(stmt, 0, &ret_receipt->origin.office) &&
           column_office(stmt, 2, &ret_receipt->holder) &&
           stmt_exact(stmt, 6, ret_receipt->root, sizeof ret_receipt->root) &&
           stmt_exact(stmt, 8, ret_receipt->cosignature, sizeof ret_receipt->cosignature) &&
           stmt_exact(stmt, 9, ret_receipt->signature, sizeof ret_receipt->signature);
}

static bool
view_receipt(void *store, const struct origin *origin, const struct office *holder,
             struct receipt *ret_receipt)
{
    struct log_db *self = store;
    sqlite3_stmt *stmt = self->stmts[RECEIPT_GET];
    stmt_bind_text(stmt, 1, origin->office.code);
    stmt_bind_int(stmt, 2, (int64_t)origin->epoch);
    stmt_bind_text(stmt, 3, holder->code);
    if (!view_row(self, stmt))
        return false;
    struct receipt receipt;
    bool is_sound = receipt_of(stmt, &receipt);
    *ret_receipt = receipt;
    return view_done(self, stmt, is_sound);
}

struct view
log_db_view(struct log_db *self)
{
    return (struct view){
        .store = self,
        .head = view_head,
        .entry = view_entry,
        .tile = view_tile,
        .record = view_record,
        .record_last = view_record_last,
        .special = view_special,
        .waiting = view_waiting,
        .group = view_group,
        .total = view_total,
        .receipt = view_receipt,
    };
}

// --- Named values, invitations, the outbox ---

// Run a statement that is part of the open transaction, or one of its own.
static int
run_alone(struct log_db *self, sqlite3_stmt *stmt, struct err *reterr)
{
    assert(!self->is_readonly);
    int rc = stmt_run(stmt, reterr);
    return rc != 0 ? give_up(self, rc) : 0;
}

// To the one row of `stmt`: 0 it is there, ERR_NOTFOUND it is not, or what the disk says.
static int
find_row(sqlite3_stmt *stmt, const char *what, struct err *reterr)
{
    int rc = stmt_next(stmt, reterr);
    if (rc < 0)
        return rc;
    if (rc == 1)
        return 0;
    return err_set(reterr, ERR_NOTFOUND, "'%s' không có trong log.db", "'%s' is not in log.db",
                   what);
}

static int
row_broken(const char *table, struct err *reterr)
{
    return err_set(reterr, ERR_CORRUPT, "một dòng của bảng '%s' sai dạng",
                   "a row of table '%s' has a wrong shape", table);
}

int
log_db_meta_set(struct log_db *self, const char *key, struct bytes value, struct err *reterr)
{
    stmt_bind_text(self->stmts[META_PUT], 1, key);
    stmt_bind_bytes(self->stmts[META_PUT], 2, value);
    return run_alone(self, self->stmts[META_PUT], reterr);
}

int
log_db_meta_get(struct log_db *self, const char *key, struct buf *ret_value, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[META_GET];
    buf_clear(ret_value);
    stmt_bind_text(stmt, 1, key);
    int rc = find_row(stmt, key, reterr);
    if (rc != 0)
        return rc;
    buf_add_bytes(ret_value, stmt_bytes(stmt, 0));
    (void)sqlite3_reset(stmt);
    return 0;
}

int
log_db_invite_put(struct log_db *self, const struct invite *invite, struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[INVITE_PUT];
    stmt_bind_bytes(stmt, 1, BYTES(invite->id, sizeof invite->id));
    stmt_bind_text(stmt, 2, invite->office.code);
    stmt_bind_int(stmt, 3, (int64_t)invite->expires);
    stmt_bind_int(stmt, 4, invite->is_used);
    return run_alone(self, stmt, reterr);
}

int
log_db_invite_find(struct log_db *self, const uint8_t id[16], struct invite *ret_invite,
                   struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[INVITE_GET];
    stmt_bind_bytes(stmt, 1, BYTES(id, 16));
    int rc = find_row(stmt, "invite", reterr);
    if (rc != 0)
        return rc;
    struct invite invite = {.expires = (uint64_t)stmt_int(stmt, 1),
                            .is_used = stmt_int(stmt, 2) != 0};
    memcpy(invite.id, id, sizeof invite.id);
    bool is_sound = column_office(stmt, 0, &invite.office);
    (void)sqlite3_reset(stmt);
    if (!is_sound)
        return row_broken("invite", reterr);
    *ret_invite = invite;
    return 0;
}

int
log_db_invite_use(struct log_db *self, const uint8_t id[16], struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[INVITE_USE];
    stmt_bind_bytes(stmt, 1, BYTES(id, 16));
    int rc = run_alone(self, stmt, reterr);
    if (rc != 0 || sqlite3_changes(self->db) == 1)
        return rc;
    char text[33];
    hex_text(id, 16, text);
    // Nothing was written, but a caller who cannot use the invitation must not go on either.
    (void)err_set(reterr, ERR_TOKEN, "thư mời %s không có hoặc đã dùng",
                  "invitation %s is unknown or used", text);
    return give_up(self, ERR_TOKEN);
}

int
log_db_drained(struct log_db *self, const uint8_t key[16], log_t *ret_log, seq_t *ret_seq,
               struct err *reterr)
{
    sqlite3_stmt *stmt = self->stmts[DRAINED_GET];
    stmt_bind_bytes(stmt, 1, BYTES(key, 16));
    int rc = find_row(stmt, "outbox", reterr);
    if (rc != 0)
        return rc;
    *ret_log = (log_t)stmt_int(stmt, 0);
    *ret_seq = (seq_t)stmt_int(stmt, 1);
    (void)sqlite3_reset(stmt);
    return 0;
}

// --- Lists: each has a statement of its own, so that a callback can ask for another list ---

int
log_db_position(struct log_db *self, uint64_t *ret_position, struct err *reterr)
{
    int64_t position = 0;
    int rc = sql_int(self->db, "SELECT max(position) FROM segment", &position, reterr);
    *ret_position = (uint64_t)position;
    return rc;
}

int
log_db_segments(struct log_db *self, uint64_t after,
                bool (*each)(void *context, const struct log_segment *segment), void *context,
                struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    int rc = sql_prepare(self->db,
                         "SELECT position, log, first, count FROM segment WHERE position > ?1"
                         " ORDER BY position",
                         &stmt, reterr);
    if (rc != 0)
        return rc;
    stmt_bind_int(stmt, 1, (int64_t)after);
    while ((rc = stmt_next(stmt, reterr)) == 1) {
        struct log_segment segment = {.position = (uint64_t)stmt_int(stmt, 0),
                                      .log = (log_t)stmt_int(stmt, 1),
                                      .first = (seq_t)stmt_int(stmt, 2),
                                      .count = (uint64_t)stmt_int(stmt, 3)};
        if (!each(context, &segment))
            return 0;
    }
    return rc;
}

int
log_db_entries(struct log_db *self, log_t log, seq_t from,
               bool (*each)(void *context, const struct log_entry *entry), void *context,
               struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    int rc = sql_prepare(self->db,
                         "SELECT key, kind, stub, body FROM entry WHERE key BETWEEN ?1 AND ?2"
                         " ORDER BY key",
                         &stmt, reterr);
    if (rc != 0)
        return rc;
    stmt_bind_int(stmt, 1, entry_key(log, from <= SEQ_LAST ? from : SEQ_LAST));
    stmt_bind_int(stmt, 2, entry_key(log, SEQ_LAST));
    while ((rc = stmt_next(stmt, reterr)) == 1) {
        struct log_entry entry = {.log = log,
                                  .seq = seq_of(stmt_int(stmt, 0)),
                                  .kind = (uint64_t)stmt_int(stmt, 1),
                                  .stub = stmt_bytes(stmt, 2),
                                  .body = stmt_bytes(stmt, 3)};
        if (!each(context, &entry))
            return 0;
    }
    return rc;
}

int
log_db_records(struct log_db *self, const struct record_id *after,
               bool (*each)(void *context, const struct log_record *record), void *context,
               struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    int rc = sql_prepare(self->db,
                         "SELECT creator, id, row, waiting FROM record"
                         " WHERE (creator, id) > (?1, ?2) ORDER BY creator, id",
                         &stmt, reterr);
    if (rc != 0)
        return rc;
    stmt_bind_text(stmt, 1, after->creator.code);
    stmt_bind_bytes(stmt, 2, BYTES(after->id, sizeof after->id));
    while ((rc = stmt_next(stmt, reterr)) == 1) {
        struct log_record record = {.row = stmt_bytes(stmt, 2), .is_waiting = stmt_int(stmt, 3)};
        if (!column_office(stmt, 0, &record.id.creator) ||
            !stmt_exact(stmt, 1, record.id.id, sizeof record.id.id))
            return row_broken("record", reterr);
        if (!each(context, &record))
            return 0;
    }
    return rc;
}

int
log_db_quarantined(struct log_db *self,
                   bool (*each)(void *context, const struct log_quarantine *quarantine),
                   void *context, struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    int rc = sql_prepare(self->db, "SELECT key, code FROM quarantine ORDER BY key", &stmt, reterr);
    if (rc != 0)
        return rc;
    while ((rc = stmt_next(stmt, reterr)) == 1) {
        int64_t key = stmt_int(stmt, 0);
        struct log_quarantine quarantine = {
            .log = log_of(key), .seq = seq_of(key), .code = (int)stmt_int(stmt, 1)};
        if (!each(context, &quarantine))
            return 0;
    }
    return rc;
}

int
log_db_receipts(struct log_db *self, bool (*each)(void *context, const struct receipt *receipt),
                void *context, struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    int rc = sql_prepare(self->db,
                         "SELECT " RECEIPT_COLUMNS " FROM receipt ORDER BY office, epoch, holder",
                         &stmt, reterr);
    if (rc != 0)
        return rc;
    while ((rc = stmt_next(stmt, reterr)) == 1) {
        struct receipt receipt;
        if (!receipt_of(stmt, &receipt))
            return row_broken("receipt", reterr);
        if (!each(context, &receipt))
            return 0;
    }
    return rc;
}

int
log_db_evidence(struct log_db *self,
                bool (*each)(void *context, const struct log_evidence *evidence), void *context,
                struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    int rc = sql_prepare(self->db,
                         "SELECT id, code, office, epoch, sender, what FROM evidence ORDER BY id",
                         &stmt, reterr);
    if (rc != 0)
        return rc;
    while ((rc = stmt_next(stmt, reterr)) == 1) {
        struct log_evidence evidence = {.id = stmt_int(stmt, 0),
                                        .code = (int)stmt_int(stmt, 1),
                                        .origin.epoch = (epoch_t)stmt_int(stmt, 3),
                                        .what = stmt_bytes(stmt, 5)};
        if (!column_office(stmt, 2, &evidence.origin.office) ||
            !column_office(stmt, 4, &evidence.from))
            return row_broken("evidence", reterr);
        if (!each(context, &evidence))
            return 0;
    }
    return rc;
}

int
log_db_evidence_count(struct log_db *self, uint64_t *ret_count, struct err *reterr)
{
    int64_t count = 0;
    int rc = sql_int(self->db, "SELECT count(*) FROM evidence", &count, reterr);
    *ret_count = (uint64_t)count;
    return rc;
}
