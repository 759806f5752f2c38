// bench.c - which works to do, and where
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"

static void
remove_folder(const char *folder)
{
    char line[BENCH_PATH_MAX + 16];
    (void)snprintf(line, sizeof line, "rm -rf '%s'", folder);
    (void)!system(line);
}

int
main(int argc, char **argv)
{
    unsigned records = BENCH_RECORDS;
    const char *only = NULL, *root = getenv("TMPDIR");
    bool is_kept = false;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--records") == 0 && i + 1 < argc)
            records = (unsigned)strtoul(argv[++i], NULL, 10);
        else if (strcmp(argv[i], "--keep") == 0)
            is_kept = true;
        else
            only = argv[i];
    report_open("build/bench.jsonl");
    struct row row;
    record_make(&row, 1);
    (void)printf("  a record: %zu logical bytes\n", record_logical_bytes(&row));
    struct limits limits = {0};
    void (*const works[])(const char *, unsigned, const struct limits *) = {work_w1, work_w2,
                                                                            work_w3};
    for (int i = 0; i < 4; i++) {
        char folder[BENCH_PATH_MAX], name[8];
        (void)snprintf(name, sizeof name, "W%d", i);
        (void)snprintf(folder, sizeof folder, "%.400s/bench-XXXXXX", root != NULL ? root : "/tmp");
        if (i != 0 && only != NULL && strcmp(only, name) != 0)
            continue;
        if (mkdtemp(folder) == NULL)
            fleet_fail("%s cannot be made", folder);
        if (i == 0)
            limits = limits_measure(folder, records < 1000 ? 1000 : records);
        else
            works[i - 1](folder, i == 2 && records > 1000 ? 1000 : records, &limits);
        if (!is_kept)
            remove_folder(folder);
    }
    report_close();
    return 0;
}
