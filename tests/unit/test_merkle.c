#include "../../node/base/err.h"
#include "../../proto/merkle.h"
#include "../t.h"
#include "vectors.h"

enum { LEAVES = 65, LEVELS = 7 };

// All nodes over a handful of leaves, made level by level: no code in common with merkle.c but the
// two hashes.
struct forest {
    seq_t size;
    uint8_t node[LEVELS][LEAVES][HASH_SIZE];
    bool has_hole; // Node `hole` of level 0 is not there
    uint64_t hole;
};

static bool
forest_node(void *data, unsigned level, uint64_t index, uint8_t ret_hash[HASH_SIZE])
{
    struct forest *self = data;
    bool is_hole = self->has_hole && level == 0 && index == self->hole;
    if (level >= LEVELS || index >= self->size >> level || is_hole)
        return false;
    memcpy(ret_hash, self->node[level][index], HASH_SIZE);
    return true;
}

static void
forest_grow(struct forest *self, seq_t size)
{
    self->size = size;
    for (unsigned level = 1; level < LEVELS; level++)
        for (seq_t i = 0; i < size >> level; i++)
            merkle_inner(self->node[level - 1][2 * i], self->node[level - 1][2 * i + 1],
                         self->node[level][i]);
}

static void
forest_fill(struct forest *self)
{
    for (uint8_t i = 0; i < LEAVES; i++)
        merkle_leaf(BYTES(&i, 1), self->node[0][i]);
    forest_grow(self, LEAVES);
}

// The definition, word for word.
static void
naive_root(const struct forest *forest, seq_t from, seq_t to, uint8_t ret_root[HASH_SIZE])
{
    if (to == from) {
        hash_sha256(BYTES("", 0), ret_root);
        return;
    }
    if (to - from == 1) {
        memcpy(ret_root, forest->node[0][from], HASH_SIZE);
        return;
    }
    seq_t half = 1;
    while (half * 2 < to - from)
        half *= 2;
    uint8_t left[HASH_SIZE], right[HASH_SIZE];
    naive_root(forest, from, from + half, left);
    naive_root(forest, from + half, to, right);
    merkle_inner(left, right, ret_root);
}

static struct forest forest;
static uint8_t roots[LEAVES + 1][HASH_SIZE];

static const struct merkle_source *
forest_source(void)
{
    static const struct merkle_source source = {&forest, forest_node};
    forest.has_hole = false;
    forest_fill(&forest);
    for (seq_t n = 0; n <= LEAVES; n++)
        naive_root(&forest, 0, n, roots[n]);
    return &source;
}

TEST(merkle, trees_of_the_vectors_have_their_roots)
{
    OWNED(json_decrefp) json_t *file = vectors_load("merkle");
    size_t t, n;
    json_t *one, *leaf;
    T_EQ(json_array_size(json_object_get(file, "trees")), 2);
    json_array_foreach(json_object_get(file, "trees"), t, one)
    {
        struct merkle tree = {0};
        json_array_foreach(json_object_get(one, "leaves"), n, leaf)
        {
            OWNED(buf_release) struct buf data = {0}, want = {0}, want_root = {0};
            uint8_t hash[HASH_SIZE], root[HASH_SIZE];
            vector_bytes(leaf, &data);
            vector_bytes(json_array_get(json_object_get(one, "leaf_hashes"), n), &want);
            vector_bytes(json_array_get(json_object_get(one, "roots"), n), &want_root);
            merkle_root(&tree, root);
            merkle_leaf(buf_bytes(&data), hash);
            T_OK(bytes_equal(buf_bytes(&want), BYTES(hash, HASH_SIZE)));
            T_OK(bytes_equal(buf_bytes(&want_root), BYTES(root, HASH_SIZE)));
            merkle_add(&tree, hash);
        }
        uint8_t root[HASH_SIZE];
        OWNED(buf_release) struct buf want = {0};
        vector_bytes(json_array_get(json_object_get(one, "roots"), n), &want);
        merkle_root(&tree, root);
        T_OK(n == 8 || n == 13);
        T_OK(bytes_equal(buf_bytes(&want), BYTES(root, HASH_SIZE)));
    }
}

TEST(merkle, inclusion_vectors_give_their_verdict)
{
    OWNED(json_decrefp) json_t *file = vectors_load("merkle");
    size_t i;
    json_t *one;
    T_OK(json_array_size(json_object_get(file, "inclusion")) > 30);
    json_array_foreach(json_object_get(file, "inclusion"), i, one)
    {
        uint8_t leaf[HASH_SIZE], root[HASH_SIZE];
        OWNED(buf_release) struct buf proof = {0};
        vector_hex(one, "leaf", leaf, HASH_SIZE);
        vector_hex(one, "root", root, HASH_SIZE);
        vector_bytes(json_object_get(one, "proof"), &proof);
        int code = merkle_check_inclusion(vector_number(one, "index"), vector_number(one, "size"),
                                          leaf, buf_bytes(&proof), root);
        T_TEXT(vector_verdict(one, code), vector_expected(one));
    }
}

