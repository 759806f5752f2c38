// node.h - the one loop: what happened becomes an event, what the core says is done, in order
//
//     wait ─> messages, outbox, time ─> core_step ─> log.db ─> fsync ─> sends ─> office.db
//
// A turn takes what has come, up to TURN_MESSAGES, into one transaction of log.db, so that a busy
// node pays one fsync for many batches. office.db is shown afterwards; if somebody else holds its
// lock the node goes on, and shows it later from what log.db keeps.
//
// Shape    struct node is the daemon, and also what a command opens for itself when none runs.
// Errors   A full disk: the turn is taken back, and tried again. Other errors of the disk end
//          node_run: nothing may be promised that a failed fsync has dropped.
// Memory   node_open and node_close.
// Threads  One. libzmq has its own.

#ifndef APP_NODE_H
#define APP_NODE_H

#include "../net/net.h"
#include "../store/office_db.h"
#include "home.h"

enum {
    TURN_MESSAGES = 64,
    OFFICE_RETRY_MS = 1,  // Somebody holds office.db: look again after
    OFFICE_AWAIT_MS = 50, // A writer's fsync is under way: it takes so long at most, mostly
    IDLE_MS = 100,        // Nothing came for so long: time to move the WAL into the file
    DIAL_RETRY_MS = 1000, // Doubled up to a minute
};

struct node {
    struct home home;
    struct conf conf;
    struct codec *codec;
    struct core *core;
    struct office_db *office;
    struct net *net; // NULL in a command of its own
    uint8_t parent_key[32];
    bool has_parent;
    size_t endpoint_at; // Of conf.parent.connect, dialed now
    mono_t dial_at;     // 0: dialed
    unsigned dial_wait_ms;

    bool is_writing;   // log.db has an open transaction
    struct arena turn; // What this turn still has to send and show
    struct core_send *sends;
    size_t send_count, send_room;
    struct projection *shown;
    size_t shown_count, shown_room;
    bool is_lagging;    // office.db lacks things that log.db has
    bool has_new_types; // Tables to make, records to show
    bool has_new_offices;
    bool has_new_measures; // Count again before this turn is committed
    bool is_foreign;       // Somebody changed the schema of office.db
    mono_t schema_at;
    bool has_totals; // Figures to show
    mono_t figures_at;
    mono_t office_at;   // Look at office.db again; 0: no need
    mono_t await_until; // Somebody is committing to office.db
    bool is_locked;     // Somebody else held office.db when last tried
    mono_t wake;
    bool is_stopping;
    bool is_rolled_back;
    struct err err;
    uint64_t commits;
};

MUST_CHECK int node_open(const char *home, const struct conf *conf, struct node *ret_node,
                         struct err *reterr);
void node_close(struct node *self);

// Run until told to stop.
MUST_CHECK int node_run(const char *home, const struct conf *conf, struct err *reterr);

// The first start of a root office: its certificate, its offices, the plan.
MUST_CHECK int node_found(const char *home, const char *name, struct err *reterr);

// Write drafts of this office and wait until they are on disk.
MUST_CHECK int node_draft(struct node *self, const struct draft *drafts, size_t count,
                          struct err *reterr);

// Make the tables of office.db again from log.db, in one transaction, after the outbox has moved.
MUST_CHECK int node_rebuild(struct node *self, struct err *reterr);

// A registry entry of this office: type "office" or "certificate".
MUST_CHECK int node_register(struct node *self, const char *type, const struct unit *unit,
                             struct err *reterr);

// For talk.c: a message came in; a link to an office opened or closed.
void node_hear(struct node *self, const struct office *peer, bool is_live, struct bytes message);
void node_link(struct node *self, const struct office *peer, bool is_up);

// Drain, commit, send, show: all that is pending.
MUST_CHECK int node_turn(struct node *self, struct err *reterr);

mono_t node_mono(void);
wall_t node_wall(void);

#endif
