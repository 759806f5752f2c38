// date.h - days and moments, as people write them and as we store them
//
//     "5/1/2026", "05.01.2026", "2026-01-05"  --date_parse--> 20458 --date_text--> "2026-01-05"
//     1767571200000                           --wall_text---> "05/01/2026 07:00"
//
// Shape    A date is a day of the Gregorian calendar without a time zone. People write the day
//          first; a month first is never guessed, and years have four digits.
// Units    Days since 1970-01-01; wall_t as in id.h. What is shown is UTC+7, Vietnam's time, which
//          has no summer time; what machines read is UTC.
// Errors   date_parse says no. Days and moments outside the years 1 to 9999 come from elsewhere
//          and are shown as "?": they are no reason to stop.
// Memory   None. The texts are terminated.
// Threads  Any.
// Source   Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil.

#ifndef BASE_DATE_H
#define BASE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "buf.h"
#include "id.h"

enum {
    DATE_TEXT_MAX = 10, // "2026-01-05"
    WALL_TEXT_MAX = 16, // "05/01/2026 07:00"
    WALL_ISO_MAX = 24,  // "2026-01-05T00:00:00.000Z"
};

struct civil {
    int year; // 1 to 9999
    int month;
    int day;
};

// True when the calendar has that day: 29/02/2028 yes, 31/02/2026 no.
bool civil_is_real(const struct civil *self);

// The number of a day that is real: asserts.
int64_t civil_days(const struct civil *self);

// The day with that number; false when it lies outside the years 1 to 9999.
bool civil_of_days(int64_t days, struct civil *ret_civil);

// Read YYYY-MM-DD, or d/m/yyyy with '/', '-' or '.' twice. False for all else: no such day, a year
// of two digits or before 1000 (a typing error, here), anything before or behind.
bool date_parse(struct bytes text, int64_t *ret_days);

// Write YYYY-MM-DD; `ret_text` holds DATE_TEXT_MAX + 1 bytes. False, and "?", outside the years.
bool date_text(int64_t days, char *ret_text);

// Write dd/mm/yyyy, for people; as date_text otherwise.
bool date_show(int64_t days, char *ret_text);

// Write dd/mm/yyyy HH:MM at UTC+7; `ret_text` holds WALL_TEXT_MAX + 1 bytes.
bool wall_text(wall_t wall, char *ret_text);

// Write ISO 8601 in UTC, to the millisecond; `ret_text` holds WALL_ISO_MAX + 1 bytes.
bool wall_iso(wall_t wall, char *ret_text);

#endif
