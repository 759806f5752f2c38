// record.c - the rows of the bench: sessions as areas hold them, about 200 bytes of values each
//
// 16 characters of each row are random (16 times 6 bits, by the machine's generator), so that what
// goes over the wire cannot be squeezed into nothing.
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "bench.h"

static const char topics[] = "[\"tac_hai_ma_tuy\",\"phap_luat_pcmt\"]";
static const char audience[] = "[\"nhan_dan\",\"thanh_thieu_nien\"]";
static const char form[] = "sinh_hoat_chi_hoi";
static const char language[] = "viet";

void
record_make(struct row *ret_row, unsigned number)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char bytes[18];
    char mark[17] = "";
    ssize_t got = getrandom(bytes, sizeof bytes, 0);
    assert(got == (ssize_t)sizeof bytes);
    for (size_t i = 0; i < sizeof mark - 1; i++)
        mark[i] = letters[bytes[i] & 63];
    (void)snprintf(ret_row->place, sizeof ret_row->place,
                   "Nhà văn hóa xóm %u, xã Phú Bình, tỉnh Thái Nguyên (%s)", number % 40 + 1, mark);
    (void)snprintf(ret_row->date, sizeof ret_row->date, "2026-%02u-%02u", number / 28 % 12 + 1,
                   number % 28 + 1);
    (void)snprintf(ret_row->time, sizeof ret_row->time, "%02u:%02u", number % 14 + 7,
                   number % 4 * 15);
    ret_row->attendees = 20 + bytes[16] % 200;
    ret_row->women = bytes[17] % ret_row->attendees;
}

size_t
record_logical_bytes(const struct row *row)
{
    return strlen(row->place) + strlen(row->date) + strlen(row->time) + sizeof topics - 1 +
           sizeof audience - 1 + sizeof form - 1 + sizeof language - 1 + 2 * sizeof(int);
}

sqlite3_stmt *
record_prepare(sqlite3 *db)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(db,
                           "INSERT INTO propaganda_session(occurred_on, start_time, place, form, "
                           "topics, audience, attendees, attendees_female, language) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                           -1, &statement, NULL) != SQLITE_OK)
        fleet_fail("insert: %s", sqlite3_errmsg(db));
    return statement;
}

void
record_insert(sqlite3_stmt *statement, const struct row *row, char *ret_id)
{
    const char *const texts[] = {row->date, row->time, row->place, form, topics, audience};
    for (int i = 0; i < 6; i++)
        (void)sqlite3_bind_text(statement, i + 1, texts[i], -1, SQLITE_STATIC);
    (void)sqlite3_bind_int(statement, 7, row->attendees);
    (void)sqlite3_bind_int(statement, 8, row->women);
    (void)sqlite3_bind_text(statement, 9, language, -1, SQLITE_STATIC);
    if (sqlite3_step(statement) != SQLITE_ROW)
        fleet_fail("insert: %s", sqlite3_errmsg(sqlite3_db_handle(statement)));
    if (ret_id != NULL)
        (void)snprintf(ret_id, BENCH_ID_MAX, "%s", (const char *)sqlite3_column_text(statement, 0));
    while (sqlite3_step(statement) == SQLITE_ROW)
        continue;
    (void)sqlite3_reset(statement);
}
