#include "arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct arena_block {
    struct arena_block *next;
    size_t room;
    size_t used;
    alignas(max_align_t) uint8_t at[];
};

static struct arena_block *
block_with(struct arena *self, size_t size)
{
    if (self->spare != NULL && self->spare->room >= size) {
        struct arena_block *block = self->spare;
        self->spare = block->next;
        return block;
    }
    size_t room = size > ARENA_BLOCK ? size : ARENA_BLOCK;
    struct arena_block *block = mem_grow(NULL, sizeof *block + room);
    block->room = room;
    return block;
}

void *
arena_new(struct arena *self, size_t size)
{
    size = (size + 15) & ~(size_t)15;
    if (self->first == NULL || self->first->room - self->first->used < size) {
        struct arena_block *block = block_with(self, size);
        block->used = 0;
        block->next = self->first;
        self->first = block;
    }
    uint8_t *at = self->first->at + self->first->used;
    self->first->used += size;
    memset(at, 0, size);
    return at;
}

struct bytes
arena_bytes(struct arena *self, struct bytes bytes)
{
    uint8_t *at = arena_new(self, bytes.size > 0 ? bytes.size : 1);
    if (bytes.size > 0)
        memcpy(at, bytes.at, bytes.size);
    return BYTES(at, bytes.size);
}

struct bytes
arena_keep(struct arena *self, const struct buf *buf)
{
    return arena_bytes(self, buf_bytes(buf));
}

void
arena_clear(struct arena *self)
{
    while (self->first != NULL) {
        struct arena_block *block = self->first;
        self->first = block->next;
        if (block->room > ARENA_BLOCK) {
            free(block);
            continue;
        }
        block->next = self->spare;
        self->spare = block;
    }
}

void
arena_release(struct arena *self)
{
    arena_clear(self);
    while (self->spare != NULL) {
        struct arena_block *block = self->spare;
        self->spare = block->next;
        free(block);
    }
}
