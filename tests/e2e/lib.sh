#!/bin/bash
# lib.sh - real nodes on loopback, for the tests beside it
#
#     . "$(dirname "$0")/lib.sh"
#     chain                                     # homes p (19), c (05908), a (05908-001), all running
#     household a 7 && until_s 5 "it arrived" row_is p 7 active
#     done_testing
#
# Everything is in one temporary folder; every node runs under `timeout` and is ended by its pid when
# the test ends, however it ends. A claim prints "ok - ..." or stops the test with "not ok - ...".
# shellcheck disable=SC2034 # The tests use what is defined here
set -Eeuo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=${PROGRAM:-$root/build/lienthong}
work=$(mktemp -d "${TMPDIR:-/tmp}/lienthong-e2e.XXXXXX")
node_limit_s=85
export LIENTHONG_LANG=en
unset LIENTHONG_HOME
declare -A guards=() ports=() # Home -> the pid of its `timeout`, and its first port
claims=0
is_done=

ok() { claims=$((claims + 1)) && echo "ok - $*"; }
not_ok() {
    echo "not ok - $*"
    tail -n 5 "$work"/*.log 2>/dev/null || true
    exit 1
}
claim() { if "${@:2}"; then ok "$1"; else not_ok "$1 (${*:2})"; fi; }
skip() { # why: ends the test, well
    echo "ok - skipped: $*"
    is_done=1
    exit 0
}
done_testing() { is_done=1; echo "1..$claims"; }

# Until a command succeeds: `until_s 5 "what is claimed" command...`.
until_s() {
    local end=$((SECONDS + $1 + 1)) what=$2
    until "${@:3}"; do
        [ $SECONDS -lt $end ] || not_ok "$what, within $1 s (${*:3})"
        sleep 0.1
    done
    ok "$what"
}

# --- nodes ---------------------------------------------------------------------------------------

at() { timeout 40 "$program" --home "$work/$1" "${@:2}"; }
home_of() { echo "$work/$1"; }

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Ten free ports; below 32768, where the kernel takes no port for outgoing calls. A node listens on
# three of them: its links, the answers, and the door for those who join.
port_next() {
    local i
    for ((port_last = ${port_last:-$((10000 + RANDOM % 2000 * 10))} + 10; ; port_last += 10)); do
        for i in 0 1 2; do port_is_taken $((port_last + i)) && continue 2; done
        return 0
    done
}

pid_of() { cat "$work/$1.pid" 2>/dev/null; }
is_alive() { [ -n "$(pid_of "$1")" ] && kill -0 "$(pid_of "$1")" 2>/dev/null; }
is_ready() { is_alive "$1" && grep -q '^ready ' "$work/$1.log"; }

node_start() {
    local end=$((SECONDS + 15))
    : >"$work/$1.pid"
    : >"$work/$1.log"
    # shellcheck disable=SC2016 # The inner shell's pid becomes the node's
    timeout "$node_limit_s" bash -c 'echo $$ >"$1"; exec "$2" --home "$3" run' node "$work/$1.pid" \
        "$program" "$work/$1" </dev/null >>"$work/$1.log" 2>&1 &
    guards[$1]=$!
    until is_ready "$1"; do
        [ $SECONDS -lt $end ] || not_ok "$1 starts"
        sleep 0.05
    done
}

node_stop() { # home [signal]: waits until it is gone
    is_alive "$1" || return 0
    kill "-${2:-TERM}" "$(pid_of "$1")"
    wait "${guards[$1]}" 2>/dev/null || true
    rm -f "$work/$1.pid"
}

root_make() { # home code name
    port_next
    ports[$1]=$port_last
    at "$1" init "$2" --name "$3" --listen "tcp://127.0.0.1:$port_last" >/dev/null
    node_start "$1"
}

invite_join() { # parent child code name
    port_next
    ports[$2]=$port_last
    at "$1" invite "$3" --name "$4" >"$work/$2.token" 2>/dev/null
    at "$2" join - --listen "tcp://127.0.0.1:$port_last" <"$work/$2.token" >/dev/null
    node_start "$2"
}

# A province, a commune, an area; the forms have come down when this returns.
chain() {
    root_make p 19 "Tỉnh Thái Nguyên"
    invite_join p c 05908 "Xã Phú Bình"
    at c office add 05908-001 "Xóm Đông" >/dev/null
    invite_join c a 05908-001 "Xóm Đông"
    until_s 10 "the forms reach the area" table_is a household
}

cleanup() {
    local status=$? home
    trap - EXIT
    for home in "${!guards[@]}"; do
        is_alive "$home" && kill -CONT "$(pid_of "$home")" && kill -TERM "$(pid_of "$home")"
    done 2>/dev/null
    for home in "${!guards[@]}"; do wait "${guards[$home]}" 2>/dev/null; done
    if declare -F tidy >/dev/null; then tidy; fi
    rm -rf "$work"
    [ -n "$is_done" ] || exit $((status == 0 ? 1 : status))
    exit 0
}
trap cleanup EXIT
trap 'exit 130' INT TERM

# --- records -------------------------------------------------------------------------------------

db() { sqlite3 -cmd '.timeout 8000' "$work/$1/office.db" "$2"; }
ask() { sqlite3 -readonly -cmd '.timeout 8000' "$work/$1/office.db" "$2"; }

table_is() { [ -n "$(ask "$1" "SELECT 1 FROM sqlite_master WHERE name = '$2'")" ]; }
office_is_below() { [ -n "$(ask "$1" "SELECT 1 FROM _office WHERE code = '$2' AND is_below")" ]; }

household() { # home number [office]
    local office=${3:-05908-001}
    db "$1" "INSERT INTO household(office, household_no, status, since)
             VALUES('$office', $2, 'active', '2020-01-01')"
}
household_id() { ask "$1" "SELECT id FROM household WHERE household_no = $2"; }
row_is() { # home number status: "" when there is none
    [ "$(ask "$1" "SELECT status FROM household WHERE household_no = $2")" = "$3" ]
}
count_is() { # home count
    [ "$(ask "$1" "SELECT count(*) FROM household")" = "$2" ]
}
distinct_is() { # home count: as many rows as numbers, and that many
    [ "$(ask "$1" "SELECT count(*) || '/' || count(DISTINCT household_no) FROM household")" = "$2/$2" ]
}
conflicts_are() { # home count
    [ "$(ask "$1" "SELECT count(*) FROM _conflict")" = "$2" ]
}

# --- the whole -----------------------------------------------------------------------------------

status_of() { at "$1" --json status | jq -r "$2"; }
is_linked() { [ "$(status_of "$1" '[.links[] | select(.state == "open")] | length')" -ge "${2:-1}" ]; }
is_synced() { at "$1" sync --wait --timeout "$2" >/dev/null; }
doctor_is_well() { at "$1" doctor >"$work/doctor" || { cat "$work/doctor"; return 1; }; }
recount_agrees() {
    [ "$(at "$1" --json rollup --recount | jq '[.rollups[].recount_agrees] | all')" = true ]
}

# Every log that two of these homes hold has one epoch, size and root.
frontiers_agree() {
    local home
    for home in "$@"; do at "$home" --json status | jq -c '.frontier[]'; done |
        jq -se 'group_by(.office) | all(map([.epoch, .size, .root]) | unique | length == 1)' >/dev/null
}
