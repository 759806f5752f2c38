#include "token.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "hash.h"
#include "pack.h"
#include "read.h"
#include "scan.h"

enum {
    CHECK_SIZE = 4,
    ELEMENTS = 9,
    // "lt1." and this many bytes in base64 are TOKEN_TEXT_MAX.
    BYTES_MAX = (TOKEN_TEXT_MAX - 4) / 4 * 3,
};

#define EXPIRES_MAX_S UINT64_C(253402300799) // The last second of the year 9999

static const int variant = sodium_base64_VARIANT_URLSAFE_NO_PADDING;

void
token_wipe(struct token *self)
{
    sodium_memzero(self, sizeof *self);
}

static bool
token_is_sound(const struct token *self)
{
    if (office_is_none(&self->office) || office_is_none(&self->parent) ||
        office_level(&self->parent) >= office_level(&self->office) ||
        self->expires_s > EXPIRES_MAX_S)
        return false;
    for (size_t i = 0; i < self->endpoint_count; i++)
        if (self->endpoints[i].port == 0) // The system's choice is no address
            return false;
    return self->endpoint_count > 0 && self->endpoint_count <= TOKEN_ENDPOINTS_MAX;
}

static void
check_of(struct bytes content, uint8_t ret_check[CHECK_SIZE])
{
    uint8_t hash[HASH_SIZE];
    hash_sha256(content, hash);
    memcpy(ret_check, hash, CHECK_SIZE);
}

static void
token_pack(const struct token *self, struct buf *buf)
{
    struct packer out = packer_of(buf);
    pack_array(&out, ELEMENTS);
    pack_uint(&out, TOKEN_VERSION);
    pack_bin(&out, self->net, sizeof self->net);
    pack_office(&out, &self->office);
    pack_office(&out, &self->parent);
    pack_bin(&out, self->parent_curve, sizeof self->parent_curve);
    pack_bin(&out, self->root_signing, sizeof self->root_signing);
    pack_bin(&out, self->secret, sizeof self->secret);
    pack_uint(&out, self->expires_s);
    pack_array(&out, self->endpoint_count);
    for (size_t i = 0; i < self->endpoint_count; i++) {
        char text[ENDPOINT_MAX + 1];
        endpoint_text(&self->endpoints[i], 0, text);
        pack_text(&out, text);
    }
}

void
token_text(const struct token *self, char ret_text[TOKEN_TEXT_MAX + 1])
{
    assert(token_is_sound(self));
    OWNED(buf_release) struct buf buf = {0};
    // Room for all of it first: a buffer that grew would leave a copy of the secret behind.
    (void)buf_room(&buf, BYTES_MAX);
    token_pack(self, &buf);
    uint8_t check[CHECK_SIZE];
    check_of(buf_bytes(&buf), check);
    buf_add(&buf, check, sizeof check);
    assert(buf.size <= BYTES_MAX);
    memcpy(ret_text, "lt1.", 4);
    (void)sodium_bin2base64(ret_text + 4, TOKEN_TEXT_MAX + 1 - 4, buf.at, buf.size, variant);
    sodium_memzero(buf.at, buf.size);
}

static struct bytes
trimmed(struct bytes text)
{
    while (text.size > 0 && memchr(" \t\r\n", text.at[0], 4) != NULL)
        text = BYTES(text.at + 1, text.size - 1);
    while (text.size > 0 && memchr(" \t\r\n", text.at[text.size - 1], 4) != NULL)
        text.size--;
    return text;
}

static int
prefix_check(struct bytes text, struct err *reterr)
{
    if (text.size < 4 || memcmp(text.at, "lt", 2) != 0 || text.at[2] < '1' || text.at[2] > '9' ||
        text.at[3] != '.')
        return err_set(reterr, ERR_TOKEN, "đây không phải thư mời (thư mời bắt đầu bằng 'lt1.')",
                       "this is no invitation (one begins with 'lt1.')");
    if (text.at[2] != '0' + TOKEN_VERSION)
        return err_set(reterr, ERR_VERSION, "thư mời của phiên bản mới hơn chương trình này",
                       "the invitation is from a later program than this");
    return 0;
}

static int
token_mistyped(struct err *reterr)
{
    return err_set(reterr, ERR_TOKEN, "thư mời gõ thiếu hoặc sai",
                   "the invitation is mistyped or incomplete");
}

// The bytes of a text without slips: those that `room` then begins with, less the check.
static int
text_decode(struct bytes text, uint8_t room[BYTES_MAX], struct bytes *ret_content,
            struct err *reterr)
{
    text = trimmed(text);
    int code = prefix_check(text, reterr);
    if (code != 0)
        return code;
    size_t size;
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] >= 0x80) // libsodium 1.0.18 would read it as a letter of the alphabet
            return token_mistyped(reterr);
    if (text.size > TOKEN_TEXT_MAX ||
        sodium_base642bin(room, BYTES_MAX, (const char *)text.at + 4, text.size - 4, NULL, &size,
                          NULL, variant) != 0 ||
        size <= CHECK_SIZE)
        return token_mistyped(reterr);
    uint8_t check[CHECK_SIZE];
    check_of(BYTES(room, size - CHECK_SIZE), check);
    if (memcmp(check, room + size - CHECK_SIZE, CHECK_SIZE) != 0)
        return token_mistyped(reterr);
    *ret_content = BYTES(room, size - CHECK_SIZE);
    return 0;
}

static bool
content_read(struct bytes content, struct token *token)
{
    struct reader in = reader_of(content);
    if (read_array(&in) != ELEMENTS || read_uint(&in) != TOKEN_VERSION)
        return false;
    read_bin_exact(&in, token->net, sizeof token->net);
    token->office = read_office(&in, false);
    token->parent = read_office(&in, false);
    read_bin_exact(&in, token->parent_curve, sizeof token->parent_curve);
    read_bin_exact(&in, token->root_signing, sizeof token->root_signing);
    read_bin_exact(&in, token->secret, sizeof token->secret);
    token->expires_s = read_uint(&in);
    token->endpoint_count = read_array(&in);
    if (in.code != 0 || token->endpoint_count > TOKEN_ENDPOINTS_MAX)
        return false;
    for (size_t i = 0; i < token->endpoint_count; i++)
        if (!endpoint_parse(read_str(&in), &token->endpoints[i]))
            return false;
    return in.code == 0 && token_is_sound(token);
}

int
token_parse(struct bytes text, struct token *ret_token, struct err *reterr)
{
    uint8_t room[BYTES_MAX];
    struct bytes content = {0};
    *ret_token = (struct token){0};
    int code = text_decode(text, room, &content, reterr);
    // Whole, and yet not one of ours: made by another program, or by somebody with an idea.
    if (code == 0 && (scan_canonical(content) != 0 || !content_read(content, ret_token)))
        code = err_set(reterr, ERR_TOKEN, "nội dung thư mời không hợp lệ",
                       "what the invitation says is not valid");
    if (code != 0)
        token_wipe(ret_token);
    sodium_memzero(room, sizeof room);
    return code;
}
