#include "figure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/read.h"
#include "../base/date.h"
#include "../base/err.h"
#include "../base/map.h"

// An office on its way into the figures.
struct slot {
    const struct unit *unit;
    struct slot *parent;   // NULL when the registry does not know it
    struct figure *figure; // Its own, when one was asked for
    bool has_spoken;       // Something of its node's log is here
};

struct rollup {
    struct slot *slots;
    size_t count;
    struct map by_code;
};

static struct slot *
slot_of(const struct rollup *self, const struct office *office)
{
    return map_get(&self->by_code, BYTES(office->code, sizeof office->code));
}

static void
rollup_release(struct rollup *self)
{
    free(self->slots);
    map_release(&self->by_code);
}

static void
rollup_fill(struct rollup *self, const struct figure_sources *sources)
{
    const struct registry *registry = sources->registry;
    self->slots = mem_new((registry->count + 1) * sizeof *self->slots);
    self->count = registry->count;
    for (size_t i = 0; i < self->count; i++) {
        self->slots[i].unit = registry->units[i];
        map_put(&self->by_code,
                BYTES(registry->units[i]->office.code, sizeof registry->units[i]->office.code),
                &self->slots[i]);
    }
    for (size_t i = 0; i < self->count; i++)
        self->slots[i].parent = slot_of(self, &self->slots[i].unit->parent);

    // By log, not logs_latest by office: that would look at every log for each of 3,600 offices.
    for (size_t i = 0; i < sources->logs->count; i++) {
        const struct log *log = sources->logs->at[i];
        struct slot *slot = slot_of(self, &log->origin.office);
        if (slot != NULL && log->size > 0)
            slot->has_spoken = true;
    }
    struct slot *own = slot_of(self, &sources->own);
    if (own != NULL)
        own->has_spoken = true;
}

// A parent is always of a lower level (registry.h), so the way up ends.
static bool
is_at_or_below(const struct slot *slot, const struct slot *top)
{
    while (slot != NULL && slot != top)
        slot = slot->parent;
    return slot != NULL;
}

static int
figure_order(const void *a, const void *b)
{
    const struct figure *left = a, *right = b;
    return office_compare(&left->office, &right->office);
}

// An array with a figure for `top` and each office of level `by` below it, and the way from their
// slots to them.
static struct figure *
figures_lay(struct rollup *self, struct slot *top, enum level by, size_t *ret_count)
{
    struct figure *figures = mem_new((self->count + 1) * sizeof *figures);
    size_t count = 0;
    figures[count++].office = top->unit->office;
    for (size_t i = 0; i < self->count; i++) {
        const struct slot *slot = &self->slots[i];
        if (slot != top && by != LEVEL_NONE && office_level(&slot->unit->office) == by &&
            is_at_or_below(slot, top))
            figures[count++].office = slot->unit->office;
    }
    qsort(figures + 1, count - 1, sizeof *figures, figure_order);
    for (size_t i = 0; i < count; i++)
        slot_of(self, &figures[i].office)->figure = &figures[i];
    *ret_count = count;
    return figures;
}

// One measure in one period: what to ask the view for.
struct question {
    const struct measure *measure;
    char name[MEASURE_MAX + 1];
    int32_t period;
};

static struct question
question_of(const struct indicator *indicator, const struct measure *measure, char which,
            int32_t period)
{
    struct question question = {.measure = measure, .period = measure->is_yearly ? period : 0};
    (void)snprintf(question.name, sizeof question.name, "%s/%c", indicator->name, which);
    return question;
}

static int64_t
answer_of(const struct question *question, const struct view *view, const struct office *office)
{
    if (question->measure->part_count == 0)
        return office_level(office) == question->measure->level ? 1 : 0;
    return view->total(view->store, question->name, question->period, office);
}

// A certificate goes before the mark "hosted": an office that got a node speaks for itself,
// whichever of the two entries came first.
static bool
is_expected(const struct slot *slot, const struct office *own)
{
    return !office_equal(&slot->unit->office, own) &&
           (slot->unit->has_certificate || slot->unit->is_hosted);
}

static bool
is_heard(const struct slot *slot)
{
    if (slot->unit->has_certificate)
        return slot->has_spoken;
    return slot->parent != NULL && slot->parent->has_spoken;
}

// Add what one office has itself to its own figure and to those above it.
static void
slot_add(struct slot *slot, const struct slot *top, const struct figure *part)
{
    for (struct slot *at = slot; at != NULL; at = at == top ? NULL : at->parent) {
        if (at->figure == NULL)
            continue;
        at->figure->numerator += part->numerator;
        at->figure->denominator += part->denominator;
        at->figure->heard += part->heard;
        at->figure->expected += part->expected;
    }
}

