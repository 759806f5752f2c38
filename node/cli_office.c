// Verbs about the office itself: making one, running it, whom it knows, what its log says.

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../proto/token.h"
#include "app/home.h"
#include "app/node.h"
#include "app/request.h"
#include "base/date.h"
#include "catalogue/csv.h"
#include "catalogue/offices.h"
#include "cli.h"
#include "cli_table.h"

enum {
    HOURS_DEFAULT = 72, // A letter reaches every commune in that time
    HOURS_MAX = 24 * 30,
    JOIN_TIMEOUT_S = 60,
    DEFINITION_FILE_MAX = 1 << 20,
    LOG_LIMIT = 50,
    LOG_LIMIT_MAX = 10000,
};

static int
office_arg(const char *text, struct office *ret_office, struct err *reterr)
{
    if (office_parse(bytes_of(text), ret_office))
        return 0;
    return err_set(reterr, ERR_ARG, "'%s' không phải mã đơn vị (19, 05908, 05908-012)",
                   "'%s' is no office code (19, 05908, 05908-012)", text);
}

// --- beginning -----------------------------------------------------------------------------------

int
cli_init(struct cli *self, struct err *reterr)
{
    struct office province;
    const char *name = cli_option(self, "--name");
    int code = office_arg(self->args[0], &province, reterr);
    if (code != 0)
        return code;
    if (name == NULL || name[0] == '\0')
        return err_set(reterr, ERR_USAGE, "cần tên đơn vị: --name \"Tỉnh Thái Nguyên\"",
                       "the office's name is wanted: --name \"Thái Nguyên\"");
    code = home_init(self->home, &province, name, cli_option(self, "--listen"), reterr);
    if (code != 0)
        return code;
    OWNED(json_decrefp)
    json_t *json =
        json_pack("{s:s, s:s, s:s}", "office", province.code, "name", name, "home", self->home);
    if (!cli_answered(self, json))
        cli_say(self, "đã tạo đơn vị %s (%s) tại %s\n", "office %s (%s) is made in %s\n",
                province.code, name, self->home);
    return 0;
}

static void
invitation_print(const struct cli *self, const json_t *answer)
{
    char until[WALL_TEXT_MAX + 1];
    (void)wall_text(answer_number(answer, "expires") * 1000, until); // Seconds, as in a token
    (void)printf("%s\n", answer_text(answer, "token"));
    // On stderr, so that `lienthong invite ... > thu-moi.txt` is the invitation and nothing else.
    cli_note(self, "thư mời cho %s, dùng một lần, đến %s; giữ kín như mật khẩu\n",
             "invitation for %s, good once, until %s; keep it like a password\n",
             answer_text(answer, "office"), until);
}

int
cli_invite(struct cli *self, struct err *reterr)
{
    struct office office;
    int64_t hours = 0;
    int code = office_arg(self->args[0], &office, reterr);
    if (code == 0)
        code = cli_number(self, "--hours", HOURS_DEFAULT, 1, HOURS_MAX, &hours, reterr);
    if (code != 0)
        return code;
    OWNED(json_decrefp) json_t *answer = NULL;
    json_t *request = json_pack("{s:s, s:s, s:I}", "verb", "invite", "office", office.code, "hours",
                                (json_int_t)hours);
    const char *name = cli_option(self, "--name");
    if (name != NULL)
        (void)json_object_set_new(request, "name", json_string(name));
    code = cli_ask(self, request, &answer, reterr);
    if (code == 0 && !cli_answered(self, answer))
        invitation_print(self, answer);
    return code;
}

// A token on the command line stays in the shell's history: "-" reads it from stdin.
static void
token_read(const char *word, char ret_text[TOKEN_TEXT_MAX + 2])
{
    ret_text[0] = '\0';
    if (strcmp(word, "-") != 0)
        (void)snprintf(ret_text, TOKEN_TEXT_MAX + 2, "%s", word);
    else if (fgets(ret_text, TOKEN_TEXT_MAX + 2, stdin) == NULL)
        ret_text[0] = '\0';
}

int
cli_join(struct cli *self, struct err *reterr)
{
    char text[TOKEN_TEXT_MAX + 2];
    int64_t timeout_s = 0;
    struct token token;
    int code = cli_number(self, "--timeout", JOIN_TIMEOUT_S, 1, 86400, &timeout_s, reterr);
    if (code != 0)
        return code;
    token_read(self->args[0], text);
    code = token_parse(bytes_of(text), &token, reterr);
    if (code == 0)
        code = home_join(self->home, text, cli_option(self, "--listen"), (int)timeout_s, reterr);
    if (code == 0) {
        OWNED(json_decrefp)
        json_t *json = json_pack("{s:s, s:s, s:s}", "office", token.office.code, "parent",
                                 token.parent.code, "home", self->home);
        if (!cli_answered(self, json))
            cli_say(self, "đã là đơn vị %s, dưới %s; chạy: lienthong run\n",
                    "this is office %s now, below %s; next: lienthong run\n", token.office.code,
                    token.parent.code);
    }
    token_wipe(&token);
    return code;
}

