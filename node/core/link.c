#include "link.h"

#include <stdlib.h>
#include <string.h>

void
link_release(struct link *self)
{
    free(self->logs);
    *self = (struct link){0};
}

void
link_reset(struct link *self)
{
    self->has_hello = false;
    self->has_boot = false;
    self->frontier_due = 0;
    self->count = 0;
}

struct peer_log *
link_log(struct link *self, log_t log)
{
    size_t low = 0, high = self->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (self->logs[middle].log < log)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < self->count && self->logs[low].log == log)
        return &self->logs[low];
    self->logs = mem_reserve(self->logs, &self->room, self->count + 1, sizeof *self->logs);
    memmove(&self->logs[low + 1], &self->logs[low], (self->count - low) * sizeof *self->logs);
    self->logs[low] = (struct peer_log){.log = log};
    self->count++;
    return &self->logs[low];
}
