// Every case in proto/vectors/message.json and entry.json, cut and bent in every way.

#include <jansson.h>
#include <stdlib.h>

#include "../../node/base/err.h"
#include "../../proto/read.h"
#include "../t.h"
#include "../vectors/describe.h"

static json_t *
vectors_of(const char *path)
{
    size_t size;
    char *text = t_file(path, &size);
    json_t *all = text != NULL ? json_loadb(text, size, 0, NULL) : NULL;
    free(text);
    return all;
}

static const char *
text_of(const json_t *one, const char *key)
{
    const char *text = json_string_value(json_object_get(one, key));
    return text != NULL ? text : "";
}

// The bytes of the hex under `key`, in `buf`.
static struct bytes
bytes_under(const json_t *one, const char *key, struct buf *buf)
{
    struct bytes hex = bytes_of(text_of(one, key));
    buf_clear(buf);
    (void)buf_room(buf, hex.size / 2 + 1);
    if (!hex_parse(hex, buf->at, hex.size / 2))
        abort();
    buf->size = hex.size / 2;
    return buf_bytes(buf);
}

// Exactly as large as it is, so that a sanitizer sees a read one byte too far.
static struct bytes
exact(struct bytes bytes)
{
    return BYTES(mem_copy(bytes.at, bytes.size), bytes.size);
}

static void
exact_free(struct bytes *bytes)
{
    free((void *)(uintptr_t)bytes->at);
}

// "" when all is well, else what is not.
static const char *
message_good_check(const json_t *one)
{
    OWNED(buf_release) struct buf buf = {0};
    OWNED(buf_release) struct buf want = {0};
    OWNED(buf_release) struct buf again = {0};
    struct message message;
    if (message_read(bytes_under(one, "hex", &buf), &message) != 0)
        return "is refused";
    OWNED(json_decrefp) json_t *fields = message_describe(&message);
    if (!json_equal(fields, json_object_get(one, "fields")))
        return json_dumps(fields, 0); // What it was read as; the test has failed, so it may leak
    bool is_longer = json_object_get(one, "packs_as") != NULL;
    (void)bytes_under(one, is_longer ? "packs_as" : "hex", &want);
    message_pack(&message, &again);
    return bytes_equal(buf_bytes(&again), buf_bytes(&want)) ? "" : "packs to other bytes";
}

static const char *
message_cut_check(const json_t *one)
{
    OWNED(buf_release) struct buf buf = {0};
    struct message message;
    (void)bytes_under(one, "hex", &buf);
    for (size_t size = 0; size < buf.size; size++) {
        OWNED(exact_free) struct bytes cut = exact(BYTES(buf.at, size));
        if (message_read(cut, &message) == 0)
            return "is read although it was cut";
    }
    return "";
}

// The same bytes; or all that we know of them, where later elements lie behind. (A hello with one
// bit bent is a bye, and what made it a hello lies behind.)
static bool
message_comes_back(struct bytes bytes, const struct message *message)
{
    OWNED(buf_release) struct buf again = {0};
    message_pack(message, &again);
    struct reader was = reader_of(bytes), is = reader_of(buf_bytes(&again));
    if (read_array(&was) == read_array(&is))
        return bytes_equal(bytes, buf_bytes(&again));
    size_t left = (size_t)(is.end - is.at);
    return (size_t)(was.end - was.at) > left && memcmp(was.at, is.at, left) == 0;
}

