#include <stdio.h>

#include "../../node/base/err.h"
#include "../../node/core/fold.h"
#include "../../node/core/record.h"
#include "../../proto/crypto_simulated.h"
#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../sim/naive.h"
#include "../t.h"

enum { MOST = 24 };

// Entries of one record, made as their authors would: packed, and read again.
struct dag {
    struct arena arena;
    struct entry at[MOST];
    size_t count;
};

static void
dag_release(struct dag *self)
{
    arena_release(&self->arena);
}

static const char area[] = "05908-012", commune[] = "05908", province[] = "19";

// Facts as "a=1 b=nil": letters, one digit or nil, in order.
static struct bytes
facts_of(struct arena *arena, const char *text)
{
    OWNED(buf_release) struct buf facts = {0};
    struct packer out = packer_of(&facts);
    size_t count = 0;
    for (const char *at = text; *at != '\0'; at++)
        count += *at == '=';
    pack_map(&out, count);
    for (const char *at = text; *at != '\0'; at++) {
        if (at[0] == ' ' || at[1] != '=')
            continue;
        pack_str(&out, BYTES(at, 1));
        if (at[2] == 'n')
            pack_nil(&out);
        else
            pack_uint(&out, (uint64_t)(at[2] - '0'));
        at += 2;
    }
    return arena_keep(arena, &facts);
}

// Add an entry by `office` that has seen the entries whose numbers are in `after`, "0 2".
static struct entry *
dag_add(struct dag *self, const char *office, const char *after, enum op op, const char *facts)
{
    struct ref refs[AFTER_MAX];
    size_t count = 0;
    uint64_t depth = 0;
    for (const char *at = after; *at != '\0'; at++) {
        if (*at == ' ')
            continue;
        const struct entry *parent = &self->at[*at - 'A'];
        refs[count++] = entry_ref(parent);
        depth = parent->depth >= depth ? parent->depth + 1 : depth;
    }
    OWNED(buf_release) struct buf packed = {0};
    OWNED(buf_release) struct buf stub = {0};
    OWNED(buf_release) struct buf body = {0};
    refs_pack(refs, count, &packed);
    uint8_t salt[16] = {(uint8_t)self->count};
    struct entry entry = {.version = ENTRY_VERSION,
                          .kind = KIND_RECORD,
                          .salt = BYTES(salt, sizeof salt),
                          .origin = {office_of(office), 1ULL << 32},
                          .seq = self->count,
                          .depth = depth,
                          .type = bytes_of("model"),
                          .type_version = 1,
                          .record = {office_of(area), {7}},
                          .subject = office_of(area),
                          .op = op,
                          .after = buf_bytes(&packed),
                          .facts = facts_of(&self->arena, facts)};
    entry_pack_body(&entry, &body);
    entry_pack_stub(&entry, true, &stub);
    struct entry *kept = &self->at[self->count++];
    if (entry_read(arena_keep(&self->arena, &stub), arena_keep(&self->arena, &body), kept) != 0)
        t_fail_text(__FILE__, __LINE__, "entry_read", "refused", "read");
    return kept;
}

// Fold them in the order `order` gives (NULL: as they are), leaving out those in `missing`.
static struct fold
fold_of(struct dag *self, const size_t *order, uint32_t missing, enum fold_fate *ret_fates)
{
    struct fold_entry *entries = arena_new(&self->arena, MOST * sizeof *entries);
    size_t count = 0;
    for (size_t i = 0; i < self->count; i++) {
        size_t nth = order != NULL ? order[i] : i;
        if ((missing >> nth & 1U) != 0)
            continue;
        struct ref refs[AFTER_MAX];
        size_t ref_count = 0;
        struct fold_entry *one = &entries[count++];
        one->entry = self->at[nth];
        (void)!refs_read(one->entry.after, refs, &ref_count);
        for (size_t j = 0; j < ref_count; j++) // seq is the number of the entry here
            one->misses_parent = one->misses_parent || (missing >> refs[j].seq & 1U) != 0;
    }
    struct fold fold;
    fold_entries(entries, count, &self->arena, &fold);
    for (size_t i = 0; i < count && ret_fates != NULL; i++)
        ret_fates[entries[i].entry.seq] = entries[i].fate;
    return fold;
}

static int64_t
value_of(struct bytes state, const char *field)
{
    struct reader in = reader_of(map_find(state, field));
    int64_t value = read_int(&in);
    return in.code == 0 ? value : -1;
}

TEST(fold, a_line_is_its_last_values)
{
    OWNED(dag_release) struct dag dag = {0};
    dag_add(&dag, area, "", OP_PUT, "a=1 b=1");
    dag_add(&dag, area, "A", OP_PUT, "b=2");
    dag_add(&dag, commune, "B", OP_PUT, "a=n");
    struct fold fold = fold_of(&dag, NULL, 0, NULL);
    T_EQ(value_of(fold.state, "a"), -1);
    T_EQ(value_of(fold.state, "b"), 2);
    T_EQ(fold.depth, 2);
    T_OK(fold.is_straight && fold.is_alive && !fold.has_waiting);
    T_EQ(fold.conflicts.size, 0);
}

