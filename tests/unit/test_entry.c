#include <stdlib.h>

#include "../../node/base/err.h"
#include "../../proto/entry.h"
#include "../../proto/hash.h"
#include "../../proto/pack.h"
#include "../t.h"

// A record entry of the area 05908-012, written by hand.
static const uint8_t stub_bytes[] = {0x95, 1, 1, 0, 0xc0, 0xc0};
static const char body_text[] = "\xdc\x00\x11" // 17 elements
                                "\xc4\x10"
                                "0123456789abcdef" // salt
                                "\xa9"
                                "05908-012"
                                "\xce\x00\x01\x00\x00" // office, epoch 65536
                                "\x07"
                                "\xcd\x03\xe8"
                                "\x00"
                                "\xc0" // seq, logged_at 1000, depth, actor nil
                                "\xa4"
                                "home"
                                "\x02" // type, version
                                "\x92\xa9"
                                "05908-012"
                                "\xc4\x10"
                                "fedcba9876543210" // record
                                "\xa9"
                                "05908-012"
                                "\x00"
                                "\xc0"
                                "\x90" // subject, op, reason nil, after
                                "\x81\xa2no\x2a"
                                "\xc0"
                                "\x00"; // facts, commitment nil, envelope_size

static struct bytes
hand_body(void)
{
    return BYTES(body_text, sizeof body_text - 1);
}

TEST(entry, reads_what_was_written_by_hand)
{
    struct entry entry;
    T_EQ(entry_read(BYTES(stub_bytes, sizeof stub_bytes), hand_body(), &entry), 0);
    T_EQ(entry.version, 1);
    T_EQ(entry.kind, KIND_RECORD);
    T_OK(entry.has_body && entry.has_shape);
    T_TEXT(entry.origin.office.code, "05908-012");
    T_EQ(entry.origin.epoch, 65536);
    T_EQ(entry.seq, 7);
    T_EQ(entry.logged_at, 1000);
    T_EQ(entry.actor, ACTOR_NONE);
    T_OK(bytes_equal(entry.type, bytes_of("home")));
    T_EQ(entry.type_version, 2);
    T_BYTES(entry.record.id, "fedcba9876543210", 16);
    T_EQ(entry.op, OP_PUT);
    T_OK(bytes_equal(entry.facts, BYTES_LIT("\x81\xa2no\x2a")));
    T_EQ(entry.commitment.size, 0);
}

TEST(entry, packs_what_was_written_by_hand)
{
    struct entry entry;
    OWNED(buf_release) struct buf body = {0};
    OWNED(buf_release) struct buf stub = {0};
    T_EQ(entry_read(BYTES(stub_bytes, sizeof stub_bytes), hand_body(), &entry), 0);
    entry_pack_body(&entry, &body);
    entry_pack_stub(&entry, true, &stub);
    T_OK(bytes_equal(buf_bytes(&body), hand_body()));
    T_OK(bytes_equal(buf_bytes(&stub), BYTES(stub_bytes, sizeof stub_bytes)));
}

TEST(entry, hashes_the_leaf_with_the_bodys_hash_in_it)
{
    struct entry entry;
    T_EQ(entry_read(BYTES(stub_bytes, sizeof stub_bytes), hand_body(), &entry), 0);
    uint8_t leaf[HASH_SIZE], want[HASH_SIZE];
    uint8_t whole[1 + 5 + 2 + HASH_SIZE] = {0x00, 0x95, 1, 1, 0, 0xc0, 0xc4, 0x20};
    hash_sha256(hand_body(), whole + 8);
    hash_sha256(BYTES(whole, sizeof whole), want);
    entry_leaf(&entry, BYTES(stub_bytes, sizeof stub_bytes), leaf);
    T_BYTES(leaf, want, HASH_SIZE);

    // Withheld, the stub holds the hash itself, and the leaf is the same.
    struct bytes stub = BYTES(whole + 1, sizeof whole - 1);
    T_EQ(entry_read(stub, (struct bytes){0}, &entry), 0);
    T_OK(!entry.has_body);
    memset(leaf, 0, sizeof leaf);
    entry_leaf(&entry, stub, leaf);
    T_BYTES(leaf, want, HASH_SIZE);
}

TEST(entry, keeps_what_a_later_version_adds_to_a_stub)
{
    static const uint8_t longer[] = {0x96, 1, 1, 0, 0xc0, 0xc0, 0x2a};
    struct entry entry;
    uint8_t leaf[HASH_SIZE], want[HASH_SIZE];
    uint8_t whole[1 + 5 + 2 + HASH_SIZE + 1] = {0x00, 0x96, 1, 1, 0, 0xc0, 0xc4, 0x20};
    hash_sha256(hand_body(), whole + 8);
    whole[sizeof whole - 1] = 0x2a;
    hash_sha256(BYTES(whole, sizeof whole), want);
    T_EQ(entry_read(BYTES(longer, sizeof longer), hand_body(), &entry), 0);
    entry_leaf(&entry, BYTES(longer, sizeof longer), leaf);
    T_BYTES(leaf, want, HASH_SIZE);
}

// A sealed entry that has `size` bytes with its stub.
static int
sealed_code(size_t size)
{
    static const uint8_t sealed_stub[] = {0x95, 1, 6, 0, 0xc0, 0xc0};
    OWNED(buf_release) struct buf body = {0};
    struct packer out = packer_of(&body);
    pack_array(&out, 5);
    pack_bin(&out, "0123456789abcdef", 16);
    pack_text(&out, "19");
    pack_uint(&out, 1);
    pack_uint(&out, 1);
    size_t left = size - sizeof sealed_stub - body.size - 3;
    void *at = mem_new(left);
    pack_bin(&out, at, left);
    free(at);
    struct entry entry;
    return entry_read(BYTES(sealed_stub, sizeof sealed_stub), buf_bytes(&body), &entry);
}

TEST(entry, is_no_larger_than_its_bound)
{
    T_EQ(sealed_code(ENTRY_MAX), 0);
    T_EQ(sealed_code(ENTRY_MAX + 1), ERR_LIMIT);
}

TEST(entry, names_as_many_heads_as_it_may)
{
    OWNED(buf_release) struct buf packed = {0};
    struct ref refs[AFTER_MAX] = {0}, back[AFTER_MAX];
    for (size_t i = 0; i < AFTER_MAX; i++)
        refs[i] = (struct ref){{office_of("19"), i}, 7 * i, {(uint8_t)i}};
    refs_pack(refs, AFTER_MAX, &packed);
    size_t count;
    T_EQ(refs_read(buf_bytes(&packed), back, &count), 0);
    T_EQ(count, AFTER_MAX);
    for (size_t i = 0; i < AFTER_MAX; i++)
        T_OK(ref_equal(&refs[i], &back[i]));
    T_OK(!ref_equal(&refs[0], &back[1]));
}

TEST(entry, is_named_by_its_place_and_its_hash)
{
    struct entry entry;
    T_EQ(entry_read(BYTES(stub_bytes, sizeof stub_bytes), hand_body(), &entry), 0);
    struct ref ref = entry_ref(&entry);
    uint8_t hash[HASH_SIZE];
    hash_sha256(hand_body(), hash);
    T_EQ(ref.seq, 7);
    T_BYTES(ref.hash, hash, sizeof ref.hash);
}
