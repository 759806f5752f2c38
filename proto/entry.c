#include "entry.h"

#include <assert.h>
#include <string.h>

#include "../node/base/err.h"
#include "hash.h"
#include "pack.h"
#include "read.h"
#include "scan.h"

enum { BODY_ELEMENTS = 17, STUB_ELEMENTS = 5, REF_ELEMENTS = 4 };

static void
pack_bin_or_nil(struct packer *out, struct bytes bytes)
{
    if (bytes.size == 0)
        pack_nil(out);
    else
        pack_bin(out, bytes.at, bytes.size);
}

static void
pack_uint_or_nil(struct packer *out, uint64_t value, uint64_t none)
{
    if (value == none)
        pack_nil(out);
    else
        pack_uint(out, value);
}

void
entry_pack_body(struct entry *self, struct buf *buf)
{
    size_t from = buf->size;
    struct packer out = packer_of(buf);
    pack_array(&out, BODY_ELEMENTS);
    pack_bin(&out, self->salt.at, self->salt.size);
    pack_office(&out, &self->origin.office);
    pack_uint(&out, self->origin.epoch);
    pack_uint(&out, self->seq);
    pack_uint(&out, (uint64_t)self->logged_at);
    pack_uint(&out, self->depth);
    pack_uint_or_nil(&out, self->actor, ACTOR_NONE);
    if (self->type.size == 0)
        pack_nil(&out);
    else
        pack_str(&out, self->type);
    pack_uint_or_nil(&out, self->type_version, 0);
    if (office_is_none(&self->record.creator)) {
        pack_nil(&out);
    } else {
        pack_array(&out, 2);
        pack_office(&out, &self->record.creator);
        pack_bin(&out, self->record.id, sizeof self->record.id);
    }
    pack_office(&out, &self->subject);
    pack_uint_or_nil(&out, self->op, OP_NONE);
    pack_uint_or_nil(&out, self->reason, 0);
    if (self->after.size == 0)
        pack_array(&out, 0);
    else
        pack_raw(&out, self->after);
    pack_raw_or_nil(&out, self->facts);
    pack_bin_or_nil(&out, self->commitment);
    pack_uint(&out, self->envelope_size);
    hash_sha256(BYTES(buf->at + from, buf->size - from), self->hash);
    self->has_body = true;
}

void
entry_pack_stub(const struct entry *self, bool beside_body, struct buf *buf)
{
    struct packer out = packer_of(buf);
    pack_array(&out, STUB_ELEMENTS);
    pack_uint(&out, self->version);
    pack_uint(&out, self->kind);
    pack_uint(&out, self->reach);
    if (self->audience.size == 0)
        pack_nil(&out);
    else
        pack_str(&out, self->audience);
    if (beside_body)
        pack_nil(&out);
    else
        pack_bin(&out, self->hash, sizeof self->hash);
}

// True for nil's "", "05908" and "05908*".
static bool
audience_is_sound(struct bytes audience)
{
    struct office office;
    if (audience.size == 0)
        return true;
    size_t size = audience.size - (audience.at[audience.size - 1] == '*');
    return office_parse(BYTES(audience.at, size), &office);
}

static int
stub_read(struct bytes stub, bool beside_body, struct entry *entry)
{
    int code = scan_canonical(stub);
    if (code != 0)
        return code;
    struct reader in = reader_of(stub);
    size_t count = read_array_least(&in, STUB_ELEMENTS);
    entry->version = read_uint(&in);
    entry->kind = read_uint(&in);
    entry->reach = (enum level)read_uint_upto(&in, LEVEL_AREA);
    if (!read_nil(&in)) {
        entry->audience = read_str(&in);
        if (entry->audience.size == 0 || !audience_is_sound(entry->audience))
            read_fail(&in);
    }
    if (beside_body) {
        if (!read_nil(&in))
            read_fail(&in);
    } else {
        read_bin_exact(&in, entry->hash, sizeof entry->hash);
    }
    read_skip_many(&in, count > STUB_ELEMENTS ? count - STUB_ELEMENTS : 0);
    return in.code;
}

