#include "core.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/note.h"
#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../base/err.h"
#include "inside.h"

void
core_conf_defaults(struct core_conf *conf)
{
    conf->ping_ms = 20000;
    conf->dead_ms = 70000;
    conf->retry_ms = 3000;
    conf->settle_ms = 250;
    conf->density_ms = 3600000;
}

// What a step leaves.

void
core_write(struct core *self, struct write write)
{
    self->writes =
        mem_reserve(self->writes, &self->write_room, self->write_count + 1, sizeof *self->writes);
    self->writes[self->write_count++] = write;
}

void
core_note(struct core *self, struct core_note note)
{
    self->notes =
        mem_reserve(self->notes, &self->note_room, self->note_count + 1, sizeof *self->notes);
    self->notes[self->note_count++] = note;
}

void
core_wake(struct core *self, mono_t at)
{
    if (at == 0)
        at = 1; // 0 means never
    if (self->wake == 0 || at < self->wake)
        self->wake = at;
}

void
core_send_keep(struct core *self, struct core_send send)
{
    self->sends =
        mem_reserve(self->sends, &self->send_room, self->send_count + 1, sizeof *self->sends);
    self->sends[self->send_count++] = send;
}

void
core_send(struct core *self, struct link *link, const struct message *message)
{
    OWNED(buf_release) struct buf packed = {0};
    message_pack(message, &packed);
    core_send_keep(self, (struct core_send){.peer = link->peer,
                                            .lane = LANE_REPAIR,
                                            .message = arena_keep(&self->arena, &packed)});
    link->sent_at = self->now;
}

// A peer can hurt only itself: it is told, people are told, what it sent is kept, nothing changes.
void
core_fault(struct core *self, struct link *link, int code, const struct origin *origin, seq_t seq,
           struct bytes evidence)
{
    struct core_note note = {.type = NOTE_PEER_FAULT, .code = code, .peer = link->peer, .seq = seq};
    if (origin != NULL)
        note.origin = *origin;
    core_note(self, note);
    if (evidence.size > 0 && (code == ERR_ROOT || code == ERR_SIGNATURE || code == ERR_WITHHELD))
        core_write(self,
                   (struct write){.type = WRITE_EVIDENCE,
                                  .as.evidence = {.code = code,
                                                  .origin = note.origin,
                                                  .from = link->peer,
                                                  .what = arena_bytes(&self->arena, evidence)}});
    if (++link->faults > FAULTS_MAX)
        return;
    struct message message = {.type = MESSAGE_FAULT};
    message.as.fault.code = bytes_of(err_name(code));
    message.as.fault.text = bytes_of(err_sentence(code, LANG_EN));
    message.as.fault.origin = note.origin;
    message.as.fault.seq = seq;
    core_send(self, link, &message);
}

// Definitions.

const struct type *
core_type(const struct core *self, struct bytes name)
{
    for (size_t i = 0; i < self->type_count; i++)
        if (bytes_equal(bytes_of(self->types[i]->name), name))
            return self->types[i];
    return NULL;
}

static struct definition *
definition_slot(struct core *self, bool is_type, const char *name)
{
    for (size_t i = 0; i < self->definition_count; i++)
        if (self->definitions[i].is_type == is_type && strcmp(self->definitions[i].name, name) == 0)
            return &self->definitions[i];
    self->definitions = mem_reserve(self->definitions, &self->definition_room,
                                    self->definition_count + 1, sizeof *self->definitions);
    struct definition *slot = &self->definitions[self->definition_count++];
    *slot = (struct definition){.is_type = is_type};
    memcpy(slot->name, name, strlen(name) + 1);
    return slot;
}

static void
definitions_index(struct core *self)
{
    self->type_count = 0;
    self->tally.count = 0;
    for (size_t i = 0; i < self->definition_count; i++) {
        struct definition *one = &self->definitions[i];
        if (one->is_type) {
            self->types = mem_reserve(self->types, &self->type_room, self->type_count + 1,
                                      sizeof(struct type *));
            self->types[self->type_count++] = one->type;
        } else {
            self->tally.indicators = mem_reserve(self->tally.indicators, &self->tally.room,
                                                 self->tally.count + 1, sizeof(struct indicator *));
            self->tally.indicators[self->tally.count++] = one->indicator;
        }
    }
}

// Of several versions the greatest stands; of two with one number the one later in the log.
static bool
is_newer(const struct definition *slot, uint64_t version, const struct entry *entry)
{
    if (slot->packed.size == 0 || version != slot->version)
        return slot->packed.size == 0 || version > slot->version;
    return entry->origin.epoch != slot->epoch ? entry->origin.epoch > slot->epoch
                                              : entry->seq > slot->seq;
}

