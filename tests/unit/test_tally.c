#include "../../node/core/tally.h"

#include <stdio.h>

#include "../../node/catalogue/definition.h"
#include "../../proto/assets.h"
#include "../../proto/crypto_simulated.h"
#include "../../proto/pack.h"
#include "../sim/naive.h"
#include "../sim/store_memory.h"
#include "../t.h"

enum { RECORDS = 40 };

struct counted {
    struct tally tally;
    struct store_memory store;
    struct view view;
    struct arena arena, step;
    struct indicator *indicators[4];
    struct projection records[RECORDS];
    size_t count;
};

static void
counted_release(struct counted *self)
{
    for (size_t i = 0; i < 4; i++)
        indicator_destroy(&self->indicators[i]);
    tally_release(&self->tally);
    store_memory_release(&self->store);
    arena_release(&self->arena);
    arena_release(&self->step);
}

static bool
counted_open(struct counted *self)
{
    static const char *const names[] = {"T1-A", "T1-C", "T2", "T3b-c"};
    self->view = store_memory_view(&self->store);
    for (size_t i = 0; i < 4; i++) {
        OWNED(buf_release) struct buf definition = {0};
        char path[80];
        struct bytes text;
        struct err err = {0};
        (void)snprintf(path, sizeof path, "conf/plan/indicators/%s.json", names[i]);
        if (!asset_find(path, &text) || definition_load(path, text, &definition, &err) != 0 ||
            indicator_read(buf_bytes(&definition), &self->indicators[i], &err) != 0)
            return false;
        self->tally.indicators = mem_reserve(self->tally.indicators, &self->tally.room,
                                             self->tally.count + 1, sizeof(struct indicator *));
        self->tally.indicators[self->tally.count++] = self->indicators[i];
    }
    return true;
}

static void
flush(struct counted *self)
{
    struct write *writes;
    size_t count = tally_writes(&self->tally, &self->step, &writes);
    for (size_t i = 0; i < count; i++)
        store_memory_write(&self->store, &writes[i]);
    arena_clear(&self->step);
}

static struct projection *
record_new(struct counted *self, const char *type, const char *subject)
{
    struct projection *record = &self->records[self->count];
    *record = (struct projection){.id = {office_of("05908"), {(uint8_t)++self->count}},
                                  .subject = office_of(subject)};
    (void)snprintf(record->type, sizeof record->type, "%s", type);
    return record;
}

// The record becomes `state`, alive or not; its counts with it.
static void
become(struct counted *self, struct projection *record, struct bytes state, bool is_alive)
{
    struct bytes was = record->is_alive ? record->state : (struct bytes){0};
    tally_change(&self->tally, &self->view, &self->step, &record->id, &record->subject,
                 bytes_of(record->type), was, is_alive ? state : (struct bytes){0});
    record->state = state;
    record->is_alive = is_alive;
}

static struct bytes
text_map(struct counted *self, const char *name, const char *value)
{
    OWNED(buf_release) struct buf packed = {0};
    struct packer out = packer_of(&packed);
    pack_map(&out, 1);
    pack_text(&out, name);
    pack_text(&out, value);
    return arena_keep(&self->arena, &packed);
}

static int64_t
total(const struct counted *self, const char *measure, const char *office)
{
    struct office of = office_of(office);
    return self->view.total(self->view.store, measure, 0, &of);
}

