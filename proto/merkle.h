// merkle.h - the tree over one log: roots, and short proofs that it only ever grew
//
//                 root of 5                    node(level, index); level 0 is the leaves
//                 /       .
//           (2,0)          .                   peaks of 5 = 101 in binary: (2,0) and (0,4)
//          /     .          .
//      (1,0)     (1,1)       .                 a node, once complete, never changes
//      /  .      /  .         .
//   (0,0)(0,1)(0,2)(0,3)     (0,4)
//
//     merkle_leaf(stub, leaf);
//     merkle_add(&tree, leaf);                 // struct merkle tree = {0}
//     merkle_root(&tree, root);
//
// Shape    Leaf = SHA-256(00 | data), inner node = SHA-256(01 | left | right), the empty tree is
//          SHA-256 of nothing. The left part of n leaves is the largest power of two below n: no
//          padding, no doubled leaf. A proof is its hashes end to end, 32 bytes each, in the order
//          the RFC lists them: leaf to root.
// Units    seq_t counts leaves; sizes up to MERKLE_SIZE_MAX in what we build, any in what we check.
// Errors   ERR_ROOT: a proof does not hold. ERR_ARG: no such leaf or older size. ERR_LIMIT: above
//          MERKLE_SIZE_MAX. ERR_GAP: the source has not got a node it was asked for.
// Memory   Nothing is allocated; struct merkle is a plain value, copied with =.
// Threads  None of its own.
// Source   RFC 6962 section 2.1, RFC 9162 sections 2.1.3.2 and 2.1.4.2 for the checks.

#ifndef PROTO_MERKLE_H
#define PROTO_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../node/base/buf.h"
#include "../node/base/id.h"
#include "../node/base/own.h"
#include "hash.h"

enum {
    MERKLE_LEVELS = 40, // A record every millisecond for 34 years
    PROOF_MAX = 63,     // Hashes; a tree of MERKLE_SIZE_MAX needs at most 41
};

#define MERKLE_SIZE_MAX (((seq_t)1 << MERKLE_LEVELS) - 1)

// The right edge: all that is needed to go on adding.
struct merkle {
    seq_t size;
    uint8_t peak[MERKLE_LEVELS][HASH_SIZE]; // peak[k] counts when bit k of size is set
};

// Where the nodes of complete subtrees come from.
struct merkle_source {
    void *self;
    // False when there is no such node.
    bool (*node)(void *self, unsigned level, uint64_t index, uint8_t ret_hash[HASH_SIZE]);
};

void merkle_leaf(struct bytes data, uint8_t ret_leaf[HASH_SIZE]);
void merkle_inner(const uint8_t left[HASH_SIZE], const uint8_t right[HASH_SIZE],
                  uint8_t ret_inner[HASH_SIZE]);

// Add one leaf. Afterwards peak[k] holds node (k, (size >> k) - 1) for every k from 0 to the number
// of zero bits `size` ends in: exactly the nodes this leaf completed, for whoever stores them.
void merkle_add(struct merkle *self, const uint8_t leaf[HASH_SIZE]);

void merkle_root(const struct merkle *self, uint8_t ret_root[HASH_SIZE]);

// The root the tree had when it held `size` leaves.
MUST_CHECK int merkle_root_at(const struct merkle_source *source, seq_t size,
                              uint8_t ret_root[HASH_SIZE]);

// The right edge the tree had when it held `size` leaves.
MUST_CHECK int merkle_edge_at(const struct merkle_source *source, seq_t size,
                              struct merkle *ret_edge);

// That leaf `index` is in the tree of `size` leaves.
MUST_CHECK int merkle_prove_inclusion(const struct merkle_source *source, seq_t index, seq_t size,
                                      uint8_t ret_proof[PROOF_MAX][HASH_SIZE], size_t *ret_count);

// That the tree of `old_size` leaves is a prefix of that of `size`. From 0, and from a size to
// itself, the proof is empty.
MUST_CHECK int merkle_prove_consistency(const struct merkle_source *source, seq_t old_size,
                                        seq_t size, uint8_t ret_proof[PROOF_MAX][HASH_SIZE],
                                        size_t *ret_count);

// 0 when `proof` leads from the leaf to `root`, else ERR_ROOT. A root does not say how large its
// tree is: size and root must come from one signed checkpoint. So below.
MUST_CHECK int merkle_check_inclusion(seq_t index, seq_t size, const uint8_t leaf[HASH_SIZE],
                                      struct bytes proof, const uint8_t root[HASH_SIZE]);

// 0 when `proof` joins the two roots, else ERR_ROOT. Nothing comes before everything: an old size
// of 0 agrees with any new root, by an empty proof, and `old_root` is not looked at.
MUST_CHECK int merkle_check_consistency(seq_t old_size, seq_t size,
                                        const uint8_t old_root[HASH_SIZE],
                                        const uint8_t root[HASH_SIZE], struct bytes proof);

#endif
