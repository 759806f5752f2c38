#include "cli.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/request.h"
#include "base/text.h"

enum { ARGS_ANY = 1000000, USAGE_WIDTH = 58 };

struct verb {
    const char *name;
    int (*run)(struct cli *self, struct err *reterr);
    const char *options; // Words; one that ends with '=' takes a value
    size_t min, max;     // Arguments
    bool needs_home;
    const char *usage;
    const char *vi;
    const char *en;
};

static int cli_version(struct cli *self, struct err *reterr);
static int cli_help(struct cli *self, struct err *reterr);

static const struct verb verbs[] = {
    {"status", cli_status, "", 0, 0, true, "status", "đã lưu gì, đã gửi tới đâu, còn chờ gì",
     "what is saved, sent and waiting"},
    {"init", cli_init, "--name= --listen=", 1, 1, true,
     "init CODE --name TEXT [--listen tcp://H:P]", "tạo đơn vị gốc (tỉnh)",
     "make a root office (a province)"},
    {"invite", cli_invite, "--name= --hours=", 1, 1, true, "invite CODE [--name TEXT] [--hours N]",
     "viết thư mời cho đơn vị cấp dưới", "write an invitation for an office below"},
    {"join", cli_join, "--listen= --timeout=", 1, 1, true,
     "join TOKEN|- [--listen tcp://H:P] [--timeout S]", "nhận thư mời, thành đơn vị",
     "take an invitation, become that office"},
    {"run", cli_node, "-n -v", 0, 0, true, "run [-n | -nv]",
     "chạy; -n: chỉ kiểm tra cấu hình, -nv: in cấu hình",
     "run; -n: only check the configuration, -nv: print it"},
    {"peers", cli_peers, "", 0, 0, true, "peers", "các đơn vị cấp trên và cấp dưới",
     "offices above and below"},
    {"office", cli_office, "--parent= --hosted", 0, 3, true,
     "office [list | add CODE NAME [--parent P] [--hosted] | import FILE.csv]", "danh sách đơn vị",
     "the list of offices"},
    {"publish", cli_publish, "", 1, ARGS_ANY, true, "publish FILE.json...",
     "ban hành biểu mẫu, chỉ tiêu", "publish record types and indicators"},
    {"add", cli_add, "--office=", 1, ARGS_ANY, true, "add TYPE [--office CODE] field=value...",
     "thêm bản ghi", "add a record"},
    {"edit", cli_edit, "--reason=", 2, ARGS_ANY, true, "edit ID field=value... --reason R",
     "sửa bản ghi", "change a record"},
    {"void", cli_void, "--reason=", 1, 1, true, "void ID --reason R", "hủy bản ghi",
     "retract a record"},
    {"show", cli_show, "", 1, 1, true, "show ID", "một bản ghi và lịch sử của nó",
     "one record and its history"},
    {"find", cli_find, "", 0, ARGS_ANY, true, "find [TYPE [field=value...]]",
     "tìm bản ghi; không có TYPE: liệt kê biểu mẫu", "find records; without TYPE: list the types"},
    {"import", cli_import, "--type= --commit --office=", 1, 1, true,
     "import FILE.csv --type TYPE [--office CODE] [--commit]",
     "nhập từ CSV; không có --commit thì chỉ thử", "read a CSV; without --commit only tried"},
    {"export", cli_export, "--csv --jsonl", 1, 1, true, "export TYPE [--csv | --jsonl]",
     "xuất ra CSV hay JSON từng dòng", "write CSV or lines of JSON"},
    {"log", cli_log, "--office= --record= --from= --limit=", 0, 0, true,
     "log [--office CODE] [--record ID] [--from N] [--limit N]", "nhật ký", "the log"},
    {"sync", cli_sync, "--wait --timeout=", 0, 0, true, "sync --wait [--timeout S]",
     "chờ đến khi mọi cấp trên giữ đủ", "wait until every office above holds all"},
    {"rollup", cli_rollup, "--by= --year= --watch --recount", 0, 1, true,
     "rollup [INDICATOR] [--by area|commune|province] [--year Y] [--watch] [--recount]",
     "số liệu tổng hợp", "the figures"},
    {"doctor", cli_doctor, "--rebuild", 0, 0, true, "doctor [--rebuild]",
     "kiểm tra dữ liệu, khóa, ổ đĩa", "check data, keys and disk"},
    {"version", cli_version, "", 0, 0, false, "version", "phiên bản", "the version"},
    {"help", cli_help, "", 0, 1, false, "help [VERB]", "trang này", "this page"},
};

