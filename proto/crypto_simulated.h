// crypto_simulated.h - a stand-in for signatures and chance, for simulations of whole provinces
//
//     struct sim_random random = {.state = 4711};        // the same seed, the same run
//     struct crypto crypto = crypto_simulated(&random);
//
// A signature here is a hash over the public key and the message. It catches what a simulation has
// to catch - bytes changed on the way, the wrong key, the wrong message - at a hundredth of the
// cost, and PROVES NOTHING: whoever knows the public key can make one.
//
// Shape    Keys are those crypto_sign_pair makes. Signature = SHA-256(public key | message), twice.
//          The generator is splitmix64.
// Errors   None.
// Memory   struct crypto borrows the generator.
// Threads  One, for the generator has a state.
// Source   Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014.

#ifndef PROTO_CRYPTO_SIMULATED_H
#define PROTO_CRYPTO_SIMULATED_H

#include <stdint.h>

#include "crypto.h"

struct sim_random {
    uint64_t state; // Any start will do
};

struct crypto crypto_simulated(struct sim_random *random);

// 64 bits, evenly spread.
uint64_t sim_random_next(struct sim_random *self);

#endif
