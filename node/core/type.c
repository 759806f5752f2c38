#include "type.h"

#include <stdlib.h>
#include <string.h>

#include "../../proto/scan.h"
#include "../base/text.h"
#include "member.h"

enum { QUOTE_MAX = 40 }; // Bytes of a wrong value that a message repeats

static const struct {
    const char *name;
    enum field_kind kind;
} kinds[] = {
    {"text", FIELD_TEXT},     {"int", FIELD_INT},       {"bool", FIELD_BOOL},
    {"date", FIELD_DATE},     {"choice", FIELD_CHOICE}, {"office", FIELD_OFFICE},
    {"record", FIELD_RECORD},
};

bool
name_parse(struct bytes name, char ret_name[NAME_MAX_SIZE + 1])
{
    if (name.size == 0 || name.size > NAME_MAX_SIZE || name.at[0] < 'a' || name.at[0] > 'z')
        return false;
    for (size_t i = 1; i < name.size; i++) {
        uint8_t byte = name.at[i];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '0' && byte <= '9') && byte != '_')
            return false;
    }
    memcpy(ret_name, name.at, name.size);
    ret_name[name.size] = '\0';
    return true;
}

// Columns that every table has, SQLite's names for the row number, and the one word by which
// conditions of indicators look at the subject.
static bool
is_reserved(const char *name)
{
    static const char *const reserved[] = {"id", "subject", "subject_level", "rowid", "oid"};
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(name, reserved[i]) == 0)
            return true;
    return false;
}

// SQLite keeps the beginning for itself, and we keep the retracted rows of X in X_retracted.
static bool
is_table_name(const char *name)
{
    static const char suffix[] = "_retracted";
    size_t size = strlen(name);
    bool is_suffixed =
        size >= sizeof suffix - 1 && strcmp(name + size - (sizeof suffix - 1), suffix) == 0;
    return !is_suffixed && strncmp(name, "sqlite_", 7) != 0;
}

static int
choices_read(struct field *field, const struct member *map, struct err *reterr)
{
    struct member choices = member_of(map, "choices");
    struct elements elements;
    struct member element;
    int code = member_elements(&choices, CHOICES_MAX, &elements, reterr);
    if (code == 0 && elements.count == 0)
        code = member_fail(&choices, "cần ít nhất một lựa chọn",
                           "at least one choice is wanted here", reterr);
    if (code != 0)
        return code;
    field->choices = mem_new(elements.count * sizeof *field->choices);
    field->choice_count = elements.count;
    for (size_t i = 0; code == 0 && elements_next(&elements, &element); i++) {
        struct choice *choice = &field->choices[i];
        struct member name = member_of(&element, "name"), label = member_of(&element, "label");
        code = member_name(&name, choice->name, reterr);
        for (size_t j = 0; code == 0 && j < i; j++)
            if (strcmp(choice->name, field->choices[j].name) == 0)
                code = member_fail(&name, "lựa chọn đã có ở trên", "a choice above has that name",
                                   reterr);
        if (code == 0)
            code = member_label(&label, choice->name, choice->label, reterr);
    }
    return code;
}

static int
kind_read(struct field *field, const struct member *map, struct err *reterr)
{
    struct member kind = member_of(map, "kind");
    struct bytes name;
    int code = member_text(&kind, &name, reterr);
    if (code != 0)
        return code;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (bytes_equal(name, bytes_of(kinds[i].name)))
            field->kind = kinds[i].kind;
    if (field->kind != 0)
        return 0;
    (void)err_set(reterr, ERR_TYPE,
                  "không có loại trường '%.*s'; các loại: text int bool date choice office record",
                  "no kind of field is called '%.*s'; there are: text int bool date choice office "
                  "record",
                  (int)text_cut(name, QUOTE_MAX), (const char *)name.at);
    return member_wrap(&kind, reterr);
}

// A member that has no meaning for this kind of field is a mistake of whoever wrote it.
static int
stray_check(const struct field *field, const struct member *map, struct err *reterr)
{
    bool is_bounded = field->kind == FIELD_INT || field->kind == FIELD_TEXT;
    const struct {
        const char *name;
        bool has_meaning;
    } members[] = {
        {"choices", field->kind == FIELD_CHOICE},
        {"of", field->kind == FIELD_RECORD},
        {"level", field->kind == FIELD_OFFICE},
        {"min", is_bounded},
        {"max", is_bounded},
    };
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        struct member member = member_of(map, members[i].name);
        if (member_is_there(&member) && !members[i].has_meaning)
            return member_fail(&member, "loại trường này không có mục đó",
                               "this kind of field has no such member", reterr);
    }
    return 0;
}

static int
bounds_read(struct field *field, const struct member *map, struct err *reterr)
{
    struct member min = member_of(map, "min"), max = member_of(map, "max");
    struct member level = member_of(map, "level"), of = member_of(map, "of");
    int64_t number = LEVEL_NONE;
    int code = 0;
    if (member_is_there(&min))
        code = member_int(&min, INT64_MIN, INT64_MAX, &field->min, reterr);
    if (code == 0 && member_is_there(&max))
        code = member_int(&max, field->min, INT64_MAX, &field->max, reterr);
    if (code == 0 && member_is_there(&level))
        code = member_int(&level, LEVEL_PROVINCE, LEVEL_AREA, &number, reterr);
    if (code == 0 && member_is_there(&of))
        code = member_name(&of, field->of, reterr);
    field->level = (enum level)number;
    return code;
}

