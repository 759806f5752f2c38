// core.h - what replication means: what happened goes in, what to do comes out
//
// The core is a pure state machine. It has no socket, file, clock, thread or chance of its own, so
// a test can be the whole world to it, and the same events always give the same updates.
//
//     what happened                            what to do, in this order
//     tick, message, drafts of this office,    1 write  one transaction for the store
//     write done, link up or down     -> core  2 send   messages: early ones at once, the others
//                                                       once what was written is on disk
//                                              3 wake   when to come back without a cause
//                                              4 note   what a person may want to read
//
// Several steps may share one transaction: apply each update's writes, send its early sends, keep
// the others; then commit, send those, and step CORE_STORED. Only then are receipts given and is
// anything said about what was written: nothing leaves before what it promises is on disk. An
// early send is a relay's: the origin has on disk what it passes on.
//
// Shape    One event and one update per step. Work per step is bounded: a long catch-up is many
//          steps, and asks for wake = now.
// Units    now and wake: ms that never go back; wall: ms UTC, for people only.
// Errors   core_step cannot fail: what a peer does wrong ends in a fault message to it and a note,
//          with nothing changed. If the store fails, drop the core and make a new one from the
//          disk.
// Memory   What an update points at belongs to the core, and is good until the next step.
// Threads  One at a time.
// Source   The split into events and updates: cowsql/raft, docs/events.rst and docs/updates.rst.

#ifndef CORE_CORE_H
#define CORE_CORE_H

#include "../../proto/batch.h"
#include "../../proto/crypto.h"
#include "../base/arena.h"
#include "draft.h"
#include "log.h"
#include "registry.h"
#include "type.h"
#include "view.h"

struct core;
struct place; // record.h

struct core_conf {
    struct origin self;   // The epoch to write in; its log may be empty still
    struct origin before; // The epoch before it, for the open entry; office "" for none
    uint8_t net[16];
    const struct crypto *crypto;
    struct codec *codec;
    struct view view;
    uint8_t sign_public[32], sign_secret[64];
    uint8_t cosign_public[32], cosign_secret[64];
    const struct bytes *trusted; // Certificates believed without an entry: root's, own, parent's
    size_t trusted_count;
    const char *software;
    uint64_t ping_ms;    // Quiet for so long: ping
    uint64_t dead_ms;    // Silent for so long: the link is down
    uint64_t retry_ms;   // No progress for so long: ask again
    uint64_t settle_ms;  // Acknowledgements and receipts of one log are at least so far apart
    uint64_t density_ms; // Stubs nobody below may read go down after so long
};

// Defaults for the times; a 3G link has ping_ms 240000.
void core_conf_defaults(struct core_conf *conf);

enum core_event_type {
    CORE_TICK = 1,  // Nothing but time passed
    CORE_LINK_UP,   // A link to `peer` can carry messages
    CORE_LINK_DOWN, // It cannot any more
    CORE_HEARD,     // A message came from `peer`
    CORE_DRAFTED,   // This office has something to write
    CORE_STORED,    // All that was written so far is on disk
};

struct core_event {
    enum core_event_type type;
    mono_t now;
    wall_t wall;
    struct office peer;
    bool is_live;         // HEARD: on the live lane
    struct bytes message; // HEARD
    const struct draft *drafts;
    size_t draft_count;
};

enum core_lane { LANE_REPAIR, LANE_LIVE_UP, LANE_LIVE_DOWN };

struct core_send {
    struct office peer; // Repair lane, and live lane up
    enum core_lane lane;
    bool is_early;
    struct bytes topic; // Live lanes
    struct bytes message;
};

enum note_type {
    NOTE_LINK_OPEN = 1, // Said hello
    NOTE_LINK_SILENT,   // Nothing heard for dead_ms: close it and dial again
    NOTE_PEER_FAULT,    // The peer did something wrong; code says what
    NOTE_FAULT_HEARD,   // The peer says we did
    NOTE_QUARANTINED,
    NOTE_DEFINITIONS, // Types or indicators changed
    NOTE_OFFICES,     // The registry changed
    NOTE_ROLLED_BACK, // A peer holds more, or other, of our own log than we: open a new epoch
    NOTE_REFUSED_DRAFT,
};

struct core_note {
    enum note_type type;
    int code;
    struct office peer;
    struct origin origin;
    seq_t seq;
    uint8_t key[16]; // REFUSED_DRAFT: of the outbox row
};

struct core_update {
    const struct write *writes;
    size_t write_count;
    const struct core_send *sends;
    size_t send_count;
    mono_t wake; // 0: no need
    const struct core_note *notes;
    size_t note_count;
};

// A core that starts where the store left off. core_destroy it. `conf` is copied, but not what it
// points at.
struct core *core_new(const struct core_conf *conf);
void core_destroy(struct core **self_p);

void core_step(struct core *self, const struct core_event *event, struct core_update *ret_update);

// For whoever shows things: borrowed, good until the next step.
const struct registry *core_registry(const struct core *self);
const struct logs *core_logs(const struct core *self);
const struct log *core_own_log(const struct core *self);
const struct type *const *core_types(const struct core *self, size_t *ret_count);
const struct indicator *const *core_indicators(const struct core *self, size_t *ret_count);

// The packed definition of a type or indicator by name; empty when unknown.
struct bytes core_definition(const struct core *self, const char *kind, const char *name);

struct link_status {
    struct office peer;
    bool is_up, has_hello;
    mono_t heard_at;
    wall_t skew_ms;           // Their clock less ours, when they last said
    uint64_t behind_entries;  // What they still lack of logs we hold, by what they said
    uint64_t lacking_entries; // What we lack of theirs
};
bool core_link(const struct core *self, size_t nth, struct link_status *ret_status);

// How many entries of this office, over all its epochs, were sent to somebody above.
seq_t core_sent(const struct core *self);

// Where the entries of a record are, in order of arrival; borrowed until the next step.
struct place *core_places(struct core *self, const struct record_id *id, size_t *ret_count);

// May this office read the body of an entry? By today's registry.
bool core_is_entitled(const struct core *self, const struct office *reader,
                      const struct entry *entry, const struct office *author);

// Count again from the records, when an indicator is new: core_recount_begin gives the writes that
// forget all counts, core_recount adds one record's and gives what they come to once `is_last`, or
// when enough have gathered. All in the transaction that brought the definition. Borrowed until the
// next call.
void core_recount_begin(struct core *self, struct core_update *ret_update);
void core_recount(struct core *self, const struct record_id *id, struct bytes row, bool is_last,
                  struct core_update *ret_update);

// What office.db shows of a record whose packed row is `row`. Borrowed until the next step.
void core_projection(struct core *self, const struct record_id *id, struct bytes row,
                     struct projection *ret_projection);

#endif
