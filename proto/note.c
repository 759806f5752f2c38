#include "note.h"

#include <assert.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../node/base/err.h"
#include "scan.h"

enum {
    TIME_SIZE = 8,
    COSIGNATURE_SIZE = TIME_SIZE + SIGNATURE_SIZE,
    VKEY_BLOB_SIZE = 1 + PUBLIC_SIZE,
    BASE64 = sodium_base64_VARIANT_ORIGINAL,
};

static const char dash[] = "\xe2\x80\x94 ";

static void
base64_add(struct buf *buf, const void *at, size_t size)
{
    size_t room = sodium_base64_encoded_len(size, BASE64); // Counts a NUL
    (void)sodium_bin2base64((char *)buf_room(buf, room), room, at, size, BASE64);
    buf->size += room - 1;
}

// Strict because it is not asked where it stopped: with a pointer for that, libsodium also takes
// what only begins with base64. And 1.0.18 reads every byte from 0x80 up as if it were a '/',
// because its chars are signed; tests/unit/test_note.c found it.
static bool
base64_read(struct bytes text, uint8_t *ret_at, size_t room, size_t *ret_size)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] >= 0x80)
            return false;
    return sodium_base642bin(ret_at, room, (const char *)text.at, text.size, NULL, ret_size, NULL,
                             BASE64) == 0;
}

static bool
base64_read_exact(struct bytes text, uint8_t *ret_at, size_t size)
{
    size_t got;
    return base64_read(text, ret_at, size, &got) && got == size;
}

// Split off what comes before the first `end` in `*rest`, and drop `end` itself.
static bool
part_take(struct bytes *rest, char end, struct bytes *ret_part)
{
    const uint8_t *at = rest->size > 0 ? memchr(rest->at, end, rest->size) : NULL;
    if (at == NULL)
        return false;
    *ret_part = (struct bytes){rest->at, (size_t)(at - rest->at)};
    *rest = (struct bytes){at + 1, rest->size - ret_part->size - 1};
    return true;
}

bool
note_name_is_sound(struct bytes name)
{
    if (name.size == 0 || name.size > KEY_NAME_MAX)
        return false;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.at[i];
        bool is_good = (byte >= 'a' && byte <= 'z') || (byte >= '-' && byte <= '9'); // - . / 0-9
        if (!is_good)
            return false;
    }
    return true;
}

static void
name_copy(struct bytes name, char ret_name[KEY_NAME_MAX + 1])
{
    memset(ret_name, 0, KEY_NAME_MAX + 1);
    memcpy(ret_name, name.at, name.size);
}

void
note_key_id(const char *name, enum key_type type, const uint8_t public[PUBLIC_SIZE],
            uint8_t ret_id[KEY_ID_SIZE])
{
    const uint8_t type_byte = (uint8_t)type;
    const struct bytes pieces[] = {bytes_of(name), BYTES_LIT("\n"), BYTES(&type_byte, 1),
                                   BYTES(public, PUBLIC_SIZE)};
    uint8_t hash[HASH_SIZE];
    hash_pieces(pieces, 4, hash);
    memcpy(ret_id, hash, KEY_ID_SIZE);
}

void
vkey_text(const struct vkey *self, struct buf *buf)
{
    uint8_t id[KEY_ID_SIZE], blob[VKEY_BLOB_SIZE];
    char id_hex[2 * KEY_ID_SIZE + 1];
    note_key_id(self->name, self->type, self->public, id);
    hex_text(id, sizeof id, id_hex);
    blob[0] = (uint8_t)self->type;
    memcpy(blob + 1, self->public, PUBLIC_SIZE);
    buf_add_text(buf, self->name);
    buf_add_byte(buf, '+');
    buf_add_text(buf, id_hex);
    buf_add_byte(buf, '+');
    base64_add(buf, blob, sizeof blob);
}

