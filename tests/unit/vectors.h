// vectors.h - the test vectors of proto/vectors, as tests want them
//
//     OWNED(json_decrefp) json_t *file = vectors_load("merkle");
//     vector_hex(one, "root", root, sizeof root);
//     T_TEXT(vector_verdict(one, code), vector_expected(one));
//
// Shape    Bytes are lower-case hex. A case has a name; "code" is the error that must come of it,
//          "good": false stands for LT-ROOT, and neither for success.
// Memory   vectors_load: yours, to json_decref. Texts are static and last until the next call.

#ifndef TESTS_UNIT_VECTORS_H
#define TESTS_UNIT_VECTORS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "../../node/base/buf.h"

// proto/vectors/<name>.json; NULL, and a failed claim, when it cannot be read.
json_t *vectors_load(const char *name);

const char *vector_text(const json_t *one, const char *member);
uint64_t vector_number(const json_t *one, const char *member);

// Exactly `size` bytes of hex; all 0xee, which no vector has, when it is not that.
void vector_hex(const json_t *one, const char *member, uint8_t *ret_at, size_t size);

// Hex of any length, or of an array of hex, onto the end of `buf`.
void vector_bytes(const json_t *value, struct buf *buf);

// "name: good" or "name: LT-..."
const char *vector_verdict(const json_t *one, int code);

// The same, as the case wants it.
const char *vector_expected(const json_t *one);

#endif
