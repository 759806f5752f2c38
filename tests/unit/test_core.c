#include "../../node/core/core.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../node/base/err.h"
#include "../../node/catalogue/definition.h"
#include "../../proto/assets.h"
#include "../../proto/crypto_simulated.h"
#include "../../proto/hash.h"
#include "../../proto/note.h"
#include "../../proto/pack.h"
#include "../sim/store_memory.h"
#include "../t.h"

// Two offices, a province and its commune, and nothing between them but the test.

enum { KEPT = 256 };

struct kept {
    enum core_lane lane;
    struct bytes message;
};

struct end {
    struct sim_random random;
    struct crypto crypto;
    struct core_conf conf;
    struct unit unit;
    struct bytes trusted[2];
    struct store_memory store;
    struct core *core;
    struct kept sent[KEPT]; // To the other end, not delivered yet
    size_t sent_count;
    struct core_note note; // The last one
    size_t notes;
};

struct pair {
    struct end province, commune;
    struct codec *codec;
    struct arena arena;
    mono_t now;
};

static void
pair_release(struct pair *self)
{
    struct end *ends[] = {&self->province, &self->commune};
    for (size_t i = 0; i < 2; i++) {
        core_destroy(&ends[i]->core);
        store_memory_release(&ends[i]->store);
    }
    codec_destroy(&self->codec);
    arena_release(&self->arena);
}

static void
step(struct pair *self, struct end *end, struct core_event event)
{
    struct core_update update;
    event.now = self->now;
    event.wall = (wall_t)self->now + 1790000000000;
    core_step(end->core, &event, &update);
    for (size_t i = 0; i < update.write_count; i++)
        store_memory_write(&end->store, &update.writes[i]);
    for (size_t i = 0; i < update.send_count && end->sent_count < KEPT; i++)
        end->sent[end->sent_count++] =
            (struct kept){update.sends[i].lane, arena_bytes(&self->arena, update.sends[i].message)};
    for (size_t i = 0; i < update.note_count; i++) {
        end->note = update.notes[i];
        end->notes++;
    }
}

// What a turn does after its events: commit, and say so, until nothing is written any more.
static void
settle(struct pair *self, struct end *end)
{
    step(self, end, (struct core_event){.type = CORE_TICK});
    while (!store_memory_is_clean(&end->store)) {
        store_memory_commit(&end->store);
        step(self, end, (struct core_event){.type = CORE_STORED});
    }
}

static struct end *
other(struct pair *self, const struct end *end)
{
    return end == &self->province ? &self->commune : &self->province;
}

static void
hear(struct pair *self, struct end *end, struct bytes message, bool is_live)
{
    step(self, end,
         (struct core_event){.type = CORE_HEARD,
                             .peer = other(self, end)->unit.office,
                             .is_live = is_live,
                             .message = message});
}

// Deliver all that `from` has sent.
static void
deliver(struct pair *self, struct end *from)
{
    struct end *to = other(self, from);
    for (size_t i = 0; i < from->sent_count; i++)
        hear(self, to, from->sent[i].message, from->sent[i].lane != LANE_REPAIR);
    from->sent_count = 0;
    settle(self, to);
}

static void
talk(struct pair *self)
{
    for (int turns = 0; turns < 40; turns++) {
        self->now += 300;
        deliver(self, &self->province);
        deliver(self, &self->commune);
    }
}

static void
link_both(struct pair *self, enum core_event_type type)
{
    struct end *ends[] = {&self->province, &self->commune};
    for (size_t i = 0; i < 2; i++)
        step(self, ends[i],
             (struct core_event){.type = type, .peer = other(self, ends[i])->unit.office});
}

