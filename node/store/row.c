#include "row.h"

#include <stdlib.h>
#include <string.h>

#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../base/date.h"
#include "../base/text.h"

void
row_shape_init(struct row_shape *self, const struct type *type)
{
    self->type = type;
    for (size_t i = 0; i < type->field_count; i++) {
        size_t at = i;
        for (; at > 0 && strcmp(self->fields[at - 1]->name, type->fields[i].name) > 0; at--)
            self->fields[at] = self->fields[at - 1];
        self->fields[at] = &type->fields[i];
    }
}

static bool
is_choice(const struct field *field, struct bytes text)
{
    for (size_t i = 0; i < field->choice_count; i++)
        if (bytes_equal(bytes_of(field->choices[i].name), text))
            return true;
    return false;
}

static int
text_pack(const struct field *field, struct bytes text, struct packer *out, struct err *reterr)
{
    OWNED(buf_release) struct buf clean = {0};
    if (text_nfc(text, &clean) != 0)
        return err_set(reterr, ERR_FIELD, "có ký tự không lưu được",
                       "has characters that cannot be stored");
    int64_t size = (int64_t)clean.size;
    if (size > 0 && (size < field->min || size > field->max))
        return err_set(reterr, ERR_FIELD, "văn bản quá ngắn hoặc quá dài",
                       "the text is too short or too long");
    if (size == 0 && !field->is_list)
        pack_nil(out);
    else
        pack_str(out, buf_bytes(&clean));
    return 0;
}

static int
name_pack(const struct field *field, struct bytes text, struct packer *out, struct err *reterr)
{
    struct office office;
    struct record_id id;
    int64_t days;
    if (field->kind == FIELD_TEXT)
        return text_pack(field, text, out, reterr);
    if (field->kind == FIELD_DATE && date_parse(text, &days))
        pack_int(out, days);
    else if ((field->kind == FIELD_CHOICE && is_choice(field, text)) ||
             (field->kind == FIELD_OFFICE && office_parse(text, &office)) ||
             (field->kind == FIELD_RECORD && record_id_parse(text, &id)))
        pack_str(out, text);
    else
        return err_set(reterr, ERR_FIELD, "giá trị không hợp lệ", "the value is not valid");
    return 0;
}

static int
scalar_pack(const struct field *field, const json_t *value, struct packer *out, struct err *reterr)
{
    bool is_number = field->kind == FIELD_INT || field->kind == FIELD_BOOL;
    if (!is_number && json_is_string(value))
        return name_pack(field, BYTES(json_string_value(value), json_string_length(value)), out,
                         reterr);
    int64_t number = json_is_true(value)      ? 1
                     : json_is_integer(value) ? json_integer_value(value)
                                              : 0;
    bool is_known = json_is_integer(value) || (field->kind == FIELD_BOOL && json_is_boolean(value));
    if (field->kind == FIELD_BOOL && is_known && (number == 0 || number == 1))
        pack_bool(out, number == 1);
    else if (field->kind == FIELD_INT && is_known && number >= field->min && number <= field->max)
        pack_int(out, number);
    else
        return err_set(reterr, ERR_FIELD, "giá trị không hợp lệ", "the value is not valid");
    return 0;
}

static int
list_pack(const struct field *field, const json_t *value, struct packer *out, struct err *reterr)
{
    const char *text = json_is_string(value) ? json_string_value(value) : "";
    OWNED(json_decrefp) json_t *list = json_loads(text, 0, NULL);
    if (!json_is_array(list) || json_array_size(list) > LIST_MAX)
        return err_set(reterr, ERR_FIELD, "không phải danh sách JSON", "it is not a JSON array");
    pack_array(out, json_array_size(list));
    int code = 0;
    for (size_t i = 0; code == 0 && i < json_array_size(list); i++)
        code = scalar_pack(field, json_array_get(list, i), out, reterr);
    return code;
}

static int
value_pack_of(const struct field *field, const json_t *value, struct packer *out,
              struct err *reterr)
{
    if (value == NULL || json_is_null(value)) {
        pack_nil(out);
        return 0;
    }
    return field->is_list ? list_pack(field, value, out, reterr)
                          : scalar_pack(field, value, out, reterr);
}

// A key that this type does not know would be lost without a word.
static int
strangers_check(const struct row_shape *self, const json_t *now, struct err *reterr)
{
    size_t known = 0;
    for (size_t i = 0; i < self->type->field_count; i++)
        known += json_object_get(now, self->fields[i]->name) != NULL;
    if (known == json_object_size(now))
        return 0;
    return err_set(reterr, ERR_FIELD, "dòng có cột mà loại '%s' không có",
                   "the row has a column that type '%s' has not", self->type->name);
}

static bool
is_wanted(const json_t *value, const json_t *was, const char *name, bool is_whole)
{
    if (value == NULL)
        return false;
    if (was == NULL)
        return is_whole || !json_is_null(value);
    const json_t *old = json_object_get(was, name);
    return old == NULL ? !json_is_null(value) : json_equal(value, old) == 0;
}

