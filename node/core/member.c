#include "member.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "../base/text.h"

enum {
    PATH_ROOM = 160, // "numerator.parts[3].where[7]" and air; what is longer is cut
    QUOTE_MAX = 40,  // Bytes of a wrong value that a message repeats
    LEVEL_LAST = LEVEL_AREA,
};

struct member
member_top(struct bytes definition)
{
    return (struct member){.value = definition};
}

struct member
member_of(const struct member *map, const char *name)
{
    return (struct member){map_find(map->value, name), map, name, 0};
}

bool
member_is_there(const struct member *self)
{
    return self->value.size > 0;
}

// Add the way to `self` to the text that `path` holds; both ends of the way are short.
static void
path_add(const struct member *self, char *path)
{
    if (self->in == NULL)
        return;
    path_add(self->in, path);
    size_t size = strlen(path);
    if (self->name == NULL)
        (void)snprintf(path + size, PATH_ROOM - size, "[%zu]", self->index);
    else
        (void)snprintf(path + size, PATH_ROOM - size, "%s%s", size > 0 ? "." : "", self->name);
}

int
member_wrap(const struct member *self, struct err *reterr)
{
    int code = reterr->code;
    assert(code < 0); // There is something to wrap

    char path[PATH_ROOM] = "";
    path_add(self, path);
    if (path[0] != '\0')
        (void)err_wrap(reterr, "%s", "%s", path);
    return code;
}

int
member_fail(const struct member *self, const char *vi, const char *en, struct err *reterr)
{
    // Both languages get the same arguments: each shows its own and nothing of the other.
    (void)err_set(reterr, ERR_TYPE, "%s%.0s", "%.0s%s", vi, en);
    return member_wrap(self, reterr);
}

int
member_text(const struct member *self, struct bytes *ret_text, struct err *reterr)
{
    struct reader in = reader_of(self->value);
    struct bytes text = read_str(&in);
    if (in.code != 0 || text.size == 0)
        return member_fail(self, "cần một chuỗi ký tự, không rỗng",
                           "a text is wanted here, and not an empty one", reterr);
    *ret_text = text;
    return 0;
}

int
member_name(const struct member *self, char *ret_name, struct err *reterr)
{
    struct bytes name;
    int code = member_text(self, &name, reterr);
    if (code != 0)
        return code;
    if (!name_parse(name, ret_name)) {
        (void)err_set(reterr, ERR_TYPE,
                      "'%.*s' không phải tên: chữ thường a-z, số, gạch dưới, tối đa %d ký tự",
                      "'%.*s' is no name: lower-case letters, digits and underscores, at most %d",
                      (int)text_cut(name, QUOTE_MAX), (const char *)name.at, NAME_MAX_SIZE);
        return member_wrap(self, reterr);
    }
    return 0;
}

int
member_int(const struct member *self, int64_t least, int64_t most, int64_t *ret_int,
           struct err *reterr)
{
    struct reader in = reader_of(self->value);
    int64_t number = read_int(&in);
    if (in.code != 0 || number < least || number > most) {
        (void)err_set(reterr, ERR_TYPE, "cần số nguyên từ %lld đến %lld",
                      "a whole number from %lld to %lld is wanted here", (long long)least,
                      (long long)most);
        return member_wrap(self, reterr);
    }
    *ret_int = number;
    return 0;
}

int
member_bool(const struct member *self, bool *ret_bool, struct err *reterr)
{
    if (!member_is_there(self))
        return 0;
    struct reader in = reader_of(self->value);
    bool value = read_bool(&in);
    if (in.code != 0)
        return member_fail(self, "cần true hoặc false", "true or false is wanted here", reterr);
    *ret_bool = value;
    return 0;
}

static char *
text_copy(struct bytes text)
{
    char *copy = mem_new(text.size + 1);
    memcpy(copy, text.at, text.size);
    return copy;
}

int
member_label(const struct member *self, const char *fallback, char *ret_label[2],
             struct err *reterr)
{
    struct member vi = member_of(self, "vi"), en = member_of(self, "en");
    struct bytes text[2] = {bytes_of(fallback), bytes_of(fallback)};
    int code = 0;
    if (member_is_there(self) && !member_is_there(&vi) && !member_is_there(&en))
        code = member_fail(self, "cần {\"vi\": ..., \"en\": ...}",
                           "{\"vi\": ..., \"en\": ...} is wanted here", reterr);
    if (code == 0 && member_is_there(&en))
        code = member_text(&en, &text[LANG_EN], reterr);
    text[LANG_VI] = text[LANG_EN];
    if (code == 0 && member_is_there(&vi))
        code = member_text(&vi, &text[LANG_VI], reterr);
    if (code != 0)
        return code;
    if (!member_is_there(&en))
        text[LANG_EN] = text[LANG_VI];
    ret_label[LANG_VI] = text_copy(text[LANG_VI]);
    ret_label[LANG_EN] = text_copy(text[LANG_EN]);
    return 0;
}

int
member_elements(const struct member *self, size_t most, struct elements *ret_elements,
                struct err *reterr)
{
    struct reader in = reader_of(self->value);
    size_t count = read_array(&in);
    if (in.code != 0)
        return member_fail(self, "cần một danh sách [...]", "a list [...] is wanted here", reterr);
    if (count > most) {
        (void)err_set(reterr, ERR_TYPE, "danh sách có %zu phần tử, tối đa %zu",
                      "the list has %zu elements, at most %zu are allowed", count, most);
        return member_wrap(self, reterr);
    }
    *ret_elements = (struct elements){self, in, count, 0};
    return 0;
}

bool
elements_next(struct elements *self, struct member *ret_element)
{
    if (self->next == self->count)
        return false;
    *ret_element = (struct member){read_skip(&self->in), self->array, NULL, self->next++};
    return true;
}

int
member_levels(const struct member *self, uint8_t *ret_levels, struct err *reterr)
{
    struct elements elements;
    struct member element;
    uint8_t levels = 0;
    int code = member_elements(self, LEVEL_LAST + 1, &elements, reterr);
    while (code == 0 && elements_next(&elements, &element)) {
        int64_t level = 0;
        code = member_int(&element, 0, LEVEL_LAST, &level, reterr);
        levels |= (uint8_t)(1U << (unsigned)level);
    }
    if (code == 0 && levels == 0)
        code =
            member_fail(self, "cần ít nhất một cấp", "at least one level is wanted here", reterr);
    if (code == 0)
        *ret_levels = levels;
    return code;
}
