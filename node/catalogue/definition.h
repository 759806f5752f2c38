// definition.h - the plan's definitions, between the files people write and the bytes that travel
//
//     conf/plan/types/household.json  --definition_load-->  canonical msgpack, checked
//                                     <--definition_json--
//
// Shape    A JSON object with a member "type" defines a kind of record (core/type.h), one with
//          "indicator" a figure (core/indicator.h). Texts are brought to form C first, so that the
//          same definition has the same bytes, and so the same hash, whatever it was typed on.
// Units    At most DEFINITION_MAX bytes as msgpack: it must fit the body of one entry.
// Errors   ERR_TYPE. A mistake of JSON is named as file:line:column, one of meaning by the way to
//          the member: "household.json: fields[2].kind: ...".
// Memory   Results go onto the end of the caller's buf, which is as it was on failure.
// Threads  None of its own.

#ifndef CATALOGUE_DEFINITION_H
#define CATALOGUE_DEFINITION_H

#include "../base/buf.h"
#include "../base/err.h"
#include "../base/own.h"

enum { DEFINITION_MAX = 60000 }; // A body has at most 65,535 bytes, and other fields in it

enum definition_kind { DEFINITION_TYPE = 1, DEFINITION_INDICATOR };

// Add the definition in `json_text`, the content of the file at `path`, to `ret_definition`.
MUST_CHECK int definition_load(const char *path, struct bytes json_text, struct buf *ret_definition,
                               struct err *reterr);

// Which of the two a definition is; 0 when it is neither.
enum definition_kind definition_kind(struct bytes definition);

// Add `definition` to `ret_json` as people read it: indented, keys in order, a newline at the end.
// Fails as value_unpack does.
MUST_CHECK int definition_json(struct bytes definition, struct buf *ret_json);

#endif
