#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../node/base/date.h"
#include "../../node/catalogue/definition.h"
#include "../../node/catalogue/value.h"
#include "../../node/core/figure.h"
#include "../../node/core/tally.h"
#include "../t.h"

enum { ROWS_MAX = 4000, RECORDS_MAX = 120 };

struct kept {
    struct record_id id;
    struct office subject;
    const char *type;
    bool is_alive;
    struct buf state;
};

struct stored_total {
    char measure[MEASURE_MAX + 1];
    int32_t period;
    struct office office;
    int64_t value;
};

// A province of one figure: offices, logs, records, and a store for the tally in plain arrays.
struct world {
    struct registry registry;
    struct logs logs;
    struct indicator *indicators[4];
    size_t indicator_count;
    const struct indicator *borrowed[4];
    struct tally tally;
    struct arena arena;
    struct view view;
    struct figure_sources sources;
    struct kept records[RECORDS_MAX];
    struct group groups[ROWS_MAX];
    size_t group_count;
    struct stored_total totals[ROWS_MAX];
    size_t total_count;
    size_t asked; // Calls of view.total
};

static void
world_destroy(struct world **self_p)
{
    struct world *self = *self_p;
    if (self == NULL)
        return;
    registry_release(&self->registry);
    logs_release(&self->logs);
    for (size_t i = 0; i < self->indicator_count; i++)
        indicator_destroy(&self->indicators[i]);
    self->tally.indicators = NULL; // Ours
    tally_release(&self->tally);
    arena_release(&self->arena);
    for (size_t i = 0; i < RECORDS_MAX; i++)
        buf_release(&self->records[i].state);
    free(self);
    *self_p = NULL;
}

static struct group *
group_at(struct world *self, const char *measure, int32_t period, const char *key)
{
    for (size_t i = 0; i < self->group_count; i++)
        if (strcmp(self->groups[i].measure, measure) == 0 && self->groups[i].period == period &&
            strcmp(self->groups[i].key, key) == 0)
            return &self->groups[i];
    return NULL;
}

static bool
view_group(void *store, const char *measure, int32_t period, const char *key,
           struct group *ret_group)
{
    const struct group *group = group_at(store, measure, period, key);
    if (group != NULL)
        *ret_group = *group;
    return group != NULL;
}

static int64_t *
total_at(struct world *self, const char *measure, int32_t period, const struct office *office)
{
    for (size_t i = 0; i < self->total_count; i++)
        if (strcmp(self->totals[i].measure, measure) == 0 && self->totals[i].period == period &&
            office_equal(&self->totals[i].office, office))
            return &self->totals[i].value;
    return NULL;
}

static int64_t
view_total(void *store, const char *measure, int32_t period, const struct office *office)
{
    struct world *self = store;
    self->asked++;
    const int64_t *value = total_at(self, measure, period, office);
    return value == NULL ? 0 : *value;
}

static void
world_store(struct world *self, const struct write *write)
{
    if (write->type == WRITE_GROUP) {
        const struct group *group = &write->as.group;
        struct group *at = group_at(self, group->measure, group->period, group->key);
        if (at == NULL)
            at = &self->groups[self->group_count++];
        *at = *group;
        return;
    }
    int64_t *value =
        total_at(self, write->as.total.measure, write->as.total.period, &write->as.total.office);
    if (value == NULL) {
        struct stored_total *total = &self->totals[self->total_count++];
        (void)snprintf(total->measure, sizeof total->measure, "%s", write->as.total.measure);
        total->period = write->as.total.period;
        total->office = write->as.total.office;
        value = &total->value;
    }
    *value += write->as.total.delta;
}

// Make a stored total of period 0 something no record says.
static void
total_set(struct world *self, const char *measure, const struct office *office, int64_t value)
{
    struct write write = {.type = WRITE_TOTAL};
    (void)snprintf(write.as.total.measure, sizeof write.as.total.measure, "%s", measure);
    write.as.total.office = *office;
    write.as.total.delta = value - view_total(self, measure, 0, office);
    world_store(self, &write);
}