int
row_facts(const struct row_shape *self, const json_t *now, const json_t *was, bool is_whole,
          struct buf *ret_facts, struct err *reterr)
{
    int code = strangers_check(self, now, reterr);
    size_t count = 0;
    OWNED(buf_release) struct buf pairs = {0};
    struct packer out = packer_of(&pairs);
    for (size_t i = 0; code == 0 && i < self->type->field_count; i++) {
        const struct field *field = self->fields[i];
        const json_t *value = json_object_get(now, field->name);
        if (!is_wanted(value, was, field->name, is_whole))
            continue;
        size_t before = pairs.size;
        pack_text(&out, field->name);
        size_t key_end = pairs.size;
        if (value_pack_of(field, value, &out, reterr) != 0)
            code = err_wrap(reterr, "cột '%s'", "column '%s'", field->name);
        // An empty text becomes nil: no value, where only values are wanted.
        if (was == NULL && !is_whole && pairs.size == key_end + 1 && pairs.at[key_end] == 0xc0)
            pairs.size = before;
        else
            count++;
    }
    if (code == 0 && pairs.size > FACTS_SIZE_MAX)
        code = err_set(reterr, ERR_LIMIT, "dòng dài %zu byte, tối đa %d",
                       "the row has %zu bytes, at most %d", pairs.size, (int)FACTS_SIZE_MAX);
    if (code != 0)
        return code;
    struct packer map = packer_of(ret_facts);
    pack_map(&map, count);
    buf_add_bytes(ret_facts, buf_bytes(&pairs));
    return 0;
}

static json_t *
hex_json(struct bytes bin)
{
    OWNED(buf_release) struct buf text = {0};
    hex_text(bin.at, bin.size, (char *)buf_room(&text, 2 * bin.size + 1));
    return json_stringn((const char *)text.at, 2 * bin.size);
}

static json_t *
int_json(int64_t number, bool is_date)
{
    char text[DATE_TEXT_MAX + 1];
    return is_date && date_text(number, text) ? json_string(text) : json_integer(number);
}

// What a value looks like in SQL, made of its own kind and not of the field's.
static json_t *
read_json(struct reader *in, bool is_date)
{
    enum read_kind kind = read_peek(in);
    if (kind == READ_BOOL)
        return json_boolean(read_bool(in));
    if (kind == READ_UINT || kind == READ_INT)
        return int_json(read_int(in), is_date);
    if (kind == READ_STR) {
        struct bytes text = read_str(in);
        return json_stringn((const char *)text.at, text.size);
    }
    if (kind == READ_BIN)
        return hex_json(read_bin(in));
    if (kind != READ_ARRAY) {
        (void)read_skip(in);
        return json_null();
    }
    json_t *list = json_array();
    for (size_t left = read_array(in); left > 0 && in->code == 0; left--)
        (void)json_array_append_new(list, read_json(in, is_date));
    return list;
}

char *
row_choices(const struct field *field, struct bytes packed)
{
    struct reader in = reader_of(packed);
    OWNED(json_decrefp)
    json_t *choices = read_json(&in, field != NULL && field->kind == FIELD_DATE);
    char *text = json_dumps(choices, JSON_COMPACT | JSON_ENCODE_ANY);
    return text != NULL ? text : mem_text("null");
}

static void
list_bind(const struct field *field, struct bytes packed, sqlite3_stmt *stmt, int index)
{
    // SQLite frees the text when the parameter is bound anew.
    (void)sqlite3_bind_text(stmt, index, row_choices(field, packed), -1, free);
}

static void
value_bind(struct row_shape *self, size_t at, struct reader *in, sqlite3_stmt *stmt, int index)
{
    const struct field *field = self->fields[at];
    enum read_kind kind = read_peek(in);
    if (kind == READ_STR) {
        stmt_bind_utf8(stmt, index, read_str(in));
    } else if (kind == READ_BOOL) {
        stmt_bind_int(stmt, index, read_bool(in));
    } else if (kind == READ_UINT || kind == READ_INT) {
        int64_t number = read_int(in);
        if (field->kind == FIELD_DATE && date_text(number, self->dates[at]))
            stmt_bind_text(stmt, index, self->dates[at]);
        else
            stmt_bind_int(stmt, index, number);
    } else if (kind == READ_BIN) {
        stmt_bind_bytes(stmt, index, read_bin(in));
    } else if (kind == READ_ARRAY) {
        list_bind(field, read_skip(in), stmt, index);
    } else {
        (void)read_skip(in);
        stmt_bind_null(stmt, index);
    }
}

void
row_bind(struct row_shape *self, struct bytes state, sqlite3_stmt *stmt, int first)
{
    struct reader in = reader_of(state);
    size_t left = state.size > 0 ? read_map(&in) : 0, count = self->type->field_count, at = 0;
    // Both sides are in order of name, so one walk joins them.
    for (; left > 0 && in.code == 0; left--) {
        struct bytes key = read_str(&in);
        int order = -1;
        while (at < count && (order = bytes_compare(bytes_of(self->fields[at]->name), key)) < 0)
            stmt_bind_null(stmt, first + (int)at++);
        if (at < count && order == 0) {
            value_bind(self, at, &in, stmt, first + (int)at);
            at++;
        } else {
            (void)read_skip(&in);
        }
    }
    for (; at < count; at++)
        stmt_bind_null(stmt, first + (int)at);
}

void
row_known(const struct row_shape *self, struct bytes state, struct buf *ret_facts)
{
    OWNED(buf_release) struct buf pairs = {0};
    struct packer out = packer_of(&pairs), map = packer_of(ret_facts);
    struct reader in = reader_of(state);
    size_t count = 0;
    for (size_t left = state.size > 0 ? read_map(&in) : 0; left > 0 && in.code == 0; left--) {
        struct bytes key = read_str(&in), value = read_skip(&in);
        bool is_nil = value.size == 1 && value.at[0] == 0xc0;
        if (is_nil || type_field(self->type, key) == NULL)
            continue;
        pack_str(&out, key);
        pack_raw(&out, value);
        count++;
    }
    pack_map(&map, count);
    buf_add_bytes(ret_facts, buf_bytes(&pairs));
}