void
core_definition_take(struct core *self, const struct entry *entry)
{
    struct err err = {0};
    struct type *type = NULL;
    struct indicator *indicator = NULL;
    bool is_type = bytes_equal(entry->type, bytes_of("type"));
    if (!office_equal(&entry->origin.office, &self->registry.root))
        return; // Only the root defines
    if (!is_type && !bytes_equal(entry->type, bytes_of("indicator")))
        return; // A later version's
    int code = is_type ? type_read(entry->facts, &type, &err)
                       : indicator_read(entry->facts, &indicator, &err);
    if (code != 0) {
        core_note(self, (struct core_note){.type = NOTE_QUARANTINED,
                                           .code = code,
                                           .origin = entry->origin,
                                           .seq = entry->seq});
        return;
    }
    uint64_t version = is_type ? type->version : indicator->version;
    struct definition *slot =
        definition_slot(self, is_type, is_type ? type->name : indicator->name);
    if (!is_newer(slot, version, entry)) {
        type_destroy(&type);
        indicator_destroy(&indicator);
        return;
    }
    type_destroy(&slot->type);
    indicator_destroy(&slot->indicator);
    bytes_free(&slot->packed);
    slot->type = type;
    slot->indicator = indicator;
    slot->version = version;
    slot->epoch = entry->origin.epoch;
    slot->seq = entry->seq;
    slot->packed = bytes_own(entry->facts);
    definitions_index(self);
    core_note(self, (struct core_note){.type = NOTE_DEFINITIONS, .origin = entry->origin});
}

// Who may read what.

// True when `audience`, X or X*, names `reader`.
static bool
audience_names(const struct core *self, const struct office *reader, struct bytes audience,
               const struct office *author, struct office *ret_named)
{
    if (audience.size == 0)
        return false;
    bool is_tree = audience.at[audience.size - 1] == '*';
    if (!office_parse(BYTES(audience.at, audience.size - is_tree), ret_named))
        return false;
    if (office_equal(reader, ret_named))
        return true;
    if (is_tree && registry_is_above(&self->registry, ret_named, reader))
        return true;
    return registry_is_above(&self->registry, reader, ret_named) &&
           registry_is_above(&self->registry, author, reader);
}

bool
core_is_entitled(const struct core *self, const struct office *reader, const struct entry *entry,
                 const struct office *author)
{
    struct office named = {0};
    if (office_equal(reader, author) ||
        audience_names(self, reader, entry->audience, author, &named))
        return true;
    if (office_level(reader) < entry->reach)
        return false;
    return registry_is_above(&self->registry, reader, author) ||
           (!office_is_none(&named) && registry_is_above(&self->registry, reader, &named));
}

bool
core_shares(const struct core *self, const struct link *link, const struct log *log)
{
    const struct office *office = &log->origin.office;
    return registry_is_in_line(&self->registry, &link->peer, office) &&
           registry_is_in_line(&self->registry, &self->conf.self.office, office);
}

// Links.

static struct link *
link_find(const struct core *self, const struct office *peer)
{
    for (size_t i = 0; i < self->link_count; i++)
        if (office_equal(&self->links[i]->peer, peer))
            return self->links[i];
    return NULL;
}

static struct link *
link_get(struct core *self, const struct office *peer)
{
    struct link *link = link_find(self, peer);
    bool is_up = registry_is_above(&self->registry, peer, &self->conf.self.office);
    if (link != NULL) {
        link->is_up = is_up;
        return link;
    }
    link = mem_new(sizeof *link);
    link->peer = *peer;
    link->is_up = is_up;
    self->links =
        mem_reserve(self->links, &self->link_room, self->link_count + 1, sizeof(struct link *));
    self->links[self->link_count++] = link;
    return link;
}

static void
receipt_send(struct core *self, struct link *link, const struct receipt *receipt)
{
    struct message message = {.type = MESSAGE_RECEIPT};
    message.as.receipt.origin = receipt->origin;
    message.as.receipt.size = receipt->size;
    memcpy(message.as.receipt.root, receipt->root, 32);
    message.as.receipt.bodies = receipt->bodies;
    message.as.receipt.envelopes = receipt->envelopes;
    message.as.receipt.time = receipt->time;
    message.as.receipt.holder = receipt->holder;
    memcpy(message.as.receipt.cosignature, receipt->cosignature, 64);
    memcpy(message.as.receipt.signature, receipt->signature, 64);
    core_send(self, link, &message);
}

static void
hello_send(struct core *self, struct link *link)
{
    struct message message = {.type = MESSAGE_HELLO};
    message.as.hello.version_min = PROTOCOL_MIN;
    message.as.hello.version_max = PROTOCOL_MAX;
    memcpy(message.as.hello.net, self->conf.net, sizeof self->conf.net);
    message.as.hello.self = self->conf.self;
    memcpy(message.as.hello.boot, self->boot, sizeof self->boot);
    message.as.hello.software = bytes_of(self->conf.software);
    message.as.hello.wall = self->wall > 0 ? self->wall : 0;
    const struct unit *unit = registry_unit(&self->registry, &self->conf.self.office);
    if (unit != NULL)
        message.as.hello.certificate = unit->certificate;
    core_send(self, link, &message);
}

