#include "crypto_simulated.h"

#include <string.h>

#include "hash.h"

uint64_t
sim_random_next(struct sim_random *self)
{
    uint64_t mixed = self->state += 0x9e3779b97f4a7c15ULL;
    mixed = (mixed ^ mixed >> 30U) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ mixed >> 27U) * 0x94d049bb133111ebULL;
    return mixed ^ mixed >> 31U;
}

static void
simulated_mark(const uint8_t public[PUBLIC_SIZE], struct bytes message,
               uint8_t ret_signature[SIGNATURE_SIZE])
{
    const struct bytes pieces[] = {BYTES(public, PUBLIC_SIZE), message};
    hash_pieces(pieces, 2, ret_signature);
    memcpy(ret_signature + HASH_SIZE, ret_signature, HASH_SIZE);
}

static void
simulated_sign(void *self, const uint8_t secret[SECRET_SIZE], struct bytes message,
               uint8_t ret_signature[SIGNATURE_SIZE])
{
    (void)self;
    simulated_mark(secret + SEED_SIZE, message, ret_signature); // Behind the seed: the public key
}

static bool
simulated_verify(void *self, const uint8_t public[PUBLIC_SIZE], struct bytes message,
                 const uint8_t signature[SIGNATURE_SIZE])
{
    (void)self;
    uint8_t want[SIGNATURE_SIZE];
    simulated_mark(public, message, want);
    return memcmp(signature, want, sizeof want) == 0;
}

// Byte by byte, so that every machine draws the same bytes from the same seed.
static void
simulated_random(void *self, void *ret_at, size_t size)
{
    uint8_t *at = ret_at;
    uint64_t drawn = 0;
    for (size_t i = 0; i < size; i++) {
        drawn = i % sizeof drawn == 0 ? sim_random_next(self) : drawn >> 8U;
        at[i] = (uint8_t)drawn;
    }
}

struct crypto
crypto_simulated(struct sim_random *random)
{
    return (struct crypto){random, simulated_sign, simulated_verify, simulated_random};
}
