#include "map.h"

#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static uint8_t key_of_hash[crypto_shorthash_KEYBYTES];

static size_t
slot_of(const struct map *self, struct bytes key)
{
    static bool has_key;
    if (!has_key) {
        randombytes_buf(key_of_hash, sizeof key_of_hash);
        has_key = true;
    }
    uint64_t hash;
    uint8_t out[crypto_shorthash_BYTES];
    (void)crypto_shorthash(out, key.at, key.size, key_of_hash);
    memcpy(&hash, out, sizeof hash);
    return (size_t)hash & (self->room - 1);
}

// The slot that holds `key`, or the empty one where it would go.
static struct map_slot *
find(const struct map *self, struct bytes key)
{
    size_t at = slot_of(self, key);
    while (self->slots[at].value != NULL && !bytes_equal(self->slots[at].key, key))
        at = (at + 1) & (self->room - 1);
    return &self->slots[at];
}

void *
map_get(const struct map *self, struct bytes key)
{
    return self->count > 0 ? find(self, key)->value : NULL;
}

static void
grow(struct map *self)
{
    struct map next = {.room = self->room > 0 ? 2 * self->room : 16, .count = self->count};
    next.slots = mem_new(next.room * sizeof *next.slots);
    for (size_t i = 0; i < self->room; i++)
        if (self->slots[i].value != NULL)
            *find(&next, self->slots[i].key) = self->slots[i];
    free(self->slots);
    *self = next;
}

void
map_put(struct map *self, struct bytes key, void *value)
{
    assert(value != NULL);
    if (2 * (self->count + 1) > self->room)
        grow(self);
    struct map_slot *slot = find(self, key);
    self->count += slot->value == NULL;
    *slot = (struct map_slot){key, value};
}

void
map_drop(struct map *self, struct bytes key)
{
    if (self->count == 0)
        return;
    struct map_slot *slot = find(self, key);
    if (slot->value == NULL)
        return;
    self->count--;
    slot->value = NULL;
    // Those behind it may have been pushed there by it: put each back where it now belongs.
    size_t at = (size_t)(slot - self->slots);
    for (at = (at + 1) & (self->room - 1); self->slots[at].value != NULL;
         at = (at + 1) & (self->room - 1)) {
        struct map_slot moved = self->slots[at];
        self->slots[at].value = NULL;
        *find(self, moved.key) = moved;
    }
}

void
map_clear(struct map *self)
{
    if (self->room > 0)
        memset(self->slots, 0, self->room * sizeof *self->slots);
    self->count = 0;
}

void
map_release(struct map *self)
{
    free(self->slots);
    *self = (struct map){0};
}
