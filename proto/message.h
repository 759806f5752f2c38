// message.h - what two nodes say to each other: one msgpack array, its type first
//
//      1 hello     who I am, which protocols I speak, what my clock says
//      2 frontier  for each log that changed: how far I hold it, durably
//      3 want      send me entries, bodies or envelopes from here on, at most so many bytes
//      4 batch     entries in a row, the checkpoint they hash to, the proof where it is larger
//      5 express   one entry that overtakes a backlog, with its inclusion proof
//      6 receipt   an ancestor's cosignature, and how far it holds bodies and envelopes
//      7 digest    subtree digests, to find silent divergence
//      8 join      a newcomer's keys under an invitation; the certificates in answer
//      9 bye       I am going; come back after so long
//     10 ping      are you there; my heartbeat
//     11 relay     a message sealed to somebody further on
//     12 fault     what you sent, or are, is refused, and why
//
// Shape    Positional; elements beyond those known are ignored, so that a later version may add
//          some. README.md is the normative text and vectors/message.json its golden data.
// Units    wall: ms UTC; time: s UTC (as C2SP cosignatures have it); grant: bytes.
// Errors   ERR_CANON, ERR_PROTO, ERR_LIMIT. An unknown type is ERR_VERSION: count and ignore it.
// Memory   struct message borrows from the bytes it was read from, and from the caller when packed.
// Threads  None of its own.

#ifndef PROTO_MESSAGE_H
#define PROTO_MESSAGE_H

#include "../node/base/buf.h"
#include "../node/base/id.h"
#include "../node/base/own.h"
#include "read.h"

enum {
    PROTOCOL_MIN = 1, // What this program speaks
    PROTOCOL_MAX = 1,
    MESSAGE_MAX = 1048576,  // Repair lane
    LIVE_MAX = 65536,       // Live lane, as its sockets enforce
    LIVE_BATCH_MAX = 32768, // A commit larger than this goes by the repair lane
    MARKS_MAX = 4096,       // Logs in one frontier; more are sent in several
    PROOF_HASHES_MAX = 63,
    RELAY_MAX = 262144,
};

enum message_type {
    MESSAGE_HELLO = 1,
    MESSAGE_FRONTIER,
    MESSAGE_WANT,
    MESSAGE_BATCH,
    MESSAGE_EXPRESS,
    MESSAGE_RECEIPT,
    MESSAGE_DIGEST,
    MESSAGE_JOIN_ASK, // Both on the wire as 8; the element behind it tells them apart
    MESSAGE_JOIN_ANSWER,
    MESSAGE_BYE,
    MESSAGE_PING,
    MESSAGE_RELAY,
    MESSAGE_FAULT,
};

enum want_mode { WANT_ENTRIES = 0, WANT_BODIES = 1, WANT_ENVELOPES = 2, WANT_STOP = 3 };
enum codec_id { CODEC_RAW = 0, CODEC_ZSTD = 1, CODEC_ZSTD_DICTIONARY_1 = 2 };
enum bye_reason { BYE_HOME = 1, BYE_STOPPING = 2, BYE_OVERLOADED = 3, BYE_WRONG_PARENT = 4 };

// One log in a frontier.
struct mark {
    struct origin origin;
    seq_t size;
    uint8_t root[8]; // First bytes of the root at that size
};

// An office's cosignature on its own newest checkpoint: it is alive.
struct heartbeat {
    struct origin origin; // office "" when there is none
    seq_t size;
    uint8_t root[32];
    uint64_t time;
    uint8_t signature[64];
};

struct message {
    enum message_type type;
    union {
        struct {
            uint64_t version_min, version_max;
            uint8_t net[16];
            struct origin self;
            uint8_t boot[8]; // Random for each start: tells a restart from a reconnect
            struct bytes software;
            wall_t wall;
            struct bytes certificate; // Raw map, or empty
        } hello;
        struct {
            bool is_full;
            size_t count;       // Of marks
            struct bytes marks; // Raw array; read with marks_reader and mark_read
        } frontier;
        struct {
            struct origin origin;
            seq_t from, to; // to: first one not wanted; UINT64_MAX for all there is
            enum want_mode mode;
            uint64_t ticket; // The receiver's name for this stream; another one starts over
            uint64_t grant;  // Bytes of batches it may send in all under this ticket
        } want;
        struct {
            struct origin origin;
            seq_t first;
            uint64_t count;
            uint64_t ticket;         // Of the want it answers; 0 on the live lane
            struct bytes checkpoint; // A signed note
            struct bytes proof;      // Hashes one after another, 32 bytes each; raw, no heads
            struct bytes envelopes;  // Raw array of [seq, ciphertext, sealed key], or empty
            enum codec_id codec;
            struct bytes payload; // batch.h reads it
        } batch;
        struct {
            struct origin origin;
            seq_t seq;
            struct bytes checkpoint;
            struct bytes proof; // Inclusion, as batch.proof
            struct bytes stub, body;
        } express;
        struct {
            struct origin origin;
            seq_t size;
            uint8_t root[32];
            seq_t bodies, envelopes; // Held in full below these
            uint64_t time;
            struct office holder;
            uint8_t cosignature[64]; // cosignature/v1 over the checkpoint's text
            uint8_t signature[64];   // Over receipt_text
        } receipt;
        struct {
            struct office root; // The subtree the digests are of
            size_t count;
            struct bytes digests; // Raw array of [office, count, bin 16]
        } digest;
        struct {
            uint8_t invitation[16]; // First bytes of SHA-256 of the one-time CURVE public key
            struct office office;
            uint8_t sign[32], cosign[32], curve[32], box[32];
            uint8_t signature[64]; // By `sign` over join_text: the keys are the asker's
        } join_ask;
        struct {
            struct office office;
            size_t count;
            struct bytes certificates; // Raw array of maps, the root's first
        } join_answer;
        struct {
            enum bye_reason reason;
            uint64_t retry_ms;
        } bye;
        struct {
            bool is_answer;
            wall_t wall;
            struct heartbeat heartbeat;
        } ping;
        struct {
            struct office destination, sender;
            uint64_t ticket, grant;
            struct bytes cell; // crypto_box from the sender's to the destination's box key
        } relay;
        struct {
            struct bytes code;    // "LT-ROOT"
            struct bytes text;    // English; for the other side's log
            struct origin origin; // office "" when it concerns no log
            seq_t seq;
        } fault;
    } as;
};

// Append the message. Asserts what the caller promised: bounds, sizes.
void message_pack(const struct message *self, struct buf *buf);

MUST_CHECK int message_read(struct bytes bytes, struct message *ret_message);

// Marks of a frontier, one after another.
void mark_pack(const struct mark *self, struct buf *buf);
struct reader marks_reader(const struct message *frontier);
struct mark mark_read(struct reader *in);

// What a receipt's signature covers: "lienthong-receipt/v1\n" and the canonical array
// [origin line, size, bodies, envelopes, time].
void receipt_text(const char *origin_line, seq_t size, seq_t bodies, seq_t envelopes, uint64_t time,
                  struct buf *buf);

// What a join's signature covers: "lienthong-join/v1\n" and the canonical array
// [invitation, office, sign, cosign, curve, box].
void join_text(const struct message *join_ask, struct buf *buf);

#endif
