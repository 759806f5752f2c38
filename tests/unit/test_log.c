#include "../../node/core/log.h"

#include <stdlib.h>

#include "../../proto/hash.h"
#include "../sim/store_memory.h"
#include "../t.h"

// A store with a log of so many entries, its tiles, and the log that wrote them.
struct grown {
    struct store_memory store;
    struct arena arena;
    struct logs logs;
    struct log *log;
};

static void
grown_release(struct grown *self)
{
    store_memory_release(&self->store);
    arena_release(&self->arena);
    logs_release(&self->logs);
}

static const struct origin origin = {{"05908-012"}, 1ULL << 32};

static void
grow_to(struct grown *self, seq_t size)
{
    if (self->log == NULL)
        self->log = logs_get(&self->logs, &origin);
    while (self->log->size < size) {
        uint8_t salt[16] = {(uint8_t)self->log->size, (uint8_t)(self->log->size >> 8)};
        struct entry entry = {.version = ENTRY_VERSION,
                              .kind = KIND_CLOSE,
                              .salt = BYTES(salt, sizeof salt),
                              .origin = origin,
                              .seq = self->log->size,
                              .actor = ACTOR_NONE,
                              .op = OP_NONE};
        OWNED(buf_release) struct buf body = {0};
        OWNED(buf_release) struct buf stub = {0};
        entry_pack_body(&entry, &body);
        entry_pack_stub(&entry, true, &stub);
        uint8_t leaf[32];
        entry.has_body = true;
        entry_leaf(&entry, buf_bytes(&stub), leaf);
        store_memory_write(&self->store, &(struct write){.type = WRITE_ENTRY,
                                                         .as.entry = {.seq = entry.seq,
                                                                      .kind = entry.kind,
                                                                      .stub = buf_bytes(&stub),
                                                                      .body = buf_bytes(&body)}});
        struct write tiles[TILE_LEVELS];
        size_t count = log_add(self->log, leaf, &self->arena, tiles);
        for (size_t i = 0; i < count; i++)
            store_memory_write(&self->store, &tiles[i]);
    }
}

// The same log as a restart finds it: nothing but its size.
static struct log
cold(const struct grown *self)
{
    return (struct log){.origin = origin, .size = self->log->size};
}

static void
cold_release(struct log *self)
{
    for (size_t i = 0; i < TILE_LEVELS; i++)
        free(self->tiles[i].hashes);
}

TEST(log, a_restart_finds_the_same_tree_at_every_size)
{
    static const seq_t sizes[] = {0, 1, 2, 3, 255, 256, 257, 511, 512, 700, 1024, 1500};
    OWNED(grown_release) struct grown grown = {0};
    struct view view = store_memory_view(&grown.store);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        grow_to(&grown, sizes[i]);
        OWNED(cold_release) struct log log = cold(&grown);
        log_warm(&log, &view);
        uint8_t want[32], got[32];
        merkle_root(&grown.log->edge, want);
        merkle_root(&log.edge, got);
        T_BYTES(got, want, 32);
    }
}

TEST(log, two_levels_of_tiles_survive_a_restart)
{
    OWNED(grown_release) struct grown grown = {0};
    struct view view = store_memory_view(&grown.store);
    grow_to(&grown, 65536 + 300); // A full tile of level 1, and one of level 0
    T_EQ(grown.store.logs[0].tile_count[0], 257);
    T_EQ(grown.store.logs[0].tile_count[1], 1);
    OWNED(cold_release) struct log log = cold(&grown);
    log_warm(&log, &view);
    uint8_t want[32], got[32];
    merkle_root(&grown.log->edge, want);
    merkle_root(&log.edge, got);
    T_BYTES(got, want, 32);
    T_EQ(log.tiles[2].count, grown.log->tiles[2].count);
}

TEST(log, proves_how_any_size_grew_into_this_one)
{
    OWNED(grown_release) struct grown grown = {0};
    struct view view = store_memory_view(&grown.store);
    grow_to(&grown, 777);
    OWNED(cold_release) struct log log = cold(&grown);
    log_warm(&log, &view);
    struct log_nodes nodes = {&log, &view};
    struct merkle_source source = log_source(&nodes);
    for (seq_t old = 1; old <= 777; old += 31) {
        uint8_t proof[PROOF_MAX][HASH_SIZE], old_root[32], root[32];
        size_t count;
        T_EQ(merkle_root_at(&source, old, old_root), 0);
        T_EQ(merkle_root_at(&source, 777, root), 0);
        T_EQ(merkle_prove_consistency(&source, old, 777, proof, &count), 0);
        T_EQ(merkle_check_consistency(old, 777, old_root, root, BYTES(proof, count * HASH_SIZE)),
             0);
    }
}

TEST(log, numbers_follow_the_order_of_meeting)
{
    OWNED(logs_release) struct logs logs = {0};
    struct origin second = {office_of("19"), 5}, third = {office_of("19"), 7};
    T_EQ(logs_get(&logs, &origin)->number, 0);
    T_EQ(logs_get(&logs, &third)->number, 1);
    T_EQ(logs_get(&logs, &second)->number, 2);
    T_EQ(logs_get(&logs, &third)->number, 1);
    T_OK(logs_find(&logs, &(struct origin){office_of("19"), 6}) == NULL);
    T_EQ(logs_latest(&logs, &third.office)->number, 1);
    struct office nobody = office_of("20");
    T_OK(logs_latest(&logs, &nobody) == NULL);
}
