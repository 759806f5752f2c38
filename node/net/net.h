// net.h - every wire of the program: who may speak, and bytes from and to whom
//
// A node listens for those below it and dials those above. Both ends know each other by CURVE key
// alone; what the bytes mean is decided elsewhere.
//
//     net_listen(net, bytes_of("tcp://0.0.0.0:5701"), &err);            // as a parent
//     net_dial(net, parent_key, bytes_of("tcp://10.0.0.1:5701"), &err); // as a child
//     for (;;) {
//         net_wait(net, extra, extra_count, timeout_ms);
//         struct net_message message;
//         while (net_next(net, &message))
//             ...
//     }
//
//     lane           up                        down                        lost?
//     NET_REPAIR     net_send, DEALER/ROUTER   net_send                    with the connection
//     NET_LIVE       net_publish_up, PUB/SUB   net_publish_down, XPUB/SUB  at any time, silently
//
// Shape    A repair message is one frame; a live one is a topic and a message. On the wire a topic
//          ends with a NUL, because a subscription is a prefix: without it the commune 05908 would
//          hear what is cut for its area 05908-012. Here it has none. A message of more or fewer
//          frames is dropped whole.
//          Every message from below carries the key that libzmq authenticated for its connection
//          (User-Id), and `admit` is asked again for each: a key revoked a moment ago is deaf and
//          dumb on the links it still has open. One thing libzmq cannot do is close one of them.
// Units    Sizes in bytes, times in ms. Traffic is what ZMTP carries: for each frame its payload,
//          33 bytes of CURVE and 2 or 9 of framing; not handshakes, nor TCP and IP, which add some
//          5 % to full packets and 40 bytes or more to a small message. What is published down is
//          counted once, however many hear it.
// Errors   ERR_UNREACHABLE: nobody of that key is there now. ERR_LIMIT: its queue is full; try
// again
//          when it has answered. ERR_DENIED: this libzmq cannot keep strangers out, so nothing was
//          opened. ERR_ARG: the address is none or cannot be had.
// Memory   net_open fills the pointer, net_close empties it. A net_message borrows until the next
//          net_next or net_close. Secrets are wiped when it closes; libzmq's own copies are not.
// Threads  One: the one that called net_open. libzmq has an I/O thread of its own, with all signals
//          blocked. Signals are the caller's: block them and hand a signalfd to net_wait.
// Source   https://rfc.zeromq.org/spec/26/ (CURVE), /27/ (ZAP), /37/ (ZMTP). Numbers in socket.c.

#ifndef NET_NET_H
#define NET_NET_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../proto/crypto.h"
#include "../../proto/endpoint.h"
#include "../base/buf.h"
#include "../base/err.h"
#include "../base/own.h"

enum {
    NET_KEY_SIZE = 32,
    NET_REPAIR_MAX = 1048576, // Bytes of a message
    NET_LIVE_MAX = 65536,
    NET_TOPIC_MAX = 64, // An origin has 26
    NET_LINKS_MAX = 8,  // Uplinks at a time: parent, grandparent, some relays
    NET_EXTRA_MAX = 16, // Descriptors of others in one wait
};

struct net_conf {
    uint8_t secret[NET_KEY_SIZE];
    const struct crypto *crypto; // Its random bytes only

    void *self; // For the two questions
    // May this key talk to us? Asked at each handshake and for each message from below.
    bool (*admit)(void *self, const uint8_t key[NET_KEY_SIZE]);
    // May it hear this topic of the live lane down? Asked when it subscribes.
    bool (*may_hear)(void *self, const uint8_t key[NET_KEY_SIZE], struct bytes topic);

    // 0 for the defaults.
    int reconnect_ms;     // 2000: each node draws its own from this to twice this
    int keepalive_idle_s; // 60
};

enum net_lane { NET_REPAIR, NET_LIVE, NET_LANES };

enum net_kind {
    NET_MESSAGE,

    // Of an uplink:
    NET_UP,        // The repair lane carries
    NET_DOWN,      // It does not any more; libzmq goes on dialing
    NET_REFUSED,   // We are not admitted there. The link is closed: dial again, later each time
    NET_WRONG_KEY, // Who answers does not own the key, or hung up half-way; libzmq goes on dialing

