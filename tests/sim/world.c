#include "world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inside.h"

// Chance.

uint64_t
draw(struct sim_random *random, uint64_t below)
{
    return sim_random_next(random) % below;
}

bool
is_lucky(struct sim_random *random, unsigned per_mille)
{
    return draw(random, 1000) < per_mille;
}

void
world_violation(struct world *self, const char *format, ...)
{
    if (self->result->violations++ > 0)
        return;
    int size =
        snprintf(self->result->first, WORLD_TEXT, "at %llu ms: ", (unsigned long long)self->now);
    va_list args;
    va_start(args, format);
    (void)vsnprintf(self->result->first + size, (size_t)(WORLD_TEXT - size), format, args);
    va_end(args);
}

static void
digest_add(struct world *self, const void *at, size_t size)
{
    const uint8_t *bytes = at;
    for (size_t i = 0; i < size; i++)
        self->result->digest = (self->result->digest ^ bytes[i]) * 0x100000001b3ULL;
}

// Events: a heap by (at, order).

static bool
is_sooner(const struct event *a, const struct event *b)
{
    return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void
event_add(struct world *self, struct event event)
{
    event.order = self->next_order++;
    self->events =
        mem_reserve(self->events, &self->event_room, self->event_count + 1, sizeof *self->events);
    size_t at = self->event_count++;
    while (at > 0 && is_sooner(&event, &self->events[(at - 1) / 2])) {
        self->events[at] = self->events[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    self->events[at] = event;
}

static struct event
event_take(struct world *self)
{
    struct event first = self->events[0];
    struct event last = self->events[--self->event_count];
    size_t at = 0;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child + 1 < self->event_count &&
            is_sooner(&self->events[child + 1], &self->events[child]))
            child++;
        if (child >= self->event_count || !is_sooner(&self->events[child], &last))
            break;
        self->events[at] = self->events[child];
        at = child;
    }
    self->events[at] = last;
    return first;
}

// The network.

static struct wire *
wire_between(struct world *self, const struct node *a, const struct node *b)
{
    return b->parent == a ? &self->wires[b->index] : &self->wires[a->index];
}

// One turn is planned at most: of two the sooner.
static void
turn_plan(struct world *self, struct node *node, mono_t at)
{
    if (node->is_committing || (node->turn_at != 0 && node->turn_at <= at))
        return;
    node->turn_at = at;
    event_add(self, (struct event){.type = EVENT_TURN, .at = at, .node = node, .life = node->life});
}

static void
inbox_add(struct world *self, struct node *node, struct item item)
{
    if (!node->is_running) {
        free(item.message);
        draft_free(item.draft);
        return;
    }
    node->inbox =
        mem_reserve(node->inbox, &node->inbox_room, node->inbox_count + 1, sizeof *node->inbox);
    node->inbox[node->inbox_count++] = item;
    if (node->inbox_count > self->longest_inbox)
        self->longest_inbox = node->inbox_count;
    turn_plan(self, node, self->now);
}

void
world_hand_in(struct world *self, struct node *node, struct draft_copy *draft)
{
    inbox_add(self, node, (struct item){.type = CORE_DRAFTED, .peer = node, .draft = draft});
}

static void
wire_down(struct world *self, struct wire *wire)
{
    if (!wire->is_up)
        return;
    wire->is_up = false;
    wire->life++;
    for (int direction = 0; direction < 2; direction++) {
        for (size_t i = 0; i < wire->held_count[direction]; i++)
            free(wire->held[direction][i].message);
        wire->held_count[direction] = 0;
        wire->last_at[direction] = 0;
    }
    inbox_add(self, wire->child,
              (struct item){.type = CORE_LINK_DOWN, .peer = wire->child->parent});
    inbox_add(self, wire->child->parent,
              (struct item){.type = CORE_LINK_DOWN, .peer = wire->child});
}

static void
wire_dial(struct world *self, struct wire *wire)
{
    struct node *child = wire->child, *parent = child->parent;
    bool is_possible =
        child->is_running && parent->is_running && !wire->is_blocked[0] && !wire->is_blocked[1];
    if (!wire->is_up && is_possible) {
        wire->is_up = true;
        inbox_add(self, child, (struct item){.type = CORE_LINK_UP, .peer = parent});
        inbox_add(self, parent, (struct item){.type = CORE_LINK_UP, .peer = child});
    }
    event_add(self, (struct event){.type = EVENT_DIAL,
                                   .at = self->now + 500 + draw(&self->network, 2000),
                                   .wire = wire});
}

static void
wire_carry(struct world *self, struct wire *wire, int direction, struct item item)
{
    mono_t at = self->now + 2 + draw(&self->network, self->delay_ms);
    if (is_lucky(&self->network, 20))
        at += draw(&self->network, 3000); // A straggler
    if (!item.is_live) {
        if (at <= wire->last_at[direction])
            at = wire->last_at[direction] + 1;
        wire->last_at[direction] = at;
    }
    event_add(self, (struct event){.type = EVENT_ARRIVE,
                                   .at = at,
                                   .wire = wire,
                                   .life = wire->life,
                                   .direction = direction,
                                   .item = item});
}

static void
arrive(struct world *self, const struct event *event)
{
    struct wire *wire = event->wire;
    int direction = event->direction;
    struct node *to = direction == 0 ? wire->child->parent : wire->child;
    if (wire->life != event->life || !wire->is_up ||
        (event->item.is_live && wire->is_blocked[direction])) {
        self->result->drops++;
        free(event->item.message);
        return;
    }
    if (wire->is_blocked[direction]) {
        wire->held[direction] = mem_reserve(wire->held[direction], &wire->held_room[direction],
                                            wire->held_count[direction] + 1, sizeof(struct item));
        wire->held[direction][wire->held_count[direction]++] = event->item;
        return;
    }
    inbox_add(self, to, event->item);
}

static void
wire_unblock(struct world *self, struct wire *wire)
{
    for (int direction = 0; direction < 2; direction++) {
        struct node *to = direction == 0 ? wire->child->parent : wire->child;
        wire->is_blocked[direction] = false;
        for (size_t i = 0; i < wire->held_count[direction]; i++)
            inbox_add(self, to, wire->held[direction][i]);
        wire->held_count[direction] = 0;
    }
}

static void
transmit(struct world *self, struct node *from, const struct sent *sent)
{
    struct node *to = world_node(self, &sent->peer);
    digest_add(self, &self->now, sizeof self->now);
    digest_add(self, sent->message.at, sent->message.size);
    if (to == NULL || (to->parent != from && from->parent != to)) {
        world_violation(self, "%s sends to %s, with whom it has no link", from->office.code,
                        sent->peer.code);
        return;
    }
    struct wire *wire = wire_between(self, from, to);
    int direction = to == from->parent ? 0 : 1;
    bool is_live = sent->lane != LANE_REPAIR;
    bool is_lost =
        !wire->is_up ||
        (is_live && (wire->is_blocked[direction] || is_lucky(&self->network, self->loss)));
    if (is_lost) {
        self->result->drops++;
        return;
    }
    struct item item = {
        .type = CORE_HEARD, .peer = from, .is_live = is_live, .size = sent->message.size};
    unsigned copies = is_live && is_lucky(&self->network, self->loss) ? 2 : 1;
    for (unsigned i = 0; i < copies; i++) {
        item.message = mem_copy(sent->message.at, sent->message.size);
        wire_carry(self, wire, direction, item);
    }
}

// Nodes.

static void
notes_look(struct world *self, struct node *node, const struct core_update *update)
{
    for (size_t i = 0; i < update->note_count; i++) {
        const struct core_note *note = &update->notes[i];
        struct node *peer = world_node(self, &note->peer);
        if (note->type == NOTE_LINK_SILENT && peer != NULL)
            wire_down(self, wire_between(self, node, peer));
        else if (note->type == NOTE_ROLLED_BACK || note->type == NOTE_QUARANTINED)
            world_violation(self, "%s: note %d, %s, log %s entry %llu", node->office.code,
                            (int)note->type, err_name(note->code), note->origin.office.code,
                            (unsigned long long)note->seq);
        else if (note->type == NOTE_PEER_FAULT)
            world_violation(self, "%s finds fault with %s: %s, log %s entry %llu",
                            node->office.code, note->peer.code, err_name(note->code),
                            note->origin.office.code, (unsigned long long)note->seq);
        else if (note->type == NOTE_REFUSED_DRAFT)
            world_violation(self, "%s refuses a draft: %s", node->office.code,
                            err_name(note->code));
    }
}

static void
send_keep(struct node *node, const struct core_send *send)
{
    node->sends =
        mem_reserve(node->sends, &node->send_room, node->send_count + 1, sizeof *node->sends);
    struct bytes message =
        BYTES(mem_copy(send->message.at, send->message.size), send->message.size);
    node->sends[node->send_count++] = (struct sent){send->peer, send->lane, message};
}

static void
node_step(struct world *self, struct node *node, struct core_event event)
{
    struct core_update update;
    event.now = self->now;
    event.wall = (wall_t)self->now + 1790000000000;
    core_step(node->core, &event, &update);
    for (size_t i = 0; i < update.write_count; i++)
        store_memory_write(&node->store, &update.writes[i]);
    for (size_t i = 0; i < update.send_count; i++) {
        const struct core_send *send = &update.sends[i];
        if (!send->is_early) {
            send_keep(node, send);
            continue;
        }
        struct sent sent = {send->peer, send->lane, send->message};
        check_send(self, node, &sent, true);
        transmit(self, node, &sent);
    }
    notes_look(self, node, &update);
    if (update.wake != 0 && (node->wake == 0 || update.wake < node->wake))
        node->wake = update.wake;
    if (++self->steps > self->steps_max)
        world_violation(self, "more steps than any sound run takes");
}

static void
sends_release(struct world *self, struct node *node)
{
    for (size_t i = 0; i < node->send_count; i++) {
        check_send(self, node, &node->sends[i], false);
        transmit(self, node, &node->sends[i]);
        free((void *)(uintptr_t)node->sends[i].message.at);
    }
    node->send_count = 0;
}

// Whatever was written goes to disk, which takes its time; else the turn is over.
static void
turn_end(struct world *self, struct node *node)
{
    if (!store_memory_is_clean(&node->store)) {
        node->is_committing = true;
        node->turn_at = 0;
        event_add(self, (struct event){.type = EVENT_COMMIT,
                                       .at = self->now + 1 + draw(&self->disk, self->disk_ms),
                                       .node = node,
                                       .life = node->life});
        return;
    }
    sends_release(self, node);
    if (node->inbox_count > 0)
        turn_plan(self, node, self->now + 1);
    else if (node->wake != 0)
        turn_plan(self, node, node->wake > self->now ? node->wake : self->now + 1);
}

static void
item_step(struct world *self, struct node *node, struct item *item)
{
    struct core_event event = {.type = item->type};
    if (item->type == CORE_DRAFTED) {
        event.drafts = &item->draft->draft;
        event.draft_count = 1;
    } else {
        event.peer = item->peer->office;
        event.is_live = item->is_live;
        event.message = BYTES(item->message, item->size);
    }
    node_step(self, node, event);
    free(item->message);
    draft_free(item->draft);
    *item = (struct item){0};
}

static void
turn(struct world *self, struct node *node)
{
    enum { TURN_ITEMS = 16 };
    node->turn_at = 0;
    size_t count = node->inbox_count < TURN_ITEMS ? node->inbox_count : TURN_ITEMS;
    for (size_t i = 0; i < count; i++)
        item_step(self, node, &node->inbox[i]);
    node->inbox_count -= count;
    memmove(node->inbox, node->inbox + count, node->inbox_count * sizeof *node->inbox);
    if (node->wake != 0 && node->wake <= self->now) {
        node->wake = 0;
        node_step(self, node, (struct core_event){.type = CORE_TICK});
    }
    turn_end(self, node);
}

static void
commit(struct world *self, struct node *node)
{
    store_memory_commit(&node->store);
    node->is_committing = false;
    sends_release(self, node);
    node_step(self, node, (struct core_event){.type = CORE_STORED});
    turn_end(self, node);
}

static void
node_start(struct world *self, struct node *node)
{
    node->life++;
    node->is_running = true;
    node->core = core_new(&node->conf);
    inbox_add(self, node, (struct item){.type = CORE_TICK, .peer = node});
}

static void
node_stop(struct world *self, struct node *node)
{
    if (!node->is_running)
        return;
    for (size_t i = 0; i < self->node_count; i++)
        if (self->nodes[i] != self->nodes[0] &&
            (self->nodes[i] == node || self->nodes[i]->parent == node))
            wire_down(self, &self->wires[i]);
    node->is_running = node->is_committing = false;
    node->wake = node->turn_at = 0;
    node->life++;
    core_destroy(&node->core);
    store_memory_crash(&node->store);
    for (size_t i = 0; i < node->inbox_count; i++) {
        free(node->inbox[i].message);
        draft_free(node->inbox[i].draft); // In its outbox, says the daemon; nobody's, here
    }
    node->inbox_count = 0;
    for (size_t i = 0; i < node->send_count; i++)
        free((void *)(uintptr_t)node->sends[i].message.at);
    node->send_count = 0;
    check_receipts_kept(self, node);
}

// Faults: each ends by itself, and none begins once they are over.

static void
fault(struct world *self)
{
    if (self->is_calm)
        return;
    event_add(self, (struct event){.type = EVENT_FAULT,
                                   .at = self->now + 500 + draw(&self->faults, self->fault_ms)});
    size_t nth = 1 + draw(&self->faults, self->node_count - 1);
    struct wire *wire = &self->wires[nth];
    mono_t until = self->now + 200 + draw(&self->faults, 90000);
    switch (draw(&self->faults, 5)) {
    case 0:
        wire_down(self, wire);
        return;
    case 1:
    case 2: // One way, the other, or both
        wire->is_blocked[0] = draw(&self->faults, 3) != 0;
        wire->is_blocked[1] = !wire->is_blocked[0] || draw(&self->faults, 2) != 0;
        event_add(self, (struct event){.type = EVENT_UNBLOCK, .at = until, .wire = wire});
        return;
    default:
        break;
    }
    struct node *node = self->nodes[draw(&self->faults, self->node_count)];
    if (!node->is_running)
        return;
    self->result->crashes++;
    node_stop(self, node);
    event_add(self, (struct event){.type = EVENT_START,
                                   .at = self->now + 100 + draw(&self->faults, 20000),
                                   .node = node});
}

static void
calm(struct world *self)
{
    self->is_calm = true;
    self->loss = 0;
    for (size_t i = 1; i < self->node_count; i++)
        wire_unblock(self, &self->wires[i]);
}

static void
work(struct world *self)
{
    if (self->is_calm)
        return;
    unsigned burst = is_lucky(&self->work, 30) ? (unsigned)draw(&self->work, 120) : 1;
    struct node *node = self->nodes[draw(&self->work, self->node_count)];
    for (unsigned i = 0; i < burst && node->is_running && self->now < node->quiet_at; i++)
        world_hand_in(self, node, work_draft(self, node));
    event_add(self, (struct event){.type = EVENT_WORK,
                                   .at = self->now + 1 + draw(&self->work, self->work_ms)});
}

static void
event_do(struct world *self, const struct event *event)
{
    bool is_of_now = event->node == NULL || event->node->life == event->life;
    switch (event->type) {
    case EVENT_TURN:
        if (is_of_now && event->at == event->node->turn_at && !event->node->is_committing)
            turn(self, event->node);
        break;
    case EVENT_COMMIT:
        if (is_of_now)
            commit(self, event->node);
        break;
    case EVENT_ARRIVE:
        arrive(self, event);
        break;
    case EVENT_DIAL:
        wire_dial(self, event->wire);
        break;
    case EVENT_UNBLOCK:
        wire_unblock(self, event->wire);
        break;
    case EVENT_START:
        if (!event->node->is_running)
            node_start(self, event->node);
        break;
    case EVENT_FAULT:
        fault(self);
        break;
    case EVENT_WORK:
        work(self);
        break;
    }
}

static void
run_until(struct world *self, mono_t until)
{
    while (self->event_count > 0 && self->events[0].at <= until && self->result->violations == 0) {
        struct event event = event_take(self);
        assert(event.at >= self->now);
        self->now = event.at;
        event_do(self, &event);
    }
    self->now = until;
}

// Run until all is equal, looking now and then; false when it is not within `most_ms`.
static bool
run_still(struct world *self, mono_t most_ms, mono_t *ret_ms)
{
    mono_t from = self->now;
    while (self->result->violations == 0 && self->now - from < most_ms) {
        run_until(self, self->now + 1000);
        if (!check_is_still(self, NULL))
            continue;
        *ret_ms = self->now - from;
        return true;
    }
    return false;
}

static void
run(struct world *self)
{
    char why[WORLD_TEXT] = "";
    mono_t took;
    world_enrol(self);
    if (!run_still(self, 60000, &took)) {
        (void)check_is_still(self, why);
        world_violation(self, "enrolment does not end: %s", why);
        return;
    }
    self->loss = (unsigned)draw(&self->network, 300);
    for (size_t i = 0; i < self->node_count; i++)
        self->nodes[i]->quiet_at = self->now + 20000 + draw(&self->work, 500000);
    event_add(self, (struct event){.type = EVENT_FAULT, .at = self->now + 5000});
    event_add(self, (struct event){.type = EVENT_WORK, .at = self->now + 1});
    run_until(self, self->now + 60000 + draw(&self->work, 240000));
    calm(self);
    self->result->has_converged = run_still(self, 240000, &self->result->converged_ms);
    if (!self->result->has_converged) {
        (void)check_is_still(self, why);
        world_violation(self, "does not become still: %s", why);
        return;
    }
    check_end(self);
}

static void
world_release(struct world *self)
{
    for (size_t i = 0; i < self->event_count; i++)
        if (self->events[i].type == EVENT_ARRIVE)
            free(self->events[i].item.message);
    free(self->events);
    for (size_t i = 0; i < self->node_count; i++) {
        struct node *node = self->nodes[i];
        struct wire *wire = &self->wires[i];
        for (int direction = 0; direction < 2; direction++) {
            for (size_t j = 0; j < wire->held_count[direction]; j++)
                free(wire->held[direction][j].message);
            free(wire->held[direction]);
        }
        for (size_t j = 0; j < node->inbox_count; j++) {
            free(node->inbox[j].message);
            draft_free(node->inbox[j].draft);
        }
        for (size_t j = 0; j < node->send_count; j++)
            free((void *)(uintptr_t)node->sends[j].message.at);
        free(node->inbox);
        free(node->sends);
        core_destroy(&node->core);
        store_memory_release(&node->store);
        free(node);
    }
    free(self->promises);
    arena_release(&self->arena);
}

void
world_run(uint64_t seed, struct codec *codec, struct world_result *ret_result)
{
    *ret_result = (struct world_result){.digest = 0xcbf29ce484222325ULL};
    struct world *self = mem_new(sizeof *self);
    self->result = ret_result;
    self->codec = codec;
    struct sim_random seeds = {seed};
    struct sim_random *streams[] = {&self->topology, &self->network, &self->disk,
                                    &self->faults,   &self->work,    &self->bytes};
    for (size_t i = 0; i < sizeof streams / sizeof *streams; i++)
        streams[i]->state =
            sim_random_next(&seeds); // One each: a new draw here moves nothing there
    self->delay_ms = 5 + draw(&self->network, 400);
    self->disk_ms = 1 + draw(&self->disk, 60);
    self->fault_ms = 2000 + draw(&self->faults, 30000);
    self->work_ms = 20 + draw(&self->work, 600);
    self->steps_max = 3000000;
    self->now = 1000;
    world_build(self);
    for (size_t i = 0; i < self->node_count; i++)
        node_start(self, self->nodes[i]);
    for (size_t i = 1; i < self->node_count; i++)
        event_add(self, (struct event){
                            .type = EVENT_DIAL, .at = self->now + 2000, .wire = &self->wires[i]});
    run(self);
    ret_result->virtual_ms = self->now;
    world_release(self);
    free(self);
}
