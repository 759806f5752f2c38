// talk.h - between sockets and the core: which key is which office, whom to dial, what to log
//
// Shape    A key below is an office by the registry, or a newcomer by an open invitation. The
// parent
//          is dialed at the addresses of the configuration in turn, with pauses that double.
// Threads  One.

#ifndef APP_TALK_H
#define APP_TALK_H

#include "node.h"

// Dial the parent, if the configuration names one.
void talk_start(struct node *node);

// Take one message or event of the net; true when it made a step.
bool talk_heard(struct node *node, const struct net_message *message);

// The parent has been silent too long: hang up and dial again.
void talk_silent(struct node *node, const struct office *peer);

// What waits for its time: dialing again.
void talk_due(struct node *node);

// One line on stderr for whoever runs the node: event name and key=value.
void talk_note(struct node *node, const struct core_note *note);
void talk_ready(struct node *node);
void talk_error(struct node *node, const struct err *err);

#endif
