#include "value.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../../proto/scan.h"
#include "../base/text.h"

static const char bin_key[] = "$bin";

enum { QUOTE_MAX = 40 }; // Bytes of a key that a message repeats

// --- JSON to msgpack -----------------------------------------------------------------------------

static int any_pack(json_t *json, unsigned depth, struct buf *out, struct err *reterr);

static int
array_pack(json_t *json, unsigned depth, struct buf *out, struct err *reterr)
{
    struct packer packer = packer_of(out);
    size_t count = json_array_size(json);
    pack_array(&packer, count);
    for (size_t i = 0; i < count; i++) {
        int code = any_pack(json_array_get(json, i), depth + 1, out, reterr);
        if (code != 0)
            return err_wrap(reterr, "[%zu]", "[%zu]", i);
    }
    return 0;
}

static int
key_compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int
map_pack(json_t *json, unsigned depth, struct buf *out, struct err *reterr)
{
    struct packer packer = packer_of(out);
    size_t count = json_object_size(json), i = 0;
    const char **keys = mem_new(count * sizeof *keys);
    for (void *at = json_object_iter(json); at != NULL; at = json_object_iter_next(json, at))
        keys[i++] = json_object_iter_key(at);
    qsort(keys, count, sizeof *keys, key_compare);

    int code = 0;
    pack_map(&packer, count);
    for (i = 0; i < count && code == 0; i++) {
        pack_text(&packer, keys[i]);
        code = any_pack(json_object_get(json, keys[i]), depth + 1, out, reterr);
        if (code != 0)
            code = err_wrap(reterr, "%.*s", "%.*s", (int)text_cut(bytes_of(keys[i]), QUOTE_MAX),
                            keys[i]);
    }
    free(keys);
    return code;
}

static int
bin_pack(const json_t *hex, struct buf *out, struct err *reterr)
{
    struct bytes text = BYTES(json_string_value(hex), json_string_length(hex));
    OWNED(buf_release) struct buf bytes = {0};
    size_t size = text.size / 2;
    if (!hex_parse(text, buf_room(&bytes, size + 1), size))
        return err_set(reterr, ERR_FIELD, "$bin cần số hệ 16, chữ thường, chẵn ký tự",
                       "$bin wants an even number of lower-case hex digits");
    struct packer packer = packer_of(out);
    pack_bin(&packer, bytes.at, size);
    return 0;
}

static int
any_pack(json_t *json, unsigned depth, struct buf *out, struct err *reterr)
{
    struct packer packer = packer_of(out);
    bool is_inner = json_is_object(json) || json_is_array(json);
    if (is_inner && depth >= SCAN_DEPTH_MAX)
        return err_set(reterr, ERR_FIELD, "lồng nhau quá %d lớp", "nested deeper than %d",
                       SCAN_DEPTH_MAX);
    switch (json_typeof(json)) {
    case JSON_OBJECT: {
        const json_t *hex = json_object_get(json, bin_key);
        if (json_object_size(json) == 1 && json_is_string(hex))
            return bin_pack(hex, out, reterr);
        return map_pack(json, depth, out, reterr);
    }
    case JSON_ARRAY:
        return array_pack(json, depth, out, reterr);
    case JSON_STRING:
        pack_str(&packer, BYTES(json_string_value(json), json_string_length(json)));
        return 0;
    case JSON_INTEGER:
        pack_int(&packer, json_integer_value(json));
        return 0;
    case JSON_TRUE:
    case JSON_FALSE:
        pack_bool(&packer, json_is_true(json));
        return 0;
    case JSON_NULL:
        pack_nil(&packer);
        return 0;
    case JSON_REAL:
    default:
        return err_set(reterr, ERR_FIELD, "chỉ dùng số nguyên, không dùng số thập phân",
                       "whole numbers only, no fractions");
    }
}

int
value_pack(json_t *json, struct buf *ret_value, struct err *reterr)
{
    assert(json != NULL);

    OWNED(buf_release) struct buf value = {0};
    int code = any_pack(json, 0, &value, reterr);
    if (code == 0)
        buf_add_bytes(ret_value, buf_bytes(&value));
    return code;
}

// --- msgpack to JSON -----------------------------------------------------------------------------

// jansson gives NULL for text that is not UTF-8, which the scan has ruled out, and without memory.
static json_t *
made(json_t *json)
{
    if (json == NULL)
        abort();
    return json;
}

static int any_unpack(struct reader *in, json_t **ret_json);

static int
array_unpack(struct reader *in, json_t **ret_json)
{
    OWNED(json_decrefp) json_t *array = made(json_array());
    for (size_t left = read_array(in); left > 0; left--) {
        json_t *element;
        int code = any_unpack(in, &element);
        if (code != 0)
            return code;
        if (json_array_append_new(array, element) != 0)
            abort();
    }
    *ret_json = json_incref(array);
    return 0;
}

static int
map_unpack(struct reader *in, json_t **ret_json)
{
    OWNED(json_decrefp) json_t *object = made(json_object());
    for (size_t left = read_map(in); left > 0; left--) {
        struct bytes key = read_str(in);
        if (memchr(key.at, '\0', key.size) != NULL)
            return ERR_PROTO; // JSON could hold such a key, but jansson's names end at a NUL
        json_t *value;
        int code = any_unpack(in, &value);
        if (code != 0)
            return code;
        OWNED(buf_release) struct buf name = {0};
        buf_add_bytes(&name, key);
        if (json_object_set_new(object, buf_text(&name), value) != 0)
            abort();
    }
    *ret_json = json_incref(object);
    return 0;
}

static json_t *
bin_unpack(struct bytes bin)
{
    OWNED(buf_release) struct buf hex = {0};
    hex_text(bin.at, bin.size, (char *)buf_room(&hex, 2 * bin.size + 1));
    json_t *object = made(json_object());
    if (json_object_set_new(object, bin_key, made(json_stringn((char *)hex.at, 2 * bin.size))) != 0)
        abort();
    return object;
}

static json_t *
str_unpack(struct bytes text)
{
    return made(text.size == 0 ? json_string("") : json_stringn((const char *)text.at, text.size));
}

static int
any_unpack(struct reader *in, json_t **ret_json)
{
    uint64_t number;
    switch (read_peek(in)) {
    case READ_NIL:
        (void)read_nil(in);
        *ret_json = made(json_null());
        return 0;
    case READ_BOOL:
        *ret_json = made(json_boolean(read_bool(in)));
        return 0;
    case READ_UINT:
        number = read_uint(in);
        if (number > INT64_MAX)
            return ERR_LIMIT;
        *ret_json = made(json_integer((json_int_t)number));
        return 0;
    case READ_INT:
        *ret_json = made(json_integer(read_int(in)));
        return 0;
    case READ_STR:
        *ret_json = str_unpack(read_str(in));
        return 0;
    case READ_BIN:
        *ret_json = bin_unpack(read_bin(in));
        return 0;
    case READ_ARRAY:
        return array_unpack(in, ret_json);
    case READ_MAP:
        return map_unpack(in, ret_json);
    case READ_END:
    default:
        return ERR_PROTO;
    }
}

int
value_unpack(struct bytes value, json_t **ret_json)
{
    int code = scan_canonical(value);
    if (code != 0)
        return code;
    struct reader in = reader_of(value);
    return any_unpack(&in, ret_json);
}