static const char *
message_bend_check(const json_t *one)
{
    OWNED(buf_release) struct buf buf = {0};
    struct message message;
    (void)bytes_under(one, "hex", &buf);
    for (size_t bit = 0; bit < 8 * buf.size; bit++) {
        buf.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (message_read(buf_bytes(&buf), &message) == 0 &&
            !message_comes_back(buf_bytes(&buf), &message))
            return "has a bit that does not come back";
        buf.at[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    return "";
}

// `why` behind the name of the case, or "".
static const char *
said(const json_t *one, const char *why)
{
    static char text[2000];
    (void)snprintf(text, sizeof text, "%s: %s", text_of(one, "name"), why);
    return why[0] == '\0' ? "" : text;
}

TEST(vectors, messages_come_back_as_they_were)
{
    OWNED(json_decrefp) json_t *all = vectors_of("proto/vectors/message.json");
    size_t i;
    json_t *one;
    unsigned types = 0;
    json_array_foreach(json_object_get(all, "good"), i, one)
    {
        T_TEXT(said(one, message_good_check(one)), "");
        T_TEXT(said(one, message_cut_check(one)), "");
        T_TEXT(said(one, message_bend_check(one)), "");
        OWNED(buf_release) struct buf buf = {0};
        struct reader in = reader_of(bytes_under(one, "hex", &buf));
        (void)read_array(&in);
        types |= 1U << read_uint(&in);
    }
    T_EQ(types, 0x1ffe); // Each of 1 to 12
}

TEST(vectors, bad_messages_are_refused_for_their_reason)
{
    OWNED(json_decrefp) json_t *all = vectors_of("proto/vectors/message.json");
    size_t i;
    json_t *one;
    struct message message;
    T_OK(json_array_size(json_object_get(all, "bad")) > 40);
    json_array_foreach(json_object_get(all, "bad"), i, one)
    {
        OWNED(buf_release) struct buf buf = {0};
        int code = message_read(bytes_under(one, "hex", &buf), &message);
        T_TEXT(said(one, code != 0 ? err_name(code) : "read"), said(one, text_of(one, "refused")));
    }
}

// The entry packed again from what was read, where we know all of it.
static void
entry_again(const struct entry *entry, struct buf *stub, struct buf *body)
{
    struct entry copy = *entry;
    buf_clear(stub);
    buf_clear(body);
    if (entry->has_shape)
        entry_pack_body(&copy, body);
    entry_pack_stub(&copy, entry->has_body, stub);
}

static const char *
entry_good_check(const json_t *one)
{
    OWNED(buf_release) struct buf stub = {0};
    OWNED(buf_release) struct buf body = {0};
    OWNED(buf_release) struct buf stub_again = {0};
    OWNED(buf_release) struct buf body_again = {0};
    OWNED(buf_release) struct buf want = {0};
    struct entry entry;
    (void)bytes_under(one, "stub", &stub);
    (void)bytes_under(one, "body", &body);
    if (entry_read(buf_bytes(&stub), buf_bytes(&body), &entry) != 0)
        return "is refused";
    OWNED(json_decrefp) json_t *fields = entry_describe(&entry);
    if (!json_equal(fields, json_object_get(one, "fields")))
        return json_dumps(fields, 0); // As above
    uint8_t leaf[32];
    entry_leaf(&entry, buf_bytes(&stub), leaf);
    if (!bytes_equal(BYTES(leaf, 32), bytes_under(one, "leaf", &want)))
        return "has another leaf";
    entry_again(&entry, &stub_again, &body_again);
    if (!bytes_equal(buf_bytes(&stub), buf_bytes(&stub_again)))
        return "has another stub when packed again";
    if (entry.has_shape && !bytes_equal(buf_bytes(&body), buf_bytes(&body_again)))
        return "has another body when packed again";
    return "";
}

static const char *
entry_cut_check(const json_t *one)
{
    OWNED(buf_release) struct buf stub = {0};
    OWNED(buf_release) struct buf body = {0};
    struct entry entry;
    (void)bytes_under(one, "stub", &stub);
    (void)bytes_under(one, "body", &body);
    for (size_t size = 0; size < stub.size; size++) {
        OWNED(exact_free) struct bytes cut = exact(BYTES(stub.at, size));
        if (entry_read(cut, buf_bytes(&body), &entry) == 0)
            return "is read although its stub was cut";
    }
    for (size_t size = 0; size < body.size; size++) {
        OWNED(exact_free) struct bytes cut = exact(BYTES(body.at, size));
        if (entry_read(buf_bytes(&stub), cut, &entry) == 0)
            return "is read although its body was cut";
    }
    return "";
}

// A number 0 and an empty text or bin read as nil does, where nil may stand: then the bytes differ
// and must say the same, for what is hashed and relayed is always the bytes that came.
static bool
entry_comes_back(struct bytes stub, struct bytes body)
{
    OWNED(buf_release) struct buf stub_again = {0};
    OWNED(buf_release) struct buf body_again = {0};
    struct entry entry, back;
    if (entry_read(stub, body, &entry) != 0)
        return true;
    uint8_t leaf[32];
    entry_leaf(&entry, stub, leaf);
    entry_again(&entry, &stub_again, &body_again);
    if (!bytes_equal(stub, buf_bytes(&stub_again)))
        return false;
    if (!entry.has_shape || bytes_equal(body, buf_bytes(&body_again)))
        return true;
    if (entry_read(stub, buf_bytes(&body_again), &back) != 0)
        return false;
    OWNED(json_decrefp) json_t *was = entry_describe(&entry);
    OWNED(json_decrefp) json_t *is = entry_describe(&back);
    return json_equal(was, is);
}

static const char *
entry_bend_check(const json_t *one)
{
    OWNED(buf_release) struct buf stub = {0};
    OWNED(buf_release) struct buf body = {0};
    (void)bytes_under(one, "stub", &stub);
    (void)bytes_under(one, "body", &body);
    for (size_t bit = 0; bit < 8 * (stub.size + body.size); bit++) {
        uint8_t *at = bit / 8 < stub.size ? stub.at + bit / 8 : body.at + bit / 8 - stub.size;
        *at ^= (uint8_t)(1U << bit % 8);
        if (!entry_comes_back(buf_bytes(&stub), buf_bytes(&body)))
            return "has a bit that does not come back";
        *at ^= (uint8_t)(1U << bit % 8);
    }
    return "";
}

TEST(vectors, entries_come_back_as_they_were)
{
    OWNED(json_decrefp) json_t *all = vectors_of("proto/vectors/entry.json");
    size_t i;
    json_t *one;
    unsigned kinds = 0;
    json_array_foreach(json_object_get(all, "good"), i, one)
    {
        T_TEXT(said(one, entry_good_check(one)), "");
        T_TEXT(said(one, entry_cut_check(one)), "");
        T_TEXT(said(one, entry_bend_check(one)), "");
        json_int_t kind =
            json_integer_value(json_object_get(json_object_get(one, "fields"), "kind"));
        kinds |= kind < 9 ? 1U << kind : 0;
    }
    T_EQ(kinds, 0x1ff);
}

TEST(vectors, bad_entries_are_refused_for_their_reason)
{
    OWNED(json_decrefp) json_t *all = vectors_of("proto/vectors/entry.json");
    size_t i;
    json_t *one;
    struct entry entry;
    T_OK(json_array_size(json_object_get(all, "bad")) > 30);
    json_array_foreach(json_object_get(all, "bad"), i, one)
    {
        OWNED(buf_release) struct buf stub = {0};
        OWNED(buf_release) struct buf body = {0};
        int code =
            entry_read(bytes_under(one, "stub", &stub), bytes_under(one, "body", &body), &entry);
        T_TEXT(said(one, code != 0 ? err_name(code) : "read"), said(one, text_of(one, "refused")));
    }
}
