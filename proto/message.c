#include "message.h"

#include <assert.h>
#include <string.h>

#include "../node/base/err.h"
#include "batch.h"
#include "entry.h"
#include "note.h"
#include "pack.h"
#include "scan.h"

enum {
    SOFTWARE_MAX = 64, // Bytes of the name and version of a program
    CODE_MAX = 32,     // Bytes of "LT-..."
    TEXT_MAX = 400,    // Bytes of a fault's text, as much as a struct err holds
    CERTIFICATES_MAX = 8,
    MARK_ELEMENTS = 4,
    HEARTBEAT_ELEMENTS = 6,
    DIGEST_ELEMENTS = 3,
    DIGEST_SIZE = 16,
    PROOF_MAX = PROOF_HASHES_MAX * HASH_SIZE,
};

enum { JOIN_ASK = 0, JOIN_ANSWER = 1 };

// The types behind join are one lower on the wire, where the two joins share a number.
static uint64_t
wire_type(enum message_type type)
{
    return type <= MESSAGE_JOIN_ASK ? type : (uint64_t)type - 1;
}

// Packing

static void
pack_type(struct packer *out, const struct message *self, size_t elements)
{
    pack_array(out, elements);
    pack_uint(out, wire_type(self->type));
}

static void
pack_origin(struct packer *out, const struct origin *origin)
{
    assert(!office_is_none(&origin->office));
    pack_office(out, &origin->office);
    pack_uint(out, origin->epoch);
}

static void
pack_seq(struct packer *out, seq_t seq)
{
    assert(seq <= INT64_MAX);
    pack_uint(out, seq);
}

static void
pack_wall(struct packer *out, wall_t wall)
{
    assert(wall >= 0);
    pack_uint(out, (uint64_t)wall);
}

static void
pack_bytes(struct packer *out, struct bytes bytes)
{
    pack_bin(out, bytes.at, bytes.size);
}

static void
pack_proof(struct packer *out, struct bytes proof)
{
    assert(proof.size <= PROOF_MAX && proof.size % HASH_SIZE == 0);
    pack_bytes(out, proof);
}

// A raw value that may be absent.
// A raw array of `count` elements; no bytes at all do for none.
static void
pack_raw_array(struct packer *out, struct bytes array, size_t count, size_t most)
{
    assert(count <= most);
    if (array.size == 0 && count == 0) {
        pack_array(out, 0);
        return;
    }
    struct reader in = reader_of(array);
    size_t elements = read_array(&in);
    assert(in.code == 0 && elements == count);
    (void)elements;
    pack_raw(out, array);
}

static void
hello_pack(const struct message *self, struct packer *out)
{
    assert(self->as.hello.version_min <= self->as.hello.version_max);
    assert(self->as.hello.software.size <= SOFTWARE_MAX);
    pack_type(out, self, 10);
    pack_uint(out, self->as.hello.version_min);
    pack_uint(out, self->as.hello.version_max);
    pack_bin(out, self->as.hello.net, sizeof self->as.hello.net);
    pack_origin(out, &self->as.hello.self);
    pack_bin(out, self->as.hello.boot, sizeof self->as.hello.boot);
    pack_str(out, self->as.hello.software);
    pack_wall(out, self->as.hello.wall);
    pack_raw_or_nil(out, self->as.hello.certificate);
}

static void
frontier_pack(const struct message *self, struct packer *out)
{
    pack_type(out, self, 3);
    pack_bool(out, self->as.frontier.is_full);
    pack_raw_array(out, self->as.frontier.marks, self->as.frontier.count, MARKS_MAX);
}

static void
want_pack(const struct message *self, struct packer *out)
{
    pack_type(out, self, 8);
    pack_origin(out, &self->as.want.origin);
    pack_seq(out, self->as.want.from);
    if (self->as.want.to == UINT64_MAX)
        pack_nil(out);
    else
        pack_seq(out, self->as.want.to);
    assert(self->as.want.mode <= WANT_STOP);
    pack_uint(out, self->as.want.mode);
    pack_uint(out, self->as.want.ticket);
    pack_uint(out, self->as.want.grant);
}

