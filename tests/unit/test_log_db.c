#include "../../node/store/log_db.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../node/store/sql.h"
#include "../t.h"

static struct err err;
static uint8_t hashes[TILE_LEAVES * 32];

static const char *
path_new(void)
{
    static char path[4300];
    (void)snprintf(path, sizeof path, "%s/log.db", t_folder());
    return path;
}

static struct log_db *
opened(const char *path)
{
    struct log_db *log_db = NULL;
    if (log_db_open(path, &log_db, &err) != 0) {
        (void)fprintf(stderr, "# %s\n", err_text(&err, LANG_EN));
        abort();
    }
    return log_db;
}

// Run statements on a connection of their own, as a person with the shell would.
static int
shell(const char *path, const char *text)
{
    OWNED(sql_close) sqlite3 *db = NULL;
    int rc = sqlite3_open(path, &db);
    return rc != SQLITE_OK ? rc : sqlite3_exec(db, text, NULL, NULL, NULL);
}

static bool
is_sound(const char *path)
{
    OWNED(sql_close) sqlite3 *db = NULL;
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    struct sql_options options = {.is_readonly = true};
    return sql_open(path, &options, &db, &err) == 0 &&
           sql_prepare(db, "PRAGMA integrity_check", &stmt, &err) == 0 &&
           stmt_next(stmt, &err) == 1 && bytes_equal(stmt_bytes(stmt, 0), BYTES_LIT("ok"));
}

static struct record_id
record_of(const char *creator, uint8_t number)
{
    struct record_id id = {.creator = office_of(creator)};
    id.id[15] = number;
    return id;
}

static struct write
entry_of(log_t log, seq_t seq, uint64_t kind)
{
    return (struct write){.type = WRITE_ENTRY,
                          .as.entry = {log, seq, kind, BYTES_LIT("stub"), BYTES_LIT("body")}};
}

static struct write
record_write_of(const char *creator, uint8_t number, bool is_waiting)
{
    struct write write = {.type = WRITE_RECORD, .as.record.row = BYTES_LIT("row")};
    write.as.record.projection.id = record_of(creator, number);
    write.as.record.projection.is_waiting = is_waiting;
    return write;
}

static struct write
total_of(int64_t delta)
{
    return (struct write){
        .type = WRITE_TOTAL,
        .as.total = {.measure = "T1/n", .period = 2026, .office = {"05908"}, .delta = delta}};
}

static struct write
group_of(int64_t first, int64_t last)
{
    return (struct write){.type = WRITE_GROUP,
                          .as.group = {.measure = "T1/n",
                                       .key = "05908-012",
                                       .period = 2026,
                                       .office = {"05908"},
                                       .counts = {first, 0, 0, last}}};
}

static struct write
receipt_of(seq_t size)
{
    struct write write = {.type = WRITE_RECEIPT,
                          .as.receipt = {.origin = {{"05908"}, UINT64_MAX - 1},
                                         .holder = {"19"},
                                         .size = size,
                                         .bodies = 2,
                                         .envelopes = 3,
                                         .time = 1780000000}};
    memset(write.as.receipt.root, 1, sizeof write.as.receipt.root);
    memset(write.as.receipt.cosignature, 2, sizeof write.as.receipt.cosignature);
    memset(write.as.receipt.signature, 3, sizeof write.as.receipt.signature);
    return write;
}

static struct write
head_of(log_t log, seq_t size, struct bytes note)
{
    return (struct write){
        .type = WRITE_HEAD,
        .as.head = {log, {{{"05908"}, UINT64_MAX - log}, size, size > 0 ? size - 1 : 0, note}}};
}

