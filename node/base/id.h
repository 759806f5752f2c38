// id.h - the names of things: offices, logs, entries, records
//
//     office   "19" a province, "05908" a commune, "05908-012" an area
//     origin   (office, epoch): the author of one log
//     seq      position in that log, dense from 0
//     record   "05908-012.019a3f...": creator and 16 bytes
//
// Shape    Codes are ASCII digits and one dash; an office's level follows from its code for ever.
//          Never a name: 'Xã Văn Lang' and 'Xã Văn Lăng' are two communes of one province.
// Units    seq_t counts entries; wall_t is ms since 1970 UTC and may jump either way; mono_t is ms
//          since some start and never goes back.
// Memory   Plain values; copy with =, compare with the functions here.
// Threads  Any.

#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"

typedef uint64_t seq_t;
typedef uint64_t epoch_t; // counter << 32 | 32 random bits
typedef int64_t wall_t;
typedef uint64_t mono_t;

enum {
    OFFICE_MAX = 15,                       // Bytes of a code without its NUL
    RECORD_TEXT_MAX = OFFICE_MAX + 1 + 32, // "<creator>.<32 hex digits>"
};

// Who gets a body, and who is superior to whom: the lower number is the higher office.
enum level { LEVEL_TOP = 0, LEVEL_PROVINCE = 1, LEVEL_COMMUNE = 2, LEVEL_AREA = 3, LEVEL_NONE = 9 };

struct office {
    char code[OFFICE_MAX + 1]; // "" is no office
};

struct origin {
    struct office office;
    epoch_t epoch;
};

struct record_id {
    struct office creator; // "" is no record
    uint8_t id[16];        // 6 bytes UTC ms, 10 random: nothing reads the time out of it
};

// True for the three forms of a code; everything else is refused at the door.
bool office_parse(struct bytes text, struct office *ret_office);

// office_parse of a terminated text that is known to be good: asserts.
struct office office_of(const char *code);

enum level office_level(const struct office *self);
bool office_equal(const struct office *a, const struct office *b);
int office_compare(const struct office *a, const struct office *b);
bool office_is_none(const struct office *self);

bool origin_equal(const struct origin *a, const struct origin *b);

// By office, then by epoch.
int origin_compare(const struct origin *a, const struct origin *b);

bool record_id_equal(const struct record_id *a, const struct record_id *b);
int record_id_compare(const struct record_id *a, const struct record_id *b);

// Writes "<creator>.<32 hex digits>" and a NUL; `ret_text` holds RECORD_TEXT_MAX + 1 bytes.
void record_id_text(const struct record_id *self, char *ret_text);
bool record_id_parse(struct bytes text, struct record_id *ret_id);

// Lower-case hex; `ret_text` holds 2 * size + 1 bytes.
void hex_text(const uint8_t *at, size_t size, char *ret_text);

// Exactly `size` bytes from 2 * size lower-case digits; false for anything else.
bool hex_parse(struct bytes text, uint8_t *ret_at, size_t size);

#endif
