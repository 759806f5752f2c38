#include "home.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../proto/hash.h"
#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../net/net.h"
#include "enrol.h"
#include "node.h"

void
home_file(const char *home, const char *name, char *ret_path)
{
    (void)snprintf(ret_path, HOME_PATH_MAX + 64, "%s/%s", home, name);
}

static int
errno_fail(const char *path, struct err *reterr)
{
    int code = errno == ENOSPC || errno == EDQUOT                    ? ERR_FULL
               : errno == EACCES || errno == EPERM || errno == EROFS ? ERR_READONLY
               : errno == ENOENT || errno == ENOTDIR                 ? ERR_HOME
                                                                     : ERR_IO;
    return err_set(reterr, code, "%s: %s", "%s: %s", path, strerror(errno));
}

// Write a small file so that after a power cut it is the old one or the new one.
static int
file_put(const char *home, const char *name, mode_t mode, struct bytes text, struct err *reterr)
{
    char path[HOME_PATH_MAX + 64], part[HOME_PATH_MAX + 64];
    home_file(home, name, path);
    (void)snprintf(part, sizeof part, "%.4000s/.%.40s.new", home, name);
    int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0)
        return errno_fail(part, reterr);
    bool is_done = write(fd, text.at, text.size) == (ssize_t)text.size && fsync(fd) == 0;
    is_done = close(fd) == 0 && is_done && rename(part, path) == 0;
    if (!is_done)
        return errno_fail(path, reterr);
    int folder = open(home, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        (void)fsync(folder);
        (void)close(folder);
    }
    return 0;
}

