#include "net.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "../base/id.h"
#include "door.h"
#include "link.h"
#include "peers.h"
#include "socket.h"
#include "zap.h"

enum {
    EARS_MAX = 1 + LANE_COUNT + NET_LINKS_MAX * 2 * LANE_COUNT,
    STEPS_MAX = 256,     // Of net_next without a result: what a flood of nonsense may cost in a row
    FRAMES_MAX = 2,      // Of any message we expect
    HANGUP_MS = 1000,    // For a last word to an uplink
    MEND_MS = 10,        // Between tries to bind a port again
    RECONNECT_MS = 2000, // libzmq starts again from it after each connect, so it bounds what a
                         // wrong key costs: 3,600 children with one are 1,200 handshakes a second
    KEEPALIVE_IDLE_S = 60,
};

_Static_assert((int)NET_KEY_SIZE == (int)CURVE_KEY_SIZE &&
                   (int)NET_KEY_SIZE == (int)PEER_KEY_SIZE &&
                   NET_KEY_SIZE == crypto_scalarmult_BYTES,
               "one kind of key");
_Static_assert((int)NET_REPAIR_MAX == (int)SOCKET_REPAIR_MAX &&
                   (int)NET_LIVE_MAX == (int)SOCKET_LIVE_MAX,
               "what may be sent may be received");

// One socket that something can be read from.
struct ear {
    enum { EAR_ZAP, EAR_BELOW, EAR_GRANT, EAR_ABOVE, EAR_MONITOR } kind;
    void *socket;
    enum lane lane;
    struct link *link; // Of EAR_ABOVE and EAR_MONITOR
    bool is_ready;     // Something may be there
};

struct net {
    void *context;
    struct net_conf conf;
    struct socket_conf sockets;
    struct zap zap;
    struct door door;
    struct link links[NET_LINKS_MAX];
    unsigned links_made;
    struct peers peers;
    struct net_counters counters;
    struct ear ears[EARS_MAX];
    size_t ear_count;
    size_t turn;                  // The ear to ask next
    zmq_msg_t frames[FRAMES_MAX]; // What the last net_message borrows from
};

// Keys

void
net_key_public(const uint8_t secret[NET_KEY_SIZE], uint8_t ret_public[NET_KEY_SIZE])
{
    int code = crypto_scalarmult_base(ret_public, secret);
    assert(code == 0);
    (void)code;
}

void
net_key_pair(const struct crypto *crypto, uint8_t ret_public[NET_KEY_SIZE],
             uint8_t ret_secret[NET_KEY_SIZE])
{
    crypto->random(crypto->self, ret_secret, NET_KEY_SIZE);
    net_key_public(ret_secret, ret_public);
}

static bool
is_admitted(void *guard, const uint8_t key[NET_KEY_SIZE])
{
    const struct net *self = guard;
    const struct peer *peer = peers_find(&self->peers, key);
    return (peer == NULL || !peer->is_rude) && self->conf.admit(self->conf.self, key);
}

// Ears

static void
ear_add(struct net *self, struct ear ear)
{
    if (ear.socket == NULL)
        return;
    assert(self->ear_count < EARS_MAX);
    ear.is_ready = true; // As far as we know; asking once costs less than remembering
    self->ears[self->ear_count++] = ear;
}

static void
ears_gather(struct net *self)
{
    self->ear_count = 0;
    ear_add(self, (struct ear){.kind = EAR_ZAP, .socket = self->zap.socket});
    void *const *below = self->door.sockets;
    ear_add(self, (struct ear){.kind = EAR_BELOW, .socket = below[LANE_REPAIR]});
    ear_add(self, (struct ear){.kind = EAR_BELOW, .socket = below[LANE_UP], .lane = LANE_UP});
    ear_add(self, (struct ear){.kind = EAR_GRANT, .socket = below[LANE_DOWN], .lane = LANE_DOWN});
    for (size_t i = 0; i < NET_LINKS_MAX; i++) {
        struct link *link = &self->links[i];
        for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
            if (lane != LANE_UP) // A PUB only speaks
                ear_add(self, (struct ear){.kind = EAR_ABOVE,
                                           .socket = link->sockets[lane],
                                           .lane = lane,
                                           .link = link});
            ear_add(self, (struct ear){.kind = EAR_MONITOR,
                                       .socket = link->monitors[lane],
                                       .lane = lane,
                                       .link = link});
        }
    }
}

