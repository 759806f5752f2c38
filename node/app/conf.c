#include "conf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../base/id.h"
#include "../base/text.h"

enum { WORD_MAX = 31, SUGGEST_MAX = 2 }; // Two slips of the finger are a slip, three another word

enum key_kind { KEY_ENDPOINT, KEY_ENDPOINTS, KEY_LOG, KEY_HEX, KEY_DURATION };

struct key {
    const char *section;
    const char *name;
    enum key_kind kind;
    size_t at; // In struct conf
    int64_t min_ms, max_ms;
};

// The order is the order of conf_print, and of conf/lienthong.conf.
static const struct key keys[] = {
    {"node", "listen", KEY_ENDPOINT, offsetof(struct conf, listen), 0, 0},
    {"node", "advertise", KEY_ENDPOINT, offsetof(struct conf, advertise), 0, 0},
    {"node", "log", KEY_LOG, offsetof(struct conf, log), 0, 0},
    {"parent", "connect", KEY_ENDPOINTS, offsetof(struct conf, connect), 0, 0},
    {"parent", "key", KEY_HEX, offsetof(struct conf, key), 0, 0},
    {"link", "ping", KEY_DURATION, offsetof(struct conf, ping_ms), 100, 3600000},
    {"link", "dead", KEY_DURATION, offsetof(struct conf, dead_ms), 300, 86400000},
    {"link", "reconnect", KEY_DURATION, offsetof(struct conf, reconnect_ms), 50, 600000},
    {"link", "density", KEY_DURATION, offsetof(struct conf, density_ms), 1000, 604800000},
};

enum { KEY_COUNT = sizeof keys / sizeof keys[0] };

static const char *const log_names[] = {
    [CONF_LOG_ERROR] = "error",
    [CONF_LOG_WARN] = "warn",
    [CONF_LOG_INFO] = "info",
    [CONF_LOG_DEBUG] = "debug",
};

enum { LOG_NAME_COUNT = sizeof log_names / sizeof log_names[0] };

static const struct unit {
    const char *name;
    int64_t size_ms;
} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};

enum { UNIT_COUNT = sizeof units / sizeof units[0] };

// Where the reading has got to.
struct reader {
    struct conf conf;
    const char *path;
    size_t line;
    const char *section;     // One of those in `keys`, NULL before the first
    size_t lines[KEY_COUNT]; // Where each key stood, 0 when it did not
    size_t patience_line;    // The last duration, for a pair that does not fit
};

void
conf_defaults(struct conf *ret_conf)
{
    *ret_conf = (struct conf){
        .log = CONF_LOG_INFO,
        .ping_ms = 20000,
        .dead_ms = 70000,
        .reconnect_ms = 2000,
        .density_ms = 3600000,
    };
}

// --- words ---------------------------------------------------------------------------------------

static struct bytes
trimmed(struct bytes text)
{
    while (text.size > 0 && strchr(" \t\r", text.at[0]) != NULL && text.at[0] != 0)
        text = BYTES(text.at + 1, text.size - 1);
    while (text.size > 0 && strchr(" \t\r", text.at[text.size - 1]) != NULL &&
           text.at[text.size - 1] != 0)
        text.size--;
    return text;
}

// Takes everything up to `stop` off the front of `rest`; all of it when `stop` does not occur.
static struct bytes
taken(struct bytes *rest, char stop)
{
    const uint8_t *end = rest->size > 0 ? memchr(rest->at, stop, rest->size) : NULL;
    struct bytes head = BYTES(rest->at, end == NULL ? rest->size : (size_t)(end - rest->at));
    size_t used = end == NULL ? rest->size : head.size + 1;
    *rest = BYTES(rest->at + used, rest->size - used);
    return head;
}