static int
file_get(const char *home, const char *name, struct buf *ret_text, struct err *reterr)
{
    char path[HOME_PATH_MAX + 64];
    home_file(home, name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno_fail(path, reterr);
    ssize_t got = read(fd, buf_room(ret_text, 65536), 65536);
    (void)close(fd);
    if (got < 0)
        return errno_fail(path, reterr);
    ret_text->size += (size_t)got;
    return 0;
}

// Keys.

enum { KEY_SEEDS = 4 };

static void
keys_derive(uint8_t seeds[KEY_SEEDS][32], struct keys *keys)
{
    (void)crypto_sign_seed_keypair(keys->sign_public, keys->sign_secret, seeds[0]);
    (void)crypto_sign_seed_keypair(keys->cosign_public, keys->cosign_secret, seeds[1]);
    memcpy(keys->curve_secret, seeds[2], 32);
    net_key_public(keys->curve_secret, keys->curve_public);
    memcpy(keys->box_secret, seeds[3], 32);
    net_key_public(keys->box_secret, keys->box_public);
}

static const char *const seed_names[KEY_SEEDS] = {"sign", "cosign", "curve", "box"};

static int
keys_make(const char *home, struct keys *keys, struct err *reterr)
{
    uint8_t seeds[KEY_SEEDS][32];
    randombytes_buf(seeds, sizeof seeds);
    keys_derive(seeds, keys);
    struct buf text = {0};
    for (size_t i = 0; i < KEY_SEEDS; i++) {
        char hex[65];
        hex_text(seeds[i], 32, hex);
        buf_print(&text, "%s = %s\n", seed_names[i], hex);
        sodium_memzero(hex, sizeof hex);
    }
    sodium_memzero(seeds, sizeof seeds);
    int code = file_put(home, "keys", 0600, buf_bytes(&text), reterr);
    sodium_memzero(text.at, text.size);
    buf_release(&text);
    return code;
}

static bool
seeds_parse(const char *text, uint8_t seeds[KEY_SEEDS][32])
{
    for (size_t i = 0; i < KEY_SEEDS; i++) {
        char name[16], hex[65];
        int used = 0;
        if (sscanf(text, "%15s = %64s\n%n", name, hex, &used) != 2 || used == 0 ||
            strcmp(name, seed_names[i]) != 0 || !hex_parse(bytes_of(hex), seeds[i], 32))
            return false;
        text += used;
    }
    return true;
}

static int
keys_load(const char *home, struct keys *keys, struct err *reterr)
{
    char path[HOME_PATH_MAX + 64];
    struct stat stat_buf;
    home_file(home, "keys", path);
    if (stat(path, &stat_buf) != 0)
        return errno_fail(path, reterr);
    if ((stat_buf.st_mode & 077U) != 0)
        return err_set(reterr, ERR_SECRET, "%s: quyền %o, phải là 600", "%s: mode %o, must be 600",
                       path, stat_buf.st_mode & 0777U);
    struct buf text = {0};
    uint8_t seeds[KEY_SEEDS][32];
    int code = file_get(home, "keys", &text, reterr);
    if (code == 0 && !seeds_parse(buf_text(&text), seeds))
        code = err_set(reterr, ERR_CORRUPT, "%s: không đọc được khóa", "%s: the keys do not read",
                       path);
    if (code == 0)
        keys_derive(seeds, keys);
    sodium_memzero(seeds, sizeof seeds);
    if (text.at != NULL)
        sodium_memzero(text.at, text.room);
    buf_release(&text);
    return code;
}

// Who we are, in log.db.

static int
meta_uint(struct log_db *log, const char *key, uint64_t *ret_value, struct err *reterr)
{
    OWNED(buf_release) struct buf value = {0};
    int code = log_db_meta_get(log, key, &value, reterr);
    if (code != 0)
        return code;
    struct reader in = reader_of(buf_bytes(&value));
    *ret_value = read_uint(&in);
    return in.code == 0 ? 0 : err_set(reterr, ERR_CORRUPT, "log.db: %s", "log.db: %s", key);
}

static int
meta_set_uint(struct log_db *log, const char *key, uint64_t value, struct err *reterr)
{
    OWNED(buf_release) struct buf packed = {0};
    struct packer out = packer_of(&packed);
    pack_uint(&out, value);
    return log_db_meta_set(log, key, buf_bytes(&packed), reterr);
}

static epoch_t
epoch_after(epoch_t before)
{
    return ((before >> 32) + 1) << 32 | randombytes_random();
}

static int
identity_save(const char *home, const struct identity *identity, struct err *reterr)
{
    char path[HOME_PATH_MAX + 64];
    home_file(home, "log.db", path);
    struct log_db *log = NULL;
    int code = log_db_open(path, &log, reterr);
    if (code == 0)
        code = log_db_meta_set(log, "office", bytes_of(identity->office.code), reterr);
    if (code == 0)
        code = log_db_meta_set(log, "net", BYTES(identity->net, 16), reterr);
    if (code == 0)
        code = log_db_meta_set(log, "trusted", identity->trusted, reterr);
    if (code == 0)
        code = meta_set_uint(log, "epoch", epoch_after(0), reterr);
    if (code == 0)
        code = meta_set_uint(log, "generation", 1, reterr);
    if (code == 0)
        code = file_put(home, "generation", 0600, BYTES_LIT("1\n"), reterr);
    log_db_destroy(&log);
    return code;
}

static int
folder_make(const char *home, struct err *reterr)
{
    char path[HOME_PATH_MAX + 64];
    if (strlen(home) > HOME_PATH_MAX)
        return err_set(reterr, ERR_HOME, "đường dẫn quá dài", "the path is too long");
    if (mkdir(home, 0700) != 0 && errno != EEXIST)
        return errno_fail(home, reterr);
    home_file(home, "log.db", path);
    if (access(path, F_OK) == 0)
        return err_set(reterr, ERR_HOME, "%s: đã có một đơn vị ở đây",
                       "%s: there is an office here already", home);
    return 0;
}

static int
conf_write(const char *home, const char *listen, const char *parent_key, const struct token *token,
           struct err *reterr)
{
    OWNED(buf_release) struct buf text = {0};
    buf_add_text(&text, "[node]\n");
    if (listen != NULL)
        buf_print(&text, "listen = %s\n", listen);
    if (token != NULL) {
        buf_add_text(&text, "[parent]\nconnect = ");
        for (size_t i = 0; i < token->endpoint_count; i++) {
            char endpoint[ENDPOINT_MAX + 1];
            endpoint_text(&token->endpoints[i], 0, endpoint);
            buf_print(&text, "%s%s", i > 0 ? ", " : "", endpoint);
        }
        buf_print(&text, "\nkey = %s\n", parent_key);
    }
    return file_put(home, "lienthong.conf", 0644, buf_bytes(&text), reterr);
}

static void
trusted_pack(const struct bytes *certificates, size_t count, struct buf *buf)
{
    struct packer out = packer_of(buf);
    pack_array(&out, count);
    for (size_t i = 0; i < count; i++)
        pack_raw(&out, certificates[i]);
}

void
home_unit(const struct keys *keys, const struct office *office, const struct office *parent,
          struct unit *ret_unit)
{
    *ret_unit = (struct unit){.office = *office, .parent = *parent};
    memcpy(ret_unit->sign, keys->sign_public, 32);
    memcpy(ret_unit->cosign, keys->cosign_public, 32);
    memcpy(ret_unit->curve, keys->curve_public, 32);
    memcpy(ret_unit->box, keys->box_public, 32);
}

int
home_init(const char *home, const struct office *province, const char *name, const char *listen,
          struct err *reterr)
{
    struct keys keys;
    struct identity identity = {.office = *province};
    int code = folder_make(home, reterr);
    if (code == 0)
        code = keys_make(home, &keys, reterr);
    if (code == 0)
        code = conf_write(home, listen, NULL, NULL, reterr);
    if (code != 0)
        return code;
    uint8_t hash[32];
    hash_sha256(BYTES(keys.sign_public, 32), hash);
    memcpy(identity.net, hash, sizeof identity.net);
    struct unit unit;
    struct office none = {0};
    home_unit(&keys, province, &none, &unit);
    OWNED(buf_release) struct buf certificate = {0};
    OWNED(buf_release) struct buf trusted = {0};
    certificate_pack(&unit, 0, UINT32_MAX, &certificate);
    struct bytes one = buf_bytes(&certificate);
    trusted_pack(&one, 1, &trusted);
    identity.trusted = buf_bytes(&trusted);
    sodium_memzero(&keys, sizeof keys);
    code = identity_save(home, &identity, reterr);
    return code != 0 ? code : node_found(home, name, reterr);
}

int
home_join(const char *home, const char *token_text, const char *listen, int timeout_s,
          struct err *reterr)
{
    struct token token;
    struct keys keys;
    struct identity identity = {0};
    OWNED(buf_release) struct buf trusted = {0};
    int code = token_parse(bytes_of(token_text), &token, reterr);
    if (code == 0)
        code = folder_make(home, reterr);
    if (code == 0)
        code = keys_make(home, &keys, reterr);
    if (code == 0)
        code = enrol_ask(&token, &keys, timeout_s, &trusted, reterr);
    if (code == 0) {
        char key[65];
        hex_text(token.parent_curve, 32, key);
        code = conf_write(home, listen, key, &token, reterr);
    }
    if (code == 0) {
        identity.office = token.office;
        memcpy(identity.net, token.net, sizeof identity.net);
        identity.trusted = buf_bytes(&trusted);
        code = identity_save(home, &identity, reterr);
    }
    sodium_memzero(&keys, sizeof keys);
    token_wipe(&token);
    return code;
}

static int
lock_take(struct home *home, struct err *reterr)
{
    char path[HOME_PATH_MAX + 64];
    home_file(home->path, "lock", path);
    home->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (home->lock_fd < 0)
        return errno_fail(path, reterr);
    if (flock(home->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return err_set(reterr, ERR_RUNNING, "%s", "%s", home->path);
}

// Digits and a newline, and nothing else.
static bool
number_parse(const char *text, uint64_t *ret_number)
{
    char *end = NULL;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\n')
        return false;
    *ret_number = number;
    return true;
}

// The file beside the database and the number in it rise together; a copy of one without the
// other shows. One behind is a crash between the two.
static int
generation_check(struct home *home, struct err *reterr)
{
    uint64_t inside;
    uint64_t outside = 0;
    OWNED(buf_release) struct buf text = {0};
    int code = meta_uint(home->log, "generation", &inside, reterr);
    if (code != 0)
        return code;
    struct err ignored = {0};
    bool is_there = file_get(home->path, "generation", &text, &ignored) == 0 &&
                    number_parse(buf_text(&text), &outside);
    if (!is_there || (outside != inside && outside + 1 != inside)) {
        code = home_new_epoch(home, reterr);
        if (code != 0)
            return code;
    }
    uint64_t next = (outside > inside ? outside : inside) + 1;
    code = meta_set_uint(home->log, "generation", next, reterr);
    if (code != 0)
        return code;
    buf_clear(&text);
    buf_print(&text, "%" PRIu64 "\n", next);
    return file_put(home->path, "generation", 0600, buf_bytes(&text), reterr);
}

int
home_new_epoch(struct home *self, struct err *reterr)
{
    self->before = (struct origin){self->self, self->epoch};
    self->epoch = epoch_after(self->epoch);
    return meta_set_uint(self->log, "epoch", self->epoch, reterr);
}

static int
identity_load(struct home *home, struct err *reterr)
{
    OWNED(buf_release) struct buf value = {0};
    int code = log_db_meta_get(home->log, "office", &value, reterr);
    if (code != 0)
        return code;
    if (!office_parse(buf_bytes(&value), &home->self))
        return err_set(reterr, ERR_HOME, "%s: chưa gia nhập xong", "%s: joining never ended",
                       home->path);
    buf_clear(&value);
    code = log_db_meta_get(home->log, "net", &value, reterr);
    if (code == 0 && value.size == sizeof home->net)
        memcpy(home->net, value.at, sizeof home->net);
    if (code == 0)
        code = log_db_meta_get(home->log, "trusted", &home->trusted_bytes, reterr);
    if (code == 0)
        code = meta_uint(home->log, "epoch", &home->epoch, reterr);
    if (code != 0)
        return code;
    struct reader in = reader_of(buf_bytes(&home->trusted_bytes));
    size_t count = read_array(&in);
    for (size_t i = 0; i < count && i < TRUSTED_MAX; i++)
        home->trusted[home->trusted_count++] = read_skip(&in);
    return in.code == 0 ? 0 : err_set(reterr, ERR_CORRUPT, "log.db: trusted", "log.db: trusted");
}

int
home_open(const char *path, struct home *ret_home, struct err *reterr)
{
    *ret_home = (struct home){.lock_fd = -1};
    (void)snprintf(ret_home->path, sizeof ret_home->path, "%s", path);
    char log_path[HOME_PATH_MAX + 64];
    home_file(path, "log.db", log_path);
    if (access(log_path, F_OK) != 0)
        return err_set(reterr, ERR_HOME, "%s", "%s", path);
    int code = keys_load(path, &ret_home->keys, reterr);
    if (code == 0)
        code = lock_take(ret_home, reterr);
    if (code == 0)
        code = log_db_open(log_path, &ret_home->log, reterr);
    if (code == 0)
        code = identity_load(ret_home, reterr);
    if (code == 0)
        code = generation_check(ret_home, reterr);
    if (code != 0)
        home_release(ret_home);
    return code;
}

void
home_release(struct home *self)
{
    log_db_destroy(&self->log);
    sodium_memzero(&self->keys, sizeof self->keys);
    buf_release(&self->trusted_bytes);
    if (self->lock_fd >= 0)
        (void)close(self->lock_fd);
    self->lock_fd = -1;
    self->trusted_count = 0;
}
