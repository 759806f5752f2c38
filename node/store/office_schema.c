#include "office_schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Milliseconds since 1970 in UTC, for the plain shell: unixepoch() gives whole seconds only.
#define NOW_MS "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)"

const char *
office_schema_base(void)
{
    return "CREATE TABLE IF NOT EXISTS _meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;"
           "CREATE TABLE IF NOT EXISTS _head(id TEXT PRIMARY KEY, type TEXT NOT NULL, heads BLOB)"
           " WITHOUT ROWID;"
           "CREATE TABLE IF NOT EXISTS _outbox(n INTEGER PRIMARY KEY, key BLOB, type TEXT, id TEXT,"
           " subject TEXT, op INTEGER, was TEXT, now TEXT, heads BLOB, actor INTEGER,"
           " reason INTEGER, at INTEGER);"
           "CREATE TABLE IF NOT EXISTS _refused(n INTEGER PRIMARY KEY, key BLOB, type TEXT, id "
           "TEXT,"
           " subject TEXT, op INTEGER, was TEXT, now TEXT, heads BLOB, actor INTEGER,"
           " reason INTEGER, at INTEGER, code TEXT, text TEXT);"
           "CREATE TABLE IF NOT EXISTS _writer(actor INTEGER, reason INTEGER);"
           "CREATE TABLE IF NOT EXISTS _conflict(id TEXT, type TEXT, field TEXT, choices TEXT,"
           " PRIMARY KEY(id, field)) WITHOUT ROWID;"
           "CREATE TABLE IF NOT EXISTS _office(code TEXT PRIMARY KEY, level INTEGER, parent TEXT,"
           " name TEXT, hosted INTEGER, is_below INTEGER) WITHOUT ROWID;"
           "CREATE TABLE IF NOT EXISTS _figure(indicator TEXT, office TEXT, period INTEGER,"
           " numerator INTEGER, denominator INTEGER, meets INTEGER, target TEXT, as_of INTEGER,"
           " heard INTEGER, expected INTEGER, PRIMARY KEY(indicator, period, office)) WITHOUT "
           "ROWID";
}

void
office_schema_column(const struct field *field, struct buf *ret_sql)
{
    bool is_number = field->kind == FIELD_INT || field->kind == FIELD_BOOL;
    buf_print(ret_sql, "\"%s\" %s", field->name, is_number && !field->is_list ? "INTEGER" : "TEXT");
}

void
office_schema_table(const struct type *type, const struct office *self, bool is_retracted,
                    struct buf *ret_sql)
{
    buf_print(ret_sql, "CREATE TABLE IF NOT EXISTS \"%s%s\"(id TEXT PRIMARY KEY", type->name,
              is_retracted ? "_retracted" : "");
    if (!is_retracted)
        buf_print(ret_sql,
                  " DEFAULT ('%s.' || lower(printf('%%012x', " NOW_MS ") || hex(randomblob(10))))",
                  self->code);
    buf_add_text(ret_sql, ", office TEXT NOT NULL");
    if (!is_retracted)
        buf_print(ret_sql, " DEFAULT '%s'", self->code);
    for (size_t i = 0; i < type->field_count; i++) {
        buf_add_text(ret_sql, ", ");
        office_schema_column(&type->fields[i], ret_sql);
    }
    buf_add_text(ret_sql, ") WITHOUT ROWID");
}

static const char *
column_of(const char *key)
{
    return strcmp(key, "subject") == 0 ? "office" : key;
}

bool
office_schema_index(const struct type *type, struct buf *ret_name, struct buf *ret_sql)
{
    if (type->key_count == 0)
        return false;
    buf_print(ret_name, "_%s_key", type->name);
    buf_print(ret_sql, "CREATE INDEX \"_%s_key\" ON \"%s\"(", type->name, type->name);
    for (size_t i = 0; i < type->key_count; i++)
        buf_print(ret_sql, "%s\"%s\"", i > 0 ? ", " : "", column_of(type->key[i]));
    buf_add_text(ret_sql, ")");
    return true;
}

