// type.h - the definition of a kind of record, as the core and the store see it
//
// The province publishes types as data (kind 2 entries). A definition is a canonical msgpack map;
// conf/plan/types/*.json is the same thing for people, and catalogue/ turns one into the other.
//
//     {"type": "commitment", "version": 1, "reach": 0, "directive": false, "levels": [3],
//      "label": {"vi": "Bản cam kết", "en": "Commitment"}, "key": ["household", "signed_on"],
//      "fields": [{"name": "household", "kind": "record", "of": "household", "required": true},
//                 {"name": "signed_on", "kind": "date", "required": true, "label": {...}}, ...]}
//
// Shape    Names are [a-z][a-z0-9_]{0,30}: they are SQL names as well, so `id`, `subject` and a few
//          more that a table has already are refused. Every record has a subject office, which is
//          never a field; `key` may name it as "subject". Unknown members are ignored, so that an
//          older node takes a newer definition; an unknown kind of field is not, for there is no
//          column to make of it. At most FIELDS_MAX fields.
// Units    In facts, and so on the wire: date = days since 1970-01-01; money and counts are
//          integers; bool is a bool; choice, text, office and record are str; a list is an array.
// Errors   ERR_TYPE with the way to the member that is wrong: "fields[2].kind: ...".
// Memory   type_read gives a struct that is yours; type_destroy it. Nothing inside borrows from
//          the definition.
// Threads  None of its own; a struct type never changes once read.

#ifndef CORE_TYPE_H
#define CORE_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/buf.h"
#include "../base/err.h"
#include "../base/id.h"
#include "../base/own.h"

enum {
    NAME_MAX_SIZE = 31, // Bytes of a type's or field's name without its NUL
    FIELDS_MAX = 64,    // The widest type of the plan has 22
    CHOICES_MAX = 64,
    KEY_MAX = 8,
};

enum field_kind {
    FIELD_TEXT = 1, // UTF-8, NFC, trimmed
    FIELD_INT,
    FIELD_BOOL,
    FIELD_DATE,   // SQL: 'YYYY-MM-DD'; facts: days since 1970-01-01
    FIELD_CHOICE, // One of `choices`
    FIELD_OFFICE, // An office code, of level `level` when that is not LEVEL_NONE
    FIELD_RECORD, // The id of another record, of type `of` when that is not ""
};

struct choice {
    char name[NAME_MAX_SIZE + 1];
    char *label[2]; // By enum lang; never NULL
};

struct field {
    char name[NAME_MAX_SIZE + 1];
    char of[NAME_MAX_SIZE + 1];
    enum field_kind kind;
    bool is_list;     // Facts: an array of the kind; SQL: TEXT holding a JSON array
    bool is_required; // Of a list: at least one element
    enum level level;
    int64_t min, max; // Of an int, or bytes of a text; INT64_MIN and INT64_MAX when free
    size_t choice_count;
    struct choice *choices;
    char *label[2];
};

struct type {
    char name[NAME_MAX_SIZE + 1];
    uint32_t version;
    enum level reach; // The highest level that gets the body of an entry
    bool is_directive;
    uint8_t levels; // 1 << LEVEL_x for every level whose offices may be the subject
    char *label[2];
    size_t key_count;
    // Natural key: fields, and "subject" for the subject office, that together name one thing. It
    // guards writers, never replication. A record in which one of them is empty has no key.
    char key[KEY_MAX][NAME_MAX_SIZE + 1];
    size_t field_count;
    struct field *fields;
};

// True when `name` is [a-z][a-z0-9_]{0,30}; `ret_name` gets it, terminated.
bool name_parse(struct bytes name, char ret_name[NAME_MAX_SIZE + 1]);

// Read a definition. Returns 0, or ERR_TYPE and says what is wrong where.
MUST_CHECK int type_read(struct bytes definition, struct type **ret_type, struct err *reterr);

void type_destroy(struct type **self_p);

// The field of that name, or NULL.
const struct field *type_field(const struct type *self, struct bytes name);

#endif
