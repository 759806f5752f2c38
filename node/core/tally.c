#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/read.h"
#include "../base/date.h"

void
tally_release(struct tally *self)
{
    free(self->indicators);
    free(self->touched);
    free(self->deltas);
    map_release(&self->groups);
    map_release(&self->totals);
    *self = (struct tally){0};
}

// What one record adds to one part of one measure.
struct share {
    int32_t period;
    size_t key_count;
    struct bytes keys[64]; // Texts; more offices than any list of areas of one commune
};

static bool
conditions_hold(const struct part *part, enum level level, struct bytes state)
{
    for (size_t i = 0; i < part->condition_count; i++) {
        const struct condition *condition = &part->conditions[i];
        struct bytes value =
            condition->is_subject_level ? (struct bytes){0} : map_find(state, condition->field);
        if (!condition_holds(condition, level, value))
            return false;
    }
    return true;
}

static void
keys_of(const struct part *part, struct bytes id_text, const struct office *subject,
        struct bytes state, struct share *share)
{
    if (part->key == GROUP_SUBJECT) {
        share->keys[share->key_count++] = bytes_of(subject->code);
        return;
    }
    if (part->key == GROUP_ID) {
        share->keys[share->key_count++] = id_text;
        return;
    }
    struct reader in = reader_of(map_find(state, part->key_field));
    if (part->key == GROUP_RECORD) {
        struct bytes key = read_str(&in);
        struct record_id id;
        if (in.code == 0 && record_id_parse(key, &id))
            share->keys[share->key_count++] = key;
        return;
    }
    size_t count = read_array(&in);
    for (size_t i = 0; i < count && share->key_count < 64; i++) {
        struct bytes key = read_str(&in);
        struct office office;
        bool is_twice = false;
        for (size_t j = 0; j < share->key_count; j++)
            is_twice = is_twice || bytes_equal(share->keys[j], key);
        if (in.code == 0 && !is_twice && office_parse(key, &office))
            share->keys[share->key_count++] = key;
    }
}

static void
share_of(const struct measure *measure, const struct part *part, struct bytes id_text,
         const struct office *subject, struct bytes state, struct share *ret_share)
{
    ret_share->period = 0;
    ret_share->key_count = 0;
    if (state.size == 0 || !conditions_hold(part, office_level(subject), state))
        return;
    if (measure->is_yearly) {
        struct reader in = reader_of(map_find(state, part->date));
        int64_t day = read_int(&in);
        struct civil civil;
        if (in.code != 0 || !civil_of_days(day, &civil))
            return;
        ret_share->period = civil.year;
    }
    keys_of(part, id_text, subject, state, ret_share);
}

static bool
share_equal(const struct share *a, const struct share *b)
{
    if (a->period != b->period || a->key_count != b->key_count)
        return false;
    for (size_t i = 0; i < a->key_count; i++)
        if (!bytes_equal(a->keys[i], b->keys[i]))
            return false;
    return true;
}

static struct group *
group_get(struct tally *self, const struct view *view, struct arena *arena, const char *measure,
          int32_t period, struct bytes key)
{
    char name[MEASURE_MAX + TALLY_KEY_MAX + 16];
    int size = snprintf(name, sizeof name, "%s|%d|%.*s", measure, period, (int)key.size,
                        (const char *)key.at);
    struct group *group = map_get(&self->groups, BYTES(name, (size_t)size));
    if (group != NULL)
        return group;
    group = arena_new(arena, sizeof *group);
    char text[TALLY_KEY_MAX + 1];
    (void)snprintf(text, sizeof text, "%.*s", (int)key.size, (const char *)key.at);
    if (!view->group(view->store, measure, period, text, group)) {
        (void)snprintf(group->measure, sizeof group->measure, "%s", measure);
        (void)snprintf(group->key, sizeof group->key, "%s", text);
        group->period = period;
    }
    map_put(&self->groups, arena_bytes(arena, BYTES(name, (size_t)size)), group);
    self->touched = mem_reserve(self->touched, &self->touched_room, self->touched_count + 1,
                                sizeof(struct group *));
    self->touched[self->touched_count++] = group;
    return group;
}