static struct unit *
office_add(struct world *self, const char *code, const char *parent, bool is_node)
{
    struct unit *unit = mem_new(sizeof *unit);
    unit->office = office_of(code);
    if (*parent != '\0')
        unit->parent = office_of(parent);
    unit->has_certificate = is_node;
    unit->is_hosted = !is_node;
    struct registry *registry = &self->registry;
    registry->units =
        mem_reserve(registry->units, &registry->room, registry->count + 1, sizeof(struct unit *));
    registry->units[registry->count++] = unit;
    map_put(&registry->by_code, BYTES(unit->office.code, sizeof unit->office.code), unit);
    return unit;
}

static bool
indicator_add(struct world *self, const char *path)
{
    OWNED(buf_release) struct buf definition = {0};
    struct err err = {0};
    size_t size;
    char *json = t_file(path, &size);
    bool is_read =
        json != NULL && definition_load(path, BYTES(json, size), &definition, &err) == 0 &&
        indicator_read(buf_bytes(&definition), &self->indicators[self->indicator_count], &err) == 0;
    free(json);
    if (is_read) {
        self->borrowed[self->indicator_count] = self->indicators[self->indicator_count];
        self->indicator_count++;
    }
    return is_read;
}

enum { T2, T1_A, T1_C, T3B_C };

// 19 has the communes 05902 with 2 areas and 05908 with 10, all areas hosted. NULL when a
// definition does not read.
static struct world *
world_new(void)
{
    struct world *self = mem_new(sizeof *self);
    static const char *const names[] = {"T2", "T1-A", "T1-C", "T3b-c"};
    for (size_t i = 0; i < 4; i++) {
        char path[64];
        (void)snprintf(path, sizeof path, "conf/plan/indicators/%s.json", names[i]);
        if (!indicator_add(self, path)) {
            world_destroy(&self);
            return NULL;
        }
    }
    for (int i = 10; i > 0; i--) { // Children before parents, and not by code
        char code[16];
        (void)snprintf(code, sizeof code, "05908-%03d", i);
        (void)office_add(self, code, "05908", false);
    }
    (void)office_add(self, "05908", "19", true);
    (void)office_add(self, "05902-001", "05902", false);
    (void)office_add(self, "05902-002", "05902", false);
    (void)office_add(self, "05902", "19", true);
    (void)office_add(self, "19", "", true);
    self->tally.indicators = self->borrowed;
    self->tally.count = self->indicator_count;
    self->view.store = self;
    self->view.group = view_group;
    self->view.total = view_total;
    self->sources =
        (struct figure_sources){&self->registry, &self->logs, &self->view, office_of("19")};
    return self;
}

// Tell the tally that record `nth` changes to `is_alive` with `state`.
static void
record_change(struct world *self, size_t nth, bool is_alive, struct bytes state)
{
    struct kept *kept = &self->records[nth];
    struct write *writes;
    tally_change(&self->tally, &self->view, &self->arena, &kept->id, &kept->subject,
                 bytes_of(kept->type), kept->is_alive ? buf_bytes(&kept->state) : (struct bytes){0},
                 is_alive ? state : (struct bytes){0});
    size_t count = tally_writes(&self->tally, &self->arena, &writes);
    for (size_t i = 0; i < count; i++)
        world_store(self, &writes[i]);
    arena_clear(&self->arena);
    kept->is_alive = is_alive;
    if (is_alive) {
        buf_clear(&kept->state);
        buf_add_bytes(&kept->state, state);
    }
}

static void
record_put(struct world *self, size_t nth, const char *type, const char *subject, const char *json)
{
    OWNED(buf_release) struct buf text = {0};
    OWNED(buf_release) struct buf state = {0};
    OWNED(json_decrefp) json_t *value = NULL;
    struct err err = {0};
    for (const char *at = json; *at != '\0'; at++)
        buf_add_byte(&text, *at == '\'' ? '"' : (uint8_t)*at);
    value = json_loads(buf_text(&text), 0, NULL);
    if (value == NULL || value_pack(value, &state, &err) != 0)
        abort(); // The JSON of a test
    struct kept *kept = &self->records[nth];
    kept->id.creator = office_of("05908");
    kept->id.id[15] = (uint8_t)nth;
    kept->subject = office_of(subject);
    kept->type = type;
    record_change(self, nth, true, buf_bytes(&state));
}

