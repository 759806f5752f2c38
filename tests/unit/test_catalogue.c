#include <stdlib.h>

#include "../../node/catalogue/definition.h"
#include "../../node/catalogue/offices.h"
#include "../../node/catalogue/value.h"
#include "../../node/core/indicator.h"
#include "../../node/core/type.h"
#include "../../proto/scan.h"
#include "../t.h"

static const char *const type_files[] = {
    "conf/plan/types/household.json", "conf/plan/types/commitment.json",
    "conf/plan/types/propaganda_session.json", "conf/plan/types/model.json"};
static const char *const indicator_files[] = {
    "conf/plan/indicators/T1-A.json", "conf/plan/indicators/T1-C.json",
    "conf/plan/indicators/T2.json", "conf/plan/indicators/T3b-c.json"};

enum { TYPE_FILES = 4, INDICATOR_FILES = 4 };

// --- values --------------------------------------------------------------------------------------

// What value_pack makes of JSON, in hex; "" when it refuses.
static const char *
hex_of(const char *json_text)
{
    static char hex[4096];
    OWNED(json_decrefp) json_t *json = json_loads(json_text, JSON_DECODE_ANY, NULL);
    OWNED(buf_release) struct buf value = {0};
    struct err err = {0};
    hex[0] = '\0';
    if (json == NULL || value_pack(json, &value, &err) != 0 || value.size > sizeof hex / 2 - 1)
        return hex;
    if (scan_canonical(buf_bytes(&value)) != 0)
        return "not canonical";
    hex_text(value.at, value.size, hex);
    return hex;
}

TEST(catalogue, packs_values_in_the_one_form_they_have)
{
    T_TEXT(hex_of("{\"b\": 1, \"a\": [\"x\", null, true, false]}"), "82a16194a178c0c3c2a16201");
    T_TEXT(hex_of("[0, 127, 128, -1, -32, -33, 9223372036854775807]"),
           "97007fcc80ffe0d0dfcf7fffffffffffffff");
    T_TEXT(hex_of("{\"ab\": 1, \"a\": 2, \"b\": 3, \"\": 4, \"ă\": 5}"),
           "85a004a16102a2616201a16203a2c48305");
    T_TEXT(hex_of("{\"$bin\": \"00ff\"}"), "c40200ff");
    T_TEXT(hex_of("{\"$bin\": \"\"}"), "c400");
    T_TEXT(hex_of("{\"$bin\": \"00\", \"x\": 1}"), "82a42462696ea23030a17801");
    T_TEXT(hex_of("[[[[[[[[]]]]]]]]"), "9191919191919190");
}

TEST(catalogue, refuses_values_that_have_no_form)
{
    T_TEXT(hex_of("1.5"), "");
    T_TEXT(hex_of("1.0"), "");
    T_TEXT(hex_of("1e3"), "");
    T_TEXT(hex_of("{\"$bin\": \"0\"}"), "");
    T_TEXT(hex_of("{\"$bin\": \"0G\"}"), "");
    T_TEXT(hex_of("{\"$bin\": \"FF\"}"), "");
    T_TEXT(hex_of("[[[[[[[[[]]]]]]]]]"), "");
}

TEST(catalogue, says_where_a_value_has_no_form)
{
    OWNED(json_decrefp) json_t *json = json_loads("{\"a\": [1, {\"b\": 1.5}]}", 0, NULL);
    OWNED(buf_release) struct buf value = {0};
    struct err err = {0};
    buf_add_text(&value, "before");
    T_EQ(value_pack(json, &value, &err), ERR_FIELD);
    T_TEXT(err.en, "a: [1]: b: whole numbers only, no fractions");
    T_TEXT(buf_text(&value), "before");
}

TEST(catalogue, unpacks_what_it_packed)
{
    static const char *const samples[] = {
        "{\"a\":[1,-5,null,true,\"Nguyễn\\n\",\"\"],\"b\":{\"$bin\":\"00ff\"},\"c\":{},\"d\":[]}",
        "\"x\"", "null", "-9223372036854775808"};
    for (size_t i = 0; i < sizeof samples / sizeof samples[0]; i++) {
        OWNED(json_decrefp) json_t *json = json_loads(samples[i], JSON_DECODE_ANY, NULL);
        OWNED(json_decrefp) json_t *again = NULL;
        OWNED(buf_release) struct buf value = {0};
        struct err err = {0};
        T_EQ(value_pack(json, &value, &err), 0);
        T_EQ(value_unpack(buf_bytes(&value), &again), 0);
        T_OK(json_equal(json, again));
    }
}