static void
frontier_pack(struct core *self, struct link *link, const struct buf *marks, size_t count,
              bool is_full)
{
    OWNED(buf_release) struct buf all = {0};
    struct packer out = packer_of(&all);
    pack_array(&out, count);
    buf_add_bytes(&all, buf_bytes(marks));
    struct message message = {.type = MESSAGE_FRONTIER};
    message.as.frontier.is_full = is_full;
    message.as.frontier.count = count;
    message.as.frontier.marks = buf_bytes(&all);
    core_send(self, link, &message);
}

static void
mark_add(const struct log *log, struct buf *marks)
{
    struct mark mark = {.origin = log->origin, .size = log->durable};
    if (log->has_edge && log->durable == log->size) {
        uint8_t root[32];
        merkle_root(&log->edge, root);
        memcpy(mark.root, root, sizeof mark.root);
    }
    mark_pack(&mark, marks);
}

// Tell the peer how far we hold what changed; all of it after a hello.
static void
frontier_send(struct core *self, struct link *link, bool is_full)
{
    OWNED(buf_release) struct buf marks = {0};
    size_t count = 0;
    for (size_t i = 0; i < self->logs.count; i++) {
        struct log *log = self->logs.at[i];
        if (!core_shares(self, link, log))
            continue;
        struct peer_log *theirs = link_log(link, log->number);
        if (log->durable == 0 || (!is_full && !theirs->is_dirty))
            continue;
        theirs->is_dirty = false;
        theirs->told_at = self->now;
        theirs->told = log->durable;
        mark_add(log, &marks);
        if (++count == MARKS_MAX) {
            frontier_pack(self, link, &marks, count, false);
            buf_clear(&marks);
            count = 0;
        }
    }
    link->frontier_due = 0;
    if (count > 0 || is_full)
        frontier_pack(self, link, &marks, count, is_full);
}

// Everything from where this node is, as much as it has granted so far.
static void
want_send(struct core *self, struct link *link, const struct log *log)
{
    struct message message = {.type = MESSAGE_WANT};
    message.as.want.origin = log->origin;
    message.as.want.from = log->size;
    message.as.want.to = UINT64_MAX;
    message.as.want.ticket = log->asking.ticket;
    message.as.want.grant = log->asking.granted;
    core_send(self, link, &message);
}

void
core_ask(struct core *self, struct link *link, struct log *log)
{
    struct asking *asking = &log->asking;
    bool is_running =
        !office_is_none(&asking->whom) && self->now - asking->asked_at < self->conf.retry_ms;
    if (is_running || log == self->own)
        return;
    *asking = (struct asking){.whom = link->peer,
                              .ticket = ++self->next_ticket,
                              .granted = WINDOW,
                              .asked_at = self->now};
    want_send(self, link, log);
    core_wake(self, self->now + self->conf.retry_ms);
}

// Half of what we let come is on disk: let as much more come.
static void
grant_raise(struct core *self, struct log *log)
{
    struct asking *asking = &log->asking;
    struct link *link = office_is_none(&asking->whom) ? NULL : link_find(self, &asking->whom);
    if (link == NULL || asking->received + WINDOW / 2 < asking->granted)
        return;
    asking->granted = asking->received + WINDOW;
    want_send(self, link, log);
}

// They may not know that we hold `size` of it: it reached us some other way.
void
core_answer(struct core *self, struct link *link, const struct log *log, struct peer_log *theirs,
            seq_t size)
{
    if (log->durable < size || theirs->told >= size)
        return;
    theirs->is_dirty = true;
    if (link->frontier_due == 0)
        link->frontier_due = self->now + self->conf.settle_ms;
}

struct log *
core_log_of(struct core *self, const struct origin *origin)
{
    size_t epochs = 0;
    for (size_t i = 0; i < self->logs.count; i++)
        epochs += office_equal(&self->logs.at[i]->origin.office, &origin->office);
    return epochs < EPOCHS_MAX ? logs_get(&self->logs, origin) : NULL;
}

void
core_log_moved(struct core *self, struct log *log)
{
    log->is_dirty = log->is_head_due = true;
    log->moved_at = self->wall;
}

// What we and those above hold of the logs below that link, said again: the last may be lost.
static void
receipts_repeat(struct core *self, struct link *link)
{
    const struct view *view = &self->conf.view;
    for (size_t i = 0; i < self->logs.count && !link->is_up; i++) {
        const struct log *log = self->logs.at[i];
        const struct unit *unit = registry_unit(&self->registry, &self->conf.self.office);
        if (!office_equal(&link->peer, &log->origin.office) &&
            !registry_is_above(&self->registry, &link->peer, &log->origin.office))
            continue;
        for (; unit != NULL; unit = registry_unit(&self->registry, &unit->parent)) {
            struct receipt receipt;
            if (view->receipt(view->store, &log->origin, &unit->office, &receipt))
                receipt_send(self, link, &receipt);
        }
    }
}

// Messages.

