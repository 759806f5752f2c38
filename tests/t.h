// t.h - the whole test harness: a test is a function, a claim is one line
//
//     TEST(merkle, grows_to_the_same_root)
//     {
//         T_EQ(merkle_append(...), 0);
//         T_TEXT(err_name(ERR_CSV), "LT-CSV");
//     }
//
// A test registers itself before main. `build/tests merkle` runs what matches, `-l` lists. A claim
// that fails says file, line and both values, and leaves its own test; the rest go on.

#ifndef TESTS_T_H
#define TESTS_T_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct t_test {
    const char *name;
    void (*run)(void);
    struct t_test *next;
};

void t_add(struct t_test *test);
void t_fail_int(const char *file, int line, const char *claim, intmax_t got, intmax_t want);
void t_fail_text(const char *file, int line, const char *claim, const char *got, const char *want);

// A new empty folder under $TMPDIR, removed with all it holds when the program ends. Static text.
const char *t_folder(void);

// The content of a file of this project, from its top folder; NULL and a failed claim when absent.
// Terminated; yours to free.
char *t_file(const char *path, size_t *ret_size);

#define TEST(area, what)                                                                           \
    static void test_##area##_##what(void);                                                        \
    __attribute__((constructor)) static void add_##area##_##what(void)                             \
    {                                                                                              \
        static struct t_test test = {#area ": " #what, test_##area##_##what, NULL};                \
        t_add(&test);                                                                              \
    }                                                                                              \
    static void test_##area##_##what(void)

#define T_EQ(got, want)                                                                            \
    do {                                                                                           \
        intmax_t got_ = (intmax_t)(got), want_ = (intmax_t)(want);                                 \
        if (got_ != want_) {                                                                       \
            t_fail_int(__FILE__, __LINE__, #got " == " #want, got_, want_);                        \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#define T_OK(claim) T_EQ(!!(claim), 1)

#define T_TEXT(got, want)                                                                          \
    do {                                                                                           \
        const char *got_ = (got), *want_ = (want);                                                 \
        if (strcmp(got_, want_) != 0) {                                                            \
            t_fail_text(__FILE__, __LINE__, #got, got_, want_);                                    \
            return;                                                                                \
        }                                                                                          \
    } while (0)

#define T_BYTES(got, want, size) T_EQ(memcmp((got), (want), (size)), 0)

#endif
