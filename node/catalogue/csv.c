#include "csv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../base/text.h"

enum { QUOTE_MAX = 40 }; // Bytes of a name that a message repeats

struct cell {
    size_t at; // In the row's text
    size_t size;
    size_t line;
};

struct row {
    size_t count;
    struct cell cells[CSV_COLUMNS_MAX];
    struct buf text;
};

struct csv {
    struct buf decoded; // What UTF-16 was turned into
    struct bytes text;
    size_t at;
    size_t line; // That `at` is on
    uint8_t separator;
    size_t row_count;
    struct row header;
    struct row row;
    struct buf raw; // The cell under way
};

// --- encodings -----------------------------------------------------------------------------------

// Add one code point, a surrogate too: what is wrong in UTF-16 becomes wrong UTF-8, and is reported
// with its line and column like any other.
static void
point_add(uint32_t point, struct buf *out)
{
    if (point < 0x80) {
        buf_add_byte(out, (uint8_t)point);
        return;
    }
    size_t more = point < 0x800 ? 1 : point < 0x10000 ? 2 : 3;
    static const uint8_t lead[] = {0, 0xc0, 0xe0, 0xf0};
    buf_add_byte(out, (uint8_t)(lead[more] | point >> (6 * more)));
    while (more-- > 0)
        buf_add_byte(out, (uint8_t)(0x80U | (point >> (6 * more) & 0x3fU)));
}

static uint32_t
unit_at(struct bytes text, size_t at)
{
    return at + 2 <= text.size ? (uint32_t)text.at[at] | (uint32_t)text.at[at + 1] << 8 : 0;
}

static void
utf16_decode(struct bytes text, struct buf *out)
{
    for (size_t at = 0; at + 2 <= text.size; at += 2) {
        uint32_t unit = unit_at(text, at), next = unit_at(text, at + 2);
        bool is_pair = (unit & 0xfc00U) == 0xd800U && (next & 0xfc00U) == 0xdc00U;
        if (is_pair) {
            unit = 0x10000U + ((unit & 0x3ffU) << 10) + (next & 0x3ffU);
            at += 2;
        }
        point_add(unit, out);
    }
    if (text.size % 2 != 0)
        buf_add_byte(out, 0xff); // Half a unit at the end: the file was cut
}

static bool
begins_with(struct bytes text, const char *mark, size_t size)
{
    return text.size >= size && memcmp(text.at, mark, size) == 0;
}

static int
encoding_settle(struct csv *self, struct bytes file, struct err *reterr)
{
    if (file.size > CSV_FILE_MAX)
        return err_set(reterr, ERR_CSV, "tệp quá lớn: %zu byte", "the file is too large: %zu bytes",
                       file.size);
    if (begins_with(file, "PK\x03\x04", 4) || begins_with(file, "\xd0\xcf\x11\xe0", 4))
        return err_set(reterr, ERR_CSV, "đây là tệp Excel; mở bằng Excel rồi lưu thành 'CSV UTF-8'",
                       "this is an Excel file; open it in Excel and save it as 'CSV UTF-8'");
    if (begins_with(file, "\xfe\xff", 2))
        return err_set(reterr, ERR_CSV, "tệp là UTF-16BE; lưu lại thành 'CSV UTF-8'",
                       "the file is UTF-16BE; save it as 'CSV UTF-8'");
    self->text = file;
    if (begins_with(file, "\xef\xbb\xbf", 3))
        self->text = BYTES(file.at + 3, file.size - 3);
    if (begins_with(file, "\xff\xfe", 2)) {
        utf16_decode(BYTES(file.at + 2, file.size - 2), &self->decoded);
        self->text = buf_bytes(&self->decoded);
    }
    return 0;
}

// --- messages ------------------------------------------------------------------------------------

static struct bytes
cell_of(const struct row *row, size_t column)
{
    if (column >= row->count)
        return (struct bytes){0};
    return BYTES(row->text.at + row->cells[column].at, row->cells[column].size);
}

static int
place_wrap(const struct csv *self, size_t line, size_t column, struct err *reterr)
{
    struct bytes name = cell_of(&self->header, column);
    reterr->code = ERR_CSV;
    if (name.size == 0)
        return err_wrap(reterr, "dòng %zu, cột %zu", "line %zu, column %zu", line, column + 1);
    return err_wrap(reterr, "dòng %zu, cột %.*s", "line %zu, column %.*s", line,
                    (int)text_cut(name, QUOTE_MAX), (const char *)name.at);
}

static int
flaw_fail(struct bytes text, struct err *reterr)
{
    size_t at;
    switch (text_flaw(text, &at)) {
    case TEXT_NUL:
        return err_set(reterr, ERR_CSV, "có byte NUL; tệp không phải CSV dạng văn bản",
                       "there is a NUL byte; the file is not text");
    case TEXT_CONTROL:
        return err_set(reterr, ERR_CSV, "có ký tự điều khiển (mã %d)",
                       "there is a control character (code %d)",
                       text.at[at] == 0xc2 ? text.at[at + 1] : text.at[at]);
    case TEXT_UTF8:
    case TEXT_SOUND:
    default:
        return err_set(reterr, ERR_CSV,
                       "không phải UTF-8 (phông cũ như .VnTime?); lưu lại thành 'CSV UTF-8'",
                       "not UTF-8 (an old font such as .VnTime?); save it as 'CSV UTF-8'");
    }
}

