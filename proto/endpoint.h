// endpoint.h - where a node listens: one text, three ports
//
//     tcp://sync.langson.example:5701     5701 repair lane, 5702 live lane up, 5703 live lane down
//     tcp://[2001:db8::7]:5701
//
// Shape    ^tcp://[A-Za-z0-9.:\[\]-]+:[0-9]+$, the host at most ENDPOINT_HOST_MAX bytes. The port
// is
//          written without leading zeros and leaves room for the two above it; 0 lets the system
//          choose, which only a listener may ask for.
//          An address is better than a name: libzmq asks the name server in its one I/O thread, and
//          while that waits every link of the node stands still.
// Errors   A bool: it is one or it is not.
// Memory   A plain value.
// Threads  Any.

#ifndef PROTO_ENDPOINT_H
#define PROTO_ENDPOINT_H

#include <stdbool.h>

#include "../node/base/buf.h"

enum {
    ENDPOINT_MAX = 128,      // Bytes of its text without the NUL: four of them fit an invitation
    ENDPOINT_HOST_MAX = 116, // So that any port fits behind it
    ENDPOINT_PORTS = 3,      // Ports a listening node takes, from the one named upward
    ENDPOINT_PORT_MAX = 65535 - (ENDPOINT_PORTS - 1),
};

struct endpoint {
    char host[ENDPOINT_HOST_MAX + 1]; // An IPv6 address keeps its brackets; "" is no endpoint
    unsigned port;
};

bool endpoint_parse(struct bytes text, struct endpoint *ret_endpoint);

// The text of the port `above` the first, with a NUL.
void endpoint_text(const struct endpoint *self, unsigned above, char ret_text[ENDPOINT_MAX + 1]);

#endif
