#include "store_memory.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_ROOM = 160 };

static struct bytes
group_name(const char *measure, int32_t period, const char *key, char room[NAME_ROOM])
{
    int size = snprintf(room, NAME_ROOM, "%s|%d|%s", measure, period, key);
    return BYTES(room, (size_t)size);
}

// Tables.

static void
tables_forget(struct store_memory *self)
{
    for (size_t i = 0; i < self->log_count; i++) {
        free(self->logs[i].entries);
        for (size_t level = 0; level < TILE_LEVELS; level++)
            free(self->logs[i].tiles[level]);
    }
    self->log_count = self->record_count = self->special_count = self->quarantine_count = 0;
    self->group_count = self->total_count = self->receipt_count = 0;
    self->evidence_count = self->drained_count = 0;
    map_clear(&self->by_id);
    map_clear(&self->by_group);
    map_clear(&self->by_total);
    arena_clear(&self->tables);
}

void
store_memory_release(struct store_memory *self)
{
    tables_forget(self);
    free(self->writes);
    free(self->logs);
    free(self->records);
    free(self->specials);
    free(self->quarantine);
    free(self->groups);
    free(self->totals);
    free(self->receipts);
    map_release(&self->by_id);
    map_release(&self->by_group);
    map_release(&self->by_total);
    arena_release(&self->arena);
    arena_release(&self->tables);
    *self = (struct store_memory){0};
}

static struct memory_log *
log_at(struct store_memory *self, log_t number)
{
    while (self->log_count <= number) {
        self->logs =
            mem_reserve(self->logs, &self->log_room, self->log_count + 1, sizeof *self->logs);
        self->logs[self->log_count++] = (struct memory_log){0};
    }
    return &self->logs[number];
}

static void
entry_put(struct store_memory *self, const struct write *write)
{
    struct memory_log *log = log_at(self, write->as.entry.log);
    assert(write->as.entry.seq == log->count); // Dense, each once
    log->entries = mem_reserve(log->entries, &log->room, log->count + 1, sizeof *log->entries);
    log->entries[log->count++] =
        (struct memory_entry){write->as.entry.kind, write->as.entry.stub, write->as.entry.body};
    if (write->as.entry.kind == KIND_RECORD)
        return;
    self->specials = mem_reserve(self->specials, &self->special_room, self->special_count + 1,
                                 sizeof *self->specials);
    self->specials[self->special_count++] =
        (struct memory_place){write->as.entry.log, write->as.entry.seq, 0};
}

static void
tile_put(struct store_memory *self, const struct write *write)
{
    struct memory_log *log = log_at(self, write->as.tile.log);
    unsigned level = write->as.tile.level;
    assert(write->as.tile.index == log->tile_count[level]);
    log->tiles[level] = mem_reserve(log->tiles[level], &log->tile_room[level],
                                    log->tile_count[level] + 1, sizeof(struct bytes));
    log->tiles[level][log->tile_count[level]++] =
        BYTES(write->as.tile.hashes, (size_t)TILE_LEAVES * 32);
}

static void
record_put(struct store_memory *self, const struct write *write)
{
    const struct record_id *id = &write->as.record.projection.id;
    struct memory_record *record = map_get(&self->by_id, BYTES(id, sizeof *id));
    if (record == NULL) {
        record = arena_new(&self->tables, sizeof *record);
        record->id = *id;
        self->records = mem_reserve(self->records, &self->record_room, self->record_count + 1,
                                    sizeof(struct memory_record *));
        self->records[self->record_count++] = record;
        map_put(&self->by_id, BYTES(&record->id, sizeof record->id), record);
    }
    record->row = write->as.record.row;
    record->projection = write->as.record.projection;
}

static void
group_put(struct store_memory *self, const struct group *group)
{
    char room[NAME_ROOM];
    struct bytes name = group_name(group->measure, group->period, group->key, room);
    struct group *known = map_get(&self->by_group, name);
    if (known == NULL) {
        known = arena_new(&self->tables, sizeof *known);
        self->groups = mem_reserve(self->groups, &self->group_room, self->group_count + 1,
                                   sizeof(struct group *));
        self->groups[self->group_count++] = known;
        map_put(&self->by_group, arena_bytes(&self->tables, name), known);
    }
    *known = *group;
}

static struct memory_total *
total_at(struct store_memory *self, const char *measure, int32_t period,
         const struct office *office)
{
    char room[NAME_ROOM];
    struct bytes name = group_name(measure, period, office->code, room);
    struct memory_total *total = map_get(&self->by_total, name);
    if (total != NULL)
        return total;
    total = arena_new(&self->tables, sizeof *total);
    (void)snprintf(total->measure, sizeof total->measure, "%s", measure);
    total->period = period;
    total->office = *office;
    self->totals = mem_reserve(self->totals, &self->total_room, self->total_count + 1,
                               sizeof(struct memory_total *));
    self->totals[self->total_count++] = total;
    map_put(&self->by_total, arena_bytes(&self->tables, name), total);
    return total;
}

