// registry.h - which offices there are, who stands above whom, and which keys are whose
//
//     19 ── 05908 ── 05908-012        registry_is_above(19, 05908-012): true
//
// The state is a pure function of the set of registry entries (kind 3) and of the certificates a
// node was given when it joined. An entry says {"code", "hosted", "name", "parent"} (type "office")
// or {"box", "code", "cosign", "curve", "from", "parent", "sign", "until"} (type "certificate").
// Of several for one office the superior author's stands, then the greater (epoch, seq).
//
// Shape    Every office but the root has a parent of a lower level. Codes are never reused.
// Errors   ERR_PROTO: facts of another shape. ERR_DENIED: the author may not say that.
// Memory   struct unit belongs to the registry and stays where it is until registry_release.
// Threads  None of its own.

#ifndef CORE_REGISTRY_H
#define CORE_REGISTRY_H

#include "../../proto/entry.h"
#include "../base/map.h"

enum { OFFICE_NAME_MAX = 120 };

struct standing {
    enum level level; // Of the author
    epoch_t epoch;
    seq_t seq;
    bool is_set;
};

struct unit {
    struct office office;
    struct office parent; // "" for the root
    char name[OFFICE_NAME_MAX + 1];
    bool is_hosted;
    bool has_certificate;
    uint8_t sign[32], cosign[32], curve[32], box[32];
    struct bytes certificate; // The packed map as issued
    struct standing office_by, certificate_by;
};

struct registry {
    struct unit **units; // In the order they became known
    size_t count, room;
    struct map by_code;
    struct map by_curve;
    struct office root;
    uint8_t net[16];
};

void registry_release(struct registry *self);

struct unit *registry_unit(const struct registry *self, const struct office *office);
const struct unit *registry_by_curve(const struct registry *self, const uint8_t curve[32]);

// True when `above` is a (grand)parent of `below`; an office is not above itself.
bool registry_is_above(const struct registry *self, const struct office *above,
                       const struct office *below);

// Above, below, or the same: then each holds the other's log.
bool registry_is_in_line(const struct registry *self, const struct office *a,
                         const struct office *b);

// Take one registry entry into account. Nothing changes when it loses against what stands.
MUST_CHECK int registry_apply(struct registry *self, const struct entry *entry, bool *ret_changed);

// Believe a certificate without an entry: the root's, or those a join brought. It yields to any
// entry.
MUST_CHECK int registry_trust(struct registry *self, struct bytes certificate);

// The packed facts of a certificate of the keys in `unit`, and of an office.
void certificate_pack(const struct unit *unit, uint64_t from_s, uint64_t until_s, struct buf *buf);
void office_pack(const struct unit *unit, struct buf *buf);

#endif
