#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../node/base/err.h"
#include "../../node/base/id.h"
#include "../t.h"

json_t *
vectors_load(const char *name)
{
    char path[200];
    (void)snprintf(path, sizeof path, "proto/vectors/%s.json", name);
    char *text = t_file(path, NULL);
    if (text == NULL)
        return NULL;
    json_error_t error;
    json_t *file = json_loads(text, 0, &error);
    if (file == NULL)
        t_fail_text(path, error.line, "json", error.text, "sound JSON");
    free(text);
    return file;
}

const char *
vector_text(const json_t *one, const char *member)
{
    const char *text = json_string_value(json_object_get(one, member));
    return text != NULL ? text : "";
}

uint64_t
vector_number(const json_t *one, const char *member)
{
    return (uint64_t)json_integer_value(json_object_get(one, member));
}

void
vector_hex(const json_t *one, const char *member, uint8_t *ret_at, size_t size)
{
    if (!hex_parse(bytes_of(vector_text(one, member)), ret_at, size))
        memset(ret_at, 0xee, size);
}

void
vector_bytes(const json_t *value, struct buf *buf)
{
    for (size_t i = 0; i < json_array_size(value); i++)
        vector_bytes(json_array_get(value, i), buf);
    if (!json_is_string(value))
        return;
    struct bytes text = bytes_of(json_string_value(value));
    if (text.size > 0 && hex_parse(text, buf_room(buf, text.size / 2), text.size / 2))
        buf->size += text.size / 2;
}

const char *
vector_verdict(const json_t *one, int code)
{
    static char verdict[300];
    (void)snprintf(verdict, sizeof verdict, "%s: %s", vector_text(one, "name"),
                   code == 0 ? "good" : err_name(code));
    return verdict;
}

const char *
vector_expected(const json_t *one)
{
    static char expected[300];
    const char *code = vector_text(one, "code");
    if (json_is_false(json_object_get(one, "good")))
        code = "LT-ROOT";
    else if (code[0] == '\0')
        code = "good";
    (void)snprintf(expected, sizeof expected, "%s: %s", vector_text(one, "name"), code);
    return expected;
}
