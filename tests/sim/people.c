#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../node/catalogue/definition.h"
#include "../../proto/assets.h"
#include "../../proto/hash.h"
#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "inside.h"

enum { FIRST_DAY = 20454, DAYS = 700 }; // From 2026-01-01 on

// Who there is.

static struct node *
node_add(struct world *self, const char *code, struct node *parent)
{
    struct node *node = mem_new(sizeof *node);
    node->index = self->node_count;
    node->office = office_of(code);
    node->parent = parent;
    node->random.state = sim_random_next(&self->topology);
    node->crypto = crypto_simulated(&node->random);
    self->wires[node->index].child = node;
    self->nodes[self->node_count++] = node;
    self->result->offices++;
    return node;
}

static void
keys_make(struct node *node)
{
    const struct crypto *crypto = &node->crypto;
    struct core_conf *conf = &node->conf;
    crypto_sign_pair(crypto, NULL, conf->sign_public, conf->sign_secret);
    crypto_sign_pair(crypto, NULL, conf->cosign_public, conf->cosign_secret);
    struct unit *unit = &node->unit;
    unit->office = node->office;
    if (node->parent != NULL)
        unit->parent = node->parent->office;
    memcpy(unit->sign, conf->sign_public, sizeof unit->sign);
    memcpy(unit->cosign, conf->cosign_public, sizeof unit->cosign);
    crypto->random(crypto->self, unit->curve, sizeof unit->curve);
    crypto->random(crypto->self, unit->box, sizeof unit->box);
    (void)snprintf(unit->name, sizeof unit->name, "%s", node->office.code);
}

static struct bytes
certificate_of(struct world *self, const struct node *node)
{
    OWNED(buf_release) struct buf packed = {0};
    certificate_pack(&node->unit, 1780000000, 1980000000, &packed);
    return arena_keep(&self->arena, &packed);
}

static void
conf_fill(struct world *self, struct node *node)
{
    struct core_conf *conf = &node->conf;
    core_conf_defaults(conf);
    conf->self.office = node->office;
    conf->self.epoch = 1ULL << 32 | (sim_random_next(&node->random) & UINT32_MAX);
    memcpy(conf->net, self->net, sizeof conf->net);
    conf->crypto = &node->crypto;
    conf->codec = self->codec;
    conf->view = store_memory_view(&node->store);
    node->trusted[conf->trusted_count++] = certificate_of(self, self->nodes[0]);
    if (node->parent != NULL && node->parent != self->nodes[0])
        node->trusted[conf->trusted_count++] = certificate_of(self, node->parent);
    if (node->parent != NULL)
        node->trusted[conf->trusted_count++] = certificate_of(self, node);
    conf->trusted = node->trusted;
    conf->software = "sim";
    conf->ping_ms = 5000;
    conf->dead_ms = 17000;
    conf->retry_ms = 1500;
    conf->settle_ms = 100;
    conf->density_ms = 20000;
}

void
world_build(struct world *self)
{
    struct node *province = node_add(self, "19", NULL);
    unsigned communes = 3 + (unsigned)draw(&self->topology, 2);
    for (unsigned i = 0; i < communes; i++) {
        char code[OFFICE_MAX + 1];
        (void)snprintf(code, sizeof code, "0590%u", i + 1);
        struct node *commune = node_add(self, code, province);
        unsigned areas = 2 + (unsigned)draw(&self->topology, 3);
        unsigned hosted = (unsigned)draw(&self->topology, HOSTED_MAX);
        for (unsigned j = 0; j < areas + hosted; j++) {
            (void)snprintf(code, sizeof code, "%.5s-%03u", commune->office.code, (j + 1) % 1000);
            if (j < areas) {
                (void)node_add(self, code, commune);
                continue;
            }
            commune->hosted[commune->hosted_count++] = office_of(code);
            self->result->offices++;
        }
    }
    for (size_t i = 0; i < self->node_count; i++)
        keys_make(self->nodes[i]);
    uint8_t hash[HASH_SIZE];
    hash_sha256(BYTES(province->unit.sign, 32), hash);
    memcpy(self->net, hash, sizeof self->net);
    for (size_t i = 0; i < self->node_count; i++)
        conf_fill(self, self->nodes[i]);
}

struct node *
world_node(const struct world *self, const struct office *office)
{
    for (size_t i = 0; i < self->node_count; i++)
        if (office_equal(&self->nodes[i]->office, office))
            return self->nodes[i];
    return NULL;
}

// How they enrol.

void
draft_free(struct draft_copy *draft)
{
    if (draft == NULL)
        return;
    buf_release(&draft->after);
    buf_release(&draft->facts);
    free(draft);
}

// The draft's own facts, once they are complete, go into it.
static struct draft_copy *
draft_close(struct draft_copy *copy)
{
    copy->draft.facts = buf_bytes(&copy->facts);
    copy->draft.after = buf_bytes(&copy->after);
    return copy;
}

static struct draft_copy *
special_new(enum kind kind, const char *type)
{
    struct draft_copy *copy = mem_new(sizeof *copy);
    copy->draft = (struct draft){.kind = kind, .actor = ACTOR_NONE, .type = bytes_of(type)};
    return copy;
}

