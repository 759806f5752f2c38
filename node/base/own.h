// own.h - promises the compiler keeps for us
//
//     OWNED(buf_release) struct buf buf = {0};
//     OWNED(core_destroy) struct core *core = core_new(...);
//
// OWNED(f) calls f(&variable) however the block ends. MUST_CHECK makes a caller who ignores what a
// function returns a warning. PRINTF(f, a) checks a format string at argument f.

#ifndef BASE_OWN_H
#define BASE_OWN_H

#define OWNED(release) __attribute__((cleanup(release)))
#define MUST_CHECK     __attribute__((warn_unused_result))
#define PRINTF(f, a)   __attribute__((format(printf, f, a)))

#endif