enum { VERB_COUNT = sizeof verbs / sizeof verbs[0] };

// --- what verbs use ------------------------------------------------------------------------------

const char *
cli_option(const struct cli *self, const char *name)
{
    for (size_t i = 0; i < self->option_count; i++)
        if (strcmp(self->names[i], name) == 0)
            return self->values[i];
    return NULL;
}

int
cli_number(const struct cli *self, const char *name, int64_t absent, int64_t min, int64_t max,
           int64_t *ret_value, struct err *reterr)
{
    const char *text = cli_option(self, name);
    *ret_value = absent;
    if (text == NULL)
        return 0;
    char *end = NULL;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < min || value > max)
        return err_set(reterr, ERR_USAGE, "%s '%s': cần số từ %lld đến %lld",
                       "%s '%s': a number from %lld to %lld is wanted", name, text, (long long)min,
                       (long long)max);
    *ret_value = value;
    return 0;
}

const char *
cli_text(const struct cli *self, const char *vi, const char *en)
{
    return self->lang == LANG_VI ? vi : en;
}

void
cli_say(const struct cli *self, const char *vi, const char *en, ...)
{
    va_list args;
    if (self->is_json)
        return;
    va_start(args, en);
    (void)vprintf(self->lang == LANG_VI ? vi : en, args);
    va_end(args);
}

void
cli_note(const struct cli *self, const char *vi, const char *en, ...)
{
    va_list args;
    va_start(args, en);
    (void)vfprintf(stderr, self->lang == LANG_VI ? vi : en, args);
    va_end(args);
}

bool
cli_answered(const struct cli *self, const json_t *json)
{
    if (!self->is_json)
        return false;
    (void)json_dumpf(json, stdout, JSON_COMPACT);
    (void)putchar('\n');
    return true;
}

int
cli_ask(const struct cli *self, json_t *request, json_t **ret_answer, struct err *reterr)
{
    OWNED(json_decrefp) json_t *taken = request;
    return request_call(self->home, taken, ret_answer, reterr);
}

json_t *
cli_error_json(const struct err *err)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:s}", "code", err_name(err->code), "vi",
                     err_text(err, LANG_VI), "en", err_text(err, LANG_EN), "todo_vi",
                     err_todo(err->code, LANG_VI), "todo_en", err_todo(err->code, LANG_EN));
}

static void
file_close(FILE **file_p)
{
    if (*file_p != NULL)
        (void)fclose(*file_p);
    *file_p = NULL;
}

int
cli_file(const char *path, size_t max, struct buf *ret_text, struct err *reterr)
{
    enum { PIECE = 65536 };
    OWNED(file_close) FILE *file = fopen(path, "re");
    if (file == NULL)
        return err_set(reterr, ERR_NOTFOUND, "không mở được %s: %s", "cannot open %s: %s", path,
                       strerror(errno));
    for (size_t got = 1; got > 0 && ret_text->size <= max; ret_text->size += got)
        got = fread(buf_room(ret_text, PIECE), 1, PIECE, file);
    if (ferror(file) != 0)
        return err_set(reterr, ERR_IO, "không đọc được %s", "cannot read %s", path);
    if (ret_text->size > max)
        return err_set(reterr, ERR_LIMIT, "%s dài quá %zu byte", "%s has more than %zu bytes", path,
                       max);
    return 0;
}

