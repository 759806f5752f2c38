#include <zstd.h>

#include "../../node/base/err.h"
#include "../../proto/assets.h"
#include "../../proto/batch.h"
#include "../../proto/pack.h"
#include "../t.h"

// `size` bytes that hardly pack when `is_noise`, and well when not.
static void
raw_fill(struct buf *raw, size_t size, bool is_noise)
{
    uint32_t state = 1;
    uint8_t *at = buf_room(raw, size);
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525U + 1013904223U;
        at[i] = is_noise ? (uint8_t)(state >> 24) : (uint8_t)("household"[i % 9]);
    }
    raw->size += size;
}

// Pack and unpack; gives the codec taken, or -1 when it does not come back the same.
static int
taken(struct codec *codec, size_t size, bool is_noise)
{
    OWNED(buf_release) struct buf raw = {0};
    OWNED(buf_release) struct buf payload = {0};
    OWNED(buf_release) struct buf back = {0};
    raw_fill(&raw, size, is_noise);
    buf_add_text(&back, "what was there before is gone");
    enum codec_id id;
    codec_pack(codec, buf_bytes(&raw), &id, &payload);
    int code = codec_unpack(codec, id, buf_bytes(&payload), &back);
    bool is_same = code == 0 && bytes_equal(buf_bytes(&raw), buf_bytes(&back));
    return is_same && payload.size <= raw.size ? (int)id : -1;
}

TEST(batch, takes_the_codec_that_fits_the_size)
{
    OWNED(codec_destroy) struct codec *codec = codec_new();
    T_EQ(taken(codec, 0, false), CODEC_RAW);
    T_EQ(taken(codec, 3, true), CODEC_RAW);
    T_EQ(taken(codec, 1000, true), CODEC_RAW);
    T_EQ(taken(codec, 5000, true), CODEC_RAW);
    T_EQ(taken(codec, BATCH_DICTIONARY_BELOW - 1, false), CODEC_ZSTD_DICTIONARY_1);
    T_EQ(taken(codec, BATCH_DICTIONARY_BELOW, false), CODEC_ZSTD);
    T_EQ(taken(codec, BATCH_RAW_MAX, false), CODEC_ZSTD);
    T_EQ(taken(codec, BATCH_RAW_MAX, true), CODEC_RAW);
}

TEST(batch, packs_behind_what_is_there)
{
    OWNED(codec_destroy) struct codec *codec = codec_new();
    OWNED(buf_release) struct buf raw = {0};
    OWNED(buf_release) struct buf payload = {0};
    raw_fill(&raw, 9000, false);
    buf_add_text(&payload, "head");
    enum codec_id id;
    codec_pack(codec, buf_bytes(&raw), &id, &payload);
    OWNED(buf_release) struct buf back = {0};
    T_BYTES(payload.at, "head", 4);
    T_EQ(codec_unpack(codec, id, BYTES(payload.at + 4, payload.size - 4), &back), 0);
    T_EQ(back.size, 9000);
}

static void
zstd_plain(struct bytes raw, struct buf *payload)
{
    size_t room = ZSTD_compressBound(raw.size);
    payload->size += ZSTD_compress(buf_room(payload, room), room, raw.at, raw.size, 1);
}

TEST(batch, refuses_a_bomb_before_it_goes_off)
{
    OWNED(codec_destroy) struct codec *codec = codec_new();
    OWNED(buf_release) struct buf raw = {0};
    OWNED(buf_release) struct buf bomb = {0};
    OWNED(buf_release) struct buf back = {0};
    raw_fill(&raw, BATCH_RAW_MAX + 1, false);
    zstd_plain(buf_bytes(&raw), &bomb);
    T_OK(bomb.size < 1000);
    T_EQ(codec_unpack(codec, CODEC_ZSTD, buf_bytes(&bomb), &back), ERR_LIMIT);
    T_EQ(codec_unpack(codec, CODEC_RAW, buf_bytes(&raw), &back), ERR_LIMIT);
    T_EQ(back.size, 0);
    T_EQ(back.room, 0); // Nothing was even made room for
}