// One of everything.
static int
everything(struct log_db *log_db)
{
    memset(hashes, 7, sizeof hashes);
    struct write withheld = entry_of(1, 1, KIND_RECORD);
    withheld.as.entry.body = (struct bytes){0};
    struct write writes[] = {
        head_of(0, 1, (struct bytes){0}),
        head_of(1, 2, BYTES_LIT("note")),
        entry_of(0, 0, KIND_OPEN),
        entry_of(1, 0, KIND_REGISTRY),
        withheld,
        {.type = WRITE_TILE, .as.tile = {1, 1, 9, hashes}},
        record_write_of("05908-012", 1, false),
        record_write_of("05908-012", 3, true),
        record_write_of("05908", 9, true),
        group_of(4, -5),
        total_of(3),
        total_of(-1),
        receipt_of(1),
        {.type = WRITE_DRAINED, .as.drained = {{5}, 1, 1}},
        {.type = WRITE_QUARANTINE, .as.quarantine = {1, 1, ERR_CANON}},
        {.type = WRITE_EVIDENCE,
         .as.evidence = {ERR_FORK, {{"05908"}, 4}, {"19"}, BYTES_LIT("proof")}},
    };
    return log_db_write(log_db, writes, sizeof writes / sizeof writes[0], &err);
}

static void
view_has_everything(struct log_db *log_db)
{
    struct view view = log_db_view(log_db);
    struct log_head head;
    T_OK(view.head(view.store, 0, &head) && head.note.size == 0 && head.size == 1);
    T_OK(view.head(view.store, 1, &head));
    T_TEXT(head.origin.office.code, "05908");
    T_OK(head.origin.epoch == UINT64_MAX - 1 && head.size == 2 && head.note_size == 1);
    T_OK(bytes_equal(head.note, BYTES_LIT("note")));
    T_OK(!view.head(view.store, 2, &head));

    struct bytes stub, body;
    T_OK(view.entry(view.store, 1, 0, &stub, &body));
    T_OK(bytes_equal(stub, BYTES_LIT("stub")) && bytes_equal(body, BYTES_LIT("body")));
    T_OK(view.entry(view.store, 1, 1, &stub, &body) && body.size == 0 && stub.size == 4);
    T_OK(!view.entry(view.store, 1, 2, &stub, &body));
    T_OK(!view.entry(view.store, 1, UINT64_MAX, &stub, &body));

    T_OK(view.tile(view.store, 1, 1, 9, &stub) && stub.size == sizeof hashes);
    T_BYTES(stub.at, hashes, sizeof hashes);
    T_OK(!view.tile(view.store, 1, 0, 9, &stub) && !view.tile(view.store, 1, 99, 9, &stub));

    struct record_id id = record_of("05908-012", 3), none = {0};
    uint8_t last[16];
    T_OK(view.record(view.store, &id, &stub) && bytes_equal(stub, BYTES_LIT("row")));
    T_OK(view.record_last(view.store, &id.creator, last) && last[15] == 3);
    id = record_of("05908-012", 2);
    T_OK(!view.record(view.store, &id, &stub));
    id.creator = office_of("19");
    T_OK(!view.record_last(view.store, &id.creator, last));

    T_OK(view.waiting(view.store, &none, &id) && id.id[15] == 9);
    T_OK(view.waiting(view.store, &id, &id) && id.id[15] == 3); // The same one for both
    T_OK(!view.waiting(view.store, &id, &id));

    log_t log;
    seq_t seq;
    T_OK(view.special(view.store, 0, &log, &seq) && log == 0 && seq == 0);
    T_OK(view.special(view.store, 1, &log, &seq) && log == 1 && seq == 0);
    T_OK(!view.special(view.store, 2, &log, &seq));

    struct group group;
    T_OK(view.group(view.store, "T1/n", 2026, "05908-012", &group));
    T_OK(group.counts[0] == 4 && group.counts[3] == -5 && group.period == 2026);
    T_TEXT(group.office.code, "05908");
    T_TEXT(group.key, "05908-012");
    T_OK(!view.group(view.store, "T1/n", 2025, "05908-012", &group));
    struct office office = office_of("05908"), holder = office_of("19");
    T_EQ(view.total(view.store, "T1/n", 2026, &office), 2);
    T_EQ(view.total(view.store, "T1/n", 2026, &holder), 0);

    struct receipt receipt, want = receipt_of(1).as.receipt;
    T_OK(view.receipt(view.store, &want.origin, &holder, &receipt));
    T_OK(receipt.size == 1 && receipt.bodies == 2 && receipt.envelopes == 3);
    T_OK(receipt.time == want.time && origin_equal(&receipt.origin, &want.origin));
    T_BYTES(receipt.root, want.root, 32);
    T_BYTES(receipt.cosignature, want.cosignature, 64);
    T_BYTES(receipt.signature, want.signature, 64);
    T_OK(!view.receipt(view.store, &want.origin, &office, &receipt));

    T_EQ(log_db_drained(log_db, (const uint8_t[16]){5}, &log, &seq, &err), 0);
    T_OK(log == 1 && seq == 1);
    T_EQ(log_db_drained(log_db, (const uint8_t[16]){6}, &log, &seq, &err), ERR_NOTFOUND);
}

