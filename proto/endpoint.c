#include "endpoint.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const struct bytes scheme = {(const uint8_t *)"tcp://", 6};

static bool
host_is_sound(struct bytes host)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  ".:[]-";
    for (size_t i = 0; i < host.size; i++)
        if (memchr(allowed, host.at[i], sizeof allowed - 1) == NULL)
            return false;
    return host.size > 0 && host.size <= ENDPOINT_HOST_MAX;
}

static bool
port_parse(struct bytes text, unsigned *ret_port)
{
    if (text.size == 0 || text.size > 5 || (text.at[0] == '0' && text.size > 1))
        return false;
    unsigned port = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text.at[i] - '0');
    }
    *ret_port = port;
    return port <= ENDPOINT_PORT_MAX;
}

bool
endpoint_parse(struct bytes text, struct endpoint *ret_endpoint)
{
    if (text.size <= scheme.size || memcmp(text.at, scheme.at, scheme.size) != 0)
        return false;
    struct bytes rest = BYTES(text.at + scheme.size, text.size - scheme.size);
    const uint8_t *colon = memrchr(rest.at, ':', rest.size);
    if (colon == NULL)
        return false;
    struct bytes host = BYTES(rest.at, (size_t)(colon - rest.at));
    struct endpoint endpoint = {0};
    if (!host_is_sound(host) ||
        !port_parse(BYTES(colon + 1, rest.size - host.size - 1), &endpoint.port))
        return false;
    memcpy(endpoint.host, host.at, host.size);
    *ret_endpoint = endpoint;
    return true;
}

void
endpoint_text(const struct endpoint *self, unsigned above, char ret_text[ENDPOINT_MAX + 1])
{
    assert(above < ENDPOINT_PORTS && self->port <= ENDPOINT_PORT_MAX);
    (void)snprintf(ret_text, ENDPOINT_MAX + 1, "tcp://%s:%u", self->host, self->port + above);
}
