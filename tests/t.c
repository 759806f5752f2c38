#include "t.h"

#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct t_test *tests;
static bool this_failed;
static char folder[4096];
static unsigned folder_count;

void
t_add(struct t_test *test)
{
    struct t_test **at = &tests; // Sorted, so that the order never depends on the linker
    while (*at != NULL && strcmp((*at)->name, test->name) < 0)
        at = &(*at)->next;
    test->next = *at;
    *at = test;
}

void
t_fail_int(const char *file, int line, const char *claim, intmax_t got, intmax_t want)
{
    printf("# %s:%d: %s: got %" PRIdMAX ", want %" PRIdMAX "\n", file, line, claim, got, want);
    this_failed = true;
}

void
t_fail_text(const char *file, int line, const char *claim, const char *got, const char *want)
{
    printf("# %s:%d: %s: got '%s', want '%s'\n", file, line, claim, got, want);
    this_failed = true;
}

static int
remove_one(const char *path, const struct stat *stat, int flag, struct FTW *walk)
{
    (void)stat, (void)flag, (void)walk;
    return remove(path);
}

static void
folder_remove(void)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *
t_folder(void)
{
    static char path[4200];
    if (folder[0] == '\0') {
        const char *base = getenv("TMPDIR");
        (void)snprintf(folder, sizeof folder, "%s/lienthong-XXXXXX", base != NULL ? base : "/tmp");
        if (mkdtemp(folder) == NULL)
            abort();
        (void)atexit(folder_remove);
    }
    (void)snprintf(path, sizeof path, "%s/%u", folder, folder_count++);
    char mkdir_path[4200];
    (void)snprintf(mkdir_path, sizeof mkdir_path, "%s", path);
    if (mkdir(mkdir_path, 0700) != 0)
        abort();
    return path;
}

char *
t_file(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        t_fail_text(__FILE__, __LINE__, "file", path, "readable from the top folder");
        return NULL;
    }
    size_t size = 0, room = 4096;
    char *text = malloc(room);
    while (text != NULL) {
        size += fread(text + size, 1, room - size - 1, file);
        if (size < room - 1)
            break;
        text = realloc(text, room *= 2);
    }
    (void)fclose(file);
    if (text == NULL)
        abort();
    text[size] = '\0';
    if (ret_size != NULL)
        *ret_size = size;
    return text;
}

int
main(int argc, char **argv)
{
    bool list = argc > 1 && strcmp(argv[1], "-l") == 0;
    const char *wanted = argc > 1 && !list ? argv[1] : "";
    unsigned passed = 0, failed = 0;

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct t_test *test = tests; test != NULL; test = test->next) {
        if (list) {
            puts(test->name);
            continue;
        }
        if (strstr(test->name, wanted) == NULL)
            continue;
        this_failed = false;
        test->run();
        printf("%s %u - %s\n", this_failed ? "not ok" : "ok", passed + failed + 1, test->name);
        *(this_failed ? &failed : &passed) += 1;
    }
    if (!list)
        printf("1..%u\n%u passed, %u failed\n", passed + failed, passed, failed);
    return failed == 0 && (passed > 0 || list) ? EXIT_SUCCESS : EXIT_FAILURE;
}
