#include "../../node/app/conf.h"

#include <stdio.h>
#include <stdlib.h>

#include "../t.h"

// What reading `text` complains about; "" when it does not.
static const char *
complaint(const char *text)
{
    static struct err err;
    struct conf conf;
    err = (struct err){0};
    return conf_parse("a.conf", bytes_of(text), &conf, &err) == 0 ? "" : err_text(&err, LANG_EN);
}

static bool
complains(const char *text, const char *part)
{
    return strstr(complaint(text), part) != NULL;
}

TEST(conf, says_nothing_and_means_the_defaults)
{
    struct conf conf, defaults;
    struct err err = {0};
    conf_defaults(&defaults);
    T_EQ(conf_parse("a.conf", bytes_of("\n# nothing\n[node]\n"), &conf, &err), 0);
    T_EQ(conf.ping_ms, 20000);
    T_EQ(conf.dead_ms, defaults.dead_ms);
    T_EQ(conf.listen.host[0], 0);
    T_OK(!conf.has_key);
}

TEST(conf, reads_every_key_of_the_annotated_example)
{
    struct conf conf;
    struct err err = {0};
    size_t size = 0;
    char *text = t_file("conf/lienthong.conf", &size);
    T_OK(text != NULL);
    int code = conf_parse("conf/lienthong.conf", BYTES(text, size), &conf, &err);
    free(text);
    T_TEXT(err.en, "");
    T_EQ(code, 0);
    T_EQ(conf.listen.port, 5701);
    T_TEXT(conf.advertise.host, "10.20.30.40");
    T_EQ(conf.connect_count, 2);
    T_TEXT(conf.connect[1].host, "sync.example.vn");
    T_OK(conf.has_key);
    T_EQ(conf.density_ms, 3600000);
}

TEST(conf, what_is_printed_loads_again)
{
    OWNED(buf_release) struct buf first = {0};
    OWNED(buf_release) struct buf again = {0};
    struct conf conf;
    struct err err = {0};
    const char *text = "[node]\nlisten = tcp://[::1]:5701\nlog = debug\n[parent]\n"
                       "connect = tcp://a:1,tcp://b:2\nkey = "
                       "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
                       "[link]\nping=1500ms\ndead=2m\n";
    T_EQ(conf_parse("a.conf", bytes_of(text), &conf, &err), 0);
    conf_print(&conf, &first);
    T_EQ(conf_parse("b.conf", buf_bytes(&first), &conf, &err), 0);
    conf_print(&conf, &again);
    T_TEXT(buf_text(&again), buf_text(&first));
    T_OK(strstr(buf_text(&first), "ping = 1500ms\ndead = 2m\n") != NULL);
    T_OK(strstr(buf_text(&first), "connect = tcp://a:1, tcp://b:2\n") != NULL);
}

TEST(conf, names_the_line_and_what_was_meant)
{
    T_TEXT(complaint("[node]\n\nlisten_on = x\n"), "a.conf:3: unknown key 'listen_on'");
    T_TEXT(complaint("[node]\nlisen = tcp://a:1\n"),
           "a.conf:2: unknown key 'lisen' (did you mean 'listen'?)");
    T_TEXT(complaint("[nod]\n"), "a.conf:1: unknown section 'nod' (did you mean 'node'?)");
    T_OK(complains("[node]\nping = 1s\n", "'ping' belongs into [link], not into [node]"));
}

TEST(conf, refuses_what_could_be_meant_two_ways)
{
    T_OK(complains("[node]\nlog = info\n[node]\nlog = warn\n", "a.conf:4: key 'log' is already"));
    T_OK(complains("[link]\nping = 20\n", "the unit is missing"));
    T_OK(complains("[link]\nping = 20 days\n", "the unit must be"));
    T_OK(complains("[link]\nping = s\n", "a number and its unit"));
    T_OK(complains("[link]\nping = -5s\n", "a number and its unit"));
    T_OK(complains("listen = tcp://a:1\n", "a section is wanted"));
    T_OK(complains("[node\n", "']' is missing"));
    T_OK(complains("[\n", "']' is missing"));
    T_OK(complains("[node]\nlisten\n", "'key = value' is wanted"));
    T_OK(complains("[node]\nlisten =\n", "no value"));
}

TEST(conf, refuses_numbers_out_of_range)
{
    T_OK(complains("[link]\nping = 99ms\n", "out of range, 100ms to 1h"));
    T_OK(complains("[link]\ndensity = 9999999999h\n", "out of range"));
    T_OK(complains("[link]\ndensity = 99999999999h\n", "a number and its unit"));
    T_OK(complains("[link]\nping = 40s\n", "a.conf:2: [link] dead must be at least twice ping"));
    T_TEXT(complaint("[link]\nping = 35s\n"), "");
}

TEST(conf, refuses_addresses_and_keys_that_are_none)
{
    T_OK(complains("[node]\nlisten = 0.0.0.0:5701\n", "tcp://host:port"));
    T_OK(complains("[parent]\nconnect = tcp://a:1,\n", "a comma too many"));
    T_OK(complains("[parent]\nconnect = ,tcp://a:1\n", "tcp://host:port"));
    T_OK(complains("[parent]\nconnect = tcp://a:1,tcp://a:2,tcp://a:3,tcp://a:4,tcp://a:5\n",
                   "at most four"));
    T_OK(complains("[parent]\nkey = 00AA\n", "64 lower-case hex digits"));
    T_OK(complains("[node]\nlog = loud\n", "one of error, warn, info, debug"));
}

TEST(conf, a_comment_needs_a_space)
{
    T_TEXT(complaint("[node] # here\nlog = info # there\n\t# and there\n"), "");
    T_OK(complains("[node]\nlog = info# no\n", "log = 'info# no'"));
    T_TEXT(complaint("\xef\xbb\xbf[node]\r\nlog = info\r\n"), "");
}

TEST(conf, a_failure_changes_nothing)
{
    struct conf conf;
    struct err err = {0};
    conf_defaults(&conf);
    T_EQ(conf_parse("a.conf", bytes_of("[link]\nping = 1s\nx = y\n"), &conf, &err), ERR_CONF);
    T_EQ(conf.ping_ms, 20000);
    T_EQ(conf_load("/nonexistent/lienthong.conf", &conf, &err), ERR_CONF);
}
