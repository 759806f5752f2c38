#include "indicator.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "../../proto/scan.h"
#include "../base/date.h"
#include "../base/text.h"
#include "member.h"

enum { QUOTE_MAX = 40 }; // Bytes of a wrong value that a message repeats

static const struct {
    const char *name;
    enum condition_op op;
} ops[] = {
    {"=", CONDITION_EQ},  {"!=", CONDITION_NE},     {"<", CONDITION_LT},
    {"<=", CONDITION_LE}, {">", CONDITION_GT},      {">=", CONDITION_GE},
    {"in", CONDITION_IN}, {"null", CONDITION_NULL}, {"notnull", CONDITION_NOTNULL},
};

// < <= > >=: what compares more than sameness.
static bool
is_ordering(enum condition_op op)
{
    return op >= CONDITION_LT && op <= CONDITION_GE;
}

static bool
is_of_records(const struct part *part)
{
    return part->key == GROUP_ID || part->key == GROUP_RECORD;
}

// --- reading -------------------------------------------------------------------------------------

static int
operand_text_read(struct condition *condition, const struct member *member, struct err *reterr)
{
    struct operand *operand = &condition->operands[condition->operand_count];
    struct bytes text;
    int code = member_text(member, &text, reterr);
    if (code != 0)
        return code;
    if (is_ordering(condition->op)) {
        if (!date_parse(text, &operand->number))
            return member_fail(member, "so sánh thứ tự cần số nguyên hoặc ngày YYYY-MM-DD",
                               "an order needs a whole number or a day YYYY-MM-DD", reterr);
        operand->kind = OPERAND_INT;
        return 0;
    }
    if (text.size > OPERAND_MAX)
        return member_fail(member, "giá trị so sánh quá dài",
                           "the text to compare with is too long", reterr);
    operand->kind = OPERAND_TEXT;
    memcpy(operand->text, text.at, text.size);
    return 0;
}

static int
operand_read(struct condition *condition, const struct member *member, struct err *reterr)
{
    struct operand *operand = &condition->operands[condition->operand_count];
    struct reader in = reader_of(member->value);
    enum read_kind kind = read_peek(&in);
    bool truth = false;
    int code;
    if (kind == READ_STR) {
        code = operand_text_read(condition, member, reterr);
    } else if (kind == READ_BOOL) {
        operand->kind = OPERAND_BOOL;
        code = member_bool(member, &truth, reterr);
        operand->number = truth;
    } else {
        operand->kind = OPERAND_INT;
        code = member_int(member, INT64_MIN, INT64_MAX, &operand->number, reterr);
    }
    if (code != 0)
        return code;
    if (operand->kind == OPERAND_BOOL && is_ordering(condition->op))
        return member_fail(member, "true và false không có thứ tự", "true and false have no order",
                           reterr);
    if (condition->is_subject_level && operand->kind != OPERAND_INT)
        return member_fail(member, "cấp là số nguyên", "a level is a whole number", reterr);
    condition->operand_count++;
    return 0;
}

static int
operands_read(struct condition *condition, const struct member *value, struct err *reterr)
{
    condition->operands = mem_new(OPERANDS_MAX * sizeof *condition->operands);
    if (condition->op != CONDITION_IN)
        return operand_read(condition, value, reterr);
    struct elements elements;
    struct member element;
    int code = member_elements(value, OPERANDS_MAX, &elements, reterr);
    while (code == 0 && elements_next(&elements, &element))
        code = operand_read(condition, &element, reterr);
    if (code == 0 && condition->operand_count == 0)
        code = member_fail(value, "cần ít nhất một giá trị", "at least one value is wanted here",
                           reterr);
    return code;
}

