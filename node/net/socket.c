#include "socket.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <zmq.h>

enum {
    OPTION_ZAP_ENFORCE_DOMAIN = 93, // ZMQ_ZAP_ENFORCE_DOMAIN, hidden by zmq.h
    OPTIONS_MAX = 8,
    SEAL_SIZE = 33, // CURVE's own bytes, which libzmq counts into the size of a frame
};

struct option {
    int name; // 0 ends a list; no option of ours has that number
    int value;
};

static const struct option for_all[] = {
    {ZMQ_LINGER, 0},
    {ZMQ_TCP_KEEPALIVE, 1},
    {ZMQ_TCP_KEEPALIVE_INTVL, 15},
    {ZMQ_TCP_KEEPALIVE_CNT, 4},
    {ZMQ_TCP_MAXRT, 60000},
    {0, 0},
};

// A backlog of 4096: after a restart 3,600 children are back in 6.5 s, with the default in 33 s.
static const struct option for_bound[] = {
    {ZMQ_CURVE_SERVER, 1},
    {OPTION_ZAP_ENFORCE_DOMAIN, 1},
    {ZMQ_BACKLOG, 4096},
    {ZMQ_HANDSHAKE_IVL, 15000},
    {0, 0},
};

// 30 s for a handshake: 3G. 10 s for a connect: the kernel alone would take 134 to a black hole.
static const struct option for_connecting[] = {
    {ZMQ_RCVHWM, 0}, {ZMQ_IMMEDIATE, 1}, {ZMQ_CONNECT_TIMEOUT, 10000}, {ZMQ_HANDSHAKE_IVL, 30000},
    {0, 0},
};

struct kind {
    int type;
    const char *domain; // Of ZAP, for a bound one
    struct option options[OPTIONS_MAX];
};

static const struct kind bound_kinds[LANE_COUNT] = {
    [LANE_REPAIR] = {ZMQ_ROUTER,
                     "sync",
                     {{ZMQ_MAXMSGSIZE, SOCKET_REPAIR_MAX + SEAL_SIZE},
                      {ZMQ_ROUTER_MANDATORY, 1},
                      {ZMQ_SNDHWM, 64},
                      {ZMQ_RCVHWM, 256}}},
    [LANE_UP] = {ZMQ_SUB,
                 "live",
                 {{ZMQ_MAXMSGSIZE, SOCKET_LIVE_MAX + SEAL_SIZE},
                  {ZMQ_SNDHWM, 16},
                  {ZMQ_RCVHWM, 16}}},
    [LANE_DOWN] = {ZMQ_XPUB,
                   "live",
                   {{ZMQ_MAXMSGSIZE, SOCKET_LIVE_MAX + SEAL_SIZE},
                    {ZMQ_XPUB_MANUAL, 1},
                    {ZMQ_XPUB_VERBOSER, 1},
                    {ZMQ_SNDHWM, 16},
                    {ZMQ_RCVHWM, 16}}},
};

// The SUB's sending mark is for its subscriptions, which are lost beyond it without a word.
static const struct kind connecting_kinds[LANE_COUNT] = {
    [LANE_REPAIR] = {ZMQ_DEALER,
                     NULL,
                     {{ZMQ_MAXMSGSIZE, SOCKET_REPAIR_MAX + SEAL_SIZE}, {ZMQ_SNDHWM, 64}}},
    [LANE_UP] = {ZMQ_PUB, NULL, {{ZMQ_MAXMSGSIZE, SOCKET_LIVE_MAX + SEAL_SIZE}, {ZMQ_SNDHWM, 16}}},
    [LANE_DOWN] = {ZMQ_SUB,
                   NULL,
                   {{ZMQ_MAXMSGSIZE, SOCKET_LIVE_MAX + SEAL_SIZE}, {ZMQ_SNDHWM, 64}}},
};

// What the monitor of a connecting socket reports. On the live lanes nothing but a refusal matters:
// whatever they miss, the repair lane mends.
static const int watched[LANE_COUNT] = {
    [LANE_REPAIR] = ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
                    ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL |
                    ZMQ_EVENT_DISCONNECTED,
    [LANE_UP] = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
    [LANE_DOWN] = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH,
};

