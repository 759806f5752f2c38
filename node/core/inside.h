// inside.h - the parts of the core that its files share; nobody else includes this
//
//     core.c       events in, updates out; hello, frontiers, receipts, time
//     author.c     drafts of this office become entries of its log
//     receive.c    batches of others are verified and appended
//     apply.c      an entry changes records, registry, definitions, counts
//     serve.c      entries go out, cut to what the reader may read

#ifndef CORE_INSIDE_H
#define CORE_INSIDE_H

#include "../base/map.h"
#include "core.h"
#include "link.h"
#include "record.h"
#include "tally.h"

enum {
    WINDOW = 262144,       // Bytes a receiver lets come before it has stored any
    SERVE_ENTRIES = 512,   // In one batch of a stream
    SERVE_BATCHES = 4,     // In one step, on all links together
    LIVE_ENTRIES = 64,     // More than so many new entries go by the stream that is open
    RECOUNT_RECORDS = 512, // Whose counts gather before they are written
    EPOCHS_MAX = 64,       // Of one office: more lives than that are a peer's invention
    HELLO_ECHO_MS = 1000,  // A hello so soon after the last is the answer to ours
    FAULTS_MAX = 16,       // Faults told to one peer between two hellos; then silence
};

struct definition {
    bool is_type;
    char name[NAME_MAX_SIZE + 1];
    uint64_t version;
    epoch_t epoch;
    seq_t seq;
    struct bytes packed; // Owned
    struct type *type;
    struct indicator *indicator;
};

struct core {
    struct core_conf conf;
    uint8_t boot[8];
    struct registry registry;
    struct logs logs;
    struct log *own;
    struct link **links;
    size_t link_count, link_room;
    struct definition *definitions;
    size_t definition_count, definition_room;
    const struct type **types;
    size_t type_count, type_room;
    struct tally tally;
    struct map last_records; // Creator -> struct last_record
    uint64_t next_ticket;
    uint64_t recounted;   // Records, since core_recount_begin
    bool has_new_offices; // Judge waiting records again

    // This step
    mono_t now;
    wall_t wall;
    struct arena arena;
    struct map records; // Touched in this step, by id
    struct record **touched;
    size_t touched_count, touched_room;
    struct write *writes;
    size_t write_count, write_room;
    struct core_send *sends;
    size_t send_count, send_room;
    struct core_note *notes;
    size_t note_count, note_room;
    mono_t wake;
};

struct last_record {
    struct office creator;
    bool has_one;
    uint8_t id[16];
};

// core.c
void core_write(struct core *self, struct write write);
void core_note(struct core *self, struct core_note note);
void core_send_keep(struct core *self, struct core_send send);
void core_send(struct core *self, struct link *link, const struct message *message);
void core_wake(struct core *self, mono_t at);
void core_fault(struct core *self, struct link *link, int code, const struct origin *origin,
                seq_t seq, struct bytes evidence);
bool core_shares(const struct core *self, const struct link *link, const struct log *log);
void core_ask(struct core *self, struct link *link, struct log *log);
void core_answer(struct core *self, struct link *link, const struct log *log,
                 struct peer_log *theirs, seq_t size);
struct log *core_log_of(struct core *self, const struct origin *origin); // NULL: too many epochs
void core_log_moved(struct core *self, struct log *log);
void core_definition_take(struct core *self, const struct entry *entry);
const struct type *core_type(const struct core *self, struct bytes name);

// author.c
void core_author(struct core *self, const struct draft *drafts, size_t count);
void core_open_epoch(struct core *self);

// receive.c
void core_receive(struct core *self, struct link *link, const struct message *message,
                  struct bytes whole, bool is_live);

// apply.c
void core_apply(struct core *self, struct log *log, const struct entry *entry);
void core_judge_waiting(struct core *self);
void core_step_flush(struct core *self); // Touched records and counts become writes
struct record *core_record(struct core *self, const struct record_id *id);
void core_record_fill(struct core *self, struct record *record);

// serve.c
void core_want(struct core *self, struct link *link, const struct message *want);
// True when entries of a log go down by that link to who may read few of them.
bool core_flows_down(const struct core *self, const struct link *link, const struct log *log);
void core_publish(struct core *self, struct log *log);
void core_serve(struct core *self);

#endif
