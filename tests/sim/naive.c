#include "naive.h"

#include <stdlib.h>
#include <string.h>

#include "../../node/base/date.h"
#include "../../proto/pack.h"
#include "../../proto/read.h"

enum fate { FATE_IN, FATE_WAITS, FATE_OUT };

struct naive {
    const struct entry *entries;
    const bool *is_denied;
    size_t count;
    enum fate *fates;
    bool *past; // [i * count + j]: j is in the causal past of i
};

static bool
is_later(const struct entry *a, const struct entry *b)
{
    if (a->depth != b->depth)
        return a->depth > b->depth;
    int order = origin_compare(&a->origin, &b->origin);
    return order != 0 ? order > 0 : a->seq > b->seq;
}

// Index of the entry that `ref` names, or the count.
static size_t
named(const struct naive *self, const struct ref *ref)
{
    for (size_t i = 0; i < self->count; i++)
        if (origin_equal(&self->entries[i].origin, &ref->origin) &&
            self->entries[i].seq == ref->seq &&
            memcmp(self->entries[i].hash, ref->hash, sizeof ref->hash) == 0)
            return i;
    return self->count;
}

// Everything that can be reached from `at` through `after`.
static void
past_walk(struct naive *self, size_t from, size_t at)
{
    struct ref refs[AFTER_MAX];
    size_t count = 0;
    if (refs_read(self->entries[at].after, refs, &count) != 0)
        return;
    for (size_t i = 0; i < count; i++) {
        size_t parent = named(self, &refs[i]);
        if (parent == self->count || self->past[from * self->count + parent])
            continue;
        self->past[from * self->count + parent] = true;
        past_walk(self, from, parent);
    }
}

static const struct entry *
standing_root(const struct naive *self)
{
    const struct entry *root = NULL;
    for (size_t i = 0; i < self->count; i++) {
        const struct entry *entry = &self->entries[i];
        bool is_root = entry->depth == 0 && !self->is_denied[i] &&
                       office_equal(&entry->record.creator, &entry->origin.office);
        if (is_root && (root == NULL || entry->origin.epoch < root->origin.epoch ||
                        (entry->origin.epoch == root->origin.epoch && entry->seq < root->seq)))
            root = entry;
    }
    return root;
}

static enum fate
fate_of(const struct naive *self, size_t at, const struct entry *root)
{
    const struct entry *entry = &self->entries[at];
    struct ref refs[AFTER_MAX];
    size_t count = 0;
    uint64_t depth = 0;
    bool is_missing = false, is_waiting = false;
    if (refs_read(entry->after, refs, &count) != 0)
        return FATE_OUT;
    for (size_t i = 0; i < count; i++) {
        size_t parent = named(self, &refs[i]);
        is_missing = is_missing || parent == self->count;
        if (parent == self->count)
            continue;
        is_waiting = is_waiting || fate_of(self, parent, root) == FATE_WAITS;
        if (self->entries[parent].depth + 1 > depth)
            depth = self->entries[parent].depth + 1;
    }
    if (self->is_denied[at])
        return FATE_OUT;
    if (entry->depth == 0 && !office_equal(&entry->record.creator, &entry->origin.office))
        return FATE_OUT;
    if (entry->depth < depth || (!is_missing && entry->depth != depth))
        return FATE_OUT;
    if (root != NULL &&
        (!bytes_equal(root->type, entry->type) || !office_equal(&root->subject, &entry->subject)))
        return FATE_OUT;
    return is_missing || is_waiting ? FATE_WAITS : FATE_IN;
}

// What entry `at` wrote to `field`; empty when nothing.
static struct bytes
written(const struct naive *self, size_t at, const char *field)
{
    static const uint8_t no = 0xc2, yes = 0xc3;
    if (strcmp(field, "$alive") == 0)
        return BYTES(self->entries[at].op == OP_RETRACT ? &no : &yes, 1);
    return map_find(self->entries[at].facts, field);
}

static bool
does_count(const struct naive *self, size_t at, const char *field)
{
    if (self->fates[at] != FATE_IN || written(self, at, field).size == 0)
        return false;
    for (size_t i = 0; i < self->count; i++)
        if (self->fates[i] == FATE_IN && self->past[i * self->count + at] &&
            written(self, i, field).size > 0)
            return false;
    return true;
}

static bool
does_win(const struct entry *a, const struct entry *b)
{
    enum level left = office_level(&a->origin.office), right = office_level(&b->origin.office);
    return left != right ? left < right : is_later(a, b);
}

