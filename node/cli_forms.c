#include "cli_forms.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "base/text.h"
#include "catalogue/value.h"

// --- opening -------------------------------------------------------------------------------------

static int
type_of(json_t *definition, struct type **ret_type, struct err *reterr)
{
    OWNED(buf_release) struct buf packed = {0};
    int code = value_pack(definition, &packed, reterr);
    return code != 0 ? code : type_read(buf_bytes(&packed), ret_type, reterr);
}

int
forms_open(const struct cli *cli, struct forms *ret_forms, struct err *reterr)
{
    char path[CLI_PATH_MAX];
    OWNED(json_decrefp) json_t *answer = NULL;
    // Asked first: without a node this makes the tables, and brings them up to date.
    int code = cli_ask(cli, json_pack("{s:s}", "verb", "types"), &answer, reterr);
    if (code != 0)
        return code;
    const json_t *types = json_object_get(answer, "types");
    ret_forms->types = mem_new((json_array_size(types) + 1) * sizeof(struct type *));
    size_t i = 0;
    json_t *definition = NULL;
    json_array_foreach(types, i, definition)
    {
        code = type_of(definition, &ret_forms->types[ret_forms->count], reterr);
        if (code != 0)
            return code;
        ret_forms->count++;
    }
    (void)snprintf(path, sizeof path, "%s/office.db", cli->home);
    if (access(path, F_OK) != 0)
        return err_set(reterr, ERR_HOME, "không có %s", "there is no %s", path);
    struct sql_options options = {.file_mode = 0660, .busy_timeout_ms = FORMS_BUSY_MS};
    code = sql_open(path, &options, &ret_forms->db, reterr);
    if (code != 0)
        return code;
    // The triggers need json_quote, which SQLite lets only a trusted schema call. Ours is as
    // trusted here as in everybody's sqlite3: who may write to the file may write this office's
    // records.
    if (sqlite3_db_config(ret_forms->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL) != SQLITE_OK)
        return sql_fail(ret_forms->db, reterr);
    return 0;
}

void
forms_release(struct forms *self)
{
    sql_close(&self->db);
    for (size_t i = 0; i < self->count; i++)
        type_destroy(&self->types[i]);
    free(self->types);
    *self = (struct forms){0};
}

int
forms_type(const struct forms *self, const char *name, const struct type **ret_type,
           struct err *reterr)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->types[i]->name, name) == 0) {
            *ret_type = self->types[i];
            return 0;
        }
    return err_set(reterr, ERR_TYPE, "không có loại bản ghi '%s'", "there is no record type '%s'",
                   name);
}

static int
row_exists(const struct forms *self, const char *table, const char *suffix, const char *id,
           bool *ret_exists, struct err *reterr)
{
    OWNED(buf_release) struct buf sql = {0};
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    buf_print(&sql, "SELECT 1 FROM \"%s%s\" WHERE id = ?1", table, suffix);
    int code = sql_prepare(self->db, buf_text(&sql), &stmt, reterr);
    if (code != 0)
        return code;
    stmt_bind_text(stmt, 1, id);
    code = stmt_next(stmt, reterr);
    *ret_exists = code == 1;
    return code < 0 ? code : 0;
}

int
forms_record(const struct forms *self, const char *id, const struct type **ret_type,
             bool *ret_is_retracted, struct err *reterr)
{
    bool exists = false;
    for (size_t i = 0; i < 2 * self->count; i++) {
        *ret_type = self->types[i / 2];
        *ret_is_retracted = i % 2 == 1;
        int code = row_exists(self, (*ret_type)->name, *ret_is_retracted ? "_retracted" : "", id,
                              &exists, reterr);
        if (code != 0 || exists)
            return code;
    }
    return err_set(reterr, ERR_NOTFOUND, "không có bản ghi '%.60s'", "there is no record '%.60s'",
                   id);
}

// --- writing -------------------------------------------------------------------------------------

