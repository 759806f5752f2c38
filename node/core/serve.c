#include <string.h>

#include "../../proto/note.h"
#include "../../proto/read.h"
#include "../base/err.h"
#include "inside.h"

// One batch being cut for one reader.
struct outgoing {
    struct log *log;
    const struct link *link;
    seq_t first, end;
    struct buf raw;
    bool has_readable; // Some entry's body goes along
};

static void
outgoing_release(struct outgoing *self)
{
    buf_release(&self->raw);
}

static void
entry_add(struct core *self, struct outgoing *out, struct bytes stub, struct bytes body)
{
    struct entry entry;
    if (body.size == 0) {
        batch_add(&out->raw, stub, body);
        return;
    }
    int code = entry_read(stub, body, &entry);
    if (code == 0 && core_is_entitled(self, &out->link->peer, &entry, &out->log->origin.office)) {
        batch_add(&out->raw, stub, body);
        out->has_readable = true;
        return;
    }
    OWNED(buf_release) struct buf bare = {0};
    entry_withhold(&entry, stub, &bare);
    batch_add(&out->raw, buf_bytes(&bare), (struct bytes){0});
}

// Take entries from `first` on, as many as make a good batch, none from `to` on.
static void
entries_cut(struct core *self, struct outgoing *out, seq_t to)
{
    const struct view *view = &self->conf.view;
    struct bytes stub, body;
    out->end = out->first;
    while (out->end < to && out->end - out->first < SERVE_ENTRIES) {
        if (!view->entry(view->store, out->log->number, out->end, &stub, &body))
            return;
        if (out->end > out->first && out->raw.size + stub.size + body.size > BATCH_RAW_AIM)
            return;
        entry_add(self, out, stub, body);
        out->end++;
    }
}

// The checkpoint that covers the batch, and the proof where it is larger. The origin signs one for
// the batch's own end, which whoever receives it can pass on; others show how it grew into the
// one they hold.
static bool
note_find(struct core *self, const struct outgoing *out, struct buf *note, struct buf *proof)
{
    struct log *log = out->log;
    if (out->end == log->note_size) {
        buf_add_bytes(note, buf_bytes(&log->note));
        return true;
    }
    log_warm(log, &self->conf.view);
    struct log_nodes nodes = {log, &self->conf.view};
    struct merkle_source source = log_source(&nodes);
    if (log == self->own) {
        struct checkpoint checkpoint = {.size = out->end};
        origin_line(self->conf.net, &log->origin, checkpoint.origin);
        if (merkle_root_at(&source, out->end, checkpoint.root) != 0)
            return false;
        checkpoint_sign(&checkpoint, self->conf.crypto, self->conf.sign_secret,
                        self->conf.sign_public, note);
        return true;
    }
    uint8_t hashes[PROOF_MAX][HASH_SIZE];
    size_t count;
    if (out->end > log->note_size ||
        merkle_prove_consistency(&source, out->end, log->note_size, hashes, &count) != 0)
        return false;
    buf_add_bytes(note, buf_bytes(&log->note));
    buf_add(proof, hashes, count * HASH_SIZE);
    return true;
}

// Pack the batch; empty when there is nothing that can be proved.
static struct bytes
batch_close(struct core *self, const struct outgoing *out, uint64_t ticket)
{
    OWNED(buf_release) struct buf note = {0};
    OWNED(buf_release) struct buf proof = {0};
    OWNED(buf_release) struct buf payload = {0};
    OWNED(buf_release) struct buf packed = {0};
    if (out->end == out->first || !note_find(self, out, &note, &proof))
        return (struct bytes){0};
    struct message message = {.type = MESSAGE_BATCH};
    message.as.batch.origin = out->log->origin;
    message.as.batch.first = out->first;
    message.as.batch.count = out->end - out->first;
    message.as.batch.ticket = ticket;
    message.as.batch.checkpoint = buf_bytes(&note);
    message.as.batch.proof = buf_bytes(&proof);
    codec_pack(self->conf.codec, buf_bytes(&out->raw), &message.as.batch.codec, &payload);
    message.as.batch.payload = buf_bytes(&payload);
    message_pack(&message, &packed);
    return arena_keep(&self->arena, &packed);
}

