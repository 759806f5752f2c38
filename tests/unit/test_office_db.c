#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../node/base/date.h"
#include "../../node/store/office_db.h"
#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../../proto/scan.h"
#include "../t.h"

// A node on a file of its own, and a stranger with a plain connection to the same file.
struct bed {
    char path[300];
    struct type *type;
    struct office_db *db;
    sqlite3 *stranger;
    char said[600]; // What the stranger was told last
    struct err err;
    const struct draft *drafts;
    size_t count;
};

static struct type *
type_make(bool has_note)
{
    OWNED(buf_release) struct buf buf = {0};
    struct packer out = packer_of(&buf);
    pack_map(&out, 6);
    pack_text(&out, "fields");
    pack_array(&out, has_note ? 8 : 7);
    static const char *const fields[][2] = {
        {"household_no", "int"}, {"since", "date"}, {"is_kept", "bool"}, {"place", "text"},
        {"near", "office"},      {"days", "date"},  {"order", "choice"}, {"note", "text"}};
    for (size_t i = 0; i < (has_note ? 8U : 7U); i++) {
        bool is_choice = i == 6, is_first = i == 0;
        pack_map(&out, 2 + (is_choice ? 1U : 0) + (i == 5 ? 1U : 0) + (is_first ? 2U : 0));
        if (is_choice) {
            pack_text(&out, "choices");
            pack_array(&out, 2);
            for (int j = 0; j < 2; j++) {
                pack_map(&out, 1);
                pack_text(&out, "name");
                pack_text(&out, j == 0 ? "first" : "second");
            }
        }
        pack_text(&out, "kind");
        pack_text(&out, fields[i][1]);
        if (i == 5) {
            pack_text(&out, "list");
            pack_bool(&out, true);
        }
        if (is_first) {
            pack_text(&out, "max");
            pack_int(&out, 999);
        }
        pack_text(&out, "name");
        pack_text(&out, fields[i][0]);
        if (is_first) {
            pack_text(&out, "required");
            pack_bool(&out, true);
        }
    }
    pack_text(&out, "key");
    pack_array(&out, 2);
    pack_text(&out, "subject");
    pack_text(&out, "household_no");
    pack_text(&out, "levels");
    pack_array(&out, 1);
    pack_int(&out, LEVEL_AREA);
    pack_text(&out, "reach");
    pack_int(&out, 0);
    pack_text(&out, "type");
    pack_text(&out, "household");
    pack_text(&out, "version");
    pack_int(&out, 1);
    struct type *type = NULL;
    struct err err = {0};
    if (type_read(buf_bytes(&buf), &type, &err) != 0)
        (void)fprintf(stderr, "type: %s\n", err.en);
    return type;
}

static bool
bed_open(struct bed *bed)
{
    static int number;
    (void)snprintf(bed->path, sizeof bed->path, "%s/office%d.db", t_folder(), number++);
    bed->type = type_make(false);
    struct office self = office_of("05908-012");
    const struct office_entry offices[] = {
        {.office = office_of("19"), .name = "Tỉnh"},
        {.office = office_of("05908"), .parent = office_of("19"), .name = "Xã"},
        {.office = self, .parent = office_of("05908"), .name = "Xóm"},
        {.office = office_of("05908-013"), .parent = office_of("05908"), .name = "Xóm kia"},
    };
    const struct type *types[] = {bed->type};
    return office_db_open(bed->path, &self, &bed->db, &bed->err) == 0 &&
           office_db_set_types(bed->db, types, 1, &bed->err) == 0 &&
           office_db_set_offices(bed->db, offices, 4, &bed->err) == 0 &&
           sqlite3_open(bed->path, &bed->stranger) == SQLITE_OK;
}

static void
bed_close(struct bed *bed)
{
    office_db_close(&bed->db);
    (void)sqlite3_close(bed->stranger);
    type_destroy(&bed->type);
}

static int
say(struct bed *bed, const char *sql)
{
    int code = sqlite3_exec(bed->stranger, sql, NULL, NULL, NULL);
    (void)snprintf(bed->said, sizeof bed->said, "%s", sqlite3_errmsg(bed->stranger));
    return code;
}

