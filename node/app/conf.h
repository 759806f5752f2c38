// conf.h - lienthong.conf: where a node listens, whom it dials, how patient it is
//
//     [node]
//     listen = tcp://0.0.0.0:5701      # a comment needs a space in front of it
//     [parent]
//     connect = tcp://10.1.2.3:5701, tcp://sync.example:5701
//     key = 8f00...                    # the parent's public key, 64 hex digits
//
// Shape    INI: sections in brackets, `key = value`, one a line. conf/lienthong.conf has them all.
//          A key that nobody knows is an error and not a remark: a misspelt `listen` is an office
//          that nobody reaches.
// Units    In the file a duration is a number and its unit: 500ms, 20s, 5m, 1h. Here it is ms.
// Errors   ERR_CONF with file:line, and the name that was probably meant. On failure the struct is
//          as it was.
// Memory   A plain value. `key` is public: nothing in the file is secret.
// Threads  Any.

#ifndef APP_CONF_H
#define APP_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../../proto/endpoint.h"
#include "../base/buf.h"
#include "../base/err.h"
#include "../base/own.h"

enum {
    CONF_CONNECT_MAX = 4, // As many as an invitation carries
    CONF_KEY_SIZE = 32,
    CONF_FILE_MAX = 65536, // Bytes; the annotated example has 2000
};

enum conf_log { CONF_LOG_ERROR, CONF_LOG_WARN, CONF_LOG_INFO, CONF_LOG_DEBUG };

struct conf {
    struct endpoint listen;    // Host "" when nobody may call
    struct endpoint advertise; // What invitations name; host "" for the same as listen
    enum conf_log log;
    size_t connect_count;
    struct endpoint connect[CONF_CONNECT_MAX]; // The parent's, the first tried first
    bool has_key;
    uint8_t key[CONF_KEY_SIZE];
    int64_t ping_ms;      // A link that was quiet that long says hello
    int64_t dead_ms;      // One that was quiet that long is given up; at least twice ping_ms
    int64_t reconnect_ms; // The first pause before calling again
    int64_t density_ms;   // How often a quiet node compares frontiers in full
};

// What holds where the file says nothing.
void conf_defaults(struct conf *ret_conf);

// Read the file at `path`.
MUST_CHECK int conf_load(const char *path, struct conf *ret_conf, struct err *reterr);

// The same for a text; `path` is what messages call it.
MUST_CHECK int conf_parse(const char *path, struct bytes text, struct conf *ret_conf,
                          struct err *reterr);

// Add a file to `ret_text` that conf_load makes the same struct of.
void conf_print(const struct conf *self, struct buf *ret_text);

#endif