static void
record_retract(struct world *self, size_t nth)
{
    record_change(self, nth, false, (struct bytes){0});
}

static void
household_put(struct world *self, size_t nth, const char *subject, const char *status)
{
    char json[64];
    (void)snprintf(json, sizeof json, "{'status':'%s'}", status);
    record_put(self, nth, "household", subject, json);
}

static void
commitment_put(struct world *self, size_t nth, size_t household, bool is_withdrawn)
{
    char json[128], text[RECORD_TEXT_MAX + 1];
    struct record_id id = {.creator = office_of("05908")};
    id.id[15] = (uint8_t)household;
    record_id_text(&id, text);
    (void)snprintf(json, sizeof json, "{'household':'%s'%s}", text,
                   is_withdrawn ? ",'withdrawn_on':20000" : "");
    record_put(self, nth, "commitment", "05908-001", json);
}

static void
session_put(struct world *self, size_t nth, const char *subject, int year, int month, int day)
{
    char json[64];
    struct civil civil = {year, month, day};
    (void)snprintf(json, sizeof json, "{'occurred_on':%lld}", (long long)civil_days(&civil));
    record_put(self, nth, "propaganda_session", subject, json);
}

// A model of the first `count` areas of 05908.
static void
model_put(struct world *self, size_t nth, int count, const char *status)
{
    OWNED(buf_release) struct buf json = {0};
    buf_print(&json, "{'is_self_managed':true,'status':'%s','area_ids':['05902','99999-001'",
              status);
    for (int i = 1; i <= count; i++)
        buf_print(&json, ",'05908-%03d'", i);
    buf_add_text(&json, "]}");
    record_put(self, nth, "model", "05908", buf_text(&json));
}

static void
log_put(struct world *self, const char *code, epoch_t epoch, seq_t size)
{
    struct origin origin = {.office = office_of(code), .epoch = epoch};
    logs_get(&self->logs, &origin)->size = size;
}

// The figure of `office`, alone; its denominator is -1 when there is none.
static struct figure
figure_of(struct world *self, int which, int32_t period, const char *office)
{
    struct figure *figures = NULL;
    struct figure first = {.denominator = -1};
    struct office root = office_of(office);
    size_t count;
    if (figures_compute(self->borrowed[which], period, &root, LEVEL_NONE, &self->sources, &figures,
                        &count) == 0 &&
        count == 1)
        first = figures[0];
    free(figures);
    return first;
}

#define T_FIGURE(got, num, den)                                                                    \
    do {                                                                                           \
        struct figure figure_ = (got);                                                             \
        T_EQ(figure_.numerator, num);                                                              \
        T_EQ(figure_.denominator, den);                                                            \
    } while (0)

#define WORLD(name)                                                                                \
    OWNED(world_destroy) struct world *name = world_new();                                         \
    T_OK((name) != NULL)

TEST(figure, adds_up_from_areas_to_the_province)
{
    WORLD(world);
    household_put(world, 1, "05908-001", "active");
    household_put(world, 2, "05908-002", "active");
    household_put(world, 3, "05902-002", "active");
    household_put(world, 4, "05902-002", "moved_out");
    commitment_put(world, 11, 1, false);
    commitment_put(world, 12, 1, false);
    commitment_put(world, 13, 2, true);
    commitment_put(world, 14, 4, false);
    T_FIGURE(figure_of(world, T2, 0, "05908-001"), 1, 1);
    T_FIGURE(figure_of(world, T2, 0, "05908-003"), 0, 0);
    T_FIGURE(figure_of(world, T2, 0, "05908"), 1, 2);
    T_FIGURE(figure_of(world, T2, 0, "05902"), 0, 1);
    T_FIGURE(figure_of(world, T2, 0, "19"), 1, 3);
    T_FIGURE(figure_of(world, T2, 2026, "19"), 1, 3); // A year means nothing to it
    T_EQ(figure_of(world, T2, 0, "19").percent_tenths, 333);
    T_EQ(figure_of(world, T2, 2026, "19").period, 0);
    T_OK(figure_of(world, T2, 0, "05908-001").meets);
    T_OK(!figure_of(world, T2, 0, "19").meets);
}

