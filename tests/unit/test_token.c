#include <stdlib.h>

#include "../../proto/endpoint.h"
#include "../../proto/hash.h"
#include "../../proto/pack.h"
#include "../../proto/token.h"
#include "../t.h"

#include <sodium.h>

// Made by twenty lines of Python from the description in token.h alone.
static const char golden[] =
    "lt1.mQHEEAABAgMEBQYHCAkKCwwNDg-pMDU5MDgtMDEypTA1OTA4xCAgISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7"
    "PD0-P8QgQEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl_EIGBhYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ent8"
    "fX5_zmlVuQCStHRjcDovLzEwLjIwLjAuMTo1NzAxuHRjcDovL1syMDAxOmRiODo6N106NTcwMf3ZPOI";

static void
fill(uint8_t *at, size_t size, unsigned from)
{
    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)(from + i);
}

static struct endpoint
endpoint_at(const char *text)
{
    struct endpoint endpoint = {0};
    if (!endpoint_parse(bytes_of(text), &endpoint))
        abort();
    return endpoint;
}

static struct token
example(void)
{
    struct token token = {
        .office = office_of("05908-012"),
        .parent = office_of("05908"),
        .expires_s = 1767225600,
        .endpoint_count = 2,
    };
    fill(token.net, sizeof token.net, 0);
    fill(token.parent_curve, sizeof token.parent_curve, 32);
    fill(token.root_signing, sizeof token.root_signing, 64);
    fill(token.secret, sizeof token.secret, 96);
    token.endpoints[0] = endpoint_at("tcp://10.20.0.1:5701");
    token.endpoints[1] = endpoint_at("tcp://[2001:db8::7]:5701");
    return token;
}

static int
code_of(const char *text)
{
    struct token token;
    struct err err = {0};
    int code = token_parse(bytes_of(text), &token, &err);
    return code == err.code ? code : 1000;
}

TEST(token, is_written_as_agreed)
{
    struct token token = example();
    char text[TOKEN_TEXT_MAX + 1];
    token_text(&token, text);
    T_TEXT(text, golden);
}

TEST(token, says_what_was_put_in)
{
    struct token want = example(), got;
    struct err err;
    T_EQ(token_parse(bytes_of(golden), &got, &err), 0);
    T_BYTES(got.net, want.net, sizeof want.net);
    T_TEXT(got.office.code, "05908-012");
    T_TEXT(got.parent.code, "05908");
    T_BYTES(got.parent_curve, want.parent_curve, TOKEN_KEY_SIZE);
    T_BYTES(got.root_signing, want.root_signing, TOKEN_KEY_SIZE);
    T_BYTES(got.secret, want.secret, TOKEN_KEY_SIZE);
    T_EQ(got.expires_s, 1767225600);
    T_EQ(got.endpoint_count, 2);
    T_TEXT(got.endpoints[0].host, "10.20.0.1");
    T_EQ(got.endpoints[0].port, 5701);
    T_TEXT(got.endpoints[1].host, "[2001:db8::7]");
    token_wipe(&got);
    T_OK(sodium_is_zero((const uint8_t *)&got, sizeof got));
}

TEST(token, may_be_pasted_with_white_space_around)
{
    char text[sizeof golden + 8];
    (void)strcpy(text, " \r\n\t");
    (void)strcat(text, golden);
    (void)strcat(text, "\r\n ");
    T_EQ(code_of(text), 0);
}

TEST(token, notices_every_missing_end_and_every_wrong_letter)
{
    char text[sizeof golden];
    for (size_t size = 0; size + 1 < sizeof golden; size++) {
        memcpy(text, golden, size);
        text[size] = '\0';
        T_EQ(code_of(text), ERR_TOKEN);
    }
    for (size_t at = 4; at + 1 < sizeof golden; at++) {
        memcpy(text, golden, sizeof golden);
        text[at] = text[at] == 'A' ? 'B' : 'A';
        T_EQ(code_of(text), ERR_TOKEN);
        text[at] = ' ';
        T_EQ(code_of(text), ERR_TOKEN);
    }
}