// Every body of every kind and version begins like this.
static void
begin_read(struct reader *in, struct entry *entry)
{
    entry->salt = read_bin(in);
    if (entry->salt.size != 16)
        read_fail(in);
    entry->origin.office = read_office(in, false);
    entry->origin.epoch = read_uint(in);
    entry->seq = read_uint_upto(in, INT64_MAX);
}

static void
record_read(struct reader *in, struct entry *entry)
{
    if (read_nil(in))
        return;
    if (read_array(in) != 2)
        read_fail(in);
    entry->record.creator = read_office(in, false);
    read_bin_exact(in, entry->record.id, sizeof entry->record.id);
}

static uint64_t
uint_or(struct reader *in, uint64_t none)
{
    return read_nil(in) ? none : read_uint_upto(in, UINT64_MAX - 1);
}

static int
shape_read(struct reader *in, size_t count, struct entry *entry)
{
    if (count < BODY_ELEMENTS)
        return ERR_PROTO;
    entry->logged_at = (wall_t)read_uint_upto(in, INT64_MAX);
    entry->depth = read_uint_upto(in, DEPTH_MAX);
    entry->actor = uint_or(in, ACTOR_NONE);
    entry->type = read_nil(in) ? (struct bytes){0} : read_str(in);
    entry->type_version = uint_or(in, 0);
    record_read(in, entry);
    entry->subject = read_office(in, true);
    entry->op = uint_or(in, OP_NONE);
    entry->reason = uint_or(in, 0);
    entry->after = read_skip(in);
    if (read_peek(in) == READ_NIL || read_peek(in) == READ_MAP)
        entry->facts = read_skip(in);
    else
        read_fail(in);
    if (entry->facts.size == 1 && entry->facts.at[0] == 0xc0)
        entry->facts = (struct bytes){0};
    entry->commitment = read_nil(in) ? (struct bytes){0} : read_bin(in);
    if (entry->commitment.size != 0 && entry->commitment.size != 32)
        read_fail(in);
    entry->envelope_size = read_uint_upto(in, UINT32_MAX);
    entry->has_shape = in->code == 0;
    return in->code;
}

// Names that begin with '$' are the fold's own.
static bool
has_own_names(struct bytes facts)
{
    struct reader in = reader_of(facts);
    for (size_t left = facts.size > 0 ? read_map(&in) : 0; left > 0 && in.code == 0; left--) {
        struct bytes name = read_str(&in);
        (void)read_skip(&in);
        if (name.size > 0 && name.at[0] == '$')
            return true;
    }
    return false;
}

// What a record entry must have on top of its shape.
static int
record_check(const struct entry *entry)
{
    struct ref refs[AFTER_MAX];
    size_t count;
    int code = refs_read(entry->after, refs, &count);
    if (code != 0 || entry->kind != KIND_RECORD)
        return code;
    bool is_sound = entry->type.size > 0 && entry->type.size <= 31 &&
                    !office_is_none(&entry->record.creator) && !office_is_none(&entry->subject) &&
                    entry->op <= OP_RESTORE && (count == 0) == (entry->depth == 0) &&
                    !has_own_names(entry->facts);
    return is_sound ? 0 : ERR_PROTO;
}

static int
body_read(struct bytes body, struct entry *entry)
{
    int code = scan_canonical(body);
    if (code != 0)
        return code;
    struct reader in = reader_of(body);
    size_t count = read_array_least(&in, 4);
    begin_read(&in, entry);
    if (in.code != 0)
        return in.code;
    entry->has_body = true;
    bool is_known = entry->version == ENTRY_VERSION && entry->kind <= KIND_CLOSE;
    if (!is_known || entry->kind == KIND_SEALED)
        return 0;
    code = shape_read(&in, count, entry);
    return code != 0 ? code : record_check(entry);
}

