#!/bin/bash
# 0030-hosted-then-node.sh - an area whose commune wrote for it gets a machine of its own
# shellcheck disable=SC1091,SC2154 # What lib.sh defines
. "$(dirname "$0")/lib.sh"
root_make p 19 "Tỉnh Thái Nguyên"
invite_join p c 05908 "Xã Phú Bình"
at c office add 05908-001 "Xóm Đông" --hosted >/dev/null
until_s 10 "the forms reach the commune" table_is c household
until_s 5 "the commune may write for its area" office_is_below c 05908-001

for i in 1 2 3; do household c $i 05908-001; done
until_s 5 "what the commune wrote for it reaches the province" count_is p 3

invite_join c a 05908-001 "Xóm Đông"
until_s 10 "the area's own machine gets its records" eval 'table_is a household && count_is a 3'
household a 4
until_s 5 "it writes on" count_is p 4
db a "UPDATE household SET status = 'vacant' WHERE household_no = 2"
until_s 5 "and changes what the commune wrote" row_is p 2 vacant
not_hosted() { [ "$(at p --json office list | jq '.offices[] | select(.code == "05908-001").hosted')" = false ]; }
until_s 5 "the province knows it has a machine" not_hosted
for home in p c a; do claim "each record once at $home" distinct_is $home 4; done
until_s 10 "the logs agree" frontiers_agree p c a
claim "receipts cover everything" is_synced a 20
done_testing
