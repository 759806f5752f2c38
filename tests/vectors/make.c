// make - write proto/vectors/message.json and entry.json
//
//     cc ... tests/vectors/make.c node/base/*.c proto/*.c build/assets.o -o make && ./make
//
// Good cases are packed by our own packer from what "fields" says; tests/unit/test_message.c and
// test_entry.c hold it against bytes written by hand. Bad cases are a good one with some bytes
// exchanged, or bytes written out here. From the top folder; the output is the same every time.

#include <assert.h>
#include <string.h>

#include "../../node/base/err.h"
#include "../../proto/hash.h"
#include "../../proto/pack.h"
#include "describe.h"

static json_t *goods, *bads;

static void
fill(uint8_t *at, size_t size, uint8_t first)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(first + i);
}

static void
file_write(const char *path, const char *about)
{
    json_t *all = json_pack("{s:s,s:o,s:o}", "about", about, "good", goods, "bad", bads);
    if (json_dump_file(all, path, JSON_INDENT(1)) != 0)
        exit(2);
    json_decref(all);
    goods = bads = NULL;
}

// `hex` with the first bytes that read `find` exchanged. Yours.
static char *
exchanged(const char *hex, const char *find, const char *put)
{
    const char *at = strstr(hex, find);
    while (at != NULL && (at - hex) % 2 != 0)
        at = strstr(at + 1, find);
    if (at == NULL) {
        (void)fprintf(stderr, "make: no '%s' in '%s'\n", find, hex);
        exit(2);
    }
    char *text = mem_new(strlen(hex) + strlen(put) + 1);
    memcpy(text, hex, (size_t)(at - hex));
    strcat(strcat(text, put), at + strlen(find));
    return text;
}

// Messages

static const char *
good_hex(const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(goods, i,
                       one) if (strcmp(json_string_value(json_object_get(one, "name")), name) ==
                                0) return json_string_value(json_object_get(one, "hex"));
    assert(!"no such case");
    return "";
}

static void
good(const char *name, const struct message *message)
{
    OWNED(buf_release) struct buf buf = {0};
    message_pack(message, &buf);
    json_t *one = json_object();
    json_object_set_new(one, "name", json_string(name));
    put_bytes(one, "hex", buf_bytes(&buf));
    json_object_set_new(one, "fields", message_describe(message));
    json_array_append_new(goods, one);
}

static void
bad(const char *name, const char *hex, const char *refused, const char *why)
{
    json_array_append_new(bads, json_pack("{s:s,s:s,s:s,s:s}", "name", name, "hex", hex, "refused",
                                          refused, "why", why));
}

// A good message that goes bad when `find` becomes `put`.
static void
turned(const char *name, const char *of, const char *find, const char *put, const char *refused,
       const char *why)
{
    char *hex = exchanged(good_hex(of), find, put);
    bad(name, hex, refused, why);
    free(hex);
}

static const struct origin *
area(void)
{
    static struct origin origin;
    origin = (struct origin){office_of("05908-012"), 0x0000000190ab34cdULL};
    return &origin;
}

static struct buf
repeated(uint8_t byte, size_t size)
{
    struct buf buf = {0};
    memset(buf_room(&buf, size), byte, size);
    buf.size = size;
    return buf;
}

// {"a": 1, "b": "x"}
static const char map_bytes[] = "\x82\xa1\x61\x01\xa1\x62\xa1\x78";
static const struct bytes map = {(const uint8_t *)map_bytes, sizeof map_bytes - 1};

static void
hello_goods(void)
{
    struct message m = {.type = MESSAGE_HELLO};
    m.as.hello.version_min = 1;
    m.as.hello.version_max = 2;
    fill(m.as.hello.net, sizeof m.as.hello.net, 0);
    m.as.hello.self = *area();
    fill(m.as.hello.boot, sizeof m.as.hello.boot, 0xb0);
    m.as.hello.software = bytes_of("lienthong 0.1");
    m.as.hello.wall = 1767225600000;
    good("hello, before it is enrolled", &m);
    m.as.hello.certificate = map;
    good("hello", &m);
}

