#include "sql.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    // A WAL that one long reader made grow is cut back to this once it is moved into the file.
    WAL_KEEP_BYTES = 32 * 1024 * 1024,
};

static const char *
name_of(const char *path)
{
    const char *slash = path != NULL ? strrchr(path, '/') : NULL;
    return slash != NULL ? slash + 1 : path != NULL ? path : "";
}

static bool
is_disk_full(int system_errno)
{
    return system_errno == ENOSPC || system_errno == EDQUOT;
}

static bool
is_forbidden(int system_errno)
{
    return system_errno == EROFS || system_errno == EACCES || system_errno == EPERM;
}

int
sql_code(int code, int system_errno)
{
    int primary = code & 0xFF;
    if (primary == SQLITE_OK || primary == SQLITE_ROW || primary == SQLITE_DONE)
        return 0;
    if (primary == SQLITE_FULL)
        return ERR_FULL;
    if (primary == SQLITE_READONLY || primary == SQLITE_PERM || primary == SQLITE_AUTH)
        return ERR_READONLY;
    if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED || primary == SQLITE_PROTOCOL)
        return ERR_BUSY;
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
        return ERR_CORRUPT;
    if (primary != SQLITE_IOERR && primary != SQLITE_CANTOPEN)
        return ERR_BUG;
    // The shared-memory file, too, needs room, and reports its lack as an I/O error.
    if (is_disk_full(system_errno))
        return ERR_FULL;
    if (primary == SQLITE_CANTOPEN || is_forbidden(system_errno))
        return ERR_READONLY;
    return ERR_IO;
}

int
sql_fail(sqlite3 *db, struct err *reterr)
{
    int code = sqlite3_extended_errcode(db);
    if ((code & 0xFF) == SQLITE_NOMEM) {
        (void)fputs("lienthong: LT-LIMIT: hết bộ nhớ / out of memory\n", stderr);
        abort();
    }
    int rc = sql_code(code, sqlite3_system_errno(db));
    // A call that failed without leaving its code behind is still a failure.
    return err_set(reterr, rc != 0 ? rc : ERR_BUG, "%s: SQLite báo '%s' (%d)",
                   "%s: SQLite says '%s' (%d)", name_of(sqlite3_db_filename(db, "main")),
                   sqlite3_errmsg(db), code);
}

// SQLite would make the file readable for others and leave the rest to the umask. Only a file that
// is not there is opened here: closing a descriptor of one in use would drop its locks.
static int
file_make(const char *path, unsigned mode, struct err *reterr)
{
    int fd = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, (mode_t)mode);
    if (fd < 0 && errno == EEXIST)
        return 0;
    int failed_errno = fd < 0 || fchmod(fd, (mode_t)mode) != 0 ? errno : 0;
    if (fd >= 0)
        (void)close(fd);
    if (failed_errno == 0)
        return 0;
    int code = is_disk_full(failed_errno) ? ERR_FULL : failed_errno == EIO ? ERR_IO : ERR_READONLY;
    return err_set(reterr, code, "không tạo được '%s': %s", "cannot create '%s': %s", path,
                   strerror(failed_errno));
}

int
sql_exec(sqlite3 *db, const char *text, struct err *reterr)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_fail(db, reterr);
}

int
sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **ret_stmt, struct err *reterr)
{
    if (sqlite3_prepare_v3(db, text, -1, SQLITE_PREPARE_PERSISTENT, ret_stmt, NULL) == SQLITE_OK)
        return 0;
    return sql_fail(db, reterr);
}

int
sql_prepare_all(sqlite3 *db, const char *const *texts, size_t count, sqlite3_stmt **ret_stmts,
                struct err *reterr)
{
    memset(ret_stmts, 0, count * sizeof *ret_stmts);
    for (size_t i = 0; i < count; i++) {
        int rc = sql_prepare(db, texts[i], &ret_stmts[i], reterr);
        if (rc != 0)
            return rc;
    }
    return 0;
}

int
sql_int(sqlite3 *db, const char *text, int64_t *ret_value, struct err *reterr)
{
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    int rc = sql_prepare(db, text, &stmt, reterr);
    if (rc == 0)
        rc = stmt_next(stmt, reterr);
    if (rc < 0)
        return rc;
    *ret_value = rc == 1 ? stmt_int(stmt, 0) : 0;
    return 0;
}

// Set one pragma and see that it took; SQLite passes over what it does not know or cannot do.
static int
pragma_set(sqlite3 *db, const char *name, const char *value, const char *want, struct err *reterr)
{
    char text[80];
    (void)snprintf(text, sizeof text, "PRAGMA %s = %s", name, value);
    int rc = sql_exec(db, text, reterr);
    if (rc != 0)
        return rc;
    (void)snprintf(text, sizeof text, "PRAGMA %s", name);
    OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
    rc = sql_prepare(db, text, &stmt, reterr);
    if (rc == 0)
        rc = stmt_next(stmt, reterr);
    if (rc < 0)
        return rc;
    if (rc == 1 && bytes_equal(stmt_bytes(stmt, 0), bytes_of(want)))
        return 0;
    return err_set(reterr, ERR_IO, "SQLite không nhận '%s = %s'",
                   "SQLite does not accept '%s = %s'", name, value);
}

static int
pragma_set_int(sqlite3 *db, const char *name, int value, struct err *reterr)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", value);
    return pragma_set(db, name, text, text, reterr);
}