TEST(catalogue, refuses_bytes_that_have_no_json)
{
    json_t *json = NULL;
    T_EQ(value_unpack(BYTES_LIT("\xcf\x80\0\0\0\0\0\0\0"), &json), ERR_LIMIT);
    T_EQ(value_unpack(BYTES_LIT("\xcb\0\0\0\0\0\0\0\0"), &json), ERR_PROTO);
    T_EQ(value_unpack(BYTES_LIT("\xd9\x01x"), &json), ERR_CANON);
    T_EQ(value_unpack(BYTES_LIT("\x92\x01"), &json), ERR_PROTO);
    T_EQ(value_unpack(BYTES_LIT("\x81\xa3"
                                "a\0b\x01"),
                      &json),
         ERR_PROTO);
    T_EQ(value_unpack(BYTES_LIT("\x92\x01\xcf\x80\0\0\0\0\0\0\0"), &json), ERR_LIMIT);
    T_OK(json == NULL);
}

// --- definitions ---------------------------------------------------------------------------------

static int
file_load(const char *path, struct buf *ret_definition)
{
    size_t size = 0;
    char *text = t_file(path, &size);
    struct err err = {0};
    if (text == NULL)
        return ERR_NOTFOUND;
    int code = definition_load(path, BYTES(text, size), ret_definition, &err);
    free(text);
    if (code != 0)
        t_fail_text(__FILE__, __LINE__, path, err.en, "a definition");
    return code;
}

TEST(catalogue, types_of_the_plan_are_sound)
{
    for (size_t i = 0; i < TYPE_FILES; i++) {
        OWNED(buf_release) struct buf definition = {0};
        OWNED(type_destroy) struct type *type = NULL;
        struct err err = {0};
        T_EQ(file_load(type_files[i], &definition), 0);
        T_EQ(definition_kind(buf_bytes(&definition)), DEFINITION_TYPE);
        T_EQ(type_read(buf_bytes(&definition), &type, &err), 0);
        T_OK(strstr(type_files[i], type->name) != NULL);
        T_EQ(type->reach, LEVEL_TOP);
        for (size_t j = 0; j < type->field_count; j++)
            T_OK(strcmp(type->fields[j].label[LANG_VI], type->fields[j].name) != 0);
    }
}

TEST(catalogue, indicators_of_the_plan_count_fields_that_exist)
{
    for (size_t i = 0; i < INDICATOR_FILES; i++) {
        OWNED(buf_release) struct buf definition = {0};
        OWNED(indicator_destroy) struct indicator *indicator = NULL;
        struct err err = {0};
        T_EQ(file_load(indicator_files[i], &definition), 0);
        T_EQ(definition_kind(buf_bytes(&definition)), DEFINITION_INDICATOR);
        T_EQ(indicator_read(buf_bytes(&definition), &indicator, &err), 0);
        T_OK(strstr(indicator_files[i], indicator->name) != NULL);
        for (size_t j = 0; j < TYPE_FILES; j++) {
            OWNED(buf_release) struct buf type_definition = {0};
            OWNED(type_destroy) struct type *type = NULL;
            T_EQ(file_load(type_files[j], &type_definition), 0);
            T_EQ(type_read(buf_bytes(&type_definition), &type, &err), 0);
            if (indicator_check(indicator, type, &err) != 0)
                T_TEXT(err.en, "sound");
        }
    }
}

TEST(catalogue, more_than_half_of_the_areas_is_strict)
{
    OWNED(buf_release) struct buf definition = {0};
    OWNED(indicator_destroy) struct indicator *indicator = NULL;
    struct err err = {0};
    bool is_na;
    T_EQ(file_load("conf/plan/indicators/T3b-c.json", &definition), 0);
    T_EQ(indicator_read(buf_bytes(&definition), &indicator, &err), 0);
    T_OK(!indicator_meets(indicator, 5, 10, &is_na));
    T_OK(indicator_meets(indicator, 6, 10, &is_na));
    T_EQ(indicator->numerator.level, LEVEL_AREA);
}

TEST(catalogue, gives_the_file_back)
{
    for (size_t i = 0; i < TYPE_FILES + INDICATOR_FILES; i++) {
        const char *path = i < TYPE_FILES ? type_files[i] : indicator_files[i - TYPE_FILES];
        OWNED(buf_release) struct buf first = {0}, text = {0}, second = {0};
        struct err err = {0};
        T_EQ(file_load(path, &first), 0);
        T_EQ(definition_json(buf_bytes(&first), &text), 0);
        T_EQ(definition_load(path, buf_bytes(&text), &second, &err), 0);
        T_OK(bytes_equal(buf_bytes(&first), buf_bytes(&second)));
    }
}