int
vkey_parse(struct bytes text, struct vkey *ret_vkey)
{
    struct bytes name, id_hex;
    uint8_t id[KEY_ID_SIZE], want[KEY_ID_SIZE], blob[VKEY_BLOB_SIZE];
    if (!part_take(&text, '+', &name) || !note_name_is_sound(name) ||
        !part_take(&text, '+', &id_hex) || !hex_parse(id_hex, id, sizeof id) ||
        !base64_read_exact(text, blob, sizeof blob))
        return ERR_PROTO;
    if (blob[0] != KEY_LOG && blob[0] != KEY_COSIGNER)
        return ERR_PROTO;

    struct vkey vkey = {.type = (enum key_type)blob[0]};
    name_copy(name, vkey.name);
    memcpy(vkey.public, blob + 1, PUBLIC_SIZE);
    note_key_id(vkey.name, vkey.type, vkey.public, want);
    if (memcmp(id, want, sizeof id) != 0)
        return ERR_PROTO;
    *ret_vkey = vkey;
    return 0;
}

static bool
text_is_plain(struct bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.at[i] < 0x20 && text.at[i] != '\n')
            return false;
    return scan_is_utf8(text);
}

int
note_parse(struct bytes bytes, struct note *ret_note)
{
    if (bytes.size > NOTE_MAX)
        return ERR_LIMIT;
    if (bytes.size == 0 || bytes.at[bytes.size - 1] != '\n' || !text_is_plain(bytes))
        return ERR_PROTO;
    // The last blank line: a text may have some of its own, the lines behind it have none.
    size_t blank = bytes.size - 1;
    while (blank > 0 && (bytes.at[blank] != '\n' || bytes.at[blank - 1] != '\n'))
        blank--;
    if (blank == 0 || blank + 1 == bytes.size)
        return ERR_PROTO;
    ret_note->text = BYTES(bytes.at, blank);
    ret_note->lines = BYTES(bytes.at + blank + 1, bytes.size - blank - 1);
    return 0;
}

int
note_take_line(struct bytes *lines, struct note_line *ret_line)
{
    struct bytes rest = *lines, line, name;
    if (!part_take(&rest, '\n', &line))
        return ERR_PROTO;
    const size_t dash_size = sizeof dash - 1;
    if (line.size < dash_size || memcmp(line.at, dash, dash_size) != 0)
        return ERR_PROTO;
    line = BYTES(line.at + dash_size, line.size - dash_size);
    if (!part_take(&line, ' ', &name) || !note_name_is_sound(name))
        return ERR_PROTO;
    if (line.size > sodium_base64_ENCODED_LEN(NOTE_BLOB_MAX, BASE64) - 1)
        return ERR_LIMIT;

    if (!base64_read(line, ret_line->blob, sizeof ret_line->blob, &ret_line->size) ||
        ret_line->size <= KEY_ID_SIZE)
        return ERR_PROTO;
    ret_line->name = name;
    *lines = rest;
    return 0;
}

void
note_add_signature(struct buf *note, const char *name, const uint8_t id[KEY_ID_SIZE],
                   struct bytes signature)
{
    assert(note->size >= 2 && note->at[note->size - 1] == '\n');
    assert(signature.size > 0 && signature.size <= NOTE_BLOB_MAX - KEY_ID_SIZE);
    uint8_t blob[NOTE_BLOB_MAX];
    memcpy(blob, id, KEY_ID_SIZE);
    memcpy(blob + KEY_ID_SIZE, signature.at, signature.size);
    buf_add_text(note, dash);
    buf_add_text(note, name);
    buf_add_byte(note, ' ');
    base64_add(note, blob, KEY_ID_SIZE + signature.size);
    buf_add_byte(note, '\n');
}

// Look at every line, for one bad line spoils the note; keep the first signature of one key. Later
// ones of the same key are skipped, as others do.
static int
signature_find(struct bytes bytes, const char *name, const uint8_t id[KEY_ID_SIZE],
               struct note *ret_note, uint8_t *ret_signature, size_t want_size)
{
    int code = note_parse(bytes, ret_note);
    if (code != 0)
        return code;
    struct bytes lines = ret_note->lines;
    int found = ERR_NOTFOUND;
    for (size_t count = 0; lines.size > 0; count++) {
        struct note_line line;
        if (count == NOTE_LINES_MAX)
            return ERR_LIMIT;
        if ((code = note_take_line(&lines, &line)) != 0)
            return code;
        bool is_ours =
            bytes_equal(line.name, bytes_of(name)) && memcmp(line.blob, id, KEY_ID_SIZE) == 0;
        if (!is_ours || found != ERR_NOTFOUND)
            continue;
        found = line.size == KEY_ID_SIZE + want_size ? 0 : ERR_SIGNATURE;
        if (found == 0)
            memcpy(ret_signature, line.blob + KEY_ID_SIZE, want_size);
    }
    return found;
}