static int
op_read(struct condition *condition, const struct member *member, struct err *reterr)
{
    struct bytes name;
    int code = member_text(member, &name, reterr);
    if (code != 0)
        return code;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0]; i++)
        if (bytes_equal(name, bytes_of(ops[i].name)))
            condition->op = ops[i].op;
    if (condition->op == 0)
        return member_fail(member, "phép so sánh là một trong: = != < <= > >= in null notnull",
                           "an operator is one of: = != < <= > >= in null notnull", reterr);
    return 0;
}

static int
condition_read(struct condition *condition, const struct member *member, struct err *reterr)
{
    struct elements elements;
    struct member field = {.in = member}, op = {.in = member, .index = 1};
    struct member value = {.in = member, .index = 2};
    int code = member_elements(member, 3, &elements, reterr);
    if (code != 0)
        return code;
    bool has_value = elements_next(&elements, &field) && elements_next(&elements, &op) &&
                     elements_next(&elements, &value);
    code = member_name(&field, condition->field, reterr);
    condition->is_subject_level = strcmp(condition->field, "subject_level") == 0;
    if (code == 0)
        code = op_read(condition, &op, reterr);
    if (code != 0)
        return code;
    bool wants_value = condition->op != CONDITION_NULL && condition->op != CONDITION_NOTNULL;
    if (has_value != wants_value)
        return member_fail(member, "điều kiện là [trường, phép, giá trị] hoặc [trường, \"null\"]",
                           "a condition is [field, op, value], or [field, \"null\"]", reterr);
    return wants_value ? operands_read(condition, &value, reterr) : 0;
}

static int
conditions_read(struct part *part, const struct member *map, struct err *reterr)
{
    struct member where = member_of(map, "where");
    struct elements elements;
    struct member element;
    if (!member_is_there(&where))
        return 0;
    int code = member_elements(&where, CONDITIONS_MAX, &elements, reterr);
    if (code != 0)
        return code;
    part->conditions = mem_new(elements.count * sizeof *part->conditions);
    part->condition_count = elements.count;
    for (size_t i = 0; code == 0 && elements_next(&elements, &element); i++)
        code = condition_read(&part->conditions[i], &element, reterr);
    return code;
}

static bool
key_parse(struct part *part, struct bytes text)
{
    static const struct bytes offices = {(const uint8_t *)"offices:", 8};
    static const struct bytes record = {(const uint8_t *)"record:", 7};
    if (bytes_equal(text, BYTES_LIT("subject"))) {
        part->key = GROUP_SUBJECT;
        return true;
    }
    if (bytes_equal(text, BYTES_LIT("id"))) {
        part->key = GROUP_ID;
        return true;
    }
    bool is_offices = text.size > offices.size && memcmp(text.at, offices.at, offices.size) == 0;
    bool is_record = text.size > record.size && memcmp(text.at, record.at, record.size) == 0;
    if (!is_offices && !is_record)
        return false;
    size_t skip = is_offices ? offices.size : record.size;
    part->key = is_offices ? GROUP_OFFICES : GROUP_RECORD;
    return name_parse(BYTES(text.at + skip, text.size - skip), part->key_field);
}

static int
part_read(struct part *part, const struct member *map, struct err *reterr)
{
    struct member type = member_of(map, "type"), key = member_of(map, "key");
    struct member date = member_of(map, "date");
    struct bytes text = {0};
    int code = member_name(&type, part->type, reterr);
    if (code == 0)
        code = member_text(&key, &text, reterr);
    if (code == 0 && !key_parse(part, text))
        code = member_fail(&key, "khóa là subject, id, offices:TRƯỜNG hoặc record:TRƯỜNG",
                           "a key is subject, id, offices:FIELD or record:FIELD", reterr);
    if (code == 0 && member_is_there(&date))
        code = member_name(&date, part->date, reterr);
    if (code == 0)
        code = conditions_read(part, map, reterr);
    return code;
}