static struct receipt *
receipt_find(const struct store_memory *self, const struct origin *origin,
             const struct office *holder)
{
    for (size_t i = 0; i < self->receipt_count; i++)
        if (origin_equal(&self->receipts[i]->origin, origin) &&
            office_equal(&self->receipts[i]->holder, holder))
            return self->receipts[i];
    return NULL;
}

static void
receipt_put(struct store_memory *self, const struct receipt *receipt)
{
    struct receipt *known = receipt_find(self, &receipt->origin, &receipt->holder);
    if (known == NULL) {
        known = arena_new(&self->tables, sizeof *known);
        self->receipts = mem_reserve(self->receipts, &self->receipt_room, self->receipt_count + 1,
                                     sizeof(struct receipt *));
        self->receipts[self->receipt_count++] = known;
    }
    *known = *receipt;
}

static void
quarantine_put(struct store_memory *self, struct memory_place place)
{
    for (size_t i = 0; i < self->quarantine_count; i++)
        if (self->quarantine[i].log == place.log && self->quarantine[i].seq == place.seq) {
            if (place.code != 0)
                self->quarantine[i].code = place.code;
            else
                self->quarantine[i] = self->quarantine[--self->quarantine_count];
            return;
        }
    if (place.code == 0)
        return;
    self->quarantine = mem_reserve(self->quarantine, &self->quarantine_room,
                                   self->quarantine_count + 1, sizeof *self->quarantine);
    self->quarantine[self->quarantine_count++] = place;
}

static void
recount(struct store_memory *self, const char *measure)
{
    for (size_t i = 0; i < self->group_count; i++)
        if (strcmp(self->groups[i]->measure, measure) == 0)
            memset(self->groups[i]->counts, 0, sizeof self->groups[i]->counts);
    for (size_t i = 0; i < self->total_count; i++)
        if (strcmp(self->totals[i]->measure, measure) == 0)
            self->totals[i]->value = 0;
}

static void
write_apply(struct store_memory *self, const struct write *write)
{
    switch (write->type) {
    case WRITE_HEAD:
        log_at(self, write->as.head.log)->head = write->as.head.head;
        log_at(self, write->as.head.log)->has_head = true;
        break;
    case WRITE_ENTRY:
        entry_put(self, write);
        break;
    case WRITE_TILE:
        tile_put(self, write);
        break;
    case WRITE_RECORD:
        record_put(self, write);
        break;
    case WRITE_GROUP:
        group_put(self, &write->as.group);
        break;
    case WRITE_TOTAL:
        total_at(self, write->as.total.measure, write->as.total.period, &write->as.total.office)
            ->value += write->as.total.delta;
        break;
    case WRITE_RECEIPT:
        receipt_put(self, &write->as.receipt);
        break;
    case WRITE_DRAINED:
        self->drained_count++;
        break;
    case WRITE_QUARANTINE:
        quarantine_put(self,
                       (struct memory_place){write->as.quarantine.log, write->as.quarantine.seq,
                                             write->as.quarantine.code});
        break;
    case WRITE_EVIDENCE:
        self->evidence_count++;
        break;
    case WRITE_RECOUNT:
        recount(self, write->as.recount);
        break;
    }
}

// The list.

static struct write
write_copy(struct store_memory *self, const struct write *write)
{
    struct write copy = *write;
    struct arena *arena = &self->arena;
    if (copy.type == WRITE_HEAD) {
        copy.as.head.head.note = arena_bytes(arena, copy.as.head.head.note);
    } else if (copy.type == WRITE_ENTRY) {
        copy.as.entry.stub = arena_bytes(arena, copy.as.entry.stub);
        copy.as.entry.body = arena_bytes(arena, copy.as.entry.body);
    } else if (copy.type == WRITE_TILE) {
        copy.as.tile.hashes =
            arena_bytes(arena, BYTES(copy.as.tile.hashes, (size_t)TILE_LEAVES * 32)).at;
    } else if (copy.type == WRITE_RECORD) {
        struct projection *projection = &copy.as.record.projection;
        copy.as.record.row = arena_bytes(arena, copy.as.record.row);
        projection->state = arena_bytes(arena, projection->state);
        projection->heads = arena_bytes(arena, projection->heads);
        projection->conflicts = arena_bytes(arena, projection->conflicts);
    }
    return copy;
}

void
store_memory_write(struct store_memory *self, const struct write *write)
{
    self->writes = mem_reserve(self->writes, &self->room, self->count + 1, sizeof *self->writes);
    self->writes[self->count] = write_copy(self, write);
    write_apply(self, &self->writes[self->count++]);
}

