#include "outbox.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum column { N, KEY, TYPE, ID, SUBJECT, OP, WAS, NOW, HEADS, ACTOR, REASON, AT };

// What a draft cannot hold while the arena still moves.
struct outbox_row {
    int64_t n;
    size_t facts, facts_size, heads, heads_size;
    char id[RECORD_TEXT_MAX + 1];
};

#define COLUMNS "key, type, id, subject, op, was, now, heads, actor, reason, at"
#define REFUSE  "INSERT INTO _refused(" COLUMNS ", code, text) SELECT " COLUMNS ", ?2, ?3 FROM"

int
outbox_open(struct outbox *self, sqlite3 *db, struct err *reterr)
{
    *self = (struct outbox){.db = db};
    self->drafts = mem_new(DRAIN_MAX * sizeof *self->drafts);
    self->rows = mem_new(DRAIN_MAX * sizeof *self->rows);
    int rc = sql_prepare(db, "SELECT n, " COLUMNS " FROM _outbox ORDER BY n LIMIT ?1", &self->read,
                         reterr);
    if (rc == 0)
        rc = sql_prepare(db, REFUSE " _outbox WHERE n = ?1", &self->refuse, reterr);
    if (rc == 0)
        rc = sql_prepare(db, REFUSE " _outbox WHERE key = ?1", &self->refuse_key, reterr);
    if (rc == 0)
        rc = sql_prepare(db, "DELETE FROM _outbox WHERE n = ?1 AND key IS ?2", &self->drop, reterr);
    return rc;
}

void
outbox_release(struct outbox *self)
{
    stmt_destroy(&self->read);
    stmt_destroy(&self->refuse);
    stmt_destroy(&self->refuse_key);
    stmt_destroy(&self->drop);
    buf_release(&self->arena);
    map_release(&self->last);
    free(self->drafts);
    free(self->rows);
    *self = (struct outbox){0};
}

static int
json_read(sqlite3_stmt *stmt, int column, json_t **ret_json, struct err *reterr)
{
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL)
        return 0;
    struct bytes text = stmt_bytes(stmt, column);
    *ret_json = json_loadb((const char *)text.at, text.size, 0, NULL);
    if (json_is_object(*ret_json))
        return 0;
    return err_set(reterr, ERR_FIELD, "dòng có byte không phải văn bản UTF-8",
                   "the row has bytes that are no UTF-8 text");
}

static int
facts_read(struct outbox *self, const struct row_shape *shape, struct draft *draft,
           struct err *reterr)
{
    if (draft->op != OP_PUT) {
        buf_add_byte(&self->arena, 0x80); // An empty map
        return 0;
    }
    OWNED(json_decrefp) json_t *was = NULL;
    OWNED(json_decrefp) json_t *now = NULL;
    int rc = json_read(self->read, WAS, &was, reterr);
    if (rc == 0)
        rc = json_read(self->read, NOW, &now, reterr);
    if (rc == 0)
        rc = row_facts(shape, now, was, draft->is_whole, &self->arena, reterr);
    return rc;
}

static uint64_t
natural_of(sqlite3_stmt *stmt, enum column column)
{
    int64_t number = stmt_int(stmt, (int)column);
    return number > 0 ? (uint64_t)number : 0; // NULL, too, is 0: plain SQL, no reason
}

static int
names_read(struct outbox *self, struct draft *draft, struct outbox_row *row, struct err *reterr)
{
    sqlite3_stmt *stmt = self->read;
    row->n = stmt_int(stmt, N);
    if (!stmt_exact(stmt, KEY, draft->key, sizeof draft->key))
        return err_set(reterr, ERR_FIELD, "khóa của dòng không có 16 byte",
                       "the row's key has not 16 bytes");
    if (!stmt_text(stmt, ID, row->id, sizeof row->id) ||
        !record_id_parse(bytes_of(row->id), &draft->record))
        return err_set(reterr, ERR_FIELD, "cột 'id': không phải mã bản ghi",
                       "column 'id': it is not the id of a record");
    if (!office_parse(stmt_bytes(stmt, SUBJECT), &draft->subject))
        return err_set(reterr, ERR_FIELD, "cột 'office': không phải mã đơn vị",
                       "column 'office': it is not the code of an office");
    int64_t op = stmt_int(stmt, OP);
    if (op != OP_PUT && op != OP_RETRACT)
        return err_set(reterr, ERR_FIELD, "thao tác lạ", "unknown operation");
    draft->op = (enum op)op;
    draft->kind = KIND_RECORD;
    draft->actor = natural_of(stmt, ACTOR);
    draft->reason = natural_of(stmt, REASON);
    draft->drafted_at = stmt_int(stmt, AT);
    return 0;
}

static int
heads_read(struct outbox *self, struct outbox_row *row, struct err *reterr)
{
    struct ref refs[AFTER_MAX];
    size_t count;
    struct bytes heads = stmt_bytes(self->read, HEADS);
    if (heads.size > 0 && refs_read(heads, refs, &count) != 0)
        return err_set(reterr, ERR_FIELD, "danh sách phiên bản trước bị hỏng",
                       "the list of what came before is damaged");
    row->heads = self->arena.size;
    row->heads_size = heads.size;
    buf_add_bytes(&self->arena, heads);
    return 0;
}

