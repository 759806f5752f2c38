#!/bin/bash
# 0050-full-disk.sh - the disk of an area is full: writers are told, the node lives, all goes on later
# shellcheck disable=SC1091,SC2154 # What lib.sh defines
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || skip "only root can mount a small disk"
mkdir "$work/a"
mount -t tmpfs -o size=3m lienthong-test "$work/a" 2>/dev/null || skip "this machine lets nobody mount"
tidy() { umount "$work/a"; }
chain

household a 1
until_s 5 "a row arrives before" row_is p 1 active
head -c 4000000 /dev/zero >"$work/a/ballast" 2>/dev/null || true
insert_many() {
    db a "INSERT INTO household(household_no, status, since)
          WITH RECURSIVE n(i) AS (VALUES(1000) UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
          SELECT i, 'active', '2020-01-01' FROM n" >"$work/out" 2>&1
}
is_refused() { ! insert_many && grep -qi 'full' "$work/out"; }
claim "a writer is told that the disk is full" is_refused

# With a few pages left the node too runs out of space, in the middle of its own writing.
truncate -s -120K "$work/a/ballast"
number=1
while [ $number -lt 200 ] && household a $((number + 1)) 2>"$work/out"; do number=$((number + 1)); done
claim "small writes end in the same error" grep -qi full "$work/out"
sleep 1.5
claim "the node lives" is_alive a
claim "and answers" test "$(status_of a .office)" = 05908-001

rm "$work/a/ballast"
number=$((number + 1))
household a $number
until_s 10 "with space again all $number rows arrive, each once" distinct_is p $number
claim "receipts cover everything" is_synced a 20
until_s 10 "the logs agree" frontiers_agree p c a
claim "doctor finds the area well" doctor_is_well a
done_testing
