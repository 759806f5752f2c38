// Verbs about records: the same SQL that everybody may write, with words around it.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/text.h"
#include "cli_forms.h"
#include "cli_table.h"

// What stands in `_writer.reason`: by name where people have agreed on one.
static const struct {
    const char *code;
    uint64_t number;
} reasons[] = {{"SAI", 1}, {"TRUNG", 2}, {"DOI", 3}, {"KHAC", 9}};

static int
reason_read(const struct cli *self, uint64_t *ret_reason, struct err *reterr)
{
    int64_t number = 0;
    const char *text = cli_option(self, "--reason");
    if (text == NULL)
        return err_set(reterr, ERR_USAGE,
                       "cần lý do: --reason SAI (nhập sai), TRUNG, DOI (thực tế thay đổi), KHAC",
                       "a reason is wanted: --reason SAI (mistake), TRUNG (double), DOI (things"
                       " changed), KHAC (other)");
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (strcmp(text, reasons[i].code) == 0) {
            *ret_reason = reasons[i].number;
            return 0;
        }
    int code = cli_number(self, "--reason", 0, 1, 65535, &number, reterr);
    *ret_reason = (uint64_t)number;
    return code;
}

// --- writing -------------------------------------------------------------------------------------

// Columns and cells of the assignments in the arguments from `first` on.
struct assignments {
    size_t count;
    const struct field *fields[FIELDS_MAX];
    struct cell cells[FIELDS_MAX];
    const char *office; // NULL when it is not among them
};

static void
assignments_release(struct assignments *self)
{
    for (size_t i = 0; i < self->count; i++)
        cell_release(&self->cells[i]);
    self->count = 0;
}

static int
assignment_add(const struct forms *forms, struct assignments *self, const struct field *field,
               const char *office, const char *value, struct err *reterr)
{
    for (size_t i = 0; i < self->count; i++)
        if (self->fields[i] == field)
            return err_set(reterr, ERR_USAGE, "trường '%s' có hai lần", "field '%s' is there twice",
                           field->name);
    self->fields[self->count++] = field; // As many as the type has, by the check above
    return forms_cell(forms, field, office, bytes_of(value), &self->cells[self->count - 1], reterr);
}

static int
assignments_read(const struct cli *cli, const struct forms *forms, const struct type *type,
                 const char *office, struct assignments *self, struct err *reterr)
{
    const struct field *field = NULL;
    const char *value = NULL;
    // The office first: a household's number means something only within one.
    for (size_t i = 1; i < cli->count; i++) {
        int code = forms_assignment(type, cli->args[i], &field, &value, reterr);
        if (code != 0)
            return code;
        if (field == NULL)
            self->office = value;
    }
    if (self->office != NULL)
        office = self->office;
    for (size_t i = 1; i < cli->count; i++) {
        int code = forms_assignment(type, cli->args[i], &field, &value, reterr);
        if (code == 0 && field != NULL)
            code = assignment_add(forms, self, field, office, value, reterr);
        if (code != 0)
            return code;
    }
    return 0;
}

static int
insert_row(const struct forms *forms, const struct type *type, const struct assignments *given,
           char *ret_id, struct err *reterr)
{
    OWNED(buf_release) struct buf sql = {0};
    OWNED(buf_release) struct buf marks = {0};
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    const char *comma = "";
    buf_print(&sql, "INSERT INTO \"%s\"(", type->name);
    if (given->office != NULL) {
        buf_add_text(&sql, "office");
        buf_add_text(&marks, "?1");
        comma = ", ";
    }
    for (size_t i = 0; i < given->count; i++, comma = ", ") {
        buf_print(&sql, "%s\"%s\"", comma, given->fields[i]->name);
        buf_print(&marks, "%s?%zu", comma, i + 2);
    }
    buf_print(&sql, ") VALUES (%s) RETURNING id", buf_text(&marks));
    int code = sql_prepare(forms->db, buf_text(&sql), &stmt, reterr);
    if (code != 0)
        return code;
    if (given->office != NULL)
        stmt_bind_text(stmt, 1, given->office);
    for (size_t i = 0; i < given->count; i++)
        cell_bind(&given->cells[i], stmt, (int)i + 2);
    code = forms_next(forms, stmt, reterr);
    if (code == 1 && !stmt_text(stmt, 0, ret_id, RECORD_TEXT_MAX + 1))
        code = err_set(reterr, ERR_BUG, "bản ghi mới không có mã", "the new record has no id");
    while (code == 1)
        code = forms_next(forms, stmt, reterr);
    return code;
}

