#include "merkle.h"

#include <assert.h>
#include <string.h>

#include "../node/base/err.h"

// The two prefixes keep an inner node from being passed off as a leaf.
void
merkle_leaf(struct bytes data, uint8_t ret_leaf[HASH_SIZE])
{
    const struct bytes pieces[] = {BYTES_LIT("\0"), data};
    hash_pieces(pieces, 2, ret_leaf);
}

void
merkle_inner(const uint8_t left[HASH_SIZE], const uint8_t right[HASH_SIZE],
             uint8_t ret_inner[HASH_SIZE])
{
    uint8_t joined[1 + 2 * HASH_SIZE] = {1};
    memcpy(joined + 1, left, HASH_SIZE);
    memcpy(joined + 1 + HASH_SIZE, right, HASH_SIZE);
    hash_sha256(BYTES(joined, sizeof joined), ret_inner);
}

void
merkle_add(struct merkle *self, const uint8_t leaf[HASH_SIZE])
{
    assert(self->size < MERKLE_SIZE_MAX);
    uint8_t node[HASH_SIZE];
    memcpy(node, leaf, HASH_SIZE);

    unsigned level = 0;
    for (; (self->size >> level & 1) != 0; level++) {
        uint8_t parent[HASH_SIZE];
        merkle_inner(self->peak[level], node, parent);
        memcpy(self->peak[level], node, HASH_SIZE); // No peak any more, but the store wants it
        memcpy(node, parent, HASH_SIZE);
    }
    memcpy(self->peak[level], node, HASH_SIZE);
    self->size++;
}

void
merkle_root(const struct merkle *self, uint8_t ret_root[HASH_SIZE])
{
    if (self->size == 0) {
        hash_sha256(BYTES_LIT(""), ret_root);
        return;
    }
    uint8_t root[HASH_SIZE];
    bool is_first = true;
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        if ((self->size >> level & 1) == 0)
            continue;
        if (is_first)
            memcpy(root, self->peak[level], HASH_SIZE);
        else
            merkle_inner(self->peak[level], root, root);
        is_first = false;
    }
    memcpy(ret_root, root, HASH_SIZE);
}

int
merkle_edge_at(const struct merkle_source *source, seq_t size, struct merkle *ret_edge)
{
    if (size > MERKLE_SIZE_MAX)
        return ERR_LIMIT;
    struct merkle edge = {.size = size};
    seq_t from = size;
    for (unsigned level = 0; level < MERKLE_LEVELS; level++) {
        if ((size >> level & 1) == 0)
            continue;
        from -= (seq_t)1 << level;
        if (!source->node(source->self, level, from >> level, edge.peak[level]))
            return ERR_GAP;
    }
    *ret_edge = edge;
    return 0;
}

int
merkle_root_at(const struct merkle_source *source, seq_t size, uint8_t ret_root[HASH_SIZE])
{
    struct merkle edge;
    int code = merkle_edge_at(source, size, &edge);
    if (code != 0)
        return code;
    merkle_root(&edge, ret_root);
    return 0;
}

// A proof is found from the root down and listed from the leaf up.
struct proof {
    const struct merkle_source *source;
    uint8_t (*hash)[HASH_SIZE];
    size_t count;
    int code;
};

// Add the hash over leaves [from, to), which is one side of a split: from right to left, fold the
// complete subtrees it is made of.
static void
proof_add(struct proof *self, seq_t from, seq_t to)
{
    assert(self->count < PROOF_MAX);
    uint8_t *hash = self->hash[self->count++];
    seq_t size = to - from;
    bool is_first = true;
    for (unsigned level = 0; level < MERKLE_LEVELS && self->code == 0; level++) {
        if ((size >> level & 1) == 0)
            continue;
        to -= (seq_t)1 << level;
        uint8_t node[HASH_SIZE];
        if (!self->source->node(self->source->self, level, to >> level, node))
            self->code = ERR_GAP;
        else if (is_first)
            memcpy(hash, node, HASH_SIZE);
        else
            merkle_inner(node, hash, hash);
        is_first = false;
    }
}

static int
proof_finish(struct proof *self, size_t *ret_count)
{
    if (self->code != 0)
        return self->code;
    for (size_t i = 0; i < self->count / 2; i++) {
        uint8_t swap[HASH_SIZE];
        uint8_t *other = self->hash[self->count - 1 - i];
        memcpy(swap, self->hash[i], HASH_SIZE);
        memcpy(self->hash[i], other, HASH_SIZE);
        memcpy(other, swap, HASH_SIZE);
    }
    *ret_count = self->count;
    return 0;
}

// Where [from, to) of two leaves or more is split: the largest power of two below its size.
static seq_t
middle_of(seq_t from, seq_t to)
{
    unsigned top_bit = 63U - (unsigned)__builtin_clzll(to - from - 1);
    return from + ((seq_t)1 << top_bit);
}

