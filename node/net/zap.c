#include "zap.h"

#include <errno.h>
#include <string.h>
#include <zmq.h>

#include "../base/id.h"

enum {
    FRAME_VERSION,
    FRAME_ID,
    FRAME_DOMAIN,
    FRAME_ADDRESS,
    FRAME_ROUTING_ID,
    FRAME_MECHANISM,
    FRAME_KEY,
    FRAMES,
    FRAME_MAX = 256, // A routing id has up to 255 bytes, an address fewer
};

struct request {
    uint8_t frames[FRAMES][FRAME_MAX];
    struct bytes frame[FRAMES]; // What there is of them
    size_t count;               // May be more than FRAMES
    bool is_cut;
};

int
zap_open(struct zap *self, void *context, struct err *reterr)
{
    self->socket = zmq_socket(context, ZMQ_REP);
    if (self->socket != NULL && zmq_bind(self->socket, "inproc://zeromq.zap.01") == 0)
        return 0;
    int code = err_set(reterr, ERR_DENIED, "không đặt được người gác cổng (ZAP): %s",
                       "the ZAP handler cannot be placed: %s", zmq_strerror(errno));
    zap_close(self);
    return code;
}

void
zap_close(struct zap *self)
{
    socket_close(&self->socket, 0);
}

// False when none is waiting. Frames beyond those of a request are counted, not kept.
static bool
request_receive(void *socket, struct request *request)
{
    *request = (struct request){0};
    int is_more = 1;
    while (is_more != 0) {
        uint8_t beyond[1];
        bool is_kept = request->count < FRAMES;
        uint8_t *at = is_kept ? request->frames[request->count] : beyond;
        int size = zmq_recv(socket, at, is_kept ? FRAME_MAX : sizeof beyond, ZMQ_DONTWAIT);
        if (size < 0)
            return false;
        request->is_cut = request->is_cut || (is_kept && size > FRAME_MAX);
        if (is_kept)
            request->frame[request->count] = BYTES(at, size > FRAME_MAX ? 0 : (size_t)size);
        request->count++;
        size_t option_size = sizeof is_more;
        if (zmq_getsockopt(socket, ZMQ_RCVMORE, &is_more, &option_size) != 0)
            return false;
    }
    return true;
}

static bool
request_is_sound(const struct request *request)
{
    return request->count == FRAMES && !request->is_cut &&
           bytes_equal(request->frame[FRAME_VERSION], BYTES_LIT("1.0")) &&
           bytes_equal(request->frame[FRAME_MECHANISM], BYTES_LIT("CURVE")) &&
           request->frame[FRAME_KEY].size == CURVE_KEY_SIZE;
}

static void
frame_send(void *socket, struct bytes frame, int flags)
{
    // What fails here is one handshake, and it ends by its own timeout.
    (void)zmq_send(socket, frame.at, frame.size, flags | ZMQ_DONTWAIT);
}

static void
reply_send(void *socket, struct bytes id, bool is_admitted, const char *user_id)
{
    frame_send(socket, BYTES_LIT("1.0"), ZMQ_SNDMORE);
    frame_send(socket, id, ZMQ_SNDMORE);
    frame_send(socket, is_admitted ? BYTES_LIT("200") : BYTES_LIT("400"), ZMQ_SNDMORE);
    frame_send(socket, is_admitted ? BYTES_LIT("OK") : BYTES_LIT("no"), ZMQ_SNDMORE);
    frame_send(socket, bytes_of(user_id), ZMQ_SNDMORE);
    frame_send(socket, BYTES_LIT(""), 0);
}

enum zap_answer
zap_serve(struct zap *self, bool (*admit)(void *guard, const uint8_t key[CURVE_KEY_SIZE]),
          void *guard)
{
    struct request request;
    if (!request_receive(self->socket, &request))
        return ZAP_NOBODY;
    struct bytes key = request.frame[FRAME_KEY];
    bool is_admitted = request_is_sound(&request) && admit(guard, key.at);
    char user_id[2 * CURVE_KEY_SIZE + 1] = "";
    if (is_admitted)
        hex_text(key.at, key.size, user_id);
    reply_send(self->socket, request.frame[FRAME_ID], is_admitted, user_id);
    return is_admitted ? ZAP_ADMITTED : ZAP_REFUSED;
}
