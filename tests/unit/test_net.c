// Real sockets on 127.0.0.1, ports of the system's choice. Every wait has a limit; what must arrive
// is waited for, what must not is given QUIET_MS, in which it would have arrived many times over.

#include <arpa/inet.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "../../node/base/id.h"
#include "../../node/net/net.h"
#include "../../node/net/peers.h"
#include "../../node/net/socket.h"
#include "../../node/net/zap.h"
#include "../t.h"

enum { PATIENCE_MS = 5000, QUIET_MS = 120, FRIENDS_MAX = 4, PORTS = 3 };

// A node: what it is asked, and a log of what it heard.
struct node {
    struct net *net;
    uint8_t public[32];
    uint8_t secret[32];
    uint8_t friends[FRIENDS_MAX][32]; // Whom it admits
    size_t friend_count;
    const char *topic; // What any of them may hear
    struct buf log;    // "R:hello " repair, "L:topic=hello " live, "UP ", "DOWN ", ...
};

static bool
node_admits(void *self, const uint8_t key[32])
{
    const struct node *node = self;
    for (size_t i = 0; i < node->friend_count; i++)
        if (memcmp(node->friends[i], key, 32) == 0)
            return true;
    return false;
}

static bool
node_may_hear(void *self, const uint8_t key[32], struct bytes topic)
{
    const struct node *node = self;
    (void)key;
    return node->topic != NULL && bytes_equal(topic, bytes_of(node->topic));
}

static void
node_open(struct node *node)
{
    struct err err;
    if (crypto_start() != 0)
        abort();
    net_key_pair(&crypto_sodium, node->public, node->secret);
    struct net_conf conf = {
        .crypto = &crypto_sodium,
        .self = node,
        .admit = node_admits,
        .may_hear = node_may_hear,
        .reconnect_ms = 20,
    };
    memcpy(conf.secret, node->secret, 32);
    if (net_open(&conf, &node->net, &err) != 0)
        abort();
}

static void
node_release(struct node *node)
{
    net_close(&node->net, 0);
    buf_release(&node->log);
}

static void
befriend(struct node *node, const struct node *friend)
{
    memcpy(node->friends[node->friend_count++], friend->public, 32);
}

static void
listen_at_any(struct node *node)
{
    struct err err;
    if (net_listen(node->net, BYTES_LIT("tcp://127.0.0.1:0"), &err) != 0)
        abort();
}

static void
dial_as(struct node *node, const struct node *parent, const uint8_t key[32])
{
    char text[ENDPOINT_MAX + 1];
    struct err err;
    net_endpoint(parent->net, text);
    if (net_dial(node->net, key, bytes_of(text), &err) != 0)
        abort();
}

static void
dial(struct node *node, const struct node *parent)
{
    dial_as(node, parent, parent->public);
}

static void
node_log(struct node *node, const struct net_message *message)
{
    static const char *const names[] = {
        [NET_UP] = "UP",           [NET_DOWN] = "DOWN",
        [NET_REFUSED] = "REFUSED", [NET_WRONG_KEY] = "WRONG_KEY",
        [NET_RUDE] = "RUDE",
    };
    if (message->kind != NET_MESSAGE)
        buf_print(&node->log, "%s ", names[message->kind]);
    else if (message->lane == NET_REPAIR)
        buf_print(&node->log, "R:%.*s ", (int)(message->message.size % 64),
                  (const char *)message->message.at);
    else
        buf_print(&node->log, "L:%.*s=%.*s ", (int)message->topic.size,
                  (const char *)message->topic.at, (int)(message->message.size % 64),
                  (const char *)message->message.at);
}

static void
turn(struct node *node)
{
    struct net_message message;
    if (node->net == NULL)
        return;
    (void)net_wait(node->net, NULL, 0, 1);
    while (net_next(node->net, &message))
        node_log(node, &message);
}

static bool
log_has(struct node *node, const char *what)
{
    return strstr(buf_text(&node->log), what) != NULL;
}

static long
now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Let `a` and `b` (may be NULL) run until `a` has heard `what`.
static bool
hears(struct node *a, struct node *b, const char *what)
{
    for (long end = now_ms() + PATIENCE_MS; now_ms() < end && !log_has(a, what);) {
        turn(a);
        if (b != NULL)
            turn(b);
    }
    return log_has(a, what);
}

static void
let_run(struct node *a, struct node *b)
{
    for (long end = now_ms() + QUIET_MS; now_ms() < end;) {
        turn(a);
        if (b != NULL)
            turn(b);
    }
}

// What `a` is told on the live lane down may be lost before its subscription has arrived.
static bool
hears_published(struct node *a, struct node *parent, const char *topic, const char *text)
{
    char want[128];
    (void)snprintf(want, sizeof want, "L:%s=%s ", topic, text);
    for (long end = now_ms() + PATIENCE_MS; now_ms() < end && !log_has(a, want);) {
        net_publish_down(parent->net, bytes_of(topic), bytes_of(text));
        turn(parent);
        turn(a);
    }
    return log_has(a, want);
}

static bool
hears_published_up(struct node *parent, struct node *child, const char *topic, const char *text)
{
    char want[128];
    (void)snprintf(want, sizeof want, "L:%s=%s ", topic, text);
    for (long end = now_ms() + PATIENCE_MS; now_ms() < end && !log_has(parent, want);) {
        net_publish_up(child->net, parent->public, bytes_of(topic), bytes_of(text));
        turn(parent);
        turn(child);
    }
    return log_has(parent, want);
}

static int
say(struct node *node, const struct node *to, const char *text)
{
    return net_send(node->net, to->public, bytes_of(text));
}

// A parent that admits a child, and the child connected.
static bool
family(struct node *parent, struct node *child)
{
    node_open(parent);
    node_open(child);
    befriend(parent, child);
    listen_at_any(parent);
    dial(child, parent);
    return hears(child, parent, "UP ");
}

