#include "fold.h"

#include <stdlib.h>
#include <string.h>

#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../base/err.h"
#include "record.h"

// A total order that knows no clock: later in it wins, where the superior office does not.
static int
entry_compare(const struct entry *a, const struct entry *b)
{
    if (a->depth != b->depth)
        return a->depth < b->depth ? -1 : 1;
    int order = origin_compare(&a->origin, &b->origin);
    if (order != 0)
        return order;
    return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static int
by_order(const void *a, const void *b)
{
    return entry_compare(&((const struct fold_entry *)a)->entry,
                         &((const struct fold_entry *)b)->entry);
}

struct work {
    struct fold_entry *entries;
    size_t count;
    struct arena *arena;
    uint64_t *past; // `words` for each entry: which others are in its causal past
    size_t words;
};

static bool
is_past(const struct work *work, size_t of, size_t what)
{
    return (work->past[of * work->words + what / 64] >> (what % 64) & 1U) != 0;
}

// Index of the entry a ref names; the count when it is not among them, or is another branch's.
static size_t
find(const struct work *work, const struct ref *ref)
{
    for (size_t i = 0; i < work->count; i++) {
        struct ref here = entry_ref(&work->entries[i].entry);
        if (ref_equal(&here, ref))
            return i;
    }
    return work->count;
}

static void
parents_find(struct work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        struct fold_entry *one = &work->entries[i];
        struct ref refs[AFTER_MAX];
        size_t count = 0;
        if (refs_read(one->entry.after, refs, &count) != 0)
            count = 0;
        one->parents = arena_new(work->arena, (count + 1) * sizeof *one->parents);
        for (size_t j = 0; j < count; j++) {
            size_t parent = find(work, &refs[j]);
            if (parent < work->count)
                one->parents[one->parent_count++] = parent;
        }
    }
}

// The root that stands: of those that disagree on type or subject, the lowest (epoch, seq).
static const struct entry *
root_of(const struct work *work)
{
    const struct entry *root = NULL;
    for (size_t i = 0; i < work->count; i++) {
        const struct entry *entry = &work->entries[i].entry;
        if (work->entries[i].fate != FOLD_IN || entry->depth != 0 ||
            !office_equal(&entry->record.creator, &entry->origin.office))
            continue;
        if (root == NULL || entry->origin.epoch < root->origin.epoch ||
            (entry->origin.epoch == root->origin.epoch && entry->seq < root->seq))
            root = entry;
    }
    return root;
}

static void
put_out(struct fold_entry *one, int why)
{
    one->fate = FOLD_OUT;
    one->why = why;
}

// Entries come in rising depth, so a parent that keeps the rules is judged before its children.
static void
entry_judge(struct work *work, struct fold_entry *one, const struct entry *root)
{
    if (one->fate == FOLD_OUT)
        return;
    bool is_root = one->entry.depth == 0;
    if (is_root && !office_equal(&one->entry.record.creator, &one->entry.origin.office)) {
        put_out(one, ERR_DENIED);
        return;
    }
    uint64_t deepest = 0;
    bool waits = one->misses_parent || one->fate == FOLD_WAITS;
    for (size_t i = 0; i < one->parent_count; i++) {
        const struct fold_entry *parent = &work->entries[one->parents[i]];
        waits = waits || parent->fate == FOLD_WAITS;
        if (parent->entry.depth >= deepest)
            deepest = parent->entry.depth + 1;
    }
    bool is_complete = !one->misses_parent && one->parent_count > 0;
    if (!is_root && (one->entry.depth < deepest || (is_complete && one->entry.depth != deepest))) {
        put_out(one, ERR_PROTO);
        return;
    }
    if (root != NULL && (!bytes_equal(root->type, one->entry.type) ||
                         !office_equal(&root->subject, &one->entry.subject))) {
        put_out(one, ERR_PROTO);
        return;
    }
    one->fate = waits ? FOLD_WAITS : FOLD_IN;
}

static void
past_fill(struct work *work)
{
    work->words = (work->count + 63) / 64;
    work->past = arena_new(work->arena, work->count * work->words * sizeof *work->past + 8);
    for (size_t i = 0; i < work->count; i++)
        for (size_t j = 0; j < work->entries[i].parent_count; j++) {
            size_t parent = work->entries[i].parents[j];
            uint64_t *row = work->past + i * work->words;
            for (size_t word = 0; word < work->words; word++)
                row[word] |= work->past[parent * work->words + word];
            row[parent / 64] |= 1ULL << (parent % 64);
        }
}

struct field_write {
    struct bytes field;
    struct bytes value; // Packed
    size_t entry;
};

struct writes {
    struct field_write *at;
    size_t count, room;
};

static void
write_add(struct writes *writes, struct bytes field, struct bytes value, size_t entry)
{
    writes->at = mem_reserve(writes->at, &writes->room, writes->count + 1, sizeof *writes->at);
    writes->at[writes->count++] = (struct field_write){field, value, entry};
}

static void
writes_collect(const struct work *work, struct writes *writes)
{
    static const uint8_t packed_bool[2] = {0xc2, 0xc3};
    for (size_t i = 0; i < work->count; i++) {
        const struct fold_entry *one = &work->entries[i];
        if (one->fate != FOLD_IN)
            continue;
        write_add(writes, BYTES_LIT("$alive"), BYTES(&packed_bool[one->entry.op != OP_RETRACT], 1),
                  i);
        struct reader in = reader_of(one->entry.facts);
        size_t left = one->entry.facts.size > 0 ? read_map(&in) : 0;
        for (; left > 0 && in.code == 0; left--) {
            struct bytes field = read_str(&in);
            struct bytes value = read_skip(&in);
            if (in.code == 0)
                write_add(writes, field, value, i);
        }
    }
}