// One expression of || rather than json_object: that takes 63 pairs at most.
void
office_schema_json(const struct type *type, const char *row, bool is_tame, struct buf *ret_sql)
{
    for (size_t i = 0; i < type->field_count; i++) {
        const char *name = type->fields[i].name;
        buf_print(ret_sql, "%s'%s\"%s\":' || ", i > 0 ? " || " : "", i > 0 ? "," : "{", name);
        if (is_tame)
            buf_print(ret_sql,
                      "json_quote(CASE typeof(%s\"%s\") WHEN 'blob' THEN hex(%s\"%s\")"
                      " ELSE %s\"%s\" END)",
                      row, name, row, name, row, name);
        else
            buf_print(ret_sql, "json_quote(%s\"%s\")", row, name);
    }
    buf_add_text(ret_sql, " || '}'");
}

// A text inside '...': quotes doubled.
static void
quoted_add(struct buf *sql, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            buf_add_byte(sql, '\'');
        buf_add_byte(sql, (uint8_t)*text);
    }
}

static void
raise_add(struct buf *sql, const char *vi, const char *en)
{
    buf_add_text(sql, " THEN RAISE(ABORT, 'LT-FIELD: ");
    quoted_add(sql, vi);
    buf_add_text(sql, " / ");
    quoted_add(sql, en);
    buf_add_text(sql, "')");
}

static void
raise_column(struct buf *sql, const struct field *field, const char *vi, const char *en)
{
    OWNED(buf_release) struct buf in_vi = {0};
    OWNED(buf_release) struct buf in_en = {0};
    buf_print(&in_vi, "cột '%s' (%s): %s", field->name, field->label[LANG_VI], vi);
    buf_print(&in_en, "column '%s' (%s): %s", field->name, field->label[LANG_EN], en);
    raise_add(sql, buf_text(&in_vi), buf_text(&in_en));
}

// True when `x` is "<code of an office>.<32 hex digits>".
static void
id_check(struct buf *sql, const char *x)
{
    static const char *const forms[] = {
        "[0-9][0-9].",
        "[0-9][0-9][0-9][0-9][0-9].",
        "[0-9][0-9][0-9][0-9][0-9]-[0-9][0-9][0-9].",
    };
    buf_print(sql, "(typeof(%s) = 'text' AND substr(%s, -32) NOT GLOB '*[^0-9a-f]*' AND (", x, x);
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        buf_print(sql, "%ssubstr(%s, 1, length(%s) - 32) GLOB '%s'", i > 0 ? " OR " : "", x, x,
                  forms[i]);
    buf_add_text(sql, "))");
}

static void
bounds_check(struct buf *sql, const struct field *field, const char *x)
{
    bool is_text = field->kind == FIELD_TEXT;
    const char *before = is_text ? "length(CAST(" : "", *after = is_text ? " AS BLOB))" : "";
    buf_print(sql, "typeof(%s) = '%s'", x, is_text ? "text" : "integer");
    if (field->min != INT64_MIN)
        buf_print(sql, " AND %s%s%s >= %" PRId64, before, x, after, field->min);
    if (field->max != INT64_MAX)
        buf_print(sql, " AND %s%s%s <= %" PRId64, before, x, after, field->max);
}

// True when `x`, which is not NULL, may be a value (an element) of the field.
static void
value_check(struct buf *sql, const struct field *field, const char *x)
{
    switch (field->kind) {
    case FIELD_TEXT:
    case FIELD_INT:
        bounds_check(sql, field, x);
        break;
    case FIELD_BOOL:
        buf_print(sql, "typeof(%s) = 'integer' AND %s IN (0, 1)", x, x);
        break;
    case FIELD_DATE:
        // Without a modifier SQLite 3.40 gives 31 February back as it came.
        buf_print(sql, "date(%s, '+0 days') IS %s AND %s >= '1000'", x, x, x);
        break;
    case FIELD_CHOICE:
        // Not IN: SQLite builds a table for each list, page cache and all; two in a trigger cost
        // the writer a millisecond a row. Names of choices have no '|'.
        buf_print(sql, "instr(%s, '|') = 0 AND instr('|", x);
        for (size_t i = 0; i < field->choice_count; i++)
            buf_print(sql, "%s|", field->choices[i].name);
        buf_print(sql, "', '|' || %s || '|') > 0", x);
        break;
    case FIELD_OFFICE:
        buf_print(sql, "EXISTS (SELECT 1 FROM _office AS o WHERE o.code = %s", x);
        if (field->level != LEVEL_NONE)
            buf_print(sql, " AND o.level = %d", (int)field->level);
        buf_add_text(sql, ")");
        break;
    case FIELD_RECORD:
        id_check(sql, x);
        break;
    }
}