static void
frontier_goods(void)
{
    OWNED(buf_release) struct buf marks = {0};
    struct message m = {.type = MESSAGE_FRONTIER, .as.frontier = {.is_full = true}};
    good("frontier, nothing held", &m);
    struct mark mark = {.origin = *area(), .size = 190};
    fill(mark.root, sizeof mark.root, 0x40);
    struct packer out = packer_of(&marks);
    pack_array(&out, 2);
    mark_pack(&mark, &marks);
    mark = (struct mark){.origin = {office_of("05908"), UINT64_MAX}, .size = INT64_MAX};
    mark_pack(&mark, &marks);
    m.as.frontier.is_full = false;
    m.as.frontier.count = 2;
    m.as.frontier.marks = buf_bytes(&marks);
    good("frontier", &m);
}

static void
want_goods(void)
{
    struct message m = {.type = MESSAGE_WANT};
    m.as.want.origin = *area();
    m.as.want.from = 5;
    m.as.want.to = UINT64_MAX;
    m.as.want.ticket = 7;
    m.as.want.grant = 262144;
    good("want, all there is", &m);
    m.as.want.to = 300;
    m.as.want.mode = WANT_BODIES;
    good("want, bodies of a range", &m);
    m.as.want.mode = WANT_STOP;
    good("want, stop", &m);
}

static void
batch_goods(void)
{
    uint8_t proof[64];
    fill(proof, sizeof proof, 0);
    struct message m = {.type = MESSAGE_BATCH};
    m.as.batch.origin = *area();
    m.as.batch.first = 189;
    m.as.batch.count = 1;
    m.as.batch.checkpoint = bytes_of("note");
    m.as.batch.payload = BYTES_LIT("\xc4\x01\x90\xc0");
    good("batch, live", &m);
    m.as.batch.ticket = 7;
    m.as.batch.count = 1024;
    m.as.batch.proof = BYTES(proof, sizeof proof);
    m.as.batch.codec = CODEC_ZSTD_DICTIONARY_1;
    m.as.batch.envelopes = BYTES_LIT("\x91\x93\xcc\xbd\xc4\x02"
                                     "ab\xc4\x01k");
    good("batch, with proof and envelope", &m);
    m.as.batch.first = INT64_MAX - 1024;
    good("batch, at the end of all numbers", &m);
    m.type = MESSAGE_EXPRESS;
    m.as.express.origin = *area();
    m.as.express.seq = 5000;
    m.as.express.checkpoint = bytes_of("note");
    m.as.express.proof = BYTES(proof, 32);
    m.as.express.stub = BYTES_LIT("\x95\x01\x01\x00\xc0\xc0");
    m.as.express.body = BYTES_LIT("\x90");
    good("express", &m);
}

static void
receipt_goods(void)
{
    struct message m = {.type = MESSAGE_RECEIPT};
    m.as.receipt.origin = *area();
    m.as.receipt.size = 190;
    fill(m.as.receipt.root, 32, 0x20);
    m.as.receipt.bodies = 190;
    m.as.receipt.envelopes = 180;
    m.as.receipt.time = 1767225600;
    m.as.receipt.holder = office_of("05908");
    fill(m.as.receipt.cosignature, 64, 0x40);
    fill(m.as.receipt.signature, 64, 0x80);
    good("receipt", &m);
    m = (struct message){.type = MESSAGE_DIGEST};
    m.as.digest.root = office_of("19");
    m.as.digest.count = 1;
    m.as.digest.digests = BYTES_LIT("\x91\x93\xa5"
                                    "05908"
                                    "\xcd\x03\xe8\xc4\x10"
                                    "0123456789abcdef");
    good("digest", &m);
}

static void
join_goods(void)
{
    struct message m = {.type = MESSAGE_JOIN_ASK};
    fill(m.as.join_ask.invitation, 16, 0x10);
    m.as.join_ask.office = office_of("05908-012");
    fill(m.as.join_ask.sign, 32, 0x20);
    fill(m.as.join_ask.cosign, 32, 0x40);
    fill(m.as.join_ask.curve, 32, 0x60);
    fill(m.as.join_ask.box, 32, 0x80);
    fill(m.as.join_ask.signature, 64, 0xa0);
    good("join, asked", &m);
    OWNED(buf_release) struct buf maps = {0};
    buf_add_byte(&maps, 0x92);
    buf_add_bytes(&maps, map);
    buf_add_byte(&maps, 0x80);
    m = (struct message){.type = MESSAGE_JOIN_ANSWER};
    m.as.join_answer.office = office_of("05908-012");
    m.as.join_answer.count = 2;
    m.as.join_answer.certificates = buf_bytes(&maps);
    good("join, answered", &m);
}