// A socket of somebody who does as he likes. Without `client` it speaks NULL, else CURVE.
static void *
raw_socket(void *context, int type, const struct node *client, const struct node *server)
{
    void *socket = zmq_socket(context, type);
    int none = 0;
    zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
    if (client != NULL) {
        zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server->public, 32);
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, client->public, 32);
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, client->secret, 32);
    }
    return socket;
}

static unsigned
port_of(const struct node *node, unsigned above)
{
    char text[ENDPOINT_MAX + 1];
    net_endpoint(node->net, text);
    return (unsigned)strtoul(strrchr(text, ':') + 1, NULL, 10) + above;
}

static void
raw_connect(void *socket, const struct node *server, unsigned above)
{
    char text[64];
    (void)snprintf(text, sizeof text, "tcp://127.0.0.1:%u", port_of(server, above));
    if (zmq_connect(socket, text) != 0)
        abort();
}

static void
raw_send(void *socket, const char *const *frames)
{
    for (; *frames != NULL; frames++)
        (void)zmq_send(socket, *frames, strlen(*frames),
                       ZMQ_DONTWAIT | (frames[1] != NULL ? ZMQ_SNDMORE : 0));
}

#define RAW_SEND(socket, ...) raw_send((socket), (const char *const[]){__VA_ARGS__, NULL})

static bool
raw_hears(void *socket)
{
    char text[256];
    return zmq_recv(socket, text, sizeof text, ZMQ_DONTWAIT) >= 0;
}

static void
context_end(void **context)
{
    zmq_ctx_term(*context);
}

static void
socket_end(void **socket)
{
    zmq_close(*socket);
}

#define NODE(name)    OWNED(node_release) struct node name = {0}
#define CONTEXT(name) OWNED(context_end) void *name = zmq_ctx_new()
#define SOCKET(name)  OWNED(socket_end) void *name

TEST(net, carries_both_ways_on_each_lane)
{
    NODE(parent);
    NODE(child);
    parent.topic = "05908-012";
    T_OK(family(&parent, &child));
    T_EQ(net_hear(child.net, parent.public, BYTES_LIT("05908-012")), 0);
    T_EQ(say(&child, &parent, "hello"), 0);
    T_OK(hears(&parent, &child, "R:hello "));
    T_OK(net_is_up(parent.net, child.public) && net_is_up(child.net, parent.public));
    T_EQ(say(&parent, &child, "welcome"), 0);
    T_OK(hears(&child, &parent, "R:welcome "));
    T_OK(hears_published(&child, &parent, "05908-012", "order"));
    T_OK(hears_published_up(&parent, &child, "05908-012/1", "batch"));
    T_OK(!log_has(&child, "DOWN") && !log_has(&child, "REFUSED"));
}

TEST(net, says_whose_words_they_are)
{
    NODE(parent);
    NODE(child);
    T_OK(family(&parent, &child));
    T_EQ(say(&child, &parent, ""), 0);
    struct net_message message = {.kind = NET_UP};
    for (long end = now_ms() + PATIENCE_MS; message.kind != NET_MESSAGE && now_ms() < end;) {
        (void)net_wait(parent.net, NULL, 0, 1);
        (void)net_next(parent.net, &message);
    }
    T_EQ(message.kind, NET_MESSAGE);
    T_BYTES(message.key, child.public, 32);
    T_EQ(message.from_above, false);
    T_EQ(message.message.size, 0);
    T_EQ(say(&parent, &child, "x"), 0);
    do {
        (void)net_wait(child.net, NULL, 0, PATIENCE_MS);
    } while (!net_next(child.net, &message));
    T_EQ(message.kind, NET_MESSAGE);
    T_BYTES(message.key, parent.public, 32);
    T_EQ(message.from_above, true);
}

TEST(net, counts_what_crosses_the_wire)
{
    NODE(parent);
    NODE(child);
    T_OK(family(&parent, &child));
    T_EQ(say(&child, &parent, "hello"), 0);
    T_OK(hears(&parent, &child, "R:hello "));
    T_EQ(net_counters(parent.net)->lanes[NET_REPAIR].messages_in, 1);
    T_EQ(net_counters(parent.net)->lanes[NET_REPAIR].bytes_in, 5 + 33 + 2);
    T_EQ(net_counters(child.net)->lanes[NET_REPAIR].bytes_out, 5 + 33 + 2);
    char large[300];
    memset(large, 'x', sizeof large);
    T_EQ(net_send(child.net, parent.public, BYTES(large, sizeof large)), 0);
    T_OK(hears(&parent, &child, "R:xxxx"));
    T_EQ(net_counters(parent.net)->lanes[NET_REPAIR].bytes_in, 40 + 300 + 33 + 9);
    T_OK(hears_published_up(&parent, &child, "05908/1", "b"));
    const struct net_traffic *live = &net_counters(parent.net)->lanes[NET_LIVE];
    T_EQ(live->bytes_in, live->messages_in * (8 + 35 + 1 + 35));
}

TEST(net, refuses_a_stranger_before_while_and_after_others_talk)
{
    NODE(parent);
    NODE(child);
    NODE(stranger);
    node_open(&parent);
    node_open(&child);
    node_open(&stranger);
    befriend(&parent, &child);
    listen_at_any(&parent);
    dial(&stranger, &parent);
    T_OK(hears(&stranger, &parent, "REFUSED "));
    T_EQ(say(&stranger, &parent, "let me in"), ERR_UNREACHABLE);
    dial(&child, &parent);
    T_OK(hears(&child, &parent, "UP "));
    T_EQ(say(&child, &parent, "one"), 0);
    buf_clear(&stranger.log);
    dial(&stranger, &parent);
    T_OK(hears(&stranger, &parent, "REFUSED "));
    T_OK(hears(&parent, &child, "R:one "));
    net_hangup(child.net, parent.public);
    buf_clear(&stranger.log);
    dial(&stranger, &parent);
    T_OK(hears(&stranger, &parent, "REFUSED "));
    T_OK(!log_has(&stranger, "UP"));
    T_TEXT(buf_text(&parent.log), "R:one ");
    T_OK(net_counters(parent.net)->refused >= 3);
}

