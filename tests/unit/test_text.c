#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "../../node/base/err.h"
#include "../../node/base/text.h"
#include "../t.h"

#define NFC_WANT(given, want)                                                                      \
    do {                                                                                           \
        OWNED(buf_release) struct buf buf = {0};                                                   \
        T_EQ(text_nfc(BYTES_LIT(given), &buf), 0);                                                 \
        T_TEXT(buf_text(&buf), want);                                                              \
    } while (0)

#define FOLD_WANT(given, want)                                                                     \
    do {                                                                                           \
        OWNED(buf_release) struct buf buf = {0};                                                   \
        T_EQ(text_fold(BYTES_LIT(given), &buf), 0);                                                \
        T_TEXT(buf_text(&buf), want);                                                              \
    } while (0)

TEST(text, composes_what_mac_and_unikey_decompose)
{
    NFC_WANT("Nguye\xcc\x82\xcc\x83n", "Nguyễn");         // e, hat, tilde
    NFC_WANT("Nguy\xc3\xaa\xcc\x83n", "Nguyễn");          // ê, tilde
    NFC_WANT("Nguye\xcc\x83\xcc\x82n", "Nguyẽ\xcc\x82n"); // Tilde under hat is another letter
    NFC_WANT("u\xcc\x9b\xcc\xa3", "ự");
    NFC_WANT("u\xcc\xa3\xcc\x9b", "ự"); // Marks at two places may come in either order
    NFC_WANT("\xe2\x84\xab", "Å");      // The sign for angstrom
}

TEST(text, keeps_tone_placement_apart)
{
    NFC_WANT("Hòa", "Hòa");
    NFC_WANT("Hoà", "Hoà");
    NFC_WANT("Xã Văn Lang", "Xã Văn Lang");
    NFC_WANT("Xã Văn Lăng", "Xã Văn Lăng");
}

TEST(text, trims_every_kind_of_space)
{
    NFC_WANT("  \t\n\xc2\xa0Xóm 1 \xe3\x80\x80\n", "Xóm 1");
    NFC_WANT("hai\n\tdòng", "hai\n\tdòng");
    NFC_WANT(" \n\xc2\xa0", "");
    NFC_WANT("", "");
    NFC_WANT(" \xcc\x81", "\xcc\x81");
}

TEST(text, is_stable_when_done_twice)
{
    static const char *const samples[] = {" \xe2\x80\x80"
                                          "a \xcc\x81\xe2\x80\x81",
                                          "\xcc\x81", "  \xcc\x82 e\xcc\x82 ",
                                          "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"};
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        OWNED(buf_release) struct buf once = {0}, twice = {0};
        T_EQ(text_nfc(bytes_of(samples[i]), &once), 0);
        T_EQ(text_nfc(buf_bytes(&once), &twice), 0);
        T_TEXT(buf_text(&twice), buf_text(&once));
    }
}

TEST(text, adds_to_what_the_buffer_holds)
{
    OWNED(buf_release) struct buf buf = {0};
    buf_add_text(&buf, "a|");
    T_EQ(text_nfc(BYTES_LIT(" b "), &buf), 0);
    buf_add_text(&buf, "|");
    T_EQ(text_fold(BYTES_LIT(" Đ  É "), &buf), 0);
    T_TEXT(buf_text(&buf), "a|b|d e");
}