static void
end_open(struct pair *self, struct end *end, const char *code, const struct end *parent)
{
    end->random.state = (uint64_t)code[1];
    end->crypto = crypto_simulated(&end->random);
    struct core_conf *conf = &end->conf;
    core_conf_defaults(conf);
    conf->self = (struct origin){office_of(code), 1ULL << 32 | 7};
    conf->crypto = &end->crypto;
    conf->codec = self->codec;
    conf->software = "test";
    crypto_sign_pair(&end->crypto, NULL, conf->sign_public, conf->sign_secret);
    crypto_sign_pair(&end->crypto, NULL, conf->cosign_public, conf->cosign_secret);
    end->unit.office = conf->self.office;
    if (parent != NULL)
        end->unit.parent = parent->unit.office;
    memcpy(end->unit.sign, conf->sign_public, 32);
    memcpy(end->unit.cosign, conf->cosign_public, 32);
    memset(end->unit.curve, code[1], 32);
    OWNED(buf_release) struct buf own = {0};
    certificate_pack(&end->unit, 0, 1, &own);
    end->trusted[conf->trusted_count++] = arena_keep(&self->arena, &own);
    if (parent != NULL)
        end->trusted[conf->trusted_count++] = parent->trusted[0];
    conf->trusted = end->trusted;
    conf->view = store_memory_view(&end->store);
    end->core = core_new(conf);
}

static void
draft(struct pair *self, struct end *end, const struct draft *one)
{
    step(self, end, (struct core_event){.type = CORE_DRAFTED, .drafts = one, .draft_count = 1});
    settle(self, end);
}

static struct bytes
asset_pack(struct pair *self, const char *path)
{
    struct bytes text;
    struct err err = {0};
    OWNED(buf_release) struct buf packed = {0};
    if (!asset_find(path, &text) || definition_load(path, text, &packed, &err) != 0)
        t_fail_text(__FILE__, __LINE__, path, err.en, "");
    return arena_keep(&self->arena, &packed);
}

// Enrolled, and both hold both logs.
static void
pair_open(struct pair *self)
{
    self->codec = codec_new();
    self->now = 100000;
    end_open(self, &self->province, "19", NULL);
    end_open(self, &self->commune, "05908", &self->province);
    OWNED(buf_release) struct buf office = {0};
    office_pack(&self->commune.unit, &office);
    draft(self, &self->province,
          &(struct draft){.kind = KIND_REGISTRY,
                          .actor = ACTOR_NONE,
                          .type = bytes_of("office"),
                          .facts = buf_bytes(&office)});
    draft(self, &self->province,
          &(struct draft){.kind = KIND_REGISTRY,
                          .actor = ACTOR_NONE,
                          .type = bytes_of("certificate"),
                          .facts = self->commune.trusted[0]});
    draft(self, &self->province,
          &(struct draft){.kind = KIND_DEFINITION,
                          .actor = ACTOR_NONE,
                          .type = bytes_of("type"),
                          .facts = asset_pack(self, "conf/plan/types/propaganda_session.json")});
    link_both(self, CORE_LINK_UP);
    talk(self);
}

static const struct record_id session = {{"05908"}, {42}};

static struct bytes
attendees(struct pair *self, uint64_t count)
{
    OWNED(buf_release) struct buf facts = {0};
    struct packer out = packer_of(&facts);
    pack_map(&out, 1);
    pack_text(&out, "attendees");
    pack_uint(&out, count);
    return arena_keep(&self->arena, &facts);
}

// The commune writes the session, with whatever heads it now has.
static void
write_session(struct pair *self, struct end *end, uint64_t count)
{
    const struct memory_record *record = store_memory_record(&end->store, &session);
    draft(self, end,
          &(struct draft){.kind = KIND_RECORD,
                          .record = session,
                          .subject = office_of("05908"),
                          .type = bytes_of("propaganda_session"),
                          .type_version = 1,
                          .after = record != NULL ? record->projection.heads : (struct bytes){0},
                          .facts = attendees(self, count)});
}

static int64_t
attendees_at(const struct end *end)
{
    const struct memory_record *record = store_memory_record(&end->store, &session);
    if (record == NULL)
        return -1;
    struct reader in = reader_of(map_find(record->projection.state, "attendees"));
    return read_int(&in);
}

static seq_t
size_at(const struct end *end, const struct end *author)
{
    return store_memory_durable(&end->store, &author->conf.self);
}

// The first message of that type under way; an empty one when there is none.
static struct kept
sent_of_type(const struct end *end, enum message_type type)
{
    struct message message;
    for (size_t i = 0; i < end->sent_count; i++)
        if (message_read(end->sent[i].message, &message) == 0 && message.type == type)
            return end->sent[i];
    return (struct kept){0};
}