// --- cells and rows ------------------------------------------------------------------------------

static bool
is_end(const struct csv *self)
{
    return self->at == self->text.size;
}

static bool
is_newline(const struct csv *self)
{
    return !is_end(self) && (self->text.at[self->at] == '\n' || self->text.at[self->at] == '\r');
}

static void
newline_take(struct csv *self)
{
    bool is_crlf =
        begins_with(BYTES(self->text.at + self->at, self->text.size - self->at), "\r\n", 2);
    self->at += is_crlf ? 2 : 1;
    self->line++;
}

// Take what is between two quotes, the first of which has been taken.
static int
quoted_take(struct csv *self, struct err *reterr)
{
    while (!is_end(self)) {
        uint8_t byte = self->text.at[self->at];
        if (is_newline(self)) {
            newline_take(self);
            buf_add_byte(&self->raw, '\n');
            continue;
        }
        self->at++;
        if (byte == '"') {
            if (is_end(self) || self->text.at[self->at] != '"')
                return 0;
            self->at++;
        }
        buf_add_byte(&self->raw, byte);
    }
    return err_set(reterr, ERR_CSV, "dấu \" mở mà không đóng", "a \" is opened and never closed");
}

static void
plain_take(struct csv *self)
{
    size_t from = self->at;
    while (!is_end(self) && !is_newline(self) && self->text.at[self->at] != self->separator &&
           self->text.at[self->at] != '"')
        self->at++;
    buf_add(&self->raw, self->text.at + from, self->at - from);
}

// Take one cell, up to its separator or the end of the line.
static int
cell_take(struct csv *self, struct err *reterr)
{
    int code = 0;
    buf_clear(&self->raw);
    if (!is_end(self) && self->text.at[self->at] == '"') {
        self->at++;
        code = quoted_take(self, reterr);
    } else {
        plain_take(self);
    }
    if (code != 0)
        return code;
    if (!is_end(self) && !is_newline(self) && self->text.at[self->at] != self->separator)
        return err_set(reterr, ERR_CSV,
                       "dấu \" đặt sai chỗ: đặt cả ô trong \"...\" và viết \" thành \"\"",
                       "a \" is out of place: put the whole cell in \"...\" and write \" as \"\"");
    if (self->raw.size > CSV_CELL_MAX)
        return err_set(reterr, ERR_CSV, "ô quá dài, tối đa %d byte",
                       "the cell is too long, at most %d bytes", CSV_CELL_MAX);
    return 0;
}

static int
cell_read(struct csv *self, struct row *row, struct err *reterr)
{
    size_t line = self->line, from = row->text.size;
    int code = row->count < CSV_COLUMNS_MAX ? cell_take(self, reterr)
                                            : err_set(reterr, ERR_CSV, "quá %d cột",
                                                      "more than %d columns", CSV_COLUMNS_MAX);
    if (code == 0 && text_nfc(buf_bytes(&self->raw), &row->text) != 0)
        code = flaw_fail(buf_bytes(&self->raw), reterr);
    if (code != 0)
        return place_wrap(self, line, row->count, reterr);
    row->cells[row->count++] = (struct cell){from, row->text.size - from, line};
    return 0;
}

// Read one row as it stands; there is at least one byte left.
static int
row_read(struct csv *self, struct row *row, struct err *reterr)
{
    row->count = 0;
    buf_clear(&row->text);
    for (;;) {
        int code = cell_read(self, row, reterr);
        if (code != 0)
            return code;
        if (is_end(self))
            return 0;
        if (is_newline(self)) {
            newline_take(self);
            return 0;
        }
        self->at++; // The separator
    }
}

static bool
is_blank(const struct row *row)
{
    return row->text.size == 0;
}

// Empty cells behind the last column are what Excel leaves of a column that was cleared.
static int
width_settle(struct csv *self, struct err *reterr)
{
    struct row *row = &self->row;
    while (row->count > self->header.count && row->cells[row->count - 1].size == 0)
        row->count--;
    if (row->count == self->header.count)
        return 0;
    return err_set(reterr, ERR_CSV, "dòng %zu: có %zu cột, dòng tiêu đề có %zu",
                   "line %zu: %zu columns, the header has %zu", row->cells[0].line, row->count,
                   self->header.count);
}

int
csv_next(struct csv *self, bool *ret_has_row, struct err *reterr)
{
    *ret_has_row = false;
    do {
        if (is_end(self))
            return 0;
        int code = row_read(self, &self->row, reterr);
        if (code != 0)
            return code;
    } while (is_blank(&self->row));
    if (self->row_count++ == CSV_ROWS_MAX)
        return err_set(reterr, ERR_CSV, "quá %d dòng", "more than %d rows", CSV_ROWS_MAX);
    int code = width_settle(self, reterr);
    *ret_has_row = code == 0;
    return code;
}

