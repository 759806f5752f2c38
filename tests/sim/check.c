#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/merkle.h"
#include "../../proto/read.h"
#include "inside.h"
#include "naive.h"

enum { INBOX_MAX = 4096, FIRST_YEAR = 2025, LAST_YEAR = 2028 };

// At every send: nothing leaves before what it promises is on disk.

static void
promise_keep(struct world *self, const struct message *message)
{
    for (size_t i = 0; i < self->promise_count; i++) {
        struct promise *promise = &self->promises[i];
        if (!office_equal(&promise->holder, &message->as.receipt.holder) ||
            !origin_equal(&promise->origin, &message->as.receipt.origin))
            continue;
        if (promise->size < message->as.receipt.size)
            promise->size = message->as.receipt.size;
        return;
    }
    self->promises = mem_reserve(self->promises, &self->promise_room, self->promise_count + 1,
                                 sizeof *self->promises);
    self->promises[self->promise_count++] = (struct promise){
        message->as.receipt.holder, message->as.receipt.origin, message->as.receipt.size};
}

static void
claim_check(struct world *self, const struct node *node, const struct node *holder,
            const struct origin *origin, seq_t size, const char *what)
{
    seq_t durable = holder != NULL ? store_memory_durable(&holder->store, origin) : 0;
    if (durable < size)
        world_violation(self, "%s sends a %s of log %s up to %llu, but only %llu are on disk",
                        node->office.code, what, origin->office.code, (unsigned long long)size,
                        (unsigned long long)durable);
}

void
check_send(struct world *self, const struct node *node, const struct sent *sent, bool is_early)
{
    struct message message;
    if (message_read(sent->message, &message) != 0) {
        world_violation(self, "%s sends what cannot be read", node->office.code);
        return;
    }
    if (is_early && (message.type != MESSAGE_BATCH ||
                     office_equal(&message.as.batch.origin.office, &node->office)))
        world_violation(self, "%s sends something of its own early", node->office.code);
    if (message.type == MESSAGE_BATCH && !is_early)
        claim_check(self, node, node, &message.as.batch.origin,
                    message.as.batch.first + message.as.batch.count, "batch");
    if (message.type == MESSAGE_RECEIPT) {
        claim_check(self, node, world_node(self, &message.as.receipt.holder),
                    &message.as.receipt.origin, message.as.receipt.size, "receipt");
        promise_keep(self, &message);
    }
    if (message.type == MESSAGE_FRONTIER) {
        struct reader in = marks_reader(&message);
        for (size_t i = 0; i < message.as.frontier.count; i++) {
            struct mark mark = mark_read(&in);
            claim_check(self, node, node, &mark.origin, mark.size, "frontier");
        }
    }
}

void
check_receipts_kept(struct world *self, const struct node *node)
{
    for (size_t i = 0; i < self->promise_count; i++) {
        const struct promise *promise = &self->promises[i];
        if (office_equal(&promise->holder, &node->office) &&
            store_memory_durable(&node->store, &promise->origin) < promise->size)
            world_violation(self, "%s lost what it gave a receipt for: log %s", node->office.code,
                            promise->origin.office.code);
    }
}

// Stillness.

static bool
is_in_line(const struct node *a, const struct node *b)
{
    for (const struct node *at = a; at != NULL; at = at->parent)
        if (at == b)
            return true;
    for (const struct node *at = b; at != NULL; at = at->parent)
        if (at == a)
            return true;
    return false;
}

// Says what is not still yet; gives false.
static bool
say(char *ret_why, const char *who, const char *what, const char *whom, uint64_t x, uint64_t y)
{
    if (ret_why != NULL)
        (void)snprintf(ret_why, WORLD_TEXT, "%s %s %s: %llu, %llu", who, what, whom,
                       (unsigned long long)x, (unsigned long long)y);
    return false;
}

// Every office in line with the author holds all of its log, and those above have said so to it.
static bool
log_is_still(const struct world *self, const struct node *author, char *ret_why)
{
    const struct memory_log *own = store_memory_log(&author->store, &author->conf.self);
    if (own == NULL || own->head.size == 0)
        return true;
    for (size_t i = 0; i < self->node_count; i++) {
        const struct node *node = self->nodes[i];
        if (!is_in_line(node, author))
            continue;
        const struct memory_log *log = store_memory_log(&node->store, &author->conf.self);
        seq_t size = log != NULL ? log->head.size : 0;
        if (size != own->head.size)
            return say(ret_why, node->office.code, "holds less of log", author->office.code, size,
                       own->head.size);
        if (log->head.note_size != size)
            return say(ret_why, node->office.code, "has no checkpoint for all of log",
                       author->office.code, log->head.note_size, size);
    }
    for (const struct node *above = author->parent; above != NULL; above = above->parent) {
        struct receipt receipt = {0};
        struct view view = author->conf.view;
        (void)view.receipt(view.store, &author->conf.self, &above->office, &receipt);
        if (receipt.size != own->head.size)
            return say(ret_why, author->office.code, "has no receipt for all from",
                       above->office.code, receipt.size, own->head.size);
    }
    return true;
}