    // Of a key below:
    NET_RUDE, // It tried to steal a topic, and is refused until net_forget
};

struct net_message {
    enum net_kind kind;
    uint8_t key[NET_KEY_SIZE]; // Of the peer it came from or is about
    bool from_above;           // From an uplink; else from below
    enum net_lane lane;        // Of a NET_MESSAGE, as are the next two
    struct bytes topic;        // Live lane only
    struct bytes message;
};

struct net_traffic {
    uint64_t messages_in;
    uint64_t messages_out;
    uint64_t bytes_in;
    uint64_t bytes_out;
};

struct net_counters {
    struct net_traffic lanes[NET_LANES];
    uint64_t dropped_unknown; // Messages without a key, or of one that is not admitted now
    uint64_t dropped_frames;  // Messages of the wrong shape
    uint64_t refused;         // Handshakes; a peer makes three
    uint64_t topics_refused;
};

struct net;

// ERR_DENIED when the library is too old or cannot do CURVE.
MUST_CHECK int net_open(const struct net_conf *conf, struct net **ret_net, struct err *reterr);

// Close everything. What is queued may still leave for `flush_ms`; this waits for it.
void net_close(struct net **net_p, int flush_ms);

// Listen at `endpoint` and the two ports above it. With port 0 the system chooses three free ones
// in a row. Once for each net; ERR_ARG when the endpoint is none or is taken.
MUST_CHECK int net_listen(struct net *self, struct bytes endpoint, struct err *reterr);

// Where it listens, with a NUL; "" when it does not. Good for net_dial when the host is.
void net_endpoint(const struct net *self, char ret_text[ENDPOINT_MAX + 1]);

// Start an uplink to the owner of `key`; one that was there is replaced. ERR_LIMIT at
// NET_LINKS_MAX.
MUST_CHECK int net_dial(struct net *self, const uint8_t key[NET_KEY_SIZE], struct bytes endpoint,
                        struct err *reterr);

// End it. What was sent on the repair lane may still leave; nothing more comes from it.
void net_hangup(struct net *self, const uint8_t key[NET_KEY_SIZE]);

// Subscribe to `topic` of an uplink's live lane, for as long as it lasts. ERR_NOTFOUND: no such
// uplink.
MUST_CHECK int net_hear(struct net *self, const uint8_t key[NET_KEY_SIZE], struct bytes topic);

// The key was revoked, or moved, or may be rude again: forget where it is. If it heard topics of
// the live lane down, that lane is made anew: all below dial again within seconds and are asked
// again.
void net_forget(struct net *self, const uint8_t key[NET_KEY_SIZE]);

// True when a repair message to `key` has somewhere to go, as far as is known.
bool net_is_up(const struct net *self, const uint8_t key[NET_KEY_SIZE]);

// Send on the repair lane: up if `key` is an uplink's, else down. 0, ERR_UNREACHABLE or ERR_LIMIT;
// 0 means queued, and no more.
MUST_CHECK int net_send(struct net *self, const uint8_t key[NET_KEY_SIZE], struct bytes message);

// Publish on the live lane to the uplink `key`, or to all below that were granted `topic`.
void net_publish_up(struct net *self, const uint8_t key[NET_KEY_SIZE], struct bytes topic,
                    struct bytes message);
void net_publish_down(struct net *self, struct bytes topic, struct bytes message);

// Wait until net_next has something, one of `extra` is ready, a signal came, or `timeout_ms` (-1:
// no limit) is over. Returns how many sockets and descriptors are ready. In `revents` POLLERR also
// stands for POLLHUP.
int net_wait(struct net *self, struct pollfd *extra, size_t count, int timeout_ms);

// The next message or event, from each socket in turn so that none starves; false when there is
// none until net_wait is called again. Handshakes are answered here, so call it until it says so.
bool net_next(struct net *self, struct net_message *ret_message);

// Borrowed, for as long as the net lives.
const struct net_counters *net_counters(const struct net *self);

// A CURVE key is X25519 (RFC 7748), 32 bytes each.
void net_key_pair(const struct crypto *crypto, uint8_t ret_public[NET_KEY_SIZE],
                  uint8_t ret_secret[NET_KEY_SIZE]);
void net_key_public(const uint8_t secret[NET_KEY_SIZE], uint8_t ret_public[NET_KEY_SIZE]);

#endif