TEST(core, two_meet_and_hold_each_others_logs)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    T_EQ(size_at(&pair.commune, &pair.province), 4); // Opened, and three drafts
    size_t types;
    (void)core_types(pair.commune.core, &types);
    T_EQ(types, 1);
    write_session(&pair, &pair.commune, 30);
    T_EQ(attendees_at(&pair.commune), 30);
    T_OK(sent_of_type(&pair.commune, MESSAGE_BATCH).lane == LANE_LIVE_UP);
    talk(&pair);
    T_EQ(size_at(&pair.province, &pair.commune), 2);
    T_EQ(attendees_at(&pair.province), 30);
    struct receipt receipt;
    T_OK(pair.commune.conf.view.receipt(&pair.commune.store, &pair.commune.conf.self,
                                        &pair.province.unit.office, &receipt));
    T_EQ(receipt.size, 2);
    struct link_status status;
    T_OK(core_link(pair.commune.core, 0, &status));
    T_OK(status.has_hello && status.is_up);
    T_EQ(status.behind_entries + status.lacking_entries, 0);
}

TEST(core, says_nothing_of_what_is_not_on_disk)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    struct draft one = {.kind = KIND_RECORD,
                        .record = session,
                        .subject = office_of("05908"),
                        .type = bytes_of("propaganda_session"),
                        .facts = attendees(&pair, 5)};
    step(&pair, &pair.commune,
         (struct core_event){.type = CORE_DRAFTED, .drafts = &one, .draft_count = 1});
    step(&pair, &pair.commune, (struct core_event){.type = CORE_TICK});
    T_OK(sent_of_type(&pair.commune, MESSAGE_BATCH).message.size == 0);
    T_OK(sent_of_type(&pair.commune, MESSAGE_FRONTIER).message.size == 0);
    settle(&pair, &pair.commune);
    T_OK(sent_of_type(&pair.commune, MESSAGE_BATCH).message.size > 0);
}

TEST(core, gives_no_receipt_before_the_commit)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    write_session(&pair, &pair.commune, 30);
    hear(&pair, &pair.province, sent_of_type(&pair.commune, MESSAGE_BATCH).message, true);
    step(&pair, &pair.province, (struct core_event){.type = CORE_TICK});
    T_OK(sent_of_type(&pair.province, MESSAGE_RECEIPT).message.size == 0);
    settle(&pair, &pair.province);
    T_OK(sent_of_type(&pair.province, MESSAGE_RECEIPT).message.size > 0);
}

TEST(core, a_batch_twice_is_once)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    write_session(&pair, &pair.commune, 30);
    struct bytes batch = sent_of_type(&pair.commune, MESSAGE_BATCH).message;
    for (int i = 0; i < 3; i++)
        hear(&pair, &pair.province, batch, true);
    settle(&pair, &pair.province);
    hear(&pair, &pair.province, batch, true);
    T_OK(store_memory_is_clean(&pair.province.store));
    T_EQ(size_at(&pair.province, &pair.commune), 2);
}

TEST(core, batches_out_of_order_are_asked_for_again)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    pair.commune.sent_count = 0;
    write_session(&pair, &pair.commune, 1);
    struct bytes first = sent_of_type(&pair.commune, MESSAGE_BATCH).message;
    pair.commune.sent_count = 0;
    write_session(&pair, &pair.commune, 2);
    struct bytes second = sent_of_type(&pair.commune, MESSAGE_BATCH).message;
    hear(&pair, &pair.province, second, true);
    T_OK(sent_of_type(&pair.province, MESSAGE_WANT).message.size > 0);
    settle(&pair, &pair.province);
    T_EQ(size_at(&pair.province, &pair.commune), 0);
    hear(&pair, &pair.province, first, true);
    hear(&pair, &pair.province, second, true);
    settle(&pair, &pair.province);
    T_EQ(size_at(&pair.province, &pair.commune), 3);
    T_EQ(attendees_at(&pair.province), 2);
}

TEST(core, what_the_live_lane_lost_comes_by_repair)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    for (uint64_t i = 1; i <= 5; i++) {
        write_session(&pair, &pair.commune, i);
        pair.commune.sent_count = 0; // Lost
    }
    talk(&pair);
    T_EQ(size_at(&pair.province, &pair.commune), 6);
    T_EQ(attendees_at(&pair.province), 5);
}