static struct ear *
ear_next(struct net *self)
{
    for (size_t i = 0; i < self->ear_count; i++) {
        size_t at = (self->turn + i) % self->ear_count;
        if (!self->ears[at].is_ready)
            continue;
        self->turn = at + 1;
        return &self->ears[at];
    }
    return NULL;
}

// Opening and closing

static void
sockets_conf(struct net *self)
{
    const struct net_conf *conf = &self->conf;
    int least = conf->reconnect_ms > 0 ? conf->reconnect_ms : RECONNECT_MS;
    // Our own draw: later releases of libzmq have none while the interval grows, and 3,600 children
    // that lost their parent together would come back together.
    uint32_t draw;
    conf->crypto->random(conf->crypto->self, &draw, sizeof draw);
    self->sockets = (struct socket_conf){
        .reconnect_ms = least + (int)(draw % (unsigned)least),
        .keepalive_idle_s = conf->keepalive_idle_s > 0 ? conf->keepalive_idle_s : KEEPALIVE_IDLE_S,
    };
    memcpy(self->sockets.secret, conf->secret, NET_KEY_SIZE);
    net_key_public(conf->secret, self->sockets.public);
}

static int
context_open(struct net *self, struct err *reterr)
{
    self->context = zmq_ctx_new();
    if (self->context != NULL && zmq_ctx_set(self->context, ZMQ_BLOCKY, 0) == 0 &&
        zmq_ctx_set(self->context, ZMQ_IO_THREADS, 1) == 0)
        return 0;
    return err_set(reterr, ERR_LIMIT, "không khởi động được libzmq: %s",
                   "libzmq does not start: %s", zmq_strerror(errno));
}

int
net_open(const struct net_conf *conf, struct net **ret_net, struct err *reterr)
{
    *ret_net = NULL;
    int code = socket_library_check(reterr);
    if (code != 0)
        return code;
    struct net *self = mem_new(sizeof *self);
    self->conf = *conf;
    for (size_t i = 0; i < FRAMES_MAX; i++)
        (void)zmq_msg_init(&self->frames[i]);
    sockets_conf(self);
    code = context_open(self, reterr);
    if (code == 0)
        code = zap_open(&self->zap, self->context, reterr);
    if (code != 0) {
        net_close(&self, 0);
        return code;
    }
    ears_gather(self);
    *ret_net = self;
    return 0;
}

static void
context_close(void *context)
{
    if (context == NULL)
        return;
    while (zmq_ctx_term(context) != 0 && errno == EINTR)
        ; // A signal that is not blocked; the wait has an end all the same
}

void
net_close(struct net **net_p, int flush_ms)
{
    struct net *self = *net_p;
    if (self == NULL)
        return;
    for (size_t i = 0; i < FRAMES_MAX; i++)
        (void)zmq_msg_close(&self->frames[i]);
    for (size_t i = 0; i < NET_LINKS_MAX; i++)
        link_close(&self->links[i], flush_ms);
    door_close(&self->door, flush_ms);
    zap_close(&self->zap); // Last: a handshake under way now fails, since option 93 is set
    context_close(self->context);
    peers_release(&self->peers);
    sodium_memzero(self, sizeof *self);
    free(self);
    *net_p = NULL;
}

static int
endpoint_refused(struct bytes endpoint, struct err *reterr)
{
    return err_set(reterr, ERR_ARG, "địa chỉ '%.*s' không hợp lệ (mẫu: tcp://10.0.0.1:5701)",
                   "'%.*s' is no endpoint (as in: tcp://10.0.0.1:5701)", (int)endpoint.size,
                   (const char *)endpoint.at);
}

