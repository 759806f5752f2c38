#include "enrol.h"

#include <sodium.h>
#include <string.h>

#include "../../proto/hash.h"
#include "../../proto/pack.h"
#include "../../proto/read.h"
#include "node.h"

static void
invitation_id(const uint8_t key[32], uint8_t ret_id[16])
{
    uint8_t hash[32];
    hash_sha256(BYTES(key, 32), hash);
    memcpy(ret_id, hash, 16);
}

// The parent's side.

int
enrol_invite(struct node *node, const struct office *office, unsigned hours,
             char ret_text[TOKEN_TEXT_MAX + 1], uint64_t *ret_expires_s, struct err *reterr)
{
    const struct registry *registry = core_registry(node->core);
    const struct unit *unit = registry_unit(registry, office);
    const struct unit *root = registry_unit(registry, &registry->root);
    if (unit == NULL || !office_equal(&unit->parent, &node->home.self))
        return err_set(reterr, ERR_NOTFOUND,
                       "'%s' không phải đơn vị trực tiếp dưới đơn vị này (thêm bằng: lienthong "
                       "office add)",
                       "'%s' is not an office right below this one (add it with: lienthong "
                       "office add)",
                       office->code);
    const struct endpoint *call =
        node->conf.advertise.host[0] != '\0' ? &node->conf.advertise : &node->conf.listen;
    if (call->host[0] == '\0' || root == NULL)
        return err_set(reterr, ERR_CONF, "chưa có địa chỉ 'listen' trong lienthong.conf",
                       "lienthong.conf has no 'listen' address");
    struct token token = {.office = *office,
                          .parent = node->home.self,
                          .expires_s = (uint64_t)node_wall() / 1000 + hours * 3600ULL,
                          .endpoint_count = 1,
                          .endpoints = {*call}};
    memcpy(token.net, node->home.net, sizeof token.net);
    memcpy(token.parent_curve, node->home.keys.curve_public, 32);
    memcpy(token.root_signing, root->sign, 32);
    uint8_t one_time[32];
    net_key_pair(&crypto_sodium, one_time, token.secret);
    struct invite invite = {.office = *office, .expires = token.expires_s};
    invitation_id(one_time, invite.id);
    token_text(&token, ret_text);
    *ret_expires_s = token.expires_s;
    token_wipe(&token);
    int code = log_db_begin(node->home.log, reterr);
    if (code == 0)
        code = log_db_invite_put(node->home.log, &invite, reterr);
    return code != 0 ? code : log_db_commit(node->home.log, reterr);
}

static bool
invite_open(struct node *node, const uint8_t key[32], struct invite *ret_invite)
{
    struct err ignored = {0};
    uint8_t id[16];
    invitation_id(key, id);
    return log_db_invite_find(node->home.log, id, ret_invite, &ignored) == 0 &&
           ret_invite->expires >= (uint64_t)node_wall() / 1000;
}

bool
enrol_is_invited(struct node *node, const uint8_t key[32])
{
    struct invite invite;
    return invite_open(node, key, &invite);
}

static void
answer_send(struct node *node, const uint8_t key[32], const struct office *office)
{
    const struct registry *registry = core_registry(node->core);
    OWNED(buf_release) struct buf certificates = {0};
    OWNED(buf_release) struct buf packed = {0};
    struct packer out = packer_of(&certificates);
    const struct unit *line[TRUSTED_MAX];
    size_t count = 0;
    for (const struct unit *unit = registry_unit(registry, office);
         unit != NULL && count < TRUSTED_MAX; unit = registry_unit(registry, &unit->parent))
        line[count++] = unit;
    pack_array(&out, count);
    for (size_t i = count; i-- > 0;)
        pack_raw(&out, line[i]->certificate);
    struct message message = {.type = MESSAGE_JOIN_ANSWER};
    message.as.join_answer.office = *office;
    message.as.join_answer.count = count;
    message.as.join_answer.certificates = buf_bytes(&certificates);
    message_pack(&message, &packed);
    (void)!net_send(node->net, key, buf_bytes(&packed));
}