const char *
answer_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

int64_t
answer_number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

bool
answer_bool(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

// --- version and help ----------------------------------------------------------------------------

static int
cli_version(struct cli *self, struct err *reterr)
{
    (void)reterr;
    OWNED(json_decrefp) json_t *json = json_pack("{s:s}", "version", VERSION);
    if (!cli_answered(self, json))
        (void)printf("lienthong %s\n", VERSION);
    return 0;
}

static const struct verb *
verb_of(const char *name)
{
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static void
help_all(const struct cli *self)
{
    cli_say(self, "lienthong - sổ chung của các đơn vị, có mạng hay không\n\n",
            "lienthong - one register for many offices, with a network or without\n\n");
    for (size_t i = 0; i < VERB_COUNT; i++) {
        const char *what = cli_text(self, verbs[i].vi, verbs[i].en);
        size_t width = text_width(bytes_of(verbs[i].usage));
        if (width > USAGE_WIDTH)
            (void)printf("  %s\n  %*s  %s\n", verbs[i].usage, (int)USAGE_WIDTH, "", what);
        else
            (void)printf("  %s%*s  %s\n", verbs[i].usage, (int)(USAGE_WIDTH - width), "", what);
    }
    cli_say(self,
            "\nMọi lệnh: --home DIR (hay LIENTHONG_HOME), --json, --lang vi|en (hay"
            " LIENTHONG_LANG).\nKết quả: 0 xong, 1 có vấn đề, 2 không làm được, 64 gõ sai lệnh.\n",
            "\nEverywhere: --home DIR (or LIENTHONG_HOME), --json, --lang vi|en (or"
            " LIENTHONG_LANG).\nExit: 0 done, 1 a problem was found, 2 could not be done, 64 wrong"
            " usage.\n");
}

static int
cli_help(struct cli *self, struct err *reterr)
{
    const struct verb *verb = self->count > 0 ? verb_of(self->args[0]) : NULL;
    if (self->count > 0 && verb == NULL)
        return err_set(reterr, ERR_USAGE, "không có lệnh '%s'", "there is no verb '%s'",
                       self->args[0]);
    OWNED(json_decrefp) json_t *json = json_object(), *list = json_array();
    for (size_t i = 0; i < VERB_COUNT; i++)
        if (verb == NULL || verb == &verbs[i])
            (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s}", "verb",
                                                        verbs[i].name, "usage", verbs[i].usage,
                                                        "vi", verbs[i].vi, "en", verbs[i].en));
    (void)json_object_set(json, "verbs", list);
    if (cli_answered(self, json))
        return 0;
    if (verb == NULL)
        help_all(self);
    else
        (void)printf("lienthong %s\n  %s\n", verb->usage, cli_text(self, verb->vi, verb->en));
    return 0;
}

// --- arguments -----------------------------------------------------------------------------------

// True when `options` lists `name`; `ret_takes` says whether a value follows.
static bool
is_listed(const char *options, const char *name, size_t size, bool *ret_takes)
{
    for (const char *at = options; *at != '\0';) {
        size_t word = strcspn(at, " ");
        bool takes = at[word - 1] == '=';
        if (word - takes == size && memcmp(at, name, size) == 0) {
            *ret_takes = takes;
            return true;
        }
        at += word + strspn(at + word, " ");
    }
    return false;
}

static int
lang_set(struct cli *self, const char *text, struct err *reterr)
{
    if (strcmp(text, "vi") != 0 && strcmp(text, "en") != 0)
        return err_set(reterr, ERR_USAGE, "ngôn ngữ '%s': cần vi hay en",
                       "language '%s': vi or en is wanted", text);
    self->lang = strcmp(text, "en") == 0 ? LANG_EN : LANG_VI;
    return 0;
}