static int
by_field(const void *a, const void *b)
{
    const struct field_write *left = a, *right = b;
    int order = bytes_compare(left->field, right->field);
    if (order != 0)
        return order;
    return left->entry < right->entry ? -1 : left->entry > right->entry;
}

// True when `a` wins over `b`: the superior office's, then the later in the order of entries.
static bool
wins(const struct work *work, const struct field_write *a, const struct field_write *b)
{
    const struct entry *left = &work->entries[a->entry].entry;
    const struct entry *right = &work->entries[b->entry].entry;
    enum level left_level = office_level(&left->origin.office);
    enum level right_level = office_level(&right->origin.office);
    return left_level != right_level ? left_level < right_level : a->entry > b->entry;
}

// Of the `count` writes of one field keep those that no other has in its past, the winner first;
// returns how many are left.
static size_t
writes_reduce(const struct work *work, struct field_write *at, size_t count)
{
    size_t left = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_followed = false;
        for (size_t j = i + 1; j < count && !is_followed; j++)
            is_followed = is_past(work, at[j].entry, at[i].entry);
        if (!is_followed)
            at[left++] = at[i]; // What is compared later lies behind i: none is overwritten
    }
    for (size_t i = 1; i < left; i++)
        if (wins(work, &at[i], &at[0])) {
            struct field_write first = at[0];
            at[0] = at[i];
            at[i] = first;
        }
    return left;
}

static bool
agree(const struct field_write *at, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (!bytes_equal(at[i].value, at[0].value))
            return false;
    return true;
}

static void
conflict_pack(const struct work *work, struct packer *out, const struct field_write *at,
              size_t count)
{
    pack_str(out, at->field);
    pack_array(out, count);
    for (size_t i = 0; i < count; i++) {
        pack_array(out, 2);
        pack_office(out, &work->entries[at[i].entry].entry.origin.office);
        pack_raw(out, at[i].value);
    }
}

static void
state_fill(struct work *work, struct fold *fold)
{
    struct writes writes = {0};
    writes_collect(work, &writes);
    if (writes.count > 0)
        qsort(writes.at, writes.count, sizeof *writes.at, by_field);
    OWNED(buf_release) struct buf state = {0};
    OWNED(buf_release) struct buf conflicts = {0};
    struct packer state_out = packer_of(&state), conflict_out = packer_of(&conflicts);
    size_t state_count = 0, conflict_count = 0, end;
    for (size_t from = 0; from < writes.count; from = end) {
        struct field_write *at = &writes.at[from];
        for (end = from + 1; end < writes.count && bytes_equal(writes.at[end].field, at->field);)
            end++;
        size_t left = writes_reduce(work, at, end - from);
        if (!agree(at, left)) {
            conflict_pack(work, &conflict_out, at, left);
            conflict_count++;
        }
        if (at->field.size > 0 && at->field.at[0] == '$') {
            fold->is_alive = at->value.at[0] == 0xc3;
        } else if (at->value.at[0] != 0xc0) {
            pack_str(&state_out, at->field);
            pack_raw(&state_out, at->value);
            state_count++;
        }
    }
    free(writes.at);
    fold->state = map_keep(work->arena, &state, state_count);
    if (conflict_count > 0)
        fold->conflicts = map_keep(work->arena, &conflicts, conflict_count);
}

// The heads: entries in no other's past. More than AFTER_MAX: the latest of them.
static size_t
heads_fill(struct work *work, struct fold *fold)
{
    struct ref refs[AFTER_MAX];
    size_t count = 0, all = 0;
    for (size_t i = work->count; i-- > 0;) {
        if (work->entries[i].fate != FOLD_IN)
            continue;
        bool is_head = true;
        for (size_t j = i + 1; j < work->count && is_head; j++)
            is_head = work->entries[j].fate != FOLD_IN || !is_past(work, j, i);
        if (!is_head)
            continue;
        all++;
        if (work->entries[i].entry.depth > fold->depth)
            fold->depth = work->entries[i].entry.depth;
        if (count < AFTER_MAX)
            refs[count++] = entry_ref(&work->entries[i].entry);
    }
    OWNED(buf_release) struct buf packed = {0};
    refs_pack(refs, count, &packed);
    fold->heads = arena_keep(work->arena, &packed);
    return all;
}

void
fold_entries(struct fold_entry *entries, size_t count, struct arena *arena, struct fold *ret_fold)
{
    struct work work = {.entries = entries, .count = count, .arena = arena};
    *ret_fold = (struct fold){0};
    qsort(entries, count, sizeof *entries, by_order);
    for (size_t i = 0; i < count; i++)
        entries[i].parent_count = 0;
    parents_find(&work);
    const struct entry *root = root_of(&work);
    for (size_t i = 0; i < count; i++)
        entry_judge(&work, &entries[i], root);
    past_fill(&work);
    state_fill(&work, ret_fold);
    size_t heads = heads_fill(&work, ret_fold);
    for (size_t i = 0; i < count; i++)
        ret_fold->has_waiting = ret_fold->has_waiting || entries[i].fate == FOLD_WAITS;
    if (root != NULL) {
        ret_fold->type = root->type;
        ret_fold->subject = root->subject;
    }
    ret_fold->is_straight = heads == 1 && ret_fold->conflicts.size == 0 && !ret_fold->has_waiting;
}