TEST(net, once_admitted_a_stranger_may_dial_again)
{
    NODE(parent);
    NODE(child);
    node_open(&parent);
    node_open(&child);
    listen_at_any(&parent);
    dial(&child, &parent);
    T_OK(hears(&child, &parent, "REFUSED "));
    befriend(&parent, &child);
    dial(&child, &parent);
    T_OK(hears(&child, &parent, "UP "));
}

// One bound socket and one proper client, with or without a guard; true when the client is heard.
static bool
is_heard_at_the_door(bool is_guarded)
{
    CONTEXT(context);
    struct node server = {0}, client = {0};
    net_key_pair(&crypto_sodium, server.public, server.secret);
    net_key_pair(&crypto_sodium, client.public, client.secret);
    befriend(&server, &client);
    struct socket_conf conf = {.reconnect_ms = 20, .keepalive_idle_s = 60};
    memcpy(conf.secret, server.secret, 32);
    memcpy(conf.public, server.public, 32);
    struct zap zap = {0};
    struct err err;
    struct endpoint at = {.host = "127.0.0.1"};
    void *bound;
    if ((is_guarded && zap_open(&zap, context, &err) != 0) ||
        socket_bind(context, &conf, LANE_REPAIR, &at, &bound, &err) != 0)
        abort();
    SOCKET(dealer) = raw_socket(context, ZMQ_DEALER, &client, &server);
    char text[64];
    (void)snprintf(text, sizeof text, "tcp://127.0.0.1:%u", socket_port(bound));
    (void)zmq_connect(dealer, text);
    RAW_SEND(dealer, "hello");
    bool is_heard = false;
    long end = now_ms() + (is_guarded ? PATIENCE_MS : 2 * QUIET_MS);
    while (now_ms() < end && !is_heard) {
        if (is_guarded)
            (void)zap_serve(&zap, node_admits, &server);
        is_heard = raw_hears(bound);
        usleep(1000);
    }
    zap_close(&zap);
    socket_close(&bound, 0);
    return is_heard;
}

TEST(net, without_a_guard_nobody_comes_in)
{
    T_EQ(crypto_start(), 0);
    T_OK(is_heard_at_the_door(true));
    T_OK(!is_heard_at_the_door(false));
}

TEST(net, sets_the_option_that_keeps_the_door_shut)
{
    CONTEXT(context);
    struct socket_conf conf = {.reconnect_ms = 20, .keepalive_idle_s = 60};
    struct endpoint at = {.host = "127.0.0.1"};
    for (enum lane lane = 0; lane < LANE_COUNT; lane++) {
        SOCKET(bound) = NULL;
        struct err err;
        T_EQ(socket_bind(context, &conf, lane, &at, &bound, &err), 0);
        int value = 0;
        size_t size = sizeof value;
        T_EQ(zmq_getsockopt(bound, 93, &value, &size), 0);
        T_EQ(value, 1);
    }
}

TEST(net, has_nothing_for_whoever_speaks_no_curve)
{
    NODE(parent);
    NODE(child);
    parent.topic = "*";
    T_OK(family(&parent, &child));
    T_EQ(net_hear(child.net, parent.public, BYTES_LIT("*")), 0);
    CONTEXT(context);
    SOCKET(null_dealer) = raw_socket(context, ZMQ_DEALER, NULL, NULL);
    SOCKET(plain_dealer) = raw_socket(context, ZMQ_DEALER, NULL, NULL);
    SOCKET(null_pub) = raw_socket(context, ZMQ_PUB, NULL, NULL);
    SOCKET(null_sub) = raw_socket(context, ZMQ_SUB, NULL, NULL);
    zmq_setsockopt(plain_dealer, ZMQ_PLAIN_USERNAME, "admin", 5);
    zmq_setsockopt(plain_dealer, ZMQ_PLAIN_PASSWORD, "admin", 5);
    zmq_setsockopt(null_sub, ZMQ_SUBSCRIBE, "", 0);
    raw_connect(null_dealer, &parent, LANE_REPAIR);
    raw_connect(plain_dealer, &parent, LANE_REPAIR);
    raw_connect(null_pub, &parent, LANE_UP);
    raw_connect(null_sub, &parent, LANE_DOWN);
    RAW_SEND(null_dealer, "x");
    RAW_SEND(plain_dealer, "x");
    T_OK(hears_published(&child, &parent, "*", "for all"));
    for (int i = 0; i < 10; i++)
        RAW_SEND(null_pub, "t", "x");
    let_run(&parent, &child);
    T_TEXT(buf_text(&parent.log), "");
    T_OK(!raw_hears(null_sub) && !raw_hears(null_dealer) && !raw_hears(plain_dealer));
    T_EQ(net_counters(parent.net)->dropped_unknown, 0);
}

TEST(net, does_not_talk_to_a_parent_with_another_key)
{
    NODE(parent);
    NODE(child);
    NODE(other);
    node_open(&parent);
    node_open(&child);
    node_open(&other);
    befriend(&parent, &child);
    listen_at_any(&parent);
    dial_as(&child, &parent, other.public);
    T_OK(hears(&child, &parent, "WRONG_KEY "));
    T_EQ(net_send(child.net, other.public, BYTES_LIT("secret")), ERR_UNREACHABLE);
    let_run(&parent, &child);
    T_TEXT(buf_text(&parent.log), "");
    T_OK(!log_has(&child, "UP"));
}