// The batch with its parts, to be changed and packed again.
static struct message
batch_open(struct pair *self, struct bytes packed, struct bytes *ret_raw)
{
    struct message message = {0};
    OWNED(buf_release) struct buf raw = {0};
    if (message_read(packed, &message) != 0 ||
        codec_unpack(self->codec, message.as.batch.codec, message.as.batch.payload, &raw) != 0)
        t_fail_text(__FILE__, __LINE__, "batch", "unreadable", "readable");
    *ret_raw = arena_keep(&self->arena, &raw);
    return message;
}

static struct bytes
batch_pack(struct pair *self, struct message *message, struct bytes raw)
{
    OWNED(buf_release) struct buf payload = {0};
    OWNED(buf_release) struct buf packed = {0};
    codec_pack(self->codec, raw, &message->as.batch.codec, &payload);
    message->as.batch.payload = buf_bytes(&payload);
    message_pack(message, &packed);
    return arena_keep(&self->arena, &packed);
}

// The province hears `batch`, refuses it for `code`, and holds nothing of it.
static void
claim_refused(struct pair *self, struct bytes batch, int code)
{
    hear(self, &self->province, batch, true);
    T_EQ(self->province.note.type, NOTE_PEER_FAULT);
    T_TEXT(err_name(self->province.note.code), err_name(code));
    T_OK(sent_of_type(&self->province, MESSAGE_FAULT).message.size > 0);
    settle(self, &self->province);
    T_EQ(size_at(&self->province, &self->commune), 0);
    T_EQ(attendees_at(&self->province), -1);
}

TEST(core, a_changed_body_does_not_hash_to_the_root)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    write_session(&pair, &pair.commune, 30);
    struct bytes raw, good = sent_of_type(&pair.commune, MESSAGE_BATCH).message;
    struct message message = batch_open(&pair, good, &raw);
    uint8_t *at = (uint8_t *)(uintptr_t)raw.at;
    for (size_t i = raw.size; i-- > 0;)
        if (at[i] == 30) { // The number of attendees, near the end of the last body
            at[i] = 31;
            break;
        }
    claim_refused(&pair, batch_pack(&pair, &message, raw), ERR_ROOT);
    T_EQ(pair.province.store.evidence_count, 1);
    hear(&pair, &pair.province, good, true); // The right one is still welcome
    settle(&pair, &pair.province);
    T_EQ(attendees_at(&pair.province), 30);
}

TEST(core, a_changed_checkpoint_does_not_verify)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    write_session(&pair, &pair.commune, 30);
    struct bytes raw;
    struct message message =
        batch_open(&pair, sent_of_type(&pair.commune, MESSAGE_BATCH).message, &raw);
    struct checkpoint checkpoint = {.size = message.as.batch.count};
    OWNED(buf_release) struct buf note = {0};
    origin_line(pair.commune.conf.net, &pair.commune.conf.self, checkpoint.origin);
    checkpoint_sign(&checkpoint, &pair.province.crypto, pair.province.conf.sign_secret,
                    pair.commune.conf.sign_public, &note);
    message.as.batch.checkpoint = buf_bytes(&note); // Signed, but not by the commune
    claim_refused(&pair, batch_pack(&pair, &message, raw), ERR_SIGNATURE);
}

TEST(core, a_body_withheld_from_who_may_read_it_is_a_fault)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    write_session(&pair, &pair.commune, 30);
    struct bytes raw, stub, body;
    struct message message =
        batch_open(&pair, sent_of_type(&pair.commune, MESSAGE_BATCH).message, &raw);
    OWNED(buf_release) struct buf less = {0};
    struct reader in = reader_of(raw);
    for (uint64_t i = 0; i < message.as.batch.count; i++) {
        OWNED(buf_release) struct buf bare = {0};
        struct entry entry;
        batch_next(&in, &stub, &body);
        T_EQ(entry_read(stub, body, &entry), 0);
        entry_pack_stub(&entry, false, &bare);
        batch_add(&less, buf_bytes(&bare), (struct bytes){0});
    }
    claim_refused(&pair, batch_pack(&pair, &message, buf_bytes(&less)), ERR_WITHHELD);
    T_EQ(pair.province.store.evidence_count, 1);
}

