#include "date.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
    YEAR_MAX = 9999,
    DAY_MIN = -719162, // 0001-01-01
    DAY_MAX = 2932896, // 9999-12-31
    MS_PER_MINUTE = 60000,
    MS_PER_DAY = 86400000,
    VIETNAM_MS = 7 * 60 * MS_PER_MINUTE,
};

static int
month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

bool
civil_is_real(const struct civil *self)
{
    return self->year >= 1 && self->year <= YEAR_MAX && self->month >= 1 && self->month <= 12 &&
           self->day >= 1 && self->day <= month_days(self->year, self->month);
}

// Both ways count years from March, so that the leap day is the last of its year, and eras of 400
// years, which all have 146,097 days.
int64_t
civil_days(const struct civil *self)
{
    assert(civil_is_real(self));

    int year = self->month <= 2 ? self->year - 1 : self->year;
    int era = year / 400;
    int of_era = year - era * 400;
    int of_year = (153 * ((self->month + 9) % 12) + 2) / 5 + self->day - 1;
    int day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return (int64_t)era * 146097 + day_of_era - 719468;
}

bool
civil_of_days(int64_t days, struct civil *ret_civil)
{
    if (days < DAY_MIN || days > DAY_MAX)
        return false;
    int since = (int)days + 719468; // Days since 0000-03-01
    int era = since / 146097;
    int day_of_era = since - era * 146097;
    int of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    int month = (5 * of_year + 2) / 153; // 0 is March
    ret_civil->day = of_year - (153 * month + 2) / 5 + 1;
    ret_civil->month = month < 10 ? month + 3 : month - 9;
    ret_civil->year = era * 400 + of_era + (ret_civil->month <= 2);
    return true;
}

// Take between `least` and `most` digits off the front; -1 when there are fewer or more.
static int
digits_take(struct bytes *text, size_t least, size_t most)
{
    int number = 0;
    size_t count = 0;
    while (count < text->size && text->at[count] >= '0' && text->at[count] <= '9') {
        if (count == most)
            return -1;
        number = number * 10 + (text->at[count++] - '0');
    }
    *text = BYTES(text->at + count, text->size - count);
    return count >= least ? number : -1;
}

static char
sign_take(struct bytes *text)
{
    if (text->size == 0)
        return '\0';
    char sign = (char)text->at[0];
    *text = BYTES(text->at + 1, text->size - 1);
    return sign;
}

static bool
is_year_first(struct bytes text)
{
    return text.size == DATE_TEXT_MAX && text.at[4] == '-';
}

bool
date_parse(struct bytes text, int64_t *ret_days)
{
    bool year_first = is_year_first(text);
    int first = year_first ? digits_take(&text, 4, 4) : digits_take(&text, 1, 2);
    char sign = sign_take(&text);
    int month = year_first ? digits_take(&text, 2, 2) : digits_take(&text, 1, 2);
    char again = sign_take(&text);
    int last = year_first ? digits_take(&text, 2, 2) : digits_take(&text, 4, 4);
    if (first < 0 || month < 0 || last < 0 || text.size > 0 || sign != again)
        return false;
    if (sign != '-' && sign != '/' && sign != '.')
        return false;
    struct civil civil =
        year_first ? (struct civil){first, month, last} : (struct civil){last, month, first};
    if (civil.year < 1000 || !civil_is_real(&civil))
        return false;
    *ret_days = civil_days(&civil);
    return true;
}

static bool
unknown_write(char *ret_text)
{
    memcpy(ret_text, "?", 2);
    return false;
}

bool
date_text(int64_t days, char *ret_text)
{
    struct civil civil;
    if (!civil_of_days(days, &civil))
        return unknown_write(ret_text);
    (void)snprintf(ret_text, DATE_TEXT_MAX + 1, "%04d-%02d-%02d", civil.year, civil.month,
                   civil.day);
    return true;
}

bool
date_show(int64_t days, char *ret_text)
{
    struct civil civil;
    if (!civil_of_days(days, &civil))
        return unknown_write(ret_text);
    (void)snprintf(ret_text, DATE_TEXT_MAX + 1, "%02d/%02d/%04d", civil.day, civil.month,
                   civil.year);
    return true;
}

// Split into a day and the milliseconds of it.
static bool
wall_split(wall_t wall, struct civil *ret_civil, unsigned *ret_ms)
{
    int64_t days = wall / MS_PER_DAY - (wall % MS_PER_DAY < 0);
    if (!civil_of_days(days, ret_civil))
        return false;
    *ret_ms = (unsigned)(wall - days * MS_PER_DAY);
    return true;
}

bool
wall_text(wall_t wall, char *ret_text)
{
    struct civil civil;
    unsigned ms;
    if (wall > INT64_MAX - VIETNAM_MS || !wall_split(wall + VIETNAM_MS, &civil, &ms))
        return unknown_write(ret_text);
    unsigned minutes = ms / MS_PER_MINUTE; // % 24 shows the compiler that the text fits
    (void)snprintf(ret_text, WALL_TEXT_MAX + 1, "%02d/%02d/%04d %02u:%02u", civil.day, civil.month,
                   civil.year, minutes / 60 % 24, minutes % 60);
    return true;
}

bool
wall_iso(wall_t wall, char *ret_text)
{
    struct civil civil;
    unsigned ms;
    if (!wall_split(wall, &civil, &ms))
        return unknown_write(ret_text);
    unsigned minutes = ms / MS_PER_MINUTE;
    ms %= MS_PER_MINUTE;
    (void)snprintf(ret_text, WALL_ISO_MAX + 1, "%04d-%02d-%02dT%02u:%02u:%02u.%03uZ", civil.year,
                   civil.month, civil.day, minutes / 60 % 24, minutes % 60, ms / 1000 % 60,
                   ms % 1000);
    return true;
}
