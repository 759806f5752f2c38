#include "pack.h"

#include <string.h>

static int
buf_write(void *data, const char *at, size_t size)
{
    buf_add(data, at, size);
    return 0;
}

struct packer
packer_of(struct buf *buf)
{
    struct packer packer;
    msgpack_packer_init(&packer.out, buf, buf_write);
    return packer;
}

void
pack_nil(struct packer *self)
{
    (void)msgpack_pack_nil(&self->out);
}

void
pack_bool(struct packer *self, bool value)
{
    (void)(value ? msgpack_pack_true(&self->out) : msgpack_pack_false(&self->out));
}

void
pack_uint(struct packer *self, uint64_t value)
{
    (void)msgpack_pack_uint64(&self->out, value);
}

void
pack_int(struct packer *self, int64_t value)
{
    (void)msgpack_pack_int64(&self->out, value);
}

void
pack_str(struct packer *self, struct bytes text)
{
    (void)msgpack_pack_str(&self->out, text.size);
    (void)msgpack_pack_str_body(&self->out, text.at, text.size);
}

void
pack_text(struct packer *self, const char *text)
{
    pack_str(self, bytes_of(text));
}

void
pack_bin(struct packer *self, const void *at, size_t size)
{
    (void)msgpack_pack_bin(&self->out, size);
    (void)msgpack_pack_bin_body(&self->out, at, size);
}

void
pack_array(struct packer *self, size_t count)
{
    (void)msgpack_pack_array(&self->out, count);
}

void
pack_map(struct packer *self, size_t count)
{
    (void)msgpack_pack_map(&self->out, count);
}

void
pack_office(struct packer *self, const struct office *office)
{
    if (office_is_none(office))
        pack_nil(self);
    else
        pack_text(self, office->code);
}

void
pack_raw(struct packer *self, struct bytes value)
{
    buf_add_bytes(self->out.data, value);
}

void
pack_raw_or_nil(struct packer *self, struct bytes value)
{
    if (value.size == 0)
        pack_nil(self);
    else
        pack_raw(self, value);
}