static void
office_hand_in(struct world *self, struct node *author, const struct unit *unit)
{
    struct draft_copy *copy = special_new(KIND_REGISTRY, "office");
    office_pack(unit, &copy->facts);
    world_hand_in(self, author, draft_close(copy));
}

static void
child_hand_in(struct world *self, struct node *child)
{
    office_hand_in(self, child->parent, &child->unit);
    struct draft_copy *copy = special_new(KIND_REGISTRY, "certificate");
    buf_add_bytes(&copy->facts, certificate_of(self, child));
    world_hand_in(self, child->parent, draft_close(copy));
}

static void
hosted_hand_in(struct world *self, struct node *commune)
{
    for (size_t i = 0; i < commune->hosted_count; i++) {
        struct unit unit = {
            .office = commune->hosted[i], .parent = commune->office, .is_hosted = true};
        (void)snprintf(unit.name, sizeof unit.name, "%s", unit.office.code);
        office_hand_in(self, commune, &unit);
    }
}

static void
definitions_hand_in(struct world *self)
{
    for (const struct asset *asset = assets; asset->path != NULL; asset++) {
        bool is_type = strncmp(asset->path, "conf/plan/types/", 16) == 0;
        if (!is_type && strncmp(asset->path, "conf/plan/indicators/", 21) != 0)
            continue;
        struct draft_copy *copy = special_new(KIND_DEFINITION, is_type ? "type" : "indicator");
        struct err err = {0};
        if (definition_load(asset->path, BYTES(asset->at, (size_t)(asset->end - asset->at)),
                            &copy->facts, &err) != 0)
            world_violation(self, "%s", err.en);
        world_hand_in(self, self->nodes[0], draft_close(copy));
    }
}

void
world_enrol(struct world *self)
{
    office_hand_in(self, self->nodes[0], &self->nodes[0]->unit);
    definitions_hand_in(self);
    for (size_t i = 1; i < self->node_count; i++)
        child_hand_in(self, self->nodes[i]);
    for (size_t i = 1; i < self->node_count; i++)
        hosted_hand_in(self, self->nodes[i]);
}

// What they write. Facts are packed with their names in order; each member may be left out.

struct facts {
    struct buf pairs;
    size_t count;
    struct sim_random *random;
    unsigned per_mille; // How likely a member is written
    unsigned nil_per_mille;
};

// True when the member is to be written, and then its name, and nil if that is drawn, are.
static bool
member_begin(struct facts *facts, const char *name, struct packer *ret_out)
{
    if (!is_lucky(facts->random, facts->per_mille))
        return false;
    *ret_out = packer_of(&facts->pairs);
    pack_text(ret_out, name);
    facts->count++;
    if (!is_lucky(facts->random, facts->nil_per_mille))
        return true;
    pack_nil(ret_out);
    return false;
}

static void
member_choice(struct facts *facts, const char *name, const char *const *choices, size_t count)
{
    struct packer out;
    size_t nth = draw(facts->random, count);
    if (member_begin(facts, name, &out))
        pack_text(&out, choices[nth]);
}

static void
member_number(struct facts *facts, const char *name, int64_t least, uint64_t span)
{
    struct packer out;
    int64_t number = least + (int64_t)draw(facts->random, span);
    if (member_begin(facts, name, &out))
        pack_int(&out, number);
}

static void
member_flag(struct facts *facts, const char *name)
{
    struct packer out;
    bool is_set = draw(facts->random, 2) == 0;
    if (member_begin(facts, name, &out))
        pack_bool(&out, is_set);
}

static void
household_fill(struct facts *facts)
{
    static const char *const statuses[] = {"active", "active", "moved_out"};
    member_number(facts, "household_no", 1, 400);
    member_number(facts, "since", FIRST_DAY, DAYS);
    member_choice(facts, "status", statuses, 3);
}

static void
session_fill(struct facts *facts)
{
    static const char *const forms[] = {"hoi_nghi", "toa_dam"};
    static const char *const places[] = {"Nhà văn hóa", "Hội trường", "Sân đình"};
    member_number(facts, "attendees", 5, 200);
    member_choice(facts, "form", forms, 2);
    member_number(facts, "occurred_on", FIRST_DAY, DAYS);
    member_choice(facts, "place", places, 3);
}

// Ids of households this node knows, or none.
static void
commitment_fill(struct facts *facts, const struct node *node)
{
    static const char *const versions[] = {"1", "2"};
    char id[RECORD_TEXT_MAX + 1] = "";
    size_t count = node->store.record_count, from = count > 0 ? draw(facts->random, count) : 0;
    for (size_t i = 0; i < count && id[0] == '\0'; i++) {
        const struct projection *other = &node->store.records[(from + i) % count]->projection;
        if (strcmp(other->type, "household") == 0)
            record_id_text(&other->id, id);
    }
    struct packer out;
    member_choice(facts, "form_version", versions, 2);
    if (id[0] != '\0' && member_begin(facts, "household", &out))
        pack_text(&out, id);
    member_number(facts, "signed_on", FIRST_DAY, DAYS);
    if (is_lucky(facts->random, 150))
        member_number(facts, "withdrawn_on", FIRST_DAY, DAYS);
}

