#include "request.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../../proto/note.h"
#include "../../proto/read.h"
#include "../catalogue/definition.h"
#include "../catalogue/value.h"
#include "../core/record.h"
#include "control.h"
#include "enrol.h"
#include "figures.h"
#include "node.h"

static json_t *
error_answer(const struct err *err)
{
    return json_pack("{s:{s:s, s:s, s:s}}", "error", "code", err_name(err->code), "vi",
                     err_text(err, LANG_VI), "en", err_text(err, LANG_EN));
}

static const char *
text_of(json_t *request, const char *name)
{
    return json_string_value(json_object_get(request, name));
}

static const char *
name_of(const struct node *node, const struct office *office)
{
    const struct unit *unit = registry_unit(core_registry(node->core), office);
    return unit != NULL ? unit->name : "";
}

static void
set_int(json_t *object, const char *name, uint64_t value)
{
    (void)json_object_set_new(object, name, json_integer((json_int_t)value));
}

static void
set_text(json_t *object, const char *name, const char *value)
{
    (void)json_object_set_new(object, name, json_string(value));
}

// status

// What `holder` says it holds of this office, over all epochs; the time of the newest receipt.
static void
held_sum(struct node *node, const struct view *view, const struct office *holder,
         struct receipt *ret_sum)
{
    const struct logs *logs = core_logs(node->core);
    for (size_t i = 0; i < logs->count; i++) {
        struct receipt receipt;
        if (!office_equal(&logs->at[i]->origin.office, &node->home.self) ||
            !view->receipt(view->store, &logs->at[i]->origin, holder, &receipt))
            continue;
        ret_sum->bodies += receipt.bodies;
        ret_sum->time = receipt.time > ret_sum->time ? receipt.time : ret_sum->time;
    }
}

static uint64_t
saved_sum(const struct node *node)
{
    uint64_t saved = 0;
    const struct logs *logs = core_logs(node->core);
    for (size_t i = 0; i < logs->count; i++)
        if (office_equal(&logs->at[i]->origin.office, &node->home.self))
            saved += logs->at[i]->durable;
    return saved;
}

static json_t *
held_list(struct node *node)
{
    json_t *held = json_array();
    const struct registry *registry = core_registry(node->core);
    struct view view = log_db_view(node->home.log);
    const struct unit *unit = registry_unit(registry, &node->home.self);
    for (unit = unit != NULL ? registry_unit(registry, &unit->parent) : NULL; unit != NULL;
         unit = registry_unit(registry, &unit->parent)) {
        struct receipt receipt = {0};
        held_sum(node, &view, &unit->office, &receipt);
        (void)json_array_append_new(
            held, json_pack("{s:s, s:s, s:I, s:I}", "holder", unit->office.code, "name", unit->name,
                            "size", (json_int_t)receipt.bodies, "time", (json_int_t)receipt.time));
    }
    return held;
}

static json_t *
links_list(struct node *node, uint64_t *ret_sent)
{
    json_t *links = json_array();
    struct link_status link;
    mono_t now = node_mono();
    *ret_sent = 0;
    for (size_t i = 0; core_link(node->core, i, &link); i++) {
        bool is_open = link.has_hello;
        const char *state = is_open ? "open" : link.heard_at != 0 ? "silent" : "none";
        (void)json_array_append_new(
            links,
            json_pack("{s:s, s:s, s:b, s:s, s:I, s:I, s:I, s:I}", "peer", link.peer.code, "name",
                      name_of(node, &link.peer), "up", link.is_up, "state", state, "heard_ms_ago",
                      (json_int_t)(link.heard_at != 0 ? now - link.heard_at : 0), "behind",
                      (json_int_t)link.behind_entries, "lacking", (json_int_t)link.lacking_entries,
                      "skew_ms", (json_int_t)link.skew_ms));
    }
    return links;
}

