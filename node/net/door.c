#include "door.h"

enum { TRIES_MAX = 32 }; // Others rarely hold the port next to a free one, never so often

static int
lanes_bind(struct door *self, void *context, const struct socket_conf *conf, struct err *reterr)
{
    int code = 0;
    for (enum lane lane = 0; lane < LANE_COUNT && code == 0; lane++) {
        code = socket_bind(context, conf, lane, &self->at, &self->sockets[lane], reterr);
        if (code == 0 && self->at.port == 0)
            self->at.port = socket_port(self->sockets[lane]);
        if (code == 0 && self->at.port > ENDPOINT_PORT_MAX)
            code = err_set(reterr, ERR_ARG, "không còn cổng phía trên %u", "no ports above %u",
                           self->at.port);
    }
    return code;
}

int
door_open(struct door *self, void *context, const struct socket_conf *conf,
          const struct endpoint *at, struct err *reterr)
{
    int code = ERR_ARG;
    for (int tries = at->port == 0 ? TRIES_MAX : 1; tries > 0 && code == ERR_ARG; tries--) {
        *self = (struct door){.at = *at};
        code = lanes_bind(self, context, conf, reterr);
        if (code != 0)
            door_close(self, 0);
    }
    self->is_open = code == 0;
    return code;
}

void
door_close(struct door *self, int linger_ms)
{
    for (enum lane lane = 0; lane < LANE_COUNT; lane++)
        socket_close(&self->sockets[lane], linger_ms);
    *self = (struct door){0};
}

void
door_shut_down_lane(struct door *self)
{
    socket_close(&self->sockets[LANE_DOWN], 0);
}

bool
door_needs_mending(const struct door *self)
{
    return self->is_open && self->sockets[LANE_DOWN] == NULL;
}

bool
door_mend(struct door *self, void *context, const struct socket_conf *conf)
{
    struct err err; // That it is not free yet is no news
    return door_needs_mending(self) &&
           socket_bind(context, conf, LANE_DOWN, &self->at, &self->sockets[LANE_DOWN], &err) == 0;
}
