#include "buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *
checked(void *at)
{
    if (at == NULL) {
        (void)fputs("lienthong: LT-LIMIT: hết bộ nhớ / out of memory\n", stderr);
        abort();
    }
    return at;
}

void *
mem_new(size_t size)
{
    return checked(calloc(1, size > 0 ? size : 1));
}

void *
mem_grow(void *at, size_t size)
{
    return checked(realloc(at, size > 0 ? size : 1));
}

void *
mem_copy(const void *at, size_t size)
{
    void *copy = mem_grow(NULL, size);
    if (size > 0)
        memcpy(copy, at, size);
    return copy;
}

char *
mem_text(const char *text)
{
    return mem_copy(text, strlen(text) + 1);
}

void *
mem_reserve(void *at, size_t *room, size_t want, size_t item)
{
    if (want <= *room)
        return at;
    size_t next = *room > 0 ? *room : 8;
    while (next < want)
        next *= 2;
    *room = next;
    return mem_grow(at, next * item);
}

struct bytes
bytes_of(const char *text)
{
    return BYTES(text, strlen(text));
}

bool
bytes_equal(struct bytes a, struct bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

int
bytes_compare(struct bytes a, struct bytes b)
{
    size_t size = a.size < b.size ? a.size : b.size;
    int order = size > 0 ? memcmp(a.at, b.at, size) : 0;
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

struct bytes
bytes_own(struct bytes bytes)
{
    return BYTES(mem_copy(bytes.at, bytes.size), bytes.size);
}

void
bytes_free(struct bytes *self)
{
    union {
        const uint8_t *borrowed;
        void *owned;
    } at = {.borrowed = self->at}; // Ours since bytes_own: const is only for those who borrow
    free(at.owned);
    *self = (struct bytes){0};
}

void
buf_release(struct buf *self)
{
    free(self->at);
    *self = (struct buf){0};
}

void
buf_clear(struct buf *self)
{
    self->size = 0;
}

uint8_t *
buf_room(struct buf *self, size_t more)
{
    assert(more <= SIZE_MAX / 4 && self->size <= SIZE_MAX / 4);
    self->at = mem_reserve(self->at, &self->room, self->size + more, 1);
    return self->at + self->size;
}

void
buf_add(struct buf *self, const void *at, size_t size)
{
    if (size == 0)
        return;
    memcpy(buf_room(self, size), at, size);
    self->size += size;
}

void
buf_add_bytes(struct buf *self, struct bytes bytes)
{
    buf_add(self, bytes.at, bytes.size);
}

void
buf_add_byte(struct buf *self, uint8_t byte)
{
    buf_add(self, &byte, 1);
}

void
buf_add_text(struct buf *self, const char *text)
{
    buf_add(self, text, strlen(text));
}

void
buf_print(struct buf *self, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int size = vsnprintf(NULL, 0, format, args);
    va_end(args);
    assert(size >= 0);

    uint8_t *at = buf_room(self, (size_t)size + 1);
    va_start(args, format);
    (void)vsnprintf((char *)at, (size_t)size + 1, format, args);
    va_end(args);
    self->size += (size_t)size;
}

struct bytes
buf_bytes(const struct buf *self)
{
    return (struct bytes){self->at, self->size};
}

const char *
buf_text(struct buf *self)
{
    *buf_room(self, 1) = '\0';
    return (const char *)self->at;
}
