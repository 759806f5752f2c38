#include "../../node/base/err.h"
#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../t.h"

#define READER(literal) reader_of(BYTES_LIT(literal))

TEST(read, gives_back_what_was_packed)
{
    static const uint64_t numbers[] = {0,     127,        128,         255,        256,      65535,
                                       65536, 4294967295, 4294967296U, UINT64_MAX, INT64_MAX};
    static const int64_t negatives[] = {-1,     -32,    -33,         -128,         -129,
                                        -32768, -32769, -2147483648, -2147483649L, INT64_MIN};
    OWNED(buf_release) struct buf buf = {0};
    struct packer out = packer_of(&buf);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        pack_uint(&out, numbers[i]);
    for (size_t i = 0; i < sizeof negatives / sizeof *negatives; i++)
        pack_int(&out, negatives[i]);
    struct reader in = reader_of(buf_bytes(&buf));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        T_EQ(read_peek(&in), READ_UINT);
        T_OK(read_uint(&in) == numbers[i]);
    }
    for (size_t i = 0; i < sizeof negatives / sizeof *negatives; i++) {
        T_EQ(read_peek(&in), READ_INT);
        T_EQ(read_int(&in), negatives[i]);
    }
    T_EQ(in.code, 0);
    T_EQ(read_peek(&in), READ_END);
}

TEST(read, gives_back_strings_of_every_head)
{
    static const size_t sizes[] = {0, 1, 31, 32, 255, 256, 65535, 65536};
    uint8_t *text = mem_new(65536);
    OWNED(buf_release) struct buf owner = {text, 0, 65536};
    memset(text, 'x', 65536);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        OWNED(buf_release) struct buf buf = {0};
        struct packer out = packer_of(&buf);
        pack_str(&out, BYTES(text, sizes[i]));
        pack_bin(&out, text, sizes[i]);
        struct reader in = reader_of(buf_bytes(&buf));
        T_EQ(read_peek(&in), READ_STR);
        T_OK(bytes_equal(read_str(&in), BYTES(text, sizes[i])));
        T_EQ(read_peek(&in), READ_BIN);
        T_OK(bytes_equal(read_bin(&in), BYTES(text, sizes[i])));
        T_EQ(in.code, 0);
        T_EQ(read_peek(&in), READ_END);
    }
}

TEST(read, gives_back_containers_of_every_head)
{
    static const size_t counts[] = {0, 1, 15, 16, 65535, 65536};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        OWNED(buf_release) struct buf buf = {0};
        struct packer out = packer_of(&buf);
        pack_array(&out, counts[i]);
        pack_map(&out, counts[i]);
        struct reader in = reader_of(buf_bytes(&buf));
        T_EQ(read_array(&in), counts[i]);
        T_EQ(read_map(&in), counts[i]);
        T_EQ(in.code, 0);
    }
}

// Each reader refuses each kind that is not its own, and stays at the end ever after.
TEST(read, refuses_another_kind)
{
    static const char *const value[] = {"\xc0", "\xc2", "\x07", "\xff", "\xa1x", "\x90", "\x80"};
    static const enum read_kind kind[] = {READ_NIL, READ_BOOL,  READ_UINT, READ_INT,
                                          READ_STR, READ_ARRAY, READ_MAP};
    for (size_t i = 0; i < 7; i++) {
        for (int want = READ_BOOL; want <= READ_MAP; want++) {
            struct reader in = reader_of(bytes_of(value[i]));
            T_EQ(read_peek(&in), kind[i]);
            if (want == READ_BOOL)
                (void)read_bool(&in);
            else if (want == READ_UINT)
                (void)read_uint(&in);
            else if (want == READ_INT)
                (void)read_int(&in);
            else if (want == READ_STR)
                (void)read_str(&in);
            else if (want == READ_BIN)
                (void)read_bin(&in);
            else if (want == READ_ARRAY)
                (void)read_array(&in);
            else
                (void)read_map(&in);
            bool is_own = (int)kind[i] == want || (want == READ_INT && kind[i] == READ_UINT);
            T_EQ(in.code, is_own ? 0 : ERR_PROTO);
            T_EQ(read_peek(&in), READ_END);
        }
    }
}

TEST(read, gives_nothing_after_the_first_failure)
{
    struct reader in = READER("\xa1x\x07\x93\x01\x02\x03");
    T_EQ(read_uint(&in), 0);
    T_EQ(in.code, ERR_PROTO);
    T_EQ(read_uint(&in), 0);
    T_EQ(read_int(&in), 0);
    T_EQ(read_bool(&in), 0);
    T_EQ(read_nil(&in), 0);
    T_EQ(read_array(&in), 0);
    T_EQ(read_map(&in), 0);
    T_EQ(read_str(&in).size, 0);
    T_EQ(read_bin(&in).size, 0);
    T_EQ(read_skip(&in).size, 0);
    T_TEXT(read_office(&in, true).code, "");
    T_EQ(in.code, ERR_PROTO);
}