// What the parts of a measure must have in common.
static int
parts_check(struct measure *measure, const struct member *parts, struct err *reterr)
{
    size_t dated = 0;
    for (size_t i = 0; i < measure->part_count; i++) {
        dated += measure->parts[i].date[0] != '\0';
        if (is_of_records(&measure->parts[i]) != is_of_records(&measure->parts[0]))
            return member_fail(parts, "các khóa phải cùng nêu đơn vị, hoặc cùng nêu bản ghi",
                               "the keys must all name offices, or all name records", reterr);
    }
    if (is_of_records(&measure->parts[0]) && measure->parts[0].key != GROUP_ID)
        return member_fail(parts, "khi nhóm theo bản ghi, phần đầu phải có khóa id",
                           "where groups are records, the first part has the key id", reterr);
    if (dated > 0 && dated < measure->part_count)
        return member_fail(parts, "hoặc mọi phần có date, hoặc không phần nào có",
                           "either every part has a date, or none", reterr);
    measure->is_yearly = dated > 0;
    return 0;
}

static int
parts_read(struct measure *measure, const struct member *map, struct err *reterr)
{
    struct member parts = member_of(map, "parts"), level = member_of(map, "level");
    struct elements elements;
    struct member element;
    int64_t number = LEVEL_NONE;
    int code = member_elements(&parts, PARTS_MAX, &elements, reterr);
    if (code == 0 && elements.count == 0)
        code =
            member_fail(&parts, "cần ít nhất một phần", "at least one part is wanted here", reterr);
    if (code != 0)
        return code;
    measure->part_count = elements.count;
    for (size_t i = 0; code == 0 && elements_next(&elements, &element); i++)
        code = part_read(&measure->parts[i], &element, reterr);
    if (code == 0)
        code = parts_check(measure, &parts, reterr);
    if (code == 0 && member_is_there(&level))
        code = member_int(&level, LEVEL_TOP, LEVEL_AREA, &number, reterr);
    measure->level = (enum level)number;
    return code;
}

static int
measure_read(struct measure *measure, const struct member *map, struct err *reterr)
{
    struct member parts = member_of(map, "parts"), offices = member_of(map, "offices");
    if (member_is_there(&parts) == member_is_there(&offices))
        return member_fail(map, "cần hoặc \"parts\", hoặc \"offices\"",
                           "either \"parts\" or \"offices\" is wanted here", reterr);
    if (member_is_there(&parts))
        return parts_read(measure, map, reterr);
    int64_t level = 0;
    int code = member_int(&offices, LEVEL_TOP, LEVEL_AREA, &level, reterr);
    measure->level = (enum level)level;
    return code;
}

static int
measures_read(struct indicator *self, const struct member *top, struct err *reterr)
{
    struct member numerator = member_of(top, "numerator");
    struct member denominator = member_of(top, "denominator");
    int code = measure_read(&self->numerator, &numerator, reterr);
    if (code == 0)
        code = measure_read(&self->denominator, &denominator, reterr);
    if (code == 0 && self->is_yearly && self->numerator.part_count > 0 &&
        !self->numerator.is_yearly)
        code = member_fail(&numerator, "chỉ tiêu theo năm cần date ở mỗi phần",
                           "an indicator of each year needs a date in every part", reterr);
    if (code == 0 && !self->is_yearly && self->numerator.is_yearly)
        code = member_fail(&numerator, "date chỉ có nghĩa khi period là \"year\"",
                           "a date means something only with the period \"year\"", reterr);
    if (code == 0 && !self->is_yearly && self->denominator.is_yearly)
        code = member_fail(&denominator, "date chỉ có nghĩa khi period là \"year\"",
                           "a date means something only with the period \"year\"", reterr);
    return code;
}