// A '#' inside a word is part of it: only at the start, or behind white space, does it open one.
static struct bytes
without_comment(struct bytes line)
{
    for (size_t i = 0; i < line.size; i++) {
        bool is_apart = i == 0 || line.at[i - 1] == ' ' || line.at[i - 1] == '\t';
        if (line.at[i] == '#' && is_apart)
            return BYTES(line.at, i);
    }
    return line;
}

static size_t
min_of(size_t a, size_t b)
{
    return a < b ? a : b;
}

// Levenshtein; neither word is longer than WORD_MAX.
static size_t
distance(struct bytes a, struct bytes b)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t above = row[j], other = a.at[i - 1] != b.at[j - 1];
            row[j] = min_of(min_of(above, row[j - 1]) + 1, diagonal + other);
            diagonal = above;
        }
    }
    return row[b.size];
}

// Keeps in `best` the nearest candidate so far that a slip explains.
static void
suggest(struct bytes word, const char *candidate, size_t *best_distance, const char **best)
{
    if (word.size > WORD_MAX)
        return;
    size_t far = distance(word, bytes_of(candidate));
    if (far < *best_distance) {
        *best_distance = far;
        *best = candidate;
    }
}

// --- complaints ----------------------------------------------------------------------------------

static int
at_line(const struct reader *self, struct err *reterr)
{
    return err_wrap(reterr, "%s:%zu", "%s:%zu", self->path, self->line);
}

static int
unknown(const struct reader *self, bool is_section, struct bytes word, const char *best,
        struct err *reterr)
{
    int size = (int)text_cut(word, 40);
    if (best == NULL)
        (void)err_set(reterr, ERR_CONF,
                      is_section ? "không có phần '%.*s'" : "không có khóa '%.*s'",
                      is_section ? "unknown section '%.*s'" : "unknown key '%.*s'", size, word.at);
    else
        (void)err_set(reterr, ERR_CONF,
                      is_section ? "không có phần '%.*s' (có phải '%s'?)"
                                 : "không có khóa '%.*s' (có phải '%s'?)",
                      is_section ? "unknown section '%.*s' (did you mean '%s'?)"
                                 : "unknown key '%.*s' (did you mean '%s'?)",
                      size, word.at, best);
    return at_line(self, reterr);
}

static int
bad_value(const struct reader *self, const struct key *key, struct bytes value, const char *vi,
          const char *en, struct err *reterr)
{
    int size = (int)text_cut(value, 60);
    reterr->code = ERR_CONF;
    (void)snprintf(reterr->vi, sizeof reterr->vi, "%s", vi);
    (void)snprintf(reterr->en, sizeof reterr->en, "%s", en);
    (void)err_wrap(reterr, "%s = '%.*s'", "%s = '%.*s'", key->name, size, value.at);
    return at_line(self, reterr);
}

// --- values --------------------------------------------------------------------------------------

static int
endpoint_set(struct reader *self, const struct key *key, struct bytes value,
             struct endpoint *ret_endpoint, struct err *reterr)
{
    if (endpoint_parse(value, ret_endpoint))
        return 0;
    return bad_value(self, key, value, "cần dạng tcp://máy:cổng", "tcp://host:port is wanted",
                     reterr);
}

static int
connect_set(struct reader *self, const struct key *key, struct bytes value, struct err *reterr)
{
    for (struct bytes rest = value; self->conf.connect_count == 0 || rest.size > 0;) {
        if (self->conf.connect_count == CONF_CONNECT_MAX)
            return bad_value(self, key, value, "tối đa bốn địa chỉ", "at most four addresses",
                             reterr);
        bool is_last = memchr(rest.at, ',', rest.size) == NULL;
        struct endpoint *next = &self->conf.connect[self->conf.connect_count];
        int code = endpoint_set(self, key, trimmed(taken(&rest, ',')), next, reterr);
        if (code != 0)
            return code;
        self->conf.connect_count++;
        if (!is_last && trimmed(rest).size == 0)
            return bad_value(self, key, value, "thừa dấu phẩy ở cuối",
                             "a comma too many at the end", reterr);
    }
    return 0;
}

