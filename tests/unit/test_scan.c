#include "../../node/base/err.h"
#include "../../proto/pack.h"
#include "../../proto/scan.h"
#include "../t.h"

// The verdict on bytes written as hex; spaces are for the reader.
static int
scan_hex(const char *text)
{
    OWNED(buf_release) struct buf hex = {0}, bytes = {0};
    for (; *text != '\0'; text++)
        if (*text != ' ')
            buf_add_byte(&hex, (uint8_t)*text);
    size_t size = hex.size / 2;
    if (!hex_parse(buf_bytes(&hex), buf_room(&bytes, size + 1), size))
        return 4711; // A mistake of the test
    bytes.size = size;
    return scan_canonical(buf_bytes(&bytes));
}

// `count` times the byte `fill` behind `head`.
static int
scan_filled(const char *head, size_t head_size, size_t count, uint8_t fill)
{
    OWNED(buf_release) struct buf bytes = {0};
    buf_add(&bytes, head, head_size);
    while (count-- > 0)
        buf_add_byte(&bytes, fill);
    return scan_canonical(buf_bytes(&bytes));
}

#define FILLED(head, count, fill) scan_filled("" head, sizeof(head) - 1, (count), (fill))

TEST(scan, lets_plain_values_through)
{
    T_EQ(scan_hex("c0"), 0);
    T_EQ(scan_hex("c2"), 0);
    T_EQ(scan_hex("c3"), 0);
    T_EQ(scan_hex("00"), 0);
    T_EQ(scan_hex("7f"), 0);
    T_EQ(scan_hex("ff"), 0);
    T_EQ(scan_hex("a5 68656c6c6f"), 0);
    T_EQ(scan_hex("c4 00"), 0);
    T_EQ(scan_hex("90"), 0);
    T_EQ(scan_hex("80"), 0);
    T_EQ(scan_hex("92 80 81 a1 61 91 c0"), 0);
}

TEST(scan, wants_the_shortest_unsigned)
{
    T_EQ(scan_hex("cc 7f"), ERR_CANON);
    T_EQ(scan_hex("cc 80"), 0);
    T_EQ(scan_hex("cd 00ff"), ERR_CANON);
    T_EQ(scan_hex("cd 0100"), 0);
    T_EQ(scan_hex("ce 0000ffff"), ERR_CANON);
    T_EQ(scan_hex("ce 00010000"), 0);
    T_EQ(scan_hex("cf 00000000ffffffff"), ERR_CANON);
    T_EQ(scan_hex("cf 0000000100000000"), 0);
    T_EQ(scan_hex("cf ffffffffffffffff"), 0);
}

TEST(scan, wants_the_shortest_negative)
{
    T_EQ(scan_hex("e0"), 0); // -32
    T_EQ(scan_hex("d0 e0"), ERR_CANON);
    T_EQ(scan_hex("d0 df"), 0); // -33
    T_EQ(scan_hex("d1 ff80"), ERR_CANON);
    T_EQ(scan_hex("d1 ff7f"), 0); // -129
    T_EQ(scan_hex("d2 ffff8000"), ERR_CANON);
    T_EQ(scan_hex("d2 ffff7fff"), 0);
    T_EQ(scan_hex("d3 ffffffff80000000"), ERR_CANON);
    T_EQ(scan_hex("d3 ffffffff7fffffff"), 0);
    T_EQ(scan_hex("d3 8000000000000000"), 0);
}

TEST(scan, wants_unsigned_forms_for_what_is_not_negative)
{
    T_EQ(scan_hex("d0 00"), ERR_CANON);
    T_EQ(scan_hex("d0 7f"), ERR_CANON);
    T_EQ(scan_hex("d1 0100"), ERR_CANON);
    T_EQ(scan_hex("d2 7fffffff"), ERR_CANON);
    T_EQ(scan_hex("d3 7fffffffffffffff"), ERR_CANON);
}

TEST(scan, wants_the_shortest_str_head)
{
    T_EQ(FILLED("\xd9\x1f", 31, 'x'), ERR_CANON);
    T_EQ(FILLED("\xd9\x20", 32, 'x'), 0);
    T_EQ(FILLED("\xda\x00\xff", 255, 'x'), ERR_CANON);
    T_EQ(FILLED("\xda\x01\x00", 256, 'x'), 0);
    T_EQ(FILLED("\xdb\x00\x00\xff\xff", 65535, 'x'), ERR_CANON);
    T_EQ(FILLED("\xdb\x00\x01\x00\x00", 65536, 'x'), 0);
}

