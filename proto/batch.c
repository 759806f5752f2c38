#include "batch.h"

#include <assert.h>
#include <stdlib.h>
#include <zstd.h>

#include "../node/base/err.h"
#include "assets.h"
#include "pack.h"

enum { ZSTD_LEVEL = 1 }; // Level 3 took longer and gained nothing on batches of records

struct codec {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    ZSTD_CDict *pack_dictionary;
    ZSTD_DDict *unpack_dictionary;
};

struct codec *
codec_new(void)
{
    struct bytes dictionary;
    bool is_found = asset_find("proto/dictionary-1.zdict", &dictionary);
    assert(is_found);
    (void)is_found;
    struct codec *self = mem_new(sizeof *self);
    self->pack = ZSTD_createCCtx();
    self->unpack = ZSTD_createDCtx();
    self->pack_dictionary = ZSTD_createCDict(dictionary.at, dictionary.size, ZSTD_LEVEL);
    self->unpack_dictionary = ZSTD_createDDict(dictionary.at, dictionary.size);
    // Also what tells a trained dictionary from any other bytes: those have no number.
    assert(ZSTD_getDictID_fromDDict(self->unpack_dictionary) != 0);
    assert(self->pack != NULL && self->unpack != NULL && self->pack_dictionary != NULL);
    return self;
}

void
codec_destroy(struct codec **self_p)
{
    struct codec *self = *self_p;
    if (self == NULL)
        return;
    (void)ZSTD_freeCDict(self->pack_dictionary);
    (void)ZSTD_freeDDict(self->unpack_dictionary);
    (void)ZSTD_freeCCtx(self->pack);
    (void)ZSTD_freeDCtx(self->unpack);
    free(self);
    *self_p = NULL;
}

void
codec_pack(struct codec *self, struct bytes raw, enum codec_id *ret_id, struct buf *ret_payload)
{
    assert(raw.size <= BATCH_RAW_MAX);
    bool is_small = raw.size < BATCH_DICTIONARY_BELOW;
    size_t room = ZSTD_compressBound(raw.size);
    uint8_t *at = buf_room(ret_payload, room);
    size_t size = is_small ? ZSTD_compress_usingCDict(self->pack, at, room, raw.at, raw.size,
                                                      self->pack_dictionary)
                           : ZSTD_compressCCtx(self->pack, at, room, raw.at, raw.size, ZSTD_LEVEL);
    if (ZSTD_isError(size) || size >= raw.size) {
        *ret_id = CODEC_RAW;
        buf_add_bytes(ret_payload, raw);
        return;
    }
    *ret_id = is_small ? CODEC_ZSTD_DICTIONARY_1 : CODEC_ZSTD;
    ret_payload->size += size;
}

// Room for exactly what the frame says it holds, once that is known to be little enough.
static int
frame_check(struct bytes payload, size_t *ret_size)
{
    unsigned long long size = ZSTD_getFrameContentSize(payload.at, payload.size);
    if (size == ZSTD_CONTENTSIZE_ERROR || size == ZSTD_CONTENTSIZE_UNKNOWN || size == 0)
        return ERR_PROTO;
    if (size > BATCH_RAW_MAX)
        return ERR_LIMIT;
    // One frame and nothing behind it: zstd would go on into a second one.
    if (ZSTD_findFrameCompressedSize(payload.at, payload.size) != payload.size)
        return ERR_PROTO;
    *ret_size = (size_t)size;
    return 0;
}

int
codec_unpack(struct codec *self, enum codec_id id, struct bytes payload, struct buf *ret_raw)
{
    buf_clear(ret_raw);
    if (id == CODEC_RAW) {
        if (payload.size > BATCH_RAW_MAX)
            return ERR_LIMIT;
        buf_add_bytes(ret_raw, payload);
        return 0;
    }
    if (id != CODEC_ZSTD && id != CODEC_ZSTD_DICTIONARY_1)
        return ERR_PROTO;
    size_t size;
    int code = frame_check(payload, &size);
    if (code != 0)
        return code;
    uint8_t *at = buf_room(ret_raw, size);
    size_t got = id == CODEC_ZSTD
                     ? ZSTD_decompressDCtx(self->unpack, at, size, payload.at, payload.size)
                     : ZSTD_decompress_usingDDict(self->unpack, at, size, payload.at, payload.size,
                                                  self->unpack_dictionary);
    if (got != size) // An error is a number above every size
        return ERR_PROTO;
    ret_raw->size = size;
    return 0;
}

void
batch_add(struct buf *raw, struct bytes stub, struct bytes body)
{
    struct packer out = packer_of(raw);
    pack_bin(&out, stub.at, stub.size);
    if (body.size == 0)
        pack_nil(&out);
    else
        pack_bin(&out, body.at, body.size);
}

void
batch_next(struct reader *in, struct bytes *ret_stub, struct bytes *ret_body)
{
    *ret_body = (struct bytes){0};
    *ret_stub = read_bin(in);
    if (!read_nil(in)) {
        *ret_body = read_bin(in);
        if (ret_body->size == 0) // Withheld has one form, and this is not it
            read_fail(in);
    }
    if (in->code != 0) {
        *ret_stub = (struct bytes){0};
        *ret_body = (struct bytes){0};
    }
}