void
checkpoint_text(const struct checkpoint *self, struct buf *text)
{
    assert(note_name_is_sound(bytes_of(self->origin)) && self->size <= INT64_MAX);
    char size[24];
    (void)snprintf(size, sizeof size, "\n%" PRIu64 "\n", self->size);
    buf_add_text(text, self->origin);
    buf_add_text(text, size);
    base64_add(text, self->root, sizeof self->root);
    buf_add_byte(text, '\n');
}

// strtoull would take spaces, signs and leading zeros.
static bool
decimal_read(struct bytes text, uint64_t *ret_value)
{
    if (text.size == 0 || text.size > 19 || (text.at[0] == '0' && text.size > 1))
        return false;
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.at[i] < '0' || text.at[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(text.at[i] - '0'); // 19 digits fit
    }
    *ret_value = value;
    return value <= INT64_MAX;
}

int
checkpoint_parse(struct bytes text, struct checkpoint *ret_checkpoint)
{
    struct checkpoint checkpoint = {0};
    struct bytes origin, size, root;
    if (!part_take(&text, '\n', &origin) || !note_name_is_sound(origin) ||
        !part_take(&text, '\n', &size) || !decimal_read(size, &checkpoint.size) ||
        !part_take(&text, '\n', &root) ||
        !base64_read_exact(root, checkpoint.root, sizeof checkpoint.root) || text.size != 0)
        return ERR_PROTO;
    name_copy(origin, checkpoint.origin);
    *ret_checkpoint = checkpoint;
    return 0;
}

void
checkpoint_sign(const struct checkpoint *self, const struct crypto *crypto,
                const uint8_t secret[SECRET_SIZE], const uint8_t public[PUBLIC_SIZE],
                struct buf *note)
{
    uint8_t id[KEY_ID_SIZE], signature[SIGNATURE_SIZE];
    size_t from = note->size;
    checkpoint_text(self, note);
    crypto->sign(crypto->self, secret, BYTES(note->at + from, note->size - from), signature);
    buf_add_byte(note, '\n');
    note_key_id(self->origin, KEY_LOG, public, id);
    note_add_signature(note, self->origin, id, BYTES(signature, sizeof signature));
}

int
checkpoint_open(struct bytes note, const char *name, const uint8_t public[PUBLIC_SIZE],
                const struct crypto *crypto, struct checkpoint *ret_checkpoint)
{
    uint8_t id[KEY_ID_SIZE], signature[SIGNATURE_SIZE];
    struct note parts;
    struct checkpoint checkpoint;
    note_key_id(name, KEY_LOG, public, id);
    int code = signature_find(note, name, id, &parts, signature, sizeof signature);
    if (code != 0)
        return code == ERR_NOTFOUND ? ERR_SIGNATURE : code;
    if ((code = checkpoint_parse(parts.text, &checkpoint)) != 0)
        return code;
    if (strcmp(checkpoint.origin, name) != 0)
        return ERR_PROTO;
    if (!crypto->verify(crypto->self, public, parts.text, signature))
        return ERR_SIGNATURE;
    *ret_checkpoint = checkpoint;
    return 0;
}

static void
cosignature_message(struct bytes text, uint64_t time_s, struct buf *message)
{
    buf_print(message, "cosignature/v1\ntime %" PRIu64 "\n", time_s);
    buf_add_bytes(message, text);
}

void
cosignature_make(struct bytes text, uint64_t time_s, const uint8_t secret[SECRET_SIZE],
                 const struct crypto *crypto, uint8_t ret_signature[SIGNATURE_SIZE])
{
    assert(time_s <= INT64_MAX);
    OWNED(buf_release) struct buf message = {0};
    cosignature_message(text, time_s, &message);
    crypto->sign(crypto->self, secret, buf_bytes(&message), ret_signature);
}

