// socket.h - build one ZeroMQ socket: every option first, then bind or connect
//
// An option set after bind or connect is for the next one only, so nobody else sets any. The three
// lanes of a link, and the sockets at their ends:
//
//                    the parent binds     the child connects     port
//     LANE_REPAIR    ROUTER               DEALER                 as named
//     LANE_UP        SUB                  PUB                    one above
//     LANE_DOWN      XPUB                 SUB                    two above
//
// Shape    CURVE at both ends. A bound socket has a ZAP domain and ZMQ_ZAP_ENFORCE_DOMAIN: without
//          them libzmq lets everybody in as soon as no ZAP handler answers. The option is a draft
//          that Debian's zmq.h hides and its library honours, so it is read back.
// Errors   ERR_DENIED: this libzmq does not enforce authentication. ERR_LIMIT: no more sockets or
//          descriptors. ERR_ARG: the address cannot be had. ERR_BUG: an option was refused.
// Memory   The caller closes the socket. The keys are copied by libzmq.
// Threads  One thread for a socket's whole life.
// Source   https://github.com/zeromq/libzmq/issues/2711 and /pull/2773 for option 93;
//          /issues/3937, /4229 and /pull/4830 for why a connecting socket has no heartbeats, no
//          receive mark and ZMQ_IMMEDIATE: 4.3.4 can abort when its input stalls over a reconnect.

#ifndef NET_SOCKET_H
#define NET_SOCKET_H

#include <stdint.h>

#include "../../proto/endpoint.h"
#include "../base/err.h"
#include "../base/own.h"

enum lane { LANE_REPAIR, LANE_UP, LANE_DOWN, LANE_COUNT };

enum {
    CURVE_KEY_SIZE = 32,
    SOCKET_REPAIR_MAX = 1048576, // Bytes of a frame; libzmq closes on more
    SOCKET_LIVE_MAX = 65536,
};

struct socket_conf {
    uint8_t public[CURVE_KEY_SIZE];
    uint8_t secret[CURVE_KEY_SIZE];
    int reconnect_ms;     // Between tries; up to 30 times that where nobody answers at all
    int keepalive_idle_s; // Before TCP asks whether the other end lives
};

// 0 when the library is one we can stand on: 4.3.3 or later (CVE-2020-15166 and its like, open to
// anybody before the handshake), with CURVE.
MUST_CHECK int socket_library_check(struct err *reterr);

// Bind the lane's socket at its port above `at`; where `at` has port 0, at any.
MUST_CHECK int socket_bind(void *context, const struct socket_conf *conf, enum lane lane,
                           const struct endpoint *at, void **ret_socket, struct err *reterr);

// Connect the lane's socket to the node at `to`, which must own `server_key`. An address that
// nobody answers at is no error: libzmq goes on trying. `ret_monitor` is a socket to read the
// events of how that goes, from the very first; `number` tells its name from all others of the
// context. Close both with socket_unwatch and socket_close.
MUST_CHECK int socket_connect(void *context, const struct socket_conf *conf, enum lane lane,
                              const struct endpoint *to, const uint8_t server_key[CURVE_KEY_SIZE],
                              unsigned number, void **ret_socket, void **ret_monitor,
                              struct err *reterr);

// The port a bound socket has.
unsigned socket_port(void *socket);

// Close the monitor of a connected socket, before the socket. Both may be NULL.
void socket_unwatch(void *socket, void **monitor_p);

// Close; what is queued may still leave for `linger_ms`, without anybody waiting for it here.
// Leaves NULL behind, and accepts it.
void socket_close(void **socket_p, int linger_ms);

#endif
