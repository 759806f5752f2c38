// figures.h - the figures of this office, as JSON for commands and as rows of office.db
//
// Threads  One.

#ifndef APP_FIGURES_H
#define APP_FIGURES_H

#include <jansson.h>

#include "../core/core.h"
#include "../store/office_db.h"

struct node;

// In a transaction of office.db: the figures of `office` and of those right below it.
MUST_CHECK int figures_put(struct core *core, struct office_db *office, const struct view *view,
                           const struct office *self, struct err *reterr);

// The answer to "rollup".
json_t *figures_answer(struct node *node, json_t *request);

// True when the kept counts are what a count from scratch gives.
bool figures_recount_agrees(struct node *node);

#endif
