#include <stdio.h>

#include "../../node/base/err.h"
#include "../../proto/crypto_simulated.h"
#include "../../proto/merkle.h"
#include "../../proto/note.h"
#include "../t.h"
#include "vectors.h"

// A key of the vectors, with its secret.
struct pair {
    struct vkey vkey;
    uint8_t secret[SECRET_SIZE];
};

static void
pair_read(const json_t *one, struct pair *ret_pair)
{
    uint8_t seed[SEED_SIZE];
    *ret_pair = (struct pair){.vkey.type = (enum key_type)vector_number(one, "type")};
    (void)snprintf(ret_pair->vkey.name, sizeof ret_pair->vkey.name, "%s", vector_text(one, "name"));
    vector_hex(one, "seed", seed, sizeof seed);
    crypto_sign_pair(&crypto_sodium, seed, ret_pair->vkey.public, ret_pair->secret);
}

// The key `name`; the first of the vectors, the log's, when there is none.
static struct pair
pair_of(const json_t *file, const char *name)
{
    size_t i;
    json_t *one;
    struct pair pair;
    json_array_foreach(json_object_get(file, "keys"), i, one)
    {
        if (strcmp(vector_text(one, "name"), name) == 0) {
            pair_read(one, &pair);
            return pair;
        }
    }
    pair_read(json_array_get(json_object_get(file, "keys"), 0), &pair);
    return pair;
}

static int
pair_open(const struct pair *log, struct bytes note, struct checkpoint *ret_checkpoint)
{
    return checkpoint_open(note, log->vkey.name, log->vkey.public, &crypto_sodium, ret_checkpoint);
}

static void
checkpoint_of(const json_t *one, struct checkpoint *ret_checkpoint)
{
    *ret_checkpoint = (struct checkpoint){.size = vector_number(one, "size")};
    (void)snprintf(ret_checkpoint->origin, sizeof ret_checkpoint->origin, "%s",
                   vector_text(one, "origin"));
    vector_hex(one, "root", ret_checkpoint->root, HASH_SIZE);
}

static bool
checkpoint_equal(const struct checkpoint *a, const struct checkpoint *b)
{
    return strcmp(a->origin, b->origin) == 0 && a->size == b->size &&
           memcmp(a->root, b->root, HASH_SIZE) == 0;
}

TEST(note, keys_of_the_vectors_have_their_ids_and_texts)
{
    T_EQ(crypto_start(), 0);
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    size_t i;
    json_t *one;
    T_EQ(json_array_size(json_object_get(file, "keys")), 3);
    json_array_foreach(json_object_get(file, "keys"), i, one)
    {
        struct pair pair;
        struct vkey parsed;
        uint8_t want[PUBLIC_SIZE], want_id[KEY_ID_SIZE], id[KEY_ID_SIZE];
        OWNED(buf_release) struct buf text = {0};
        pair_read(one, &pair);
        vector_hex(one, "public", want, sizeof want);
        vector_hex(one, "id", want_id, sizeof want_id);
        T_BYTES(pair.vkey.public, want, sizeof want);
        T_OK(crypto_key_is_sound(want));
        note_key_id(pair.vkey.name, pair.vkey.type, want, id);
        T_BYTES(id, want_id, sizeof id);
        vkey_text(&pair.vkey, &text);
        T_TEXT(buf_text(&text), vector_text(one, "vkey"));
        T_EQ(vkey_parse(buf_bytes(&text), &parsed), 0);
        T_TEXT(parsed.name, pair.vkey.name);
        T_EQ(parsed.type, pair.vkey.type);
        T_BYTES(parsed.public, want, sizeof want);
    }
}

TEST(note, bad_keys_are_refused)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    struct vkey vkey;
    size_t i;
    json_t *one;
    T_OK(json_array_size(json_object_get(file, "bad_vkeys")) > 10);
    json_array_foreach(json_object_get(file, "bad_vkeys"), i, one)
    {
        T_EQ(vkey_parse(bytes_of(vector_text(one, "vkey")), &vkey), ERR_PROTO);
    }
    json_array_foreach(json_object_get(file, "unsound_public_keys"), i, one)
    {
        OWNED(buf_release) struct buf public = {0};
        vector_bytes(one, &public);
        T_EQ(public.size, PUBLIC_SIZE);
        T_OK(!crypto_key_is_sound(public.at));
    }
    T_EQ(i, 6);
}