TEST(figure, gives_the_root_first_and_then_a_level_by_code)
{
    WORLD(world);
    household_put(world, 1, "05902-002", "active");
    struct figure *figures;
    struct office root = office_of("19");
    size_t count;
    T_EQ(figures_compute(world->borrowed[T2], 0, &root, LEVEL_COMMUNE, &world->sources, &figures,
                         &count),
         0);
    T_EQ(count, 3);
    T_TEXT(figures[0].office.code, "19");
    T_TEXT(figures[1].office.code, "05902");
    T_TEXT(figures[2].office.code, "05908");
    T_FIGURE(figures[0], 0, 1);
    T_FIGURE(figures[1], 0, 1);
    T_FIGURE(figures[2], 0, 0);
    free(figures);

    root = office_of("05908");
    T_EQ(figures_compute(world->borrowed[T1_A], 2026, &root, LEVEL_AREA, &world->sources, &figures,
                         &count),
         0);
    T_EQ(count, 11);
    T_TEXT(figures[1].office.code, "05908-001");
    T_TEXT(figures[10].office.code, "05908-010");
    T_FIGURE(figures[0], 0, 10);
    T_FIGURE(figures[10], 0, 1);
    free(figures);

    T_EQ(figures_compute(world->borrowed[T1_A], 2026, &root, LEVEL_COMMUNE, &world->sources,
                         &figures, &count),
         0);
    T_EQ(count, 1);
    free(figures);
}

TEST(figure, has_no_answer_for_an_office_nobody_knows)
{
    WORLD(world);
    struct figure *figures = NULL;
    struct office root = office_of("05999");
    size_t count = 7;
    T_EQ(figures_compute(world->borrowed[T2], 0, &root, LEVEL_AREA, &world->sources, &figures,
                         &count),
         ERR_NOTFOUND);
    T_OK(figures == NULL && count == 7);
}

TEST(figure, refuses_a_total_below_zero)
{
    WORLD(world);
    household_put(world, 1, "05908-001", "active");
    household_put(world, 2, "05908-002", "active");
    struct office area = office_of("05908-001"), root = office_of("19");
    total_set(world, "T2/d", &area, -1);
    struct figure *figures = NULL;
    size_t count;
    T_EQ(figures_compute(world->borrowed[T2], 0, &root, LEVEL_AREA, &world->sources, &figures,
                         &count),
         ERR_CORRUPT);
    T_OK(figures == NULL);
}

TEST(figure, keeps_years_apart)
{
    WORLD(world);
    session_put(world, 1, "05908-001", 2025, 12, 31);
    session_put(world, 2, "05908-001", 2026, 1, 1);
    session_put(world, 3, "05908-001", 2026, 2, 1);
    session_put(world, 4, "05902-002", 2026, 12, 31);
    T_FIGURE(figure_of(world, T1_A, 2025, "19"), 1, 12);
    T_FIGURE(figure_of(world, T1_A, 2026, "19"), 2, 12);
    T_FIGURE(figure_of(world, T1_A, 2026, "05908"), 1, 10);
    T_FIGURE(figure_of(world, T1_A, 2027, "19"), 0, 12);
    T_EQ(figure_of(world, T1_A, 2025, "19").period, 2025);
    record_retract(world, 2);
    T_FIGURE(figure_of(world, T1_A, 2026, "05908"), 1, 10);
    record_retract(world, 3);
    T_FIGURE(figure_of(world, T1_A, 2026, "05908"), 0, 10);
    T_FIGURE(figure_of(world, T1_A, 2025, "05908"), 1, 10);
}