TEST(tally, a_household_counts_once_however_often_it_signs)
{
    OWNED(counted_release) struct counted all = {0};
    T_OK(counted_open(&all));
    struct projection *household = record_new(&all, "household", "05908-012");
    char id[RECORD_TEXT_MAX + 1];
    record_id_text(&household->id, id);
    struct bytes signs = text_map(&all, "household", id);
    struct projection *first = record_new(&all, "commitment", "05908-012");
    struct projection *second = record_new(&all, "commitment", "05908-012");
    become(&all, first, signs, true); // Before the household itself has arrived
    flush(&all);
    T_EQ(total(&all, "T2/n", "05908-012"), 0);
    become(&all, household, text_map(&all, "status", "active"), true);
    become(&all, second, signs, true);
    flush(&all);
    T_EQ(total(&all, "T2/n", "05908-012"), 1);
    T_EQ(total(&all, "T2/d", "05908-012"), 1);
    become(&all, first, signs, false);
    flush(&all);
    T_EQ(total(&all, "T2/n", "05908-012"), 1);
    become(&all, second, signs, false);
    flush(&all);
    T_EQ(total(&all, "T2/n", "05908-012"), 0);
    T_EQ(total(&all, "T2/d", "05908-012"), 1);
    become(&all, household, text_map(&all, "status", "moved_out"), true);
    flush(&all);
    T_EQ(total(&all, "T2/d", "05908-012"), 0);
}

TEST(tally, a_text_that_is_no_id_counts_nowhere)
{
    OWNED(counted_release) struct counted all = {0};
    T_OK(counted_open(&all));
    char text[3000];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    become(&all, record_new(&all, "commitment", "05908-012"), text_map(&all, "household", text),
           true);
    flush(&all);
    T_EQ(all.store.group_count, 0);
}

static struct bytes
model_draw(struct counted *self, struct sim_random *random)
{
    OWNED(buf_release) struct buf packed = {0};
    struct packer out = packer_of(&packed);
    pack_map(&out, 3);
    pack_text(&out, "area_ids");
    size_t count = sim_random_next(random) % 4;
    pack_array(&out, count);
    for (size_t i = 0; i < count; i++) { // The same area twice, now and then, or a commune
        static const char *const codes[] = {"05908-001", "05908-002", "05908-003", "05908"};
        pack_text(&out, codes[sim_random_next(random) % 4]);
    }
    pack_text(&out, "is_self_managed");
    pack_bool(&out, sim_random_next(random) % 4 != 0);
    pack_text(&out, "status");
    pack_text(&out, sim_random_next(random) % 3 != 0 ? "hoat_dong" : "giai_the");
    return arena_keep(&self->arena, &packed);
}

static struct bytes
session_draw(struct counted *self, struct sim_random *random)
{
    OWNED(buf_release) struct buf packed = {0};
    struct packer out = packer_of(&packed);
    bool has_date = sim_random_next(random) % 6 != 0;
    pack_map(&out, has_date);
    if (has_date) {
        pack_text(&out, "occurred_on");
        pack_uint(&out, 20454 + sim_random_next(random) % 700);
    }
    return arena_keep(&self->arena, &packed);
}

TEST(tally, differences_add_up_to_a_recount)
{
    static const char *const offices[] = {"05908-001", "05908-002", "05908-003", "05908", "19"};
    OWNED(counted_release) struct counted all = {0};
    const struct projection *records[RECORDS];
    struct sim_random random = {4711};
    T_OK(counted_open(&all));
    for (size_t i = 0; i < RECORDS; i++)
        records[i] = record_new(&all, i % 2 ? "model" : "propaganda_session", offices[i % 5]);
    for (int change = 0; change < 600; change++) {
        struct projection *record = &all.records[sim_random_next(&random) % RECORDS];
        struct bytes state = strcmp(record->type, "model") == 0 ? model_draw(&all, &random)
                                                                : session_draw(&all, &random);
        become(&all, record, state, sim_random_next(&random) % 4 != 0);
        if (change % 7 == 0)
            flush(&all);
    }
    flush(&all);
    for (size_t i = 0; i < 4; i++)
        for (size_t j = 0; j < 5; j++)
            for (int32_t year = 2026; year <= 2027; year++) {
                const struct measure *measure = &all.indicators[i]->numerator;
                int32_t period = measure->is_yearly ? year : 0;
                char name[MEASURE_MAX + 1];
                (void)snprintf(name, sizeof name, "%s/n", all.indicators[i]->name);
                struct office office = office_of(offices[j]);
                T_EQ(all.view.total(all.view.store, name, period, &office),
                     naive_count(measure, period, &office, records, RECORDS));
            }
}
