#include "office_db.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/read.h"
#include "../base/map.h"
#include "office_schema.h"
#include "outbox.h"
#include "row.h"
#include "sql.h"
#include "watch.h"

enum statement {
    BEGIN,
    COMMIT,
    SCHEMA_VERSION,
    DATA_VERSION,
    HAS_OUTBOX,
    PUT_HEAD,
    PUT_CONFLICT,
    CLEAR_CONFLICT,
    GET_META,
    PUT_META,
    PUT_FIGURE,
    CLEAR_FIGURES,
    STATEMENTS,
};

static const char *const statements[STATEMENTS] = {
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [SCHEMA_VERSION] = "PRAGMA schema_version",
    [DATA_VERSION] = "PRAGMA data_version",
    [HAS_OUTBOX] = "SELECT EXISTS (SELECT 1 FROM _outbox)",
    [PUT_HEAD] = "REPLACE INTO _head(id, type, heads) VALUES (?1, ?2, ?3)",
    [PUT_CONFLICT] = "INSERT INTO _conflict(id, type, field, choices) VALUES (?1, ?2, ?3, ?4)",
    [CLEAR_CONFLICT] = "DELETE FROM _conflict WHERE id = ?1",
    [GET_META] = "SELECT value FROM _meta WHERE key = ?1",
    [PUT_META] = "REPLACE INTO _meta(key, value) VALUES (?1, ?2)",
    [PUT_FIGURE] = "REPLACE INTO _figure(indicator, office, period, numerator, denominator, meets,"
                   " target, as_of, heard, expected) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [CLEAR_FIGURES] = "DELETE FROM _figure WHERE ?1 IS NULL OR indicator = ?1",
};

enum table_statement { PUT, DROP, PUT_RETRACTED, DROP_RETRACTED, TABLE_STATEMENTS };

struct table {
    struct row_shape shape; // First: the outbox sees a table as its shape
    // Made when first needed: a node of one area uses few of the types it knows.
    sqlite3_stmt *stmts[TABLE_STATEMENTS];
    bool has_retracted; // False: nothing to take out of X_retracted when a row is put
};

struct office_db {
    sqlite3 *db;
    struct office office;
    sqlite3_stmt *stmts[STATEMENTS];
    struct outbox outbox;
    struct watch watch;
    struct map tables; // Type's name -> struct table
    size_t table_count;
    struct table *table_list;
    bool has_conflicts;
    bool has_outbox;
    int64_t data_version;
};

static void
tables_release(struct office_db *self)
{
    for (size_t i = 0; i < self->table_count; i++)
        for (size_t j = 0; j < TABLE_STATEMENTS; j++)
            stmt_destroy(&self->table_list[i].stmts[j]);
    free(self->table_list);
    self->table_list = NULL;
    self->table_count = 0;
    map_clear(&self->tables);
}

void
office_db_close(struct office_db **self_p)
{
    struct office_db *self = *self_p;
    if (self == NULL)
        return;
    tables_release(self);
    map_release(&self->tables);
    outbox_release(&self->outbox);
    for (size_t i = 0; i < STATEMENTS; i++)
        stmt_destroy(&self->stmts[i]);
    watch_release(&self->watch);
    sql_close(&self->db);
    free(self);
    *self_p = NULL;
}

static int
run_print(struct office_db *self, struct buf *sql, struct err *reterr)
{
    int rc = sql_exec(self->db, buf_text(sql), reterr);
    buf_clear(sql);
    return rc;
}

// A transaction around `work`, unless the caller has one open.
static int
in_transaction(struct office_db *self, int (*work)(struct office_db *, struct err *),
               struct err *reterr)
{
    if (!sqlite3_get_autocommit(self->db))
        return work(self, reterr);
    int rc = sql_exec(self->db, "BEGIN IMMEDIATE", reterr);
    if (rc != 0)
        return rc;
    rc = work(self, reterr);
    if (rc == 0)
        rc = sql_exec(self->db, "COMMIT", reterr);
    if (rc != 0)
        office_db_rollback(self);
    return rc;
}

