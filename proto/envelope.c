#include "envelope.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "../node/base/err.h"
#include "note.h"

_Static_assert(ENVELOPE_MARK == crypto_aead_xchacha20poly1305_ietf_ABYTES &&
                   HASH_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
               "the cipher's sizes");

// All zero, for a key encrypts once: each entry draws its own, and a correction is a new entry with
// a new key. Two payloads under one key would give each other away.
static const uint8_t nonce[crypto_aead_xchacha20poly1305_ietf_NPUBBYTES] = {0};

struct place {
    uint8_t at[KEY_NAME_MAX + 1 + sizeof(seq_t)];
    size_t size;
};

static struct place
place_of(const char *origin_line, seq_t seq)
{
    struct place place = {.size = strlen(origin_line)};
    assert(place.size <= KEY_NAME_MAX);
    memcpy(place.at, origin_line, place.size);
    place.at[place.size++] = '\n';
    for (unsigned shift = 64; shift > 0; shift -= 8)
        place.at[place.size++] = (uint8_t)(seq >> (shift - 8));
    return place;
}

static void
key_derive(const uint8_t key[ENVELOPE_KEY_SIZE], const char *label, uint8_t ret_key[HASH_SIZE])
{
    hash_hmac_sha256(BYTES(key, ENVELOPE_KEY_SIZE), bytes_of(label), ret_key);
}

void
envelope_commit(const uint8_t key[ENVELOPE_KEY_SIZE], struct bytes payload,
                uint8_t ret_commitment[HASH_SIZE])
{
    uint8_t commit_key[HASH_SIZE];
    key_derive(key, "envelope/v1 commit", commit_key);
    hash_hmac_sha256(BYTES(commit_key, sizeof commit_key), payload, ret_commitment);
    sodium_memzero(commit_key, sizeof commit_key);
}

int
envelope_seal(const uint8_t key[ENVELOPE_KEY_SIZE], struct bytes payload, const char *origin_line,
              seq_t seq, uint8_t ret_commitment[HASH_SIZE], struct buf *ciphertext)
{
    if (payload.size > ENVELOPE_PAYLOAD_MAX)
        return ERR_LIMIT;
    envelope_commit(key, payload, ret_commitment);

    // Encrypted where it lies, so that no plaintext is left behind in a second place.
    size_t room = (payload.size / ENVELOPE_BLOCK + 1) * ENVELOPE_BLOCK, padded_size;
    uint8_t *at = buf_room(ciphertext, room + ENVELOPE_MARK);
    if (payload.size > 0)
        memcpy(at, payload.at, payload.size);
    int is_short = sodium_pad(&padded_size, at, payload.size, ENVELOPE_BLOCK, room);
    assert(is_short == 0 && padded_size == room);
    (void)is_short;

    uint8_t encrypt_key[HASH_SIZE];
    key_derive(key, "envelope/v1 encrypt", encrypt_key);
    struct place place = place_of(origin_line, seq);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(at, NULL, at, padded_size, place.at,
                                                     place.size, NULL, nonce, encrypt_key);
    sodium_memzero(encrypt_key, sizeof encrypt_key);
    ciphertext->size += padded_size + ENVELOPE_MARK;
    return 0;
}

// Decrypt to `at`, which has room for the padded payload.
static int
ciphertext_open(const uint8_t key[ENVELOPE_KEY_SIZE], struct bytes ciphertext,
                const struct place *place, uint8_t *at, size_t *ret_size)
{
    uint8_t encrypt_key[HASH_SIZE];
    key_derive(key, "envelope/v1 encrypt", encrypt_key);
    int is_bad = crypto_aead_xchacha20poly1305_ietf_decrypt(
        at, NULL, NULL, ciphertext.at, ciphertext.size, place->at, place->size, nonce, encrypt_key);
    sodium_memzero(encrypt_key, sizeof encrypt_key);
    if (is_bad != 0)
        return ERR_ROOT;
    return sodium_unpad(ret_size, at, ciphertext.size - ENVELOPE_MARK, ENVELOPE_BLOCK) == 0
               ? 0
               : ERR_PROTO;
}

int
envelope_open(const uint8_t key[ENVELOPE_KEY_SIZE], struct bytes ciphertext,
              const char *origin_line, seq_t seq, const uint8_t commitment[HASH_SIZE],
              struct buf *payload)
{
    if (ciphertext.size > ENVELOPE_MAX)
        return ERR_LIMIT;
    if (ciphertext.size < ENVELOPE_BLOCK + ENVELOPE_MARK ||
        (ciphertext.size - ENVELOPE_MARK) % ENVELOPE_BLOCK != 0)
        return ERR_PROTO;

    struct place place = place_of(origin_line, seq);
    size_t room = ciphertext.size - ENVELOPE_MARK, size = 0;
    uint8_t *at = buf_room(payload, room);
    int code = ciphertext_open(key, ciphertext, &place, at, &size);
    if (code == 0) {
        uint8_t opened[HASH_SIZE];
        envelope_commit(key, BYTES(at, size), opened);
        code = sodium_memcmp(opened, commitment, sizeof opened) == 0 ? 0 : ERR_ROOT;
    }
    if (code != 0) {
        sodium_memzero(at, room);
        return code;
    }
    payload->size += size;
    return 0;
}