TEST(merkle, consistency_vectors_give_their_verdict)
{
    OWNED(json_decrefp) json_t *file = vectors_load("merkle");
    size_t i;
    json_t *one;
    T_OK(json_array_size(json_object_get(file, "consistency")) >= 30);
    json_array_foreach(json_object_get(file, "consistency"), i, one)
    {
        uint8_t old_root[HASH_SIZE], root[HASH_SIZE];
        OWNED(buf_release) struct buf proof = {0};
        vector_hex(one, "old_root", old_root, HASH_SIZE);
        vector_hex(one, "root", root, HASH_SIZE);
        vector_bytes(json_object_get(one, "proof"), &proof);
        int code =
            merkle_check_consistency(vector_number(one, "old_size"), vector_number(one, "size"),
                                     old_root, root, buf_bytes(&proof));
        T_TEXT(vector_verdict(one, code), vector_expected(one));
    }
}

// What we prove for the thirteen records is what the vectors list, hash for hash.
TEST(merkle, proofs_are_those_of_the_vectors)
{
    OWNED(json_decrefp) json_t *file = vectors_load("merkle");
    const json_t *records = json_array_get(json_object_get(file, "trees"), 1);
    size_t i, proved = 0;
    json_t *one;
    const struct merkle_source *source = forest_source();
    json_array_foreach(json_object_get(records, "leaf_hashes"), i, one)
    {
        OWNED(buf_release) struct buf leaf = {0};
        vector_bytes(one, &leaf);
        memcpy(forest.node[0][i], leaf.at, HASH_SIZE);
    }
    forest_grow(&forest, i);
    for (int kind = 0; kind < 2; kind++) {
        json_array_foreach(json_object_get(file, kind == 0 ? "inclusion" : "consistency"), i, one)
        {
            const char *name = vector_text(one, "name");
            bool is_ours = json_is_true(json_object_get(one, "good")) &&
                           strncmp(name, "rfc", 3) != 0 && strncmp(name, "fork", 4) != 0;
            if (!is_ours)
                continue;
            uint8_t proof[PROOF_MAX][HASH_SIZE];
            size_t count;
            seq_t from = vector_number(one, kind == 0 ? "index" : "old_size");
            seq_t size = vector_number(one, "size");
            OWNED(buf_release) struct buf want = {0};
            vector_bytes(json_object_get(one, "proof"), &want);
            int code = kind == 0 ? merkle_prove_inclusion(source, from, size, proof, &count)
                                 : merkle_prove_consistency(source, from, size, proof, &count);
            T_EQ(code, 0);
            T_OK(bytes_equal(BYTES(proof, count * HASH_SIZE), buf_bytes(&want)));
            proved++;
        }
    }
    T_EQ(proved, 15);
}

TEST(merkle, every_size_has_the_root_of_the_definition)
{
    const struct merkle_source *source = forest_source();
    struct merkle tree = {0};
    for (seq_t n = 0; n <= LEAVES; n++) {
        uint8_t root[HASH_SIZE];
        merkle_root(&tree, root);
        T_BYTES(root, roots[n], HASH_SIZE);
        T_EQ(merkle_root_at(source, n, root), 0);
        T_BYTES(root, roots[n], HASH_SIZE);
        if (n < LEAVES)
            merkle_add(&tree, forest.node[0][n]);
    }
}

TEST(merkle, a_leaf_leaves_the_nodes_it_completed)
{
    (void)forest_source();
    struct merkle tree = {0};
    for (seq_t n = 1; n <= LEAVES; n++) {
        merkle_add(&tree, forest.node[0][n - 1]);
        for (unsigned level = 0; n % ((seq_t)1 << level) == 0 && level < LEVELS; level++)
            T_BYTES(tree.peak[level], forest.node[level][(n >> level) - 1], HASH_SIZE);
    }
}

TEST(merkle, a_rebuilt_edge_goes_on_like_the_first)
{
    const struct merkle_source *source = forest_source();
    for (seq_t m = 0; m <= LEAVES; m++) {
        struct merkle tree;
        uint8_t root[HASH_SIZE];
        T_EQ(merkle_edge_at(source, m, &tree), 0);
        for (seq_t n = m; n < LEAVES; n++)
            merkle_add(&tree, forest.node[0][n]);
        merkle_root(&tree, root);
        T_EQ(tree.size, LEAVES);
        T_BYTES(root, roots[LEAVES], HASH_SIZE);
    }
}