static int
target_read(struct indicator *self, const struct member *top, struct err *reterr)
{
    struct member target = member_of(top, "target");
    struct member op = member_of(&target, "op");
    struct member num = member_of(&target, "num"), den = member_of(&target, "den");
    struct bytes text = {0};
    int code = member_text(&op, &text, reterr);
    if (code == 0 && bytes_equal(text, BYTES_LIT("ge")))
        self->target.op = TARGET_GE;
    else if (code == 0 && bytes_equal(text, BYTES_LIT("gt")))
        self->target.op = TARGET_GT;
    else if (code == 0)
        code = member_fail(&op, "cần \"ge\" (từ ... trở lên) hoặc \"gt\" (trên ...)",
                           "\"ge\" (at least) or \"gt\" (more than) is wanted here", reterr);
    if (code == 0)
        code = member_int(&num, 0, TARGET_MAX, &self->target.num, reterr);
    if (code == 0)
        code = member_int(&den, 1, TARGET_MAX, &self->target.den, reterr);
    return code;
}

// As a name of a type, but with the capitals and dashes that the plan's own codes have.
static int
indicator_name_read(struct indicator *self, const struct member *member, struct err *reterr)
{
    struct bytes name;
    int code = member_text(member, &name, reterr);
    if (code != 0)
        return code;
    bool is_name = name.size <= NAME_MAX_SIZE;
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.at[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool is_inner = (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
        is_name = is_name && (is_letter || (i > 0 && is_inner));
    }
    if (!is_name) {
        (void)err_set(reterr, ERR_TYPE,
                      "'%.*s' không phải mã chỉ tiêu: chữ A-Z a-z, số, '_' và '-', tối đa %d ký tự",
                      "'%.*s' is no name of an indicator: letters, digits, '_' and '-', at most %d",
                      (int)text_cut(name, QUOTE_MAX), (const char *)name.at, NAME_MAX_SIZE);
        return member_wrap(member, reterr);
    }
    memcpy(self->name, name.at, name.size);
    return 0;
}

static int
indicator_head_read(struct indicator *self, const struct member *top, struct err *reterr)
{
    struct member name = member_of(top, "indicator"), version = member_of(top, "version");
    struct member period = member_of(top, "period"), shown = member_of(top, "shown");
    struct member label = member_of(top, "label");
    struct bytes text = {0};
    int64_t number = 0;
    int code = indicator_name_read(self, &name, reterr);
    if (code == 0)
        code = member_int(&version, 1, UINT32_MAX, &number, reterr);
    self->version = (uint32_t)number;
    if (code == 0)
        code = member_text(&period, &text, reterr);
    self->is_yearly = bytes_equal(text, BYTES_LIT("year"));
    if (code == 0 && !self->is_yearly && !bytes_equal(text, BYTES_LIT("none")))
        code = member_fail(&period, "cần \"none\" hoặc \"year\"",
                           "\"none\" or \"year\" is wanted here", reterr);
    if (code == 0)
        code = member_levels(&shown, &self->shown, reterr);
    if (code == 0)
        code = member_label(&label, self->name, self->label, reterr);
    return code;
}

int
indicator_read(struct bytes definition, struct indicator **ret_indicator, struct err *reterr)
{
    struct member top = member_top(definition);
    struct reader in = reader_of(definition);
    if (scan_canonical(definition) != 0 || read_peek(&in) != READ_MAP)
        return member_fail(&top, "định nghĩa chỉ tiêu không phải một bảng msgpack chuẩn tắc",
                           "the definition of an indicator is not one canonical msgpack map",
                           reterr);
    OWNED(indicator_destroy) struct indicator *self = mem_new(sizeof *self);
    int code = indicator_head_read(self, &top, reterr);
    if (code == 0)
        code = measures_read(self, &top, reterr);
    if (code == 0)
        code = target_read(self, &top, reterr);
    if (code != 0)
        return code;
    *ret_indicator = self;
    self = NULL;
    return 0;
}

static void
measure_release(struct measure *measure)
{
    for (size_t i = 0; i < measure->part_count; i++) {
        struct part *part = &measure->parts[i];
        for (size_t j = 0; j < part->condition_count; j++)
            free(part->conditions[j].operands);
        free(part->conditions);
    }
}

void
indicator_destroy(struct indicator **self_p)
{
    struct indicator *self = *self_p;
    if (self == NULL)
        return;
    measure_release(&self->numerator);
    measure_release(&self->denominator);
    free(self->label[LANG_VI]);
    free(self->label[LANG_EN]);
    free(self);
    *self_p = NULL;
}

// --- checking against the types ------------------------------------------------------------------

// What a part names must be there and fit; fails in words that name the part, not the member.
static int
misfit(const struct type *type, const char *name, const char *vi, const char *en,
       struct err *reterr)
{
    (void)err_set(reterr, ERR_TYPE, "%s.%s: %s%.0s", "%s.%s: %.0s%s", type->name, name, vi, en);
    return ERR_TYPE;
}

static int
key_check(const struct part *part, const struct type *type, struct err *reterr)
{
    if (part->key != GROUP_OFFICES && part->key != GROUP_RECORD)
        return 0;
    const struct field *field = type_field(type, bytes_of(part->key_field));
    if (field == NULL)
        return misfit(type, part->key_field, "không có trường này", "there is no such field",
                      reterr);
    if (part->key == GROUP_OFFICES && field->kind != FIELD_OFFICE)
        return misfit(type, part->key_field, "không phải trường đơn vị", "it holds no offices",
                      reterr);
    if (part->key == GROUP_RECORD && (field->kind != FIELD_RECORD || field->is_list))
        return misfit(type, part->key_field, "không phải trường nêu một bản ghi",
                      "it does not hold one record", reterr);
    return 0;
}

static int
date_check(const struct part *part, const struct type *type, struct err *reterr)
{
    if (part->date[0] == '\0')
        return 0;
    const struct field *field = type_field(type, bytes_of(part->date));
    if (field == NULL || field->kind != FIELD_DATE || field->is_list)
        return misfit(type, part->date, "không có trường ngày này", "there is no such date",
                      reterr);
    return 0;
}

static bool
has_choice(const struct field *field, const char *name)
{
    for (size_t i = 0; i < field->choice_count; i++)
        if (strcmp(field->choices[i].name, name) == 0)
            return true;
    return false;
}

// True when a value of `field` can be as `operand` is.
static bool
operand_fits(const struct operand *operand, enum condition_op op, const struct field *field)
{
    switch (field->kind) {
    case FIELD_INT:
        return operand->kind == OPERAND_INT;
    case FIELD_DATE: // A day is written as text, which only an order reads as a day
        return operand->kind == OPERAND_INT && is_ordering(op);
    case FIELD_BOOL:
        return operand->kind == OPERAND_BOOL;
    case FIELD_CHOICE:
        return operand->kind == OPERAND_TEXT && has_choice(field, operand->text);
    case FIELD_TEXT:
    case FIELD_OFFICE:
    case FIELD_RECORD:
    default:
        return operand->kind == OPERAND_TEXT;
    }
}

static int
condition_check(const struct condition *condition, const struct type *type, struct err *reterr)
{
    if (condition->is_subject_level)
        return 0;
    const struct field *field = type_field(type, bytes_of(condition->field));
    if (field == NULL)
        return misfit(type, condition->field, "không có trường này", "there is no such field",
                      reterr);
    for (size_t i = 0; i < condition->operand_count; i++)
        if (!operand_fits(&condition->operands[i], condition->op, field))
            return misfit(type, condition->field, "so với giá trị mà trường này không thể có",
                          "it is compared with what it can never be", reterr);
    return 0;
}

static int
part_check(const struct part *part, const struct type *type, struct err *reterr)
{
    if (strcmp(part->type, type->name) != 0)
        return 0;
    int code = key_check(part, type, reterr);
    if (code == 0)
        code = date_check(part, type, reterr);
    for (size_t i = 0; code == 0 && i < part->condition_count; i++)
        code = condition_check(&part->conditions[i], type, reterr);
    return code;
}

int
indicator_check(const struct indicator *self, const struct type *type, struct err *reterr)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < self->numerator.part_count; i++)
        code = part_check(&self->numerator.parts[i], type, reterr);
    for (size_t i = 0; code == 0 && i < self->denominator.part_count; i++)
        code = part_check(&self->denominator.parts[i], type, reterr);
    return code == 0 ? 0 : err_wrap(reterr, "%s", "%s", self->name);
}