static json_t *
children_list(struct node *node)
{
    json_t *children = json_array();
    const struct registry *registry = core_registry(node->core);
    for (size_t i = 0; i < registry->count; i++) {
        const struct unit *unit = registry->units[i];
        if (!office_equal(&unit->parent, &node->home.self))
            continue;
        const struct log *log = logs_latest(core_logs(node->core), &unit->office);
        (void)json_array_append_new(
            children,
            json_pack("{s:s, s:s, s:b, s:b, s:I, s:I}", "office", unit->office.code, "name",
                      unit->name, "hosted", !unit->has_certificate, "certificate",
                      unit->has_certificate, "size", (json_int_t)(log != NULL ? log->size : 0),
                      "moved_at", (json_int_t)(log != NULL ? log->moved_at : 0)));
    }
    return children;
}

static json_t *
frontier_list(struct node *node)
{
    json_t *frontier = json_array();
    const struct logs *logs = core_logs(node->core);
    struct view view = log_db_view(node->home.log);
    for (size_t i = 0; i < logs->count; i++) {
        struct log *log = logs->at[i];
        uint8_t root[32];
        char hex[65], epoch[17];
        if (log->size == 0)
            continue;
        log_warm(log, &view);
        merkle_root(&log->edge, root);
        hex_text(root, sizeof root, hex);
        (void)snprintf(epoch, sizeof epoch, "%016" PRIx64, log->origin.epoch);
        (void)json_array_append_new(
            frontier, json_pack("{s:s, s:s, s:I, s:s}", "office", log->origin.office.code, "epoch",
                                epoch, "size", (json_int_t)log->size, "root", hex));
    }
    return frontier;
}

static bool
quarantine_count(void *context, const struct log_quarantine *quarantine)
{
    (void)quarantine;
    (*(uint64_t *)context)++;
    return true;
}

static uint64_t
rss_kb(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (uint64_t)usage.ru_maxrss : 0;
}

static void
status_counts(struct node *node, json_t *status)
{
    struct err err = {0};
    uint64_t quarantined = 0, evidence = 0;
    (void)!log_db_quarantined(node->home.log, quarantine_count, &quarantined, &err);
    (void)!log_db_evidence_count(node->home.log, &evidence, &err);
    size_t types;
    (void)core_types(node->core, &types);
    set_int(status, "quarantine", quarantined);
    set_int(status, "evidence", evidence);
    set_int(status, "types", types);
    set_int(status, "rss_kb", rss_kb());
    set_int(status, "commits", node->commits);
    int64_t count = 0;
    (void)!office_db_count(node->office, "_outbox", &count, &err);
    set_int(status, "outbox", (uint64_t)count);
    (void)!office_db_count(node->office, "_refused", &count, &err);
    set_int(status, "refused", (uint64_t)count);
    (void)!office_db_count(node->office, "_conflict", &count, &err);
    set_int(status, "conflicts", (uint64_t)count);
}

static json_t *
status_answer(struct node *node)
{
    const struct registry *registry = core_registry(node->core);
    const struct unit *unit = registry_unit(registry, &node->home.self);
    uint64_t sent, wire = 0;
    char epoch[17];
    (void)snprintf(epoch, sizeof epoch, "%016" PRIx64, node->home.epoch);
    json_t *status = json_pack("{s:s, s:s, s:s, s:b, s:s, s:b}", "office", node->home.self.code,
                               "name", name_of(node, &node->home.self), "epoch", epoch, "running",
                               node->net != NULL, "version", VERSION, "locked", node->is_locked);
    (void)json_object_set_new(status, "parent",
                              unit != NULL && !office_is_none(&unit->parent)
                                  ? json_string(unit->parent.code)
                                  : json_null());
    (void)json_object_set_new(status, "held", held_list(node));
    (void)json_object_set_new(status, "links", links_list(node, &sent));
    (void)json_object_set_new(status, "children", children_list(node));
    (void)json_object_set_new(status, "frontier", frontier_list(node));
    set_int(status, "saved", saved_sum(node));
    set_int(status, "sent", core_sent(node->core));
    status_counts(node, status);
    if (node->net != NULL) {
        const struct net_counters *counters = net_counters(node->net);
        for (size_t i = 0; i < NET_LANES; i++)
            wire += counters->lanes[i].bytes_in + counters->lanes[i].bytes_out;
        set_int(status, "refused_strangers", counters->refused);
        set_int(status, "dropped", counters->dropped_unknown + counters->dropped_frames);
    }
    set_int(status, "wire_bytes", wire);
    return status;
}

