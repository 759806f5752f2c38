#include <stdlib.h>

#include "../../node/base/err.h"
#include "../../proto/message.h"
#include "../../proto/pack.h"
#include "../t.h"

static void
free_p(void *at_p)
{
    free(*(void **)at_p);
}

// The bytes of `hex`, which may have spaces between them, onto the end of `buf`.
static struct bytes
unhexed(const char *hex, struct buf *buf)
{
    OWNED(buf_release) struct buf text = {0};
    for (; *hex != '\0'; hex++)
        if (*hex != ' ')
            buf_add_byte(&text, (uint8_t)*hex);
    (void)buf_room(buf, text.size / 2);
    size_t from = buf->size;
    buf->size += text.size / 2;
    if (!hex_parse(buf_bytes(&text), buf->at + from, text.size / 2))
        abort();
    return buf_bytes(buf);
}

static struct bytes
packed(const struct message *message, struct buf *buf)
{
    buf_clear(buf);
    message_pack(message, buf);
    return buf_bytes(buf);
}

// Written by hand from the table of forms, so that no mistake of the packer is in it.
TEST(message, packs_what_was_written_by_hand)
{
    OWNED(buf_release) struct buf got = {0};
    OWNED(buf_release) struct buf want = {0};
    struct message m = {.type = MESSAGE_BYE, .as.bye = {BYE_STOPPING, 300}};
    T_OK(bytes_equal(packed(&m, &got), unhexed("93 09 02 cd012c", &want)));

    m = (struct message){.type = MESSAGE_WANT};
    m.as.want.origin = (struct origin){office_of("05908"), 0x100000001};
    m.as.want.from = 128;
    m.as.want.to = UINT64_MAX;
    m.as.want.mode = WANT_ENVELOPES;
    m.as.want.ticket = 1;
    m.as.want.grant = 65536;
    buf_clear(&want);
    T_OK(bytes_equal(packed(&m, &got), unhexed("98 03 a53035393038 cf0000000100000001 cc80 c0 02 "
                                               "01 ce00010000",
                                               &want)));

    m = (struct message){.type = MESSAGE_FAULT};
    m.as.fault.code = bytes_of("LT-GAP");
    m.as.fault.text = bytes_of("");
    buf_clear(&want);
    T_OK(bytes_equal(packed(&m, &got), unhexed("96 0c a64c542d474150 a0 c0 00 00", &want)));

    m = (struct message){.type = MESSAGE_BATCH};
    m.as.batch.origin = (struct origin){office_of("19"), 1};
    m.as.batch.count = 2;
    m.as.batch.checkpoint = bytes_of("n");
    m.as.batch.payload = bytes_of("p");
    buf_clear(&want);
    T_OK(bytes_equal(packed(&m, &got),
                     unhexed("9b 04 a23139 01 00 02 00 c4016e c400 c0 00 c40170", &want)));
}

TEST(message, reads_what_was_written_by_hand)
{
    OWNED(buf_release) struct buf buf = {0};
    struct message m;
    T_EQ(message_read(unhexed("94 0a c3 07 96 a23139 05 09 c420 00000000000000000000000000000000"
                              "000000000000000000000000000000ff 0b c440"
                              "00000000000000000000000000000000000000000000000000000000000000ee"
                              "00000000000000000000000000000000000000000000000000000000000000dd",
                              &buf),
                      &m),
         0);
    T_EQ(m.type, MESSAGE_PING);
    T_OK(m.as.ping.is_answer);
    T_EQ(m.as.ping.wall, 7);
    T_TEXT(m.as.ping.heartbeat.origin.office.code, "19");
    T_EQ(m.as.ping.heartbeat.origin.epoch, 5);
    T_EQ(m.as.ping.heartbeat.size, 9);
    T_EQ(m.as.ping.heartbeat.root[31], 0xff);
    T_EQ(m.as.ping.heartbeat.time, 11);
    T_EQ(m.as.ping.heartbeat.signature[63], 0xdd);

    buf_clear(&buf);
    T_EQ(message_read(unhexed("94 08 01 a53035393038 91 81a16101", &buf), &m), 0);
    T_EQ(m.type, MESSAGE_JOIN_ANSWER);
    T_EQ(m.as.join_answer.count, 1);
    T_TEXT(m.as.join_answer.office.code, "05908");
}

