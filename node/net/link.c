#include "link.h"

#include <string.h>
#include <zmq.h>

int
link_open(struct link *self, void *context, const struct socket_conf *conf,
          const uint8_t key[CURVE_KEY_SIZE], const struct endpoint *to, unsigned number,
          struct err *reterr)
{
    *self = (struct link){.is_open = true};
    memcpy(self->key, key, CURVE_KEY_SIZE);
    int code = 0;
    for (enum lane lane = 0; lane < LANE_COUNT && code == 0; lane++) {
        code = socket_connect(context, conf, lane, to, key, number * LANE_COUNT + lane,
                              &self->sockets[lane], &self->monitors[lane], reterr);
    }
    if (code != 0)
        link_close(self, 0);
    return code;
}

void
link_close(struct link *self, int linger_ms)
{
    for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
        socket_unwatch(self->sockets[lane], &self->monitors[lane]);
        socket_close(&self->sockets[lane], lane == LANE_REPAIR ? linger_ms : 0);
    }
    *self = (struct link){0};
}

enum link_news
link_note(struct link *self, enum lane lane, struct bytes event)
{
    uint16_t number;
    if (event.size < sizeof number)
        return LINK_NO_NEWS;
    memcpy(&number, event.at, sizeof number);
    if (number == ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)
        return LINK_REFUSED;
    if (lane != LANE_REPAIR)
        return LINK_NO_NEWS;
    bool was_up = self->is_up;
    self->is_up = number == ZMQ_EVENT_HANDSHAKE_SUCCEEDED;
    switch (number) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        return LINK_UP;
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
    case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
        return LINK_WRONG_KEY;
    default: // Disconnected, which follows a failed handshake too
        return was_up ? LINK_DOWN : LINK_NO_NEWS;
    }
}