static json_t *
peers_answer(struct node *node)
{
    json_t *peers = json_array();
    const struct registry *registry = core_registry(node->core);
    for (size_t i = 0; i < registry->count; i++) {
        const struct unit *unit = registry->units[i];
        if (!office_equal(&unit->parent, &node->home.self) &&
            !registry_is_above(registry, &unit->office, &node->home.self))
            continue;
        struct link_status link, found = {0};
        for (size_t j = 0; core_link(node->core, j, &link); j++)
            if (office_equal(&link.peer, &unit->office))
                found = link;
        const struct log *log = logs_latest(core_logs(node->core), &unit->office);
        const char *state = found.has_hello          ? "open"
                            : !unit->has_certificate ? "hosted"
                            : found.heard_at != 0    ? "silent"
                                                     : "never";
        (void)json_array_append_new(
            peers, json_pack("{s:s, s:s, s:i, s:b, s:b, s:s, s:I, s:I}", "office",
                             unit->office.code, "name", unit->name, "level",
                             (int)office_level(&unit->office), "hosted", !unit->has_certificate,
                             "certificate", unit->has_certificate, "state", state, "heard_ms_ago",
                             (json_int_t)(found.heard_at != 0 ? node_mono() - found.heard_at : 0),
                             "size", (json_int_t)(log != NULL ? log->size : 0)));
    }
    return json_pack("{s:o}", "peers", peers);
}

static json_t *
office_list_answer(struct node *node)
{
    json_t *offices = json_array();
    const struct registry *registry = core_registry(node->core);
    for (size_t i = 0; i < registry->count; i++) {
        const struct unit *unit = registry->units[i];
        (void)json_array_append_new(
            offices, json_pack("{s:s, s:s, s:i, s:s, s:b}", "code", unit->office.code, "name",
                               unit->name, "level", (int)office_level(&unit->office), "parent",
                               unit->parent.code, "hosted", !unit->has_certificate));
    }
    return json_pack("{s:o}", "offices", offices);
}

static json_t *
invite_answer(struct node *node, json_t *request)
{
    struct err err = {0};
    struct office office;
    char text[TOKEN_TEXT_MAX + 1];
    uint64_t expires;
    const char *code_text = text_of(request, "office");
    json_int_t hours = json_integer_value(json_object_get(request, "hours"));
    int code = code_text != NULL && office_parse(bytes_of(code_text), &office)
                   ? 0
                   : err_set(&err, ERR_ARG, "'%s' không phải mã đơn vị", "'%s' is no office code",
                             code_text != NULL ? code_text : "");
    if (code == 0)
        code = enrol_invite(node, &office, hours > 0 ? (unsigned)hours : 14 * 24, text, &expires,
                            &err);
    if (code != 0)
        return error_answer(&err);
    return json_pack("{s:s, s:s, s:I}", "office", office.code, "token", text, "expires",
                     (json_int_t)expires);
}

static json_t *
offices_answer(struct node *node, json_t *request)
{
    struct err err = {0};
    size_t i;
    json_t *row;
    int added = 0;
    json_array_foreach(json_object_get(request, "rows"), i, row)
    {
        struct unit unit = {0};
        const char *code_text = text_of(row, "code"), *name = text_of(row, "name");
        const char *parent = text_of(row, "parent");
        unit.parent = node->home.self;
        int code = 0;
        if (code_text == NULL || name == NULL || !office_parse(bytes_of(code_text), &unit.office) ||
            (parent != NULL && parent[0] != '\0' &&
             !office_parse(bytes_of(parent), &unit.parent)) ||
            office_level(&unit.parent) >= office_level(&unit.office))
            code = err_set(&err, ERR_ARG, "dòng %zu: '%s' không phải mã đơn vị dưới '%s'",
                           "row %zu: '%s' is no code of an office below '%s'", i + 1,
                           code_text != NULL ? code_text : "", unit.parent.code);
        const struct unit *known =
            code == 0 ? registry_unit(core_registry(node->core), &unit.office) : NULL;
        unit.is_hosted = known == NULL || !known->has_certificate;
        (void)snprintf(unit.name, sizeof unit.name, "%s", name != NULL ? name : "");
        if (code == 0)
            code = node_register(node, "office", &unit, &err);
        if (code != 0)
            return error_answer(&err);
        added++;
    }
    return json_pack("{s:i}", "added", added);
}

