// log_schema.h - the tables of log.db, layout 1
//
//     sqlite3 -readonly home/log.db "SELECT key >> 40, key & ((1 << 40) - 1), kind FROM entry"
//
// Shape    An entry's key is log << 40 | seq: entries of one log lie together, in order. A tile's
//          is log << 40 | level << 37 | index. Epochs and other 64-bit numbers are stored as
//          SQLite's signed ones with the same bits. Nothing here is indexed twice.
// Source   sqlite.org/withoutrowid.html for which table has a rowid: those with long rows or a
//          number for a key.

#ifndef STORE_LOG_SCHEMA_H
#define STORE_LOG_SCHEMA_H

enum { LOG_SCHEMA_VERSION = 1 };

// clang-format off
static const char log_schema[] =
    "CREATE TABLE head ("
    "  log INTEGER PRIMARY KEY, office TEXT NOT NULL, epoch INTEGER NOT NULL,"
    "  size INTEGER NOT NULL, note_size INTEGER NOT NULL, note BLOB NOT NULL) STRICT;"

    "CREATE TABLE entry ("
    "  key INTEGER PRIMARY KEY, kind INTEGER NOT NULL,"
    "  stub BLOB NOT NULL, body BLOB NOT NULL) STRICT;"

    // Entries that are not of kind record, in the order of arrival, n from 0.
    "CREATE TABLE special (n INTEGER PRIMARY KEY, key INTEGER NOT NULL) STRICT;"

    "CREATE TABLE tile (key INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;"

    "CREATE TABLE record ("
    "  creator TEXT NOT NULL, id BLOB NOT NULL, row BLOB NOT NULL, waiting INTEGER NOT NULL,"
    "  PRIMARY KEY (creator, id)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX record_waiting ON record (creator, id) WHERE waiting = 1;"

    "CREATE TABLE tally ("
    "  measure TEXT NOT NULL, period INTEGER NOT NULL, key TEXT NOT NULL, office TEXT NOT NULL,"
    "  n0 INTEGER NOT NULL, n1 INTEGER NOT NULL, n2 INTEGER NOT NULL, n3 INTEGER NOT NULL,"
    "  PRIMARY KEY (measure, period, key)) STRICT, WITHOUT ROWID;"
    "CREATE TABLE total ("
    "  measure TEXT NOT NULL, period INTEGER NOT NULL, office TEXT NOT NULL, n INTEGER NOT NULL,"
    "  PRIMARY KEY (measure, period, office)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE receipt ("
    "  office TEXT NOT NULL, epoch INTEGER NOT NULL, holder TEXT NOT NULL,"
    "  size INTEGER NOT NULL, bodies INTEGER NOT NULL, envelopes INTEGER NOT NULL,"
    "  root BLOB NOT NULL, time INTEGER NOT NULL, cosignature BLOB NOT NULL,"
    "  signature BLOB NOT NULL,"
    "  PRIMARY KEY (office, epoch, holder)) STRICT, WITHOUT ROWID;"

    "CREATE TABLE drained ("
    "  key BLOB PRIMARY KEY NOT NULL, log INTEGER NOT NULL, seq INTEGER NOT NULL)"
    "  STRICT, WITHOUT ROWID;"
    "CREATE TABLE quarantine (key INTEGER PRIMARY KEY, code INTEGER NOT NULL) STRICT;"
    "CREATE TABLE evidence ("
    "  id INTEGER PRIMARY KEY, code INTEGER NOT NULL, office TEXT NOT NULL,"
    "  epoch INTEGER NOT NULL, sender TEXT NOT NULL, what BLOB NOT NULL) STRICT;"

    "CREATE TABLE segment ("
    "  position INTEGER PRIMARY KEY, log INTEGER NOT NULL, first INTEGER NOT NULL,"
    "  count INTEGER NOT NULL) STRICT;"
    "CREATE TABLE meta (key TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE invite ("
    "  id BLOB PRIMARY KEY NOT NULL, office TEXT NOT NULL, expires INTEGER NOT NULL,"
    "  used INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "PRAGMA user_version = 1;";
// clang-format on

#endif