static void
batch_pack(const struct message *self, struct packer *out)
{
    assert(self->as.batch.count >= 1 && self->as.batch.count <= BATCH_ENTRIES_MAX);
    assert(self->as.batch.first <= INT64_MAX - self->as.batch.count);
    assert(self->as.batch.codec <= CODEC_ZSTD_DICTIONARY_1);
    pack_type(out, self, 11);
    pack_origin(out, &self->as.batch.origin);
    pack_seq(out, self->as.batch.first);
    pack_uint(out, self->as.batch.count);
    pack_uint(out, self->as.batch.ticket);
    pack_bytes(out, self->as.batch.checkpoint);
    pack_proof(out, self->as.batch.proof);
    pack_raw_or_nil(out, self->as.batch.envelopes);
    pack_uint(out, self->as.batch.codec);
    pack_bytes(out, self->as.batch.payload);
}

static void
express_pack(const struct message *self, struct packer *out)
{
    assert(self->as.express.stub.size + self->as.express.body.size <= ENTRY_MAX);
    pack_type(out, self, 8);
    pack_origin(out, &self->as.express.origin);
    pack_seq(out, self->as.express.seq);
    pack_bytes(out, self->as.express.checkpoint);
    pack_proof(out, self->as.express.proof);
    pack_bytes(out, self->as.express.stub);
    pack_bytes(out, self->as.express.body);
}

static void
receipt_pack(const struct message *self, struct packer *out)
{
    assert(!office_is_none(&self->as.receipt.holder));
    pack_type(out, self, 11);
    pack_origin(out, &self->as.receipt.origin);
    pack_seq(out, self->as.receipt.size);
    pack_bin(out, self->as.receipt.root, sizeof self->as.receipt.root);
    pack_seq(out, self->as.receipt.bodies);
    pack_seq(out, self->as.receipt.envelopes);
    pack_uint(out, self->as.receipt.time);
    pack_office(out, &self->as.receipt.holder);
    pack_bin(out, self->as.receipt.cosignature, sizeof self->as.receipt.cosignature);
    pack_bin(out, self->as.receipt.signature, sizeof self->as.receipt.signature);
}

static void
digest_pack(const struct message *self, struct packer *out)
{
    assert(!office_is_none(&self->as.digest.root));
    pack_type(out, self, 3);
    pack_office(out, &self->as.digest.root);
    pack_raw_array(out, self->as.digest.digests, self->as.digest.count, MARKS_MAX);
}

static void
join_keys_pack(const struct message *self, struct packer *out)
{
    assert(!office_is_none(&self->as.join_ask.office));
    pack_bin(out, self->as.join_ask.invitation, sizeof self->as.join_ask.invitation);
    pack_office(out, &self->as.join_ask.office);
    pack_bin(out, self->as.join_ask.sign, sizeof self->as.join_ask.sign);
    pack_bin(out, self->as.join_ask.cosign, sizeof self->as.join_ask.cosign);
    pack_bin(out, self->as.join_ask.curve, sizeof self->as.join_ask.curve);
    pack_bin(out, self->as.join_ask.box, sizeof self->as.join_ask.box);
}

static void
join_ask_pack(const struct message *self, struct packer *out)
{
    pack_type(out, self, 9);
    pack_uint(out, JOIN_ASK);
    join_keys_pack(self, out);
    pack_bin(out, self->as.join_ask.signature, sizeof self->as.join_ask.signature);
}

static void
join_answer_pack(const struct message *self, struct packer *out)
{
    assert(!office_is_none(&self->as.join_answer.office));
    pack_type(out, self, 4);
    pack_uint(out, JOIN_ANSWER);
    pack_office(out, &self->as.join_answer.office);
    pack_raw_array(out, self->as.join_answer.certificates, self->as.join_answer.count,
                   CERTIFICATES_MAX);
}