static int
log_set(struct reader *self, const struct key *key, struct bytes value, struct err *reterr)
{
    for (size_t i = 0; i < LOG_NAME_COUNT; i++)
        if (bytes_equal(value, bytes_of(log_names[i]))) {
            self->conf.log = (enum conf_log)i;
            return 0;
        }
    return bad_value(self, key, value, "cần một trong error, warn, info, debug",
                     "one of error, warn, info, debug is wanted", reterr);
}

// The number in front of `value`, at most 10 digits; `ret_unit` gets what is behind it.
static bool
number_of(struct bytes value, int64_t *ret_number, struct bytes *ret_unit)
{
    size_t digits = 0;
    *ret_number = 0;
    for (; digits < value.size && value.at[digits] >= '0' && value.at[digits] <= '9'; digits++) {
        if (digits == 10)
            return false;
        *ret_number = *ret_number * 10 + (value.at[digits] - '0');
    }
    *ret_unit = trimmed(BYTES(value.at + digits, value.size - digits));
    return digits > 0;
}

static void
duration_add(struct buf *text, int64_t size_ms)
{
    for (size_t i = 0; i < UNIT_COUNT; i++)
        if (size_ms % units[i].size_ms == 0) {
            buf_print(text, "%" PRId64 "%s", size_ms / units[i].size_ms, units[i].name);
            return;
        }
}

static int
out_of_range(const struct reader *self, const struct key *key, struct bytes value,
             struct err *reterr)
{
    OWNED(buf_release) struct buf vi = {0};
    OWNED(buf_release) struct buf en = {0};
    OWNED(buf_release) struct buf low = {0};
    OWNED(buf_release) struct buf high = {0};
    duration_add(&low, key->min_ms);
    duration_add(&high, key->max_ms);
    buf_print(&vi, "ngoài khoảng %s đến %s", buf_text(&low), buf_text(&high));
    buf_print(&en, "out of range, %s to %s", buf_text(&low), buf_text(&high));
    return bad_value(self, key, value, buf_text(&vi), buf_text(&en), reterr);
}

static int
duration_set(struct reader *self, const struct key *key, struct bytes value, struct err *reterr)
{
    int64_t number = 0;
    struct bytes unit = {0};
    if (!number_of(value, &number, &unit))
        return bad_value(self, key, value, "cần số và đơn vị, như 20s",
                         "a number and its unit is wanted, as 20s", reterr);
    if (unit.size == 0)
        return bad_value(self, key, value, "thiếu đơn vị: ms, s, m hay h",
                         "the unit is missing: ms, s, m or h", reterr);
    for (size_t i = 0; i < UNIT_COUNT; i++) {
        if (!bytes_equal(unit, bytes_of(units[i].name)))
            continue;
        int64_t size_ms = number * units[i].size_ms; // 10 digits of hours are below 2^63
        if (size_ms < key->min_ms || size_ms > key->max_ms)
            return out_of_range(self, key, value, reterr);
        memcpy((char *)&self->conf + key->at, &size_ms, sizeof size_ms);
        self->patience_line = self->line;
        return 0;
    }
    return bad_value(self, key, value, "đơn vị phải là ms, s, m hay h",
                     "the unit must be ms, s, m or h", reterr);
}

static int
value_set(struct reader *self, const struct key *key, struct bytes value, struct err *reterr)
{
    struct endpoint endpoint = {0};
    int code = 0;
    if (value.size == 0)
        return bad_value(self, key, value, "thiếu giá trị; bỏ cả dòng để dùng mặc định",
                         "no value; leave the line out for the default", reterr);
    switch (key->kind) {
    case KEY_ENDPOINT:
        code = endpoint_set(self, key, value, &endpoint, reterr);
        if (code == 0)
            memcpy((char *)&self->conf + key->at, &endpoint, sizeof endpoint);
        return code;
    case KEY_ENDPOINTS:
        return connect_set(self, key, value, reterr);
    case KEY_LOG:
        return log_set(self, key, value, reterr);
    case KEY_HEX:
        self->conf.has_key = hex_parse(value, self->conf.key, CONF_KEY_SIZE);
        return self->conf.has_key ? 0
                                  : bad_value(self, key, value, "cần 64 chữ số hex viết thường",
                                              "64 lower-case hex digits are wanted", reterr);
    case KEY_DURATION:
        return duration_set(self, key, value, reterr);
    }
    return code;
}

