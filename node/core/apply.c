#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../base/err.h"
#include "fold.h"
#include "inside.h"

static struct bytes
id_key(const struct record_id *id)
{
    return BYTES(id, sizeof *id);
}

// False only when the creator surely has no record of that id: ids of one creator mostly rise, so
// one comparison saves the store a search for each new record.
static bool
may_be_known(struct core *self, const struct record_id *id)
{
    struct last_record *last =
        map_get(&self->last_records, BYTES(&id->creator, sizeof id->creator));
    if (last == NULL) {
        last = mem_new(sizeof *last);
        last->creator = id->creator;
        last->has_one = self->conf.view.record_last(self->conf.view.store, &id->creator, last->id);
        map_put(&self->last_records, BYTES(&last->creator, sizeof last->creator), last);
    }
    bool is_known = last->has_one && memcmp(id->id, last->id, 16) <= 0;
    if (!is_known) {
        last->has_one = true;
        memcpy(last->id, id->id, 16);
    }
    return is_known;
}

static struct record *
record_keep(struct core *self, struct record *record)
{
    map_put(&self->records, id_key(&record->id), record);
    self->touched = mem_reserve(self->touched, &self->touched_room, self->touched_count + 1,
                                sizeof(struct record *));
    self->touched[self->touched_count++] = record;
    return record;
}

// What we packed ourselves; the store answers for its pages, so another shape is a mistake of ours.
static void
row_read(struct core *self, struct bytes row, struct record *record)
{
    int code = record_read(row, &self->arena, record);
    assert(code == 0);
    (void)code;
}

struct record *
core_record(struct core *self, const struct record_id *id)
{
    struct record *record = map_get(&self->records, id_key(id));
    if (record != NULL)
        return record;
    record = arena_new(&self->arena, sizeof *record);
    record->id = *id;
    struct bytes row;
    if (may_be_known(self, id) && self->conf.view.record(self->conf.view.store, id, &row))
        row_read(self, row, record);
    return record_keep(self, record);
}

// An entry of this step is not in the store yet: it is among the writes.
static bool
entry_pending(const struct core *self, struct place place, struct bytes *ret_stub,
              struct bytes *ret_body)
{
    for (size_t i = self->write_count; i-- > 0;) {
        const struct write *write = &self->writes[i];
        if (write->type != WRITE_ENTRY || write->as.entry.log != place.log ||
            write->as.entry.seq != place.seq)
            continue;
        *ret_stub = write->as.entry.stub;
        *ret_body = write->as.entry.body;
        return true;
    }
    return false;
}

static bool
entry_load(struct core *self, struct place place, struct entry *ret_entry)
{
    const struct view *view = &self->conf.view;
    struct bytes stub, body;
    if (!view->entry(view->store, place.log, place.seq, &stub, &body) &&
        !entry_pending(self, place, &stub, &body))
        return false;
    struct bytes stub_copy = arena_bytes(&self->arena, stub);
    struct bytes body_copy = arena_bytes(&self->arena, body);
    return entry_read(stub_copy, body_copy, ret_entry) == 0 && ret_entry->has_shape;
}

void
core_record_fill(struct core *self, struct record *record)
{
    struct entry entry;
    if (record->is_filled || record->place_count == 0 ||
        !entry_load(self, record->places[0], &entry))
        return;
    record->type = entry.type;
    record->subject = entry.subject;
    record->state = state_merge(&self->arena, (struct bytes){0}, entry.facts);
    record->is_filled = true;
}

// Remember what the counts were made from, before the first change of this step.
static void
record_touch(struct core *self, struct record *record)
{
    if (record->is_touched)
        return;
    core_record_fill(self, record);
    record->is_touched = true;
    record->was_alive = record->place_count > 0 && (record->flags & RECORD_ALIVE) != 0;
    record->was_state = record->state;
}

enum standing_of { STANDS, STANDS_NOT, STANDS_UNKNOWN };

// An author is its subject or stands above it.
static enum standing_of
author_stands(const struct core *self, const struct entry *entry)
{
    if (office_equal(&entry->origin.office, &entry->subject))
        return STANDS;
    if (registry_is_above(&self->registry, &entry->origin.office, &entry->subject))
        return STANDS;
    const struct unit *subject = registry_unit(&self->registry, &entry->subject);
    return subject != NULL && subject->office_by.is_set ? STANDS_NOT : STANDS_UNKNOWN;
}

static struct bytes
heads_of(struct core *self, const struct entry *entry)
{
    struct ref ref = entry_ref(entry);
    OWNED(buf_release) struct buf packed = {0};
    refs_pack(&ref, 1, &packed);
    return arena_keep(&self->arena, &packed);
}

