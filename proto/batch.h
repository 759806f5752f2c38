// batch.h - the inside of a batch: stubs and bodies in a row, compressed
//
//     OWNED(buf_release) struct buf raw = {0};
//     batch_add(&raw, stub, body);                     // body empty: withheld
//     codec_pack(codec, buf_bytes(&raw), &id, &payload);
//
// Shape    raw = for each entry bin(stub), then bin(body) or nil. A stub beside its body has nil in
//          place of the hash. At most BATCH_ENTRIES_MAX entries and BATCH_RAW_MAX bytes, which
//          also is all that a payload may unpack to: a bomb is refused before a byte is unpacked.
// Errors   ERR_LIMIT, ERR_PROTO.
// Memory   struct codec holds zstd's contexts (about 1 MB) and the shipped dictionary; many cores
//          of one thread may share it.
// Threads  One at a time.
// Source   Batches of 8 and fewer gain from a dictionary, larger ones do not: so a small payload is
//          packed with it and a large one without.

#ifndef PROTO_BATCH_H
#define PROTO_BATCH_H

#include "message.h"

enum {
    BATCH_ENTRIES_MAX = 1024,
    BATCH_RAW_MAX = 524288,
    BATCH_RAW_AIM = 131072,        // Where a sender stops adding
    BATCH_DICTIONARY_BELOW = 4096, // Raw bytes
};

struct codec;

// With the dictionary this program carries. codec_destroy it.
struct codec *codec_new(void);
void codec_destroy(struct codec **self_p);

// Pack `raw` the best way for its size, behind what `ret_payload` holds.
void codec_pack(struct codec *self, struct bytes raw, enum codec_id *ret_id,
                struct buf *ret_payload);

// Unpack into `ret_raw`, which is cleared first.
MUST_CHECK int codec_unpack(struct codec *self, enum codec_id id, struct bytes payload,
                            struct buf *ret_raw);

void batch_add(struct buf *raw, struct bytes stub, struct bytes body);

// The next entry of a raw payload; `ret_body` is empty where withheld. The caller checks in->code.
void batch_next(struct reader *in, struct bytes *ret_stub, struct bytes *ret_body);

#endif