void
store_memory_commit(struct store_memory *self)
{
    self->committed = self->count;
    for (size_t i = 0; i < self->log_count; i++)
        self->logs[i].durable = self->logs[i].head.size;
}

void
store_memory_crash(struct store_memory *self)
{
    self->count = self->committed;
    tables_forget(self);
    for (size_t i = 0; i < self->count; i++)
        write_apply(self, &self->writes[i]);
    store_memory_commit(self);
}

bool
store_memory_is_clean(const struct store_memory *self)
{
    return self->count == self->committed;
}

const struct memory_log *
store_memory_log(const struct store_memory *self, const struct origin *origin)
{
    for (size_t i = 0; i < self->log_count; i++)
        if (self->logs[i].has_head && origin_equal(&self->logs[i].head.origin, origin))
            return &self->logs[i];
    return NULL;
}

seq_t
store_memory_durable(const struct store_memory *self, const struct origin *origin)
{
    const struct memory_log *log = store_memory_log(self, origin);
    return log != NULL ? log->durable : 0;
}

const struct memory_record *
store_memory_record(const struct store_memory *self, const struct record_id *id)
{
    return map_get(&self->by_id, BYTES(id, sizeof *id));
}

// The view.

static bool
view_head(void *store, log_t log, struct log_head *ret_head)
{
    const struct store_memory *self = store;
    if (log >= self->log_count || !self->logs[log].has_head)
        return false;
    *ret_head = self->logs[log].head;
    return true;
}

static bool
view_entry(void *store, log_t log, seq_t seq, struct bytes *ret_stub, struct bytes *ret_body)
{
    const struct store_memory *self = store;
    if (log >= self->log_count || seq >= self->logs[log].count)
        return false;
    *ret_stub = self->logs[log].entries[seq].stub;
    *ret_body = self->logs[log].entries[seq].body;
    return true;
}

static bool
view_tile(void *store, log_t log, unsigned level, uint64_t index, struct bytes *ret_hashes)
{
    const struct store_memory *self = store;
    if (log >= self->log_count || level >= TILE_LEVELS ||
        index >= self->logs[log].tile_count[level])
        return false;
    *ret_hashes = self->logs[log].tiles[level][index];
    return true;
}

static bool
view_record(void *store, const struct record_id *id, struct bytes *ret_row)
{
    const struct memory_record *record = store_memory_record(store, id);
    if (record == NULL)
        return false;
    *ret_row = record->row;
    return true;
}

static bool
view_record_last(void *store, const struct office *creator, uint8_t ret_id[16])
{
    const struct store_memory *self = store;
    bool has_one = false;
    for (size_t i = 0; i < self->record_count; i++) {
        const struct record_id *id = &self->records[i]->id;
        if (!office_equal(&id->creator, creator) || (has_one && memcmp(id->id, ret_id, 16) <= 0))
            continue;
        memcpy(ret_id, id->id, 16);
        has_one = true;
    }
    return has_one;
}

static bool
view_special(void *store, uint64_t nth, log_t *ret_log, seq_t *ret_seq)
{
    const struct store_memory *self = store;
    if (nth >= self->special_count)
        return false;
    *ret_log = self->specials[nth].log;
    *ret_seq = self->specials[nth].seq;
    return true;
}

static bool
view_waiting(void *store, const struct record_id *after, struct record_id *ret_id)
{
    const struct store_memory *self = store;
    bool has_one = false;
    for (size_t i = 0; i < self->record_count; i++) {
        const struct memory_record *record = self->records[i];
        if (!record->projection.is_waiting || record_id_compare(&record->id, after) <= 0 ||
            (has_one && record_id_compare(&record->id, ret_id) >= 0))
            continue;
        *ret_id = record->id;
        has_one = true;
    }
    return has_one;
}

static bool
view_group(void *store, const char *measure, int32_t period, const char *key,
           struct group *ret_group)
{
    const struct store_memory *self = store;
    char room[NAME_ROOM];
    const struct group *group = map_get(&self->by_group, group_name(measure, period, key, room));
    static const int64_t none[PARTS_MAX];
    if (group == NULL || memcmp(group->counts, none, sizeof none) == 0)
        return false; // All counts 0: dropped
    *ret_group = *group;
    return true;
}

static int64_t
view_total(void *store, const char *measure, int32_t period, const struct office *office)
{
    return total_at(store, measure, period, office)->value;
}

static bool
view_receipt(void *store, const struct origin *origin, const struct office *holder,
             struct receipt *ret_receipt)
{
    const struct receipt *receipt = receipt_find(store, origin, holder);
    if (receipt != NULL)
        *ret_receipt = *receipt;
    return receipt != NULL;
}

struct view
store_memory_view(struct store_memory *self)
{
    return (struct view){self,        view_head,        view_entry,   view_tile,
                         view_record, view_record_last, view_special, view_waiting,
                         view_group,  view_total,       view_receipt};
}