// Every substring, and every bit: only the whole is a key.
TEST(note, a_key_is_whole_or_nothing)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    const json_t *one = json_array_get(json_object_get(file, "keys"), 0);
    struct vkey vkey;
    OWNED(buf_release) struct buf text = {0};
    buf_add_text(&text, vector_text(one, "vkey"));
    for (size_t from = 0; from < text.size; from++)
        for (size_t to = from; to <= text.size; to++)
            T_OK((vkey_parse(BYTES(text.at + from, to - from), &vkey) == 0) ==
                 (from == 0 && to == text.size));
    for (size_t bit = 0; bit < text.size * 8; bit++) {
        text.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        T_EQ(vkey_parse(buf_bytes(&text), &vkey), ERR_PROTO);
        text.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

TEST(note, checkpoints_of_the_vectors_open)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    struct pair log = pair_of(file, "");
    size_t i, j;
    json_t *one, *seen;
    T_EQ(json_array_size(json_object_get(file, "checkpoints")), 10);
    json_array_foreach(json_object_get(file, "checkpoints"), i, one)
    {
        struct checkpoint want, got;
        struct note parts;
        struct bytes note = bytes_of(vector_text(one, "note"));
        uint8_t hash[HASH_SIZE], want_hash[HASH_SIZE];
        OWNED(buf_release) struct buf text = {0};
        hash_sha256(note, hash);
        vector_hex(one, "sha256", want_hash, HASH_SIZE);
        T_BYTES(hash, want_hash, HASH_SIZE);
        T_EQ(note.size, vector_number(one, "bytes"));

        checkpoint_of(one, &want);
        int code = pair_open(&log, note, &got);
        T_TEXT(vector_verdict(one, code), vector_expected(one));
        T_OK(checkpoint_equal(&got, &want));
        checkpoint_text(&want, &text);
        T_TEXT(buf_text(&text), vector_text(one, "text"));
        T_EQ(note_parse(note, &parts), 0);
        T_OK(bytes_equal(parts.text, buf_bytes(&text)));

        json_array_foreach(json_object_get(one, "cosignatures"), j, seen)
        {
            struct pair cosigner = pair_of(file, vector_text(seen, "name"));
            uint64_t time_s = 0;
            T_EQ(cosignature_open(note, cosigner.vkey.name, cosigner.vkey.public, &crypto_sodium,
                                  &time_s),
                 0);
            T_EQ(time_s, vector_number(seen, "time"));
        }
    }
}

// Signing again gives the very bytes of the vectors, cosignatures and all.
TEST(note, checkpoints_of_the_vectors_can_be_made_again)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    struct pair log = pair_of(file, "");
    size_t i, j;
    json_t *one, *seen;
    json_array_foreach(json_object_get(file, "checkpoints"), i, one)
    {
        if (json_object_get(one, "why") != NULL) // Has lines of keys we lack
            continue;
        struct checkpoint checkpoint;
        struct bytes text = bytes_of(vector_text(one, "text"));
        OWNED(buf_release) struct buf note = {0};
        checkpoint_of(one, &checkpoint);
        checkpoint_sign(&checkpoint, &crypto_sodium, log.secret, log.vkey.public, &note);
        json_array_foreach(json_object_get(one, "cosignatures"), j, seen)
        {
            struct pair cosigner = pair_of(file, vector_text(seen, "name"));
            uint64_t time_s = vector_number(seen, "time");
            uint8_t signature[SIGNATURE_SIZE];
            cosignature_make(text, time_s, cosigner.secret, &crypto_sodium, signature);
            cosignature_add(&note, cosigner.vkey.name, cosigner.vkey.public, time_s, signature);
        }
        T_TEXT(buf_text(&note), vector_text(one, "note"));
    }
}

