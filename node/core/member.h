// member.h - take a definition apart, and say where it is wrong
//
//     struct member top = member_top(definition);
//     struct member fields = member_of(&top, "fields");
//     ... member_int(&version, 1, UINT32_MAX, &number, reterr)
//     -> "fields[2].version: không phải số nguyên từ 1 đến 4294967295"
//
// Shape    A member is a value and the way to it: its name or index, and the member it lies in.
//          The way becomes text only when something is wrong.
// Errors   ERR_TYPE, with the way in front. A member that is not there is one that is wrong, but
//          for those read by a function that says "or nothing".
// Memory   Nothing is allocated but labels. A member borrows from the definition and from the
//          member it lies in: keep both until it is read.
// Threads  Any.

#ifndef CORE_MEMBER_H
#define CORE_MEMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../proto/read.h"
#include "../base/buf.h"
#include "../base/err.h"
#include "../base/own.h"
#include "type.h"

struct member {
    struct bytes value;      // Empty when it is not there
    const struct member *in; // NULL at the top
    const char *name;        // NULL for an element
    size_t index;
};

// The elements of an array, in turn.
struct elements {
    const struct member *array;
    struct reader in;
    size_t count;
    size_t next;
};

struct member member_top(struct bytes definition);

// The member called `name` (borrowed, as `map` is) of a map.
struct member member_of(const struct member *map, const char *name);

bool member_is_there(const struct member *self);

// Put the way to this member in front of what was set; returns its code.
MUST_CHECK int member_wrap(const struct member *self, struct err *reterr);

// Fail for a reason without values in it.
MUST_CHECK int member_fail(const struct member *self, const char *vi, const char *en,
                           struct err *reterr);

// A text that is not empty.
MUST_CHECK int member_text(const struct member *self, struct bytes *ret_text, struct err *reterr);

// A name of a type, field or choice: see type.h.
MUST_CHECK int member_name(const struct member *self, char *ret_name, struct err *reterr);

// An integer between `least` and `most`.
MUST_CHECK int member_int(const struct member *self, int64_t least, int64_t most, int64_t *ret_int,
                          struct err *reterr);

// A bool, or nothing: then *ret_bool stays as it is.
MUST_CHECK int member_bool(const struct member *self, bool *ret_bool, struct err *reterr);

// {"vi": ..., "en": ...} or less: what lacks is taken from the other language, then from
// `fallback`. Both texts are yours.
MUST_CHECK int member_label(const struct member *self, const char *fallback, char *ret_label[2],
                            struct err *reterr);

// An array of at most `most` elements.
MUST_CHECK int member_elements(const struct member *self, size_t most,
                               struct elements *ret_elements, struct err *reterr);

// The next element; false behind the last.
bool elements_next(struct elements *self, struct member *ret_element);

// An array of levels, at least one, as a mask of 1 << LEVEL_x.
MUST_CHECK int member_levels(const struct member *self, uint8_t *ret_levels, struct err *reterr);

#endif