int
net_listen(struct net *self, struct bytes endpoint, struct err *reterr)
{
    assert(!self->door.is_open);
    struct endpoint at;
    if (!endpoint_parse(endpoint, &at))
        return endpoint_refused(endpoint, reterr);
    int code = door_open(&self->door, self->context, &self->sockets, &at, reterr);
    ears_gather(self);
    return code;
}

void
net_endpoint(const struct net *self, char ret_text[ENDPOINT_MAX + 1])
{
    ret_text[0] = '\0';
    if (self->door.is_open)
        endpoint_text(&self->door.at, 0, ret_text);
}

// Uplinks

// NET_LINKS_MAX when there is no uplink to `key`.
static size_t
link_at(const struct net *self, const uint8_t key[NET_KEY_SIZE])
{
    size_t at = 0;
    while (at < NET_LINKS_MAX &&
           !(self->links[at].is_open && memcmp(self->links[at].key, key, NET_KEY_SIZE) == 0))
        at++;
    return at;
}

static struct link *
link_to(struct net *self, const uint8_t key[NET_KEY_SIZE])
{
    size_t at = link_at(self, key);
    return at < NET_LINKS_MAX ? &self->links[at] : NULL;
}

static struct link *
link_free(struct net *self)
{
    for (size_t i = 0; i < NET_LINKS_MAX; i++)
        if (!self->links[i].is_open)
            return &self->links[i];
    return NULL;
}

int
net_dial(struct net *self, const uint8_t key[NET_KEY_SIZE], struct bytes endpoint,
         struct err *reterr)
{
    struct endpoint to;
    if (!endpoint_parse(endpoint, &to) || to.port == 0)
        return endpoint_refused(endpoint, reterr);
    net_hangup(self, key);
    struct link *link = link_free(self);
    if (link == NULL)
        return err_set(reterr, ERR_LIMIT, "quá %d đường lên", "more than %d uplinks",
                       NET_LINKS_MAX);
    int code = link_open(link, self->context, &self->sockets, key, &to, self->links_made++, reterr);
    ears_gather(self);
    return code;
}

static void
link_end(struct net *self, struct link *link, int linger_ms)
{
    link_close(link, linger_ms);
    ears_gather(self);
}

void
net_hangup(struct net *self, const uint8_t key[NET_KEY_SIZE])
{
    struct link *link = link_to(self, key);
    if (link != NULL)
        link_end(self, link, HANGUP_MS);
}

// A topic as it travels: with its NUL.
struct topic {
    char text[NET_TOPIC_MAX + 1];
    size_t size;
};

static struct topic
topic_of(struct bytes topic)
{
    assert(topic.size <= NET_TOPIC_MAX && memchr(topic.at, '\0', topic.size) == NULL);
    struct topic sealed = {.size = topic.size + 1};
    memcpy(sealed.text, topic.at, topic.size);
    return sealed;
}

// Take the NUL off; false for what is no topic.
static bool
topic_open(struct bytes frame, struct bytes *ret_topic)
{
    if (frame.size == 0 || frame.size > NET_TOPIC_MAX + 1 ||
        memchr(frame.at, '\0', frame.size) != frame.at + frame.size - 1)
        return false;
    *ret_topic = BYTES(frame.at, frame.size - 1);
    return true;
}

int
net_hear(struct net *self, const uint8_t key[NET_KEY_SIZE], struct bytes topic)
{
    struct link *link = link_to(self, key);
    if (link == NULL)
        return ERR_NOTFOUND;
    struct topic sealed = topic_of(topic);
    int code = zmq_setsockopt(link->sockets[LANE_DOWN], ZMQ_SUBSCRIBE, sealed.text, sealed.size);
    assert(code == 0);
    (void)code;
    return 0;
}