static void
wanted_add(const struct field *field, struct buf *vi, struct buf *en)
{
    bool has_bounds = field->min != INT64_MIN || field->max != INT64_MAX;
    static const char *const wanted[][2] = {
        [FIELD_TEXT] = {"cần văn bản", "a text is wanted"},
        [FIELD_INT] = {"cần số nguyên", "a whole number is wanted"},
        [FIELD_BOOL] = {"cần 0 hoặc 1", "0 or 1 is wanted"},
        [FIELD_DATE] = {"cần ngày có thật, dạng YYYY-MM-DD", "a real date, YYYY-MM-DD, is wanted"},
        [FIELD_CHOICE] = {"cần một trong", "one of these is wanted"},
        [FIELD_OFFICE] = {"cần mã đơn vị có trong danh sách",
                          "the code of a listed office is wanted"},
        [FIELD_RECORD] = {"cần mã bản ghi", "the id of a record is wanted"},
    };
    if (field->is_list) {
        buf_add_text(vi, "danh sách JSON, mỗi phần tử: ");
        buf_add_text(en, "a JSON array, of each element: ");
    }
    buf_add_text(vi, wanted[field->kind][LANG_VI]);
    buf_add_text(en, wanted[field->kind][LANG_EN]);
    struct buf *both[] = {vi, en};
    for (size_t side = 0; side < 2; side++) {
        if (field->min != INT64_MIN)
            buf_print(both[side], " >= %" PRId64, field->min);
        if (field->max != INT64_MAX)
            buf_print(both[side], " <= %" PRId64, field->max);
        if (field->kind == FIELD_TEXT && has_bounds)
            buf_add_text(both[side], " byte");
        for (size_t i = 0; i < field->choice_count; i++)
            buf_print(both[side], "%s %s", i > 0 ? "," : ":", field->choices[i].name);
    }
}

static void
required_check(struct buf *sql, const struct field *field, const char *x, const char *guard)
{
    buf_print(sql, " WHEN %s", guard);
    if (field->is_list)
        buf_print(sql,
                  "CASE WHEN json_valid(%s) THEN json_array_length(%s) = 0 ELSE %s IS NULL END", x,
                  x, x);
    else if (field->kind == FIELD_TEXT)
        buf_print(sql, "trim(coalesce(%s, '')) = ''", x);
    else
        buf_print(sql, "%s IS NULL", x);
    raise_column(sql, field, "bắt buộc phải có", "a value is required");
}

static void
field_check(struct buf *sql, const struct field *field, bool is_update)
{
    char x[NAME_MAX_SIZE + 10], guard[2 * NAME_MAX_SIZE + 40] = "";
    (void)snprintf(x, sizeof x, "NEW.\"%s\"", field->name);
    if (is_update)
        (void)snprintf(guard, sizeof guard, "%s IS NOT OLD.\"%s\" AND ", x, field->name);
    if (field->is_required)
        required_check(sql, field, x, guard);
    buf_print(sql, " WHEN %s%s IS NOT NULL AND NOT (", guard, x);
    if (field->is_list) {
        // CASE, because json_each raises a message of its own for what is not JSON.
        buf_print(sql,
                  "CASE WHEN NOT json_valid(%s) THEN 0 ELSE json_type(%s) = 'array' AND"
                  " json_array_length(%s) <= 1024 AND NOT EXISTS (SELECT 1 FROM json_each(%s) AS e"
                  " WHERE instr('|text|integer|true|false|', '|' || e.type || '|') = 0 OR NOT (",
                  x, x, x, x);
        value_check(sql, field, "e.value");
        buf_add_text(sql, ")) END");
    } else {
        value_check(sql, field, x);
    }
    buf_add_text(sql, ")");
    OWNED(buf_release) struct buf vi = {0};
    OWNED(buf_release) struct buf en = {0};
    wanted_add(field, &vi, &en);
    raise_column(sql, field, buf_text(&vi), buf_text(&en));
}

