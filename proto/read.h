// read.h - take values off bytes that the gate has let through
//
//     struct reader in = reader_of(bytes);
//     size_t count = read_array(&in);              // fixed shapes: count, then each in turn
//     uint64_t version = read_uint(&in);
//     struct bytes name = read_str(&in);
//     if (in.code != 0) return in.code;            // one check at the end
//
// Shape    A cursor. The first value that is not what was asked for sets `code` to ERR_PROTO and
//          moves the cursor to the end; every later read gives 0 or nothing. So the reads go in
//          a row and the check comes once - before any of what was read is believed.
// Errors   `code`: 0 or ERR_PROTO.
// Memory   Strings and bins point into the bytes; they are not terminated.
// Threads  None of its own.
//
// msgpack-c could decode too; it builds a tree of objects on the heap first. It is the oracle of
// tests/fuzz/fuzz_scan.c instead, and does all the packing.

#ifndef PROTO_READ_H
#define PROTO_READ_H

#include "../node/base/buf.h"
#include "../node/base/id.h"

struct reader {
    const uint8_t *at;
    const uint8_t *end;
    int code;
};

enum read_kind {
    READ_END, // Nothing left, or an earlier read failed
    READ_NIL,
    READ_BOOL,
    READ_UINT,
    READ_INT, // Negative
    READ_STR,
    READ_BIN,
    READ_ARRAY,
    READ_MAP,
};

struct reader reader_of(struct bytes bytes);

// What comes next, without taking it.
enum read_kind read_peek(const struct reader *self);

uint64_t read_uint(struct reader *self);

// As read_uint, but above `most` is ERR_PROTO too.
uint64_t read_uint_upto(struct reader *self, uint64_t most);

int64_t read_int(struct reader *self); // Either sign; above INT64_MAX is ERR_PROTO
bool read_bool(struct reader *self);
bool read_nil(struct reader *self); // True, and taken, when nil comes next; else nothing happens
struct bytes read_str(struct reader *self);
struct bytes read_bin(struct reader *self);

// A bin of exactly `size` bytes, copied out. Zeroes when it is not there.
void read_bin_exact(struct reader *self, uint8_t *ret_at, size_t size);

// Number of elements (of pairs); they follow.
size_t read_array(struct reader *self);
size_t read_map(struct reader *self);

// As read_array, but fewer than `least` elements is ERR_PROTO. Later versions may add elements at
// the end: skip what is beyond those you know with read_skip.
size_t read_array_least(struct reader *self, size_t least);

// Take one value of any kind, whole; gives its bytes.
struct bytes read_skip(struct reader *self);

// Take `count` values.
void read_skip_many(struct reader *self, size_t count);

// An office code; or, where `or_none`, nil.
struct office read_office(struct reader *self, bool or_none);

// Something was read and does not hold: make the reader fail.
void read_fail(struct reader *self);

// The value under `key` of the map in `map`, or an empty struct bytes.
struct bytes map_find(struct bytes map, const char *key);

#endif