TEST(figure, counts_a_commune_by_its_own_sessions_alone)
{
    WORLD(world);
    session_put(world, 1, "05908-001", 2026, 3, 1);
    T_FIGURE(figure_of(world, T1_C, 2026, "19"), 0, 2);
    session_put(world, 2, "05908", 2026, 3, 1);
    session_put(world, 3, "05908", 2026, 4, 1);
    T_FIGURE(figure_of(world, T1_C, 2026, "19"), 1, 2);
    T_EQ(figure_of(world, T1_C, 2026, "19").percent_tenths, 500);
    T_FIGURE(figure_of(world, T1_C, 2026, "05908"), 1, 1);
    T_OK(figure_of(world, T1_C, 2026, "05908").meets);
    T_FIGURE(figure_of(world, T1_A, 2026, "19"), 1, 12);
}

TEST(figure, wants_more_than_half_when_it_says_so)
{
    WORLD(world);
    model_put(world, 1, 5, "hoat_dong");
    T_FIGURE(figure_of(world, T3B_C, 0, "05908"), 5, 10);
    T_OK(!figure_of(world, T3B_C, 0, "05908").meets);
    model_put(world, 1, 6, "hoat_dong");
    T_FIGURE(figure_of(world, T3B_C, 0, "05908"), 6, 10);
    T_OK(figure_of(world, T3B_C, 0, "05908").meets);
    T_EQ(figure_of(world, T3B_C, 0, "05908").target.op, TARGET_GT);
    model_put(world, 2, 3, "hoat_dong"); // The same areas again
    T_FIGURE(figure_of(world, T3B_C, 0, "05908"), 6, 10);
    T_FIGURE(figure_of(world, T3B_C, 0, "19"), 6, 12); // 05902 is no area, 99999-001 is nowhere
    model_put(world, 1, 6, "tam_dung");
    T_FIGURE(figure_of(world, T3B_C, 0, "05908"), 3, 10);
}

TEST(figure, is_not_applicable_out_of_nothing)
{
    WORLD(world);
    struct figure figure = figure_of(world, T2, 0, "05908");
    T_FIGURE(figure, 0, 0);
    T_OK(figure.is_na && !figure.meets && !figure.is_over);
    T_EQ(figure.percent_tenths, 0);
    T_OK(figure_of(world, T1_C, 2026, "05908-001").is_na);
    household_put(world, 1, "05908-001", "active");
    T_OK(!figure_of(world, T2, 0, "05908").is_na);
}

TEST(figure, says_when_it_is_more_than_all_and_rounds_a_half_up)
{
    WORLD(world);
    static const struct {
        int64_t num, den, tenths;
        bool is_over;
    } cases[] = {{1, 1, 1000, false},    {2, 3, 667, false},       {1, 3, 333, false},
                 {1, 16, 63, false},     {1, 2000, 1, false},      {1, 2001, 0, false},
                 {201, 200, 1005, true}, {1999, 2000, 1000, false}};
    household_put(world, 1, "05908-001", "active");
    commitment_put(world, 2, 1, false);
    struct office area = office_of("05908-001");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        total_set(world, "T2/n", &area, cases[i].num);
        total_set(world, "T2/d", &area, cases[i].den);
        struct figure figure = figure_of(world, T2, 0, "19");
        T_EQ(figure.percent_tenths, cases[i].tenths);
        T_EQ(figure.is_over, cases[i].is_over);
        T_EQ(figure.meets, cases[i].num >= cases[i].den); // Not at 99,95 %, shown as 100,0 %
    }
}