static void
fault_send(struct node *node, const uint8_t key[32], int code)
{
    OWNED(buf_release) struct buf packed = {0};
    struct message message = {.type = MESSAGE_FAULT};
    message.as.fault.code = bytes_of(err_name(code));
    message.as.fault.text = bytes_of(err_sentence(code, LANG_EN));
    message_pack(&message, &packed);
    (void)!net_send(node->net, key, buf_bytes(&packed));
}

static int
ask_check(struct node *node, const struct invite *invite, const uint8_t key[32],
          const struct message *ask)
{
    uint8_t id[16];
    invitation_id(key, id);
    if (memcmp(id, ask->as.join_ask.invitation, 16) != 0 ||
        !office_equal(&ask->as.join_ask.office, &invite->office))
        return ERR_TOKEN;
    OWNED(buf_release) struct buf text = {0};
    join_text(ask, &text);
    if (!crypto_key_is_sound(ask->as.join_ask.sign) ||
        !crypto_key_is_sound(ask->as.join_ask.cosign) ||
        !crypto_sodium.verify(NULL, ask->as.join_ask.sign, buf_bytes(&text),
                              ask->as.join_ask.signature))
        return ERR_SIGNATURE;
    const struct unit *unit = registry_unit(core_registry(node->core), &invite->office);
    bool is_again =
        unit != NULL && unit->has_certificate && memcmp(unit->sign, ask->as.join_ask.sign, 32) == 0;
    return invite->is_used && !is_again ? ERR_TOKEN : 0;
}

static int
certify(struct node *node, const struct invite *invite, const struct message *ask)
{
    struct err err = {0};
    struct unit unit = {.office = invite->office, .parent = node->home.self};
    memcpy(unit.sign, ask->as.join_ask.sign, 32);
    memcpy(unit.cosign, ask->as.join_ask.cosign, 32);
    memcpy(unit.curve, ask->as.join_ask.curve, 32);
    memcpy(unit.box, ask->as.join_ask.box, 32);
    int code = node_turn(node, &err); // What this turn already holds comes first
    if (code == 0)
        code = node_register(node, "certificate", &unit, &err);
    if (code == 0)
        code = log_db_begin(node->home.log, &err);
    if (code == 0)
        code = log_db_invite_use(node->home.log, invite->id, &err);
    return code != 0 ? code : log_db_commit(node->home.log, &err);
}

void
enrol_heard(struct node *node, const uint8_t key[32], struct bytes bytes)
{
    struct invite invite;
    struct message message;
    if (!invite_open(node, key, &invite) || message_read(bytes, &message) != 0 ||
        message.type != MESSAGE_JOIN_ASK)
        return; // An invited key may send join and nothing else
    int code = ask_check(node, &invite, key, &message);
    if (code == 0 && !invite.is_used)
        code = certify(node, &invite, &message);
    if (code == 0)
        answer_send(node, key, &invite.office);
    else
        fault_send(node, key, code);
}

// The newcomer's side.

static bool
nobody(void *self, const uint8_t key[32])
{
    (void)self, (void)key;
    return false;
}

static bool
nothing(void *self, const uint8_t key[32], struct bytes topic)
{
    (void)self, (void)key, (void)topic;
    return false;
}

static void
ask_pack(const struct token *token, const struct keys *keys, struct buf *packed)
{
    struct message ask = {.type = MESSAGE_JOIN_ASK};
    uint8_t one_time[32];
    net_key_public(token->secret, one_time);
    invitation_id(one_time, ask.as.join_ask.invitation);
    ask.as.join_ask.office = token->office;
    memcpy(ask.as.join_ask.sign, keys->sign_public, 32);
    memcpy(ask.as.join_ask.cosign, keys->cosign_public, 32);
    memcpy(ask.as.join_ask.curve, keys->curve_public, 32);
    memcpy(ask.as.join_ask.box, keys->box_public, 32);
    OWNED(buf_release) struct buf text = {0};
    join_text(&ask, &text);
    crypto_sodium.sign(NULL, keys->sign_secret, buf_bytes(&text), ask.as.join_ask.signature);
    message_pack(&ask, packed);
}

