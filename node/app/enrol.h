// enrol.h - how a new office comes in: the parent's side and the newcomer's
//
//     parent  lienthong invite 05908   -> token with a one-time CURVE secret; its public key is let
//     in child   lienthong join TOKEN     -> join: its own keys, signed; back: its certificate
//
// Shape    The invitation's id is the first 16 bytes of SHA-256 of the one-time public key: the
//          parent keeps the id alone, so that its database holds nothing that could be used. A key
//          with an open invitation may send join and nothing else.
// Errors   ERR_TOKEN: used, expired, or another office's. ERR_UNREACHABLE: the parent does not
//          answer in time. ERR_SIGNATURE: who answered is not who the token names.
// Threads  One.

#ifndef APP_ENROL_H
#define APP_ENROL_H

#include "../../proto/message.h"
#include "../../proto/token.h"
#include "home.h"

struct node;

// The newcomer's side: ask the parent for a certificate; fills the packed array of certificates.
MUST_CHECK int enrol_ask(const struct token *token, const struct keys *keys, int timeout_s,
                         struct buf *ret_trusted, struct err *reterr);

// A token for `office`, good for `hours`; the invitation is on disk.
MUST_CHECK int enrol_invite(struct node *node, const struct office *office, unsigned hours,
                            char ret_text[TOKEN_TEXT_MAX + 1], uint64_t *ret_expires_s,
                            struct err *reterr);

// True while an invitation for that one-time key is open.
bool enrol_is_invited(struct node *node, const uint8_t key[32]);

// A message of a key that is invited, and no more.
void enrol_heard(struct node *node, const uint8_t key[32], struct bytes bytes);

#endif