static void
total_add(struct tally *self, struct arena *arena, const struct group *group, int64_t delta)
{
    char name[MEASURE_MAX + OFFICE_MAX + 20];
    int size =
        snprintf(name, sizeof name, "%s|%d|%s", group->measure, group->period, group->office.code);
    struct write *write = map_get(&self->totals, BYTES(name, (size_t)size));
    if (write == NULL) {
        write = arena_new(arena, sizeof *write);
        write->type = WRITE_TOTAL;
        memcpy(write->as.total.measure, group->measure, sizeof write->as.total.measure);
        write->as.total.period = group->period;
        write->as.total.office = group->office;
        map_put(&self->totals, arena_bytes(arena, BYTES(name, (size_t)size)), write);
        self->deltas = mem_reserve(self->deltas, &self->delta_room, self->delta_count + 1,
                                   sizeof(struct write *));
        self->deltas[self->delta_count++] = write;
    }
    write->as.total.delta += delta;
}

static bool
counts(const struct measure *measure, const struct group *group)
{
    if (office_is_none(&group->office))
        return false;
    if (measure->level != LEVEL_NONE && office_level(&group->office) != measure->level)
        return false;
    for (size_t i = 0; i < measure->part_count; i++)
        if (group->counts[i] <= 0)
            return false;
    return true;
}

static void
share_add(struct tally *self, const struct view *view, struct arena *arena, const char *name,
          const struct measure *measure, size_t at, const struct share *share,
          const struct office *subject, int64_t delta)
{
    for (size_t i = 0; i < share->key_count; i++) {
        struct group *group = group_get(self, view, arena, name, share->period, share->keys[i]);
        bool did_count = counts(measure, group);
        if (measure->parts[at].key == GROUP_SUBJECT || measure->parts[at].key == GROUP_OFFICES)
            (void)office_parse(share->keys[i], &group->office);
        else if (at == 0 && delta > 0)
            group->office = *subject;
        group->counts[at] += delta;
        bool does_count = counts(measure, group);
        if (did_count != does_count)
            total_add(self, arena, group, does_count ? 1 : -1);
    }
}

static void
measure_change(struct tally *self, const struct view *view, struct arena *arena, const char *name,
               const struct measure *measure, struct bytes id_text, const struct office *subject,
               struct bytes type, struct bytes was, struct bytes now)
{
    struct share old_share, new_share;
    for (size_t i = 0; i < measure->part_count; i++) {
        if (!bytes_equal(type, bytes_of(measure->parts[i].type)))
            continue;
        share_of(measure, &measure->parts[i], id_text, subject, was, &old_share);
        share_of(measure, &measure->parts[i], id_text, subject, now, &new_share);
        if (share_equal(&old_share, &new_share))
            continue;
        share_add(self, view, arena, name, measure, i, &old_share, subject, -1);
        share_add(self, view, arena, name, measure, i, &new_share, subject, 1);
    }
}

void
tally_change(struct tally *self, const struct view *view, struct arena *arena,
             const struct record_id *id, const struct office *subject, struct bytes type,
             struct bytes was, struct bytes now)
{
    char id_text[RECORD_TEXT_MAX + 1];
    record_id_text(id, id_text);
    for (size_t i = 0; i < self->count; i++) {
        const struct indicator *indicator = self->indicators[i];
        char name[MEASURE_MAX + 1];
        (void)snprintf(name, sizeof name, "%s/n", indicator->name);
        measure_change(self, view, arena, name, &indicator->numerator, bytes_of(id_text), subject,
                       type, was, now);
        (void)snprintf(name, sizeof name, "%s/d", indicator->name);
        measure_change(self, view, arena, name, &indicator->denominator, bytes_of(id_text), subject,
                       type, was, now);
    }
}

size_t
tally_writes(struct tally *self, struct arena *arena, struct write **ret_writes)
{
    size_t count = 0;
    *ret_writes =
        arena_new(arena, (self->touched_count + self->delta_count + 1) * sizeof(struct write));
    for (size_t i = 0; i < self->touched_count; i++)
        (*ret_writes)[count++] = (struct write){.type = WRITE_GROUP, .as.group = *self->touched[i]};
    for (size_t i = 0; i < self->delta_count; i++)
        if (self->deltas[i]->as.total.delta != 0)
            (*ret_writes)[count++] = *self->deltas[i];
    self->touched_count = 0;
    self->delta_count = 0;
    map_clear(&self->groups);
    map_clear(&self->totals);
    return count;
}