static void
bye_pack(const struct message *self, struct packer *out)
{
    assert(self->as.bye.reason >= BYE_HOME && self->as.bye.reason <= BYE_WRONG_PARENT);
    pack_type(out, self, 3);
    pack_uint(out, self->as.bye.reason);
    pack_uint(out, self->as.bye.retry_ms);
}

static void
heartbeat_pack(const struct heartbeat *heartbeat, struct packer *out)
{
    if (office_is_none(&heartbeat->origin.office)) {
        pack_nil(out);
        return;
    }
    pack_array(out, HEARTBEAT_ELEMENTS);
    pack_origin(out, &heartbeat->origin);
    pack_seq(out, heartbeat->size);
    pack_bin(out, heartbeat->root, sizeof heartbeat->root);
    pack_uint(out, heartbeat->time);
    pack_bin(out, heartbeat->signature, sizeof heartbeat->signature);
}

static void
ping_pack(const struct message *self, struct packer *out)
{
    pack_type(out, self, 4);
    pack_bool(out, self->as.ping.is_answer);
    pack_wall(out, self->as.ping.wall);
    heartbeat_pack(&self->as.ping.heartbeat, out);
}

static void
relay_pack(const struct message *self, struct packer *out)
{
    assert(!office_is_none(&self->as.relay.destination));
    assert(!office_is_none(&self->as.relay.sender));
    assert(self->as.relay.cell.size <= RELAY_MAX);
    pack_type(out, self, 6);
    pack_office(out, &self->as.relay.destination);
    pack_office(out, &self->as.relay.sender);
    pack_uint(out, self->as.relay.ticket);
    pack_uint(out, self->as.relay.grant);
    pack_bytes(out, self->as.relay.cell);
}

static void
fault_pack(const struct message *self, struct packer *out)
{
    assert(self->as.fault.code.size <= CODE_MAX && self->as.fault.text.size <= TEXT_MAX);
    pack_type(out, self, 6);
    pack_str(out, self->as.fault.code);
    pack_str(out, self->as.fault.text);
    pack_office(out, &self->as.fault.origin.office);
    pack_uint(out, self->as.fault.origin.epoch);
    pack_seq(out, self->as.fault.seq);
}

void
message_pack(const struct message *self, struct buf *buf)
{
    static void (*const packs[])(const struct message *, struct packer *) = {
        [MESSAGE_HELLO] = hello_pack,     [MESSAGE_FRONTIER] = frontier_pack,
        [MESSAGE_WANT] = want_pack,       [MESSAGE_BATCH] = batch_pack,
        [MESSAGE_EXPRESS] = express_pack, [MESSAGE_RECEIPT] = receipt_pack,
        [MESSAGE_DIGEST] = digest_pack,   [MESSAGE_JOIN_ASK] = join_ask_pack,
        [MESSAGE_BYE] = bye_pack,         [MESSAGE_JOIN_ANSWER] = join_answer_pack,
        [MESSAGE_PING] = ping_pack,       [MESSAGE_RELAY] = relay_pack,
        [MESSAGE_FAULT] = fault_pack,
    };
    assert(self->type >= MESSAGE_HELLO && self->type <= MESSAGE_FAULT);
    size_t from = buf->size;
    struct packer out = packer_of(buf);
    packs[self->type](self, &out);
    assert(buf->size - from <= MESSAGE_MAX);
    (void)from;
}

// Reading

// Make the reader fail with ERR_LIMIT, unless it has failed already.
static void
limit_fail(struct reader *in)
{
    if (in->code != 0)
        return;
    read_fail(in);
    in->code = ERR_LIMIT;
}

static struct origin
origin_read(struct reader *in)
{
    struct origin origin = {.office = read_office(in, false)};
    origin.epoch = read_uint(in);
    return origin;
}

static seq_t
seq_read(struct reader *in)
{
    return read_uint_upto(in, INT64_MAX);
}

