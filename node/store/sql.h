// sql.h - SQLite with its edges filed off: open, statements, and what its codes mean to us
//
//     OWNED(sql_close) sqlite3 *db = NULL;
//     int rc = sql_open(path, &(struct sql_options){.file_mode = 0600}, &db, &err);
//     OWNED(stmt_destroy) sqlite3_stmt *stmt = NULL;
//     if (rc == 0)
//         rc = sql_prepare(db, "INSERT INTO town VALUES (?1, ?2)", &stmt, &err);
//     stmt_bind_int(stmt, 1, 7);
//     stmt_bind_bytes(stmt, 2, name);
//     if (rc == 0)
//         rc = stmt_run(stmt, &err);
//
// Shape    One connection is a sqlite3 pointer; its pragmas are set and read back in sql_open and
//          nowhere else, for most of them hold for one connection only.
// Errors   ERR_FULL, ERR_READONLY, ERR_BUSY, ERR_CORRUPT, ERR_IO as the disk is; ERR_BUG for a
//          broken constraint or a wrong statement. Out of memory ends the program.
// Memory   sql_close and stmt_destroy leave NULL behind, and accept it. Statements go first.
// Threads  One at a time.
// Source   sqlite.org/pragma.html, sqlite.org/rescode.html, sqlite.org/howtocorrupt.html.

#ifndef STORE_SQL_H
#define STORE_SQL_H

#include <sqlite3.h>

#include "../base/buf.h"
#include "../base/err.h"
#include "../base/id.h"

struct sql_options {
    unsigned file_mode;   // Of a file made here, whatever the umask; its -wal and -shm follow it
    bool is_readonly;     // The file must be there; nothing is set that needs a write
    int cache_kib;        // Page cache; 0 is SQLite's own 2 MB
    int busy_timeout_ms;  // How long to wait for another writer; 0 fails at once
    bool checkpoint_self; // The caller moves the WAL into the file, SQLite never does by itself
};

// Open in WAL mode with synchronous=FULL, extended codes, foreign keys on, schema not trusted, and
// defensive mode; every pragma that matters is read back.
MUST_CHECK int sql_open(const char *path, const struct sql_options *options, sqlite3 **ret_db,
                        struct err *reterr);

// Asserts that no statement is left.
void sql_close(sqlite3 **db_p);

// Our code for SQLite's extended `code` and the errno behind it (0 when there is none).
int sql_code(int code, int system_errno);

// Say what just failed on this connection: "file.db: disk full (13)"; returns our code.
int sql_fail(sqlite3 *db, struct err *reterr);

// Run statements that give no rows, separated by semicolons.
MUST_CHECK int sql_exec(sqlite3 *db, const char *text, struct err *reterr);

// The first column of the first row, a number; 0 when there is no row.
MUST_CHECK int sql_int(sqlite3 *db, const char *text, int64_t *ret_value, struct err *reterr);

// One statement that will be used more than once.
MUST_CHECK int sql_prepare(sqlite3 *db, const char *text, sqlite3_stmt **ret_stmt,
                           struct err *reterr);

// As many as there are texts. After a failure destroy those made, as after success.
MUST_CHECK int sql_prepare_all(sqlite3 *db, const char *const *texts, size_t count,
                               sqlite3_stmt **ret_stmts, struct err *reterr);

void stmt_destroy(sqlite3_stmt **stmt_p);

// Parameters count from 1. Bytes and texts are borrowed until the statement is run or bound anew;
// an empty one is bound as empty, never as NULL.
void stmt_bind_int(sqlite3_stmt *self, int index, int64_t value);
void stmt_bind_bytes(sqlite3_stmt *self, int index, struct bytes bytes); // BLOB
void stmt_bind_text(sqlite3_stmt *self, int index, const char *text);    // TEXT, terminated
void stmt_bind_utf8(sqlite3_stmt *self, int index, struct bytes text);   // TEXT, by its size
void stmt_bind_null(sqlite3_stmt *self, int index);

// Run to the end and reset; rows are passed over.
MUST_CHECK int stmt_run(sqlite3_stmt *self, struct err *reterr);

// Go to the next row: 1 there is one, 0 the end (reset already), or an ERR_ code (reset already).
// Who stops at a row calls sqlite3_reset, or keeps a read transaction open.
MUST_CHECK int stmt_next(sqlite3_stmt *self, struct err *reterr);

// Columns count from 0. Bytes of a BLOB or a TEXT are good until the next step or reset.
int64_t stmt_int(sqlite3_stmt *self, int column);
struct bytes stmt_bytes(sqlite3_stmt *self, int column);

// False when the text does not fit `room` bytes with its NUL, or the BLOB is not `size` bytes: the
// file does not hold what we wrote.
MUST_CHECK bool stmt_text(sqlite3_stmt *self, int column, char *ret_text, size_t room);
MUST_CHECK bool stmt_exact(sqlite3_stmt *self, int column, uint8_t *ret_at, size_t size);

#endif