// "LT-FIELD: tiếng Việt / English": labels may have a " / " of their own, so look for how the
// English half begins before taking the first.
static const char *
halves_of(const char *text)
{
    static const char *const begins[] = {" / column '", " / another record", " / "};
    for (size_t i = 0; i < sizeof begins / sizeof begins[0]; i++) {
        const char *at = strstr(text, begins[i]);
        if (at != NULL)
            return at;
    }
    return NULL;
}

static int
trigger_fail(const struct forms *self, int code, struct err *reterr)
{
    static const char mark[] = "LT-FIELD: ";
    const char *said = sqlite3_errmsg(self->db);
    if (strncmp(said, mark, sizeof mark - 1) != 0)
        return code;
    const char *vi = said + sizeof mark - 1, *split = halves_of(vi);
    int size = split != NULL ? (int)(split - vi) : (int)strlen(vi);
    reterr->code = ERR_FIELD;
    (void)snprintf(reterr->vi, sizeof reterr->vi, "%.*s", size, vi);
    (void)snprintf(reterr->en, sizeof reterr->en, "%s", split != NULL ? split + 3 : vi);
    return ERR_FIELD;
}

int
forms_run(const struct forms *self, sqlite3_stmt *stmt, struct err *reterr)
{
    int code = stmt_run(stmt, reterr);
    return code == 0 ? 0 : trigger_fail(self, code, reterr);
}

int
forms_next(const struct forms *self, sqlite3_stmt *stmt, struct err *reterr)
{
    int code = stmt_next(stmt, reterr);
    return code >= 0 ? code : trigger_fail(self, code, reterr);
}

int
forms_begin(struct forms *self, uint64_t reason, struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    int code = sql_exec(self->db, "BEGIN IMMEDIATE", reterr);
    if (code != 0)
        return code;
    code =
        sql_prepare(self->db, "INSERT INTO _writer(actor, reason) VALUES (0, ?1)", &stmt, reterr);
    if (code == 0) {
        stmt_bind_int(stmt, 1, (int64_t)reason);
        code = stmt_run(stmt, reterr);
    }
    if (code != 0)
        forms_rollback(self);
    return code;
}

int
forms_commit(struct forms *self, struct err *reterr)
{
    int code = sql_exec(self->db, "DELETE FROM _writer; COMMIT", reterr);
    if (code != 0)
        forms_rollback(self);
    return code;
}

void
forms_rollback(struct forms *self)
{
    struct err ignored;
    if (self->db != NULL && sqlite3_get_autocommit(self->db) == 0)
        (void)!sql_exec(self->db, "ROLLBACK", &ignored);
}

// --- values that people type ---------------------------------------------------------------------

static bool
is_alike(struct bytes a, struct bytes b)
{
    OWNED(buf_release) struct buf left = {0};
    OWNED(buf_release) struct buf right = {0};
    return text_fold(a, &left) == 0 && text_fold(b, &right) == 0 &&
           bytes_equal(buf_bytes(&left), buf_bytes(&right));
}

// SQLite would make 1 of '1.000', which is a thousand here: only digits are a number.
static bool
int_parse(struct bytes text, int64_t *ret_number)
{
    char digits[21], *end = NULL;
    if (text.size == 0 || text.size >= sizeof digits)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if ((text.at[i] < '0' || text.at[i] > '9') && (i > 0 || text.at[i] != '-'))
            return false;
    memcpy(digits, text.at, text.size);
    digits[text.size] = '\0';
    errno = 0;
    *ret_number = strtoll(digits, &end, 10);
    return errno == 0 && end != digits && *end == '\0';
}

