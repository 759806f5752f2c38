#include "figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/date.h"
#include "../core/figure.h"
#include "node.h"

static struct figure_sources
sources_of(struct core *core, const struct view *view, const struct office *self)
{
    return (struct figure_sources){core_registry(core), core_logs(core), view, *self};
}

static int32_t
year_now(void)
{
    struct civil civil;
    return civil_of_days((node_wall() / 1000 + 7LL * 3600) / 86400, &civil) ? civil.year : 2026;
}

static enum level
level_below(const struct office *self)
{
    enum level level = office_level(self);
    return level < LEVEL_AREA ? (enum level)(level + 1) : LEVEL_NONE;
}

static int
figure_put(struct office_db *office, const struct indicator *indicator, const struct figure *figure,
           struct err *reterr)
{
    char target[64];
    (void)snprintf(target, sizeof target, "%s %lld/%lld",
                   indicator->target.op == TARGET_GT ? ">" : ">=", (long long)indicator->target.num,
                   (long long)indicator->target.den);
    const struct figure_row row = {.indicator = indicator->name,
                                   .office = figure->office,
                                   .period = figure->period,
                                   .numerator = figure->numerator,
                                   .denominator = figure->denominator,
                                   .meets = figure->is_na ? -1 : figure->meets,
                                   .target = target,
                                   .as_of = node_wall(),
                                   .heard = (int64_t)figure->heard,
                                   .expected = (int64_t)figure->expected};
    return office_db_put_figure(office, &row, reterr);
}

int
figures_put(struct core *core, struct office_db *office, const struct view *view,
            const struct office *self, struct err *reterr)
{
    size_t count;
    const struct indicator *const *indicators = core_indicators(core, &count);
    struct figure_sources sources = sources_of(core, view, self);
    int code = office_db_clear_figures(office, NULL, reterr);
    for (size_t i = 0; i < count && code == 0; i++) {
        struct figure *figures = NULL;
        size_t figure_count = 0;
        if (figures_compute(indicators[i], indicators[i]->is_yearly ? year_now() : 0, self,
                            level_below(self), &sources, &figures, &figure_count) != 0)
            continue;
        for (size_t j = 0; j < figure_count && code == 0; j++)
            code = figure_put(office, indicators[i], &figures[j], reterr);
        free(figures);
    }
    return code;
}

static json_t *
figure_json(const struct node *node, const struct figure *figure)
{
    const struct unit *unit = registry_unit(core_registry(node->core), &figure->office);
    json_t *json =
        json_pack("{s:s, s:s, s:I, s:I, s:b, s:I, s:I}", "office", figure->office.code, "name",
                  unit != NULL ? unit->name : "", "numerator", (json_int_t)figure->numerator,
                  "denominator", (json_int_t)figure->denominator, "is_over", figure->is_over,
                  "heard", (json_int_t)figure->heard, "expected", (json_int_t)figure->expected);
    (void)json_object_set_new(json, "percent_tenths",
                              figure->is_na ? json_null() : json_integer(figure->percent_tenths));
    (void)json_object_set_new(json, "meets",
                              figure->is_na ? json_null() : json_boolean(figure->meets));
    return json;
}

struct recounting {
    struct node *node;
    struct recount *recount;
};

static bool
record_recount(void *context, const struct log_record *record)
{
    struct recounting *recounting = context;
    struct projection projection;
    core_projection(recounting->node->core, &record->id, record->row, &projection);
    const struct recount_record one = {.id = projection.id,
                                       .subject = projection.subject,
                                       .type = bytes_of(projection.type),
                                       .is_alive = projection.is_alive,
                                       .state = projection.state};
    recount_add(recounting->recount, &one);
    return true;
}

