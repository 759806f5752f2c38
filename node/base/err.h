// err.h - one vocabulary for everything that can go wrong, in two languages
//
// A function that can fail returns int: 0, or one of the negative codes made from err.def. Where a
// person will read the failure, the function also takes `struct err *reterr` as its last argument,
// and fills it only when it fails. Callers put what they were doing in front:
//
//     LT-CSV: ho.csv: dòng 12, cột signed_on: '31/02/2026' không phải ngày
//       -> sửa các dòng đã nêu rồi nhập lại; chưa dòng nào được ghi
//
// Shape    The stable code a person sees is "LT-" and the name in err.def.
// Errors   What the world may do is a code; what only we could have done is an assert.
// Memory   A plain value; nothing is allocated. Text that is too long is cut at a whole character.
// Threads  Any.

#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>

enum err_order {
    ERR_ORDER_FIRST = 0,
#define ERR(name, exit, who, vi, en, todo_vi, todo_en) ERR_ORDER_##name,
#include "err.def"
#undef ERR
};

enum {
#define ERR(name, exit, who, vi, en, todo_vi, todo_en) ERR_##name = -ERR_ORDER_##name,
#include "err.def"
#undef ERR
};

enum err_who { WHO_OPERATOR, WHO_PEER, WHO_DISK, WHO_BUG };
enum lang { LANG_VI, LANG_EN };

struct err {
    int code;     // 0, or a negative ERR_ code
    char vi[400]; // The same sentence twice: Vietnamese first, as the offices read it
    char en[400];
};

// "LT-CSV". Static; "LT-BUG" for a code we do not know.
const char *err_name(int code);

// What the code means, without detail. Static; never NULL.
const char *err_sentence(int code, enum lang lang);

// What a person does next. Static; never NULL.
const char *err_todo(int code, enum lang lang);

// Exit status of a command that fails with `code`; 0 for 0.
int err_exit(int code);

enum err_who err_who(int code);

// Say what went wrong, once in each language with the same arguments; returns `code`.
int err_set(struct err *self, int code, const char *vi, const char *en, ...)
    __attribute__((format(printf, 3, 5), format(printf, 4, 5)));

// Put "what: " in front of both texts; returns the code already held.
int err_wrap(struct err *self, const char *vi, const char *en, ...)
    __attribute__((format(printf, 2, 4), format(printf, 3, 4)));

// The text in `lang`; the code's own sentence when nothing was set. Borrowed from `self`.
const char *err_text(const struct err *self, enum lang lang);

#endif
