// What a person asks first: is it saved, has it arrived, what is it waiting for. And the figures.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>

#include "base/date.h"
#include "cli.h"
#include "cli_table.h"

enum {
    CHILDREN_SHOWN = 4, // One line of a screen
    SYNC_PAUSE_MS = 200,
    SYNC_TIMEOUT_S = 60,
    WATCH_PAUSE_MS = 1000,
    ANCESTORS_MAX = 8,
};

static void
pause_ms(long size_ms)
{
    struct timespec pause = {.tv_sec = size_ms / 1000, .tv_nsec = size_ms % 1000 * 1000000};
    (void)nanosleep(&pause, NULL);
}

static int64_t
now_ms(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
status_ask(const struct cli *self, json_t **ret_status, struct err *reterr)
{
    return cli_ask(self, json_pack("{s:s}", "verb", "status"), ret_status, reterr);
}

// The entries that `office` has signed a receipt for; -1 without one.
static int64_t
held_by(const json_t *status, const char *office)
{
    size_t i = 0;
    json_t *held = NULL;
    json_array_foreach(json_object_get(status, "held"), i,
                       held) if (strcmp(answer_text(held, "holder"), office) ==
                                 0) return answer_number(held, "size");
    return -1;
}

// --- status --------------------------------------------------------------------------------------

static void
saved_print(const struct cli *self, const json_t *status)
{
    cli_say(
        self, "Đã lưu     %" PRId64 " mục tại máy này: %s %s%s\n",
        "Saved      %" PRId64 " entries on this machine: %s %s%s\n", answer_number(status, "saved"),
        answer_text(status, "office"), answer_text(status, "name"),
        answer_bool(status, "running") ? "" : cli_text(self, " (không chạy)", " (not running)"));
}

static void
sent_print(const struct cli *self, const json_t *status)
{
    OWNED(buf_release) struct buf line = {0};
    int64_t saved = answer_number(status, "saved"), most = 0;
    size_t i = 0;
    json_t *held = NULL;
    if (answer_text(status, "parent")[0] == '\0') {
        cli_say(self, "Đã gửi     đây là cấp cao nhất\n",
                "Sent       this is the highest office\n");
        return;
    }
    buf_print(&line, "%" PRId64, answer_number(status, "sent"));
    json_array_foreach(json_object_get(status, "held"), i, held)
    {
        char when[WALL_TEXT_MAX + 1];
        int64_t size = answer_number(held, "size");
        (void)wall_text(answer_number(held, "time") * 1000, when); // A receipt counts seconds
        most = size > most ? size : most;
        buf_print(&line, "; %s %s %" PRId64, answer_text(held, "holder"),
                  cli_text(self, "đã giữ", "holds"), size);
        if (answer_number(held, "time") > 0) // Else it never gave a receipt
            buf_print(&line, " (%s)", when);
    }
    if (saved > most)
        buf_print(&line, "; %s %" PRId64,
                  cli_text(self, "chỉ có ở máy này", "on this machine alone"), saved - most);
    cli_say(self, "Đã gửi     %s\n", "Sent       %s\n", buf_text(&line));
}

// The longest silent first. qsort wants the pointers' pointers.
static int
by_moved(const void *a, const void *b)
{
    int64_t left = answer_number(*(json_t *const *)a, "moved_at");
    int64_t right = answer_number(*(json_t *const *)b, "moved_at");
    return (left > right) - (left < right);
}

static void
child_add(const struct cli *self, const json_t *child, struct buf *line)
{
    char when[WALL_TEXT_MAX + 1];
    int64_t moved_at = answer_number(child, "moved_at");
    (void)wall_text(moved_at, when);
    buf_print(line, "; %s %s %s", answer_text(child, "office"), answer_text(child, "name"),
              moved_at == 0 ? cli_text(self, "chưa có tin", "nothing yet") : when);
}

static void
children_print(const struct cli *self, const json_t *status)
{
    OWNED(buf_release) struct buf line = {0};
    const json_t *children = json_object_get(status, "children");
    size_t total = json_array_size(children), count = 0, i = 0;
    json_t **sorted = mem_new((total + 1) * sizeof(void *)), *child = NULL;
    json_array_foreach(children, i, child) if (!answer_bool(child, "hosted")) sorted[count++] =
        child;
    qsort(sorted, count, sizeof(void *), by_moved);
    for (i = 0; i < count && i < CHILDREN_SHOWN; i++)
        child_add(self, sorted[i], &line);
    if (count > CHILDREN_SHOWN)
        buf_print(&line, "; +%zu", count - CHILDREN_SHOWN);
    free(sorted);
    if (total == 0)
        cli_say(self, "Cấp dưới   không có\n", "Below      none\n");
    else
        cli_say(self, "Cấp dưới   %zu đơn vị, %zu có máy riêng%s\n",
                "Below      %zu offices, %zu with a machine%s\n", total, count, buf_text(&line));
}

static bool
has_open_link(const json_t *status)
{
    size_t i = 0;
    json_t *link = NULL;
    json_array_foreach(json_object_get(status, "links"), i,
                       link) if (answer_bool(link, "up") &&
                                 strcmp(answer_text(link, "state"), "open") == 0) return true;
    return false;
}

static void
reason_add(const struct cli *self, struct buf *line, int64_t count, const char *vi, const char *en)
{
    if (count > 0)
        buf_print(line, "%s%" PRId64 " %s", line->size > 0 ? "; " : "", count,
                  cli_text(self, vi, en));
}

static void
waiting_print(const struct cli *self, const json_t *status)
{
    OWNED(buf_release) struct buf line = {0};
    const char *parent = answer_text(status, "parent");
    int64_t held = held_by(status, parent), outbox = answer_number(status, "outbox");
    int64_t lacking = answer_number(status, "saved") - (held > 0 ? held : 0);
    bool is_running = answer_bool(status, "running");
    if (!is_running)
        reason_add(self, &line, outbox, "dòng vừa ghi chưa vào nhật ký: đơn vị không chạy",
                   "rows not in the log yet: the node does not run");
    else if (answer_bool(status, "locked"))
        reason_add(self, &line, outbox, "dòng vừa ghi: chương trình khác đang giữ office.db",
                   "rows just written: another program holds office.db");
    else
        reason_add(self, &line, outbox, "dòng vừa ghi đang vào nhật ký",
                   "rows just written are going into the log");
    if (parent[0] != '\0' && !is_running)
        reason_add(self, &line, lacking, "mục chưa tới cấp trên: đơn vị không chạy",
                   "entries not with the parent: the node does not run");
    else if (parent[0] != '\0' && !has_open_link(status))
        reason_add(self, &line, lacking, "mục chưa tới cấp trên: chưa nối được",
                   "entries not with the parent: no link");
    else if (parent[0] != '\0')
        reason_add(self, &line, lacking, "mục đang gửi", "entries on their way");
    reason_add(self, &line, answer_number(status, "refused"), "dòng bị từ chối (bảng _refused)",
               "rows refused (table _refused)");
    reason_add(self, &line, answer_number(status, "conflicts"),
               "mâu thuẫn cần người quyết (bảng _conflict)",
               "conflicts for a person to settle (table _conflict)");
    reason_add(self, &line, answer_number(status, "quarantine"), "mục chờ đủ điều kiện",
               "entries held back");
    reason_add(self, &line, answer_number(status, "evidence"),
               "bằng chứng sai phạm (lienthong doctor)", "proofs of misconduct (lienthong doctor)");
    cli_say(self, "Đang chờ   %s\n", "Waiting    %s\n",
            line.size > 0 ? buf_text(&line) : cli_text(self, "không có gì", "for nothing"));
}

static void
means_print(const struct cli *self, const json_t *status)
{
    struct statvfs disk;
    double free_gb = 0;
    if (statvfs(self->home, &disk) == 0)
        free_gb = (double)disk.f_bavail * (double)disk.f_frsize / 1e9;
    cli_say(self, "Biểu mẫu   %" PRId64 " loại; ổ đĩa còn %.1f GB\n",
            "Forms      %" PRId64 " types; %.1f GB of disk are free\n",
            answer_number(status, "types"), free_gb);
}

int
cli_status(struct cli *self, struct err *reterr)
{
    OWNED(json_decrefp) json_t *status = NULL;
    int code = status_ask(self, &status, reterr);
    if (code != 0 || cli_answered(self, status))
        return code;
    saved_print(self, status);
    sent_print(self, status);
    children_print(self, status);
    waiting_print(self, status);
    means_print(self, status);
    return 0;
}

// --- sync ----------------------------------------------------------------------------------------

struct ancestors {
    size_t count;
    struct office offices[ANCESTORS_MAX]; // The nearest first
};

static const char *
parent_in(const json_t *list, const char *code)
{
    size_t i = 0;
    json_t *office = NULL;
    json_array_foreach(list, i, office) if (strcmp(answer_text(office, "code"), code) ==
                                            0) return answer_text(office, "parent");
    return "";
}

// Everybody above, by the list of offices; at least the parent, when the list has not come yet.
static int
ancestors_ask(const struct cli *self, struct ancestors *ret_ancestors, struct err *reterr)
{
    OWNED(json_decrefp) json_t *status = NULL, *answer = NULL;
    int code = status_ask(self, &status, reterr);
    if (code == 0)
        code = cli_ask(self, json_pack("{s:s}", "verb", "office_list"), &answer, reterr);
    if (code != 0)
        return code;
    const json_t *list = json_object_get(answer, "offices");
    const char *above = answer_text(status, "parent");
    ret_ancestors->count = 0;
    while (ret_ancestors->count < ANCESTORS_MAX &&
           office_parse(bytes_of(above), &ret_ancestors->offices[ret_ancestors->count])) {
        ret_ancestors->count++;
        above = parent_in(list, above);
    }
    return 0;
}

static bool
is_synced(const json_t *status, const struct ancestors *ancestors)
{
    if (answer_number(status, "outbox") > 0)
        return false;
    for (size_t i = 0; i < ancestors->count; i++)
        if (held_by(status, ancestors->offices[i].code) < answer_number(status, "saved"))
            return false;
    return true;
}

static int
sync_fail(const json_t *status, const struct ancestors *ancestors, struct err *reterr)
{
    OWNED(buf_release) struct buf line = {0};
    for (size_t i = 0; i < ancestors->count; i++) {
        int64_t held = held_by(status, ancestors->offices[i].code);
        buf_print(&line, ", %s: %" PRId64, ancestors->offices[i].code, held > 0 ? held : 0);
    }
    return err_set(reterr, ERR_WAITING, "đã lưu %" PRId64 ", chờ vào nhật ký %" PRId64 "%s",
                   "saved %" PRId64 ", not in the log yet %" PRId64 "%s",
                   answer_number(status, "saved"), answer_number(status, "outbox"),
                   buf_text(&line));
}

int
cli_sync(struct cli *self, struct err *reterr)
{
    struct ancestors ancestors;
    int64_t timeout_s = 0, begun_ms = now_ms();
    bool is_waiting = cli_option(self, "--wait") != NULL;
    int code = cli_number(self, "--timeout", SYNC_TIMEOUT_S, 0, 86400, &timeout_s, reterr);
    if (code == 0)
        code = ancestors_ask(self, &ancestors, reterr);
    while (code == 0) {
        OWNED(json_decrefp) json_t *status = NULL;
        code = status_ask(self, &status, reterr);
        if (code == 0 && is_synced(status, &ancestors)) {
            OWNED(json_decrefp)
            json_t *json = json_pack(
                "{s:I, s:i, s:I}", "saved", (json_int_t)answer_number(status, "saved"), "holders",
                (int)ancestors.count, "took_ms", (json_int_t)(now_ms() - begun_ms));
            if (!cli_answered(self, json))
                cli_say(self, "%" PRId64 " mục: mọi cấp trên (%zu) đã giữ đủ\n",
                        "%" PRId64 " entries: every office above (%zu) holds them\n",
                        answer_number(status, "saved"), ancestors.count);
            return 0;
        }
        if (code == 0 && (!is_waiting || now_ms() - begun_ms >= timeout_s * 1000))
            code = sync_fail(status, &ancestors, reterr);
        if (code == 0)
            pause_ms(SYNC_PAUSE_MS);
    }
    return code;
}

// --- rollup --------------------------------------------------------------------------------------

static void
percent_text(const json_t *figure, char *ret_text, size_t room, enum lang lang)
{
    const json_t *tenths = json_object_get(figure, "percent_tenths");
    int64_t value = json_integer_value(tenths);
    if (!json_is_integer(tenths))
        (void)snprintf(ret_text, room, "-");
    else
        (void)snprintf(ret_text, room, "%" PRId64 "%c%" PRId64 "%%", value / 10,
                       lang == LANG_VI ? ',' : '.', value % 10);
}

static const char *
meets_text(const struct cli *self, const json_t *figure)
{
    const json_t *meets = json_object_get(figure, "meets");
    if (!json_is_boolean(meets) && !json_is_integer(meets))
        return "-";
    bool is_met = json_is_true(meets) || json_integer_value(meets) == 1;
    return is_met ? cli_text(self, "đạt", "met") : cli_text(self, "chưa đạt", "not met");
}

static void
figures_print(const struct cli *self, const json_t *rollup)
{
    OWNED(table_release) struct table table = {.columns = 7, .right = 1 << 2 | 1 << 3 | 1 << 4};
    const char *const heads[] = {
        cli_text(self, "Mã", "Code"),        cli_text(self, "Đơn vị", "Office"),
        cli_text(self, "Tử số", "Of these"), cli_text(self, "Mẫu số", "Out of"),
        cli_text(self, "Tỷ lệ", "Share"),    cli_text(self, "Chỉ tiêu", "Target"),
        cli_text(self, "Đã có tin", "Heard")};
    for (size_t i = 0; i < table.columns; i++)
        table_add(&table, heads[i]);
    size_t i = 0;
    json_t *figure = NULL;
    json_array_foreach(json_object_get(rollup, "figures"), i, figure)
    {
        char percent[32], heard[48];
        percent_text(figure, percent, sizeof percent, self->lang);
        (void)snprintf(heard, sizeof heard, "%" PRId64 "/%" PRId64, answer_number(figure, "heard"),
                       answer_number(figure, "expected"));
        table_add(&table, answer_text(figure, "office"));
        table_add(&table, answer_text(figure, "name"));
        table_add_int(&table, answer_number(figure, "numerator"));
        table_add_int(&table, answer_number(figure, "denominator"));
        table_add(&table, percent);
        table_add(&table, meets_text(self, figure));
        table_add(&table, heard);
    }
    table_print(&table);
}

// A period is a text or the number of a year.
static void
period_add(const json_t *period, struct buf *line)
{
    if (json_integer_value(period) != 0) // 0: the indicator has none
        buf_print(line, "%" PRId64 ", ", (int64_t)json_integer_value(period));
}

static bool
rollups_print(const struct cli *self, const json_t *answer)
{
    bool agrees = true;
    size_t i = 0;
    json_t *rollup = NULL;
    json_array_foreach(json_object_get(answer, "rollups"), i, rollup)
    {
        OWNED(buf_release) struct buf period = {0};
        char when[WALL_TEXT_MAX + 1];
        const json_t *recount = json_object_get(rollup, "recount_agrees");
        (void)wall_text(answer_number(rollup, "as_of"), when);
        period_add(json_object_get(rollup, "period"), &period);
        cli_say(self, "%s%s  %s\n%stính đến %s\n", "%s%s  %s\n%sas of %s\n", i > 0 ? "\n" : "",
                answer_text(rollup, "indicator"),
                answer_text(json_object_get(rollup, "label"), self->lang == LANG_VI ? "vi" : "en"),
                buf_text(&period), when);
        if (!self->is_json)
            figures_print(self, rollup);
        if (json_is_boolean(recount)) {
            agrees &= json_is_true(recount);
            cli_say(self, "đếm lại từ đầu: %s\n", "counted anew: %s\n",
                    json_is_true(recount) ? cli_text(self, "khớp", "the same")
                                          : cli_text(self, "KHÔNG KHỚP", "NOT THE SAME"));
        }
    }
    return agrees;
}

static int
rollup_ask(const struct cli *self, json_t **ret_answer, struct err *reterr)
{
    const char *by = cli_option(self, "--by");
    int64_t year = 0;
    int code = cli_number(self, "--year", 0, 2000, 9999, &year, reterr);
    if (code != 0)
        return code;
    if (by != NULL && strcmp(by, "area") != 0 && strcmp(by, "commune") != 0 &&
        strcmp(by, "province") != 0)
        return err_set(reterr, ERR_USAGE, "--by '%s': cần area, commune hay province",
                       "--by '%s': area, commune or province is wanted", by);
    json_t *request =
        json_pack("{s:s, s:b}", "verb", "rollup", "recount", cli_option(self, "--recount") != NULL);
    if (self->count > 0)
        (void)json_object_set_new(request, "indicator", json_string(self->args[0]));
    if (by != NULL)
        (void)json_object_set_new(request, "by", json_string(by));
    if (year != 0)
        (void)json_object_set_new(request, "year", json_integer(year));
    return cli_ask(self, request, ret_answer, reterr);
}

// True when the figures are those shown last; as_of moves without them.
static bool
is_same(const json_t *before, const json_t *answer)
{
    const json_t *old = json_object_get(before, "rollups"),
                 *new = json_object_get(answer, "rollups");
    if (before == NULL || json_array_size(old) != json_array_size(new))
        return false;
    for (size_t i = 0; i < json_array_size(new); i++)
        if (!json_equal(json_object_get(json_array_get(old, i), "figures"),
                        json_object_get(json_array_get(new, i), "figures")))
            return false;
    return true;
}

int
cli_rollup(struct cli *self, struct err *reterr)
{
    OWNED(json_decrefp) json_t *before = NULL;
    bool agrees = true, is_watching = cli_option(self, "--watch") != NULL;
    do {
        OWNED(json_decrefp) json_t *answer = NULL;
        int code = rollup_ask(self, &answer, reterr);
        if (code != 0)
            return code;
        if (!is_same(before, answer)) {
            agrees = rollups_print(self, answer);
            (void)cli_answered(self, answer);
            json_decref(before);
            before = json_incref(answer);
            if (fflush(stdout) != 0)
                return err_set(reterr, ERR_IO, "không ghi được kết quả", "cannot write the output");
        }
        if (is_watching)
            pause_ms(WATCH_PAUSE_MS);
    } while (is_watching);
    return agrees ? 0 : 1;
}