TEST(fold, the_superior_wins_whatever_the_depth)
{
    OWNED(dag_release) struct dag dag = {0};
    dag_add(&dag, area, "", OP_PUT, "a=1");
    dag_add(&dag, commune, "A", OP_PUT, "a=2");
    dag_add(&dag, area, "A", OP_PUT, "a=3");
    dag_add(&dag, area, "C", OP_PUT, "a=4");
    struct fold fold = fold_of(&dag, NULL, 0, NULL);
    T_EQ(value_of(fold.state, "a"), 2);
    T_OK(!fold.is_straight);
    struct reader in = reader_of(map_find(fold.conflicts, "a"));
    T_EQ(read_array(&in), 2);
    (void)read_array(&in);
    struct office winner = read_office(&in, false);
    T_TEXT(winner.code, commune);
}

TEST(fold, among_equals_the_deeper_wins_then_the_later_origin)
{
    OWNED(dag_release) struct dag dag = {0};
    dag_add(&dag, area, "", OP_PUT, "a=1 b=1");
    dag_add(&dag, area, "A", OP_PUT, "c=1");
    dag_add(&dag, area, "B", OP_PUT, "a=2 b=2"); // Depth 2
    dag_add(&dag, area, "A", OP_PUT, "a=3");     // Depth 1, though later in the log
    dag_add(&dag, area, "B", OP_PUT, "b=4");     // Depth 2, and later in the log
    struct fold fold = fold_of(&dag, NULL, 0, NULL);
    T_EQ(value_of(fold.state, "a"), 2);
    T_EQ(value_of(fold.state, "b"), 4);
}

TEST(fold, writes_that_agree_are_no_conflict)
{
    OWNED(dag_release) struct dag dag = {0};
    dag_add(&dag, area, "", OP_PUT, "a=1");
    dag_add(&dag, area, "A", OP_PUT, "a=5");
    dag_add(&dag, commune, "A", OP_PUT, "a=5");
    struct fold fold = fold_of(&dag, NULL, 0, NULL);
    T_EQ(value_of(fold.state, "a"), 5);
    T_EQ(fold.conflicts.size, 0);
    T_OK(!fold.is_straight); // Two heads
}

TEST(fold, a_write_after_both_ends_the_conflict)
{
    OWNED(dag_release) struct dag dag = {0};
    dag_add(&dag, area, "", OP_PUT, "a=1");
    dag_add(&dag, area, "A", OP_PUT, "a=2");
    dag_add(&dag, commune, "A", OP_PUT, "a=3");
    dag_add(&dag, area, "B C", OP_PUT, "a=4");
    struct fold fold = fold_of(&dag, NULL, 0, NULL);
    T_EQ(value_of(fold.state, "a"), 4);
    T_EQ(fold.conflicts.size, 0);
    T_OK(fold.is_straight);
}

TEST(fold, a_retraction_beside_a_change_is_a_conflict)
{
    OWNED(dag_release) struct dag dag = {0};
    dag_add(&dag, area, "", OP_PUT, "a=1");
    dag_add(&dag, area, "A", OP_PUT, "a=2");
    dag_add(&dag, province, "A", OP_RETRACT, "");
    struct fold fold = fold_of(&dag, NULL, 0, NULL);
    T_OK(!fold.is_alive);
    T_EQ(value_of(fold.state, "a"), 2);
    T_OK(map_find(fold.conflicts, "$alive").size > 0);
    dag_add(&dag, area, "B C", OP_RESTORE, "");
    T_OK(fold_of(&dag, NULL, 0, NULL).is_alive);
}

TEST(fold, waits_for_what_an_entry_names_and_so_do_its_children)
{
    OWNED(dag_release) struct dag dag = {0};
    enum fold_fate fates[MOST] = {0};
    dag_add(&dag, area, "", OP_PUT, "a=1");
    dag_add(&dag, commune, "A", OP_PUT, "a=2");
    dag_add(&dag, area, "B", OP_PUT, "b=3");
    dag_add(&dag, area, "C", OP_PUT, "b=4");
    struct fold fold = fold_of(&dag, NULL, 1U << 1, fates);
    T_OK(fold.has_waiting && !fold.is_straight);
    T_EQ(fates[2], FOLD_WAITS);
    T_EQ(fates[3], FOLD_WAITS);
    T_EQ(value_of(fold.state, "a"), 1);
    T_EQ(value_of(fold.state, "b"), -1);
}

TEST(fold, what_breaks_a_rule_is_out_and_holds_back_nothing)
{
    OWNED(dag_release) struct dag dag = {0};
    enum fold_fate fates[MOST] = {0};
    dag_add(&dag, area, "", OP_PUT, "a=1");
    dag_add(&dag, commune, "A", OP_PUT, "a=9")->depth = 7;
    dag_add(&dag, area, "A", OP_PUT, "b=2")->subject = office_of("05908-013");
    dag_add(&dag, area, "A", OP_PUT, "c=3")->type = bytes_of("household");
    dag_add(&dag, commune, "", OP_PUT, "a=8"); // A root by who did not create it
    dag_add(&dag, area, "A", OP_PUT, "d=4");
    struct fold fold = fold_of(&dag, NULL, 0, fates);
    for (size_t i = 1; i <= 4; i++)
        T_EQ(fates[i], FOLD_OUT);
    T_EQ(fates[5], FOLD_IN);
    T_EQ(value_of(fold.state, "a"), 1);
    T_EQ(value_of(fold.state, "d"), 4);
    T_EQ(value_of(fold.state, "b"), -1);
    T_OK(fold.is_straight);
    T_OK(office_equal(&fold.subject, &dag.at[0].subject));
}