static void
hello_heard(struct core *self, struct link *link, const struct message *message)
{
    int code = 0;
    if (memcmp(message->as.hello.net, self->conf.net, sizeof self->conf.net) != 0 ||
        !office_equal(&message->as.hello.self.office, &link->peer))
        code = ERR_STRANGER;
    else if (message->as.hello.version_max < PROTOCOL_MIN ||
             message->as.hello.version_min > PROTOCOL_MAX)
        code = ERR_VERSION;
    if (code != 0) {
        core_fault(self, link, code, NULL, 0, (struct bytes){0});
        return;
    }
    link->skew_ms = self->wall - message->as.hello.wall;
    bool is_known =
        link->has_boot && memcmp(link->boot, message->as.hello.boot, sizeof link->boot) == 0;
    // The same life of theirs, but they say hello again: their connection is new, and what was
    // under way on the old one is lost.
    bool is_again = link->has_hello && self->now - link->hello_at >= HELLO_ECHO_MS;
    if (!is_known || is_again) {
        link_reset(link);
        link->has_boot = true;
        memcpy(link->boot, message->as.hello.boot, sizeof link->boot);
        hello_send(self, link);
    }
    if (!link->has_hello) {
        link->has_hello = true;
        link->hello_at = self->now;
        link->faults = 0;
        core_note(self, (struct core_note){.type = NOTE_LINK_OPEN, .peer = link->peer});
        frontier_send(self, link, true);
        receipts_repeat(self, link);
    }
}

// A peer knows our own log better than we do: this is an old copy of it, or another machine wrote.
static bool
is_rollback(const struct core *self, const struct log *log, const struct mark *mark)
{
    static const uint8_t unknown[8];
    if (log != self->own)
        return false;
    if (mark->size > log->size)
        return true;
    uint8_t root[32];
    merkle_root(&log->edge, root);
    return mark->size == log->size && log->has_edge &&
           memcmp(mark->root, unknown, sizeof unknown) != 0 &&
           memcmp(mark->root, root, sizeof mark->root) != 0;
}

static void
mark_heard(struct core *self, struct link *link, const struct mark *mark)
{
    const struct unit *unit = registry_unit(&self->registry, &mark->origin.office);
    struct log *log = logs_find(&self->logs, &mark->origin);
    if (unit == NULL || !unit->has_certificate ||
        !registry_is_in_line(&self->registry, &self->conf.self.office, &mark->origin.office) ||
        !registry_is_in_line(&self->registry, &link->peer, &mark->origin.office))
        return; // Not for us, or not yet: they name it again
    if (log == NULL)
        log = core_log_of(self, &mark->origin);
    if (log == NULL)
        return;
    struct peer_log *theirs = link_log(link, log->number);
    if (theirs->theirs < mark->size && theirs->sent < mark->size)
        core_answer(self, link, log, theirs, mark->size);
    if (theirs->theirs < mark->size) // A frontier may come behind a batch of the live lane
        theirs->theirs = mark->size;
    if (is_rollback(self, log, mark)) {
        core_note(self, (struct core_note){.type = NOTE_ROLLED_BACK,
                                           .code = ERR_FORK,
                                           .peer = link->peer,
                                           .origin = log->origin,
                                           .seq = mark->size});
        return;
    }
    if (mark->size > log->size)
        core_ask(self, link, log);
}

static void
frontier_heard(struct core *self, struct link *link, const struct message *message)
{
    struct reader in = marks_reader(message);
    for (size_t i = 0; i < message->as.frontier.count; i++) {
        struct mark mark = mark_read(&in);
        mark_heard(self, link, &mark);
    }
    if (!message->as.frontier.is_full)
        return;
    for (size_t i = 0; i < self->logs.count; i++) // What they lack and did not even name
        if (core_shares(self, link, self->logs.at[i]) && self->logs.at[i]->durable > 0) {
            struct peer_log *theirs = link_log(link, self->logs.at[i]->number);
            theirs->sent = theirs->theirs;
        }
}

static void
receipt_pass(struct core *self, const struct office *owner, const struct message *message)
{
    for (size_t i = 0; i < self->link_count; i++) {
        struct link *link = self->links[i];
        if (!link->is_up && link->has_hello &&
            (office_equal(&link->peer, owner) ||
             registry_is_above(&self->registry, &link->peer, owner)))
            core_send(self, link, message);
    }
}

static void
receipt_checkpoint(const struct core *self, const struct origin *origin, seq_t size,
                   const uint8_t root[32], struct buf *text)
{
    struct checkpoint checkpoint = {.size = size};
    origin_line(self->conf.net, origin, checkpoint.origin);
    memcpy(checkpoint.root, root, sizeof checkpoint.root);
    checkpoint_text(&checkpoint, text);
}

