// An entry as a batch carries it: bin(stub), then bin(body) or nil. A leaf for all that is read.

#include <stdlib.h>
#include <string.h>

#include "../../proto/batch.h"
#include "../../proto/entry.h"
#include "../../proto/hash.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

static void
need(bool claim)
{
    if (!claim)
        abort();
}

// The leaf of the stub that travels without the body is the leaf of the pair.
static void
leaf_check(const struct entry *entry, struct bytes stub)
{
    static struct buf alone;
    uint8_t leaf[HASH_SIZE], same[HASH_SIZE];
    struct entry withheld;
    entry_leaf(entry, stub, leaf);
    buf_clear(&alone);
    entry_pack_stub(entry, false, &alone);
    need(entry_read(buf_bytes(&alone), (struct bytes){0}, &withheld) == 0);
    entry_leaf(&withheld, buf_bytes(&alone), same);
    struct reader in = reader_of(stub);
    if (read_array(&in) == 5) // Else it has elements that packing does not know
        need(memcmp(leaf, same, sizeof leaf) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct reader in = reader_of(BYTES(at, size));
    struct bytes stub, body;
    struct entry entry;
    batch_next(&in, &stub, &body);
    if (in.code != 0 || entry_read(stub, body, &entry) != 0)
        return 0;
    leaf_check(&entry, stub);
    if (!entry.has_shape)
        return 0;
    static struct buf again;
    struct entry copy = entry, back;
    buf_clear(&again);
    entry_pack_body(&copy, &again);
    need(entry_read(stub, buf_bytes(&again), &back) == 0);
    need(back.seq == entry.seq && bytes_equal(back.facts, entry.facts));
    return 0;
}