TEST(token, tells_a_slip_of_the_pen_from_what_is_no_invitation)
{
    struct token token;
    struct err err;
    char text[sizeof golden];
    memcpy(text, golden, sizeof golden);
    text[20] = 'x';
    T_EQ(token_parse(bytes_of(text), &token, &err), ERR_TOKEN);
    T_TEXT(err.vi, "thư mời gõ thiếu hoặc sai");
    T_OK(sodium_is_zero((const uint8_t *)&token, sizeof token));
    T_EQ(token_parse(bytes_of("tcp://10.0.0.1:5701"), &token, &err), ERR_TOKEN);
    T_OK(strstr(err.vi, "không phải thư mời") != NULL);
    T_EQ(code_of("lt2.AAAA"), ERR_VERSION);
    T_EQ(code_of("lt0.AAAA"), ERR_TOKEN);
    T_EQ(code_of("LT1.AAAA"), ERR_TOKEN);
}

TEST(token, of_more_than_its_bound_is_not_looked_at)
{
    char text[2 * TOKEN_TEXT_MAX];
    memset(text, 'A', sizeof text);
    memcpy(text, "lt1.", 4);
    text[sizeof text - 1] = '\0';
    T_EQ(code_of(text), ERR_TOKEN);
    text[TOKEN_TEXT_MAX] = '\0';
    T_EQ(code_of(text), ERR_TOKEN);
}

