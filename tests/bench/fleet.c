// fleet.c - processes: enrolled through the command line, ended by their pid
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "../../node/app/request.h"
#include "bench.h"

// Each office takes two ports; ten apart reads well in an error.
enum { PORT_FIRST = 26100, PORT_STEP = 10 };

// Communes of the province whose offices the program carries.
static const char *const commune_codes[] = {"05908", "05488", "05503", "05542", "05551"};

double
fleet_now(void)
{
    struct timespec at;
    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

void
fleet_sleep_ms(double ms)
{
    struct timespec wait = {.tv_sec = (time_t)(ms / 1000),
                            .tv_nsec = (long)(fmod(ms, 1000) * 1000000)};
    (void)nanosleep(&wait, NULL);
}

void
fleet_fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)fputs("bench: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(2);
}

// Run the program to its end; its first line of output, when asked for.
static void command(const struct fleet *self, char *ret_line, size_t size, const char *format, ...)
    PRINTF(4, 5);
static void
command(const struct fleet *self, char *ret_line, size_t size, const char *format, ...)
{
    char arguments[2048], line[4096];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(arguments, sizeof arguments, format, args);
    va_end(args);
    (void)snprintf(line, sizeof line, "%s %s 2>>%s/errors", self->program, arguments, self->folder);
    FILE *pipe = popen(line, "re");
    if (pipe == NULL)
        fleet_fail("%s: %s", line, strerror(errno));
    char rest[4096], *into = ret_line != NULL ? ret_line : rest;
    size_t room = ret_line != NULL ? size : sizeof rest;
    into[0] = '\0';
    (void)!fgets(into, (int)room, pipe);
    while (fgets(rest, sizeof rest, pipe) != NULL)
        continue;
    if (pclose(pipe) != 0)
        fleet_fail("failed: %s (see %s/errors)", line, self->folder);
}

static void
log_path(const struct member *member, char *ret_path, size_t size)
{
    (void)snprintf(ret_path, size, "%s.log", member->home);
}

long
fleet_log_size(const struct member *member)
{
    char path[BENCH_PATH_MAX + 8];
    log_path(member, path, sizeof path);
    struct stat found;
    return stat(path, &found) == 0 ? (long)found.st_size : 0;
}

static bool
log_says(const struct member *member, const char *text, long from)
{
    char path[BENCH_PATH_MAX + 8], said[8192];
    log_path(member, path, sizeof path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    ssize_t got = pread(fd, said, sizeof said - 1, from);
    (void)close(fd);
    said[got > 0 ? got : 0] = '\0';
    return strstr(said, text) != NULL;
}

double
fleet_await_line(const struct member *member, const char *text, long from)
{
    for (double end = fleet_now() + BENCH_WAIT_S; fleet_now() < end; fleet_sleep_ms(1))
        if (fleet_log_size(member) > from && log_says(member, text, from))
            return fleet_now();
    fleet_fail("%s never said '%s'", member->code, text);
}

void
fleet_run(struct fleet *self, struct member *member)
{
    char path[BENCH_PATH_MAX + 8];
    log_path(member, path, sizeof path);
    long from = fleet_log_size(member);
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        fleet_fail("fork: %s", strerror(errno));
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM); // A bench that dies leaves nobody behind
        int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        if (getppid() != parent || dup2(fd, 1) < 0 || dup2(fd, 2) < 0)
            _exit(2);
        (void)execl(self->program, self->program, "run", "--home", member->home, (char *)NULL);
        _exit(2);
    }
    member->pid = pid;
    (void)fleet_await_line(member, "ready ", from);
}

void
fleet_stop(struct member *member)
{
    if (member->pid == 0)
        return;
    (void)kill(member->pid, SIGTERM);
    for (double end = fleet_now() + 20;; fleet_sleep_ms(2)) {
        if (waitpid(member->pid, NULL, WNOHANG) != 0)
            break;
        if (fleet_now() > end)
            (void)kill(member->pid, SIGKILL);
    }
    member->pid = 0;
}

void
fleet_end(struct fleet *self)
{
    for (size_t i = self->count; i > 0; i--)
        fleet_stop(&self->members[i - 1]);
}

struct member *
fleet_member(struct fleet *self, const char *code)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp(self->members[i].code, code) == 0)
            return &self->members[i];
    fleet_fail("no office %s", code);
}

json_int_t
fleet_status(const struct member *member, const char *name)
{
    for (double end = fleet_now() + 60; fleet_now() < end; fleet_sleep_ms(20)) {
        struct err err = {0};
        json_t *answer = NULL, *question = json_pack("{s:s}", "verb", "status");
        int code = request_call(member->home, question, &answer, &err);
        json_int_t value = json_integer_value(json_object_get(answer, name));
        json_decref(question);
        json_decref(answer);
        if (code == 0)
            return value;
    }
    fleet_fail("%s does not answer", member->code);
}

static struct member *
member_add(struct fleet *self, const char *code, const char *parent, bool is_called)
{
    if (self->count == BENCH_NODES_MAX)
        fleet_fail("too many nodes");
    struct member *member = &self->members[self->count];
    (void)snprintf(member->code, sizeof member->code, "%s", code);
    (void)snprintf(member->parent, sizeof member->parent, "%s", parent);
    char home[BENCH_PATH_MAX]; // The compiler can't tell folder and home apart inside one struct
    (void)snprintf(home, sizeof home, "%.400s/%s", self->folder, code);
    (void)memcpy(member->home, home, sizeof home);
    member->port = is_called ? PORT_FIRST + PORT_STEP * (int)self->count : 0;
    self->count++;
    return member;
}