static int
rollup_sum(struct rollup *self, const struct slot *top, const struct question *numerator,
           const struct question *denominator, const struct figure_sources *sources)
{
    for (size_t i = 0; i < self->count; i++) {
        struct slot *slot = &self->slots[i];
        if (!is_at_or_below(slot, top))
            continue;
        const struct office *office = &slot->unit->office;
        const bool waits = is_expected(slot, &sources->own);
        const struct figure part = {
            .numerator = answer_of(numerator, sources->view, office),
            .denominator = answer_of(denominator, sources->view, office),
            .heard = waits && is_heard(slot) ? 1 : 0,
            .expected = waits ? 1 : 0,
        };
        // Refused here, not in the sum, where another office's groups could hide it.
        if (part.numerator < 0 || part.denominator < 0)
            return ERR_CORRUPT;
        slot_add(slot, top, &part);
    }
    return 0;
}

static void
figure_judge(struct figure *self, const struct indicator *indicator, int32_t period)
{
    self->period = indicator->is_yearly ? period : 0;
    self->target = indicator->target;
    self->meets = indicator_meets(indicator, self->numerator, self->denominator, &self->is_na);
    self->is_over = self->numerator > self->denominator;
    if (!self->is_na)
        self->percent_tenths = (self->numerator * 1000 + self->denominator / 2) / self->denominator;
}

int
figures_compute(const struct indicator *indicator, int32_t period, const struct office *root,
                enum level by, const struct figure_sources *sources, struct figure **ret_figures,
                size_t *ret_count)
{
    OWNED(rollup_release) struct rollup rollup = {0};
    rollup_fill(&rollup, sources);
    struct slot *top = slot_of(&rollup, root);
    if (top == NULL)
        return ERR_NOTFOUND;
    size_t count;
    struct figure *figures = figures_lay(&rollup, top, by, &count);
    const struct question numerator = question_of(indicator, &indicator->numerator, 'n', period);
    const struct question denominator =
        question_of(indicator, &indicator->denominator, 'd', period);
    int code = rollup_sum(&rollup, top, &numerator, &denominator, sources);
    if (code != 0) {
        free(figures);
        return code;
    }
    for (size_t i = 0; i < count; i++)
        figure_judge(&figures[i], indicator, period);
    *ret_figures = figures;
    *ret_count = count;
    return 0;
}

// That one record stands for one part of one group. Rows are sorted so that a group's lie
// together, its part 0 first: no table of groups, and nothing in common with the tally.
struct recount_row {
    uint32_t measure; // 2 * indicator, + 1 for its denominator
    int32_t period;
    uint32_t part;
    struct office office; // The group belongs to; "" when part 0 says that
    char key[TALLY_KEY_MAX + 1];
};

struct recount
recount_of(const struct indicator *const *indicators, size_t count)
{
    return (struct recount){.indicators = indicators, .indicator_count = count};
}

void
recount_release(struct recount *self)
{
    free(self->rows);
    free(self->totals);
    *self = (struct recount){0};
}

static const struct measure *
measure_at(const struct recount *self, uint32_t at)
{
    const struct indicator *indicator = self->indicators[at / 2];
    return at % 2 == 0 ? &indicator->numerator : &indicator->denominator;
}

static void
row_add(struct recount *self, const struct recount_row *row, const char *key,
        const struct office *office)
{
    self->rows = mem_reserve(self->rows, &self->row_room, self->row_count + 1, sizeof *self->rows);
    struct recount_row *new_row = &self->rows[self->row_count++];
    *new_row = *row;
    new_row->office = *office;
    (void)snprintf(new_row->key, sizeof new_row->key, "%s", key);
}

// A row for each office in a packed list, the same one twice too: rows are not counted, groups
// are.
static void
rows_of_list(struct recount *self, const struct recount_row *row, struct bytes list)
{
    struct reader in = reader_of(list);
    size_t count = read_array(&in);
    for (size_t i = 0; i < count; i++) {
        struct office office;
        struct bytes code = read_str(&in);
        if (in.code == 0 && office_parse(code, &office))
            row_add(self, row, office.code, &office);
    }
}

static void
row_of_reference(struct recount *self, const struct recount_row *row, struct bytes value)
{
    struct reader in = reader_of(value);
    struct record_id id;
    char text[RECORD_TEXT_MAX + 1];
    struct bytes named = read_str(&in);
    if (in.code != 0 || !record_id_parse(named, &id))
        return;
    record_id_text(&id, text);
    row_add(self, row, text, &(struct office){0});
}

static void
rows_of(struct recount *self, const struct recount_row *row, const struct part *part,
        const struct recount_record *record)
{
    char text[RECORD_TEXT_MAX + 1];
    switch (part->key) {
    case GROUP_SUBJECT:
        row_add(self, row, record->subject.code, &record->subject);
        return;
    case GROUP_OFFICES:
        rows_of_list(self, row, map_find(record->state, part->key_field));
        return;
    case GROUP_ID:
        record_id_text(&record->id, text);
        row_add(self, row, text, &record->subject);
        return;
    case GROUP_RECORD:
        row_of_reference(self, row, map_find(record->state, part->key_field));
        return;
    }
}