TEST(scan, wants_the_shortest_bin_head)
{
    T_EQ(FILLED("\xc4\xff", 255, 0xff), 0);
    T_EQ(FILLED("\xc5\x00\xff", 255, 0xff), ERR_CANON);
    T_EQ(FILLED("\xc5\x01\x00", 256, 0xff), 0);
    T_EQ(FILLED("\xc6\x00\x00\xff\xff", 65535, 0xff), ERR_CANON);
    T_EQ(FILLED("\xc6\x00\x01\x00\x00", 65536, 0xff), 0);
}

TEST(scan, wants_the_shortest_container_head)
{
    T_EQ(FILLED("\xdc\x00\x0f", 15, 0), ERR_CANON);
    T_EQ(FILLED("\xdc\x00\x10", 16, 0), 0);
    T_EQ(FILLED("\xdd\x00\x00\xff\xff", 65535, 0), ERR_CANON);
    T_EQ(FILLED("\xde\x00\x01\xa0\x00", 0, 0), ERR_CANON);
    T_EQ(FILLED("\xdf\x00\x00\x00\x01\xa0\x00", 0, 0), ERR_CANON);
    OWNED(buf_release) struct buf map = {0};
    struct packer out = packer_of(&map);
    pack_map(&out, 16);
    for (char name[] = "a"; name[0] < 'a' + 16; name[0]++) {
        pack_text(&out, name);
        pack_nil(&out);
    }
    T_EQ(map.at[0], 0xde);
    T_EQ(scan_canonical(buf_bytes(&map)), 0);
}

TEST(scan, refuses_what_we_do_not_speak)
{
    T_EQ(scan_hex("c1"), ERR_PROTO);
    T_EQ(scan_hex("ca 3f800000"), ERR_PROTO);
    T_EQ(scan_hex("cb 3ff0000000000000"), ERR_PROTO);
    T_EQ(scan_hex("d4 01 00"), ERR_PROTO);
    T_EQ(scan_hex("d8 01 00000000000000000000000000000000"), ERR_PROTO);
    T_EQ(scan_hex("c7 01 01 00"), ERR_PROTO);
    T_EQ(scan_hex("d6 ff 00000000"), ERR_PROTO); // A timestamp
    T_EQ(scan_hex("91 ca 3f800000"), ERR_PROTO);
}

TEST(scan, wants_one_whole_value_and_nothing_behind_it)
{
    T_EQ(scan_hex(""), ERR_PROTO);
    T_EQ(scan_hex("00 00"), ERR_PROTO);
    T_EQ(scan_hex("90 c0"), ERR_PROTO);
    T_EQ(scan_hex("91"), ERR_PROTO);
    T_EQ(scan_hex("92 00"), ERR_PROTO);
    T_EQ(scan_hex("81 a1 61"), ERR_PROTO);
    T_EQ(scan_hex("a2 61"), ERR_PROTO);
    T_EQ(scan_hex("cd 01"), ERR_PROTO);
    T_EQ(scan_hex("d9"), ERR_PROTO);
}

TEST(scan, believes_no_promise)
{
    T_EQ(scan_hex("dd ffffffff"), ERR_PROTO);
    T_EQ(scan_hex("df ffffffff"), ERR_PROTO);
    T_EQ(scan_hex("db ffffffff"), ERR_PROTO);
    T_EQ(scan_hex("c6 ffffffff"), ERR_PROTO);
    T_EQ(scan_hex("df 80000000 a0 00"), ERR_PROTO); // Twice that is 2^32
}

TEST(scan, wants_keys_that_rise)
{
    T_EQ(scan_hex("82 a1 61 01 a1 62 02"), 0);
    T_EQ(scan_hex("82 a1 62 01 a1 61 02"), ERR_CANON);
    T_EQ(scan_hex("82 a1 61 01 a1 61 02"), ERR_CANON); // Twice
    T_EQ(scan_hex("82 a0 01 a1 61 02"), 0);            // The empty key is the first
    T_EQ(scan_hex("82 a0 01 a0 02"), ERR_CANON);
    T_EQ(scan_hex("82 a1 61 01 a2 6161 02"), 0); // A prefix before what it begins
    T_EQ(scan_hex("82 a2 6161 01 a1 61 02"), ERR_CANON);
    T_EQ(scan_hex("82 a1 7a 01 a2 c3a9 02"), 0); // By bytes, not by anybody's alphabet
    T_EQ(scan_hex("82 a1 61 81 a1 7a 00 a1 62 00"), 0);
    T_EQ(scan_hex("92 81 a1 62 00 81 a1 61 00"), 0); // Each map by itself
}

TEST(scan, wants_keys_that_are_str)
{
    T_EQ(scan_hex("81 01 02"), ERR_CANON);
    T_EQ(scan_hex("81 c4 01 61 02"), ERR_CANON);
    T_EQ(scan_hex("81 c0 02"), ERR_CANON);
    T_EQ(scan_hex("81 90 02"), ERR_CANON);
}

