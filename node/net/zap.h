// zap.h - the guard at the door: libzmq asks it about every key that wants in
//
// Each handshake on a bound socket becomes a request on inproc://zeromq.zap.01, and waits until it
// is answered: 200 with the key in hex as User-Id, or 400. Never 300, which leaves the other side
// hanging for ever. The guard is there before any bound socket and goes after all of them.
//
// Shape    Request: version, id, domain, address, routing id, mechanism, key; nothing is believed
//          that is not exactly so, and only CURVE is known. Reply: version, id, status, text,
//          User-Id, metadata.
// Errors   A request that makes no sense is refused.
// Memory   `= {0}` is ready; zap_close empties it.
// Threads  The loop's.
// Source   https://rfc.zeromq.org/spec/27/. Our own because the stock handler of czmq stops at the
//          first signal, and with it, by default, all authentication.

#ifndef NET_ZAP_H
#define NET_ZAP_H

#include <stdbool.h>
#include <stdint.h>

#include "../base/err.h"
#include "../base/own.h"
#include "socket.h"

struct zap {
    void *socket;
};

enum zap_answer {
    ZAP_NOBODY, // No request was waiting
    ZAP_ADMITTED,
    ZAP_REFUSED,
};

MUST_CHECK int zap_open(struct zap *self, void *context, struct err *reterr);
void zap_close(struct zap *self);

// Answer one request as `admit` says.
enum zap_answer zap_serve(struct zap *self,
                          bool (*admit)(void *guard, const uint8_t key[CURVE_KEY_SIZE]),
                          void *guard);

#endif
