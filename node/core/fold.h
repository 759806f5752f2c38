// fold.h - a record's state as a pure function of the set of its entries
//
// Entries of a record form a DAG by `after`. For each field take the writes that no other write of
// the field has in its causal past. If they agree, that is the value; if not, the superior office's
// wins, then the greater depth, then the greater (office, epoch, seq), and the field is a conflict.
// Put, retract and restore all write the pseudo-field $alive. No clock decides anything.
//
//         put x=1           two communes' areas wrote x without seeing each other: 2 and 3 are
//        /       \          heads, x is a conflict until an entry after both writes x again
//     put x=2   put x=3
//
// Shape    An entry waits while something it names is not held, or the office of its author is not
//          known; entries that have it in their past wait too. It is out, for good, when it breaks
//          a rule: wrong depth, an author who stands neither at nor above the subject, another
//          subject or type than the root that stands. Out counts as an entry that wrote nothing.
// Errors   None: every set has a state.
// Memory   All in the arena.
// Threads  None of its own.
// Source   Multi-value registers over a causal DAG; Shapiro et al., INRIA RR-7506, 3.2.

#ifndef CORE_FOLD_H
#define CORE_FOLD_H

#include "../../proto/entry.h"
#include "../base/arena.h"

enum fold_fate { FOLD_IN = 0, FOLD_WAITS, FOLD_OUT };

struct fold_entry {
    struct entry entry;
    enum fold_fate fate; // In: FOLD_WAITS or FOLD_OUT when the caller knows already. Out: the end
    int why;             // ERR_ code of FOLD_OUT
    bool misses_parent;  // In: `after` names something the caller does not hold
    size_t parent_count; // Filled here
    size_t *parents;
};

struct fold {
    bool is_alive;
    bool has_waiting;
    bool is_straight; // One head, no conflict, nothing waiting
    uint64_t depth;   // Greatest of the heads
    struct bytes type;
    struct office subject;
    struct bytes heads;     // Packed refs
    struct bytes state;     // Packed map
    struct bytes conflicts; // Packed map: field -> [[office, value], ...], winner first; or empty
};

// Fold `count` entries of one record, in any order, each once. Reorders them.
void fold_entries(struct fold_entry *entries, size_t count, struct arena *arena,
                  struct fold *ret_fold);

#endif
