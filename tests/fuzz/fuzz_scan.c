// What the gate lets through, msgpack-c reads whole, and packs again to the same bytes: that is
// what canonical means. Our own reader must agree about where the value ends.

#include <assert.h>
#include <msgpack.h>
#include <string.h>

#include "../../proto/read.h"
#include "../../proto/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
buf_write(void *data, const char *at, size_t size)
{
    buf_add(data, at, size);
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t value_size;
    if (scan_next(BYTES(data, size), &value_size) != 0) {
        assert(scan_canonical(BYTES(data, size)) != 0);
        return 0;
    }
    assert(value_size > 0 && value_size <= size);
    assert((scan_canonical(BYTES(data, size)) == 0) == (value_size == size));

    struct reader in = reader_of(BYTES(data, size));
    struct bytes value = read_skip(&in);
    assert(in.code == 0 && value.at == data && value.size == value_size);

    OWNED(msgpack_unpacked_destroy) msgpack_unpacked unpacked;
    msgpack_unpacked_init(&unpacked);
    size_t end = 0;
    int got = msgpack_unpack_next(&unpacked, (const char *)data, value_size, &end);
    assert(got == MSGPACK_UNPACK_SUCCESS && end == value_size);

    OWNED(buf_release) struct buf again = {0};
    msgpack_packer packer;
    msgpack_packer_init(&packer, &again, buf_write);
    assert(msgpack_pack_object(&packer, unpacked.data) == 0);
    assert(bytes_equal(buf_bytes(&again), value));
    return 0;
}
