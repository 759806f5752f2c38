// describe.h - a message or an entry as JSON, as the vectors give it
//
// The program that writes the vectors describes what it is about to pack; the tests describe what
// they have read. So the two agree only where packing and reading do.
//
// Shape    Bytes are hex, an epoch is 16 hex digits, a number above 2^53 is a string of its digits.
// Memory   What is returned is the caller's.

#ifndef TESTS_VECTORS_DESCRIBE_H
#define TESTS_VECTORS_DESCRIBE_H

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../proto/entry.h"
#include "../../proto/message.h"

static inline void
put_uint(json_t *to, const char *key, uint64_t value)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRIu64, value);
    json_object_set_new(to, key,
                        value >> 53 == 0 ? json_integer((json_int_t)value) : json_string(text));
}

static inline void
put_hex(json_t *to, const char *key, const uint8_t *at, size_t size)
{
    char *text = mem_new(2 * size + 1);
    hex_text(at, size, text);
    json_object_set_new(to, key, json_string(text));
    free(text);
}

static inline void
put_bytes(json_t *to, const char *key, struct bytes bytes)
{
    put_hex(to, key, bytes.at, bytes.size);
}

static inline void
put_text(json_t *to, const char *key, struct bytes text)
{
    json_object_set_new(to, key, json_stringn((const char *)text.at, text.size));
}

static inline void
put_bool(json_t *to, const char *key, bool value)
{
    json_object_set_new(to, key, json_boolean(value));
}

static inline void
put_office(json_t *to, const char *key, const struct office *office)
{
    json_object_set_new(to, key, json_string(office->code));
}

static inline void
put_origin(json_t *to, const struct origin *origin)
{
    char epoch[17];
    (void)snprintf(epoch, sizeof epoch, "%016" PRIx64, origin->epoch);
    put_office(to, "office", &origin->office);
    json_object_set_new(to, "epoch", json_string(epoch));
}

static inline json_t *
marks_describe(const struct message *message)
{
    json_t *marks = json_array();
    struct reader in = marks_reader(message);
    for (size_t i = 0; i < message->as.frontier.count; i++) {
        struct mark mark = mark_read(&in);
        json_t *one = json_object();
        put_origin(one, &mark.origin);
        put_uint(one, "size", mark.size);
        put_hex(one, "root", mark.root, sizeof mark.root);
        json_array_append_new(marks, one);
    }
    return marks;
}

static inline void
heartbeat_describe(const struct heartbeat *heartbeat, json_t *to)
{
    if (office_is_none(&heartbeat->origin.office))
        return;
    json_t *one = json_object();
    put_origin(one, &heartbeat->origin);
    put_uint(one, "size", heartbeat->size);
    put_hex(one, "root", heartbeat->root, sizeof heartbeat->root);
    put_uint(one, "time", heartbeat->time);
    put_hex(one, "signature", heartbeat->signature, sizeof heartbeat->signature);
    json_object_set_new(to, "heartbeat", one);
}

static inline void
log_describe(const struct message *message, json_t *to)
{
    switch ((int)message->type) { // Some of them
    case MESSAGE_WANT:
        put_origin(to, &message->as.want.origin);
        put_uint(to, "from", message->as.want.from);
        put_uint(to, "to", message->as.want.to);
        put_uint(to, "mode", message->as.want.mode);
        put_uint(to, "ticket", message->as.want.ticket);
        put_uint(to, "grant", message->as.want.grant);
        break;
    case MESSAGE_BATCH:
        put_origin(to, &message->as.batch.origin);
        put_uint(to, "first", message->as.batch.first);
        put_uint(to, "count", message->as.batch.count);
        put_uint(to, "ticket", message->as.batch.ticket);
        put_bytes(to, "checkpoint", message->as.batch.checkpoint);
        put_bytes(to, "proof", message->as.batch.proof);
        put_bytes(to, "envelopes", message->as.batch.envelopes);
        put_uint(to, "codec", message->as.batch.codec);
        put_bytes(to, "payload", message->as.batch.payload);
        break;
    case MESSAGE_EXPRESS:
        put_origin(to, &message->as.express.origin);
        put_uint(to, "seq", message->as.express.seq);
        put_bytes(to, "checkpoint", message->as.express.checkpoint);
        put_bytes(to, "proof", message->as.express.proof);
        put_bytes(to, "stub", message->as.express.stub);
        put_bytes(to, "body", message->as.express.body);
        break;
    case MESSAGE_RECEIPT:
        put_origin(to, &message->as.receipt.origin);
        put_uint(to, "size", message->as.receipt.size);
        put_hex(to, "root", message->as.receipt.root, sizeof message->as.receipt.root);
        put_uint(to, "bodies", message->as.receipt.bodies);
        put_uint(to, "envelopes", message->as.receipt.envelopes);
        put_uint(to, "time", message->as.receipt.time);
        put_office(to, "holder", &message->as.receipt.holder);
        put_hex(to, "cosignature", message->as.receipt.cosignature, 64);
        put_hex(to, "signature", message->as.receipt.signature, 64);
        break;
    default:
        break;
    }
}

