// entry.h - one unit of an origin's log: a stub, which is the Merkle leaf, and a body bound by hash
//
//     stub = [version, kind, reach, audience, SHA-256(body)]
//     body = [salt, office, epoch, seq, logged_at, depth, actor, type, type_version, record,
//     subject,
//             op, reason, after, facts, commitment, envelope_size]
//
// A stub that travels or is stored beside its body has nil in place of the hash; whoever reads the
// pair computes the hash and puts it back before hashing the leaf. So a body can be withheld from
// a reader who is not entitled to it, and every root still checks.
//
// Shape    Canonical msgpack (scan.h), at most ENTRY_MAX bytes for stub and body together; bytes
//          are stored, hashed and relayed as received. Extra trailing elements are kept.
// Units    logged_at: ms UTC as the office's clock said; nothing is ordered by it. depth: 1 + the
//          greatest depth among `after`, 0 for a root.
// Errors   ERR_CANON, ERR_PROTO (shape), ERR_LIMIT (size, counts). A body of a kind or version we
//          do not know is sound when it begins salt, office, epoch, seq.
// Memory   struct entry borrows every str, bin and raw value from the bytes it was read from.
// Threads  None of its own.

#ifndef PROTO_ENTRY_H
#define PROTO_ENTRY_H

#include "../node/base/buf.h"
#include "../node/base/id.h"
#include "../node/base/own.h"

enum {
    ENTRY_VERSION = 1,
    ENTRY_MAX = 65535,
    AFTER_MAX = 32, // Heads one entry may name
    DEPTH_MAX = 1000000000,
    AUDIENCE_MAX = OFFICE_MAX + 1,
};

enum kind {
    KIND_OPEN = 0, // First of an epoch: previous epoch, size, root, why
    KIND_RECORD = 1,
    KIND_DEFINITION = 2,
    KIND_REGISTRY = 3,
    KIND_RECEIPT = 4, // Cosignatures received; checkpoints of its own children that moved
    KIND_ERASE = 5,   // erase and erased
    KIND_SEALED = 6,
    KIND_RULING = 7,
    KIND_CLOSE = 8,
    KIND_SKIP = 128, // From here on: store, forward, skip. Between: store, forward, pause
};

enum op { OP_PUT = 0, OP_RETRACT = 1, OP_RESTORE = 2 };

// The name of one entry in another's `after`.
struct ref {
    struct origin origin;
    seq_t seq;
    uint8_t hash[8]; // First bytes of SHA-256 of its body: says which branch was seen
};

struct entry {
    // The stub
    uint64_t version;
    uint64_t kind;
    enum level reach;
    struct bytes audience; // "" for nil; else a code, or a code and '*'

    // The body; has_body is false where it was withheld, and then only `hash` is known
    bool has_body;
    bool has_shape; // All 17 elements are there: a kind and version we know, and not sealed
    uint8_t hash[32];
    struct bytes salt;
    struct origin origin;
    seq_t seq;
    wall_t logged_at;
    uint64_t depth;
    uint64_t actor; // ACTOR_NONE for nil; 0 = plain SQL
    struct bytes type;
    uint64_t type_version;
    struct record_id record; // creator "" for nil
    struct office subject;   // "" for nil
    uint64_t op;             // OP_NONE for nil
    uint64_t reason;         // 0 for nil
    struct bytes after;      // The packed array; read with refs_read
    struct bytes facts;      // A packed map, or empty for nil
    struct bytes commitment; // 32 bytes, or empty for nil
    uint64_t envelope_size;
};

#define ACTOR_NONE UINT64_MAX
#define OP_NONE    UINT64_MAX

// Append the body's bytes, canonical, and fill `self->hash`.
void entry_pack_body(struct entry *self, struct buf *buf);

// Append the stub: with the hash, or with nil in its place for a stub beside its body.
void entry_pack_stub(const struct entry *self, bool beside_body, struct buf *buf);

// Append the stub that travels without its body: the bytes of `stub`, which lies beside one, with
// the body's hash in place of nil. Elements of later versions stay.
void entry_withhold(const struct entry *self, struct bytes stub, struct buf *buf);

// Read a stub and, unless `body` is empty, the body that goes with it; checks form and shape, and
// that a stub has nil exactly when there is a body. Fills hash in both cases.
MUST_CHECK int entry_read(struct bytes stub, struct bytes body, struct entry *ret_entry);

// The Merkle leaf: hash of the stub with the body's hash in its place.
void entry_leaf(const struct entry *self, struct bytes stub, uint8_t ret_leaf[32]);

// Packed `after` -> refs. Returns ERR_LIMIT above AFTER_MAX, ERR_PROTO for another shape.
MUST_CHECK int refs_read(struct bytes packed, struct ref *ret_refs, size_t *ret_count);
void refs_pack(const struct ref *refs, size_t count, struct buf *buf);
bool ref_equal(const struct ref *a, const struct ref *b);
struct ref entry_ref(const struct entry *self);

#endif