TEST(read, refuses_what_is_cut_short)
{
    static const char *const value[] = {"\xcc", "\xcd\x01", "\xd0",     "\xd3\x80", "\xa2x",
                                        "\xd9", "\xd9\x20", "\xc4",     "\xc4\x01", "\xdc\x01",
                                        "\xde", "\x92\x01", "\x81\xa1", "\xc1"};
    for (size_t i = 0; i < sizeof value / sizeof *value; i++) {
        struct reader in = reader_of(bytes_of(value[i]));
        T_EQ(read_skip(&in).size, 0);
        T_EQ(in.code, ERR_PROTO);
    }
    struct reader in = READER("");
    T_EQ(read_skip(&in).size, 0);
    T_EQ(in.code, ERR_PROTO);
}

TEST(read, keeps_numbers_within_what_was_asked)
{
    struct reader in = READER("\x07\x08");
    T_EQ(read_uint_upto(&in, 7), 7);
    T_EQ(in.code, 0);
    T_EQ(read_uint_upto(&in, 7), 0);
    T_EQ(in.code, ERR_PROTO);
    in = READER("\xcf\x80\x00\x00\x00\x00\x00\x00\x00");
    T_EQ(read_int(&in), 0); // 2^63
    T_EQ(in.code, ERR_PROTO);
    in = READER("\xcf\x7f\xff\xff\xff\xff\xff\xff\xff");
    T_EQ(read_int(&in), INT64_MAX);
    T_EQ(in.code, 0);
}

TEST(read, takes_nil_only_when_it_is_there)
{
    struct reader in = READER("\xc0\x05");
    T_OK(read_nil(&in));
    T_OK(!read_nil(&in));
    T_EQ(in.code, 0);
    T_EQ(read_uint(&in), 5);
    T_OK(!read_nil(&in));
    T_EQ(in.code, 0);
}

TEST(read, takes_a_bin_of_the_right_size_alone)
{
    uint8_t hash[4] = {9, 9, 9, 9};
    struct reader in = READER("\xc4\x04\x01\x02\x03\x04");
    read_bin_exact(&in, hash, 4);
    T_BYTES(hash, "\1\2\3\4", 4);
    T_EQ(in.code, 0);
    in = READER("\xc4\x03\x01\x02\x03");
    read_bin_exact(&in, hash, 4);
    T_EQ(in.code, ERR_PROTO);
    T_BYTES(hash, "\0\0\0\0", 4);
    memset(hash, 9, 4);
    in = READER("\xa4"
                "abcd");
    read_bin_exact(&in, hash, 4);
    T_EQ(in.code, ERR_PROTO);
    T_BYTES(hash, "\0\0\0\0", 4);
}

TEST(read, lets_later_versions_add_elements)
{
    struct reader in = READER("\x93\x01\x02\x92\xa1x\x80\x07");
    size_t count = read_array_least(&in, 2);
    T_EQ(count, 3);
    T_EQ(read_uint(&in), 1);
    T_EQ(read_uint(&in), 2);
    read_skip_many(&in, count - 2);
    T_EQ(read_uint(&in), 7);
    T_EQ(in.code, 0);
    in = READER("\x91\x01");
    T_EQ(read_array_least(&in, 2), 0);
    T_EQ(in.code, ERR_PROTO);
}

TEST(read, skips_a_value_whole)
{
    struct reader in = READER("\x82\xa1"
                              "a\x92\x01\xc0\xa1"
                              "b\x81\xa1"
                              "c\xc3\x05");
    struct bytes map = read_skip(&in);
    T_EQ(map.size, 12);
    T_EQ(read_uint(&in), 5);
    T_EQ(in.code, 0);
    read_skip_many(&in, 1);
    T_EQ(in.code, ERR_PROTO);
}

TEST(read, finds_a_key)
{
    struct bytes map = BYTES_LIT("\x82\xa1"
                                 "a\x92\x01\xc0\xa1"
                                 "b\x07");
    T_OK(bytes_equal(map_find(map, "a"), BYTES_LIT("\x92\x01\xc0")));
    T_OK(bytes_equal(map_find(map, "b"), BYTES_LIT("\x07")));
    T_EQ(map_find(map, "c").size, 0);
    T_EQ(map_find(map, "").size, 0);
    T_EQ(map_find(BYTES_LIT(""), "a").size, 0);
    T_EQ(map_find(BYTES_LIT("\x90"), "a").size, 0);
    T_EQ(map_find(BYTES_LIT("\x81\xa1"), "a").size, 0); // Cut
}

TEST(read, takes_offices)
{
    struct reader in = READER("\xa9"
                              "05908-012\xc0\xa2"
                              "19");
    T_TEXT(read_office(&in, false).code, "05908-012");
    T_TEXT(read_office(&in, true).code, "");
    T_TEXT(read_office(&in, true).code, "19");
    T_EQ(in.code, 0);
    in = READER("\xc0");
    T_TEXT(read_office(&in, false).code, "");
    T_EQ(in.code, ERR_PROTO);
    in = READER("\xa3"
                "059");
    T_TEXT(read_office(&in, true).code, "");
    T_EQ(in.code, ERR_PROTO);
    in = READER("\xa0");
    (void)read_office(&in, true);
    T_EQ(in.code, ERR_PROTO);
}

TEST(read, fails_when_told)
{
    struct reader in = READER("\x07");
    read_fail(&in);
    T_EQ(in.code, ERR_PROTO);
    T_EQ(read_uint(&in), 0);
}
