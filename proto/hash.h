// hash.h - SHA-256, of one piece of bytes or of several in a row
//
//     const struct bytes pieces[] = {bytes_of(name), BYTES_LIT("\n"), BYTES(key, 32)};
//     hash_pieces(pieces, 3, id);            // as if they had been joined first
//
// Shape    32 bytes. Everything an outsider must be able to compute again uses this one hash.
// Errors   None.
// Memory   Nothing is allocated. What is written to may be one of the pieces.
// Threads  Any.
// Source   FIPS 180-4, RFC 2104. 250 bytes take 0.5 us with the processor's SHA instructions, which
//          libcrypto finds by itself, and 1.0 us in the portable C of libsodium (EPYC, one core).

#ifndef PROTO_HASH_H
#define PROTO_HASH_H

#include <stddef.h>
#include <stdint.h>

#include "../node/base/buf.h"

enum { HASH_SIZE = 32 };

void hash_sha256(struct bytes bytes, uint8_t ret_hash[HASH_SIZE]);

// The hash of `count` pieces laid end to end.
void hash_pieces(const struct bytes *pieces, size_t count, uint8_t ret_hash[HASH_SIZE]);

// HMAC-SHA-256: whoever lacks `key` learns nothing from it and cannot make it.
void hash_hmac_sha256(struct bytes key, struct bytes message, uint8_t ret_hash[HASH_SIZE]);

#endif