static json_t *
publish_answer(struct node *node, json_t *request)
{
    struct err err = {0};
    size_t i;
    json_t *file;
    int published = 0;
    if (!office_equal(&node->home.self, &core_registry(node->core)->root)) {
        (void)err_set(&err, ERR_DENIED, "chỉ cấp tỉnh ban hành biểu mẫu",
                      "only the root office publishes definitions");
        return error_answer(&err);
    }
    json_array_foreach(json_object_get(request, "files"), i, file)
    {
        OWNED(buf_release) struct buf packed = {0};
        const char *path = text_of(file, "path"), *text = text_of(file, "text");
        int code = definition_load(path != NULL ? path : "", bytes_of(text != NULL ? text : ""),
                                   &packed, &err);
        const struct draft draft = {.kind = KIND_DEFINITION,
                                    .type = code == 0 && definition_kind(buf_bytes(&packed)) ==
                                                             DEFINITION_TYPE
                                                ? BYTES_LIT("type")
                                                : BYTES_LIT("indicator"),
                                    .type_version = 1,
                                    .actor = ACTOR_NONE,
                                    .facts = buf_bytes(&packed)};
        if (code == 0)
            code = node_draft(node, &draft, 1, &err);
        if (code != 0)
            return error_answer(&err);
        published++;
    }
    return json_pack("{s:i}", "published", published);
}

static json_t *
types_answer(struct node *node)
{
    size_t count;
    const struct type *const *types = core_types(node->core, &count);
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *one;
        if (value_unpack(core_definition(node->core, "type", types[i]->name), &one) == 0)
            (void)json_array_append_new(list, one);
    }
    return json_pack("{s:o}", "types", list);
}

// log

static json_t *
raw_json(struct bytes value)
{
    json_t *json = NULL;
    return value.size > 0 && value_unpack(value, &json) == 0 ? json : json_null();
}

static json_t *
entry_json(const struct log *log, seq_t seq, struct bytes stub, struct bytes body)
{
    struct entry entry;
    char epoch[17];
    (void)snprintf(epoch, sizeof epoch, "%016" PRIx64, log->origin.epoch);
    json_t *json = json_pack("{s:s, s:s, s:I}", "office", log->origin.office.code, "epoch", epoch,
                             "seq", (json_int_t)seq);
    if (entry_read(stub, body, &entry) != 0)
        return json;
    set_int(json, "kind", entry.kind);
    (void)json_object_set_new(json, "withheld", json_boolean(!entry.has_body));
    if (!entry.has_shape)
        return json;
    char id[RECORD_TEXT_MAX + 1];
    (void)json_object_set_new(json, "type",
                              json_stringn((const char *)entry.type.at, entry.type.size));
    if (!office_is_none(&entry.record.creator)) {
        record_id_text(&entry.record, id);
        set_text(json, "record", id);
        set_text(json, "subject", entry.subject.code);
        set_text(json, "op",
                 entry.op == OP_RETRACT   ? "retract"
                 : entry.op == OP_RESTORE ? "restore"
                                          : "put");
    }
    set_int(json, "reason", entry.reason);
    set_int(json, "actor", entry.actor == ACTOR_NONE ? 0 : entry.actor);
    set_int(json, "logged_at", (uint64_t)entry.logged_at);
    set_int(json, "depth", entry.depth);
    (void)json_object_set_new(json, "facts", raw_json(entry.facts));
    (void)json_object_set_new(json, "after", raw_json(entry.after));
    return json;
}

static json_t *
record_log(struct node *node, const char *record)
{
    json_t *entries = json_array();
    struct record_id id;
    struct view view = log_db_view(node->home.log);
    if (!record_id_parse(bytes_of(record), &id))
        return entries;
    size_t count;
    struct place *places = core_places(node->core, &id, &count);
    for (size_t i = 0; i < count; i++) {
        struct bytes stub, body;
        if (view.entry(view.store, places[i].log, places[i].seq, &stub, &body))
            (void)json_array_append_new(
                entries,
                entry_json(core_logs(node->core)->at[places[i].log], places[i].seq, stub, body));
    }
    return entries;
}

