// arena.h - memory that is forgotten all at once
//
//     char *name = arena_copy(&arena, text, size);
//     arena_clear(&arena);                         // everything is gone, the blocks are kept
//
// Shape    Blocks of ARENA_BLOCK bytes, larger ones for larger wishes. Pointers do not move.
// Memory   `= {0}` is ready; arena_clear forgets, arena_release frees. What it gives is zeroed and
//          aligned for anything.
// Threads  None of its own.

#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "buf.h"

enum { ARENA_BLOCK = 65536 };

struct arena_block;

struct arena {
    struct arena_block *first; // In use, newest first
    struct arena_block *spare;
};

void *arena_new(struct arena *self, size_t size);
struct bytes arena_bytes(struct arena *self, struct bytes bytes);

// The content of a buf.
struct bytes arena_keep(struct arena *self, const struct buf *buf);
void arena_clear(struct arena *self);
void arena_release(struct arena *self);

#endif
