#!/bin/bash
# 0020-restart.sh - kill -9 of each of the three, under a writer: nothing lost, nothing twice
# shellcheck disable=SC1091,SC2154 # What lib.sh defines
. "$(dirname "$0")/lib.sh"
chain

# Writes households 1, 2, 3 ... until told to stop; notes each that sqlite3 said was committed.
writer() {
    local i
    for ((i = 1; i <= 400; i++)); do
        [ ! -e "$work/stop" ] || break
        household a $i && echo $i >>"$work/committed"
    done
}
writer &
writing=$!
for home in a c p; do
    sleep 0.5
    node_stop $home KILL
    sleep 0.2
    node_start $home
    ok "$home comes back after kill -9"
done
touch "$work/stop"
wait $writing || not_ok "the writer ended well"
count=$(wc -l <"$work/committed")
claim "the writer committed something" test "$count" -gt 5

claim "receipts cover everything" is_synced a 20
for home in a c p; do until_s 10 "$home has all $count rows, each once" distinct_is $home "$count"; done
until_s 10 "the logs agree" frontiers_agree p c a
entries() { [ "$(status_of a .saved)" = $((count + 1)) ]; } # And the one that opens the log
claim "the area's log has one entry for each row" entries
for home in a c p; do claim "doctor finds $home well" doctor_is_well $home; done
done_testing
