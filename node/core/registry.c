#include "registry.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/hash.h"
#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "../base/err.h"

void
registry_release(struct registry *self)
{
    for (size_t i = 0; i < self->count; i++) {
        bytes_free(&self->units[i]->certificate);
        free(self->units[i]);
    }
    free(self->units);
    map_release(&self->by_code);
    map_release(&self->by_curve);
    *self = (struct registry){0};
}

struct unit *
registry_unit(const struct registry *self, const struct office *office)
{
    return map_get(&self->by_code, BYTES(office->code, sizeof office->code));
}

const struct unit *
registry_by_curve(const struct registry *self, const uint8_t curve[32])
{
    return map_get(&self->by_curve, BYTES(curve, 32));
}

bool
registry_is_above(const struct registry *self, const struct office *above,
                  const struct office *below)
{
    const struct unit *unit = registry_unit(self, below);
    for (int hops = 0; unit != NULL && hops < 8; hops++) { // More than there are levels
        if (office_equal(&unit->parent, above))
            return true;
        unit = registry_unit(self, &unit->parent);
    }
    return false;
}

bool
registry_is_in_line(const struct registry *self, const struct office *a, const struct office *b)
{
    return office_equal(a, b) || registry_is_above(self, a, b) || registry_is_above(self, b, a);
}

static struct unit *
unit_of(struct registry *self, const struct office *office)
{
    struct unit *unit = registry_unit(self, office);
    if (unit != NULL)
        return unit;
    unit = mem_new(sizeof *unit);
    unit->office = *office;
    self->units = mem_reserve(self->units, &self->room, self->count + 1, sizeof(struct unit *));
    self->units[self->count++] = unit;
    map_put(&self->by_code, BYTES(unit->office.code, sizeof unit->office.code), unit);
    return unit;
}

// True when an entry by `author` at (epoch, seq) beats what stands.
static bool
beats(const struct standing *now, const struct standing *then)
{
    if (!then->is_set)
        return true;
    if (now->level != then->level)
        return now->level < then->level;
    return now->epoch != then->epoch ? now->epoch > then->epoch : now->seq > then->seq;
}

static void
unit_name(struct unit *unit, struct bytes name)
{
    size_t size = name.size < OFFICE_NAME_MAX ? name.size : OFFICE_NAME_MAX;
    memcpy(unit->name, name.at, size);
    unit->name[size] = '\0';
}

static struct reader
member_reader(struct bytes facts, const char *name)
{
    return reader_of(map_find(facts, name));
}

// The two codes every registry entry names; false when they do not make sense together.
static bool
codes_read(struct bytes facts, struct office *ret_office, struct office *ret_parent)
{
    struct reader code = member_reader(facts, "code");
    struct reader parent = member_reader(facts, "parent");
    *ret_office = read_office(&code, false);
    *ret_parent = read_office(&parent, true);
    return code.code == 0 && parent.code == 0 &&
           (office_is_none(ret_parent) || office_level(ret_parent) < office_level(ret_office));
}

static int
office_apply(struct registry *self, struct bytes facts, const struct standing *by,
             bool *ret_changed)
{
    struct office office, parent;
    struct reader name = member_reader(facts, "name");
    struct reader hosted = member_reader(facts, "hosted");
    struct bytes text = read_str(&name);
    bool is_hosted = read_bool(&hosted);
    if (!codes_read(facts, &office, &parent) || name.code != 0 || hosted.code != 0)
        return ERR_PROTO;
    struct unit *unit = unit_of(self, &office);
    if (!beats(by, &unit->office_by))
        return 0;
    unit->office_by = *by;
    unit->parent = parent;
    unit->is_hosted = is_hosted;
    unit_name(unit, text);
    if (office_is_none(&parent))
        self->root = office;
    *ret_changed = true;
    return 0;
}