int
entry_read(struct bytes stub, struct bytes body, struct entry *ret_entry)
{
    *ret_entry = (struct entry){.actor = ACTOR_NONE, .op = OP_NONE};
    if (stub.size + body.size > ENTRY_MAX)
        return ERR_LIMIT;
    int code = stub_read(stub, body.size > 0, ret_entry);
    if (code != 0 || body.size == 0)
        return code;
    hash_sha256(body, ret_entry->hash);
    return body_read(body, ret_entry);
}

void
entry_leaf(const struct entry *self, struct bytes stub, uint8_t ret_leaf[32])
{
    static const uint8_t leaf_prefix[1] = {0x00};
    static const uint8_t bin32[2] = {0xc4, 0x20};
    if (!self->has_body) {
        const struct bytes pieces[] = {BYTES(leaf_prefix, 1), stub};
        hash_pieces(pieces, 2, ret_leaf);
        return;
    }
    // The nil that stands for the hash: behind the audience, which lies in the stub's own bytes.
    struct reader in = reader_of(stub);
    (void)read_array(&in);
    read_skip_many(&in, 4);
    assert(in.code == 0 && *in.at == 0xc0);
    const struct bytes pieces[] = {
        BYTES(leaf_prefix, 1), BYTES(stub.at, (size_t)(in.at - stub.at)),      BYTES(bin32, 2),
        BYTES(self->hash, 32), BYTES(in.at + 1, (size_t)(in.end - in.at) - 1),
    };
    hash_pieces(pieces, 5, ret_leaf);
}

void
entry_withhold(const struct entry *self, struct bytes stub, struct buf *buf)
{
    struct reader in = reader_of(stub);
    (void)read_array(&in);
    read_skip_many(&in, 4);
    assert(in.code == 0 && *in.at == 0xc0);
    buf_add(buf, stub.at, (size_t)(in.at - stub.at));
    struct packer out = packer_of(buf);
    pack_bin(&out, self->hash, sizeof self->hash);
    buf_add(buf, in.at + 1, (size_t)(in.end - in.at) - 1);
}

int
refs_read(struct bytes packed, struct ref *ret_refs, size_t *ret_count)
{
    *ret_count = 0;
    if (packed.size == 0)
        return 0;
    struct reader in = reader_of(packed);
    size_t count = read_array(&in);
    if (count > AFTER_MAX)
        return ERR_LIMIT;
    for (size_t i = 0; i < count && in.code == 0; i++) {
        if (read_array(&in) != REF_ELEMENTS)
            read_fail(&in);
        ret_refs[i].origin.office = read_office(&in, false);
        ret_refs[i].origin.epoch = read_uint(&in);
        ret_refs[i].seq = read_uint_upto(&in, INT64_MAX);
        read_bin_exact(&in, ret_refs[i].hash, sizeof ret_refs[i].hash);
    }
    if (in.code == 0)
        *ret_count = count;
    return in.code;
}

void
refs_pack(const struct ref *refs, size_t count, struct buf *buf)
{
    assert(count <= AFTER_MAX);
    struct packer out = packer_of(buf);
    pack_array(&out, count);
    for (size_t i = 0; i < count; i++) {
        pack_array(&out, REF_ELEMENTS);
        pack_office(&out, &refs[i].origin.office);
        pack_uint(&out, refs[i].origin.epoch);
        pack_uint(&out, refs[i].seq);
        pack_bin(&out, refs[i].hash, sizeof refs[i].hash);
    }
}

bool
ref_equal(const struct ref *a, const struct ref *b)
{
    return a->seq == b->seq && origin_equal(&a->origin, &b->origin) &&
           memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

struct ref
entry_ref(const struct entry *self)
{
    struct ref ref = {.origin = self->origin, .seq = self->seq};
    memcpy(ref.hash, self->hash, sizeof ref.hash);
    return ref;
}
