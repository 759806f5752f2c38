#include "crypto.h"

#include <sodium.h>
#include <string.h>

#include "../node/base/err.h"

_Static_assert(SEED_SIZE == crypto_sign_SEEDBYTES && PUBLIC_SIZE == crypto_sign_PUBLICKEYBYTES &&
                   SECRET_SIZE == crypto_sign_SECRETKEYBYTES && SIGNATURE_SIZE == crypto_sign_BYTES,
               "Ed25519 as libsodium lays it out");

static void
sodium_sign(void *self, const uint8_t secret[SECRET_SIZE], struct bytes message,
            uint8_t ret_signature[SIGNATURE_SIZE])
{
    (void)self;
    (void)crypto_sign_detached(ret_signature, NULL, message.at, message.size, secret);
}

static bool
sodium_verify(void *self, const uint8_t public[PUBLIC_SIZE], struct bytes message,
              const uint8_t signature[SIGNATURE_SIZE])
{
    (void)self;
    return crypto_sign_verify_detached(signature, message.at, message.size, public) == 0;
}

static void
sodium_random(void *self, void *ret_at, size_t size)
{
    (void)self;
    randombytes_buf(ret_at, size);
}

const struct crypto crypto_sodium = {NULL, sodium_sign, sodium_verify, sodium_random};

int
crypto_start(void)
{
    return sodium_init() < 0 ? ERR_BUG : 0;
}

bool
crypto_key_is_sound(const uint8_t public[PUBLIC_SIZE])
{
    return crypto_core_ed25519_is_valid_point(public) == 1;
}

void
crypto_sign_pair(const struct crypto *crypto, const uint8_t *seed, uint8_t ret_public[PUBLIC_SIZE],
                 uint8_t ret_secret[SECRET_SIZE])
{
    uint8_t own[SEED_SIZE];
    if (seed != NULL)
        memcpy(own, seed, sizeof own);
    else
        crypto->random(crypto->self, own, sizeof own);
    (void)crypto_sign_seed_keypair(ret_public, ret_secret, own);
    sodium_memzero(own, sizeof own);
}