TEST(core, entries_of_another_origin_are_refused)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    write_session(&pair, &pair.commune, 30);
    struct bytes raw;
    struct message message =
        batch_open(&pair, sent_of_type(&pair.commune, MESSAGE_BATCH).message, &raw);
    message.as.batch.origin.epoch += 1; // The entries say another epoch inside
    hear(&pair, &pair.province, batch_pack(&pair, &message, raw), true);
    T_EQ(pair.province.note.type, NOTE_PEER_FAULT);
    T_EQ(pair.province.note.code, ERR_PROTO);
    settle(&pair, &pair.province);
    T_EQ(store_memory_durable(&pair.province.store, &message.as.batch.origin), 0);
}

TEST(core, a_message_of_a_later_version_is_ignored)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    pair.province.notes = 0;
    pair.province.sent_count = 0;
    hear(&pair, &pair.province, BYTES_LIT("\x92\x63\x01"), false); // [99, 1]
    T_EQ(pair.province.notes, 0);
    T_EQ(pair.province.sent_count, 0);
    hear(&pair, &pair.province, BYTES_LIT("\x92\x01"), false); // A hello cut short
    T_EQ(pair.province.note.type, NOTE_PEER_FAULT);
    T_OK(sent_of_type(&pair.province, MESSAGE_FAULT).message.size > 0);
}

static void
hello_change(struct pair *self, void (*change)(struct message *hello), int code)
{
    step(self, &self->commune,
         (struct core_event){.type = CORE_LINK_UP, .peer = self->province.unit.office});
    struct message hello;
    T_EQ(message_read(sent_of_type(&self->commune, MESSAGE_HELLO).message, &hello), 0);
    OWNED(buf_release) struct buf packed = {0};
    change(&hello);
    message_pack(&hello, &packed);
    link_both(self, CORE_LINK_UP);
    self->province.sent_count = 0;
    hear(self, &self->province, buf_bytes(&packed), false);
    T_EQ(self->province.note.code, code);
    struct link_status status;
    T_OK(core_link(self->province.core, 0, &status));
    T_OK(!status.has_hello);
    T_OK(sent_of_type(&self->province, MESSAGE_FRONTIER).message.size == 0);
}

static void
to_later_versions(struct message *hello)
{
    hello->as.hello.version_min = hello->as.hello.version_max = PROTOCOL_MAX + 1;
}

static void
to_another_net(struct message *hello)
{
    hello->as.hello.net[0] ^= 1;
}

static void
to_another_office(struct message *hello)
{
    hello->as.hello.self.office = office_of("05911");
}

TEST(core, speaks_only_to_whom_it_has_a_version_in_common_with)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    hello_change(&pair, to_later_versions, ERR_VERSION);
}

TEST(core, a_hello_of_another_net_or_name_opens_nothing)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    hello_change(&pair, to_another_net, ERR_STRANGER);
    hello_change(&pair, to_another_office, ERR_STRANGER);
}

// The machine stops; what was not committed is gone.
static void
restart(struct pair *self, struct end *end)
{
    link_both(self, CORE_LINK_DOWN);
    self->province.sent_count = self->commune.sent_count = 0;
    core_destroy(&end->core);
    store_memory_crash(&end->store);
    end->core = core_new(&end->conf);
    link_both(self, CORE_LINK_UP);
}

TEST(core, a_restart_in_the_middle_loses_nothing_that_was_said)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    for (uint64_t i = 1; i <= 300; i++)
        write_session(&pair, &pair.commune, i); // A full tile and more
    pair.commune.sent_count = 0;
    restart(&pair, &pair.commune);
    write_session(&pair, &pair.commune, 301);
    deliver(&pair, &pair.commune);
    deliver(&pair, &pair.province);
    for (size_t i = 0; i < pair.commune.sent_count; i++) // Heard, but never committed
        hear(&pair, &pair.province, pair.commune.sent[i].message, false);
    restart(&pair, &pair.province);
    talk(&pair);
    T_EQ(size_at(&pair.commune, &pair.commune), 302);
    T_EQ(size_at(&pair.province, &pair.commune), 302);
    T_EQ(attendees_at(&pair.province), 301);
    T_EQ(size_at(&pair.commune, &pair.province), 4);
}

