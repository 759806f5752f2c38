#include "../../node/base/err.h"
#include "../../proto/envelope.h"
#include "../t.h"
#include "vectors.h"

static const uint8_t key[ENVELOPE_KEY_SIZE] = {1, 2, 3};
static const char line[] = "province.example/commune-07";

TEST(envelope, vectors_seal_to_the_same_bytes_and_open)
{
    OWNED(json_decrefp) json_t *file = vectors_load("envelope");
    size_t i;
    json_t *one;
    T_EQ(json_array_size(json_object_get(file, "envelopes")), 5);
    json_array_foreach(json_object_get(file, "envelopes"), i, one)
    {
        uint8_t its_key[ENVELOPE_KEY_SIZE], want[HASH_SIZE], commitment[HASH_SIZE];
        OWNED(buf_release) struct buf payload = {0}, want_sealed = {0}, sealed = {0}, opened = {0};
        const char *origin = vector_text(one, "origin");
        seq_t seq = vector_number(one, "seq");
        vector_hex(one, "key", its_key, sizeof its_key);
        vector_hex(one, "commitment", want, sizeof want);
        vector_bytes(json_object_get(one, "payload"), &payload);
        vector_bytes(json_object_get(one, "ciphertext"), &want_sealed);

        T_EQ(envelope_seal(its_key, buf_bytes(&payload), origin, seq, commitment, &sealed), 0);
        T_BYTES(commitment, want, HASH_SIZE);
        T_OK(bytes_equal(buf_bytes(&sealed), buf_bytes(&want_sealed)));
        T_EQ(envelope_open(its_key, buf_bytes(&sealed), origin, seq, commitment, &opened), 0);
        T_OK(bytes_equal(buf_bytes(&opened), buf_bytes(&payload)));
    }
}

TEST(envelope, bad_vectors_are_refused_and_give_nothing)
{
    OWNED(json_decrefp) json_t *file = vectors_load("envelope");
    size_t i;
    json_t *one;
    T_OK(json_array_size(json_object_get(file, "bad_envelopes")) > 10);
    json_array_foreach(json_object_get(file, "bad_envelopes"), i, one)
    {
        uint8_t its_key[ENVELOPE_KEY_SIZE], commitment[HASH_SIZE];
        OWNED(buf_release) struct buf sealed = {0}, opened = {0};
        vector_hex(one, "key", its_key, sizeof its_key);
        vector_hex(one, "commitment", commitment, sizeof commitment);
        vector_bytes(json_object_get(one, "ciphertext"), &sealed);
        int code = envelope_open(its_key, buf_bytes(&sealed), vector_text(one, "origin"),
                                 vector_number(one, "seq"), commitment, &opened);
        T_TEXT(vector_verdict(one, code), vector_expected(one));
        T_EQ(opened.size, 0);
    }
}

TEST(envelope, no_bit_can_change_and_no_byte_be_missing)
{
    uint8_t commitment[HASH_SIZE];
    OWNED(buf_release) struct buf sealed = {0}, opened = {0};
    T_EQ(envelope_seal(key, BYTES_LIT("Nguyễn Văn A"), line, 8, commitment, &sealed), 0);
    for (size_t bit = 0; bit < sealed.size * 8; bit++) {
        sealed.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        T_EQ(envelope_open(key, buf_bytes(&sealed), line, 8, commitment, &opened), ERR_ROOT);
        sealed.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t size = 0; size < sealed.size; size++)
        T_EQ(envelope_open(key, BYTES(sealed.at, size), line, 8, commitment, &opened), ERR_PROTO);
    for (size_t bit = 0; bit < sizeof commitment * 8; bit++) {
        commitment[bit / 8] ^= (uint8_t)(1U << bit % 8);
        T_EQ(envelope_open(key, buf_bytes(&sealed), line, 8, commitment, &opened), ERR_ROOT);
        commitment[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    T_EQ(opened.size, 0);
    T_EQ(envelope_open(key, buf_bytes(&sealed), line, 8, commitment, &opened), 0);
}

TEST(envelope, every_length_comes_back_and_shows_only_its_block)
{
    uint8_t payload[200], commitment[HASH_SIZE];
    memset(payload, 0x80, sizeof payload); // The padding byte itself is the hardest content
    for (size_t size = 0; size <= sizeof payload; size++) {
        OWNED(buf_release) struct buf sealed = {0}, opened = {0};
        T_EQ(envelope_seal(key, BYTES(payload, size), line, 1, commitment, &sealed), 0);
        T_EQ(sealed.size, size / 64 * 64 + 64 + 16);
        T_EQ(envelope_open(key, buf_bytes(&sealed), line, 1, commitment, &opened), 0);
        T_OK(bytes_equal(buf_bytes(&opened), BYTES(payload, size)));
    }
}

TEST(envelope, the_largest_fits_and_one_byte_more_does_not)
{
    uint8_t commitment[HASH_SIZE] = {7}, *payload = mem_new(ENVELOPE_PAYLOAD_MAX + 1);
    OWNED(buf_release) struct buf large = {payload, 0, ENVELOPE_PAYLOAD_MAX + 1}; // Frees it
    OWNED(buf_release) struct buf sealed = {0}, opened = {0};
    struct bytes most = BYTES(payload, ENVELOPE_PAYLOAD_MAX);
    T_EQ(envelope_seal(key, BYTES(payload, most.size + 1), line, 1, commitment, &sealed),
         ERR_LIMIT);
    T_EQ(commitment[0], 7);
    T_EQ(sealed.size, 0);
    T_EQ(envelope_seal(key, most, line, 1, commitment, &sealed), 0);
    T_OK(sealed.size <= ENVELOPE_MAX && sealed.size + ENVELOPE_BLOCK > ENVELOPE_MAX);
    T_EQ(envelope_open(key, buf_bytes(&sealed), line, 1, commitment, &opened), 0);
    T_OK(bytes_equal(buf_bytes(&opened), most));
    while (sealed.size <= ENVELOPE_MAX)
        buf_add_byte(&sealed, 0);
    T_EQ(envelope_open(key, buf_bytes(&sealed), line, 1, commitment, &opened), ERR_LIMIT);
}

TEST(envelope, results_go_behind_what_is_there)
{
    uint8_t commitment[HASH_SIZE];
    OWNED(buf_release) struct buf sealed = {0}, opened = {0};
    buf_add_text(&sealed, "abc");
    buf_add_text(&opened, "defg");
    T_EQ(envelope_seal(key, BYTES_LIT("hello"), line, 1, commitment, &sealed), 0);
    struct bytes ciphertext = BYTES(sealed.at + 3, sealed.size - 3);
    T_EQ(envelope_open(key, ciphertext, line, 2, commitment, &opened), ERR_ROOT);
    T_TEXT(buf_text(&opened), "defg");
    T_EQ(envelope_open(key, ciphertext, line, 1, commitment, &opened), 0);
    T_TEXT(buf_text(&opened), "defghello");
    T_BYTES(sealed.at, "abc", 3);
}

TEST(envelope, a_disclosed_key_and_payload_agree_with_the_log)
{
    uint8_t commitment[HASH_SIZE], again[HASH_SIZE];
    OWNED(buf_release) struct buf sealed = {0};
    T_EQ(envelope_seal(key, BYTES_LIT("hello"), line, 1, commitment, &sealed), 0);
    envelope_commit(key, BYTES_LIT("hello"), again);
    T_BYTES(again, commitment, HASH_SIZE);
    envelope_commit(key, BYTES_LIT("hellp"), again);
    T_OK(memcmp(again, commitment, HASH_SIZE) != 0);
}
