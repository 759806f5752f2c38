#include "read.h"

#include <string.h>

#include "../node/base/err.h"
#include "scan.h"

struct reader
reader_of(struct bytes bytes)
{
    return (struct reader){bytes.at, bytes.at + bytes.size, 0};
}

void
read_fail(struct reader *self)
{
    self->code = ERR_PROTO;
    self->at = self->end;
}

// Take `wide` bytes as a big-endian number.
static uint64_t
number_take(struct reader *self, size_t wide)
{
    if ((size_t)(self->end - self->at) < wide) {
        read_fail(self);
        return 0;
    }
    uint64_t value = 0;
    while (wide-- > 0)
        value = value << 8 | *self->at++;
    return value;
}

enum read_kind
read_peek(const struct reader *self)
{
    if (self->at == self->end)
        return READ_END;
    uint8_t byte = *self->at;
    if (byte <= 0x7f || (byte >= 0xcc && byte <= 0xcf))
        return READ_UINT;
    if (byte >= 0xe0 || (byte >= 0xd0 && byte <= 0xd3))
        return READ_INT;
    if (byte <= 0x8f || byte == 0xde || byte == 0xdf)
        return READ_MAP;
    if (byte <= 0x9f || byte == 0xdc || byte == 0xdd)
        return READ_ARRAY;
    if (byte <= 0xbf || (byte >= 0xd9 && byte <= 0xdb))
        return READ_STR;
    if (byte >= 0xc4 && byte <= 0xc6)
        return READ_BIN;
    if (byte == 0xc2 || byte == 0xc3)
        return READ_BOOL;
    return byte == 0xc0 ? READ_NIL : READ_END;
}

// Take the leading byte of a value of `kind`; 0xc1, which nothing begins with, when it is another.
static uint8_t
lead_take(struct reader *self, enum read_kind kind)
{
    if (read_peek(self) != kind) {
        read_fail(self);
        return 0xc1;
    }
    return *self->at++;
}

uint64_t
read_uint(struct reader *self)
{
    uint8_t byte = lead_take(self, READ_UINT);
    if (byte <= 0x7f)
        return byte;
    return byte == 0xc1 ? 0 : number_take(self, (size_t)1 << (byte - 0xccU));
}

uint64_t
read_uint_upto(struct reader *self, uint64_t most)
{
    uint64_t value = read_uint(self);
    if (value <= most)
        return value;
    read_fail(self);
    return 0;
}

int64_t
read_int(struct reader *self)
{
    if (read_peek(self) == READ_UINT)
        return (int64_t)read_uint_upto(self, INT64_MAX);
    uint8_t byte = lead_take(self, READ_INT);
    if (byte >= 0xe0)
        return (int64_t)byte - 256;
    if (byte == 0xc1)
        return 0;
    size_t wide = (size_t)1 << (byte - 0xd0U);
    uint64_t value = number_take(self, wide);
    return wide == 8 ? (int64_t)value : (int64_t)(value - (1ULL << (wide * 8)));
}

bool
read_bool(struct reader *self)
{
    return lead_take(self, READ_BOOL) == 0xc3;
}

bool
read_nil(struct reader *self)
{
    if (read_peek(self) != READ_NIL)
        return false;
    self->at++;
    return true;
}

static struct bytes
bytes_take(struct reader *self, uint64_t size)
{
    if (size > (uint64_t)(self->end - self->at)) {
        read_fail(self);
        return (struct bytes){0};
    }
    struct bytes bytes = {self->at, (size_t)size};
    self->at += size;
    return bytes;
}

struct bytes
read_str(struct reader *self)
{
    uint8_t byte = lead_take(self, READ_STR);
    if (byte == 0xc1)
        return (struct bytes){0};
    return bytes_take(self,
                      byte <= 0xbf ? byte & 31U : number_take(self, (size_t)1 << (byte - 0xd9U)));
}

struct bytes
read_bin(struct reader *self)
{
    uint8_t byte = lead_take(self, READ_BIN);
    if (byte == 0xc1)
        return (struct bytes){0};
    return bytes_take(self, number_take(self, (size_t)1 << (byte - 0xc4U)));
}

void
read_bin_exact(struct reader *self, uint8_t *ret_at, size_t size)
{
    struct bytes bytes = read_bin(self);
    if (bytes.size == size && bytes.at != NULL) {
        memcpy(ret_at, bytes.at, size);
        return;
    }
    read_fail(self);
    memset(ret_at, 0, size);
}

size_t
read_array(struct reader *self)
{
    uint8_t byte = lead_take(self, READ_ARRAY);
    if (byte == 0xc1)
        return 0;
    return byte <= 0x9f ? byte & 15U : (size_t)number_take(self, (size_t)2 << (byte - 0xdcU));
}

size_t
read_array_least(struct reader *self, size_t least)
{
    size_t count = read_array(self);
    if (count >= least)
        return count;
    read_fail(self);
    return 0;
}

size_t
read_map(struct reader *self)
{
    uint8_t byte = lead_take(self, READ_MAP);
    if (byte == 0xc1)
        return 0;
    return byte <= 0x8f ? byte & 15U : (size_t)number_take(self, (size_t)2 << (byte - 0xdeU));
}

// Take one value's head; gives how many values are inside it.
static uint64_t
shallow_skip(struct reader *self)
{
    switch (read_peek(self)) {
    case READ_UINT:
        (void)read_uint(self);
        return 0;
    case READ_INT:
        (void)read_int(self);
        return 0;
    case READ_STR:
        (void)read_str(self);
        return 0;
    case READ_BIN:
        (void)read_bin(self);
        return 0;
    case READ_NIL:
    case READ_BOOL:
        self->at++;
        return 0;
    case READ_ARRAY:
        return read_array(self);
    case READ_MAP:
        return 2 * (uint64_t)read_map(self);
    case READ_END:
    default:
        read_fail(self);
        return 0;
    }
}

struct bytes
read_skip(struct reader *self)
{
    const uint8_t *from = self->at;
    uint64_t owed = 1;
    while (owed > 0 && self->code == 0)
        owed += shallow_skip(self) - 1;
    if (self->code != 0)
        return (struct bytes){0};
    return (struct bytes){from, (size_t)(self->at - from)};
}

void
read_skip_many(struct reader *self, size_t count)
{
    while (count-- > 0 && self->code == 0)
        (void)read_skip(self);
}

struct office
read_office(struct reader *self, bool or_none)
{
    struct office office = {0};
    if (or_none && read_nil(self))
        return office;
    if (!office_parse(read_str(self), &office))
        read_fail(self);
    return office;
}

struct bytes
map_find(struct bytes map, const char *key)
{
    struct reader in = reader_of(map);
    struct bytes wanted = bytes_of(key);
    for (size_t left = map.size > 0 ? read_map(&in) : 0; left > 0 && in.code == 0; left--) {
        struct bytes name = read_str(&in);
        struct bytes value = read_skip(&in);
        if (in.code == 0 && bytes_equal(name, wanted))
            return value;
    }
    return (struct bytes){0};
}
