// view.h - what the core reads of stored state, and what it tells the store to write
//
// The core keeps in memory what every step needs (heads of logs, registry, links) and reads the
// rest through a view: one read-only table of functions, which the SQLite store and the
// simulator's memory store both provide. What it wants written leaves it as values (struct write).
//
// Shape    Logs have small dense numbers, given by the core in the order in which it met them, so
//          that a store keys entries by integer: (log, seq). A view shows what was written in the
//          open transaction too.
// Errors   A view's function returns false for "not there". What the disk refuses is the store's
//          own affair: it ends the step's transaction, and the core is made anew from the disk.
// Memory   Bytes a view gives are good until the next call of any of its functions. Bytes in a
//          write belong to the core, until its next step.
// Threads  One at a time.

#ifndef CORE_VIEW_H
#define CORE_VIEW_H

#include "../../proto/entry.h"
#include "../base/buf.h"
#include "../base/id.h"
#include "indicator.h"

typedef uint32_t log_t; // A log's number on this node

enum {
    TILE_LEAVES = 256, // Hashes in a full tile
    TILE_BITS = 8,
    TALLY_KEY_MAX = 63, // Bytes of a group's key: a record id or an office
    MEASURE_MAX = 39,   // Bytes of an indicator's name and "/n" or "/d"
};

// The head of one log, as it is on disk.
struct log_head {
    struct origin origin;
    seq_t size;
    seq_t note_size;   // Size of the checkpoint `note` signs; never above `size`
    struct bytes note; // Empty when there is none yet
};

// One group of a distinct count: how many records stand for it, part by part.
struct group {
    char measure[MEASURE_MAX + 1];
    char key[TALLY_KEY_MAX + 1];
    int32_t period; // A year, or 0
    struct office office;
    int64_t counts[PARTS_MAX];
};

// One cosignature somebody above gave on one of the logs of this node's subtree.
struct receipt {
    struct origin origin;
    struct office holder;
    seq_t size, bodies, envelopes;
    uint8_t root[32];
    uint64_t time; // s UTC
    uint8_t cosignature[64], signature[64];
};

struct view {
    void *store;

    // The head of log number `log`; false behind the last one.
    bool (*head)(void *store, log_t log, struct log_head *ret_head);

    // Stub and body of one entry; body empty where withheld.
    bool (*entry)(void *store, log_t log, seq_t seq, struct bytes *ret_stub,
                  struct bytes *ret_body);

    // A full tile of hashes: TILE_LEAVES * 32 bytes.
    bool (*tile)(void *store, log_t log, unsigned level, uint64_t index, struct bytes *ret_hashes);

    // A record's packed row (record.h).
    bool (*record)(void *store, const struct record_id *id, struct bytes *ret_row);

    // The greatest id among the records of a creator; false when it has none.
    bool (*record_last)(void *store, const struct office *creator, uint8_t ret_id[16]);

    // The `nth` entry, in the order of arrival, that is not of kind record: (log, seq).
    bool (*special)(void *store, uint64_t nth, log_t *ret_log, seq_t *ret_seq);

    // The first waiting record after `after` (creator "" for the very first).
    bool (*waiting)(void *store, const struct record_id *after, struct record_id *ret_id);

    bool (*group)(void *store, const char *measure, int32_t period, const char *key,
                  struct group *ret_group);
    int64_t (*total)(void *store, const char *measure, int32_t period, const struct office *office);

    // The newest receipt of `holder` on `origin`.
    bool (*receipt)(void *store, const struct origin *origin, const struct office *holder,
                    struct receipt *ret_receipt);
};

enum write_type {
    WRITE_HEAD = 1,   // Put a log's head
    WRITE_ENTRY,      // Add one entry; (log, seq) is new
    WRITE_TILE,       // Add one full tile
    WRITE_RECORD,     // Put a record's row, and show the record in office.db
    WRITE_GROUP,      // Put; all counts 0: drop it
    WRITE_TOTAL,      // Add `delta` to (measure, period, office)
    WRITE_RECEIPT,    // Put, by (origin, holder)
    WRITE_DRAINED,    // This outbox row became entry (log, seq): for ever
    WRITE_QUARANTINE, // Put: entry (log, seq) is not applied, and why; code 0: drop it
    WRITE_EVIDENCE,   // Add: proof of a misdeed, for people and auditors
    WRITE_RECOUNT,    // Drop all groups and totals of a measure
};

// A record as people see it, for office.db.
struct projection {
    struct record_id id;
    struct office subject;
    char type[32];
    bool is_alive;
    bool is_waiting;        // Parts of it have not arrived: shown nowhere yet
    struct bytes state;     // Packed map of the fields that have a value
    struct bytes heads;     // Packed refs: what a writer who sees this row has seen
    struct bytes conflicts; // Packed map: field -> array of [office, value]; empty when none
};

struct write {
    enum write_type type;
    union {
        struct {
            log_t log;
            struct log_head head;
        } head;
        struct {
            log_t log;
            seq_t seq;
            uint64_t kind;
            struct bytes stub, body;
        } entry;
        struct {
            log_t log;
            unsigned level;
            uint64_t index;
            const uint8_t *hashes;
        } tile;
        struct {
            struct bytes row;
            struct projection projection;
        } record;
        struct group group;
        struct {
            char measure[MEASURE_MAX + 1];
            int32_t period;
            struct office office;
            int64_t delta;
        } total;
        struct receipt receipt;
        struct {
            uint8_t key[16];
            log_t log;
            seq_t seq;
        } drained;
        struct {
            log_t log;
            seq_t seq;
            int code;
        } quarantine;
        struct {
            int code;
            struct origin origin;
            struct office from;
            struct bytes what; // The message as received
        } evidence;
        char recount[MEASURE_MAX + 1];
    } as;
};

#endif
