#include <assert.h>
#include <string.h>

#include "../../proto/note.h"
#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../../proto/scan.h"
#include "../base/err.h"
#include "inside.h"

// What one draft of this event became, for those that follow it.
struct written {
    uint8_t key[16];
    struct ref ref;
    uint64_t depth;
};

static struct bytes
text_join(struct core *self, const char *code, const char *tail)
{
    OWNED(buf_release) struct buf text = {0};
    buf_add_text(&text, code);
    buf_add_text(&text, tail);
    return arena_keep(&self->arena, &text);
}

// The audience is never chosen freely: it follows from kind, type, author and subject.
static struct bytes
audience_of(struct core *self, const struct draft *draft)
{
    const struct office *me = &self->conf.self.office;
    if (draft->kind == KIND_RECEIPT)
        return (struct bytes){0};
    if (draft->kind != KIND_RECORD)
        return text_join(self, me->code, "*");
    const struct type *type = core_type(self, draft->type);
    if (type != NULL && type->is_directive)
        return text_join(self, draft->subject.code, "*");
    return office_equal(me, &draft->subject) ? (struct bytes){0}
                                             : text_join(self, draft->subject.code, "");
}

// The depth of the entry a ref names; false when this node does not hold it.
static bool
depth_of(struct core *self, const struct ref *ref, uint64_t *ret_depth)
{
    const struct log *log = logs_find(&self->logs, &ref->origin);
    struct bytes stub, body;
    struct entry entry;
    const struct view *view = &self->conf.view;
    if (log == NULL || !view->entry(view->store, log->number, ref->seq, &stub, &body) ||
        entry_read(stub, body, &entry) != 0)
        return false;
    *ret_depth = entry.depth;
    return true;
}

static int
depth_fill(struct core *self, const struct record *record, struct entry *entry)
{
    struct ref refs[AFTER_MAX];
    size_t count = 0;
    int code = refs_read(entry->after, refs, &count);
    if (code != 0 || count == 0)
        return code;
    if (bytes_equal(entry->after, record->heads)) {
        entry->depth = record->depth + 1;
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t depth;
        if (!depth_of(self, &refs[i], &depth))
            return ERR_NOTFOUND;
        if (depth >= entry->depth)
            entry->depth = depth + 1;
    }
    return 0;
}

// The reach of a record is its root entry's; a later definition binds new records only.
static enum level
reach_of(struct core *self, const struct record *record, const struct draft *draft)
{
    struct bytes stub, body;
    struct entry root;
    const struct view *view = &self->conf.view;
    if (record->place_count > 0 &&
        view->entry(view->store, record->places[0].log, record->places[0].seq, &stub, &body) &&
        entry_read(stub, body, &root) == 0)
        return root.reach;
    const struct type *type = core_type(self, draft->type);
    return type != NULL ? type->reach : LEVEL_TOP;
}

static int
record_fill(struct core *self, const struct draft *draft, const struct written *written,
            size_t count, struct entry *entry)
{
    struct record *record = core_record(self, &draft->record);
    core_record_fill(self, record);
    static const uint8_t nothing[16];
    for (size_t i = count; i-- > 0 && memcmp(draft->follows, nothing, 16) != 0;)
        if (memcmp(written[i].key, draft->follows, 16) == 0) {
            OWNED(buf_release) struct buf packed = {0};
            refs_pack(&written[i].ref, 1, &packed);
            entry->after = arena_keep(&self->arena, &packed);
            entry->depth = written[i].depth + 1;
            break;
        }
    entry->reach = reach_of(self, record, draft);
    if (draft->is_whole && bytes_equal(entry->after, record->heads))
        entry->facts = state_difference(&self->arena, record->state, draft->facts);
    return entry->depth > 0 ? 0 : depth_fill(self, record, entry);
}

static void
own_append(struct core *self, const struct entry *entry, struct bytes stub, struct bytes body)
{
    struct write tiles[TILE_LEVELS];
    uint8_t leaf[32];
    core_write(self, (struct write){.type = WRITE_ENTRY,
                                    .as.entry = {.log = self->own->number,
                                                 .seq = self->own->size,
                                                 .kind = entry->kind,
                                                 .stub = stub,
                                                 .body = body}});
    entry_leaf(entry, stub, leaf);
    size_t count = log_add(self->own, leaf, &self->arena, tiles);
    for (size_t i = 0; i < count; i++)
        core_write(self, tiles[i]);
}