// The first column of the first row, as text.
static const char *
ask(struct bed *bed, const char *sql)
{
    static char answer[400];
    sqlite3_stmt *stmt = NULL;
    (void)snprintf(answer, sizeof answer, "(none)");
    if (sqlite3_prepare_v2(bed->stranger, sql, -1, &stmt, NULL) != SQLITE_OK)
        return sqlite3_errmsg(bed->stranger);
    if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL)
        (void)snprintf(answer, sizeof answer, "%s", (const char *)sqlite3_column_text(stmt, 0));
    (void)sqlite3_finalize(stmt);
    return answer;
}

static int
drain(struct bed *bed)
{
    int rc = office_db_begin(bed->db, &bed->err);
    if (rc == 0)
        rc = office_db_drain(bed->db, &bed->drafts, &bed->count, &bed->err);
    if (rc == 0)
        rc = office_db_commit(bed->db, &bed->err);
    return rc;
}

static int
drop(struct bed *bed)
{
    return office_db_drop(bed->db, bed->count, &bed->err);
}

static int64_t
fact_int(const struct draft *draft, const char *name)
{
    struct reader in = reader_of(map_find(draft->facts, name));
    return read_int(&in);
}

static bool
fact_is_nil(const struct draft *draft, const char *name)
{
    struct bytes value = map_find(draft->facts, name);
    return value.size == 1 && value.at[0] == 0xc0;
}

static size_t
fact_count(const struct draft *draft)
{
    struct reader in = reader_of(draft->facts);
    return read_map(&in);
}

#define ID "05908-012.019a3f00000000000000000000000001"

// A record as the fold would give it, {household_no: n, since: 2026-01-05}, with one head.
static int
put(struct bed *bed, int64_t n, bool is_alive, const char *conflict)
{
    OWNED(buf_release) struct buf state = {0};
    OWNED(buf_release) struct buf heads = {0};
    OWNED(buf_release) struct buf conflicts = {0};
    struct packer out = packer_of(&state), in_conflict = packer_of(&conflicts);
    pack_map(&out, 5);
    pack_text(&out, "days");
    pack_array(&out, 2);
    pack_int(&out, 20458);
    pack_int(&out, 20459);
    pack_text(&out, "future"); // A field of a newer version of the type
    pack_int(&out, 1);
    pack_text(&out, "household_no");
    pack_int(&out, n);
    pack_text(&out, "is_kept");
    pack_bool(&out, true);
    pack_text(&out, "since");
    pack_int(&out, 20458);
    if (conflict != NULL) {
        pack_map(&in_conflict, 1);
        pack_text(&in_conflict, conflict);
        pack_array(&in_conflict, 1);
        pack_array(&in_conflict, 2);
        pack_text(&in_conflict, "05908");
        pack_int(&in_conflict, 20458);
    }
    const struct ref ref = {.origin = {office_of("05908-012"), 1}, .seq = (seq_t)n};
    refs_pack(&ref, 1, &heads);
    struct projection projection = {.subject = office_of("05908-012"),
                                    .type = "household",
                                    .is_alive = is_alive,
                                    .state = buf_bytes(&state),
                                    .heads = buf_bytes(&heads),
                                    .conflicts = buf_bytes(&conflicts)};
    (void)record_id_parse(BYTES_LIT(ID), &projection.id);
    return office_db_put(bed->db, &projection, &bed->err);
}

static seq_t
head_of(const struct draft *draft)
{
    struct ref refs[AFTER_MAX];
    size_t count = 0;
    return refs_read(draft->after, refs, &count) == 0 && count == 1 ? refs[0].seq : 0;
}

