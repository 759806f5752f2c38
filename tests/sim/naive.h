// naive.h - what a record and a figure are, straight from the rules, slowly
//
// The core folds a record's entries through packed rows, straight paths and bit sets, and counts by
// differences. Here the same rules are followed word for word, so that the two can be compared.
//
// Shape    All entries given are held; one whose `after` names something else waits.
// Memory   Everything in the arena.
// Threads  None of its own.

#ifndef SIM_NAIVE_H
#define SIM_NAIVE_H

#include "../../node/base/arena.h"
#include "../../node/core/indicator.h"
#include "../../node/core/view.h"
#include "../../proto/entry.h"

struct naive_state {
    bool is_alive, is_waiting;
    size_t in_count, out_count;
    struct bytes state;     // As in struct projection
    struct bytes conflicts; // As naive_conflicts gives them
    struct bytes heads;     // Packed refs, the latest first
};

// `is_denied[i]`: the author of entries[i] stands neither at nor above the subject.
void naive_fold(const struct entry *entries, const bool *is_denied, size_t count,
                struct arena *arena, struct naive_state *ret_state);

// The conflicts of a projection in the form of struct naive_state: field -> [office and value of
// the winner, number of writes].
struct bytes naive_conflicts(struct bytes conflicts, struct arena *arena);

// How many groups of a measure count at `office` itself in `period`, over all `records`.
int64_t naive_count(const struct measure *measure, int32_t period, const struct office *office,
                    const struct projection *const *records, size_t count);

#endif