// --- lines ---------------------------------------------------------------------------------------

static int
section_set(struct reader *self, struct bytes line, struct err *reterr)
{
    size_t best_distance = SUGGEST_MAX + 1;
    const char *best = NULL;
    if (line.at[line.size - 1] != ']') {
        (void)err_set(reterr, ERR_CONF, "thiếu ']' ở cuối tên phần", "']' is missing at the end");
        return at_line(self, reterr);
    }
    struct bytes name = trimmed(BYTES(line.at + 1, line.size - 2));
    for (size_t i = 0; i < KEY_COUNT; i++) {
        suggest(name, keys[i].section, &best_distance, &best);
        if (bytes_equal(name, bytes_of(keys[i].section))) {
            self->section = keys[i].section;
            return 0;
        }
    }
    return unknown(self, true, name, best, reterr);
}

static int
unknown_key(const struct reader *self, struct bytes name, struct err *reterr)
{
    size_t best_distance = SUGGEST_MAX + 1;
    const char *best = NULL;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (bytes_equal(name, bytes_of(keys[i].name))) {
            (void)err_set(reterr, ERR_CONF, "khóa '%s' thuộc phần [%s], không thuộc [%s]",
                          "key '%s' belongs into [%s], not into [%s]", keys[i].name,
                          keys[i].section, self->section);
            return at_line(self, reterr);
        }
        suggest(name, keys[i].name, &best_distance, &best);
    }
    return unknown(self, false, name, best, reterr);
}

static int
key_set(struct reader *self, struct bytes line, struct err *reterr)
{
    bool has_sign = memchr(line.at, '=', line.size) != NULL;
    struct bytes rest = line, name = trimmed(taken(&rest, '='));
    if (!has_sign) {
        (void)err_set(reterr, ERR_CONF, "cần dạng 'khóa = giá trị'", "'key = value' is wanted");
        return at_line(self, reterr);
    }
    if (self->section == NULL) {
        (void)err_set(reterr, ERR_CONF, "trước dòng này cần tên phần, như [node]",
                      "a section is wanted before this line, as [node]");
        return at_line(self, reterr);
    }
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(keys[i].section, self->section) != 0 ||
            !bytes_equal(name, bytes_of(keys[i].name)))
            continue;
        if (self->lines[i] != 0) {
            (void)err_set(reterr, ERR_CONF, "khóa '%s' đã có ở dòng %zu",
                          "key '%s' is already on line %zu", keys[i].name, self->lines[i]);
            return at_line(self, reterr);
        }
        self->lines[i] = self->line;
        return value_set(self, &keys[i], trimmed(rest), reterr);
    }
    return unknown_key(self, name, reterr);
}

// Once every ping a link is silent by itself: before two are missed nobody may call it dead.
static int
patience_check(const struct reader *self, struct err *reterr)
{
    if (self->conf.dead_ms >= 2 * self->conf.ping_ms)
        return 0;
    (void)err_set(reterr, ERR_CONF, "[link] dead phải ít nhất gấp đôi ping",
                  "[link] dead must be at least twice ping");
    return err_wrap(reterr, "%s:%zu", "%s:%zu", self->path, self->patience_line);
}