static void
small_goods(void)
{
    struct message m = {.type = MESSAGE_BYE, .as.bye = {BYE_OVERLOADED, 60000}};
    good("bye", &m);
    m = (struct message){.type = MESSAGE_PING, .as.ping = {.wall = 1767225600000}};
    good("ping, nothing logged yet", &m);
    struct heartbeat heartbeat = {.origin = *area(), .size = 190, .time = 1767225600};
    fill(heartbeat.root, 32, 0x20);
    fill(heartbeat.signature, 64, 0x40);
    m.as.ping.is_answer = true;
    m.as.ping.heartbeat = heartbeat;
    good("ping, answered with a heartbeat", &m);
    m = (struct message){.type = MESSAGE_RELAY};
    m.as.relay.destination = office_of("05908");
    m.as.relay.sender = office_of("05908-012");
    m.as.relay.ticket = 7;
    m.as.relay.grant = 65536;
    m.as.relay.cell = bytes_of("sealed");
    good("relay", &m);
    m = (struct message){.type = MESSAGE_FAULT};
    m.as.fault.code = bytes_of("LT-STRANGER");
    m.as.fault.text = bytes_of("not enrolled here");
    good("fault, of no log", &m);
    m.as.fault.code = bytes_of("LT-ROOT");
    m.as.fault.text = bytes_of("xã Văn Lăng");
    m.as.fault.origin = *area();
    m.as.fault.seq = 42;
    good("fault", &m);
}

static void
form_bads(void)
{
    bad("nothing", "", "LT-PROTO", "no bytes");
    bad("no array", "c0", "LT-PROTO", "nil is no message");
    bad("empty array", "90", "LT-PROTO", "no type");
    bad("type as text", "91a139", "LT-PROTO", "a type is a number");
    bad("type 0", "9100", "LT-VERSION", "no such type");
    bad("type 13", "910d", "LT-VERSION", "a later version's, to be counted and ignored");
    bad("cut", "930901", "LT-PROTO", "the third element is missing");
    bad("too few", "920901", "LT-PROTO", "a bye has three elements");
    bad("a byte behind", "9309010000", "LT-PROTO", "one message and nothing else");
    bad("wide number", "930901cc05", "LT-CANON", "5 is one byte");
    bad("wide array", "dc0003090105", "LT-CANON", "an array of three has a head of one byte");
    bad("promise", "9309ddffffffff", "LT-PROTO", "four thousand million elements in no bytes");
    bad("float", "930901ca3f800000", "LT-PROTO", "there are no fractions");
    bad("negative", "930901ff", "LT-PROTO", "a delay is not below 0");
    bad("deep", "94090100919191919191919190", "LT-LIMIT", "nine containers in each other");
    bad("bye, reason 0", "93090000", "LT-PROTO", "reasons are 1 to 4");
    bad("bye, reason 5", "93090500", "LT-PROTO", "reasons are 1 to 4");
}