// How a proof is judged after something was done to it.
struct proved {
    bool is_growth;
    seq_t from, size;
    uint8_t hash[PROOF_MAX + 1][HASH_SIZE];
    size_t count;
};

static int
proved_check(const struct proved *self, size_t skip, size_t count)
{
    struct bytes proof = BYTES(self->hash[skip], count * HASH_SIZE);
    return self->is_growth
               ? merkle_check_consistency(self->from, self->size, roots[self->from],
                                          roots[self->size], proof)
               : merkle_check_inclusion(self->from, self->size, forest.node[0][self->from], proof,
                                        roots[self->size]);
}

// The number of wrong verdicts on a good proof and on everything that is nearly it.
static unsigned
proved_mutate(struct proved *self)
{
    unsigned wrong = proved_check(self, 0, self->count) != 0;
    for (size_t i = 0; i < self->count; i++) {
        self->hash[i][i] ^= 0x10;
        wrong += proved_check(self, 0, self->count) != ERR_ROOT;
        self->hash[i][i] ^= 0x10;
        struct proved less = *self; // Without hash i
        memmove(less.hash[i], less.hash[i + 1], (self->count - i) * HASH_SIZE);
        wrong += proved_check(&less, 0, self->count - 1) != ERR_ROOT;
    }
    for (size_t i = 0; i <= self->count; i++) { // Hash i, or any hash at the end, twice
        struct proved more = *self;
        memmove(more.hash[i + 1], more.hash[i], (self->count - i) * HASH_SIZE);
        wrong += proved_check(&more, 0, self->count + 1) != ERR_ROOT;
    }
    wrong += merkle_check_inclusion(0, 1, roots[1], BYTES(self->hash, 31), roots[1]) != ERR_ROOT;
    return wrong;
}

TEST(merkle, every_inclusion_to_65_holds_and_nothing_near_it)
{
    const struct merkle_source *source = forest_source();
    for (seq_t n = 1; n <= LEAVES; n++) {
        for (seq_t m = 0; m < n; m++) {
            struct proved proved = {.from = m, .size = n};
            T_EQ(merkle_prove_inclusion(source, m, n, proved.hash, &proved.count), 0);
            T_EQ(proved_mutate(&proved), 0);
            for (seq_t other = 0; other <= n; other++)
                T_OK(other == m ||
                     merkle_check_inclusion(other, n, forest.node[0][m],
                                            BYTES(proved.hash, proved.count * HASH_SIZE),
                                            roots[n]) == ERR_ROOT);
        }
    }
}

TEST(merkle, every_growth_to_65_holds_and_nothing_near_it)
{
    const struct merkle_source *source = forest_source();
    for (seq_t n = 0; n <= LEAVES; n++) {
        for (seq_t m = 0; m <= n; m++) {
            struct proved proved = {.is_growth = true, .from = m, .size = n};
            T_EQ(merkle_prove_consistency(source, m, n, proved.hash, &proved.count), 0);
            T_OK((proved.count == 0) == (m == 0 || m == n));
            T_EQ(proved_mutate(&proved), 0);
            struct bytes proof = BYTES(proved.hash, proved.count * HASH_SIZE);
            if (m == 0)
                continue;
            for (seq_t other = 0; other <= LEAVES; other++) {
                T_OK(other == m ||
                     merkle_check_consistency(m, n, roots[other], roots[n], proof) == ERR_ROOT);
                T_OK(other == n ||
                     merkle_check_consistency(m, n, roots[m], roots[other], proof) == ERR_ROOT);
            }
        }
    }
}

TEST(merkle, half_a_hash_is_no_proof)
{
    const struct merkle_source *source = forest_source();
    uint8_t proof[PROOF_MAX][HASH_SIZE];
    size_t count;
    T_EQ(merkle_prove_inclusion(source, 5, 64, proof, &count), 0);
    for (size_t size = 0; size < count * HASH_SIZE; size++)
        T_EQ(merkle_check_inclusion(5, 64, forest.node[0][5], BYTES(proof, size), roots[64]),
             ERR_ROOT);
    T_EQ(merkle_prove_consistency(source, 5, 64, proof, &count), 0);
    for (size_t size = 0; size < count * HASH_SIZE; size++)
        T_EQ(merkle_check_consistency(5, 64, roots[5], roots[64], BYTES(proof, size)), ERR_ROOT);
}

