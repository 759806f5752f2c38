// home.h - one office's folder: its keys, who it is, its databases
//
//     keys          0600  four seeds, in hex: never in a database, never in a backup of one
//     log.db        0600  the truth
//     office.db     0660  records as plain SQL
//     generation    0600  how many times it started; must agree with log.db
//     lienthong.conf      where it listens, whom it dials
//     lock, control       of the running node
//
// Shape    struct home is what every command needs to know before it opens anything.
// Errors   ERR_HOME: no office here. ERR_SECRET: keys readable by others. ERR_RUNNING: the lock is
//          held. ERR_READONLY, ERR_FULL, ERR_IO as the disk is.
// Memory   `= {0}`; home_release closes the databases and wipes the keys.
// Threads  One.

#ifndef APP_HOME_H
#define APP_HOME_H

#include "../core/core.h"
#include "../store/log_db.h"
#include "conf.h"

enum { HOME_PATH_MAX = 4000, TRUSTED_MAX = 8 };

struct keys {
    uint8_t sign_public[32], sign_secret[64];
    uint8_t cosign_public[32], cosign_secret[64];
    uint8_t curve_public[32], curve_secret[32];
    uint8_t box_public[32], box_secret[32];
};

struct home {
    char path[HOME_PATH_MAX + 1];
    struct office self;
    struct origin before; // Epoch given up at this start; office "" for none
    epoch_t epoch;
    uint8_t net[16];
    struct keys keys;
    struct log_db *log;
    struct buf trusted_bytes;
    struct bytes trusted[TRUSTED_MAX];
    size_t trusted_count;
    int lock_fd;
};

// Who an office is, once and for all.
struct identity {
    struct office office;
    uint8_t net[16];
    struct bytes trusted; // Packed array of certificates
};

// A unit with these keys, for its certificate.
void home_unit(const struct keys *keys, const struct office *office, const struct office *parent,
               struct unit *ret_unit);

// A new root office: keys, log, offices and definitions that this program carries, published.
MUST_CHECK int home_init(const char *home, const struct office *province, const char *name,
                         const char *listen, struct err *reterr);

// Enrol as the office a token names. Waits for the parent up to `timeout_s`.
MUST_CHECK int home_join(const char *home, const char *token_text, const char *listen,
                         int timeout_s, struct err *reterr);

// Open for writing, and hold the lock: one process at a time.
MUST_CHECK int home_open(const char *path, struct home *ret_home, struct err *reterr);
void home_release(struct home *self);

// The log was continued by somebody else, or is an old copy: write in a new epoch from now on.
MUST_CHECK int home_new_epoch(struct home *self, struct err *reterr);

// "HOME/name" into `ret_path` of HOME_PATH_MAX + 64 bytes.
void home_file(const char *home, const char *name, char *ret_path);

#endif