TEST(office_db, makes_drafts_of_plain_sql)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    T_EQ(say(&bed, "BEGIN; INSERT INTO _writer VALUES (7, 3);"
                   "INSERT INTO household(household_no, since, is_kept, place, days, \"order\")"
                   " VALUES (5, '2026-01-05', 1, 'Nguye\xcc\x82\xcc\x83n ', '[\"2026-01-06\"]',"
                   " 'first'); DELETE FROM _writer; COMMIT"),
         0);
    T_EQ(say(&bed, "UPDATE household SET since = NULL, household_no = 6, is_kept = 1"), 0);
    T_EQ(say(&bed, "UPDATE household SET household_no = 6"), 0); // Changes nothing: no draft
    T_EQ(say(&bed, "DELETE FROM household"), 0);
    T_EQ(drain(&bed), 0);
    T_EQ(bed.count, 3);
    const struct draft *draft = bed.drafts;
    T_EQ(scan_canonical(draft->facts), 0);
    T_EQ(fact_count(draft), 6);
    T_EQ(fact_int(draft, "household_no"), 5);
    T_EQ(fact_int(draft, "since"), 20458);
    T_BYTES(map_find(draft->facts, "is_kept").at, "\xc3", 1);
    T_OK(bytes_equal(map_find(draft->facts, "place"), BYTES_LIT("\xa8"
                                                                "Nguy\xe1\xbb\x85n")));
    T_EQ(draft->actor, 7);
    T_EQ(draft->reason, 3);
    T_OK(!draft->is_whole && draft->after.size == 0 && draft->op == OP_PUT);
    T_TEXT(draft->subject.code, "05908-012");
    T_TEXT(draft->record.creator.code, "05908-012");
    T_EQ(fact_count(&draft[1]), 2);
    T_OK(fact_is_nil(&draft[1], "since"));
    T_EQ(draft[1].actor, 0);
    T_BYTES(draft[1].follows, draft[0].key, 16);
    T_EQ(draft[2].op, OP_RETRACT);
    T_BYTES(draft[2].follows, draft[1].key, 16);
    T_EQ(drop(&bed), 0);
    T_TEXT(ask(&bed, "SELECT count(*) FROM _outbox"), "0");
}

TEST(office_db, keeps_the_heads_a_writer_had_seen)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    T_EQ(put(&bed, 5, true, NULL), 0);
    T_EQ(say(&bed, "INSERT OR REPLACE INTO household(id, household_no) VALUES ('" ID "', 8)"), 0);
    T_EQ(put(&bed, 9, true, NULL), 0);
    T_EQ(say(&bed, "UPDATE household SET household_no = 10"), 0);
    T_EQ(drain(&bed), 0);
    T_EQ(bed.count, 2);
    T_EQ(head_of(&bed.drafts[0]), 5);
    T_OK(bed.drafts[0].is_whole && fact_is_nil(&bed.drafts[0], "since"));
    T_EQ(head_of(&bed.drafts[1]), 9);
    T_OK(!bed.drafts[1].is_whole);
    T_EQ(fact_count(&bed.drafts[1]), 1);
}

static bool
is_refused(struct bed *bed, const char *sql, const char *word)
{
    bool is_right = say(bed, sql) != SQLITE_OK && strstr(bed->said, "LT-FIELD: cột '") != NULL &&
                    strstr(bed->said, " / column '") != NULL && strstr(bed->said, word) != NULL;
    if (!is_right)
        (void)fprintf(stderr, "  %s\n  -> %s\n", sql, bed->said);
    return is_right;
}

#define INSERT_OF(columns, values) "INSERT INTO household(" columns ") VALUES (" values ")"

TEST(office_db, tells_a_writer_which_column_is_wrong)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    T_OK(is_refused(&bed, INSERT_OF("since", "'2026-01-05'"), "column 'household_no'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no", "1000"), "<= 999"));
    T_OK(is_refused(&bed, INSERT_OF("household_no", "'x'"), "column 'household_no'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no", "1.5"), "column 'household_no'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, since", "1, '2026-02-31'"), "column 'since'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, since", "1, '5/1/2026'"), "column 'since'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, since", "1, 'now'"), "column 'since'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, is_kept", "1, 2"), "column 'is_kept'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, place", "1, x'00'"), "column 'place'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, near", "1, '05909'"), "column 'near'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, \"order\"", "1, 'third'"), "first, second"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, days", "1, '[\"2026-13-01\"]'"), "'days'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, days", "1, 'no'"), "column 'days'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, days", "1, '[null]'"), "column 'days'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, office", "1, '05908-013'"), "column 'office'"));
    T_OK(is_refused(&bed, INSERT_OF("household_no, id", "1, 'x'"), "column 'id'"));
    T_OK(is_refused(&bed,
                    INSERT_OF("household_no, id", "1, '05908.019a3f00000000000000000000000001'"),
                    "begins with the code of this office"));
    T_EQ(say(&bed, INSERT_OF("household_no, near, days", "1, '19', '[]'")), 0);
    T_OK(say(&bed, INSERT_OF("household_no", "1")) != 0);
    T_OK(strstr(bed.said, "same columns office, household_no") != NULL);
    T_OK(is_refused(&bed, "UPDATE household SET household_no = NULL", "column 'household_no'"));
    T_OK(is_refused(&bed, "UPDATE household SET id = '" ID "'", "column 'id'"));
    T_OK(is_refused(&bed, "UPDATE household SET office = '05908'", "column 'office'"));
    T_TEXT(ask(&bed, "SELECT count(*) FROM _outbox"), "1");
}

