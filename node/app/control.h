// control.h - HOME/control: commands of this machine ask the running node
//
// Shape    A Unix stream socket, mode 0600; one JSON line in, one out, then it is closed. The peer
//          must be root or the node's own user (SO_PEERCRED). A line is at most CONTROL_LINE_MAX.
// Errors   control_open: ERR_RUNNING, ERR_READONLY, ERR_IO. control_call: ERR_UNREACHABLE when no
//          node answers there.
// Threads  One. A command that dawdles holds the loop for CONTROL_PATIENCE_MS at most.

#ifndef APP_CONTROL_H
#define APP_CONTROL_H

#include <jansson.h>

#include "../base/err.h"
#include "../base/own.h"

enum { CONTROL_LINE_MAX = 4194304, CONTROL_PATIENCE_MS = 300, CONTROL_CALL_S = 120 };

struct control;
struct node;

MUST_CHECK int control_open(const char *home, struct control **ret_control, struct err *reterr);
void control_close(struct control **self_p);
int control_fd(const struct control *self);

// Answer who is waiting, when `is_ready` says somebody is.
void control_serve(struct control *self, struct node *node, bool is_ready);

MUST_CHECK int control_call(const char *home, json_t *request, json_t **ret_answer,
                            struct err *reterr);

#endif