static void
field_bads(void)
{
    const char *hello = "hello", *want = "want, bodies of a range", *live = "batch, live";
    const char *p = "LT-PROTO";
    turned("hello, long net", hello, "c410000102", "c411ff000102", p, "a net is 16 bytes");
    turned("hello, bad office", hello, "a930353930382d303132", "a930353930382e303132", p,
           "05908.012 is no code");
    turned("hello, no office", hello, "a930353930382d303132", "c0", p, "somebody says hello");
    turned("hello, versions", hello, "9a0101", "9a0103", "LT-PROTO", "from 3 to 2");
    turned("hello, certificate", hello, "82a16101a162a178", "9101", p, "a certificate is a map");
    turned("hello, keys", hello, "82a16101a162a178", "82a16201a161a178", "LT-CANON",
           "keys out of order");
    turned("hello, same key", hello, "82a16101a162a178", "82a16101a161a178", "LT-CANON",
           "a key twice");
    turned("frontier, full", "frontier", "9302c2", "930201", p, "1 is no bool");
    turned("frontier, root", "frontier", "c408404142", "c4074142", p, "8 bytes of a root");
    turned("frontier, size", "frontier", "cf7fffffffffffffff", "cf8000000000000000", p,
           "above 2^63-1");
    turned("want, mode", want, "cd012c0107", "cd012c0407", p, "modes are 0 to 3");
    turned("want, to", want, "cd012c0107", "cfffffffffffffffff0107", p, "nil says all there is");
    turned("batch, none", live, "ccbd0100", "ccbd0000", p, "at least one entry");
    turned("batch, too many", live, "ccbd0100", "ccbdcd040100", "LT-LIMIT", "at most 1,024");
    turned("batch, beyond", live, "ccbd0100", "cf7fffffffffffffff0100", p,
           "the end is above 2^63-1");
    turned("batch, proof", live, "6e6f7465c400", "6e6f7465c4021122", p, "hashes of 32 bytes");
    turned("batch, codec", live, "c000c404c401", "c003c404c401", p, "codecs are 0 to 2");
    turned("batch, envelope", "batch, with proof and envelope", "9193ccbd", "9193c0", p,
           "an envelope begins with its number");
    turned("receipt, holder", "receipt", "a53035393038c440", "c0c440", p, "somebody holds it");
    turned("digest, short", "digest", "cd03e8c41030", "cd03e8c40f", p, "16 bytes");
    turned("join, third kind", "join, asked", "990800", "990802", p, "asked or answered");
    turned("join, list of numbers", "join, answered", "9282a1", "920182a1", p,
           "trailing bytes, and a number is no certificate");
    turned("ping, heartbeat", "ping, answered with a heartbeat", "940ac3cf0000019b76daa80096a9",
           "950ac3cf0000019b76daa80095a9", p, "six elements");
    turned("fault, UTF-8", "fault", "78c3a3", "78c3c3", "LT-CANON", "no sound UTF-8");
    turned("fault, text as bytes", "fault, of no log", "b16e6f74", "c4116e6f74", p,
           "a text is a str");
}

static void
long_bads(void)
{
    OWNED(buf_release) struct buf hex = {0};
    OWNED(buf_release) struct buf ones = repeated('1', 64 * 64);
    buf_print(&hex, "c50800%.*s", 64 * 64, (const char *)ones.at);
    OWNED(buf_release) struct buf put = {0};
    buf_print(&put, "6e6f7465%s", buf_text(&hex));
    turned("batch, 64 hashes", "batch, live", "6e6f7465c400", buf_text(&put), "LT-LIMIT",
           "at most 63: a tree is no higher");
    turned("join, nine certificates", "join, answered", "9282a16101a162a17880",
           "99808080808080808080", "LT-LIMIT", "at most eight: a path is shorter");
    turned("fault, long code", "fault, of no log", "ab4c542d5354",
           "d9214c542d58585858585858585858585858585858585858585858585354", "LT-LIMIT",
           "at most 32 bytes");
    buf_clear(&put);
    buf_print(&put, "da0191%.*s", 2 * (401 - 17), (const char *)ones.at);
    buf_print(&put, "6e6f74");
    turned("fault, long text", "fault, of no log", "b16e6f74", buf_text(&put), "LT-LIMIT",
           "at most 400 bytes");
}

static void
later_good(void)
{
    json_array_append_new(goods, json_pack("{s:s,s:s,s:s,s:{s:s,s:i,s:i}}", "name",
                                           "bye, of a later version", "hex", "94090105a36e6577",
                                           "packs_as", "93090105", "fields", "type", "bye",
                                           "reason", 1, "retry_ms", 5));
}