TEST(net, a_claimed_routing_id_gets_nothing_of_anothers)
{
    NODE(parent);
    NODE(child);
    NODE(thief);
    T_OK(family(&parent, &child));
    node_open(&thief);
    befriend(&parent, &thief);
    CONTEXT(context);
    SOCKET(victim) = raw_socket(context, ZMQ_DEALER, &child, &parent);
    SOCKET(claimer) = raw_socket(context, ZMQ_DEALER, &thief, &parent);
    zmq_setsockopt(victim, ZMQ_ROUTING_ID, "05908", 5);
    zmq_setsockopt(claimer, ZMQ_ROUTING_ID, "05908", 5);
    raw_connect(victim, &parent, LANE_REPAIR);
    RAW_SEND(victim, "my own id");
    for (long end = now_ms() + PATIENCE_MS;
         now_ms() < end && net_counters(parent.net)->dropped_frames == 0;)
        turn(&parent);
    T_EQ(net_counters(parent.net)->dropped_frames, 1); // Not heard, so never answered there
    zmq_close(victim);
    victim = zmq_socket(context, ZMQ_DEALER);
    raw_connect(claimer, &parent, LANE_REPAIR);
    RAW_SEND(claimer, "and now mine");
    T_EQ(say(&child, &parent, "hello"), 0);
    T_OK(hears(&parent, &child, "R:hello "));
    T_EQ(say(&parent, &child, "for the child"), 0);
    T_OK(hears(&child, &parent, "R:for the child "));
    let_run(&parent, &child);
    T_OK(!raw_hears(claimer));
    T_EQ(say(&parent, &thief, "x"), ERR_UNREACHABLE);
    T_TEXT(buf_text(&parent.log), "R:hello ");
}

TEST(net, tells_only_granted_topics)
{
    NODE(parent);
    NODE(child);
    parent.topic = "05908";
    T_OK(family(&parent, &child));
    T_EQ(net_hear(child.net, parent.public, BYTES_LIT("05908")), 0);
    T_EQ(net_hear(child.net, parent.public, BYTES_LIT("05909")), 0);
    T_EQ(net_hear(child.net, parent.public, BYTES_LIT("")), 0);
    T_EQ(net_hear(child.net, parent.public, BYTES_LIT("*")), 0);
    CONTEXT(context);
    SOCKET(greedy) = raw_socket(context, ZMQ_SUB, &child, &parent);
    zmq_setsockopt(greedy, ZMQ_SUBSCRIBE, "", 0);
    zmq_setsockopt(greedy, ZMQ_SUBSCRIBE, "0590", 4);
    zmq_setsockopt(greedy, ZMQ_SUBSCRIBE, "05908", 5);
    zmq_setsockopt(greedy, ZMQ_SUBSCRIBE, "05908\0-012", 10);
    raw_connect(greedy, &parent, LANE_DOWN);
    for (long end = now_ms() + PATIENCE_MS;
         now_ms() < end && net_counters(parent.net)->topics_refused < 7;) {
        turn(&parent);
        turn(&child);
    }
    T_EQ(net_counters(parent.net)->topics_refused, 7);
    T_OK(hears_published(&child, &parent, "05908", "granted"));
    net_publish_down(parent.net, BYTES_LIT("05909"), BYTES_LIT("other commune"));
    net_publish_down(parent.net, BYTES_LIT("05908-012"), BYTES_LIT("its area"));
    net_publish_down(parent.net, BYTES_LIT("*"), BYTES_LIT("all"));
    net_publish_down(parent.net, BYTES_LIT("05908"), BYTES_LIT("last"));
    T_OK(hears(&child, &parent, "L:05908=last "));
    T_OK(!log_has(&child, "other") && !log_has(&child, "area") && !log_has(&child, "all"));
    T_OK(!raw_hears(greedy));
}

// See the comment at peer_is_rude in net.c. Two connections of one key: the first sends what is no
// subscription, the second subscribes right behind the victim.
TEST(net, a_topic_cannot_be_stolen_by_confusing_the_queue)
{
    NODE(parent);
    NODE(child);
    NODE(thief);
    parent.topic = "05908";
    T_OK(family(&parent, &child));
    node_open(&thief);
    befriend(&parent, &thief);
    CONTEXT(context);
    SOCKET(noise) = raw_socket(context, ZMQ_XSUB, &thief, &parent);
    SOCKET(hand) = raw_socket(context, ZMQ_XSUB, &thief, &parent);
    raw_connect(noise, &parent, LANE_DOWN);
    raw_connect(hand, &parent, LANE_DOWN);
    let_run(&parent, &child);
    RAW_SEND(noise, "\005noise");
    usleep(30000);
    T_EQ(net_hear(child.net, parent.public, BYTES_LIT("05908")), 0);
    usleep(30000);
    zmq_send(hand, "\001x\0", 3, 0);
    usleep(30000);
    T_OK(hears(&parent, &child, "RUDE "));
    T_OK(hears_published(&child, &parent, "05908", "for the child"));
    let_run(&parent, &child);
    T_OK(!raw_hears(hand) && !raw_hears(noise));
    dial(&thief, &parent);
    T_OK(hears(&thief, &parent, "REFUSED "));
    buf_clear(&thief.log);
    net_forget(parent.net, thief.public);
    dial(&thief, &parent);
    T_OK(hears(&thief, &parent, "UP "));
}

TEST(net, drops_messages_of_the_wrong_shape_and_lives_on)
{
    NODE(parent);
    NODE(child);
    T_OK(family(&parent, &child));
    CONTEXT(context);
    SOCKET(dealer) = raw_socket(context, ZMQ_DEALER, &child, &parent);
    SOCKET(pub) = raw_socket(context, ZMQ_PUB, &child, &parent);
    raw_connect(dealer, &parent, LANE_REPAIR);
    raw_connect(pub, &parent, LANE_UP);
    RAW_SEND(dealer, "one", "too many");
    for (int i = 0; i < 5000; i++)
        (void)zmq_send(dealer, "x", 1, ZMQ_SNDMORE);
    (void)zmq_send(dealer, "x", 1, 0);
    RAW_SEND(dealer, "good");
    T_OK(hears(&parent, &child, "R:good "));
    T_EQ(net_counters(parent.net)->dropped_frames, 2);
    for (long end = now_ms() + PATIENCE_MS; now_ms() < end && !log_has(&parent, "L:");) {
        RAW_SEND(pub, "topic");
        RAW_SEND(pub, "no nul", "x");
        RAW_SEND(pub, "", "x");
        zmq_send(pub, "a\0b", 4, ZMQ_SNDMORE);
        zmq_send(pub, "x", 1, 0);
        zmq_send(pub, "topic", 6, ZMQ_SNDMORE);
        RAW_SEND(pub, "x", "y");
        zmq_send(pub, "topic", 6, ZMQ_SNDMORE);
        zmq_send(pub, "good", 4, 0);
        turn(&parent);
    }
    T_OK(log_has(&parent, "R:good L:topic=good "));
    T_OK(!log_has(&parent, "x") && !log_has(&parent, "y"));
    T_OK(net_counters(parent.net)->dropped_frames >= 7);
}

