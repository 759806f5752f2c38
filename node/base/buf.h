// buf.h - bytes: borrowed ones, and a buffer that grows
//
//     OWNED(buf_release) struct buf buf = {0};
//     buf_add(&buf, "abc", 3);
//     struct bytes all = buf_bytes(&buf);      // good until the buffer grows
//
// Shape    struct bytes borrows; struct buf owns. Text in either is UTF-8 and not terminated,
//          except after buf_text, which puts a NUL behind the last byte without counting it.
// Units    Bytes.
// Errors   None: out of memory ends the program with a line, for every input has a bound.
// Memory   `= {0}` is ready to use; buf_release empties it, and may be called twice.
// Threads  None of its own.

#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "own.h"

struct bytes {
    const uint8_t *at;
    size_t size;
};

struct buf {
    uint8_t *at;
    size_t size;
    size_t room; // Bytes allocated
};

#define BYTES(pointer, count) ((struct bytes){(const uint8_t *)(pointer), (count)})
#define BYTES_LIT(literal)    BYTES("" literal, sizeof(literal) - 1)

// The bytes of a terminated text.
struct bytes bytes_of(const char *text);

bool bytes_equal(struct bytes a, struct bytes b);

// As memcmp, a shorter one that is a prefix first.
int bytes_compare(struct bytes a, struct bytes b);

// A copy on the heap, to be given to bytes_free, which leaves nothing behind.
struct bytes bytes_own(struct bytes bytes);
void bytes_free(struct bytes *self);

void buf_release(struct buf *self);

// Forget the content, keep the memory.
void buf_clear(struct buf *self);

// Make room for `more` bytes behind the content; returns where they go. Does not count them.
uint8_t *buf_room(struct buf *self, size_t more);

void buf_add(struct buf *self, const void *at, size_t size);
void buf_add_bytes(struct buf *self, struct bytes bytes);
void buf_add_byte(struct buf *self, uint8_t byte);
void buf_add_text(struct buf *self, const char *text);
void buf_print(struct buf *self, const char *format, ...) PRINTF(2, 3);

struct bytes buf_bytes(const struct buf *self);

// The content as a terminated text; borrowed until the buffer grows.
const char *buf_text(struct buf *self);

// malloc and friends that end the program with a line rather than return NULL.
void *mem_new(size_t size);            // Zeroed
void *mem_grow(void *at, size_t size); // As realloc
void *mem_copy(const void *at, size_t size);
char *mem_text(const char *text);

// Double `*room` until `want` items of `item` bytes fit in `at`; returns where they now are.
void *mem_reserve(void *at, size_t *room, size_t want, size_t item);

#endif
