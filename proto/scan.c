#include "scan.h"

#include <string.h>

#include "../node/base/err.h"

// What one leading byte promises.
struct head {
    enum { HEAD_PLAIN, HEAD_STR, HEAD_BIN, HEAD_ARRAY, HEAD_MAP } kind;
    size_t size;    // Bytes that follow the head and belong to the value itself
    uint64_t items; // Values inside
};

struct frame {
    uint64_t left; // Values still to come
    bool is_map;
    bool at_key;       // The next value is a key
    struct bytes last; // The key before; at NULL when there was none
};

struct walk {
    const uint8_t *at;
    const uint8_t *end;
};

static uint64_t
big_endian(const uint8_t *at, size_t wide)
{
    uint64_t value = 0;
    for (size_t i = 0; i < wide; i++)
        value = value << 8 | at[i];
    return value;
}

// The number of `wide` bytes behind the leading byte, which must not fit a shorter form.
static int
number_read(struct walk *walk, size_t wide, uint64_t least, uint64_t *ret_value)
{
    if ((size_t)(walk->end - walk->at) < wide)
        return ERR_PROTO;
    *ret_value = big_endian(walk->at, wide);
    walk->at += wide;
    return *ret_value < least ? ERR_CANON : 0;
}

static int
signed_read(struct walk *walk, size_t wide)
{
    uint64_t value;
    int code = number_read(walk, wide, 0, &value);
    if (code != 0)
        return code;
    unsigned bits = (unsigned)wide * 8;
    if ((value >> (bits - 1)) == 0)
        return ERR_CANON; // Not negative: an unsigned form is the one
    int64_t number = bits == 64 ? (int64_t)value : (int64_t)(value - (1ULL << bits));
    static const int64_t beyond[] = {-32, -128, 0, -32768, 0, 0, 0, -2147483648LL};
    return number >= beyond[wide - 1] ? ERR_CANON : 0;
}

static int
sized_read(struct walk *walk, struct head *head, size_t wide, uint64_t least)
{
    uint64_t size;
    int code = number_read(walk, wide, least, &size);
    if (code != 0)
        return code;
    if (head->kind == HEAD_STR || head->kind == HEAD_BIN)
        head->size = (size_t)size;
    else
        head->items = size;
    return 0;
}

static int
wide_read(struct walk *walk, uint8_t byte, struct head *head)
{
    uint64_t value;
    switch (byte) {
    case 0xc0:
    case 0xc2:
    case 0xc3:
        return 0;
    case 0xc4:
    case 0xc5:
    case 0xc6:
        head->kind = HEAD_BIN;
        return sized_read(walk, head, (size_t)1 << (byte - 0xc4U),
                          byte == 0xc4   ? 0
                          : byte == 0xc5 ? 0x100
                                         : 0x10000);
    case 0xcc:
        return number_read(walk, 1, 0x80, &value);
    case 0xcd:
        return number_read(walk, 2, 0x100, &value);
    case 0xce:
        return number_read(walk, 4, 0x10000, &value);
    case 0xcf:
        return number_read(walk, 8, 0x100000000ULL, &value);
    case 0xd0:
    case 0xd1:
    case 0xd2:
    case 0xd3:
        return signed_read(walk, (size_t)1 << (byte - 0xd0U));
    case 0xd9:
    case 0xda:
    case 0xdb:
        head->kind = HEAD_STR;
        return sized_read(walk, head, (size_t)1 << (byte - 0xd9U),
                          byte == 0xd9   ? 32
                          : byte == 0xda ? 0x100
                                         : 0x10000);
    case 0xdc:
    case 0xdd:
        head->kind = HEAD_ARRAY;
        return sized_read(walk, head, (size_t)2 << (byte - 0xdcU), byte == 0xdc ? 16 : 0x10000);
    case 0xde:
    case 0xdf:
        head->kind = HEAD_MAP;
        return sized_read(walk, head, (size_t)2 << (byte - 0xdeU), byte == 0xde ? 16 : 0x10000);
    default: // float, ext, the reserved 0xc1
        return ERR_PROTO;
    }
}