TEST(office_db, lets_a_merged_row_that_breaks_a_check_be_worked_on)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    T_EQ(put(&bed, 5000, true, NULL), 0);
    T_EQ(say(&bed, "UPDATE household SET place = 'here'"), 0);
    T_OK(is_refused(&bed, "UPDATE household SET household_no = 5001", "column 'household_no'"));
}

TEST(office_db, never_waits_for_a_foreign_writer)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    T_EQ(say(&bed, "BEGIN IMMEDIATE"), 0);
    T_EQ(office_db_begin(bed.db, &bed.err), ERR_BUSY);
    T_EQ(say(&bed, "COMMIT"), 0);
    T_EQ(office_db_begin(bed.db, &bed.err), 0);
    office_db_rollback(bed.db);
}

TEST(office_db, opens_beside_an_open_edit)
{
    OWNED(bed_close) struct bed bed = {0};
    struct office self = office_of("05908-012");
    T_OK(bed_open(&bed));
    T_EQ(say(&bed, "BEGIN IMMEDIATE"), 0);
    office_db_close(&bed.db);
    T_EQ(office_db_open(bed.path, &self, &bed.db, &bed.err), 0);
    T_EQ(office_db_begin(bed.db, &bed.err), ERR_BUSY); // And does not wait from then on
}

// After a kill -9 the first to come recovers the WAL, and holds everything for that moment.
TEST(office_db, opens_after_whoever_has_it_alone_for_a_moment)
{
    OWNED(bed_close) struct bed bed = {0};
    struct office self = office_of("05908-012");
    char alone[500], said[16] = "";
    T_OK(bed_open(&bed));
    office_db_close(&bed.db);
    T_EQ(sqlite3_close(bed.stranger), SQLITE_OK);
    bed.stranger = NULL;
    (void)snprintf(
        alone, sizeof alone,
        "(echo 'PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; DELETE FROM _refused;'; "
        "echo 'COMMIT;'; echo '.shell echo alone'; sleep 0.4) | sqlite3 '%s' | "
        "sed -u -n /alone/p",
        bed.path);
    FILE *shell = popen(alone, "r");
    T_OK(shell != NULL);
    T_OK(fgets(said, sizeof said, shell) != NULL);
    T_TEXT(said, "alone\n");
    int code = office_db_open(bed.path, &self, &bed.db, &bed.err);
    (void)pclose(shell);
    T_EQ(code, 0);
}

TEST(office_db, refuses_and_keeps_what_cannot_be_a_draft)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    T_EQ(say(&bed, INSERT_OF("household_no, place", "1, CAST(x'ff41' AS TEXT)")), 0);
    T_EQ(say(&bed, "INSERT INTO _outbox(type) VALUES ('nonsense')"), 0);
    T_EQ(say(&bed, INSERT_OF("household_no", "2")), 0);
    T_EQ(drain(&bed), 0);
    T_EQ(bed.count, 1);
    T_EQ(fact_int(bed.drafts, "household_no"), 2);
    T_TEXT(ask(&bed, "SELECT group_concat(code) FROM _refused"), "LT-FIELD,LT-FIELD");
    struct err why = {0};
    (void)err_set(&why, ERR_DENIED, "không", "no");
    T_EQ(office_db_refuse(bed.db, bed.drafts[0].key, &why, &bed.err), 0);
    T_TEXT(ask(&bed, "SELECT text FROM _refused WHERE code = 'LT-DENIED'"), "không / no");
    T_TEXT(ask(&bed, "SELECT count(*) FROM _outbox"), "0");
}

