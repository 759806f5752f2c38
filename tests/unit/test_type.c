#include <jansson.h>
#include <stdlib.h>

#include "../../node/catalogue/value.h"
#include "../../node/core/type.h"
#include "../../proto/scan.h"
#include "../t.h"

// Read a definition written as JSON with ' for ".
static int
type_of(const char *json_text, struct type **ret_type, struct err *reterr)
{
    OWNED(buf_release) struct buf text = {0}, definition = {0};
    OWNED(json_decrefp) json_t *json = NULL;
    for (const char *at = json_text; *at != '\0'; at++)
        buf_add_byte(&text, *at == '\'' ? '"' : (uint8_t)*at);
    json = json_loads(buf_text(&text), JSON_DECODE_ANY, NULL);
    if (json == NULL || value_pack(json, &definition, reterr) != 0)
        return err_set(reterr, ERR_BUG, "JSON của bài thử sai", "the JSON of the test is wrong");
    return type_read(buf_bytes(&definition), ret_type, reterr);
}

#define TYPE_WRONG(json, way)                                                                      \
    do {                                                                                           \
        struct type *type_ = NULL;                                                                 \
        struct err err_ = {0};                                                                     \
        T_EQ(type_of(json, &type_, &err_), ERR_TYPE);                                              \
        T_OK(type_ == NULL);                                                                       \
        if (strncmp(err_.en, way, strlen(way)) != 0)                                               \
            T_TEXT(err_.en, way);                                                                  \
        T_EQ(strncmp(err_.vi, way, strlen(way)), 0);                                               \
    } while (0)

#define HEAD "'type':'t','version':1,'reach':0,'levels':[3]"

TEST(type, reads_every_member)
{
    OWNED(type_destroy) struct type *type = NULL;
    struct err err = {0};
    T_EQ(type_of("{'type':'commitment','version':7,'reach':2,'directive':true,'levels':[2,3],"
                 "'label':{'vi':'Bản cam kết','en':'Commitment'},'key':['subject','signed_on'],"
                 "'fields':[{'name':'signed_on','kind':'date','required':true,"
                 "'label':{'vi':'Ngày ký','en':'Signed on'}},"
                 "{'name':'people','kind':'int','min':-3,'max':9},"
                 "{'name':'house','kind':'record','of':'household'},"
                 "{'name':'areas','kind':'office','level':3,'list':true},"
                 "{'name':'who','kind':'choice','choices':[{'name':'a','label':{'vi':'Á'}},"
                 "{'name':'b'}]}]}",
                 &type, &err),
         0);
    T_TEXT(type->name, "commitment");
    T_EQ(type->version, 7);
    T_EQ(type->reach, LEVEL_COMMUNE);
    T_EQ(type->is_directive, true);
    T_EQ(type->levels, 1 << LEVEL_COMMUNE | 1 << LEVEL_AREA);
    T_TEXT(type->label[LANG_VI], "Bản cam kết");
    T_EQ(type->key_count, 2);
    T_TEXT(type->key[0], "subject");
    T_EQ(type->field_count, 5);
    T_EQ(type->fields[0].kind, FIELD_DATE);
    T_OK(type->fields[0].is_required && !type->fields[0].is_list);
    T_TEXT(type->fields[0].label[LANG_EN], "Signed on");
    T_EQ(type->fields[1].min, -3);
    T_EQ(type->fields[1].max, 9);
    T_EQ(type->fields[0].min, INT64_MIN);
    T_EQ(type->fields[0].max, INT64_MAX);
    T_TEXT(type->fields[2].of, "household");
    T_OK(type->fields[3].is_list && type->fields[3].level == LEVEL_AREA);
    T_EQ(type->fields[2].level, LEVEL_NONE);
    T_EQ(type->fields[4].choice_count, 2);
    T_OK(type_field(type, BYTES_LIT("who")) == &type->fields[4]);
    T_OK(type_field(type, BYTES_LIT("wh")) == NULL);
}

TEST(type, has_a_label_in_both_languages_whatever_was_given)
{
    OWNED(type_destroy) struct type *type = NULL;
    struct err err = {0};
    T_EQ(type_of("{" HEAD ",'label':{'vi':'Á'},'fields':[{'name':'f','kind':'choice',"
                 "'label':{'en':'F'},'choices':[{'name':'c'}]}]}",
                 &type, &err),
         0);
    T_TEXT(type->label[LANG_VI], "Á");
    T_TEXT(type->label[LANG_EN], "Á");
    T_TEXT(type->fields[0].label[LANG_VI], "F");
    T_TEXT(type->fields[0].label[LANG_EN], "F");
    T_TEXT(type->fields[0].choices[0].label[LANG_VI], "c");
}

TEST(type, passes_over_members_of_later_versions)
{
    OWNED(type_destroy) struct type *type = NULL;
    struct err err = {0};
    T_EQ(type_of("{" HEAD ",'zzz':{'a':[1]},'fields':[{'name':'f','kind':'text','help':'x'}]}",
                 &type, &err),
         0);
    T_EQ(type->field_count, 1);
}

