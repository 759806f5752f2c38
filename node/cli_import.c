// import: a table from Excel becomes records, all of it or nothing.
//
// The rows are written in one transaction either way, so that the triggers judge each of them;
// without --commit, or after an error, the transaction is taken back.

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/text.h"
#include "catalogue/csv.h"
#include "cli_forms.h"

enum {
    ERRORS_SHOWN = 20, // More is read by nobody, and mostly one mistake many times
    PROGRESS_S = 1,
    NO_COLUMN = CSV_COLUMNS_MAX,
};

struct sheet {
    const struct cli *cli;
    struct forms *forms;
    const struct type *type;
    struct csv *csv;
    struct office self;
    char office[OFFICE_MAX + 1]; // Of this row
    size_t id_column, office_column;
    size_t count; // Fields that have a column
    const struct field *fields[FIELDS_MAX];
    size_t columns[FIELDS_MAX];
    struct cell cells[FIELDS_MAX];
    sqlite3_stmt *by_id, *by_key, *insert, *update, *note; // by_key: NULL without a whole key
    size_t row_count, new_count, changed_count, identical_count, error_count;
    json_t *errors;
    time_t shown_at;
};

static void
sheet_release(struct sheet *self)
{
    sqlite3_stmt **stmts[] = {&self->by_id, &self->by_key, &self->insert, &self->update,
                              &self->note};
    for (size_t i = 0; i < sizeof stmts / sizeof stmts[0]; i++)
        stmt_destroy(stmts[i]);
    for (size_t i = 0; i < self->count; i++)
        cell_release(&self->cells[i]);
    csv_destroy(&self->csv);
    json_decref(self->errors);
}

// --- columns -------------------------------------------------------------------------------------

static size_t
column_named(const struct sheet *self, const char *const *names, size_t count)
{
    size_t column = NO_COLUMN;
    for (size_t i = 0; i < count; i++)
        if (csv_column(self->csv, names[i], &column))
            return column;
    return NO_COLUMN;
}

static int
column_unknown(const struct sheet *self, size_t column, struct err *reterr)
{
    struct bytes name = csv_name(self->csv, column);
    return err_set(reterr, ERR_CSV, "cột '%.*s' không có trong loại '%s'",
                   "column '%.*s' is no field of type '%s'", (int)text_cut(name, 60), name.at,
                   self->type->name);
}

// Every column must be understood: one passed over in silence is data lost.
static int
columns_find(struct sheet *self, struct err *reterr)
{
    static const char *const ids[] = {"id", "mã bản ghi"};
    static const char *const offices[] = {"office", "subject", "khu", "ma_khu", "đơn vị"};
    bool is_used[CSV_COLUMNS_MAX + 1] = {false};
    self->id_column = column_named(self, ids, sizeof ids / sizeof ids[0]);
    self->office_column = column_named(self, offices, sizeof offices / sizeof offices[0]);
    is_used[self->id_column] = is_used[self->office_column] = true;
    for (size_t i = 0; i < self->type->field_count; i++) {
        const struct field *field = &self->type->fields[i];
        const char *const names[] = {field->name, field->label[LANG_VI], field->label[LANG_EN]};
        size_t column = column_named(self, names, 3);
        if (column == NO_COLUMN || is_used[column])
            continue;
        is_used[column] = true;
        self->fields[self->count] = field;
        self->columns[self->count++] = column;
    }
    for (size_t i = 0; i < csv_column_count(self->csv); i++)
        if (!is_used[i])
            return column_unknown(self, i, reterr);
    if (self->count == 0)
        return err_set(reterr, ERR_CSV, "không có cột nào của loại '%s'",
                       "there is no column of type '%s'", self->type->name);
    return 0;
}

// --- statements ----------------------------------------------------------------------------------

static size_t
place_of(const struct sheet *self, const char *name)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->fields[i]->name, name) == 0)
            return i;
    return FIELDS_MAX;
}

// In every statement: ?1 the id, ?2 the office, ?3 and on the cells.
static bool
key_condition(const struct sheet *self, struct buf *sql)
{
    for (size_t i = 0; i < self->type->key_count; i++) {
        const char *name = self->type->key[i];
        bool is_office = strcmp(name, "subject") == 0;
        size_t place = place_of(self, name);
        if (!is_office && place == FIELDS_MAX)
            return false;
        buf_print(sql, "%s\"%s\" = ?%zu", i > 0 ? " AND " : "", is_office ? "office" : name,
                  is_office ? 2 : place + 3);
    }
    return self->type->key_count > 0;
}

