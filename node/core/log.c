#include "log.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/hash.h"

void
logs_release(struct logs *self)
{
    for (size_t i = 0; i < self->count; i++) {
        for (size_t level = 0; level < TILE_LEVELS; level++)
            free(self->at[i]->tiles[level].hashes);
        buf_release(&self->at[i]->note);
        free(self->at[i]);
    }
    free(self->at);
    map_release(&self->by_origin);
    *self = (struct logs){0};
}

static struct bytes
origin_key(const struct origin *origin)
{
    return BYTES(origin, sizeof *origin); // Zeroed to the end: office.code fills its array
}

struct log *
logs_find(const struct logs *self, const struct origin *origin)
{
    return map_get(&self->by_origin, origin_key(origin));
}

struct log *
logs_latest(const struct logs *self, const struct office *office)
{
    struct log *latest = NULL;
    for (size_t i = 0; i < self->count; i++)
        if (office_equal(&self->at[i]->origin.office, office) &&
            (latest == NULL || self->at[i]->origin.epoch > latest->origin.epoch))
            latest = self->at[i];
    return latest;
}

struct log *
logs_get(struct logs *self, const struct origin *origin)
{
    struct log *log = logs_find(self, origin);
    if (log != NULL)
        return log;
    log = mem_new(sizeof *log);
    log->number = (log_t)self->count;
    log->origin = *origin;
    log->has_edge = true; // Of nothing
    log->is_head_due = true;
    self->at = mem_reserve(self->at, &self->room, self->count + 1, sizeof(struct log *));
    self->at[self->count++] = log;
    map_put(&self->by_origin, origin_key(&log->origin), log);
    return log;
}

// Root of `count` hashes that fill a perfect subtree.
static void
subtree_root(const uint8_t *hashes, size_t count, uint8_t ret_root[32])
{
    uint8_t row[TILE_LEAVES][32];
    memcpy(row, hashes, count * 32);
    for (; count > 1; count /= 2)
        for (size_t i = 0; i < count / 2; i++)
            merkle_inner(row[2 * i], row[2 * i + 1], row[i]);
    memcpy(ret_root, row[0], 32);
}

static void
tile_push(struct tile *tile, const uint8_t hash[32])
{
    if (tile->hashes == NULL)
        tile->hashes = mem_grow(NULL, (size_t)TILE_LEAVES * 32);
    memcpy(tile->hashes + tile->count * 32, hash, 32);
    tile->count++;
}

size_t
log_add(struct log *self, const uint8_t leaf[32], struct arena *arena,
        struct write ret_write[TILE_LEVELS])
{
    assert(self->has_edge);
    merkle_add(&self->edge, leaf);
    size_t writes = 0;
    uint8_t hash[32];
    memcpy(hash, leaf, 32);
    for (unsigned level = 0; level < TILE_LEVELS; level++) {
        struct tile *tile = &self->tiles[level];
        tile_push(tile, hash);
        if (tile->count < TILE_LEAVES)
            break;
        struct bytes full = arena_bytes(arena, BYTES(tile->hashes, (size_t)TILE_LEAVES * 32));
        ret_write[writes++] =
            (struct write){.type = WRITE_TILE,
                           .as.tile = {.log = self->number,
                                       .level = level,
                                       .index = self->size >> (TILE_BITS * (level + 1)),
                                       .hashes = full.at}};
        subtree_root(tile->hashes, TILE_LEAVES, hash);
        free(tile->hashes);
        *tile = (struct tile){0};
    }
    self->size++;
    return writes;
}

static void
leaf_of_stored(const struct view *view, log_t log, seq_t seq, uint8_t ret_leaf[32])
{
    struct bytes stub, body;
    struct entry entry;
    bool is_there = view->entry(view->store, log, seq, &stub, &body);
    int code = is_there ? entry_read(stub, body, &entry) : -1;
    assert(code == 0); // It was verified before it was stored
    (void)code;
    entry_leaf(&entry, stub, ret_leaf);
}

void
log_warm(struct log *self, const struct view *view)
{
    if (self->has_edge)
        return;
    uint8_t hash[32];
    for (seq_t seq = self->size & ~(seq_t)(TILE_LEAVES - 1); seq < self->size; seq++) {
        leaf_of_stored(view, self->number, seq, hash);
        tile_push(&self->tiles[0], hash);
    }
    for (unsigned level = 1; level < TILE_LEVELS; level++) {
        uint64_t full = self->size >> (TILE_BITS * level); // Full tiles one level down
        for (uint64_t i = full & ~(uint64_t)(TILE_LEAVES - 1); i < full; i++) {
            struct bytes hashes;
            bool is_there = view->tile(view->store, self->number, level - 1, i, &hashes);
            assert(is_there && hashes.size == (size_t)TILE_LEAVES * 32);
            (void)is_there;
            subtree_root(hashes.at, TILE_LEAVES, hash);
            tile_push(&self->tiles[level], hash);
        }
    }
    struct log_nodes nodes = {self, view};
    struct merkle_source source = log_source(&nodes);
    int code = merkle_edge_at(&source, self->size, &self->edge);
    assert(code == 0);
    (void)code;
    self->has_edge = true;
}

static bool
node_get(void *self, unsigned level, uint64_t index, uint8_t ret_hash[32])
{
    const struct log_nodes *nodes = self;
    unsigned row = level / TILE_BITS, inside = level % TILE_BITS;
    if (row >= TILE_LEVELS)
        return false;
    size_t count = (size_t)1 << inside;
    uint64_t tile_index = index >> (TILE_BITS - inside);
    size_t from = (size_t)(index << inside) & (TILE_LEAVES - 1);
    const struct tile *partial = &nodes->log->tiles[row];
    uint64_t full = nodes->log->size >> (TILE_BITS * (row + 1));
    const uint8_t *hashes;
    if (tile_index < full) {
        struct bytes tile;
        if (!nodes->view->tile(nodes->view->store, nodes->log->number, row, tile_index, &tile))
            return false;
        hashes = tile.at;
    } else {
        if (tile_index > full || from + count > partial->count)
            return false;
        hashes = partial->hashes;
    }
    subtree_root(hashes + from * 32, count, ret_hash);
    return true;
}

struct merkle_source
log_source(struct log_nodes *nodes)
{
    return (struct merkle_source){nodes, node_get};
}
