#include "../../node/base/date.h"
#include "../t.h"

static int64_t
days_of(const char *text)
{
    int64_t days = INT64_MIN;
    return date_parse(bytes_of(text), &days) ? days : INT64_MIN;
}

TEST(date, reads_every_form_of_a_day)
{
    T_EQ(days_of("1970-01-01"), 0);
    T_EQ(days_of("1/1/1970"), 0);
    T_EQ(days_of("2026-01-05"), 20458);
    T_EQ(days_of("05/01/2026"), 20458);
    T_EQ(days_of("5/1/2026"), 20458);
    T_EQ(days_of("5-1-2026"), 20458);
    T_EQ(days_of("5.01.2026"), 20458);
    T_EQ(days_of("31/12/1969"), -1);
    T_EQ(days_of("29/02/2028"), days_of("2028-02-28") + 1);
}

TEST(date, refuses_what_is_no_day)
{
    static const char *const bad[] = {
        "31/02/2026", "29/02/2026", "29/02/2100", "31/04/2026",       "0/1/2026",
        "1/0/2026",   "12/31/2026", "2026-13-01", "2026-1-5",         "5/1/26",
        "05/01/0026", "2026/01/05", "5/1-2026",   "5,1,2026",         "",
        "5/1",        "5/1/",       "5/1/2026 ",  " 5/1/2026",        "5/1/20266",
        "005/1/2026", "-5/1/2026",  "5/+1/2026",  "2026-01-05T00",    "2026-01-0a",
        "1//1970",    "2026-01",    "46027",      "5\xc2\xa0/1/2026",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (days_of(bad[i]) != INT64_MIN)
            T_TEXT(bad[i], "refused");
}

TEST(date, counts_every_day_once)
{
    struct civil civil = {1, 1, 1};
    for (int64_t days = -719162; days <= 2932896; days++) {
        struct civil again;
        T_OK(civil_of_days(days, &again));
        T_OK(again.year == civil.year && again.month == civil.month && again.day == civil.day);
        T_EQ(civil_days(&civil), days);
        civil.day++;
        if (!civil_is_real(&civil))
            civil = (struct civil){civil.year, civil.month + 1, 1};
        if (!civil_is_real(&civil))
            civil = (struct civil){civil.year + 1, 1, 1};
    }
    T_EQ(civil.year, 10000);
}

TEST(date, writes_what_it_reads)
{
    char text[DATE_TEXT_MAX + 1];
    T_OK(date_text(20458, text));
    T_TEXT(text, "2026-01-05");
    T_OK(date_show(20458, text));
    T_TEXT(text, "05/01/2026");
    T_OK(date_text(-719162, text));
    T_TEXT(text, "0001-01-01");
    T_OK(date_text(2932896, text));
    T_TEXT(text, "9999-12-31");
}

TEST(date, shows_what_no_calendar_holds_as_unknown)
{
    static const int64_t bad[] = {-719163, 2932897, INT64_MIN, INT64_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char text[WALL_ISO_MAX + 1] = "";
        T_EQ(date_text(bad[i], text), false);
        T_TEXT(text, "?");
        T_EQ(date_show(bad[i], text), false);
        T_TEXT(text, "?");
    }
    static const wall_t far[] = {INT64_MIN, INT64_MAX, INT64_MAX - 1, 253402300800000};
    for (size_t i = 0; i < sizeof far / sizeof far[0]; i++) {
        char text[WALL_ISO_MAX + 1] = "";
        T_EQ(wall_text(far[i], text), false);
        T_TEXT(text, "?");
        T_EQ(wall_iso(far[i], text), false);
        T_TEXT(text, "?");
    }
}

TEST(date, shows_moments_seven_hours_ahead)
{
    char text[WALL_ISO_MAX + 1];
    T_OK(wall_text(0, text));
    T_TEXT(text, "01/01/1970 07:00");
    T_OK(wall_text(1767571200000, text));
    T_TEXT(text, "05/01/2026 07:00");
    T_OK(wall_text(1767632399999, text)); // One millisecond before midnight in Vietnam
    T_TEXT(text, "05/01/2026 23:59");
    T_OK(wall_text(1767632400000, text));
    T_TEXT(text, "06/01/2026 00:00");
}

TEST(date, writes_moments_for_machines_in_utc)
{
    char text[WALL_ISO_MAX + 1];
    T_OK(wall_iso(1767571200007, text));
    T_TEXT(text, "2026-01-05T00:00:00.007Z");
    T_OK(wall_iso(-1, text));
    T_TEXT(text, "1969-12-31T23:59:59.999Z");
    T_OK(wall_iso(-86400000, text));
    T_TEXT(text, "1969-12-31T00:00:00.000Z");
}