static struct bytes
bin_upto_read(struct reader *in, size_t most)
{
    struct bytes bytes = read_bin(in);
    if (bytes.size > most)
        limit_fail(in);
    return bytes;
}

static struct bytes
str_upto_read(struct reader *in, size_t most)
{
    struct bytes text = read_str(in);
    if (text.size > most)
        limit_fail(in);
    return text;
}

static struct bytes
proof_read(struct reader *in)
{
    struct bytes proof = bin_upto_read(in, PROOF_MAX);
    if (proof.size % HASH_SIZE != 0)
        read_fail(in);
    return proof;
}

// An array of at most `most` elements, each looked over by `element_read`; gives its bytes.
static struct bytes
array_read(struct reader *in, size_t most, void (*element_read)(struct reader *), size_t *ret_count)
{
    const uint8_t *from = in->at;
    size_t count = read_array(in);
    if (count > most)
        limit_fail(in);
    for (size_t i = 0; i < count && in->code == 0; i++)
        element_read(in);
    *ret_count = in->code == 0 ? count : 0;
    return in->code == 0 ? BYTES(from, (size_t)(in->at - from)) : (struct bytes){0};
}

static void
map_check(struct reader *in)
{
    if (read_peek(in) == READ_MAP)
        (void)read_skip(in);
    else
        read_fail(in);
}

static void
mark_check(struct reader *in)
{
    (void)mark_read(in);
}

static void
digest_check(struct reader *in)
{
    uint8_t digest[DIGEST_SIZE];
    if (read_array(in) != DIGEST_ELEMENTS)
        read_fail(in);
    (void)read_office(in, false);
    (void)seq_read(in);
    read_bin_exact(in, digest, sizeof digest);
}

// [seq, ciphertext, sealed key]
static void
envelope_check(struct reader *in)
{
    if (read_array(in) != 3)
        read_fail(in);
    (void)seq_read(in);
    (void)read_bin(in);
    (void)read_bin(in);
}

static void
hello_read(struct reader *in, struct message *message)
{
    message->as.hello.version_min = read_uint(in);
    message->as.hello.version_max = read_uint(in);
    if (message->as.hello.version_min > message->as.hello.version_max)
        read_fail(in);
    read_bin_exact(in, message->as.hello.net, sizeof message->as.hello.net);
    message->as.hello.self = origin_read(in);
    read_bin_exact(in, message->as.hello.boot, sizeof message->as.hello.boot);
    message->as.hello.software = str_upto_read(in, SOFTWARE_MAX);
    message->as.hello.wall = (wall_t)read_uint_upto(in, INT64_MAX);
    if (read_nil(in))
        return;
    const uint8_t *from = in->at;
    map_check(in);
    message->as.hello.certificate = BYTES(from, (size_t)(in->at - from));
}

static void
frontier_read(struct reader *in, struct message *message)
{
    message->as.frontier.is_full = read_bool(in);
    message->as.frontier.marks = array_read(in, MARKS_MAX, mark_check, &message->as.frontier.count);
}

static void
want_read(struct reader *in, struct message *message)
{
    message->as.want.origin = origin_read(in);
    message->as.want.from = seq_read(in);
    message->as.want.to = read_nil(in) ? UINT64_MAX : seq_read(in);
    message->as.want.mode = (enum want_mode)read_uint_upto(in, WANT_STOP);
    message->as.want.ticket = read_uint(in);
    message->as.want.grant = read_uint(in);
}

static void
batch_read(struct reader *in, struct message *message)
{
    message->as.batch.origin = origin_read(in);
    message->as.batch.first = seq_read(in);
    uint64_t count = message->as.batch.count = read_uint(in);
    if (count > BATCH_ENTRIES_MAX)
        limit_fail(in);
    if (count == 0 || message->as.batch.first > INT64_MAX - count)
        read_fail(in);
    message->as.batch.ticket = read_uint(in);
    message->as.batch.checkpoint = bin_upto_read(in, NOTE_MAX);
    message->as.batch.proof = proof_read(in);
    if (!read_nil(in)) {
        size_t envelope_count;
        message->as.batch.envelopes =
            array_read(in, BATCH_ENTRIES_MAX, envelope_check, &envelope_count);
    }
    message->as.batch.codec = (enum codec_id)read_uint_upto(in, CODEC_ZSTD_DICTIONARY_1);
    message->as.batch.payload = read_bin(in);
}

