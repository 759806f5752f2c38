// value.h - the same value as JSON and as canonical msgpack
//
//     {"b": 1, "a": ["x", null]}   --value_pack-->   82 a1 "a" 92 a1 "x" c0  a1 "b" 01
//                                  <--value_unpack--
//
// Shape    nil, bool, int, str, array and map stand for themselves. Bytes are {"$bin": "0aff"} in
//          JSON, lower-case hex. There are no fractions: 1.0 is refused, not rounded. Keys come out
//          in bytewise order, so that equal values are equal bytes.
// Units    Depth as in scan.h.
// Errors   ERR_FIELD from value_pack, with the way to the value; value_unpack gives ERR_PROTO and
//          ERR_CANON as scan.h does, and ERR_LIMIT for a number above INT64_MAX, which JSON's
//          readers would bend.
// Memory   value_pack adds to a buf, which is as it was on failure. What value_unpack gives is
//          yours: OWNED(json_decrefp).
// Threads  As jansson: one thread for each json_t.
//
// (jansson has the names json_pack and json_unpack for something else.)

#ifndef CATALOGUE_VALUE_H
#define CATALOGUE_VALUE_H

#include <jansson.h>

#include "../base/buf.h"
#include "../base/err.h"
#include "../base/own.h"

// Add `json` (borrowed; jansson's walks want it unconst) to `ret_value` as canonical msgpack.
MUST_CHECK int value_pack(json_t *json, struct buf *ret_value, struct err *reterr);

// The JSON of one canonical value.
MUST_CHECK int value_unpack(struct bytes value, json_t **ret_json);

#endif