int
cli_add(struct cli *self, struct err *reterr)
{
    OWNED(forms_release) struct forms forms = {0};
    OWNED(assignments_release) struct assignments given = {.office = cli_option(self, "--office")};
    const struct type *type = NULL;
    char id[RECORD_TEXT_MAX + 1] = "";
    int code = forms_open(self, &forms, reterr);
    if (code == 0)
        code = forms_type(&forms, self->args[0], &type, reterr);
    if (code == 0)
        code = assignments_read(self, &forms, type, "", &given, reterr);
    if (code == 0 && given.count == 0)
        code = err_set(reterr, ERR_USAGE, "cần ít nhất một trường=giá trị",
                       "one field=value at least is wanted");
    if (code == 0)
        code = forms_begin(&forms, 0, reterr);
    if (code == 0)
        code = insert_row(&forms, type, &given, id, reterr);
    if (code == 0)
        code = forms_commit(&forms, reterr);
    forms_rollback(&forms);
    if (code != 0)
        return code;
    OWNED(json_decrefp) json_t *json = json_pack("{s:s, s:s}", "id", id, "type", type->name);
    if (!cli_answered(self, json))
        (void)printf("%s\n", id);
    return 0;
}

static int
update_row(const struct forms *forms, const struct type *type, const struct assignments *given,
           const char *id, struct err *reterr)
{
    OWNED(buf_release) struct buf sql = {0};
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    buf_print(&sql, "UPDATE \"%s\" SET ", type->name);
    for (size_t i = 0; i < given->count; i++)
        buf_print(&sql, "%s\"%s\" = ?%zu", i > 0 ? ", " : "", given->fields[i]->name, i + 2);
    buf_add_text(&sql, " WHERE id = ?1");
    int code = sql_prepare(forms->db, buf_text(&sql), &stmt, reterr);
    if (code != 0)
        return code;
    stmt_bind_text(stmt, 1, id);
    for (size_t i = 0; i < given->count; i++)
        cell_bind(&given->cells[i], stmt, (int)i + 2);
    return forms_run(forms, stmt, reterr);
}

static int
delete_row(const struct forms *forms, const struct type *type, const char *id, struct err *reterr)
{
    OWNED(buf_release) struct buf sql = {0};
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    buf_print(&sql, "DELETE FROM \"%s\" WHERE id = ?1", type->name);
    int code = sql_prepare(forms->db, buf_text(&sql), &stmt, reterr);
    if (code != 0)
        return code;
    stmt_bind_text(stmt, 1, id);
    return forms_run(forms, stmt, reterr);
}

// The type of a record that is not retracted, and the office it is about.
static int
living_record(const struct forms *forms, const char *id, const struct type **ret_type,
              char ret_office[OFFICE_MAX + 1], struct err *reterr)
{
    bool is_retracted = false;
    OWNED(buf_release) struct buf sql = {0};
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    int code = forms_record(forms, id, ret_type, &is_retracted, reterr);
    if (code != 0)
        return code;
    if (is_retracted)
        return err_set(reterr, ERR_NOTFOUND, "bản ghi '%s' đã bị hủy", "record '%s' was retracted",
                       id);
    buf_print(&sql, "SELECT office FROM \"%s\" WHERE id = ?1", (*ret_type)->name);
    code = sql_prepare(forms->db, buf_text(&sql), &stmt, reterr);
    if (code != 0)
        return code;
    stmt_bind_text(stmt, 1, id);
    ret_office[0] = '\0';
    code = stmt_next(stmt, reterr);
    if (code == 1 && !stmt_text(stmt, 0, ret_office, OFFICE_MAX + 1))
        ret_office[0] = '\0'; // Then no short key is looked up in it
    return code < 0 ? code : 0;
}