TEST(net, an_oversized_message_costs_its_sender_the_connection)
{
    NODE(parent);
    NODE(child);
    T_OK(family(&parent, &child));
    char *large = mem_new(NET_REPAIR_MAX + 1);
    CONTEXT(context);
    SOCKET(dealer) = raw_socket(context, ZMQ_DEALER, &child, &parent);
    SOCKET(pub) = raw_socket(context, ZMQ_PUB, &child, &parent);
    raw_connect(dealer, &parent, LANE_REPAIR);
    raw_connect(pub, &parent, LANE_UP);
    zmq_send(dealer, large, NET_REPAIR_MAX + 1, 0);
    for (int i = 0; i < 3; i++) { // A PUB connects when it likes, so more than once
        let_run(&parent, NULL);
        zmq_send(pub, "t", 2, ZMQ_SNDMORE);
        zmq_send(pub, large, NET_LIVE_MAX + 1, 0);
    }
    let_run(&parent, &child);
    T_TEXT(buf_text(&parent.log), "");
    T_EQ(net_send(child.net, parent.public, BYTES(large, NET_REPAIR_MAX)), 0);
    for (long end = now_ms() + PATIENCE_MS;
         now_ms() < end && net_counters(parent.net)->lanes[NET_REPAIR].messages_in == 0;)
        turn(&parent);
    T_EQ(net_counters(parent.net)->lanes[NET_REPAIR].bytes_in, NET_REPAIR_MAX + 33 + 9);
    net_publish_up(child.net, parent.public, BYTES_LIT("t"), BYTES(large, NET_LIVE_MAX));
    for (long end = now_ms() + PATIENCE_MS;
         now_ms() < end && net_counters(parent.net)->lanes[NET_LIVE].messages_in == 0;)
        turn(&parent);
    T_EQ(net_counters(parent.net)->lanes[NET_LIVE].messages_in, 1);
    free(large);
}

TEST(net, a_revoked_key_is_deaf_and_dumb_on_its_open_link)
{
    NODE(parent);
    NODE(child);
    parent.topic = "*";
    T_OK(family(&parent, &child));
    T_EQ(net_hear(child.net, parent.public, BYTES_LIT("*")), 0);
    T_EQ(say(&child, &parent, "hello"), 0);
    T_OK(hears(&parent, &child, "R:hello "));
    T_OK(hears_published(&child, &parent, "*", "before"));
    T_OK(hears_published_up(&parent, &child, "t", "before"));
    buf_clear(&parent.log);
    parent.friend_count = 0;
    net_forget(parent.net, child.public);
    T_EQ(say(&child, &parent, "still here"), 0);
    net_publish_up(child.net, parent.public, BYTES_LIT("t"), BYTES_LIT("still here"));
    for (long end = now_ms() + PATIENCE_MS;
         now_ms() < end && net_counters(parent.net)->dropped_unknown < 2;)
        turn(&parent);
    T_EQ(net_counters(parent.net)->dropped_unknown, 2);
    T_TEXT(buf_text(&parent.log), "");
    T_EQ(say(&parent, &child, "x"), ERR_UNREACHABLE);
    for (int i = 0; i < 20; i++) {
        net_publish_down(parent.net, BYTES_LIT("*"), BYTES_LIT("after"));
        turn(&parent);
        turn(&child);
    }
    T_OK(hears(&child, &parent, "REFUSED ")); // Its SUB dialed again, and was asked for its key
    T_OK(!log_has(&child, "after"));
}

TEST(net, others_hear_on_after_somebody_was_revoked)
{
    NODE(parent);
    NODE(child);
    NODE(gone);
    parent.topic = "*";
    T_OK(family(&parent, &child));
    node_open(&gone);
    befriend(&parent, &gone);
    dial(&gone, &parent);
    T_EQ(net_hear(child.net, parent.public, BYTES_LIT("*")), 0);
    T_EQ(net_hear(gone.net, parent.public, BYTES_LIT("*")), 0);
    T_OK(hears_published(&gone, &parent, "*", "both"));
    parent.friend_count = 1;
    net_forget(parent.net, gone.public);
    T_OK(hears_published(&child, &parent, "*", "one"));
    T_OK(!log_has(&gone, "one"));
}

static void
scan_port(unsigned port, const void *bytes, size_t size)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int scanner = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(scanner, (const struct sockaddr *)&address, sizeof address) == 0)
        (void)!write(scanner, bytes, size);
    close(scanner);
}

TEST(net, a_port_scanner_is_nobody)
{
    NODE(parent);
    NODE(child);
    T_OK(family(&parent, &child));
    static const char http[] = "GET / HTTP/1.0\r\n\r\n";
    // ZMTP 2.0 and 1.0, which know no security, and the first half of a greeting.
    static const char zmtp2[] = "\xff\0\0\0\0\0\0\0\1\x7f\1\5\0\0\0\1x";
    static const char zmtp1[] = "\1\0\2\0x\2\0x";
    static const char half[] = "\xff\0\0\0\0\0\0\0\1\x7f\3\0CURVE";
    for (unsigned above = 0; above < PORTS; above++) {
        uint8_t noise[512];
        randombytes_buf_deterministic(noise, sizeof noise, child.public);
        scan_port(port_of(&parent, above), http, sizeof http - 1);
        scan_port(port_of(&parent, above), zmtp2, sizeof zmtp2 - 1);
        scan_port(port_of(&parent, above), zmtp1, sizeof zmtp1 - 1);
        scan_port(port_of(&parent, above), half, sizeof half - 1);
        scan_port(port_of(&parent, above), noise, sizeof noise);
        scan_port(port_of(&parent, above), "", 0);
    }
    let_run(&parent, &child);
    T_TEXT(buf_text(&parent.log), "");
    T_EQ(say(&child, &parent, "hello"), 0);
    T_OK(hears(&parent, &child, "R:hello "));
}

