#include "offices.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../base/text.h"
#include "csv.h"

enum { QUOTE_MAX = 40 }; // Bytes of a wrong value that a message repeats

struct columns {
    size_t code, level, parent, name;
    size_t hosted;
    bool has_hosted;
};

static int
columns_find(const struct csv *csv, struct columns *ret_columns, struct err *reterr)
{
    int code = csv_need(csv, "code", &ret_columns->code, reterr);
    if (code == 0)
        code = csv_need(csv, "level", &ret_columns->level, reterr);
    if (code == 0)
        code = csv_need(csv, "parent", &ret_columns->parent, reterr);
    if (code == 0)
        code = csv_need(csv, "name", &ret_columns->name, reterr);
    ret_columns->has_hosted = csv_column(csv, "hosted", &ret_columns->hosted);
    return code;
}

// --- one row -------------------------------------------------------------------------------------

static int
office_cell(const struct csv *csv, size_t column, struct office *ret_office, struct err *reterr)
{
    struct bytes text = csv_cell(csv, column);
    if (office_parse(text, ret_office))
        return 0;
    if (text.size > 0 && text.size < OFFICE_MAX) {
        struct office meant;
        uint8_t padded[OFFICE_MAX + 1] = {'0'};
        memcpy(padded + 1, text.at, text.size);
        if (office_parse(BYTES(padded, text.size + 1), &meant)) {
            (void)err_set(reterr, ERR_CSV,
                          "'%.*s' mất số 0 ở đầu (Excel hay bỏ đi): mã đúng là %s?",
                          "'%.*s' has lost its leading zero (Excel drops it): is %s meant?",
                          (int)text.size, (const char *)text.at, meant.code);
            return csv_wrap(csv, column, reterr);
        }
    }
    (void)err_set(reterr, ERR_CSV,
                  "'%.*s' không phải mã đơn vị: tỉnh 2 số, xã 5 số, khu dân cư như 05908-012",
                  "'%.*s' is no office code: 2 digits, 5 digits, or as 05908-012",
                  (int)text_cut(text, QUOTE_MAX), text.size > 0 ? (const char *)text.at : "");
    return csv_wrap(csv, column, reterr);
}

static int
level_check(const struct csv *csv, const struct columns *columns, struct office_row *row,
            struct err *reterr)
{
    struct bytes text = csv_cell(csv, columns->level);
    row->level = office_level(&row->office);
    if (text.size == 1 && text.at[0] == '0' + (int)row->level)
        return 0;
    (void)err_set(reterr, ERR_CSV, "cấp '%.*s' không khớp mã %s, là đơn vị cấp %d",
                  "level '%.*s' does not fit the code %s, which is of level %d",
                  (int)text_cut(text, QUOTE_MAX), text.size > 0 ? (const char *)text.at : "",
                  row->office.code, (int)row->level);
    return csv_wrap(csv, columns->level, reterr);
}

static int
parent_read(const struct csv *csv, const struct columns *columns, struct office_row *row,
            struct err *reterr)
{
    bool has_parent = csv_cell(csv, columns->parent).size > 0;
    if (row->level == LEVEL_PROVINCE) {
        if (!has_parent)
            return 0;
        (void)err_set(reterr, ERR_CSV, "tỉnh không có đơn vị cấp trên trong danh sách",
                      "a province has no parent in the list");
        return csv_wrap(csv, columns->parent, reterr);
    }
    int code = office_cell(csv, columns->parent, &row->parent, reterr);
    if (code != 0)
        return code;
    if (office_level(&row->parent) + 1 == row->level)
        return 0;
    (void)err_set(reterr, ERR_CSV, "đơn vị cấp trên %s không ở ngay trên cấp %d",
                  "the parent %s is not one level above level %d", row->parent.code,
                  (int)row->level);
    return csv_wrap(csv, columns->parent, reterr);
}

static int
hosted_read(const struct csv *csv, const struct columns *columns, struct office_row *row,
            struct err *reterr)
{
    static const char *const yes[] = {"1", "co", "x", "yes", "true"};
    static const char *const no[] = {"", "0", "khong", "no", "false"};
    if (!columns->has_hosted)
        return 0;
    OWNED(buf_release) struct buf word = {0};
    int code = text_fold(csv_cell(csv, columns->hosted), &word);
    for (size_t i = 0; code == 0 && i < sizeof yes / sizeof yes[0]; i++) {
        row->is_hosted = strcmp(buf_text(&word), yes[i]) == 0;
        if (row->is_hosted || strcmp(buf_text(&word), no[i]) == 0)
            return 0;
    }
    (void)err_set(reterr, ERR_CSV, "cần 1 hoặc có, 0 hoặc không, hoặc để trống",
                  "1 or yes, 0 or no, or nothing is wanted here");
    return csv_wrap(csv, columns->hosted, reterr);
}

static int
row_read(const struct csv *csv, const struct columns *columns, struct offices *list,
         struct err *reterr)
{
    struct office_row row = {.line = csv_line(csv)};
    struct bytes name = csv_cell(csv, columns->name);
    int code = office_cell(csv, columns->code, &row.office, reterr);
    if (code == 0)
        code = level_check(csv, columns, &row, reterr);
    if (code == 0)
        code = parent_read(csv, columns, &row, reterr);
    if (code == 0)
        code = hosted_read(csv, columns, &row, reterr);
    if (code == 0 && name.size == 0) {
        (void)err_set(reterr, ERR_CSV, "thiếu tên đơn vị", "the office has no name");
        code = csv_wrap(csv, columns->name, reterr);
    }
    if (code != 0)
        return code;
    row.name = mem_new(name.size + 1);
    memcpy(row.name, name.at, name.size);
    list->rows = mem_reserve(list->rows, &list->room, list->count + 1, sizeof *list->rows);
    list->rows[list->count++] = row;
    return 0;
}