static void
model_fill(struct facts *facts, const struct office *subject)
{
    static const char *const statuses[] = {"hoat_dong", "hoat_dong", "giai_the"};
    struct packer out;
    if (member_begin(facts, "area_ids", &out)) {
        size_t count = 1 + draw(facts->random, 3);
        pack_array(&out, count);
        for (size_t i = 0; i < count; i++) {
            char code[OFFICE_MAX + 1];
            (void)snprintf(code, sizeof code, "%.5s-%03u", subject->code,
                           (unsigned)draw(facts->random, 5) + 1);
            pack_text(&out, code);
        }
    }
    member_flag(facts, "is_self_managed");
    member_choice(facts, "status", statuses, 3);
}

static void
facts_fill(struct world *self, const struct node *node, const struct office *subject,
           const char *type, bool is_new, struct buf *ret_facts)
{
    struct facts facts = {
        .random = &self->work, .per_mille = is_new ? 900 : 400, .nil_per_mille = is_new ? 0 : 80};
    if (strcmp(type, "household") == 0)
        household_fill(&facts);
    else if (strcmp(type, "commitment") == 0)
        commitment_fill(&facts, node);
    else if (strcmp(type, "model") == 0)
        model_fill(&facts, subject);
    else
        session_fill(&facts);
    struct packer out = packer_of(ret_facts);
    pack_map(&out, facts.count);
    buf_add_bytes(ret_facts, buf_bytes(&facts.pairs));
    buf_release(&facts.pairs);
}

static bool
may_write(const struct world *self, const struct node *node, const struct office *subject)
{
    const struct node *at = world_node(self, subject);
    if (at == NULL) { // Hosted
        if (node->parent == NULL)
            return true;
        for (size_t i = 0; i < node->hosted_count; i++)
            if (office_equal(&node->hosted[i], subject))
                return true;
        return false;
    }
    while (at != NULL && at != node)
        at = at->parent;
    return at == node;
}

static struct office
subject_draw(struct world *self, const struct node *node)
{
    if (node->hosted_count > 0 && is_lucky(&self->work, 400))
        return node->hosted[draw(&self->work, node->hosted_count)];
    const struct node *other = self->nodes[draw(&self->work, self->node_count)];
    bool is_below = is_lucky(&self->work, 200) && may_write(self, node, &other->office);
    return is_below ? other->office : node->office;
}

static struct draft_copy *
create_draft(struct world *self, struct node *node)
{
    static const char *const types[] = {"propaganda_session", "model", "household", "commitment"};
    struct office subject = subject_draw(self, node);
    size_t choices = office_level(&subject) == LEVEL_AREA      ? 4
                     : office_level(&subject) == LEVEL_COMMUNE ? 2
                                                               : 1;
    const char *type = types[draw(&self->work, choices)];
    struct draft_copy *copy = special_new(KIND_RECORD, type);
    copy->draft.actor = draw(&self->work, 3);
    copy->draft.type_version = 1;
    copy->draft.subject = subject;
    copy->draft.record.creator = node->office;
    uint8_t *id = copy->draft.record.id;
    for (size_t i = 0; i < 16; i++)
        id[i] =
            i < 6 ? (uint8_t)(self->now >> (40 - 8 * i)) : (uint8_t)sim_random_next(&self->bytes);
    facts_fill(self, node, &subject, type, true, &copy->facts);
    return draft_close(copy);
}

static struct draft_copy *
change_draft(struct world *self, struct node *node, const struct projection *record)
{
    static const char *const names[] = {"propaganda_session", "model", "household", "commitment"};
    const char *type = names[0];
    for (size_t i = 0; i < 4; i++)
        if (strcmp(names[i], record->type) == 0)
            type = names[i];
    struct draft_copy *copy = special_new(KIND_RECORD, type);
    uint64_t chance = draw(&self->work, 100);
    copy->draft.op = chance < 80 ? OP_PUT : chance < 92 ? OP_RETRACT : OP_RESTORE;
    copy->draft.is_whole = is_lucky(&self->work, 500);
    copy->draft.type_version = 1;
    copy->draft.subject = record->subject;
    copy->draft.record = record->id;
    buf_add_bytes(&copy->after, record->heads);
    facts_fill(self, node, &record->subject, type, false, &copy->facts);
    return draft_close(copy);
}

// A new record, or a change of one that this office sees and may write: one of the newest, mostly,
// so that several offices write the same.
struct draft_copy *
work_draft(struct world *self, struct node *node)
{
    size_t count = node->store.record_count;
    if (count == 0 || is_lucky(&self->work, 350))
        return create_draft(self, node);
    for (unsigned tries = 0; tries < 8; tries++) {
        size_t back = draw(&self->work, is_lucky(&self->work, 700) && count > 12 ? 12 : count);
        const struct projection *record = &node->store.records[count - 1 - back]->projection;
        if (!record->is_waiting && record->type[0] != '\0' &&
            may_write(self, node, &record->subject))
            return change_draft(self, node, record);
    }
    return create_draft(self, node);
}