static json_t *
log_answer(struct node *node, json_t *request)
{
    const char *record = text_of(request, "record");
    if (record != NULL)
        return json_pack("{s:o}", "entries", record_log(node, record));
    const char *office_text = text_of(request, "office");
    struct office office = node->home.self;
    if (office_text != NULL)
        (void)office_parse(bytes_of(office_text), &office);
    const struct log *log = logs_latest(core_logs(node->core), &office);
    json_int_t limit = json_integer_value(json_object_get(request, "limit"));
    json_t *from = json_object_get(request, "from");
    limit = limit > 0 && limit < 10000 ? limit : 50;
    json_t *entries = json_array();
    struct view view = log_db_view(node->home.log);
    if (log == NULL)
        return json_pack("{s:o}", "entries", entries);
    seq_t seq = json_is_integer(from)      ? (seq_t)json_integer_value(from)
                : log->size > (seq_t)limit ? log->size - (seq_t)limit
                                           : 0;
    for (; seq < log->size && limit > 0; seq++, limit--) {
        struct bytes stub, body;
        if (view.entry(view.store, log->number, seq, &stub, &body))
            (void)json_array_append_new(entries, entry_json(log, seq, stub, body));
    }
    return json_pack("{s:o}", "entries", entries);
}

// doctor

static void
check_add(json_t *checks, const char *name, bool ok, const char *vi, const char *en)
{
    (void)json_array_append_new(checks, json_pack("{s:s, s:b, s:s, s:s}", "name", name, "ok", ok,
                                                  "detail_vi", vi, "detail_en", en));
}

// Hash every entry of every log again, and compare with the root that was signed.
static bool
logs_hold(struct node *node, char *ret_where, size_t size)
{
    const struct logs *logs = core_logs(node->core);
    struct view view = log_db_view(node->home.log);
    for (size_t i = 0; i < logs->count; i++) {
        struct log *log = logs->at[i];
        struct merkle tree = {0};
        const struct unit *unit = registry_unit(core_registry(node->core), &log->origin.office);
        for (seq_t seq = 0; seq < log->note_size; seq++) {
            struct bytes stub, body;
            struct entry entry;
            uint8_t leaf[32];
            (void)snprintf(ret_where, size, "%s #%llu", log->origin.office.code,
                           (unsigned long long)seq);
            if (!view.entry(view.store, log->number, seq, &stub, &body) ||
                entry_read(stub, body, &entry) != 0)
                return false;
            entry_leaf(&entry, stub, leaf);
            merkle_add(&tree, leaf);
        }
        struct checkpoint checkpoint;
        char name[KEY_NAME_MAX + 1];
        uint8_t root[32];
        origin_line(node->home.net, &log->origin, name);
        (void)snprintf(ret_where, size, "%s", log->origin.office.code);
        if (log->note_size == 0)
            continue;
        merkle_root(&tree, root);
        if (unit == NULL ||
            checkpoint_open(buf_bytes(&log->note), name, unit->sign, &crypto_sodium, &checkpoint) !=
                0 ||
            checkpoint.size != log->note_size || memcmp(root, checkpoint.root, 32) != 0)
            return false;
    }
    return true;
}