// Count everything again, the naive way, and compare with what is kept.
bool
figures_recount_agrees(struct node *node)
{
    size_t count;
    struct err err = {0};
    const struct indicator *const *indicators = core_indicators(node->core, &count);
    struct recount recount = recount_of(indicators, count);
    struct recounting context = {node, &recount};
    bool agrees =
        log_db_records(node->home.log, &(struct record_id){0}, record_recount, &context, &err) == 0;
    struct view view = log_db_view(node->home.log);
    size_t total_count;
    const struct office_total *totals = recount_totals(&recount, &total_count);
    for (size_t i = 0; i < total_count && agrees; i++)
        agrees = view.total(view.store, totals[i].measure, totals[i].period, &totals[i].office) ==
                 totals[i].count;
    const struct registry *registry = core_registry(node->core);
    int32_t year = year_now();
    for (size_t i = 0; i < count && agrees; i++) // And nothing is kept that is not there
        for (size_t j = 0; j < registry->count && agrees; j++)
            for (int side = 0; side < 2; side++) {
                char measure[MEASURE_MAX + 1];
                int32_t period = indicators[i]->is_yearly && side == 0 ? year : 0;
                const struct office *office = &registry->units[j]->office;
                (void)snprintf(measure, sizeof measure, "%.31s/%c", indicators[i]->name,
                               side == 0 ? 'n' : 'd');
                agrees = agrees && view.total(view.store, measure, period, office) ==
                                       recount_total(&recount, measure, period, office);
            }
    recount_release(&recount);
    return agrees;
}

static json_t *
rollup_json(struct node *node, const struct indicator *indicator, int32_t year, enum level by)
{
    struct view view = log_db_view(node->home.log);
    struct figure_sources sources = sources_of(node->core, &view, &node->home.self);
    struct figure *figures = NULL;
    size_t count = 0;
    int32_t period = indicator->is_yearly ? year : 0;
    if (figures_compute(indicator, period, &node->home.self, by, &sources, &figures, &count) != 0)
        return NULL;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++)
        (void)json_array_append_new(list, figure_json(node, &figures[i]));
    free(figures);
    return json_pack("{s:s, s:{s:s, s:s}, s:i, s:I, s:{s:s, s:I, s:I}, s:o}", "indicator",
                     indicator->name, "label", "vi", indicator->label[LANG_VI], "en",
                     indicator->label[LANG_EN], "period", period, "as_of", (json_int_t)node_wall(),
                     "target", "op", indicator->target.op == TARGET_GT ? "gt" : "ge", "num",
                     (json_int_t)indicator->target.num, "den", (json_int_t)indicator->target.den,
                     "figures", list);
}

json_t *
figures_answer(struct node *node, json_t *request)
{
    const char *name = json_string_value(json_object_get(request, "indicator"));
    const char *by_name = json_string_value(json_object_get(request, "by"));
    json_int_t year = json_integer_value(json_object_get(request, "year"));
    enum level by = by_name == NULL                    ? LEVEL_NONE
                    : strcmp(by_name, "area") == 0     ? LEVEL_AREA
                    : strcmp(by_name, "commune") == 0  ? LEVEL_COMMUNE
                    : strcmp(by_name, "province") == 0 ? LEVEL_PROVINCE
                                                       : LEVEL_NONE;
    size_t count;
    const struct indicator *const *indicators = core_indicators(node->core, &count);
    bool is_recount = json_is_true(json_object_get(request, "recount"));
    bool agrees = is_recount && figures_recount_agrees(node);
    json_t *rollups = json_array();
    for (size_t i = 0; i < count; i++) {
        if (name != NULL && strcmp(indicators[i]->name, name) != 0)
            continue;
        json_t *one = rollup_json(node, indicators[i], year > 0 ? (int32_t)year : year_now(), by);
        if (one != NULL && is_recount)
            (void)json_object_set_new(one, "recount_agrees", json_boolean(agrees));
        if (one != NULL)
            (void)json_array_append_new(rollups, one);
    }
    return json_pack("{s:o}", "rollups", rollups);
}