int
cli_node(struct cli *self, struct err *reterr)
{
    OWNED(buf_release) struct buf text = {0};
    char path[CLI_PATH_MAX];
    struct conf conf;
    (void)snprintf(path, sizeof path, "%s/lienthong.conf", self->home);
    int code = conf_load(path, &conf, reterr);
    if (code != 0)
        return code;
    if (cli_option(self, "-n") == NULL)
        return node_run(self->home, &conf, reterr);
    conf_print(&conf, &text);
    bool is_printed = cli_option(self, "-v") != NULL;
    OWNED(json_decrefp)
    json_t *json = json_pack("{s:s, s:b, s:s}", "path", path, "ok", true, "conf", buf_text(&text));
    if (cli_answered(self, json))
        return 0;
    if (is_printed)
        (void)fputs(buf_text(&text), stdout);
    else
        cli_say(self, "%s: cấu hình đúng\n", "%s: the configuration is valid\n", path);
    return 0;
}

// --- neighbours ----------------------------------------------------------------------------------

static const char *
state_name(const struct cli *self, const char *state)
{
    if (strcmp(state, "open") == 0)
        return cli_text(self, "đang nối", "connected");
    if (strcmp(state, "silent") == 0)
        return cli_text(self, "im lặng", "silent");
    return cli_text(self, "chưa nối", "not connected");
}

int
cli_peers(struct cli *self, struct err *reterr)
{
    OWNED(json_decrefp) json_t *answer = NULL;
    OWNED(table_release) struct table table = {.columns = 6, .right = 1 << 4 | 1 << 5};
    int code = cli_ask(self, json_pack("{s:s}", "verb", "peers"), &answer, reterr);
    if (code != 0 || cli_answered(self, answer))
        return code;
    const char *const heads[] = {cli_text(self, "Mã", "Code"),
                                 cli_text(self, "Tên", "Name"),
                                 cli_text(self, "Cấp phép", "Enrolled"),
                                 cli_text(self, "Liên lạc", "Link"),
                                 cli_text(self, "Nghe cách đây (giây)", "Heard (s ago)"),
                                 cli_text(self, "Số mục", "Entries")};
    for (size_t i = 0; i < table.columns; i++)
        table_add(&table, heads[i]);
    size_t i = 0;
    json_t *peer = NULL;
    json_array_foreach(json_object_get(answer, "peers"), i, peer)
    {
        bool has_heard = json_is_integer(json_object_get(peer, "heard_ms_ago"));
        bool is_hosted = answer_bool(peer, "hosted");
        table_add(&table, answer_text(peer, "office"));
        table_add(&table, answer_text(peer, "name"));
        table_add(&table, is_hosted ? cli_text(self, "không máy riêng", "hosted")
                          : answer_bool(peer, "certificate") ? cli_text(self, "có", "yes")
                                                             : cli_text(self, "chưa", "no"));
        table_add(&table, is_hosted ? "" : state_name(self, answer_text(peer, "state")));
        if (has_heard)
            table_add_int(&table, answer_number(peer, "heard_ms_ago") / 1000);
        else
            table_add(&table, "-");
        table_add_int(&table, answer_number(peer, "size"));
    }
    table_print(&table);
    return 0;
}

// --- the list of offices -------------------------------------------------------------------------

static int
office_list(struct cli *self, struct err *reterr)
{
    OWNED(json_decrefp) json_t *answer = NULL;
    OWNED(table_release) struct table table = {.columns = 4};
    int code = cli_ask(self, json_pack("{s:s}", "verb", "office_list"), &answer, reterr);
    if (code != 0 || cli_answered(self, answer))
        return code;
    table_add(&table, cli_text(self, "Mã", "Code"));
    table_add(&table, cli_text(self, "Tên", "Name"));
    table_add(&table, cli_text(self, "Cấp trên", "Parent"));
    table_add(&table, cli_text(self, "Máy riêng", "Own machine"));
    size_t i = 0;
    json_t *office = NULL;
    json_array_foreach(json_object_get(answer, "offices"), i, office)
    {
        table_add(&table, answer_text(office, "code"));
        table_add(&table, answer_text(office, "name"));
        table_add(&table, answer_text(office, "parent"));
        table_add(&table, answer_bool(office, "hosted") ? cli_text(self, "không", "no")
                                                        : cli_text(self, "có", "yes"));
    }
    table_print(&table);
    return 0;
}