// --- the header ----------------------------------------------------------------------------------

// What names are compared by: "Signed on", "signed_on" and "SIGNED ON" are one.
static void
name_key(struct bytes name, struct buf *ret_key)
{
    OWNED(buf_release) struct buf folded = {0};
    int code = text_fold(name, &folded);
    assert(code == 0); // Cells are sound, and other names are ours
    (void)code;
    for (size_t i = 0; i < folded.size; i++)
        if (folded.at[i] != ' ' && folded.at[i] != '_')
            buf_add_byte(ret_key, folded.at[i]);
}

static bool
column_find(const struct row *header, struct bytes name, size_t *ret_column)
{
    OWNED(buf_release) struct buf wanted = {0};
    name_key(name, &wanted);
    for (size_t column = 0; column < header->count; column++) {
        OWNED(buf_release) struct buf key = {0};
        name_key(cell_of(header, column), &key);
        if (key.size > 0 && bytes_equal(buf_bytes(&key), buf_bytes(&wanted))) {
            *ret_column = column;
            return true;
        }
    }
    return false;
}

static uint8_t
separator_of(struct bytes text)
{
    static const uint8_t separators[] = {',', ';', '\t'};
    size_t counts[sizeof separators] = {0}, best = 0;
    bool is_quoted = false;
    for (size_t at = 0; at < text.size; at++) {
        uint8_t byte = text.at[at];
        if (byte == '"')
            is_quoted = !is_quoted;
        if (is_quoted)
            continue;
        if (byte == '\n' || byte == '\r')
            break;
        for (size_t i = 0; i < sizeof separators; i++)
            counts[i] += byte == separators[i];
    }
    for (size_t i = 1; i < sizeof separators; i++)
        if (counts[i] > counts[best])
            best = i;
    return separators[best];
}

static int
names_check(const struct csv *self, struct err *reterr)
{
    for (size_t column = 0; column < self->header.count; column++) {
        struct bytes name = cell_of(&self->header, column);
        size_t first = column;
        if (name.size == 0)
            return err_set(reterr, ERR_CSV, "dòng tiêu đề, cột %zu: không có tên",
                           "the header, column %zu: it has no name", column + 1);
        if (column_find(&self->header, name, &first) && first < column)
            return err_set(reterr, ERR_CSV, "dòng tiêu đề: cột %zu và cột %zu trùng tên '%.*s'",
                           "the header: columns %zu and %zu are both called '%.*s'", first + 1,
                           column + 1, (int)text_cut(name, QUOTE_MAX), (const char *)name.at);
    }
    return 0;
}

static int
header_read(struct csv *self, struct err *reterr)
{
    struct row *header = &self->header;
    do {
        if (is_end(self))
            return err_set(reterr, ERR_CSV, "tệp rỗng, không có dòng tiêu đề",
                           "the file is empty, it has no header");
        self->separator = separator_of(BYTES(self->text.at + self->at, self->text.size - self->at));
        int code = row_read(self, header, reterr);
        if (code != 0)
            return code;
    } while (is_blank(header));
    while (header->cells[header->count - 1].size == 0)
        header->count--;
    return names_check(self, reterr);
}

// --- the outside ---------------------------------------------------------------------------------

int
csv_new(struct bytes file, struct csv **ret_csv, struct err *reterr)
{
    OWNED(csv_destroy) struct csv *self = mem_new(sizeof *self);
    self->line = 1;
    int code = encoding_settle(self, file, reterr);
    if (code == 0)
        code = header_read(self, reterr);
    if (code != 0)
        return code;
    *ret_csv = self;
    self = NULL;
    return 0;
}

void
csv_destroy(struct csv **self_p)
{
    struct csv *self = *self_p;
    if (self == NULL)
        return;
    buf_release(&self->decoded);
    buf_release(&self->header.text);
    buf_release(&self->row.text);
    buf_release(&self->raw);
    free(self);
    *self_p = NULL;
}

size_t
csv_column_count(const struct csv *self)
{
    return self->header.count;
}

struct bytes
csv_name(const struct csv *self, size_t column)
{
    return cell_of(&self->header, column);
}

bool
csv_column(const struct csv *self, const char *name, size_t *ret_column)
{
    return column_find(&self->header, bytes_of(name), ret_column);
}

int
csv_need(const struct csv *self, const char *name, size_t *ret_column, struct err *reterr)
{
    if (csv_column(self, name, ret_column))
        return 0;
    return err_set(reterr, ERR_CSV, "dòng tiêu đề: thiếu cột '%s'",
                   "the header: there is no column '%s'", name);
}

struct bytes
csv_cell(const struct csv *self, size_t column)
{
    return cell_of(&self->row, column);
}

size_t
csv_line(const struct csv *self)
{
    return self->row.count > 0 ? self->row.cells[0].line : self->line;
}

int
csv_wrap(const struct csv *self, size_t column, struct err *reterr)
{
    size_t line = column < self->row.count ? self->row.cells[column].line : csv_line(self);
    return place_wrap(self, line, column, reterr);
}