static void
messages_make(void)
{
    goods = json_array();
    bads = json_array();
    hello_goods();
    frontier_goods();
    want_goods();
    batch_goods();
    receipt_goods();
    join_goods();
    small_goods();
    later_good();
    form_bads();
    field_bads();
    long_bads();
    file_write("proto/vectors/message.json",
               "Messages in hex. good: read as fields, and fields pack to the same bytes, or to "
               "packs_as. bad: refused, and why. Bytes are hex, an epoch is 16 hex digits, an "
               "absent thing is \"\" or missing, numbers above 2^53 are strings; want.to of 2^64-1 "
               "is nil on the wire. Checkpoints, keys and signatures are stand-ins.");
}

// Entries

static uint8_t salt[16], commitment[32];

static struct entry
plain_entry(enum kind kind)
{
    return (struct entry){
        .version = ENTRY_VERSION,
        .kind = kind,
        .audience = bytes_of("05908-012*"),
        .salt = BYTES(salt, sizeof salt),
        .origin = *area(),
        .seq = 189,
        .logged_at = 1767225600000,
        .actor = 0,
        .op = OP_NONE,
        .facts = map,
        .has_shape = true,
    };
}

static json_t *
entry_find(const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach(goods, i, one) if (strcmp(json_string_value(json_object_get(one, "name")),
                                                 name) == 0) return one;
    assert(!"no such case");
    return NULL;
}

// The leaf made the long way, from a stub that holds the hash.
static void
entry_put(const char *name, const struct entry *entry, struct bytes body)
{
    OWNED(buf_release) struct buf stub = {0};
    OWNED(buf_release) struct buf leaf = {0};
    uint8_t hash[HASH_SIZE];
    buf_add_byte(&leaf, 0);
    entry_pack_stub(entry, false, &leaf);
    hash_sha256(buf_bytes(&leaf), hash);
    entry_pack_stub(entry, entry->has_body, &stub);
    json_t *one = json_object();
    json_object_set_new(one, "name", json_string(name));
    put_bytes(one, "stub", buf_bytes(&stub));
    put_bytes(one, "body", body);
    put_hex(one, "leaf", hash, sizeof hash);
    json_object_set_new(one, "fields", entry_describe(entry));
    json_array_append_new(goods, one);
}

static void
entry_good(const char *name, struct entry *entry)
{
    OWNED(buf_release) struct buf body = {0};
    entry_pack_body(entry, &body);
    entry_put(name, entry, buf_bytes(&body));
}

// A body of which only the beginning is ours to know.
static void
entry_opaque(const char *name, uint64_t version, uint64_t kind)
{
    OWNED(buf_release) struct buf body = {0};
    struct entry entry = plain_entry(KIND_SEALED);
    entry.version = version;
    entry.kind = kind;
    entry.has_shape = false;
    entry.has_body = true;
    struct packer out = packer_of(&body);
    pack_array(&out, 5);
    pack_bin(&out, salt, sizeof salt);
    pack_office(&out, &entry.origin.office);
    pack_uint(&out, entry.origin.epoch);
    pack_uint(&out, entry.seq);
    pack_bin(&out, "sealed", 6);
    hash_sha256(buf_bytes(&body), entry.hash);
    entry_put(name, &entry, buf_bytes(&body));
}

static struct entry
record_entry(void)
{
    struct entry entry = plain_entry(KIND_RECORD);
    entry.audience = (struct bytes){0};
    entry.type = bytes_of("household");
    entry.type_version = 1;
    entry.record.creator = entry.origin.office;
    fill(entry.record.id, sizeof entry.record.id, 0xd0);
    entry.subject = entry.origin.office;
    entry.op = OP_PUT;
    entry.commitment = BYTES(commitment, sizeof commitment);
    entry.envelope_size = 80;
    return entry;
}

static void
record_goods(void)
{
    OWNED(buf_release) struct buf after = {0};
    struct entry entry = record_entry();
    entry_good("record, put", &entry);
    entry.has_body = false;
    entry_put("record, put, body withheld", &entry, (struct bytes){0});
    struct ref ref = {.origin = *area(), .seq = 189};
    memcpy(ref.hash, entry.hash, sizeof ref.hash);
    refs_pack(&ref, 1, &after);
    entry = record_entry();
    entry.seq = 190;
    entry.depth = 1;
    entry.after = buf_bytes(&after);
    entry.op = OP_RETRACT;
    entry.reason = 3;
    entry.facts = (struct bytes){0};
    entry.commitment = (struct bytes){0};
    entry.envelope_size = 0;
    entry.audience = bytes_of("05908-012");
    entry_good("record, retract", &entry);
}