static int
committed(struct log_db *log_db, const struct write *writes, size_t count)
{
    int rc = log_db_begin(log_db, &err);
    if (rc == 0)
        rc = log_db_write(log_db, writes, count, &err);
    return rc != 0 ? rc : log_db_commit(log_db, &err);
}

TEST(log_db, shows_what_was_written_before_and_after_commit_and_reopening)
{
    const char *path = path_new();
    OWNED(log_db_destroy) struct log_db *log_db = opened(path);
    T_EQ(log_db_begin(log_db, &err), 0);
    T_EQ(everything(log_db), 0);
    view_has_everything(log_db);
    T_EQ(log_db_commit(log_db, &err), 0);
    view_has_everything(log_db);
    log_db_destroy(&log_db);
    log_db = opened(path);
    view_has_everything(log_db);
    OWNED(log_db_destroy) struct log_db *reader = NULL;
    T_EQ(log_db_open_ro(path, &reader, &err), 0);
    view_has_everything(reader);
    T_OK(is_sound(path));
}

TEST(log_db, rolls_back_to_nothing)
{
    OWNED(log_db_destroy) struct log_db *log_db = opened(path_new());
    struct view view = log_db_view(log_db);
    struct log_head head;
    struct bytes stub, body;
    log_t log;
    seq_t seq;
    uint64_t position = 9, count = 9;
    T_EQ(log_db_begin(log_db, &err), 0);
    T_EQ(everything(log_db), 0);
    log_db_rollback(log_db);
    log_db_rollback(log_db); // Once more does no harm
    T_OK(!view.head(view.store, 0, &head) && !view.entry(view.store, 0, 0, &stub, &body));
    T_OK(!view.special(view.store, 0, &log, &seq));
    T_EQ(committed(log_db, NULL, 0), 0);
    T_EQ(log_db_position(log_db, &position, &err), 0);
    T_EQ(position, 0);
    T_EQ(log_db_evidence_count(log_db, &count, &err), 0);
    T_EQ(count, 0);
}

TEST(log_db, refuses_an_entry_twice_and_keeps_nothing_of_that_transaction)
{
    OWNED(log_db_destroy) struct log_db *log_db = opened(path_new());
    struct view view = log_db_view(log_db);
    struct write writes[] = {entry_of(3, 0, KIND_RECORD), entry_of(3, 1, KIND_CLOSE),
                             entry_of(3, 0, KIND_RECORD)};
    struct bytes stub, body;
    T_EQ(committed(log_db, writes, 3), ERR_BUG);
    T_OK(!view.entry(view.store, 3, 0, &stub, &body));
    T_EQ(committed(log_db, writes, 2), 0);
    T_OK(view.entry(view.store, 3, 1, &stub, &body));
}

