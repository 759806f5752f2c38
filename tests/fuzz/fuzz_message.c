// What message_read takes, message_pack gives back; what a batch unpacks to is read to its end.

#include <stdlib.h>
#include <string.h>

#include "../../proto/batch.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static void
need(bool claim)
{
    if (!claim)
        abort();
}

static void
payload_read(const struct message *message)
{
    static struct codec *codec;
    static struct buf raw;
    if (codec == NULL)
        codec = codec_new();
    if (codec_unpack(codec, message->as.batch.codec, message->as.batch.payload, &raw) != 0)
        return;
    need(raw.size <= BATCH_RAW_MAX);
    struct reader in = reader_of(buf_bytes(&raw));
    struct bytes stub, body;
    while (in.code == 0 && in.at < in.end)
        batch_next(&in, &stub, &body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct buf once, twice;
    struct message message, again;
    if (message_read(BYTES(at, size), &message) != 0)
        return 0;
    buf_clear(&once);
    buf_clear(&twice);
    message_pack(&message, &once);
    need(message_read(buf_bytes(&once), &again) == 0);
    message_pack(&again, &twice);
    need(bytes_equal(buf_bytes(&once), buf_bytes(&twice)));

    // Only elements that we do not know may have gone, and then the head differs too.
    struct reader was = reader_of(BYTES(at, size)), is = reader_of(buf_bytes(&once));
    size_t was_count = read_array(&was), is_count = read_array(&is);
    need(was_count >= is_count);
    size_t left = (size_t)(is.end - is.at);
    need((size_t)(was.end - was.at) >= left && memcmp(was.at, is.at, left) == 0);
    need(was_count > is_count || bytes_equal(BYTES(at, size), buf_bytes(&once)));
    if (message.type == MESSAGE_BATCH)
        payload_read(&message);
    return 0;
}
