// scan.h - the gate: look bytes over before anything believes them
//
// A MessagePack header can promise four thousand million elements in five bytes. scan_canonical
// walks the bytes once, allocates nothing, and lets them through only when they are exactly one
// whole value, in the one form that value has:
//
//     a5 "hello"            passes
//     d9 05 "hello"         ERR_CANON: a str of 5 bytes has a shorter head
//     82 a1 b .. a1 a ..    ERR_CANON: keys out of order
//     dd ff ff ff ff        ERR_PROTO: promises what is not there
//
// Shape    nil, bool, int, str (sound UTF-8), bin, array, map with unique str keys in bytewise
//          order. No float, no ext, no 0xc1. Integers are the shortest form of their value, and
//          never negative in an unsigned form's place.
// Units    Bytes; depth counts containers inside each other: a bare value has 0, [] has 1.
// Errors   ERR_PROTO: cut short, trailing bytes, or a type we do not speak. ERR_CANON: right value,
//          wrong form. ERR_LIMIT: deeper or more values than allowed.
// Memory   None.
// Source   MessagePack specification; msgpack-c issues 985 and 1013 for the size bomb.

#ifndef PROTO_SCAN_H
#define PROTO_SCAN_H

#include "../node/base/buf.h"
#include "../node/base/own.h"

enum {
    SCAN_DEPTH_MAX = 8,
    SCAN_VALUES_MAX = 65536, // A batch of 512 entries of 100 values, and some air
};

// 0 when `bytes` are one canonical value.
MUST_CHECK int scan_canonical(struct bytes bytes);

// Length of the canonical value that `bytes` begin with, in `ret_size`: for values in a row.
MUST_CHECK int scan_next(struct bytes bytes, size_t *ret_size);

// True when `text` is sound UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
bool scan_is_utf8(struct bytes text);

#endif