// Traffic

static uint64_t
wire_bytes(size_t frame_size)
{
    size_t sealed = frame_size + 33; // Name of the command 8, nonce 8, MAC 16, flags 1
    return sealed + (sealed <= 255 ? 2 : 9);
}

static void
count_out(struct net *self, enum net_lane lane, uint64_t bytes)
{
    self->counters.lanes[lane].messages_out++;
    self->counters.lanes[lane].bytes_out += bytes;
}

static void
count_in(struct net *self, const struct net_message *message)
{
    struct net_traffic *traffic = &self->counters.lanes[message->lane];
    traffic->messages_in++;
    traffic->bytes_in += wire_bytes(message->message.size);
    if (message->lane == NET_LIVE)
        traffic->bytes_in += wire_bytes(message->topic.size + 1);
}

// Sending

static bool
send_frame(void *socket, const void *at, size_t size, int flags)
{
    if (zmq_send(socket, at, size, flags | ZMQ_DONTWAIT) >= 0)
        return true;
    if (errno != EAGAIN)
        return false;
    // libzmq looks into its mailbox once in a millisecond only, where the room that was made, or
    // the connection that came up, may lie unread. Asking for the events makes it look.
    int events;
    size_t events_size = sizeof events;
    (void)zmq_getsockopt(socket, ZMQ_EVENTS, &events, &events_size);
    return zmq_send(socket, at, size, flags | ZMQ_DONTWAIT) >= 0;
}

static int
send_up(struct link *link, struct bytes message)
{
    // The socket would still take a message for a connection that just broke, and lose it.
    if (!link->is_up)
        return ERR_UNREACHABLE;
    bool is_sent = send_frame(link->sockets[LANE_REPAIR], message.at, message.size, 0);
    return is_sent ? 0 : ERR_LIMIT;
}

static int
send_down(struct net *self, const uint8_t key[NET_KEY_SIZE], struct bytes message)
{
    struct peer *peer = peers_find(&self->peers, key);
    assert(self != NULL);
    void *router = self->door.sockets[LANE_REPAIR];
    if (peer == NULL || !peer->has_route || router == NULL)
        return ERR_UNREACHABLE;
    if (send_frame(router, peer->route, ROUTE_SIZE, ZMQ_SNDMORE) &&
        send_frame(router, message.at, message.size, 0))
        return 0;
    if (errno == EAGAIN)
        return ERR_LIMIT;
    peer->has_route = false; // EHOSTUNREACH; it will be back on another
    return ERR_UNREACHABLE;
}

int
net_send(struct net *self, const uint8_t key[NET_KEY_SIZE], struct bytes message)
{
    assert(message.size <= NET_REPAIR_MAX);
    struct link *link = link_to(self, key);
    int code = link != NULL ? send_up(link, message) : ERR_UNREACHABLE;
    if (code == ERR_UNREACHABLE)
        code = send_down(self, key, message);
    if (code == 0)
        count_out(self, NET_REPAIR, wire_bytes(message.size));
    return code;
}

bool
net_is_up(const struct net *self, const uint8_t key[NET_KEY_SIZE])
{
    size_t at = link_at(self, key);
    const struct peer *peer = peers_find(&self->peers, key);
    return (at < NET_LINKS_MAX && self->links[at].is_up) || (peer != NULL && peer->has_route);
}

static void
publish(struct net *self, void *socket, struct bytes topic, struct bytes message)
{
    assert(message.size <= NET_LIVE_MAX);
    struct topic sealed = topic_of(topic);
    if (socket != NULL && send_frame(socket, sealed.text, sealed.size, ZMQ_SNDMORE) &&
        send_frame(socket, message.at, message.size, 0))
        count_out(self, NET_LIVE, wire_bytes(sealed.size) + wire_bytes(message.size));
}