TEST(text, refuses_and_leaves_the_buffer_alone)
{
    const struct {
        struct bytes text;
        enum text_flaw flaw;
        size_t at;
    } bad[] = {
        {BYTES_LIT("ab\xff"), TEXT_UTF8, 2},
        {BYTES_LIT("\xc3"), TEXT_UTF8, 0},             // Cut short
        {BYTES_LIT("\xc0\xaf"), TEXT_UTF8, 0},         // Overlong
        {BYTES_LIT("a\xed\xa0\x80"), TEXT_UTF8, 1},    // Surrogate
        {BYTES_LIT("\xf4\x90\x80\x80"), TEXT_UTF8, 0}, // Above U+10FFFF
        {BYTES_LIT("Ninh B\xd7nh"), TEXT_UTF8, 6},     // TCVN3
        {BYTES_LIT("a\0b"), TEXT_NUL, 1},
        {BYTES_LIT("a\rb"), TEXT_CONTROL, 1},
        {BYTES_LIT("\x1b[31m"), TEXT_CONTROL, 0},
        {BYTES_LIT("\x7f"), TEXT_CONTROL, 0},
        {BYTES_LIT("\xc2\x85"), TEXT_CONTROL, 0}, // A C1 control in two bytes
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        OWNED(buf_release) struct buf buf = {0};
        buf_add_text(&buf, "x");
        size_t at = 99;
        T_EQ(text_flaw(bad[i].text, &at), bad[i].flaw);
        T_EQ(at, bad[i].at);
        T_EQ(text_nfc(bad[i].text, &buf), ERR_FIELD);
        T_TEXT(buf_text(&buf), "x");
    }
    T_EQ(text_flaw(BYTES_LIT("dòng\tmột\n"), NULL), TEXT_SOUND);
}

// What the quick way lets through unchanged is what the slow way gives.
TEST(text, quick_way_agrees_with_the_slow_one)
{
    for (int32_t letter = 0xa0; letter < 0x2100; letter++) {
        uint8_t text[12] = {'a'};
        size_t size = 1 + (size_t)utf8proc_encode_char(letter, text + 1);
        text[size++] = 'e';
        uint8_t *want = NULL;
        utf8proc_ssize_t want_size =
            utf8proc_map(text, (utf8proc_ssize_t)size, &want, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
        OWNED(buf_release) struct buf buf = {0};
        T_EQ(text_nfc(BYTES(text, size), &buf), 0);
        bool is_same =
            want_size == (utf8proc_ssize_t)buf.size && memcmp(want, buf.at, buf.size) == 0;
        free(want);
        if (!is_same)
            T_EQ(letter, 0);
    }
}

TEST(text, folds_to_what_people_type_in_a_search)
{
    FOLD_WANT("  Đặng   Thị\tÁnh ", "dang thi anh");
    FOLD_WANT("Nguye\xcc\x82\xcc\x83n", "nguyen");
    FOLD_WANT("Ước vọng ở Ơ", "uoc vong o o");
    FOLD_WANT("Hoà\xc2\xa0H\xc3\xb2"
              "a",
              "hoa hoa");
    FOLD_WANT("\xc3\x90\xe1\xba\xb7ng", "dang"); // Eth for Đ
    FOLD_WANT("tổ\xc2\xad\xe2\x80\x8b"
              "dân",
              "todan");
    FOLD_WANT("a\rb\nc", "a b c");
    FOLD_WANT("", "");
    FOLD_WANT(" \t", "");
    OWNED(buf_release) struct buf buf = {0};
    T_EQ(text_fold(BYTES_LIT("\xff"), &buf), ERR_FIELD);
    T_EQ(text_fold(BYTES_LIT("ab\0\xc3"), &buf), ERR_FIELD);
    T_EQ(buf.size, 0);
}

TEST(text, folds_two_communes_to_one_key)
{
    OWNED(buf_release) struct buf lang = {0}, lang_breve = {0};
    T_EQ(text_fold(BYTES_LIT("Xã Văn Lang"), &lang), 0);
    T_EQ(text_fold(BYTES_LIT("Xã Văn Lăng"), &lang_breve), 0);
    T_TEXT(buf_text(&lang), buf_text(&lang_breve));
}

TEST(text, counts_columns)
{
    T_EQ(text_width(BYTES_LIT("Nguyễn")), 6);
    T_EQ(text_width(BYTES_LIT("Nguye\xcc\x82\xcc\x83n")), 6);
    T_EQ(text_width(BYTES_LIT("漢字")), 4);
    T_EQ(text_width(BYTES_LIT("")), 0);
    T_EQ(text_width(BYTES_LIT("a\xff\xfe")), 3);
}

TEST(text, cuts_between_characters)
{
    struct bytes text = BYTES_LIT("xã");
    T_EQ(text_cut(text, 9), 3);
    T_EQ(text_cut(text, 3), 3);
    T_EQ(text_cut(text, 2), 1);
    T_EQ(text_cut(text, 0), 0);
}