// The root's key is the one the token pins, and the last certificate is of our own keys.
static int
answer_check(const struct token *token, const struct keys *keys, const struct message *answer,
             struct buf *ret_trusted, struct err *reterr)
{
    struct registry registry = {0};
    struct reader in = reader_of(answer->as.join_answer.certificates);
    size_t count = read_array(&in);
    int code = 0;
    for (size_t i = 0; i < count && code == 0; i++)
        code = registry_trust(&registry, read_skip(&in));
    const struct unit *root = registry_unit(&registry, &registry.root);
    const struct unit *own = registry_unit(&registry, &token->office);
    const struct unit *parent = registry_unit(&registry, &token->parent);
    uint8_t hash[32];
    hash_sha256(BYTES(token->root_signing, 32), hash);
    bool is_sound = code == 0 && in.code == 0 && root != NULL && own != NULL && parent != NULL &&
                    memcmp(root->sign, token->root_signing, 32) == 0 &&
                    memcmp(hash, token->net, 16) == 0 &&
                    memcmp(own->sign, keys->sign_public, 32) == 0 &&
                    memcmp(own->curve, keys->curve_public, 32) == 0 &&
                    memcmp(parent->curve, token->parent_curve, 32) == 0 &&
                    registry_is_above(&registry, &registry.root, &token->office);
    registry_release(&registry);
    if (!is_sound)
        return err_set(reterr, ERR_SIGNATURE, "chứng thư nhận được không phải của đơn vị mời",
                       "the certificates received are not those of who invited");
    buf_add_bytes(ret_trusted, answer->as.join_answer.certificates);
    return 0;
}

static int
answer_wait(struct net *net, const struct token *token, const struct keys *keys, int timeout_s,
            struct buf *ret_trusted, struct err *reterr)
{
    OWNED(buf_release) struct buf ask = {0};
    ask_pack(token, keys, &ask);
    mono_t end = node_mono() + (mono_t)timeout_s * 1000;
    struct net_message heard;
    struct message answer;
    while (node_mono() < end) {
        (void)net_wait(net, NULL, 0, 200);
        while (net_next(net, &heard)) {
            if (heard.kind == NET_UP)
                (void)!net_send(net, token->parent_curve, buf_bytes(&ask));
            if (heard.kind == NET_REFUSED)
                return err_set(reterr, ERR_TOKEN,
                               "đơn vị cấp trên không nhận: đã dùng hoặc hết hạn",
                               "the parent refuses it: used or expired");
            if (heard.kind != NET_MESSAGE || message_read(heard.message, &answer) != 0)
                continue;
            if (answer.type == MESSAGE_JOIN_ANSWER)
                return answer_check(token, keys, &answer, ret_trusted, reterr);
            if (answer.type == MESSAGE_FAULT)
                return err_set(reterr, ERR_TOKEN, "đơn vị cấp trên trả lời: %.*s",
                               "the parent answers: %.*s", (int)answer.as.fault.code.size,
                               (const char *)answer.as.fault.code.at);
        }
    }
    char endpoint[ENDPOINT_MAX + 1];
    endpoint_text(&token->endpoints[0], 0, endpoint);
    return err_set(reterr, ERR_UNREACHABLE, "%s không trả lời trong %d giây",
                   "%s did not answer within %d seconds", endpoint, timeout_s);
}

int
enrol_ask(const struct token *token, const struct keys *keys, int timeout_s,
          struct buf *ret_trusted, struct err *reterr)
{
    struct net *net = NULL;
    struct net_conf conf = {
        .crypto = &crypto_sodium, .admit = nobody, .may_hear = nothing, .reconnect_ms = 200};
    memcpy(conf.secret, token->secret, 32);
    int code = net_open(&conf, &net, reterr);
    sodium_memzero(&conf, sizeof conf);
    if (code != 0)
        return code;
    code = ERR_UNREACHABLE;
    for (size_t i = 0; i < token->endpoint_count && code == ERR_UNREACHABLE; i++) {
        char endpoint[ENDPOINT_MAX + 1];
        endpoint_text(&token->endpoints[i], 0, endpoint);
        code = net_dial(net, token->parent_curve, bytes_of(endpoint), reterr);
        if (code == 0)
            code = answer_wait(net, token, keys, timeout_s, ret_trusted, reterr);
        net_hangup(net, token->parent_curve);
    }
    net_close(&net, 0);
    return code;
}