int
cosignature_check(struct bytes text, uint64_t time_s, const uint8_t signature[SIGNATURE_SIZE],
                  const uint8_t public[PUBLIC_SIZE], const struct crypto *crypto)
{
    if (time_s > INT64_MAX)
        return ERR_SIGNATURE;
    OWNED(buf_release) struct buf message = {0};
    cosignature_message(text, time_s, &message);
    return crypto->verify(crypto->self, public, buf_bytes(&message), signature) ? 0 : ERR_SIGNATURE;
}

void
cosignature_add(struct buf *note, const char *name, const uint8_t public[PUBLIC_SIZE],
                uint64_t time_s, const uint8_t signature[SIGNATURE_SIZE])
{
    uint8_t id[KEY_ID_SIZE], blob[COSIGNATURE_SIZE];
    for (size_t i = 0; i < TIME_SIZE; i++)
        blob[i] = (uint8_t)(time_s >> (8 * (TIME_SIZE - 1 - i)));
    memcpy(blob + TIME_SIZE, signature, SIGNATURE_SIZE);
    note_key_id(name, KEY_COSIGNER, public, id);
    note_add_signature(note, name, id, BYTES(blob, sizeof blob));
}

int
cosignature_open(struct bytes note, const char *name, const uint8_t public[PUBLIC_SIZE],
                 const struct crypto *crypto, uint64_t *ret_time_s)
{
    uint8_t id[KEY_ID_SIZE], blob[COSIGNATURE_SIZE];
    struct note parts;
    note_key_id(name, KEY_COSIGNER, public, id);
    int code = signature_find(note, name, id, &parts, blob, sizeof blob);
    if (code != 0)
        return code;
    uint64_t time_s = 0;
    for (size_t i = 0; i < TIME_SIZE; i++)
        time_s = time_s << 8U | blob[i];
    if ((code = cosignature_check(parts.text, time_s, blob + TIME_SIZE, public, crypto)) != 0)
        return code;
    *ret_time_s = time_s;
    return 0;
}

// "<net>/<office>/" and room behind it.
static size_t
name_begin(const uint8_t net[NET_SIZE], const struct office *office,
           char ret_name[KEY_NAME_MAX + 1])
{
    assert(!office_is_none(office));
    memset(ret_name, 0, KEY_NAME_MAX + 1);
    hex_text(net, NET_SIZE, ret_name);
    size_t size = strlen(ret_name), code_size = strlen(office->code);
    ret_name[size++] = '/';
    memcpy(ret_name + size, office->code, code_size);
    size += code_size;
    ret_name[size++] = '/';
    return size;
}

void
origin_line(const uint8_t net[NET_SIZE], const struct origin *origin,
            char ret_line[KEY_NAME_MAX + 1])
{
    size_t size = name_begin(net, &origin->office, ret_line);
    (void)snprintf(ret_line + size, KEY_NAME_MAX + 1 - size, "%016" PRIx64, origin->epoch);
}

bool
origin_line_parse(struct bytes line, uint8_t ret_net[NET_SIZE], struct origin *ret_origin)
{
    struct bytes net_hex, code;
    uint8_t net[NET_SIZE], epoch[sizeof(epoch_t)];
    struct origin origin = {0};
    if (!part_take(&line, '/', &net_hex) || !hex_parse(net_hex, net, sizeof net) ||
        !part_take(&line, '/', &code) || !office_parse(code, &origin.office) ||
        !hex_parse(line, epoch, sizeof epoch))
        return false;
    for (size_t i = 0; i < sizeof epoch; i++)
        origin.epoch = origin.epoch << 8U | epoch[i];
    memcpy(ret_net, net, sizeof net);
    *ret_origin = origin;
    return true;
}

void
held_name(const uint8_t net[NET_SIZE], const struct office *office, char ret_name[KEY_NAME_MAX + 1])
{
    size_t size = name_begin(net, office, ret_name);
    memcpy(ret_name + size, "held", sizeof "held");
}
