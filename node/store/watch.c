#include "watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "../base/buf.h"

static const char *
name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

int
watch_open(struct watch *self, const char *database, struct err *reterr)
{
    OWNED(buf_release) struct buf path = {0};
    buf_print(&path, "%s-wal", database);
    OWNED(buf_release) struct buf folder = {0};
    size_t folder_size = (size_t)(name_of(database) - database);
    buf_print(&folder, "%.*s.", (int)folder_size, database);
    self->wal = mem_text(buf_text(&path));
    self->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (self->fd >= 0)
        self->folder = inotify_add_watch(self->fd, buf_text(&folder), IN_CREATE | IN_MOVED_TO);
    if (self->fd < 0 || self->folder < 0) {
        int code = err_set(reterr, ERR_LIMIT, "không theo dõi được '%s': %s",
                           "cannot watch '%s': %s", buf_text(&folder), strerror(errno));
        watch_release(self);
        return code;
    }
    (void)inotify_add_watch(self->fd, self->wal, IN_MODIFY); // Not there yet: the folder tells
    return 0;
}

void
watch_release(struct watch *self)
{
    if (self->fd >= 0)
        (void)close(self->fd);
    free(self->wal);
    *self = (struct watch){.fd = -1};
}

void
watch_take(struct watch *self)
{
    _Alignas(struct inotify_event) char events[4096];
    ssize_t size;
    while ((size = read(self->fd, events, sizeof events)) > 0) {
        for (ssize_t at = 0; at < size;) {
            const struct inotify_event *event = (const void *)(events + at);
            if (event->wd == self->folder && event->len > 0 &&
                strcmp(event->name, name_of(self->wal)) == 0)
                (void)inotify_add_watch(self->fd, self->wal, IN_MODIFY);
            at += (ssize_t)(sizeof *event + event->len);
        }
    }
}
