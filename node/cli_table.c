#include "cli_table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"

void
table_add(struct table *self, const char *text)
{
    self->cells = mem_reserve(self->cells, &self->room, self->count + 1, sizeof *self->cells);
    char *cell = mem_text(text);
    for (char *at = cell; *at != '\0'; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = ' ';
    self->cells[self->count++] = cell;
}

void
table_add_int(struct table *self, int64_t number)
{
    char text[24];
    (void)snprintf(text, sizeof text, "%" PRId64, number);
    table_add(self, text);
}

static void
row_print(const struct table *self, char *const *cells, const size_t *widths)
{
    for (size_t i = 0; i < self->columns; i++) {
        int gap = (int)(widths[i] - text_width(bytes_of(cells[i])));
        bool is_right = i < 64 && (self->right >> i & 1) != 0;
        bool is_last = i + 1 == self->columns;
        (void)printf("%s%*s%s%*s", i > 0 ? "  " : "", is_right ? gap : 0, "", cells[i],
                     is_right || is_last ? 0 : gap, "");
    }
    (void)putchar('\n');
}

void
table_print(const struct table *self)
{
    size_t widths[TABLE_COLUMNS_MAX] = {0};
    assert(self->columns > 0 && self->columns <= TABLE_COLUMNS_MAX);
    assert(self->count % self->columns == 0);
    for (size_t i = 0; i < self->count; i++) {
        size_t width = text_width(bytes_of(self->cells[i]));
        if (width > widths[i % self->columns])
            widths[i % self->columns] = width;
    }
    for (size_t i = 0; i < self->count; i += self->columns)
        row_print(self, self->cells + i, widths);
}

void
table_release(struct table *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->cells[i]);
    free(self->cells);
    *self = (struct table){.columns = self->columns, .right = self->right};
}