// --- the list ------------------------------------------------------------------------------------

// A row as the checks look at it: by code, and where it stood.
struct listed {
    struct office office;
    size_t line;
};

static int
listed_compare(const void *a, const void *b)
{
    const struct listed *left = a, *right = b;
    int order = office_compare(&left->office, &right->office);
    return order != 0 ? order : (left->line > right->line) - (left->line < right->line);
}

static bool
is_listed(const struct listed *sorted, size_t count, const struct office *office)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = office_compare(&sorted[middle].office, office);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

static int
tree_check(const struct offices *list, const struct listed *sorted, const struct office *above,
           struct err *reterr)
{
    for (size_t i = 1; i < list->count; i++)
        if (office_equal(&sorted[i - 1].office, &sorted[i].office))
            return err_set(reterr, ERR_CSV, "dòng %zu, cột code: mã %s đã có ở dòng %zu",
                           "line %zu, column code: the code %s is in line %zu already",
                           sorted[i].line, sorted[i].office.code, sorted[i - 1].line);
    for (size_t i = 0; i < list->count; i++) {
        const struct office_row *row = &list->rows[i];
        bool is_known = office_is_none(&row->parent) ||
                        (above != NULL && office_equal(&row->parent, above)) ||
                        is_listed(sorted, list->count, &row->parent);
        if (!is_known)
            return err_set(reterr, ERR_CSV,
                           "dòng %zu, cột parent: không có đơn vị %s trong danh sách",
                           "line %zu, column parent: there is no office %s in the list", row->line,
                           row->parent.code);
    }
    return 0;
}

struct twin_key {
    const struct office_row *row;
    struct buf folded;
};

static int
twin_compare(const void *a, const void *b)
{
    const struct twin_key *left = a, *right = b;
    int order = office_compare(&left->row->parent, &right->row->parent);
    if (order == 0)
        order = bytes_compare(buf_bytes(&left->folded), buf_bytes(&right->folded));
    return order != 0 ? order : (left->row > right->row) - (left->row < right->row);
}

static bool
is_twin(const struct twin_key *a, const struct twin_key *b)
{
    return office_equal(&a->row->parent, &b->row->parent) &&
           bytes_equal(buf_bytes(&a->folded), buf_bytes(&b->folded));
}

// Only among children of one parent: every commune has its 'Xóm 1'.
static void
twins_find(struct offices *list)
{
    struct twin_key *keys = mem_new(list->count * sizeof *keys);
    for (size_t i = 0; i < list->count; i++) {
        keys[i].row = &list->rows[i];
        int code = text_fold(bytes_of(list->rows[i].name), &keys[i].folded);
        assert(code == 0); // It came out of csv_cell
        (void)code;
    }
    qsort(keys, list->count, sizeof *keys, twin_compare);
    for (size_t i = 1; i < list->count; i++) {
        if (!is_twin(&keys[i - 1], &keys[i]))
            continue;
        list->twins =
            mem_reserve(list->twins, &list->twins_room, list->twins_count + 1, sizeof *list->twins);
        list->twins[list->twins_count++] = (struct office_twins){
            (size_t)(keys[i - 1].row - list->rows), (size_t)(keys[i].row - list->rows)};
    }
    for (size_t i = 0; i < list->count; i++)
        buf_release(&keys[i].folded);
    free(keys);
}

static int
list_check(const struct offices *list, const struct office *above, struct err *reterr)
{
    struct listed *sorted = mem_new(list->count * sizeof *sorted);
    for (size_t i = 0; i < list->count; i++)
        sorted[i] = (struct listed){list->rows[i].office, list->rows[i].line};
    qsort(sorted, list->count, sizeof *sorted, listed_compare);
    int code = tree_check(list, sorted, above, reterr);
    free(sorted);
    return code;
}

static int
list_read(struct bytes file, struct offices *list, struct err *reterr)
{
    OWNED(csv_destroy) struct csv *csv = NULL;
    struct columns columns = {0};
    bool has_row = true;
    int code = csv_new(file, &csv, reterr);
    if (code == 0)
        code = columns_find(csv, &columns, reterr);
    while (code == 0 && has_row) {
        code = csv_next(csv, &has_row, reterr);
        if (code == 0 && has_row)
            code = row_read(csv, &columns, list, reterr);
    }
    return code;
}

int
offices_read(struct bytes file, const struct office *above, struct offices *ret_offices,
             struct err *reterr)
{
    struct offices list = {0};
    int code = list_read(file, &list, reterr);
    if (code == 0)
        code = list_check(&list, above, reterr);
    if (code != 0) {
        offices_release(&list);
        return code;
    }
    twins_find(&list);
    offices_release(ret_offices);
    *ret_offices = list;
    return 0;
}

void
offices_release(struct offices *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->rows[i].name);
    free(self->rows);
    free(self->twins);
    *self = (struct offices){0};
}

const struct office_row *
offices_find(const struct offices *self, const struct office *office)
{
    for (size_t i = 0; i < self->count; i++)
        if (office_equal(&self->rows[i].office, office))
            return &self->rows[i];
    return NULL;
}
