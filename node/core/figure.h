// figure.h - what an indicator says of an office, and a second opinion on it
//
//     19     T2   3/5   60,0 %   heard 2 of 3
//     05902  T2   1/2   50,0 %   heard 0 of 1     <- figures_compute(t2, 0, 19, LEVEL_COMMUNE, ...)
//     05908  T2   2/3   66,7 %   heard 1 of 1
//
// The tally (tally.h) keeps one total for each office; a figure is their sum over an office and
// all below it, with what it aims at and how much of the truth can have arrived. A recount makes
// the same totals from nothing but the records, in the slow and plain way: whoever doubts a tally
// compares the two.
//
// Shape    Figures are those of `root` first, then of the offices of a level below it, by code.
//          Offices the registry does not know add to nothing. `heard` of `expected` counts offices
//          whose records could be missing here: those with a node of their own, and hosted ones,
//          whose records come with their parent's. This node's own office is never missing, and so
//          in neither number.
// Units    percent_tenths: tenths of a percent, a half goes up; 1005 is 100,5 %.
// Errors   ERR_NOTFOUND: no such root. ERR_CORRUPT: a stored total is below zero.
// Memory   Figures are one array of the caller's, for free(). A recount copies what it needs of a
//          record, about 100 bytes for each measure it adds to, and borrows its indicators.
// Threads  None of its own. Reads the view twice for each office, however many figures it gives.

#ifndef CORE_FIGURE_H
#define CORE_FIGURE_H

#include "indicator.h"
#include "log.h"
#include "registry.h"
#include "view.h"

// Where figures come from; all borrowed.
struct figure_sources {
    const struct registry *registry;
    const struct logs *logs;
    const struct view *view;
    struct office own; // The office of this node
};

struct figure {
    struct office office;
    int32_t period; // A year, or 0
    int64_t numerator, denominator;
    bool is_na;   // Nothing to count out of: no percentage, and no target met or missed
    bool is_over; // More than all: the denominator is behind, or the definition is wrong
    bool meets;
    struct target target;
    int64_t percent_tenths; // 0 when is_na; may be above 1000
    size_t heard, expected;
};

// The figures of `root` and of every office of level `by` below it; LEVEL_NONE for root alone.
// `period` is the year of a yearly indicator, and ignored for any other.
MUST_CHECK int figures_compute(const struct indicator *indicator, int32_t period,
                               const struct office *root, enum level by,
                               const struct figure_sources *sources, struct figure **ret_figures,
                               size_t *ret_count);

// One record as it stands now.
struct recount_record {
    struct record_id id;
    struct office subject;
    struct bytes type;
    bool is_alive;
    struct bytes state; // Packed map
};

// The groups of a measure that count for one office itself, as in view.total.
struct office_total {
    char measure[MEASURE_MAX + 1];
    int32_t period;
    struct office office;
    int64_t count; // Never 0
};

struct recount {
    const struct indicator *const *indicators;
    size_t indicator_count;
    struct recount_row *rows;
    size_t row_count, row_room;
    struct office_total *totals; // Good when is_counted
    size_t total_count, total_room;
    bool is_counted;
};

// A recount of no records yet; recount_release it.
struct recount recount_of(const struct indicator *const *indicators, size_t count);
void recount_release(struct recount *self);

// Take a record into account; each only once, in any order.
void recount_add(struct recount *self, const struct recount_record *record);

// Every total that is not 0, by measure, period and office; good until the next recount_add.
const struct office_total *recount_totals(struct recount *self, size_t *ret_count);

// One of them, or 0.
int64_t recount_total(struct recount *self, const char *measure, int32_t period,
                      const struct office *office);

#endif