TEST(note, bad_notes_give_their_code)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    struct pair log = pair_of(file, "");
    size_t i;
    json_t *one;
    T_OK(json_array_size(json_object_get(file, "bad_notes")) > 50);
    json_array_foreach(json_object_get(file, "bad_notes"), i, one)
    {
        struct checkpoint got = {.size = 4711};
        OWNED(buf_release) struct buf note = {0};
        vector_bytes(json_object_get(one, "note_hex"), &note);
        buf_add_text(&note, vector_text(one, "note"));
        int code = pair_open(&log, buf_bytes(&note), &got);
        T_TEXT(vector_verdict(one, code), vector_expected(one));
        T_EQ(got.size, 4711);
    }
}

// What any mutant of a good note may come to: refused, or the same checkpoint and the same times.
static bool
mutant_is_harmless(const json_t *file, const json_t *one, struct bytes mutant)
{
    struct checkpoint want, got;
    struct pair log = pair_of(file, "");
    size_t i;
    json_t *seen;
    checkpoint_of(one, &want);
    if (pair_open(&log, mutant, &got) == 0 && !checkpoint_equal(&want, &got))
        return false;
    json_array_foreach(json_object_get(one, "cosignatures"), i, seen)
    {
        struct pair cosigner = pair_of(file, vector_text(seen, "name"));
        struct note parts;
        uint64_t time_s;
        if (cosignature_open(mutant, cosigner.vkey.name, cosigner.vkey.public, &crypto_sodium,
                             &time_s) != 0)
            continue;
        bool is_same = time_s == vector_number(seen, "time") && note_parse(mutant, &parts) == 0 &&
                       bytes_equal(parts.text, bytes_of(vector_text(one, "text")));
        if (!is_same)
            return false;
    }
    return true;
}

TEST(note, no_cut_and_no_flipped_bit_changes_what_is_signed)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(file, "checkpoints"), i, one)
    {
        OWNED(buf_release) struct buf note = {0};
        buf_add_text(&note, vector_text(one, "note"));
        if (note.size > 1000) // The long one teaches nothing new
            continue;
        for (size_t size = 0; size < note.size; size++)
            T_OK(mutant_is_harmless(file, one, BYTES(note.at, size)));
        for (size_t bit = 0; bit < note.size * 8; bit++) {
            note.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
            T_OK(mutant_is_harmless(file, one, buf_bytes(&note)));
            note.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
}

TEST(note, no_lost_and_no_doubled_byte_changes_what_is_signed)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    const json_t *one = json_array_get(json_object_get(file, "checkpoints"), 0);
    struct bytes note = bytes_of(vector_text(one, "note"));
    for (size_t i = 0; i < note.size; i++) {
        OWNED(buf_release) struct buf less = {0}, more = {0};
        buf_add(&less, note.at, i);
        buf_add(&less, note.at + i + 1, note.size - i - 1);
        buf_add(&more, note.at, i + 1);
        buf_add(&more, note.at + i, note.size - i);
        T_OK(mutant_is_harmless(file, one, buf_bytes(&less)));
        T_OK(mutant_is_harmless(file, one, buf_bytes(&more)));
    }
}

// A change in the text or in the log's own line is always refused, not merely harmless.
TEST(note, every_bit_of_text_and_own_signature_counts)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    struct pair log = pair_of(file, "");
    struct checkpoint checkpoint = {.origin = "province.example/commune-07", .size = 5}, got;
    OWNED(buf_release) struct buf note = {0};
    checkpoint_sign(&checkpoint, &crypto_sodium, log.secret, log.vkey.public, &note);
    T_EQ(pair_open(&log, buf_bytes(&note), &got), 0);
    for (size_t size = 0; size < note.size; size++)
        T_OK(pair_open(&log, BYTES(note.at, size), &got) != 0);
    for (size_t bit = 0; bit < note.size * 8; bit++) {
        note.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        T_OK(pair_open(&log, buf_bytes(&note), &got) != 0);
        note.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

TEST(note, two_signed_histories_are_told_apart)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    const json_t *fork = json_object_get(file, "fork");
    struct pair log = pair_of(file, "");
    struct checkpoint older = {0}, newer = {0};
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(file, "checkpoints"), i, one)
    {
        const char *name = vector_text(one, "name");
        struct bytes note = bytes_of(vector_text(one, "note"));
        if (strcmp(name, vector_text(fork, "older")) == 0)
            T_EQ(pair_open(&log, note, &older), 0);
        if (strcmp(name, vector_text(fork, "newer")) == 0)
            T_EQ(pair_open(&log, note, &newer), 0);
    }
    uint8_t implied[HASH_SIZE];
    OWNED(buf_release) struct buf proof = {0};
    vector_hex(fork, "implied_root", implied, HASH_SIZE);
    vector_bytes(json_object_get(fork, "proof"), &proof);
    T_EQ(older.size, 7);
    T_EQ(newer.size, 13);
    T_EQ(merkle_check_consistency(7, 13, implied, newer.root, buf_bytes(&proof)), 0);
    T_EQ(merkle_check_consistency(7, 13, older.root, newer.root, buf_bytes(&proof)), ERR_ROOT);
}

