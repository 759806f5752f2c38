// link.h - this node's conversation with one other node, log by log
//
// Shape    For each log that both ends hold: how far they have it, how far we have sent it, and the
//          stream that serves their `want`. Kept sorted by log number.
// Memory   `= {0}` but for the peer; link_release.
// Threads  None of its own.

#ifndef CORE_LINK_H
#define CORE_LINK_H

#include "view.h"

struct stream {
    bool is_open;
    uint64_t ticket;
    seq_t cursor, to;     // Next entry to send, and the first one not wanted
    uint64_t sent, grant; // Bytes
};

struct peer_log {
    log_t log;
    seq_t theirs;   // They hold it so far, durably: they said so
    seq_t told;     // We said in a frontier that we hold it so far
    seq_t sent;     // Published to them so far; never believed, only a hint
    mono_t told_at; // When we last told them anything of it
    bool is_dirty;  // Our size is news to them
    struct stream stream;
};

struct link {
    struct office peer;
    bool is_up;     // The peer stands above us
    bool is_open;   // The lane can carry messages
    bool has_hello; // They said who they are, and we speak the same version
    bool has_boot;
    uint8_t boot[8];
    mono_t heard_at, sent_at;
    mono_t hello_at;     // When they last said hello and we answered
    mono_t frontier_due; // 0: nothing to tell
    wall_t skew_ms;
    unsigned faults;
    struct peer_log *logs;
    size_t count, room;
};

void link_release(struct link *self);

// Everything the peer said is forgotten: it started anew.
void link_reset(struct link *self);

// The state of that log on this link; made when there is none.
struct peer_log *link_log(struct link *self, log_t log);

#endif