struct packed_map {
    struct buf pairs;
    size_t count;
};

static struct bytes
map_done(struct packed_map *map, struct arena *arena)
{
    struct buf all = {0};
    struct packer out = packer_of(&all);
    pack_map(&out, map->count);
    buf_add_bytes(&all, buf_bytes(&map->pairs));
    struct bytes kept = arena_keep(arena, &all);
    buf_release(&all);
    buf_release(&map->pairs);
    return kept;
}

// The writes of one field that nothing came after: into state, and into conflicts if they differ.
// Conflicts are listed as the winner, then whoever is left in any order: so only the winner and the
// number of them are packed here.
static void
field_fold(const struct naive *self, const char *field, struct packed_map *state,
           struct packed_map *conflicts, bool *ret_alive)
{
    size_t best = self->count, left = 0;
    bool is_conflict = false;
    for (size_t i = 0; i < self->count; i++) {
        if (!does_count(self, i, field))
            continue;
        left++;
        is_conflict =
            is_conflict || (best < self->count &&
                            !bytes_equal(written(self, i, field), written(self, best, field)));
        if (best == self->count || does_win(&self->entries[i], &self->entries[best]))
            best = i;
    }
    if (best == self->count)
        return;
    struct bytes value = written(self, best, field);
    if (is_conflict) {
        struct packer out = packer_of(&conflicts->pairs);
        pack_text(&out, field);
        pack_array(&out, 3);
        pack_office(&out, &self->entries[best].origin.office);
        pack_raw(&out, value);
        pack_uint(&out, left);
        conflicts->count++;
    }
    if (strcmp(field, "$alive") == 0) {
        *ret_alive = value.at[0] == 0xc3;
    } else if (value.at[0] != 0xc0) {
        struct packer out = packer_of(&state->pairs);
        pack_text(&out, field);
        pack_raw(&out, value);
        state->count++;
    }
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

// The names of all fields written, sorted, each once.
static size_t
fields_of(const struct naive *self, struct arena *arena, const char **fields, size_t room)
{
    size_t count = 1, kept = 0;
    fields[0] = "$alive";
    for (size_t i = 0; i < self->count; i++) {
        struct reader in = reader_of(self->entries[i].facts);
        for (size_t left = self->entries[i].facts.size > 0 ? read_map(&in) : 0;
             left > 0 && count < room; left--) {
            struct bytes name = read_str(&in);
            (void)read_skip(&in);
            char *text = arena_new(arena, name.size + 1);
            memcpy(text, name.at, name.size);
            fields[count++] = text;
        }
    }
    qsort(fields, count, sizeof *fields, by_text);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || strcmp(fields[i], fields[kept - 1]) != 0)
            fields[kept++] = fields[i];
    return kept;
}

static struct bytes
heads_of(const struct naive *self, struct arena *arena)
{
    struct ref refs[AFTER_MAX];
    bool *is_done = arena_new(arena, self->count + 1);
    size_t count = 0;
    for (; count < AFTER_MAX; count++) {
        size_t best = self->count;
        for (size_t i = 0; i < self->count; i++) {
            bool is_head = self->fates[i] == FATE_IN && !is_done[i];
            for (size_t j = 0; j < self->count; j++)
                is_head =
                    is_head && !(self->fates[j] == FATE_IN && self->past[j * self->count + i]);
            if (is_head &&
                (best == self->count || is_later(&self->entries[i], &self->entries[best])))
                best = i;
        }
        if (best == self->count)
            break;
        is_done[best] = true;
        refs[count] = entry_ref(&self->entries[best]);
    }
    struct buf packed = {0};
    refs_pack(refs, count, &packed);
    struct bytes kept = arena_keep(arena, &packed);
    buf_release(&packed);
    return kept;
}