TEST(office_db, shows_retracts_restores)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    T_EQ(put(&bed, 5, true, "since"), 0);
    T_TEXT(ask(&bed, "SELECT household_no || since || is_kept || days FROM household"),
           "52026-01-051[\"2026-01-05\",\"2026-01-06\"]");
    T_TEXT(ask(&bed, "SELECT choices FROM _conflict WHERE field = 'since'"),
           "[[\"05908\",\"2026-01-05\"]]");
    T_EQ(put(&bed, 5, false, NULL), 0);
    T_TEXT(ask(&bed, "SELECT count(*) FROM household"), "0");
    T_TEXT(ask(&bed, "SELECT count(*) FROM _conflict"), "0");
    T_TEXT(ask(&bed, "SELECT household_no FROM household_retracted"), "5");
    // A retracted id that is inserted again is the same record.
    T_EQ(say(&bed, "INSERT INTO household(id, household_no) VALUES ('" ID "', 6)"), 0);
    T_EQ(drain(&bed), 0);
    T_OK(bed.count == 1 && bed.drafts[0].is_whole && head_of(bed.drafts) == 5);
    T_EQ(put(&bed, 6, true, NULL), 0);
    T_TEXT(ask(&bed, "SELECT household_no FROM household"), "6");
    T_TEXT(ask(&bed, "SELECT count(*) FROM household_retracted"), "0");
    const struct projection unknown = {.type = "nobody", .is_alive = true};
    T_EQ(office_db_put(bed.db, &unknown, &bed.err), 0);
    T_TEXT(ask(&bed, "SELECT count(*) FROM _outbox"), "1"); // Our own writes fire nothing
}

TEST(office_db, takes_a_new_field_and_mends_dropped_triggers)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    T_EQ(put(&bed, 5, true, NULL), 0);
    bool is_foreign = true;
    T_EQ(office_db_schema_is_foreign(bed.db, &is_foreign, &bed.err), 0);
    T_OK(!is_foreign);
    OWNED(type_destroy) struct type *wider = type_make(true);
    const struct type *types[] = {wider};
    T_EQ(office_db_set_types(bed.db, types, 1, &bed.err), 0);
    T_TEXT(ask(&bed, "SELECT household_no FROM household WHERE note IS NULL"), "5");
    T_EQ(say(&bed, "UPDATE household SET note = 'new'"), 0);
    T_EQ(drain(&bed), 0);
    T_OK(bed.count == 1 && map_find(bed.drafts->facts, "note").size == 4);
    T_EQ(say(&bed, "DROP TRIGGER _household_out_update"), 0);
    T_EQ(office_db_schema_is_foreign(bed.db, &is_foreign, &bed.err), 0);
    T_OK(is_foreign);
    T_EQ(office_db_set_types(bed.db, types, 1, &bed.err), 0);
    T_EQ(say(&bed, "UPDATE household SET note = 'again'"), 0);
    T_TEXT(ask(&bed, "SELECT count(*) FROM _outbox"), "2");
    char version[40];
    (void)snprintf(version, sizeof version, "%s", ask(&bed, "PRAGMA schema_version"));
    T_EQ(office_db_set_types(bed.db, types, 1, &bed.err), 0);
    T_TEXT(ask(&bed, "PRAGMA schema_version"), version);
    // Not in `wider` any more when the bed goes.
    T_EQ(office_db_set_types(bed.db, (const struct type *[]){bed.type}, 1, &bed.err), 0);
}

static bool
expect_one(void *context, const struct record_id *id, struct projection *ret_expected)
{
    (void)context;
    char text[RECORD_TEXT_MAX + 1];
    record_id_text(id, text);
    if (strcmp(text, ID) != 0)
        return false;
    static const char state[] = "\x84\xa4"
                                "days\x92\xcd\x4f\xea\xcd\x4f\xeb\xac"
                                "household_no\x05"
                                "\xa7is_kept\xc3\xa5since\xcd\x4f\xea";
    *ret_expected = (struct projection){.subject = office_of("05908-012"),
                                        .is_alive = true,
                                        .state = BYTES(state, sizeof state - 1)};
    return true;
}

static int
strays(struct bed *bed, size_t *ret_count)
{
    int rc = office_db_begin(bed->db, &bed->err);
    if (rc == 0)
        rc = office_db_strays(bed->db, expect_one, NULL, ret_count, &bed->err);
    if (rc == 0)
        rc = office_db_commit(bed->db, &bed->err);
    return rc != 0 ? rc : drain(bed);
}