TEST(figure, follows_a_household_that_moves)
{
    WORLD(world);
    household_put(world, 1, "05908-001", "active");
    commitment_put(world, 2, 1, false);
    record_retract(world, 1);
    T_FIGURE(figure_of(world, T2, 0, "19"), 0, 0);
    household_put(world, 3, "05902-001", "active");
    commitment_put(world, 2, 3, false);
    T_FIGURE(figure_of(world, T2, 0, "05908"), 0, 0);
    T_FIGURE(figure_of(world, T2, 0, "05902"), 1, 1);
    household_put(world, 1, "05908-001", "active");
    T_FIGURE(figure_of(world, T2, 0, "05908"), 0, 1);
    T_FIGURE(figure_of(world, T2, 0, "19"), 1, 2);
}

TEST(figure, lets_a_commitment_come_before_its_household)
{
    WORLD(world);
    commitment_put(world, 2, 1, false);
    T_FIGURE(figure_of(world, T2, 0, "19"), 0, 0);
    household_put(world, 1, "05902-001", "active");
    T_FIGURE(figure_of(world, T2, 0, "05902"), 1, 1); // Where it lives, not where it was signed
    T_FIGURE(figure_of(world, T2, 0, "05908"), 0, 0);
}

TEST(figure, hears_hosted_offices_with_their_parent)
{
    WORLD(world);
    struct figure figure = figure_of(world, T2, 0, "19");
    T_EQ(figure.expected, 14); // 2 communes and 12 areas; 19 is this node
    T_EQ(figure.heard, 0);
    log_put(world, "05908", 1, 0);
    T_EQ(figure_of(world, T2, 0, "19").heard, 0);
    log_put(world, "05908", 2, 5);
    T_EQ(figure_of(world, T2, 0, "19").heard, 11);
    T_EQ(figure_of(world, T2, 0, "05908").heard, 11);
    T_EQ(figure_of(world, T2, 0, "05908").expected, 11);
    T_EQ(figure_of(world, T2, 0, "05908-003").heard, 1);
    T_EQ(figure_of(world, T2, 0, "05902").heard, 0);
    T_EQ(figure_of(world, T2, 0, "05902").expected, 3);
    log_put(world, "05902", 1, 1);
    T_EQ(figure_of(world, T2, 0, "19").heard, 14);
}

TEST(figure, expects_an_area_with_a_node_to_speak_for_itself)
{
    WORLD(world);
    struct office area = office_of("05908-004");
    struct unit *unit = registry_unit(&world->registry, &area);
    unit->has_certificate = true; // And still marked hosted: the entries came in that order
    log_put(world, "05908", 1, 5);
    T_EQ(figure_of(world, T2, 0, "05908").expected, 11);
    T_EQ(figure_of(world, T2, 0, "05908").heard, 10);
    log_put(world, "05908-004", 1, 1);
    T_EQ(figure_of(world, T2, 0, "05908").heard, 11);
    unit->has_certificate = unit->is_hosted = false; // Neither: nobody writes there yet
    T_EQ(figure_of(world, T2, 0, "05908").expected, 10);
}

TEST(figure, always_hears_its_own_office)
{
    WORLD(world);
    world->sources.own = office_of("05908");
    T_EQ(figure_of(world, T2, 0, "05908").expected, 10);
    T_EQ(figure_of(world, T2, 0, "05908").heard, 10); // Hosted here, and its log is empty yet
    T_EQ(figure_of(world, T2, 0, "19").expected, 14);
    T_EQ(figure_of(world, T2, 0, "19").heard, 10);
}

TEST(figure, asks_twice_for_each_office_at_most)
{
    WORLD(world);
    struct figure *figures;
    struct office root = office_of("05908");
    size_t count;
    T_EQ(figures_compute(world->borrowed[T2], 0, &root, LEVEL_AREA, &world->sources, &figures,
                         &count),
         0);
    free(figures);
    T_EQ(world->asked, 22);
}

static void
world_recount(const struct world *self, struct recount *recount)
{
    for (size_t i = 0; i < RECORDS_MAX; i++) {
        const struct kept *kept = &self->records[i];
        if (kept->type != NULL)
            recount_add(recount,
                        &(struct recount_record){kept->id, kept->subject, bytes_of(kept->type),
                                                 kept->is_alive, buf_bytes(&kept->state)});
    }
}