TEST(net, knows_who_is_not_there)
{
    NODE(parent);
    NODE(child);
    node_open(&parent);
    T_EQ(net_send(parent.net, parent.public, BYTES_LIT("x")), ERR_UNREACHABLE);
    net_close(&parent.net, 0);
    T_OK(family(&parent, &child));
    T_EQ(say(&parent, &child, "x"), ERR_UNREACHABLE); // It has not spoken yet
    T_EQ(say(&child, &parent, "hello"), 0);
    T_OK(hears(&parent, &child, "R:hello "));
    net_hangup(child.net, parent.public);
    T_EQ(say(&child, &parent, "x"), ERR_UNREACHABLE);
    T_EQ(net_hear(child.net, parent.public, BYTES_LIT("*")), ERR_NOTFOUND);
    int code = 0;
    for (long end = now_ms() + PATIENCE_MS; now_ms() < end && code == 0;) {
        code = say(&parent, &child, "are you there");
        turn(&parent);
    }
    T_EQ(code, ERR_UNREACHABLE);
    T_OK(!net_is_up(parent.net, child.public));
}

TEST(net, a_peer_that_does_not_read_meets_a_limit)
{
    NODE(parent);
    NODE(child);
    node_open(&parent);
    node_open(&child);
    befriend(&parent, &child);
    listen_at_any(&parent);
    CONTEXT(context);
    SOCKET(dealer) = raw_socket(context, ZMQ_DEALER, &child, &parent);
    int one = 1;
    zmq_setsockopt(dealer, ZMQ_RCVHWM, &one, sizeof one);
    raw_connect(dealer, &parent, LANE_REPAIR);
    RAW_SEND(dealer, "hello");
    T_OK(hears(&parent, NULL, "R:hello "));
    char *large = mem_new(NET_REPAIR_MAX);
    int sent = 0, code = 0;
    while (sent < 1000 && (code = net_send(parent.net, child.public, BYTES(large, 262144))) == 0)
        sent++;
    free(large);
    T_EQ(code, ERR_LIMIT);
    T_OK(sent >= 64);
    T_OK(net_is_up(parent.net, child.public)); // Full is not gone
}

TEST(net, notices_a_parent_that_goes_and_comes_back)
{
    NODE(parent);
    NODE(child);
    T_OK(family(&parent, &child));
    char where[ENDPOINT_MAX + 1];
    net_endpoint(parent.net, where);
    uint8_t secret[32];
    memcpy(secret, parent.secret, 32);
    net_close(&parent.net, 0);
    T_OK(hears(&child, NULL, "DOWN "));
    T_EQ(say(&child, &parent, "x"), ERR_UNREACHABLE);
    buf_clear(&child.log);
    struct net_conf conf = {
        .crypto = &crypto_sodium, .self = &parent, .admit = node_admits, .may_hear = node_may_hear};
    memcpy(conf.secret, secret, 32);
    struct err err;
    T_EQ(net_open(&conf, &parent.net, &err), 0);
    T_EQ(net_listen(parent.net, bytes_of(where), &err), 0);
    T_OK(hears(&child, &parent, "UP "));
    T_EQ(say(&child, &parent, "back again"), 0);
    T_OK(hears(&parent, &child, "R:back again "));
}

TEST(net, answers_go_where_the_child_is_now)
{
    NODE(parent);
    NODE(child);
    T_OK(family(&parent, &child));
    for (int i = 0; i < 3; i++) {
        buf_clear(&child.log);
        buf_clear(&parent.log);
        dial(&child, &parent); // Replaces the link that was
        T_OK(hears(&child, &parent, "UP "));
        T_EQ(say(&child, &parent, "here"), 0);
        T_OK(hears(&parent, &child, "R:here "));
        T_EQ(say(&parent, &child, "there"), 0);
        T_OK(hears(&child, &parent, "R:there "));
    }
}

TEST(net, close_lets_the_last_words_leave)
{
    NODE(parent);
    NODE(child);
    T_OK(family(&parent, &child));
    char *large = mem_new(100000);
    memset(large, 'x', 100000);
    for (int i = 0; i < 20; i++)
        T_EQ(net_send(child.net, parent.public, BYTES(large, 100000)), 0);
    T_EQ(say(&child, &parent, "bye"), 0);
    free(large);
    net_close(&child.net, 2000);
    T_OK(child.net == NULL);
    T_OK(hears(&parent, NULL, "R:bye "));
    T_EQ(net_counters(parent.net)->lanes[NET_REPAIR].messages_in, 21);
    net_close(&child.net, 0);
}

TEST(net, hanging_up_lets_the_last_word_leave)
{
    NODE(parent);
    NODE(child);
    T_OK(family(&parent, &child));
    T_EQ(say(&child, &parent, "bye"), 0);
    net_hangup(child.net, parent.public);
    T_OK(hears(&parent, &child, "R:bye "));
}

TEST(net, nobody_who_talks_much_keeps_others_waiting)
{
    NODE(parent);
    NODE(loud);
    NODE(quiet);
    T_OK(family(&parent, &loud));
    node_open(&quiet);
    befriend(&parent, &quiet);
    dial(&quiet, &parent);
    T_OK(hears_published_up(&parent, &quiet, "t", "first"));
    T_OK(hears(&quiet, &parent, "UP "));
    let_run(&parent, &quiet);
    for (int i = 0; i < 60; i++)
        T_EQ(say(&loud, &parent, "loud"), 0);
    net_publish_up(quiet.net, parent.public, BYTES_LIT("t"), BYTES_LIT("live"));
    T_EQ(say(&quiet, &parent, "repair"), 0);
    usleep(100000);
    buf_clear(&parent.log);
    (void)net_wait(parent.net, NULL, 0, 100);
    struct net_message message;
    for (int i = 0; i < 6 && net_next(parent.net, &message); i++)
        node_log(&parent, &message);
    T_OK(log_has(&parent, "L:t=live ") && log_has(&parent, "R:repair "));
}