TEST(log_db, puts_over_what_was_there_and_drops_zeros)
{
    OWNED(log_db_destroy) struct log_db *log_db = opened(path_new());
    struct view view = log_db_view(log_db);
    T_EQ(log_db_begin(log_db, &err), 0);
    T_EQ(everything(log_db), 0);
    struct write writes[] = {head_of(1, 8, BYTES_LIT("newer")),
                             record_write_of("05908", 9, false),
                             group_of(0, 0),
                             receipt_of(6),
                             {.type = WRITE_QUARANTINE, .as.quarantine = {1, 1, 0}}};
    T_EQ(log_db_write(log_db, writes, 5, &err), 0);
    struct log_head head;
    struct record_id id = {0};
    struct group group;
    struct receipt receipt = writes[3].as.receipt;
    T_OK(view.head(view.store, 1, &head) && bytes_equal(head.note, BYTES_LIT("newer")));
    T_OK(view.waiting(view.store, &id, &id) && id.id[15] == 3);
    T_OK(!view.group(view.store, "T1/n", 2026, "05908-012", &group));
    T_OK(view.receipt(view.store, &receipt.origin, &receipt.holder, &receipt));
    T_EQ(receipt.size, 6);
    struct write again[] = {group_of(1, 1), {.type = WRITE_RECOUNT, .as.recount = "T1/n"}};
    T_EQ(log_db_write(log_db, again, 2, &err), 0);
    T_OK(!view.group(view.store, "T1/n", 2026, "05908-012", &group));
    T_EQ(view.total(view.store, "T1/n", 2026, &receipt.origin.office), 0);
    T_EQ(log_db_commit(log_db, &err), 0);
}

struct seen {
    size_t count, most;
    struct log_segment segments[8];
    struct log_entry entries[8]; // Their bytes are gone
    struct record_id ids[8];
    struct log_db *log_db;
    bool is_right;
};

static bool
see_segment(void *context, const struct log_segment *segment)
{
    struct seen *seen = context;
    seen->segments[seen->count++] = *segment;
    return seen->count != seen->most;
}

TEST(log_db, notes_a_segment_for_each_log_and_transaction)
{
    OWNED(log_db_destroy) struct log_db *log_db = opened(path_new());
    struct write first[] = {entry_of(5, 0, 1), entry_of(2, 7, 1), entry_of(5, 1, 1),
                            entry_of(5, 9, 1), entry_of(5, 10, 1)}; // A gap: two segments
    struct write next[] = {entry_of(5, 2, 1)};
    uint64_t position = 0;
    T_EQ(committed(log_db, first, 5), 0);
    T_EQ(committed(log_db, NULL, 0), 0);
    T_EQ(committed(log_db, next, 1), 0);
    T_EQ(log_db_position(log_db, &position, &err), 0);
    T_EQ(position, 4);
    struct seen seen = {0};
    T_EQ(log_db_segments(log_db, 0, see_segment, &seen, &err), 0);
    T_EQ(seen.count, 4);
    T_OK(seen.segments[0].log == 5 && seen.segments[0].first == 0 && seen.segments[0].count == 2);
    T_OK(seen.segments[1].log == 2 && seen.segments[1].first == 7 && seen.segments[1].count == 1);
    T_OK(seen.segments[2].first == 9 && seen.segments[2].count == 2);
    T_OK(seen.segments[3].first == 2 && seen.segments[3].position == 4);
    seen = (struct seen){.most = 1};
    T_EQ(log_db_segments(log_db, 2, see_segment, &seen, &err), 0);
    T_OK(seen.count == 1 && seen.segments[0].position == 3);
}

static bool
see_entry(void *context, const struct log_entry *entry)
{
    struct seen *seen = context;
    struct view view = log_db_view(seen->log_db);
    struct bytes stub, body; // A callback may look around
    seen->is_right = view.entry(view.store, entry->log, entry->seq, &stub, &body) &&
                     bytes_equal(stub, entry->stub) && bytes_equal(body, entry->body);
    seen->entries[seen->count++] = *entry;
    return seen->is_right;
}

static bool
see_record(void *context, const struct log_record *record)
{
    struct seen *seen = context;
    seen->is_right = bytes_equal(record->row, BYTES_LIT("row"));
    seen->ids[seen->count++] = record->id;
    return true;
}

static bool
see_quarantine(void *context, const struct log_quarantine *quarantine)
{
    struct seen *seen = context;
    seen->count++;
    seen->is_right = quarantine->log == 1 && quarantine->seq == 1 && quarantine->code == ERR_CANON;
    return true;
}