// Options that hold for every verb; false when this is none.
static bool
global_set(struct cli *self, const char *name, size_t size, const char *value, int *ret_code,
           struct err *reterr)
{
    *ret_code = 0;
    if (size == 6 && memcmp(name, "--json", 6) == 0)
        self->is_json = true;
    else if (size == 6 && memcmp(name, "--home", 6) == 0)
        self->home = value;
    else if (size == 6 && memcmp(name, "--lang", 6) == 0)
        *ret_code = lang_set(self, value, reterr);
    else
        return false;
    return true;
}

#define GLOBALS "--json --home= --lang="

// Take the option at argv[*at], and its value behind it.
static int
option_take(struct cli *self, const char *options, int argc, char **argv, int *at,
            struct err *reterr)
{
    const char *word = argv[*at], *sign = strchr(word, '=');
    size_t size = sign != NULL ? (size_t)(sign - word) : strlen(word);
    const char *value = sign != NULL ? sign + 1 : "";
    bool takes = false;
    int code = 0;
    if (!is_listed(GLOBALS, word, size, &takes) && !is_listed(options, word, size, &takes))
        return err_set(reterr, ERR_USAGE, "không có tùy chọn '%s'", "there is no option '%s'",
                       word);
    if (takes && sign == NULL) {
        if (*at + 1 >= argc)
            return err_set(reterr, ERR_USAGE, "sau '%s' thiếu giá trị", "'%s' wants a value", word);
        value = argv[++*at];
    }
    if (!takes && sign != NULL)
        return err_set(reterr, ERR_USAGE, "'%s': tùy chọn này không có giá trị",
                       "'%s': this option takes no value", word);
    if (global_set(self, word, size, value, &code, reterr))
        return code;
    if (self->option_count == CLI_OPTIONS_MAX)
        return err_set(reterr, ERR_USAGE, "quá nhiều tùy chọn", "too many options");
    self->names[self->option_count] = mem_copy(word, size + 1);
    self->names[self->option_count][size] = '\0';
    self->values[self->option_count++] = value;
    return 0;
}

// "-nv" is "-n -v".
static int
flags_take(struct cli *self, const char *options, const char *word, struct err *reterr)
{
    static const char *const names[] = {"-n", "-v"};
    for (const char *letter = word + 1; *letter != '\0'; letter++) {
        bool is_known = false, takes = false;
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            bool is_it = names[i][1] == *letter && is_listed(options, names[i], 2, &takes);
            if (is_it && self->option_count < CLI_OPTIONS_MAX) {
                self->names[self->option_count] = mem_text(names[i]);
                self->values[self->option_count++] = "";
                is_known = true;
            }
        }
        if (!is_known)
            return err_set(reterr, ERR_USAGE, "không có tùy chọn '%s'", "there is no option '%s'",
                           word);
    }
    return 0;
}

static int
verb_set(struct cli *self, const char *word, struct err *reterr)
{
    self->verb = verb_of(word);
    if (self->verb != NULL)
        return 0;
    return err_set(reterr, ERR_USAGE, "không có lệnh '%s'", "there is no verb '%s'", word);
}

// The verb is the first word that is no option, and options of a verb stand behind it.
static int
args_read(struct cli *self, int argc, char **argv, struct err *reterr)
{
    int code = 0;
    bool is_open = true; // "--" ends the options
    for (int at = 1; at < argc && code == 0; at++) {
        const char *word = argv[at], *options = self->verb != NULL ? self->verb->options : "";
        if (is_open && strcmp(word, "--") == 0)
            is_open = false;
        else if (is_open && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0))
            self->verb = verb_of("help");
        else if (is_open && strcmp(word, "--version") == 0)
            self->verb = verb_of("version");
        else if (is_open && strncmp(word, "--", 2) == 0)
            code = option_take(self, options, argc, argv, &at, reterr);
        else if (is_open && word[0] == '-' && word[1] != '\0')
            code = flags_take(self, options, word, reterr);
        else if (self->verb == NULL)
            code = verb_set(self, word, reterr);
        else
            self->args[self->count++] = word;
    }
    if (self->verb == NULL && code == 0)
        code = verb_set(self, "status", reterr);
    return code;
}