TEST(note, names_are_plain)
{
    char name[KEY_NAME_MAX + 2];
    memset(name, 'a', sizeof name);
    T_OK(note_name_is_sound(BYTES(name, KEY_NAME_MAX)));
    T_OK(!note_name_is_sound(BYTES(name, KEY_NAME_MAX + 1)));
    T_OK(!note_name_is_sound(BYTES_LIT("")));
    for (unsigned byte = 0; byte < 256; byte++) {
        name[0] = (char)byte;
        bool want = byte != 0 && strchr("abcdefghijklmnopqrstuvwxyz0123456789./-", (int)byte);
        T_EQ(note_name_is_sound(BYTES(name, 1)), want);
    }
}

// A good note and `lines` more of a stranger.
static int
open_with_strangers(const struct pair *log, size_t lines, size_t signature_size)
{
    static const uint8_t id[KEY_ID_SIZE] = {1, 2, 3, 4}, signature[NOTE_BLOB_MAX] = {0};
    struct checkpoint checkpoint = {.size = 5};
    OWNED(buf_release) struct buf note = {0};
    memcpy(checkpoint.origin, log->vkey.name, sizeof checkpoint.origin);
    checkpoint_sign(&checkpoint, &crypto_sodium, log->secret, log->vkey.public, &note);
    while (lines-- > 0)
        note_add_signature(&note, "stranger", id, BYTES(signature, signature_size));
    return pair_open(log, buf_bytes(&note), &checkpoint);
}

TEST(note, there_is_room_for_strangers_up_to_a_limit)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    struct pair log = pair_of(file, "");
    T_EQ(open_with_strangers(&log, NOTE_LINES_MAX - 1, 64), 0);
    T_EQ(open_with_strangers(&log, NOTE_LINES_MAX, 64), ERR_LIMIT);
    T_EQ(open_with_strangers(&log, 1, 1), 0);
    T_EQ(open_with_strangers(&log, 5, NOTE_BLOB_MAX - KEY_ID_SIZE), 0);
    T_EQ(open_with_strangers(&log, 6, NOTE_BLOB_MAX - KEY_ID_SIZE), ERR_LIMIT); // 64 KiB
    OWNED(buf_release) struct buf note = {0};
    buf_add_text(&note, "text\n\n\xe2\x80\x94 stranger ");
    for (size_t i = 0; i < NOTE_BLOB_MAX / 3 + 1; i++)
        buf_add_text(&note, "AAAA");
    buf_add_text(&note, "\n");
    struct checkpoint got;
    T_EQ(pair_open(&log, buf_bytes(&note), &got), ERR_LIMIT);
}