static bool
see_receipt(void *context, const struct receipt *receipt)
{
    struct seen *seen = context;
    seen->count++;
    seen->is_right = receipt->size == 1 && receipt->signature[63] == 3;
    return true;
}

static bool
see_evidence(void *context, const struct log_evidence *evidence)
{
    struct seen *seen = context;
    seen->count++;
    seen->is_right = evidence->code == ERR_FORK && evidence->origin.epoch == 4 &&
                     strcmp(evidence->from.code, "19") == 0 &&
                     bytes_equal(evidence->what, BYTES_LIT("proof"));
    return true;
}

TEST(log_db, lists_what_it_holds)
{
    OWNED(log_db_destroy) struct log_db *log_db = opened(path_new());
    T_EQ(log_db_begin(log_db, &err), 0);
    T_EQ(everything(log_db), 0);
    T_EQ(log_db_commit(log_db, &err), 0);
    struct seen seen = {.log_db = log_db};
    T_EQ(log_db_entries(log_db, 1, 0, see_entry, &seen, &err), 0);
    T_OK(seen.count == 2 && seen.is_right && seen.entries[1].seq == 1);
    T_EQ(log_db_entries(log_db, 1, 2, see_entry, &seen, &err), 0);
    T_EQ(log_db_entries(log_db, 1, UINT64_MAX, see_entry, &seen, &err), 0);
    T_EQ(seen.count, 2);
    struct record_id none = {0};
    seen = (struct seen){0};
    T_EQ(log_db_records(log_db, &none, see_record, &seen, &err), 0);
    T_OK(seen.count == 3 && seen.is_right);
    T_TEXT(seen.ids[0].creator.code, "05908");
    struct record_id middle = seen.ids[1];
    seen = (struct seen){0};
    T_EQ(log_db_records(log_db, &middle, see_record, &seen, &err), 0);
    T_OK(seen.count == 1 && seen.ids[0].id[15] == 3);
    seen = (struct seen){0};
    T_EQ(log_db_quarantined(log_db, see_quarantine, &seen, &err), 0);
    T_OK(seen.count == 1 && seen.is_right);
    T_EQ(log_db_receipts(log_db, see_receipt, &seen, &err), 0);
    T_OK(seen.count == 2 && seen.is_right);
    T_EQ(log_db_evidence(log_db, see_evidence, &seen, &err), 0);
    T_OK(seen.count == 3 && seen.is_right);
    uint64_t count = 0;
    T_EQ(log_db_evidence_count(log_db, &count, &err), 0);
    T_EQ(count, 1);
}

TEST(log_db, keeps_named_values_and_invitations)
{
    const char *path = path_new();
    OWNED(log_db_destroy) struct log_db *log_db = opened(path);
    OWNED(buf_release) struct buf value = {0};
    struct invite invite = {{1, 2, 3}, {"05908"}, 1780000000, false}, found;
    T_EQ(log_db_meta_get(log_db, "clock", &value, &err), ERR_NOTFOUND);
    T_EQ(log_db_meta_set(log_db, "clock", BYTES_LIT("a\0b"), &err), 0);
    T_EQ(log_db_meta_set(log_db, "empty", (struct bytes){0}, &err), 0);
    T_EQ(log_db_begin(log_db, &err), 0);
    T_EQ(log_db_meta_set(log_db, "clock", BYTES_LIT("gone"), &err), 0);
    log_db_rollback(log_db);
    T_EQ(log_db_invite_find(log_db, invite.id, &found, &err), ERR_NOTFOUND);
    T_EQ(log_db_invite_use(log_db, invite.id, &err), ERR_TOKEN);
    T_EQ(log_db_invite_put(log_db, &invite, &err), 0);
    T_EQ(log_db_invite_use(log_db, invite.id, &err), 0);
    T_EQ(log_db_begin(log_db, &err), 0);
    T_EQ(log_db_invite_use(log_db, invite.id, &err), ERR_TOKEN);
    log_db_destroy(&log_db);
    log_db = opened(path);
    T_EQ(log_db_meta_get(log_db, "clock", &value, &err), 0);
    T_OK(bytes_equal(buf_bytes(&value), BYTES_LIT("a\0b")));
    T_EQ(log_db_meta_get(log_db, "empty", &value, &err), 0);
    T_EQ(value.size, 0);
    T_EQ(log_db_invite_find(log_db, invite.id, &found, &err), 0);
    T_OK(found.is_used && found.expires == invite.expires && found.id[2] == 3);
    T_TEXT(found.office.code, "05908");
}