// Totals that the store and a recount do not agree on, looked for from either side.
static size_t
differences(struct world *self)
{
    OWNED(recount_release)
    struct recount recount = recount_of(self->borrowed, self->indicator_count);
    world_recount(self, &recount);
    size_t count, different = 0;
    const struct office_total *totals = recount_totals(&recount, &count);
    for (size_t i = 0; i < count; i++)
        if (view_total(self, totals[i].measure, totals[i].period, &totals[i].office) !=
            totals[i].count)
            different++;
    for (size_t i = 0; i < self->total_count; i++)
        if (recount_total(&recount, self->totals[i].measure, self->totals[i].period,
                          &self->totals[i].office) != self->totals[i].value)
            different++;
    return different;
}

static uint32_t
roll(uint32_t *seed, uint32_t sides)
{
    *seed = *seed * 1664525 + 1013904223;
    return (*seed >> 16) % sides;
}

static void
change_at_random(struct world *self, uint32_t *seed)
{
    static const char *const areas[] = {"05908-001", "05908-002", "05902-001", "05902-002"};
    uint32_t nth = roll(seed, RECORDS_MAX);
    if (self->records[nth].type != NULL && roll(seed, 4) == 0) {
        record_retract(self, nth);
        return;
    }
    const char *area = areas[nth % 4]; // A record's subject is for ever
    if (nth < 40)
        household_put(self, nth, area, roll(seed, 3) == 0 ? "vacant" : "active");
    else if (nth < 80)
        commitment_put(self, nth, roll(seed, 40), roll(seed, 4) == 0);
    else if (nth < 100)
        session_put(self, nth, nth % 5 == 0 ? "05908" : area, 2025 + (int)roll(seed, 3), 6, 1);
    else
        model_put(self, nth, (int)roll(seed, 11), roll(seed, 3) == 0 ? "tam_dung" : "hoat_dong");
}

TEST(recount, agrees_with_the_tally_after_any_changes)
{
    WORLD(world);
    uint32_t seed = 4711;
    for (int i = 0; i < 3000; i++) {
        change_at_random(world, &seed);
        if (i % 50 == 0)
            T_EQ(differences(world), 0);
    }
    T_EQ(differences(world), 0);
    T_OK(figure_of(world, T2, 0, "19").numerator > 3); // It was about something
    T_OK(figure_of(world, T1_C, 2026, "19").numerator > 0);
    T_OK(figure_of(world, T3B_C, 0, "19").numerator > 3);
    struct office area = office_of("05908-002");
    total_set(world, "T2/n", &area, 1000);
    T_OK(differences(world) > 0);
}

TEST(recount, is_zero_without_records)
{
    WORLD(world);
    OWNED(recount_release)
    struct recount recount = recount_of(world->borrowed, world->indicator_count);
    struct office area = office_of("05908-001");
    size_t count;
    T_EQ(recount_total(&recount, "T2/n", 0, &area), 0);
    (void)recount_totals(&recount, &count);
    T_EQ(count, 0);
}

TEST(recount, may_be_read_in_between)
{
    WORLD(world);
    OWNED(recount_release)
    struct recount recount = recount_of(world->borrowed, world->indicator_count);
    household_put(world, 1, "05908-001", "active");
    commitment_put(world, 2, 1, false);
    struct office area = office_of("05908-001");
    for (size_t i = 2; i > 0; i--) { // The commitment first
        const struct kept *kept = &world->records[i];
        T_EQ(recount_total(&recount, "T2/n", 0, &area), 0);
        recount_add(&recount,
                    &(struct recount_record){kept->id, kept->subject, bytes_of(kept->type), true,
                                             buf_bytes(&kept->state)});
    }
    T_EQ(recount_total(&recount, "T2/n", 0, &area), 1);
    T_EQ(recount_total(&recount, "T2/d", 0, &area), 1);
    T_EQ(recount_total(&recount, "T2/d", 2026, &area), 0);
}
