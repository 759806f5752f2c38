// record.h - one record as the core keeps it: its entries, its heads, its state
//
// Shape    The row a store keeps is packed:
//              [flags, depth, entries bin, heads, type|nil, subject|nil, state|nil, conflicts|nil]
//          entries: 12 bytes each, log u32 and seq u64, big-endian, in order of arrival. While a
//          record is its root entry alone, type, subject and state are nil: they are in the entry.
//          That is most records, and their row is 60 bytes.
// Memory   struct record and all it points at live in the step's arena.
// Threads  None of its own.

#ifndef CORE_RECORD_H
#define CORE_RECORD_H

#include "../base/arena.h"
#include "view.h"

enum {
    RECORD_STRAIGHT = 1, // One head that has seen all the others, no conflict, nothing waiting
    RECORD_ALIVE = 2,
    RECORD_WAITING = 4, // Some entry's past, or an office, is not here yet
};

struct place {
    log_t log;
    seq_t seq;
};

struct record {
    struct record_id id;
    unsigned flags;
    uint64_t depth; // Greatest of its heads
    size_t place_count;
    struct place *places;
    struct bytes heads; // Packed refs
    struct bytes type;  // Empty until it is known
    struct office subject;
    struct bytes state;     // Packed map without nils
    struct bytes conflicts; // Packed map, or empty
    bool is_filled;         // type, subject and state are here
    bool is_touched;        // Changed in this step
    bool was_alive;         // Before this step, with the state below
    struct bytes was_state;
};

void record_pack(const struct record *self, struct buf *buf);

// Read a row into `self`, whose id is set; copies what it keeps into the arena.
MUST_CHECK int record_read(struct bytes row, struct arena *arena, struct record *self);

void record_add_place(struct record *self, struct arena *arena, struct place place);

// A packed map of `count` pairs, key and value, that were packed one after another.
struct bytes map_keep(struct arena *arena, const struct buf *pairs, size_t count);

// `state` with `facts` over it: nil drops a field, anything else replaces it. Packed maps.
struct bytes state_merge(struct arena *arena, struct bytes state, struct bytes facts);

// Those of `facts` that differ from `state`.
struct bytes state_difference(struct arena *arena, struct bytes state, struct bytes facts);

#endif