static int
receipt_check(const struct core *self, const struct message *message)
{
    const struct unit *holder = registry_unit(&self->registry, &message->as.receipt.holder);
    if (holder == NULL || !holder->has_certificate)
        return ERR_STRANGER;
    if (!registry_is_above(&self->registry, &holder->office, &message->as.receipt.origin.office))
        return ERR_DENIED;
    OWNED(buf_release) struct buf text = {0};
    receipt_checkpoint(self, &message->as.receipt.origin, message->as.receipt.size,
                       message->as.receipt.root, &text);
    int code =
        cosignature_check(buf_bytes(&text), message->as.receipt.time,
                          message->as.receipt.cosignature, holder->cosign, self->conf.crypto);
    if (code != 0)
        return code;
    char line[KEY_NAME_MAX + 1];
    origin_line(self->conf.net, &message->as.receipt.origin, line);
    buf_clear(&text);
    receipt_text(line, message->as.receipt.size, message->as.receipt.bodies,
                 message->as.receipt.envelopes, message->as.receipt.time, &text);
    return self->conf.crypto->verify(self->conf.crypto->self, holder->cosign, buf_bytes(&text),
                                     message->as.receipt.signature)
               ? 0
               : ERR_SIGNATURE;
}

static void
receipt_store(struct core *self, const struct message *message)
{
    struct write write = {.type = WRITE_RECEIPT};
    write.as.receipt = (struct receipt){.origin = message->as.receipt.origin,
                                        .holder = message->as.receipt.holder,
                                        .size = message->as.receipt.size,
                                        .bodies = message->as.receipt.bodies,
                                        .envelopes = message->as.receipt.envelopes,
                                        .time = message->as.receipt.time};
    memcpy(write.as.receipt.root, message->as.receipt.root, 32);
    memcpy(write.as.receipt.cosignature, message->as.receipt.cosignature, 64);
    memcpy(write.as.receipt.signature, message->as.receipt.signature, 64);
    core_write(self, write);
}

static void
receipt_heard(struct core *self, struct link *link, const struct message *message)
{
    int code = receipt_check(self, message);
    if (code == ERR_STRANGER)
        return; // A holder we do not know yet: its registry entry comes, and the next receipt too
    if (code != 0) {
        core_fault(self, link, code, &message->as.receipt.origin, message->as.receipt.size,
                   (struct bytes){0});
        return;
    }
    struct receipt known;
    const struct view *view = &self->conf.view;
    if (view->receipt(view->store, &message->as.receipt.origin, &message->as.receipt.holder,
                      &known) &&
        (known.size > message->as.receipt.size ||
         (known.size == message->as.receipt.size && known.time >= message->as.receipt.time)))
        return;
    receipt_store(self, message);
    if (!office_equal(&message->as.receipt.origin.office, &self->conf.self.office))
        receipt_pass(self, &message->as.receipt.origin.office, message);
}

static void
ping_heard(struct core *self, struct link *link, const struct message *message)
{
    link->skew_ms = self->wall - message->as.ping.wall;
    if (message->as.ping.is_answer)
        return;
    struct message answer = {.type = MESSAGE_PING};
    answer.as.ping.is_answer = true;
    answer.as.ping.wall = self->wall > 0 ? self->wall : 0;
    core_send(self, link, &answer);
}

// What we sent of that log was refused: the stream is over, and they are told of it again later,
// when they may know more offices than now.
static void
fault_heard(struct core *self, struct link *link, const struct message *message)
{
    const struct log *log = logs_find(&self->logs, &message->as.fault.origin);
    if (log == NULL || !core_shares(self, link, log))
        return;
    struct peer_log *theirs = link_log(link, log->number);
    theirs->stream.is_open = false;
    theirs->sent = theirs->theirs;
    theirs->told_at = self->now;
}

static void
message_heard(struct core *self, struct link *link, const struct message *message,
              const struct core_event *event)
{
    switch (message->type) {
    case MESSAGE_HELLO:
        hello_heard(self, link, message);
        return;
    case MESSAGE_FRONTIER:
        frontier_heard(self, link, message);
        return;
    case MESSAGE_WANT:
        core_want(self, link, message);
        return;
    case MESSAGE_BATCH:
        core_receive(self, link, message, event->message, event->is_live);
        return;
    case MESSAGE_RECEIPT:
        receipt_heard(self, link, message);
        return;
    case MESSAGE_PING:
        ping_heard(self, link, message);
        return;
    case MESSAGE_FAULT:
        fault_heard(self, link, message);
        core_note(self, (struct core_note){.type = NOTE_FAULT_HEARD,
                                           .code = ERR_PROTO,
                                           .peer = link->peer,
                                           .origin = message->as.fault.origin,
                                           .seq = message->as.fault.seq});
        return;
    case MESSAGE_BYE:
        link->has_hello = false;
        link->has_boot = false;
        return;
    case MESSAGE_EXPRESS: // Nothing is urgent, digested, relayed or joined through the core yet:
    case MESSAGE_DIGEST:  // such a message is sound, and changes nothing here
    case MESSAGE_RELAY:
    case MESSAGE_JOIN_ASK:
    case MESSAGE_JOIN_ANSWER:
    default:
        return;
    }
}

