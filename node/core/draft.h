// draft.h - what somebody on this machine wants written, before it is an entry
//
// A draft comes out of office.db's outbox (plain SQL, or the command line, which writes the same
// tables), or from a command that publishes definitions or changes the registry. The core turns
// each into one entry of the office's own log.
//
// Shape    `after` is what the writer had seen: the record's heads when the trigger fired, packed
//          refs. A draft that follows another undrained one of the same record names its key.
// Memory   Everything is borrowed for the call.

#ifndef CORE_DRAFT_H
#define CORE_DRAFT_H

#include "../../proto/entry.h"

struct draft {
    uint8_t key[16];     // The outbox row's, or zeroes
    uint8_t follows[16]; // Key of the outbox row before it of the same record, or zeroes
    enum kind kind;
    struct record_id record; // creator "" for kinds other than record
    struct office subject;
    struct bytes type; // Name
    uint64_t type_version;
    enum op op;
    bool is_whole;   // `facts` are all fields of the row: keep those that differ from the state
    uint64_t reason; // 0 for none
    uint64_t actor;
    struct bytes after; // Packed refs; empty for none
    struct bytes facts; // Packed map
    wall_t drafted_at;
};

#endif