// Make the next draft of the row the statement stands on.
static int
draft_read(struct outbox *self, const struct map *shapes, struct err *reterr)
{
    struct draft *draft = &self->drafts[self->count];
    struct outbox_row *row = &self->rows[self->count];
    *draft = (struct draft){0};
    *row = (struct outbox_row){0};
    const struct row_shape *shape = map_get(shapes, stmt_bytes(self->read, TYPE));
    int rc = names_read(self, draft, row, reterr);
    if (rc == 0 && shape == NULL)
        rc = err_set(reterr, ERR_TYPE, "không có loại bản ghi của dòng này",
                     "there is no such type of record");
    if (rc == 0)
        rc = heads_read(self, row, reterr);
    if (rc != 0)
        return rc;
    assert(shape != NULL); // Else rc is ERR_TYPE
    draft->type = bytes_of(shape->type->name);
    draft->type_version = shape->type->version;
    const struct outbox_row *before = map_get(&self->last, bytes_of(row->id));
    if (before != NULL)
        memcpy(draft->follows, self->drafts[before - self->rows].key, sizeof draft->follows);
    bool has_past = row->heads_size > 0 || before != NULL;
    draft->is_whole =
        draft->op == OP_PUT && has_past && sqlite3_column_type(self->read, WAS) == SQLITE_NULL;
    row->facts = self->arena.size;
    rc = facts_read(self, shape, draft, reterr);
    row->facts_size = self->arena.size - row->facts;
    return rc;
}

static int
row_drop(struct outbox *self, int64_t n, struct bytes key, struct err *reterr)
{
    stmt_bind_int(self->drop, 1, n);
    stmt_bind_bytes(self->drop, 2, key);
    return stmt_run(self->drop, reterr);
}

static int
refuse_run(sqlite3_stmt *refuse, const struct err *why, struct err *reterr)
{
    OWNED(buf_release) struct buf text = {0};
    buf_print(&text, "%s / %s", err_text(why, LANG_VI), err_text(why, LANG_EN));
    stmt_bind_text(refuse, 2, err_name(why->code));
    stmt_bind_utf8(refuse, 3, buf_bytes(&text));
    return stmt_run(refuse, reterr);
}

// Deleting the row a SELECT stands on is sound; only rows not yet reached must stay.
static int
current_refuse(struct outbox *self, const struct err *why, struct err *reterr)
{
    int64_t n = stmt_int(self->read, N);
    stmt_bind_int(self->refuse, 1, n);
    int rc = refuse_run(self->refuse, why, reterr);
    if (rc != 0)
        return rc;
    if (sqlite3_column_type(self->read, KEY) == SQLITE_NULL) {
        stmt_bind_int(self->drop, 1, n);
        stmt_bind_null(self->drop, 2);
        return stmt_run(self->drop, reterr);
    }
    OWNED(buf_release) struct buf key = {0};
    buf_add_bytes(&key, stmt_bytes(self->read, KEY));
    return row_drop(self, n, buf_bytes(&key), reterr);
}

static int
rows_read(struct outbox *self, const struct map *shapes, struct err *reterr)
{
    stmt_bind_int(self->read, 1, DRAIN_MAX);
    int rc;
    while ((rc = stmt_next(self->read, reterr)) == 1) {
        struct err why = {0};
        size_t mark = self->arena.size;
        if (draft_read(self, shapes, &why) == 0) {
            struct outbox_row *row = &self->rows[self->count++];
            map_put(&self->last, bytes_of(row->id), row);
            continue;
        }
        self->arena.size = mark;
        rc = current_refuse(self, &why, reterr);
        if (rc != 0) {
            (void)sqlite3_reset(self->read);
            return rc;
        }
    }
    return rc;
}

int
outbox_drain(struct outbox *self, const struct map *shapes, const struct draft **ret_drafts,
             size_t *ret_count, struct err *reterr)
{
    self->count = 0;
    buf_clear(&self->arena);
    map_clear(&self->last);
    int rc = rows_read(self, shapes, reterr);
    if (rc != 0) {
        self->count = 0;
        return rc;
    }
    for (size_t i = 0; i < self->count; i++) {
        const struct outbox_row *row = &self->rows[i];
        self->drafts[i].after = BYTES(self->arena.at + row->heads, row->heads_size);
        self->drafts[i].facts = BYTES(self->arena.at + row->facts, row->facts_size);
    }
    *ret_drafts = self->drafts;
    *ret_count = self->count;
    return 0;
}

int
outbox_drop(struct outbox *self, size_t count, struct err *reterr)
{
    int rc = 0;
    // By number and key: a number comes again once the table was empty.
    for (size_t i = 0; rc == 0 && i < count && i < self->count; i++)
        rc = row_drop(self, self->rows[i].n, BYTES(self->drafts[i].key, 16), reterr);
    return rc;
}

int
outbox_refuse(struct outbox *self, const uint8_t key[16], const struct err *why, struct err *reterr)
{
    stmt_bind_bytes(self->refuse_key, 1, BYTES(key, 16));
    int rc = refuse_run(self->refuse_key, why, reterr);
    if (rc != 0)
        return rc;
    OWNED(stmt_destroy) sqlite3_stmt *drop = NULL;
    rc = sql_prepare(self->db, "DELETE FROM _outbox WHERE key = ?1", &drop, reterr);
    if (rc != 0)
        return rc;
    stmt_bind_bytes(drop, 1, BYTES(key, 16));
    return stmt_run(drop, reterr);
}