static int
select_prepare(struct sheet *self, const char *condition, sqlite3_stmt **ret_stmt,
               struct err *reterr)
{
    OWNED(buf_release) struct buf sql = {0};
    buf_add_text(&sql, "SELECT id, office");
    for (size_t i = 0; i < self->count; i++)
        buf_print(&sql, ", \"%s\"", self->fields[i]->name);
    buf_print(&sql, " FROM \"%s\" WHERE %s LIMIT 1", self->type->name, condition);
    return sql_prepare(self->forms->db, buf_text(&sql), ret_stmt, reterr);
}

static int
writes_prepare(struct sheet *self, struct err *reterr)
{
    OWNED(buf_release) struct buf insert = {0};
    OWNED(buf_release) struct buf marks = {0};
    OWNED(buf_release) struct buf update = {0};
    buf_print(&insert, "INSERT INTO \"%s\"(office", self->type->name);
    buf_print(&update, "UPDATE \"%s\" SET ", self->type->name);
    for (size_t i = 0; i < self->count; i++) {
        const char *name = self->fields[i]->name;
        buf_print(&insert, ", \"%s\"", name);
        buf_print(&marks, ", ?%zu", i + 3);
        buf_print(&update, "%s\"%s\" = ?%zu", i > 0 ? ", " : "", name, i + 3);
    }
    buf_print(&insert, ") VALUES (?2%s) RETURNING id", buf_text(&marks));
    buf_add_text(&update, " WHERE id = ?1");
    int code = sql_prepare(self->forms->db, buf_text(&insert), &self->insert, reterr);
    return code != 0 ? code
                     : sql_prepare(self->forms->db, buf_text(&update), &self->update, reterr);
}

static int
sheet_prepare(struct sheet *self, struct err *reterr)
{
    OWNED(buf_release) struct buf condition = {0};
    int code = sql_exec(self->forms->db,
                        "CREATE TEMP TABLE noted(id TEXT PRIMARY KEY, line INTEGER)", reterr);
    if (code == 0)
        code = sql_prepare(self->forms->db,
                           "INSERT INTO temp.noted VALUES (?1, ?2) ON CONFLICT(id) DO UPDATE SET"
                           " id = id RETURNING line",
                           &self->note, reterr);
    if (code == 0)
        code = select_prepare(self, "id = ?1", &self->by_id, reterr);
    if (code == 0 && key_condition(self, &condition))
        code = select_prepare(self, buf_text(&condition), &self->by_key, reterr);
    return code != 0 ? code : writes_prepare(self, reterr);
}

static void
row_bind(const struct sheet *self, sqlite3_stmt *stmt, struct bytes id)
{
    int most = sqlite3_bind_parameter_count(stmt);
    if (most >= 1)
        stmt_bind_utf8(stmt, 1, id);
    if (most >= 2)
        stmt_bind_text(stmt, 2, self->office);
    for (size_t i = 0; i < self->count && (int)i + 3 <= most; i++)
        cell_bind(&self->cells[i], stmt, (int)i + 3);
}

// --- one row -------------------------------------------------------------------------------------

// A whole code, or within a commune the number of an area: 12 for 05908-012.
static int
office_read(struct sheet *self, struct err *reterr)
{
    struct office office;
    struct bytes text =
        self->office_column == NO_COLUMN ? BYTES_LIT("") : csv_cell(self->csv, self->office_column);
    const char *given = cli_option(self->cli, "--office");
    if (text.size == 0)
        text = bytes_of(given != NULL ? given : self->self.code);
    if (office_parse(text, &office)) {
        memcpy(self->office, office.code, sizeof self->office);
        return 0;
    }
    int number = 0;
    for (size_t i = 0; i < text.size && text.size <= 3; i++)
        number = text.at[i] >= '0' && text.at[i] <= '9' && number >= 0
                     ? number * 10 + (text.at[i] - '0')
                     : -1;
    if (number <= 0 || office_level(&self->self) != LEVEL_COMMUNE)
        return err_set(reterr, ERR_FIELD, "cột 'office': '%.*s' không phải mã đơn vị",
                       "column 'office': '%.*s' is no office code", (int)text_cut(text, 60),
                       text.at);
    (void)snprintf(self->office, sizeof self->office, "%.5s-%03u", self->self.code,
                   (unsigned)number % 1000U);
    return 0;
}

static int
cells_read(struct sheet *self, struct err *reterr)
{
    int code = office_read(self, reterr);
    for (size_t i = 0; i < self->count && code == 0; i++)
        code = forms_cell(self->forms, self->fields[i], self->office,
                          csv_cell(self->csv, self->columns[i]), &self->cells[i], reterr);
    return code;
}