static bool
links_are_still(const struct node *node, char *ret_why)
{
    struct link_status status;
    for (size_t i = 0; core_link(node->core, i, &status); i++)
        if (status.behind_entries > 0 || status.lacking_entries > 0)
            return say(ret_why, node->office.code, "thinks it differs from", status.peer.code,
                       status.behind_entries, status.lacking_entries);
    return true;
}

bool
check_is_still(struct world *self, char *ret_why)
{
    for (size_t i = 0; i < self->node_count; i++) {
        const struct node *node = self->nodes[i];
        if (!node->is_running || node->inbox_count > 0 || node->is_committing)
            return say(ret_why, node->office.code, "is at work", "", node->inbox_count, 0);
        if (i > 0 && !self->wires[i].is_up)
            return say(ret_why, node->office.code, "has no link to", node->parent->office.code, 0,
                       0);
        if (!log_is_still(self, node, ret_why) || !links_are_still(node, ret_why))
            return false;
    }
    return true;
}

// At the end.

static bool
root_of(const struct memory_log *log, uint8_t ret_root[32])
{
    struct merkle edge = {0};
    for (size_t i = 0; i < log->count; i++) {
        struct entry entry;
        uint8_t leaf[32];
        if (entry_read(log->entries[i].stub, log->entries[i].body, &entry) != 0)
            return false;
        entry_leaf(&entry, log->entries[i].stub, leaf);
        merkle_add(&edge, leaf);
    }
    merkle_root(&edge, ret_root);
    return true;
}

static void
log_check(struct world *self, const struct node *author)
{
    const struct memory_log *own = store_memory_log(&author->store, &author->conf.self);
    uint8_t want[32], got[32];
    if (own == NULL || own->head.size == 0)
        return;
    self->result->entries += own->count;
    if (own->count != own->head.size || !root_of(own, want))
        world_violation(self, "%s cannot read its own log", author->office.code);
    for (size_t i = 0; i < self->node_count; i++) {
        const struct memory_log *log = store_memory_log(&self->nodes[i]->store, &author->conf.self);
        if (log == NULL || self->nodes[i] == author)
            continue;
        if (!is_in_line(self->nodes[i], author))
            world_violation(self, "%s holds log %s", self->nodes[i]->office.code,
                            author->office.code);
        else if (!root_of(log, got) || memcmp(want, got, sizeof want) != 0)
            world_violation(self, "log %s has another root at %s", author->office.code,
                            self->nodes[i]->office.code);
    }
}

// All entries of all records, as their authors have them, sorted by record.
struct all_entries {
    struct entry *at;
    size_t count, room;
};

static int
by_record(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    int order = record_id_compare(&left->record, &right->record);
    if (order == 0)
        order = origin_compare(&left->origin, &right->origin);
    return order != 0 ? order : left->seq < right->seq ? -1 : left->seq > right->seq;
}

static void
entries_collect(struct world *self, struct all_entries *all)
{
    for (size_t i = 0; i < self->node_count; i++) {
        const struct node *node = self->nodes[i];
        const struct memory_log *log = store_memory_log(&node->store, &node->conf.self);
        for (size_t j = 0; log != NULL && j < log->count; j++) {
            struct entry entry;
            if (log->entries[j].kind != KIND_RECORD ||
                entry_read(log->entries[j].stub, log->entries[j].body, &entry) != 0)
                continue;
            all->at = mem_reserve(all->at, &all->room, all->count + 1, sizeof *all->at);
            all->at[all->count++] = entry;
        }
    }
    if (all->count > 0)
        qsort(all->at, all->count, sizeof *all->at, by_record);
}

static bool
is_same(const struct projection *got, const struct naive_state *want, struct arena *arena)
{
    return got->is_alive == want->is_alive && got->is_waiting == want->is_waiting &&
           bytes_equal(got->state, want->state) && bytes_equal(got->heads, want->heads) &&
           bytes_equal(naive_conflicts(got->conflicts, arena), want->conflicts);
}