static int
field_read(struct field *field, const struct member *map, struct err *reterr)
{
    field->min = INT64_MIN;
    field->max = INT64_MAX;
    struct member name = member_of(map, "name"), label = member_of(map, "label");
    struct member list = member_of(map, "list"), required = member_of(map, "required");
    int code = member_name(&name, field->name, reterr);
    if (code == 0 && is_reserved(field->name))
        code = member_fail(&name, "tên này dành cho cột có sẵn của bảng",
                           "that name belongs to a column every table has", reterr);
    if (code == 0)
        code = kind_read(field, map, reterr);
    if (code == 0)
        code = stray_check(field, map, reterr);
    if (code == 0)
        code = bounds_read(field, map, reterr);
    if (code == 0 && field->kind == FIELD_CHOICE)
        code = choices_read(field, map, reterr);
    if (code == 0)
        code = member_bool(&list, &field->is_list, reterr);
    if (code == 0)
        code = member_bool(&required, &field->is_required, reterr);
    if (code == 0)
        code = member_label(&label, field->name, field->label, reterr);
    return code;
}

static int
fields_read(struct type *type, const struct member *top, struct err *reterr)
{
    struct member fields = member_of(top, "fields");
    struct elements elements;
    struct member element;
    int code = member_elements(&fields, FIELDS_MAX, &elements, reterr);
    if (code == 0 && elements.count == 0)
        code = member_fail(&fields, "cần ít nhất một trường", "at least one field is wanted here",
                           reterr);
    if (code != 0)
        return code;
    type->fields = mem_new(elements.count * sizeof *type->fields);
    type->field_count = elements.count;
    for (size_t i = 0; code == 0 && elements_next(&elements, &element); i++) {
        code = field_read(&type->fields[i], &element, reterr);
        const char *name = type->fields[i].name;
        if (code == 0 && type_field(type, bytes_of(name)) != &type->fields[i])
            code = member_fail(&element, "trường trùng tên với trường ở trên",
                               "a field above has that name", reterr);
    }
    return code;
}

static int
key_part_read(struct type *type, const struct member *element, struct err *reterr)
{
    char *name = type->key[type->key_count];
    int code = member_name(element, name, reterr);
    if (code != 0)
        return code;
    const struct field *field = type_field(type, bytes_of(name));
    if (field == NULL && strcmp(name, "subject") != 0)
        return member_fail(element, "không có trường nào tên như vậy", "no field has that name",
                           reterr);
    if (field != NULL && field->is_list)
        return member_fail(element, "trường danh sách không dùng làm khóa được",
                           "a list cannot be part of a key", reterr);
    for (size_t i = 0; i < type->key_count; i++)
        if (strcmp(type->key[i], name) == 0)
            return member_fail(element, "đã có trong khóa", "it is in the key already", reterr);
    type->key_count++;
    return 0;
}

static int
key_read(struct type *type, const struct member *top, struct err *reterr)
{
    struct member key = member_of(top, "key");
    struct elements elements;
    struct member element;
    if (!member_is_there(&key))
        return 0;
    int code = member_elements(&key, KEY_MAX, &elements, reterr);
    while (code == 0 && elements_next(&elements, &element))
        code = key_part_read(type, &element, reterr);
    return code;
}

static int
head_read(struct type *type, const struct member *top, struct err *reterr)
{
    struct member name = member_of(top, "type"), version = member_of(top, "version");
    struct member reach = member_of(top, "reach"), directive = member_of(top, "directive");
    struct member levels = member_of(top, "levels"), label = member_of(top, "label");
    int64_t number = 0;
    int code = member_name(&name, type->name, reterr);
    if (code == 0 && !is_table_name(type->name))
        code = member_fail(&name, "tên này dành cho bảng của chương trình",
                           "that name belongs to tables of the program", reterr);
    if (code == 0)
        code = member_int(&version, 1, UINT32_MAX, &number, reterr);
    type->version = (uint32_t)number;
    if (code == 0)
        code = member_int(&reach, LEVEL_TOP, LEVEL_AREA, &number, reterr);
    type->reach = (enum level)number;
    if (code == 0)
        code = member_bool(&directive, &type->is_directive, reterr);
    if (code == 0)
        code = member_levels(&levels, &type->levels, reterr);
    if (code == 0)
        code = member_label(&label, type->name, type->label, reterr);
    return code;
}

int
type_read(struct bytes definition, struct type **ret_type, struct err *reterr)
{
    struct member top = member_top(definition);
    struct reader in = reader_of(definition);
    if (scan_canonical(definition) != 0 || read_peek(&in) != READ_MAP)
        return member_fail(&top, "định nghĩa loại bản ghi không phải một bảng msgpack chuẩn tắc",
                           "the definition of a type is not one canonical msgpack map", reterr);
    OWNED(type_destroy) struct type *type = mem_new(sizeof *type);
    int code = head_read(type, &top, reterr);
    if (code == 0)
        code = fields_read(type, &top, reterr);
    if (code == 0)
        code = key_read(type, &top, reterr);
    if (code != 0)
        return code;
    *ret_type = type;
    type = NULL;
    return 0;
}

static void
field_release(struct field *field)
{
    for (size_t i = 0; i < field->choice_count; i++) {
        free(field->choices[i].label[LANG_VI]);
        free(field->choices[i].label[LANG_EN]);
    }
    free(field->choices);
    free(field->label[LANG_VI]);
    free(field->label[LANG_EN]);
}

void
type_destroy(struct type **self_p)
{
    struct type *self = *self_p;
    if (self == NULL)
        return;
    for (size_t i = 0; i < self->field_count; i++)
        field_release(&self->fields[i]);
    free(self->fields);
    free(self->label[LANG_VI]);
    free(self->label[LANG_EN]);
    free(self);
    *self_p = NULL;
}

const struct field *
type_field(const struct type *self, struct bytes name)
{
    for (size_t i = 0; i < self->field_count; i++)
        if (bytes_equal(bytes_of(self->fields[i].name), name))
            return &self->fields[i];
    return NULL;
}