static bool
is_straight_on(const struct core *self, const struct record *record, const struct entry *entry)
{
    if (author_stands(self, entry) != STANDS)
        return false;
    if (record->place_count == 0)
        return entry->depth == 0 && office_equal(&entry->record.creator, &entry->origin.office);
    return (record->flags & RECORD_STRAIGHT) != 0 && record->is_filled &&
           entry->depth == record->depth + 1 && bytes_equal(entry->after, record->heads) &&
           bytes_equal(entry->type, record->type) &&
           office_equal(&entry->subject, &record->subject);
}

static void
apply_straight(struct core *self, struct record *record, const struct entry *entry)
{
    record->state = state_merge(&self->arena, record->state, entry->facts);
    record->type = record->place_count == 0 ? arena_bytes(&self->arena, entry->type) : record->type;
    record->subject = entry->subject;
    record->heads = heads_of(self, entry);
    record->depth = entry->depth;
    record->flags = RECORD_STRAIGHT | (entry->op != OP_RETRACT ? RECORD_ALIVE : 0);
    record->is_filled = true;
}

// True when something `after` names is in a log this node does not hold that far.
static bool
misses_parent(const struct core *self, const struct entry *entry)
{
    struct ref refs[AFTER_MAX];
    size_t count = 0;
    if (refs_read(entry->after, refs, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct log *log = logs_find(&self->logs, &refs[i].origin);
        if (log == NULL || log->size <= refs[i].seq)
            return true;
    }
    return false;
}

static void
quarantine(struct core *self, struct place place, const struct fold_entry *one)
{
    if (one->fate == FOLD_IN)
        return;
    int code = one->fate == FOLD_OUT ? one->why : ERR_GAP;
    core_write(self, (struct write){.type = WRITE_QUARANTINE,
                                    .as.quarantine = {place.log, place.seq, code}});
    if (one->fate == FOLD_OUT)
        core_note(self, (struct core_note){.type = NOTE_QUARANTINED,
                                           .code = code,
                                           .origin = one->entry.origin,
                                           .seq = place.seq});
}

static struct place
place_of(const struct core *self, const struct entry *entry)
{
    const struct log *log = logs_find(&self->logs, &entry->origin);
    return (struct place){log != NULL ? log->number : 0, entry->seq};
}

// The general way: all entries of the record again.
static void
apply_fold(struct core *self, struct record *record, const struct entry *newest)
{
    struct fold_entry *entries = arena_new(&self->arena, record->place_count * sizeof *entries);
    size_t count = 0;
    for (size_t i = 0; i < record->place_count; i++) {
        struct fold_entry *one = &entries[count];
        bool is_newest = newest != NULL && i + 1 == record->place_count;
        if (is_newest)
            one->entry = *newest;
        else if (!entry_load(self, record->places[i], &one->entry))
            continue;
        one->misses_parent = misses_parent(self, &one->entry);
        enum standing_of stands = author_stands(self, &one->entry);
        if (stands == STANDS_NOT) {
            one->fate = FOLD_OUT;
            one->why = ERR_DENIED;
        } else if (stands == STANDS_UNKNOWN) {
            one->fate = FOLD_WAITS;
        }
        count++;
    }
    struct fold fold;
    fold_entries(entries, count, &self->arena, &fold);
    bool did_wait = (record->flags & RECORD_WAITING) != 0;
    for (size_t i = 0; i < count; i++) {
        struct place place = place_of(self, &entries[i].entry);
        quarantine(self, place, &entries[i]);
        if (did_wait && entries[i].fate == FOLD_IN)
            core_write(self, (struct write){.type = WRITE_QUARANTINE,
                                            .as.quarantine = {place.log, place.seq, 0}});
    }
    record->type = fold.type.size > 0 ? arena_bytes(&self->arena, fold.type) : record->type;
    if (!office_is_none(&fold.subject))
        record->subject = fold.subject;
    record->state = fold.state;
    record->heads = fold.heads;
    record->conflicts = fold.conflicts;
    record->depth = fold.depth;
    record->flags = (fold.is_straight ? RECORD_STRAIGHT : 0U) |
                    (fold.is_alive ? RECORD_ALIVE : 0U) | (fold.has_waiting ? RECORD_WAITING : 0U);
    record->is_filled = record->type.size > 0;
}

static void
record_apply(struct core *self, struct log *log, const struct entry *entry)
{
    struct record *record = core_record(self, &entry->record);
    record_touch(self, record);
    bool is_straight = is_straight_on(self, record, entry);
    if (is_straight)
        apply_straight(self, record, entry);
    record_add_place(record, &self->arena, (struct place){log->number, entry->seq});
    if (!is_straight)
        apply_fold(self, record, entry);
}

static void
registry_take(struct core *self, struct log *log, const struct entry *entry)
{
    bool changed = false;
    int code = registry_apply(&self->registry, entry, &changed);
    if (code != 0) {
        core_write(self, (struct write){.type = WRITE_QUARANTINE,
                                        .as.quarantine = {log->number, entry->seq, code}});
        core_note(self, (struct core_note){.type = NOTE_QUARANTINED,
                                           .code = code,
                                           .origin = entry->origin,
                                           .seq = entry->seq});
    }
    if (changed) {
        self->has_new_offices = true;
        core_note(self, (struct core_note){.type = NOTE_OFFICES, .origin = entry->origin});
    }
}

void
core_apply(struct core *self, struct log *log, const struct entry *entry)
{
    if (!entry->has_shape)
        return; // Withheld, sealed, or of a later version: held and relayed
    if (entry->kind == KIND_RECORD)
        record_apply(self, log, entry);
    else if (entry->kind == KIND_REGISTRY)
        registry_take(self, log, entry);
    else if (entry->kind == KIND_DEFINITION)
        core_definition_take(self, entry);
}

void
core_judge_waiting(struct core *self)
{
    const struct view *view = &self->conf.view;
    struct record_id after = {0}, id;
    for (size_t i = 0; i < self->touched_count; i++) // Of this step: the store has them not yet
        if (self->touched[i]->is_touched && (self->touched[i]->flags & RECORD_WAITING) != 0)
            apply_fold(self, self->touched[i], NULL);
    while (view->waiting(view->store, &after, &id)) {
        after = id;
        struct record *record = core_record(self, &id);
        record_touch(self, record);
        apply_fold(self, record, NULL);
    }
}

static void
project(const struct record *record, struct projection *ret_projection)
{
    *ret_projection = (struct projection){
        .id = record->id,
        .subject = record->subject,
        .is_alive = (record->flags & RECORD_ALIVE) != 0,
        .is_waiting = (record->flags & RECORD_WAITING) != 0,
        .state = record->state,
        .heads = record->heads,
        .conflicts = record->conflicts,
    };
    size_t size = record->type.size < 31 ? record->type.size : 31;
    if (size > 0) // A record whose root has not arrived has no type yet
        memcpy(ret_projection->type, record->type.at, size);
}

void
core_projection(struct core *self, const struct record_id *id, struct bytes row,
                struct projection *ret_projection)
{
    struct record *record = arena_new(&self->arena, sizeof *record);
    record->id = *id;
    row_read(self, row, record);
    core_record_fill(self, record);
    project(record, ret_projection);
}

static void
measure_forget(struct core *self, const struct indicator *indicator, char side)
{
    struct write write = {.type = WRITE_RECOUNT};
    (void)snprintf(write.as.recount, sizeof write.as.recount, "%s/%c", indicator->name, side);
    core_write(self, write);
}

void
core_recount_begin(struct core *self, struct core_update *ret_update)
{
    arena_clear(&self->arena);
    self->write_count = 0;
    self->recounted = 0;
    for (size_t i = 0; i < self->tally.count; i++) {
        measure_forget(self, self->tally.indicators[i], 'n');
        measure_forget(self, self->tally.indicators[i], 'd');
    }
    *ret_update = (struct core_update){.writes = self->writes, .write_count = self->write_count};
}

void
core_recount(struct core *self, const struct record_id *id, struct bytes row, bool is_last,
             struct core_update *ret_update)
{
    *ret_update = (struct core_update){0};
    if (id != NULL) {
        struct projection projection;
        core_projection(self, id, row, &projection);
        if (projection.is_alive)
            tally_change(&self->tally, &self->conf.view, &self->arena, id, &projection.subject,
                         bytes_of(projection.type), (struct bytes){0}, projection.state);
        self->recounted++;
    }
    if (!is_last && self->recounted % RECOUNT_RECORDS != 0)
        return;
    struct write *writes;
    size_t count = tally_writes(&self->tally, &self->arena, &writes);
    *ret_update = (struct core_update){.writes = writes, .write_count = count};
}

static void
record_flush(struct core *self, const struct record *record)
{
    OWNED(buf_release) struct buf row = {0};
    record_pack(record, &row);
    struct write write = {.type = WRITE_RECORD};
    write.as.record.row = arena_keep(&self->arena, &row);
    project(record, &write.as.record.projection);
    core_write(self, write);
    bool is_alive = (record->flags & RECORD_ALIVE) != 0;
    tally_change(&self->tally, &self->conf.view, &self->arena, &record->id, &record->subject,
                 record->type, record->was_alive ? record->was_state : (struct bytes){0},
                 is_alive ? record->state : (struct bytes){0});
}

void
core_step_flush(struct core *self)
{
    for (size_t i = 0; i < self->touched_count; i++)
        if (self->touched[i]->is_touched)
            record_flush(self, self->touched[i]);
    self->touched_count = 0;
    map_clear(&self->records);
    struct write *writes;
    size_t count = tally_writes(&self->tally, &self->arena, &writes);
    for (size_t i = 0; i < count; i++)
        core_write(self, writes[i]);
}