TEST(type, names_the_member_that_is_wrong)
{
    TYPE_WRONG("{'version':1}", "type: ");
    TYPE_WRONG("{'type':'T','version':1}", "type: ");
    TYPE_WRONG("{'type':'sqlite_x','version':1}", "type: ");
    TYPE_WRONG("{'type':'model_retracted','version':1}", "type: ");
    TYPE_WRONG("{'type':'t','version':0}", "version: ");
    TYPE_WRONG("{'type':'t','version':4294967296}", "version: ");
    TYPE_WRONG("{'type':'t','version':1,'reach':4}", "reach: ");
    TYPE_WRONG("{'type':'t','version':1,'reach':0,'levels':[]}", "levels: ");
    TYPE_WRONG("{'type':'t','version':1,'reach':0,'levels':[3,9]}", "levels[1]: ");
    TYPE_WRONG("{" HEAD ",'label':'x'}", "label: ");
    TYPE_WRONG("{" HEAD ",'label':{'vi':7}}", "label.vi: ");
    TYPE_WRONG("{" HEAD "}", "fields: ");
    TYPE_WRONG("{" HEAD ",'fields':[]}", "fields: ");
    TYPE_WRONG("{" HEAD ",'fields':[7]}", "fields[0].name: ");
    TYPE_WRONG("{" HEAD ",'fields':[{'name':'subject','kind':'text'}]}", "fields[0].name: ");
    TYPE_WRONG("{" HEAD ",'fields':[{'name':'a','kind':'real'}]}", "fields[0].kind: ");
    TYPE_WRONG("{" HEAD ",'fields':[{'name':'a','kind':'int'},{'name':'a','kind':'int'}]}",
               "fields[1]: ");
    TYPE_WRONG("{" HEAD ",'fields':[{'name':'a','kind':'choice'}]}", "fields[0].choices: ");
    TYPE_WRONG("{" HEAD ",'fields':[{'name':'a','kind':'int','choices':[]}]}",
               "fields[0].choices: ");
    TYPE_WRONG("{" HEAD ",'fields':[{'name':'a','kind':'date','min':1}]}", "fields[0].min: ");
    TYPE_WRONG("{" HEAD ",'fields':[{'name':'a','kind':'int','min':2,'max':1}]}",
               "fields[0].max: ");
    TYPE_WRONG("{" HEAD ",'fields':[{'name':'a','kind':'office','level':0}]}", "fields[0].level: ");
    TYPE_WRONG("{" HEAD ",'fields':[{'name':'a','kind':'int','list':1}]}", "fields[0].list: ");
    TYPE_WRONG("{" HEAD ",'fields':[{'name':'a','kind':'choice','choices':[{'name':'x'},"
               "{'name':'x'}]}]}",
               "fields[0].choices[1].name: ");
    TYPE_WRONG("{" HEAD ",'key':['b'],'fields':[{'name':'a','kind':'int'}]}", "key[0]: ");
    TYPE_WRONG("{" HEAD ",'key':['a','a'],'fields':[{'name':'a','kind':'int'}]}", "key[1]: ");
    TYPE_WRONG("{" HEAD ",'key':['a'],'fields':[{'name':'a','kind':'int','list':true}]}",
               "key[0]: ");
}

TEST(type, refuses_what_is_no_map)
{
    struct type *type = NULL;
    struct err err = {0};
    T_EQ(type_of("[]", &type, &err), ERR_TYPE);
    T_TEXT(err.en, "the definition of a type is not one canonical msgpack map");
    T_TEXT(err.vi, "định nghĩa loại bản ghi không phải một bảng msgpack chuẩn tắc");
}

TEST(type, refuses_bytes_that_are_not_canonical)
{
    struct type *type = NULL;
    struct err err = {0};
    T_EQ(type_read(BYTES_LIT("\x81\xd9\x04type\x01"), &type, &err), ERR_TYPE);
    T_EQ(type_read(BYTES_LIT("\xdf\xff\xff\xff\xff"), &type, &err), ERR_TYPE);
    T_EQ(type_read((struct bytes){0}, &type, &err), ERR_TYPE);
    T_OK(type == NULL);
}

TEST(type, holds_as_many_fields_as_it_says)
{
    for (int over = 0; over <= 1; over++) {
        OWNED(buf_release) struct buf text = {0};
        OWNED(type_destroy) struct type *type = NULL;
        struct err err = {0};
        buf_add_text(&text, "{" HEAD ",'fields':[");
        for (int i = 0; i < FIELDS_MAX + over; i++)
            buf_print(&text, "%s{'name':'f%d','kind':'int'}", i > 0 ? "," : "", i);
        buf_add_text(&text, "]}");
        T_EQ(type_of(buf_text(&text), &type, &err), over ? ERR_TYPE : 0);
    }
}

TEST(type, knows_a_name_when_it_sees_one)
{
    char name[NAME_MAX_SIZE + 1];
    T_OK(name_parse(BYTES_LIT("a"), name));
    T_OK(name_parse(BYTES_LIT("abcdefghijklmnopqrstuvwxyz01234"), name));
    T_TEXT(name, "abcdefghijklmnopqrstuvwxyz01234");
    T_OK(!name_parse(BYTES_LIT("abcdefghijklmnopqrstuvwxyz012345"), name));
    T_OK(!name_parse(BYTES_LIT(""), name));
    T_OK(!name_parse(BYTES_LIT("1a"), name));
    T_OK(!name_parse(BYTES_LIT("_a"), name));
    T_OK(!name_parse(BYTES_LIT("a-b"), name));
    T_OK(!name_parse(BYTES_LIT("A"), name));
    T_OK(!name_parse(BYTES_LIT("a\0b"), name));
}