static bool
passes(const struct part *part, const struct recount_record *record)
{
    if (!record->is_alive || !bytes_equal(record->type, bytes_of(part->type)))
        return false;
    enum level level = office_level(&record->subject);
    for (size_t i = 0; i < part->condition_count; i++) {
        const struct condition *condition = &part->conditions[i];
        if (!condition_holds(condition, level, map_find(record->state, condition->field)))
            return false;
    }
    return true;
}

// False when the record adds to no period.
static bool
period_of(const struct measure *measure, const struct part *part, struct bytes state,
          int32_t *ret_period)
{
    *ret_period = 0;
    if (!measure->is_yearly)
        return true;
    struct reader in = reader_of(map_find(state, part->date));
    struct civil civil;
    int64_t days = read_int(&in);
    if (in.code != 0 || !civil_of_days(days, &civil))
        return false;
    *ret_period = civil.year;
    return true;
}

void
recount_add(struct recount *self, const struct recount_record *record)
{
    self->is_counted = false;
    for (uint32_t at = 0; at < 2 * self->indicator_count; at++) {
        const struct measure *measure = measure_at(self, at);
        for (uint32_t i = 0; i < measure->part_count; i++) {
            const struct part *part = &measure->parts[i];
            struct recount_row row = {.measure = at, .part = i};
            if (passes(part, record) && period_of(measure, part, record->state, &row.period))
                rows_of(self, &row, part, record);
        }
    }
}

static int
number_order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static bool
is_same_group(const struct recount_row *a, const struct recount_row *b)
{
    return a->measure == b->measure && a->period == b->period && strcmp(a->key, b->key) == 0;
}

static int
row_order(const void *a, const void *b)
{
    const struct recount_row *left = a, *right = b;
    int order = number_order(left->measure, right->measure);
    if (order == 0)
        order = number_order(left->period, right->period);
    if (order == 0)
        order = strcmp(left->key, right->key);
    return order != 0 ? order : number_order(left->part, right->part);
}

static int
total_order(const void *a, const void *b)
{
    const struct office_total *left = a, *right = b;
    int order = strcmp(left->measure, right->measure);
    if (order == 0)
        order = number_order(left->period, right->period);
    return order != 0 ? order : office_compare(&left->office, &right->office);
}

// Does the group whose rows are these count?
static bool
group_counts(const struct measure *measure, const struct recount_row *rows, size_t count)
{
    bool has[PARTS_MAX] = {false};
    for (size_t i = 0; i < count; i++)
        has[rows[i].part] = true;
    for (size_t i = 0; i < measure->part_count; i++)
        if (!has[i])
            return false;
    return measure->level == LEVEL_NONE || office_level(&rows[0].office) == measure->level;
}

static void
total_add(struct recount *self, const struct recount_row *row)
{
    self->totals =
        mem_reserve(self->totals, &self->total_room, self->total_count + 1, sizeof *self->totals);
    struct office_total *total = &self->totals[self->total_count++];
    *total = (struct office_total){.period = row->period, .office = row->office, .count = 1};
    (void)snprintf(total->measure, sizeof total->measure, "%s/%c",
                   self->indicators[row->measure / 2]->name, row->measure % 2 == 0 ? 'n' : 'd');
}

// Make one of the totals of the same measure, period and office.
static void
totals_merge(struct recount *self)
{
    if (self->total_count == 0)
        return;
    qsort(self->totals, self->total_count, sizeof *self->totals, total_order);
    size_t last = 0;
    for (size_t i = 1; i < self->total_count; i++)
        if (total_order(&self->totals[last], &self->totals[i]) == 0)
            self->totals[last].count += self->totals[i].count;
        else
            self->totals[++last] = self->totals[i];
    self->total_count = last + 1;
}

const struct office_total *
recount_totals(struct recount *self, size_t *ret_count)
{
    if (!self->is_counted) {
        self->total_count = 0;
        if (self->row_count > 0)
            qsort(self->rows, self->row_count, sizeof *self->rows, row_order);
        for (size_t from = 0, to; from < self->row_count; from = to) {
            const struct recount_row *rows = &self->rows[from];
            for (to = from + 1; to < self->row_count && is_same_group(rows, &self->rows[to]);)
                to++;
            if (group_counts(measure_at(self, rows->measure), rows, to - from))
                total_add(self, rows);
        }
        totals_merge(self);
        self->is_counted = true;
    }
    *ret_count = self->total_count;
    return self->totals;
}

int64_t
recount_total(struct recount *self, const char *measure, int32_t period,
              const struct office *office)
{
    struct office_total wanted = {.period = period, .office = *office};
    (void)snprintf(wanted.measure, sizeof wanted.measure, "%s", measure);
    size_t count;
    const struct office_total *totals = recount_totals(self, &count);
    if (count == 0)
        return 0;
    const struct office_total *found = bsearch(&wanted, totals, count, sizeof *totals, total_order);
    return found == NULL ? 0 : found->count;
}