static void
heard(struct core *self, const struct core_event *event)
{
    struct link *link = link_get(self, &event->peer);
    link->is_open = true;
    link->heard_at = self->now;
    struct message message;
    int code = message_read(event->message, &message);
    if (code == ERR_VERSION)
        return; // A later version's message: ignored
    if (code != 0) {
        core_fault(self, link, code, NULL, 0, (struct bytes){0});
        return;
    }
    bool is_early = !link->has_hello && message.type != MESSAGE_HELLO &&
                    message.type != MESSAGE_FAULT && message.type != MESSAGE_BYE;
    if (is_early) {
        if (!event->is_live && self->now - link->sent_at >= 100)
            hello_send(self, link); // They know us from before our restart
        return;
    }
    message_heard(self, link, &message, event);
}

// Receipts of our own: we hold it, on disk.

static void
receipt_give(struct core *self, struct log *log)
{
    struct message message = {.type = MESSAGE_RECEIPT};
    message.as.receipt.origin = log->origin;
    message.as.receipt.size = log->note_size;
    message.as.receipt.bodies = log->note_size; // What is withheld from us was never ours to hold
    message.as.receipt.envelopes = log->note_size;
    message.as.receipt.time = self->wall > 0 ? (uint64_t)self->wall / 1000 : 0;
    message.as.receipt.holder = self->conf.self.office;
    log_warm(log, &self->conf.view);
    struct log_nodes nodes = {log, &self->conf.view};
    struct merkle_source source = log_source(&nodes);
    if (log->note_size == log->size)
        merkle_root(&log->edge, message.as.receipt.root);
    else if (merkle_root_at(&source, log->note_size, message.as.receipt.root) != 0)
        return;
    OWNED(buf_release) struct buf text = {0};
    receipt_checkpoint(self, &log->origin, log->note_size, message.as.receipt.root, &text);
    cosignature_make(buf_bytes(&text), message.as.receipt.time, self->conf.cosign_secret,
                     self->conf.crypto, message.as.receipt.cosignature);
    char line[KEY_NAME_MAX + 1];
    origin_line(self->conf.net, &log->origin, line);
    buf_clear(&text);
    receipt_text(line, log->note_size, log->note_size, log->note_size, message.as.receipt.time,
                 &text);
    self->conf.crypto->sign(self->conf.crypto->self, self->conf.cosign_secret, buf_bytes(&text),
                            message.as.receipt.signature);
    receipt_store(self, &message);
    receipt_pass(self, &log->origin.office, &message);
    log->receipted = log->note_size;
    log->receipt_at = self->now;
}

static void
receipts_due(struct core *self)
{
    for (size_t i = 0; i < self->logs.count; i++) {
        struct log *log = self->logs.at[i];
        if (log == self->own || log->receipted >= log->note_size || log->durable < log->note_size ||
            !registry_is_above(&self->registry, &self->conf.self.office, &log->origin.office))
            continue;
        if (log->receipt_at != 0 && self->now - log->receipt_at < self->conf.settle_ms)
            core_wake(self, log->receipt_at + self->conf.settle_ms);
        else
            receipt_give(self, log);
    }
}

// Time.

// What they lack is told again until they have it. Soon when it was sent, for the live lane may
// have lost it; later when they were told and did not ask, for they may not have known the office
// then; at the pace of density when it goes down and none of it was for them to read.
static uint64_t
telling_ms(const struct core *self, const struct link *link, const struct log *log,
           const struct peer_log *theirs)
{
    if (theirs->theirs < theirs->sent)
        return self->conf.retry_ms;
    return core_flows_down(self, link, log) ? self->conf.density_ms : self->conf.ping_ms;
}

static void
repair_due(struct core *self, struct link *link)
{
    for (size_t i = 0; i < link->count; i++) {
        struct peer_log *theirs = &link->logs[i];
        const struct log *log = self->logs.at[theirs->log];
        bool is_lacking = theirs->theirs < log->durable && !theirs->stream.is_open;
        if (!is_lacking || !core_shares(self, link, log))
            continue;
        uint64_t pause_ms = telling_ms(self, link, log, theirs);
        if (self->now - theirs->told_at < pause_ms) {
            core_wake(self, theirs->told_at + pause_ms);
            continue;
        }
        theirs->sent = theirs->theirs; // The live lane may have lost it: say it where it counts
        theirs->told_at = self->now;
        theirs->is_dirty = true;
        link->frontier_due = self->now;
    }
}

static void
link_due(struct core *self, struct link *link)
{
    if (!link->is_open)
        return;
    if (link->heard_at != 0 && self->now - link->heard_at >= self->conf.dead_ms) {
        core_note(self, (struct core_note){.type = NOTE_LINK_SILENT, .peer = link->peer});
        link_reset(link);
        link->is_open = false;
        return;
    }
    if (!link->has_hello) {
        if (link->is_up && self->now - link->sent_at >= self->conf.retry_ms)
            hello_send(self, link);
        core_wake(self, link->sent_at + self->conf.retry_ms);
        return;
    }
    repair_due(self, link);
    if (link->frontier_due != 0 && link->frontier_due <= self->now)
        frontier_send(self, link, false);
    else if (link->frontier_due != 0)
        core_wake(self, link->frontier_due);
    if (self->now - link->sent_at >= self->conf.ping_ms) {
        struct message ping = {.type = MESSAGE_PING};
        ping.as.ping.wall = self->wall > 0 ? self->wall : 0;
        core_send(self, link, &ping);
    }
    core_wake(self, link->sent_at + self->conf.ping_ms);
    core_wake(self, link->heard_at + self->conf.dead_ms);
}