int
socket_library_check(struct err *reterr)
{
    int major, minor, patch;
    zmq_version(&major, &minor, &patch);
    if (major < 4 || (major == 4 && (minor < 3 || (minor == 3 && patch < 3))))
        return err_set(reterr, ERR_DENIED, "libzmq %d.%d.%d có lỗ hổng, cần từ 4.3.3",
                       "libzmq %d.%d.%d has known holes, 4.3.3 or later is needed", major, minor,
                       patch);
    if (zmq_has("curve") != 1)
        return err_set(reterr, ERR_DENIED, "libzmq này không có mã hóa CURVE",
                       "this libzmq has no CURVE encryption");
    return 0;
}

static bool
set_bytes(void *socket, int option, const void *at, size_t size)
{
    return zmq_setsockopt(socket, option, at, size) == 0;
}

static bool
set_int(void *socket, int option, int value)
{
    int64_t wide = value; // The one option of ours that is not an int
    return option == ZMQ_MAXMSGSIZE ? set_bytes(socket, option, &wide, sizeof wide)
                                    : set_bytes(socket, option, &value, sizeof value);
}

static bool
set_all(void *socket, const struct option *options)
{
    for (; options->name != 0; options++)
        if (!set_int(socket, options->name, options->value))
            return false;
    return true;
}

static bool
set_common(void *socket, const struct socket_conf *conf, const struct kind *kind,
           const struct endpoint *endpoint)
{
    // Only where an IPv6 address is written: with the option on, a name that has one is called
    // there alone, even from a network that cannot.
    bool is_ipv6 = endpoint->host[0] == '[';
    return set_all(socket, for_all) && set_all(socket, kind->options) &&
           set_int(socket, ZMQ_IPV6, is_ipv6) &&
           set_int(socket, ZMQ_TCP_KEEPALIVE_IDLE, conf->keepalive_idle_s) &&
           set_bytes(socket, ZMQ_CURVE_SECRETKEY, conf->secret, CURVE_KEY_SIZE);
}

static bool
set_bound(void *socket, const struct kind *kind)
{
    return set_all(socket, for_bound) &&
           set_bytes(socket, ZMQ_ZAP_DOMAIN, kind->domain, strlen(kind->domain)) &&
           (kind->type != ZMQ_SUB || set_bytes(socket, ZMQ_SUBSCRIBE, "", 0));
}

static bool
set_connecting(void *socket, const struct socket_conf *conf,
               const uint8_t server_key[CURVE_KEY_SIZE])
{
    return set_all(socket, for_connecting) &&
           set_int(socket, ZMQ_RECONNECT_IVL, conf->reconnect_ms) &&
           set_int(socket, ZMQ_RECONNECT_IVL_MAX, 30 * conf->reconnect_ms) &&
           set_bytes(socket, ZMQ_CURVE_PUBLICKEY, conf->public, CURVE_KEY_SIZE) &&
           set_bytes(socket, ZMQ_CURVE_SERVERKEY, server_key, CURVE_KEY_SIZE);
}

static bool
is_enforced(void *socket)
{
    int value = 0;
    size_t size = sizeof value;
    return zmq_getsockopt(socket, OPTION_ZAP_ENFORCE_DOMAIN, &value, &size) == 0 && value == 1;
}

static int
option_refused(struct err *reterr)
{
    return err_set(reterr, ERR_BUG, "libzmq không nhận một tùy chọn: %s",
                   "libzmq refused an option: %s", zmq_strerror(errno));
}

static int
socket_new(void *context, int type, void **ret_socket, struct err *reterr)
{
    *ret_socket = zmq_socket(context, type);
    return *ret_socket != NULL ? 0
                               : err_set(reterr, ERR_LIMIT, "không mở thêm được kết nối: %s",
                                         "no more sockets: %s", zmq_strerror(errno));
}

static int
bind_prepare(void *socket, const struct socket_conf *conf, enum lane lane,
             const struct endpoint *at, struct err *reterr)
{
    const struct kind *kind = &bound_kinds[lane];
    if (!set_common(socket, conf, kind, at))
        return option_refused(reterr);
    if (!set_bound(socket, kind) || !is_enforced(socket))
        return err_set(
            reterr, ERR_DENIED,
            "libzmq này không bảo đảm chặn được máy lạ (tùy chọn 93); không mở cổng",
            "this libzmq cannot promise to keep strangers out (option 93); not listening");
    return 0;
}

