// peers.h - who has spoken to the bound sockets, and where to answer
//
//     struct peer *peer = peers_reach(&peers, key);    // found, or made
//     if (peer != NULL)
//         peer_heard_on(peer, BYTES(id, 5));
//
// A peer is its CURVE key. The routing id that ROUTER gives a connection is only where that key was
// last to be found: anybody with a valid key may choose an id, and then gets the answers to it.
//
// Shape    Sorted by key. A route is the id that ROUTER itself makes up: a zero byte and a number
//          that it counts upward. An id a peer chose is none, and is never learned.
// Memory   `= {0}` is ready to use; peers_release empties it. A struct peer is good until the next
//          peers_reach or peers_drop.
// Threads  None of its own.

#ifndef NET_PEERS_H
#define NET_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/buf.h"

enum {
    PEER_KEY_SIZE = 32,
    ROUTE_SIZE = 5,
    PEERS_MAX = 16384, // A province has 3,600; a row is 40 bytes
};

struct peer {
    uint8_t key[PEER_KEY_SIZE];
    uint8_t route[ROUTE_SIZE];
    bool has_route;
    bool hears;   // A topic of the live lane down was granted to it
    bool is_rude; // It did what no program of ours does; refused until it is dropped here
};

struct peers {
    struct peer *at;
    size_t count;
    size_t room;
};

void peers_release(struct peers *self);

// NULL when the key is not there.
struct peer *peers_find(const struct peers *self, const uint8_t key[PEER_KEY_SIZE]);

// As peers_find, but makes it; NULL only when there are PEERS_MAX.
struct peer *peers_reach(struct peers *self, const uint8_t key[PEER_KEY_SIZE]);

void peers_drop(struct peers *self, const uint8_t key[PEER_KEY_SIZE]);

// True for an id that ROUTER made up.
bool route_is_own(struct bytes id);

// The peer spoke on `id`, which route_is_own. Of two connections the newer is kept, not the last to
// speak: what was still queued from a dead one must not turn the answers back.
void peer_heard_on(struct peer *self, struct bytes id);

#endif
