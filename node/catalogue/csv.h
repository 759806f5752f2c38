// csv.h - read a table as Excel, LibreOffice and people save it
//
//     OWNED(csv_destroy) struct csv *csv = NULL;
//     int code = csv_new(file, &csv, reterr);              // reads the header
//     while (code == 0 && (code = csv_next(csv, &has_row, reterr)) == 0 && has_row)
//         ... csv_cell(csv, column) ...
//
// Shape    RFC 4180 quotes; the separator is whichever of , ; and tab the header has most of. UTF-8
//          with or without its mark, or UTF-16LE with it, which is Excel's "Unicode Text". Lines
//          end in LF, CRLF or CR. Every cell is brought to form C and trimmed (base/text.h). Rows
//          of empty cells are passed over; any other row has as many cells as the header.
// Units    Lines count from 1 in the file, also inside quotes; columns from 0 here, and by name in
//          messages.
// Errors   ERR_CSV, with the line and the column: "dòng 12, cột signed_on: ...". Nothing is mended
//          silently: text of another encoding, a quote out of place, a NUL and a row cut short are
//          errors. What comes before the wrong row has been given out: collect, then write.
// Memory   The file is borrowed until csv_destroy. A cell is borrowed until the next csv_next.
// Threads  None of its own.
// Source   RFC 4180; where it is silent, what Excel of a Vietnamese Windows writes: ';' and CRLF.

#ifndef CATALOGUE_CSV_H
#define CATALOGUE_CSV_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/buf.h"
#include "../base/err.h"
#include "../base/own.h"

enum {
    CSV_COLUMNS_MAX = 128,    // Twice the fields of the widest type that could be
    CSV_ROWS_MAX = 1048576,   // As many as an Excel sheet has
    CSV_CELL_MAX = 32768,     // Bytes; an Excel cell has at most 32,767 characters
    CSV_FILE_MAX = 256 << 20, // Bytes
};

struct csv;

// Begin to read `file`, and read its header.
MUST_CHECK int csv_new(struct bytes file, struct csv **ret_csv, struct err *reterr);

void csv_destroy(struct csv **self_p);

// Read the next row; *ret_has_row is false behind the last.
MUST_CHECK int csv_next(struct csv *self, bool *ret_has_row, struct err *reterr);

size_t csv_column_count(const struct csv *self);

// The name of a column, as the header has it. Borrowed until csv_destroy.
struct bytes csv_name(const struct csv *self, size_t column);

// Find the column called `name`, whatever the case, marks, spaces and underscores.
bool csv_column(const struct csv *self, const char *name, size_t *ret_column);

// As csv_column, but a column that is missing is an error.
MUST_CHECK int csv_need(const struct csv *self, const char *name, size_t *ret_column,
                        struct err *reterr);

// The cell of this row in `column`; empty when it holds nothing.
struct bytes csv_cell(const struct csv *self, size_t column);

// The line of the file that this row begins on.
size_t csv_line(const struct csv *self);

// Put line and column of a cell of this row in front of what was set, and make it ERR_CSV.
MUST_CHECK int csv_wrap(const struct csv *self, size_t column, struct err *reterr);

#endif
