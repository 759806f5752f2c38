// inside.h - the parts of the simulated province that its files share; nobody else includes this
//
//     world.c      events, links, nodes, faults, and the order of a run
//     people.c     who there is, how they enrol, and what they write
//     check.c      what must hold at every send, and at the end

#ifndef SIM_INSIDE_H
#define SIM_INSIDE_H

#include "../../node/base/err.h"
#include "../../node/core/core.h"
#include "../../proto/crypto_simulated.h"
#include "store_memory.h"
#include "world.h"

enum { NODES_MAX = 24, HOSTED_MAX = 3 };

struct sent {
    struct office peer;
    enum core_lane lane;
    struct bytes message;
};

struct draft_copy {
    struct draft draft;
    struct buf after, facts;
};

// What waits for a node's next turn.
struct item {
    enum core_event_type type;
    struct node *peer;
    bool is_live;
    uint8_t *message; // Owned
    size_t size;
    struct draft_copy *draft; // Owned
};

// What an ancestor has said it holds.
struct promise {
    struct office holder;
    struct origin origin;
    seq_t size;
};

struct node {
    size_t index;
    struct office office;
    struct node *parent; // NULL at the province
    struct unit unit;    // Its keys
    struct office hosted[HOSTED_MAX];
    size_t hosted_count;
    struct sim_random random;
    struct crypto crypto;
    struct core_conf conf;
    struct bytes trusted[3];
    struct store_memory store;
    struct core *core; // NULL while it is down
    bool is_running, is_committing;
    mono_t turn_at;  // When the next turn is; 0 for none
    mono_t quiet_at; // Writes nothing from then on: what was lost then, no later entry shows
    uint64_t life;   // Events of an earlier life are void
    mono_t wake;     // As the core asked; 0 for never
    struct item *inbox;
    size_t inbox_count, inbox_room;
    struct sent *sends; // Until what was written is on disk
    size_t send_count, send_room;
};

// Between a node and its parent. Direction 0 goes up.
struct wire {
    struct node *child;
    bool is_up, is_blocked[2];
    uint64_t life;
    mono_t last_at[2]; // The repair lane keeps its order
    struct item *held[2];
    size_t held_count[2], held_room[2];
};

enum event_type {
    EVENT_TURN = 1,
    EVENT_COMMIT,
    EVENT_ARRIVE,
    EVENT_DIAL,
    EVENT_UNBLOCK,
    EVENT_START,
    EVENT_FAULT,
    EVENT_WORK,
};

struct event {
    enum event_type type;
    mono_t at;
    uint64_t order;
    struct node *node;
    struct wire *wire;
    uint64_t life;
    int direction;
    struct item item;
};

struct world {
    struct world_result *result;
    struct codec *codec;
    struct sim_random topology, network, disk, faults, work, bytes;
    uint8_t net[16];
    mono_t now;
    uint64_t steps, steps_max;
    struct event *events;
    size_t event_count, event_room;
    uint64_t next_order;
    struct node *nodes[NODES_MAX]; // The province first
    size_t node_count;
    struct wire wires[NODES_MAX]; // By the index of the child
    struct promise *promises;
    size_t promise_count, promise_room;
    size_t longest_inbox;
    bool is_calm;
    unsigned loss; // Per mille of live messages that are lost, and that are doubled
    uint64_t delay_ms, disk_ms, fault_ms, work_ms;
    struct arena arena;
};

// world.c
uint64_t draw(struct sim_random *random, uint64_t below);
bool is_lucky(struct sim_random *random, unsigned per_mille);
void event_add(struct world *self, struct event event);
void world_violation(struct world *self, const char *format, ...) PRINTF(2, 3);
void world_hand_in(struct world *self, struct node *node, struct draft_copy *draft);

// people.c
void world_build(struct world *self);
void world_enrol(struct world *self);
struct node *world_node(const struct world *self, const struct office *office);
struct draft_copy *work_draft(struct world *self, struct node *node);
void draft_free(struct draft_copy *draft);

// check.c
void check_send(struct world *self, const struct node *node, const struct sent *sent,
                bool is_early);
void check_receipts_kept(struct world *self, const struct node *node);
bool check_is_still(struct world *self, char *ret_why); // WORLD_TEXT bytes, or NULL
void check_end(struct world *self);

#endif