static void
key_check(struct buf *sql, const struct type *type, bool is_update)
{
    if (type->key_count == 0)
        return;
    OWNED(buf_release) struct buf names = {0};
    buf_add_text(sql, " WHEN ");
    for (size_t i = 0; i < type->key_count && is_update; i++)
        buf_print(sql, "%sNEW.\"%s\" IS NOT OLD.\"%s\"%s", i > 0 ? " OR " : "(",
                  column_of(type->key[i]), column_of(type->key[i]),
                  i + 1 == type->key_count ? ") AND " : "");
    buf_print(sql, "EXISTS (SELECT 1 FROM \"%s\" AS o WHERE ", type->name);
    for (size_t i = 0; i < type->key_count; i++) {
        const char *column = column_of(type->key[i]);
        buf_print(sql, "o.\"%s\" = NEW.\"%s\" AND ", column, column);
        buf_print(&names, "%s%s", i > 0 ? ", " : "", column);
    }
    buf_add_text(sql, "o.id <> NEW.id)");
    OWNED(buf_release) struct buf vi = {0};
    OWNED(buf_release) struct buf en = {0};
    buf_print(&vi, "đã có bản ghi khác trùng các cột %s", buf_text(&names));
    buf_print(&en, "another record has the same columns %s", buf_text(&names));
    raise_add(sql, buf_text(&vi), buf_text(&en));
}

// The author must be the subject or above it.
static void
subject_check(struct buf *sql, const struct type *type, const char *x, bool with_level)
{
    buf_print(sql, " WHEN NOT EXISTS (SELECT 1 FROM _office WHERE code = %s AND is_below)", x);
    raise_add(sql, "cột 'office': không phải đơn vị này hay đơn vị cấp dưới",
              "column 'office': it is neither this office nor one below it");
    if (!with_level)
        return;
    buf_print(sql, " WHEN NOT (%d >> (SELECT level FROM _office WHERE code = %s) & 1)",
              type->levels, x);
    raise_add(sql, "cột 'office': loại bản ghi này không dành cho cấp đó",
              "column 'office': this type of record is not for offices of that level");
}

static void
identity_check(struct buf *sql, const struct type *type, const struct office *self)
{
    buf_add_text(sql, " WHEN NOT ");
    id_check(sql, "NEW.id");
    raise_add(sql, "cột 'id': cần <mã đơn vị>.<32 chữ số hex>; nên để trống",
              "column 'id': <office>.<32 hex digits> is wanted; best left out");
    buf_print(sql,
              " WHEN substr(NEW.id, 1, %zu) <> '%s.' AND NOT EXISTS (SELECT 1 FROM _head WHERE"
              " id = NEW.id)",
              strlen(self->code) + 1, self->code);
    raise_add(sql, "cột 'id': bản ghi mới phải mang mã của đơn vị này",
              "column 'id': a new record begins with the code of this office");
    buf_print(sql, " WHEN (SELECT type FROM _head WHERE id = NEW.id) <> '%s'", type->name);
    raise_add(sql, "cột 'id': bản ghi đó thuộc loại khác",
              "column 'id': that record is of another type");
    buf_print(sql,
              " WHEN EXISTS (SELECT 1 FROM \"%s\" WHERE id = NEW.id AND office <> NEW.office) OR"
              " EXISTS (SELECT 1 FROM \"%s_retracted\" WHERE id = NEW.id AND office <> NEW.office)",
              type->name, type->name);
    raise_add(sql, "cột 'office': không đổi được", "column 'office': it never changes");
}

static void
check_insert(struct buf *sql, const struct type *type, const struct office *self)
{
    buf_print(sql, "BEFORE INSERT ON \"%s\" BEGIN SELECT CASE", type->name);
    identity_check(sql, type, self);
    subject_check(sql, type, "NEW.office", true);
    for (size_t i = 0; i < type->field_count; i++)
        field_check(sql, &type->fields[i], false);
    key_check(sql, type, false);
    buf_add_text(sql, " END; END");
}