TEST(scan, wants_sound_utf8_in_str_alone)
{
    T_EQ(scan_hex("a1 ff"), ERR_CANON);
    T_EQ(scan_hex("c4 01 ff"), 0);
    T_EQ(scan_hex("81 a1 ff 00"), ERR_CANON);
    T_EQ(scan_hex("a3 e1bb85"), 0); // ễ
}

TEST(scan, knows_utf8)
{
    T_OK(scan_is_utf8(BYTES_LIT("")));
    T_OK(scan_is_utf8(BYTES_LIT("Nguyễn Văn A")));
    T_OK(scan_is_utf8(BYTES_LIT("\0")));
    T_OK(scan_is_utf8(BYTES_LIT("\xf4\x8f\xbf\xbf")));  // U+10FFFF
    T_OK(!scan_is_utf8(BYTES_LIT("\xf4\x90\x80\x80"))); // One above
    T_OK(!scan_is_utf8(BYTES_LIT("\xf5\x80\x80\x80")));
    T_OK(!scan_is_utf8(BYTES_LIT("\xc0\x80"))); // Overlong
    T_OK(!scan_is_utf8(BYTES_LIT("\xc1\xbf")));
    T_OK(!scan_is_utf8(BYTES_LIT("\xe0\x9f\xbf")));
    T_OK(scan_is_utf8(BYTES_LIT("\xe0\xa0\x80")));
    T_OK(!scan_is_utf8(BYTES_LIT("\xf0\x8f\xbf\xbf")));
    T_OK(scan_is_utf8(BYTES_LIT("\xf0\x90\x80\x80")));
    T_OK(!scan_is_utf8(BYTES_LIT("\xed\xa0\x80"))); // A surrogate
    T_OK(scan_is_utf8(BYTES_LIT("\xed\x9f\xbf")));
    T_OK(!scan_is_utf8(BYTES_LIT("\x80")));
    T_OK(!scan_is_utf8(BYTES_LIT("\xe1\xbb"))); // Cut
    T_OK(!scan_is_utf8(BYTES_LIT("\xe1\xbb\x45")));
    T_OK(!scan_is_utf8(BYTES_LIT("\xf0\x90\x80\xc0")));
}

TEST(scan, allows_eight_containers_inside_each_other)
{
    T_EQ(scan_hex("91 91 91 91 91 91 91 c0"), 0);
    T_EQ(scan_hex("91 91 91 91 91 91 91 90"), 0);
    T_EQ(scan_hex("91 91 91 91 91 91 91 91 c0"), 0);
    T_EQ(scan_hex("91 91 91 91 91 91 91 91 90"), ERR_LIMIT);
    T_EQ(scan_hex("91 91 91 91 91 91 91 91 80"), ERR_LIMIT);
    T_EQ(FILLED("", 5000, 0x91), ERR_LIMIT);
    // As many side by side as one likes
    T_EQ(scan_hex("92 91 91 91 91 91 91 90 91 91 91 91 91 91 90"), 0);
}

TEST(scan, counts_values)
{
    // An array and its elements
    T_EQ(FILLED("\xdc\xff\xff", 65535, 0), 0);
    T_EQ(FILLED("\xdd\x00\x01\x00\x00", 65536, 0), ERR_LIMIT);
}

TEST(scan, finds_the_end_of_the_first_of_several)
{
    size_t size = 4711;
    T_EQ(scan_next(BYTES_LIT("\x92\x01\xa1zrest"), &size), 0);
    T_EQ(size, 4);
    T_EQ(scan_next(BYTES_LIT("\x01"), &size), 0);
    T_EQ(size, 1);
    T_EQ(scan_next(BYTES_LIT("\x92\x01"), &size), ERR_PROTO);
    T_EQ(size, 1);
}

// Cut after any byte, what passed whole is refused.
TEST(scan, refuses_every_beginning_of_a_value)
{
    OWNED(buf_release) struct buf value = {0};
    struct packer out = packer_of(&value);
    pack_array(&out, 5);
    pack_uint(&out, 70000);
    pack_int(&out, -70000);
    pack_text(&out, "Nguyễn");
    pack_bin(&out, "\xff\x00", 2);
    pack_map(&out, 2);
    pack_text(&out, "a");
    pack_nil(&out);
    pack_text(&out, "b");
    pack_bool(&out, true);
    T_EQ(scan_canonical(buf_bytes(&value)), 0);
    for (size_t size = 0; size < value.size; size++)
        T_EQ(scan_canonical(BYTES(value.at, size)), ERR_PROTO);
}