static int
offices_send(struct cli *self, json_t *rows, struct err *reterr)
{
    OWNED(json_decrefp) json_t *answer = NULL;
    json_t *request = json_pack("{s:s, s:o}", "verb", "offices", "rows", rows);
    int code = cli_ask(self, request, &answer, reterr);
    if (code == 0 && !cli_answered(self, answer))
        cli_say(self, "đã thêm %lld đơn vị\n", "%lld offices added\n",
                (long long)answer_number(answer, "added"));
    return code;
}

// Which office this home is.
static int
self_of(struct cli *self, struct office *ret_office, struct err *reterr)
{
    OWNED(json_decrefp) json_t *answer = NULL;
    int code = cli_ask(self, json_pack("{s:s}", "verb", "status"), &answer, reterr);
    return code != 0 ? code : office_arg(answer_text(answer, "office"), ret_office, reterr);
}

// An area's code begins with its commune's; a commune's says nothing about its province.
static int
parent_of(struct cli *self, const struct office *office, struct office *ret_parent,
          struct err *reterr)
{
    const char *given = cli_option(self, "--parent");
    const char *dash = strchr(office->code, '-');
    if (given != NULL)
        return office_arg(given, ret_parent, reterr);
    if (dash == NULL)
        return self_of(self, ret_parent, reterr);
    *ret_parent = (struct office){0};
    memcpy(ret_parent->code, office->code, (size_t)(dash - office->code));
    return 0;
}

static int
office_add(struct cli *self, struct err *reterr)
{
    struct office office, parent;
    int code = office_arg(self->args[1], &office, reterr);
    if (code == 0)
        code = parent_of(self, &office, &parent, reterr);
    if (code != 0)
        return code;
    bool is_hosted = cli_option(self, "--hosted") != NULL;
    return offices_send(self,
                        json_pack("[{s:s, s:s, s:s, s:b}]", "code", office.code, "name",
                                  self->args[2], "parent", parent.code, "hosted", is_hosted),
                        reterr);
}

static void
twins_print(const struct cli *self, const struct offices *offices)
{
    for (size_t i = 0; i < offices->twins_count; i++) {
        const struct office_row *a = &offices->rows[offices->twins[i].first];
        const struct office_row *b = &offices->rows[offices->twins[i].second];
        cli_note(self, "lưu ý: %s '%s' và %s '%s' chỉ khác dấu\n",
                 "note: %s '%s' and %s '%s' differ by accents alone\n", a->office.code, a->name,
                 b->office.code, b->name);
    }
}

static int
office_import(struct cli *self, struct err *reterr)
{
    OWNED(buf_release) struct buf file = {0};
    OWNED(offices_release) struct offices offices = {0};
    struct office above;
    int code = cli_file(self->args[1], CSV_FILE_MAX, &file, reterr);
    if (code == 0)
        code = self_of(self, &above, reterr);
    if (code == 0 && (code = offices_read(buf_bytes(&file), &above, &offices, reterr)) != 0)
        code = err_wrap(reterr, "%s", "%s", self->args[1]);
    if (code != 0)
        return code;
    twins_print(self, &offices);
    json_t *rows = json_array();
    for (size_t i = 0; i < offices.count; i++) {
        const struct office_row *row = &offices.rows[i];
        if (!office_equal(&row->office, &above))
            (void)json_array_append_new(
                rows, json_pack("{s:s, s:s, s:s, s:b}", "code", row->office.code, "name", row->name,
                                "parent", row->parent.code, "hosted", row->is_hosted));
    }
    return offices_send(self, rows, reterr);
}

int
cli_office(struct cli *self, struct err *reterr)
{
    const char *what = self->count > 0 ? self->args[0] : "list";
    if (strcmp(what, "list") == 0 && self->count <= 1)
        return office_list(self, reterr);
    if (strcmp(what, "add") == 0 && self->count == 3)
        return office_add(self, reterr);
    if (strcmp(what, "import") == 0 && self->count == 2)
        return office_import(self, reterr);
    return err_set(reterr, ERR_USAGE, "cần: office list | add CODE NAME | import FILE.csv",
                   "wanted: office list | add CODE NAME | import FILE.csv");
}

// --- plan, log, doctor ---------------------------------------------------------------------------

