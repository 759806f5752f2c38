// link.h - an uplink: the three sockets that call one parent, and what becomes of their calls
//
// libzmq says nothing about a handshake that failed except to a monitor, and after a refusal it
// never tries again. So each socket has its monitor, read in the loop like any other.
//
// Shape    enum link_news, from the events of zmq_socket_monitor.
// Errors   As socket_connect.
// Memory   link_open fills it, link_close empties it and may be called twice.
// Threads  The loop's.

#ifndef NET_LINK_H
#define NET_LINK_H

#include <stdbool.h>

#include "socket.h"

struct link {
    uint8_t key[CURVE_KEY_SIZE]; // The parent's
    void *sockets[LANE_COUNT];
    void *monitors[LANE_COUNT];
    bool is_open;
    bool is_up; // The repair lane is
};

enum link_news {
    LINK_NO_NEWS,
    LINK_UP,
    LINK_DOWN,
    LINK_REFUSED,   // The parent does not admit our key; this link is dead
    LINK_WRONG_KEY, // Whoever answers there does not own the key
};

// `number` was given to no other link of the context.
MUST_CHECK int link_open(struct link *self, void *context, const struct socket_conf *conf,
                         const uint8_t key[CURVE_KEY_SIZE], const struct endpoint *to,
                         unsigned number, struct err *reterr);

// What is queued on the repair lane may still leave for `linger_ms`; nobody waits for it here.
void link_close(struct link *self, int linger_ms);

// Understand one event of the monitor of `lane`.
enum link_news link_note(struct link *self, enum lane lane, struct bytes event);

#endif