static void
express_read(struct reader *in, struct message *message)
{
    message->as.express.origin = origin_read(in);
    message->as.express.seq = seq_read(in);
    message->as.express.checkpoint = bin_upto_read(in, NOTE_MAX);
    message->as.express.proof = proof_read(in);
    message->as.express.stub = read_bin(in);
    message->as.express.body = read_bin(in);
    if (message->as.express.stub.size + message->as.express.body.size > ENTRY_MAX)
        limit_fail(in);
}

static void
receipt_read(struct reader *in, struct message *message)
{
    message->as.receipt.origin = origin_read(in);
    message->as.receipt.size = seq_read(in);
    read_bin_exact(in, message->as.receipt.root, sizeof message->as.receipt.root);
    message->as.receipt.bodies = seq_read(in);
    message->as.receipt.envelopes = seq_read(in);
    message->as.receipt.time = read_uint(in);
    message->as.receipt.holder = read_office(in, false);
    read_bin_exact(in, message->as.receipt.cosignature, sizeof message->as.receipt.cosignature);
    read_bin_exact(in, message->as.receipt.signature, sizeof message->as.receipt.signature);
}

static void
digest_read(struct reader *in, struct message *message)
{
    message->as.digest.root = read_office(in, false);
    message->as.digest.digests = array_read(in, MARKS_MAX, digest_check, &message->as.digest.count);
}

static void
join_ask_read(struct reader *in, struct message *message)
{
    read_bin_exact(in, message->as.join_ask.invitation, sizeof message->as.join_ask.invitation);
    message->as.join_ask.office = read_office(in, false);
    read_bin_exact(in, message->as.join_ask.sign, sizeof message->as.join_ask.sign);
    read_bin_exact(in, message->as.join_ask.cosign, sizeof message->as.join_ask.cosign);
    read_bin_exact(in, message->as.join_ask.curve, sizeof message->as.join_ask.curve);
    read_bin_exact(in, message->as.join_ask.box, sizeof message->as.join_ask.box);
    read_bin_exact(in, message->as.join_ask.signature, sizeof message->as.join_ask.signature);
}

static void
join_read(struct reader *in, struct message *message)
{
    if (read_uint_upto(in, JOIN_ANSWER) == JOIN_ASK) {
        join_ask_read(in, message);
        return;
    }
    message->type = MESSAGE_JOIN_ANSWER;
    message->as.join_answer.office = read_office(in, false);
    message->as.join_answer.certificates =
        array_read(in, CERTIFICATES_MAX, map_check, &message->as.join_answer.count);
}

static void
bye_read(struct reader *in, struct message *message)
{
    message->as.bye.reason = (enum bye_reason)read_uint_upto(in, BYE_WRONG_PARENT);
    if (message->as.bye.reason < BYE_HOME)
        read_fail(in);
    message->as.bye.retry_ms = read_uint(in);
}

static void
ping_read(struct reader *in, struct message *message)
{
    message->as.ping.is_answer = read_bool(in);
    message->as.ping.wall = (wall_t)read_uint_upto(in, INT64_MAX);
    if (read_nil(in))
        return;
    struct heartbeat *heartbeat = &message->as.ping.heartbeat;
    if (read_array(in) != HEARTBEAT_ELEMENTS)
        read_fail(in);
    heartbeat->origin = origin_read(in);
    heartbeat->size = seq_read(in);
    read_bin_exact(in, heartbeat->root, sizeof heartbeat->root);
    heartbeat->time = read_uint(in);
    read_bin_exact(in, heartbeat->signature, sizeof heartbeat->signature);
}