static int
certificate_apply(struct registry *self, struct bytes facts, const struct standing *by,
                  bool *ret_changed)
{
    struct unit keys = {0};
    static const char *const names[] = {"sign", "cosign", "curve", "box"};
    uint8_t *const into[] = {keys.sign, keys.cosign, keys.curve, keys.box};
    bool is_sound = codes_read(facts, &keys.office, &keys.parent);
    for (size_t i = 0; i < 4; i++) {
        struct reader in = member_reader(facts, names[i]);
        read_bin_exact(&in, into[i], 32);
        is_sound = is_sound && in.code == 0;
    }
    if (!is_sound)
        return ERR_PROTO;
    struct unit *unit = unit_of(self, &keys.office);
    if (!beats(by, &unit->certificate_by))
        return 0;
    if (unit->has_certificate)
        map_drop(&self->by_curve, BYTES(unit->curve, 32));
    unit->certificate_by = *by;
    unit->has_certificate = true;
    memcpy(unit->sign, keys.sign, 32);
    memcpy(unit->cosign, keys.cosign, 32);
    memcpy(unit->curve, keys.curve, 32);
    memcpy(unit->box, keys.box, 32);
    bytes_free(&unit->certificate);
    unit->certificate = bytes_own(facts);
    if (!unit->office_by.is_set)
        unit->parent = keys.parent;
    if (office_is_none(&keys.parent))
        self->root = keys.office;
    map_put(&self->by_curve, BYTES(unit->curve, 32), unit);
    *ret_changed = true;
    return 0;
}

// An office speaks for itself only at the root; else somebody above it does.
static bool
may_say(const struct registry *self, const struct office *author, struct bytes facts)
{
    struct office office, parent;
    if (!codes_read(facts, &office, &parent))
        return false;
    if (office_is_none(&parent))
        return office_equal(author, &office) &&
               (office_is_none(&self->root) || office_equal(author, &self->root));
    return office_equal(author, &parent) || registry_is_above(self, author, &parent);
}

int
registry_apply(struct registry *self, const struct entry *entry, bool *ret_changed)
{
    *ret_changed = false;
    if (entry->facts.size == 0)
        return ERR_PROTO;
    if (!may_say(self, &entry->origin.office, entry->facts))
        return ERR_DENIED;
    const struct standing by = {.level = office_level(&entry->origin.office),
                                .epoch = entry->origin.epoch,
                                .seq = entry->seq,
                                .is_set = true};
    if (bytes_equal(entry->type, bytes_of("office")))
        return office_apply(self, entry->facts, &by, ret_changed);
    if (bytes_equal(entry->type, bytes_of("certificate")))
        return certificate_apply(self, entry->facts, &by, ret_changed);
    return 0; // A later version's: stored, relayed, not ours to judge
}

int
registry_trust(struct registry *self, struct bytes certificate)
{
    bool changed;
    const struct standing by = {.level = LEVEL_NONE, .is_set = true};
    return certificate_apply(self, certificate, &by, &changed);
}

void
certificate_pack(const struct unit *unit, uint64_t from_s, uint64_t until_s, struct buf *buf)
{
    struct packer out = packer_of(buf);
    pack_map(&out, 8);
    pack_text(&out, "box");
    pack_bin(&out, unit->box, 32);
    pack_text(&out, "code");
    pack_office(&out, &unit->office);
    pack_text(&out, "cosign");
    pack_bin(&out, unit->cosign, 32);
    pack_text(&out, "curve");
    pack_bin(&out, unit->curve, 32);
    pack_text(&out, "from");
    pack_uint(&out, from_s);
    pack_text(&out, "parent");
    pack_office(&out, &unit->parent);
    pack_text(&out, "sign");
    pack_bin(&out, unit->sign, 32);
    pack_text(&out, "until");
    pack_uint(&out, until_s);
}

void
office_pack(const struct unit *unit, struct buf *buf)
{
    struct packer out = packer_of(buf);
    pack_map(&out, 4);
    pack_text(&out, "code");
    pack_office(&out, &unit->office);
    pack_text(&out, "hosted");
    pack_bool(&out, unit->is_hosted);
    pack_text(&out, "name");
    pack_text(&out, unit->name);
    pack_text(&out, "parent");
    pack_office(&out, &unit->parent);
}