TEST(office_db, finds_what_was_written_without_triggers)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    size_t count = 9;
    T_EQ(put(&bed, 5, true, NULL), 0);
    T_EQ(strays(&bed, &count), 0);
    T_EQ(count, 0);
    (void)sqlite3_db_config(bed.stranger, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    T_EQ(say(&bed, "UPDATE household SET household_no = 6"), 0);
    T_EQ(say(&bed, INSERT_OF("household_no", "7")), 0);
    T_EQ(strays(&bed, &count), 0);
    T_OK(count == 2 && bed.count == 2);
    T_OK(bed.drafts[0].is_whole && head_of(&bed.drafts[0]) == 5);
    T_EQ(fact_int(&bed.drafts[0], "household_no"), 6);
    T_OK(!bed.drafts[1].is_whole && bed.drafts[1].after.size == 0);
    T_EQ(drop(&bed), 0);
    T_EQ(say(&bed, "DELETE FROM household"), 0);
    T_EQ(strays(&bed, &count), 0);
    T_OK(bed.count == 1 && bed.drafts[0].op == OP_RETRACT && head_of(bed.drafts) == 5);
}

TEST(office_db, wakes_for_others_and_rebuilds_around_the_outbox)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    bool has_outbox = true;
    T_EQ(office_db_changed(bed.db, &has_outbox, &bed.err), 0);
    T_OK(!has_outbox);
    struct pollfd poller = {.fd = office_db_fd(bed.db), .events = POLLIN};
    T_EQ(poll(&poller, 1, 0), 0);
    T_EQ(say(&bed, INSERT_OF("household_no", "7")), 0);
    T_EQ(poll(&poller, 1, 1000), 1);
    T_EQ(office_db_changed(bed.db, &has_outbox, &bed.err), 0);
    T_OK(has_outbox);
    T_EQ(office_db_begin(bed.db, &bed.err), 0);
    T_EQ(office_db_rebuild_begin(bed.db, &bed.err), 0);
    T_EQ(put(&bed, 5, true, NULL), 0);
    T_EQ(office_db_set_position(bed.db, BYTES_LIT("here"), &bed.err), 0);
    T_EQ(office_db_commit(bed.db, &bed.err), 0);
    T_TEXT(ask(&bed, "SELECT group_concat(household_no) FROM household"), "5");
    T_TEXT(ask(&bed, "SELECT count(*) FROM _outbox"), "1");
    OWNED(buf_release) struct buf position = {0};
    T_EQ(office_db_position(bed.db, &position, &bed.err), 0);
    T_TEXT(buf_text(&position), "here");
    const struct figure_row figure = {.indicator = "kept",
                                      .office = office_of("19"),
                                      .period = 2026,
                                      .numerator = 1,
                                      .denominator = 2,
                                      .meets = -1};
    T_EQ(office_db_put_figure(bed.db, &figure, &bed.err), 0);
    T_TEXT(ask(&bed, "SELECT numerator FROM _figure WHERE meets IS NULL"), "1");
    T_EQ(office_db_clear_figures(bed.db, "kept", &bed.err), 0);
    T_TEXT(ask(&bed, "SELECT count(*) FROM _figure"), "0");
}

TEST(office_db, needs_no_more_than_the_plain_shell)
{
    OWNED(bed_close) struct bed bed = {0};
    T_OK(bed_open(&bed));
    if (system("command -v sqlite3 >/dev/null") != 0)
        return;
    char command[600];
    (void)snprintf(command, sizeof command,
                   "sqlite3 '%s' \"INSERT INTO household(household_no, near, days) VALUES (3,"
                   " '05908', '[\\\"2026-01-05\\\"]') RETURNING id\"",
                   bed.path);
    FILE *shell = popen(command, "r");
    T_OK(shell != NULL);
    char id[80] = "";
    char *line = fgets(id, sizeof id, shell);
    T_EQ(pclose(shell), 0);
    T_OK(line != NULL);
    id[strcspn(id, "\n")] = '\0';
    T_EQ(drain(&bed), 0);
    T_EQ(bed.count, 1);
    char text[RECORD_TEXT_MAX + 1];
    record_id_text(&bed.drafts[0].record, text);
    T_TEXT(text, id);
}
