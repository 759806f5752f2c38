#include "talk.h"

#include <stdio.h>
#include <string.h>

#include "enrol.h"

static void
say(const struct node *node, enum conf_log level, const char *event, const char *detail)
{
    if (node->conf.log < level)
        return;
    (void)fprintf(stderr, "%s office=%s%s%s\n", event, node->home.self.code,
                  detail[0] != '\0' ? " " : "", detail);
}

static void
dial(struct node *node)
{
    struct err err = {0};
    char text[ENDPOINT_MAX + 1];
    const struct endpoint *endpoint =
        &node->conf.connect[node->endpoint_at++ % node->conf.connect_count];
    endpoint_text(endpoint, 0, text);
    node->dial_at = 0;
    int code = net_dial(node->net, node->parent_key, bytes_of(text), &err);
    if (code == 0)
        code = net_hear(node->net, node->parent_key, bytes_of(node->home.self.code));
    if (code == 0)
        code = net_hear(node->net, node->parent_key, BYTES_LIT("*"));
    if (code != 0)
        talk_error(node, &err);
}

void
talk_start(struct node *node)
{
    node->has_parent = node->conf.has_key && node->conf.connect_count > 0;
    if (!node->has_parent)
        return;
    memcpy(node->parent_key, node->conf.key, sizeof node->parent_key);
    node->dial_wait_ms = DIAL_RETRY_MS;
    dial(node);
}

static void
dial_later(struct node *node)
{
    node->dial_at = node_mono() + node->dial_wait_ms;
    if (node->dial_wait_ms < 60000)
        node->dial_wait_ms *= 2;
}

static void
event_heard(struct node *node, const struct net_message *message)
{
    const struct unit *unit = registry_by_curve(core_registry(node->core), message->key);
    if (message->kind == NET_UP) {
        node->dial_wait_ms = DIAL_RETRY_MS;
        say(node, CONF_LOG_INFO, "link-up", unit != NULL ? unit->office.code : "");
        if (unit != NULL)
            node_link(node, &unit->office, true);
        return;
    }
    if (message->kind == NET_DOWN) {
        say(node, CONF_LOG_INFO, "link-down", unit != NULL ? unit->office.code : "");
        if (unit != NULL)
            node_link(node, &unit->office, false);
        return;
    }
    if (message->kind == NET_REFUSED) {
        say(node, CONF_LOG_WARN, "link-refused", "code=LT-STRANGER");
        dial_later(node);
    } else if (message->kind == NET_WRONG_KEY) {
        say(node, CONF_LOG_WARN, "link-wrong-key", "");
    } else {
        say(node, CONF_LOG_WARN, "peer-rude", "");
    }
}

bool
talk_heard(struct node *node, const struct net_message *message)
{
    if (message->kind != NET_MESSAGE) {
        event_heard(node, message);
        return true;
    }
    const struct unit *unit = registry_by_curve(core_registry(node->core), message->key);
    if (unit != NULL)
        node_hear(node, &unit->office, message->lane == NET_LIVE, message->message);
    if (!message->from_above && message->lane == NET_REPAIR)
        enrol_heard(node, message->key, message->message);
    return true;
}

void
talk_silent(struct node *node, const struct office *peer)
{
    const struct unit *unit = registry_unit(core_registry(node->core), peer);
    if (!node->has_parent || unit == NULL || memcmp(unit->curve, node->parent_key, 32) != 0)
        return;
    net_hangup(node->net, node->parent_key);
    dial_later(node);
}

void
talk_due(struct node *node)
{
    if (node->dial_at != 0 && node->dial_at <= node_mono())
        dial(node);
    if (node->dial_at != 0 && (node->wake == 0 || node->dial_at < node->wake))
        node->wake = node->dial_at;
}

void
talk_note(struct node *node, const struct core_note *note)
{
    static const char *const names[] = {
        [NOTE_LINK_OPEN] = "link-open",
        [NOTE_LINK_SILENT] = "link-silent",
        [NOTE_PEER_FAULT] = "peer-fault",
        [NOTE_FAULT_HEARD] = "fault-heard",
        [NOTE_QUARANTINED] = "quarantined",
        [NOTE_DEFINITIONS] = "definitions",
        [NOTE_OFFICES] = "offices",
        [NOTE_ROLLED_BACK] = "rolled-back",
        [NOTE_REFUSED_DRAFT] = "draft-refused",
    };
    bool is_quiet = note->type == NOTE_DEFINITIONS || note->type == NOTE_OFFICES;
    char detail[160];
    (void)snprintf(detail, sizeof detail, "peer=%s code=%s origin=%s/%016llx seq=%llu",
                   note->peer.code, note->code != 0 ? err_name(note->code) : "-",
                   note->origin.office.code, (unsigned long long)note->origin.epoch,
                   (unsigned long long)note->seq);
    say(node,
        is_quiet          ? CONF_LOG_DEBUG
        : note->code != 0 ? CONF_LOG_WARN
                          : CONF_LOG_INFO,
        names[note->type], detail);
}

void
talk_ready(struct node *node)
{
    char detail[ENDPOINT_MAX + 64], endpoint[ENDPOINT_MAX + 1];
    net_endpoint(node->net, endpoint);
    (void)snprintf(detail, sizeof detail, "version=%s listen=%s", VERSION,
                   endpoint[0] != '\0' ? endpoint : "-");
    say(node, CONF_LOG_INFO, "ready", detail);
}

void
talk_error(struct node *node, const struct err *err)
{
    char detail[512];
    (void)snprintf(detail, sizeof detail, "code=%s text=\"%.400s\"", err_name(err->code),
                   err_text(err, LANG_VI));
    say(node, CONF_LOG_ERROR, "error", detail);
}