#define LOAD_FAILS(json, message)                                                                  \
    do {                                                                                           \
        OWNED(buf_release) struct buf definition_ = {0};                                           \
        struct err err_ = {0};                                                                     \
        T_EQ(definition_load("t.json", BYTES_LIT(json), &definition_, &err_), ERR_TYPE);           \
        T_EQ(definition_.size, 0);                                                                 \
        if (strncmp(err_.en, message, strlen(message)) != 0)                                       \
            T_TEXT(err_.en, message);                                                              \
    } while (0)

TEST(catalogue, says_where_a_definition_is_wrong)
{
    LOAD_FAILS("{\n  \"type\": 5,\n  x\n}", "t.json:3:3: not JSON: ");
    LOAD_FAILS("", "t.json:1:0: not JSON: ");
    LOAD_FAILS("{\"a\": 1, \"a\": 2}", "t.json:1:");
    LOAD_FAILS("{\"type\": \"t\\u0000\"}", "t.json:1:");
    LOAD_FAILS("{\"type\": \"t\xff\"}", "t.json:1:");
    LOAD_FAILS("[]", "t.json: exactly one of");
    LOAD_FAILS("{}", "t.json: exactly one of");
    LOAD_FAILS("{\"type\": \"t\", \"indicator\": \"i\"}", "t.json: exactly one of");
    LOAD_FAILS("{\"type\": \"t\", \"version\": 1.5}", "t.json: version: whole numbers");
    LOAD_FAILS("{\"type\": \"t\", \"version\": 0}", "t.json: version: ");
    LOAD_FAILS("{\"type\": \"t\\u0007\"}", "t.json: there is a control character");
    LOAD_FAILS("{\"indicator\": \"i\", \"version\": 1, \"period\": \"day\"}", "t.json: period: ");
}

#define TINY(label, before)                                                                        \
    before "{\"type\":\"t\",\"version\":1,\"reach\":0,\"levels\":[3],\"label\":{\"vi\":\"" label   \
           "\"},\"fields\":[{\"name\":\"f\",\"kind\":\"int\"}]}\r\n"

TEST(catalogue, makes_the_same_bytes_whatever_it_was_typed_on)
{
    OWNED(buf_release) struct buf composed = {0}, decomposed = {0};
    struct err err = {0};
    T_EQ(definition_load("a", BYTES_LIT(TINY("Nguyễn", "")), &composed, &err), 0);
    T_EQ(definition_load("b", BYTES_LIT(TINY(" Nguye\xcc\x82\xcc\x83n", "\xef\xbb\xbf")),
                         &decomposed, &err),
         0);
    T_OK(bytes_equal(buf_bytes(&composed), buf_bytes(&decomposed)));
}

TEST(catalogue, refuses_a_definition_too_long_for_an_entry)
{
    OWNED(buf_release) struct buf text = {0}, definition = {0};
    struct err err = {0};
    buf_add_text(&text, "{\"note\":\"");
    for (int i = 0; i < DEFINITION_MAX; i++)
        buf_add_byte(&text, 'x');
    buf_add_text(&text, "\",");
    buf_add_text(&text, &TINY("t", "")[1]);
    T_EQ(definition_load("a", buf_bytes(&text), &definition, &err), ERR_TYPE);
    T_EQ(definition.size, 0);
}

// --- offices -------------------------------------------------------------------------------------

TEST(catalogue, knows_every_commune_of_the_province)
{
    OWNED(offices_release) struct offices list = {0};
    struct err err = {0};
    size_t size = 0;
    char *text = t_file("conf/offices/thai-nguyen.csv", &size);
    T_OK(text != NULL);
    int code = offices_read(BYTES(text, size), NULL, &list, &err);
    free(text);
    T_EQ(code, 0);
    T_EQ(list.count, 93);
    T_TEXT(list.rows[0].office.code, "19");
    struct office lang = office_of("02143"), lang_breve = office_of("05665");
    T_TEXT(offices_find(&list, &lang)->name, "Xã Văn Lang");
    T_TEXT(offices_find(&list, &lang_breve)->name, "Xã Văn Lăng");
    T_EQ(list.twins_count, 1); // Those two, and no others
    T_TEXT(list.rows[list.twins[0].first].office.code, "02143");
    T_TEXT(list.rows[list.twins[0].second].office.code, "05665");
}