int
socket_bind(void *context, const struct socket_conf *conf, enum lane lane,
            const struct endpoint *at, void **ret_socket, struct err *reterr)
{
    void *socket;
    int code = socket_new(context, bound_kinds[lane].type, &socket, reterr);
    if (code != 0)
        return code;
    code = bind_prepare(socket, conf, lane, at, reterr);
    char text[ENDPOINT_MAX + 1];
    endpoint_text(at, at->port == 0 ? 0 : (unsigned)lane, text);
    if (code == 0 && zmq_bind(socket, text) != 0)
        code = err_set(reterr, ERR_ARG, "không mở được cổng '%s': %s", "cannot listen at '%s': %s",
                       text, zmq_strerror(errno));
    if (code != 0)
        socket_close(&socket, 0);
    *ret_socket = socket;
    return code;
}

static int
monitor_open(void *context, void *socket, int events, unsigned number, void **ret_monitor,
             struct err *reterr)
{
    char name[64];
    (void)snprintf(name, sizeof name, "inproc://monitor-%u", number);
    int code = socket_new(context, ZMQ_PAIR, ret_monitor, reterr);
    if (code != 0)
        return code;
    // No receive mark: at one, libzmq's I/O thread would stop and wait for us.
    if (set_int(*ret_monitor, ZMQ_RCVHWM, 0) && zmq_socket_monitor(socket, name, events) == 0 &&
        zmq_connect(*ret_monitor, name) == 0)
        return 0;
    return err_set(reterr, ERR_LIMIT, "không theo dõi được kết nối: %s",
                   "the connection cannot be watched: %s", zmq_strerror(errno));
}

int
socket_connect(void *context, const struct socket_conf *conf, enum lane lane,
               const struct endpoint *to, const uint8_t server_key[CURVE_KEY_SIZE], unsigned number,
               void **ret_socket, void **ret_monitor, struct err *reterr)
{
    const struct kind *kind = &connecting_kinds[lane];
    *ret_monitor = NULL;
    int code = socket_new(context, kind->type, ret_socket, reterr);
    if (code != 0)
        return code;
    void *socket = *ret_socket;
    if (!set_common(socket, conf, kind, to) || !set_connecting(socket, conf, server_key))
        code = option_refused(reterr);
    if (code == 0)
        code = monitor_open(context, socket, watched[lane], number, ret_monitor, reterr);
    char text[ENDPOINT_MAX + 1];
    endpoint_text(to, (unsigned)lane, text);
    if (code == 0 && zmq_connect(socket, text) != 0)
        code = err_set(reterr, ERR_ARG, "địa chỉ không dùng được '%s': %s",
                       "cannot use the address '%s': %s", text, zmq_strerror(errno));
    if (code != 0) {
        socket_unwatch(socket, ret_monitor);
        socket_close(ret_socket, 0);
    }
    return code;
}

unsigned
socket_port(void *socket)
{
    char text[256];
    size_t size = sizeof text;
    int code = zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, text, &size);
    assert(code == 0);
    const char *colon = strrchr(text, ':');
    unsigned port = 0;
    for (const char *at = colon; at != NULL && at[1] >= '0' && at[1] <= '9'; at++)
        port = port * 10 + (unsigned)(at[1] - '0');
    return port;
}

void
socket_unwatch(void *socket, void **monitor_p)
{
    // Stop it first: libzmq's I/O thread would wait for ever to tell a monitor that is gone.
    if (socket != NULL)
        (void)zmq_socket_monitor(socket, NULL, 0);
    socket_close(monitor_p, 0);
}

void
socket_close(void **socket_p, int linger_ms)
{
    if (*socket_p == NULL)
        return;
    // Safe so late since 4.3.0, which hands the value to the I/O thread with the closing itself.
    (void)set_int(*socket_p, ZMQ_LINGER, linger_ms);
    (void)zmq_close(*socket_p);
    *socket_p = NULL;
}
