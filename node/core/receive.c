#include <string.h>

#include "../../proto/note.h"
#include "../../proto/read.h"
#include "../base/err.h"
#include "inside.h"

// A batch as it is being looked at: nothing of the core changes until all of it holds.
struct incoming {
    struct log *log;
    const struct office *from;
    const struct message *message;
    seq_t first, end;
    struct entry *entries; // From the log's size on
    struct bytes *stubs, *bodies;
    size_t count;
    struct merkle edge;
    uint8_t (*leaves)[32];
    struct checkpoint checkpoint;
};

// A body that reached us without our being entitled to it is not kept: only its stub.
static void
body_strip(struct core *self, struct incoming *in, size_t i)
{
    struct entry *entry = &in->entries[i];
    OWNED(buf_release) struct buf stub = {0};
    entry_withhold(entry, in->stubs[i], &stub);
    in->stubs[i] = arena_keep(&self->arena, &stub);
    in->bodies[i] = (struct bytes){0};
    entry->has_shape = false;
}

// Check one entry at its place, and hash it on.
static int
entry_take(struct core *self, struct incoming *in, seq_t seq, struct bytes stub, struct bytes body)
{
    struct entry *entry = &in->entries[in->count];
    int code = entry_read(stub, body, entry);
    if (code != 0)
        return code;
    bool is_me_entitled =
        core_is_entitled(self, &self->conf.self.office, entry, &in->log->origin.office);
    if (entry->has_body) {
        if (!origin_equal(&entry->origin, &in->log->origin) || entry->seq != seq)
            return ERR_PROTO;
    } else if (is_me_entitled) {
        // One who is not entitled itself does not hold the body: somebody else has it
        return core_is_entitled(self, in->from, entry, &in->log->origin.office) ? ERR_WITHHELD
                                                                                : ERR_NOTFOUND;
    }
    entry_leaf(entry, stub, in->leaves[in->count]);
    merkle_add(&in->edge, in->leaves[in->count]);
    in->stubs[in->count] = stub;
    in->bodies[in->count] = body;
    if (entry->has_body && !is_me_entitled)
        body_strip(self, in, in->count);
    in->count++;
    return 0;
}

static int
entries_take(struct core *self, struct incoming *in, struct bytes raw)
{
    struct reader reader = reader_of(raw);
    for (seq_t seq = in->first; seq < in->end; seq++) {
        struct bytes stub, body;
        batch_next(&reader, &stub, &body);
        if (reader.code != 0)
            return reader.code;
        if (seq < in->log->size)
            continue; // Had it already; the root will tell if it is another
        int code = entry_take(self, in, seq, stub, body);
        if (code != 0)
            return code;
    }
    return reader.at == reader.end ? 0 : ERR_PROTO;
}

static int
root_check(struct core *self, struct incoming *in)
{
    const struct unit *unit = registry_unit(&self->registry, &in->log->origin.office);
    if (unit == NULL || !unit->has_certificate)
        return ERR_STRANGER;
    char name[KEY_NAME_MAX + 1];
    origin_line(self->conf.net, &in->log->origin, name);
    int code = checkpoint_open(in->message->as.batch.checkpoint, name, unit->sign,
                               self->conf.crypto, &in->checkpoint);
    if (code != 0)
        return code;
    uint8_t root[32];
    merkle_root(&in->edge, root);
    if (in->checkpoint.size == in->end)
        return memcmp(root, in->checkpoint.root, 32) == 0 ? 0 : ERR_ROOT;
    if (in->checkpoint.size < in->end)
        return ERR_ROOT;
    return merkle_check_consistency(in->end, in->checkpoint.size, root, in->checkpoint.root,
                                    in->message->as.batch.proof);
}

static void
incoming_room(struct core *self, struct incoming *in)
{
    size_t room = (size_t)(in->end - in->log->size);
    in->entries = arena_new(&self->arena, room * sizeof *in->entries);
    in->stubs = arena_new(&self->arena, room * sizeof *in->stubs);
    in->bodies = arena_new(&self->arena, room * sizeof *in->bodies);
    in->leaves = arena_new(&self->arena, room * sizeof *in->leaves);
    in->edge = in->log->edge;
}

