#include "control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../base/buf.h"
#include "home.h"
#include "node.h"
#include "request.h"

struct control {
    int fd;
    char path[HOME_PATH_MAX + 64];
};

// Socket names are short (108 bytes): a long one is reached through the folder's descriptor.
static bool
address_of(const char *home, struct sockaddr_un *ret_address)
{
    *ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
    int size = snprintf(ret_address->sun_path, sizeof ret_address->sun_path, "%s/control", home);
    return size > 0 && (size_t)size < sizeof ret_address->sun_path;
}

int
control_open(const char *home, struct control **ret_control, struct err *reterr)
{
    struct sockaddr_un address;
    if (!address_of(home, &address))
        return err_set(reterr, ERR_HOME, "%s: đường dẫn dài quá 99 byte",
                       "%s: the path is longer than 99 bytes", home);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return err_set(reterr, ERR_IO, "%s", "%s", strerror(errno));
    (void)unlink(address.sun_path); // We hold the lock: whoever left it is gone
    mode_t before = umask(0177);
    bool is_bound = bind(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    (void)umask(before);
    if (!is_bound || listen(fd, 8) != 0) {
        (void)close(fd);
        return err_set(reterr, ERR_READONLY, "%s: %s", "%s: %s", address.sun_path, strerror(errno));
    }
    *ret_control = mem_new(sizeof **ret_control);
    (*ret_control)->fd = fd;
    (void)snprintf((*ret_control)->path, sizeof(*ret_control)->path, "%s", address.sun_path);
    return 0;
}

void
control_close(struct control **self_p)
{
    if (*self_p == NULL)
        return;
    (void)close((*self_p)->fd);
    (void)unlink((*self_p)->path);
    free(*self_p);
    *self_p = NULL;
}

int
control_fd(const struct control *self)
{
    return self->fd;
}

static void
patience_set(int fd, int ms)
{
    struct timeval wait = {ms / 1000, (ms % 1000) * 1000L};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
}

// Read up to a newline; false when it does not come in time or is too long.
static bool
line_read(int fd, struct buf *line)
{
    while (line->size < CONTROL_LINE_MAX) {
        ssize_t got = recv(fd, buf_room(line, 65536), 65536, 0);
        if (got <= 0)
            return false;
        line->size += (size_t)got;
        if (line->at[line->size - 1] == '\n')
            return true;
    }
    return false;
}

static bool
line_write(int fd, json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    if (text == NULL)
        return false;
    size_t size = strlen(text), done = 0;
    text[size++] = '\n';
    while (done < size) {
        ssize_t put = send(fd, text + done, size - done, MSG_NOSIGNAL);
        if (put <= 0)
            break;
        done += (size_t)put;
    }
    free(text);
    return done == size;
}

static bool
may_ask(int fd)
{
    struct ucred who;
    socklen_t size = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 &&
           (who.uid == 0 || who.uid == geteuid());
}

void
control_serve(struct control *self, struct node *node, bool is_ready)
{
    if (!is_ready)
        return;
    int fd = accept4(self->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    OWNED(buf_release) struct buf line = {0};
    patience_set(fd, CONTROL_PATIENCE_MS);
    if (may_ask(fd) && line_read(fd, &line)) {
        json_error_t why;
        json_t *request = json_loadb((const char *)line.at, line.size, 0, &why);
        json_t *answer = request_answer(node, request);
        (void)line_write(fd, answer);
        json_decref(answer);
        json_decref(request);
    }
    (void)close(fd);
}

int
control_call(const char *home, json_t *request, json_t **ret_answer, struct err *reterr)
{
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || !address_of(home, &address) ||
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        if (fd >= 0)
            (void)close(fd);
        return err_set(reterr, ERR_UNREACHABLE, "%s/control", "%s/control", home);
    }
    OWNED(buf_release) struct buf line = {0};
    patience_set(fd, CONTROL_CALL_S * 1000);
    json_error_t why;
    *ret_answer = line_write(fd, request) && line_read(fd, &line)
                      ? json_loadb((const char *)line.at, line.size, 0, &why)
                      : NULL;
    (void)close(fd);
    if (*ret_answer == NULL)
        return err_set(reterr, ERR_UNREACHABLE, "%s: tiến trình không trả lời",
                       "%s: the node does not answer", home);
    return 0;
}