TEST(catalogue, reads_a_list_of_areas)
{
    OWNED(offices_release) struct offices list = {0};
    struct err err = {0};
    struct office commune = office_of("05908"), area = office_of("05908-002");
    T_EQ(offices_read(BYTES_LIT("name;Hosted;parent;CODE;level\r\n"
                                "Xóm 1;Có;05908;05908-001;3\r\n"
                                "Xóm 2;;05908;05908-002;3\r\n"
                                "Xom 1;0;05908;05908-003;3\r\n"),
                      &commune, &list, &err),
         0);
    T_EQ(list.count, 3);
    T_OK(list.rows[0].is_hosted && !list.rows[1].is_hosted && !list.rows[2].is_hosted);
    T_EQ(offices_find(&list, &area)->line, 3);
    T_TEXT(list.rows[1].parent.code, "05908");
    T_EQ(list.twins_count, 1);
    T_EQ(list.twins[0].second, 2);
    T_OK(offices_find(&list, &commune) == NULL);
}

TEST(catalogue, lets_parents_stand_below_and_twins_in_other_communes)
{
    OWNED(offices_release) struct offices list = {0};
    struct err err = {0};
    T_EQ(offices_read(BYTES_LIT("code,level,parent,name\n05908-001,3,05908,Xóm 1\n"
                                "05665-001,3,05665,Xóm 1\n05908,2,19,A\n05665,2,19,B\n19,1,,T\n"),
                      NULL, &list, &err),
         0);
    T_EQ(list.twins_count, 0);
}

#define OFFICES_FAIL(rows, message)                                                                \
    do {                                                                                           \
        OWNED(offices_release) struct offices list_ = {0};                                         \
        struct err err_ = {0};                                                                     \
        T_EQ(offices_read(BYTES_LIT("code,level,parent,name,hosted\n19,1,,Tỉnh,\n" rows), NULL,    \
                          &list_, &err_),                                                          \
             ERR_CSV);                                                                             \
        T_EQ(list_.count, 0);                                                                      \
        T_TEXT(err_.en, message);                                                                  \
    } while (0)

TEST(catalogue, says_where_a_list_of_offices_is_wrong)
{
    OFFICES_FAIL("5908,2,19,A,\n", "line 3, column code: '5908' has lost its leading zero (Excel "
                                   "drops it): is 05908 meant?");
    OFFICES_FAIL("05908-001,3,5908,A,\n", "line 3, column parent: '5908' has lost its leading zero "
                                          "(Excel drops it): is 05908 meant?");
    OFFICES_FAIL("5908-001,3,05908,A,\n", "line 3, column code: '5908-001' has lost its leading "
                                          "zero (Excel drops it): is 05908-001 meant?");
    OFFICES_FAIL(
        "590,2,19,A,\n",
        "line 3, column code: '590' is no office code: 2 digits, 5 digits, or as 05908-012");
    OFFICES_FAIL(",2,19,A,\n",
                 "line 3, column code: '' is no office code: 2 digits, 5 digits, or as 05908-012");
    OFFICES_FAIL("05908,3,19,A,\n", "line 3, column level: level '3' does not fit the code 05908, "
                                    "which is of level 2");
    OFFICES_FAIL("05908,,19,A,\n", "line 3, column level: level '' does not fit the code 05908, "
                                   "which is of level 2");
    OFFICES_FAIL("05908,2,19,A,\n05908-001,3,19,B,\n",
                 "line 4, column parent: the parent 19 is not one level above level 3");
    OFFICES_FAIL("05908,2,19,A,\n05911,2,19,B,\n05908,2,19,C,\n",
                 "line 5, column code: the code 05908 is in line 3 already");
    OFFICES_FAIL("05908,2,20,A,\n", "line 3, column parent: there is no office 20 in the list");
    OFFICES_FAIL("20,1,19,A,\n", "line 3, column parent: a province has no parent in the list");
    OFFICES_FAIL("05908,2,19,,\n", "line 3, column name: the office has no name");
    OFFICES_FAIL("05908,2,19,A,maybe\n", "line 3, column hosted: 1 or yes, 0 or no, or nothing is "
                                         "wanted here");
}

TEST(catalogue, wants_every_column_of_a_list_of_offices)
{
    OWNED(offices_release) struct offices list = {0};
    struct err err = {0};
    T_EQ(offices_read(BYTES_LIT("code,parent,name\n19,,T\n"), NULL, &list, &err), ERR_CSV);
    T_TEXT(err.en, "the header: there is no column 'level'");
}