TEST(batch, refuses_every_payload_but_one_whole_frame)
{
    OWNED(codec_destroy) struct codec *codec = codec_new();
    OWNED(buf_release) struct buf raw = {0};
    OWNED(buf_release) struct buf frame = {0};
    OWNED(buf_release) struct buf back = {0};
    raw_fill(&raw, 5000, false);
    zstd_plain(buf_bytes(&raw), &frame);
    for (size_t size = 0; size < frame.size; size++)
        T_EQ(codec_unpack(codec, CODEC_ZSTD, BYTES(frame.at, size), &back), ERR_PROTO);
    size_t whole = frame.size;
    zstd_plain(BYTES_LIT(""), &frame); // A second frame that adds nothing
    T_EQ(codec_unpack(codec, CODEC_ZSTD, buf_bytes(&frame), &back), ERR_PROTO);
    T_EQ(codec_unpack(codec, CODEC_ZSTD, BYTES(frame.at + whole, frame.size - whole), &back),
         ERR_PROTO);
    T_EQ(codec_unpack(codec, CODEC_ZSTD, BYTES_LIT("\x50\x2a\x4d\x18\x01\0\0\0x"), &back),
         ERR_PROTO); // A skippable one
    T_EQ(codec_unpack(codec, (enum codec_id)3, buf_bytes(&raw), &back), ERR_PROTO);
    T_EQ(codec_unpack(codec, CODEC_ZSTD, BYTES(frame.at, whole), &back), 0);
    T_EQ(back.size, 5000);
}

TEST(batch, refuses_a_frame_that_hides_its_size)
{
    OWNED(codec_destroy) struct codec *codec = codec_new();
    OWNED(buf_release) struct buf raw = {0};
    OWNED(buf_release) struct buf back = {0};
    raw_fill(&raw, 5000, false);
    uint8_t frame[6000];
    ZSTD_CCtx *context = ZSTD_createCCtx();
    (void)ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
    size_t size = ZSTD_compress2(context, frame, sizeof frame, raw.at, raw.size);
    (void)ZSTD_freeCCtx(context);
    T_OK(!ZSTD_isError(size));
    T_EQ(codec_unpack(codec, CODEC_ZSTD, BYTES(frame, size), &back), ERR_PROTO);
}

TEST(batch, needs_the_dictionary_it_was_packed_with)
{
    OWNED(codec_destroy) struct codec *codec = codec_new();
    OWNED(buf_release) struct buf raw = {0};
    OWNED(buf_release) struct buf payload = {0};
    OWNED(buf_release) struct buf back = {0};
    raw_fill(&raw, 500, false);
    enum codec_id id;
    codec_pack(codec, buf_bytes(&raw), &id, &payload);
    T_EQ(id, CODEC_ZSTD_DICTIONARY_1);
    T_EQ(codec_unpack(codec, CODEC_ZSTD, buf_bytes(&payload), &back), ERR_PROTO);
    T_EQ(codec_unpack(codec, id, buf_bytes(&payload), &back), 0);
}

TEST(batch, gives_entries_back_in_their_order)
{
    OWNED(buf_release) struct buf raw = {0};
    batch_add(&raw, bytes_of("stub 0"), bytes_of("body 0"));
    batch_add(&raw, bytes_of("stub 1"), (struct bytes){0});
    T_BYTES(raw.at,
            "\xc4\x06stub 0\xc4\x06"
            "body 0\xc4\x06stub 1\xc0",
            25);
    struct reader in = reader_of(buf_bytes(&raw));
    struct bytes stub, body;
    batch_next(&in, &stub, &body);
    T_OK(bytes_equal(stub, bytes_of("stub 0")) && bytes_equal(body, bytes_of("body 0")));
    batch_next(&in, &stub, &body);
    T_OK(bytes_equal(stub, bytes_of("stub 1")) && body.size == 0);
    T_EQ(in.code, 0);
    batch_next(&in, &stub, &body); // One too many
    T_EQ(in.code, ERR_PROTO);
}

TEST(batch, has_one_form_for_withheld)
{
    struct bytes stub, body;
    struct reader in = reader_of(BYTES_LIT("\xc4\x01s\xc4\x00"));
    batch_next(&in, &stub, &body);
    T_EQ(in.code, ERR_PROTO);
    in = reader_of(BYTES_LIT("\xc4\x01s\xa1"
                             "b"));
    batch_next(&in, &stub, &body);
    T_EQ(in.code, ERR_PROTO);
    T_EQ(stub.size, 0);
    in = reader_of(BYTES_LIT("\xc4\x01s"));
    batch_next(&in, &stub, &body);
    T_EQ(in.code, ERR_PROTO);
}

TEST(assets, are_found_by_their_path)
{
    struct bytes bytes;
    T_OK(asset_find("conf/plan/types/household.json", &bytes));
    T_EQ(bytes.at[0], '{');
    T_EQ(bytes.at[bytes.size], 0);
    T_OK(asset_find("proto/dictionary-1.zdict", &bytes));
    T_OK(bytes.size > 4096 && bytes.size <= 16384);
    T_OK(!asset_find("household.json", &bytes));
    T_OK(!asset_find("", &bytes));
}

TEST(assets, are_the_files_of_the_tree)
{
    size_t count = 0;
    for (const struct asset *asset = assets; asset->path != NULL; asset++, count++)
        T_OK(asset->at < asset->end);
    T_EQ(count, 10);
}