TEST(message, gives_the_marks_of_a_frontier)
{
    OWNED(buf_release) struct buf buf = {0};
    struct message m;
    T_EQ(message_read(unhexed("93 02 c2 92 94 a23139 05 09 c408 0102030405060708"
                              "94 a53035393038 06 00 c408 0000000000000009",
                              &buf),
                      &m),
         0);
    T_EQ(m.as.frontier.count, 2);
    struct reader in = marks_reader(&m);
    struct mark mark = mark_read(&in);
    T_TEXT(mark.origin.office.code, "19");
    T_EQ(mark.size, 9);
    T_EQ(mark.root[7], 8);
    mark = mark_read(&in);
    T_EQ(mark.origin.epoch, 6);
    T_EQ(mark.root[7], 9);
    T_EQ(in.code, 0);
    T_OK(in.at == in.end);
}

// Marks above the bound, below it in everything else.
static int
frontier_code(size_t count)
{
    OWNED(buf_release) struct buf buf = {0};
    struct packer out = packer_of(&buf);
    pack_array(&out, 3);
    pack_uint(&out, MESSAGE_FRONTIER);
    pack_bool(&out, true);
    pack_array(&out, count);
    struct mark mark = {.origin = {office_of("19"), 1}};
    for (size_t i = 0; i < count; i++)
        mark_pack(&mark, &buf);
    struct message m;
    return message_read(buf_bytes(&buf), &m);
}

TEST(message, bounds_the_marks_of_a_frontier)
{
    T_EQ(frontier_code(MARKS_MAX), 0);
    T_EQ(frontier_code(MARKS_MAX + 1), ERR_LIMIT);
}

static int
relay_code(size_t cell_size)
{
    OWNED(buf_release) struct buf buf = {0};
    OWNED(free_p) void *cell = mem_new(cell_size);
    struct packer out = packer_of(&buf);
    pack_array(&out, 6);
    pack_uint(&out, 11);
    pack_text(&out, "19");
    pack_text(&out, "05908");
    pack_uint(&out, 1);
    pack_uint(&out, 1);
    pack_bin(&out, cell, cell_size);
    struct message m;
    return message_read(buf_bytes(&buf), &m);
}

TEST(message, bounds_what_is_relayed_and_every_message)
{
    T_EQ(relay_code(RELAY_MAX), 0);
    T_EQ(relay_code(RELAY_MAX + 1), ERR_LIMIT);
    OWNED(free_p) uint8_t *large = mem_new(MESSAGE_MAX + 1);
    struct message m;
    T_EQ(message_read(BYTES(large, MESSAGE_MAX + 1), &m), ERR_LIMIT);
}

TEST(message, signs_over_texts_written_by_hand)
{
    OWNED(buf_release) struct buf got = {0};
    OWNED(buf_release) struct buf want = {0};
    receipt_text("n/19/1", 300, 299, 0, 7, &got);
    buf_add_text(&want, "lienthong-receipt/v1\n");
    T_OK(bytes_equal(buf_bytes(&got), unhexed("95 a66e2f31392f31 cd012c cd012b 00 07", &want)));

    struct message m = {.type = MESSAGE_JOIN_ASK};
    m.as.join_ask.office = office_of("19");
    m.as.join_ask.box[31] = 0xb0;
    m.as.join_ask.signature[0] = 1; // Not part of it
    buf_clear(&got);
    join_text(&m, &got);
    T_EQ(got.size, 18 + 1 + 18 + 3 + 4 * 34);
    T_BYTES(got.at, "lienthong-join/v1\n\x96\xc4\x10", 21);
    T_BYTES(got.at + 37,
            "\xa2"
            "19"
            "\xc4\x20",
            5);
    T_EQ(got.at[got.size - 1], 0xb0);
}