void
net_publish_up(struct net *self, const uint8_t key[NET_KEY_SIZE], struct bytes topic,
               struct bytes message)
{
    struct link *link = link_to(self, key);
    publish(self, link != NULL ? link->sockets[LANE_UP] : NULL, topic, message);
}

void
net_publish_down(struct net *self, struct bytes topic, struct bytes message)
{
    publish(self, self->door.sockets[LANE_DOWN], topic, message);
}

// Receiving

// Receive one whole message, without waiting. Returns how many frames it had, 0 when none is there,
// FRAMES_MAX + 1 for more than any message of ours; what is beyond is not kept.
static size_t
frames_receive(struct net *self, void *socket)
{
    size_t count = 0;
    zmq_msg_t beyond;
    (void)zmq_msg_init(&beyond);
    bool is_more = true;
    while (is_more) {
        zmq_msg_t *frame = count < FRAMES_MAX ? &self->frames[count] : &beyond;
        if (zmq_msg_recv(frame, socket, ZMQ_DONTWAIT) < 0)
            break; // The frames of a message come together, so this can only be the first
        is_more = zmq_msg_more(frame) != 0;
        count += count <= FRAMES_MAX ? 1 : 0;
    }
    (void)zmq_msg_close(&beyond);
    return count;
}

static void
frames_forget(struct net *self)
{
    for (size_t i = 0; i < FRAMES_MAX; i++) {
        (void)zmq_msg_close(&self->frames[i]);
        (void)zmq_msg_init(&self->frames[i]);
    }
}

static struct bytes
frame_bytes(zmq_msg_t *frame)
{
    return BYTES(zmq_msg_data(frame), zmq_msg_size(frame));
}

// The key libzmq authenticated for the connection a frame came on; false when there was none, which
// cannot be while the guard is at the door.
static bool
frame_key(zmq_msg_t *frame, uint8_t ret_key[NET_KEY_SIZE])
{
    const char *text = zmq_msg_gets(frame, "User-Id");
    return text != NULL && hex_parse(bytes_of(text), ret_key, NET_KEY_SIZE);
}

// The live lane's frames, or those of the repair lane without a routing id.
static bool
message_fill(struct net *self, enum lane lane, struct net_message *message)
{
    message->kind = NET_MESSAGE;
    message->lane = lane == LANE_REPAIR ? NET_REPAIR : NET_LIVE;
    if (lane != LANE_REPAIR && !topic_open(frame_bytes(&self->frames[0]), &message->topic))
        return false;
    message->message =
        frame_bytes(&self->frames[lane == LANE_REPAIR && message->from_above ? 0 : 1]);
    return true;
}

static bool
message_dropped(uint64_t *counter)
{
    (*counter)++;
    return false;
}

// From ROUTER (id, message) and SUB (topic, message).
static bool
below_take(struct net *self, struct ear *ear, struct net_message *message)
{
    size_t count = frames_receive(self, ear->socket);
    ear->is_ready = count != 0;
    if (count == 0)
        return false;
    if (!frame_key(&self->frames[count == 1 ? 0 : 1], message->key) ||
        !is_admitted(self, message->key))
        return message_dropped(&self->counters.dropped_unknown);
    if (count != 2 || !message_fill(self, ear->lane, message))
        return message_dropped(&self->counters.dropped_frames);
    if (ear->lane == LANE_REPAIR) {
        struct bytes id = frame_bytes(&self->frames[0]);
        if (!route_is_own(id))
            return message_dropped(&self->counters.dropped_frames);
        struct peer *peer = peers_reach(&self->peers, message->key);
        if (peer == NULL)
            return message_dropped(&self->counters.dropped_unknown);
        peer_heard_on(peer, id);
    }
    count_in(self, message);
    return true;
}

// From DEALER (message) and SUB (topic, message).
static bool
above_take(struct net *self, struct ear *ear, struct net_message *message)
{
    size_t count = frames_receive(self, ear->socket);
    ear->is_ready = count != 0;
    if (count == 0)
        return false;
    message->from_above = true;
    memcpy(message->key, ear->link->key, NET_KEY_SIZE);
    if (count != (ear->lane == LANE_REPAIR ? 1 : 2) || !message_fill(self, ear->lane, message))
        return message_dropped(&self->counters.dropped_frames);
    count_in(self, message);
    return true;
}