static void
entry_goods(void)
{
    static const char *const names[] = {
        "open", "record", "definition", "registry", "receipt", "erase", "sealed", "ruling", "close",
    };
    record_goods();
    for (unsigned kind = KIND_OPEN; kind <= KIND_CLOSE; kind++) {
        struct entry entry = plain_entry((enum kind)kind);
        if (kind == KIND_OPEN)
            entry.seq = 0;
        if (kind == KIND_RECEIPT)
            entry.audience = (struct bytes){0};
        if (kind == KIND_ERASE)
            entry.reach = LEVEL_COMMUNE;
        if (kind != KIND_RECORD && kind != KIND_SEALED)
            entry_good(names[kind], &entry);
    }
    entry_opaque("sealed", ENTRY_VERSION, KIND_SEALED);
    entry_opaque("unknown kind that pauses", ENTRY_VERSION, 64);
    entry_opaque("unknown kind to skip", ENTRY_VERSION, 200);
    entry_opaque("unknown version", 2, KIND_RECORD);
}

static void
entry_bad(const char *name, const char *stub, const char *body, const char *refused,
          const char *why)
{
    json_array_append_new(bads, json_pack("{s:s,s:s,s:s,s:s,s:s}", "name", name, "stub", stub,
                                          "body", body, "refused", refused, "why", why));
}

static const char *
part_of(const char *name, const char *part)
{
    return json_string_value(json_object_get(entry_find(name), part));
}

static void
stub_turned(const char *name, const char *of, const char *find, const char *put,
            const char *refused, const char *why)
{
    char *stub = exchanged(part_of(of, "stub"), find, put);
    entry_bad(name, stub, part_of(of, "body"), refused, why);
    free(stub);
}

static void
body_turned(const char *name, const char *of, const char *find, const char *put,
            const char *refused, const char *why)
{
    char *body = exchanged(part_of(of, "body"), find, put);
    entry_bad(name, part_of(of, "stub"), body, refused, why);
    free(body);
}

static void
stub_bads(void)
{
    const char *put = "record, put", *withheld = "record, put, body withheld", *ruling = "ruling";
    const char *p = "LT-PROTO";
    entry_bad("nothing", "", "", p, "no bytes");
    entry_bad("no array", "c0", "", p, "nil is no stub");
    stub_turned("nil without body", withheld, part_of(withheld, "stub"), "95010100c0c0", p,
                "nil stands for the hash of a body that is there");
    stub_turned("hash beside body", put, part_of(put, "stub"), part_of(withheld, "stub"), p,
                "nil stands for the hash where the body is");
    stub_turned("reach 4", put, "95010100", "95010104", p, "levels are 0 to 3");
    stub_turned("audience, bad code", ruling, "aa30353930382d3031322a", "a930353930382d30312a", p,
                "05908-01 is no code");
    stub_turned("audience, letters", ruling, "303132", "303161", p, "05908-01a is no code");
    stub_turned("audience, two stars", ruling, "aa30353930382d3031322a", "ab30353930382d3031322a2a",
                p, "one star");
    stub_turned("audience, empty", put, "c0c0", "a0c0", p, "nil says nobody");
    stub_turned("audience, star alone", put, "c0c0", "a12ac0", p, "everybody below whom");
    stub_turned("long hash", withheld, "c420", "c421ff", p, "32 bytes");
    stub_turned("stub, wide kind", put, "95010100", "9501cc0100", "LT-CANON", "1 is one byte");
    stub_turned("stub, behind", put, "c0c0", "c0c000", p, "one stub and nothing else");
    stub_turned("stub, four elements", put, "95010100c0c0", "94010100c0", p, "five elements");
}

