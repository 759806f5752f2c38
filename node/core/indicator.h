// indicator.h - the definition of a figure: what is counted, out of what, and when it is enough
//
// The province publishes indicators as it publishes types. A definition is a canonical msgpack
// map; conf/plan/indicators/*.json is the same for people:
//
//     {"indicator": "T2", "version": 1, "label": {"vi": ..., "en": ...}, "period": "none",
//      "numerator": {"parts": [
//          {"type": "household", "key": "id", "where": [["status", "=", "active"]]},
//          {"type": "commitment", "key": "record:household", "where": [["withdrawn_on",
//          "null"]]}]},
//      "denominator": {"parts": [
//          {"type": "household", "key": "id", "where": [["status", "=", "active"]]}]},
//      "target": {"op": "ge", "num": 100, "den": 100}, "shown": [1, 2, 3]}
//
// What is counted is groups, so that a commune with ten sessions counts once. Every record that is
// alive, of a part's type, and passes all its conditions adds one to that part of the groups that
// `key` names; a group counts while each of its parts has at least one:
//
//     key             the record names                      the group belongs to
//     subject         its subject office                    that office
//     offices:FIELD   every office in FIELD                 each of those offices
//     id              itself                                the subject of part 0's record
//     record:FIELD    the record in FIELD                   the subject of part 0's record
//
// So in T2 a group is a household: part 0 is the household itself, part 1 its commitments. The keys
// of a measure name either offices or records in all its parts; where they name records, part 0 has
// the key `id`, so that each group has one record that says where it belongs. A measure without
// parts, {"offices": 3}, is the number of offices of that level. With "level" beside "parts" a
// group counts only if the office it belongs to has that level; a careless entry in a list of areas
// cannot then add to the figure of a commune. The figure of an office is the sum over it and
// everything below it.
//
// In an indicator of period "year" each part has a `date`: a field whose year says to which year
// the record adds; without a date, to none. A denominator of groups then either has a date in each
// part, or in none: the same every year.
//
// Shape    Conditions are [FIELD, op, value] with = != < <= > >=, [FIELD, "in", [values]], and
//          [FIELD, "null"], [FIELD, "notnull"]; FIELD may be "subject_level". As in SQL, a value
//          that is not there passes `null` only. For a list, `=` and `in` ask whether one element
//          is such, `!=` whether none is. Values are texts, integers or bools; beside < <= > >= a
//          text is a day, "2026-07-01". Unknown members are ignored.
// Units    target: met when value >= num / den (ge) or value > num / den (gt), in integers.
// Errors   ERR_TYPE with the way to the member: "numerator.parts[0].key: ...".
// Memory   indicator_read gives a struct that is yours; indicator_destroy it. Nothing inside
//          borrows from the definition.
// Threads  None of its own; a struct indicator never changes once read.

#ifndef CORE_INDICATOR_H
#define CORE_INDICATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/buf.h"
#include "../base/err.h"
#include "../base/id.h"
#include "../base/own.h"
#include "type.h"

enum {
    PARTS_MAX = 4,      // One byte of a group's state for each, where that is kept
    CONDITIONS_MAX = 8, // Each is looked at for every entry of the type
    OPERANDS_MAX = 16,
    OPERAND_MAX = 63, // Bytes of a text to compare with: choices and codes are shorter
    TARGET_MAX = 1000000,
};

enum condition_op {
    CONDITION_EQ = 1,
    CONDITION_NE,
    CONDITION_LT,
    CONDITION_LE,
    CONDITION_GT,
    CONDITION_GE,
    CONDITION_IN,
    CONDITION_NULL,
    CONDITION_NOTNULL,
};

struct operand {
    enum { OPERAND_INT, OPERAND_BOOL, OPERAND_TEXT } kind;
    int64_t number; // Of an int or a day; 0 or 1 of a bool
    char text[OPERAND_MAX + 1];
};

struct condition {
    char field[NAME_MAX_SIZE + 1];
    bool is_subject_level; // Looks at the level of the subject, not at a field
    enum condition_op op;
    size_t operand_count;
    struct operand *operands;
};

enum group_key { GROUP_SUBJECT = 1, GROUP_OFFICES, GROUP_ID, GROUP_RECORD };

struct part {
    char type[NAME_MAX_SIZE + 1];
    enum group_key key;
    char key_field[NAME_MAX_SIZE + 1]; // Of GROUP_OFFICES and GROUP_RECORD
    char date[NAME_MAX_SIZE + 1];      // "" for none
    size_t condition_count;
    struct condition *conditions;
};

struct measure {
    size_t part_count; // 0: the offices of `level`
    enum level level;  // Of the offices that count; LEVEL_NONE for any
    bool is_yearly;    // Every part has a date
    struct part parts[PARTS_MAX];
};

enum target_op { TARGET_GE = 1, TARGET_GT };

struct target {
    enum target_op op;
    int64_t num;
    int64_t den; // Never 0
};

struct indicator {
    char name[NAME_MAX_SIZE + 1]; // "T3b-c": [A-Za-z][A-Za-z0-9_-]{0,30}
    uint32_t version;
    char *label[2]; // By enum lang; never NULL
    bool is_yearly;
    struct measure numerator;
    struct measure denominator;
    struct target target;
    uint8_t shown; // 1 << LEVEL_x for every level at which the figure means something
};

// Read a definition. Returns 0, or ERR_TYPE and says what is wrong where.
MUST_CHECK int indicator_read(struct bytes definition, struct indicator **ret_indicator,
                              struct err *reterr);

void indicator_destroy(struct indicator **self_p);

// 0 when every part that counts records of `type` names fields it has, of the kinds they are used
// as, and choices that exist. Else ERR_TYPE: such an indicator would read, and count nothing.
MUST_CHECK int indicator_check(const struct indicator *self, const struct type *type,
                               struct err *reterr);

// True when `num` out of `den` meets the target. With nothing to count out of (den 0) there is no
// answer: false, and *ret_na true.
bool indicator_meets(const struct indicator *self, int64_t num, int64_t den, bool *ret_na);

// True when a record passes: `subject_level` is that of its subject, `value` the canonical msgpack
// of its field; empty or nil when it has none.
bool condition_holds(const struct condition *self, enum level subject_level, struct bytes value);

#endif
