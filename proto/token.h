// token.h - an invitation: the one line of text that makes an office's first link possible
//
//     lt1.mQHEEBEiM0RV...            carried by hand, by phone, on paper
//
// The parent writes it, the new office types it in. It says whom to call and which key must answer,
// and carries a secret that is good for one enrolment; nothing else on the wire is trusted yet.
//
// Shape    "lt1." and unpadded base64url of canonical msgpack
//          [1, net bin 16, office, parent, parent's CURVE key bin 32, root signing key bin 32,
//          secret bin 32, expires uint, [endpoint, ...]], then the first 4 bytes of its SHA-256.
//          At most TOKEN_TEXT_MAX bytes of text and 1 to TOKEN_ENDPOINTS_MAX endpoints, the first
//          tried first. The parent stands above the office. White space around the text is not
//          part of it.
// Units    expires_s: seconds since 1970 UTC. Nothing here has a clock: the parent judges.
// Errors   ERR_TOKEN with a text that tells a slip of the pen (the 4 bytes) from what is no
//          invitation at all. ERR_VERSION: one of a later program.
// Memory   A plain value that holds a secret: token_wipe when done, on the text too.
// Threads  Any.

#ifndef PROTO_TOKEN_H
#define PROTO_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "../node/base/buf.h"
#include "../node/base/err.h"
#include "../node/base/id.h"
#include "../node/base/own.h"
#include "endpoint.h"

enum {
    TOKEN_VERSION = 1,
    TOKEN_TEXT_MAX = 1024, // A QR code of that many characters still prints on a quarter page
    TOKEN_ENDPOINTS_MAX = 4,
    TOKEN_NET_SIZE = 16,
    TOKEN_KEY_SIZE = 32,
};

struct token {
    uint8_t net[TOKEN_NET_SIZE];
    struct office office; // Who is invited
    struct office parent;
    uint8_t parent_curve[TOKEN_KEY_SIZE]; // Public
    uint8_t root_signing[TOKEN_KEY_SIZE]; // Public
    uint8_t secret[TOKEN_KEY_SIZE];
    uint64_t expires_s;
    size_t endpoint_count;
    struct endpoint endpoints[TOKEN_ENDPOINTS_MAX];
};

// The line of text, with a NUL. What token_parse would refuse is the caller's mistake.
void token_text(const struct token *self, char ret_text[TOKEN_TEXT_MAX + 1]);

// The token in `text`; on failure `ret_token` is wiped.
MUST_CHECK int token_parse(struct bytes text, struct token *ret_token, struct err *reterr);

void token_wipe(struct token *self);

#endif
