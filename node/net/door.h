// door.h - where those below come in: the three bound sockets
//
// Shape    ROUTER, SUB and XPUB at three ports in a row (socket.h).
// Errors   As socket_bind.
// Memory   `= {0}` is ready and closed; door_close empties it, and may be called twice.
// Threads  The loop's. The ZAP handler is there before door_open.

#ifndef NET_DOOR_H
#define NET_DOOR_H

#include <stdbool.h>

#include "socket.h"

struct door {
    void *sockets[LANE_COUNT]; // LANE_DOWN is NULL between door_shut_down_lane and door_mend
    struct endpoint at;        // With the port it really has
    bool is_open;
};

MUST_CHECK int door_open(struct door *self, void *context, const struct socket_conf *conf,
                         const struct endpoint *at, struct err *reterr);
void door_close(struct door *self, int linger_ms);

// Close the live lane down, and with it every connection and grant on it. door_mend opens it again.
void door_shut_down_lane(struct door *self);

// Try to open a lane that was shut: its port is free again only when the I/O thread has closed the
// old listener. True when it came back just now.
bool door_mend(struct door *self, void *context, const struct socket_conf *conf);

// True while a lane is shut.
bool door_needs_mending(const struct door *self);

#endif
