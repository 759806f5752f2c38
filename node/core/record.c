#include "record.h"

#include <assert.h>
#include <string.h>

#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../base/err.h"

enum { PLACE_SIZE = 12 };

static void
place_pack(struct place place, uint8_t *at)
{
    for (unsigned i = 0; i < 4; i++)
        at[i] = (uint8_t)(place.log >> (24 - 8 * i));
    for (unsigned i = 0; i < 8; i++)
        at[4 + i] = (uint8_t)(place.seq >> (56 - 8 * i));
}

static struct place
place_read(const uint8_t *at)
{
    struct place place = {0};
    for (unsigned i = 0; i < 4; i++)
        place.log = place.log << 8 | at[i];
    for (unsigned i = 0; i < 8; i++)
        place.seq = place.seq << 8 | at[4 + i];
    return place;
}

void
record_pack(const struct record *self, struct buf *buf)
{
    bool is_bare = self->place_count == 1 && (self->flags & RECORD_STRAIGHT) != 0;
    struct packer out = packer_of(buf);
    pack_array(&out, 8);
    pack_uint(&out, self->flags);
    pack_uint(&out, self->depth);
    uint8_t packed[PLACE_SIZE];
    struct buf places = {0};
    for (size_t i = 0; i < self->place_count; i++) {
        place_pack(self->places[i], packed);
        buf_add(&places, packed, sizeof packed);
    }
    pack_bin(&out, places.at, places.size);
    buf_release(&places);
    pack_raw(&out, self->heads);
    if (is_bare || self->type.size == 0)
        pack_nil(&out);
    else
        pack_str(&out, self->type);
    if (is_bare)
        pack_nil(&out);
    else
        pack_office(&out, &self->subject);
    pack_raw_or_nil(&out, is_bare ? (struct bytes){0} : self->state);
    pack_raw_or_nil(&out, self->conflicts);
}

static struct bytes
raw_or_nil(struct reader *in, struct arena *arena)
{
    if (read_nil(in))
        return (struct bytes){0};
    return arena_bytes(arena, read_skip(in));
}

int
record_read(struct bytes row, struct arena *arena, struct record *self)
{
    struct reader in = reader_of(row);
    (void)read_array_least(&in, 8);
    self->flags = (unsigned)read_uint(&in);
    self->depth = read_uint(&in);
    struct bytes places = read_bin(&in);
    self->place_count = places.size / PLACE_SIZE;
    self->places = arena_new(arena, self->place_count * sizeof *self->places);
    for (size_t i = 0; i < self->place_count; i++)
        self->places[i] = place_read(places.at + i * PLACE_SIZE);
    self->heads = arena_bytes(arena, read_skip(&in));
    self->type = read_nil(&in) ? (struct bytes){0} : arena_bytes(arena, read_str(&in));
    self->subject = read_office(&in, true);
    self->state = raw_or_nil(&in, arena);
    self->conflicts = raw_or_nil(&in, arena);
    self->is_filled = self->type.size > 0;
    return in.code != 0 ? ERR_CORRUPT : 0;
}

void
record_add_place(struct record *self, struct arena *arena, struct place place)
{
    struct place *places = arena_new(arena, (self->place_count + 1) * sizeof *places);
    if (self->place_count > 0)
        memcpy(places, self->places, self->place_count * sizeof *places);
    places[self->place_count++] = place;
    self->places = places;
}

struct pair {
    struct bytes key;   // Its text
    struct bytes value; // Packed
};

static bool
pair_next(struct reader *in, size_t *left, struct pair *ret_pair)
{
    if (*left == 0 || in->code != 0)
        return false;
    (*left)--;
    ret_pair->key = read_str(in);
    ret_pair->value = read_skip(in);
    return in->code == 0;
}

static size_t
map_open(struct bytes map, struct reader *ret_in)
{
    *ret_in = reader_of(map);
    return map.size > 0 ? read_map(ret_in) : 0;
}

static bool
is_nil(struct bytes value)
{
    return value.size == 1 && value.at[0] == 0xc0;
}

static bool
has_nil(struct bytes map)
{
    struct reader in;
    size_t left = map_open(map, &in);
    struct pair pair;
    while (pair_next(&in, &left, &pair))
        if (is_nil(pair.value))
            return true;
    return false;
}

struct bytes
map_keep(struct arena *arena, const struct buf *pairs, size_t count)
{
    OWNED(buf_release) struct buf all = {0};
    struct packer out = packer_of(&all);
    pack_map(&out, count);
    buf_add_bytes(&all, buf_bytes(pairs));
    return arena_keep(arena, &all);
}

static void
pair_pack(struct buf *pairs, size_t *count, const struct pair *pair)
{
    struct packer out = packer_of(pairs);
    pack_str(&out, pair->key);
    pack_raw(&out, pair->value);
    (*count)++;
}

struct bytes
state_merge(struct arena *arena, struct bytes state, struct bytes facts)
{
    if (state.size == 0 && facts.size > 0 && !has_nil(facts))
        return arena_bytes(arena, facts);

    OWNED(buf_release) struct buf pairs = {0};
    size_t count = 0;
    struct reader old_in, new_in;
    size_t old_left = map_open(state, &old_in), new_left = map_open(facts, &new_in);
    struct pair old_pair = {0}, new_pair = {0};
    bool has_old = pair_next(&old_in, &old_left, &old_pair);
    bool has_new = pair_next(&new_in, &new_left, &new_pair);
    while (has_old || has_new) { // Both are sorted: a merge
        int order = !has_old ? 1 : !has_new ? -1 : bytes_compare(old_pair.key, new_pair.key);
        if (order < 0)
            pair_pack(&pairs, &count, &old_pair);
        else if (!is_nil(new_pair.value))
            pair_pack(&pairs, &count, &new_pair);
        if (order <= 0)
            has_old = pair_next(&old_in, &old_left, &old_pair);
        if (order >= 0)
            has_new = pair_next(&new_in, &new_left, &new_pair);
    }
    return map_keep(arena, &pairs, count);
}

struct bytes
state_difference(struct arena *arena, struct bytes state, struct bytes facts)
{
    OWNED(buf_release) struct buf pairs = {0};
    size_t count = 0;
    struct reader old_in, new_in;
    size_t old_left = map_open(state, &old_in), new_left = map_open(facts, &new_in);
    struct pair old_pair = {0}, new_pair = {0};
    bool has_old = pair_next(&old_in, &old_left, &old_pair);
    while (pair_next(&new_in, &new_left, &new_pair)) {
        while (has_old && bytes_compare(old_pair.key, new_pair.key) < 0)
            has_old = pair_next(&old_in, &old_left, &old_pair);
        bool is_same = has_old && bytes_equal(old_pair.key, new_pair.key)
                           ? bytes_equal(old_pair.value, new_pair.value)
                           : is_nil(new_pair.value);
        if (!is_same)
            pair_pack(&pairs, &count, &new_pair);
    }
    return map_keep(arena, &pairs, count);
}
