// The hex that proto/README.md shows is that of proto/vectors, and none was forgotten.

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../node/base/err.h"
#include "../../node/base/id.h"
#include "../../proto/hash.h"
#include "../../proto/message.h"
#include "../t.h"
#include "vectors.h"

// True when a line of `page` is four spaces and `hex`, and nothing else.
static bool
has_line(const char *page, const char *hex)
{
    OWNED(buf_release) struct buf line = {0};
    buf_add_text(&line, "\n    ");
    buf_add_text(&line, hex);
    buf_add_text(&line, "\n");
    buf_add_byte(&line, '\0');
    return strstr(page, (const char *)line.at) != NULL;
}

static char *
page_read(void)
{
    size_t size;
    return t_file("proto/README.md", &size);
}

// How many of `cases` are named behind "Golden, <file>,"; `bad` is the first whose hex is not
// shown.
static size_t
golden_count(const char *page, const char *name, const json_t *cases, const char *const *members,
             const char **ret_bad)
{
    size_t count = 0, i;
    const json_t *one;
    json_array_foreach(cases, i, one)
    {
        char quoted[128];
        (void)snprintf(quoted, sizeof quoted, "\"%s\"", vector_text(one, "name"));
        char opening[32];
        (void)snprintf(opening, sizeof opening, "Golden, %s.json, ", name);
        for (const char *at = strstr(page, opening); at != NULL; at = strstr(at + 1, opening)) {
            const char *end = strchr(at, '\n'), *named = strstr(at, quoted);
            if (end == NULL || named == NULL || named > end)
                continue;
            count++;
            for (size_t j = 0; members[j] != NULL; j++)
                if (!has_line(page, vector_text(one, members[j])))
                    *ret_bad = vector_text(one, "name");
        }
    }
    return count;
}

TEST(readme, shows_a_golden_message_of_every_type)
{
    char *page = page_read();
    OWNED(json_decrefp) json_t *file = vectors_load("message");
    if (page == NULL || file == NULL)
        return;
    static const char *const members[] = {"hex", NULL};
    const char *bad = "";
    size_t count = golden_count(page, "message", json_object_get(file, "good"), members, &bad);
    free(page);
    T_TEXT(bad, "");
    T_EQ(count, MESSAGE_FAULT); // One for each type, both joins among them
}

TEST(readme, shows_a_golden_entry)
{
    char *page = page_read();
    OWNED(json_decrefp) json_t *file = vectors_load("entry");
    if (page == NULL || file == NULL)
        return;
    static const char *const members[] = {"stub", "body", "leaf", NULL};
    const char *bad = "";
    size_t count = golden_count(page, "entry", json_object_get(file, "good"), members, &bad);
    free(page);
    T_TEXT(bad, "");
    T_EQ(count, 1);
}

TEST(readme, names_the_dictionary_that_is_shipped)
{
    size_t size;
    char *page = page_read(), *dictionary = t_file("proto/dictionary-1.zdict", &size);
    uint8_t hash[HASH_SIZE] = {0};
    char hex[2 * HASH_SIZE + 1];
    if (dictionary != NULL)
        hash_sha256(BYTES((const uint8_t *)dictionary, size), hash);
    hex_text(hash, sizeof hash, hex);
    bool is_named = page != NULL && strstr(page, hex) != NULL;
    free(dictionary);
    free(page);
    T_OK(is_named);
}
