#include "../../node/core/registry.h"

#include <stdio.h>

#include "../../node/base/err.h"
#include "../../proto/pack.h"
#include "../t.h"

static struct unit
unit_of(const char *code, const char *parent, const char *name, uint8_t key)
{
    struct unit unit = {.office = office_of(code)};
    if (parent != NULL)
        unit.parent = office_of(parent);
    (void)snprintf(unit.name, sizeof unit.name, "%s", name);
    memset(unit.sign, key, 32);
    memset(unit.curve, key, 32);
    return unit;
}

static int
say(struct registry *registry, const char *author, seq_t seq, const char *type,
    const struct unit *unit)
{
    OWNED(buf_release) struct buf facts = {0};
    bool changed;
    if (strcmp(type, "certificate") == 0)
        certificate_pack(unit, 0, 1, &facts);
    else
        office_pack(unit, &facts);
    struct entry entry = {.origin = {office_of(author), 1},
                          .seq = seq,
                          .type = bytes_of(type),
                          .facts = buf_bytes(&facts)};
    return registry_apply(registry, &entry, &changed);
}

static void
tree(struct registry *registry)
{
    struct unit province = unit_of("19", NULL, "Tỉnh", 1);
    struct unit commune = unit_of("05908", "19", "Xã", 2);
    struct unit area = unit_of("05908-012", "05908", "Xóm", 3);
    (void)!say(registry, "19", 0, "office", &province);
    (void)!say(registry, "19", 1, "office", &commune);
    (void)!say(registry, "05908", 0, "office", &area);
}

TEST(registry, knows_who_stands_above_whom)
{
    OWNED(registry_release) struct registry registry = {0};
    tree(&registry);
    struct office province = office_of("19"), commune = office_of("05908");
    struct office area = office_of("05908-012"), other = office_of("05908-013");
    T_OK(registry_is_above(&registry, &province, &area));
    T_OK(registry_is_above(&registry, &commune, &area));
    T_OK(!registry_is_above(&registry, &area, &commune));
    T_OK(!registry_is_above(&registry, &area, &area));
    T_OK(!registry_is_above(&registry, &province, &other)); // Nobody has named it
    T_OK(registry_is_in_line(&registry, &area, &province));
    T_OK(registry_is_in_line(&registry, &area, &area));
    T_OK(office_equal(&registry.root, &province));
}

TEST(registry, the_superior_stands_whoever_comes_last)
{
    struct unit by_commune = unit_of("05908-012", "05908", "theo xã", 3);
    struct unit by_province = unit_of("05908-012", "05908", "theo tỉnh", 3);
    struct office area = office_of("05908-012");
    for (int order = 0; order < 2; order++) {
        OWNED(registry_release) struct registry registry = {0};
        tree(&registry);
        T_EQ(order == 0 ? say(&registry, "19", 7, "office", &by_province)
                        : say(&registry, "05908", 8, "office", &by_commune),
             0);
        T_EQ(order == 0 ? say(&registry, "05908", 8, "office", &by_commune)
                        : say(&registry, "19", 7, "office", &by_province),
             0);
        T_TEXT(registry_unit(&registry, &area)->name, "theo tỉnh");
    }
}

TEST(registry, of_one_author_the_later_stands)
{
    OWNED(registry_release) struct registry registry = {0};
    tree(&registry);
    struct unit renamed = unit_of("05908-012", "05908", "Xóm mới", 3);
    struct unit old = unit_of("05908-012", "05908", "Xóm cũ", 3);
    struct office area = office_of("05908-012");
    T_EQ(say(&registry, "05908", 9, "office", &renamed), 0);
    T_EQ(say(&registry, "05908", 5, "office", &old), 0);
    T_TEXT(registry_unit(&registry, &area)->name, "Xóm mới");
}

TEST(registry, nobody_speaks_for_those_beside_or_above)
{
    OWNED(registry_release) struct registry registry = {0};
    tree(&registry);
    struct unit sibling = unit_of("05911-001", "05911", "của xã khác", 4);
    struct unit itself = unit_of("05908", "19", "tự xưng", 5);
    struct unit root = unit_of("20", NULL, "gốc khác", 6);
    T_EQ(say(&registry, "05908", 1, "office", &sibling), ERR_DENIED);
    T_EQ(say(&registry, "05908", 2, "certificate", &itself), ERR_DENIED);
    T_EQ(say(&registry, "20", 3, "certificate", &root), ERR_DENIED);
}

TEST(registry, a_parent_of_the_same_level_or_below_is_refused)
{
    OWNED(registry_release) struct registry registry = {0};
    tree(&registry);
    struct unit upside = unit_of("05908", "05911", "ngang cấp", 5);
    T_OK(say(&registry, "19", 4, "office", &upside) != 0);
    struct office commune = office_of("05908");
    T_TEXT(registry_unit(&registry, &commune)->parent.code, "19");
}

TEST(registry, a_certificate_replaces_the_key_it_is_found_by)
{
    OWNED(registry_release) struct registry registry = {0};
    tree(&registry);
    struct unit first = unit_of("05908", "19", "", 5), second = unit_of("05908", "19", "", 6);
    T_EQ(say(&registry, "19", 4, "certificate", &first), 0);
    T_OK(registry_by_curve(&registry, first.curve) != NULL);
    T_EQ(say(&registry, "19", 5, "certificate", &second), 0);
    T_OK(registry_by_curve(&registry, first.curve) == NULL);
    T_TEXT(registry_by_curve(&registry, second.curve)->office.code, "05908");
}

TEST(registry, what_was_trusted_yields_to_any_entry)
{
    OWNED(registry_release) struct registry registry = {0};
    OWNED(buf_release) struct buf given = {0};
    struct unit first = unit_of("05908", "19", "", 5), second = unit_of("05908", "19", "", 6);
    tree(&registry);
    T_EQ(say(&registry, "19", 0, "certificate", &second), 0);
    certificate_pack(&first, 0, 1, &given);
    T_EQ(registry_trust(&registry, buf_bytes(&given)), 0);
    T_EQ(registry_unit(&registry, &first.office)->sign[0], 6);
}

TEST(registry, facts_of_another_shape_change_nothing)
{
    OWNED(registry_release) struct registry registry = {0};
    OWNED(buf_release) struct buf facts = {0};
    bool changed;
    tree(&registry);
    struct unit unit = unit_of("05908", "19", "Xã", 2);
    office_pack(&unit, &facts);
    struct entry entry = {.origin = {office_of("19"), 1},
                          .seq = 9,
                          .type = bytes_of("certificate"),
                          .facts = buf_bytes(&facts)};
    T_EQ(registry_apply(&registry, &entry, &changed),
         ERR_PROTO); // An office's, not a certificate's
    T_OK(!changed);
    entry.facts = (struct bytes){0};
    T_EQ(registry_apply(&registry, &entry, &changed), ERR_PROTO);
    T_OK(!registry_unit(&registry, &unit.office)->has_certificate);
}