// --- using ---------------------------------------------------------------------------------------

bool
indicator_meets(const struct indicator *self, int64_t num, int64_t den, bool *ret_na)
{
    assert(num >= 0 && den >= 0);

    *ret_na = den == 0;
    if (den == 0)
        return false;
    // Counts are far below 2^43, but a product is no place to rely on it.
    __extension__ typedef __int128 wide;
    wide have = (wide)num * self->target.den, want = (wide)self->target.num * den;
    return self->target.op == TARGET_GT ? have > want : have >= want;
}

static bool
number_holds(enum condition_op op, int64_t number, int64_t operand)
{
    switch (op) {
    case CONDITION_LT:
        return number < operand;
    case CONDITION_LE:
        return number <= operand;
    case CONDITION_GT:
        return number > operand;
    case CONDITION_GE:
        return number >= operand;
    case CONDITION_EQ:
    case CONDITION_NE:
    case CONDITION_IN:
    case CONDITION_NULL:
    case CONDITION_NOTNULL:
    default:
        return number == operand;
    }
}

// Whether one value, not nil and not a list, is as one operand says; `!=` asks for sameness here,
// and its caller turns the answer round.
static bool
operand_holds(const struct operand *operand, enum condition_op op, struct bytes value)
{
    struct reader in = reader_of(value);
    switch (operand->kind) {
    case OPERAND_TEXT:
        return read_peek(&in) == READ_STR && bytes_equal(read_str(&in), bytes_of(operand->text));
    case OPERAND_BOOL:
        return read_peek(&in) == READ_BOOL && read_bool(&in) == (operand->number != 0);
    case OPERAND_INT:
    default:
        break;
    }
    int64_t number = read_int(&in);
    return in.code == 0 && number_holds(op, number, operand->number);
}

