#!/bin/bash
# 0070-open-edit.sh - somebody's program holds office.db: the log, receipts and others do not wait
# shellcheck disable=SC1091,SC2154 # What lib.sh defines
. "$(dirname "$0")/lib.sh"
chain
household a 1
until_s 5 "a row arrives before" row_is p 1 active

# The commune's office.db is held for four seconds; the area writes meanwhile.
(printf 'BEGIN IMMEDIATE;\n'; sleep 4; printf 'COMMIT;\n') | sqlite3 "$work/c/office.db" &
holder=$!
sleep 0.5
household a 2
begun_ms=$(date +%s%3N)
until_s 2 "the province has the row while the commune's tables are held" row_is p 2 active
claim "and the commune has signed for it" is_synced a 2
is_locked() { [ "$(status_of c .locked)" = true ]; }
until_s 2 "status says that somebody holds it" is_locked
claim "all of that before it was let go" test $(($(date +%s%3N) - begun_ms)) -lt 3400
claim "the holder is still there" kill -0 $holder
wait $holder
until_s 5 "then the commune's tables catch up" row_is c 2 active
is_free() { [ "$(status_of c .locked)" = false ]; }
until_s 3 "and status says so" is_free
done_testing