// Asked, and nothing came: ask whoever says to have more.
static void
asking_due(struct core *self, struct log *log)
{
    struct asking *asking = &log->asking;
    if (office_is_none(&asking->whom))
        return;
    if (self->now - asking->asked_at < self->conf.retry_ms) {
        core_wake(self, asking->asked_at + self->conf.retry_ms);
        return;
    }
    asking->whom = (struct office){0};
    for (size_t i = 0; i < self->link_count; i++) {
        struct link *link = self->links[i];
        if (link->is_open && link->has_hello && core_shares(self, link, log) &&
            link_log(link, log->number)->theirs > log->size) {
            core_ask(self, link, log);
            return;
        }
    }
}

static void
stored(struct core *self)
{
    for (size_t i = 0; i < self->logs.count; i++) {
        struct log *log = self->logs.at[i];
        if (log->durable == log->size && !log->is_dirty)
            continue;
        log->is_dirty = false;
        log->durable = log->size;
        core_publish(self, log);
        grant_raise(self, log);
        for (size_t j = 0; j < self->link_count; j++) { // What we now hold is an answer as well
            struct link *link = self->links[j];
            if (!link->has_hello || !core_shares(self, link, log))
                continue;
            struct peer_log *theirs = link_log(link, log->number);
            if (theirs->theirs < log->durable)
                continue;
            theirs->is_dirty = true;
            if (link->frontier_due == 0)
                link->frontier_due = self->now + self->conf.settle_ms;
        }
    }
}

static void
due(struct core *self)
{
    for (size_t i = 0; i < self->logs.count; i++)
        asking_due(self, self->logs.at[i]);
    receipts_due(self);
    core_serve(self);
    for (size_t i = 0; i < self->link_count; i++)
        link_due(self, self->links[i]);
}

static void
heads_write(struct core *self)
{
    for (size_t i = 0; i < self->logs.count; i++) {
        struct log *log = self->logs.at[i];
        if (!log->is_head_due)
            continue;
        log->is_head_due = false;
        core_write(self, (struct write){.type = WRITE_HEAD,
                                        .as.head = {.log = log->number,
                                                    .head = {.origin = log->origin,
                                                             .size = log->size,
                                                             .note_size = log->note_size,
                                                             .note = buf_bytes(&log->note)}}});
    }
}

static void
step_begin(struct core *self, const struct core_event *event)
{
    arena_clear(&self->arena);
    self->write_count = self->send_count = self->note_count = 0;
    self->wake = 0;
    self->now = event->now;
    self->wall = event->wall;
}

static void
link_event(struct core *self, const struct core_event *event)
{
    struct link *link = link_get(self, &event->peer);
    link_reset(link);
    link->is_open = event->type == CORE_LINK_UP;
    link->heard_at = self->now;
    if (link->is_open && link->is_up)
        hello_send(self, link);
}

void
core_step(struct core *self, const struct core_event *event, struct core_update *ret_update)
{
    step_begin(self, event);
    switch (event->type) {
    case CORE_HEARD:
        heard(self, event);
        break;
    case CORE_DRAFTED:
        if (self->own->size == 0)
            core_open_epoch(self);
        core_author(self, event->drafts, event->draft_count);
        break;
    case CORE_STORED:
        stored(self);
        break;
    case CORE_LINK_UP:
    case CORE_LINK_DOWN:
        link_event(self, event);
        break;
    case CORE_TICK:
        break;
    }
    if (self->has_new_offices) {
        self->has_new_offices = false;
        core_judge_waiting(self);
    }
    core_step_flush(self);
    heads_write(self);
    if (event->type != CORE_HEARD && event->type != CORE_DRAFTED)
        due(self);
    else
        core_wake(self, self->now); // What is due waits for the end of the turn
    *ret_update =
        (struct core_update){self->writes, self->write_count, self->sends,     self->send_count,
                             self->wake,   self->notes,       self->note_count};
}

// Birth and death.

static void
logs_load(struct core *self)
{
    const struct view *view = &self->conf.view;
    struct log_head head;
    for (log_t i = 0; view->head(view->store, i, &head); i++) {
        struct log *log = logs_get(&self->logs, &head.origin);
        assert(log->number == i);
        log->size = log->durable = head.size;
        log->note_size = head.note_size;
        buf_add_bytes(&log->note, head.note);
        log->is_head_due = false;
        log->has_edge = head.size == 0;
        struct receipt receipt;
        if (view->receipt(view->store, &log->origin, &self->conf.self.office, &receipt))
            log->receipted = receipt.size;
    }
}