// What edit and void begin with: the reason, the forms, and the record the command names.
static int
change_open(struct cli *self, struct forms *forms, uint64_t *ret_reason,
            const struct type **ret_type, char ret_office[OFFICE_MAX + 1], struct err *reterr)
{
    int code = reason_read(self, ret_reason, reterr);
    if (code == 0)
        code = forms_open(self, forms, reterr);
    return code != 0 ? code : living_record(forms, self->args[0], ret_type, ret_office, reterr);
}

int
cli_edit(struct cli *self, struct err *reterr)
{
    OWNED(forms_release) struct forms forms = {0};
    OWNED(assignments_release) struct assignments given = {0};
    const struct type *type = NULL;
    const char *id = self->args[0];
    char office[OFFICE_MAX + 1];
    uint64_t reason = 0;
    int code = change_open(self, &forms, &reason, &type, office, reterr);
    if (code == 0)
        code = assignments_read(self, &forms, type, office, &given, reterr);
    if (code == 0 && given.office != NULL)
        code = err_set(reterr, ERR_FIELD, "cột 'office': không đổi được",
                       "column 'office': it never changes");
    if (code == 0)
        code = forms_begin(&forms, reason, reterr);
    int before = forms.db != NULL ? sqlite3_total_changes(forms.db) : 0;
    if (code == 0)
        code = update_row(&forms, type, &given, id, reterr);
    // The row itself and its line in the outbox; without a change the trigger writes no line.
    bool is_changed = code == 0 && sqlite3_total_changes(forms.db) - before > 1;
    if (code == 0)
        code = forms_commit(&forms, reterr);
    forms_rollback(&forms);
    if (code != 0)
        return code;
    OWNED(json_decrefp)
    json_t *json =
        json_pack("{s:s, s:s, s:b}", "id", id, "type", type->name, "changed", is_changed);
    if (!cli_answered(self, json))
        cli_say(self, "%s: %s\n", "%s: %s\n", id,
                is_changed ? cli_text(self, "đã sửa", "changed")
                           : cli_text(self, "không có gì khác", "nothing is different"));
    return 0;
}

int
cli_void(struct cli *self, struct err *reterr)
{
    OWNED(forms_release) struct forms forms = {0};
    const struct type *type = NULL;
    const char *id = self->args[0];
    char office[OFFICE_MAX + 1];
    uint64_t reason = 0;
    int code = change_open(self, &forms, &reason, &type, office, reterr);
    if (code == 0)
        code = forms_begin(&forms, reason, reterr);
    if (code == 0)
        code = delete_row(&forms, type, id, reterr);
    if (code == 0)
        code = forms_commit(&forms, reterr);
    forms_rollback(&forms);
    if (code != 0)
        return code;
    OWNED(json_decrefp) json_t *json = json_pack("{s:s, s:s}", "id", id, "type", type->name);
    if (!cli_answered(self, json))
        cli_say(self, "%s: đã hủy\n", "%s: retracted\n", id);
    return 0;
}

// --- reading -------------------------------------------------------------------------------------

// Text of a column that our file holds; "" for NULL.
static void
text_of(sqlite3_stmt *stmt, int column, char *ret_text, size_t room)
{
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL ||
        !stmt_text(stmt, column, ret_text, room))
        ret_text[0] = '\0';
}

static json_t *
row_json(const struct type *type, sqlite3_stmt *stmt)
{
    char id[RECORD_TEXT_MAX + 1], office[OFFICE_MAX + 1];
    text_of(stmt, 0, id, sizeof id);
    text_of(stmt, 1, office, sizeof office);
    json_t *json = json_pack("{s:s, s:s}", "id", id, "office", office);
    for (size_t i = 0; i < type->field_count; i++)
        (void)json_object_set_new(json, type->fields[i].name,
                                  column_json(&type->fields[i], stmt, (int)i + 2));
    return json;
}