int
cli_publish(struct cli *self, struct err *reterr)
{
    OWNED(json_decrefp) json_t *files = json_array(), *answer = NULL;
    for (size_t i = 0; i < self->count; i++) {
        OWNED(buf_release) struct buf text = {0};
        int code = cli_file(self->args[i], DEFINITION_FILE_MAX, &text, reterr);
        json_t *file = code != 0 ? NULL
                                 : json_pack("{s:s, s:s%}", "path", self->args[i], "text",
                                             buf_text(&text), text.size);
        if (code == 0 && file == NULL)
            code = err_set(reterr, ERR_TYPE, "%s: không phải UTF-8", "%s: it is not UTF-8",
                           self->args[i]);
        if (code != 0)
            return code;
        (void)json_array_append_new(files, file);
    }
    json_t *request = json_pack("{s:s, s:O}", "verb", "publish", "files", files);
    int code = cli_ask(self, request, &answer, reterr);
    if (code == 0 && !cli_answered(self, answer))
        cli_say(self, "đã ban hành %lld định nghĩa\n", "%lld definitions published\n",
                (long long)answer_number(answer, "published"));
    return code;
}

// Kinds have no words of their own outside the protocol: these are for reading only.
static const char *
kind_name(int64_t kind)
{
    static const char *const names[] = {"open",  "record", "definition", "registry", "receipt",
                                        "erase", "sealed", "ruling",     "close"};
    return kind >= 0 && kind < (int64_t)(sizeof names / sizeof names[0]) ? names[kind] : "?";
}

static void
log_print(const struct cli *self, const json_t *answer)
{
    OWNED(table_release) struct table table = {.columns = 7, .right = 1 << 1};
    const char *const heads[] = {
        cli_text(self, "Đơn vị", "Office"),   cli_text(self, "Mục", "Entry"),
        cli_text(self, "Lúc", "When"),        cli_text(self, "Loại", "Type"),
        cli_text(self, "Việc", "Operation"),  cli_text(self, "Bản ghi", "Record"),
        cli_text(self, "Trạng thái", "State")};
    for (size_t i = 0; i < table.columns; i++)
        table_add(&table, heads[i]);
    size_t i = 0;
    json_t *entry = NULL;
    json_array_foreach(json_object_get(answer, "entries"), i, entry)
    {
        char when[WALL_TEXT_MAX + 1];
        (void)wall_text(answer_number(entry, "logged_at"), when);
        const char *type = answer_text(entry, "type"), *op = answer_text(entry, "op");
        table_add(&table, answer_text(entry, "office"));
        table_add_int(&table, answer_number(entry, "seq"));
        table_add(&table, when);
        table_add(&table, type[0] != '\0' ? type : kind_name(answer_number(entry, "kind")));
        table_add(&table, op);
        table_add(&table, answer_text(entry, "record"));
        table_add(&table, answer_text(entry, "state"));
    }
    table_print(&table);
}

int
cli_log(struct cli *self, struct err *reterr)
{
    OWNED(json_decrefp) json_t *answer = NULL;
    int64_t from = 0, limit = 0;
    int code = cli_number(self, "--from", 0, 0, INT64_MAX, &from, reterr);
    if (code == 0)
        code = cli_number(self, "--limit", LOG_LIMIT, 1, LOG_LIMIT_MAX, &limit, reterr);
    if (code != 0)
        return code;
    json_t *request = json_pack("{s:s, s:I}", "verb", "log", "limit", (json_int_t)limit);
    if (cli_option(self, "--from") != NULL) // Else the newest
        (void)json_object_set_new(request, "from", json_integer((json_int_t)from));
    static const char *const names[] = {"--office", "--record"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (cli_option(self, names[i]) != NULL)
            (void)json_object_set_new(request, names[i] + 2,
                                      json_string(cli_option(self, names[i])));
    code = cli_ask(self, request, &answer, reterr);
    if (code == 0 && !cli_answered(self, answer))
        log_print(self, answer);
    return code;
}

int
cli_doctor(struct cli *self, struct err *reterr)
{
    OWNED(json_decrefp) json_t *answer = NULL;
    bool is_rebuild = cli_option(self, "--rebuild") != NULL;
    json_t *request = json_pack("{s:s, s:b}", "verb", "doctor", "rebuild", is_rebuild);
    int code = cli_ask(self, request, &answer, reterr);
    if (code != 0)
        return code;
    bool has_problem = false;
    size_t i = 0;
    json_t *check = NULL;
    json_array_foreach(json_object_get(answer, "checks"), i, check)
    {
        bool is_ok = answer_bool(check, "ok");
        has_problem |= !is_ok;
        cli_say(self, "%s  %s: %s\n", "%s  %s: %s\n",
                is_ok ? cli_text(self, "tốt", "ok ") : cli_text(self, "LỖI", "BAD"),
                answer_text(check, "name"),
                answer_text(check, self->lang == LANG_VI ? "detail_vi" : "detail_en"));
    }
    (void)cli_answered(self, answer);
    return has_problem ? 1 : 0;
}
