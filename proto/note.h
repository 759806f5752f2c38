// note.h - signed texts: checkpoints of a log, and the cosignatures of those who have seen them
//
//     3f0c..e1/05908-012/0000000190ab34cd              origin: the log, and the name of its key
//     13                                               how many entries
//     3Zlkg8n85OUZyrWRDS3XE/t2pPZl54trM1L4GUvEgbA=     root of the tree over them
//                                                      (a blank line, then one line a signature)
//     - 3f0c..e1/05908-012/0000000190ab34cd amfUCgXVUtpH43lFRSQ...
//     - 3f0c..e1/05908/held A9dSPAAAAABpVbkNomT0v2Me1Il...
//
//     checkpoint_sign(&checkpoint, crypto, secret, public, &note);
//     checkpoint_open(buf_bytes(&note), name, public, crypto, &checkpoint);
//
// Shape    Text in UTF-8 that ends in a newline and has no control character but newlines; a blank
//          line; lines of an em dash, a space, the key's name, a space, and the base64 of key id
//          and signature. Base64 is canonical, so one signature is written in one way. The text is
//          what is signed. A name is [a-z0-9./-]{1,100}. A checkpoint has its three lines and
//          never more. Unknown signature lines are carried along and otherwise ignored.
// Units    size: entries, up to 2^63-1. time_s: seconds since 1970 UTC, up to 2^63-1.
// Errors   ERR_PROTO: malformed. ERR_SIGNATURE: it does not verify, or is missing where it must
//          be. ERR_NOTFOUND: no such signature, where it may be missing. ERR_LIMIT: too long.
// Memory   Written onto the end of the caller's buf; what is read borrows from the note.
// Threads  None of its own.
// Source   C2SP signed-note, tlog-checkpoint, tlog-cosignature (2026-07); other people's tools for
//          these can read and check ours.

#ifndef PROTO_NOTE_H
#define PROTO_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../node/base/buf.h"
#include "../node/base/id.h"
#include "../node/base/own.h"
#include "crypto.h"
#include "hash.h"

enum {
    NOTE_MAX = 65536,     // Bytes of a whole note
    NOTE_LINES_MAX = 100, // Signatures; where other implementations stop too
    NOTE_BLOB_MAX = 8190, // Bytes behind one base64, a multiple of 3; the largest signature now
                          // planned for notes has 4,627
    KEY_NAME_MAX = 100,   // Bytes of a name without its NUL
    KEY_ID_SIZE = 4,
    NET_SIZE = 16, // 32 hex digits of the hash of the first root key
};

// The kind of a key is part of its id: one key in two roles has two ids.
enum key_type { KEY_LOG = 0x01, KEY_COSIGNER = 0x04 };

// A key as text: name+id+base64. The id selects a key and proves nothing.
struct vkey {
    char name[KEY_NAME_MAX + 1];
    enum key_type type;
    uint8_t public[PUBLIC_SIZE];
};

struct checkpoint {
    char origin[KEY_NAME_MAX + 1];
    seq_t size;
    uint8_t root[HASH_SIZE];
};

struct note {
    struct bytes text;  // With its last newline, without the blank line
    struct bytes lines; // The signature lines, to be taken off with note_take_line
};

struct note_line {
    struct bytes name;
    size_t size;                 // Bytes of `blob` used; more than KEY_ID_SIZE
    uint8_t blob[NOTE_BLOB_MAX]; // Key id, then the signature
};

bool note_name_is_sound(struct bytes name);
void note_key_id(const char *name, enum key_type type, const uint8_t public[PUBLIC_SIZE],
                 uint8_t ret_id[KEY_ID_SIZE]);

void vkey_text(const struct vkey *self, struct buf *buf);

// ERR_PROTO for anything but what vkey_text writes. The caller still asks crypto_key_is_sound.
MUST_CHECK int vkey_parse(struct bytes text, struct vkey *ret_vkey);

// Split a note whose signatures nobody has looked at: nothing in it may be believed yet.
MUST_CHECK int note_parse(struct bytes bytes, struct note *ret_note);

// Take the first of `lines`, which is not empty.
MUST_CHECK int note_take_line(struct bytes *lines, struct note_line *ret_line);

// Add a signature line to a note that has its blank line already.
void note_add_signature(struct buf *note, const char *name, const uint8_t id[KEY_ID_SIZE],
                        struct bytes signature);

// The three lines.
void checkpoint_text(const struct checkpoint *self, struct buf *text);

// Exactly the three lines, in exactly the form checkpoint_text gives them.
MUST_CHECK int checkpoint_parse(struct bytes text, struct checkpoint *ret_checkpoint);

// A note with the log's own signature, onto the end of `note`.
void checkpoint_sign(const struct checkpoint *self, const struct crypto *crypto,
                     const uint8_t secret[SECRET_SIZE], const uint8_t public[PUBLIC_SIZE],
                     struct buf *note);

// Read a note of the log `name` and check that log's signature. ERR_SIGNATURE when it does not
// verify or is not there; ERR_PROTO for a malformed note, or a checkpoint of another log.
MUST_CHECK int checkpoint_open(struct bytes note, const char *name,
                               const uint8_t public[PUBLIC_SIZE], const struct crypto *crypto,
                               struct checkpoint *ret_checkpoint);

// "At `time_s` this was the largest consistent tree of its origin that I had seen." The message
// does not name the cosigner: a pair of keys serves one name only.
void cosignature_make(struct bytes text, uint64_t time_s, const uint8_t secret[SECRET_SIZE],
                      const struct crypto *crypto, uint8_t ret_signature[SIGNATURE_SIZE]);
MUST_CHECK int cosignature_check(struct bytes text, uint64_t time_s,
                                 const uint8_t signature[SIGNATURE_SIZE],
                                 const uint8_t public[PUBLIC_SIZE], const struct crypto *crypto);

// The signature line of a cosignature, onto a note that has its blank line already.
void cosignature_add(struct buf *note, const char *name, const uint8_t public[PUBLIC_SIZE],
                     uint64_t time_s, const uint8_t signature[SIGNATURE_SIZE]);

// Find the cosignature of `name` in a note and check it. ERR_NOTFOUND when there is none.
MUST_CHECK int cosignature_open(struct bytes note, const char *name,
                                const uint8_t public[PUBLIC_SIZE], const struct crypto *crypto,
                                uint64_t *ret_time_s);

// "<net>/<office>/<epoch, 16 hex digits>": the origin of a log.
void origin_line(const uint8_t net[NET_SIZE], const struct origin *origin,
                 char ret_line[KEY_NAME_MAX + 1]);
bool origin_line_parse(struct bytes line, uint8_t ret_net[NET_SIZE], struct origin *ret_origin);

// "<net>/<office>/held": the name an office cosigns under.
void held_name(const uint8_t net[NET_SIZE], const struct office *office,
               char ret_name[KEY_NAME_MAX + 1]);

#endif
