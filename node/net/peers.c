#include "peers.h"

#include <stdlib.h>
#include <string.h>

void
peers_release(struct peers *self)
{
    free(self->at);
    *self = (struct peers){0};
}

// Where the key is, or where it would go.
static size_t
place_of(const struct peers *self, const uint8_t key[PEER_KEY_SIZE])
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(self->at[middle].key, key, PEER_KEY_SIZE) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool
is_at(const struct peers *self, size_t place, const uint8_t key[PEER_KEY_SIZE])
{
    return place < self->count && memcmp(self->at[place].key, key, PEER_KEY_SIZE) == 0;
}

struct peer *
peers_find(const struct peers *self, const uint8_t key[PEER_KEY_SIZE])
{
    size_t place = place_of(self, key);
    return is_at(self, place, key) ? &self->at[place] : NULL;
}

struct peer *
peers_reach(struct peers *self, const uint8_t key[PEER_KEY_SIZE])
{
    size_t place = place_of(self, key);
    if (is_at(self, place, key))
        return &self->at[place];
    if (self->count == PEERS_MAX)
        return NULL;
    self->at = mem_reserve(self->at, &self->room, self->count + 1, sizeof *self->at);
    struct peer *peer = &self->at[place];
    memmove(peer + 1, peer, (self->count - place) * sizeof *peer);
    *peer = (struct peer){0};
    memcpy(peer->key, key, PEER_KEY_SIZE);
    self->count++;
    return peer;
}

void
peers_drop(struct peers *self, const uint8_t key[PEER_KEY_SIZE])
{
    size_t place = place_of(self, key);
    if (!is_at(self, place, key))
        return;
    self->count--;
    memmove(&self->at[place], &self->at[place + 1], (self->count - place) * sizeof *self->at);
}

bool
route_is_own(struct bytes id)
{
    return id.size == ROUTE_SIZE && id.at[0] == 0;
}

static uint32_t
number_of(const uint8_t route[ROUTE_SIZE])
{
    return (uint32_t)route[1] << 24 | (uint32_t)route[2] << 16 | (uint32_t)route[3] << 8 | route[4];
}

void
peer_heard_on(struct peer *self, struct bytes id)
{
    // The difference and not the order: the numbers start anywhere and come around.
    bool is_older =
        self->has_route && number_of(id.at) - number_of(self->route) > UINT32_C(0x80000000);
    if (is_older)
        return;
    memcpy(self->route, id.at, ROUTE_SIZE);
    self->has_route = true;
}