static json_t *
doctor_answer(struct node *node, json_t *request)
{
    json_t *checks = json_array();
    char where[64] = "";
    bool ok = logs_hold(node, where, sizeof where);
    check_add(checks, "logs", ok, ok ? "mọi mục khớp gốc đã ký" : where,
              ok ? "every entry hashes to the signed root" : where);
    ok = figures_recount_agrees(node);
    check_add(checks, "figures", ok, ok ? "số liệu khớp khi đếm lại" : "số liệu lệch khi đếm lại",
              ok ? "a recount gives the same figures" : "a recount gives other figures");
    if (json_is_true(json_object_get(request, "rebuild"))) {
        struct err err = {0};
        int code = node_rebuild(node, &err);
        check_add(checks, "rebuild", code == 0,
                  code == 0 ? "office.db đã dựng lại từ log.db" : err_text(&err, LANG_VI),
                  code == 0 ? "office.db was made again from log.db" : err_text(&err, LANG_EN));
    }
    json_t *status = json_object();
    status_counts(node, status);
    uint64_t quarantined = (uint64_t)json_integer_value(json_object_get(status, "quarantine"));
    uint64_t refused = (uint64_t)json_integer_value(json_object_get(status, "refused"));
    uint64_t evidence = (uint64_t)json_integer_value(json_object_get(status, "evidence"));
    json_decref(status);
    check_add(checks, "quarantine", quarantined == 0,
              quarantined == 0 ? "không có mục bị cách ly" : "có mục bị cách ly",
              quarantined == 0 ? "no entry in quarantine" : "entries in quarantine");
    check_add(checks, "refused", refused == 0,
              refused == 0 ? "không có dòng bị từ chối" : "có dòng bị từ chối, xem bảng _refused",
              refused == 0 ? "no row refused" : "rows refused, see the table _refused");
    check_add(checks, "evidence", evidence == 0,
              evidence == 0 ? "không có bằng chứng vi phạm" : "có bằng chứng vi phạm của bên khác",
              evidence == 0 ? "no evidence against a peer" : "evidence against a peer");
    check_add(checks, "clock", node_wall() > 1767200000000LL && node_wall() < 2051200000000LL,
              "đồng hồ máy nằm trong 2026-2034", "the machine's clock is within 2026-2034");
    return json_pack("{s:o}", "checks", checks);
}

json_t *
request_answer(struct node *node, json_t *request)
{
    const char *verb = text_of(request, "verb");
    struct err err = {0};
    if (verb == NULL)
        verb = "";
    (void)!node_turn(node, &err); // What was written before the question is in the answer
    if (strcmp(verb, "status") == 0)
        return status_answer(node);
    if (strcmp(verb, "peers") == 0)
        return peers_answer(node);
    if (strcmp(verb, "office_list") == 0)
        return office_list_answer(node);
    if (strcmp(verb, "invite") == 0)
        return invite_answer(node, request);
    if (strcmp(verb, "offices") == 0)
        return offices_answer(node, request);
    if (strcmp(verb, "publish") == 0)
        return publish_answer(node, request);
    if (strcmp(verb, "types") == 0)
        return types_answer(node);
    if (strcmp(verb, "rollup") == 0)
        return figures_answer(node, request);
    if (strcmp(verb, "log") == 0)
        return log_answer(node, request);
    if (strcmp(verb, "doctor") == 0)
        return doctor_answer(node, request);
    if (strcmp(verb, "stop") == 0) {
        node->is_stopping = true;
        return json_object();
    }
    (void)err_set(&err, ERR_USAGE, "không có lệnh '%s'", "there is no verb '%s'", verb);
    return error_answer(&err);
}

static int
answer_check(json_t *answer, struct err *reterr)
{
    json_t *error = json_object_get(answer, "error");
    if (error == NULL)
        return 0;
    const char *vi = text_of(error, "vi"), *en = text_of(error, "en");
    const char *name = text_of(error, "code");
    int code = ERR_BUG;
    for (int at = -1; at >= ERR_BUG && name != NULL; at--)
        if (strcmp(err_name(at), name) == 0)
            code = at;
    (void)err_set(reterr, code, "%s", "%s", "");
    (void)snprintf(reterr->vi, sizeof reterr->vi, "%s", vi != NULL ? vi : "");
    (void)snprintf(reterr->en, sizeof reterr->en, "%s", en != NULL ? en : "");
    return code;
}

static int
own_answer(const char *home, json_t *request, json_t **ret_answer, struct err *reterr)
{
    struct node node;
    struct conf conf;
    char path[HOME_PATH_MAX + 64];
    home_file(home, "lienthong.conf", path);
    int code = conf_load(path, &conf, reterr);
    if (code == 0)
        code = node_open(home, &conf, &node, reterr);
    if (code != 0)
        return code;
    *ret_answer = request_answer(&node, request);
    node_close(&node);
    return 0;
}

int
request_call(const char *home, json_t *request, json_t **ret_answer, struct err *reterr)
{
    int code = control_call(home, request, ret_answer, reterr);
    if (code == ERR_UNREACHABLE) {
        *reterr = (struct err){0};
        code = own_answer(home, request, ret_answer, reterr);
    }
    if (code == 0)
        code = answer_check(*ret_answer, reterr);
    if (code != 0) {
        json_decref(*ret_answer);
        *ret_answer = NULL;
    }
    return code;
}
