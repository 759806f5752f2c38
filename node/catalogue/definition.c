#include "definition.h"

#include <stdlib.h>
#include <string.h>

#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../base/text.h"
#include "../core/indicator.h"
#include "../core/type.h"
#include "value.h"

// Notepad writes one; jansson would call it an invalid token.
static struct bytes
without_mark(struct bytes text)
{
    bool has_mark = text.size >= 3 && memcmp(text.at, "\xef\xbb\xbf", 3) == 0;
    return has_mark ? BYTES(text.at + 3, text.size - 3) : text;
}

static int
json_read(const char *path, struct bytes text, json_t **ret_json, struct err *reterr)
{
    json_error_t error;
    text = without_mark(text);
    json_t *json = json_loadb(text.size > 0 ? (const char *)text.at : "", text.size,
                              JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        return err_set(reterr, ERR_TYPE, "%s:%d:%d: JSON sai cú pháp: %s", "%s:%d:%d: not JSON: %s",
                       path, error.line, error.column, error.text);
    *ret_json = json;
    return 0;
}

// Copy one value, every text in it as text_nfc makes it. Keys are names of ours, and stay.
static int
tidy_copy(struct reader *in, struct packer *out)
{
    OWNED(buf_release) struct buf text = {0};
    enum read_kind kind = read_peek(in);
    size_t left = 0;
    int code = 0;
    if (kind == READ_STR) {
        code = text_nfc(read_str(in), &text);
        pack_str(out, buf_bytes(&text));
    } else if (kind == READ_ARRAY) {
        pack_array(out, left = read_array(in));
    } else if (kind == READ_MAP) {
        pack_map(out, left = read_map(in));
    } else {
        pack_raw(out, read_skip(in));
    }
    for (; left > 0 && code == 0; left--) {
        if (kind == READ_MAP)
            pack_raw(out, read_skip(in));
        code = tidy_copy(in, out);
    }
    return code;
}

enum definition_kind
definition_kind(struct bytes definition)
{
    bool is_type = map_find(definition, "type").size > 0;
    bool is_indicator = map_find(definition, "indicator").size > 0;
    if (is_type == is_indicator)
        return 0;
    return is_type ? DEFINITION_TYPE : DEFINITION_INDICATOR;
}

static int
meaning_check(struct bytes definition, struct err *reterr)
{
    OWNED(type_destroy) struct type *type = NULL;
    OWNED(indicator_destroy) struct indicator *indicator = NULL;
    if (definition.size > DEFINITION_MAX)
        return err_set(reterr, ERR_TYPE, "định nghĩa dài %zu byte, tối đa %d",
                       "the definition takes %zu bytes, at most %d are allowed", definition.size,
                       DEFINITION_MAX);
    switch (definition_kind(definition)) {
    case DEFINITION_TYPE:
        return type_read(definition, &type, reterr);
    case DEFINITION_INDICATOR:
        return indicator_read(definition, &indicator, reterr);
    default:
        return err_set(reterr, ERR_TYPE, "cần đúng một trong hai mục \"type\" và \"indicator\"",
                       "exactly one of the members \"type\" and \"indicator\" is wanted");
    }
}

int
definition_load(const char *path, struct bytes json_text, struct buf *ret_definition,
                struct err *reterr)
{
    OWNED(json_decrefp) json_t *json = NULL;
    OWNED(buf_release) struct buf typed = {0}, tidy = {0};
    int code = json_read(path, json_text, &json, reterr);
    if (code != 0)
        return code;
    if (value_pack(json, &typed, reterr) != 0) {
        reterr->code = ERR_TYPE; // What value_pack calls a field is a member here
        return err_wrap(reterr, "%s", "%s", path);
    }
    struct reader in = reader_of(buf_bytes(&typed));
    struct packer out = packer_of(&tidy);
    if (tidy_copy(&in, &out) != 0)
        return err_set(reterr, ERR_TYPE, "%s: có ký tự điều khiển trong một chuỗi",
                       "%s: there is a control character in a text", path);
    if (meaning_check(buf_bytes(&tidy), reterr) != 0)
        return err_wrap(reterr, "%s", "%s", path);
    buf_add_bytes(ret_definition, buf_bytes(&tidy));
    return 0;
}

int
definition_json(struct bytes definition, struct buf *ret_json)
{
    OWNED(json_decrefp) json_t *json = NULL;
    int code = value_unpack(definition, &json);
    if (code != 0)
        return code;
    char *text = json_dumps(json, JSON_INDENT(2) | JSON_ENCODE_ANY);
    if (text == NULL)
        abort(); // Out of memory, as everywhere
    buf_add_text(ret_json, text);
    buf_add_byte(ret_json, '\n');
    free(text);
    return 0;
}
