// crypto.h - the one door to signatures and random bytes, so that a simulation can stand in it
//
//     const struct crypto *crypto = &crypto_sodium;
//     crypto_sign_pair(crypto, NULL, public, secret);
//     crypto->sign(crypto->self, secret, message, signature);
//     if (!crypto->verify(crypto->self, public, message, signature)) ...
//
// Hashing and symmetric encryption give the same bytes for the same input and need no stand-in;
// what they need that is secret comes through `random`.
//
// Shape    Ed25519: public key 32 bytes, signature 64, secret 64 (the seed, then the public key).
//          The same message gives the same signature.
//          A signature is valid when libsodium says so: the key's encoding is canonical, neither
//          the key nor the signature's point is of small order, and the equation holds. Verifiers
//          disagree about the odd cases, so one of them has to be the definition.
// Errors   crypto_start alone can fail.
// Memory   Nothing is allocated. Secrets are the caller's to wipe.
// Threads  crypto_sodium: any. The stand-in: as its generator.
// Source   RFC 8032; the C2SP CCTV and Wycheproof vectors for where verifiers differ.

#ifndef PROTO_CRYPTO_H
#define PROTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../node/base/buf.h"
#include "../node/base/own.h"

enum { SEED_SIZE = 32, PUBLIC_SIZE = 32, SECRET_SIZE = 64, SIGNATURE_SIZE = 64 };

struct crypto {
    void *self;
    void (*sign)(void *self, const uint8_t secret[SECRET_SIZE], struct bytes message,
                 uint8_t ret_signature[SIGNATURE_SIZE]);
    bool (*verify)(void *self, const uint8_t public[PUBLIC_SIZE], struct bytes message,
                   const uint8_t signature[SIGNATURE_SIZE]);
    void (*random)(void *self, void *ret_at, size_t size);
};

// The real one.
extern const struct crypto crypto_sodium;

// Once, before anything else here. ERR_BUG when libsodium will not start.
MUST_CHECK int crypto_start(void);

// False for a key that verifiers disagree about: of small order, off the curve, or written in a
// second way. Asked once, when a key is enrolled; such a key is refused.
bool crypto_key_is_sound(const uint8_t public[PUBLIC_SIZE]);

// Make a pair of keys from `seed`, or from random bytes when it is NULL.
void crypto_sign_pair(const struct crypto *crypto, const uint8_t *seed,
                      uint8_t ret_public[PUBLIC_SIZE], uint8_t ret_secret[SECRET_SIZE]);

#endif
