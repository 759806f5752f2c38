#include "text.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "err.h"

// Take one character off the front; its size, or 0 when what stands there is not UTF-8.
static size_t
letter_take(struct bytes text, int32_t *ret_letter)
{
    utf8proc_ssize_t size = utf8proc_iterate(text.at, (utf8proc_ssize_t)text.size, ret_letter);
    return size > 0 ? (size_t)size : 0;
}

static bool
is_control(int32_t letter)
{
    return letter < 0x20 || (letter >= 0x7f && letter < 0xa0);
}

static bool
is_space(int32_t letter)
{
    return letter == ' ' || letter == '\n' || letter == '\t' ||
           (letter >= 0xa0 && utf8proc_category(letter) == UTF8PROC_CATEGORY_ZS);
}

enum text_flaw
text_flaw(struct bytes text, size_t *ret_at)
{
    enum text_flaw flaw = TEXT_SOUND;
    size_t at = 0;
    while (at < text.size) {
        int32_t letter;
        size_t size = letter_take(BYTES(text.at + at, text.size - at), &letter);
        if (size == 0)
            flaw = TEXT_UTF8;
        else if (letter == 0)
            flaw = TEXT_NUL;
        else if (is_control(letter) && letter != '\n' && letter != '\t')
            flaw = TEXT_CONTROL;
        if (flaw != TEXT_SOUND)
            break;
        at += size;
    }
    if (ret_at != NULL)
        *ret_at = at;
    return flaw;
}

// `text` is sound UTF-8, so that the last character is found by walking back to its lead.
static struct bytes
trimmed(struct bytes text)
{
    int32_t letter;
    while (text.size > 0) {
        size_t size = letter_take(text, &letter);
        if (!is_space(letter))
            break;
        text = BYTES(text.at + size, text.size - size);
    }
    while (text.size > 0) {
        size_t at = text_cut(text, text.size - 1);
        (void)letter_take(BYTES(text.at + at, text.size - at), &letter);
        if (!is_space(letter))
            break;
        text.size = at;
    }
    return text;
}

// True when text of such letters alone is in form C whatever their order: none of them changes by
// itself, and none joins the one before. Nearly all Vietnamese that reaches us is of this kind,
// and is spared the trip through a decomposed copy. The unit test tries every letter of the ranges.
static bool
is_stable(int32_t letter)
{
    return letter < 0x300 || (letter >= 0x1e00 && letter <= 0x1eff) ||
           (letter >= 0x2010 && letter <= 0x2044);
}

static bool
all_stable(struct bytes text)
{
    while (text.size > 0) {
        int32_t letter;
        size_t size = letter_take(text, &letter);
        if (!is_stable(letter))
            return false;
        text = BYTES(text.at + size, text.size - size);
    }
    return true;
}

// Through utf8proc, which hands out memory of its own. `text` is sound, so that nothing is left
// that could fail but memory, and out of memory ends the program here as everywhere.
static void
mapped_add(struct bytes text, utf8proc_option_t options, struct buf *ret_text)
{
    uint8_t *made = NULL;
    utf8proc_ssize_t size = utf8proc_map(text.at, (utf8proc_ssize_t)text.size, &made, options);
    if (size < 0)
        abort();
    buf_add(ret_text, made, (size_t)size);
    free(made);
}

int
text_nfc(struct bytes text, struct buf *ret_text)
{
    if (text_flaw(text, NULL) != TEXT_SOUND)
        return ERR_FIELD;
    text = trimmed(text);
    if (text.size == 0)
        return 0;
    if (all_stable(text))
        buf_add_bytes(ret_text, text);
    else
        mapped_add(text, UTF8PROC_STABLE | UTF8PROC_COMPOSE, ret_text);
    return 0;
}

static bool
is_utf8(struct bytes text)
{
    while (text.size > 0) {
        int32_t letter;
        size_t size = letter_take(text, &letter);
        if (size == 0)
            return false;
        text = BYTES(text.at + size, text.size - size);
    }
    return true;
}

// đ is a letter of its own to Unicode, without a mark to strip. ð and ɖ are what some fonts and
// converters leave in its place; they look the same, so they are found the same.
static int32_t
plain_d(int32_t letter)
{
    return letter == 0x111 || letter == 0xf0 || letter == 0x256 ? 'd' : letter;
}

static void
letter_add(int32_t letter, struct buf *ret_text)
{
    uint8_t bytes[4];
    buf_add(ret_text, bytes, (size_t)utf8proc_encode_char(letter, bytes));
}

int
text_fold(struct bytes text, struct buf *ret_key)
{
    if (!is_utf8(text))
        return ERR_FIELD;
    if (text.size == 0)
        return 0;
    OWNED(buf_release) struct buf bare = {0};
    mapped_add(text,
               UTF8PROC_COMPAT | UTF8PROC_DECOMPOSE | UTF8PROC_STRIPMARK | UTF8PROC_CASEFOLD |
                   UTF8PROC_IGNORE,
               &bare);

    size_t from = ret_key->size;
    bool owes_space = false;
    int32_t letter;
    for (size_t at = 0; at < bare.size;) {
        at += letter_take(BYTES(bare.at + at, bare.size - at), &letter);
        if (is_space(letter) || is_control(letter)) {
            owes_space = ret_key->size > from;
            continue;
        }
        if (owes_space)
            buf_add_byte(ret_key, ' ');
        owes_space = false;
        letter_add(plain_d(letter), ret_key);
    }
    return 0;
}

size_t
text_width(struct bytes text)
{
    size_t width = 0;
    while (text.size > 0) {
        int32_t letter;
        size_t size = letter_take(text, &letter);
        width += size == 0 ? 1 : (size_t)utf8proc_charwidth(letter);
        size = size == 0 ? 1 : size;
        text = BYTES(text.at + size, text.size - size);
    }
    return width;
}

size_t
text_cut(struct bytes text, size_t most)
{
    if (text.size <= most)
        return text.size;
    while (most > 0 && (text.at[most] & 0xc0U) == 0x80U)
        most--;
    return most;
}