// A folder without a log is no office, and the commands that make one say so themselves.
static bool
is_office(const struct cli *self)
{
    char path[CLI_PATH_MAX];
    assert(self->verb != NULL);
    if (self->verb->run == cli_init || self->verb->run == cli_join)
        return true;
    (void)snprintf(path, sizeof path, "%s/log.db", self->home);
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int
args_check(const struct cli *self, struct err *reterr)
{
    assert(self->verb != NULL); // args_read ends with one, or with an error
    if (self->count < self->verb->min || self->count > self->verb->max)
        return err_set(reterr, ERR_USAGE, "cần: lienthong %s", "wanted: lienthong %s",
                       self->verb->usage);
    if (self->verb->needs_home && self->home == NULL)
        return err_set(reterr, ERR_HOME,
                       "chưa nói đơn vị nào: cần --home DIR hay biến LIENTHONG_HOME",
                       "which office? --home DIR or LIENTHONG_HOME is wanted");
    if (self->verb->needs_home && !is_office(self))
        return err_set(reterr, ERR_HOME, "%s: không có đơn vị nào ở đây", "%s: no office is here",
                       self->home);
    return 0;
}

// --- running -------------------------------------------------------------------------------------

// What --json and --lang say must hold for complaints about the words before them, too.
static void
globals_peek(struct cli *self, int argc, char **argv)
{
    struct err ignored;
    const char *home = getenv("LIENTHONG_HOME"), *lang = getenv("LIENTHONG_LANG");
    self->home = home != NULL && home[0] != '\0' ? home : NULL;
    if (lang != NULL && lang[0] != '\0')
        (void)lang_set(self, lang, &ignored);
    for (int at = 1; at < argc && strcmp(argv[at], "--") != 0; at++) {
        if (strcmp(argv[at], "--json") == 0)
            self->is_json = true;
        if (strncmp(argv[at], "--lang=", 7) == 0)
            (void)lang_set(self, argv[at] + 7, &ignored);
        if (strcmp(argv[at], "--lang") == 0 && at + 1 < argc)
            (void)lang_set(self, argv[at + 1], &ignored);
    }
}

static void
error_print(const struct cli *self, const struct err *err)
{
    OWNED(json_decrefp) json_t *json = json_pack("{s:o}", "error", cli_error_json(err));
    if (cli_answered(self, json))
        return;
    (void)fflush(stdout);
    (void)fprintf(stderr, "lienthong: %s: %s\n  -> %s\n", err_name(err->code),
                  err_text(err, self->lang), err_todo(err->code, self->lang));
}

// Output that did not arrive is work that was not done: a full disk behind `export > file`.
static int
output_close(int status, struct err *reterr)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return status;
    return err_set(reterr, errno == ENOSPC ? ERR_FULL : ERR_IO, "không ghi được kết quả: %s",
                   "cannot write the output: %s", strerror(errno));
}

static void
cli_release(struct cli *self)
{
    for (size_t i = 0; i < self->option_count; i++)
        free(self->names[i]);
    free(self->args);
}

int
cli_run(int argc, char **argv)
{
    OWNED(cli_release) struct cli self = {.lang = LANG_VI};
    struct err err = {0};
    self.args = mem_new(((size_t)argc + 1) * sizeof *self.args);
    globals_peek(&self, argc, argv);
    int code = args_read(&self, argc, argv, &err);
    if (code == 0)
        code = args_check(&self, &err);
    if (code == 0)
        code = self.verb->run(&self, &err);
    if (code >= 0)
        code = output_close(code, &err);
    if (code >= 0)
        return code;
    error_print(&self, &err);
    (void)fflush(stdout);
    return err_exit(code);
}