// One record on two lines of one file: which of them is meant nobody can say.
static int
line_note(struct sheet *self, struct bytes id, struct err *reterr)
{
    int64_t line = (int64_t)csv_line(self->csv), before = line;
    stmt_bind_utf8(self->note, 1, id);
    stmt_bind_int(self->note, 2, line);
    int code = stmt_next(self->note, reterr);
    if (code == 1)
        before = stmt_int(self->note, 0);
    while (code == 1)
        code = stmt_next(self->note, reterr);
    if (code != 0 || before == line)
        return code;
    return err_set(reterr, ERR_FIELD, "cùng một bản ghi với dòng %" PRId64,
                   "the same record as on line %" PRId64, before);
}

static bool
row_equals(const struct sheet *self, sqlite3_stmt *found)
{
    for (size_t i = 0; i < self->count; i++)
        if (!cell_equals(&self->cells[i], found, (int)i + 2))
            return false;
    return true;
}

static int
row_insert(struct sheet *self, struct err *reterr)
{
    OWNED(buf_release) struct buf id = {0};
    row_bind(self, self->insert, BYTES_LIT(""));
    int code = forms_next(self->forms, self->insert, reterr);
    if (code == 1)
        buf_add_bytes(&id, stmt_bytes(self->insert, 0));
    while (code == 1)
        code = forms_next(self->forms, self->insert, reterr);
    if (code == 0)
        code = line_note(self, buf_bytes(&id), reterr);
    self->new_count += code == 0;
    return code;
}

// `found` stands on the record's row, and is done with when this returns.
static int
row_update(struct sheet *self, sqlite3_stmt *found, struct err *reterr)
{
    OWNED(buf_release) struct buf id = {0};
    buf_add_bytes(&id, stmt_bytes(found, 0));
    bool is_equal = row_equals(self, found);
    bool is_moved = self->office_column != NO_COLUMN &&
                    !bytes_equal(stmt_bytes(found, 1), bytes_of(self->office));
    (void)sqlite3_reset(found);
    if (is_moved)
        return err_set(reterr, ERR_FIELD, "cột 'office': không đổi được",
                       "column 'office': it never changes");
    int code = line_note(self, buf_bytes(&id), reterr);
    if (code != 0 || is_equal) {
        self->identical_count += code == 0;
        return code;
    }
    row_bind(self, self->update, buf_bytes(&id));
    code = forms_run(self->forms, self->update, reterr);
    self->changed_count += code == 0;
    return code;
}

static int
row_write(struct sheet *self, struct err *reterr)
{
    struct bytes id =
        self->id_column == NO_COLUMN ? BYTES_LIT("") : csv_cell(self->csv, self->id_column);
    int code = cells_read(self, reterr);
    if (code != 0)
        return code;
    sqlite3_stmt *find = id.size > 0 ? self->by_id : self->by_key;
    if (find == NULL)
        return row_insert(self, reterr);
    row_bind(self, find, id);
    code = stmt_next(find, reterr);
    if (code == 1)
        return row_update(self, find, reterr);
    if (code == 0 && id.size > 0)
        return err_set(reterr, ERR_FIELD, "cột 'id': không có bản ghi '%.*s'",
                       "column 'id': there is no record '%.*s'", (int)text_cut(id, 60), id.at);
    return code != 0 ? code : row_insert(self, reterr);
}

// --- all rows ------------------------------------------------------------------------------------

static void
progress_show(struct sheet *self)
{
    time_t now = time(NULL);
    if (now - self->shown_at <= PROGRESS_S)
        return;
    self->shown_at = now;
    cli_note(self->cli, "  %zu dòng...\n", "  %zu rows...\n", self->row_count);
}

static void
error_note(struct sheet *self, struct err *err)
{
    size_t line = csv_line(self->csv);
    (void)err_wrap(err, "dòng %zu", "line %zu", line);
    if (self->error_count++ < ERRORS_SHOWN)
        (void)json_array_append_new(
            self->errors, json_pack("{s:I, s:s, s:s}", "line", (json_int_t)line, "vi",
                                    err_text(err, LANG_VI), "en", err_text(err, LANG_EN)));
}

