// store_memory.h - a node's store in memory, whose un-synced writes a crash takes away
//
//     store_memory_write(&store, &write);     // seen through the view at once
//     store_memory_commit(&store);            // now it survives
//     store_memory_crash(&store);             // back to the last commit
//
// Shape    A list of writes, and tables made from it. A crash cuts the list back and makes the
//          tables again, so that what survives can depend on nothing that did not.
// Errors   None; what the core must never ask for is an assert.
// Memory   `= {0}` is ready, store_memory_release empties it. Writes are copied; a view's bytes are
//          good until the next crash.
// Threads  None of its own.

#ifndef SIM_STORE_MEMORY_H
#define SIM_STORE_MEMORY_H

#include "../../node/base/arena.h"
#include "../../node/base/map.h"
#include "../../node/core/log.h"
#include "../../node/core/view.h"

struct memory_entry {
    uint64_t kind;
    struct bytes stub, body;
};

struct memory_log {
    bool has_head;
    struct log_head head;
    seq_t durable; // head.size at the last commit
    struct memory_entry *entries;
    size_t count, room;
    struct bytes *tiles[TILE_LEVELS];
    size_t tile_count[TILE_LEVELS], tile_room[TILE_LEVELS];
};

struct memory_record {
    struct record_id id;
    struct bytes row;
    struct projection projection;
};

struct memory_total {
    char measure[MEASURE_MAX + 1];
    int32_t period;
    struct office office;
    int64_t value;
};

struct memory_place {
    log_t log;
    seq_t seq;
    int code;
};

struct store_memory {
    struct write *writes;
    size_t count, room, committed;
    struct arena arena; // What writes point at

    // Made from the writes
    struct memory_log *logs;
    size_t log_count, log_room;
    struct memory_record **records;
    size_t record_count, record_room;
    struct map by_id;
    struct memory_place *specials, *quarantine;
    size_t special_count, special_room, quarantine_count, quarantine_room;
    struct group **groups;
    size_t group_count, group_room;
    struct map by_group;
    struct memory_total **totals;
    size_t total_count, total_room;
    struct map by_total;
    struct receipt **receipts;
    size_t receipt_count, receipt_room;
    size_t evidence_count, drained_count;
    struct arena tables;
};

void store_memory_release(struct store_memory *self);
struct view store_memory_view(struct store_memory *self);

void store_memory_write(struct store_memory *self, const struct write *write);
void store_memory_commit(struct store_memory *self);
void store_memory_crash(struct store_memory *self);
bool store_memory_is_clean(const struct store_memory *self);

// The log of that origin, or NULL; and how much of it is committed.
const struct memory_log *store_memory_log(const struct store_memory *self,
                                          const struct origin *origin);
seq_t store_memory_durable(const struct store_memory *self, const struct origin *origin);

const struct memory_record *store_memory_record(const struct store_memory *self,
                                                const struct record_id *id);

#endif
