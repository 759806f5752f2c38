#include <jansson.h>

#include "../../node/catalogue/value.h"
#include "../../node/core/indicator.h"
#include "../../proto/pack.h"
#include "../t.h"

// Pack JSON with ' for ".
static bool
packed(const char *json_text, struct buf *ret_value)
{
    OWNED(buf_release) struct buf text = {0};
    OWNED(json_decrefp) json_t *json = NULL;
    struct err err = {0};
    for (const char *at = json_text; *at != '\0'; at++)
        buf_add_byte(&text, *at == '\'' ? '"' : (uint8_t)*at);
    json = json_loads(buf_text(&text), JSON_DECODE_ANY, NULL);
    return json != NULL && value_pack(json, ret_value, &err) == 0;
}

static int
indicator_of(const char *json_text, struct indicator **ret_indicator, struct err *reterr)
{
    OWNED(buf_release) struct buf definition = {0};
    if (!packed(json_text, &definition))
        return err_set(reterr, ERR_BUG, "JSON của bài thử sai", "the JSON of the test is wrong");
    return indicator_read(buf_bytes(&definition), ret_indicator, reterr);
}

#define WRONG(json, way)                                                                           \
    do {                                                                                           \
        struct indicator *indicator_ = NULL;                                                       \
        struct err err_ = {0};                                                                     \
        T_EQ(indicator_of(json, &indicator_, &err_), ERR_TYPE);                                    \
        T_OK(indicator_ == NULL);                                                                  \
        if (strncmp(err_.en, way, strlen(way)) != 0)                                               \
            T_TEXT(err_.en, way);                                                                  \
    } while (0)

#define HEAD(period) "'indicator':'T2','version':1,'period':'" period "','shown':[1,2]"
#define DEN          ",'denominator':{'offices':3}"
#define GOAL         ",'target':{'op':'ge','num':100,'den':100}"
#define PARTS(parts) ",'numerator':{'parts':[" parts "]}"

TEST(indicator, reads_every_member)
{
    OWNED(indicator_destroy) struct indicator *self = NULL;
    struct err err = {0};
    T_EQ(
        indicator_of("{'indicator':'T3b-c','version':2,'label':{'vi':'Á','en':'A'},'period':'none',"
                     "'numerator':{'level':3,'parts':[{'type':'model','key':'offices:area_ids',"
                     "'where':[['status','in',['a','b']],['subject_level','<=',3]]}]},"
                     "'denominator':{'parts':[{'type':'x','key':'id'},"
                     "{'type':'y','key':'record:x'}]},"
                     "'target':{'op':'gt','num':1,'den':2},'shown':[2]}",
                     &self, &err),
        0);
    T_TEXT(self->name, "T3b-c");
    T_EQ(self->version, 2);
    T_TEXT(self->label[LANG_VI], "Á");
    T_EQ(self->is_yearly, false);
    T_EQ(self->shown, 1 << LEVEL_COMMUNE);
    T_EQ(self->numerator.level, LEVEL_AREA);
    T_EQ(self->numerator.part_count, 1);
    const struct part *part = &self->numerator.parts[0];
    T_EQ(part->key, GROUP_OFFICES);
    T_TEXT(part->key_field, "area_ids");
    T_EQ(part->condition_count, 2);
    T_EQ(part->conditions[0].op, CONDITION_IN);
    T_EQ(part->conditions[0].operand_count, 2);
    T_TEXT(part->conditions[0].operands[1].text, "b");
    T_EQ(part->conditions[1].is_subject_level, true);
    T_EQ(self->denominator.part_count, 2);
    T_EQ(self->denominator.level, LEVEL_NONE);
    T_EQ(self->denominator.parts[0].key, GROUP_ID);
    T_EQ(self->denominator.parts[1].key, GROUP_RECORD);
    T_EQ(self->target.op, TARGET_GT);
    T_EQ(self->target.den, 2);
}

