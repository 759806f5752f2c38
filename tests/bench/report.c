// report.c - the table people read and the lines machines read
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

static FILE *lines;
static char machine[256];

static void
machine_read(void)
{
    char line[256], model[128] = "?";
    struct utsname name;
    (void)uname(&name);
    FILE *file = fopen("/proc/cpuinfo", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, "model name", 10) == 0 && strchr(line, ':') != NULL)
            (void)snprintf(model, sizeof model, "%.100s", strchr(line, ':') + 2);
    if (file != NULL)
        (void)fclose(file);
    model[strcspn(model, "\n")] = '\0';
    (void)snprintf(machine, sizeof machine, "%s, %ld cores, %.20s %.40s", model,
                   sysconf(_SC_NPROCESSORS_ONLN), name.sysname, name.release);
}

void
report_open(const char *path)
{
    machine_read();
    lines = fopen(path, "ae");
    if (lines == NULL)
        fleet_fail("%s cannot be written", path);
    (void)printf("%s\n%-4s %-34s %9s %8s %9s %8s %8s %8s %8s %7s %6s\n", machine, "work", "what",
                 "records", "seconds", "records/s", "p50 ms", "p99 ms", "peak MB", "PSS MB",
                 "wire B", "ratio");
}

static void
cell(double value, int width, int digits)
{
    if (value < 0)
        (void)printf(" %*s", width, "-");
    else
        (void)printf(" %*.*f", width, digits, value);
}

static void
member(json_t *line, const char *name, double value)
{
    if (value >= 0)
        (void)json_object_set_new(line, name, json_real(value));
}

void
report_line(const struct figures *f)
{
    double per_s = f->records >= 0 && f->seconds > 0 ? f->records / f->seconds : -1;
    (void)printf("%-4s %-34s", f->work, f->what);
    cell(f->records, 9, 0);
    cell(f->seconds, 8, 3);
    cell(per_s, 9, 0);
    cell(f->p50_ms, 8, 3);
    cell(f->p99_ms, 8, 3);
    cell(f->peak_mb, 8, 1);
    cell(f->pss_mb, 8, 1);
    cell(f->wire_bytes, 7, 1);
    cell(f->ratio, 6, 3);
    (void)printf("\n");
    json_t *line = json_pack("{s:s, s:s, s:s, s:I}", "work", f->work, "what", f->what, "machine",
                             machine, "at", (json_int_t)time(NULL));
    member(line, "records", f->records);
    member(line, "seconds", f->seconds);
    member(line, "records_per_s", per_s);
    member(line, "p50_ms", f->p50_ms);
    member(line, "p99_ms", f->p99_ms);
    member(line, "peak_rss_mb", f->peak_mb);
    member(line, "pss_mb", f->pss_mb);
    member(line, "wire_bytes_per_record", f->wire_bytes);
    member(line, "ratio_to_limit", f->ratio);
    (void)json_dumpf(line, lines, JSON_COMPACT | JSON_REAL_PRECISION(6));
    (void)fputc('\n', lines);
    json_decref(line);
    (void)fflush(stdout);
    (void)fflush(lines);
}

void
report_close(void)
{
    if (fclose(lines) != 0)
        fleet_fail("the result cannot be written");
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double
report_quantile(double *values, size_t count, double of)
{
    if (count == 0)
        return -1;
    qsort(values, count, sizeof *values, compare);
    size_t at = (size_t)((double)count * of);
    return values[at < count ? at : count - 1];
}