static int
head_read(struct walk *walk, struct head *ret_head)
{
    if (walk->at == walk->end)
        return ERR_PROTO;
    uint8_t byte = *walk->at++;
    *ret_head = (struct head){HEAD_PLAIN, 0, 0};
    if (byte <= 0x7f || byte >= 0xe0)
        return 0;
    if (byte <= 0x8f)
        *ret_head = (struct head){HEAD_MAP, 0, byte & 15U};
    else if (byte <= 0x9f)
        *ret_head = (struct head){HEAD_ARRAY, 0, byte & 15U};
    else if (byte <= 0xbf)
        *ret_head = (struct head){HEAD_STR, byte & 31U, 0};
    else
        return wide_read(walk, byte, ret_head);
    return 0;
}

bool
scan_is_utf8(struct bytes text)
{
    const uint8_t *at = text.at, *end = text.at + text.size;
    while (at < end) {
        uint8_t lead = *at++;
        if (lead < 0x80)
            continue;
        size_t more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
        if (lead < 0xc2 || lead > 0xf4 || (size_t)(end - at) < more)
            return false;
        uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
        uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
        if (*at < low || *at > high)
            return false;
        for (at++; more > 1; more--, at++)
            if ((*at & 0xc0U) != 0x80)
                return false;
    }
    return true;
}

// A map's keys are strings in rising order; `value` is the one just read.
static int
key_check(struct frame *frame, const struct head *head, struct bytes value)
{
    if (head->kind != HEAD_STR)
        return ERR_CANON;
    if (frame->last.at != NULL && bytes_compare(frame->last, value) >= 0)
        return ERR_CANON;
    frame->last = value;
    return 0;
}

// Read one head and what belongs to it, and count it in its frame.
static int
value_read(struct walk *walk, struct frame *frame, struct head *ret_head)
{
    int code = head_read(walk, ret_head);
    if (code != 0)
        return code;
    uint64_t owed = ret_head->kind == HEAD_MAP ? 2 * ret_head->items : ret_head->items;
    if (ret_head->size + owed > (uint64_t)(walk->end - walk->at)) // A value is a byte or more
        return ERR_PROTO;

    struct bytes value = {walk->at, ret_head->size};
    walk->at += ret_head->size;
    if (ret_head->kind == HEAD_STR && !scan_is_utf8(value))
        return ERR_CANON;
    if (frame->is_map && frame->at_key && (code = key_check(frame, ret_head, value)) != 0)
        return code;
    frame->at_key = !frame->at_key;
    frame->left--;
    return 0;
}

int
scan_next(struct bytes bytes, size_t *ret_size)
{
    struct walk walk = {bytes.at, bytes.at + bytes.size};
    struct frame frame[SCAN_DEPTH_MAX + 1] = {{.left = 1}};
    size_t depth = 0;

    for (size_t values = 0; values <= SCAN_VALUES_MAX; values++) {
        while (depth > 0 && frame[depth].left == 0)
            depth--;
        if (frame[depth].left == 0) {
            *ret_size = (size_t)(walk.at - bytes.at);
            return 0;
        }
        struct head head;
        int code = value_read(&walk, &frame[depth], &head);
        if (code != 0)
            return code;
        if (head.kind != HEAD_ARRAY && head.kind != HEAD_MAP)
            continue;
        if (depth == SCAN_DEPTH_MAX)
            return ERR_LIMIT;
        bool is_map = head.kind == HEAD_MAP;
        frame[++depth] = (struct frame){
            .left = is_map ? 2 * head.items : head.items, .is_map = is_map, .at_key = true};
    }
    return ERR_LIMIT;
}

int
scan_canonical(struct bytes bytes)
{
    size_t size;
    int code = scan_next(bytes, &size);
    if (code != 0)
        return code;
    return size == bytes.size ? 0 : ERR_PROTO;
}