TEST(indicator, names_the_member_that_is_wrong)
{
    WRONG("[]", "the definition");
    WRONG("{'indicator':'2T','version':1}", "indicator: ");
    WRONG("{'indicator':'T 2','version':1}", "indicator: ");
    WRONG("{'indicator':'T2','version':0}", "version: ");
    WRONG("{'indicator':'T2','version':1,'period':'month'}", "period: ");
    WRONG("{'indicator':'T2','version':1,'period':'none','shown':[]}", "shown: ");
    WRONG("{" HEAD("none") "}", "numerator: ");
    WRONG("{" HEAD("none") ",'numerator':{'offices':3,'parts':[]}}", "numerator: ");
    WRONG("{" HEAD("none") PARTS("") "}", "numerator.parts: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'x'}") "}", "numerator.parts[0].key: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'record:'}") "}", "numerator.parts[0].key: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'record:X'}") "}", "numerator.parts[0].key: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'record:x'}") "}", "numerator.parts: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id'},{'type':'b','key':'subject'}") "}",
          "numerator.parts: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','where':[['x']]}") "}",
          "numerator.parts[0].where[0][1]: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','where':[['x','~',1]]}") "}",
          "numerator.parts[0].where[0][1]: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','where':[['x','=']]}") "}",
          "numerator.parts[0].where[0]: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','where':[['x','null',1]]}") "}",
          "numerator.parts[0].where[0]: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','where':[['x','<','abc']]}") "}",
          "numerator.parts[0].where[0][2]: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','where':[['x','<',true]]}") "}",
          "numerator.parts[0].where[0][2]: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','where':[['x','in',[]]]}") "}",
          "numerator.parts[0].where[0][2]: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','where':[['subject_level','=','3']]}") "}",
          "numerator.parts[0].where[0][2]: ");
    WRONG("{" HEAD("year") PARTS("{'type':'a','key':'id'}") DEN GOAL "}", "numerator: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','date':'d'}") DEN GOAL "}", "numerator: ");
    WRONG("{" HEAD("year") PARTS("{'type':'a','key':'id','date':'d'},{'type':'b','key':'record:a'}")
              DEN GOAL "}",
          "numerator.parts: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id'}") DEN "}", "target.op: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id'}") DEN
          ",'target':{'op':'ge','num':1,'den':0}}",
          "target.den: ");
}

TEST(indicator, refuses_more_than_it_has_room_for)
{
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id'},{'type':'a','key':'id'},"
                                 "{'type':'a','key':'id'},{'type':'a','key':'id'},"
                                 "{'type':'a','key':'id'}") "}",
          "numerator.parts: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','where':[['x','in',[1,2,3,4,5,6,7,8,9,10,"
                                 "11,12,13,14,15,16,17]]]}") "}",
          "numerator.parts[0].where[0][2]: ");
    WRONG("{" HEAD("none") PARTS("{'type':'a','key':'id','where':[['x','=','_0123456789012345678901"
                                 "23456789012345678901234567890123456789012']]}") "}",
          "numerator.parts[0].where[0][2]: ");
}

static int
meets(int64_t num, int64_t den, enum target_op op, int64_t target_num, int64_t target_den)
{
    struct indicator self = {.target = {op, target_num, target_den}};
    bool is_na;
    bool is_met = indicator_meets(&self, num, den, &is_na);
    return is_na ? -1 : is_met;
}

TEST(indicator, meets_its_target_in_whole_numbers)
{
    T_EQ(meets(5, 10, TARGET_GT, 1, 2), 0); // Five of ten areas are not more than half
    T_EQ(meets(6, 10, TARGET_GT, 1, 2), 1);
    T_EQ(meets(5, 10, TARGET_GE, 1, 2), 1);
    T_EQ(meets(91, 92, TARGET_GE, 100, 100), 0);
    T_EQ(meets(92, 92, TARGET_GE, 100, 100), 1);
    T_EQ(meets(93, 92, TARGET_GE, 100, 100), 1);
    T_EQ(meets(999999, 1000000, TARGET_GE, 100, 100), 0);
    T_EQ(meets(INT64_MAX - 1, INT64_MAX, TARGET_GE, 1000000, 1000000), 0);
    T_EQ(meets(INT64_MAX, INT64_MAX, TARGET_GE, 1000000, 1000000), 1);
    T_EQ(meets(0, 0, TARGET_GE, 100, 100), -1);
    T_EQ(meets(3, 0, TARGET_GT, 1, 2), -1);
    T_EQ(meets(0, 5, TARGET_GE, 0, 1), 1);
}

// Whether a record with `value` (JSON; "" for none) at an area passes one condition.
static int
holds(const char *condition, const char *value)
{
    OWNED(buf_release) struct buf text = {0}, packed_value = {0};
    OWNED(indicator_destroy) struct indicator *self = NULL;
    struct err err = {0};
    buf_print(&text, "{" HEAD("none") PARTS("{'type':'a','key':'id','where':[%s]}") DEN GOAL "}",
              condition);
    if (indicator_of(buf_text(&text), &self, &err) != 0)
        return -1;
    if (value[0] != '\0' && !packed(value, &packed_value))
        return -2;
    return condition_holds(&self->numerator.parts[0].conditions[0], LEVEL_AREA,
                           buf_bytes(&packed_value));
}

TEST(indicator, compares_single_values)
{
    T_EQ(holds("['f','=','a']", "'a'"), 1);
    T_EQ(holds("['f','=','a']", "'ab'"), 0);
    T_EQ(holds("['f','!=','a']", "'b'"), 1);
    T_EQ(holds("['f','!=','a']", "'a'"), 0);
    T_EQ(holds("['f','=',true]", "true"), 1);
    T_EQ(holds("['f','=',true]", "1"), 0);
    T_EQ(holds("['f','=',1]", "true"), 0);
    T_EQ(holds("['f','=',1]", "'1'"), 0);
    T_EQ(holds("['f','<',-5]", "-6"), 1);
    T_EQ(holds("['f','<',-5]", "-5"), 0);
    T_EQ(holds("['f','<=',300]", "300"), 1);
    T_EQ(holds("['f','>',300]", "300"), 0);
    T_EQ(holds("['f','>=',300]", "300"), 1);
    T_EQ(holds("['f','>=','2026-01-05']", "20458"), 1); // A day, as facts hold it
    T_EQ(holds("['f','<','2026-01-05']", "20458"), 0);
    T_EQ(holds("['f','<',5]", "'4'"), 0);
    T_EQ(holds("['f','in',[1,'a',false]]", "'a'"), 1);
    T_EQ(holds("['f','in',[1,'a',false]]", "false"), 1);
    T_EQ(holds("['f','in',[1,'a',false]]", "2"), 0);
}