// One draft becomes one entry. Nothing has changed when it fails.
static int
draft_write(struct core *self, const struct draft *draft, const struct written *written,
            size_t count, struct written *ret_written)
{
    uint8_t salt[16];
    self->conf.crypto->random(self->conf.crypto->self, salt, sizeof salt);
    struct entry entry = {
        .version = ENTRY_VERSION,
        .kind = draft->kind,
        .audience = audience_of(self, draft),
        .salt = BYTES(salt, sizeof salt),
        .origin = self->own->origin,
        .seq = self->own->size,
        .logged_at = self->wall > 0 ? self->wall : 0,
        .actor = draft->actor,
        .type = draft->type,
        .type_version = draft->type_version,
        .record = draft->record,
        .subject = draft->subject,
        .op = draft->kind == KIND_RECORD ? (uint64_t)draft->op : OP_NONE,
        .reason = draft->reason,
        .after = draft->after,
        .facts = draft->facts,
    };
    int code = draft->kind == KIND_RECORD ? record_fill(self, draft, written, count, &entry) : 0;
    if (code != 0)
        return code;
    OWNED(buf_release) struct buf body = {0};
    OWNED(buf_release) struct buf stub = {0};
    entry_pack_body(&entry, &body);
    entry_pack_stub(&entry, true, &stub);
    struct bytes stub_kept = arena_keep(&self->arena, &stub);
    struct bytes body_kept = arena_keep(&self->arena, &body);
    code = entry_read(stub_kept, body_kept, &entry); // What we would refuse, we do not write
    if (code != 0)
        return code;
    own_append(self, &entry, stub_kept, body_kept);
    core_apply(self, self->own, &entry);
    memcpy(ret_written->key, draft->key, sizeof draft->key);
    ret_written->ref = entry_ref(&entry);
    ret_written->depth = entry.depth;
    static const uint8_t nothing[16];
    if (memcmp(draft->key, nothing, sizeof nothing) == 0)
        return 0; // A command's own: it was in no outbox
    core_write(self, (struct write){.type = WRITE_DRAINED,
                                    .as.drained = {.log = self->own->number, .seq = entry.seq}});
    memcpy(self->writes[self->write_count - 1].as.drained.key, draft->key, sizeof draft->key);
    return 0;
}

static void
own_sign(struct core *self)
{
    struct log *log = self->own;
    struct checkpoint checkpoint = {.size = log->size};
    origin_line(self->conf.net, &log->origin, checkpoint.origin);
    merkle_root(&log->edge, checkpoint.root);
    buf_clear(&log->note);
    checkpoint_sign(&checkpoint, self->conf.crypto, self->conf.sign_secret, self->conf.sign_public,
                    &log->note);
    log->note_size = log->size;
    core_log_moved(self, log);
}

void
core_author(struct core *self, const struct draft *drafts, size_t count)
{
    log_warm(self->own, &self->conf.view);
    struct written *written = arena_new(&self->arena, (count + 1) * sizeof *written);
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        int code = draft_write(self, &drafts[i], written, done, &written[done]);
        if (code == 0) {
            done++;
            continue;
        }
        struct core_note note = {.type = NOTE_REFUSED_DRAFT, .code = code};
        memcpy(note.key, drafts[i].key, sizeof note.key);
        core_note(self, note);
    }
    if (done > 0)
        own_sign(self);
}

void
core_open_epoch(struct core *self)
{
    OWNED(buf_release) struct buf facts = {0};
    struct packer out = packer_of(&facts);
    const struct log *before = logs_find(&self->logs, &self->conf.before);
    pack_map(&out, before != NULL ? 3 : 1);
    if (before != NULL) {
        pack_text(&out, "epoch");
        pack_uint(&out, before->origin.epoch);
        pack_text(&out, "size");
        pack_uint(&out, before->size);
    }
    pack_text(&out, "why");
    pack_text(&out, before != NULL ? "restored" : "first");
    const struct draft draft = {.kind = KIND_OPEN, .actor = ACTOR_NONE, .facts = buf_bytes(&facts)};
    core_author(self, &draft, 1);
}