void
core_want(struct core *self, struct link *link, const struct message *want)
{
    struct log *log = logs_find(&self->logs, &want->as.want.origin);
    if (log == NULL || !core_shares(self, link, log))
        return;
    struct peer_log *theirs = link_log(link, log->number);
    struct stream *stream = &theirs->stream;
    if (want->as.want.mode == WANT_STOP) {
        stream->is_open = false;
        return;
    }
    if (want->as.want.mode != WANT_ENTRIES) {
        // Bodies alone go to who becomes entitled later, envelopes to a commune: neither exists
        // before offices move and personal parts are written
        core_fault(self, link, ERR_NOTFOUND, &log->origin, want->as.want.from, (struct bytes){0});
        return;
    }
    if (stream->ticket != want->as.want.ticket)
        *stream = (struct stream){
            .ticket = want->as.want.ticket, .cursor = want->as.want.from, .to = want->as.want.to};
    stream->is_open = true;
    if (want->as.want.grant > stream->grant)
        stream->grant = want->as.want.grant;
    if (theirs->theirs < want->as.want.from)
        theirs->theirs = want->as.want.from;
}

static bool
stream_serve(struct core *self, struct link *link, struct peer_log *theirs)
{
    struct stream *stream = &theirs->stream;
    struct log *log = self->logs.at[theirs->log];
    seq_t to = log->note_size < log->durable ? log->note_size : log->durable;
    to = stream->to < to ? stream->to : to;
    if (!stream->is_open || stream->cursor >= to || stream->sent >= stream->grant)
        return false;
    OWNED(outgoing_release)
    struct outgoing out = {.log = log, .link = link, .first = stream->cursor};
    entries_cut(self, &out, to);
    struct bytes message = batch_close(self, &out, stream->ticket);
    if (message.size == 0) {
        stream->is_open = false;
        return false;
    }
    core_send_keep(self,
                   (struct core_send){.peer = link->peer, .lane = LANE_REPAIR, .message = message});
    stream->sent += message.size;
    stream->cursor = out.end;
    theirs->sent = out.end;
    theirs->told_at = self->now;
    link->sent_at = self->now;
    return true;
}

// Every open stream in turn, a few batches a step, so that no link starves another.
void
core_serve(struct core *self)
{
    unsigned left = SERVE_BATCHES;
    bool has_moved = true;
    while (left > 0 && has_moved) {
        has_moved = false;
        for (size_t i = 0; i < self->link_count && left > 0; i++) {
            struct link *link = self->links[i];
            for (size_t j = 0; j < link->count && left > 0 && link->has_hello; j++)
                if (stream_serve(self, link, &link->logs[j])) {
                    has_moved = true;
                    left--;
                }
        }
    }
    if (left == 0)
        core_wake(self, self->now);
}

bool
core_flows_down(const struct core *self, const struct link *link, const struct log *log)
{
    return !link->is_up && !office_equal(&log->origin.office, &link->peer) &&
           !registry_is_above(&self->registry, &link->peer, &log->origin.office);
}

static void
live_send(struct core *self, struct link *link, const struct log *log, struct bytes message)
{
    char topic[KEY_NAME_MAX + 1];
    if (link->is_up)
        origin_line(self->conf.net, &log->origin, topic);
    else
        memcpy(topic, link->peer.code, sizeof link->peer.code);
    core_send_keep(self, (struct core_send){
                             .peer = link->peer,
                             .lane = link->is_up ? LANE_LIVE_UP : LANE_LIVE_DOWN,
                             .topic = arena_bytes(&self->arena, bytes_of(topic)),
                             .message = message,
                         });
}

static void
publish_to(struct core *self, struct link *link, struct log *log, seq_t to)
{
    struct peer_log *theirs = link_log(link, log->number);
    seq_t from = theirs->sent > theirs->theirs ? theirs->sent : theirs->theirs;
    if (from >= to)
        return;
    if (theirs->stream.is_open) {
        if (theirs->stream.cursor < from || to - from > LIVE_ENTRIES)
            return; // core_serve goes on with it
        theirs->stream.is_open = false;
    }
    theirs->is_dirty = true;
    if (to - from <= SERVE_ENTRIES) {
        OWNED(outgoing_release) struct outgoing out = {.log = log, .link = link, .first = from};
        entries_cut(self, &out, to);
        if (!out.has_readable && core_flows_down(self, link, log) &&
            self->now - theirs->told_at < self->conf.density_ms)
            theirs->is_dirty = false; // For density's sake only: with the next readable entry
        else if (out.end == to) {
            struct bytes message = batch_close(self, &out, 0);
            if (message.size > 0 && message.size <= LIVE_BATCH_MAX) {
                live_send(self, link, log, message);
                theirs->sent = to;
                theirs->stream.cursor = to;
                theirs->is_dirty = false;
                theirs->told_at = self->now;
            }
        }
    }
    if (theirs->is_dirty)
        link->frontier_due = self->now;
}

void
core_publish(struct core *self, struct log *log)
{
    seq_t to = log->note_size < log->durable ? log->note_size : log->durable;
    for (size_t i = 0; i < self->link_count; i++) {
        struct link *link = self->links[i];
        if (link->is_open && link->has_hello && core_shares(self, link, log))
            publish_to(self, link, log, to);
    }
}