static bool
any_operand_holds(const struct condition *self, struct bytes value)
{
    for (size_t i = 0; i < self->operand_count; i++)
        if (operand_holds(&self->operands[i], self->op, value))
            return true;
    return false;
}

static bool
any_element_holds(const struct condition *self, struct bytes value)
{
    struct reader in = reader_of(value);
    if (read_peek(&in) != READ_ARRAY)
        return any_operand_holds(self, value);
    for (size_t left = read_array(&in); left > 0 && in.code == 0; left--)
        if (any_operand_holds(self, read_skip(&in)))
            return true;
    return false;
}

static bool
level_holds(const struct condition *self, enum level subject_level)
{
    bool holds = false;
    for (size_t i = 0; i < self->operand_count; i++)
        holds = holds || number_holds(self->op, subject_level, self->operands[i].number);
    return self->op == CONDITION_NOTNULL || holds != (self->op == CONDITION_NE);
}

// An empty list is no value: that is how a list is cleared.
static bool
is_nothing(struct bytes value)
{
    struct reader in = reader_of(value);
    return value.size == 0 || read_nil(&in) ||
           (read_peek(&in) == READ_ARRAY && read_array(&in) == 0);
}

bool
condition_holds(const struct condition *self, enum level subject_level, struct bytes value)
{
    if (self->is_subject_level)
        return level_holds(self, subject_level);
    if (self->op == CONDITION_NULL)
        return is_nothing(value);
    if (self->op == CONDITION_NOTNULL || is_nothing(value))
        return self->op == CONDITION_NOTNULL && !is_nothing(value);
    return any_element_holds(self, value) != (self->op == CONDITION_NE);
}