static int
conflicts_json(const struct forms *forms, const char *id, json_t **ret_list, struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    *ret_list = json_array();
    int code =
        sql_prepare(forms->db, "SELECT field, choices FROM _conflict WHERE id = ?1", &stmt, reterr);
    if (code != 0)
        return code;
    stmt_bind_text(stmt, 1, id);
    while ((code = stmt_next(stmt, reterr)) == 1) {
        struct bytes field = stmt_bytes(stmt, 0), choices = stmt_bytes(stmt, 1);
        json_t *values = json_loadb((const char *)choices.at, choices.size, JSON_DECODE_ANY, NULL);
        (void)json_array_append_new(
            *ret_list, json_pack("{s:s%, s:o}", "field", (const char *)field.at, field.size,
                                 "choices", values != NULL ? values : json_null()));
    }
    return code;
}

static void
fields_print(const struct cli *self, const struct type *type, sqlite3_stmt *stmt)
{
    OWNED(table_release) struct table table = {.columns = 3};
    for (size_t i = 0; i < type->field_count; i++) {
        OWNED(buf_release) struct buf value = {0};
        const struct field *field = &type->fields[i];
        column_show(self, field, stmt, (int)i + 2, &value);
        table_add(&table, field->name);
        table_add(&table, field->label[self->lang]);
        table_add(&table, buf_text(&value));
    }
    table_print(&table);
}

static void
conflicts_print(const struct cli *self, const json_t *conflicts)
{
    size_t i = 0;
    json_t *conflict = NULL;
    json_array_foreach(conflicts, i, conflict)
    {
        char *choices =
            json_dumps(json_object_get(conflict, "choices"), JSON_COMPACT | JSON_ENCODE_ANY);
        cli_say(self, "MÂU THUẪN  %s: %s\n", "CONFLICT  %s: %s\n", answer_text(conflict, "field"),
                choices);
        free(choices);
    }
}

static void
history_print(const struct cli *self, const json_t *entries)
{
    OWNED(table_release) struct table table = {.columns = 5, .right = 1 << 2};
    size_t i = 0;
    json_t *entry = NULL;
    cli_say(self, "\nLịch sử\n", "\nHistory\n");
    json_array_foreach(entries, i, entry)
    {
        char when[WALL_TEXT_MAX + 1];
        char *facts = json_dumps(json_object_get(entry, "facts"), JSON_COMPACT | JSON_ENCODE_ANY);
        (void)wall_text(answer_number(entry, "logged_at"), when);
        table_add(&table, when);
        table_add(&table, answer_text(entry, "office"));
        table_add_int(&table, answer_number(entry, "seq"));
        table_add(&table, answer_text(entry, "op"));
        table_add(&table, facts != NULL ? facts : "");
        free(facts);
    }
    table_print(&table);
}

static int
record_print(struct cli *self, const struct forms *forms, const struct type *type,
             bool is_retracted, sqlite3_stmt *row, struct err *reterr)
{
    OWNED(json_decrefp) json_t *conflicts = NULL, *answer = NULL;
    const char *id = self->args[0];
    int code = conflicts_json(forms, id, &conflicts, reterr);
    if (code == 0)
        code = cli_ask(self,
                       json_pack("{s:s, s:s, s:i, s:i}", "verb", "log", "record", id, "from", 0,
                                 "limit", 1000),
                       &answer, reterr);
    if (code != 0)
        return code;
    json_t *entries = json_object_get(answer, "entries");
    if (entries == NULL)
        return err_set(reterr, ERR_BUG, "không có lịch sử", "there is no history");
    OWNED(json_decrefp)
    json_t *json =
        json_pack("{s:s, s:b, s:o, s:O, s:O}", "type", type->name, "retracted", is_retracted,
                  "record", row_json(type, row), "conflicts", conflicts, "log", entries);
    if (cli_answered(self, json))
        return 0;
    char office[OFFICE_MAX + 1];
    text_of(row, 1, office, sizeof office);
    cli_say(self, "%s\n%s, đơn vị %s%s\n\n", "%s\n%s, office %s%s\n\n", id, type->label[self->lang],
            office, is_retracted ? cli_text(self, ", ĐÃ HỦY", ", RETRACTED") : "");
    fields_print(self, type, row);
    conflicts_print(self, conflicts);
    history_print(self, entries);
    return 0;
}