static void
specials_load(struct core *self)
{
    const struct view *view = &self->conf.view;
    log_t number;
    seq_t seq;
    for (uint64_t nth = 0; view->special(view->store, nth, &number, &seq); nth++) {
        struct bytes stub, body;
        struct entry entry;
        bool changed;
        if (!view->entry(view->store, number, seq, &stub, &body) ||
            entry_read(stub, body, &entry) != 0 || !entry.has_shape)
            continue;
        if (entry.kind == KIND_REGISTRY)
            (void)!registry_apply(&self->registry, &entry, &changed);
        else if (entry.kind == KIND_DEFINITION)
            core_definition_take(self, &entry);
    }
}

struct core *
core_new(const struct core_conf *conf)
{
    struct core *self = mem_new(sizeof *self);
    self->conf = *conf;
    memcpy(self->registry.net, conf->net, sizeof conf->net);
    conf->crypto->random(conf->crypto->self, self->boot, sizeof self->boot);
    conf->crypto->random(conf->crypto->self, &self->next_ticket, 4); // Not one of our last life
    self->next_ticket <<= 16;
    for (size_t i = 0; i < conf->trusted_count; i++)
        (void)!registry_trust(&self->registry, conf->trusted[i]);
    logs_load(self);
    specials_load(self);
    self->own = logs_get(&self->logs, &conf->self);
    return self;
}

void
core_destroy(struct core **self_p)
{
    struct core *self = *self_p;
    if (self == NULL)
        return;
    registry_release(&self->registry);
    logs_release(&self->logs);
    for (size_t i = 0; i < self->link_count; i++) {
        link_release(self->links[i]);
        free(self->links[i]);
    }
    free(self->links);
    for (size_t i = 0; i < self->definition_count; i++) {
        bytes_free(&self->definitions[i].packed);
        type_destroy(&self->definitions[i].type);
        indicator_destroy(&self->definitions[i].indicator);
    }
    free(self->definitions);
    free(self->types);
    for (size_t i = 0; i < self->last_records.room; i++)
        free(self->last_records.slots[i].value);
    map_release(&self->last_records);
    map_release(&self->records);
    tally_release(&self->tally);
    arena_release(&self->arena);
    free(self->touched);
    free(self->writes);
    free(self->sends);
    free(self->notes);
    free(self);
    *self_p = NULL;
}

const struct registry *
core_registry(const struct core *self)
{
    return &self->registry;
}

const struct logs *
core_logs(const struct core *self)
{
    return &self->logs;
}

const struct log *
core_own_log(const struct core *self)
{
    return self->own;
}

const struct type *const *
core_types(const struct core *self, size_t *ret_count)
{
    *ret_count = self->type_count;
    return self->types;
}

const struct indicator *const *
core_indicators(const struct core *self, size_t *ret_count)
{
    *ret_count = self->tally.count;
    return self->tally.indicators;
}

struct bytes
core_definition(const struct core *self, const char *kind, const char *name)
{
    for (size_t i = 0; i < self->definition_count; i++)
        if (self->definitions[i].is_type == (strcmp(kind, "type") == 0) &&
            strcmp(self->definitions[i].name, name) == 0)
            return self->definitions[i].packed;
    return (struct bytes){0};
}

bool
core_link(const struct core *self, size_t nth, struct link_status *ret_status)
{
    if (nth >= self->link_count)
        return false;
    const struct link *link = self->links[nth];
    *ret_status = (struct link_status){.peer = link->peer,
                                       .is_up = link->is_up,
                                       .has_hello = link->has_hello,
                                       .heard_at = link->heard_at,
                                       .skew_ms = link->skew_ms};
    for (size_t i = 0; i < link->count; i++) {
        const struct log *log = self->logs.at[link->logs[i].log];
        if (link->logs[i].theirs < log->durable)
            ret_status->behind_entries += log->durable - link->logs[i].theirs;
        else
            ret_status->lacking_entries += link->logs[i].theirs - log->durable;
    }
    return true;
}

static seq_t
sent_of(const struct core *self, const struct log *log)
{
    seq_t sent = 0;
    for (size_t i = 0; i < self->link_count; i++) {
        const struct link *link = self->links[i];
        for (size_t j = 0; j < link->count && link->is_up; j++) {
            const struct peer_log *theirs = &link->logs[j];
            if (theirs->log != log->number)
                continue;
            sent = theirs->sent > sent ? theirs->sent : sent;
            sent = theirs->theirs > sent ? theirs->theirs : sent;
        }
    }
    return sent;
}

seq_t
core_sent(const struct core *self)
{
    seq_t sent = 0;
    for (size_t i = 0; i < self->logs.count; i++)
        if (office_equal(&self->logs.at[i]->origin.office, &self->conf.self.office))
            sent += sent_of(self, self->logs.at[i]);
    return sent;
}

struct place *
core_places(struct core *self, const struct record_id *id, size_t *ret_count)
{
    struct record record = {.id = *id};
    struct bytes row;
    *ret_count = 0;
    if (!self->conf.view.record(self->conf.view.store, id, &row) ||
        record_read(row, &self->arena, &record) != 0)
        return NULL;
    *ret_count = record.place_count;
    return record.places;
}
