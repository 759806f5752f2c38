// log.h - one origin's log, as far as this node holds it
//
// Shape    size: entries verified and handed to the store; durable: those on disk. Leaf hashes lie
//          in full tiles in the store and in partial ones here; a partial tile is rebuilt from the
//          entries when it is first needed, so that thousands of quiet logs cost little.
//          The note signs (origin, note_size, root) and note_size never exceeds size.
// Memory   struct log belongs to struct logs and stays where it is.
// Threads  None of its own.

#ifndef CORE_LOG_H
#define CORE_LOG_H

#include "../../proto/merkle.h"
#include "../base/arena.h"
#include "../base/map.h"
#include "view.h"

enum { TILE_LEVELS = 5 }; // Of 8 tree levels each: MERKLE_LEVELS

struct tile {
    uint8_t *hashes; // NULL, or room for TILE_LEAVES
    size_t count;
};

// What this node asked for of a log, of whom.
struct asking {
    struct office whom; // "" when nothing is asked
    uint64_t ticket;
    uint64_t received; // Bytes of batches under this ticket
    uint64_t granted;
    mono_t asked_at; // Or moved on last
};

struct log {
    log_t number;
    struct origin origin;
    seq_t size, durable;
    struct merkle edge; // Good when has_edge; of `size` entries
    bool has_edge;
    struct tile tiles[TILE_LEVELS];
    seq_t note_size;
    struct buf note;
    struct asking asking;
    seq_t receipted;   // note_size at our last receipt
    mono_t receipt_at; // When that was
    bool is_head_due;  // Its head is to be written; an empty log's too: its number is taken
    bool is_dirty;     // Changed since its head was last written
    wall_t moved_at;   // This node's clock when it last grew
};

struct logs {
    struct log **at;
    size_t count, room;
    struct map by_origin;
};

void logs_release(struct logs *self);
struct log *logs_find(const struct logs *self, const struct origin *origin);

// The office's log with the greatest epoch, or NULL.
struct log *logs_latest(const struct logs *self, const struct office *office);

// The log of that origin, new and empty when it was not known.
struct log *logs_get(struct logs *self, const struct origin *origin);

// Make edge and tiles ready: reads up to 255 entries and tiles of `view`. Once in a log's life
// here.
void log_warm(struct log *self, const struct view *view);

// Add one leaf. A tile that fills is handed over in the arena: `ret_write` gets WRITE_TILEs, at
// most TILE_LEVELS of them; returns how many.
size_t log_add(struct log *self, const uint8_t leaf[32], struct arena *arena,
               struct write ret_write[TILE_LEVELS]);

// Nodes of the tree, for proofs (merkle.h); `self` is warm.
struct log_nodes {
    struct log *log;
    const struct view *view;
};
struct merkle_source log_source(struct log_nodes *nodes);

#endif