void
naive_fold(const struct entry *entries, const bool *is_denied, size_t count, struct arena *arena,
           struct naive_state *ret_state)
{
    struct naive self = {entries, is_denied, count, arena_new(arena, count * sizeof(enum fate) + 1),
                         arena_new(arena, count * count + 1)};
    const struct entry *root = standing_root(&self);
    *ret_state = (struct naive_state){0};
    for (size_t i = 0; i < count; i++) {
        self.fates[i] = fate_of(&self, i, root);
        past_walk(&self, i, i);
        ret_state->in_count += self.fates[i] == FATE_IN;
        ret_state->out_count += self.fates[i] == FATE_OUT;
        ret_state->is_waiting = ret_state->is_waiting || self.fates[i] == FATE_WAITS;
    }
    const char **fields = arena_new(arena, 4096 * sizeof *fields);
    size_t field_count = fields_of(&self, arena, fields, 4096);
    struct packed_map state = {0}, conflicts = {0};
    for (size_t i = 0; i < field_count; i++)
        field_fold(&self, fields[i], &state, &conflicts, &ret_state->is_alive);
    ret_state->state = map_done(&state, arena);
    bool has_conflicts = conflicts.count > 0;
    ret_state->conflicts = map_done(&conflicts, arena);
    if (!has_conflicts)
        ret_state->conflicts = (struct bytes){0};
    ret_state->heads = heads_of(&self, arena);
}

struct bytes
naive_conflicts(struct bytes conflicts, struct arena *arena)
{
    if (conflicts.size == 0)
        return (struct bytes){0};
    struct packed_map map = {0};
    struct reader in = reader_of(conflicts);
    for (size_t left = read_map(&in); left > 0 && in.code == 0; left--) {
        struct packer out = packer_of(&map.pairs);
        pack_str(&out, read_str(&in));
        size_t writes = read_array(&in);
        (void)read_array(&in);
        pack_array(&out, 3);
        pack_raw(&out, read_skip(&in));
        pack_raw(&out, read_skip(&in));
        pack_uint(&out, writes);
        for (size_t i = 1; i < writes; i++)
            (void)read_skip(&in);
        map.count++;
    }
    return map_done(&map, arena);
}

// Figures.

static bool
is_text(struct bytes packed, const char *text)
{
    struct reader in = reader_of(packed);
    struct bytes got = read_str(&in);
    return in.code == 0 && bytes_equal(got, bytes_of(text));
}

// True when a record adds to the group `key` of that part, in that period.
static bool
adds(const struct projection *record, const struct measure *measure, const struct part *part,
     int32_t period, const char *key)
{
    if (!record->is_alive || strcmp(record->type, part->type) != 0)
        return false;
    for (size_t i = 0; i < part->condition_count; i++)
        if (!condition_holds(&part->conditions[i], office_level(&record->subject),
                             map_find(record->state, part->conditions[i].field)))
            return false;
    if (measure->is_yearly) {
        struct reader in = reader_of(map_find(record->state, part->date));
        struct civil civil;
        int64_t day = read_int(&in);
        if (in.code != 0 || !civil_of_days(day, &civil) || civil.year != period)
            return false;
    }
    char id[RECORD_TEXT_MAX + 1];
    record_id_text(&record->id, id);
    struct bytes field = map_find(record->state, part->key_field);
    if (part->key == GROUP_SUBJECT)
        return strcmp(record->subject.code, key) == 0;
    if (part->key == GROUP_ID)
        return strcmp(id, key) == 0;
    if (part->key == GROUP_RECORD)
        return is_text(field, key);
    struct reader in = reader_of(field);
    for (size_t left = field.size > 0 ? read_array(&in) : 0; left > 0 && in.code == 0; left--)
        if (is_text(read_skip(&in), key))
            return true;
    return false;
}

static bool
group_counts(const struct measure *measure, int32_t period, const char *key,
             const struct projection *const *records, size_t count)
{
    for (size_t i = 0; i < measure->part_count; i++) {
        bool has_one = false;
        for (size_t j = 0; j < count && !has_one; j++)
            has_one = adds(records[j], measure, &measure->parts[i], period, key);
        if (!has_one)
            return false;
    }
    return true;
}

int64_t
naive_count(const struct measure *measure, int32_t period, const struct office *office,
            const struct projection *const *records, size_t count)
{
    if (measure->part_count == 0 ||
        (measure->level != LEVEL_NONE && office_level(office) != measure->level))
        return 0;
    bool is_by_office =
        measure->parts[0].key == GROUP_SUBJECT || measure->parts[0].key == GROUP_OFFICES;
    if (is_by_office)
        return group_counts(measure, period, office->code, records, count);
    int64_t total = 0;
    for (size_t i = 0; i < count; i++) { // Part 0 has the key `id`: a group for each such record
        char id[RECORD_TEXT_MAX + 1];
        record_id_text(&records[i]->id, id);
        total += office_equal(&records[i]->subject, office) &&
                 strcmp(records[i]->type, measure->parts[0].type) == 0 &&
                 group_counts(measure, period, id, records, count);
    }
    return total;
}
