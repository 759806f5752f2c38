// cli_table.h - columns that line up on a screen, also in Vietnamese
//
//     OWNED(table_release) struct table table = {.columns = 2, .right = 1 << 1};
//     table_add(&table, "Đơn vị"), table_add(&table, "Mục");
//     table_print(&table);
//
// Shape    Cells row by row. A bit in `right` puts its column's cells to the right edge.
// Units    Columns on a screen, as text_width counts them: bytes would not do.
// Errors   None.
// Memory   Cells are copied; table_release empties it.
// Threads  One.

#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/own.h"

enum { TABLE_COLUMNS_MAX = 80 }; // The widest type has 64 fields

struct table {
    size_t columns;
    uint64_t right; // Of the first 64 columns
    size_t count;   // Cells
    size_t room;
    char **cells;
};

// Add one cell; line breaks in it become spaces, and a terminal's control characters with them.
void table_add(struct table *self, const char *text);
void table_add_int(struct table *self, int64_t number);

// Print all rows, two spaces between columns and none at the end of a line.
void table_print(const struct table *self);
void table_release(struct table *self);

#endif
