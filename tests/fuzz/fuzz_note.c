// Whatever a parser of notes takes, written again, is the bytes it took.

#include <assert.h>
#include <string.h>

#include "../../proto/note.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Takes every signature, so that the fuzzer gets past it.
static bool
verify_all(void *self, const uint8_t public[PUBLIC_SIZE], struct bytes message,
           const uint8_t signature[SIGNATURE_SIZE])
{
    (void)self, (void)public, (void)message, (void)signature;
    return true;
}

static void
try_note(struct bytes bytes)
{
    struct note note;
    if (note_parse(bytes, &note) != 0)
        return;
    OWNED(buf_release) struct buf again = {0};
    buf_add_bytes(&again, note.text);
    buf_add_byte(&again, '\n');
    while (note.lines.size > 0) {
        struct note_line line;
        char name[KEY_NAME_MAX + 1] = {0};
        if (note_take_line(&note.lines, &line) != 0)
            return;
        memcpy(name, line.name.at, line.name.size);
        note_add_signature(&again, name, line.blob,
                           BYTES(line.blob + KEY_ID_SIZE, line.size - KEY_ID_SIZE));
    }
    assert(bytes_equal(buf_bytes(&again), bytes));
}

static void
try_checkpoint(struct bytes text)
{
    struct checkpoint checkpoint;
    if (checkpoint_parse(text, &checkpoint) != 0)
        return;
    OWNED(buf_release) struct buf again = {0};
    checkpoint_text(&checkpoint, &again);
    assert(bytes_equal(buf_bytes(&again), text));
}

static void
try_vkey(struct bytes text)
{
    struct vkey vkey;
    if (vkey_parse(text, &vkey) != 0)
        return;
    OWNED(buf_release) struct buf again = {0};
    vkey_text(&vkey, &again);
    assert(bytes_equal(buf_bytes(&again), text));
}

static void
try_origin(struct bytes text)
{
    uint8_t net[NET_SIZE];
    struct origin origin;
    if (!origin_line_parse(text, net, &origin))
        return;
    char line[KEY_NAME_MAX + 1];
    origin_line(net, &origin, line);
    assert(bytes_equal(bytes_of(line), text));
}

// The two keys the corpus was signed with.
static void
try_open(struct bytes bytes)
{
    static const struct crypto crypto = {.verify = verify_all};
    static const uint8_t office[PUBLIC_SIZE] = {0x03, 0xa1, 0x07, 0xbf, 0xf3, 0xce, 0x10, 0xbe,
                                                0x1d, 0x70, 0xdd, 0x18, 0xe7, 0x4b, 0xc0, 0x99,
                                                0x67, 0xe4, 0xd6, 0x30, 0x9b, 0xa5, 0x0d, 0x5f,
                                                0x1d, 0xdc, 0x86, 0x64, 0x12, 0x55, 0x31, 0xb8};
    static const uint8_t witness[PUBLIC_SIZE] = {0x29, 0xac, 0xba, 0xe1, 0x41, 0xbc, 0xca, 0xf0,
                                                 0xb2, 0x2e, 0x1a, 0x94, 0xd3, 0x4d, 0x0b, 0xc7,
                                                 0x36, 0x1e, 0x52, 0x6d, 0x0b, 0xfe, 0x12, 0xc8,
                                                 0x97, 0x94, 0xbc, 0x93, 0x22, 0x96, 0x6d, 0xd7};
    static const char name[] = "province.example/commune-07";
    struct checkpoint checkpoint;
    struct note note;
    uint64_t time_s;
    if (checkpoint_open(bytes, name, office, &crypto, &checkpoint) == 0) {
        OWNED(buf_release) struct buf again = {0};
        checkpoint_text(&checkpoint, &again);
        assert(note_parse(bytes, &note) == 0);
        assert(bytes_equal(buf_bytes(&again), note.text));
        assert(strcmp(checkpoint.origin, name) == 0);
    }
    if (cosignature_open(bytes, "province.example/witness", witness, &crypto, &time_s) == 0)
        assert(time_s <= INT64_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = BYTES(data, size);
    try_note(bytes);
    try_checkpoint(bytes);
    try_vkey(bytes);
    try_origin(bytes);
    try_open(bytes);
    return 0;
}
