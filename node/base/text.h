// text.h - text as people type it, made into the one form we store, search and line up
//
//     " Nguye\xcc\x82\xcc\x83n "  --text_nfc-->   "Nguyễn"    stored: one code point per letter
//     "Nguyễn  ĐỨC"     --text_fold-->  "nguyen duc"          searched: no case, marks or đ
//     "Nguyễn"          --text_width--> 6                     lined up: columns on a screen
//
// Shape    Stored text is sound UTF-8 in Unicode normal form C, without white space at either end
//          and without control characters other than newline and tab. A key made by text_fold is
//          for finding and comparing, never for showing: 'Xã Văn Lang' and 'Xã Văn Lăng' fold to
//          the same key, and so do 'Hòa' and 'Hoà', which form C keeps apart.
// Units    Bytes, except where columns are named.
// Errors   ERR_FIELD for text that cannot be stored or folded; text_flaw says what and where.
// Memory   What is made goes onto the end of the caller's buf, which is as it was on failure.
// Threads  Any.
// Source   Unicode Standard Annex 15, through libutf8proc. Form C because text comes decomposed
//          from macOS and half composed from UniKey, and SQLite compares bytes.

#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "buf.h"
#include "own.h"

enum text_flaw {
    TEXT_SOUND,
    TEXT_NUL,     // A zero byte
    TEXT_CONTROL, // A control character, and not newline or tab
    TEXT_UTF8,    // Not UTF-8: cut short, overlong, a surrogate, or of another encoding
};

// The first thing in `text` that we do not store; `ret_at` (may be NULL) gets its position.
enum text_flaw text_flaw(struct bytes text, size_t *ret_at);

// Add `text` to `ret_text` as we store it. Returns 0, or ERR_FIELD when text_flaw finds something.
// Doing it twice changes nothing more.
MUST_CHECK int text_nfc(struct bytes text, struct buf *ret_text);

// Add the search key of `text` to `ret_key`: lower case, no marks, đ as d, every run of white space
// or control characters one space, none at the ends. Returns 0, or ERR_FIELD when it is not UTF-8.
MUST_CHECK int text_fold(struct bytes text, struct buf *ret_key);

// Columns that `text` takes on a terminal: marks take none, wide letters two, what is not UTF-8
// one for each byte.
size_t text_width(struct bytes text);

// Size of the longest beginning of `text` that has at most `most` bytes and only whole characters.
size_t text_cut(struct bytes text, size_t most);

#endif
