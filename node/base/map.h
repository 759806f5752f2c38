// map.h - bytes to a pointer
//
//     struct map logs = {0};
//     map_put(&logs, key, log);
//     struct log *log = map_get(&logs, key);       // NULL when absent
//
// Shape    Open addressing, half full at most. Keys are not copied: they live as long as what they
//          point into, usually the value itself.
// Memory   `= {0}` is ready; map_release empties it. Values stay the caller's.
// Threads  None of its own.
// Source   SipHash from libsodium under a per-process random key, so that a peer cannot choose
//          names that collide; nothing depends on the order, and there is no way to see it.

#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "buf.h"

struct map_slot {
    struct bytes key;
    void *value;
};

struct map {
    struct map_slot *slots;
    size_t room; // A power of two, or 0
    size_t count;
};

void *map_get(const struct map *self, struct bytes key);

// Put or replace; `value` is not NULL.
void map_put(struct map *self, struct bytes key, void *value);
void map_drop(struct map *self, struct bytes key);

// Forget all, keep the memory.
void map_clear(struct map *self);
void map_release(struct map *self);

#endif