static void
body_bads(void)
{
    const char *put = "record, put", *retract = "record, retract", *p = "LT-PROTO";
    const char *facts = "82a16101a162a178";
    body_turned("facts, wide number", put, facts, "82a161cc01a162a178", "LT-CANON",
                "1 is one byte");
    body_turned("facts, order", put, facts, "82a16201a161a178", "LT-CANON", "keys out of order");
    body_turned("facts, same key", put, facts, "82a16101a161a178", "LT-CANON", "a key twice");
    body_turned("facts, number as key", put, facts, "820101a162a178", "LT-CANON", "keys are str");
    body_turned("facts, float", put, facts, "82a161ca3f800000a162a178", p, "no fractions");
    body_turned("facts, no map", put, facts, "9101", p, "a map or nil");
    body_turned("facts, UTF-8", put, facts, "82a16101a162a1ff", "LT-CANON", "no sound UTF-8");
    body_turned("facts, deep", put, facts, "82a161919191919191919190a162a178", "LT-LIMIT",
                "more than eight containers in each other");
    body_turned("short salt", put, "c410101112", "c40f1112", p, "16 bytes");
    body_turned("office", put, "a930353930382d303132cf", "a930353930382d30313acf", p,
                "05908-01: is no code");
    body_turned("root with depth 1", put, "daa8000000a9", "daa8000100a9", p,
                "nothing before it, so depth 0");
    body_turned("depth 0 after something", retract, "daa8000100a9", "daa8000000a9", p,
                "something before it, so depth 1 or more");
    body_turned("op 3", put, "30313200c090", "30313203c090", p, "put, retract, restore");
    body_turned("no type", put, "a9686f757365686f6c6401", "c001", p, "a record is of a type");
    body_turned("no subject", put, "a930353930382d30313200c090", "c000c090", p,
                "a record is about an office");
    body_turned("short commitment", put, "c42070", "c41f", p, "32 bytes");
    body_turned("record id", put, "c410d0", "c40f", p, "16 bytes");
}

static void
after_bads(void)
{
    OWNED(buf_release) struct buf hex = {0};
    buf_print(&hex, "03dc0021");
    for (unsigned i = 0; i < AFTER_MAX + 1; i++)
        buf_print(&hex, "94a530353930380101c4080001020304050607");
    const char *whole = part_of("record, retract", "body");
    const char *from = strstr(whole, "039194a9");
    assert(from != NULL);
    char *find = mem_text(from);
    find[strlen(find) - 2 * 3] = '\0'; // Up to nil, nil, 0
    body_turned("after 33", "record, retract", find, buf_text(&hex), "LT-LIMIT",
                "at most 32 heads");
    body_turned("after, short hash", "record, retract", find,
                "039194a530353930380101c40700010203040506", "LT-PROTO", "8 bytes of a hash");
    body_turned("after, five elements", "record, retract", find,
                "039195a530353930380101c408000102030405060700", "LT-PROTO", "four elements");
    free(find);
}

static void
cut_bads(void)
{
    OWNED(buf_release) struct buf longer = {0};
    buf_print(&longer, "%s00", part_of("record, put", "body"));
    entry_bad("body, behind", part_of("record, put", "stub"), buf_text(&longer), "LT-PROTO",
              "one body and nothing else");
    char *body = mem_text(part_of("record, put", "body"));
    body[strlen(body) - 2] = '\0';
    entry_bad("body, cut", part_of("record, put", "stub"), body, "LT-PROTO", "a byte is missing");
    free(body);
    body = exchanged(part_of("sealed", "body"), "95c410", "93c410");
    body[strlen(body) - 2 * (2 + 8)] = '\0'; // Without seq, two bytes, and the eight behind it
    entry_bad("sealed, three elements", part_of("sealed", "stub"), body, "LT-PROTO",
              "every body begins salt, office, epoch, seq");
    free(body);
}

static void
entries_make(void)
{
    goods = json_array();
    bads = json_array();
    fill(salt, sizeof salt, 0x10);
    fill(commitment, sizeof commitment, 0x70);
    entry_goods();
    stub_bads();
    body_bads();
    after_bads();
    cut_bads();
    file_write("proto/vectors/entry.json",
               "Entries: stub and body in hex, the body \"\" where it is withheld; leaf is SHA-256 "
               "of a zero byte and the stub with the body's hash in it. good: read as fields. bad: "
               "refused, and why. An absent thing is \"\", 0 or missing.");
}

int
main(void)
{
    messages_make();
    entries_make();
    return 0;
}