// The token's text for any content, with its checksum right.
static const char *
sealed(struct bytes content)
{
    static char text[2 * TOKEN_TEXT_MAX] = "lt1.";
    uint8_t bytes[TOKEN_TEXT_MAX], hash[HASH_SIZE];
    memcpy(bytes, content.at, content.size);
    hash_sha256(content, hash);
    memcpy(bytes + content.size, hash, 4);
    sodium_bin2base64(text + 4, sizeof text - 4, bytes, content.size + 4,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return text;
}

// What can be wrong with a whole one; NULL endpoints end the list.
struct forgery {
    size_t elements;
    uint64_t version;
    size_t net_size;
    const char *office;
    const char *parent;
    uint64_t expires_s;
    const char *endpoints[6];
};

static int
forged(const struct forgery *forgery)
{
    OWNED(buf_release) struct buf buf = {0};
    struct packer out = packer_of(&buf);
    uint8_t key[32] = {0};
    pack_array(&out, forgery->elements);
    pack_uint(&out, forgery->version);
    pack_bin(&out, key, forgery->net_size);
    pack_text(&out, forgery->office);
    pack_text(&out, forgery->parent);
    for (int i = 0; i < 3; i++)
        pack_bin(&out, key, sizeof key);
    pack_uint(&out, forgery->expires_s);
    size_t count = 0;
    while (forgery->endpoints[count] != NULL)
        count++;
    pack_array(&out, count);
    for (size_t i = 0; i < count; i++)
        pack_text(&out, forgery->endpoints[i]);
    for (size_t i = 9; i < forgery->elements; i++)
        pack_nil(&out);
    return code_of(sealed(buf_bytes(&buf)));
}

TEST(token, with_a_right_checksum_must_still_make_sense)
{
#define GOOD 9, 1, 16, "05908-012", "05908", 1767225600
#define HERE "tcp://a:1"
    static const struct forgery sound[] = {
        {GOOD, {HERE}},
        {GOOD, {HERE, HERE, HERE, HERE}},
        {9, 1, 16, "05908", "19", 0, {HERE}},
        {9, 1, 16, "05908-012", "19", 253402300799, {HERE}},
    };
    for (size_t i = 0; i < sizeof sound / sizeof sound[0]; i++)
        T_EQ(forged(&sound[i]), 0);
    static const struct forgery bad[] = {
        {GOOD, {NULL}},
        {GOOD, {HERE, HERE, HERE, HERE, HERE}},
        {GOOD, {"tcp://a:0"}},
        {GOOD, {"ipc:///tmp/x"}},
        {GOOD, {HERE, "tcp://a"}},
        {10, 1, 16, "05908-012", "05908", 1, {HERE}},
        {9, 2, 16, "05908-012", "05908", 1, {HERE}},
        {9, 1, 15, "05908-012", "05908", 1, {HERE}},
        {9, 1, 17, "05908-012", "05908", 1, {HERE}},
        {9, 1, 16, "05908-01", "05908", 1, {HERE}},
        {9, 1, 16, "05908-012", "", 1, {HERE}},
        {9, 1, 16, "05908", "05908-012", 1, {HERE}}, // Invited from below
        {9, 1, 16, "05908", "05908", 1, {HERE}},
        {9, 1, 16, "05908-012", "05908", 253402300800, {HERE}},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        T_EQ(forged(&bad[i]), ERR_TOKEN);
    T_EQ(code_of(sealed(BYTES_LIT("\x90"))), ERR_TOKEN);
    T_EQ(code_of(sealed(BYTES_LIT("\xdc\x00\x09"))), ERR_TOKEN);
#undef GOOD
#undef HERE
}

TEST(token, of_the_longest_endpoints_fits)
{
    struct token token = example(), again;
    struct err err;
    token.endpoint_count = TOKEN_ENDPOINTS_MAX;
    token.expires_s = 253402300799;
    for (size_t i = 0; i < TOKEN_ENDPOINTS_MAX; i++) {
        token.endpoints[i] = (struct endpoint){.port = ENDPOINT_PORT_MAX};
        memset(token.endpoints[i].host, 'a', ENDPOINT_HOST_MAX);
    }
    char text[TOKEN_TEXT_MAX + 1];
    token_text(&token, text);
    T_EQ(token_parse(bytes_of(text), &again, &err), 0);
    T_TEXT(again.endpoints[3].host, token.endpoints[3].host);
}

TEST(endpoint, is_read_and_written_for_each_of_its_ports)
{
    struct endpoint endpoint;
    char text[ENDPOINT_MAX + 1];
    T_OK(endpoint_parse(BYTES_LIT("tcp://[fe80::1]:5701"), &endpoint));
    T_TEXT(endpoint.host, "[fe80::1]");
    endpoint_text(&endpoint, 0, text);
    T_TEXT(text, "tcp://[fe80::1]:5701");
    T_OK(endpoint_parse(BYTES_LIT("tcp://sync-1.example.vn:9999"), &endpoint));
    endpoint_text(&endpoint, 2, text);
    T_TEXT(text, "tcp://sync-1.example.vn:10001");
    T_OK(endpoint_parse(BYTES_LIT("tcp://127.0.0.1:0"), &endpoint));
    T_OK(endpoint_parse(BYTES_LIT("tcp://h:65533"), &endpoint));
}

TEST(endpoint, refuses_what_is_none)
{
    static const char *const bad[] = {
        "",
        "tcp://",
        "tcp://:5701",
        "tcp://h",
        "tcp://h:",
        "tcp://h:65534",
        "tcp://h:99999",
        "tcp://h:123456",
        "tcp://h:057",
        "tcp://h:-1",
        "tcp://h:+1",
        "tcp://h:57 ",
        " tcp://h:57",
        "TCP://h:57",
        "ipc://h:57",
        "tcp://h_h:57",
        "tcp://*:57",
        "tcp://h;eth0:57",
        "tcp://h/x:57",
        "tcp://%s:57",
        "tcp://h:5701/x",
        "tcp://x\xc3\xa3:57",
    };
    struct endpoint endpoint;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (endpoint_parse(bytes_of(bad[i]), &endpoint))
            T_TEXT(bad[i], "refused");
    T_OK(!endpoint_parse(BYTES_LIT("tcp://h\0:57"), &endpoint));
    char text[ENDPOINT_MAX + 1] = "tcp://";
    memset(text + 6, 'a', ENDPOINT_HOST_MAX);
    (void)strcpy(text + 6 + ENDPOINT_HOST_MAX, ":1");
    T_OK(endpoint_parse(bytes_of(text), &endpoint));
    (void)strcpy(text + 6 + ENDPOINT_HOST_MAX, "a:1");
    T_OK(!endpoint_parse(bytes_of(text), &endpoint));
}