static void
on_alarm(int number)
{
    (void)number;
}

TEST(net, waits_for_descriptors_of_others_and_bears_signals)
{
    NODE(parent);
    node_open(&parent);
    struct net_message message;
    (void)net_wait(parent.net, NULL, 0, 0);
    while (net_next(parent.net, &message))
        ;
    int ends[2];
    T_EQ(pipe(ends), 0);
    struct pollfd extra[] = {{.fd = ends[0], .events = POLLIN}, {.fd = ends[1], .events = POLLOUT}};
    T_EQ(net_wait(parent.net, extra, 1, 1), 0);
    T_EQ(extra[0].revents, 0);
    T_EQ(net_wait(parent.net, extra, 2, PATIENCE_MS), 1);
    T_EQ(extra[1].revents, POLLOUT);
    T_EQ(write(ends[1], "x", 1), 1);
    T_EQ(net_wait(parent.net, extra, 1, PATIENCE_MS), 1);
    T_EQ(extra[0].revents, POLLIN);
    char byte;
    T_EQ(read(ends[0], &byte, 1), 1);
    struct sigaction handler = {.sa_handler = on_alarm}, before;
    sigaction(SIGALRM, &handler, &before);
    struct itimerval soon = {.it_value.tv_usec = 20000};
    setitimer(ITIMER_REAL, &soon, NULL);
    T_EQ(net_wait(parent.net, extra, 1, 200), 0);
    sigaction(SIGALRM, &before, NULL);
    close(ends[1]);
    T_EQ(net_wait(parent.net, extra, 1, PATIENCE_MS), 1);
    T_OK(extra[0].revents & POLLERR);
    close(ends[0]);
}

TEST(net, says_which_address_cannot_be_had)
{
    NODE(parent);
    NODE(other);
    node_open(&parent);
    node_open(&other);
    struct err err;
    char where[ENDPOINT_MAX + 1];
    net_endpoint(parent.net, where);
    T_TEXT(where, "");
    listen_at_any(&parent);
    net_endpoint(parent.net, where);
    T_EQ(net_listen(other.net, bytes_of(where), &err), ERR_ARG);
    T_OK(strstr(err.vi, where) != NULL && strstr(err.en, where) != NULL);
    T_EQ(net_listen(other.net, BYTES_LIT("tcp://%n"), &err), ERR_ARG);
    T_EQ(net_dial(other.net, parent.public, BYTES_LIT("tcp://127.0.0.1:0"), &err), ERR_ARG);
    T_EQ(net_dial(other.net, parent.public, BYTES_LIT("127.0.0.1:5701"), &err), ERR_ARG);
    T_EQ(net_listen(other.net, BYTES_LIT("tcp://127.0.0.1:0"), &err), 0);
}

TEST(net, has_a_bound_on_uplinks)
{
    NODE(child);
    node_open(&child);
    struct err err;
    uint8_t key[32], secret[32];
    for (int i = 0; i < NET_LINKS_MAX; i++) {
        net_key_pair(&crypto_sodium, key, secret);
        T_EQ(net_dial(child.net, key, BYTES_LIT("tcp://127.0.0.1:9"), &err), 0);
    }
    T_EQ(net_dial(child.net, key, BYTES_LIT("tcp://127.0.0.1:9"), &err), 0);
    net_key_pair(&crypto_sodium, key, secret);
    T_EQ(net_dial(child.net, key, BYTES_LIT("tcp://127.0.0.1:9"), &err), ERR_LIMIT);
    turn(&child);
}

// A parent that is not ours, and sends what it likes.
TEST(net, drops_messages_of_the_wrong_shape_from_above)
{
    NODE(child);
    node_open(&child);
    struct node parent = {0};
    net_key_pair(&crypto_sodium, parent.public, parent.secret);
    CONTEXT(context);
    SOCKET(router) = raw_socket(context, ZMQ_ROUTER, NULL, NULL);
    int one = 1;
    zmq_setsockopt(router, ZMQ_CURVE_SERVER, &one, sizeof one);
    zmq_setsockopt(router, ZMQ_CURVE_SECRETKEY, parent.secret, 32);
    T_EQ(zmq_bind(router, "tcp://127.0.0.1:*"), 0);
    char where[64];
    size_t size = sizeof where;
    T_EQ(zmq_getsockopt(router, ZMQ_LAST_ENDPOINT, where, &size), 0);
    struct err err;
    T_EQ(net_dial(child.net, parent.public, bytes_of(where), &err), 0);
    T_OK(hears(&child, NULL, "UP "));
    T_EQ(net_send(child.net, parent.public, BYTES_LIT("hello")), 0);
    uint8_t id[16];
    int id_size = zmq_recv(router, id, sizeof id, 0);
    T_EQ(id_size, ROUTE_SIZE);
    T_OK(raw_hears(router));
    zmq_send(router, id, ROUTE_SIZE, ZMQ_SNDMORE);
    RAW_SEND(router, "one", "too many");
    zmq_send(router, id, ROUTE_SIZE, ZMQ_SNDMORE);
    RAW_SEND(router, "good");
    T_OK(hears(&child, NULL, "R:good "));
    T_TEXT(buf_text(&child.log), "UP R:good ");
    T_EQ(net_counters(child.net)->dropped_frames, 1);
}