// The office a subject's records are kept at by: itself and those above.
static bool
keeps(const struct world *self, const struct node *node, const struct office *subject)
{
    const struct node *at = world_node(self, subject);
    for (size_t i = 0; at == NULL && i < self->node_count; i++) // Hosted
        for (size_t j = 0; j < self->nodes[i]->hosted_count; j++)
            if (office_equal(&self->nodes[i]->hosted[j], subject))
                at = self->nodes[i];
    while (at != NULL && at != node)
        at = at->parent;
    return at != NULL;
}

static void
record_check(struct world *self, const struct entry *entries, size_t count)
{
    OWNED(arena_release) struct arena arena = {0};
    struct naive_state want;
    bool *is_denied = arena_new(&arena, count);
    char id[RECORD_TEXT_MAX + 1];
    record_id_text(&entries->record, id);
    naive_fold(entries, is_denied, count, &arena, &want);
    self->result->conflicts += want.conflicts.size > 0;
    if (want.in_count != count)
        world_violation(self, "record %s has entries that break a rule or wait", id);
    for (size_t i = 0; i < self->node_count; i++) {
        const struct node *node = self->nodes[i];
        const struct memory_record *record = store_memory_record(&node->store, &entries->record);
        if (!keeps(self, node, &entries->subject)) {
            if (record != NULL)
                world_violation(self, "%s holds record %s", node->office.code, id);
            continue;
        }
        if (record == NULL)
            world_violation(self, "%s lacks record %s", node->office.code, id);
        else if (!is_same(&record->projection, &want, &arena))
            world_violation(self, "%s has another state of record %s than its %zu entries make",
                            node->office.code, id, count);
    }
}

static void
records_check(struct world *self)
{
    struct all_entries all = {0};
    entries_collect(self, &all);
    for (size_t from = 0, end; from < all.count; from = end) {
        for (end = from + 1;
             end < all.count && record_id_equal(&all.at[end].record, &all.at[from].record);)
            end++;
        record_check(self, &all.at[from], end - from);
    }
    free(all.at);
}

static void
measure_check(struct world *self, const struct node *node, const char *name,
              const struct measure *measure, const struct projection *const *records)
{
    const struct registry *registry = core_registry(node->core);
    struct view view = node->conf.view;
    for (size_t i = 0; i < registry->count && measure->part_count > 0; i++) {
        const struct office *office = &registry->units[i]->office;
        int32_t first = measure->is_yearly ? FIRST_YEAR : 0;
        int32_t last = measure->is_yearly ? LAST_YEAR : 0;
        for (int32_t period = first; period <= last; period++) {
            int64_t want = naive_count(measure, period, office, records, node->store.record_count);
            int64_t got = view.total(view.store, name, period, office);
            if (got != want)
                world_violation(self, "%s counts %s of %s in %d as %lld, but it is %lld",
                                node->office.code, name, office->code, (int)period, (long long)got,
                                (long long)want);
        }
    }
}

static void
counts_check(struct world *self, const struct node *node)
{
    const struct projection **records =
        mem_new((node->store.record_count + 1) * sizeof(struct projection *));
    for (size_t i = 0; i < node->store.record_count; i++)
        records[i] = &node->store.records[i]->projection;
    size_t count;
    const struct indicator *const *indicators = core_indicators(node->core, &count);
    if (count != 4)
        world_violation(self, "%s knows %zu indicators", node->office.code, count);
    for (size_t i = 0; i < count; i++) {
        char name[MEASURE_MAX + 1];
        (void)snprintf(name, sizeof name, "%s/n", indicators[i]->name);
        measure_check(self, node, name, &indicators[i]->numerator, records);
        (void)snprintf(name, sizeof name, "%s/d", indicators[i]->name);
        measure_check(self, node, name, &indicators[i]->denominator, records);
    }
    free(records);
}

void
check_end(struct world *self)
{
    for (size_t i = 0; i < self->node_count; i++) {
        const struct node *node = self->nodes[i];
        log_check(self, node);
        check_receipts_kept(self, node);
        counts_check(self, node);
        if (node->store.quarantine_count > 0 || node->store.evidence_count > 0)
            world_violation(self, "%s has %zu entries in quarantine, %zu pieces of evidence",
                            node->office.code, node->store.quarantine_count,
                            node->store.evidence_count);
    }
    records_check(self);
    if (self->longest_inbox > INBOX_MAX)
        world_violation(self, "a queue grew to %zu", self->longest_inbox);
}