static void
lane_down_renew(struct net *self)
{
    for (size_t i = 0; i < self->peers.count; i++)
        self->peers.at[i].hears = false;
    door_shut_down_lane(&self->door);
    ears_gather(self);
}

// XPUB pairs each subscription it hands out with the connection it came on, and what is granted
// goes to that one. A message that is no subscription gets between the two (4.3.4: it takes one
// off the second queue only): from then on a peer would be granted what another one asked for. So
// the first such message ends the socket, with whatever is queued in it, and its sender.
static bool
peer_is_rude(struct net *self, const uint8_t key[NET_KEY_SIZE], struct net_message *message)
{
    struct peer *peer = peers_reach(&self->peers, key);
    if (peer != NULL)
        peer->is_rude = true;
    lane_down_renew(self);
    message->kind = NET_RUDE;
    memcpy(message->key, key, NET_KEY_SIZE);
    return true;
}

static void
subscription_answer(struct net *self, void *xpub, const uint8_t key[NET_KEY_SIZE],
                    struct bytes frame)
{
    struct bytes wanted = BYTES(frame.at + 1, frame.size - 1);
    if (frame.at[0] == 0) {
        (void)zmq_setsockopt(xpub, ZMQ_UNSUBSCRIBE, wanted.at, wanted.size);
        return;
    }
    struct bytes topic;
    struct peer *peer = NULL;
    if (topic_open(wanted, &topic) && is_admitted(self, key) &&
        self->conf.may_hear(self->conf.self, key, topic))
        peer = peers_reach(&self->peers, key);
    if (peer == NULL) {
        self->counters.topics_refused++;
        return;
    }
    peer->hears = true;
    (void)zmq_setsockopt(xpub, ZMQ_SUBSCRIBE, wanted.at, wanted.size);
}

static bool
grant_take(struct net *self, struct ear *ear, struct net_message *message)
{
    size_t count = frames_receive(self, ear->socket);
    ear->is_ready = count != 0;
    if (count == 0)
        return false;
    struct bytes frame = frame_bytes(&self->frames[0]);
    uint8_t key[NET_KEY_SIZE];
    bool is_known = frame_key(&self->frames[0], key);
    if (count != 1 || frame.size == 0 || frame.at[0] > 1) {
        if (is_known)
            return peer_is_rude(self, key, message);
        lane_down_renew(self);
        return message_dropped(&self->counters.dropped_unknown);
    }
    if (is_known) // When a connection ends, libzmq takes back its topics itself, in nobody's name
        subscription_answer(self, ear->socket, key, frame);
    return false;
}

static bool
monitor_take(struct net *self, struct ear *ear, struct net_message *message)
{
    size_t count = frames_receive(self, ear->socket);
    ear->is_ready = count != 0;
    if (count == 0)
        return false;
    static const enum net_kind kinds[] = {
        [LINK_UP] = NET_UP,
        [LINK_DOWN] = NET_DOWN,
        [LINK_REFUSED] = NET_REFUSED,
        [LINK_WRONG_KEY] = NET_WRONG_KEY,
    };
    enum link_news news = link_note(ear->link, ear->lane, frame_bytes(&self->frames[0]));
    if (news == LINK_NO_NEWS)
        return false;
    message->kind = kinds[news];
    message->from_above = true;
    memcpy(message->key, ear->link->key, NET_KEY_SIZE);
    if (news == LINK_REFUSED)
        link_end(self, ear->link, 0);
    return true;
}

static bool
zap_take(struct net *self, struct ear *ear)
{
    enum zap_answer answer = zap_serve(&self->zap, is_admitted, self);
    ear->is_ready = answer != ZAP_NOBODY;
    self->counters.refused += answer == ZAP_REFUSED ? 1 : 0;
    return false;
}