int
conf_parse(const char *path, struct bytes text, struct conf *ret_conf, struct err *reterr)
{
    struct reader self = {.path = path};
    conf_defaults(&self.conf);
    struct bytes rest = text;
    if (rest.size >= 3 && memcmp(rest.at, "\xef\xbb\xbf", 3) == 0)
        rest = BYTES(rest.at + 3, rest.size - 3); // Notepad's mark
    while (rest.size > 0) {
        struct bytes line = trimmed(without_comment(taken(&rest, '\n')));
        self.line++;
        if (line.size == 0)
            continue;
        int code =
            line.at[0] == '[' ? section_set(&self, line, reterr) : key_set(&self, line, reterr);
        if (code != 0)
            return code;
    }
    int code = patience_check(&self, reterr);
    if (code == 0)
        *ret_conf = self.conf;
    return code;
}

static void
file_close(FILE **file_p)
{
    if (*file_p != NULL)
        (void)fclose(*file_p);
    *file_p = NULL;
}

int
conf_load(const char *path, struct conf *ret_conf, struct err *reterr)
{
    OWNED(buf_release) struct buf text = {0};
    OWNED(file_close) FILE *file = fopen(path, "re");
    if (file == NULL)
        return err_set(reterr, ERR_CONF, "không mở được %s: %s", "cannot open %s: %s", path,
                       strerror(errno));
    text.size = fread(buf_room(&text, CONF_FILE_MAX + 1), 1, CONF_FILE_MAX + 1, file);
    if (ferror(file) != 0)
        return err_set(reterr, ERR_CONF, "không đọc được %s", "cannot read %s", path);
    if (text.size > CONF_FILE_MAX)
        return err_set(reterr, ERR_CONF, "%s dài quá %d byte", "%s has more than %d bytes", path,
                       CONF_FILE_MAX);
    return conf_parse(path, buf_bytes(&text), ret_conf, reterr);
}

// --- printing ------------------------------------------------------------------------------------

static void
endpoint_add(struct buf *text, const char *name, const struct endpoint *endpoint)
{
    char shown[ENDPOINT_MAX + 1];
    if (endpoint->host[0] == '\0')
        return;
    endpoint_text(endpoint, 0, shown);
    buf_print(text, "%s = %s\n", name, shown);
}

static void
connect_add(struct buf *text, const struct conf *conf)
{
    char shown[ENDPOINT_MAX + 1];
    for (size_t i = 0; i < conf->connect_count; i++) {
        endpoint_text(&conf->connect[i], 0, shown);
        buf_print(text, "%s%s", i == 0 ? "connect = " : ", ", shown);
    }
    if (conf->connect_count > 0)
        buf_add_text(text, "\n");
}

static void
value_add(struct buf *text, const struct conf *conf, const struct key *key)
{
    struct endpoint endpoint = {0};
    int64_t size_ms = 0;
    char hex[2 * CONF_KEY_SIZE + 1];
    switch (key->kind) {
    case KEY_ENDPOINT:
        memcpy(&endpoint, (const char *)conf + key->at, sizeof endpoint);
        endpoint_add(text, key->name, &endpoint);
        return;
    case KEY_ENDPOINTS:
        connect_add(text, conf);
        return;
    case KEY_LOG:
        buf_print(text, "%s = %s\n", key->name, log_names[conf->log]);
        return;
    case KEY_HEX:
        hex_text(conf->key, CONF_KEY_SIZE, hex);
        if (conf->has_key)
            buf_print(text, "%s = %s\n", key->name, hex);
        return;
    case KEY_DURATION:
        memcpy(&size_ms, (const char *)conf + key->at, sizeof size_ms);
        buf_print(text, "%s = ", key->name);
        duration_add(text, size_ms);
        buf_add_text(text, "\n");
        return;
    }
}

void
conf_print(const struct conf *self, struct buf *ret_text)
{
    const char *section = "";
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (strcmp(section, keys[i].section) != 0)
            buf_print(ret_text, "%s[%s]\n", i == 0 ? "" : "\n", keys[i].section);
        section = keys[i].section;
        value_add(ret_text, self, &keys[i]);
    }
}
