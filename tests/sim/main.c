// sim - `build/sim --seed 4711 --runs 40 [--json]`: a small province under scripted faults, again
// and again, each run from its own seed
//
// A run that fails prints its seed and what was violated; `--seed N` alone repeats just that run,
// the same on every machine. The first run of each call is done twice, to see that it is.

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "world.h"

struct sum {
    uint64_t digest; // Of the first run
    unsigned runs, converged, violations, offices;
    uint64_t virtual_ms, slowest_ms, entries, conflicts, crashes, drops;
};

static double
seconds_now(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
one_run(uint64_t seed, struct codec *codec, struct sum *sum, uint64_t *ret_digest)
{
    struct world_result result;
    world_run(seed, codec, &result);
    sum->runs++;
    sum->converged += result.has_converged;
    sum->violations += result.violations;
    sum->offices += result.offices;
    sum->virtual_ms += result.virtual_ms;
    sum->entries += result.entries;
    sum->conflicts += result.conflicts;
    sum->crashes += result.crashes;
    sum->drops += result.drops;
    if (result.converged_ms > sum->slowest_ms)
        sum->slowest_ms = result.converged_ms;
    if (result.violations > 0)
        printf("SEED=%" PRIu64 " FAIL %s\n", seed, result.first);
    *ret_digest = result.digest;
}

static uint64_t
number_of(const char *text)
{
    char *end;
    uint64_t number = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0') {
        (void)fprintf(stderr, "sim: '%s' is no number\n", text);
        exit(64);
    }
    return number;
}

static void
sum_print(const struct sum *sum, uint64_t seed, double wall_s, bool is_json)
{
    if (is_json) {
        printf("{\"offices\": %u, \"seed\": %" PRIu64 ", \"runs\": %u, \"converged\": %u, "
               "\"virtual_seconds\": %" PRIu64 ", \"wall_seconds\": %.1f, \"violations\": %u}\n",
               sum->offices, seed, sum->runs, sum->converged, sum->virtual_ms / 1000, wall_s,
               sum->violations);
        return;
    }
    printf("digest %016" PRIx64 "\n", sum->digest);
    printf("%u of %u runs converged from seed %" PRIu64 ", the slowest in %.1f s; %u violations\n"
           "%u offices, %" PRIu64 " entries, %" PRIu64 " conflicts, %" PRIu64 " crashes, %" PRIu64
           " messages lost; %" PRIu64 " virtual s in %.1f s\n",
           sum->converged, sum->runs, seed, (double)sum->slowest_ms / 1000, sum->violations,
           sum->offices, sum->entries, sum->conflicts, sum->crashes, sum->drops,
           sum->virtual_ms / 1000, wall_s);
}

int
main(int argc, char **argv)
{
    uint64_t seed = 1, runs = 1, first = 0, again = 0;
    bool is_json = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--json") == 0)
            is_json = true;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = number_of(argv[++i]);
        else if (strcmp(argv[i], "--runs") == 0 && i + 1 < argc)
            runs = number_of(argv[++i]);
        else {
            (void)fprintf(stderr, "usage: sim [--seed N] [--runs N] [--json]\n");
            return 64;
        }
    }
    if (sodium_init() < 0)
        return 2;
    OWNED(codec_destroy) struct codec *codec = codec_new();
    struct sum sum = {0}, repeated = {0};
    double from = seconds_now();
    for (uint64_t i = 0; i < runs; i++)
        one_run(seed + i, codec, &sum, i == 0 ? &first : &again);
    sum.digest = first;
    one_run(seed, codec, &repeated, &again);
    if (first != again) {
        printf("SEED=%" PRIu64 " FAIL the same seed did not give the same run\n", seed);
        sum.violations++;
    }
    sum_print(&sum, seed, seconds_now() - from, is_json);
    return sum.violations == 0 && sum.converged == sum.runs ? EXIT_SUCCESS : EXIT_FAILURE;
}