static void
relay_read(struct reader *in, struct message *message)
{
    message->as.relay.destination = read_office(in, false);
    message->as.relay.sender = read_office(in, false);
    message->as.relay.ticket = read_uint(in);
    message->as.relay.grant = read_uint(in);
    message->as.relay.cell = bin_upto_read(in, RELAY_MAX);
}

static void
fault_read(struct reader *in, struct message *message)
{
    message->as.fault.code = str_upto_read(in, CODE_MAX);
    message->as.fault.text = str_upto_read(in, TEXT_MAX);
    message->as.fault.origin.office = read_office(in, true);
    message->as.fault.origin.epoch = read_uint(in);
    message->as.fault.seq = seq_read(in);
}

int
message_read(struct bytes bytes, struct message *ret_message)
{
    static void (*const reads[])(struct reader *, struct message *) = {
        [MESSAGE_HELLO] = hello_read,     [MESSAGE_FRONTIER] = frontier_read,
        [MESSAGE_WANT] = want_read,       [MESSAGE_BATCH] = batch_read,
        [MESSAGE_EXPRESS] = express_read, [MESSAGE_RECEIPT] = receipt_read,
        [MESSAGE_DIGEST] = digest_read,   [MESSAGE_JOIN_ASK] = join_read,
        [MESSAGE_BYE] = bye_read,         [MESSAGE_PING] = ping_read,
        [MESSAGE_RELAY] = relay_read,     [MESSAGE_FAULT] = fault_read,
    };
    *ret_message = (struct message){0};
    if (bytes.size > MESSAGE_MAX)
        return ERR_LIMIT;
    int code = scan_canonical(bytes);
    if (code != 0)
        return code;
    struct reader in = reader_of(bytes);
    (void)read_array_least(&in, 1);
    uint64_t type = read_uint(&in);
    if (in.code != 0)
        return in.code;
    if (type < wire_type(MESSAGE_HELLO) || type > wire_type(MESSAGE_FAULT))
        return ERR_VERSION;
    ret_message->type = (enum message_type)(type <= MESSAGE_JOIN_ASK ? type : type + 1);
    reads[ret_message->type](&in, ret_message);
    return in.code; // What lies behind is for a later version: the scan has seen that it is sound
}

// Parts

void
mark_pack(const struct mark *self, struct buf *buf)
{
    struct packer out = packer_of(buf);
    pack_array(&out, MARK_ELEMENTS);
    pack_origin(&out, &self->origin);
    pack_seq(&out, self->size);
    pack_bin(&out, self->root, sizeof self->root);
}

struct reader
marks_reader(const struct message *frontier)
{
    assert(frontier->type == MESSAGE_FRONTIER);
    struct reader in = reader_of(frontier->as.frontier.marks);
    if (frontier->as.frontier.count > 0)
        (void)read_array(&in);
    return in;
}

struct mark
mark_read(struct reader *in)
{
    struct mark mark = {0};
    if (read_array(in) != MARK_ELEMENTS)
        read_fail(in);
    mark.origin = origin_read(in);
    mark.size = seq_read(in);
    read_bin_exact(in, mark.root, sizeof mark.root);
    return mark;
}

void
receipt_text(const char *origin_line, seq_t size, seq_t bodies, seq_t envelopes, uint64_t time,
             struct buf *buf)
{
    buf_add_text(buf, "lienthong-receipt/v1\n");
    struct packer out = packer_of(buf);
    pack_array(&out, 5);
    pack_text(&out, origin_line);
    pack_seq(&out, size);
    pack_seq(&out, bodies);
    pack_seq(&out, envelopes);
    pack_uint(&out, time);
}

void
join_text(const struct message *join_ask, struct buf *buf)
{
    assert(join_ask->type == MESSAGE_JOIN_ASK);
    buf_add_text(buf, "lienthong-join/v1\n");
    struct packer out = packer_of(buf);
    pack_array(&out, 6);
    join_keys_pack(join_ask, &out);
}
