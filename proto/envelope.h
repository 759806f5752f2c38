// envelope.h - the personal part of an entry: readable while its key lives, provable for ever
//
//     crypto->random(crypto->self, key, ENVELOPE_KEY_SIZE);      // a fresh one for every entry
//     envelope_seal(key, payload, origin_line, seq, commitment, &ciphertext);
//
//     commitment  goes into the log, stays there, and says nothing once the key is gone
//     ciphertext  lies beside the log
//     key         lies in a file of its own; destroying it erases the payload everywhere
//
// Shape    kc, ke = HMAC-SHA-256(key, "envelope/v1 commit"), (key, "envelope/v1 encrypt").
//          commitment = HMAC-SHA-256(kc, payload).
//          ciphertext = XChaCha20-Poly1305-IETF under ke, of the payload padded by a 0x80 byte and
//          zeros to a multiple of 64; associated data: origin line, newline, seq in 8 bytes, most
//          significant first. So it opens at its own place in its own log only.
// Units    Bytes.
// Errors   ERR_LIMIT: too large. ERR_PROTO: not an envelope at all. ERR_ROOT: wrong key, altered,
//          out of place, or not what the commitment says.
// Memory   Results go onto the end of the caller's buf, which is the caller's to wipe; keys made on
//          the way are wiped here.
// Threads  None of its own.
// Source   Both a commitment and an AEAD, for XChaCha20-Poly1305 alone is no commitment: one
//          ciphertext can be made to open in two ways under two keys.

#ifndef PROTO_ENVELOPE_H
#define PROTO_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "../node/base/buf.h"
#include "../node/base/id.h"
#include "../node/base/own.h"
#include "hash.h"

enum {
    ENVELOPE_MAX = 65536, // Of ciphertext, as much as an entry has: a form of text, not a scan
    ENVELOPE_BLOCK = 64,  // Padding hides the length of a name
    ENVELOPE_MARK = 16,   // Of Poly1305
    ENVELOPE_KEY_SIZE = 32,
    ENVELOPE_PAYLOAD_MAX = (ENVELOPE_MAX - ENVELOPE_MARK) / ENVELOPE_BLOCK * ENVELOPE_BLOCK - 1,
};

// What the log holds of a payload; also how a disclosed key and payload are checked against it.
void envelope_commit(const uint8_t key[ENVELOPE_KEY_SIZE], struct bytes payload,
                     uint8_t ret_commitment[HASH_SIZE]);

// `key` must never have sealed anything before: see the nonce in envelope.c.
MUST_CHECK int envelope_seal(const uint8_t key[ENVELOPE_KEY_SIZE], struct bytes payload,
                             const char *origin_line, seq_t seq, uint8_t ret_commitment[HASH_SIZE],
                             struct buf *ciphertext);

// The payload, onto the end of `payload`, once it agrees with the commitment.
MUST_CHECK int envelope_open(const uint8_t key[ENVELOPE_KEY_SIZE], struct bytes ciphertext,
                             const char *origin_line, seq_t seq,
                             const uint8_t commitment[HASH_SIZE], struct buf *payload);

#endif
