// offices.h - a list of offices, as a province or a commune keeps it
//
//     code,level,parent,name,hosted
//     19,1,,Tỉnh Thái Nguyên,
//     05908,2,19,Xã Phú Bình,
//     05908-012,3,05908,Xóm Gò Móc,1
//
// Shape    A CSV (csv.h); `hosted` may be missing: 1 for an office without a machine of its own.
//          The level says what the code says, and every parent is one level above; it stands in
//          the list, in any place, or is the office the list is read for. The rows keep their
//          order.
// Errors   ERR_CSV with line and column. Excel drops leading zeros: then the message names the code
//          that was meant, but nothing is mended silently. Two offices of one parent whose names
//          differ by accents alone ('Văn Lang', 'Văn Lăng') may both be right: they are warned of.
// Memory   offices_release empties it; `= {0}` is ready to use.
// Threads  None of its own.

#ifndef CATALOGUE_OFFICES_H
#define CATALOGUE_OFFICES_H

#include <stdbool.h>
#include <stddef.h>

#include "../base/buf.h"
#include "../base/err.h"
#include "../base/id.h"
#include "../base/own.h"

struct office_row {
    struct office office;
    struct office parent; // None, of a province
    enum level level;
    bool is_hosted;
    char *name; // Form C, never empty
    size_t line;
};

// Two rows, by index, whose names are one without accents.
struct office_twins {
    size_t first;
    size_t second;
};

struct offices {
    size_t count;
    size_t room;
    struct office_row *rows;
    size_t twins_count;
    size_t twins_room;
    struct office_twins *twins;
};

// Read `file`. `above` (may be NULL) is an office outside the list that may be a parent in it.
// Returns 0, and `ret_offices` holds this list in place of what it held; or ERR_CSV.
MUST_CHECK int offices_read(struct bytes file, const struct office *above,
                            struct offices *ret_offices, struct err *reterr);

void offices_release(struct offices *self);

// The row of that office, or NULL. Looks at every row.
const struct office_row *offices_find(const struct offices *self, const struct office *office);

#endif