static bool
bool_parse(struct bytes text, int64_t *ret_number)
{
    static const struct {
        const char *word;
        int value;
    } words[] = {{"1", 1},    {"0", 0},     {"co", 1},  {"khong", 0}, {"dung", 1}, {"sai", 0},
                 {"true", 1}, {"false", 0}, {"yes", 1}, {"no", 0},    {"x", 1}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (is_alike(text, bytes_of(words[i].word))) {
            *ret_number = words[i].value;
            return true;
        }
    return false;
}

static void
text_set(struct cell *cell, struct bytes text)
{
    cell->kind = CELL_TEXT;
    buf_clear(&cell->text);
    buf_add_bytes(&cell->text, text);
}

static void
choice_set(const struct field *field, struct bytes text, struct cell *cell)
{
    for (size_t i = 0; i < field->choice_count; i++) {
        const struct choice *choice = &field->choices[i];
        if (bytes_equal(text, bytes_of(choice->name)) ||
            is_alike(text, bytes_of(choice->label[LANG_VI])) ||
            is_alike(text, bytes_of(choice->label[LANG_EN]))) {
            text_set(cell, bytes_of(choice->name));
            return;
        }
    }
    text_set(cell, text);
}

static void
date_set(struct bytes text, struct cell *cell)
{
    int64_t days = 0;
    char iso[DATE_TEXT_MAX + 1];
    if (date_parse(text, &days) && date_text(days, iso))
        text_set(cell, bytes_of(iso));
    else
        text_set(cell, text);
}

// The one field that names a record within its office: a household's number. NULL when there is
// no such field.
static const struct field *
short_key(const struct type *type)
{
    if (type->key_count != 2)
        return NULL;
    for (size_t i = 0; i < 2; i++)
        if (strcmp(type->key[i], "subject") == 0)
            return type_field(type, bytes_of(type->key[1 - i]));
    return NULL;
}

// A record may be named by its short key, where its office is known.
static int
record_set(const struct forms *self, const struct field *field, const char *office,
           struct bytes text, struct cell *cell, struct err *reterr)
{
    struct record_id id;
    const struct type *of = NULL;
    const struct field *key = NULL;
    struct err ignored;
    text_set(cell, text);
    if (record_id_parse(text, &id) || office[0] == '\0' || field->of[0] == '\0' ||
        forms_type(self, field->of, &of, &ignored) != 0 || of == NULL ||
        (key = short_key(of)) == NULL)
        return 0;
    OWNED(buf_release) struct buf sql = {0};
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    buf_print(&sql, "SELECT id FROM \"%s\" WHERE office = ?1 AND \"%s\" = ?2 LIMIT 1", of->name,
              key->name);
    int code = sql_prepare(self->db, buf_text(&sql), &stmt, reterr);
    if (code != 0)
        return code;
    stmt_bind_text(stmt, 1, office);
    stmt_bind_utf8(stmt, 2, text);
    code = stmt_next(stmt, reterr);
    if (code == 1)
        text_set(cell, stmt_bytes(stmt, 0));
    if (code != 0)
        return code < 0 ? code : 0;
    return err_set(reterr, ERR_FIELD, "cột '%s' (%s): %s không có '%s' là '%.*s'",
                   "column '%s' (%s): %s has no '%s' that is '%.*s'", field->name, field->label[0],
                   office, key->name, (int)text_cut(text, 60), text.at);
}

static int
number_fail(const struct field *field, struct bytes text, struct err *reterr)
{
    reterr->code = ERR_FIELD;
    int size = (int)text_cut(text, 60);
    (void)snprintf(reterr->vi, sizeof reterr->vi, "cột '%s' (%s): '%.*s' không phải %s",
                   field->name, field->label[LANG_VI], size, text.at,
                   field->kind == FIELD_INT ? "số nguyên (không dấu chấm, dấu phẩy)" : "có, không");
    (void)snprintf(reterr->en, sizeof reterr->en, "column '%s' (%s): '%.*s' is no %s", field->name,
                   field->label[LANG_EN], size, text.at,
                   field->kind == FIELD_INT ? "whole number (without dots and commas)"
                                            : "yes or no");
    return ERR_FIELD;
}

static int
one_set(const struct forms *self, const struct field *field, const char *office, struct bytes text,
        struct cell *cell, struct err *reterr)
{
    switch (field->kind) {
    case FIELD_INT:
        cell->kind = CELL_INT;
        return int_parse(text, &cell->number) ? 0 : number_fail(field, text, reterr);
    case FIELD_BOOL:
        cell->kind = CELL_INT;
        return bool_parse(text, &cell->number) ? 0 : number_fail(field, text, reterr);
    case FIELD_DATE:
        date_set(text, cell);
        return 0;
    case FIELD_CHOICE:
        choice_set(field, text, cell);
        return 0;
    case FIELD_RECORD:
        return record_set(self, field, office, text, cell, reterr);
    case FIELD_TEXT:
    case FIELD_OFFICE:
        break;
    }
    text_set(cell, text);
    return 0;
}

static struct bytes
part_taken(struct bytes *rest, const char *separators, bool *ret_is_last)
{
    size_t size = 0;
    while (size < rest->size && strchr(separators, rest->at[size]) == NULL)
        size++;
    struct bytes part = BYTES(rest->at, size);
    *ret_is_last = size == rest->size;
    size_t used = *ret_is_last ? size : size + 1;
    *rest = BYTES(rest->at + used, rest->size - used);
    while (part.size > 0 && part.at[0] == ' ')
        part = BYTES(part.at + 1, part.size - 1);
    while (part.size > 0 && part.at[part.size - 1] == ' ')
        part.size--;
    return part;
}

// "a, b", or "a; b" where a label has a comma of its own; what begins with '[' is JSON already.
static int
list_set(const struct forms *self, const struct field *field, const char *office, struct bytes text,
         struct cell *cell, struct err *reterr)
{
    OWNED(json_decrefp) json_t *list = json_array();
    OWNED(cell_release) struct cell part = {0};
    const char *separators = memchr(text.at, ';', text.size) != NULL ? ";" : ",";
    bool is_last = text.at[0] == '[';
    text_set(cell, text);
    for (struct bytes rest = text; !is_last;) {
        struct bytes word = part_taken(&rest, separators, &is_last);
        if (word.size == 0)
            continue;
        int code = one_set(self, field, office, word, &part, reterr);
        if (code != 0)
            return code;
        (void)json_array_append_new(
            list, part.kind == CELL_INT ? json_integer(part.number)
                                        : json_stringn((const char *)part.text.at, part.text.size));
    }
    if (text.at[0] == '[')
        return 0;
    char *packed = json_dumps(list, JSON_COMPACT);
    text_set(cell, bytes_of(packed));
    free(packed);
    return 0;
}

int
forms_cell(const struct forms *self, const struct field *field, const char *office,
           struct bytes text, struct cell *ret_cell, struct err *reterr)
{
    OWNED(buf_release) struct buf tidy = {0};
    if (text_nfc(text, &tidy) != 0)
        return err_set(reterr, ERR_FIELD, "cột '%s': văn bản không phải UTF-8 sạch",
                       "column '%s': the text is no clean UTF-8", field->name);
    if (tidy.size == 0) {
        ret_cell->kind = CELL_NULL;
        return 0;
    }
    return (field->is_list ? list_set : one_set)(self, field, office, buf_bytes(&tidy), ret_cell,
                                                 reterr);
}

void
cell_bind(const struct cell *self, sqlite3_stmt *stmt, int index)
{
    switch (self->kind) {
    case CELL_NULL:
        stmt_bind_null(stmt, index);
        return;
    case CELL_INT:
        stmt_bind_int(stmt, index, self->number);
        return;
    case CELL_TEXT:
        stmt_bind_utf8(stmt, index, buf_bytes(&self->text));
        return;
    }
}

bool
cell_equals(const struct cell *self, sqlite3_stmt *stmt, int column)
{
    int kind = sqlite3_column_type(stmt, column);
    switch (self->kind) {
    case CELL_NULL:
        return kind == SQLITE_NULL;
    case CELL_INT:
        return kind == SQLITE_INTEGER && stmt_int(stmt, column) == self->number;
    case CELL_TEXT:
        return kind == SQLITE_TEXT && bytes_equal(stmt_bytes(stmt, column), buf_bytes(&self->text));
    }
    return false;
}

void
cell_release(struct cell *self)
{
    buf_release(&self->text);
    *self = (struct cell){0};
}

// --- values that people read ---------------------------------------------------------------------

static void
one_show(const struct cli *cli, const struct field *field, struct bytes value, struct buf *text)
{
    int64_t days = 0;
    char shown[DATE_TEXT_MAX + 1];
    if (field->kind == FIELD_DATE && date_parse(value, &days) && date_show(days, shown)) {
        buf_add_text(text, shown);
        return;
    }
    for (size_t i = 0; i < field->choice_count; i++)
        if (bytes_equal(value, bytes_of(field->choices[i].name))) {
            buf_add_text(text, field->choices[i].label[cli->lang]);
            return;
        }
    buf_add_bytes(text, value);
}

static void
list_show(const struct cli *cli, const struct field *field, const json_t *list, struct buf *text)
{
    size_t i = 0;
    json_t *part = NULL;
    json_array_foreach(list, i, part)
    {
        if (i > 0)
            buf_add_text(text, ", ");
        if (json_is_string(part))
            one_show(cli, field, BYTES(json_string_value(part), json_string_length(part)), text);
        else
            buf_print(text, "%" PRId64, (int64_t)json_integer_value(part));
    }
}

void
column_show(const struct cli *cli, const struct field *field, sqlite3_stmt *stmt, int column,
            struct buf *ret_text)
{
    int kind = sqlite3_column_type(stmt, column);
    OWNED(json_decrefp) json_t *json = column_json(field, stmt, column);
    if (kind == SQLITE_NULL)
        return;
    if (json_is_array(json))
        list_show(cli, field, json, ret_text);
    else if (json_is_boolean(json))
        buf_add_text(ret_text, json_is_true(json) ? cli_text(cli, "có", "yes")
                                                  : cli_text(cli, "không", "no"));
    else
        one_show(cli, field, stmt_bytes(stmt, column), ret_text);
}

json_t *
column_json(const struct field *field, sqlite3_stmt *stmt, int column)
{
    int kind = sqlite3_column_type(stmt, column);
    struct bytes text = kind == SQLITE_NULL ? BYTES_LIT("") : stmt_bytes(stmt, column);
    json_t *json = NULL;
    if (kind == SQLITE_NULL)
        return json_null();
    if (kind == SQLITE_INTEGER)
        return field->kind == FIELD_BOOL ? json_boolean(sqlite3_column_int64(stmt, column) != 0)
                                         : json_integer(sqlite3_column_int64(stmt, column));
    if (field->is_list)
        json = json_loadb((const char *)text.at, text.size, 0, NULL);
    if (json == NULL)
        json = json_stringn((const char *)text.at, text.size);
    return json != NULL ? json : json_null();
}

// --- names ---------------------------------------------------------------------------------------

int
forms_assignment(const struct type *type, const char *word, const struct field **ret_field,
                 const char **ret_value, struct err *reterr)
{
    const char *sign = strchr(word, '=');
    if (sign == NULL)
        return err_set(reterr, ERR_USAGE, "'%.60s': cần dạng trường=giá trị",
                       "'%.60s': field=value is wanted", word);
    struct bytes name = BYTES(word, (size_t)(sign - word));
    *ret_value = sign + 1;
    *ret_field = NULL;
    if (bytes_equal(name, BYTES_LIT("office")))
        return 0;
    *ret_field = type_field(type, name);
    for (size_t i = 0; i < type->field_count && *ret_field == NULL; i++)
        if (is_alike(name, bytes_of(type->fields[i].label[LANG_VI])) ||
            is_alike(name, bytes_of(type->fields[i].label[LANG_EN])))
            *ret_field = &type->fields[i];
    if (*ret_field != NULL)
        return 0;
    return err_set(reterr, ERR_FIELD, "loại '%s' không có trường '%.*s'",
                   "type '%s' has no field '%.*s'", type->name, (int)text_cut(name, 60), name.at);
}

void
forms_columns(const struct type *type, struct buf *ret_sql)
{
    buf_add_text(ret_sql, "id, office");
    for (size_t i = 0; i < type->field_count; i++)
        buf_print(ret_sql, ", \"%s\"", type->fields[i].name);
}