TEST(merkle, a_missing_node_fails_and_changes_nothing)
{
    const struct merkle_source *source = forest_source();
    struct merkle tree = {.size = 4711};
    uint8_t proof[PROOF_MAX][HASH_SIZE], root[HASH_SIZE] = {9};
    size_t count = 4711;
    forest.has_hole = true;
    forest.hole = 64;
    T_EQ(merkle_root_at(source, 65, root), ERR_GAP);
    T_EQ(merkle_edge_at(source, 65, &tree), ERR_GAP);
    T_EQ(merkle_prove_inclusion(source, 3, 65, proof, &count), ERR_GAP);
    T_EQ(merkle_prove_consistency(source, 3, 65, proof, &count), ERR_GAP);
    T_EQ(merkle_root_at(source, 66, root), ERR_GAP); // Never was there
    T_EQ(root[0], 9);
    T_EQ(tree.size, 4711);
    T_EQ(count, 4711);
    T_EQ(merkle_root_at(source, 64, root), 0);
}

TEST(merkle, senseless_questions_are_refused)
{
    const struct merkle_source *source = forest_source();
    struct merkle tree;
    uint8_t proof[PROOF_MAX][HASH_SIZE], root[HASH_SIZE];
    size_t count;
    T_EQ(merkle_prove_inclusion(source, 7, 7, proof, &count), ERR_ARG);
    T_EQ(merkle_prove_inclusion(source, 0, 0, proof, &count), ERR_ARG);
    T_EQ(merkle_prove_consistency(source, 8, 7, proof, &count), ERR_ARG);
    T_EQ(merkle_prove_inclusion(source, 0, MERKLE_SIZE_MAX + 1, proof, &count), ERR_LIMIT);
    T_EQ(merkle_prove_consistency(source, 1, UINT64_MAX, proof, &count), ERR_LIMIT);
    T_EQ(merkle_edge_at(source, MERKLE_SIZE_MAX + 1, &tree), ERR_LIMIT);
    T_EQ(merkle_root_at(source, UINT64_MAX, root), ERR_LIMIT);
}

// Sizes come from strangers: the largest there are must end, and end in a refusal.
TEST(merkle, enormous_sizes_are_checked_too)
{
    uint8_t zeros[64 * HASH_SIZE] = {0};
    static const seq_t sizes[] = {1, 2, (seq_t)1 << 62, INT64_MAX, UINT64_MAX - 1, UINT64_MAX};
    for (size_t m = 0; m < 6; m++) {
        for (size_t n = m + 1; n < 6; n++) {
            for (size_t count = 0; count <= 64; count++) {
                struct bytes proof = BYTES(zeros, count * HASH_SIZE);
                T_EQ(merkle_check_inclusion(sizes[m], sizes[n], zeros, proof, zeros), ERR_ROOT);
                T_EQ(merkle_check_consistency(sizes[m], sizes[n], zeros, zeros, proof), ERR_ROOT);
            }
        }
    }
}

static bool
same_node(void *data, unsigned level, uint64_t index, uint8_t ret_hash[HASH_SIZE])
{
    (void)index;
    memcpy(ret_hash, (uint8_t(*)[HASH_SIZE])data + level, HASH_SIZE);
    return true;
}

// A log of a million million equal entries: its nodes differ by level alone, so it costs nothing.
TEST(merkle, the_largest_tree_can_be_proved)
{
    static uint8_t level[MERKLE_LEVELS][HASH_SIZE];
    const struct merkle_source source = {level, same_node};
    for (unsigned i = 1; i < MERKLE_LEVELS; i++)
        merkle_inner(level[i - 1], level[i - 1], level[i]);
    uint8_t proof[PROOF_MAX][HASH_SIZE], root[HASH_SIZE], old_root[HASH_SIZE];
    size_t count, most = 0;
    T_EQ(merkle_root_at(&source, MERKLE_SIZE_MAX, root), 0);
    for (unsigned bit = 1; bit < MERKLE_LEVELS; bit++) {
        seq_t m = ((seq_t)1 << bit) + 1;
        T_EQ(merkle_root_at(&source, m, old_root), 0);
        T_EQ(merkle_prove_consistency(&source, m, MERKLE_SIZE_MAX, proof, &count), 0);
        T_EQ(merkle_check_consistency(m, MERKLE_SIZE_MAX, old_root, root,
                                      BYTES(proof, count * HASH_SIZE)),
             0);
        most = count > most ? count : most;
        T_EQ(merkle_prove_inclusion(&source, m, MERKLE_SIZE_MAX, proof, &count), 0);
        T_EQ(merkle_check_inclusion(m, MERKLE_SIZE_MAX, level[0], BYTES(proof, count * HASH_SIZE),
                                    root),
             0);
        most = count > most ? count : most;
    }
    T_EQ(most, 41);
}
