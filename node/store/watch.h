// watch.h - wakes us when somebody writes to a SQLite database in WAL mode
//
// Shape    inotify on the -wal file, and on its folder, since the WAL is removed by the last
//          connection to close and made again by the next. It says "look", never what changed.
// Errors   ERR_LIMIT when the machine has no watches left (fs.inotify.max_user_watches).
// Memory   `= {.fd = -1}` is closed; watch_release closes.
// Threads  One at a time.
// Source   inotify(7). Nothing opens the file: closing a descriptor would drop SQLite's locks.

#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include "../base/err.h"
#include "../base/own.h"

struct watch {
    int fd; // Readable when there is something to look at
    int folder;
    char *wal; // Path
};

MUST_CHECK int watch_open(struct watch *self, const char *database, struct err *reterr);
void watch_release(struct watch *self);

// Take the events, and follow a WAL that was made anew.
void watch_take(struct watch *self);

#endif