static void
check_update(struct buf *sql, const struct type *type)
{
    buf_print(sql, "BEFORE UPDATE ON \"%s\" BEGIN SELECT CASE WHEN NEW.id IS NOT OLD.id",
              type->name);
    raise_add(sql, "cột 'id': không đổi được", "column 'id': it never changes");
    buf_add_text(sql, " WHEN NEW.office IS NOT OLD.office");
    raise_add(sql, "cột 'office': không đổi được", "column 'office': it never changes");
    subject_check(sql, type, "OLD.office", false);
    for (size_t i = 0; i < type->field_count; i++)
        field_check(sql, &type->fields[i], true);
    key_check(sql, type, true);
    buf_add_text(sql, " END; END");
}

static void
out_head(struct buf *sql, const char *type, const char *row, int op)
{
    buf_print(sql,
              " BEGIN INSERT INTO _outbox(key, type, id, subject, op, heads, actor, reason, at,"
              " was, now) VALUES (randomblob(16), '%s', %sid, %soffice, %d, (SELECT heads FROM"
              " _head WHERE id = %sid), (SELECT actor FROM _writer), (SELECT reason FROM "
              "_writer), " NOW_MS ", ",
              type, row, row, op, row);
}

static void
out_insert(struct buf *sql, const struct type *type)
{
    buf_print(sql, "AFTER INSERT ON \"%s\"", type->name);
    out_head(sql, type->name, "NEW.", 0);
    buf_add_text(sql, "NULL, ");
    office_schema_json(type, "NEW.", false, sql);
    buf_add_text(sql, "); END");
}

static void
out_update(struct buf *sql, const struct type *type)
{
    buf_print(sql, "AFTER UPDATE ON \"%s\" WHEN ", type->name);
    for (size_t i = 0; i < type->field_count; i++)
        buf_print(sql, "%sNEW.\"%s\" IS NOT OLD.\"%s\"", i > 0 ? " OR " : "", type->fields[i].name,
                  type->fields[i].name);
    out_head(sql, type->name, "NEW.", 0);
    // The old row may have come from elsewhere, and hold anything.
    office_schema_json(type, "OLD.", true, sql);
    buf_add_text(sql, ", ");
    office_schema_json(type, "NEW.", true, sql);
    buf_add_text(sql, "); END");
}

static void
out_delete(struct buf *sql, const struct type *type)
{
    buf_print(sql, "AFTER DELETE ON \"%s\"", type->name);
    out_head(sql, type->name, "OLD.", 1);
    office_schema_json(type, "OLD.", true, sql);
    buf_add_text(sql, ", NULL); END");
}

void
office_schema_trigger(const struct type *type, const struct office *self, enum office_trigger which,
                      struct buf *ret_name, struct buf *ret_sql)
{
    static const char *const suffixes[TRIGGER_COUNT] = {
        [TRIGGER_CHECK_INSERT] = "check_insert", [TRIGGER_CHECK_UPDATE] = "check_update",
        [TRIGGER_CHECK_DELETE] = "check_delete", [TRIGGER_OUT_INSERT] = "out_insert",
        [TRIGGER_OUT_UPDATE] = "out_update",     [TRIGGER_OUT_DELETE] = "out_delete",
    };
    buf_print(ret_name, "_%s_%s", type->name, suffixes[which]);
    buf_print(ret_sql, "CREATE TRIGGER \"_%s_%s\" ", type->name, suffixes[which]);
    if (which == TRIGGER_CHECK_INSERT)
        check_insert(ret_sql, type, self);
    if (which == TRIGGER_CHECK_UPDATE)
        check_update(ret_sql, type);
    if (which == TRIGGER_CHECK_DELETE) {
        buf_print(ret_sql, "BEFORE DELETE ON \"%s\" BEGIN SELECT CASE", type->name);
        subject_check(ret_sql, type, "OLD.office", false);
        buf_add_text(ret_sql, " END; END");
    }
    if (which == TRIGGER_OUT_INSERT)
        out_insert(ret_sql, type);
    if (which == TRIGGER_OUT_UPDATE)
        out_update(ret_sql, type);
    if (which == TRIGGER_OUT_DELETE)
        out_delete(ret_sql, type);
}