static bool
ear_take(struct net *self, struct ear *ear, struct net_message *message)
{
    switch (ear->kind) {
    case EAR_ZAP:
        return zap_take(self, ear);
    case EAR_BELOW:
        return below_take(self, ear, message);
    case EAR_GRANT:
        return grant_take(self, ear, message);
    case EAR_ABOVE:
        return above_take(self, ear, message);
    case EAR_MONITOR:
        return monitor_take(self, ear, message);
    }
    return false;
}

bool
net_next(struct net *self, struct net_message *ret_message)
{
    frames_forget(self);
    for (int steps = 0; steps < STEPS_MAX; steps++) {
        struct ear *ear = ear_next(self);
        if (ear == NULL)
            return false;
        struct net_message message = {0};
        if (ear_take(self, ear, &message)) {
            *ret_message = message;
            return true;
        }
    }
    return false;
}

void
net_forget(struct net *self, const uint8_t key[NET_KEY_SIZE])
{
    const struct peer *peer = peers_find(&self->peers, key);
    bool heard = peer != NULL && peer->hears;
    peers_drop(&self->peers, key);
    if (heard)
        lane_down_renew(self);
}

// Waiting

static short
events_to_zmq(short events)
{
    return (short)(((events & POLLIN) ? ZMQ_POLLIN : 0) | ((events & POLLOUT) ? ZMQ_POLLOUT : 0) |
                   ((events & POLLPRI) ? ZMQ_POLLPRI : 0) | ZMQ_POLLERR);
}

static short
events_of_zmq(short events)
{
    return (short)(((events & ZMQ_POLLIN) ? POLLIN : 0) | ((events & ZMQ_POLLOUT) ? POLLOUT : 0) |
                   ((events & ZMQ_POLLPRI) ? POLLPRI : 0) | ((events & ZMQ_POLLERR) ? POLLERR : 0));
}

static int
wait_limit(struct net *self, int timeout_ms)
{
    if (door_mend(&self->door, self->context, &self->sockets))
        ears_gather(self);
    for (size_t i = 0; i < self->ear_count; i++)
        if (self->ears[i].is_ready)
            return 0;
    bool is_soon = door_needs_mending(&self->door) && (timeout_ms < 0 || timeout_ms > MEND_MS);
    return is_soon ? MEND_MS : timeout_ms;
}

int
net_wait(struct net *self, struct pollfd *extra, size_t count, int timeout_ms)
{
    assert(count <= NET_EXTRA_MAX);
    int limit_ms = wait_limit(self, timeout_ms);
    zmq_pollitem_t items[EARS_MAX + NET_EXTRA_MAX];
    size_t ears = self->ear_count;
    for (size_t i = 0; i < ears; i++)
        items[i] = (zmq_pollitem_t){.socket = self->ears[i].socket, .events = ZMQ_POLLIN};
    for (size_t i = 0; i < count; i++)
        items[ears + i] = (zmq_pollitem_t){
            .fd = extra[i].fd,
            .events = events_to_zmq(extra[i].events),
        };
    int ready = zmq_poll(items, (int)(ears + count), limit_ms);
    assert(ready >= 0 || errno == EINTR || errno == ENOMEM);
    for (size_t i = 0; i < count; i++) {
        extra[i].revents = 0;
        if (ready > 0)
            extra[i].revents = events_of_zmq(items[ears + i].revents);
    }
    int found = 0;
    for (size_t i = 0; i < ears; i++) {
        if (ready > 0 && items[i].revents != 0)
            self->ears[i].is_ready = true;
        found += self->ears[i].is_ready ? 1 : 0;
    }
    for (size_t i = 0; i < count; i++)
        found += extra[i].revents != 0 ? 1 : 0;
    return found;
}

const struct net_counters *
net_counters(const struct net *self)
{
    return &self->counters;
}
