// OpenSSL 3 deprecates SHA256_Update and friends in favour of EVP_Digest, which looks its method up
// and allocates on every call: that costs more than hashing 65 bytes does, and a tree is made of
// 65 bytes. The old functions are the same code, without the search.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "hash.h"

#include <openssl/sha.h>
#include <sodium.h>

_Static_assert(HASH_SIZE == SHA256_DIGEST_LENGTH, "one hash");

void
hash_pieces(const struct bytes *pieces, size_t count, uint8_t ret_hash[HASH_SIZE])
{
    SHA256_CTX state;
    (void)SHA256_Init(&state);
    for (size_t i = 0; i < count; i++)
        (void)SHA256_Update(&state, pieces[i].at, pieces[i].size);
    (void)SHA256_Final(ret_hash, &state);
}

void
hash_sha256(struct bytes bytes, uint8_t ret_hash[HASH_SIZE])
{
    hash_pieces(&bytes, 1, ret_hash);
}

// libsodium's, which wipes what it made of the key; three for each envelope is no hot path.
void
hash_hmac_sha256(struct bytes key, struct bytes message, uint8_t ret_hash[HASH_SIZE])
{
    crypto_auth_hmacsha256_state state;
    (void)crypto_auth_hmacsha256_init(&state, key.at, key.size);
    (void)crypto_auth_hmacsha256_update(&state, message.at, message.size);
    (void)crypto_auth_hmacsha256_final(&state, ret_hash);
    sodium_memzero(&state, sizeof state);
}