TEST(note, a_cosignature_binds_time_and_text)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    struct pair log = pair_of(file, ""), witness = pair_of(file, "province.example/witness");
    const uint8_t *public = witness.vkey.public;
    uint8_t signature[SIGNATURE_SIZE];
    struct bytes text = BYTES_LIT("a\n1\nb\n");
    cosignature_make(text, 1767225613, witness.secret, &crypto_sodium, signature);
    T_EQ(cosignature_check(text, 1767225613, signature, public, &crypto_sodium), 0);
    T_EQ(cosignature_check(text, 1767225614, signature, public, &crypto_sodium), ERR_SIGNATURE);
    T_EQ(cosignature_check(BYTES_LIT("a\n2\nb\n"), 1767225613, signature, public, &crypto_sodium),
         ERR_SIGNATURE);
    T_EQ(cosignature_check(text, 1767225613, signature, log.vkey.public, &crypto_sodium),
         ERR_SIGNATURE);
    T_EQ(cosignature_check(text, UINT64_MAX, signature, public, &crypto_sodium), ERR_SIGNATURE);
    signature[0] ^= 1;
    T_EQ(cosignature_check(text, 1767225613, signature, public, &crypto_sodium), ERR_SIGNATURE);
}

TEST(note, a_missing_cosignature_is_not_a_bad_one)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    struct pair log = pair_of(file, ""), witness = pair_of(file, "province.example/witness");
    struct checkpoint checkpoint = {.origin = "province.example/commune-07", .size = 5};
    uint8_t signature[SIGNATURE_SIZE] = {0};
    uint64_t time_s = 4711;
    OWNED(buf_release) struct buf note = {0};
    checkpoint_sign(&checkpoint, &crypto_sodium, log.secret, log.vkey.public, &note);
    T_EQ(cosignature_open(buf_bytes(&note), witness.vkey.name, witness.vkey.public, &crypto_sodium,
                          &time_s),
         ERR_NOTFOUND);
    cosignature_add(&note, witness.vkey.name, witness.vkey.public, 1, signature);
    T_EQ(cosignature_open(buf_bytes(&note), witness.vkey.name, witness.vkey.public, &crypto_sodium,
                          &time_s),
         ERR_SIGNATURE);
    T_EQ(time_s, 4711);
    T_EQ(pair_open(&log, buf_bytes(&note), &checkpoint), 0); // Whose key it is not given, it skips
}

TEST(note, origins_and_cosigners_have_names)
{
    OWNED(json_decrefp) json_t *file = vectors_load("checkpoint");
    size_t i;
    json_t *one;
    uint8_t net[NET_SIZE], want_net[NET_SIZE];
    struct origin got;
    json_array_foreach(json_object_get(file, "origins"), i, one)
    {
        struct origin origin = {.office = office_of(vector_text(one, "office"))};
        uint8_t epoch[8];
        char text[KEY_NAME_MAX + 1];
        vector_hex(one, "net", want_net, sizeof want_net);
        vector_hex(one, "epoch", epoch, sizeof epoch);
        for (size_t j = 0; j < sizeof epoch; j++)
            origin.epoch = origin.epoch << 8U | epoch[j];
        origin_line(want_net, &origin, text);
        T_TEXT(text, vector_text(one, "line"));
        T_OK(note_name_is_sound(bytes_of(text)));
        T_OK(origin_line_parse(bytes_of(text), net, &got));
        T_OK(origin_equal(&origin, &got));
        T_BYTES(net, want_net, sizeof net);
        held_name(want_net, &origin.office, text);
        T_TEXT(text, vector_text(one, "held"));
        T_OK(!origin_line_parse(bytes_of(text), net, &got));
    }
    T_EQ(i, 3);
    json_array_foreach(json_object_get(file, "bad_origins"), i, one)
    {
        T_OK(!origin_line_parse(bytes_of(json_string_value(one)), net, &got));
    }
    T_OK(i > 10);
}

TEST(crypto, random_pairs_differ_and_work)
{
    uint8_t public[2][PUBLIC_SIZE], secret[2][SECRET_SIZE], signature[SIGNATURE_SIZE];
    const struct crypto *crypto = &crypto_sodium;
    for (int i = 0; i < 2; i++)
        crypto_sign_pair(crypto, NULL, public[i], secret[i]);
    T_OK(memcmp(public[0], public[1], PUBLIC_SIZE) != 0);
    crypto->sign(crypto->self, secret[0], BYTES_LIT("hello"), signature);
    T_OK(crypto->verify(crypto->self, public[0], BYTES_LIT("hello"), signature));
    T_OK(!crypto->verify(crypto->self, public[1], BYTES_LIT("hello"), signature));
    T_OK(!crypto->verify(crypto->self, public[0], BYTES_LIT("hellp"), signature));
}

