#include "err.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct {
    int code;
    int exit;
    enum err_who who;
    const char *name;
    const char *sentence[2];
    const char *todo[2];
} errs[] = {
#define ERR(name, exit, who, vi, en, todo_vi, todo_en)                                             \
    {ERR_##name, exit, WHO_##who, "LT-" #name, {vi, en}, {todo_vi, todo_en}},
#include "err.def"
#undef ERR
};

// Codes are dense from -1 downward, so the table is its own index. Unknown codes read as a bug.
static size_t
row_of(int code)
{
    size_t count = sizeof errs / sizeof errs[0];
    size_t at = code < 0 ? (size_t)(-(long)code) - 1 : count;
    return at < count ? at : count - 1;
}

const char *
err_name(int code)
{
    return errs[row_of(code)].name;
}

const char *
err_sentence(int code, enum lang lang)
{
    return errs[row_of(code)].sentence[lang];
}

const char *
err_todo(int code, enum lang lang)
{
    return errs[row_of(code)].todo[lang];
}

int
err_exit(int code)
{
    return code == 0 ? 0 : errs[row_of(code)].exit;
}

enum err_who
err_who(int code)
{
    return errs[row_of(code)].who;
}

// Cut half a UTF-8 character off the end: what snprintf truncated must still be text.
static void
text_trim(char *text)
{
    size_t size = strlen(text);
    size_t at = size;
    while (at > 0 && size - at < 4 && ((unsigned char)text[at - 1] & 0xC0U) == 0x80U)
        at--;
    if (at == 0)
        return;
    unsigned char lead = (unsigned char)text[at - 1];
    size_t want = lead >= 0xF0U ? 4 : lead >= 0xE0U ? 3 : lead >= 0xC0U ? 2 : 1;
    if (size - at + 1 < want)
        text[at - 1] = '\0';
}

int
err_set(struct err *self, int code, const char *vi, const char *en, ...)
{
    assert(self != NULL);
    assert(code < 0);

    va_list args;
    self->code = code;
    va_start(args, en);
    (void)vsnprintf(self->vi, sizeof self->vi, vi, args);
    va_end(args);
    va_start(args, en);
    (void)vsnprintf(self->en, sizeof self->en, en, args);
    va_end(args);
    text_trim(self->vi);
    text_trim(self->en);
    return code;
}

// Move the text of `size` bytes behind `head` and a colon, as much as fits.
static void
text_prefix(char *text, size_t size, const char *head)
{
    size_t head_size = strlen(head);
    if (head_size + 3 > size)
        return;
    size_t room = size - head_size - 3;
    size_t tail = strlen(text) < room ? strlen(text) : room;
    memmove(text + head_size + 2, text, tail);
    memcpy(text, head, head_size);
    memcpy(text + head_size, ": ", 2);
    text[head_size + 2 + tail] = '\0';
    text_trim(text);
}

int
err_wrap(struct err *self, const char *vi, const char *en, ...)
{
    assert(self != NULL);
    assert(self->code < 0); // There is something to wrap

    char head[200];
    va_list args;
    va_start(args, en);
    (void)vsnprintf(head, sizeof head, vi, args);
    va_end(args);
    text_trim(head);
    text_prefix(self->vi, sizeof self->vi, head);
    va_start(args, en);
    (void)vsnprintf(head, sizeof head, en, args);
    va_end(args);
    text_trim(head);
    text_prefix(self->en, sizeof self->en, head);
    return self->code;
}

const char *
err_text(const struct err *self, enum lang lang)
{
    const char *text = lang == LANG_VI ? self->vi : self->en;
    return text[0] != '\0' ? text : err_sentence(self->code, lang);
}