// A row that is wrong is noted and the next one looked at; what is wrong with the file or the disk
// ends it.
static int
rows_write(struct sheet *self, struct err *reterr)
{
    bool has_row = false;
    int code = 0;
    self->shown_at = time(NULL);
    while ((code = csv_next(self->csv, &has_row, reterr)) == 0 && has_row) {
        struct err row_err = {0};
        int row_code = row_write(self, &row_err);
        self->row_count++;
        if (row_code == ERR_FIELD) {
            error_note(self, &row_err);
        } else if (row_code != 0) {
            *reterr = row_err;
            return row_code;
        }
        progress_show(self);
    }
    return code;
}

static int
sheet_write(struct sheet *self, bool is_commit, struct err *reterr)
{
    int code = forms_begin(self->forms, 0, reterr);
    if (code == 0)
        code = rows_write(self, reterr);
    if (code == 0 && is_commit && self->error_count == 0)
        code = forms_commit(self->forms, reterr);
    return code;
}

static int
sheet_answer(struct sheet *self, bool is_commit, struct err *reterr)
{
    bool is_done = is_commit && self->error_count == 0;
    const char *path = self->cli->args[0];
    OWNED(json_decrefp)
    json_t *json = json_pack(
        "{s:s, s:b, s:I, s:I, s:I, s:I, s:I, s:O}", "type", self->type->name, "committed", is_done,
        "rows", (json_int_t)self->row_count, "new", (json_int_t)self->new_count, "changed",
        (json_int_t)self->changed_count, "identical", (json_int_t)self->identical_count,
        "error_count", (json_int_t)self->error_count, "errors", self->errors);
    if (self->error_count > 0)
        (void)err_set(reterr, ERR_CSV, "%s: %zu trong %zu dòng có lỗi",
                      "%s: %zu of %zu rows have errors", path, self->error_count, self->row_count);
    if (self->error_count > 0)
        (void)json_object_set_new(json, "error", cli_error_json(reterr));
    if (cli_answered(self->cli, json))
        return self->error_count > 0 ? err_exit(ERR_CSV) : 0;
    size_t i = 0;
    json_t *error = NULL;
    json_array_foreach(self->errors, i, error) cli_note(
        self->cli, "%s\n", "%s\n", answer_text(error, self->cli->lang == LANG_VI ? "vi" : "en"));
    if (self->error_count > 0)
        return ERR_CSV;
    cli_say(self->cli, "%zu dòng: %zu mới, %zu thay đổi, %zu như cũ%s\n",
            "%zu rows: %zu new, %zu changed, %zu identical%s\n", self->row_count, self->new_count,
            self->changed_count, self->identical_count,
            is_done ? cli_text(self->cli, "; đã ghi", "; written")
                    : cli_text(self->cli, "; CHƯA GHI, thêm --commit để ghi",
                               "; NOT WRITTEN, add --commit to write"));
    return 0;
}

static int
self_ask(struct sheet *self, struct err *reterr)
{
    OWNED(json_decrefp) json_t *status = NULL;
    int code = cli_ask(self->cli, json_pack("{s:s}", "verb", "status"), &status, reterr);
    if (code == 0 && !office_parse(bytes_of(answer_text(status, "office")), &self->self))
        code = err_set(reterr, ERR_BUG, "đơn vị không nói mã của mình",
                       "the node does not say which office it is");
    return code;
}

int
cli_import(struct cli *self, struct err *reterr)
{
    OWNED(buf_release) struct buf file = {0};
    OWNED(forms_release) struct forms forms = {0};
    OWNED(sheet_release)
    struct sheet sheet = {.cli = self, .forms = &forms, .errors = json_array()};
    bool is_commit = cli_option(self, "--commit") != NULL;
    const char *name = cli_option(self, "--type"), *path = self->args[0];
    if (name == NULL)
        return err_set(reterr, ERR_USAGE, "cần --type TYPE", "--type TYPE is wanted");
    int code = cli_file(path, CSV_FILE_MAX, &file, reterr);
    if (code == 0)
        code = forms_open(self, &forms, reterr);
    if (code == 0)
        code = forms_type(&forms, name, &sheet.type, reterr);
    if (code == 0)
        code = self_ask(&sheet, reterr);
    if (code == 0)
        code = csv_new(buf_bytes(&file), &sheet.csv, reterr);
    if (code == 0)
        code = columns_find(&sheet, reterr);
    if (code == 0)
        code = sheet_prepare(&sheet, reterr);
    if (code == 0)
        code = sheet_write(&sheet, is_commit, reterr);
    forms_rollback(&forms);
    if (code == ERR_CSV)
        code = err_wrap(reterr, "%s", "%s", path);
    return code != 0 ? code : sheet_answer(&sheet, is_commit, reterr);
}