static void
append(struct core *self, struct incoming *in)
{
    struct write tiles[TILE_LEVELS];
    struct log *log = in->log;
    for (size_t i = 0; i < in->count; i++) {
        core_write(self, (struct write){.type = WRITE_ENTRY,
                                        .as.entry = {.log = log->number,
                                                     .seq = log->size,
                                                     .kind = in->entries[i].kind,
                                                     .stub = in->stubs[i],
                                                     .body = in->bodies[i]}});
        size_t count = log_add(log, in->leaves[i], &self->arena, tiles);
        for (size_t j = 0; j < count; j++)
            core_write(self, tiles[j]);
        core_apply(self, log, &in->entries[i]);
    }
    if (in->checkpoint.size == log->size) {
        buf_clear(&log->note);
        buf_add_bytes(&log->note, in->message->as.batch.checkpoint);
        log->note_size = log->size;
    }
    core_log_moved(self, log);
}

// What has been verified here, from the live lane, may go on up while it is being written: the
// origin has it on disk.
static void
pass_on(struct core *self, const struct link *from, const struct incoming *in, struct bytes whole)
{
    if (from->is_up || in->log->note_size != in->end)
        return;
    for (size_t i = 0; i < self->link_count; i++) {
        struct link *link = self->links[i];
        if (!link->is_up || !link->is_open || !link->has_hello)
            continue;
        struct peer_log *theirs = link_log(link, in->log->number);
        seq_t sent = theirs->sent > theirs->theirs ? theirs->sent : theirs->theirs;
        if (theirs->stream.is_open || sent != in->first)
            continue;
        for (size_t j = 0; j < in->count; j++)
            if (!core_is_entitled(self, &link->peer, &in->entries[j], &in->log->origin.office))
                return; // Cut for that reader once it is stored
        char topic[KEY_NAME_MAX + 1];
        origin_line(self->conf.net, &in->log->origin, topic);
        core_send_keep(self, (struct core_send){
                                 .peer = link->peer,
                                 .lane = LANE_LIVE_UP,
                                 .is_early = true,
                                 .topic = arena_bytes(&self->arena, bytes_of(topic)),
                                 .message = arena_bytes(&self->arena, whole),
                             });
        theirs->sent = in->end;
        theirs->told_at = self->now;
    }
}

static int
batch_take(struct core *self, struct link *link, const struct message *message, struct bytes whole,
           bool is_live, struct incoming *in)
{
    OWNED(buf_release) struct buf raw = {0};
    int code =
        codec_unpack(self->conf.codec, message->as.batch.codec, message->as.batch.payload, &raw);
    if (code != 0)
        return code;
    struct bytes kept = arena_keep(&self->arena, &raw); // Writes point into it
    log_warm(in->log, &self->conf.view);
    incoming_room(self, in);
    code = entries_take(self, in, kept);
    if (code == 0)
        code = root_check(self, in);
    if (code != 0)
        return code;
    append(self, in);
    if (is_live)
        pass_on(self, link, in, whole);
    return 0;
}

void
core_receive(struct core *self, struct link *link, const struct message *message,
             struct bytes whole, bool is_live)
{
    const struct origin *origin = &message->as.batch.origin;
    struct log *log = logs_find(&self->logs, origin);
    const struct unit *unit = registry_unit(&self->registry, &origin->office);
    if (log == NULL) {
        // Nobody we know yet: the registry entry is on its way, and a frontier will name it again
        if (unit == NULL || !unit->has_certificate ||
            !registry_is_in_line(&self->registry, &self->conf.self.office, &origin->office))
            return;
        log = core_log_of(self, origin);
        if (log == NULL)
            return;
    }
    struct incoming in = {.log = log,
                          .from = &link->peer,
                          .message = message,
                          .first = message->as.batch.first,
                          .end = message->as.batch.first + message->as.batch.count};
    bool is_asked = log->asking.ticket != 0 && message->as.batch.ticket == log->asking.ticket;
    if (is_asked) {
        log->asking.received += whole.size;
        log->asking.asked_at = self->now;
    }
    if (log == self->own)
        return;
    if (in.end <= log->size) { // Twice is once
        struct peer_log *known = link_log(link, log->number);
        if (known->theirs < in.end)
            known->theirs = in.end;
        core_answer(self, link, log, known, in.end);
        return;
    }
    if (in.first > log->size) {
        core_ask(self, link, log);
        return;
    }
    int code = batch_take(self, link, message, whole, is_live, &in);
    if (code != 0) {
        core_fault(self, link, code, origin, in.first, whole);
        if (is_asked)
            log->asking.whom = (struct office){0}; // Somebody else may have it right
        return;
    }
    struct peer_log *theirs = link_log(link, log->number);
    if (theirs->theirs < in.end)
        theirs->theirs = in.end; // They sent it: an entry is durable at its sender, or its origin
    if (theirs->sent < in.end)
        theirs->sent = in.end;
}