int
cli_show(struct cli *self, struct err *reterr)
{
    OWNED(forms_release) struct forms forms = {0};
    OWNED(buf_release) struct buf sql = {0};
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    const struct type *type = NULL;
    bool is_retracted = false;
    int code = forms_open(self, &forms, reterr);
    if (code == 0)
        code = forms_record(&forms, self->args[0], &type, &is_retracted, reterr);
    if (code != 0)
        return code;
    buf_add_text(&sql, "SELECT ");
    forms_columns(type, &sql);
    buf_print(&sql, " FROM \"%s%s\" WHERE id = ?1", type->name, is_retracted ? "_retracted" : "");
    code = sql_prepare(forms.db, buf_text(&sql), &stmt, reterr);
    if (code != 0)
        return code;
    stmt_bind_text(stmt, 1, self->args[0]);
    code = stmt_next(stmt, reterr);
    if (code == 0)
        return err_set(reterr, ERR_NOTFOUND, "bản ghi vừa đổi, xin chạy lại",
                       "the record has just changed, run again");
    if (code == 1)
        code = record_print(self, &forms, type, is_retracted, stmt, reterr);
    return code;
}

// --- find ----------------------------------------------------------------------------------------

static int
types_print(struct cli *self, const struct forms *forms, struct err *reterr)
{
    OWNED(table_release) struct table table = {.columns = 3, .right = 1 << 2};
    OWNED(json_decrefp) json_t *list = json_array();
    for (size_t i = 0; i < forms->count; i++) {
        OWNED(buf_release) struct buf sql = {0};
        const struct type *type = forms->types[i];
        int64_t count = 0;
        buf_print(&sql, "SELECT count(*) FROM \"%s\"", type->name);
        int code = sql_int(forms->db, buf_text(&sql), &count, reterr);
        if (code != 0)
            return code;
        table_add(&table, type->name);
        table_add(&table, type->label[self->lang]);
        table_add_int(&table, count);
        (void)json_array_append_new(list,
                                    json_pack("{s:s, s:{s:s, s:s}, s:I}", "type", type->name,
                                              "label", "vi", type->label[LANG_VI], "en",
                                              type->label[LANG_EN], "records", (json_int_t)count));
    }
    OWNED(json_decrefp) json_t *json = json_pack("{s:O}", "types", list);
    if (!cli_answered(self, json))
        table_print(&table);
    return 0;
}

static void
found_head(const struct cli *self, const struct type *type, struct table *table)
{
    table->columns = type->field_count + 2;
    table_add(table, cli_text(self, "Mã bản ghi", "Record"));
    table_add(table, cli_text(self, "Đơn vị", "Office"));
    for (size_t i = 0; i < type->field_count; i++) {
        table_add(table, type->fields[i].label[self->lang]);
        if (type->fields[i].kind == FIELD_INT && i + 2 < 64)
            table->right |= UINT64_C(1) << (i + 2);
    }
}

static void
found_add(const struct cli *self, const struct type *type, sqlite3_stmt *stmt, struct table *table)
{
    char id[RECORD_TEXT_MAX + 1], office[OFFICE_MAX + 1];
    text_of(stmt, 0, id, sizeof id);
    text_of(stmt, 1, office, sizeof office);
    table_add(table, id);
    table_add(table, office);
    for (size_t i = 0; i < type->field_count; i++) {
        OWNED(buf_release) struct buf value = {0};
        column_show(self, &type->fields[i], stmt, (int)i + 2, &value);
        table_add(table, buf_text(&value));
    }
}

static int
found_print(struct cli *self, const struct type *type, sqlite3_stmt *stmt, struct err *reterr)
{
    OWNED(table_release) struct table table = {.columns = 1};
    OWNED(json_decrefp) json_t *list = json_array();
    int code = 0;
    found_head(self, type, &table);
    while ((code = stmt_next(stmt, reterr)) == 1)
        if (self->is_json)
            (void)json_array_append_new(list, row_json(type, stmt));
        else
            found_add(self, type, stmt, &table);
    if (code != 0)
        return code;
    OWNED(json_decrefp)
    json_t *json = json_pack("{s:s, s:O}", "type", type->name, "records", list);
    if (!cli_answered(self, json))
        table_print(&table);
    return 0;
}