// One signature of the all-zero kind, which some verifiers take for any message at all.
TEST(crypto, small_order_is_no_signature)
{
    uint8_t public[PUBLIC_SIZE] = {1}, signature[SIGNATURE_SIZE] = {1};
    T_OK(!crypto_sodium.verify(crypto_sodium.self, public, BYTES_LIT("hello"), signature));
    T_OK(!crypto_key_is_sound(public));
}

TEST(crypto, the_stand_in_catches_what_a_simulation_must_catch)
{
    struct sim_random random = {4711};
    struct crypto crypto = crypto_simulated(&random);
    uint8_t public[2][PUBLIC_SIZE], secret[2][SECRET_SIZE];
    for (int i = 0; i < 2; i++)
        crypto_sign_pair(&crypto, NULL, public[i], secret[i]);
    struct checkpoint checkpoint = {.origin = "a/b", .size = 5}, got;
    OWNED(buf_release) struct buf note = {0};
    checkpoint_sign(&checkpoint, &crypto, secret[0], public[0], &note);
    T_EQ(checkpoint_open(buf_bytes(&note), "a/b", public[0], &crypto, &got), 0);
    T_OK(checkpoint_equal(&checkpoint, &got));
    T_EQ(checkpoint_open(buf_bytes(&note), "a/b", public[1], &crypto, &got), ERR_SIGNATURE);
    T_EQ(checkpoint_open(buf_bytes(&note), "a/b", public[0], &crypto_sodium, &got), ERR_SIGNATURE);
    note.at[4] = '6'; // The size
    T_EQ(checkpoint_open(buf_bytes(&note), "a/b", public[0], &crypto, &got), ERR_SIGNATURE);
}

TEST(crypto, the_stand_in_draws_the_same_from_the_same_seed)
{
    struct sim_random a = {7}, b = {7}, c = {8};
    struct crypto crypto[] = {crypto_simulated(&a), crypto_simulated(&b), crypto_simulated(&c)};
    uint8_t drawn[3][21];
    for (int i = 0; i < 3; i++)
        crypto[i].random(crypto[i].self, drawn[i], sizeof drawn[i]);
    T_BYTES(drawn[0], drawn[1], sizeof drawn[0]);
    T_OK(memcmp(drawn[0], drawn[2], sizeof drawn[0]) != 0);
    struct sim_random zero = {0};
    T_OK(sim_random_next(&zero) == 0xe220a8397b1dcdafULL); // As published with splitmix64
}

// RFC 4231, cases 2 and 6: a short key, and one longer than a block.
TEST(hash, hmac_is_that_of_the_rfc)
{
    uint8_t got[HASH_SIZE], want[HASH_SIZE], long_key[131];
    memset(long_key, 0xaa, sizeof long_key);
    T_OK(hex_parse(BYTES_LIT("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
                   want, 32));
    hash_hmac_sha256(BYTES_LIT("Jefe"), BYTES_LIT("what do ya want for nothing?"), got);
    T_BYTES(got, want, HASH_SIZE);
    T_OK(hex_parse(BYTES_LIT("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
                   want, 32));
    hash_hmac_sha256(BYTES(long_key, sizeof long_key),
                     BYTES_LIT("Test Using Larger Than Block-Size Key - Hash Key First"), got);
    T_BYTES(got, want, HASH_SIZE);
}

TEST(hash, pieces_are_as_if_joined)
{
    uint8_t whole[HASH_SIZE], parts[HASH_SIZE], want[HASH_SIZE];
    const struct bytes pieces[] = {BYTES_LIT("a"), {NULL, 0}, BYTES_LIT("bc"), BYTES_LIT("")};
    hash_sha256(BYTES_LIT("abc"), whole);
    hash_pieces(pieces, 4, parts);
    T_BYTES(whole, parts, HASH_SIZE);
    T_OK(hex_parse(BYTES_LIT("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                   want, 32));
    T_BYTES(whole, want, HASH_SIZE);
}
