// world.h - a small province in one process: real cores, a bad network, crashes, one seed
//
//     struct world_result result;
//     world_run(4711, codec, &result);          // the same seed gives the same result.digest
//
// One province, three or four communes, two to four areas with a machine in each and some without,
// for which the commune writes. All they know of one another goes over simulated links:
//
//     live lane     may lose, double and reorder anything
//     repair lane   in order while the link is up; what is under way when it goes down is lost
//
// A run enrols everybody, then for some virtual minutes people write while links break, in one or
// both directions, and machines crash and lose what was not committed. Then the faults end and
// all must become still, and equal, within a bounded virtual time.
//
// Shape    Checked at every send: nothing says more than is on disk. Checked at the end: equal
// logs,
//          equal records, records as the naive fold has them, counts as a recount has them,
//          receipts kept by those who gave them and known to those they are about.
// Units    Virtual time in ms.
// Errors   The first violation is kept as text; their number says how many there were.
// Memory   A run frees all it took.
// Threads  None of its own.

#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "../../proto/batch.h"

enum { WORLD_TEXT = 400 };

struct world_result {
    bool has_converged;
    unsigned offices;        // Nodes and hosted areas
    unsigned violations;     // Of any check
    char first[WORLD_TEXT];  // What the first of them was
    uint64_t virtual_ms;     // All of the run
    uint64_t converged_ms;   // From the end of the faults to stillness
    uint64_t entries;        // In all logs, counted once
    uint64_t conflicts;      // Records that had one at the end
    uint64_t crashes, drops; // Faults there were
    uint64_t digest;         // Of everything that was sent, and when
};

void world_run(uint64_t seed, struct codec *codec, struct world_result *ret_result);

#endif
