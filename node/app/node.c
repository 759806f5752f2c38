#include "node.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "../../proto/assets.h"
#include "../../proto/pack.h"
#include "../catalogue/definition.h"
#include "../catalogue/offices.h"
#include "control.h"
#include "enrol.h"
#include "figures.h"
#include "talk.h"

mono_t
node_mono(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (mono_t)now.tv_sec * 1000 + (mono_t)now.tv_nsec / 1000000 + 1;
}

wall_t
node_wall(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    return (wall_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// The core and what it reads.

static void
core_start(struct node *self)
{
    struct core_conf conf = {
        .self = {self->home.self, self->home.epoch},
        .before = self->home.before,
        .crypto = &crypto_sodium,
        .codec = self->codec,
        .view = log_db_view(self->home.log),
        .trusted = self->home.trusted,
        .trusted_count = self->home.trusted_count,
        .software = "lienthong " VERSION,
    };
    core_conf_defaults(&conf);
    conf.ping_ms = (uint64_t)self->conf.ping_ms;
    conf.dead_ms = (uint64_t)self->conf.dead_ms;
    conf.density_ms = (uint64_t)self->conf.density_ms;
    memcpy(conf.net, self->home.net, sizeof conf.net);
    memcpy(conf.sign_public, self->home.keys.sign_public, 32);
    memcpy(conf.sign_secret, self->home.keys.sign_secret, 64);
    memcpy(conf.cosign_public, self->home.keys.cosign_public, 32);
    memcpy(conf.cosign_secret, self->home.keys.cosign_secret, 64);
    self->core = core_new(&conf);
    sodium_memzero(&conf, sizeof conf);
    self->has_new_types = self->has_new_offices = true;
    self->is_lagging = true;
}

// Sends.

static const uint8_t *
key_of(const struct node *self, const struct office *office)
{
    const struct unit *unit = registry_unit(core_registry(self->core), office);
    return unit != NULL && unit->has_certificate ? unit->curve : NULL;
}

static void
send_now(struct node *self, const struct core_send *send)
{
    if (self->net == NULL)
        return;
    if (send->lane == LANE_LIVE_DOWN) {
        net_publish_down(self->net, send->topic, send->message);
        return;
    }
    const uint8_t *key = key_of(self, &send->peer);
    if (key == NULL)
        return;
    if (send->lane == LANE_LIVE_UP)
        net_publish_up(self->net, key, send->topic, send->message);
    else
        (void)!net_send(self->net, key, send->message); // Lost is asked for again
}

static void
send_keep(struct node *self, const struct core_send *send)
{
    self->sends =
        mem_reserve(self->sends, &self->send_room, self->send_count + 1, sizeof *self->sends);
    struct core_send *kept = &self->sends[self->send_count++];
    *kept = *send;
    kept->topic = arena_bytes(&self->turn, send->topic);
    kept->message = arena_bytes(&self->turn, send->message);
}

static void
sends_do(struct node *self, const struct core_update *update, bool must_wait)
{
    for (size_t i = 0; i < update->send_count; i++) {
        if (must_wait && !update->sends[i].is_early)
            send_keep(self, &update->sends[i]);
        else
            send_now(self, &update->sends[i]);
    }
}

// Notes.

static void
note_do(struct node *self, const struct core_note *note)
{
    switch (note->type) {
    case NOTE_DEFINITIONS:
        self->has_new_types = self->has_new_measures = true;
        break;
    case NOTE_OFFICES:
        self->has_new_offices = true;
        break;
    case NOTE_ROLLED_BACK:
        self->is_rolled_back = true;
        break;
    case NOTE_LINK_SILENT:
        talk_silent(self, &note->peer);
        break;
    case NOTE_REFUSED_DRAFT: {
        struct err why = {0}, ignored = {0};
        (void)err_set(&why, note->code, "%s", "%s", err_sentence(note->code, LANG_EN));
        (void)!office_db_refuse(self->office, note->key, &why, &ignored);
        break;
    }
    case NOTE_LINK_OPEN:
    case NOTE_PEER_FAULT:
    case NOTE_FAULT_HEARD:
    case NOTE_QUARANTINED:
    default:
        break;
    }
    talk_note(self, note);
}

// Writes.

static void
shown_keep(struct node *self, const struct projection *projection)
{
    self->shown =
        mem_reserve(self->shown, &self->shown_room, self->shown_count + 1, sizeof *self->shown);
    struct projection *kept = &self->shown[self->shown_count++];
    *kept = *projection;
    kept->state = arena_bytes(&self->turn, projection->state);
    kept->heads = arena_bytes(&self->turn, projection->heads);
    kept->conflicts = arena_bytes(&self->turn, projection->conflicts);
}

static int
writes_do(struct node *self, const struct core_update *update)
{
    if (update->write_count == 0)
        return 0;
    if (!self->is_writing) {
        int code = log_db_begin(self->home.log, &self->err);
        if (code != 0)
            return code;
        self->is_writing = true;
    }
    for (size_t i = 0; i < update->write_count; i++) {
        if (update->writes[i].type == WRITE_RECORD)
            shown_keep(self, &update->writes[i].as.record.projection);
        self->has_totals = self->has_totals || update->writes[i].type == WRITE_TOTAL;
    }
    int code = log_db_write(self->home.log, update->writes, update->write_count, &self->err);
    if (code != 0)
        self->is_writing = false;
    return code;
}

static void
node_step(struct node *self, const struct core_event *event)
{
    if (self->err.code != 0)
        return; // The turn is lost; node_turn takes it back
    struct core_update update;
    core_step(self->core, event, &update);
    if (writes_do(self, &update) != 0)
        return;
    bool is_about_the_past = event->type == CORE_STORED || event->type == CORE_TICK;
    sends_do(self, &update, self->is_writing && !is_about_the_past);
    if (update.wake != 0 && (self->wake == 0 || update.wake < self->wake))
        self->wake = update.wake;
    for (size_t i = 0; i < update.note_count; i++)
        note_do(self, &update.notes[i]);
}

void
node_hear(struct node *self, const struct office *peer, bool is_live, struct bytes message)
{
    node_step(self, &(struct core_event){.type = CORE_HEARD,
                                         .now = node_mono(),
                                         .wall = node_wall(),
                                         .peer = *peer,
                                         .is_live = is_live,
                                         .message = message});
}

void
node_link(struct node *self, const struct office *peer, bool is_up)
{
    node_step(self, &(struct core_event){.type = is_up ? CORE_LINK_UP : CORE_LINK_DOWN,
                                         .now = node_mono(),
                                         .wall = node_wall(),
                                         .peer = *peer});
}

static void
time_passes(struct node *self, enum core_event_type type)
{
    node_step(self, &(struct core_event){.type = type, .now = node_mono(), .wall = node_wall()});
}

static bool
record_count(void *context, const struct log_record *record)
{
    struct node *self = context;
    struct core_update update;
    core_recount(self->core, &record->id, record->row, false, &update);
    return writes_do(self, &update) == 0;
}

// A new indicator counts the records that were there before it: in the transaction that brings it,
// so that no crash comes between.
static void
measures_count(struct node *self)
{
    struct core_update update;
    self->has_new_measures = false;
    core_recount_begin(self->core, &update);
    if (writes_do(self, &update) != 0)
        return;
    (void)!log_db_records(self->home.log, &(struct record_id){0}, record_count, self, &self->err);
    if (self->err.code != 0)
        return;
    core_recount(self->core, NULL, (struct bytes){0}, true, &update);
    (void)writes_do(self, &update);
}

// One fsync for all that came in this turn; then what depended on it leaves.
static void
log_commit(struct node *self)
{
    if (self->is_writing && self->err.code == 0 && self->has_new_measures)
        measures_count(self);
    if (!self->is_writing || self->err.code != 0)
        return;
    self->is_writing = false;
    if (log_db_commit(self->home.log, &self->err) != 0)
        return;
    self->commits++;
    for (size_t i = 0; i < self->send_count; i++)
        send_now(self, &self->sends[i]);
    self->send_count = 0;
    time_passes(self, CORE_STORED);
}

// office.db.

static int
offices_show(struct node *self)
{
    const struct registry *registry = core_registry(self->core);
    struct office_entry *rows = mem_new((registry->count + 1) * sizeof *rows);
    size_t count = 0;
    for (size_t i = 0; i < registry->count; i++) {
        const struct unit *unit = registry->units[i];
        if (registry_is_in_line(registry, &self->home.self, &unit->office))
            rows[count++] = (struct office_entry){
                unit->office, unit->parent, unit->name[0] != '\0' ? unit->name : unit->office.code,
                unit->is_hosted};
    }
    int code = office_db_set_offices(self->office, rows, count, &self->err);
    free(rows);
    return code;
}

struct showing {
    struct node *node;
    int code;
};

static bool
record_show(void *context, const struct log_record *record)
{
    struct showing *showing = context;
    struct projection projection;
    core_projection(showing->node->core, &record->id, record->row, &projection);
    showing->code = office_db_put(showing->node->office, &projection, &showing->node->err);
    return showing->code == 0;
}

static bool
segment_show(void *context, const struct log_segment *segment)
{
    struct showing *showing = context;
    struct view view = log_db_view(showing->node->home.log);
    for (seq_t seq = segment->first; seq < segment->first + segment->count; seq++) {
        struct bytes stub, body, row;
        struct entry entry;
        if (!view.entry(view.store, segment->log, seq, &stub, &body) ||
            entry_read(stub, body, &entry) != 0 || !entry.has_shape || entry.kind != KIND_RECORD)
            continue;
        struct record_id id = entry.record;
        if (!view.record(view.store, &id, &row))
            continue;
        OWNED(buf_release) struct buf kept = {0};
        buf_add_bytes(&kept, row);
        struct log_record record = {.id = id, .row = buf_bytes(&kept)};
        if (!record_show(context, &record))
            return false;
    }
    return true;
}

static int
position_get(struct node *self, uint64_t *ret_position)
{
    OWNED(buf_release) struct buf value = {0};
    int code = office_db_position(self->office, &value, &self->err);
    *ret_position = 0;
    if (code == 0 && value.size == 8)
        memcpy(ret_position, value.at, 8);
    return code;
}

static int
position_set(struct node *self)
{
    uint64_t position;
    int code = log_db_position(self->home.log, &position, &self->err);
    if (code == 0)
        code = office_db_set_position(self->office, BYTES(&position, 8), &self->err);
    return code;
}

// Show everything log.db has beyond the place office.db stands at; all records when their tables
// are new.
static int
backlog_show(struct node *self, bool is_all)
{
    struct showing showing = {self, 0};
    uint64_t position = 0;
    int code = position_get(self, &position);
    if (code == 0 && is_all)
        code = log_db_records(self->home.log, &(struct record_id){0}, record_show, &showing,
                              &self->err);
    else if (code == 0)
        code = log_db_segments(self->home.log, position, segment_show, &showing, &self->err);
    return code != 0 ? code : showing.code;
}

static int
shown_put(struct node *self)
{
    for (size_t i = 0; i < self->shown_count; i++) {
        int code = office_db_put(self->office, &self->shown[i], &self->err);
        if (code != 0)
            return code;
    }
    return 0;
}

static int
tables_make(struct node *self, bool *ret_is_new)
{
    size_t count;
    const struct type *const *types = core_types(self->core, &count);
    *ret_is_new = self->has_new_types;
    int code = 0;
    if (self->has_new_types)
        code = office_db_set_types(self->office, types, count, &self->err);
    if (code == 0 && self->has_new_offices)
        code = offices_show(self);
    return code;
}

// Outbox rows that already became entries come again after a power cut, or in a restored file.
static size_t
drafts_fresh(struct node *self, const struct draft *drafts, size_t count, struct draft *ret_fresh)
{
    size_t fresh = 0;
    for (size_t i = 0; i < count; i++) {
        log_t log;
        seq_t seq;
        struct err ignored = {0};
        if (log_db_drained(self->home.log, drafts[i].key, &log, &seq, &ignored) == 0)
            continue;
        ret_fresh[fresh] = drafts[i];
        static const uint8_t nothing[16];
        struct view view = log_db_view(self->home.log);
        struct bytes stub, body;
        struct entry entry;
        if (memcmp(drafts[i].follows, nothing, 16) != 0 &&
            log_db_drained(self->home.log, drafts[i].follows, &log, &seq, &ignored) == 0 &&
            view.entry(view.store, log, seq, &stub, &body) && entry_read(stub, body, &entry) == 0) {
            OWNED(buf_release) struct buf packed = {0};
            struct ref ref = entry_ref(&entry);
            refs_pack(&ref, 1, &packed);
            ret_fresh[fresh].after = arena_keep(&self->turn, &packed);
        }
        fresh++;
    }
    return fresh;
}

static int
outbox_drain(struct node *self, size_t *ret_count)
{
    const struct draft *drafts;
    int code = office_db_drain(self->office, &drafts, ret_count, &self->err);
    if (code != 0 || *ret_count == 0)
        return code;
    struct draft *fresh = mem_new(*ret_count * sizeof *fresh);
    size_t count = drafts_fresh(self, drafts, *ret_count, fresh);
    if (count > 0)
        node_step(self, &(struct core_event){.type = CORE_DRAFTED,
                                             .now = node_mono(),
                                             .wall = node_wall(),
                                             .drafts = fresh,
                                             .draft_count = count});
    free(fresh);
    return self->err.code;
}

static bool
stray_expect(void *context, const struct record_id *id, struct projection *ret_expected)
{
    struct node *self = context;
    struct view view = log_db_view(self->home.log);
    struct bytes row;
    if (!view.record(view.store, id, &row))
        return false;
    OWNED(buf_release) struct buf kept = {0};
    buf_add_bytes(&kept, row);
    core_projection(self->core, id, buf_bytes(&kept), ret_expected);
    return true;
}

// Somebody changed the schema, and may have written while our triggers were gone: what differs from
// the records this file shows goes into the outbox. Only where it shows all there is; a row must
// never be held against a newer state.
static int
strays_take(struct node *self)
{
    uint64_t shown = 0, position = 0;
    size_t count = 0;
    int code = position_get(self, &shown);
    if (code == 0)
        code = log_db_position(self->home.log, &position, &self->err);
    if (code == 0 && shown == position && !self->is_writing)
        code = office_db_strays(self->office, stray_expect, self, &count, &self->err);
    self->is_foreign = false;
    return code;
}

// In a transaction of office.db: drain first, so that a writer's rows keep the heads it saw.
static int
office_fill(struct node *self, bool *ret_has_more)
{
    size_t drained = 0;
    bool is_new = false;
    bool was_lagging = self->is_lagging;
    int code = 0;
    if (self->has_new_types || self->has_new_offices)
        code = tables_make(self, &is_new); // Rows of the outbox are read by today's types
    if (code == 0 && self->is_foreign)
        code = strays_take(self);
    if (code == 0)
        code = outbox_drain(self, &drained);
    *ret_has_more = drained >= 1000;
    log_commit(self);
    if (code == 0)
        code = self->err.code;
    if (code == 0 && (was_lagging || is_new))
        code = backlog_show(self, is_new);
    else if (code == 0)
        code = shown_put(self);
    if (code == 0)
        code = office_db_drop(self->office, drained, &self->err);
    if (code == 0)
        code = position_set(self);
    return code;
}

static void
office_turn(struct node *self)
{
    bool has_outbox = false;
    struct err err = {0};
    int code = office_db_changed(self->office, &has_outbox, &err);
    bool has_work = has_outbox || self->shown_count > 0 || self->is_lagging || self->is_foreign ||
                    self->has_new_types || self->has_new_offices;
    if (code == 0 && !has_work) {
        if (node_mono() >= self->await_until)
            self->office_at = 0; // Nobody is committing: sleep
        return;
    }
    bool has_more = false;
    code = office_db_begin(self->office, &err);
    self->is_locked = code == ERR_BUSY;
    if (code != 0) {
        self->is_lagging = self->is_lagging || self->shown_count > 0;
        self->office_at = node_mono() + OFFICE_RETRY_MS;
        return;
    }
    code = office_fill(self, &has_more);
    if (code == 0)
        code = office_db_commit(self->office, &self->err);
    if (code != 0) {
        office_db_rollback(self->office);
        self->is_lagging = true;
        self->office_at = node_mono() + 100ULL * OFFICE_RETRY_MS;
        if (err_who(code) != WHO_DISK || code == ERR_BUSY)
            self->err = (struct err){0}; // Of office.db alone: log.db is the truth, and whole
        return;
    }
    self->is_lagging = self->has_new_types = self->has_new_offices = false;
    code =
        office_db_changed(self->office, &has_outbox, &err); // Takes the wakes we caused ourselves
    self->office_at = has_more || (code == 0 && has_outbox) ? node_mono() : 0;
}

// The kernel wakes us when a writer's frames are in the WAL; they count once its fsync is done,
// which wakes nobody. So look often for half a millisecond, then every millisecond for a while.
static void
outbox_await(struct node *self, bool is_woken)
{
    if (is_woken)
        self->await_until = node_mono() + OFFICE_AWAIT_MS;
    if (node_mono() >= self->await_until)
        return;
    static const struct timespec moment = {0, 20000};
    bool has_outbox = false;
    struct err err = {0};
    for (int i = 0; i < 12 && !has_outbox; i++) {
        if (office_db_changed(self->office, &has_outbox, &err) != 0)
            return;
        if (!has_outbox)
            (void)nanosleep(&moment, NULL);
    }
    if (has_outbox)
        self->await_until = 0;
    else
        self->office_at = node_mono() + 1;
}

// Somebody else changed tables or triggers: make ours again.
static void
schema_look(struct node *self)
{
    bool is_foreign = false;
    struct err err = {0};
    if (office_db_schema_is_foreign(self->office, &is_foreign, &err) != 0 || !is_foreign)
        return;
    self->is_foreign = self->has_new_types = true;
    self->office_at = node_mono();
}

static void
figures_show(struct node *self)
{
    mono_t now = node_mono();
    if (now >= self->schema_at) {
        schema_look(self);
        self->schema_at = now + 1000;
    }
    if (!self->has_totals || now < self->figures_at)
        return;
    struct err err = {0};
    if (office_db_begin(self->office, &err) != 0)
        return;
    struct view view = log_db_view(self->home.log);
    int code = figures_put(self->core, self->office, &view, &self->home.self, &err);
    if (code == 0)
        code = office_db_commit(self->office, &err);
    if (code != 0)
        office_db_rollback(self->office);
    self->has_totals = code != 0;
    self->figures_at = now + 1000;
}

// The core believes what the disk refused: begin again from the disk. The connection to the office
// above stands, and no event says so to the new core; without a word it would stay silent until
// that office's next ping.
static void
core_restart(struct node *self)
{
    struct link_status link, above = {0};
    for (size_t i = 0; core_link(self->core, i, &link); i++)
        if (link.is_up && link.heard_at != 0)
            above = link;
    core_destroy(&self->core);
    core_start(self);
    if (above.is_up)
        node_link(self, &above.peer, true);
}

int
node_turn(struct node *self, struct err *reterr)
{
    office_turn(self);
    log_commit(self);
    if (self->is_writing)
        log_commit(self); // What the first commit made due: receipts given
    self->shown_count = 0;
    self->send_count = 0;
    arena_clear(&self->turn);
    int code = self->err.code;
    if (code != 0) {
        *reterr = self->err;
        self->err = (struct err){0};
        log_db_rollback(self->home.log);
        self->is_writing = false;
        core_restart(self);
    }
    return code;
}

int
node_draft(struct node *self, const struct draft *drafts, size_t count, struct err *reterr)
{
    node_step(self, &(struct core_event){.type = CORE_DRAFTED,
                                         .now = node_mono(),
                                         .wall = node_wall(),
                                         .drafts = drafts,
                                         .draft_count = count});
    return node_turn(self, reterr);
}

int
node_open(const char *home, const struct conf *conf, struct node *ret_node, struct err *reterr)
{
    *ret_node = (struct node){.home = {.lock_fd = -1}};
    ret_node->conf = *conf;
    int code = crypto_start();
    if (code != 0)
        return err_set(reterr, code, "libsodium", "libsodium");
    code = home_open(home, &ret_node->home, reterr);
    char path[HOME_PATH_MAX + 64];
    home_file(home, "office.db", path);
    if (code == 0)
        code = office_db_open(path, &ret_node->home.self, &ret_node->office, reterr);
    if (code != 0) {
        node_close(ret_node);
        return code;
    }
    ret_node->codec = codec_new();
    core_start(ret_node);
    schema_look(ret_node);
    return 0;
}

void
node_close(struct node *self)
{
    net_close(&self->net, 200);
    core_destroy(&self->core);
    codec_destroy(&self->codec);
    office_db_close(&self->office);
    home_release(&self->home);
    arena_release(&self->turn);
    free(self->sends);
    free(self->shown);
    self->sends = NULL;
    self->shown = NULL;
}

int
node_rebuild(struct node *self, struct err *reterr)
{
    int code = node_turn(self, reterr); // The outbox moves across first
    if (code == 0)
        code = office_db_begin(self->office, reterr);
    if (code != 0)
        return code;
    code = office_db_rebuild_begin(self->office, reterr);
    if (code == 0)
        code = offices_show(self);
    if (code == 0)
        code = backlog_show(self, true);
    if (code == 0)
        code = position_set(self);
    if (code == 0)
        code = office_db_commit(self->office, reterr);
    if (code == 0)
        return 0;
    office_db_rollback(self->office);
    if (self->err.code != 0)
        *reterr = self->err;
    self->err = (struct err){0};
    return code;
}

// The first start of a root.

static int
definition_draft(struct node *self, const struct asset *asset, struct err *reterr)
{
    OWNED(buf_release) struct buf packed = {0};
    struct bytes json = {asset->at, (size_t)(asset->end - asset->at)};
    int code = definition_load(asset->path, json, &packed, reterr);
    if (code != 0)
        return code;
    bool is_type = definition_kind(buf_bytes(&packed)) == DEFINITION_TYPE;
    const struct draft draft = {.kind = KIND_DEFINITION,
                                .type = bytes_of(is_type ? "type" : "indicator"),
                                .type_version = 1,
                                .actor = ACTOR_NONE,
                                .facts = buf_bytes(&packed)};
    return node_draft(self, &draft, 1, reterr);
}

int
node_register(struct node *self, const char *type, const struct unit *unit, struct err *reterr)
{
    OWNED(buf_release) struct buf facts = {0};
    uint64_t now = (uint64_t)node_wall() / 1000;
    if (strcmp(type, "office") == 0)
        office_pack(unit, &facts);
    else
        certificate_pack(unit, now - 86400, now + 5ULL * 366 * 86400, &facts);
    const struct draft draft = {.kind = KIND_REGISTRY,
                                .type = bytes_of(type),
                                .type_version = 1,
                                .actor = ACTOR_NONE,
                                .facts = buf_bytes(&facts)};
    return node_draft(self, &draft, 1, reterr);
}

static int
offices_found(struct node *self, struct err *reterr)
{
    struct bytes file;
    struct offices offices = {0};
    if (!asset_find("conf/offices/thai-nguyen.csv", &file))
        return err_set(reterr, ERR_BUG, "thai-nguyen.csv", "thai-nguyen.csv");
    int code = offices_read(file, NULL, &offices, reterr);
    for (size_t i = 0; i < offices.count && code == 0; i++) {
        struct unit unit = {.office = offices.rows[i].office, .parent = offices.rows[i].parent};
        (void)snprintf(unit.name, sizeof unit.name, "%s", offices.rows[i].name);
        if (office_equal(&unit.parent, &self->home.self))
            code = node_register(self, "office", &unit, reterr);
    }
    offices_release(&offices);
    return code;
}

int
node_found(const char *home, const char *name, struct err *reterr)
{
    struct conf conf;
    conf_defaults(&conf);
    struct node node;
    int code = node_open(home, &conf, &node, reterr);
    if (code != 0)
        return code;
    struct unit unit;
    struct office none = {0};
    home_unit(&node.home.keys, &node.home.self, &none, &unit);
    (void)snprintf(unit.name, sizeof unit.name, "%s", name);
    code = node_register(&node, "certificate", &unit, reterr);
    if (code == 0)
        code = node_register(&node, "office", &unit, reterr);
    if (code == 0)
        code = offices_found(&node, reterr);
    for (const struct asset *asset = assets; asset->path != NULL && code == 0; asset++)
        if (strncmp(asset->path, "conf/plan/", 10) == 0)
            code = definition_draft(&node, asset, reterr);
    node_close(&node);
    return code;
}

// The daemon.

static bool
admit(void *context, const uint8_t key[32])
{
    struct node *self = context;
    return registry_by_curve(core_registry(self->core), key) != NULL || enrol_is_invited(self, key);
}

static bool
may_hear(void *context, const uint8_t key[32], struct bytes topic)
{
    struct node *self = context;
    const struct unit *unit = registry_by_curve(core_registry(self->core), key);
    return unit != NULL &&
           (bytes_equal(topic, bytes_of(unit->office.code)) || bytes_equal(topic, BYTES_LIT("*")));
}

static int
net_start(struct node *self, struct err *reterr)
{
    struct net_conf conf = {.crypto = &crypto_sodium,
                            .self = self,
                            .admit = admit,
                            .may_hear = may_hear,
                            .reconnect_ms = (int)self->conf.reconnect_ms};
    memcpy(conf.secret, self->home.keys.curve_secret, 32);
    int code = net_open(&conf, &self->net, reterr);
    sodium_memzero(&conf, sizeof conf);
    char listen_at[ENDPOINT_MAX + 1];
    if (code == 0 && self->conf.listen.host[0] != '\0') {
        endpoint_text(&self->conf.listen, 0, listen_at);
        code = net_listen(self->net, bytes_of(listen_at), reterr);
    }
    if (code == 0)
        talk_start(self);
    return code;
}

static int
signals_take(void)
{
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL); // outbox_await means 20 us
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int
wait_ms(const struct node *self)
{
    mono_t now = node_mono(), at = now + 1000;
    if (self->wake != 0 && self->wake < at)
        at = self->wake;
    if (self->office_at != 0 && self->office_at < at)
        at = self->office_at;
    return at > now ? (int)(at - now) : 0;
}

static void
messages_take(struct node *self)
{
    struct net_message message;
    size_t count = 0;
    while (net_next(self->net, &message))
        if (talk_heard(self, &message) && ++count >= TURN_MESSAGES)
            break;
}

// A full disk passes; an fsync that failed does not, for what it was to keep may be gone.
static bool
is_fatal(int code)
{
    return code != 0 && code != ERR_FULL && code != ERR_BUSY && code != ERR_READONLY;
}

static int
node_loop(struct node *self, int signal_fd, struct control *control, struct err *reterr)
{
    while (!self->is_stopping) {
        struct pollfd extra[3] = {{signal_fd, POLLIN, 0},
                                  {office_db_fd(self->office), POLLIN, 0},
                                  {control_fd(control), POLLIN, 0}};
        int limit_ms = wait_ms(self);
        if (net_wait(self->net, extra, 3, limit_ms) == 0 && limit_ms >= IDLE_MS)
            log_db_idle(self->home.log);
        struct signalfd_siginfo info;
        if (read(signal_fd, &info, sizeof info) == (ssize_t)sizeof info && info.ssi_signo != SIGHUP)
            self->is_stopping = true;
        outbox_await(self, extra[1].revents != 0);
        messages_take(self);
        struct err err = {0};
        int code = node_turn(self, &err);
        self->wake = 0;
        time_passes(self, CORE_TICK);
        if (code == 0)
            code = node_turn(self, &err);
        talk_due(self);
        control_serve(control, self, extra[2].revents != 0);
        figures_show(self);
        if (self->is_rolled_back) {
            *reterr = (struct err){0};
            return ERR_FORK;
        }
        if (code != 0)
            talk_error(self, &err);
        if (is_fatal(code)) {
            *reterr = err;
            return code;
        }
        if (code != 0)
            (void)usleep(200000);
    }
    return 0;
}

static int
run_once(const char *home, const struct conf *conf, int signal_fd, bool *is_forked,
         struct err *reterr)
{
    struct node node;
    int code = node_open(home, conf, &node, reterr);
    if (code != 0)
        return code;
    struct control *control = NULL;
    if (*is_forked)
        code = home_new_epoch(&node.home, reterr);
    if (*is_forked && code == 0) {
        core_destroy(&node.core);
        core_start(&node);
    }
    *is_forked = false;
    if (code == 0)
        code = net_start(&node, reterr);
    if (code == 0)
        code = control_open(home, &control, reterr);
    if (code == 0) {
        talk_ready(&node);
        node.wake = node_mono();
        code = node_loop(&node, signal_fd, control, reterr);
    }
    *is_forked = code == ERR_FORK && reterr->code == 0;
    control_close(&control);
    node_close(&node);
    return code;
}

int
node_run(const char *home, const struct conf *conf, struct err *reterr)
{
    int signal_fd = signals_take();
    bool is_forked = false;
    int code;
    do {
        code = run_once(home, conf, signal_fd, &is_forked, reterr);
    } while (is_forked); // Somebody holds more of our own log: go on in a new epoch
    (void)close(signal_fd);
    return code;
}
