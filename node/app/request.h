// request.h - what a command asks of the office's node, and the answer, as JSON
//
//     {"verb": "status"}  ->  {"office": "05908", "saved": 18442, ...}
//
// Shape    One JSON object each way, one a line, over HOME/control (a Unix socket, mode 0600, and
//          only for processes of the same user or root). When no node runs, the command opens the
//          home itself and answers its own question. README.md of node/ lists verbs and members.
// Errors   {"error": {"code", "vi", "en"}}, which request_call turns into struct err.
// Memory   The answer is yours.
// Threads  One.

#ifndef APP_REQUEST_H
#define APP_REQUEST_H

#include <jansson.h>

#include "../base/err.h"
#include "../base/own.h"

struct node;

MUST_CHECK int request_call(const char *home, json_t *request, json_t **ret_answer,
                            struct err *reterr);

// Answer in the node's own process; never NULL.
json_t *request_answer(struct node *node, json_t *request);

#endif
