// pack.h - write canonical msgpack, through msgpack-c, onto the end of a buf
//
//     struct packer out = packer_of(&buf);
//     pack_array(&out, 2);
//     pack_uint(&out, 7);
//     pack_str(&out, bytes_of("05908-012"));
//
// Shape    msgpack-c always takes the shortest form, so what is packed in the right order is
//          canonical; the order of a map's keys is the caller's duty (scan_canonical checks it).
// Errors   None: the buffer grows.
// Memory   The bytes go to the buf the packer was made with.

#ifndef PROTO_PACK_H
#define PROTO_PACK_H

#include <msgpack.h>

#include "../node/base/buf.h"
#include "../node/base/id.h"

struct packer {
    msgpack_packer out;
};

struct packer packer_of(struct buf *buf);

void pack_nil(struct packer *self);
void pack_bool(struct packer *self, bool value);
void pack_uint(struct packer *self, uint64_t value);
void pack_int(struct packer *self, int64_t value);
void pack_str(struct packer *self, struct bytes text);
void pack_text(struct packer *self, const char *text);
void pack_bin(struct packer *self, const void *at, size_t size);
void pack_array(struct packer *self, size_t count);
void pack_map(struct packer *self, size_t count);

// The code, or nil for no office.
void pack_office(struct packer *self, const struct office *office);

// Bytes that are already one canonical value.
void pack_raw(struct packer *self, struct bytes value);

// The same, or nil for no bytes.
void pack_raw_or_nil(struct packer *self, struct bytes value);

#endif