TEST(net, keys_are_x25519)
{
    // RFC 7748, 6.1: Alice's.
    uint8_t secret[32], public[32], want[32];
    T_OK(hex_parse(BYTES_LIT("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
                   secret, 32));
    T_OK(hex_parse(BYTES_LIT("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"),
                   want, 32));
    net_key_public(secret, public);
    T_BYTES(public, want, 32);
    net_key_pair(&crypto_sodium, public, secret);
    net_key_public(secret, want);
    T_BYTES(public, want, 32);
}

// What the guard answers to a request of any shape: its status, "" for none.
static const char *
guard_says(struct zap *zap, void *asker, struct node *node, const struct bytes *frames)
{
    static char status[8];
    status[0] = '\0';
    for (size_t i = 0; frames[i].at != NULL; i++)
        zmq_send(asker, frames[i].at, frames[i].size, frames[i + 1].at != NULL ? ZMQ_SNDMORE : 0);
    (void)zap_serve(zap, node_admits, node);
    for (int i = 0; i < 6; i++) {
        char frame[80];
        int size = zmq_recv(asker, frame, sizeof frame, ZMQ_DONTWAIT);
        if (i == 2 && size == 3)
            (void)snprintf(status, sizeof status, "%.3s", frame);
    }
    return status;
}

TEST(zap, admits_a_friends_key_and_bears_every_other_request)
{
    CONTEXT(context);
    struct zap zap = {0};
    struct err err;
    struct node node = {0};
    befriend(&node, &(struct node){.public = {7}});
    T_EQ(zap_open(&zap, context, &err), 0);
    T_EQ(zap_serve(&zap, node_admits, &node), ZAP_NOBODY);
    SOCKET(asker) = zmq_socket(context, ZMQ_REQ);
    T_EQ(zmq_connect(asker, "inproc://zeromq.zap.01"), 0);
    static const uint8_t friend[32] = {7}, stranger[32] = {8};
    static uint8_t long_frame[300];
#define FRAME(text) BYTES_LIT(text)
#define HEAD        FRAME("1.0"), FRAME("1"), FRAME("sync"), FRAME("127.0.0.1"), FRAME("")
#define END                                                                                        \
    {                                                                                              \
        NULL, 0                                                                                    \
    }
    const struct bytes good[] = {HEAD, FRAME("CURVE"), {friend, 32}, END};
    T_TEXT(guard_says(&zap, asker, &node, good), "200");
    const struct bytes bad[][12] = {
        {HEAD, FRAME("CURVE"), {stranger, 32}, END},
        {HEAD, FRAME("CURVE"), {friend, 31}, END},
        {HEAD, FRAME("CURVE"), {long_frame, 300}, END},
        {HEAD, FRAME("CURVE"), END},
        {HEAD, FRAME("CURVE"), {friend, 32}, FRAME("more"), END},
        {HEAD, FRAME("CURVE"), {friend, 32}, FRAME(""), FRAME(""), FRAME(""), FRAME(""), END},
        {HEAD, FRAME("NULL"), END},
        {HEAD, FRAME("NULL"), {friend, 32}, END},
        {HEAD, FRAME("PLAIN"), FRAME("admin"), FRAME("admin"), END},
        {FRAME("1.0"), END},
        {FRAME(""), END},
        {FRAME("2.0"),
         FRAME("1"),
         FRAME("d"),
         FRAME("a"),
         FRAME(""),
         FRAME("CURVE"),
         {friend, 32},
         END},
        {FRAME("1.0"),
         {long_frame, 300},
         FRAME("d"),
         FRAME("a"),
         FRAME(""),
         FRAME("CURVE"),
         {friend, 32},
         END},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        T_TEXT(guard_says(&zap, asker, &node, bad[i]), "400");
    T_TEXT(guard_says(&zap, asker, &node, good), "200");
#undef FRAME
#undef HEAD
#undef END
    zap_close(&zap);
    zap_close(&zap);
}

TEST(peers, are_found_by_key_in_any_order)
{
    OWNED(peers_release) struct peers peers = {0};
    uint8_t key[32] = {0};
    for (unsigned i = 0; i < 500; i++) {
        key[31] = (uint8_t)(i * 7);
        key[0] = (uint8_t)(i * 13 / 256);
        key[1] = (uint8_t)(i * 13);
        T_OK(peers_find(&peers, key) == NULL);
        struct peer *peer = peers_reach(&peers, key);
        T_OK(peer != NULL && !peer->has_route);
        T_OK(peers_find(&peers, key) == peer && peers_reach(&peers, key) == peer);
    }
    T_EQ(peers.count, 500);
    for (size_t i = 1; i < peers.count; i++)
        T_OK(memcmp(peers.at[i - 1].key, peers.at[i].key, 32) < 0);
    memcpy(key, peers.at[250].key, 32);
    peers_drop(&peers, key);
    peers_drop(&peers, key);
    T_EQ(peers.count, 499);
    T_OK(peers_find(&peers, key) == NULL);
}

TEST(peers, have_a_bound)
{
    OWNED(peers_release) struct peers peers = {0};
    uint8_t key[32] = {0};
    for (unsigned i = 0; i < PEERS_MAX; i++) {
        key[0] = (uint8_t)(i >> 8);
        key[1] = (uint8_t)i;
        T_OK(peers_reach(&peers, key) != NULL);
    }
    key[2] = 1;
    T_OK(peers_reach(&peers, key) == NULL);
}

TEST(peers, keep_the_route_of_the_newest_connection)
{
    struct peer peer = {0};
    peer_heard_on(&peer, BYTES_LIT("\0\0\0\0\x05"));
    peer_heard_on(&peer, BYTES_LIT("\0\0\0\0\x04"));
    T_BYTES(peer.route, "\0\0\0\0\x05", ROUTE_SIZE);
    peer_heard_on(&peer, BYTES_LIT("\0\0\0\1\x04"));
    T_BYTES(peer.route, "\0\0\0\1\x04", ROUTE_SIZE);
    peer.has_route = false; // It was not there any more
    peer_heard_on(&peer, BYTES_LIT("\0\xff\xff\xff\xff"));
    T_BYTES(peer.route, "\0\xff\xff\xff\xff", ROUTE_SIZE);
    peer_heard_on(&peer, BYTES_LIT("\0\0\0\0\0")); // The counter comes around
    T_BYTES(peer.route, "\0\0\0\0\0", ROUTE_SIZE);
    T_OK(route_is_own(BYTES_LIT("\0abcd")));
    T_OK(!route_is_own(BYTES_LIT("\1abcd")));
    T_OK(!route_is_own(BYTES_LIT("\0abc")));
    T_OK(!route_is_own(BYTES_LIT("\0abcde")));
}
