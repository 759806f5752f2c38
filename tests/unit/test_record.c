#include "../../node/core/record.h"

#include "../../proto/pack.h"
#include "../t.h"

// {"a": 1, "b": nil}: names of one letter, -1 for nil.
static struct bytes
map_of(struct arena *arena, const char *names, const int *values)
{
    OWNED(buf_release) struct buf packed = {0};
    struct packer out = packer_of(&packed);
    pack_map(&out, strlen(names));
    for (size_t i = 0; names[i] != '\0'; i++) {
        pack_str(&out, BYTES(names + i, 1));
        if (values[i] < 0)
            pack_nil(&out);
        else
            pack_int(&out, values[i]);
    }
    return arena_keep(arena, &packed);
}

#define MAP(names, ...) map_of(&arena, names, (const int[]){__VA_ARGS__})

TEST(record, merging_replaces_adds_and_drops)
{
    OWNED(arena_release) struct arena arena = {0};
    struct bytes state = MAP("bd", 1, 2);
    T_OK(bytes_equal(state_merge(&arena, state, MAP("abcde", 7, 8, -1, -1, 9)),
                     MAP("abe", 7, 8, 9)));
    T_OK(bytes_equal(state_merge(&arena, (struct bytes){0}, MAP("ab", -1, 3)), MAP("b", 3)));
    T_OK(bytes_equal(state_merge(&arena, state, (struct bytes){0}), state));
    T_OK(bytes_equal(state_merge(&arena, (struct bytes){0}, (struct bytes){0}), MAP("", 0)));
}

TEST(record, the_difference_is_what_a_merge_needs)
{
    OWNED(arena_release) struct arena arena = {0};
    struct bytes state = MAP("abc", 1, 2, 3), whole = MAP("abcde", 1, 5, -1, -1, 4);
    struct bytes difference = state_difference(&arena, state, whole);
    T_OK(bytes_equal(difference, MAP("bce", 5, -1, 4)));
    T_OK(bytes_equal(state_merge(&arena, state, difference), state_merge(&arena, state, whole)));
    T_OK(bytes_equal(state_difference(&arena, state, state), MAP("", 0)));
}

static struct record
sample(struct arena *arena, size_t places)
{
    struct record record = {.id = {office_of("05908-012"), {1}}, .depth = 3};
    struct ref ref = {{office_of("05908"), 1ULL << 40}, 9, {1, 2, 3}};
    OWNED(buf_release) struct buf heads = {0};
    refs_pack(&ref, 1, &heads);
    record.heads = arena_keep(arena, &heads);
    record.flags = RECORD_STRAIGHT | RECORD_ALIVE;
    record.type = bytes_of("model");
    record.subject = office_of("05908-012");
    record.state = map_of(arena, "ab", (const int[]){1, 2});
    record.is_filled = true;
    for (size_t i = 0; i < places; i++)
        record_add_place(&record, arena, (struct place){(log_t)(i + 1), 1ULL << 33 | i});
    return record;
}

TEST(record, a_row_comes_back_as_it_was)
{
    OWNED(arena_release) struct arena arena = {0};
    OWNED(buf_release) struct buf row = {0};
    struct record record = sample(&arena, 2), again = {.id = record.id};
    record_pack(&record, &row);
    T_EQ(record_read(buf_bytes(&row), &arena, &again), 0);
    T_EQ(again.flags, record.flags);
    T_EQ(again.depth, 3);
    T_EQ(again.place_count, 2);
    T_EQ(again.places[1].log, 2);
    T_EQ(again.places[1].seq, 1ULL << 33 | 1);
    T_OK(bytes_equal(again.heads, record.heads));
    T_OK(bytes_equal(again.state, record.state));
    T_OK(office_equal(&again.subject, &record.subject));
    T_OK(again.is_filled);
    T_EQ(again.conflicts.size, 0);
}

TEST(record, a_root_alone_leaves_its_state_to_the_entry)
{
    OWNED(arena_release) struct arena arena = {0};
    OWNED(buf_release) struct buf row = {0};
    struct record record = sample(&arena, 1), again = {.id = record.id};
    record_pack(&record, &row);
    T_OK(row.size <= 60);
    T_EQ(record_read(buf_bytes(&row), &arena, &again), 0);
    T_OK(!again.is_filled);
    T_EQ(again.state.size, 0);
    T_EQ(again.place_count, 1);
}

TEST(record, a_row_cut_short_is_corrupt)
{
    OWNED(arena_release) struct arena arena = {0};
    OWNED(buf_release) struct buf row = {0};
    struct record record = sample(&arena, 2);
    record_pack(&record, &row);
    for (size_t size = 0; size < row.size; size++) {
        struct record again = {.id = record.id};
        T_OK(record_read(BYTES(row.at, size), &arena, &again) != 0);
    }
}