static void
dag_draw(struct dag *self, struct sim_random *random)
{
    static const char *const offices[] = {area, area, commune, province};
    size_t count = 2 + sim_random_next(random) % (MOST - 3);
    dag_add(self, area, "", OP_PUT, "a=0 b=0");
    for (size_t i = 1; i < count; i++) {
        char after[8] = "", facts[16];
        size_t parents = 1 + sim_random_next(random) % 3, size = 0;
        for (size_t j = 0; j < parents; j++) {
            char name = (char)('A' + sim_random_next(random) % i);
            if (strchr(after, name) == NULL)
                after[size++] = name;
        }
        uint64_t drawn = sim_random_next(random);
        (void)snprintf(facts, sizeof facts, drawn % 5 == 0 ? "%c=n" : "%c=%u",
                       (char)('a' + drawn % 3), (unsigned)(drawn >> 8U) % 3);
        dag_add(self, offices[drawn >> 16U & 3U], after,
                (enum op)(drawn >> 24U & 7U ? OP_PUT : 1 + (drawn >> 32U & 1U)), facts);
        if ((drawn >> 40U) % 40 == 0)
            self->at[i].depth++; // Wrong, and said by its author
    }
}

static void
shuffle(size_t *order, size_t count, struct sim_random *random)
{
    for (size_t i = 0; i < count; i++) {
        size_t j = sim_random_next(random) % (i + 1);
        order[i] = order[j];
        order[j] = i;
    }
}

TEST(fold, any_order_gives_what_the_rules_say)
{
    struct sim_random random = {4711};
    for (int run = 0; run < 400; run++) {
        OWNED(dag_release) struct dag dag = {0};
        static const bool is_denied[MOST];
        dag_draw(&dag, &random);
        struct naive_state want;
        naive_fold(dag.at, is_denied, dag.count, &dag.arena, &want);
        for (int again = 0; again < 4; again++) {
            size_t order[MOST];
            shuffle(order, dag.count, &random);
            struct fold got = fold_of(&dag, order, 0, NULL);
            T_OK(bytes_equal(got.state, want.state));
            T_OK(bytes_equal(got.heads, want.heads));
            T_OK(bytes_equal(naive_conflicts(got.conflicts, &dag.arena), want.conflicts));
            T_EQ(got.is_alive, want.is_alive);
            T_EQ(got.has_waiting, want.is_waiting);
        }
    }
}

TEST(fold, a_part_of_the_entries_gives_what_the_rules_say)
{
    struct sim_random random = {815};
    for (int run = 0; run < 300; run++) {
        OWNED(dag_release) struct dag dag = {0};
        static const bool is_denied[MOST];
        dag_draw(&dag, &random);
        uint32_t missing = (uint32_t)(sim_random_next(&random) & sim_random_next(&random) &
                                      sim_random_next(&random)) &
                           ~1U;
        struct entry held[MOST];
        size_t count = 0;
        for (size_t i = 0; i < dag.count; i++)
            if ((missing >> i & 1U) == 0)
                held[count++] = dag.at[i];
        struct naive_state want;
        naive_fold(held, is_denied, count, &dag.arena, &want);
        struct fold got = fold_of(&dag, NULL, missing, NULL);
        T_OK(bytes_equal(got.state, want.state));
        T_OK(bytes_equal(got.heads, want.heads));
        T_EQ(got.is_alive, want.is_alive);
        T_EQ(got.has_waiting, want.is_waiting);
    }
}

TEST(fold, the_straight_path_gives_the_same)
{
    struct sim_random random = {99};
    for (int run = 0; run < 100; run++) {
        OWNED(dag_release) struct dag dag = {0};
        dag_add(&dag, area, "", OP_PUT, "a=0 b=0");
        struct bytes state = state_merge(&dag.arena, (struct bytes){0}, dag.at[0].facts);
        for (size_t i = 1; i < 12; i++) {
            char after[2] = {(char)('A' + i - 1), '\0'}, facts[16];
            uint64_t drawn = sim_random_next(&random);
            (void)snprintf(facts, sizeof facts, drawn % 4 == 0 ? "%c=n" : "%c=%u",
                           (char)('a' + drawn % 5), (unsigned)(drawn >> 8U) % 4);
            dag_add(&dag, drawn & 1U ? area : commune, after, OP_PUT, facts);
            state = state_merge(&dag.arena, state, dag.at[i].facts);
            struct fold fold = fold_of(&dag, NULL, 0, NULL);
            T_OK(fold.is_straight);
            T_OK(bytes_equal(fold.state, state));
        }
    }
}