// A parent can only invite whom its registry has; that may still be on its way down.
static void
await_office(const struct member *parent, const char *code)
{
    for (double end = fleet_now() + 60; fleet_now() < end; fleet_sleep_ms(20)) {
        sqlite3 *db = NULL;
        sqlite3_stmt *statement = NULL;
        fleet_database(parent, "office.db", &db);
        bool has = sqlite3_prepare_v2(db, "SELECT 1 FROM _office WHERE code = ?", -1, &statement,
                                      NULL) == SQLITE_OK &&
                   sqlite3_bind_text(statement, 1, code, -1, SQLITE_STATIC) == SQLITE_OK &&
                   sqlite3_step(statement) == SQLITE_ROW;
        (void)sqlite3_finalize(statement);
        (void)sqlite3_close(db);
        if (has)
            return;
    }
    fleet_fail("%s never heard of %s", parent->code, code);
}

// A link that was down is dialed again soon: a bench waits for what it measures, not for patience.
static void
hurry(const struct member *member)
{
    char path[BENCH_PATH_MAX + 32];
    (void)snprintf(path, sizeof path, "%s/lienthong.conf", member->home);
    FILE *file = fopen(path, "ae");
    if (file == NULL || fputs("[link]\nreconnect = 50ms\n", file) < 0 || fclose(file) != 0)
        fleet_fail("%s: %s", path, strerror(errno));
}

static void
enrol(struct fleet *self, struct member *member)
{
    struct member *parent = fleet_member(self, member->parent);
    await_office(parent, member->code);
    char token[1024], listen[64] = "";
    command(self, token, sizeof token, "invite %s --home %s --json | jq -r .token", member->code,
            parent->home);
    token[strcspn(token, "\n")] = '\0';
    if (member->port != 0)
        (void)snprintf(listen, sizeof listen, "--listen tcp://127.0.0.1:%d", member->port);
    command(self, NULL, 0, "join %s --home %s %s", token, member->home, listen);
    hurry(member);
    fleet_run(self, member);
}

// An area can be written to when it has the form.
static void
await_form(const struct member *member)
{
    for (double end = fleet_now() + 60; fleet_now() < end; fleet_sleep_ms(20)) {
        sqlite3 *db = NULL;
        fleet_database(member, "office.db", &db);
        bool has = sqlite3_table_column_metadata(db, NULL, "propaganda_session", "place", NULL,
                                                 NULL, NULL, NULL, NULL) == SQLITE_OK;
        (void)sqlite3_close(db);
        if (has)
            return;
    }
    fleet_fail("%s never got its forms", member->code);
}

void
fleet_start(struct fleet *self, const char *folder, int communes, int areas)
{
    const char *program = getenv("LIENTHONG");
    *self = (struct fleet){0};
    (void)snprintf(self->folder, sizeof self->folder, "%s", folder);
    (void)snprintf(self->program, sizeof self->program, "%s",
                   program != NULL ? program : "build/lienthong");
    struct member *top = member_add(self, "19", "", true);
    command(self, NULL, 0, "init 19 --name Province --home %s --listen tcp://127.0.0.1:%d",
            top->home, top->port);
    fleet_run(self, top);
    for (int c = 0; c < communes; c++) {
        for (int a = 1; a <= areas; a++)
            command(self, NULL, 0, "office add %s-%03d 'Khu %d' --parent %s --home %s",
                    commune_codes[c], a, a, commune_codes[c], top->home);
        enrol(self, member_add(self, commune_codes[c], "19", true));
    }
    for (int c = 0; c < communes; c++)
        for (int a = 1; a <= areas; a++) {
            char code[16];
            (void)snprintf(code, sizeof code, "%s-%03d", commune_codes[c], a);
            enrol(self, member_add(self, code, commune_codes[c], false));
        }
    for (size_t i = 0; i < self->count; i++)
        await_form(&self->members[i]);
}

// A line "name:   123 kB" of a file in /proc.
static double
proc_mb(pid_t pid, const char *file, const char *name)
{
    char path[64], line[256];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *text = fopen(path, "re");
    double mb = 0;
    while (text != NULL && fgets(line, sizeof line, text) != NULL)
        if (strncmp(line, name, strlen(name)) == 0)
            mb = strtod(line + strlen(name), NULL) / 1024;
    if (text != NULL)
        (void)fclose(text);
    return mb;
}

struct memory
fleet_memory(const struct fleet *self)
{
    struct memory memory = {0};
    for (size_t i = 0; i < self->count; i++) {
        double peak = proc_mb(self->members[i].pid, "status", "VmHWM:");
        memory.peak_mb = peak > memory.peak_mb ? peak : memory.peak_mb;
        memory.sum_mb += proc_mb(self->members[i].pid, "smaps_rollup", "Pss:");
        if (self->count < 5)
            (void)printf("  %-10s peak %.1f MB\n", self->members[i].code, peak);
    }
    return memory;
}

void
fleet_database(const struct member *member, const char *name, sqlite3 **ret_db)
{
    char path[BENCH_PATH_MAX + 32];
    (void)snprintf(path, sizeof path, "%s/%s", member->home, name);
    if (sqlite3_open(path, ret_db) != SQLITE_OK)
        fleet_fail("%s: %s", path, sqlite3_errmsg(*ret_db));
    (void)sqlite3_busy_timeout(*ret_db, 30000);
}