TEST(core, two_changes_of_a_record_in_one_batch_meet_a_conflict)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    write_session(&pair, &pair.commune, 1);
    talk(&pair);
    link_both(&pair, CORE_LINK_DOWN);
    write_session(&pair, &pair.province, 7);
    write_session(&pair, &pair.commune, 2);
    write_session(&pair, &pair.commune, 3);
    pair.province.sent_count = pair.commune.sent_count = 0;
    link_both(&pair, CORE_LINK_UP);
    talk(&pair);
    struct end *ends[] = {&pair.province, &pair.commune};
    for (size_t i = 0; i < 2; i++) {
        const struct memory_record *record = store_memory_record(&ends[i]->store, &session);
        T_EQ(attendees_at(ends[i]), 7); // The superior's
        T_OK(record->projection.conflicts.size > 0);
        T_EQ(ends[i]->store.quarantine_count, 0);
        struct ref refs[AFTER_MAX];
        size_t heads;
        T_EQ(refs_read(record->projection.heads, refs, &heads), 0);
        T_EQ(heads, 2);
    }
}

TEST(core, a_refused_draft_leaves_the_log_as_it_was)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    write_session(&pair, &pair.commune, 30);
    struct ref unknown = {{office_of("19"), 99}, 5, {0}};
    OWNED(buf_release) struct buf after = {0};
    refs_pack(&unknown, 1, &after);
    struct draft drafts[2] = {{.key = {9},
                               .kind = KIND_RECORD,
                               .record = session,
                               .subject = office_of("05908"),
                               .type = bytes_of("propaganda_session"),
                               .after = buf_bytes(&after),
                               .facts = attendees(&pair, 31)},
                              {.key = {8},
                               .kind = KIND_RECORD,
                               .record = session,
                               .subject = office_of("05908"),
                               .type = bytes_of("propaganda_session"),
                               .facts = BYTES_LIT("\xc1")}};
    pair.commune.notes = 0;
    step(&pair, &pair.commune,
         (struct core_event){.type = CORE_DRAFTED, .drafts = drafts, .draft_count = 2});
    T_EQ(pair.commune.notes, 2);
    T_EQ(pair.commune.note.type, NOTE_REFUSED_DRAFT);
    T_EQ(pair.commune.note.key[0], 8);
    T_OK(store_memory_is_clean(&pair.commune.store));
    T_EQ(core_own_log(pair.commune.core)->size, 2);
    write_session(&pair, &pair.commune, 32);
    talk(&pair);
    T_EQ(attendees_at(&pair.province), 32);
}

TEST(core, a_longer_log_of_ours_elsewhere_is_noticed)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    write_session(&pair, &pair.commune, 1);
    talk(&pair);
    OWNED(buf_release) struct buf marks = {0};
    OWNED(buf_release) struct buf packed = {0};
    struct packer out = packer_of(&marks);
    struct mark mark = {.origin = pair.commune.conf.self, .size = 9};
    pack_array(&out, 1);
    mark_pack(&mark, &marks);
    struct message message = {.type = MESSAGE_FRONTIER};
    message.as.frontier.count = 1;
    message.as.frontier.marks = buf_bytes(&marks);
    message_pack(&message, &packed);
    hear(&pair, &pair.commune, buf_bytes(&packed), false);
    T_EQ(pair.commune.note.type, NOTE_ROLLED_BACK);
    T_EQ(pair.commune.note.seq, 9);
}

TEST(core, an_office_that_has_written_nothing_still_finds_the_logs_it_holds)
{
    OWNED(pair_release) struct pair pair = {0};
    pair_open(&pair);
    T_EQ(core_own_log(pair.commune.core)->size, 0);
    restart(&pair, &pair.commune);
    const struct log *log = logs_find(core_logs(pair.commune.core), &pair.province.conf.self);
    T_OK(log != NULL);
    T_EQ(log->size, 4);
    T_OK(log->number != core_own_log(pair.commune.core)->number);
    write_session(&pair, &pair.commune, 30);
    talk(&pair);
    T_EQ(attendees_at(&pair.province), 30);
}
