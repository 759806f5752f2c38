// tally.h - the counts behind the figures, kept as records change
//
// An indicator counts groups (indicator.h). For each group the store keeps how many records stand
// for it, part by part; for each office how many of its groups count. A changed record costs a few
// reads and writes however many records there are.
//
//     tally_change(&tally, id, subject, type, was, now)   -> WRITE_GROUP, WRITE_TOTAL
//
// Shape    A measure is called "T2/n" (numerator) or "T2/d". Empty state: not alive, counts
// nothing. Memory   Groups and totals touched in a step live in its arena. Threads  None of its
// own.

#ifndef CORE_TALLY_H
#define CORE_TALLY_H

#include "../base/arena.h"
#include "../base/map.h"
#include "indicator.h"
#include "view.h"

struct tally {
    const struct indicator **indicators;
    size_t count, room;
    struct map groups; // Of this step, by measure, period and key
    struct map totals;
    struct group **touched;
    size_t touched_count, touched_room;
    struct write **deltas;
    size_t delta_count, delta_room;
};

void tally_release(struct tally *self);

void tally_change(struct tally *self, const struct view *view, struct arena *arena,
                  const struct record_id *id, const struct office *subject, struct bytes type,
                  struct bytes was, struct bytes now);

// What this step changed, as writes in the arena; forgets it.
size_t tally_writes(struct tally *self, struct arena *arena, struct write **ret_writes);

#endif