int
cli_find(struct cli *self, struct err *reterr)
{
    OWNED(forms_release) struct forms forms = {0};
    OWNED(assignments_release) struct assignments given = {0};
    OWNED(buf_release) struct buf sql = {0};
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    const struct type *type = NULL;
    int code = forms_open(self, &forms, reterr);
    if (code == 0 && self->count == 0)
        return types_print(self, &forms, reterr);
    if (code == 0)
        code = forms_type(&forms, self->args[0], &type, reterr);
    if (code == 0)
        code = assignments_read(self, &forms, type, "", &given, reterr);
    if (code != 0)
        return code;
    buf_add_text(&sql, "SELECT ");
    forms_columns(type, &sql);
    buf_print(&sql, " FROM \"%s\" WHERE (?1 IS NULL OR office = ?1)", type->name);
    for (size_t i = 0; i < given.count; i++)
        buf_print(&sql, " AND \"%s\" IS ?%zu", given.fields[i]->name, i + 2);
    buf_add_text(&sql, " ORDER BY office, id");
    code = sql_prepare(forms.db, buf_text(&sql), &stmt, reterr);
    if (code != 0)
        return code;
    if (given.office != NULL)
        stmt_bind_text(stmt, 1, given.office);
    for (size_t i = 0; i < given.count; i++)
        cell_bind(&given.cells[i], stmt, (int)i + 2);
    return found_print(self, type, stmt, reterr);
}

// --- export --------------------------------------------------------------------------------------

static void
csv_write(struct bytes cell, const char *end)
{
    bool is_plain = true;
    for (size_t i = 0; i < cell.size; i++)
        is_plain &= strchr("\",;\t\r\n", cell.at[i]) == NULL || cell.at[i] == 0;
    if (!is_plain)
        (void)putchar('"');
    for (size_t i = 0; i < cell.size; i++) {
        if (cell.at[i] == '"')
            (void)putchar('"');
        (void)putchar(cell.at[i]);
    }
    if (!is_plain)
        (void)putchar('"');
    (void)fputs(end, stdout);
}

static void
csv_head(const struct type *type)
{
    (void)fputs("\xef\xbb\xbfid,office", stdout); // The mark: Excel reads UTF-8 only behind it
    for (size_t i = 0; i < type->field_count; i++)
        (void)printf(",%s", type->fields[i].name);
    (void)fputs("\r\n", stdout);
}

static void
csv_row(const struct type *type, sqlite3_stmt *stmt)
{
    int last = (int)type->field_count + 1;
    for (int i = 0; i <= last; i++)
        csv_write(sqlite3_column_type(stmt, i) == SQLITE_NULL ? BYTES_LIT("") : stmt_bytes(stmt, i),
                  i == last ? "\r\n" : ",");
}

int
cli_export(struct cli *self, struct err *reterr)
{
    OWNED(forms_release) struct forms forms = {0};
    OWNED(buf_release) struct buf sql = {0};
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    const struct type *type = NULL;
    bool is_csv = cli_option(self, "--jsonl") == NULL && !self->is_json;
    int code = forms_open(self, &forms, reterr);
    if (code == 0)
        code = forms_type(&forms, self->args[0], &type, reterr);
    if (code != 0)
        return code;
    buf_add_text(&sql, "SELECT ");
    forms_columns(type, &sql);
    buf_print(&sql, " FROM \"%s\" ORDER BY office, id", type->name);
    code = sql_prepare(forms.db, buf_text(&sql), &stmt, reterr);
    if (code != 0)
        return code;
    if (is_csv)
        csv_head(type);
    while ((code = stmt_next(stmt, reterr)) == 1) {
        OWNED(json_decrefp) json_t *row = is_csv ? NULL : row_json(type, stmt);
        if (is_csv)
            csv_row(type, stmt);
        else
            (void)!(json_dumpf(row, stdout, JSON_COMPACT) + putchar('\n'));
    }
    return code;
}