TEST(indicator, treats_no_value_as_sql_does)
{
    static const char *const nothing[] = {"", "null", "[]"};
    for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++) {
        T_EQ(holds("['f','null']", nothing[i]), 1);
        T_EQ(holds("['f','notnull']", nothing[i]), 0);
        T_EQ(holds("['f','=','a']", nothing[i]), 0);
        T_EQ(holds("['f','!=','a']", nothing[i]), 0);
        T_EQ(holds("['f','<',5]", nothing[i]), 0);
        T_EQ(holds("['f','in',['a']]", nothing[i]), 0);
    }
    T_EQ(holds("['f','null']", "0"), 0);
    T_EQ(holds("['f','notnull']", "false"), 1);
    T_EQ(holds("['f','notnull']", "''"), 1);
}

TEST(indicator, looks_into_lists)
{
    T_EQ(holds("['f','=','b']", "['a','b']"), 1);
    T_EQ(holds("['f','=','c']", "['a','b']"), 0);
    T_EQ(holds("['f','!=','b']", "['a','b']"), 0);
    T_EQ(holds("['f','!=','c']", "['a','b']"), 1);
    T_EQ(holds("['f','in',['c','a']]", "['a','b']"), 1);
    T_EQ(holds("['f','notnull']", "['a']"), 1);
}

TEST(indicator, looks_at_the_level_of_the_subject)
{
    T_EQ(holds("['subject_level','=',3]", ""), 1);
    T_EQ(holds("['subject_level','=',2]", ""), 0);
    T_EQ(holds("['subject_level','!=',2]", ""), 1);
    T_EQ(holds("['subject_level','>=',2]", ""), 1);
    T_EQ(holds("['subject_level','in',[1,3]]", ""), 1);
    T_EQ(holds("['subject_level','notnull']", ""), 1);
    T_EQ(holds("['subject_level','null']", ""), 0);
}

// Check one part of an indicator against a type of three fields.
static int
check(const char *part)
{
    OWNED(buf_release) struct buf text = {0}, definition = {0};
    OWNED(indicator_destroy) struct indicator *self = NULL;
    OWNED(type_destroy) struct type *type = NULL;
    struct err err = {0};
    buf_print(&text, "{" HEAD("year") PARTS("%s") DEN GOAL "}", part);
    if (indicator_of(buf_text(&text), &self, &err) != 0)
        return -1;
    if (!packed("{'type':'a','version':1,'reach':0,'levels':[3],'fields':["
                "{'name':'day','kind':'date'},{'name':'n','kind':'int'},"
                "{'name':'areas','kind':'office','list':true},"
                "{'name':'state','kind':'choice','choices':[{'name':'on'},{'name':'off'}]}]}",
                &definition) ||
        type_read(buf_bytes(&definition), &type, &err) != 0)
        return -2;
    return indicator_check(self, type, &err);
}

TEST(indicator, is_checked_against_the_types_it_counts)
{
    T_EQ(check("{'type':'a','key':'offices:areas','date':'day','where':[['state','=','on'],"
               "['n','<',5],['day','>=','2026-01-01'],['subject_level','=',3]]}"),
         0);
    T_EQ(check("{'type':'b','key':'offices:zzz','date':'zzz'}"), 0); // Another type's business
    T_EQ(check("{'type':'a','key':'offices:zzz','date':'day'}"), ERR_TYPE);
    T_EQ(check("{'type':'a','key':'offices:n','date':'day'}"), ERR_TYPE);
    T_EQ(check("{'type':'a','key':'id','date':'day'},"
               "{'type':'a','key':'record:n','date':'day'}"),
         ERR_TYPE);
    T_EQ(check("{'type':'a','key':'subject','date':'n'}"), ERR_TYPE);
    T_EQ(check("{'type':'a','key':'subject','date':'day','where':[['zzz','null']]}"), ERR_TYPE);
    T_EQ(check("{'type':'a','key':'subject','date':'day','where':[['state','=','of']]}"), ERR_TYPE);
    T_EQ(check("{'type':'a','key':'subject','date':'day','where':[['n','=','5']]}"), ERR_TYPE);
    T_EQ(check("{'type':'a','key':'subject','date':'day','where':[['day','=','2026-01-01']]}"),
         ERR_TYPE);
}