// In another process: 0 when log 0 holds exactly `want` entries, before and after `say` and `wait`.
static int
reader_run(const char *path, seq_t want, int say, int wait)
{
    struct log_db *log_db = NULL;
    struct bytes stub, body;
    char byte = 'x';
    if (log_db_open_ro(path, &log_db, &err) != 0 || log_db_begin(log_db, &err) != 0)
        return 1;
    struct view view = log_db_view(log_db);
    if (write(say, &byte, 1) != 1 || read(wait, &byte, 1) != 1)
        return 2;
    if (view.entry(view.store, 0, want, &stub, &body)) // The snapshot does not move
        return 3;
    if (log_db_commit(log_db, &err) != 0 || !view.entry(view.store, 0, want, &stub, &body))
        return 4;
    log_db_destroy(&log_db);
    return 0;
}

TEST(log_db, lets_another_process_read_while_it_writes)
{
    const char *path = path_new();
    OWNED(log_db_destroy) struct log_db *log_db = opened(path);
    struct write writes[] = {entry_of(0, 0, 1), entry_of(0, 1, 1)};
    T_EQ(committed(log_db, writes, 1), 0);
    int up[2], down[2], status = -1;
    T_OK(pipe(up) == 0 && pipe(down) == 0);
    log_db_destroy(&log_db); // A connection must not be carried across fork
    pid_t child = fork();
    if (child == 0)
        _exit(reader_run(path, 1, up[1], down[0]));
    char byte;
    log_db = opened(path);
    T_EQ(read(up[0], &byte, 1), 1);
    T_EQ(committed(log_db, &writes[1], 1), 0);
    log_db_idle(log_db); // With a reader in the way: no wait, no harm
    T_EQ(write(down[1], "y", 1), 1);
    T_EQ(waitpid(child, &status, 0), child);
    T_EQ(status, 0);
    for (int i = 0; i < 2; i++)
        (void)close(up[i]), (void)close(down[i]);
}

TEST(log_db, says_busy_to_a_second_writer)
{
    const char *path = path_new();
    OWNED(log_db_destroy) struct log_db *log_db = opened(path);
    OWNED(sql_close) sqlite3 *other = NULL;
    T_EQ(sql_open(path, &(struct sql_options){.file_mode = 0600}, &other, &err), 0);
    T_EQ(log_db_begin(log_db, &err), 0);
    T_EQ(sql_exec(other, "BEGIN IMMEDIATE", &err), ERR_BUSY);
}

static sqlite3 *caught;

// SQLite calls this for each new connection: the way to the one inside a log_db.
static int
catch_connection(sqlite3 *db, const char **message, const void *api)
{
    (void)message;
    (void)api;
    caught = db;
    return SQLITE_OK;
}

