#!/bin/bash
# 0010-first-light.sh - what an area writes with sqlite3 reaches the province, and corrections come back
# shellcheck disable=SC1091,SC2154 # What lib.sh defines
. "$(dirname "$0")/lib.sh"
chain

db a "INSERT INTO household(household_no, status, since) VALUES(7, 'active', '2020-01-01')"
until_s 5 "a row inserted in the area is in the province" row_is p 7 active
claim "and in the commune" row_is c 7 active

db a "UPDATE household SET status = 'vacant' WHERE household_no = 7"
until_s 5 "a change reaches the province" row_is p 7 vacant

household a 8
until_s 5 "a second row" row_is p 8 active
db a "DELETE FROM household WHERE household_no = 8"
until_s 5 "a row deleted in the area is gone from the province" row_is p 8 ""
retracted() { [ "$(ask "$1" "SELECT household_no FROM household_retracted")" = 8 ]; }
claim "and kept among the retracted" retracted p

db c "UPDATE household SET status = 'split' WHERE household_no = 7"
until_s 5 "a correction by the commune reaches the area" row_is a 7 split
until_s 5 "and the province" row_is p 7 split

node_stop c
db a "UPDATE household SET status = 'merged' WHERE household_no = 7"
db c "UPDATE household SET status = 'moved_out' WHERE household_no = 7"
node_start c
has_both() {
    local choices
    choices=$(ask "$1" "SELECT choices FROM _conflict WHERE field = 'status'")
    [[ $choices == *merged* && $choices == *moved_out* ]]
}
for home in a c p; do
    until_s 8 "two edits that did not know of each other: both values at $home" has_both $home
done
same_value() { [ "$(for h in a c p; do ask $h "SELECT status FROM household WHERE household_no = 7"; done | sort -u | wc -l)" = 1 ]; }
until_s 5 "meanwhile all three show the same value" same_value

db a "UPDATE household SET status = 'vacant' WHERE household_no = 7"
for home in a c p; do until_s 5 "a later edit settles it at $home" conflicts_are $home 0; done
claim "all three show what was settled" row_is p 7 vacant
claim "the logs agree" frontiers_agree p c a
claim "a recount at the province agrees" recount_agrees p
done_testing
