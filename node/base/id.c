#include "id.h"

#include <assert.h>
#include <string.h>

static bool
digits(const uint8_t *at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (at[i] < '0' || at[i] > '9')
            return false;
    return true;
}

bool
office_parse(struct bytes text, struct office *ret_office)
{
    bool is_code =
        ((text.size == 2 || text.size == 5) && digits(text.at, text.size)) ||
        (text.size == 9 && digits(text.at, 5) && text.at[5] == '-' && digits(text.at + 6, 3));
    if (!is_code)
        return false;
    *ret_office = (struct office){0};
    memcpy(ret_office->code, text.at, text.size);
    return true;
}

struct office
office_of(const char *code)
{
    struct office office = {0};
    bool is_code = office_parse(bytes_of(code), &office);
    assert(is_code);
    (void)is_code;
    return office;
}

enum level
office_level(const struct office *self)
{
    switch (strlen(self->code)) {
    case 2:
        return LEVEL_PROVINCE;
    case 5:
        return LEVEL_COMMUNE;
    case 9:
        return LEVEL_AREA;
    default:
        return LEVEL_NONE;
    }
}

bool
office_equal(const struct office *a, const struct office *b)
{
    return memcmp(a->code, b->code, sizeof a->code) == 0;
}

int
office_compare(const struct office *a, const struct office *b)
{
    return memcmp(a->code, b->code, sizeof a->code);
}

bool
office_is_none(const struct office *self)
{
    return self->code[0] == '\0';
}

bool
origin_equal(const struct origin *a, const struct origin *b)
{
    return a->epoch == b->epoch && office_equal(&a->office, &b->office);
}

int
origin_compare(const struct origin *a, const struct origin *b)
{
    int order = office_compare(&a->office, &b->office);
    if (order != 0)
        return order;
    return a->epoch < b->epoch ? -1 : a->epoch > b->epoch;
}

bool
record_id_equal(const struct record_id *a, const struct record_id *b)
{
    return memcmp(a->id, b->id, sizeof a->id) == 0 && office_equal(&a->creator, &b->creator);
}

int
record_id_compare(const struct record_id *a, const struct record_id *b)
{
    int order = office_compare(&a->creator, &b->creator);
    return order != 0 ? order : memcmp(a->id, b->id, sizeof a->id);
}

void
hex_text(const uint8_t *at, size_t size, char *ret_text)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        ret_text[2 * i] = digit[at[i] >> 4U];
        ret_text[2 * i + 1] = digit[at[i] & 15U];
    }
    ret_text[2 * size] = '\0';
}

static int
digit_of(uint8_t byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

bool
hex_parse(struct bytes text, uint8_t *ret_at, size_t size)
{
    if (text.size != 2 * size)
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (digit_of(text.at[i]) < 0)
            return false;
    for (size_t i = 0; i < size; i++)
        ret_at[i] = (uint8_t)(digit_of(text.at[2 * i]) << 4 | digit_of(text.at[2 * i + 1]));
    return true;
}

void
record_id_text(const struct record_id *self, char *ret_text)
{
    size_t size = strlen(self->creator.code);
    memcpy(ret_text, self->creator.code, size);
    ret_text[size] = '.';
    hex_text(self->id, sizeof self->id, ret_text + size + 1);
}

bool
record_id_parse(struct bytes text, struct record_id *ret_id)
{
    if (text.size < 34 || text.at[text.size - 33] != '.')
        return false;
    struct record_id id = {0};
    if (!office_parse(BYTES(text.at, text.size - 33), &id.creator) ||
        !hex_parse(BYTES(text.at + text.size - 32, 32), id.id, sizeof id.id))
        return false;
    *ret_id = id;
    return true;
}