TEST(log_db, survives_a_full_disk)
{
    const char *path = path_new();
    (void)sqlite3_auto_extension((void (*)(void))catch_connection);
    OWNED(log_db_destroy) struct log_db *log_db = opened(path);
    sqlite3_reset_auto_extension();
    struct write small = entry_of(0, 0, KIND_RECORD);
    T_EQ(committed(log_db, &small, 1), 0);
    T_EQ(sqlite3_exec(caught, "PRAGMA max_page_count = 30", NULL, NULL, NULL), SQLITE_OK);
    static uint8_t body[60000];
    seq_t seq = 1;
    int rc = 0;
    while (rc == 0 && seq < 100) {
        struct write large = entry_of(0, seq, KIND_REGISTRY);
        large.as.entry.body = BYTES(body, sizeof body);
        rc = committed(log_db, &large, 1);
        seq += rc == 0;
    }
    T_EQ(rc, ERR_FULL);
    struct view view = log_db_view(log_db);
    struct bytes stub, all;
    T_OK(view.entry(view.store, 0, seq - 1, &stub, &all));
    T_OK(!view.entry(view.store, 0, seq, &stub, &all));
    T_OK(is_sound(path));
    T_EQ(sqlite3_exec(caught, "PRAGMA max_page_count = 1000", NULL, NULL, NULL), SQLITE_OK);
    small.as.entry.seq = seq; // Somebody made room: it goes on where it stopped
    T_EQ(committed(log_db, &small, 1), 0);
    T_OK(view.entry(view.store, 0, seq, &stub, &all));
    uint64_t position = 0;
    T_EQ(log_db_position(log_db, &position, &err), 0);
    T_EQ(position, seq + 1);
}

TEST(log_db, says_why_it_cannot_open)
{
    struct log_db *log_db = NULL;
    const char *folder = t_folder();
    char path[4300];
    (void)snprintf(path, sizeof path, "%s/absent/log.db", folder);
    T_EQ(log_db_open(path, &log_db, &err), ERR_READONLY);
    T_EQ(log_db_open(folder, &log_db, &err), ERR_READONLY);
    T_EQ(log_db_open_ro(path, &log_db, &err), ERR_NOTFOUND);
    (void)snprintf(path, sizeof path, "%s/other.db", folder);
    T_EQ(shell(path, "CREATE TABLE town (name TEXT)"), SQLITE_OK);
    T_EQ(log_db_open(path, &log_db, &err), ERR_HOME);
    (void)snprintf(path, sizeof path, "%s/noise.db", folder);
    FILE *file = fopen(path, "w");
    T_OK(file != NULL);
    for (int i = 0; i < 4096; i++)
        (void)fputc('a' + i % 20, file);
    T_EQ(fclose(file), 0);
    T_EQ(log_db_open(path, &log_db, &err), ERR_CORRUPT);
    (void)snprintf(path, sizeof path, "%s/log.db", folder);
    log_db = opened(path);
    log_db_destroy(&log_db);
    T_EQ(shell(path, "PRAGMA user_version = 2"), SQLITE_OK);
    T_EQ(log_db_open(path, &log_db, &err), ERR_VERSION);
    T_OK(log_db == NULL);
    log_db_destroy(&log_db);
}

TEST(log_db, belongs_to_its_owner_alone)
{
    const char *path = path_new();
    char wal[4310];
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    mode_t before = umask(0);
    OWNED(log_db_destroy) struct log_db *log_db = opened(path);
    T_EQ(committed(log_db, NULL, 0), 0);
    (void)umask(before);
    struct stat stat_db, stat_wal;
    T_OK(stat(path, &stat_db) == 0 && stat(wal, &stat_wal) == 0);
    T_EQ(stat_db.st_mode & 0777, 0600);
    T_EQ(stat_wal.st_mode & 0777, 0600);
}

TEST(log_db, tells_the_next_writer_what_a_view_met)
{
    const char *path = path_new();
    OWNED(log_db_destroy) struct log_db *log_db = opened(path);
    struct view view = log_db_view(log_db);
    T_EQ(log_db_begin(log_db, &err), 0);
    T_EQ(everything(log_db), 0);
    T_EQ(log_db_commit(log_db, &err), 0);
    T_EQ(shell(path, "UPDATE tile SET hashes = x'00'"), SQLITE_OK);
    struct bytes bytes;
    T_OK(!view.tile(view.store, 1, 1, 9, &bytes));
    T_EQ(log_db_begin(log_db, &err), ERR_CORRUPT);
    T_EQ(log_db_begin(log_db, &err), 0); // Told once
    struct write write = entry_of(7, 0, KIND_RECORD);
    T_EQ(log_db_write(log_db, &write, 1, &err), 0);
    T_OK(!view.tile(view.store, 1, 1, 9, &bytes));
    T_EQ(log_db_commit(log_db, &err), ERR_CORRUPT);
    T_OK(!view.entry(view.store, 7, 0, &bytes, &bytes));
}