static inline void
link_describe(const struct message *message, json_t *to)
{
    switch ((int)message->type) { // Some of them
    case MESSAGE_HELLO:
        put_uint(to, "version_min", message->as.hello.version_min);
        put_uint(to, "version_max", message->as.hello.version_max);
        put_hex(to, "net", message->as.hello.net, sizeof message->as.hello.net);
        put_origin(to, &message->as.hello.self);
        put_hex(to, "boot", message->as.hello.boot, sizeof message->as.hello.boot);
        put_text(to, "software", message->as.hello.software);
        put_uint(to, "wall", (uint64_t)message->as.hello.wall);
        put_bytes(to, "certificate", message->as.hello.certificate);
        break;
    case MESSAGE_FRONTIER:
        put_bool(to, "full", message->as.frontier.is_full);
        json_object_set_new(to, "marks", marks_describe(message));
        break;
    case MESSAGE_DIGEST:
        put_office(to, "root", &message->as.digest.root);
        put_uint(to, "count", message->as.digest.count);
        put_bytes(to, "digests", message->as.digest.digests);
        break;
    case MESSAGE_JOIN_ASK:
        put_hex(to, "invitation", message->as.join_ask.invitation, 16);
        put_office(to, "office", &message->as.join_ask.office);
        put_hex(to, "sign", message->as.join_ask.sign, 32);
        put_hex(to, "cosign", message->as.join_ask.cosign, 32);
        put_hex(to, "curve", message->as.join_ask.curve, 32);
        put_hex(to, "box", message->as.join_ask.box, 32);
        put_hex(to, "signature", message->as.join_ask.signature, 64);
        break;
    case MESSAGE_JOIN_ANSWER:
        put_office(to, "office", &message->as.join_answer.office);
        put_uint(to, "count", message->as.join_answer.count);
        put_bytes(to, "certificates", message->as.join_answer.certificates);
        break;
    default:
        break;
    }
}

static inline json_t *
message_describe(const struct message *message)
{
    static const char *const names[] = {
        "",       "hello", "frontier", "want", "batch", "express", "receipt",
        "digest", "join",  "join",     "bye",  "ping",  "relay",   "fault",
    };
    json_t *to = json_object();
    json_object_set_new(to, "type", json_string(names[message->type]));
    log_describe(message, to);
    link_describe(message, to);
    if (message->type == MESSAGE_BYE) {
        put_uint(to, "reason", message->as.bye.reason);
        put_uint(to, "retry_ms", message->as.bye.retry_ms);
    } else if (message->type == MESSAGE_PING) {
        put_bool(to, "answer", message->as.ping.is_answer);
        put_uint(to, "wall", (uint64_t)message->as.ping.wall);
        heartbeat_describe(&message->as.ping.heartbeat, to);
    } else if (message->type == MESSAGE_RELAY) {
        put_office(to, "destination", &message->as.relay.destination);
        put_office(to, "sender", &message->as.relay.sender);
        put_uint(to, "ticket", message->as.relay.ticket);
        put_uint(to, "grant", message->as.relay.grant);
        put_bytes(to, "cell", message->as.relay.cell);
    } else if (message->type == MESSAGE_FAULT) {
        put_text(to, "code", message->as.fault.code);
        put_text(to, "text", message->as.fault.text);
        put_origin(to, &message->as.fault.origin);
        put_uint(to, "seq", message->as.fault.seq);
    }
    return to;
}

static inline void
shape_describe(const struct entry *entry, json_t *to)
{
    char record[RECORD_TEXT_MAX + 1] = "";
    if (!office_is_none(&entry->record.creator))
        record_id_text(&entry->record, record);
    put_uint(to, "logged_at", (uint64_t)entry->logged_at);
    put_uint(to, "depth", entry->depth);
    if (entry->actor != ACTOR_NONE)
        put_uint(to, "actor", entry->actor);
    put_text(to, "type", entry->type);
    put_uint(to, "type_version", entry->type_version);
    json_object_set_new(to, "record", json_string(record));
    put_office(to, "subject", &entry->subject);
    if (entry->op != OP_NONE)
        put_uint(to, "op", entry->op);
    put_uint(to, "reason", entry->reason);
    put_bytes(to, "after", entry->after.size > 0 ? entry->after : BYTES("\x90", 1));
    put_bytes(to, "facts", entry->facts);
    put_bytes(to, "commitment", entry->commitment);
    put_uint(to, "envelope_size", entry->envelope_size);
}

// Without the hash of the body, which is a matter of bytes.
static inline json_t *
entry_describe(const struct entry *entry)
{
    json_t *to = json_object();
    put_uint(to, "version", entry->version);
    put_uint(to, "kind", entry->kind);
    put_uint(to, "reach", entry->reach);
    put_text(to, "audience", entry->audience);
    if (!entry->has_body)
        return to;
    put_bytes(to, "salt", entry->salt);
    put_origin(to, &entry->origin);
    put_uint(to, "seq", entry->seq);
    if (entry->has_shape)
        shape_describe(entry, to);
    return to;
}

#endif