int
merkle_prove_inclusion(const struct merkle_source *source, seq_t index, seq_t size,
                       uint8_t ret_proof[PROOF_MAX][HASH_SIZE], size_t *ret_count)
{
    if (size > MERKLE_SIZE_MAX)
        return ERR_LIMIT;
    if (index >= size)
        return ERR_ARG;
    struct proof proof = {source, ret_proof, 0, 0};
    seq_t from = 0, to = size;
    while (to - from > 1) {
        seq_t middle = middle_of(from, to);
        if (index < middle) {
            proof_add(&proof, middle, to);
            to = middle;
        } else {
            proof_add(&proof, from, middle);
            from = middle;
        }
    }
    return proof_finish(&proof, ret_count);
}

int
merkle_prove_consistency(const struct merkle_source *source, seq_t old_size, seq_t size,
                         uint8_t ret_proof[PROOF_MAX][HASH_SIZE], size_t *ret_count)
{
    if (size > MERKLE_SIZE_MAX)
        return ERR_LIMIT;
    if (old_size > size)
        return ERR_ARG;
    if (old_size == 0) {
        *ret_count = 0;
        return 0;
    }
    struct proof proof = {source, ret_proof, 0, 0};
    seq_t from = 0, to = size;
    while (to != old_size) {
        seq_t middle = middle_of(from, to);
        if (old_size <= middle) {
            proof_add(&proof, middle, to);
            to = middle;
        } else {
            proof_add(&proof, from, middle);
            from = middle;
        }
    }
    if (from != 0) // Else what is left is the whole old tree, whose root the checker has
        proof_add(&proof, from, to);
    return proof_finish(&proof, ret_count);
}

// The place of a hash on its way up: its index in its level, and the last index there.
struct place {
    seq_t at;
    seq_t last;
};

static void
place_rise(struct place *self)
{
    self->at >>= 1;
    self->last >>= 1;
}

// Whether the next hash of the proof stands to the left; if so, also climb past the levels at
// which this one, the last of its level, has no neighbour.
static bool
place_is_right(struct place *self)
{
    if ((self->at & 1) == 0 && self->at != self->last)
        return false;
    while ((self->at & 1) == 0 && self->at != 0)
        place_rise(self);
    return true;
}

int
merkle_check_inclusion(seq_t index, seq_t size, const uint8_t leaf[HASH_SIZE], struct bytes proof,
                       const uint8_t root[HASH_SIZE])
{
    if (index >= size || proof.size % HASH_SIZE != 0)
        return ERR_ROOT;
    struct place place = {index, size - 1};
    uint8_t hash[HASH_SIZE];
    memcpy(hash, leaf, HASH_SIZE);

    for (size_t i = 0; i < proof.size; i += HASH_SIZE) {
        if (place.last == 0) // Too long
            return ERR_ROOT;
        if (place_is_right(&place))
            merkle_inner(proof.at + i, hash, hash);
        else
            merkle_inner(hash, proof.at + i, hash);
        place_rise(&place);
    }
    return place.last == 0 && memcmp(hash, root, HASH_SIZE) == 0 ? 0 : ERR_ROOT;
}

// The proof of a real growth, from neither nothing nor the same size: two roots are computed at
// once, the old one from what the two trees share.
static int
growth_check(seq_t old_size, seq_t size, const uint8_t old_root[HASH_SIZE],
             const uint8_t root[HASH_SIZE], struct bytes proof)
{
    size_t next = 0;
    const uint8_t *shared = old_root;
    if ((old_size & (old_size - 1)) != 0) {
        shared = proof.at;
        next = HASH_SIZE;
    }
    struct place place = {old_size - 1, size - 1};
    while ((place.at & 1) != 0)
        place_rise(&place);
    uint8_t old_hash[HASH_SIZE], hash[HASH_SIZE];
    memcpy(old_hash, shared, HASH_SIZE);
    memcpy(hash, shared, HASH_SIZE);

    for (; next < proof.size; next += HASH_SIZE) {
        if (place.last == 0) // Too long
            return ERR_ROOT;
        if (place_is_right(&place)) {
            merkle_inner(proof.at + next, old_hash, old_hash);
            merkle_inner(proof.at + next, hash, hash);
        } else {
            merkle_inner(hash, proof.at + next, hash);
        }
        place_rise(&place);
    }
    bool holds = place.last == 0 && memcmp(old_hash, old_root, HASH_SIZE) == 0 &&
                 memcmp(hash, root, HASH_SIZE) == 0;
    return holds ? 0 : ERR_ROOT;
}

int
merkle_check_consistency(seq_t old_size, seq_t size, const uint8_t old_root[HASH_SIZE],
                         const uint8_t root[HASH_SIZE], struct bytes proof)
{
    if (old_size > size || proof.size % HASH_SIZE != 0)
        return ERR_ROOT;
    if (old_size == 0)
        return proof.size == 0 ? 0 : ERR_ROOT;
    if (old_size == size)
        return proof.size == 0 && memcmp(old_root, root, HASH_SIZE) == 0 ? 0 : ERR_ROOT;
    return proof.size > 0 ? growth_check(old_size, size, old_root, root, proof) : ERR_ROOT;
}