TEST(log_db, moves_the_wal_into_the_file_when_idle)
{
    const char *path = path_new();
    OWNED(log_db_destroy) struct log_db *log_db = opened(path);
    struct stat before, after;
    T_OK(stat(path, &before) == 0);
    T_EQ(log_db_begin(log_db, &err), 0);
    T_EQ(everything(log_db), 0);
    log_db_idle(log_db); // Not within a transaction
    T_EQ(log_db_commit(log_db, &err), 0);
    T_OK(log_db_wal_pages(log_db) > 0);
    log_db_idle(log_db);
    T_EQ(log_db_wal_pages(log_db), 0);
    T_OK(stat(path, &after) == 0 && after.st_size >= before.st_size);
    view_has_everything(log_db);
}

// Commit one entry after the other, and say so each time, until killed.
static void
writer_run(const char *path, int say)
{
    struct log_db *log_db = NULL;
    if (log_db_open(path, &log_db, &err) != 0)
        _exit(1);
    for (seq_t seq = 0;; seq++) {
        struct write writes[] = {entry_of(0, seq, KIND_REGISTRY),
                                 head_of(0, seq + 1, BYTES("", 0))};
        if (committed(log_db, writes, 2) != 0 || write(say, &seq, sizeof seq) != sizeof seq)
            _exit(2);
        if (seq % 16 == 0)
            log_db_idle(log_db);
    }
}

TEST(log_db, has_what_a_killed_process_said_was_committed)
{
    const char *path = path_new();
    int pipes[2], status;
    seq_t said = 0, next;
    T_EQ(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0)
        writer_run(path, pipes[1]);
    (void)close(pipes[1]);
    while (said < 60 && read(pipes[0], &next, sizeof next) == sizeof next)
        said = next;
    T_EQ(kill(child, SIGKILL), 0);
    T_EQ(waitpid(child, &status, 0), child);
    while (read(pipes[0], &next, sizeof next) == sizeof next)
        said = next;
    (void)close(pipes[0]);
    T_OK(said >= 60);
    OWNED(log_db_destroy) struct log_db *log_db = opened(path);
    struct view view = log_db_view(log_db);
    struct log_head head;
    struct bytes stub, body;
    uint64_t position = 0;
    T_OK(view.head(view.store, 0, &head) && head.size >= said + 1);
    for (seq_t seq = 0; seq < head.size; seq++)
        T_OK(view.entry(view.store, 0, seq, &stub, &body));
    T_OK(!view.entry(view.store, 0, head.size, &stub, &body));
    T_EQ(log_db_position(log_db, &position, &err), 0);
    T_EQ(position, head.size);
    T_OK(is_sound(path));
}

TEST(sql, translates_what_the_disk_says)
{
    T_EQ(sql_code(SQLITE_OK, 0), 0);
    T_EQ(sql_code(SQLITE_FULL, 0), ERR_FULL);
    T_EQ(sql_code(SQLITE_IOERR_SHMSIZE, ENOSPC), ERR_FULL);
    T_EQ(sql_code(SQLITE_IOERR_FSYNC, EIO), ERR_IO);
    T_EQ(sql_code(SQLITE_READONLY_DBMOVED, 0), ERR_READONLY);
    T_EQ(sql_code(SQLITE_CANTOPEN, ENOENT), ERR_READONLY);
    T_EQ(sql_code(SQLITE_BUSY_SNAPSHOT, 0), ERR_BUSY);
    T_EQ(sql_code(SQLITE_LOCKED, 0), ERR_BUSY);
    T_EQ(sql_code(SQLITE_NOTADB, 0), ERR_CORRUPT);
    T_EQ(sql_code(SQLITE_CORRUPT_INDEX, 0), ERR_CORRUPT);
    T_EQ(sql_code(SQLITE_CONSTRAINT_PRIMARYKEY, 0), ERR_BUG);
}