static int
base_make(struct office_db *self, struct err *reterr)
{
    OWNED(buf_release) struct buf sql = {0};
    buf_print(&sql, "%s; INSERT OR IGNORE INTO _office VALUES ('%s', %d, NULL, '', 0, 1)",
              office_schema_base(), self->office.code, (int)office_level(&self->office));
    return run_print(self, &sql, reterr);
}

static int
base_ensure(struct office_db *self, struct err *reterr)
{
    int64_t has_base = 0;
    // The figures are the last that base_make makes: a look needs no lock, making does.
    int rc = sql_int(self->db, "SELECT count(*) FROM sqlite_schema WHERE name = '_figure'",
                     &has_base, reterr);
    if (rc == 0 && has_base == 0)
        rc = in_transaction(self, base_make, reterr);
    int64_t conflicts = 0;
    if (rc == 0)
        rc = sql_int(self->db, "SELECT EXISTS (SELECT 1 FROM _conflict)", &conflicts, reterr);
    self->has_conflicts = conflicts != 0;
    return rc;
}

int
office_db_open(const char *path, const struct office *self_office, struct office_db **ret_self,
               struct err *reterr)
{
    OWNED(office_db_close) struct office_db *self = mem_new(sizeof *self);
    self->watch.fd = -1;
    self->office = *self_office;
    self->has_outbox = true; // Not looked yet
    const struct sql_options options = {
        .file_mode = 0660, .cache_kib = 1024, .busy_timeout_ms = OPENING_MS};
    int rc = sql_open(path, &options, &self->db, reterr);
    if (rc == 0)
        rc = sql_exec(self->db, "PRAGMA synchronous = NORMAL", reterr);
    if (rc != 0)
        return rc;
    (void)sqlite3_db_config(self->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    rc = base_ensure(self, reterr);
    if (rc == 0)
        rc = sql_prepare_all(self->db, statements, STATEMENTS, self->stmts, reterr);
    if (rc == 0)
        rc = outbox_open(&self->outbox, self->db, reterr);
    if (rc == 0)
        rc = watch_open(&self->watch, path, reterr);
    if (rc != 0)
        return rc;
    (void)sqlite3_busy_timeout(self->db, 0); // From here on nothing waits
    *ret_self = self;
    self = NULL;
    return 0;
}

// The one number of a statement that gives one.
static int
number_read(struct office_db *self, enum statement which, int64_t *ret_number, struct err *reterr)
{
    int rc = stmt_next(self->stmts[which], reterr);
    if (rc == 1)
        *ret_number = stmt_int(self->stmts[which], 0);
    (void)sqlite3_reset(self->stmts[which]);
    return rc < 0 ? rc : 0;
}

// Triggers and indexes are made anew when their text is not the one wanted, and only then.
static int
object_ensure(struct office_db *self, const char *kind, struct buf *name, struct buf *sql,
              struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *find = NULL;
    int rc =
        sql_prepare(self->db, "SELECT sql = ?2 FROM sqlite_schema WHERE name = ?1", &find, reterr);
    if (rc != 0)
        return rc;
    stmt_bind_utf8(find, 1, buf_bytes(name));
    stmt_bind_utf8(find, 2, buf_bytes(sql));
    rc = stmt_next(find, reterr);
    bool is_there = rc == 1, is_right = is_there && stmt_int(find, 0) == 1;
    (void)sqlite3_reset(find);
    if (rc < 0 || is_right)
        return rc < 0 ? rc : 0;
    OWNED(buf_release) struct buf both = {0};
    if (is_there)
        buf_print(&both, "DROP %s \"%s\"; ", kind, buf_text(name));
    buf_add_bytes(&both, buf_bytes(sql));
    return run_print(self, &both, reterr);
}

static int
columns_ensure(struct office_db *self, const struct type *type, const char *suffix,
               struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *find = NULL;
    OWNED(buf_release) struct buf sql = {0};
    buf_print(&sql, "SELECT 1 FROM pragma_table_info('%s%s') WHERE name = ?1", type->name, suffix);
    int rc = sql_prepare(self->db, buf_text(&sql), &find, reterr);
    for (size_t i = 0; rc == 0 && i < type->field_count; i++) {
        stmt_bind_text(find, 1, type->fields[i].name);
        rc = stmt_next(find, reterr);
        (void)sqlite3_reset(find);
        if (rc != 0) {
            rc = rc < 0 ? rc : 0;
            continue;
        }
        buf_clear(&sql);
        buf_print(&sql, "ALTER TABLE \"%s%s\" ADD COLUMN ", type->name, suffix);
        office_schema_column(&type->fields[i], &sql);
        rc = run_print(self, &sql, reterr);
    }
    return rc;
}

static int
table_ensure(struct office_db *self, const struct type *type, struct err *reterr)
{
    OWNED(buf_release) struct buf sql = {0};
    OWNED(buf_release) struct buf name = {0};
    office_schema_table(type, &self->office, false, &sql);
    buf_add_text(&sql, ";");
    office_schema_table(type, &self->office, true, &sql);
    int rc = run_print(self, &sql, reterr);
    if (rc == 0)
        rc = columns_ensure(self, type, "", reterr);
    if (rc == 0)
        rc = columns_ensure(self, type, "_retracted", reterr);
    if (rc == 0 && office_schema_index(type, &name, &sql))
        rc = object_ensure(self, "INDEX", &name, &sql, reterr);
    for (int which = 0; rc == 0 && which < TRIGGER_COUNT; which++) {
        buf_clear(&name);
        buf_clear(&sql);
        office_schema_trigger(type, &self->office, (enum office_trigger)which, &name, &sql);
        rc = object_ensure(self, "TRIGGER", &name, &sql, reterr);
    }
    return rc != 0 ? err_wrap(reterr, "loại '%s'", "type '%s'", type->name) : 0;
}

// Note the version our own changes led to, so that one made by somebody else is seen.
static int
schema_note(struct office_db *self, struct err *reterr)
{
    int64_t now = 0, noted = -1;
    int rc = number_read(self, SCHEMA_VERSION, &now, reterr);
    if (rc == 0)
        rc = sql_int(self->db, "SELECT value FROM _meta WHERE key = 'schema'", &noted, reterr);
    if (rc != 0 || now == noted)
        return rc;
    stmt_bind_text(self->stmts[PUT_META], 1, "schema");
    stmt_bind_int(self->stmts[PUT_META], 2, now);
    return stmt_run(self->stmts[PUT_META], reterr);
}

static int
retracted_look(struct office_db *self, struct table *table, struct err *reterr)
{
    OWNED(buf_release) struct buf sql = {0};
    int64_t has_any = 0;
    buf_print(&sql, "SELECT EXISTS (SELECT 1 FROM \"%s_retracted\")", table->shape.type->name);
    int rc = sql_int(self->db, buf_text(&sql), &has_any, reterr);
    table->has_retracted = has_any != 0;
    return rc;
}

static int
tables_ensure(struct office_db *self, struct err *reterr)
{
    int rc = sql_exec(self->db, office_schema_base(), reterr);
    for (size_t i = 0; rc == 0 && i < self->table_count; i++)
        rc = table_ensure(self, self->table_list[i].shape.type, reterr);
    for (size_t i = 0; rc == 0 && i < self->table_count; i++)
        rc = retracted_look(self, &self->table_list[i], reterr);
    return rc == 0 ? schema_note(self, reterr) : rc;
}

int
office_db_set_types(struct office_db *self, const struct type *const *types, size_t count,
                    struct err *reterr)
{
    for (size_t i = 0; i < count; i++)
        if (type_field(types[i], BYTES_LIT("office")) != NULL)
            return err_set(reterr, ERR_TYPE, "loại '%s': cột 'office' đã có sẵn",
                           "type '%s': every table has a column 'office' already", types[i]->name);
    tables_release(self);
    self->table_list = mem_new((count + 1) * sizeof *self->table_list);
    self->table_count = count;
    for (size_t i = 0; i < count; i++) {
        row_shape_init(&self->table_list[i].shape, types[i]);
        map_put(&self->tables, bytes_of(types[i]->name), &self->table_list[i]);
    }
    return in_transaction(self, tables_ensure, reterr);
}

int
office_db_schema_is_foreign(struct office_db *self, bool *ret_is_foreign, struct err *reterr)
{
    int64_t now = 0, noted = -1;
    int rc = number_read(self, SCHEMA_VERSION, &now, reterr);
    if (rc == 0)
        rc = sql_int(self->db, "SELECT value FROM _meta WHERE key = 'schema'", &noted, reterr);
    if (rc == 0)
        *ret_is_foreign = now != noted;
    return rc;
}

static int
office_put(sqlite3_stmt *put, const struct office_entry *entry, struct err *reterr)
{
    stmt_bind_text(put, 1, entry->office.code);
    stmt_bind_int(put, 2, (int)office_level(&entry->office));
    if (office_is_none(&entry->parent))
        stmt_bind_null(put, 3);
    else
        stmt_bind_text(put, 3, entry->parent.code);
    stmt_bind_text(put, 4, entry->name);
    stmt_bind_int(put, 5, entry->is_hosted);
    return stmt_run(put, reterr);
}

static int
offices_put(struct office_db *self, const struct office_entry *offices, size_t count,
            struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *put = NULL;
    int rc = sql_exec(self->db, "DELETE FROM _office", reterr);
    if (rc == 0)
        rc = sql_prepare(self->db, "REPLACE INTO _office VALUES (?1, ?2, ?3, ?4, ?5, 0)", &put,
                         reterr);
    const struct office_entry own = {.office = self->office, .name = ""};
    if (rc == 0)
        rc = office_put(put, &own, reterr);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = office_put(put, &offices[i], reterr);
    if (rc != 0)
        return rc;
    OWNED(buf_release) struct buf sql = {0};
    buf_print(&sql,
              "UPDATE _office SET is_below = 1 WHERE code IN (WITH RECURSIVE below(code) AS"
              " (SELECT '%s' UNION SELECT o.code FROM _office AS o JOIN below ON o.parent ="
              " below.code) SELECT code FROM below)",
              self->office.code);
    return run_print(self, &sql, reterr);
}

int
office_db_set_offices(struct office_db *self, const struct office_entry *offices, size_t count,
                      struct err *reterr)
{
    if (!sqlite3_get_autocommit(self->db))
        return offices_put(self, offices, count, reterr);
    int rc = office_db_begin(self, reterr);
    if (rc != 0)
        return rc;
    rc = offices_put(self, offices, count, reterr);
    if (rc == 0)
        rc = office_db_commit(self, reterr);
    if (rc != 0)
        office_db_rollback(self);
    return rc;
}

int
office_db_begin(struct office_db *self, struct err *reterr)
{
    return stmt_run(self->stmts[BEGIN], reterr);
}

int
office_db_commit(struct office_db *self, struct err *reterr)
{
    return stmt_run(self->stmts[COMMIT], reterr);
}

void
office_db_rollback(struct office_db *self)
{
    // A full disk has rolled back already.
    struct err ignored;
    if (!sqlite3_get_autocommit(self->db))
        (void)!sql_exec(self->db, "ROLLBACK", &ignored);
}

int
office_db_drain(struct office_db *self, const struct draft **ret_drafts, size_t *ret_count,
                struct err *reterr)
{
    assert(!sqlite3_get_autocommit(self->db));
    return outbox_drain(&self->outbox, &self->tables, ret_drafts, ret_count, reterr);
}

int
office_db_drop(struct office_db *self, size_t count, struct err *reterr)
{
    return outbox_drop(&self->outbox, count, reterr);
}

int
office_db_refuse(struct office_db *self, const uint8_t key[16], const struct err *why,
                 struct err *reterr)
{
    return outbox_refuse(&self->outbox, key, why, reterr);
}

static void
replace_print(const struct table *table, const char *suffix, struct buf *sql)
{
    const struct row_shape *shape = &table->shape;
    buf_print(sql, "REPLACE INTO \"%s%s\"(id, office", shape->type->name, suffix);
    for (size_t i = 0; i < shape->type->field_count; i++)
        buf_print(sql, ", \"%s\"", shape->fields[i]->name);
    buf_add_text(sql, ") VALUES (?, ?");
    for (size_t i = 0; i < shape->type->field_count; i++)
        buf_add_text(sql, ", ?");
    buf_add_text(sql, ")");
}

static int
table_stmt(struct office_db *self, struct table *table, enum table_statement which,
           sqlite3_stmt **ret_stmt, struct err *reterr)
{
    if (table->stmts[which] == NULL) {
        OWNED(buf_release) struct buf sql = {0};
        const char *suffix = which == PUT || which == DROP ? "" : "_retracted";
        if (which == PUT || which == PUT_RETRACTED)
            replace_print(table, suffix, &sql);
        else
            buf_print(&sql, "DELETE FROM \"%s%s\" WHERE id = ?1", table->shape.type->name, suffix);
        int rc = sql_prepare(self->db, buf_text(&sql), &table->stmts[which], reterr);
        if (rc != 0)
            return rc;
    }
    *ret_stmt = table->stmts[which];
    return 0;
}

static int
row_put(struct office_db *self, struct table *table, enum table_statement which, struct bytes id,
        const struct projection *projection, struct err *reterr)
{
    sqlite3_stmt *stmt = NULL;
    int rc = table_stmt(self, table, which, &stmt, reterr);
    if (rc != 0)
        return rc;
    stmt_bind_utf8(stmt, 1, id);
    if (which == PUT || which == PUT_RETRACTED) {
        stmt_bind_text(stmt, 2, projection->subject.code);
        row_bind(&table->shape, projection->state, stmt, 3);
    }
    return stmt_run(stmt, reterr);
}

static int
conflicts_put(struct office_db *self, const struct table *table, struct bytes id,
              struct bytes conflicts, struct err *reterr)
{
    int rc = 0;
    if (self->has_conflicts) {
        stmt_bind_utf8(self->stmts[CLEAR_CONFLICT], 1, id);
        rc = stmt_run(self->stmts[CLEAR_CONFLICT], reterr);
    }
    struct reader in = reader_of(conflicts);
    size_t left = conflicts.size > 0 ? read_map(&in) : 0;
    for (; rc == 0 && left > 0 && in.code == 0; left--) {
        struct bytes name = read_str(&in), choices = read_skip(&in);
        sqlite3_stmt *put = self->stmts[PUT_CONFLICT];
        stmt_bind_utf8(put, 1, id);
        stmt_bind_text(put, 2, table->shape.type->name);
        stmt_bind_utf8(put, 3, name);
        char *text = row_choices(type_field(table->shape.type, name), choices);
        stmt_bind_text(put, 4, text);
        rc = stmt_run(put, reterr);
        free(text);
        self->has_conflicts = true;
    }
    return rc;
}

int
office_db_put(struct office_db *self, const struct projection *projection, struct err *reterr)
{
    struct table *table = map_get(&self->tables, bytes_of(projection->type));
    if (table == NULL || projection->is_waiting)
        return 0;
    char text[RECORD_TEXT_MAX + 1];
    record_id_text(&projection->id, text);
    struct bytes id = bytes_of(text);
    int rc = 0;
    if (!projection->is_alive || table->has_retracted)
        rc = row_put(self, table, projection->is_alive ? DROP_RETRACTED : DROP, id, projection,
                     reterr);
    if (!projection->is_alive)
        table->has_retracted = true;
    if (rc == 0)
        rc = row_put(self, table, projection->is_alive ? PUT : PUT_RETRACTED, id, projection,
                     reterr);
    if (rc != 0)
        return rc;
    sqlite3_stmt *head = self->stmts[PUT_HEAD];
    stmt_bind_utf8(head, 1, id);
    stmt_bind_text(head, 2, table->shape.type->name);
    stmt_bind_bytes(head, 3, projection->heads);
    rc = stmt_run(head, reterr);
    if (rc == 0 && (self->has_conflicts || projection->conflicts.size > 0))
        rc = conflicts_put(self, table, id, projection->conflicts, reterr);
    return rc;
}

int
office_db_meta(struct office_db *self, const char *key, struct buf *ret_value, struct err *reterr)
{
    sqlite3_stmt *get = self->stmts[GET_META];
    stmt_bind_text(get, 1, key);
    int rc = stmt_next(get, reterr);
    if (rc == 1)
        buf_add_bytes(ret_value, stmt_bytes(get, 0));
    (void)sqlite3_reset(get);
    return rc < 0 ? rc : 0;
}

int
office_db_set_meta(struct office_db *self, const char *key, struct bytes value, struct err *reterr)
{
    stmt_bind_text(self->stmts[PUT_META], 1, key);
    stmt_bind_bytes(self->stmts[PUT_META], 2, value);
    return stmt_run(self->stmts[PUT_META], reterr);
}

int
office_db_position(struct office_db *self, struct buf *ret_position, struct err *reterr)
{
    return office_db_meta(self, "position", ret_position, reterr);
}

int
office_db_set_position(struct office_db *self, struct bytes position, struct err *reterr)
{
    return office_db_set_meta(self, "position", position, reterr);
}

int
office_db_put_figure(struct office_db *self, const struct figure_row *figure, struct err *reterr)
{
    sqlite3_stmt *put = self->stmts[PUT_FIGURE];
    stmt_bind_text(put, 1, figure->indicator);
    stmt_bind_text(put, 2, figure->office.code);
    stmt_bind_int(put, 3, figure->period);
    stmt_bind_int(put, 4, figure->numerator);
    stmt_bind_int(put, 5, figure->denominator);
    if (figure->meets < 0)
        stmt_bind_null(put, 6);
    else
        stmt_bind_int(put, 6, figure->meets);
    if (figure->target == NULL)
        stmt_bind_null(put, 7);
    else
        stmt_bind_text(put, 7, figure->target);
    stmt_bind_int(put, 8, figure->as_of);
    stmt_bind_int(put, 9, figure->heard);
    stmt_bind_int(put, 10, figure->expected);
    return stmt_run(put, reterr);
}

int
office_db_clear_figures(struct office_db *self, const char *indicator, struct err *reterr)
{
    if (indicator == NULL)
        stmt_bind_null(self->stmts[CLEAR_FIGURES], 1);
    else
        stmt_bind_text(self->stmts[CLEAR_FIGURES], 1, indicator);
    return stmt_run(self->stmts[CLEAR_FIGURES], reterr);
}

int
office_db_fd(const struct office_db *self)
{
    return self->watch.fd;
}

int
office_db_changed(struct office_db *self, bool *ret_has_outbox, struct err *reterr)
{
    watch_take(&self->watch);
    int64_t version = 0, has_outbox = 0;
    int rc = number_read(self, DATA_VERSION, &version, reterr);
    // Only others fill the outbox; so while they were silent an empty one is still empty.
    if (rc == 0 && (version != self->data_version || self->has_outbox)) {
        rc = number_read(self, HAS_OUTBOX, &has_outbox, reterr);
        if (rc == 0) {
            self->data_version = version;
            self->has_outbox = has_outbox != 0;
        }
    }
    if (rc == 0)
        *ret_has_outbox = self->has_outbox;
    return rc;
}

struct stray {
    struct office_db *self;
    office_db_expect expect;
    void *context;
    sqlite3_stmt *put;
    size_t count;
};

static int
stray_put(struct stray *stray, const struct table *table, struct bytes id, struct bytes subject,
          const struct bytes *now, struct err *reterr)
{
    stmt_bind_text(stray->put, 1, table->shape.type->name);
    stmt_bind_utf8(stray->put, 2, id);
    stmt_bind_utf8(stray->put, 3, subject);
    stmt_bind_int(stray->put, 4, now != NULL ? OP_PUT : OP_RETRACT);
    if (now != NULL)
        stmt_bind_utf8(stray->put, 5, *now);
    else
        stmt_bind_null(stray->put, 5);
    stray->count++;
    stray->self->has_outbox = true;
    return stmt_run(stray->put, reterr);
}

// True when the row is what the fold says. A row we cannot read differs: the drain says why.
static bool
is_as_expected(const struct table *table, struct bytes now, struct bytes state)
{
    OWNED(buf_release) struct buf is = {0};
    OWNED(buf_release) struct buf should = {0};
    OWNED(json_decrefp) json_t *row = json_loadb((const char *)now.at, now.size, 0, NULL);
    struct err ignored;
    if (!json_is_object(row) || row_facts(&table->shape, row, NULL, false, &is, &ignored) != 0)
        return false;
    row_known(&table->shape, state, &should);
    return bytes_equal(buf_bytes(&is), buf_bytes(&should));
}

static int
strays_changed(struct stray *stray, const struct table *table, struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *rows = NULL;
    OWNED(buf_release) struct buf sql = {0};
    buf_add_text(&sql, "SELECT id, office, ");
    office_schema_json(table->shape.type, "", true, &sql);
    buf_print(&sql, " FROM \"%s\" WHERE id NOT IN (SELECT id FROM _outbox WHERE id IS NOT NULL)",
              table->shape.type->name);
    int rc = sql_prepare(stray->self->db, buf_text(&sql), &rows, reterr);
    while (rc == 0 && (rc = stmt_next(rows, reterr)) == 1) {
        struct bytes id = stmt_bytes(rows, 0), now = stmt_bytes(rows, 2);
        struct record_id record;
        struct projection expected = {0};
        bool is_known =
            record_id_parse(id, &record) && stray->expect(stray->context, &record, &expected);
        rc = 0;
        if (is_known && expected.is_alive && is_as_expected(table, now, expected.state))
            continue;
        // A subject never changes, whatever the row says now.
        struct bytes subject = is_known ? bytes_of(expected.subject.code) : stmt_bytes(rows, 1);
        rc = stray_put(stray, table, id, subject, &now, reterr);
    }
    (void)sqlite3_reset(rows);
    return rc;
}

static int
strays_missing(struct stray *stray, const struct table *table, struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *rows = NULL;
    OWNED(buf_release) struct buf sql = {0};
    const char *name = table->shape.type->name;
    buf_print(&sql,
              "SELECT h.id FROM _head AS h WHERE h.type = '%s' AND NOT EXISTS (SELECT 1 FROM"
              " \"%s\" WHERE id = h.id) AND NOT EXISTS (SELECT 1 FROM \"%s_retracted\" WHERE"
              " id = h.id) AND h.id NOT IN (SELECT id FROM _outbox WHERE id IS NOT NULL)",
              name, name, name);
    int rc = sql_prepare(stray->self->db, buf_text(&sql), &rows, reterr);
    while (rc == 0 && (rc = stmt_next(rows, reterr)) == 1) {
        struct bytes id = stmt_bytes(rows, 0);
        struct record_id record;
        struct projection expected = {0};
        rc = 0;
        if (record_id_parse(id, &record) && stray->expect(stray->context, &record, &expected) &&
            expected.is_alive)
            rc = stray_put(stray, table, id, bytes_of(expected.subject.code), NULL, reterr);
    }
    (void)sqlite3_reset(rows);
    return rc;
}

int
office_db_strays(struct office_db *self, office_db_expect expect, void *context, size_t *ret_count,
                 struct err *reterr)
{
    assert(!sqlite3_get_autocommit(self->db));
    struct stray stray = {.self = self, .expect = expect, .context = context};
    OWNED(stmt_destroy) sqlite3_stmt *put = NULL;
    int rc = sql_prepare(self->db,
                         "INSERT INTO _outbox(key, type, id, subject, op, now, heads, at) VALUES"
                         " (randomblob(16), ?1, ?2, ?3, ?4, ?5, (SELECT heads FROM _head WHERE"
                         " id = ?2), CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))",
                         &put, reterr);
    stray.put = put;
    for (size_t i = 0; rc == 0 && i < self->table_count; i++) {
        rc = strays_changed(&stray, &self->table_list[i], reterr);
        if (rc == 0)
            rc = strays_missing(&stray, &self->table_list[i], reterr);
    }
    if (rc == 0)
        *ret_count = stray.count;
    return rc;
}

int
office_db_rebuild_begin(struct office_db *self, struct err *reterr)
{
    assert(!sqlite3_get_autocommit(self->db));
    OWNED(buf_release) struct buf sql = {0};
    buf_add_text(&sql, "DELETE FROM _head; DELETE FROM _conflict; DELETE FROM _figure;");
    for (size_t i = 0; i < self->table_count; i++) {
        const char *name = self->table_list[i].shape.type->name;
        buf_print(&sql, "DROP TABLE \"%s\"; DROP TABLE \"%s_retracted\";", name, name);
    }
    int rc = run_print(self, &sql, reterr);
    return rc == 0 ? tables_ensure(self, reterr) : rc;
}

int
office_db_count(struct office_db *self, const char *table, int64_t *ret_count, struct err *reterr)
{
    char text[80];
    (void)snprintf(text, sizeof text, "SELECT count(*) FROM %.30s", table);
    return sql_int(self->db, text, ret_count, reterr);
}