static int
pragmas_set(sqlite3 *db, const struct sql_options *options, struct err *reterr)
{
    int rc = pragma_set(db, "foreign_keys", "ON", "1", reterr);
    if (rc == 0)
        rc = pragma_set(db, "trusted_schema", "OFF", "0", reterr);
    if (rc == 0)
        rc = pragma_set(db, "temp_store", "MEMORY", "2", reterr);
    if (rc == 0 && options->cache_kib > 0)
        rc = pragma_set_int(db, "cache_size", -options->cache_kib, reterr);
    if (rc != 0 || options->is_readonly)
        return rc;
    rc = pragma_set(db, "journal_mode", "WAL", "wal", reterr);
    // NORMAL would lose the last commits with the power, after they were acknowledged to a peer.
    if (rc == 0)
        rc = pragma_set(db, "synchronous", "FULL", "2", reterr);
    if (rc == 0)
        rc = pragma_set_int(db, "journal_size_limit", WAL_KEEP_BYTES, reterr);
    if (rc == 0 && options->checkpoint_self)
        rc = pragma_set_int(db, "wal_autocheckpoint", 0, reterr);
    return rc;
}

int
sql_open(const char *path, const struct sql_options *options, sqlite3 **ret_db, struct err *reterr)
{
    if (options->is_readonly && access(path, F_OK) != 0 && errno == ENOENT)
        return err_set(reterr, ERR_NOTFOUND, "không có tệp '%s'", "no file '%s'", path);
    int rc = options->is_readonly ? 0 : file_make(path, options->file_mode, reterr);
    if (rc != 0)
        return rc;
    // No mutex: one connection is used by one thread at a time, and locking costs every call.
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                (options->is_readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE);
    OWNED(sql_close) sqlite3 *db = NULL;
    if (sqlite3_open_v2(path, &db, flags, NULL) != SQLITE_OK) {
        (void)sql_fail(db, reterr);
        return err_wrap(reterr, "%s", "%s", path);
    }
    // SQLite opens a file it may not write for reading, and would say so only at the first write.
    if (!options->is_readonly && sqlite3_db_readonly(db, "main") == 1)
        return err_set(reterr, ERR_READONLY, "không ghi được '%s'", "'%s' cannot be written", path);
    (void)sqlite3_busy_timeout(db, options->busy_timeout_ms);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    rc = pragmas_set(db, options, reterr);
    if (rc != 0)
        return err_wrap(reterr, "%s", "%s", path);
    *ret_db = db;
    db = NULL;
    return 0;
}

void
sql_close(sqlite3 **db_p)
{
    int code = sqlite3_close(*db_p);
    assert(code == SQLITE_OK);
    (void)code;
    *db_p = NULL;
}

void
stmt_destroy(sqlite3_stmt **stmt_p)
{
    (void)sqlite3_finalize(*stmt_p);
    *stmt_p = NULL;
}

// Binding fails for a wrong index, a statement under way, or a value over 1 GB: all our mistakes.
static void
bound(int code)
{
    assert(code == SQLITE_OK);
    (void)code;
}

void
stmt_bind_int(sqlite3_stmt *self, int index, int64_t value)
{
    bound(sqlite3_bind_int64(self, index, value));
}

void
stmt_bind_bytes(sqlite3_stmt *self, int index, struct bytes bytes)
{
    const void *at = bytes.size > 0 ? (const void *)bytes.at : "";
    bound(sqlite3_bind_blob64(self, index, at, bytes.size, SQLITE_STATIC));
}

void
stmt_bind_text(sqlite3_stmt *self, int index, const char *text)
{
    bound(sqlite3_bind_text(self, index, text, -1, SQLITE_STATIC));
}

void
stmt_bind_utf8(sqlite3_stmt *self, int index, struct bytes text)
{
    const char *at = text.size > 0 ? (const char *)text.at : "";
    bound(sqlite3_bind_text64(self, index, at, text.size, SQLITE_STATIC, SQLITE_UTF8));
}

void
stmt_bind_null(sqlite3_stmt *self, int index)
{
    bound(sqlite3_bind_null(self, index));
}

int
stmt_next(sqlite3_stmt *self, struct err *reterr)
{
    int code = sqlite3_step(self);
    if (code == SQLITE_ROW)
        return 1;
    // The connection's message is read before the reset can put another in its place.
    int rc = code == SQLITE_DONE ? 0 : sql_fail(sqlite3_db_handle(self), reterr);
    (void)sqlite3_reset(self);
    return rc;
}

int
stmt_run(sqlite3_stmt *self, struct err *reterr)
{
    int rc;
    do
        rc = stmt_next(self, reterr);
    while (rc == 1);
    return rc;
}

int64_t
stmt_int(sqlite3_stmt *self, int column)
{
    return sqlite3_column_int64(self, column);
}

struct bytes
stmt_bytes(sqlite3_stmt *self, int column)
{
    const void *at = sqlite3_column_blob(self, column); // First: the size is of what it made
    return BYTES(at, (size_t)sqlite3_column_bytes(self, column));
}

bool
stmt_text(sqlite3_stmt *self, int column, char *ret_text, size_t room)
{
    struct bytes text = stmt_bytes(self, column);
    if (text.size >= room)
        return false;
    if (text.size > 0)
        memcpy(ret_text, text.at, text.size);
    ret_text[text.size] = '\0';
    return true;
}

bool
stmt_exact(sqlite3_stmt *self, int column, uint8_t *ret_at, size_t size)
{
    struct bytes bytes = stmt_bytes(self, column);
    if (bytes.size != size)
        return false;
    memcpy(ret_at, bytes.at, size);
    return true;
}
